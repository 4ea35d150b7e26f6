package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Passkey is a key pair that a person's device or password manager holds. It only signs after that verified the person,
// so that it is both factors in one. It is for one host: another public address voids it.
type Passkey struct {
	Identity   ref.Identity `cbor:"1,keyasint"`
	ID         ref.Passkey  `cbor:"2,keyasint"`
	Name       string       `cbor:"3,keyasint"`
	Credential []byte       `cbor:"4,keyasint"` // the authenticator's name for it
	Key        []byte       `cbor:"5,keyasint"` // the public key, in COSE form
	Counter    uint32       `cbor:"6,keyasint,omitempty"`
	Flags      byte         `cbor:"7,keyasint"`
	Transports []string     `cbor:"8,keyasint,omitempty"`
	Host       string       `cbor:"9,keyasint"`
	CountsAt   time.Time    `cbor:"10,keyasint"` // from when it counts for grants
	LastUsedAt time.Time    `cbor:"11,keyasint,omitempty"`
	CreatedAt  time.Time    `cbor:"12,keyasint"`
}

const (
	maxPasskeys = 20
	// factorSettles is how long a factor that was added beside another one doesn't count for grants, so that whoever
	// takes a session over can't approve with a factor of their own at once.
	factorSettles = time.Hour
)

var passkeys = store.Table[Passkey]{Name: "passkey", Version: 1, Holds: store.SecretMaterial,
	Key: func(p Passkey) store.Key { return store.K(p.Identity, p.ID) },
	Indexes: []store.Index[Passkey]{{Name: "credential", Version: 1,
		Key: func(p Passkey) store.Key { return store.K(credentialKey(p.Credential), p.ID) }}}}

// The errors of passkeys.
var (
	ErrPasskeyThere = fail.Conflict("passkey_there", "This passkey is set up already.")
	ErrNoPasskey    = fail.NotFound("not_found", "You have no passkey with this id.")
	ErrPasskeysMany = fail.Limit("too_many_passkeys", "There are twenty passkeys already. Remove one first.")
	ErrFactorTooNew = fail.Forbidden("factor_too_new", "This factor was added within the last hour and doesn't count here yet. Use an older one, or wait.")
)

func credentialKey(id []byte) []byte {
	sum := sha256.Sum256(id)
	return sum[:]
}

func passkeyOf(tx store.ReadTx, credential []byte) (Passkey, bool) {
	for _, p := range passkeys.By(tx, "credential", store.Range{Prefix: store.K(credentialKey(credential))}) {
		return p, true
	}
	return Passkey{}, false
}

func passkeysOf(tx store.ReadTx, id ref.Identity) []Passkey {
	var out []Passkey
	for _, p := range passkeys.All(tx, store.Range{Prefix: store.K(id)}) {
		out = append(out, p)
	}
	return out
}

// passkeysHere are those that work at the public address.
func (s *Identities) passkeysHere(tx store.ReadTx, id ref.Identity) []Passkey {
	w, err := s.relying()
	if err != nil {
		return nil
	}
	var out []Passkey
	for _, p := range passkeysOf(tx, id) {
		if p.Host == w.Config.RPID {
			out = append(out, p)
		}
	}
	return out
}

// methods are the ways in which the person can give a second factor here, best first.
func (s *Identities) methods(tx store.ReadTx, id ref.Identity, through ref.Organization) []string {
	out := []string{}
	if len(s.passkeysHere(tx, id)) > 0 {
		out = append(out, "passkey")
	}
	if _, ok := confirmed(tx, id); ok {
		out = append(out, "totp")
	}
	if !through.Zero() {
		out = append(out, "sign_on")
	}
	return out
}

// credential is the passkey as the library knows it.
func (p Passkey) credential() webauthn.Credential {
	c := webauthn.Credential{ID: p.Credential, PublicKey: p.Key, Flags: webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(p.Flags)),
		Authenticator: webauthn.Authenticator{SignCount: p.Counter}}
	for _, t := range p.Transports {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
	}
	return c
}

// PasskeyView is a passkey in the API.
type PasskeyView struct {
	ID         ref.Passkey `json:"id"`
	Name       string      `json:"name"`
	Synced     bool        `json:"synced" doc:"A password manager keeps it for several devices."`
	Here       bool        `json:"here" doc:"false: it was made for another address of this server and doesn't work any more."`
	CountsAt   time.Time   `json:"counts_at" doc:"From when it counts for support access."`
	LastUsedAt *time.Time  `json:"last_used_at,omitempty"`
	CreatedAt  time.Time   `json:"created_at"`
}

func (s *Identities) passkeyView(p Passkey) PasskeyView {
	w, err := s.relying()
	v := PasskeyView{ID: p.ID, Name: p.Name, Synced: protocol.AuthenticatorFlags(p.Flags).HasBackupState(), Here: err == nil && p.Host == w.Config.RPID,
		CountsAt: p.CountsAt, CreatedAt: p.CreatedAt}
	if !p.LastUsedAt.IsZero() {
		v.LastUsedAt = &p.LastUsedAt
	}
	return v
}

// PasskeyOptions is what a browser needs to make a passkey or to use one.
type PasskeyOptions struct {
	Options json.RawMessage `json:"options" doc:"For PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON. Good once, for five minutes, in this browser."`
}

// PasskeyAdded is the answer of passkeys.add.
type PasskeyAdded struct {
	Passkey       PasskeyView `json:"passkey"`
	RecoveryCodes []string    `json:"recovery_codes,omitempty" maxItems:"10" doc:"With the first factor only: each works once instead of it."`
}

type addPasskey struct {
	Body struct {
		Name       string          `json:"name" minLength:"1" maxLength:"60" doc:"So that you know it again, like the device's name."`
		Credential json.RawMessage `json:"credential" doc:"What navigator.credentials.create answered, by its toJSON."`
	}
}

// PasskeyPath is the part of a path that names the passkey.
type PasskeyPath struct {
	Passkey ref.Passkey `path:"passkey" maxLength:"40" doc:"The passkey's id."`
}

type renamePasskey struct {
	PasskeyPath
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"60"`
	}
}

type passkeySignIn struct {
	Body struct {
		Credential json.RawMessage `json:"credential" doc:"What navigator.credentials.get answered, by its toJSON."`
	}
}

const passkeyBody = 64 << 10

func (s *Identities) passkeyOperations() []op.Operation {
	view := PasskeyView{Name: "Laptop", Synced: true, Here: true}
	options := PasskeyOptions{Options: json.RawMessage(`{"challenge":"q83v…","rpId":"posts.example.org","userVerification":"required"}`)}
	credential := map[string]any{"id": "q83v", "rawId": "q83v", "type": "public-key", "response": map[string]any{}}
	return []op.Operation{
		op.New("passkeys.list", op.GET("/me/passkeys"), s.listPasskeys).
			Says("List your passkeys", "Oldest first.").Example(nil, op.Listed[PasskeyView]{Items: []PasskeyView{view}}).
			By(access.Session).Hidden("only a person has factors").Needs(access.Own),
		op.New("passkeys.begin", op.POST("/me/passkeys/begin"), s.beginPasskey).
			Says("Begin to add a passkey", "Answers what the browser needs to make one. passkeys.add ends it.").Example(nil, options).
			By(access.Session).FreshOrPassword(factorFresh).NoDryRun("the challenge would be of no use").Unaudited("a challenge alone changes nothing").
			Fails(ErrPasskeyAddress, ErrPasskeysMany).Hidden("only a person has factors").Needs(access.Own),
		op.New("passkeys.add", op.POST("/me/passkeys"), s.addPasskey).
			Says("Add a passkey", "Ends all other sessions. The first factor counts at once and brings recovery codes; one beside another counts for support access after an hour.").
			Example(map[string]any{"name": "Laptop", "credential": credential}, PasskeyAdded{Passkey: view, RecoveryCodes: []string{"01234-56789-abcde-f0123"}}).
			Body(passkeyBody).By(access.Session).Costs(op.Costly).Creates().FreshOrPassword(factorFresh).ShowsSecret().NoDryRun("it uses the challenge up").Audits("factor.added").
			Fails(ErrPasskeyNew, ErrPasskeyThere, ErrPasskeysMany, ErrPasskeyAddress).Hidden("only a person has factors").Needs(access.Own),
		op.New("passkeys.rename", op.PATCH("/me/passkeys/{passkey}"), s.renamePasskey).
			Says("Rename a passkey", "Changes what you know it by.").Example(map[string]any{"name": "Old laptop"}, view).
			By(access.Session).Audits("factor.renamed").Fails(ErrNoPasskey).Hidden("only a person has factors").Needs(access.Own),
		op.New("passkeys.remove", op.DELETE("/me/passkeys/{passkey}"), s.removePasskey).
			Says("Remove a passkey", "It doesn't sign in any more. Ends all other sessions.").
			By(access.Session).Fresh(stepUpLife).Audits("factor.removed").Fails(ErrNoPasskey).Hidden("only a person has factors").Needs(access.Own),
		op.New("session.passkey_begin", op.POST("/session/passkey/begin"), s.beginPasskeySignIn).
			Says("Begin to sign in with a passkey", "Answers what the browser needs to use any passkey of this server: instead of a password, or as the second factor after one.").
			Example(nil, options).Costs(op.Costly).NoDryRun("the challenge would be of no use").Unaudited("a challenge alone changes nothing").
			Fails(ErrPasskeyAddress).Hidden("only a person signs in").Public("this is how one signs in"),
		op.New("session.passkey", op.POST("/session/passkey"), s.passkeySignIn).
			Says("Sign in with a passkey", "A passkey that verified its person is both factors: nothing else is asked, and too many wrong passwords don't stop it.").
			Example(map[string]any{"credential": credential}, exampleMe).Body(passkeyBody).
			Costs(op.Costly).NoDryRun("it uses the challenge up").Audits("session.began", "session.refused", "passkey.regressed").Fails(ErrPasskey, ErrPasskeyAddress).
			Hidden("only a person signs in").Public("this is how one signs in"),
	}
}

func (s *Identities) listPasskeys(ctx context.Context, c op.Call, _ *op.None) (*op.Listed[PasskeyView], error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[PasskeyView], error) {
		out := &op.Listed[PasskeyView]{Items: []PasskeyView{}}
		for _, p := range passkeysOf(tx, c.Actor.Identity) {
			out.Items = append(out.Items, s.passkeyView(p))
		}
		return out, nil
	})
}

func (s *Identities) beginPasskey(ctx context.Context, c op.Call, _ *op.None) (*PasskeyOptions, error) {
	w, err := s.relying()
	if err != nil {
		return nil, err
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*PasskeyOptions, error) {
		i, ok := Get(tx, c.Actor.Identity)
		if !ok {
			return nil, ErrNoSignIn
		}
		var have []protocol.CredentialDescriptor
		for _, p := range passkeysOf(tx, i.ID) {
			key := p.credential()
			have = append(have, key.Descriptor())
		}
		if len(have) >= maxPasskeys {
			return nil, ErrPasskeysMany
		}
		creation, session, err := w.BeginRegistration(bearer{Identity: i}, webauthn.WithExclusions(have), webauthn.WithExtensions(webauthn.WithExtensionCredProps()))
		if err != nil {
			return nil, err
		}
		challenge, err := base64.RawURLEncoding.DecodeString(session.Challenge)
		if err != nil {
			return nil, err
		}
		open(tx, ceremony{Challenge: challenge, Purpose: forAdding, Holder: c.Actor.Session[:]})
		raw, err := json.Marshal(creation.Response)
		return &PasskeyOptions{Options: raw}, err
	})
}

func (s *Identities) addPasskey(ctx context.Context, c op.Call, in *addPasskey) (*PasskeyAdded, error) {
	w, err := s.relying()
	if err != nil {
		return nil, err
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(in.Body.Credential)
	if err != nil {
		return nil, ErrPasskeyNew.Because(err).At("/credential", "send what the browser answered, as it is")
	}
	who := c.Actor.Identity
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*PasskeyAdded, error) {
		now := tx.Now()
		i, _ := Get(tx, who)
		sess, ok := sessions.Get(tx, store.K(who, c.Actor.Session))
		if !ok {
			return nil, ErrNoSignIn
		}
		cer, ok := take(tx, challengeOf(in.Body.Credential), forAdding, c.Actor.Session[:])
		if !ok {
			return nil, ErrPasskeyNew
		}
		key, err := w.CreateCredential(bearer{Identity: i}, webauthn.SessionData{Challenge: base64.RawURLEncoding.EncodeToString(cer.Challenge), RelyingPartyID: w.Config.RPID,
			UserID: i.ID[:], UserVerification: protocol.VerificationRequired, CredParams: webauthn.CredentialParametersDefault()}, answer)
		if err != nil {
			return nil, ErrPasskeyNew.Because(err)
		}
		if _, there := passkeyOf(tx, key.ID); there {
			return nil, ErrPasskeyThere
		}
		if len(passkeysOf(tx, who)) >= maxPasskeys {
			return nil, ErrPasskeysMany
		}
		p := Passkey{Identity: who, ID: ref.Mint[ref.Passkey](now), Name: strings.TrimSpace(in.Body.Name), Credential: key.ID, Key: key.PublicKey,
			Counter: key.Authenticator.SignCount, Flags: byte(key.Flags.ProtocolValue()), Host: w.Config.RPID, CountsAt: now, CreatedAt: now}
		for _, t := range key.Transport {
			p.Transports = append(p.Transports, string(t))
		}
		out := &PasskeyAdded{}
		if HasFactor(tx, who) {
			p.CountsAt = now.Add(factorSettles)
		} else {
			out.RecoveryCodes = renewCodes(tx, who)
			sess.MFA, sess.Method = now, "passkey"
			sess.came("passkey")
		}
		passkeys.Put(tx, p)
		if token, err = s.factorChanged(tx, c, sess, "passkey_added", "factor.added"); err != nil {
			return nil, err
		}
		out.Passkey = s.passkeyView(p)
		return out, nil
	})
	if err != nil {
		return nil, errors.Join(err, s.DB.Update(ctx, func(tx store.Tx) error { drop(tx, in.Body.Credential, c.Actor.Session[:]); return nil }))
	}
	c.SetCookie(cookie(token, c.Secure))
	return out, nil
}

// factorChanged ends all other sessions, gives this one a new token, records the act and tells the person.
func (s *Identities) factorChanged(tx store.Tx, c op.Call, sess Session, what string, action audit.Action) (token string, err error) {
	endOthers(tx, sess.Identity, sess.ID)
	sess.Bound = nil
	_, token = rotate(tx, sess)
	record(tx, c, action, sess.Identity, audit.OK, op.Act{})
	i, _ := Get(tx, sess.Identity)
	about := map[string]string{"what": what, "who": i.Name, "at": stamp(tx.Now())}
	if err := s.tell(tx, i, mail.FactorChanged, about, ""); err != nil {
		return "", err
	}
	switch { // signing in is another thing from the first one on, and after the last
	case !HasFactor(tx, i.ID):
		err = s.tellOwners(tx, i, mail.LastFactor, about, "")
	case sess.MFA.Equal(tx.Now()):
		err = s.tellOwners(tx, i, mail.FirstFactor, about, "")
	}
	return token, err
}

func (s *Identities) renamePasskey(ctx context.Context, c op.Call, in *renamePasskey) (*PasskeyView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*PasskeyView, error) {
		p, ok := passkeys.Get(tx, store.K(c.Actor.Identity, in.Passkey))
		if !ok {
			return nil, ErrNoPasskey
		}
		p.Name = strings.TrimSpace(in.Body.Name)
		passkeys.Put(tx, p)
		record(tx, c, "factor.renamed", c.Actor.Identity, audit.OK, op.Act{})
		v := s.passkeyView(p)
		return &v, nil
	})
}

func (s *Identities) removePasskey(ctx context.Context, c op.Call, in *PasskeyPath) (*op.None, error) {
	var token string
	who := c.Actor.Identity
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (_ *op.None, err error) {
		sess, ok := sessions.Get(tx, store.K(who, c.Actor.Session))
		if !ok {
			return nil, ErrNoSignIn
		}
		if !passkeys.Delete(tx, store.K(who, in.Passkey)) {
			return nil, ErrNoPasskey
		}
		withoutLast(tx, &sess)
		token, err = s.factorChanged(tx, c, sess, "passkey_removed", "factor.removed")
		return &op.None{}, err
	})
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}

// withoutLast forgets what only stands beside a factor when the last one is gone.
func withoutLast(tx store.Tx, sess *Session) {
	if !HasFactor(tx, sess.Identity) {
		recovery.Delete(tx, store.K(sess.Identity))
		sess.MFA, sess.Method = time.Time{}, ""
	}
}

func (s *Identities) beginPasskeySignIn(ctx context.Context, c op.Call, _ *op.None) (*PasskeyOptions, error) {
	if _, err := s.relying(); err != nil {
		return nil, err
	}
	holder := errandPasskey.begin(c)
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*PasskeyOptions, error) {
		challenge := challenged(nil)
		open(tx, ceremony{Challenge: challenge, Purpose: forSignIn, Holder: holder})
		raw, err := s.ask(tx, challenge, ref.Identity{})
		return &PasskeyOptions{Options: raw}, err
	})
}

func (s *Identities) passkeySignIn(ctx context.Context, c op.Call, in *passkeySignIn) (*Me, error) {
	var token string
	var who ref.Identity
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Me, error) {
		who = ref.Identity{}
		p, _, err := s.proven(tx, forSignIn, errandPasskey.of(c), in.Body.Credential)
		if who = p.Identity; err != nil {
			return nil, err
		}
		var sess Session
		leave(tx, c)
		sess, token = begin(tx, who, c.From.Agent, c.From.Prefix)
		sess.Password, sess.MFA, sess.Method, sess.Way = time.Time{}, tx.Now(), "passkey", ByPasskey
		sessions.Put(tx, sess)
		return s.arrive(tx, c, sess)
	})
	if err != nil {
		return nil, s.refusedPasskey(ctx, c, who, in.Body.Credential, errandPasskey.of(c), err)
	}
	c.SetCookie(cookie(token, c.Secure))
	return out, nil
}

// arrive ends signing in: it records the session and answers who is there.
func (s *Identities) arrive(tx store.Tx, c op.Call, sess Session) (*Me, error) {
	a, ok := s.actorOf(tx, sess)
	if !ok {
		return nil, ErrNoSignIn
	}
	c.Actor, c.Via = a, "session"
	record(tx, c, "session.began", sess.Identity, audit.OK, op.Act{})
	i, _ := Get(tx, sess.Identity)
	if err := s.seen(tx, c, i); err != nil {
		return nil, err
	}
	return s.me(tx, a)
}

// refusedPasskey uses the ceremony up and records the try; a counter that went back is an event of its own.
func (s *Identities) refusedPasskey(ctx context.Context, c op.Call, who ref.Identity, raw json.RawMessage, holder []byte, err error) error {
	if !errors.Is(err, ErrPasskey) {
		return err
	}
	action := audit.Action("session.refused")
	if errors.Is(err, errRegress) {
		action = "passkey.regressed"
	}
	werr := s.DB.Update(ctx, func(tx store.Tx) error {
		drop(tx, raw, holder)
		if !who.Zero() {
			record(tx, c, action, who, audit.Denied, op.Act{})
		}
		return nil
	})
	return errors.Join(err, werr)
}
