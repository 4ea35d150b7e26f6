package identity

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// A forgotten password: a link by mail to the confirmed address, good for half an hour, once, in the browser that asked.
// It never stands for the second factor, which is asked as ever.

// plea is a request for such a link. It is answered before anybody looks whether the address is known, so that the
// answer and its time say nothing.
type plea struct {
	ID      ref.Request `cbor:"1,keyasint"`
	Email   string      `cbor:"2,keyasint"`
	Browser []byte      `cbor:"3,keyasint"`
	At      time.Time   `cbor:"4,keyasint"`
}

var pleas = store.Table[plea]{Name: "recovery_plea", Version: 1, Holds: store.PersonalData,
	Key: func(p plea) store.Key { return store.K(p.ID) }}

const (
	recoverLife = 30 * time.Minute
	pleasOfOne  = 20 // from one network within guessWindow
)

// ErrRecoverElsewhere is the error of a link that is opened in another browser.
var ErrRecoverElsewhere = fail.Forbidden("other_browser", "Open this link in the browser that you asked for it from.")

type recoverBegin struct {
	Body struct {
		Email string `json:"email" minLength:"3" maxLength:"254"`
	}
}

type recoverFinish struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"200"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

func (s *Identities) recoverOperations() []op.Operation {
	return []op.Operation{
		op.New("recovery.begin", op.POST("/recovery"), s.beginRecovery).
			Says("Ask for a new password", "The answer is the same for every address. If somebody with this confirmed address signs in here, a letter with a link follows, for this browser.").
			Example(map[string]any{"email": "mira@halden.example"}, Until{}).
			Costs(op.SignIn).NoDryRun("a letter can't be taken back").Unaudited("it is recorded when it leads to a letter").Fails(ErrTooManyTries).
			Hidden("only a person signs in").Public("whoever forgot a password isn't signed in"),
		op.New("recovery.finish", op.POST("/recovery/finish"), s.finishRecovery).
			Says("Choose a new password", "Ends all sessions. The second factor is asked as ever, unless a recovery of everything has waited its 72 hours.").
			Example(map[string]any{"token": "the-token-of-the-link", "password": "seven quiet tents"}, SignedIn{MFARequired: true, Methods: []string{"totp"}}).
			Costs(op.SignIn).NoDryRun("it uses the link up").Audits("password.recovered").
			Fails(ErrLink, ErrRecoverElsewhere, ErrSignOnForced, ErrRecoveryWaits, ErrPasswordShort, ErrPasswordWeak).
			Hidden("only a person signs in").Public("whoever forgot a password isn't signed in"),
	}
}

func (s *Identities) beginRecovery(ctx context.Context, c op.Call, in *recoverBegin) (*Until, error) {
	browser := errandRecovery.begin(c)
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Until, error) {
		if err := mayTry(tx, "recovery", c.From.Prefix); err != nil {
			return nil, err
		}
		wrong(tx, "recovery", c.From.Prefix, pleasOfOne)
		now := tx.Now()
		pleas.Put(tx, plea{ID: ref.Mint[ref.Request](now), Email: normalEmail(in.Body.Email), Browser: browser, At: now})
		return &Until{Until: now.Add(recoverLife)}, nil
	})
	if err == nil {
		s.wake()
	}
	return out, err
}

// answerPlea writes the letter where the address is somebody's and confirmed. A link passed on by hand confirms none.
func (s *Identities) answerPlea(tx store.Tx, p plea) error {
	i, ok := byEmail(tx, p.Email)
	until := p.At.Add(recoverLife)
	if !ok || !i.EmailVerified || !tx.Now().Before(until) || mayTry(tx, "letter", i.ID.String()) != nil {
		return nil
	}
	wrong(tx, "letter", i.ID.String(), maxLinks)
	unlink(tx, i.ID, toRecover)
	token := linked(tx, link{Purpose: toRecover, Identity: i.ID, Browser: p.Browser, ExpiresAt: until})
	recordSystem(tx, "recovery.asked", i.ID)
	return s.tell(tx, i, mail.Recovery, nil, s.Page("/recover", "token="+token))
}

func (s *Identities) finishRecovery(ctx context.Context, c op.Call, in *recoverFinish) (*SignedIn, error) {
	var who Identity
	var factor bool
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		l, err := mayFinish(tx, c, in.Body.Token)
		if err != nil {
			return err
		}
		who, _ = Get(tx, l.Identity)
		factor = HasFactor(tx, who.ID) && l.Purpose == toRecover
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := CheckPassword(in.Body.Password, !factor, who.Name, who.Email); err != nil {
		return nil, err
	}
	hash := s.hasher.Hash(in.Body.Password)
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*SignedIn, error) {
		l, err := mayFinish(tx, c, in.Body.Token)
		if err != nil {
			return nil, err
		}
		i, ok := Get(tx, l.Identity)
		if !ok {
			return nil, ErrLink
		}
		links.Delete(tx, store.K(l.Token))
		unlink(tx, i.ID, toRecover)
		if l.Purpose == toRecoverAll {
			if err := s.useRecovery(tx, c, l.Recovery, i); err != nil {
				return nil, err
			}
		}
		i.Password, i.PasswordAt, i.Version = hash, tx.Now(), i.Version+1
		identities.Put(tx, i)
		endOthers(tx, i.ID, ref.Session{})
		right(tx, "password", i.Email)
		record(tx, c, "password.recovered", i.ID, audit.OK, op.Act{})
		if err := s.tell(tx, i, mail.PasswordChanged, map[string]string{"at": stamp(tx.Now())}, ""); err != nil {
			return nil, err
		}
		var out *SignedIn
		out, token, err = s.enter(tx, c, i)
		return out, err
	})
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}

// mayFinish finds the link of the token and says whether it may be used by this browser and now.
func mayFinish(tx store.ReadTx, c op.Call, token string) (link, error) {
	l, ok := follow(tx, token, toRecover, toRecoverAll)
	if !ok {
		return link{}, ErrLink
	}
	if l.Purpose == toRecover {
		if string(errandRecovery.of(c)) != string(l.Browser) {
			return link{}, ErrRecoverElsewhere
		}
		return l, nil
	}
	r, ok := recoveries.Get(tx, store.K(l.Identity, l.Recovery))
	switch r = r.at(tx.Now()); {
	case !ok || !r.open():
		return link{}, ErrLink
	case r.State != RecoveryReady:
		return link{}, ErrRecoveryWaits.With("until", r.ReadyAt)
	}
	return l, nil
}
