package connector

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// pageOf is how many posts a list shows at least before it may have been cut.
const pageOf = 20

// Reconcile looks what became of a commit whose end is unknown. g.Doubt is the first intent of the doubt. It ends with:
//
//	EndFound       the post is there, Receipt names it
//	EndAbsent      it isn't there, as of At by the platform's Date; whether that is believed is the runner's to decide
//	               (two looks, settle apart, after the sender is proven over); then saved steps in Forget are dropped
//	EndLater       the platform still works on it: look again at Until
//	EndResend      sending again keeps it at one: Walk with Grip.Doubt set
//	EndCantTell    a person decides
//	EndLookFailed  the look itself failed: Class, Until
//	EndReconnect   the token doesn't serve even for looking
func Reconcile(ctx context.Context, pub Publisher, d Draft, g Grip) Outcome {
	spec := pub.Spec()
	kind, ok := spec.Ready(&d)
	if !ok || g.Doubt == nil {
		return Outcome{End: EndCantTell, Words: "Nobody can tell any more whether this post went out.", Step: "look"}
	}
	for refreshed := false; ; refreshed = true {
		p := &Pass{Draft: &d, spec: spec, kind: kind, pub: pub, grip: &g}
		out := p.reconcile(ctx)
		if out.End != EndReconnect || refreshed || !p.refresh(ctx, &out) {
			if out.End == EndNotAccepted { // the refresh failed for a while
				out.End = EndLookFailed
			}
			return out
		}
	}
}

func (p *Pass) reconcile(ctx context.Context) (out Outcome) {
	defer func() { p.hide(&out) }()
	defer func() {
		if broke := recover(); broke != nil {
			out = p.lookFailed(ctx, fmt.Errorf("%s broke: %v\n%s", p.spec.ID, broke, debug.Stack()))
		}
	}()
	switch p.kind.Once.By {
	case Native:
		return p.lookNative(ctx)
	case Deterministic:
		if looker, ok := p.pub.(Looker); ok {
			return p.lookHandle(ctx, looker)
		}
		return Outcome{End: EndResend, Step: "look"}
	case Handle:
		if looker, ok := p.pub.(Looker); ok {
			return p.lookHandle(ctx, looker)
		}
	case Lookup:
		return p.lookList(ctx)
	}
	return p.ask()
}

func (p *Pass) ask() Outcome {
	return Outcome{End: EndCantTell, Step: "look", Words: p.spec.Label + " can't say whether this post went out. Look there and tell us."}
}

// lookNative sends again while the key is young by the platform's own clock, else does what stands in Then. Sending
// again with the key is exact, so a list is asked for its Date alone as long as the key serves.
func (p *Pass) lookNative(ctx context.Context) Outcome {
	once := p.kind.Once
	if once.Life == Forever {
		return Outcome{End: EndResend, Step: "look"}
	}
	lister, lists := p.pub.(Lister)
	if !lists {
		return p.lookByClock(ctx)
	}
	seen, at, err := p.list(ctx, lister, "look")
	switch {
	case err != nil:
		return p.lookFailed(ctx, err)
	case p.young(at):
		return Outcome{End: EndResend, At: at, Step: "look"}
	case once.Then == Lookup:
		return p.lookIn(ctx, lister, seen, at)
	}
	return p.ask()
}

// lookByClock is for platforms that know our key and list nothing: any answer tells their time.
func (p *Pass) lookByClock(ctx context.Context) Outcome {
	if p.grip.Doubt.MarkAt.IsZero() {
		return p.ask()
	}
	c := newCall(p.spec, p.Draft.Channel, p.grip, "look")
	_, err := p.pub.Who(ctx, c)
	p.close(c)
	if err != nil {
		return p.lookFailed(ctx, err)
	}
	if p.young(c.date) {
		return Outcome{End: EndResend, At: c.date, Step: "look"}
	}
	return p.ask()
}

// young says that the key is under half its life, by the platform's Date at the mark and at the look.
func (p *Pass) young(at time.Time) bool {
	mark := p.grip.Doubt.MarkAt
	if mark.IsZero() || at.IsZero() {
		return false
	}
	age := at.Sub(mark)
	return age >= 0 && age < p.kind.Once.Life/2
}

func (p *Pass) lookHandle(ctx context.Context, looker Looker) Outcome {
	c := newCall(p.spec, p.Draft.Channel, p.grip, "look")
	sight, err := looker.Look(ctx, c, p)
	p.close(c)
	switch {
	case err != nil:
		return p.lookFailed(ctx, err)
	case sight.Found != nil && sight.Found.ID == "":
		return p.lookNamed(ctx)
	case sight.Found != nil:
		return Outcome{End: EndFound, Receipt: p.received(*sight.Found), Step: "look"}
	case sight.CantTell != "":
		return Outcome{End: EndCantTell, Words: sight.CantTell, Step: "look"}
	case !sight.Until.IsZero():
		return Outcome{End: EndLater, Until: sight.Until, Step: "look"}
	case len(sight.Forget) > 0:
		return Outcome{End: EndAbsent, At: p.lookedAt(c.date), Forget: sight.Forget, Step: "look"}
	case sight.Absent:
		return Outcome{End: EndResend, At: c.date, Step: "look"}
	}
	return p.ask()
}

// lookNamed finds a post that the handle calls published without naming it. Its absence from the list proves nothing then.
func (p *Pass) lookNamed(ctx context.Context) Outcome {
	out := p.lookList(ctx)
	if out.End == EndAbsent {
		return Outcome{End: EndCantTell, At: out.At, Step: "look", Words: p.spec.Label + " says that this post is published, and doesn't show which one it is. Look there and tell us."}
	}
	return out
}

// lookList finds the post by its sign.
func (p *Pass) lookList(ctx context.Context) Outcome {
	lister, ok := p.pub.(Lister)
	if !ok {
		return p.ask()
	}
	seen, at, err := p.list(ctx, lister, "look")
	if err != nil {
		return p.lookFailed(ctx, err)
	}
	return p.lookIn(ctx, lister, seen, at)
}

// lookIn finds the post among what was listed.
func (p *Pass) lookIn(ctx context.Context, lister Lister, seen []Seen, at time.Time) Outcome {
	r, ok, err := p.ours(ctx, lister, seen, p.grip.Doubt.Mark)
	switch {
	case err != nil:
		return p.lookFailed(ctx, err)
	case ok:
		return Outcome{End: EndFound, Receipt: p.received(r), At: at, Step: "look"}
	case p.kind.Once.By == Lookup && p.kind.Once.Then == Ask:
		return p.ask() // the list shows posts otherwise than they were sent: only a find proves something
	}
	if !reaches(seen, p.grip.Doubt.Mark) {
		return Outcome{End: EndCantTell, At: at, Step: "look", Words: "So much was posted since that the list doesn't reach back far enough. Look there and tell us."}
	}
	return Outcome{End: EndAbsent, At: p.lookedAt(at), Step: "look"}
}

// reaches says that the list goes back to what stood there before: else absence proves nothing.
func reaches(seen []Seen, mark []string) bool {
	if len(seen) < pageOf {
		return true
	}
	return slices.ContainsFunc(seen, func(s Seen) bool { return slices.Contains(mark, s.ID) })
}

func (p *Pass) lookedAt(date time.Time) time.Time {
	if date.IsZero() {
		return p.grip.Clock.Now()
	}
	return date
}

func (p *Pass) lookFailed(ctx context.Context, err error) Outcome {
	out := Outcome{End: EndLookFailed, Class: Transient, Step: "look", Err: err}
	var wait *waiting
	var f *Failed
	switch {
	case ctx.Err() != nil:
		out.End = EndStopped
	case errors.As(err, &wait):
		return Outcome{End: EndLater, Until: wait.until, Step: "look"}
	case errors.As(err, &f):
		out.Class, out.Until, out.Words, out.Status = f.Class, f.Until, f.Words, f.Status
		if f.Class == Reconnect {
			out.End, out.Fix = EndReconnect, "reconnect"
		}
	}
	return out
}
