package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Pass is one walk through a delivery.
type Pass struct {
	Draft *Draft

	spec   *Spec
	kind   Kind
	pub    Publisher
	grip   *Grip
	lost   error     // the driver said stop
	date   time.Time // the platform's clock by its last answer
	heard  time.Time // our clock then
	commit *Call     // the commit's call, once it was begun
	marked []string  // remote ids that stood in the list before the commit
	steps  []string  // as walked
}

// Kind is the kind of post that the draft is sent as.
func (p *Pass) Kind() Kind { return p.kind }

// InDoubt says that an earlier sending of this round has an unknown end.
func (p *Pass) InDoubt() bool { return p.grip.Doubt != nil }

// Channel is where the draft goes.
func (p *Pass) Channel() Channel { return p.Draft.Channel }

var (
	errAfterCommit = errors.New("a step after the commit")
	errTwice       = errors.New("two commits in one walk")
	errNoCommit    = errors.New("the walk ended without a commit")
	errFinishing   = errors.New("a commit in what follows publication")
)

// waiting is the error of NotYet and Underway.
type waiting struct {
	until    time.Time
	underway bool
}

func (w *waiting) Error() string { return "not before " + w.until.Format(time.RFC3339) }

// NotYet is the error of a step that isn't ready: the walk ends, nobody waits, and the step runs again after d.
func NotYet(c *Call, d time.Duration) error { return &waiting{until: c.Now.Add(d)} }

// Underway is the end of a commit that was accepted and shows later: the handle is looked at after d.
func Underway(c *Call, d time.Duration) (Receipt, error) {
	return Receipt{}, &waiting{until: c.Now.Add(d), underway: true}
}

// Step runs do unless its result is saved. T is small and survives JSON; a changed T gets a new name.
func Step[T any](ctx context.Context, p *Pass, name string, do func(context.Context, *Call) (T, error)) (T, error) {
	var out T
	if err := p.mayStep(ctx); err != nil {
		return out, err
	}
	if raw, ok := p.grip.Driver.Saved(name); ok {
		if err := json.Unmarshal(raw, &out); err != nil {
			return out, fmt.Errorf("saved result of %s: %w", name, err)
		}
		p.steps = append(p.steps, name)
		return out, nil
	}
	c := newCall(p.spec, p.Draft.Channel, p.grip, name)
	out, err := do(ctx, c)
	p.close(c)
	if err != nil {
		return out, err
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return out, fmt.Errorf("result of %s: %w", name, err)
	}
	if err := p.grip.Driver.Save(ctx, name, raw); err != nil {
		p.lost = fmt.Errorf("save %s: %w", name, err)
		return out, p.lost
	}
	p.steps = append(p.steps, name)
	return out, nil
}

// Each runs a step per item: name.0, name.1, …
func Each[M, T any](ctx context.Context, p *Pass, name string, items []M, do func(context.Context, *Call, M) (T, error)) ([]T, error) {
	out := make([]T, 0, len(items))
	for i, item := range items {
		v, err := Step(ctx, p, name+"."+strconv.Itoa(i), func(ctx context.Context, c *Call) (T, error) { return do(ctx, c, item) })
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Peek gives a saved result, for Look and Sign; it runs nothing.
func Peek[T any](p *Pass, name string) (T, bool) {
	var out T
	raw, ok := p.grip.Driver.Saved(name)
	if !ok || json.Unmarshal(raw, &out) != nil {
		return out, false
	}
	return out, true
}

// PeekAll gives the saved results of Each.
func PeekAll[T any](p *Pass, name string) []T {
	var out []T
	for i := 0; ; i++ {
		v, ok := Peek[T](p, name+"."+strconv.Itoa(i))
		if !ok {
			return out
		}
		out = append(out, v)
	}
}

// Commit takes the mark where one is needed, saves the intent, then sends. One per walk, last, one visible call.
func Commit(ctx context.Context, p *Pass, name string, do func(context.Context, *Call) (Receipt, error)) (Receipt, error) {
	if err := p.mayStep(ctx); err != nil {
		return Receipt{}, err
	}
	if p.Draft.Role == Finish {
		return Receipt{}, errFinishing
	}
	intent, err := p.intent(ctx, name)
	if err != nil {
		return Receipt{}, err
	}
	if err := ctx.Err(); err != nil {
		return Receipt{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := p.grip.Driver.Intent(ctx, intent); err != nil {
		p.lost = fmt.Errorf("intent of %s: %w", name, err)
		return Receipt{}, p.lost
	}
	c := newCall(p.spec, p.Draft.Channel, p.grip, name)
	c.lastLook = p.grip.Driver.LastLook
	c.limit = max(p.kind.CallLimit, callLimit)
	p.commit = c
	receipt, err := do(ctx, c)
	p.close(c)
	p.steps = append(p.steps, name)
	return receipt, err
}

// mayStep says why no step can run now.
func (p *Pass) mayStep(ctx context.Context) error {
	switch {
	case p.lost != nil:
		return p.lost
	case p.commit != nil && len(p.steps) > 0 && p.steps[len(p.steps)-1] == p.commit.step:
		return errAfterCommit
	case p.commit != nil:
		return errTwice
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("walk: %w", err)
	}
	return nil
}

// close ends a call: a connector that kept it can do nothing with it.
func (p *Pass) close(c *Call) {
	c.over.Store(true)
	if !c.date.IsZero() {
		p.date, p.heard = c.date, c.clock.Now()
	}
}

// intent takes the mark, unless the first one of this doubt still stands.
func (p *Pass) intent(ctx context.Context, name string) (Intent, error) {
	i := Intent{Step: name, Fingerprint: p.fingerprint()}
	if p.grip.Doubt != nil {
		i.Mark, i.MarkAt = p.grip.Doubt.Mark, p.grip.Doubt.MarkAt
		return i, nil
	}
	lister, lists := p.pub.(Lister)
	switch p.kind.Once.By {
	case Native:
		if p.kind.Once.Life == Forever {
			return i, nil
		}
	case Lookup:
	case Handle:
		if !p.kind.Once.Unnamed {
			return i, nil
		}
	default:
		return i, nil
	}
	if !lists {
		i.MarkAt = p.platformNow()
		return i, nil
	}
	seen, at, err := p.list(ctx, lister, "mark")
	if err != nil {
		return i, err
	}
	for _, s := range seen {
		i.Mark = append(i.Mark, s.ID)
	}
	i.MarkAt, p.marked = at, i.Mark
	return i, nil
}

// fingerprint is equal for deliveries that could be taken for each other: those with the same sign, where a post is known
// by it, or else those with the same words and files.
func (p *Pass) fingerprint() string {
	if lister, ok := p.pub.(Lister); ok && p.kind.Once.By != Ask {
		if sign := lister.Sign(p); sign != "" {
			return digest([]any{p.kind.ID, sign})
		}
	}
	return Fingerprint(p.Draft)
}

// platformNow is the platform's clock by an answer of this walk that isn't older than a minute; zero when there is none.
func (p *Pass) platformNow() time.Time {
	if age := p.grip.Clock.Now().Sub(p.heard); p.date.IsZero() || age < 0 || age > time.Minute {
		return time.Time{}
	}
	return p.date
}

// ours finds the delivery's own post: the same sign, not there before, not another delivery's.
func (p *Pass) ours(ctx context.Context, lister Lister, seen []Seen, mark []string) (Receipt, bool, error) {
	sign := lister.Sign(p)
	for _, s := range seen {
		if sign == "" || slices.Contains(mark, s.ID) || p.grip.Known != nil && p.grip.Known(s.ID) {
			continue
		}
		theirs, err := p.signOf(ctx, s)
		if err != nil {
			return Receipt{}, false, err
		}
		if theirs == sign {
			return s.Receipt, true, nil
		}
	}
	return Receipt{}, false, nil
}
