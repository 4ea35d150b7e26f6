// Package delivery is what happens to one part of one post on its way to one target of one channel: its states, the
// events that move it, and the rows that say which event leads where. The rows are data and Step is pure; Deliveries
// saves what Step says, keeps the channel's lane and the follow-ups right, and appends attempt and event, all in one
// transaction. Who posts (post), when (schedule), through what (connector) and who walks it (publish) are others' matters.
//
// A lane is a channel's queue: at most one delivery of a channel is leased at a time, and the lanes' index of ready
// instants is all that a claim reads.
//
// Caveats: lanes are kept right only by Deliveries. Whoever writes the table past it makes posts sleep for ever.
//
// Why: the claim number, not the lease, keeps two workers apart: a lease depends on clocks, and clocks jump. The lease is
// there so that a dead worker's deliveries go on. Doubt (may be visible, no receipt) is a fact of the delivery and not of
// a state: after a resend a refusal says nothing about the first sending, so doubt ends only by a receipt, a find, a
// proven "not there", or a person.
package delivery

import (
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Role says which part of a post a delivery is.
type Role string

// The roles.
const (
	Post    Role = "post"    // the first segment
	Reply   Role = "reply"   // a later segment, under the one before
	Comment Role = "comment" // the first comment
	Finish  Role = "finish"  // what is done after it is visible: thumbnail, playlist, pin
)

// Delivery is one part of one post going to one target of one channel: the unit of work, of retry and of truth.
type Delivery struct {
	_            struct{}         `cbor:",toarray"`
	Organization ref.Organization `pd:"-"`
	Workspace    ref.Workspace    `pd:"-"`
	ID           ref.Delivery     `pd:"-"`
	Post         ref.Post         `pd:"-"`
	Channel      ref.Channel      `pd:"-"`
	Parent       ref.Delivery     `pd:"-"` // goes out after it; zero when it follows nothing
	Part         int              `pd:"-"` // the segment, from 0
	Role         Role             `pd:"-"`
	Target       string           `pd:"-"` // community, board: where one delivery per entry is made

	State     State         `pd:"-"`
	Version   int64         `pd:"-"` // grows with every change
	CreatedAt Instant       `pd:"-"`
	DueAt     Instant       `pd:"-"` // nothing goes out before
	AimAt     Instant       `pd:"-"` // when it was last to be looked at: due, or a retry's instant; lateness counts from here
	WakeAt    Instant       `pd:"-"` // when the engine turns to it next; the lease's end in a leased state; zero: never
	Grace     time.Duration `pd:"-"` // later than AimAt by more than this is missed

	MediaMissing bool `pd:"-"` // an asset isn't ready

	Round    int64         `pd:"-"` // a person's retry or edit begins a new one; key of the platform's de-duplication
	Claim    int64         `pd:"-"` // grows with every claim: the fence
	Node     ref.Node      `pd:"-"` // who holds it, or held it last
	TakenAt  Instant       `pd:"-"` // when the running attempt began
	FirstAt  Instant       `pd:"-"` // first claim of this round, for connectors that put the time into a post
	Attempts int           `pd:"-"` // attempts of all rounds
	Try      int           `pd:"-"` // tries of this round that went wrong: the backoff's exponent
	Polls    int           `pd:"-"`
	Lease    time.Duration `pd:"-"` // how long a claim holds it, once its kind is known
	Steps    []Saved       `pd:"-"` // finished steps of this round, results sealed; results go when it is published

	IntentAt    Instant       `pd:"-"` // the last intent, by the store's clock
	Senders     []Sender      `pd:"-"` // who may still be inside the commit call
	DoubtSince  Instant       `pd:"-"` // may be visible without a receipt since; zero: no doubt
	Accepted    bool          `pd:"-"` // the platform said "accepted, not yet visible"
	Fingerprint string        `pd:"-"` // of the words that were sent, where twins must be kept apart
	Mark        []string      `pd:"-"` // remote ids that stood there before
	MarkAt      Instant       `pd:"-"` // the platform's Date at the mark
	Settle      time.Duration `pd:"-"` // how long the platform may take to accept and to list
	Looks       int           `pd:"-"` // looks since the last sending
	LookedSince Instant       `pd:"-"` // first look that found nothing since the last sending
	LookProven  bool          `pd:"-"` // the running look began after the end of every sender was proven
	AbsentAt    Instant       `pd:"-"` // the platform's Date at the first such look that found nothing

	Told       bool   `pd:"-"` // a person was told that something is wrong
	Class      string `pd:"-"` // of the last thing that went wrong
	Words      string `pd:"-"` // the platform's or our own, redacted
	Fix        string `pd:"-"` // what would help
	StatusCode int    `pd:"-"`

	Receipt Remote `pd:"-"` // set when published
}

// Saved is a finished step.
type Saved struct {
	_      struct{} `cbor:",toarray"`
	Name   string   `pd:"-"`
	Result []byte   `pd:"-"` // sealed
}

// Sender is a worker that began a commit call and hasn't said that it is over.
type Sender struct {
	_     struct{} `cbor:",toarray"`
	Node  ref.Node `pd:"-"`
	Claim int64    `pd:"-"`
}

// Remote is what a platform gave back: the receipt.
type Remote struct {
	_         struct{}          `cbor:",toarray"`
	ID        string            `pd:"-"`
	Permalink string            `pd:"-"`
	At        Instant           `pd:"-"`
	More      map[string]string `pd:"-"` // what a reply or deletion needs
}

// Held says who holds a delivery under which claim and round: what a worker shows with everything it writes.
type Held struct {
	Node  ref.Node
	Claim int64
	Round int64
}

// Held gives the current holder.
func (d Delivery) Held() Held { return Held{d.Node, d.Claim, d.Round} }

// InDoubt says that it may be visible without a receipt.
func (d Delivery) InDoubt() bool { return d.DoubtSince != 0 }

// Proven says that nobody can be inside a commit call of it any more.
func (d Delivery) Proven() bool { return len(d.Senders) == 0 }

// Step gives the sealed result of a finished step.
func (d Delivery) Step(name string) ([]byte, bool) {
	for _, s := range d.Steps {
		if s.Name == name {
			return s.Result, true
		}
	}
	return nil, false
}

// Word is the state as people see it: a commit that the platform accepted and works on is processing.
func (d Delivery) Word() string {
	if d.Accepted && (d.State == Uncertain || d.State == Reconciling) {
		return Processing.String()
	}
	return d.State.String()
}

// lateAfter is the instant after which it is missed.
func (d Delivery) lateAfter() Instant { return max(d.DueAt, d.AimAt).Add(d.Grace) }

// forget drops saved steps by name; a trailing star stands for any ending.
func (d *Delivery) forget(patterns []string) {
	if len(patterns) == 0 {
		return
	}
	kept := make([]Saved, 0, len(d.Steps))
	for _, s := range d.Steps {
		if !named(s.Name, patterns) {
			kept = append(kept, s)
		}
	}
	d.Steps = kept
}

func named(name string, patterns []string) bool {
	for _, p := range patterns {
		if head, star := strings.CutSuffix(p, "*"); p == name || star && strings.HasPrefix(name, head) {
			return true
		}
	}
	return false
}

var deliveries = store.Table[Delivery]{
	Name: "delivery", Version: 1, Holds: store.CustomerContent,
	Key:   func(d Delivery) store.Key { return key(d.Organization, d.Workspace, d.ID) },
	Owner: func(d Delivery) store.Owner { return store.OwnedBy(d.Organization, d.Workspace) },
	Indexes: []store.Index[Delivery]{
		{Name: "wake", Only: queued, // the channel's own queue
			Key: func(d Delivery) store.Key { return three(d.Channel).Int(int64(d.WakeAt)).ID(d.ID) }},
		{Name: "open", Only: func(d Delivery) bool { return d.State.Open() && d.Fingerprint != "" }, // twins
			Key: func(d Delivery) store.Key { return three(d.Channel).Text(d.Fingerprint).ID(d.ID) }},
		{Name: "remote", Only: func(d Delivery) bool { return d.Receipt.ID != "" && d.Role != Finish }, // one remote post, one delivery
			Key: func(d Delivery) store.Key { return three(d.Channel).Text(d.Receipt.ID).ID(d.ID) }},
		{Name: "child", Only: func(d Delivery) bool { return d.State == WaitingParent },
			Key: func(d Delivery) store.Key { return three(d.Parent).ID(d.ID) }},
		{Name: "post",
			Key: func(d Delivery) store.Key { return three(d.Post).Int(int64(d.Part)).ID(d.ID) }},
		{Name: "due",
			Key: func(d Delivery) store.Key { return three(d.Workspace).Int(int64(d.DueAt)).ID(d.ID) }},
		{Name: "status",
			Key: func(d Delivery) store.Key {
				return three(d.Workspace).Int(int64(shelf(d))).Int(int64(d.DueAt)).ID(d.ID)
			}},
	},
}

// shelf is where the index of statuses keeps a delivery. A first attempt stays among the scheduled while it is under way:
// so a delivery that goes well moves once and not twice. ByStatus knows.
func shelf(d Delivery) Status {
	if (d.State == Claimed || d.State == Sending) && d.Attempts == 1 {
		return StatusScheduled
	}
	return statusOf(d.State)
}

// queued says that the channel's queue holds it: leased ones are found through their lane.
func queued(d Delivery) bool { return d.WakeAt != 0 && !d.State.Leased() }

// three begins an index key with room for two ids and a few numbers.
func three(id [16]byte) store.Key { return make(store.Key, 0, 72).ID(id) }

func key(o ref.Organization, w ref.Workspace, id ref.Delivery) store.Key {
	return make(store.Key, 0, 51).ID(o).ID(w).ID(id)
}
