package support

import (
	"context"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Limits of one grant.
const (
	maxReads   = 600    // in an hour
	maxRecords = 10_000 // in all
)

func hourOf(at time.Time) time.Time { return at.UTC().Truncate(time.Hour) }

// sight is what one read is about to look at.
type sight struct {
	category Category
	fields   []string
	single   bool // one post or file is opened: the customer may want to know why
	picture  bool
}

// look is the one way to a customer's content. One transaction judges the grant at this instant, lets fn fetch, and writes
// down what was read; the answer leaves only after all of it is durable. A process that dies in between has either shown
// nothing or left the event.
func look[Out any](ctx context.Context, s *Support, c op.Call, id ref.Grant, what sight, fn func(tx store.ReadTx, g Grant) (*Out, []string, error)) (*Out, error) {
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Out, error) {
		g, err := own(tx, c, id)
		if err != nil {
			return nil, err
		}
		if err := s.judge(tx, c, g, what); err != nil {
			return nil, err
		}
		out, records, err := fn(tx, g)
		if err != nil {
			return nil, err
		}
		return out, s.note(tx, c, g, what, records)
	})
	if err == nil {
		c.SetHeader("Support-Grant", id.String())
		c.SetHeader("Support-Staff", c.Actor.Identity.String())
		c.SetHeader("Support-Time", c.Now.UTC().Format(time.RFC3339))
	}
	return out, err
}

// judge says whether the grant carries this read at this instant. Closed when unsure.
func (s *Support) judge(tx store.ReadTx, c op.Call, g Grant, what sight) error {
	now, p := tx.Now(), PolicyOf(tx, g.Organization)
	switch {
	case g.Stands(now) != Active:
		return ErrNoGrant.With("state", string(g.Stands(now)))
	case !sound(tx):
		return ErrClock
	case p.Off, !s.StaffActive(tx, g.Staff), !s.approversStand(tx, g):
		return ErrNoGrant
	case !p.inHours(now):
		return ErrHours
	case g.Network != "" && g.Network != c.From.Prefix:
		return ErrNetwork
	case !g.Covers(what.category):
		return ErrCategory.With("category", string(what.category))
	case what.picture && !g.Scope.Thumbnails:
		return ErrThumbnails
	case what.single && p.SayWhy && len(why(c)) < 3:
		return ErrWhy
	case g.Hour.Equal(hourOf(now)) && g.InHour >= maxReads:
		return ErrHourFull.After(hourOf(now).Add(time.Hour))
	}
	return nil
}

const longestWhy = 200

// why is the one line that staff gave for opening a record.
func why(c op.Call) string {
	text := strings.TrimSpace(c.Header("Support-Why"))
	return text[:min(len(text), longestWhy)]
}

// note writes the read: the event, the line the customer sees, and the grant's counters, which make a read and a
// withdrawal meet in the store. The read that reaches a limit tells the approvers; the one that reaches the last ends it.
func (s *Support) note(tx store.Tx, c op.Call, g Grant, what sight, records []string) error {
	now := tx.Now()
	shown := records[:min(len(records), 200)]
	line := ""
	if what.single {
		line = why(c)
	}
	seen(tx)
	a := act("support.read", g, map[string]string{})
	a.Changed, a.Why = nil, audit.Why{Ticket: g.Ticket, Grant: g.ID.String(), Reason: line}
	a.Read = &audit.Read{Category: string(what.category), Fields: what.fields, Records: shown, Count: int64(len(records))}
	event := op.Write(tx, c, a)

	g.Reads++
	g.Records += int64(len(records))
	if h := hourOf(now); !g.Hour.Equal(h) {
		g.Hour, g.InHour = h, 0
	}
	g.InHour++
	g.LastRead = now
	grants.Put(tx, g)
	sightings.Put(tx, Sighting{Organization: g.Organization, Grant: g.ID, N: g.Reads, At: now, Category: what.category, Fields: what.fields, Records: shown,
		Count: int64(len(records)), Why: line, Event: event})
	if g.InHour == maxReads {
		if err := s.Tell(tx, Notice{Kind: "paused", Grant: g, Staff: s.Person(tx, g.Staff), Why: "hourly_limit", Deciders: s.Deciders(tx, g.Organization)}); err != nil {
			return err
		}
	}
	if g.Records >= maxRecords {
		return s.byRule(tx, g, Deed{Act: Rule, Because: limitRecords})
	}
	return nil
}
