package identity

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// link is what a letter lets its reader do, once. Only the hash of its token is kept.
type link struct {
	Token     []byte       `cbor:"1,keyasint"` // SHA-256
	Purpose   string       `cbor:"2,keyasint"`
	Identity  ref.Identity `cbor:"3,keyasint"`
	Email     string       `cbor:"4,keyasint,omitempty"` // to confirm
	Browser   []byte       `cbor:"5,keyasint,omitempty"` // the only one that may use it
	Recovery  ref.Recovery `cbor:"6,keyasint,omitempty"`
	ExpiresAt time.Time    `cbor:"7,keyasint"`
}

// What links are for.
const (
	toConfirm    = "confirm_email"
	toRecover    = "password"   // a new password, nothing else
	toRecoverAll = "everything" // a new password and no factor any more, once the recovery is ready

	confirmLife = 24 * time.Hour
	maxLinks    = 5 // letters to one address within guessWindow
)

var links = store.Table[link]{Name: "link", Version: 1, Holds: store.SecretMaterial,
	Key: func(l link) store.Key { return store.K(l.Token) },
	Indexes: []store.Index[link]{
		{Name: "identity", Version: 1, Key: func(l link) store.Key { return store.K(l.Identity, l.Purpose, l.Token) }},
		{Name: "expires", Version: 1, Key: func(l link) store.Key { return store.K(l.ExpiresAt, l.Token) }}}}

// ErrLink is the error of a link that does nothing any more.
var ErrLink = fail.Gone("link_gone", "This link was used or has expired. Ask for a new one.")

// linked makes a link and returns its token.
func linked(tx store.Tx, l link) string {
	token := random.Text(32)
	sum := sha256.Sum256([]byte(token))
	l.Token = sum[:]
	links.Put(tx, l)
	return token
}

// follow finds the link of a token.
func follow(tx store.ReadTx, token string, purposes ...string) (link, bool) {
	sum := sha256.Sum256([]byte(token))
	l, ok := links.Get(tx, store.K(sum[:]))
	if !ok || !tx.Now().Before(l.ExpiresAt) {
		return link{}, false
	}
	for _, p := range purposes {
		if l.Purpose == p {
			return l, true
		}
	}
	return link{}, false
}

// unlink forgets all links of the person for a purpose.
func unlink(tx store.Tx, id ref.Identity, purpose string) {
	var old []store.Key
	for _, l := range links.By(tx, "identity", store.Range{Prefix: store.K(id, purpose)}) {
		old = append(old, store.K(l.Token))
	}
	for _, key := range old {
		links.Delete(tx, key)
	}
}

// SweepLinks removes at most n links that are over.
func SweepLinks(tx store.Tx, n int) int {
	var old []store.Key
	for _, l := range links.By(tx, "expires", store.Range{To: store.K(tx.Now())}) {
		if old = append(old, store.K(l.Token)); len(old) == n {
			break
		}
	}
	for _, key := range old {
		links.Delete(tx, key)
	}
	return len(old)
}

type confirmEmail struct {
	Body struct {
		Email string `json:"email,omitempty" format:"email" maxLength:"254" doc:"A new address; your present one when absent."`
	}
}

type confirmedEmail struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"200"`
	}
}

func (s *Identities) emailOperations() []op.Operation {
	verified := exampleProfile
	verified.EmailVerified = true
	return []op.Operation{
		op.New("me.confirm_email", op.POST("/me/email"), s.confirmEmail).
			Says("Confirm or change your e-mail address", "Writes a letter with a link to the address. Nothing changes before the link is opened.").
			Example(map[string]any{"email": "mira@halden.example"}, Until{}).
			By(access.Session).Costs(op.SignIn).FreshOrPassword(stepUpLife).NoDryRun("a letter can't be taken back").Audits("email.asked").
			Fails(ErrTooManyTries).Hidden("only a person has an address").Needs(access.Own),
		op.New("me.verify_email", op.POST("/me/email/verify"), s.verifyEmail).
			Says("Open the link that confirms an address", "From then on the address can be used to choose a new password. A new address ends all other sessions.").
			Example(map[string]any{"token": "the-token-of-the-link"}, verified).
			By(access.Session).Costs(op.SignIn).NoDryRun("it uses the link up").Audits("email.verified", "email.changed").
			Fails(ErrLink, ErrEmailTaken).Hidden("only a person has an address").Needs(access.Own),
	}
}

func (s *Identities) confirmEmail(ctx context.Context, c op.Call, in *confirmEmail) (*Until, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*Until, error) {
		i, ok := Get(tx, c.Actor.Identity)
		if !ok {
			return nil, ErrNoSignIn
		}
		if err := mayTry(tx, "letter", i.ID.String()); err != nil {
			return nil, err
		}
		wrong(tx, "letter", i.ID.String(), maxLinks)
		to := i
		if in.Body.Email != "" {
			to.Email = normalEmail(in.Body.Email)
		}
		unlink(tx, i.ID, toConfirm)
		until := tx.Now().Add(confirmLife)
		token := linked(tx, link{Purpose: toConfirm, Identity: i.ID, Email: to.Email, ExpiresAt: until})
		if err := s.tell(tx, to, mail.VerifyEmail, nil, s.Page("/verify-email", "token="+token)); err != nil {
			return nil, err
		}
		record(tx, c, "email.asked", i.ID, audit.OK, op.Act{Private: map[string]string{"email": to.Email}})
		return &Until{Until: until}, nil
	})
}

func (s *Identities) verifyEmail(ctx context.Context, c op.Call, in *confirmedEmail) (*Profile, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*Profile, error) {
		l, ok := follow(tx, in.Body.Token, toConfirm)
		i, exists := Get(tx, l.Identity)
		if !ok || !exists || l.Identity != c.Actor.Identity {
			return nil, ErrLink
		}
		links.Delete(tx, store.K(l.Token))
		action := audit.Action("email.verified")
		if l.Email != i.Email {
			if _, taken := byEmail(tx, l.Email); taken {
				return nil, ErrEmailTaken
			}
			action = "email.changed"
			endOthers(tx, i.ID, c.Actor.Session)
			unlink(tx, i.ID, toRecover)
			if err := s.tell(tx, i, mail.EmailChanged, map[string]string{"at": stamp(tx.Now())}, ""); err != nil {
				return nil, err // the letter goes to the address that was
			}
		}
		i.Email, i.EmailVerified, i.Version = l.Email, true, i.Version+1
		identities.Put(tx, i)
		record(tx, c, action, i.ID, audit.OK, op.Act{Private: map[string]string{"email": i.Email}})
		p := i.profile()
		return &p, nil
	})
}
