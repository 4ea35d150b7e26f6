package identity

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// ceremony is a challenge that waits for a passkey's answer: for one purpose and one holder, once, for five minutes.
// The challenge that an answer claims to be for only finds it here; nothing of the client's is believed.
type ceremony struct {
	Challenge []byte    `cbor:"1,keyasint"`
	Purpose   string    `cbor:"2,keyasint"`
	Holder    []byte    `cbor:"3,keyasint"`           // the session's id, or the hash of the browser's token
	For       string    `cbor:"4,keyasint,omitempty"` // of a step-up: the operation
	Object    string    `cbor:"5,keyasint,omitempty"`
	Binding   []byte    `cbor:"6,keyasint,omitempty"` // hash of what the step-up is for
	ExpiresAt time.Time `cbor:"7,keyasint"`
}

// What a ceremony is for.
const (
	forAdding = "add"
	forSignIn = "sign_in"
	forStepUp = "step_up"

	ceremonyLife = 5 * time.Minute
)

var ceremonies = store.Table[ceremony]{Name: "ceremony", Version: 1, Holds: store.SecretMaterial,
	Key: func(c ceremony) store.Key { return store.K(c.Challenge) },
	Indexes: []store.Index[ceremony]{{Name: "expires", Version: 1,
		Key: func(c ceremony) store.Key { return store.K(c.ExpiresAt, c.Challenge) }}}}

// The errors of ceremonies.
var (
	ErrPasskey        = fail.Unauthenticated("passkey_refused", "This passkey wasn't accepted. Try again, or sign in another way.")
	ErrPasskeyNew     = fail.Invalid("passkey_invalid", "This passkey couldn't be added. Begin again, and confirm on the device with its screen lock.")
	ErrPasskeyAddress = fail.Conflict("passkeys_need_tls", "Passkeys need an address with TLS and a name, like https://posts.example.org. An administrator sets it in public_url.")

	errRegress = errors.New("the passkey's counter went back: it may have been copied")
)

// relying is who browsers make passkeys for: the host of the public address. They do it under TLS and for localhost only.
func (s *Identities) relying() (*webauthn.WebAuthn, error) {
	u, err := url.Parse(s.Address())
	if err != nil {
		return nil, ErrPasskeyAddress.Because(err)
	}
	host := u.Hostname()
	_, noName := netip.ParseAddr(host)
	if noName == nil || u.Scheme != "https" && host != "localhost" && !strings.HasSuffix(host, ".localhost") {
		return nil, ErrPasskeyAddress
	}
	yes := true
	w, err := webauthn.New(&webauthn.Config{RPID: host, RPDisplayName: "Omni Posto", RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference:             protocol.PreferNoAttestation,
		AuthenticatorSelection:            protocol.AuthenticatorSelection{RequireResidentKey: &yes, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore})
	if err != nil {
		return nil, ErrPasskeyAddress.Because(err)
	}
	return w, nil
}

// bearer is a person as the library wants to know them.
type bearer struct {
	Identity
	keys []webauthn.Credential
}

// WebAuthnID implements webauthn.User.
func (b bearer) WebAuthnID() []byte { return b.ID[:] }

// WebAuthnName implements webauthn.User.
func (b bearer) WebAuthnName() string { return b.Email }

// WebAuthnDisplayName implements webauthn.User.
func (b bearer) WebAuthnDisplayName() string { return b.Name }

// WebAuthnCredentials implements webauthn.User.
func (b bearer) WebAuthnCredentials() []webauthn.Credential { return b.keys }

// open keeps the ceremony until it is answered.
func open(tx store.Tx, c ceremony) {
	c.ExpiresAt = tx.Now().Add(ceremonyLife)
	ceremonies.Put(tx, c)
}

// take uses the ceremony of a challenge up.
func take(tx store.Tx, challenge []byte, purpose string, holder []byte) (ceremony, bool) {
	c, ok := ceremonies.Get(tx, store.K(challenge))
	if !ok || len(holder) == 0 || c.Purpose != purpose || !bytes.Equal(c.Holder, holder) {
		return ceremony{}, false
	}
	ceremonies.Delete(tx, store.K(challenge))
	return c, tx.Now().Before(c.ExpiresAt)
}

// drop uses the ceremony up that a refused answer was for: it gets no second try.
func drop(tx store.Tx, raw json.RawMessage, holder []byte) {
	if c, ok := ceremonies.Get(tx, store.K(challengeOf(raw))); ok && bytes.Equal(c.Holder, holder) {
		ceremonies.Delete(tx, store.K(c.Challenge))
	}
}

// challengeOf reads the challenge that an answer claims to be for.
func challengeOf(raw json.RawMessage) []byte {
	var answer struct {
		Response struct {
			ClientDataJSON string `json:"clientDataJSON"`
		} `json:"response"`
	}
	var client struct {
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return nil
	}
	inner, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(answer.Response.ClientDataJSON, "="))
	if err != nil || json.Unmarshal(inner, &client) != nil {
		return nil
	}
	challenge, err := base64.RawURLEncoding.DecodeString(client.Challenge)
	if err != nil {
		return nil
	}
	return challenge
}

// proven checks a passkey's answer: the ceremony is one of ours for this purpose and holder, unused and young, and the
// signature is of a passkey made for this address, with its person verified. It uses the ceremony up.
func (s *Identities) proven(tx store.Tx, purpose string, holder []byte, raw json.RawMessage) (Passkey, ceremony, error) {
	w, err := s.relying()
	if err != nil {
		return Passkey{}, ceremony{}, err
	}
	c, ok := take(tx, challengeOf(raw), purpose, holder)
	if !ok {
		return Passkey{}, c, ErrPasskey
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(raw)
	if err != nil {
		return Passkey{}, c, ErrPasskey.Because(err)
	}
	p, ok := passkeyOf(tx, answer.RawID)
	i, exists := Get(tx, p.Identity)
	if !ok || !exists || p.Host != w.Config.RPID || purpose == forSignIn && len(answer.Response.UserHandle) == 0 {
		return Passkey{}, c, ErrPasskey
	}
	key, err := w.ValidateLogin(bearer{i, []webauthn.Credential{p.credential()}}, webauthn.SessionData{Challenge: base64.RawURLEncoding.EncodeToString(c.Challenge),
		RelyingPartyID: w.Config.RPID, UserID: i.ID[:], UserVerification: protocol.VerificationRequired}, answer)
	switch {
	case err != nil:
		return p, c, ErrPasskey.Because(err)
	case key.Authenticator.CloneWarning:
		return p, c, ErrPasskey.Because(errRegress)
	}
	p.Counter, p.Flags, p.LastUsedAt = key.Authenticator.SignCount, byte(key.Flags.ProtocolValue()), tx.Now()
	passkeys.Put(tx, p)
	return p, c, nil
}

// ask makes the options of a passkey's answer: any passkey where of is zero, else those of the person.
func (s *Identities) ask(tx store.ReadTx, challenge []byte, of ref.Identity) (json.RawMessage, error) {
	w, err := s.relying()
	if err != nil {
		return nil, err
	}
	choice := []webauthn.LoginOption{webauthn.WithChallenge(challenge)}
	if !of.Zero() {
		var list []protocol.CredentialDescriptor
		for _, p := range s.passkeysHere(tx, of) {
			key := p.credential()
			list = append(list, key.Descriptor())
		}
		choice = append(choice, webauthn.WithAllowedCredentials(list))
	}
	options, _, err := w.BeginDiscoverableLogin(choice...)
	if err != nil {
		return nil, err
	}
	return json.Marshal(options.Response)
}

// binding is the canonical form of what a step-up is for. version is the object's, where somebody knows it.
func (s *Identities) binding(tx store.ReadTx, operation, object string, body []byte) ([]byte, error) {
	said, err := canonical(body)
	if err != nil {
		return nil, err
	}
	about := map[string]any{"for": operation, "object": object, "body": json.RawMessage(said)}
	if s.Version != nil {
		if v, ok := s.Version(tx, object); ok {
			about["version"] = v
		}
	}
	raw, err := json.Marshal(about)
	if err != nil {
		return nil, err
	}
	return canonical(raw)
}

// bindingHash is what is kept of a binding.
func (s *Identities) bindingHash(tx store.ReadTx, operation, object string, body []byte) ([]byte, error) {
	about, err := s.binding(tx, operation, object, body)
	sum := sha256.Sum256(about)
	return sum[:], err
}

// challenged is SHA-256(32 random bytes ‖ what it is for).
func challenged(about []byte) []byte {
	sum := sha256.Sum256(append(random.Bytes(32), about...))
	return sum[:]
}

// SweepCeremonies removes at most n challenges that were never answered.
func SweepCeremonies(tx store.Tx, n int) int {
	var old []store.Key
	for _, c := range ceremonies.By(tx, "expires", store.Range{To: store.K(tx.Now())}) {
		if old = append(old, store.K(c.Challenge)); len(old) == n {
			break
		}
	}
	for _, key := range old {
		ceremonies.Delete(tx, key)
	}
	return len(old)
}
