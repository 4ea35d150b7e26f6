package identity

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

const (
	totpPeriod    = 30 * time.Second
	recoveryCodes = 10
)

func factorPlace(f Factor) secret.Place {
	return secret.Place{Purpose: "factor", Organization: f.Identity, Kind: "factor", ID: f.ID, Field: "secret"}
}

// enrol makes an unconfirmed TOTP factor and returns its secret in base32. An older unconfirmed one is forgotten.
func (s *Identities) enrol(tx store.Tx, id ref.Identity) (string, error) {
	if _, ok := confirmed(tx, id); ok {
		return "", ErrFactorThere
	}
	var old []store.Key
	for key := range factors.All(tx, store.Range{Prefix: store.K(id)}) {
		old = append(old, key)
	}
	for _, key := range old {
		factors.Delete(tx, key)
	}
	now := tx.Now()
	f := Factor{Identity: id, ID: ref.Mint[ref.Secret](now), Kind: "totp", CreatedAt: now}
	raw := random.Bytes(20)
	defer clear(raw)
	sealed, err := s.Keeper.Seal(tx, factorPlace(f), raw)
	if err != nil {
		return "", err
	}
	f.Secret = sealed
	factors.Put(tx, f)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw), nil
}

func totpURI(secret, email string) string {
	return "otpauth://totp/" + url.PathEscape("Omni Posto:"+email) + "?issuer=Omni%20Posto&period=30&digits=6&algorithm=SHA1&secret=" + secret
}

// checkTOTP compares the code with the steps around now; each step is usable once.
func (s *Identities) checkTOTP(tx store.Tx, f Factor, code string) error {
	step := tx.Now().Unix() / int64(totpPeriod/time.Second)
	var fits int64
	err := s.Keeper.Use(tx, factorPlace(f), f.Secret, func(raw []byte) error {
		key := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
		for _, n := range s.steps(tx, f.Identity, step) {
			want, err := totp.GenerateCodeCustom(key, time.Unix(n*30, 0), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
			if err != nil {
				return err
			}
			if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && fits == 0 {
				fits = n
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case fits == 0:
		return ErrSecondFactor
	case slices.Contains(f.Used, fits):
		next := step + 1
		for slices.Contains(f.Used, next) {
			next++
		}
		return ErrStepUsed.With("next_at", time.Unix(next*30, 0).UTC())
	}
	f.Used = append(f.Used, fits)
	if len(f.Used) > 4 {
		f.Used = f.Used[len(f.Used)-4:]
	}
	factors.Put(tx, f)
	return nil
}

// steps are those whose code counts now: one behind and one ahead besides the own, for clocks that differ. Strictly it is
// the own one and, for its first ten seconds, the one before.
func (s *Identities) steps(tx store.ReadTx, id ref.Identity, step int64) []int64 {
	switch {
	case !strictTOTP(tx, id):
		return []int64{step, step - 1, step + 1}
	case tx.Now().Unix()%int64(totpPeriod/time.Second) < 10:
		return []int64{step, step - 1}
	}
	return []int64{step}
}

// renewCodes makes ten new recovery codes and forgets the old ones.
func renewCodes(tx store.Tx, id ref.Identity) []string {
	c := codes{Identity: id, MadeAt: tx.Now()}
	var out []string
	for range recoveryCodes {
		raw := hex.EncodeToString(random.Bytes(10))
		code := strings.Join([]string{raw[:5], raw[5:10], raw[10:15], raw[15:]}, "-")
		sum := sha256.Sum256([]byte(raw))
		c.Hashes, out = append(c.Hashes, sum[:]), append(out, code)
	}
	recovery.Put(tx, c)
	return out
}

// useCode uses a recovery code up.
func useCode(tx store.Tx, id ref.Identity, code string) bool {
	plain := strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	sum := sha256.Sum256([]byte(plain))
	c, _ := recovery.Get(tx, store.K(id))
	for i, h := range c.Hashes {
		if subtle.ConstantTimeCompare(h, sum[:]) == 1 {
			c.Hashes = slices.Delete(slices.Clone(c.Hashes), i, i+1)
			recovery.Put(tx, c)
			return true
		}
	}
	return false
}

// codesLeft says how many recovery codes are unused.
// codesLeftFor is nobody's business but the person's.
func codesLeftFor(tx store.ReadTx, a access.Actor) int {
	if a.Key != nil {
		return 0
	}
	return codesLeft(tx, a.Identity)
}

func codesLeft(tx store.ReadTx, id ref.Identity) int {
	c, _ := recovery.Get(tx, store.K(id))
	return len(c.Hashes)
}
