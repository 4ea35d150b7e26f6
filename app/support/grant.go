// Package support lets staff read what a customer allows, for as long as the customer allows it: a grant. It begins
// with a request that names a ticket and a reason, exists only while it is active, ends by itself, and can be taken back
// by one click.
//
// Three rules hold every line of it. The type is the policy: what a read answers is a type of this package that has no
// field for anything else. Nothing is read without an audit event in the same transaction. And closed when unsure: no
// sound clock, no standing approver, no active staff, no read.
//
// Who may is access's table, who did is audit's log, whose data it is privacy's matter; who was helped, how long and
// with what is this package's.
//
// Caveats: whoever runs the machine can read its disk. Nothing here helps or hinders that, and there is no break-glass.
//
// Why the content comes through functions of the wiring: this package can't import a noun that opens secrets, so no
// change here can reach one by mistake; a test walks the imports.
package support

import (
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/ref"
)

// State is where a grant stands.
type State string

// The states. Access exists in Active only; all but the first three are final.
const (
	Requested    State = "requested"
	ApprovedOnce State = "approved_once" // the first of two approvals
	Active       State = "active"
	Denied       State = "denied"
	Cancelled    State = "cancelled"
	Lapsed       State = "lapsed"
	Expired      State = "expired"
	Withdrawn    State = "withdrawn"
	Closed       State = "closed"
)

// States lists all, in the order of a life.
var States = []State{Requested, ApprovedOnce, Active, Denied, Cancelled, Lapsed, Expired, Withdrawn, Closed}

// Open says whether the grant waits for a decision.
func (s State) Open() bool { return s == Requested || s == ApprovedOnce }

// Final says that nothing can change the grant any more.
func (s State) Final() bool { return !s.Open() && s != Active }

// Category is a group of fields that a grant can cover.
type Category string

// The categories.
const (
	Account      Category = "account"
	Organization Category = "organization"
	Posts        Category = "posts"
	Media        Category = "media"
	Analytics    Category = "analytics"
)

// Categories lists all.
var Categories = []Category{Account, Organization, Posts, Media, Analytics}

// Bounds of a request.
const (
	MinHours     = 1
	MaxHours     = 168 // seven days: no grant is longer, whatever anybody says
	DecideWithin = 72 * time.Hour
	FreshFor     = 5 * time.Minute // how old the second factor of an approval may be
)

// Scope is what is asked for, or allowed.
type Scope struct {
	Categories []Category `cbor:"1,keyasint"`
	Hours      int        `cbor:"2,keyasint"`
	Thumbnails bool       `cbor:"3,keyasint,omitempty"`
}

// Within cuts the scope down to what the other one allows too.
func (s Scope) Within(o Scope) Scope {
	both := Scope{Hours: min(s.Hours, o.Hours), Thumbnails: s.Thumbnails && o.Thumbnails}
	for _, c := range s.Categories {
		if slices.Contains(o.Categories, c) {
			both.Categories = append(both.Categories, c)
		}
	}
	return both
}

// Approval is one person's yes.
type Approval struct {
	By    ref.Identity `cbor:"1,keyasint"`
	At    time.Time    `cbor:"2,keyasint"`
	Scope Scope        `cbor:"3,keyasint"`
}

// Grant is one staff person's way to read one organization.
type Grant struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	ID           ref.Grant        `cbor:"2,keyasint"`
	Staff        ref.Identity     `cbor:"3,keyasint"`
	Ticket       string           `cbor:"4,keyasint"`
	Reason       string           `cbor:"5,keyasint"`
	Asked        Scope            `cbor:"6,keyasint"`
	Scope        Scope            `cbor:"7,keyasint"` // in force; zero until active
	State        State            `cbor:"8,keyasint"`
	RequestedAt  time.Time        `cbor:"9,keyasint"`
	Approvals    []Approval       `cbor:"10,keyasint,omitempty"`
	ApprovedAt   time.Time        `cbor:"11,keyasint,omitempty"`
	ExpiresAt    time.Time        `cbor:"12,keyasint,omitempty"`
	EndedAt      time.Time        `cbor:"13,keyasint,omitempty"`
	EndedBy      ref.Identity     `cbor:"14,keyasint,omitempty"` // zero: the product itself
	Because      string           `cbor:"15,keyasint,omitempty"` // the rule that ended it
	Words        string           `cbor:"16,keyasint,omitempty"` // why it was denied, in a person's words
	Network      string           `cbor:"17,keyasint,omitempty"` // prefix that it is bound to, where the policy says so
	Version      int64            `cbor:"18,keyasint"`

	Reads    int64     `cbor:"19,keyasint,omitempty"`
	Records  int64     `cbor:"20,keyasint,omitempty"`
	Hour     time.Time `cbor:"21,keyasint,omitempty"` // the hour that InHour counts
	InHour   int64     `cbor:"22,keyasint,omitempty"`
	LastRead time.Time `cbor:"23,keyasint,omitempty"`
}

// LapsesAt is when a request that nobody decides is over.
func (g Grant) LapsesAt() time.Time { return g.RequestedAt.Add(DecideWithin) }

// Part is what somebody is to a grant.
type Part string

// The parts.
const (
	Requester Part = "requester" // the staff person who asked
	Decider   Part = "decider"   // an owner or admin of the organization who isn't the requester
	Product   Part = "product"   // the clock and the rules
	Outsider  Part = "outsider"  // everybody else
)

// Act is what can be done to a grant.
type Act string

// The acts.
const (
	Approve  Act = "approve"
	Deny     Act = "deny"
	Cancel   Act = "cancel"
	Close    Act = "close"
	Withdraw Act = "withdraw"
	Tick     Act = "tick" // the clock goes on
	Rule     Act = "rule" // something the grant rests on fell away
)

// Acts lists all.
var Acts = []Act{Approve, Deny, Cancel, Close, Withdraw, Tick, Rule}

// Proof is how fresh the second factor of whoever acts is, and whether it was given for this very act on this grant.
type Proof struct {
	Given bool
	Age   time.Duration
	Bound bool
}

// good says whether the proof carries an approval.
func (p Proof) good() bool { return p.Given && p.Bound && p.Age >= 0 && p.Age <= FreshFor }

// Deed is one act on a grant with all that decides whether it may be.
type Deed struct {
	Act     Act
	Part    Part
	By      ref.Identity
	At      time.Time
	Proof   Proof
	Scope   Scope  // of an approval
	Needed  int    // approvals that the policy asks for
	Ceiling Scope  // of the policy
	Words   string // of a denial
	Because string // of a rule
}

// Next is the whole state machine: the grant after the deed, or why it can't be. It never changes g.
func (g Grant) Next(d Deed) (Grant, error) {
	if g.State.Final() {
		return g, ErrOver
	}
	if d.Act != Tick && g.overdue(d.At) {
		return g, ErrOver
	}
	switch d.Act {
	case Approve:
		return g.approved(d)
	case Deny:
		return g.ended(d, Denied, d.Part == Decider && g.State.Open())
	case Cancel:
		return g.ended(d, Cancelled, d.Part == Requester && g.State.Open())
	case Close:
		return g.ended(d, Closed, d.Part == Requester && g.State == Active)
	case Withdraw:
		return g.ended(d, Withdrawn, d.Part == Decider && g.State == Active)
	case Rule:
		to := Withdrawn
		if g.State.Open() {
			to = Cancelled
		}
		if d.Because == limitRecords {
			to = Closed
		}
		return g.ended(d, to, d.Part == Product)
	case Tick:
		if d.Part != Product || !g.overdue(d.At) {
			return g, ErrAct
		}
		to := Lapsed
		if g.State == Active {
			to = Expired
		}
		return g.ended(d, to, true)
	}
	return g, ErrAct
}

// overdue says that the clock has ended the grant, whether or not anybody wrote it down.
func (g Grant) overdue(now time.Time) bool {
	return g.State.Open() && !now.Before(g.LapsesAt()) || g.State == Active && !now.Before(g.ExpiresAt)
}

func (g Grant) ended(d Deed, to State, may bool) (Grant, error) {
	if !may {
		return g, ErrAct
	}
	g.State, g.EndedAt, g.EndedBy, g.Because, g.Words, g.Version = to, d.At, d.By, d.Because, d.Words, g.Version+1
	return g, nil
}

// approved adds one person's yes. It may cut what was asked and never adds; of two approvals only what both allow counts.
func (g Grant) approved(d Deed) (Grant, error) {
	switch {
	case !g.State.Open() || d.Part != Decider || d.By == g.Staff:
		return g, ErrAct
	case !d.Proof.good():
		return g, ErrProof
	case slices.ContainsFunc(g.Approvals, func(a Approval) bool { return a.By == d.By }):
		return g, ErrTwice
	}
	scope := g.Asked.Within(d.Ceiling)
	for _, c := range d.Scope.Categories {
		if !slices.Contains(g.Asked.Categories, c) {
			return g, ErrAdds
		}
	}
	if d.Scope.Hours > g.Asked.Hours || d.Scope.Thumbnails && !g.Asked.Thumbnails {
		return g, ErrAdds
	}
	scope = scope.Within(d.Scope)
	for _, a := range g.Approvals {
		scope = scope.Within(a.Scope)
	}
	if len(scope.Categories) == 0 || scope.Hours < MinHours {
		return g, ErrNothingLeft
	}
	g.Approvals = append(slices.Clone(g.Approvals), Approval{By: d.By, At: d.At, Scope: scope})
	g.Version++
	if len(g.Approvals) < d.Needed {
		g.State = ApprovedOnce
		return g, nil
	}
	g.State, g.Scope, g.ApprovedAt = Active, scope, d.At
	g.ExpiresAt = d.At.Add(time.Duration(min(scope.Hours, MaxHours)) * time.Hour)
	return g, nil
}

// Covers says whether the grant allows the category.
func (g Grant) Covers(c Category) bool { return slices.Contains(g.Scope.Categories, c) }
