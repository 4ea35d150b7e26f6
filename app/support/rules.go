package support

import (
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// The rules that end a grant without anybody's click.
const (
	RuleOff      = "support_off"     // the organization turned support off
	RuleStaff    = "staff_inactive"  // the staff person was stopped
	RuleApprover = "approver_left"   // somebody whose yes it rests on can't give it any more
	RuleRestored = "backup_restored" // an older store came back
	RuleDeleted  = "organization_deleted"
	limitRecords = "record_limit" // so much was read that a new request is due
)

// StaffStopped ends the grants and requests of a staff person in the transaction that stops them.
func (s *Support) StaffStopped(tx store.Tx, who ref.Identity) error {
	var list []Grant
	for _, g := range grants.By(tx, "staff", store.Range{Prefix: store.K(who)}) {
		if !g.State.Final() {
			list = append(list, g)
		}
	}
	return s.endThose(tx, list, RuleStaff)
}

// RoleChanged ends what rests on somebody's yes in the transaction that takes their role.
func (s *Support) RoleChanged(tx store.Tx, o ref.Organization) error {
	var list []Grant
	for _, g := range grants.All(tx, store.Range{Prefix: store.K(o)}) {
		if !g.State.Final() && len(g.Approvals) > 0 && !s.approversStand(tx, g) {
			list = append(list, g)
		}
	}
	return s.endThose(tx, list, RuleApprover)
}

// EndAll ends every request and grant of the organization.
func (s *Support) EndAll(tx store.Tx, o ref.Organization, because string) error {
	var list []Grant
	for _, g := range grants.All(tx, store.Range{Prefix: store.K(o)}) {
		if !g.State.Final() {
			list = append(list, g)
		}
	}
	return s.endThose(tx, list, because)
}

func (s *Support) endThose(tx store.Tx, list []Grant, because string) error {
	for _, g := range list {
		if err := s.byRule(tx, g, Deed{Act: Rule, Because: because}); err != nil {
			return err
		}
	}
	return nil
}

// actions of what the product itself does to a grant.
var actionOf = map[State]audit.Action{Lapsed: "grant.lapsed", Expired: "grant.expired", Withdrawn: "grant.withdrawn", Cancelled: "grant.cancelled", Closed: "grant.closed"}

// byRule writes a step of the product itself. A grant that the clock ended already is written as ended by the clock.
func (s *Support) byRule(tx store.Tx, g Grant, d Deed) error {
	next, err := settle(tx, g, d)
	if err != nil {
		return err
	}
	return s.tell(tx, "ended", next, "")
}

func settle(tx store.Tx, g Grant, d Deed) (Grant, error) {
	d.Part, d.At = Product, tx.Now()
	if g.overdue(d.At) {
		d.Act, d.Because = Tick, ""
	}
	next, err := g.Next(d)
	if err != nil {
		return g, err
	}
	grants.Put(tx, next)
	a := act(actionOf[next.State], next, nil)
	audit.Append(tx, g.Organization, audit.Event{Action: a.Action, Actor: audit.Actor{Kind: "system"}, On: a.On, Result: audit.OK, Changed: a.Changed, Values: a.Values, Why: a.Why})
	event.Append(tx, event.Change{Organization: g.Organization, Kind: string(a.Action), On: g.ID.String(), Version: next.Version})
	return next, nil
}

// Sweep writes down what the clock has ended; at most n in one transaction. It says how many it wrote.
func (s *Support) Sweep(tx store.Tx, n int) int {
	var list []Grant
	for _, g := range grants.By(tx, "ends", store.Range{To: store.K(tx.Now().Add(time.Millisecond))}) {
		if list = append(list, g); len(list) == n {
			break
		}
	}
	for _, g := range list {
		if err := s.byRule(tx, g, Deed{Act: Tick}); err != nil {
			tx.Fail(err)
			return 0
		}
	}
	return len(list)
}

// Restored ends every grant, because an older store came back and nobody knows what was withdrawn since.
func Restored(tx store.Tx) error {
	var list []Grant
	for _, g := range grants.All(tx, store.Range{}) {
		if !g.State.Final() {
			list = append(list, g)
		}
	}
	for _, g := range list {
		if _, err := settle(tx, g, Deed{Act: Rule, Because: RuleRestored}); err != nil {
			return err
		}
	}
	return nil
}
