package identity

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"math/big"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// A browser may make a key pair that it can't export and tie its session to it. From then on what asks for a proof of
// who is there asks for the key's signature too: a copied cookie alone passes none of it.

const (
	nonceLife  = 5 * time.Minute
	bindWithin = 10 * time.Minute // after signing in
	usedNonces = 64               // of one session within nonceLife; more are refused
)

// The errors of device keys.
var (
	ErrDeviceKey   = fail.Invalid("device_key_invalid", "This isn't a public key on the curve P-256.")
	ErrDeviceBound = fail.Conflict("device_bound", "A session is tied to a device once, just after signing in.")
)

// usedNonce is a nonce that a signature was given for.
type usedNonce struct {
	Nonce []byte    `cbor:"1,keyasint"`
	At    time.Time `cbor:"2,keyasint"`
}

type deviceKeyInput struct {
	Body struct {
		PublicKey string `json:"public_key" minLength:"80" maxLength:"200" doc:"SubjectPublicKeyInfo of an ECDSA key on P-256, base64url."`
	}
}

// DeviceKey is the answer of session.bind.
type DeviceKey struct {
	ID string `json:"id" doc:"For the header Device-Key-Id."`
}

// DeviceNonce is the answer of session.nonce.
type DeviceNonce struct {
	Nonce string    `json:"nonce" doc:"For the header Device-Nonce, once."`
	Until time.Time `json:"until"`
}

func (s *Identities) deviceOperations() []op.Operation {
	return []op.Operation{
		op.New("session.bind", op.POST("/session/device-key"), s.bind).
			Says("Tie the session to this device", "With a key that the browser can't export. From then on whatever asks to confirm who you are also needs the headers Device-Key-Id, Device-Nonce and Device-Signature: ECDSA with SHA-256, r and s, base64url, over method, path with query, base64url SHA-256 of the body and nonce, each on a line.").
			Example(map[string]any{"public_key": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE_wfDkmXXTNMxDqgYZ_QCaHTM_yFsGj7DmU3PQkdHy_FDgEWbp0vUsY-xhvEYN4gsZW9Vnq8Vq5BhdAJzS2hkTA"}, DeviceKey{ID: "q83vEjRWeJA"}).
			By(access.Session).ThroughSignOn().Audits("session.bound").Fails(ErrDeviceKey, ErrDeviceBound).Hidden("only a browser has such a key").Needs(access.Own),
		op.New("session.nonce", op.GET("/session/device-nonce"), s.nonce).
			Says("Get a nonce for the device's signature", "Good once, for five minutes.").Example(nil, DeviceNonce{Nonce: "AZqu…"}).
			By(access.Session).ThroughSignOn().Hidden("only a browser has such a key").Needs(access.Own),
	}
}

func readKey(raw []byte) (*ecdsa.PublicKey, bool) {
	any, err := x509.ParsePKIXPublicKey(raw)
	if err != nil {
		return nil, false
	}
	key, ok := any.(*ecdsa.PublicKey)
	return key, ok && key.Curve == elliptic.P256()
}

func keyID(raw []byte) string {
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:8])
}

func (s *Identities) bind(ctx context.Context, c op.Call, in *deviceKeyInput) (*DeviceKey, error) {
	raw, err := base64.RawURLEncoding.DecodeString(in.Body.PublicKey)
	if _, ok := readKey(raw); err != nil || !ok {
		return nil, ErrDeviceKey.At("/public_key", "export it as spki")
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*DeviceKey, error) {
		sess, ok := sessions.Get(tx, store.K(c.Actor.Identity, c.Actor.Session))
		if !ok {
			return nil, ErrNoSignIn
		}
		if _, until := tied(sess, tx.Now()); until == nil {
			return nil, ErrDeviceBound
		}
		sess.DeviceKey = raw
		sessions.Put(tx, sess)
		record(tx, c, "session.bound", sess.Identity, audit.OK, op.Act{})
		return &DeviceKey{ID: keyID(raw)}, nil
	})
}

// tied says which key the session is tied to, or until when it can be tied to one.
func tied(sess Session, now time.Time) (key string, until *time.Time) {
	end := sess.CreatedAt.Add(bindWithin)
	switch {
	case len(sess.DeviceKey) > 0:
		return keyID(sess.DeviceKey), nil
	case now.After(end):
		return "", nil
	}
	return "", &end
}

// tieOf is the same of the session that somebody acts by, if it is one.
func tieOf(tx store.ReadTx, a access.Actor) (key string, until *time.Time) {
	if sess, ok := sessions.Get(tx, store.K(a.Identity, a.Session)); ok && a.Key == nil {
		return tied(sess, tx.Now())
	}
	return "", nil
}

// nonce makes a nonce that this server knows again without having kept it: instant, random bytes, and a code over them
// and the session.
func (s *Identities) nonce(_ context.Context, c op.Call, _ *op.None) (*DeviceNonce, error) {
	now := s.Clock.Now()
	raw := append(binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())), random.Bytes(16)...) //nolint:gosec // after 1970
	raw = append(raw, s.nonceCode(c.Actor.Session, raw)...)
	return &DeviceNonce{Nonce: base64.RawURLEncoding.EncodeToString(raw), Until: now.Add(nonceLife)}, nil
}

func (s *Identities) nonceCode(of ref.Session, raw []byte) []byte {
	m := hmac.New(sha256.New, s.NonceKey)
	m.Write(of[:])
	m.Write(raw)
	return m.Sum(nil)[:16]
}

// Signed says whether the request carries a signature of the session's device, and uses its nonce up. A session without
// a device key needs none.
func (s *Identities) Signed(tx store.Tx, who ref.Identity, id ref.Session, key, nonce, signature, method, address string, body []byte) bool {
	sess, ok := sessions.Get(tx, store.K(who, id))
	if !ok || len(sess.DeviceKey) == 0 {
		return ok
	}
	public, ok := readKey(sess.DeviceKey)
	raw, err1 := base64.RawURLEncoding.DecodeString(nonce)
	sig, err2 := base64.RawURLEncoding.DecodeString(signature)
	if !ok || err1 != nil || err2 != nil || key != keyID(sess.DeviceKey) || len(raw) != 40 || len(sig) != 64 || !hmac.Equal(raw[24:], s.nonceCode(id, raw[:24])) {
		return false
	}
	now := tx.Now()
	age := now.Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(raw)))) //nolint:gosec // ours
	sess.Nonces = slices.DeleteFunc(slices.Clone(sess.Nonces), func(u usedNonce) bool { return now.Sub(u.At) > 2*nonceLife })
	if age < -time.Second || age > nonceLife || len(sess.Nonces) >= usedNonces || slices.ContainsFunc(sess.Nonces, func(u usedNonce) bool { return bytes.Equal(u.Nonce, raw[:24]) }) {
		return false
	}
	sum := sha256.Sum256(body)
	digest := sha256.Sum256([]byte(method + "\n" + address + "\n" + base64.RawURLEncoding.EncodeToString(sum[:]) + "\n" + nonce))
	if !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return false
	}
	sess.Nonces = append(sess.Nonces, usedNonce{Nonce: raw[:24], At: now})
	sessions.Put(tx, sess)
	return true
}
