package identity

import (
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/ref"
)

// A lost second factor comes off in two ways, and in neither at once: two other owners or admins of the person's
// organization approve, or an administrator starts a wait of 72 hours of which everybody concerned is told and which any
// of them can stop. Nobody sets a factor for somebody else: the end of both is that the person may remove their own.

// RecoveryState is where such a recovery stands.
type RecoveryState string

// The states. Only the first four are open.
const (
	RecoveryRequested RecoveryState = "requested"     // two others have to approve
	RecoveryHalf      RecoveryState = "approved_once" // one more has to
	RecoveryWaiting   RecoveryState = "waiting"       // for 72 hours
	RecoveryReady     RecoveryState = "ready"         // the person may remove their factors
	RecoveryUsed      RecoveryState = "used"
	RecoveryStopped   RecoveryState = "stopped"
	RecoveryLapsed    RecoveryState = "lapsed"
)

// recoveryEvent is what happens to one.
type recoveryEvent string

const (
	recoveryApprove recoveryEvent = "approve"
	recoveryStop    recoveryEvent = "stop"
	recoveryUse     recoveryEvent = "use"
)

const (
	recoveryWait    = 72 * time.Hour
	recoveryAsked   = 72 * time.Hour     // how long others have to approve
	recoveryHelped  = 24 * time.Hour     // how long the person then has
	recoveryUsable  = 7 * 24 * time.Hour // the same, after the wait
	recoveryHelpers = 2
)

// Recovery is a lost second factor on its way to being removed.
type Recovery struct {
	Identity     ref.Identity     `cbor:"1,keyasint"`
	ID           ref.Recovery     `cbor:"2,keyasint"`
	State        RecoveryState    `cbor:"3,keyasint"`
	Organization ref.Organization `cbor:"4,keyasint,omitempty"` // whose owners and admins help; zero: nobody, time does
	Approvals    []ref.Identity   `cbor:"5,keyasint,omitempty"`
	StartedAt    time.Time        `cbor:"6,keyasint"`
	ReadyAt      time.Time        `cbor:"7,keyasint,omitempty"`
	EndsAt       time.Time        `cbor:"8,keyasint"` // open ones lapse then
}

func helpFrom(r Recovery, o ref.Organization, now time.Time) Recovery {
	r.State, r.Organization, r.StartedAt, r.EndsAt = RecoveryRequested, o, now, now.Add(recoveryAsked)
	return r
}

func waitOut(r Recovery, now time.Time) Recovery {
	r.State, r.StartedAt, r.ReadyAt = RecoveryWaiting, now, now.Add(recoveryWait)
	r.EndsAt = r.ReadyAt.Add(recoveryUsable)
	return r
}

// open says whether anything can still happen to it.
func (r Recovery) open() bool {
	return slices.Contains([]RecoveryState{RecoveryRequested, RecoveryHalf, RecoveryWaiting, RecoveryReady}, r.State)
}

// at is the recovery as it stands now: time alone makes it ready, or ends it.
func (r Recovery) at(now time.Time) Recovery {
	switch {
	case !r.open():
	case !now.Before(r.EndsAt):
		r.State = RecoveryLapsed
	case r.State == RecoveryWaiting && !now.Before(r.ReadyAt):
		r.State = RecoveryReady
	}
	return r
}

// after is the recovery after the event, by somebody, at an instant; ok is false where the event isn't allowed.
func (r Recovery) after(e recoveryEvent, by ref.Identity, now time.Time) (next Recovery, ok bool) {
	r = r.at(now)
	switch {
	case e == recoveryStop && r.open():
		r.State = RecoveryStopped
	case e == recoveryUse && r.State == RecoveryReady && by == r.Identity:
		r.State = RecoveryUsed
	case e == recoveryApprove && (r.State == RecoveryRequested || r.State == RecoveryHalf) && by != r.Identity && !slices.Contains(r.Approvals, by):
		r.Approvals = append(slices.Clone(r.Approvals), by)
		if r.State = RecoveryHalf; len(r.Approvals) >= recoveryHelpers {
			r.State, r.ReadyAt, r.EndsAt = RecoveryReady, now, now.Add(recoveryHelped)
		}
	default:
		return r, false
	}
	return r, true
}
