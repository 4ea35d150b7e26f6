package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/ref"
)

// simChannel is a channel and the platform behind it.
type simChannel struct {
	w          *world
	id         ref.Channel
	workspace  ref.Workspace
	spec       connector.Spec
	once       connector.Once
	badToken   bool
	remote     []*remotePost
	named      []namedInstant
	reconnects time.Duration // when a person will have reconnected it; 0: nobody tries
}

// remotePost is something visible on the platform.
type remotePost struct {
	id, key, words string
	owner          *simPost // nil: posted by hand
	at, listedAt   time.Duration
}

// namedInstant is a true "not before" that the platform answered.
type namedInstant struct {
	answered time.Duration // true time
	until    time.Time     // as the store's clock shows it then
	by       *simNode
}

// Spec implements connector.Publisher.
func (c *simChannel) Spec() *connector.Spec { return &c.spec }

// Who implements connector.Publisher.
func (c *simChannel) Who(context.Context, *connector.Call) (connector.Identity, error) {
	return connector.Identity{}, nil
}

// Publish implements connector.Publisher; the simulated walker never calls it.
func (c *simChannel) Publish(context.Context, *connector.Pass) (connector.Receipt, error) {
	panic("the simulation walks below the kit")
}

const (
	simLife   = time.Hour
	simSettle = 2 * time.Minute
)

var allOnce = []connector.Once{
	{By: connector.Native, Life: simLife, Then: connector.Lookup},
	{By: connector.Lookup},
	{By: connector.Ask},
	{By: connector.Deterministic},
	{By: connector.Handle},
	{By: connector.Native, Life: simLife, Then: connector.Ask},
}

// populate makes channels and the posts that go to them.
func (w *world) populate() {
	channels := 2 + w.below(3)
	for i := range channels {
		once := allOnce[w.below(len(allOnce))]
		switch w.profile {
		case restless:
			once = allOnce[w.below(2)]
		case twins:
			once = allOnce[1+w.below(2)]
		}
		c := &simChannel{w: w, id: id[ref.Channel](i + 1), workspace: id[ref.Workspace](i%2 + 1), once: once}
		c.spec = connector.Spec{ID: "sim", Settle: simSettle, Kinds: []connector.Kind{{ID: "post", Once: once}}}
		if w.flaw.noSettle {
			c.spec.Settle = time.Millisecond
		}
		w.channels = append(w.channels, c)
	}
	for range 6 + w.below(10) {
		w.compose(w.channels[w.below(channels)])
	}
}

// compose creates one post: a delivery, sometimes with follow-ups.
func (w *world) compose(c *simChannel) {
	due := w.now + w.between(time.Minute, 4*time.Hour)
	if w.profile == twins {
		due = w.now + w.between(time.Minute, 30*time.Minute)
	}
	var parent *simPost
	for part := range 1 + w.below(6)/4*(1+w.below(2)) {
		p := &simPost{w: w, channel: c, parent: parent, steps: w.below(3), id: id[ref.Delivery](len(w.posts) + 1)}
		p.words = fmt.Sprintf("words of %d", len(w.posts))
		if w.profile == twins || w.below(8) == 0 {
			p.words = fmt.Sprintf("again %d", w.below(2))
		}
		if w.below(4) == 0 {
			p.polls = 1 + w.below(3)
		}
		p.due = epoch.Add(due)
		w.posts = append(w.posts, p)
		w.byID[p.id] = p
		f := delivery.Fresh{Organization: id[ref.Organization](1), Workspace: c.workspace, ID: p.id, Post: id[ref.Post](len(w.posts)),
			Channel: c.id, Part: part, DueAt: p.due, Grace: time.Hour, MediaMissing: parent == nil && w.below(10) == 0}
		if parent != nil && !w.flaw.orphan {
			f.Parent = parent.id
		}
		p.media = f.MediaMissing
		w.change(func(tx tx) error { w.del.Create(tx, f); return nil })
		parent = p
	}
	if w.now == 0 && w.below(3) == 0 { // the same words, posted by hand before
		p := w.posts[len(w.posts)-1]
		c.remote = append(c.remote, &remotePost{id: fmt.Sprintf("hand%d", len(w.posts)), words: p.words})
	}
}

// accept is the platform taking a post. It returns the remote post and whether it had it already.
func (c *simChannel) accept(p *simPost, key string, claim int64) *remotePost {
	w := c.w
	if !p.intended(claim) {
		w.breaks("L7", "%s was accepted under claim %d without an intent", p.id, claim)
	}
	if p.parent != nil && len(p.parent.visible()) == 0 {
		w.breaks("L5", "%s was accepted before its parent", p.id)
	}
	for _, r := range c.remote {
		if r.key != key || r.key == "" {
			continue
		}
		switch c.once.By {
		case connector.Native:
			if w.now-r.at < simLife {
				return r
			}
		case connector.Deterministic, connector.Handle:
			return r
		}
	}
	r := &remotePost{id: fmt.Sprintf("remote%d", len(c.remote)+1), key: key, words: p.words, owner: p, at: w.now}
	r.listedAt = w.now + w.between(0, 80*time.Second) // with the slowest acceptance still within settle
	c.remote = append(c.remote, r)
	if n := len(p.visible()); n > 1 {
		w.breaks("L1", "%s (%s) is visible %d times", p.id, c.once.By, n)
	}
	return r
}

// list is what the platform shows, newest first.
func (c *simChannel) list() []*remotePost {
	var all []*remotePost
	for i := len(c.remote) - 1; i >= 0; i-- {
		if c.remote[i].listedAt <= c.w.now {
			all = append(all, c.remote[i])
		}
	}
	return all
}

// date is the platform's own clock: it never jumps.
func (c *simChannel) date() time.Time { return epoch.Add(c.w.now + 7*time.Second) }

// trouble is what may go wrong with any call, for a reason that the platform names.
type trouble struct {
	end   connector.Ended
	class connector.Class
	until time.Time
}

// refuse draws a documented refusal, or none.
func (c *simChannel) refuse(n *simNode) (trouble, bool) {
	w := c.w
	if c.badToken || w.faults && w.chance(4_000) {
		c.badToken = true
		return trouble{end: connector.EndReconnect, class: connector.Reconnect}, true
	}
	if !w.faults {
		return trouble{}, false
	}
	switch roll := w.below(1000); {
	case roll < 15:
		return trouble{connector.EndNotAccepted, connector.RateLimited, c.name(n)}, true
	case roll < 40:
		return trouble{end: connector.EndNotAccepted, class: connector.Transient}, true
	case roll < 44:
		return trouble{end: connector.EndRefused, class: connector.Rejected}, true
	}
	return trouble{}, false
}

// name gives the instant of a 429: past, absurd, or true.
func (c *simChannel) name(n *simNode) time.Time {
	switch c.w.below(4) {
	case 0:
		return c.w.wall().Add(-time.Hour)
	case 1:
		return c.w.wall().Add(1000 * time.Hour)
	}
	until := c.w.wall().Add(c.w.between(time.Minute, 100*time.Minute))
	c.named = append(c.named, namedInstant{answered: c.w.now, until: until, by: n})
	return until
}
