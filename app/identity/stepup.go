package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// ErrStepUpBody is the error of a body that no proof can be tied to.
var ErrStepUpBody = fail.Invalid("step_up_body", "A proof can't be tied to this body: send the one that the operation gets, with whole numbers only.")

// settledOnly are the operations for which a factor that was added a moment ago doesn't count.
var settledOnly = []string{"grants.approve"}

func (s *Identities) stepUpBegin(ctx context.Context, c op.Call, in *stepUpBegin) (*Challenge, error) {
	b := in.Body
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*Challenge, error) {
		about, err := s.binding(tx, b.For, b.Object, b.Body)
		if err != nil {
			return nil, ErrStepUpBody.Because(err).At("/body", "whole numbers only")
		}
		challenge := challenged(about)
		out := &Challenge{Challenge: base64.RawURLEncoding.EncodeToString(challenge), Methods: c.Actor.Methods}
		if len(c.Actor.Methods) == 0 && !c.Actor.SecondFactor {
			out.Methods = []string{"password"}
		}
		if !slices.Contains(out.Methods, "passkey") {
			return out, nil
		}
		hash, err := s.bindingHash(tx, b.For, b.Object, b.Body)
		if err != nil {
			return nil, err
		}
		open(tx, ceremony{Challenge: challenge, Purpose: forStepUp, Holder: c.Actor.Session[:], For: b.For, Object: b.Object, Binding: hash})
		out.Options, err = s.ask(tx, challenge, c.Actor.Identity)
		return out, err
	})
}

// stepUp takes a fresh proof of who is there. A passkey's is for what the ceremony said, another factor's for what this
// request says; the password's is for nothing in particular.
func (s *Identities) stepUp(ctx context.Context, c op.Call, in *stepUpInput) (*Until, error) {
	b := in.Body
	byPasskey, byTOTP := len(b.Passkey) > 0, len(b.Passkey) == 0 && b.TOTP != ""
	var who Identity
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		who, _ = Get(tx, c.Actor.Identity)
		if byPasskey {
			return nil
		}
		return mayTry(tx, "factor", who.ID.String())
	})
	if err != nil {
		return nil, err
	}
	wrongTry := func(tx store.Tx) { wrong(tx, "factor", who.ID.String(), guessesOfOne) }
	if !byPasskey && !byTOTP {
		if c.Actor.SecondFactor || !c.Actor.Through.Zero() {
			return nil, ErrSecondFactor.At("/totp", "give a code of your authenticator app, or use a passkey")
		}
		if fits, _ := s.hasher.Fits(b.Password, who.Password); !fits {
			return nil, s.refused(ctx, c, who.ID, wrongTry, ErrPasswordWrong.At("/password", "give your current password"))
		}
	}
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Until, error) {
		sess, ok := sessions.Get(tx, store.K(who.ID, c.Actor.Session))
		if !ok {
			return nil, ErrNoSignIn
		}
		now := tx.Now()
		var given bound
		var countsAt time.Time
		var err error
		switch {
		case byPasskey:
			given, countsAt, err = s.stepUpByPasskey(tx, sess, in)
			sess.MFA, sess.Method = now, "passkey"
		case byTOTP:
			given, countsAt, err = s.stepUpByTOTP(tx, who.ID, in)
			sess.MFA, sess.Method = now, "totp"
		default:
			sess.Password = now
		}
		if err == nil && !byPasskey {
			err = mayTry(tx, "factor", who.ID.String())
		}
		if err != nil {
			return nil, err
		}
		if slices.Contains(settledOnly, given.For) && now.Before(countsAt) {
			return nil, ErrFactorTooNew.With("counts_at", countsAt)
		}
		if !byPasskey {
			right(tx, "factor", who.ID.String())
		}
		if given.For != "" {
			given.At = now
			sess.Bound = append(fresh(sess.Bound, now), given)
		}
		_, token = rotate(tx, sess)
		record(tx, c, "session.confirmed", who.ID, audit.OK, op.Act{})
		return &Until{Until: now.Add(stepUpLife)}, nil
	})
	switch {
	case errors.Is(err, ErrSecondFactor):
		return nil, s.refused(ctx, c, who.ID, wrongTry, err)
	case err != nil:
		return nil, s.refusedPasskey(ctx, c, who.ID, b.Passkey, c.Actor.Session[:], err)
	}
	c.SetCookie(cookie(token, c.Secure))
	return out, nil
}

func (s *Identities) stepUpByPasskey(tx store.Tx, sess Session, in *stepUpInput) (bound, time.Time, error) {
	b := in.Body
	p, c, err := s.proven(tx, forStepUp, sess.ID[:], b.Passkey)
	switch {
	case err != nil:
		return bound{}, time.Time{}, err
	case p.Identity != sess.Identity, b.For != "" && b.For != c.For, b.Object != "" && b.Object != c.Object:
		return bound{}, time.Time{}, ErrPasskey
	}
	return bound{For: c.For, Object: c.Object, Body: c.Binding}, p.CountsAt, nil
}

func (s *Identities) stepUpByTOTP(tx store.Tx, who ref.Identity, in *stepUpInput) (bound, time.Time, error) {
	b := in.Body
	f, ok := confirmed(tx, who)
	if !ok {
		return bound{}, time.Time{}, ErrNoFactor
	}
	if err := s.checkTOTP(tx, f, b.TOTP); err != nil {
		return bound{}, time.Time{}, err
	}
	hash, err := s.bindingHash(tx, b.For, b.Object, b.Body)
	if err != nil {
		return bound{}, time.Time{}, ErrStepUpBody.Because(err).At("/body", "whole numbers only")
	}
	return bound{For: b.For, Object: b.Object, Body: hash}, f.CountsAt, nil
}

// fresh leaves out the proofs that are too old to count.
func fresh(list []bound, now time.Time) []bound {
	var out []bound
	for _, b := range list {
		if now.Sub(b.At) <= stepUpLife {
			out = append(out, b)
		}
	}
	return out
}
