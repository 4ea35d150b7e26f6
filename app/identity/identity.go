// Package identity is who signs in: one person with one sign-in, the factors, the sessions and the first claim of an
// instance. Who belongs where is organization's, who may is access's.
//
// Caveats: a session's token and a recovery code are kept as SHA-256 only, because they are random and long; passwords
// are Argon2id. A passkey is for one host: another public address voids it, and a recovery code is the way back then.
package identity

import (
	"bytes"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Identity is one person who signs in.
type Identity struct {
	ID            ref.Identity `cbor:"1,keyasint"`
	Name          string       `cbor:"2,keyasint"`
	Email         string       `cbor:"3,keyasint"` // normalised
	EmailVerified bool         `cbor:"4,keyasint,omitempty"`
	Password      string       `cbor:"5,keyasint"` // Argon2id in PHC form
	PasswordAt    time.Time    `cbor:"6,keyasint"`
	Administrator bool         `cbor:"7,keyasint,omitempty"` // of the instance
	Locale        string       `cbor:"8,keyasint,omitempty"`
	Timezone      string       `cbor:"9,keyasint,omitempty"`
	HourFormat    string       `cbor:"10,keyasint,omitempty"` // auto, 12, 24
	Theme         string       `cbor:"11,keyasint,omitempty"` // system, light, dark
	LastSeen      time.Time    `cbor:"12,keyasint,omitempty"`
	Version       int64        `cbor:"13,keyasint"`
	CreatedAt     time.Time    `cbor:"14,keyasint"`
	Staff         string       `cbor:"15,keyasint,omitempty"` // of the instance: active, inactive, or empty for everybody else
}

// Factor is a second factor by an authenticator app. A passkey is a record of its own.
type Factor struct {
	Identity  ref.Identity  `cbor:"1,keyasint"`
	ID        ref.Secret    `cbor:"2,keyasint"`
	Kind      string        `cbor:"3,keyasint"` // totp
	Secret    secret.Sealed `cbor:"4,keyasint"`
	Confirmed bool          `cbor:"5,keyasint,omitempty"`
	CountsAt  time.Time     `cbor:"6,keyasint,omitempty"` // from when it counts for grants
	Used      []int64       `cbor:"7,keyasint,omitempty"` // time steps that were used, newest last
	CreatedAt time.Time     `cbor:"8,keyasint"`
}

// codes are the recovery codes of an identity, hashed; a used one is gone.
type codes struct {
	Identity ref.Identity `cbor:"1,keyasint"`
	Hashes   [][]byte     `cbor:"2,keyasint"`
	MadeAt   time.Time    `cbor:"3,keyasint"`
}

var (
	identities = store.Table[Identity]{Name: "identity", Version: 1, Holds: store.PersonalData,
		Key: func(i Identity) store.Key { return store.K(i.ID) },
		Indexes: []store.Index[Identity]{
			{Name: "email", Version: 1, Key: func(i Identity) store.Key { return store.K(i.Email, i.ID) }},
			{Name: "staff", Version: 1, Only: func(i Identity) bool { return i.Staff != "" }, Key: func(i Identity) store.Key { return store.K(i.ID) }}}}
	factors = store.Table[Factor]{Name: "factor", Version: 1, Holds: store.SecretMaterial,
		Key: func(f Factor) store.Key { return store.K(f.Identity, f.ID) }}
	recovery = store.Table[codes]{Name: "recovery", Version: 1, Holds: store.SecretMaterial,
		Key: func(c codes) store.Key { return store.K(c.Identity) }}
)

// Tables lists what this package stores.
func Tables() []store.AnyTable {
	return []store.AnyTable{&identities, &factors, &passkeys, &recovery, &sessions, &ceremonies, &devices, &links, &pleas, &refusals, &recoveries,
		&signOns, &logins, &hops,
		&guesses, &instances, &welcomes}
}

// The errors of this package.
var (
	ErrSignIn        = fail.Unauthenticated("sign_in_refused", "E-mail or password isn't right.")
	ErrSecondFactor  = fail.Unauthenticated("second_factor_refused", "This code isn't right. Use the newest one of your app, or a recovery code.")
	ErrNoSignIn      = fail.Unauthenticated("signed_out", "Sign in first.")
	ErrTooManyTries  = fail.Limit("too_many_tries", "Too many tries. Wait a while and try again.")
	ErrStepUsed      = fail.Conflict("totp_step_used", "This code was used already. Wait for the next one.")
	ErrPasswordWeak  = fail.Invalid("password_weak", "This password is easy to guess. Use a few unrelated words.")
	ErrPasswordShort = fail.Invalid("password_short", "This password is too short.")
	ErrEmailTaken    = fail.Conflict("email_taken", "Somebody signs in with this e-mail address already.")
	ErrPasswordWrong = fail.Invalid("password_wrong", "This isn't your current password.")
	ErrNoFactor      = fail.Conflict("no_second_factor", "There is no second factor to use.")
	ErrFactorThere   = fail.Conflict("second_factor_there", "A second factor is set up already. Remove it first to set up another one.")
	ErrNoEnrolment   = fail.Conflict("no_enrolment", "Begin setting up the second factor first.")
	ErrSignInFirst   = fail.Conflict("sign_in_first", "Somebody with this e-mail address has a sign-in here. Sign in with it, then open the link again.")
	ErrOtherEmail    = fail.Forbidden("other_email", "This invitation is for another e-mail address.")
	ErrStaffThere    = fail.Conflict("staff_exists", "This person is staff already.")
	ErrNoStaff       = fail.NotFound("not_found", "Nobody of the staff has this id.")
	ErrSession       = fail.NotFound("not_found", "This session isn't there any more.")
	ErrClaimed       = fail.Gone("claimed", "This server has an owner already. Sign in instead.")
	ErrSetupCode     = fail.Forbidden("setup_code_wrong", "This setup code isn't right. It stands in the server's output and in the file setup-code beside its data.")
	ErrSetupLocked   = fail.Limit("setup_locked", "Too many wrong codes. Wait a minute and try again.")
)

// normalEmail is the form in which addresses are compared.
func normalEmail(email string) string {
	return strings.ToLower(norm.NFC.String(strings.TrimSpace(email)))
}

// Get reads an identity.
func Get(tx store.ReadTx, id ref.Identity) (Identity, bool) { return identities.Get(tx, store.K(id)) }

func byEmail(tx store.ReadTx, email string) (Identity, bool) {
	for _, i := range identities.By(tx, "email", store.Range{Prefix: store.K(normalEmail(email))}) {
		return i, true
	}
	return Identity{}, false
}

// SamePerson says whether two identities share an e-mail address or a passkey.
func SamePerson(tx store.ReadTx, a, b ref.Identity) bool {
	one, ok := Get(tx, a)
	other, there := Get(tx, b)
	if !ok || !there || one.Email == other.Email {
		return ok && there
	}
	for _, mine := range passkeysOf(tx, a) {
		for _, theirs := range passkeysOf(tx, b) {
			if bytes.Equal(mine.Credential, theirs.Credential) || bytes.Equal(mine.Key, theirs.Key) {
				return true
			}
		}
	}
	return false
}

// HasFactor says whether the identity has a second factor, even one that doesn't work at this address: signing in never
// gets weaker by a change of the address.
func HasFactor(tx store.ReadTx, id ref.Identity) bool {
	if _, ok := confirmed(tx, id); ok {
		return true
	}
	return len(passkeysOf(tx, id)) > 0
}

func confirmed(tx store.ReadTx, id ref.Identity) (Factor, bool) {
	for _, f := range factors.All(tx, store.Range{Prefix: store.K(id)}) {
		if f.Confirmed {
			return f, true
		}
	}
	return Factor{}, false
}
