package delivery

import (
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Claims is what a node asks for.
type Claims struct {
	Node    ref.Node
	Most    int                                  // free workers
	Walking func(ref.Channel, ref.Delivery) bool // what this process still walks; a zero delivery asks for the channel alone
}

// perLane bounds how many deliveries of one lane a claim may turn to missed before it goes on with the next lane.
const perLane = 32

// ClaimReady leases up to c.Most deliveries whose time has come, each from another lane: one of each workspace in turn,
// the oldest first within a workspace. Leases that ran out are ended first. It reads at most eight times as many lanes
// as it may take, whatever else is stored.
func (s *Deliveries) ClaimReady(tx store.Tx, c Claims) []Delivery {
	now := At(tx.Now())
	var taken []Delivery
	for _, channel := range inTurn(readyLanes(tx, now, 8*c.Most)) {
		if len(taken) == c.Most {
			break
		}
		if d, ok := s.claimLane(tx, channel, c, now); ok {
			taken = append(taken, d)
		}
	}
	return taken
}

type readyLane struct {
	workspace ref.Workspace
	channel   ref.Channel
}

func readyLanes(tx store.ReadTx, now Instant, most int) []readyLane {
	found := make([]readyLane, 0, min(most, 64))
	if most <= 0 {
		return found
	}
	to := make(store.Key, 0, 9).Int(int64(now) + 1)
	for k := range lanes.Keys(tx, "ready", store.Range{To: to}) {
		var l readyLane
		copy(l.workspace[:], k[len(k)-33:])
		copy(l.channel[:], k[len(k)-16:])
		if found = append(found, l); len(found) == most {
			break
		}
	}
	return found
}

// inTurn orders lanes so that each workspace has its first before any has its second.
func inTurn(ready []readyLane) []ref.Channel {
	rank := make(map[ref.Workspace]int, 8)
	var rounds [][]ref.Channel
	for _, l := range ready {
		n := rank[l.workspace]
		rank[l.workspace]++
		if n == len(rounds) {
			rounds = append(rounds, nil)
		}
		rounds[n] = append(rounds[n], l.channel)
	}
	all := make([]ref.Channel, 0, len(ready))
	for _, r := range rounds {
		all = append(all, r...)
	}
	return all
}

// claimLane leases the first of the lane that is to be walked.
func (s *Deliveries) claimLane(tx store.Tx, channel ref.Channel, c Claims, now Instant) (Delivery, bool) {
	l, ok := lanes.Get(tx, store.Key(nil).ID(channel))
	if !ok {
		return Delivery{}, false
	}
	if l.Sweep {
		s.sweep(tx, channel)
		return Delivery{}, false
	}
	if !l.Leased.Zero() {
		if !s.endLease(tx, l, c, now) {
			return Delivery{}, false
		}
		l, _ = lanes.Get(tx, store.Key(nil).ID(channel))
	}
	for range perLane {
		d, ok := l.first(tx, now)
		if !ok || c.Walking != nil && c.Walking(channel, d.ID) {
			return Delivery{}, false
		}
		on := Claim
		if d.State == Paused || d.State == WaitingMedia {
			on = Woke
		}
		next, err := s.move(tx, d, on, Arg{By: Held{Node: c.Node}}, &l)
		if err != nil {
			tx.Fail(err)
			return Delivery{}, false
		}
		if next.State.Leased() {
			return next, true
		}
		l, _ = lanes.Get(tx, store.Key(nil).ID(channel))
	}
	return Delivery{}, false
}

// endLease ends the lease of a lane that was found ready, unless it was renewed or is still walked here.
func (s *Deliveries) endLease(tx store.Tx, l Lane, c Claims, now Instant) bool {
	d, ok := deliveries.Get(tx, key(l.Organization, l.Workspace, l.Leased))
	if !ok || c.Walking != nil && c.Walking(l.Channel, d.ID) {
		return false
	}
	if d.WakeAt > now {
		renewed := l
		renewed.ReadyAt = d.WakeAt
		lanes.Swap(tx, l, renewed)
		return false
	}
	if _, err := s.Move(tx, d, LeaseOver, Arg{}); err != nil {
		tx.Fail(err)
		return false
	}
	return true
}

// first is the first of the lane's queue if its time, and the lane's, has come.
func (l Lane) first(tx store.ReadTx, now Instant) (Delivery, bool) {
	if l.ReadyAt == 0 || l.ReadyAt > now || l.Sweep || !l.Leased.Zero() {
		return Delivery{}, false
	}
	for _, k := range deliveries.Keys(tx, "wake", store.Range{Prefix: three(l.Channel)}) {
		return deliveries.Get(tx, k)
	}
	return Delivery{}, false
}

// NextReady is when a claim should look next; skip leaves out channels that this process still walks. No instant: there
// is nothing to wait for.
func (s *Deliveries) NextReady(tx store.ReadTx, skip func(ref.Channel) bool) Instant {
	for k := range lanes.Keys(tx, "ready", store.Range{}) {
		var c ref.Channel
		copy(c[:], k[len(k)-16:])
		if at := instantAt(k, 0); !skip(c) {
			return at
		}
	}
	return 0
}
