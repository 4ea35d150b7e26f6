package trail

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"sort"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Entry is one event as owners and admins read it: the canonical bytes and the values that it only commits to.
type Entry struct {
	Seq    int64             `json:"seq"`
	ID     ref.Event         `json:"id"`
	Event  string            `json:"event" doc:"The canonical JSON of the leaf; empty when it was pruned."`
	Leaf   string            `json:"leaf" doc:"The hash that the log is made of, in base64."`
	Pruned bool              `json:"pruned,omitempty" doc:"Only the hash is left."`
	By     string            `json:"by,omitempty" doc:"The name of whoever acted, as it is today."`
	Values map[string]string `json:"values,omitempty" doc:"Names, addresses and reasons, as far as they weren't erased."`
}

// Filter narrows a log. Zero values don't.
type Filter struct {
	Who  string    `query:"who" json:"who,omitempty" maxLength:"40" pattern:"^[a-z_0-9]*$" doc:"Only what this person or key did: an id."`
	What string    `query:"what" json:"what,omitempty" maxLength:"64" pattern:"^[a-z_.]*$" doc:"Only actions that begin so, like channel. or member.removed."`
	From time.Time `query:"from" json:"from,omitzero" doc:"Only what happened at or after this instant."`
	To   time.Time `query:"to" json:"to,omitzero" doc:"Only what happened before this instant."`
}

type listInput struct {
	op.OrganizationPath
	op.Page
	Filter
}

type instanceInput struct {
	op.Page
	Filter
}

// matches looks at the bytes before it reads them: canonical JSON holds a member in one form only.
func (f Filter) matches(e audit.Entry) bool {
	at := e.ID.At()
	if !f.From.IsZero() && at.Before(f.From) || !f.To.IsZero() && !at.Before(f.To) {
		return false
	}
	if f.What != "" && !bytes.Contains(e.Bytes, []byte(`"action":"`+f.What)) {
		return false
	}
	if f.Who == "" {
		return true
	}
	if !bytes.Contains(e.Bytes, []byte(`"`+f.Who+`"`)) {
		return false
	}
	leaf := leafOf(e)
	return leaf.Actor.ID == f.Who || leaf.Actor.Member == f.Who
}

// leaf is what this package reads of an event.
type leaf struct {
	Action string `json:"action"`
	At     string `json:"at"`
	Result string `json:"result"`
	Error  string `json:"error"`
	Actor  struct {
		Kind, ID, Member, Via string
		MFA                   struct{ Method string }
	} `json:"actor"`
	On      struct{ Kind, ID, Workspace string }  `json:"on"`
	Why     struct{ Ticket, Grant, Basis string } `json:"why"`
	From    struct{ Request, Agent string }       `json:"from"`
	Changed struct {
		Names  []string
		Values map[string]string
	} `json:"changed"`
}

func leafOf(e audit.Entry) (l leaf) {
	_ = json.Unmarshal(e.Bytes, &l) // a pruned event has nothing to read
	return l
}

// jumps is how far a corrected clock may have put an event out of order.
const jumps = time.Hour

// start is the number below which a list with an end begins: the first event that is surely behind it. Later ones are
// found by halving, as instants grow with numbers but for corrections of the clock.
func (f Filter) start(tx store.ReadTx, o ref.Organization) int64 {
	if f.To.IsZero() {
		return 0
	}
	size := audit.Size(tx, o)
	n := sort.Search(int(size), func(i int) bool {
		e, _ := audit.Get(tx, o, int64(i))
		return e.ID.At().After(f.To.Add(jumps))
	})
	return int64(n)
}

// over says that this event and all before it are too old.
func (f Filter) over(e audit.Entry) bool {
	return !f.From.IsZero() && e.ID.At().Before(f.From.Add(-jumps))
}

func (s *Trail) list(ctx context.Context, c op.Call, in *listInput) (*op.Listed[Entry], error) {
	return s.page(ctx, c, c.Organization, in.Page, in.Filter)
}

func (s *Trail) listInstance(ctx context.Context, c op.Call, in *instanceInput) (*op.Listed[Entry], error) {
	return s.page(ctx, c, ref.Organization{}, in.Page, in.Filter)
}

// mostRead is how many events one page looks at.
const mostRead = 20_000

func (s *Trail) page(ctx context.Context, c op.Call, o ref.Organization, p op.Page, f Filter) (*op.Listed[Entry], error) {
	at, err := c.Position(p.Cursor)
	if err != nil {
		return nil, err
	}
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[Entry], error) {
		out := &op.Listed[Entry]{Items: []Entry{}}
		before := seqOf(at)
		if before == 0 {
			if before = f.start(tx, o); before == 0 && !f.To.IsZero() {
				return out, nil
			}
		}
		read := 0
		audit.Back(tx, o, before, func(e audit.Entry) bool {
			if f.over(e) {
				return false
			}
			if len(out.Items) == p.Limit || read == mostRead {
				out.NextCursor = c.Cursor(store.K(e.Seq + 1))
				return false
			}
			if read++; f.matches(e) {
				out.Items = append(out.Items, s.entry(tx, e))
			}
			return true
		})
		return out, nil
	})
}

func (s *Trail) entry(tx store.ReadTx, e audit.Entry) Entry {
	out := Entry{Seq: e.Seq, ID: e.ID, Event: string(e.Bytes), Leaf: hashText(e.Leaf), Pruned: e.Pruned(), Values: e.Values}
	var who ref.Identity
	if id := leafOf(e).Actor.ID; strings.HasPrefix(id, who.Prefix()) && ref.Read(id, &who) == nil {
		if p, ok := s.Person(tx, who); ok {
			out.By = p.Name
		}
	}
	return out
}

// seqOf reads the number in a cursor; 0 is the beginning.
func seqOf(k store.Key) int64 {
	if len(k) != 9 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(k[1:]) ^ 1<<63) //nolint:gosec // written by the store
}
