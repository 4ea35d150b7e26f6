package connector

import (
	"context"
	"time"
)

// UnderLister is a Lister of a platform whose list leaves out what stands under other posts: answers in threads,
// comments. For a delivery with a parent its list is asked instead, for the mark and for looking.
type UnderLister interface {
	Lister
	// ListUnder lists what stands under the post that a delivery follows, newest first: all of it or at least the last 20.
	ListUnder(ctx context.Context, c *Call, parent Receipt) ([]Seen, error)
}

// list asks for what the channel posted where the delivery's post would stand, under a call of its own.
func (p *Pass) list(ctx context.Context, lister Lister, name string) ([]Seen, time.Time, error) {
	c := newCall(p.spec, p.Draft.Channel, p.grip, name)
	defer p.close(c)
	if under, ok := lister.(UnderLister); ok && p.Draft.Parent != nil && p.Draft.Role != Post {
		seen, err := under.ListUnder(ctx, c, *p.Draft.Parent)
		return seen, c.date, err
	}
	seen, err := lister.List(ctx, c)
	return seen, c.date, err
}
