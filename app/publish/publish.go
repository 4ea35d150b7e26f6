// Package publish is the runner: it sleeps until the next delivery is due, claims what is due in one transaction (fair
// between workspaces), walks each through the steps of its connector, and writes down what came of it. The states and
// what follows from them are package delivery's; this package holds nothing between two moves but who is being walked
// at the moment, and that memory may only forbid, never allow.
//
// What is promised: every post goes out once, on time, or somebody is told why not. The intent is durable before the
// first byte of the call that makes a post visible; an answer that is lost leaves doubt; doubt is ended by the way the
// platform offers (connector.Once), never by guessing.
//
// # Caveats
//
// A node that stands still for longer than its lease between the last look and the first byte may send late; platforms
// with a key or an id of ours keep it at one, for the others a person is asked. A clock that runs ahead can't be told
// from a right one: "nothing early" means by the store's clock at the intent. While a limit named by a platform is in
// force, a delivery that becomes too late under it is said to be missed only when the limit ends.
//
// # Why
//
// Freshness is measured in elapsed time since before the intent's transaction, never by comparing the wall clock with a
// lease's instant: with two seconds of skew a node would never have sent again. The host (time, tasks, waiting) is an
// interface so that a simulation runs this very code with a clock that jumps and machines that die.
package publish

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Source knows what a delivery's walk needs: the post's words, its files, the channel's token. The wiring fills it from
// post, channel and media.
type Source interface {
	// Open is called at the beginning of each walk and look. An error that is a *Trouble says what it means; any other
	// is transient. Load.Close is called when the walk is over.
	Open(ctx context.Context, d delivery.Delivery) (Load, error)
}

// Load is one walk's baggage.
type Load struct {
	Connector connector.Publisher
	// Draft lacks Key, At, Parent and Root: the runner knows them.
	Draft connector.Draft
	// Grip lacks Driver, Doubt and Known, and Clock unless it differs.
	Grip connector.Grip
	// Beside are other channels that lead to the same place: what they posted, or may have, could be taken for this.
	Beside []ref.Channel
	// App names the app credential for limits that count per app; empty: the platform's own name.
	App   string
	Close func()
}

// Trouble is an error of a Source that isn't just bad luck.
type Trouble struct {
	Class connector.Class // reconnect: no token; rejected: this content can't go out; rate_limited: not before Until
	Words string          // for a person
	Fix   string
	Until time.Time
}

func (t *Trouble) Error() string { return fmt.Sprintf("%s: %s", t.Class, t.Words) }

// Walker walks a draft through its connector, or looks whether it is there. The kit is the one in the product.
type Walker interface {
	Walk(ctx context.Context, p connector.Publisher, d connector.Draft, g connector.Grip) connector.Outcome
	Reconcile(ctx context.Context, p connector.Publisher, d connector.Draft, g connector.Grip) connector.Outcome
}

// Deps is what a Runner uses. Store, Deliveries and Source are needed.
type Deps struct {
	Store      store.Engine
	Deliveries *delivery.Deliveries
	Source     Source
	// Seal and Unseal keep results of steps unreadable in the store; nil: they are kept as they are (tests only).
	Seal, Unseal func(ctx context.Context, d delivery.Delivery, step string, b []byte) ([]byte, error)

	Clock   clock.Clock // for connectors, and for the host where none is given
	Host    Host        // nil: this machine
	Walker  Walker      // nil: the connector kit
	Name    string      // of this node; stays from run to run
	Node    ref.Node    // of this run; zero: one is made
	Alone   bool        // the store is this process's alone, by a file lock
	Workers int         // walks at once; 0: 64
	Jitter  func() int  // -200 to 200 per mille; nil: random

	Jumped func(time.Duration)                      // the wall clock jumped by this; administrators are to be told
	Lapsed func(late time.Duration)                 // a delivery was claimed this long after it was to be looked at: the histogram
	Traced func(delivery.Delivery, connector.Trace) // one exchange with a platform
	Log    *slog.Logger
}

const (
	defaultWorkers = 64
	tick           = 30 * time.Second // the net for clock jumps and other nodes
	jumpBound      = 2 * time.Minute  // the wall clock may drift this far from elapsed time between two looks
	jumpHold       = 60 * time.Second // no claims for this long after a jump
	takeoverSlice  = 1000
)

func (d Deps) filled() Deps {
	if d.Clock == nil {
		d.Clock = clock.System()
	}
	if d.Host == nil {
		d.Host = Machine(d.Clock)
	}
	if d.Walker == nil {
		d.Walker = kit{}
	}
	if d.Workers <= 0 {
		d.Workers = defaultWorkers
	}
	if d.Node.Zero() {
		d.Node = ref.Mint[ref.Node](d.Clock.Now())
	}
	if d.Jitter == nil {
		d.Jitter = func() int { return int(random.Below(401)) - 200 }
	}
	if d.Seal == nil || d.Unseal == nil {
		plain := func(_ context.Context, _ delivery.Delivery, _ string, b []byte) ([]byte, error) { return b, nil }
		d.Seal, d.Unseal = plain, plain
	}
	if d.Jumped == nil {
		d.Jumped = func(time.Duration) {}
	}
	if d.Lapsed == nil {
		d.Lapsed = func(time.Duration) {}
	}
	if d.Traced == nil {
		d.Traced = func(delivery.Delivery, connector.Trace) {}
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return d
}
