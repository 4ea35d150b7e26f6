package delivery

import (
	"fmt"

	"github.com/omniposto/omniposto/store"
)

// Check compares every lane with its queue: at most one delivery of a channel is leased and the lane names it, and the
// lane is ready when the first of its queue is. It reads all deliveries; `omniposto verify` and the tests call it.
func (s *Deliveries) Check(tx store.ReadTx) error {
	for _, l := range lanes.All(tx, store.Range{}) {
		if err := l.check(tx); err != nil {
			return fmt.Errorf("lane of channel %s: %w", l.Channel, err)
		}
	}
	for _, d := range deliveries.All(tx, store.Range{}) {
		l, known := lane(tx, d)
		if (d.State.Leased() || queued(d)) && !known {
			return fmt.Errorf("delivery %s waits in %s without a lane", d.ID, d.State)
		}
		if d.State.Leased() && l.Leased != d.ID {
			return fmt.Errorf("delivery %s is %s, its lane names %s", d.ID, d.State, l.Leased)
		}
	}
	return nil
}

func (l Lane) check(tx store.ReadTx) error {
	if l.Sweep {
		if l.ReadyAt != 1 {
			return fmt.Errorf("a sweep is under way and it is ready at %d", l.ReadyAt)
		}
		return nil
	}
	if !l.Leased.Zero() {
		d, ok := deliveries.Get(tx, key(l.Organization, l.Workspace, l.Leased))
		if !ok || !d.State.Leased() || l.ReadyAt == 0 || l.ReadyAt > d.WakeAt {
			return fmt.Errorf("names %s as leased, which is %s; ready at %d, lease until %d", l.Leased, d.State, l.ReadyAt, d.WakeAt)
		}
		return nil
	}
	want := firstWake(tx, l.Channel)
	if want != 0 {
		want = max(want, l.NotBefore)
	}
	if l.ReadyAt != want {
		return fmt.Errorf("ready at %d, its queue says %d", l.ReadyAt, want)
	}
	return nil
}
