package publish

import (
	"time"

	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/ref"
)

// person is everybody who uses the product: composes, edits, cancels, pauses, reconnects, decides.
func (w *world) person() {
	for {
		w.await(w.between(3*time.Minute, 12*time.Minute))
		w.upkeep()
		if !w.faults || len(w.posts) == 0 {
			continue
		}
		p := w.posts[w.below(len(w.posts))]
		switch w.below(12) {
		case 0:
			w.edit(p)
		case 1:
			w.move(p, delivery.Cancel, delivery.Arg{})
		case 2:
			w.change(func(tx tx) error {
				w.del.PauseChannel(tx, id[ref.Organization](1), p.channel.workspace, p.channel.id, delivery.ByPerson, "paused")
				return nil
			})
		case 3:
			w.change(func(tx tx) error { w.del.ResumeChannel(tx, p.channel.id, delivery.ByPerson); return nil })
		case 4, 5:
			w.retry(p)
		case 6:
			w.compose(p.channel)
		}
		if w.below(2) == 0 {
			for _, n := range w.nodes {
				n.runner.Poke()
			}
		}
	}
}

// upkeep is what somebody always does in the end: reconnect, bring media, resume, decide what only people can.
func (w *world) upkeep() {
	for _, c := range w.channels {
		switch {
		case !c.badToken:
		case c.reconnects == 0:
			c.reconnects = w.now + w.between(5*time.Minute, 90*time.Minute)
		case w.now >= c.reconnects:
			c.badToken, c.reconnects = false, 0
		}
		w.change(func(tx tx) error {
			if !c.badToken {
				w.del.ResumeChannel(tx, c.id, delivery.NeedsReconnect)
			}
			if !w.faults {
				w.del.ResumeChannel(tx, c.id, delivery.ByPerson)
			}
			return nil
		})
	}
	for _, p := range w.posts {
		if p.media && w.below(3) == 0 {
			p.media = false
			w.change(func(tx tx) error {
				d, err := w.get(tx, p)
				if err == nil {
					_, err = w.del.MediaReady(tx, d)
				}
				return err
			})
		}
		w.resolve(p)
	}
}

// resolve says truthfully whether the post is there, after having waited for a while.
func (w *world) resolve(p *simPost) {
	if len(p.trace) == 0 {
		return
	}
	last := p.trace[len(p.trace)-1]
	if last.to != delivery.NeedsAttention || w.now-last.at < 20*time.Minute || p.flying > 0 {
		return
	}
	if seen := p.visible(); len(seen) > 0 {
		remote := simWalker{w: w}.receipt(p, seen[0])
		w.move(p, delivery.ResolvePublished, delivery.Arg{Remote: remoteOf(remote)})
		return
	}
	resend := w.below(2) == 0
	p.due = w.wall()
	w.move(p, delivery.ResolveNotPublished, delivery.Arg{Resend: resend})
}

func (w *world) edit(p *simPost) {
	due := w.wall().Add(w.between(time.Minute, 90*time.Minute)).Truncate(time.Millisecond)
	missing := p.media
	w.change(func(tx tx) error {
		d, err := w.get(tx, p)
		if err != nil {
			return err
		}
		if _, err = w.del.Move(tx, d, delivery.Edit, delivery.Arg{Due: delivery.At(due), MediaMissing: missing}); err == nil {
			p.due = due
		}
		return err
	})
}

func (w *world) retry(p *simPost) {
	w.change(func(tx tx) error {
		d, err := w.get(tx, p)
		if err == nil {
			d, err = w.del.Move(tx, d, delivery.Retry, delivery.Arg{})
		}
		if err == nil {
			p.due = d.DueAt.Time()
		}
		return err
	})
}

func (w *world) move(p *simPost, on delivery.Event, a delivery.Arg) {
	w.change(func(tx tx) error {
		d, err := w.get(tx, p)
		if err == nil {
			_, err = w.del.Move(tx, d, on, a)
		}
		return err
	})
}

// vandal is a planted bug of its own task: leases ended early, a wake forgotten, a record removed.
func (w *world) vandal() {
	for w.faults {
		w.await(w.between(100*time.Millisecond, 2*time.Second))
		p := w.posts[w.below(len(w.posts))]
		d, ok := w.record(p)
		switch {
		case !ok:
		case w.flaw.leaseIgnored && d.State.Leased():
			w.move(p, delivery.LeaseOver, delivery.Arg{})
		case w.flaw.gone && d.State == delivery.Published && w.below(100) == 0:
			w.change(func(tx tx) error { return w.erase(tx, d) })
		case w.flaw.asleep && d.State == delivery.Scheduled && w.below(1000) == 0:
			w.change(func(tx tx) error { return w.lullaby(tx, d) })
		}
	}
}
