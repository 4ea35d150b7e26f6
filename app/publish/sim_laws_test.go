package publish

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

type (
	tx  = store.Tx
	rtx = store.ReadTx
)

// simPost is one delivery as the world knows it, and everything that happened to it.
type simPost struct {
	w       *world
	id      ref.Delivery
	channel *simChannel
	parent  *simPost
	words   string
	steps   int
	polls   int
	media   bool
	due     time.Time
	flying  int // commits on their way to the platform
	trace   []move
	calls   []commitCall
	steppes []string
}

// move is one transition as it was told.
type move struct {
	post     *simPost
	from, to delivery.State
	on       delivery.Event
	tell     bool
	claim    int64 // of the delivery after it
	writer   int64 // under which claim the writing task walks; 0: none
	paused   bool  // its channel was
	at       time.Duration
	wall     time.Time
}

// commitCall is a commit call from its first byte to its end on our side.
type commitCall struct {
	node     *simNode
	claim    int64
	from, to time.Duration // to 0: under way
}

// told is handed every move inside its transaction; it counts only when that is durable.
func (w *world) told(tx store.Tx, t delivery.Told) {
	m := move{post: w.byID[t.ID], from: t.From, to: t.State, on: t.On, tell: t.Tell, claim: t.Claim, at: w.now, wall: w.wall()}
	if w.cur != nil {
		m.writer = w.cur.claim
	}
	m.paused = t.State == delivery.Sending && w.del.PausedFor(tx, t.Channel) != 0
	if w.flaw.untold && t.State == delivery.Missed {
		m.tell = false
	}
	if w.flaw.gap && t.On == delivery.LeaseOver {
		return
	}
	w.pending = append(w.pending, m)
}

// settle makes the pending moves part of history and judges each.
func (w *world) settle() {
	for _, m := range w.pending {
		m.post.trace = append(m.post.trace, m)
		w.judge(m)
	}
	w.pending = w.pending[:0]
}

func (w *world) retract() { w.pending = w.pending[:0] }

// judge holds the laws that can be seen in a single move.
func (w *world) judge(m move) {
	switch m.to {
	case delivery.Failed, delivery.Missed, delivery.NeedsAttention:
		if !m.tell && m.from != m.to {
			w.breaks("L9", "%s went from %s to %s by %s and nobody was told", m.post.id, m.from, m.to, m.on)
		}
	case delivery.Sending:
		if m.paused && m.from != delivery.Sending {
			w.breaks("L4", "%s is sent in a paused channel", m.post.id)
		}
		if m.from != delivery.Sending && m.wall.Before(m.post.due) {
			w.breaks("L4", "%s is sent at %s, due %s", m.post.id, m.wall, m.post.due)
		}
	}
	if byWorker(m.on) && m.writer != m.claim {
		w.breaks("L14", "%s: %s under claim %d, held under %d", m.post.id, m.on, m.writer, m.claim)
	}
}

// byWorker are the events that count only under the claim that holds the delivery.
func byWorker(on delivery.Event) bool {
	switch on {
	case delivery.StepSaved, delivery.Poll, delivery.IntentSaved, delivery.Refused, delivery.NotAccepted, delivery.Reconnect,
		delivery.Unsure, delivery.Found, delivery.Resend, delivery.NotFound, delivery.LookFailed, delivery.CantTell:
		return true
	}
	return false
}

// change is a transaction of people or of the world itself; it can't fail half-way.
func (w *world) change(fn func(tx) error) {
	if err := w.db.Update(context.Background(), fn); err != nil {
		w.retract()
		return
	}
	w.settle()
}

func (w *world) get(tx rtx, p *simPost) (delivery.Delivery, error) {
	return w.del.Get(tx, id[ref.Organization](1), p.channel.workspace, p.id)
}

// record reads the delivery as it is stored.
func (w *world) record(p *simPost) (d delivery.Delivery, ok bool) {
	_ = w.db.View(context.Background(), func(tx rtx) error {
		var err error
		d, err = w.get(tx, p)
		ok = err == nil
		return nil
	})
	return d, ok
}

// intended says that an intent was durable under the claim.
func (p *simPost) intended(claim int64) bool {
	for _, m := range p.trace {
		if m.to == delivery.Sending && m.claim == claim {
			return true
		}
	}
	return false
}

// visible are the remote posts that are this delivery.
func (p *simPost) visible() (all []*remotePost) {
	for _, r := range p.channel.remote {
		if r.owner == p {
			all = append(all, r)
		}
	}
	return all
}

// ready says that the platform has made of the uploads what it makes of them.
func (p *simPost) ready() bool { return p.polls == 0 }

// ran notes a step; law L8.
func (p *simPost) ran(claim int64, step string) {
	s := fmt.Sprint(claim, " ", step)
	for _, old := range p.steppes {
		if old == s {
			p.w.breaks("L8", "%s ran %s twice within claim %d", p.id, step, claim)
		}
	}
	p.steppes = append(p.steppes, s)
}

// began notes the first byte of a commit call, whose last look was at this true time, when the store's clock showed
// that; laws L6 and L10.
func (w *world) began(p *simPost, n *simNode, claim int64, looked time.Duration, shown time.Time) {
	stood := n.stoodAt > looked
	for _, c := range p.calls {
		if c.to == 0 && !stood && !w.jumped(w.claimedAt(p, claim), w.now) && c.node.stoodAt < c.from {
			w.breaks("L6", "%s: a commit under claim %d while one under %d is on its way", p.id, claim, c.claim)
		}
	}
	taken := func(d delivery.Delivery) bool { return d.Claim != claim || d.State != delivery.Sending }
	if d, ok := w.record(p); ok && !w.flaw.noIntent && taken(d) && !stood && !w.jumped(w.claimedAt(p, claim), w.now) {
		w.breaks("L6", "%s: a commit under claim %d began when it was %s under claim %d", p.id, claim, d.State, d.Claim)
	}
	for _, x := range p.channel.named {
		if looked > x.answered && shown.Before(x.until) && !w.jumped(x.answered, looked) && !x.by.dead && x.by.stoodAt < x.answered &&
			w.intendedAt(p, claim) > x.answered+time.Second {
			w.breaks("L10", "%s: a commit at %s, the platform had named %s at %s", p.id, shown, x.until, x.answered)
		}
	}
	p.calls = append(p.calls, commitCall{node: n, claim: claim, from: w.now})
}

func (w *world) intendedAt(p *simPost, claim int64) time.Duration {
	for _, m := range p.trace {
		if m.claim == claim && m.to == delivery.Sending {
			return m.at
		}
	}
	return w.now
}

func (w *world) claimedAt(p *simPost, claim int64) time.Duration {
	for _, m := range p.trace {
		if m.claim == claim {
			return m.at
		}
	}
	return 0
}

// ended closes the calls of a node that are under way.
func ended(calls []commitCall, n *simNode, at time.Duration) []commitCall {
	for i := range calls {
		if calls[i].node == n && calls[i].to == 0 {
			calls[i].to = at
		}
	}
	return calls
}

// quiet says that nothing is left to happen.
func (w *world) quiet() bool {
	for _, p := range w.posts {
		if d, ok := w.record(p); ok && !w.rests(p, d) {
			return false
		}
	}
	return true
}

// rests says that only a person could go on, and none will.
func (w *world) rests(p *simPost, d delivery.Delivery) bool {
	if d.State == delivery.WaitingParent && p.parent != nil {
		up, ok := w.record(p.parent)
		return ok && (up.State == delivery.Failed || up.State == delivery.Missed || up.State == delivery.WaitingParent && w.rests(p.parent, up))
	}
	return d.State.Over() && d.State != delivery.NeedsAttention
}

// restless tells what never came to an end.
func (w *world) restless() string {
	var b strings.Builder
	for _, p := range w.posts {
		if d, ok := w.record(p); ok && !w.rests(p, d) {
			fmt.Fprintf(&b, "%s is still %s (wakes %s, %s); ", p.id, d.State, d.WakeAt.Time(), d.Words)
		}
	}
	return b.String()
}

// finalLaws are judged when everything has come to its end.
func (w *world) finalLaws() {
	owner := map[string]*simPost{}
	for _, p := range w.posts {
		d, ok := w.record(p)
		if !ok {
			w.breaks("L2", "%s is gone", p.id)
			continue
		}
		visible := p.visible()
		switch {
		case d.State == delivery.Published && len(visible) != 1:
			w.breaks("L3", "%s is published and visible %d times", p.id, len(visible))
		case d.State == delivery.Published && !strings.HasPrefix(d.Receipt.ID+" ", visible[0].id+" "):
			w.breaks("L3", "%s is published as %s and visible as %s", p.id, d.Receipt.ID, visible[0].id)
		case d.State != delivery.Published && len(visible) > 0:
			w.breaks("L3", "%s is %s and visible", p.id, d.State)
		}
		if d.Receipt.ID != "" {
			remote := fmt.Sprint(p.channel.id, strings.Fields(d.Receipt.ID)[0])
			if other := owner[remote]; other != nil {
				w.breaks("L3", "%s and %s have the same receipt", p.id, other.id)
			}
			owner[remote] = p
		}
		w.folds(p, d)
	}
	if err := w.db.Check(context.Background()); err != nil {
		w.breaks("L13", "%v", err)
	}
	if err := w.db.View(context.Background(), w.del.Check); err != nil {
		w.breaks("L13", "%v", err)
	}
}

// folds is law L12: the trace has no gap and ends where the record is.
func (w *world) folds(p *simPost, d delivery.Delivery) {
	state := delivery.State(0)
	for i, m := range p.trace {
		if m.from != state {
			w.breaks("L12", "%s: move %d leaves %s, the one before led to %s", p.id, i, m.from, state)
		}
		state = m.to
	}
	if state != d.State {
		w.breaks("L12", "%s: the trace ends in %s, the record in %s", p.id, state, d.State)
	}
}

// story tells everything that happened to the delivery, for whoever reads a broken seed.
func (p *simPost) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on channel %s (%s), words %q, due %s, visible %d\n", p.id, p.channel.id, p.channel.once.By, p.words, p.due, len(p.visible()))
	for _, m := range p.trace {
		fmt.Fprintf(&b, "  %-14s %s  %s -> %s by %s, claim %d, writer %d, told %v\n", m.at, m.wall.Format("15:04:05"), m.from, m.to, m.on, m.claim, m.writer, m.tell)
	}
	for _, r := range p.channel.remote {
		if r.words == p.words {
			fmt.Fprintf(&b, "  remote %s at %s, listed at %s, ours %v\n", r.id, r.at, r.listedAt, r.owner == p)
		}
	}
	return b.String()
}

// stories are those of the deliveries that the broken law names.
func (w *world) stories() string {
	var b strings.Builder
	for _, p := range w.posts {
		if strings.Contains(w.broken, p.id.String()) {
			b.WriteString(p.story())
		}
	}
	return b.String()
}
