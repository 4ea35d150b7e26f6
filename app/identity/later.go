package identity

import (
	"context"
	"errors"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// What follows from a wrong password or a request for a new one is done after the answer: the request itself does the
// same for an address that is known and for one that isn't, so that neither words nor time tell which it was.

// refusal is a wrong password that isn't in the audit logs yet.
type refusal struct {
	ID     ref.Request `cbor:"1,keyasint"`
	Email  string      `cbor:"2,keyasint"`
	Prefix string      `cbor:"3,keyasint,omitempty"`
	Agent  string      `cbor:"4,keyasint,omitempty"`
	At     time.Time   `cbor:"5,keyasint"`
}

var refusals = store.Table[refusal]{Name: "sign_in_refusal", Version: 1, Holds: store.PersonalData,
	Key: func(r refusal) store.Key { return store.K(r.ID) }}

const (
	laterAtATime = 50 // of each in one transaction
	// laterAfter is how long the answer has to be on its way: work that begins at once would still slow it down, and so
	// tell what it is. It is real time, because what runs beside what is, whatever the product's clock shows.
	laterAfter = 50 * time.Millisecond
)

// refuse counts a wrong password. The answer is always ErrSignIn.
func (s *Identities) refuse(ctx context.Context, c op.Call, email string) error {
	err := s.DB.Update(ctx, func(tx store.Tx) error {
		wrongPassword(tx, email, c.From.Prefix)
		refusals.Put(tx, refusal{ID: c.Request, Email: email, Prefix: c.From.Prefix, Agent: c.From.Agent, At: tx.Now()})
		return nil
	})
	s.wake()
	return errors.Join(ErrSignIn, err)
}

// wake tells Run that there is something to do.
func (s *Identities) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Run does what was left for after the answer, until ctx ends.
func (s *Identities) Run(ctx context.Context) {
	for {
		if err := s.doLater(ctx); err != nil && ctx.Err() == nil {
			s.Log.Warn("recovery letters and records of refused sign-ins wait", "error", err.Error())
		}
		select {
		case <-s.woken:
		case <-ctx.Done():
			return
		}
		if clock.Wait(ctx, clock.System(), laterAfter+time.Duration(random.Below(int64(laterAfter)))) != nil {
			return
		}
	}
}

func (s *Identities) doLater(ctx context.Context) error {
	for more := true; more; {
		var none bool
		err := s.DB.View(ctx, func(tx store.ReadTx) error {
			none = len(some(tx, &refusals)) == 0 && len(some(tx, &pleas)) == 0
			return nil
		})
		if err != nil || none {
			return err
		}
		err = s.DB.Update(ctx, func(tx store.Tx) error {
			refused, asked := some(tx, &refusals), some(tx, &pleas)
			more = len(refused) == laterAtATime || len(asked) == laterAtATime
			for _, r := range refused {
				refusals.Delete(tx, store.K(r.ID))
				r.record(tx)
			}
			for _, p := range asked {
				pleas.Delete(tx, store.K(p.ID))
				if err := s.answerPlea(tx, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		s.Mail.Poke()
	}
	return nil
}

func some[T any](tx store.ReadTx, t *store.Table[T]) []T {
	var out []T
	for _, v := range t.All(tx, store.Range{}) {
		if out = append(out, v); len(out) == laterAtATime {
			break
		}
	}
	return out
}

// record writes the refusal into the instance's log and, where the address is somebody's, into those of their organizations.
func (r refusal) record(tx store.Tx) {
	i, _ := byEmail(tx, r.Email)
	e := audit.Event{Action: "session.refused", Actor: audit.Actor{Kind: "guest"}, On: audit.Thing{Kind: "identity", ID: i.ID.String()}, Result: audit.Denied,
		From: audit.From{Request: r.ID.String(), Prefix: r.Prefix, Agent: r.Agent}}
	audit.Append(tx, ref.Organization{}, e)
	for _, m := range organization.MembershipsOf(tx, i.ID) {
		audit.Append(tx, m.Organization, e)
	}
}
