package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

type signInInput struct {
	Body struct {
		Email    string `json:"email" minLength:"3" maxLength:"254"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

// SignedIn is the answer of session.begin.
type SignedIn struct {
	Member      *ref.Member `json:"member,omitempty" doc:"The first membership, when signed in."`
	MFARequired bool        `json:"mfa_required" doc:"The second factor is asked next, by session.mfa."`
}

type secondInput struct {
	Body struct {
		TOTP         string `json:"totp,omitempty" pattern:"^[0-9]{6}$" maxLength:"6"`
		RecoveryCode string `json:"recovery_code,omitempty" maxLength:"64"`
	}
}

type stepUpBegin struct {
	Body struct {
		For    string          `json:"for,omitempty" maxLength:"64" doc:"The operation that the proof is for."`
		Object string          `json:"object,omitempty" maxLength:"64" doc:"The id of the thing it is done to."`
		Body   json.RawMessage `json:"body,omitempty" doc:"What will be sent to the operation."`
	}
}

// Challenge is the answer of session.step_up_begin.
type Challenge struct {
	Challenge string   `json:"challenge"`
	Methods   []string `json:"methods" maxItems:"8" doc:"Ways to prove who is there, best first."`
}

type stepUpInput struct {
	Body struct {
		TOTP     string          `json:"totp,omitempty" pattern:"^[0-9]{6}$" maxLength:"6"`
		Password string          `json:"password,omitempty" maxLength:"256"`
		For      string          `json:"for,omitempty" maxLength:"64"`
		Object   string          `json:"object,omitempty" maxLength:"64"`
		Body     json.RawMessage `json:"body,omitempty"`
	}
}

// Until says how long a proof counts.
type Until struct {
	Until time.Time `json:"until"`
}

func (s *Identities) sessionOperations() []op.Operation {
	return []op.Operation{
		op.New("session.begin", op.POST("/session"), s.signIn).
			Says("Sign in", "Checks e-mail and password. Sets the session cookie; with a second factor the session waits for session.mfa.").
			Example(map[string]any{"email": "mira@halden.example", "password": "forty warm jackets"}, SignedIn{MFARequired: true}).
			Costs(op.SignIn).NoDryRun("it counts guesses").Audits("session.began", "session.refused").Fails(ErrSignIn, ErrTooManyTries).
			Hidden("only a person signs in").Public("this is how one signs in"),
		op.New("session.mfa", op.POST("/session/mfa"), s.second).
			Says("Give the second factor", "Ends signing in with a code of the authenticator app or a recovery code.").
			Example(map[string]any{"totp": "123456"}, exampleMe).
			Costs(op.SignIn).NoDryRun("it counts guesses").Audits("session.began", "session.refused").Fails(ErrNoSignIn, ErrSecondFactor, ErrStepUsed, ErrTooManyTries).
			Hidden("only a person signs in").Public("the session isn't anybody's before"),
		op.New("session.read", op.GET("/session"), s.read).
			Says("Who am I?", "The signed-in identity, its organizations, workspaces and what it may do there.").Example(nil, exampleMe).
			By(access.Session, access.APIKey).Needs(access.Own),
		op.New("session.end", op.DELETE("/session"), s.signOut).
			Says("Sign out", "Ends this session.").By(access.Session).Audits("session.ended").Hidden("only a person signs out").Needs(access.Own),
		op.New("session.step_up_begin", op.POST("/session/step-up/begin"), s.stepUpBegin).
			Says("Begin to confirm who you are", "Tells which ways there are to prove it for the operation.").
			Example(map[string]any{"for": "members.update"}, Challenge{Methods: []string{"totp"}}).
			ChangesNothing().By(access.Session).Hidden("only a person proves it").Needs(access.Own),
		op.New("session.step_up", op.POST("/session/step-up"), s.stepUp).
			Says("Confirm who you are", "A fresh second factor, or the password where no factor is set up. Good for five minutes.").
			Example(map[string]any{"totp": "123456"}, Until{}).
			Costs(op.SignIn).By(access.Session).NoDryRun("it counts guesses").Audits("session.confirmed", "session.refused").
			Fails(ErrSecondFactor, ErrStepUsed, ErrNoFactor, ErrTooManyTries, ErrPasswordWrong).Hidden("only a person proves it").Needs(access.Own),
	}
}

// signIn takes as long for an unknown address as for a known one, and says the same.
func (s *Identities) signIn(ctx context.Context, c op.Call, in *signInInput) (*SignedIn, error) {
	email := normalEmail(in.Body.Email)
	var who Identity
	var known bool
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		who, known = byEmail(tx, email)
		if err := mayTry(tx, "network", c.From.Prefix); err != nil {
			return err
		}
		return mayTry(tx, "password", email)
	})
	if err != nil {
		return nil, err
	}
	fits, weak := false, false
	if known && who.Password != "" {
		fits, weak = s.hasher.Fits(in.Body.Password, who.Password)
	} else {
		s.hasher.Waste(in.Body.Password)
	}
	if !fits {
		return nil, s.refused(ctx, c, who.ID, func(tx store.Tx) {
			wrong(tx, "password", email, guessesOfOne)
			wrong(tx, "network", c.From.Prefix, guessesOfMany)
		}, ErrSignIn)
	}
	rehashed := ""
	if weak {
		rehashed = s.hasher.Hash(in.Body.Password)
	}
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*SignedIn, error) {
		right(tx, "password", email)
		if i, ok := Get(tx, who.ID); ok && rehashed != "" && i.Password == who.Password {
			i.Password = rehashed
			identities.Put(tx, i)
		}
		var sess Session
		sess, token = begin(tx, who.ID, c.From.Agent, c.From.Prefix)
		if sess.Waiting = HasFactor(tx, who.ID); sess.Waiting {
			sessions.Put(tx, sess)
			op.Unrecorded(c)
			return &SignedIn{MFARequired: true}, nil
		}
		record(tx, c, "session.began", who.ID, audit.OK, op.Act{})
		out := &SignedIn{}
		if a, ok := actorOf(tx, sess); ok && len(a.Memberships) > 0 {
			out.Member = &a.Memberships[0].Member
		}
		return out, nil
	})
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}

// refused counts a wrong try and records it; the answer is always err.
func (s *Identities) refused(ctx context.Context, c op.Call, who ref.Identity, count func(store.Tx), err error) error {
	werr := s.DB.Update(ctx, func(tx store.Tx) error {
		count(tx)
		if !who.Zero() {
			record(tx, c, "session.refused", who, audit.Denied, op.Act{})
		}
		return nil
	})
	return errors.Join(err, werr)
}

func (s *Identities) second(ctx context.Context, c op.Call, in *secondInput) (*Me, error) {
	var sess Session
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		var ok bool
		if sess, ok = byToken(tx, c.SessionToken); !ok || sess.over(tx.Now(), true) {
			return ErrNoSignIn
		}
		return mayTry(tx, "factor", sess.Identity.String())
	})
	if err != nil {
		return nil, err
	}
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Me, error) {
		now, ok := sessions.Get(tx, store.K(sess.Identity, sess.ID))
		if !ok {
			return nil, ErrNoSignIn
		}
		method, err := s.prove(tx, now.Identity, in.Body.TOTP, in.Body.RecoveryCode)
		if err != nil {
			return nil, err
		}
		right(tx, "factor", now.Identity.String())
		now.Waiting, now.MFA, now.Method = false, tx.Now(), method
		now, token = rotate(tx, now)
		a, ok := actorOf(tx, now)
		if !ok {
			return nil, ErrNoSignIn
		}
		c.Actor, c.Via = a, "session"
		record(tx, c, "session.began", now.Identity, audit.OK, op.Act{})
		return s.me(tx, a)
	})
	if errors.Is(err, ErrSecondFactor) {
		return nil, s.refused(ctx, c, sess.Identity, func(tx store.Tx) { wrong(tx, "factor", sess.Identity.String(), guessesOfOne) }, err)
	}
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}

// prove checks a TOTP code or a recovery code and says which it was.
func (s *Identities) prove(tx store.Tx, id ref.Identity, code, recoveryCode string) (string, error) {
	if code == "" && recoveryCode != "" {
		if useCode(tx, id, recoveryCode) {
			return "recovery_code", nil
		}
		return "", ErrSecondFactor
	}
	f, ok := confirmed(tx, id)
	if !ok {
		return "", ErrNoFactor
	}
	return "totp", s.checkTOTP(tx, f, code)
}

func (s *Identities) read(ctx context.Context, c op.Call, _ *op.None) (*Me, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*Me, error) { return s.me(tx, c.Actor) })
}

func (s *Identities) signOut(ctx context.Context, c op.Call, _ *op.None) (*op.None, error) {
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		sessions.Delete(tx, store.K(c.Actor.Identity, c.Actor.Session))
		record(tx, c, "session.ended", c.Actor.Identity, audit.OK, op.Act{})
		return &op.None{}, nil
	})
	if err == nil {
		c.SetCookie(cookie("", c.Secure))
	}
	return out, err
}

func (s *Identities) stepUpBegin(_ context.Context, c op.Call, _ *stepUpBegin) (*Challenge, error) {
	out := &Challenge{Challenge: base64.RawURLEncoding.EncodeToString(random.Bytes(32)), Methods: []string{"password"}}
	if c.Actor.SecondFactor {
		out.Methods = []string{"totp"}
	}
	return out, nil
}

func (s *Identities) stepUp(ctx context.Context, c op.Call, in *stepUpInput) (*Until, error) {
	b := in.Body
	var who Identity
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		who, _ = Get(tx, c.Actor.Identity)
		return mayTry(tx, "factor", who.ID.String())
	})
	if err != nil {
		return nil, err
	}
	if b.TOTP == "" {
		if c.Actor.SecondFactor {
			return nil, ErrSecondFactor.At("/totp", "give the code of your authenticator app")
		}
		if fits, _ := s.hasher.Fits(b.Password, who.Password); !fits {
			return nil, s.refused(ctx, c, who.ID, func(tx store.Tx) { wrong(tx, "factor", who.ID.String(), guessesOfOne) }, ErrPasswordWrong.At("/password", "give your current password"))
		}
	}
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Until, error) {
		sess, ok := sessions.Get(tx, store.K(c.Actor.Identity, c.Actor.Session))
		if !ok {
			return nil, ErrNoSignIn
		}
		now := tx.Now()
		if b.TOTP != "" {
			method, err := s.prove(tx, who.ID, b.TOTP, "")
			if err != nil {
				return nil, err
			}
			sess.MFA, sess.Method = now, method
		} else {
			sess.Password = now
		}
		right(tx, "factor", who.ID.String())
		if b.For != "" && b.TOTP != "" {
			sum := sha256.Sum256(b.Body)
			sess.Bound = append(fresh(sess.Bound, now), bound{For: b.For, Object: b.Object, Body: sum[:], At: now})
		}
		_, token = rotate(tx, sess)
		record(tx, c, "session.confirmed", who.ID, audit.OK, op.Act{})
		return &Until{Until: now.Add(stepUpLife)}, nil
	})
	if errors.Is(err, ErrSecondFactor) {
		return nil, s.refused(ctx, c, who.ID, func(tx store.Tx) { wrong(tx, "factor", who.ID.String(), guessesOfOne) }, err)
	}
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}

func fresh(list []bound, now time.Time) []bound {
	var out []bound
	for _, b := range list {
		if now.Sub(b.At) <= stepUpLife {
			out = append(out, b)
		}
	}
	return out
}
