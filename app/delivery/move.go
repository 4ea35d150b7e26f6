package delivery

import (
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// ErrUnknown is the answer for a delivery that isn't there, or not there for this owner.
var ErrUnknown = fail.NotFound("delivery_not_found", "There is no such delivery.")

// Deliveries changes deliveries inside transactions of its callers. It has no state of its own.
type Deliveries struct{ told func(store.Tx, Told) }

// Told is one move, as it is handed on in its own transaction.
type Told struct {
	From State // zero: it was created
	On   Event // zero: created or removed
	Delivery
	Tell bool // a person has to be told
}

// Deps is what Deliveries uses.
type Deps struct {
	// Told gets every move in the transaction that makes it. Nil is Announce; who needs more calls Announce as well.
	Told func(store.Tx, Told)
}

// New returns the one that changes deliveries.
func New(deps Deps) *Deliveries {
	if deps.Told == nil {
		deps.Told = Announce
	}
	return &Deliveries{told: deps.Told}
}

// Tables lists what this package stores.
func Tables() []store.AnyTable {
	return []store.AnyTable{&deliveries, &lanes, &attempts, &limits, &nodes}
}

// Fresh describes a delivery to be.
type Fresh struct {
	Organization ref.Organization
	Workspace    ref.Workspace
	ID           ref.Delivery // zero: one is made
	Post         ref.Post
	Channel      ref.Channel
	Parent       ref.Delivery // goes out after it
	Part         int
	Role         Role
	Target       string
	DueAt        time.Time
	Grace        time.Duration
	MediaMissing bool // an asset isn't ready
}

// Create begins a delivery: waiting for its parent, for its media, or for its due instant; paused if its channel is.
func (s *Deliveries) Create(tx store.Tx, f Fresh) Delivery {
	now := tx.Now()
	d := Delivery{Organization: f.Organization, Workspace: f.Workspace, ID: f.ID, Post: f.Post, Channel: f.Channel,
		Parent: f.Parent, Part: f.Part, Role: f.Role, Target: f.Target, State: Scheduled, Version: 1, CreatedAt: At(now),
		DueAt: At(f.DueAt), AimAt: At(f.DueAt), WakeAt: At(f.DueAt), Grace: f.Grace, MediaMissing: f.MediaMissing, Round: 1}
	if d.ID.Zero() {
		d.ID = ref.Mint[ref.Delivery](now)
	}
	if d.Role == "" {
		d.Role = Post
	}
	parent, hasParent := deliveries.Get(tx, key(f.Organization, f.Workspace, f.Parent))
	switch {
	case hasParent && parent.State != Published:
		d.State, d.WakeAt = WaitingParent, 0
	case f.MediaMissing:
		d.State = WaitingMedia
	}
	l, known := lane(tx, d)
	d, _ = s.heldBack(d, l, At(now))
	deliveries.Put(tx, d)
	l.save(tx, l, known)
	s.told(tx, Told{Delivery: d})
	if hasParent && parent.State == Cancelled {
		d = s.must(tx, d, ParentGone)
	}
	return d
}

// Move takes d, read in this transaction, through one event and keeps everything right that depends on it: lane,
// follow-ups, attempt, who is told. It returns ErrIllegal, ErrNotNow or ErrLost and changes nothing then.
func (s *Deliveries) Move(tx store.Tx, d Delivery, on Event, a Arg) (Delivery, error) {
	return s.move(tx, d, on, a, nil)
}

// move is Move for who has just read the lane.
func (s *Deliveries) move(tx store.Tx, d Delivery, on Event, a Arg, l *Lane) (Delivery, error) {
	a.Now = At(tx.Now())
	if on == Claim && len(d.Senders) > 0 {
		a.Over = func(n ref.Node) bool { return NodeOver(tx, n) }
	}
	next, r, err := step(d, on, a)
	if err != nil {
		return d, fmt.Errorf("delivery %s: %w", d.ID, err)
	}
	if d.State.Leased() && next.State.Leased() { // the lane stays as it is, nobody else needs to know
		deliveries.Swap(tx, d, next)
		s.told(tx, Told{From: d.State, On: on, Delivery: next})
		return next, nil
	}
	if on == Received && !d.State.Leased() {
		next.Attempts++
	}
	known := l != nil
	if !known {
		var read Lane
		read, known = lane(tx, next)
		l = &read
	}
	return s.write(tx, d, next, on, r.told, a, *l, known), nil
}

// write saves one step with all that follows from it, and returns what was saved.
func (s *Deliveries) write(tx store.Tx, d, next Delivery, on Event, told bool, a Arg, l Lane, known bool) Delivery {
	step := next
	next, held := s.heldBack(next, l, a.Now)
	deliveries.Swap(tx, d, next)
	s.follow(tx, l, known, d, next, on, a)
	if attempted(d, step, on) {
		attempts.Put(tx, attemptOf(d, step, a))
	}
	s.told(tx, Told{From: d.State, On: on, Delivery: step, Tell: told})
	if held {
		s.told(tx, Told{From: step.State, On: Pause, Delivery: next})
	}
	switch next.State {
	case Published:
		s.children(tx, next, ParentPublished)
	case Cancelled:
		s.children(tx, next, ParentGone)
	}
	if on == Reconnect || on == LookFailed {
		s.sweep(tx, next.Channel)
	}
	return next
}

// heldBack pauses what would go on in a paused channel.
func (s *Deliveries) heldBack(d Delivery, l Lane, now Instant) (Delivery, bool) {
	if l.Paused == 0 || table[d.State][Pause] == nil {
		return d, false
	}
	next, err := Step(d, Pause, Arg{Now: now, Class: pauseClass(l.Paused), Words: l.Words})
	return next, err == nil
}

// children moves what waits for d.
func (s *Deliveries) children(tx store.Tx, d Delivery, on Event) {
	var waiting []store.Key
	for _, k := range deliveries.Keys(tx, "child", store.Range{Prefix: three(d.ID)}) {
		waiting = append(waiting, k)
	}
	for _, k := range waiting {
		if child, ok := deliveries.Get(tx, k); ok {
			s.must(tx, child, on)
		}
	}
}

func (s *Deliveries) must(tx store.Tx, d Delivery, on Event) Delivery {
	next, err := s.Move(tx, d, on, Arg{})
	if err != nil {
		tx.Fail(fmt.Errorf("%s after its parent: %w", on, err))
	}
	return next
}

// MediaReady says that the assets of d are ready now, whatever state it is in.
func (s *Deliveries) MediaReady(tx store.Tx, d Delivery) (Delivery, error) {
	switch {
	case d.State == WaitingMedia:
		return s.Move(tx, d, MediaReady, Arg{})
	case d.MediaMissing:
		next := d
		next.MediaMissing = false
		next.Version++
		deliveries.Swap(tx, d, next)
		return next, nil
	}
	return d, nil
}

// SenderOver notes that a worker that lost its lease is out of its commit call. It is not a move: the state stays.
func (s *Deliveries) SenderOver(tx store.Tx, d Delivery, by Held) Delivery {
	next := d
	next.over(by)
	if len(next.Senders) != len(d.Senders) {
		next.Version++
		deliveries.Swap(tx, d, next)
	}
	return next
}

// Remove deletes a delivery that never had a receipt and isn't in doubt or under way: what a person takes out of a post.
func (s *Deliveries) Remove(tx store.Tx, d Delivery) error {
	switch d.State {
	case WaitingMedia, WaitingParent, Scheduled, Paused, Failed, Missed, Cancelled:
	default:
		return fmt.Errorf("remove delivery %s in state %s: %w", d.ID, d.State, ErrIllegal)
	}
	s.children(tx, d, ParentGone)
	var tries []store.Key
	for k := range attempts.All(tx, store.Range{Prefix: key(d.Organization, d.Workspace, d.ID)}) {
		tries = append(tries, k)
	}
	for _, k := range tries {
		attempts.Delete(tx, k)
	}
	deliveries.Delete(tx, key(d.Organization, d.Workspace, d.ID))
	l, known := lane(tx, d)
	l.save(tx, l, known)
	s.told(tx, Told{From: d.State, Delivery: d})
	return nil
}
