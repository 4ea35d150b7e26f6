package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
)

// simWalker is a scripted connector below the kit: it walks the same driver in the same order, without HTTP.
type simWalker struct {
	w *world
	n *simNode
}

// Walk implements Walker.
func (k simWalker) Walk(ctx context.Context, _ connector.Publisher, _ connector.Draft, g connector.Grip) connector.Outcome {
	o := k.walk(ctx, g)
	if k.w.flaw.noFence {
		unfenced{g.Driver.(*driver)}.forge(ctx)
	}
	return o
}

func (k simWalker) walk(ctx context.Context, g connector.Grip) connector.Outcome {
	w, v := k.w, g.Driver.(*driver)
	p := w.byID[v.was.ID]
	d := k.stale(g.Driver)
	for i := range p.steps {
		if o, ok := k.step(ctx, d, p, v, fmt.Sprintf("upload.%d", i)); !ok {
			return o
		}
	}
	if p.polls > 0 && !p.ready() {
		if o, ok := k.call(p, "ready"); !ok {
			return o
		}
		p.polls--
		return connector.Outcome{End: connector.EndPoll, Step: "ready"}
	}
	i := connector.Intent{Step: "commit", Fingerprint: p.words}
	if o, ok := k.mark(p, g, &i); !ok {
		return o
	}
	if w.flaw.noTwins {
		i.Fingerprint = fmt.Sprint(p.id, v.by.Claim)
	}
	if !w.flaw.noIntent {
		if err := d.Intent(ctx, i); err != nil {
			return connector.Outcome{End: connector.EndLeaseLost, Err: err}
		}
	}
	return k.commit(d, p, v)
}

// stale is a planted bug: a worker whose writes count whatever its claim.
func (k simWalker) stale(d connector.Driver) connector.Driver {
	if k.w.flaw.noFence {
		return unfenced{d.(*driver)}
	}
	return d
}

// step runs one harmless step unless it is saved.
func (k simWalker) step(ctx context.Context, d connector.Driver, p *simPost, v *driver, name string) (connector.Outcome, bool) {
	if _, ok := d.Saved(name); ok {
		return connector.Outcome{}, true
	}
	p.ran(v.was.Claim, name)
	if o, ok := k.call(p, name); !ok {
		return o, false
	}
	if err := d.Save(ctx, name, []byte("done")); err != nil {
		return connector.Outcome{End: connector.EndLeaseLost, Err: err}, false
	}
	return connector.Outcome{}, true
}

// call is a harmless exchange.
func (k simWalker) call(p *simPost, step string) (connector.Outcome, bool) {
	k.w.await(k.w.latency(400 * time.Millisecond))
	if t, bad := p.channel.refuse(k.n); bad {
		return k.unlimited(connector.Outcome{End: t.end, Class: t.class, Until: t.until, Step: step}), false
	}
	return connector.Outcome{}, true
}

// mark notes what stands there before the commit, where that is needed.
func (k simWalker) mark(p *simPost, g connector.Grip, i *connector.Intent) (connector.Outcome, bool) {
	by := p.channel.once.By
	if g.Doubt != nil {
		i.Mark, i.MarkAt = g.Doubt.Mark, g.Doubt.MarkAt
		return connector.Outcome{}, true
	}
	if by != connector.Native && by != connector.Lookup && by != connector.Handle {
		return connector.Outcome{}, true
	}
	if o, ok := k.call(p, "mark"); !ok {
		return o, false
	}
	for _, r := range p.channel.list() {
		i.Mark = append(i.Mark, r.id)
	}
	i.MarkAt = p.channel.date()
	if k.w.flaw.ownAge {
		i.MarkAt = k.n.Now()
	}
	return connector.Outcome{}, true
}

// The ways in which the commit call may go.
const (
	goesWell = iota
	dialRefused
	droppedBefore // never arrives
	serverError   // 5xx, nothing done
	slow
	refusedIt
	acceptedAndDropped
	acceptedWith5xx
	halfBody
	acceptedUnderway
)

func (k simWalker) fate() int {
	if !k.w.faults {
		return goesWell
	}
	switch roll := k.w.below(100); {
	case k.w.profile == restless && roll > 80:
		return slow
	case roll < 4:
		return dialRefused
	case roll < 8:
		return droppedBefore
	case roll < 12:
		return serverError
	case roll < 16:
		return slow
	case roll < 21:
		return refusedIt
	case roll < 30:
		return acceptedAndDropped
	case roll < 34:
		return acceptedWith5xx
	case roll < 38:
		return halfBody
	case roll < 42:
		return acceptedUnderway
	}
	return goesWell
}

// unlimited is a planted bug: the instant that the platform named is lost on the way.
func (k simWalker) unlimited(o connector.Outcome) connector.Outcome {
	if k.w.flaw.noLimit && o.Class == connector.RateLimited {
		o.Class, o.Until = connector.Transient, time.Time{}
	}
	return o
}

// commit makes the one call that makes the post visible.
func (k simWalker) commit(d connector.Driver, p *simPost, v *driver) connector.Outcome {
	w, fate := k.w, k.fate()
	w.await(w.latency(50 * time.Millisecond))
	if fate == dialRefused {
		return connector.Outcome{End: connector.EndNotAccepted, Class: connector.Transient, Step: "commit"}
	}
	if w.twoNode && w.faults && w.chance(20_000) {
		k.n.pause(w.between(time.Second, 4*time.Minute))
		w.await(0)
	}
	if !w.flaw.noLastLook && !w.flaw.noIntent && !d.LastLook() {
		return connector.Outcome{End: connector.EndStopped, Step: "commit"}
	}
	looked, shown := w.now, w.wall()
	if w.twoNode && w.faults && w.chance(10_000) {
		k.n.pause(10 * time.Minute)
		w.await(0)
	}
	w.began(p, k.n, v.was.Claim, looked, shown)
	answer := k.send(p, v, fate)
	p.calls = ended(p.calls, k.n, w.now)
	if answer == nil {
		return k.lost(fate)
	}
	return k.unlimited(*answer)
}

// lost is what becomes of an answer that never came or can't be read.
func (k simWalker) lost(fate int) connector.Outcome {
	o := connector.Outcome{End: connector.EndUnsure, Class: connector.Uncertain, Sent: true, Step: "commit"}
	if k.w.flaw.blindRetry || k.w.flaw.refused5xx && (fate == serverError || fate == acceptedWith5xx) {
		o.End, o.Class = connector.EndNotAccepted, connector.Transient
	}
	return o
}

// send lets the platform work on it, which outlives a crash of ours, and waits for the answer at most as long as a call
// may take. Nil: no readable answer.
func (k simWalker) send(p *simPost, v *driver, fate int) *connector.Outcome {
	w, c := k.w, p.channel
	w.count.commits++
	key, claim := Key(v.was.ID, v.was.Round), v.was.Claim
	if c.once.By == connector.Lookup || c.once.By == connector.Ask {
		key = ""
	}
	var answer *connector.Outcome
	g := &simGate{s: &w.sched}
	p.flying++
	w.spawn(nil, func() {
		took := w.latency(300 * time.Millisecond)
		if fate == slow {
			took = w.between(10*time.Second, time.Minute)
		}
		w.await(took)
		answer = k.arrive(p, key, claim, fate)
		p.flying--
		g.Open()
	})
	g.wait(delivery.FirstCall)
	return answer
}

// arrive is the commit at the platform.
func (k simWalker) arrive(p *simPost, key string, claim int64, fate int) *connector.Outcome {
	c := p.channel
	switch fate {
	case droppedBefore, serverError:
		return nil
	case refusedIt:
		if t, bad := c.refuse(k.n); bad {
			return &connector.Outcome{End: t.end, Class: t.class, Until: t.until, Sent: true, Step: "commit"}
		}
		return &connector.Outcome{End: connector.EndNotAccepted, Class: connector.Transient, Sent: true, Step: "commit"}
	}
	r := c.accept(p, key, claim)
	switch {
	case fate == acceptedAndDropped || fate == acceptedWith5xx || fate == halfBody:
		return nil
	case fate == acceptedUnderway && c.once.By == connector.Handle:
		return &connector.Outcome{End: connector.EndUnderway, Sent: true, Until: k.n.Now().Add(40 * time.Second), Step: "commit"}
	}
	return &connector.Outcome{End: connector.EndPublished, Sent: true, Receipt: k.receipt(p, r), Step: "commit"}
}

// receipt names the remote post. With a planted bug every delivery's receipt looks like another's, so that nothing but
// the law can notice.
func (k simWalker) receipt(p *simPost, r *remotePost) connector.Receipt {
	id := r.id
	if k.w.flaw.knownIgnored {
		id = fmt.Sprintf("%s of %s", r.id, p.id)
	}
	return connector.Receipt{ID: id, Permalink: "https://example.com/" + r.id, At: epoch.Add(r.at)}
}

// Reconcile implements Walker: how each way to stay at one is looked at.
func (k simWalker) Reconcile(_ context.Context, _ connector.Publisher, _ connector.Draft, g connector.Grip) connector.Outcome {
	p, v := k.w.byID[g.Driver.(*driver).was.ID], g.Driver.(*driver)
	c, once := p.channel, p.channel.once
	if k.w.flaw.unproven {
		k.w.change(func(tx tx) error {
			d, err := k.w.get(tx, p)
			for _, s := range d.Senders {
				d = k.w.del.SenderOver(tx, d, delivery.Held{Node: s.Node, Claim: s.Claim})
			}
			return err
		})
	}
	if once.By == connector.Ask {
		return connector.Outcome{End: connector.EndCantTell, Words: "look yourself"}
	}
	k.w.await(k.w.latency(400 * time.Millisecond))
	if t, bad := c.refuse(k.n); bad && t.end != connector.EndRefused {
		if t.end == connector.EndNotAccepted {
			t.end = connector.EndLookFailed
		}
		return k.unlimited(connector.Outcome{End: t.end, Class: t.class, Until: t.until, Step: "look"})
	}
	switch once.By {
	case connector.Deterministic:
		return connector.Outcome{End: connector.EndResend}
	case connector.Handle:
		return k.lookAtHandle(p, Key(v.was.ID, v.was.Round))
	case connector.Native:
		age := c.date().Sub(g.Doubt.MarkAt)
		if k.w.flaw.ownAge {
			age = k.n.Now().Sub(g.Doubt.MarkAt)
		}
		if age < simLife/2 || k.w.flaw.keyForEver {
			return connector.Outcome{End: connector.EndResend}
		}
		if once.Then == connector.Ask {
			return connector.Outcome{End: connector.EndCantTell}
		}
	}
	return k.find(p, g)
}

func (k simWalker) lookAtHandle(p *simPost, key string) connector.Outcome {
	for _, r := range p.channel.remote {
		if r.key == key && r.listedAt <= k.w.now {
			return connector.Outcome{End: connector.EndFound, Receipt: k.receipt(p, r)}
		} else if r.key == key {
			return connector.Outcome{End: connector.EndLater, Until: k.n.Now().Add(20 * time.Second)}
		}
	}
	return connector.Outcome{End: connector.EndResend}
}

// find looks through the list for the same words, not in the mark, not another delivery's.
func (k simWalker) find(p *simPost, g connector.Grip) connector.Outcome {
	marked := map[string]bool{}
	for _, m := range g.Doubt.Mark {
		marked[m] = true
	}
	for _, r := range p.channel.list() {
		if r.words != p.words || marked[r.id] {
			continue
		}
		if rec := k.receipt(p, r); !g.Known(rec.ID) {
			return connector.Outcome{End: connector.EndFound, Receipt: rec}
		}
	}
	at := p.channel.date()
	if k.w.flaw.ownSettle {
		at = k.n.Now()
	}
	return connector.Outcome{End: connector.EndAbsent, At: at}
}

// unfenced writes as if it held whatever is there.
type unfenced struct{ *driver }

func (u unfenced) Save(ctx context.Context, step string, b []byte) error {
	u.forge(ctx)
	return u.driver.Save(ctx, step, b)
}

func (u unfenced) Intent(ctx context.Context, i connector.Intent) error {
	u.forge(ctx)
	return u.driver.Intent(ctx, i)
}

func (u unfenced) forge(ctx context.Context) {
	_ = u.r.Store.View(ctx, func(tx rtx) error {
		d, err := u.r.Deliveries.Get(tx, u.was.Organization, u.was.Workspace, u.was.ID)
		if err == nil && d.State.Leased() {
			u.by = d.Held()
		}
		return nil
	})
}

var _ Walker = simWalker{}
