package connector

import (
	"context"
	"errors"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/outbound"
)

// Driver is what a walk needs from whoever runs it: package publish in the product, conform in tests, the simulation.
type Driver interface {
	// Saved is the result of a step that an earlier walk of this round saved. Results may be secrets: seal them at rest.
	Saved(step string) ([]byte, bool)
	// Save is durable when it returns nil. Any error stops the walk with EndLeaseLost.
	Save(ctx context.Context, step string, result []byte) error
	// Intent is durable when it returns nil; any error stops the walk with EndLeaseLost and nothing sent. It is called
	// at most once in a walk. In doubt (Grip.Doubt set) it is the intent of a resend and carries the first one's mark.
	Intent(ctx context.Context, i Intent) error
	// LastLook is asked right before the first byte of the commit call, after its dial; false: nothing is sent.
	LastLook() bool
	// Forget drops saved steps, before the walk returns. A name may end in "*".
	Forget(steps []string)
	// Trace is told each exchange, redacted.
	Trace(t Trace)
}

// Intent is what is durable before the first byte of a commit.
type Intent struct {
	Step        string
	Fingerprint string    // of the content: twins on one channel have the same
	Mark        []string  // remote ids that stood in the list before the first commit of this doubt
	MarkAt      time.Time // the platform's Date then; zero when it told none
}

// Trace is one exchange with a platform, as an attempt keeps it. Its texts are redacted and cut.
type Trace struct {
	Step         string
	Method, Host string
	Path         string
	Status       int // 0: no answer
	Class        Class
	StartedAt    time.Time
	Took         time.Duration
	Date         time.Time // the platform's own clock, zero when it told none
	Words        string
	Left         map[string]string // the limit headers that the Spec names, as they came
}

// Tokens is where the channel's token is kept. Package channel provides it.
type Tokens interface {
	// Renew holds the channel's lock. If the kept token is another than refused, somebody renewed it meanwhile and it is
	// returned as it is; else renew is called with it, and what that returns is saved before Renew returns it.
	Renew(ctx context.Context, refused Token, renew func(context.Context, Token) (Token, error)) (Token, error)
}

// Grip is what a walk holds on to beside the draft.
type Grip struct {
	Driver  Driver
	Clock   clock.Clock
	Network *outbound.Dialer
	BaseURL string // platforms.<name>.api_url: all hosts move there, their own name stands in the header Original-Host
	Token   Token
	Tokens  Tokens // nil: nothing can be refreshed
	App     App
	Feed    Feed // for connectors that post to ourselves
	Public  func(context.Context, Media) (string, error)
	Card    func(ctx context.Context, address string) (Card, error) // what a page says of itself; nil: no cards
	// Doubt is the first intent of this round whose end is unknown; nil: no doubt.
	Doubt *Intent
	// Known says that a remote id belongs to another delivery of the channel. nil: none does.
	Known func(remoteID string) bool
	// Unchecked leaves the judgement of the draft to the platform. Only conform asks for it.
	Unchecked bool
}

// Ended is how a walk or a look came to its end.
type Ended string

// The ends of Walk, and then those of Reconcile.
const (
	EndPublished   Ended = "published"    // Receipt
	EndPoll        Ended = "poll"         // before the commit: come back at Until
	EndRefused     Ended = "refused"      // Class rejected or duplicate, Words, Fix
	EndNotAccepted Ended = "not_accepted" // Class transient, rate_limited or processing; Until may be zero: backoff
	EndReconnect   Ended = "reconnect"    // the token doesn't serve and no refresh helped
	EndUnsure      Ended = "unsure"       // the commit may have been accepted
	EndUnderway    Ended = "underway"     // the commit was accepted and shows later: look at Until
	EndLeaseLost   Ended = "lease_lost"   // the driver said stop: nothing more may be written
	EndStopped     Ended = "stopped"      // the context ended with nothing sent

	EndFound      Ended = "found"       // Receipt
	EndAbsent     Ended = "absent"      // not there at At, by the platform's Date; Forget once the absence is proven
	EndLater      Ended = "later"       // still working: look again at Until
	EndCantTell   Ended = "cant_tell"   // a person decides; Words
	EndLookFailed Ended = "look_failed" // Class, Until, Words: look again
	EndResend     Ended = "resend"      // walk again with Grip.Doubt set: the platform keeps it at one
)

// Outcome is how a walk or a look ended. Words are for a person, redacted; Err is for the log.
type Outcome struct {
	End     Ended
	Receipt Receipt
	Class   Class
	Until   time.Time
	At      time.Time // EndAbsent: the platform's Date of the look
	Words   string
	Fix     string
	Step    string
	Status  int
	Sent    bool     // the commit's first byte left in this walk
	Forget  []string // EndAbsent: saved steps that are dead once the absence is proven
	Err     error
}

// ErrLeaseLost may be returned by a driver whose claim was taken by somebody else.
var ErrLeaseLost = errors.New("the lease was lost")
