package identity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Session is one signed-in browser. Only the hash of its token is kept.
type Session struct {
	Identity  ref.Identity     `cbor:"1,keyasint"`
	ID        ref.Session      `cbor:"2,keyasint"`
	Token     []byte           `cbor:"3,keyasint"`           // SHA-256
	Waiting   bool             `cbor:"4,keyasint,omitempty"` // the password was right, the second factor isn't given yet
	CreatedAt time.Time        `cbor:"5,keyasint"`
	LastSeen  time.Time        `cbor:"6,keyasint"`
	Password  time.Time        `cbor:"7,keyasint,omitempty"`
	MFA       time.Time        `cbor:"8,keyasint,omitempty"`
	Method    string           `cbor:"9,keyasint,omitempty"`
	Agent     string           `cbor:"10,keyasint,omitempty"`
	Prefix    string           `cbor:"11,keyasint,omitempty"`
	Bound     []bound          `cbor:"12,keyasint,omitempty"`
	Through   ref.Organization `cbor:"13,keyasint,omitempty"` // whose own sign-on it came by
	Way       string           `cbor:"14,keyasint"`           // how its person came in; a passkey given later counts too
	DeviceKey []byte           `cbor:"15,keyasint,omitempty"` // SubjectPublicKeyInfo of the key that signs for it
	Nonces    []usedNonce      `cbor:"16,keyasint,omitempty"`
}

// bound is a step-up given for one object and body.
type bound struct {
	For    string    `cbor:"1,keyasint"`
	Object string    `cbor:"2,keyasint"`
	Body   []byte    `cbor:"3,keyasint"` // hash of the canonical form of all that it is for
	At     time.Time `cbor:"4,keyasint"`
}

// How long sessions last. Those with power over others end sooner.
const (
	idleLife, fullLife             = 7 * 24 * time.Hour, 30 * 24 * time.Hour
	idleLifeStrong, fullLifeStrong = time.Hour, 12 * time.Hour
	waitingLife                    = 10 * time.Minute
	touchEvery                     = time.Minute
	stepUpLife                     = 5 * time.Minute
)

var sessions = store.Table[Session]{Name: "session", Version: 1, Holds: store.SecretMaterial,
	Key: func(s Session) store.Key { return store.K(s.Identity, s.ID) },
	Indexes: []store.Index[Session]{
		{Name: "token", Version: 1, Key: func(s Session) store.Key { return store.K(s.Token, s.ID) }},
		{Name: "age", Version: 1, Key: func(s Session) store.Key { return store.K(s.CreatedAt, s.ID) }}}}

func newToken() (token string, hash []byte) {
	token = base64.RawURLEncoding.EncodeToString(random.Bytes(32))
	sum := sha256.Sum256([]byte(token))
	return token, sum[:]
}

func byToken(tx store.ReadTx, token string) (Session, bool) {
	if token == "" {
		return Session{}, false
	}
	sum := sha256.Sum256([]byte(token))
	for _, s := range sessions.By(tx, "token", store.Range{Prefix: store.K(sum[:])}) {
		return s, true
	}
	return Session{}, false
}

// over says whether the session has ended by itself.
func (s Session) over(now time.Time, strong bool) bool {
	idle, full := idleLife, fullLife
	if strong {
		idle, full = idleLifeStrong, fullLifeStrong
	}
	if s.Waiting {
		full = waitingLife
	}
	return now.Sub(s.LastSeen) > idle || now.Sub(s.CreatedAt) > full
}

func strong(i Identity, in []access.Membership) bool {
	return i.Administrator || i.Staff == StaffActive || slices.ContainsFunc(in, func(m access.Membership) bool { return m.Role == access.Owner || m.Role == access.Admin })
}

// Actor loads who holds the session token. Sessions that wait for a second factor are nobody's yet.
func (s *Identities) Actor(tx store.ReadTx, token string) (access.Actor, bool) {
	sess, ok := byToken(tx, token)
	if !ok || sess.Waiting {
		return access.Actor{}, false
	}
	return s.actorOf(tx, sess)
}

func (s *Identities) actorOf(tx store.ReadTx, sess Session) (access.Actor, bool) {
	i, ok := Get(tx, sess.Identity)
	if !ok {
		return access.Actor{}, false
	}
	in := organization.MembershipsOf(tx, i.ID)
	if sess.over(tx.Now(), strong(i, in)) || tooOld(tx, sess, in) {
		return access.Actor{}, false
	}
	in, out := entered(tx, sess, in)
	own := sess.Through.Zero()
	return access.Actor{Kind: access.Session, Identity: i.ID, Session: sess.ID, Administrator: own && i.Administrator, Staff: own && i.Staff == StaffActive,
		Memberships: in, Barred: out, Through: sess.Through, Bound: len(sess.DeviceKey) > 0,
		SecondFactor: HasFactor(tx, i.ID), Methods: s.methods(tx, i.ID, sess.Through), PasswordAt: sess.Password, MFAAt: sess.MFA, MFAMethod: sess.Method}, true
}

// Live says whether the session still stands and what its holder may; streams ask before each message.
func (s *Identities) Live(tx store.ReadTx, who ref.Identity, id ref.Session) (access.Actor, bool) {
	sess, ok := sessions.Get(tx, store.K(who, id))
	if !ok {
		return access.Actor{}, false
	}
	return s.actorOf(tx, sess)
}

// Touch notes that the session was used; at most once a minute, because it writes.
func (s *Identities) Touch(ctx context.Context, a access.Actor) {
	var stale bool
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		sess, ok := sessions.Get(tx, store.K(a.Identity, a.Session))
		stale = ok && tx.Now().Sub(sess.LastSeen) >= touchEvery
		return nil
	})
	if err != nil || !stale {
		return
	}
	err = s.DB.Update(ctx, func(tx store.Tx) error {
		sess, ok := sessions.Get(tx, store.K(a.Identity, a.Session))
		if !ok {
			return nil
		}
		sess.LastSeen = tx.Now()
		sessions.Put(tx, sess)
		if i, ok := Get(tx, a.Identity); ok {
			i.LastSeen = tx.Now().Truncate(24 * time.Hour)
			identities.Put(tx, i)
		}
		return nil
	})
	if err != nil {
		s.Log.Warn("a session's use wasn't noted", "error", err.Error())
	}
}

// begin makes a session and returns its token.
func begin(tx store.Tx, id ref.Identity, agent, prefix string) (Session, string) {
	token, hash := newToken()
	now := tx.Now()
	sess := Session{Identity: id, ID: ref.Mint[ref.Session](now), Token: hash, CreatedAt: now, LastSeen: now, Password: now, Agent: agent, Prefix: prefix, Way: ByPassword}
	sessions.Put(tx, sess)
	return sess, token
}

// came notes that a passkey was given after the password.
func (s *Session) came(method string) {
	if method == "passkey" && s.Way == ByPassword {
		s.Way = ByPasskey
	}
}

// rotate gives the session a new token, as at every proof of who is there.
func rotate(tx store.Tx, sess Session) (Session, string) {
	token, hash := newToken()
	sess.Token, sess.LastSeen = hash, tx.Now()
	sessions.Put(tx, sess)
	return sess, token
}

// endOthers ends all sessions of the identity but one and says how many that were.
func endOthers(tx store.Tx, id ref.Identity, but ref.Session) int {
	var keys []store.Key
	for key, sess := range sessions.All(tx, store.Range{Prefix: store.K(id)}) {
		if sess.ID != but {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		sessions.Delete(tx, key)
	}
	return len(keys)
}

// SignOut ends every session of the identity.
func SignOut(tx store.Tx, who ref.Identity) { endOthers(tx, who, ref.Session{}) }

// RoleChanged ends the sessions of somebody whose role is another one, but for the one that changed it.
func RoleChanged(tx store.Tx, c op.Call, who ref.Identity) {
	endOthers(tx, who, c.Actor.Session)
}

// Bound says whether a step-up was given in the last five minutes for this very object, at this version, and body.
func (s *Identities) Bound(tx store.ReadTx, who ref.Identity, id ref.Session, operation, object string, body []byte) bool {
	sess, ok := sessions.Get(tx, store.K(who, id))
	return ok && s.boundAt(tx, sess, operation, object, body) >= 0
}

// Spend uses such a step-up up. It says no when there is none, or when it was used already.
func (s *Identities) Spend(tx store.Tx, who ref.Identity, id ref.Session, operation, object string, body []byte) bool {
	sess, ok := sessions.Get(tx, store.K(who, id))
	if !ok {
		return false
	}
	at := s.boundAt(tx, sess, operation, object, body)
	if at < 0 {
		return false
	}
	sess.Bound = slices.Delete(slices.Clone(sess.Bound), at, at+1)
	sessions.Put(tx, sess)
	return true
}

func (s *Identities) boundAt(tx store.ReadTx, sess Session, operation, object string, body []byte) int {
	hash, err := s.bindingHash(tx, operation, object, body)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(sess.Bound, func(b bound) bool {
		age := tx.Now().Sub(b.At)
		return b.For == operation && b.Object == object && bytes.Equal(b.Body, hash) && age >= 0 && age <= stepUpLife
	})
}

// SweepSessions removes at most n sessions that are older than any may be.
func SweepSessions(tx store.Tx, n int) int {
	var old []Session
	for _, sess := range sessions.By(tx, "age", store.Range{To: store.K(tx.Now().Add(-fullLife))}) {
		if old = append(old, sess); len(old) == n {
			break
		}
	}
	for _, sess := range old {
		sessions.Delete(tx, store.K(sess.Identity, sess.ID))
	}
	return len(old)
}

// cookie writes the Set-Cookie header for a token; an empty one ends it.
func cookie(token string, secure bool) string {
	name, extra, age := "omniposto_session", "", int(fullLife/time.Second)
	if secure {
		name, extra = "__Host-omniposto_session", "; Secure"
	}
	if token == "" {
		age = 0
	}
	return fmt.Sprintf("%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s", name, token, age, extra)
}
