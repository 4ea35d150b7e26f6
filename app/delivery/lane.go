package delivery

import (
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Reason says why a channel's deliveries are paused. Several may hold at once; the channel goes on when none does.
type Reason byte

// The reasons.
const (
	NeedsReconnect  Reason = 1 << iota // its token is worth nothing any more
	ByPerson                           // somebody paused the channel
	WorkspacePaused                    // or the whole workspace
	Restricted                         // processing is restricted: freeze, privacy, plan
)

// Lane is a channel's queue as a whole.
type Lane struct {
	_            struct{}         `cbor:",toarray"`
	Channel      ref.Channel      `pd:"-"`
	Organization ref.Organization `pd:"-"`
	Workspace    ref.Workspace    `pd:"-"`
	ReadyAt      Instant          `pd:"-"` // when a claim looks at it next; zero: never
	Leased       ref.Delivery     `pd:"-"` // the one delivery that is held, if any
	NotBefore    Instant          `pd:"-"` // limits: no call before
	Paused       Reason           `pd:"-"`
	Words        string           `pd:"-"` // why it is paused, for its deliveries
	Sweep        bool             `pd:"-"` // a pause or resume hasn't reached all its deliveries yet
	SweepFrom    []byte           `pd:"-"` // how far it came
}

var lanes = store.Table[Lane]{
	Name: "lane", Version: 1, Holds: store.Operational,
	Key:   func(l Lane) store.Key { return store.K(l.Channel) },
	Owner: func(l Lane) store.Owner { return store.OwnedBy(l.Organization, l.Workspace) },
	Indexes: []store.Index[Lane]{{Name: "ready", Only: func(l Lane) bool { return l.ReadyAt != 0 },
		Key: func(l Lane) store.Key {
			return make(store.Key, 0, 43).Int(int64(l.ReadyAt)).ID(l.Workspace).ID(l.Channel)
		}}},
}

// sweepSlice is how many deliveries of a channel one transaction pauses or resumes.
const sweepSlice = 200

// lane reads the lane of d's channel, or begins one.
func lane(tx store.ReadTx, d Delivery) (l Lane, known bool) {
	if l, known = lanes.Get(tx, store.Key(nil).ID(d.Channel)); !known {
		l = Lane{Channel: d.Channel, Organization: d.Organization, Workspace: d.Workspace}
	}
	return l, known
}

// save writes the lane with the ready instant that follows from it and the queue.
func (l Lane) save(tx store.Tx, old Lane, known bool) {
	switch {
	case l.Sweep:
		l.ReadyAt = 1 // before everything else
	case !l.Leased.Zero(): // set by the claim; a renewed lease is noticed when that instant has come
	default:
		l.ReadyAt = firstWake(tx, l.Channel)
		if l.ReadyAt != 0 {
			l.ReadyAt = max(l.ReadyAt, l.NotBefore)
		}
	}
	if !known {
		lanes.Put(tx, l)
	} else if !l.same(old) {
		lanes.Swap(tx, old, l)
	}
}

func (l Lane) same(o Lane) bool {
	return l.ReadyAt == o.ReadyAt && l.Leased == o.Leased && l.NotBefore == o.NotBefore && l.Paused == o.Paused &&
		l.Words == o.Words && l.Sweep == o.Sweep && string(l.SweepFrom) == string(o.SweepFrom)
}

// firstWake is the first wake in the channel's queue; no record is read.
func firstWake(tx store.ReadTx, c ref.Channel) Instant {
	k, ok := deliveries.FirstKey(tx, "wake", three(c))
	if !ok {
		return 0
	}
	return instantAt(k, 17)
}

// instantAt reads the integer part that begins at byte i of a key.
func instantAt(k store.Key, i int) Instant {
	var n uint64
	for _, b := range k[i+1 : i+9] {
		n = n<<8 | uint64(b)
	}
	return Instant(n ^ 1<<63) //nolint:gosec // the sign bit is turned back
}

// follow keeps the lane right after one of its deliveries went from old to next.
func (s *Deliveries) follow(tx store.Tx, l Lane, known bool, old, next Delivery, on Event, a Arg) {
	was := l
	switch {
	case next.State.Leased():
		if l.Leased != next.ID {
			l.Leased, l.ReadyAt = next.ID, next.WakeAt
		}
	case l.Leased == next.ID:
		l.Leased = ref.Delivery{}
	}
	if a.Class == ClassRateLimited && on.fenced() && !a.Held {
		l.limit(old, a)
	}
	reconnect := on == Reconnect || on == LookFailed && a.Class == ClassReconnect
	if reconnect && l.Paused&NeedsReconnect == 0 {
		l.pause(NeedsReconnect, a.Words)
	}
	l.save(tx, was, known)
}

func (l *Lane) limit(d Delivery, a Arg) {
	until := a.Until
	if !believed(a.Now, until) {
		until = d.retryAt(&a)
	}
	l.NotBefore = max(l.NotBefore, until)
}

func (l *Lane) pause(why Reason, words string) {
	l.Paused |= why
	l.Words = words
	l.Sweep, l.SweepFrom = true, nil
}

// PauseChannel holds everything of the channel that isn't under way: nothing of it is claimed from this transaction on.
// Its waiting deliveries become paused, the first of them at once and the rest as the runner comes by.
func (s *Deliveries) PauseChannel(tx store.Tx, o ref.Organization, w ref.Workspace, c ref.Channel, why Reason, words string) {
	l, known := lane(tx, Delivery{Organization: o, Workspace: w, Channel: c})
	if l.Paused&why != 0 {
		return
	}
	was := l
	l.pause(why, words)
	l.save(tx, was, known)
	s.sweep(tx, c)
}

// ResumeChannel takes one reason away. When none is left the paused deliveries are scheduled or tried again, and those
// overdue by more than their grace become missed.
func (s *Deliveries) ResumeChannel(tx store.Tx, c ref.Channel, why Reason) {
	l, known := lanes.Get(tx, store.K(c))
	if !known || l.Paused&why == 0 {
		return
	}
	was := l
	l.Paused &^= why
	if l.Paused == 0 {
		l.Words, l.Sweep, l.SweepFrom = "", true, nil
	}
	l.save(tx, was, true)
	if l.Sweep {
		s.sweep(tx, c)
	}
}

// PausedFor says why the channel is paused; zero: it isn't.
func (s *Deliveries) PausedFor(tx store.ReadTx, c ref.Channel) Reason {
	l, _ := lanes.Get(tx, store.K(c))
	return l.Paused
}

// Limited says that the platform named an instant before which it takes no call for the channel. It counts from
// whoever brings it, and only moves the lane further.
func (s *Deliveries) Limited(tx store.Tx, c ref.Channel, until Instant) {
	l, known := lanes.Get(tx, store.K(c))
	if !known || !believed(At(tx.Now()), until) || l.NotBefore >= until {
		return
	}
	was := l
	l.NotBefore = until
	l.save(tx, was, true)
}

// Lane reads the queue of a channel; the zero lane has none.
func (s *Deliveries) Lane(tx store.ReadTx, c ref.Channel) Lane {
	l, _ := lanes.Get(tx, store.Key(nil).ID(c))
	return l
}

// sweep carries a pause or resume on to the next slice of the channel's deliveries.
func (s *Deliveries) sweep(tx store.Tx, c ref.Channel) {
	l, known := lanes.Get(tx, store.K(c))
	if !known || !l.Sweep {
		return
	}
	from, found := store.Key(l.SweepFrom), []store.Key(nil)
	prefix := three(c)
	for at, k := range deliveries.Keys(tx, "wake", store.Range{Prefix: prefix, From: from}) {
		if found = append(found, k); len(found) == sweepSlice {
			from = append(at[:len(at):len(at)], 0)
			break
		}
	}
	for _, k := range found {
		if d, ok := deliveries.Get(tx, k); ok {
			s.sweepOne(tx, l, d)
		}
	}
	l, _ = lanes.Get(tx, store.K(c))
	was := l
	l.Sweep, l.SweepFrom = len(found) == sweepSlice, nil
	if l.Sweep {
		l.SweepFrom = from
	}
	l.save(tx, was, true)
}

func (s *Deliveries) sweepOne(tx store.Tx, l Lane, d Delivery) {
	on := Pause
	if l.Paused == 0 {
		on = Resume
	}
	if table[d.State][on] == nil {
		return
	}
	if _, err := s.Move(tx, d, on, Arg{Class: pauseClass(l.Paused), Words: l.Words}); err != nil {
		tx.Fail(err)
	}
}

func pauseClass(r Reason) string {
	if r&NeedsReconnect != 0 {
		return ClassReconnect
	}
	return ""
}
