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
	RecoveryCodes []string `json:"recovery_codes,omitempty" maxItems:"10" doc:"Each works once instead of the factor. Absent where another factor brought them before."`
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
			Says("Confirm the authenticator app", "A code of the app turns it on and ends all other sessions. The first factor brings recovery codes; one beside another counts for support access after an hour.").
			Example(map[string]any{"code": "123456"}, RecoveryCodes{RecoveryCodes: []string{"01234-56789-abcde-f0123"}}).
			By(access.Session).Costs(op.SignIn).FreshOrPassword(factorFresh).ShowsSecret().NoDryRun("it counts guesses").Audits("factor.added").
			Fails(ErrNoEnrolment, ErrSecondFactor, ErrStepUsed, ErrTooManyTries).Hidden("only a person has factors").Needs(access.Own),
		op.New("totp.remove", op.DELETE("/me/totp"), s.removeTOTP).
			Says("Remove the authenticator app", "Signing in needs a passkey or, where there is none, the password alone then. Ends all other sessions.").
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
		sess, ok := sessions.Get(tx, store.K(who, c.Actor.Session))
		if !ok {
			return nil, ErrNoSignIn
		}
		out := &RecoveryCodes{}
		f.Confirmed, f.CountsAt = true, tx.Now()
		if HasFactor(tx, who) {
			f.CountsAt = f.CountsAt.Add(factorSettles)
		} else {
			out.RecoveryCodes = renewCodes(tx, who)
			sess.MFA, sess.Method = tx.Now(), "totp"
		}
		factors.Put(tx, f)
		var err error
		token, err = s.factorChanged(tx, c, sess, "totp_added", "factor.added")
		return out, err
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
		sess, ok := sessions.Get(tx, store.K(who, c.Actor.Session))
		if !ok {
			return nil, ErrNoSignIn
		}
		withoutLast(tx, &sess)
		var err error
		token, err = s.factorChanged(tx, c, sess, "totp_removed", "factor.removed")
		return &op.None{}, err
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
