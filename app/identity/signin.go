package identity

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
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
	Methods     []string    `json:"methods,omitempty" maxItems:"8" doc:"Ways to give it, best first: passkey, totp. A recovery code always works."`
}

type secondInput struct {
	Body struct {
		TOTP         string          `json:"totp,omitempty" pattern:"^[0-9]{6}$" maxLength:"6"`
		RecoveryCode string          `json:"recovery_code,omitempty" maxLength:"64"`
		Passkey      json.RawMessage `json:"passkey,omitempty" doc:"The browser's answer to what session.passkey_begin gave."`
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
	Challenge string          `json:"challenge"`
	Methods   []string        `json:"methods" maxItems:"8" doc:"Ways to prove who is there, best first: passkey, totp, password."`
	Options   json.RawMessage `json:"options,omitempty" doc:"Where a passkey is a way: for PublicKeyCredential.parseRequestOptionsFromJSON. Its challenge is SHA-256 over 32 random bytes and the canonical JSON of for, object, its version and body."`
}

type stepUpInput struct {
	Body struct {
		TOTP     string          `json:"totp,omitempty" pattern:"^[0-9]{6}$" maxLength:"6"`
		Passkey  json.RawMessage `json:"passkey,omitempty" doc:"The browser's answer to the options of session.step_up_begin. It is for what was said there."`
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
			Example(map[string]any{"email": "mira@halden.example", "password": "forty warm jackets"}, SignedIn{MFARequired: true, Methods: []string{"passkey", "totp"}}).
			Costs(op.SignIn).NoDryRun("it counts guesses").Audits("session.began", "session.refused").Fails(ErrSignIn, ErrSignOnForced, ErrTooManyTries).
			Hidden("only a person signs in").Public("this is how one signs in"),
		op.New("session.mfa", op.POST("/session/mfa"), s.second).
			Says("Give the second factor", "Ends signing in with a passkey, a code of the authenticator app or a recovery code.").
			Example(map[string]any{"totp": "123456"}, exampleMe).
			Costs(op.SignIn).NoDryRun("it counts guesses").Audits("session.began", "session.refused", "passkey.regressed").Body(passkeyBody).
			Fails(ErrNoSignIn, ErrSecondFactor, ErrPasskey, ErrPasskeyAddress, ErrStepUsed, ErrTooManyTries).
			Hidden("only a person signs in").Public("the session isn't anybody's before"),
		op.New("session.read", op.GET("/session"), s.read).
			Says("Who am I?", "The signed-in identity, its organizations, workspaces and what it may do there.").Example(nil, exampleMe).
			By(access.Session, access.APIKey).ThroughSignOn().Needs(access.Own),
		op.New("session.end", op.DELETE("/session"), s.signOut).
			Says("Sign out", "Ends this session.").By(access.Session).ThroughSignOn().Audits("session.ended").Hidden("only a person signs out").Needs(access.Own),
		op.New("session.step_up_begin", op.POST("/session/step-up/begin"), s.stepUpBegin).
			Says("Begin to confirm who you are", "Tells which ways there are to prove it for the operation, and gives the browser what a passkey signs.").
			Example(map[string]any{"for": "members.update"}, Challenge{Methods: []string{"passkey", "totp"}, Options: json.RawMessage(`{"challenge":"q83v…","rpId":"posts.example.org","userVerification":"required"}`)}).
			Fails(ErrStepUpBody).NoDryRun("the challenge would be of no use").Unaudited("a challenge alone changes nothing").By(access.Session).ThroughSignOn().Hidden("only a person proves it").Needs(access.Own),
		op.New("session.step_up", op.POST("/session/step-up"), s.stepUp).
			Says("Confirm who you are", "A fresh second factor, or the password where no factor is set up. Good for five minutes; given for one operation and object, it is good for that once.").
			Example(map[string]any{"totp": "123456"}, Until{}).
			Costs(op.SignIn).By(access.Session).NoDryRun("it counts guesses").Audits("session.confirmed", "session.refused", "passkey.regressed").Body(passkeyBody).
			Fails(ErrSecondFactor, ErrPasskey, ErrPasskeyAddress, ErrFactorTooNew, ErrStepUpBody, ErrStepUsed, ErrNoFactor, ErrTooManyTries, ErrPasswordWrong).Signed().ThroughSignOn().Hidden("only a person proves it").Needs(access.Own),
	}
}

// signIn takes as long for an unknown address as for a known one, and says the same.
func (s *Identities) signIn(ctx context.Context, c op.Call, in *signInInput) (*SignedIn, error) {
	email := normalEmail(in.Body.Email)
	var who Identity
	var known bool
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		who, known = byEmail(tx, email)
		return mayGuess(tx, email, c.From.Prefix)
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
		return nil, s.refuse(ctx, c, email)
	}
	rehashed := ""
	if weak {
		rehashed = s.hasher.Hash(in.Body.Password)
	}
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*SignedIn, error) {
		if err := mayGuess(tx, email, c.From.Prefix); err != nil { // closed while this one was looked at
			return nil, err
		}
		right(tx, "password", email)
		if i, ok := Get(tx, who.ID); ok && rehashed != "" && i.Password == who.Password {
			i.Password = rehashed
			identities.Put(tx, i)
		}
		var out *SignedIn
		var err error
		out, token, err = s.enter(tx, c, who)
		return out, err
	})
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}

// enter begins a session after the password: in full, or waiting for the second factor where there is one. The session
// that the browser held before ends.
func (s *Identities) enter(tx store.Tx, c op.Call, i Identity) (*SignedIn, string, error) {
	if err := s.refusedByAll(tx, i); err != nil {
		return nil, "", err
	}
	leave(tx, c)
	sess, token := begin(tx, i.ID, c.From.Agent, c.From.Prefix)
	if sess.Waiting = HasFactor(tx, i.ID); sess.Waiting {
		sessions.Put(tx, sess)
		op.Unrecorded(c)
		return &SignedIn{MFARequired: true, Methods: s.methods(tx, i.ID, ref.Organization{})}, token, nil
	}
	out := &SignedIn{}
	me, err := s.arrive(tx, c, sess)
	if err == nil && len(me.Organizations) > 0 {
		out.Member = &me.Organizations[0].Member
	}
	return out, token, err
}

// leave ends the session that the browser held.
func leave(tx store.Tx, c op.Call) {
	if old, ok := byToken(tx, c.SessionToken); ok {
		sessions.Delete(tx, store.K(old.Identity, old.ID))
	}
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
	byPasskey := len(in.Body.Passkey) > 0
	var sess Session
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		var ok bool
		if sess, ok = byToken(tx, c.SessionToken); !ok || sess.over(tx.Now(), true) {
			return ErrNoSignIn
		}
		if byPasskey {
			return nil
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
		method := "passkey"
		if byPasskey {
			if p, _, err := s.proven(tx, forSignIn, errandPasskey.of(c), in.Body.Passkey); err != nil {
				return nil, err
			} else if p.Identity != now.Identity {
				return nil, ErrPasskey
			}
		} else if err := mayTry(tx, "factor", now.Identity.String()); err != nil {
			return nil, err
		} else if method, err = s.prove(tx, now.Identity, in.Body.TOTP, in.Body.RecoveryCode); err != nil {
			return nil, err
		} else {
			right(tx, "factor", now.Identity.String())
		}
		now.Waiting, now.MFA, now.Method = false, tx.Now(), method
		now.came(method)
		now, token = rotate(tx, now)
		return s.arrive(tx, c, now)
	})
	switch {
	case errors.Is(err, ErrSecondFactor):
		return nil, s.refused(ctx, c, sess.Identity, func(tx store.Tx) { wrong(tx, "factor", sess.Identity.String(), guessesOfOne) }, err)
	case err != nil:
		return nil, s.refusedPasskey(ctx, c, sess.Identity, in.Body.Passkey, errandPasskey.of(c), err)
	}
	c.SetCookie(cookie(token, c.Secure))
	return out, nil
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
