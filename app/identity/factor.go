package identity

import (
	"context"
	"errors"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/store"
)

// Enrolment is a new TOTP secret; it is shown once.
type Enrolment struct {
	Secret string `json:"secret" doc:"Base32, to type into the app."`
	URI    string `json:"uri" doc:"For a QR code."`
}

// RecoveryCodes are shown once.
type RecoveryCodes struct {
	RecoveryCodes []string `json:"recovery_codes" maxItems:"10" doc:"Each works once instead of the app."`
}

type confirmInput struct {
	Body struct {
		Code string `json:"code" pattern:"^[0-9]{6}$" maxLength:"6"`
	}
}

const factorFresh = 15 * time.Minute

func (s *Identities) factorOperations() []op.Operation {
	return []op.Operation{
		op.New("totp.enrol", op.POST("/me/totp"), s.enrolTOTP).
			Says("Set up an authenticator app", "Answers a secret for the app. It counts after totp.confirm.").
			Example(nil, Enrolment{Secret: "JBSWY3DPEHPK3PXP", URI: "otpauth://totp/Omni%20Posto:mira@halden.example"}).
			By(access.Session).FreshOrPassword(factorFresh).ShowsSecret().NoDryRun("the secret would be of no use").Audits("factor.begun").
			Fails(ErrFactorThere).Hidden("only a person has factors").Needs(access.Own),
		op.New("totp.confirm", op.POST("/me/totp/confirm"), s.confirmTOTP).
			Says("Confirm the authenticator app", "A code of the app turns it on, answers the recovery codes and ends all other sessions.").
			Example(map[string]any{"code": "123456"}, RecoveryCodes{RecoveryCodes: []string{"01234-56789-abcde-f0123"}}).
			By(access.Session).Costs(op.SignIn).FreshOrPassword(factorFresh).ShowsSecret().NoDryRun("it counts guesses").Audits("factor.added").
			Fails(ErrNoEnrolment, ErrSecondFactor, ErrStepUsed, ErrTooManyTries).Hidden("only a person has factors").Needs(access.Own),
		op.New("totp.remove", op.DELETE("/me/totp"), s.removeTOTP).
			Says("Remove the authenticator app", "Signing in needs the password alone then. Ends all other sessions.").
			By(access.Session).Fresh(stepUpLife).Audits("factor.removed").Fails(ErrNoFactor).Hidden("only a person has factors").Needs(access.Own),
		op.New("recovery_codes.renew", op.POST("/me/recovery-codes"), s.renew).
			Says("Make new recovery codes", "The old ones stop working.").Example(nil, RecoveryCodes{RecoveryCodes: []string{"01234-56789-abcde-f0123"}}).
			By(access.Session).Fresh(stepUpLife).ShowsSecret().NoDryRun("the codes would be of no use").Audits("factor.codes_renewed").
			Fails(ErrNoFactor).Hidden("only a person has factors").Needs(access.Own),
	}
}

func (s *Identities) enrolTOTP(ctx context.Context, c op.Call, _ *op.None) (*Enrolment, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*Enrolment, error) {
		key, err := s.enrol(tx, c.Actor.Identity)
		if err != nil {
			return nil, err
		}
		i, _ := Get(tx, c.Actor.Identity)
		record(tx, c, "factor.begun", i.ID, audit.OK, op.Act{})
		return &Enrolment{Secret: key, URI: totpURI(key, i.Email)}, nil
	})
}

// confirmTOTP counts as fresh proof of who is there.
func (s *Identities) confirmTOTP(ctx context.Context, c op.Call, in *confirmInput) (*RecoveryCodes, error) {
	who := c.Actor.Identity
	if err := s.DB.View(ctx, func(tx store.ReadTx) error { return mayTry(tx, "factor", who.String()) }); err != nil {
		return nil, err
	}
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*RecoveryCodes, error) {
		var f Factor
		for _, found := range factors.All(tx, store.Range{Prefix: store.K(who)}) {
			if !found.Confirmed {
				f = found
			}
		}
		if f.ID.Zero() {
			return nil, ErrNoEnrolment
		}
		if err := s.checkTOTP(tx, f, in.Body.Code); err != nil {
			return nil, err
		}
		f, _ = factors.Get(tx, store.K(who, f.ID))
		f.Confirmed, f.CountsAt = true, tx.Now()
		factors.Put(tx, f)
		sess, ok := sessions.Get(tx, store.K(who, c.Actor.Session))
		if !ok {
			return nil, ErrNoSignIn
		}
		endOthers(tx, who, sess.ID)
		sess.MFA, sess.Method = tx.Now(), "totp"
		_, token = rotate(tx, sess)
		record(tx, c, "factor.added", who, audit.OK, op.Act{})
		return &RecoveryCodes{RecoveryCodes: renewCodes(tx, who)}, nil
	})
	if errors.Is(err, ErrSecondFactor) {
		return nil, s.refused(ctx, c, who, func(tx store.Tx) { wrong(tx, "factor", who.String(), guessesOfOne) }, err)
	}
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}

func (s *Identities) removeTOTP(ctx context.Context, c op.Call, _ *op.None) (*op.None, error) {
	var token string
	who := c.Actor.Identity
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		f, ok := confirmed(tx, who)
		if !ok {
			return nil, ErrNoFactor
		}
		factors.Delete(tx, store.K(who, f.ID))
		recovery.Delete(tx, store.K(who))
		sess, ok := sessions.Get(tx, store.K(who, c.Actor.Session))
		if !ok {
			return nil, ErrNoSignIn
		}
		endOthers(tx, who, sess.ID)
		sess.MFA, sess.Method = time.Time{}, ""
		_, token = rotate(tx, sess)
		record(tx, c, "factor.removed", who, audit.OK, op.Act{})
		return &op.None{}, nil
	})
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}

func (s *Identities) renew(ctx context.Context, c op.Call, _ *op.None) (*RecoveryCodes, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*RecoveryCodes, error) {
		if !HasFactor(tx, c.Actor.Identity) {
			return nil, ErrNoFactor
		}
		record(tx, c, "factor.codes_renewed", c.Actor.Identity, audit.OK, op.Act{})
		return &RecoveryCodes{RecoveryCodes: renewCodes(tx, c.Actor.Identity)}, nil
	})
}
