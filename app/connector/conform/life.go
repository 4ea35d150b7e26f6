package conform

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// state is how a delivery ended in these tests.
type state string

const (
	published state = "published"
	failed    state = "failed"
	paused    state = "paused"
	asking    state = "needs_attention"
	endless   state = "endless"
)

// life is one delivery with the runner around it, as engine.md has it: what is durable, what is in doubt, what is next.
type life struct {
	b     *bench
	draft connector.Draft
	ctx   context.Context

	saved   map[string][]byte
	order   []string          // steps as saved, and the commit
	intent  *connector.Intent // durable, its end unknown
	doubt   *connector.Intent // the first of this doubt
	absent  time.Time         // the first look that found nothing
	receipt connector.Receipt
	state   state

	trace    []connector.Trace
	outs     []connector.Outcome
	points   int
	crashAt  int // -1: never
	dead     bool
	unjudged bool
}

func (b *bench) life(d connector.Draft) *life {
	return &life{b: b, draft: d, ctx: context.Background(), saved: map[string][]byte{}, crashAt: -1}
}

// point is a place where the machine may die.
func (l *life) point() {
	if l.points == l.crashAt {
		l.die()
	}
	l.points++
}

func (l *life) die() {
	l.dead = true
	l.b.wire.mu.Lock()
	l.b.wire.dead = true
	l.b.wire.mu.Unlock()
}

// Saved implements connector.Driver.
func (l *life) Saved(step string) ([]byte, bool) { raw, ok := l.saved[step]; return raw, ok }

// Save implements connector.Driver.
func (l *life) Save(_ context.Context, step string, result []byte) error {
	l.point()
	if l.dead {
		return connector.ErrLeaseLost
	}
	l.saved[step] = slices.Clone(result)
	l.order = append(l.order, step)
	l.point()
	if l.dead {
		return connector.ErrLeaseLost
	}
	return nil
}

// Intent implements connector.Driver.
func (l *life) Intent(_ context.Context, i connector.Intent) error {
	l.point()
	if l.dead {
		return connector.ErrLeaseLost
	}
	l.intent = &i
	l.order = append(l.order, i.Step)
	l.point()
	if l.dead {
		return connector.ErrLeaseLost
	}
	return nil
}

// LastLook implements connector.Driver.
func (l *life) LastLook() bool { return !l.dead }

// Forget implements connector.Driver.
func (l *life) Forget(steps []string) {
	for _, pattern := range steps {
		for name := range maps.Clone(l.saved) {
			if ok, _ := path.Match(pattern, name); ok {
				delete(l.saved, name)
			}
		}
	}
}

// Trace implements connector.Driver.
func (l *life) Trace(t connector.Trace) { l.trace = append(l.trace, t) }

// run takes the delivery to an end; the time passes as it is waited for.
func (l *life) run() *life {
	l.b.wire.before = func(int) { l.point() }
	l.b.wire.after = func(int) { l.point() }
	defer func() { l.b.wire.before, l.b.wire.after = nil, nil }()
	looking := false
	for range 300 {
		var wait time.Duration
		if looking {
			looking, wait = l.look()
		} else {
			looking, wait = l.walk()
		}
		if l.state != "" {
			return l
		}
		l.b.clock.Advance(max(wait, time.Second))
	}
	l.state = endless
	return l
}

func (l *life) grip() connector.Grip {
	g := l.b.grip()
	g.Driver, g.Doubt, g.Unchecked = l, l.doubt, l.unjudged
	return g
}

// restarted is a new process after this one died: what is durable decides.
func (l *life) restarted() (looking bool, wait time.Duration) {
	l.dead, l.crashAt = false, -1
	l.b.wire.mu.Lock()
	l.b.wire.dead = false
	l.b.wire.mu.Unlock()
	if l.intent != nil {
		return true, l.inDoubt()
	}
	return l.doubt != nil, time.Second
}

// inDoubt notes that the last sending has an unknown end.
func (l *life) inDoubt() time.Duration {
	if l.doubt == nil {
		l.doubt = l.intent
	}
	l.intent = nil
	return l.b.spec.SettleTime(l.draft.Kind)
}

func (l *life) walk() (looking bool, wait time.Duration) {
	l.point()
	if l.dead {
		return l.restarted()
	}
	out := connector.Walk(l.ctx, l.b.pub, l.draft, l.grip())
	if !l.dead {
		l.point() // the outcome isn't durable yet
	}
	if l.dead {
		return l.restarted()
	}
	l.outs = append(l.outs, out)
	if out.End != connector.EndUnsure && out.End != connector.EndUnderway {
		l.intent = nil
	}
	switch out.End {
	case connector.EndPublished:
		l.state, l.receipt, l.doubt = published, out.Receipt, nil
	case connector.EndPoll, connector.EndNotAccepted:
		return l.doubt != nil, l.until(out)
	case connector.EndUnsure:
		return true, l.inDoubtFrom(out)
	case connector.EndUnderway:
		return true, max(l.inDoubtFrom(out)-l.b.spec.SettleTime(l.draft.Kind), l.until(out))
	case connector.EndReconnect:
		l.end(paused)
	case connector.EndRefused:
		l.end(failed)
	case connector.EndStopped, connector.EndLeaseLost:
		l.state = state(out.End)
	default:
		l.state = state("walk ended as " + out.End)
	}
	return false, 0
}

func (l *life) inDoubtFrom(out connector.Outcome) time.Duration {
	if l.intent == nil && l.doubt == nil {
		l.state = state("in doubt without an intent: " + string(out.End))
	}
	return l.inDoubt()
}

// end is an end that only counts when nothing is in doubt; else a person is asked.
func (l *life) end(s state) {
	if l.doubt != nil {
		s = asking
	}
	l.state = s
}

func (l *life) until(out connector.Outcome) time.Duration {
	if wait := out.Until.Sub(l.b.clock.Now()); wait > 0 {
		return wait
	}
	return 30 * time.Second
}

func (l *life) look() (looking bool, wait time.Duration) {
	l.point()
	if l.dead {
		return l.restarted()
	}
	out := connector.Reconcile(l.ctx, l.b.pub, l.draft, l.grip())
	if !l.dead {
		l.point()
	}
	if l.dead {
		return l.restarted()
	}
	l.outs = append(l.outs, out)
	settle := l.b.spec.SettleTime(l.draft.Kind)
	switch out.End {
	case connector.EndFound:
		l.state, l.receipt, l.doubt = published, out.Receipt, nil
	case connector.EndResend:
		return false, time.Second
	case connector.EndAbsent:
		if !l.absent.IsZero() && out.At.Sub(l.absent) >= settle {
			l.Forget(out.Forget)
			l.doubt, l.absent = nil, time.Time{}
			return false, time.Second
		}
		if l.absent.IsZero() {
			l.absent = out.At
		}
		return true, settle
	case connector.EndLater, connector.EndLookFailed:
		return true, l.until(out)
	case connector.EndCantTell, connector.EndReconnect:
		l.state = asking
	case connector.EndStopped:
		l.state = state(out.End)
	default:
		l.state = state("look ended as " + out.End)
	}
	return true, 0
}

// String tells the life for a breach's words.
func (l *life) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s after", l.state)
	for _, o := range l.outs {
		fmt.Fprintf(&b, " [%s %s %s %q %v]", o.End, o.Class, o.Step, o.Words, o.Err)
	}
	return b.String()
}

var _ connector.Driver = (*life)(nil)
