package post

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Row is a post in a calendar or list: light, so that a thousand fit.
type Row struct {
	ID        ref.Post      `json:"id"`
	Version   int64         `json:"version"`
	DueAt     *time.Time    `json:"due_at,omitempty"`
	Timezone  string        `json:"timezone,omitempty"`
	Status    string        `json:"status"`
	Channels  []ref.Channel `json:"channels" maxItems:"100"`
	Text      string        `json:"text" doc:"The first words."`
	Thumbnail string        `json:"thumbnail,omitempty" doc:"Id of the first file."`
	Labels    []string      `json:"labels,omitempty" maxItems:"30"`
	UpdatedAt time.Time     `json:"updated_at"`
	Author    string        `json:"author,omitempty"`
	Private   bool          `json:"private,omitempty" doc:"A draft that only its author sees."`
	Note      string        `json:"note,omitempty" doc:"What is worth knowing: how late it went out, when it is tried again."`
}

type listPosts struct {
	op.WorkspacePath
	op.Page
	From    time.Time   `query:"from" doc:"Only posts that go out at or after this instant."`
	To      time.Time   `query:"to" doc:"Only posts that go out before this instant."`
	Status  string      `query:"status" enum:"needs_attention,failed,paused,missed,sending,scheduled,partly_published,published,cancelled,draft"`
	Channel ref.Channel `query:"channel" maxLength:"40"`
	Label   string      `query:"label" maxLength:"240"`
	Q       string      `query:"q" maxLength:"200" doc:"Words that must stand in the text."`
	Deleted bool        `query:"deleted" doc:"Only what is in the trash."`
}

type calendarInput struct {
	op.WorkspacePath
	From time.Time `query:"from" required:"true"`
	To   time.Time `query:"to" required:"true"`
}

const (
	rowWords     = 80
	calendarMost = 2000
	calendarSpan = 100 * 24 * time.Hour
	looksPerPage = 5000 // records that one page of a filtered list looks at
)

func (s *Posts) listOperations() []op.Operation {
	row := Row{Status: "scheduled", Text: "The winter sale starts now.", Channels: []ref.Channel{}, Version: 1}
	return []op.Operation{
		op.New("posts.list", op.GET("/workspaces/{workspace}/posts"), s.list).
			Says("List posts", "Newest first; with from or to in the order in which they go out.").
			Example(nil, op.Listed[Row]{Items: []Row{row}}).In(op.InWorkspace).Fails(op.ErrCursor, ErrFilter).Needs(access.WorkspaceRead),
		op.New("calendar.read", op.GET("/workspaces/{workspace}/calendar"), s.calendar).
			Says("Read the calendar", "Up to 2,000 light rows of posts that go out in the span, at most 100 days.").
			Example(nil, op.Listed[Row]{Items: []Row{row}}).In(op.InWorkspace).Fails(ErrFilter).Needs(access.WorkspaceRead),
		op.New("home.read", op.GET("/workspaces/{workspace}/home"), s.home).
			Says("Read what matters now", "What needs a person, what goes out today and tomorrow, drafts, free slots and first steps.").
			Example(nil, Home{Needs: []Need{}, Today: []Row{row}, Tomorrow: []Row{}, Drafts: []Row{}, Slots: []FreeSlot{}}).In(op.InWorkspace).Needs(access.WorkspaceRead),
	}
}

func (s *Posts) row(tx store.ReadTx, p Post, status delivery.Status) Row {
	r := Row{ID: p.ID, Version: p.Version, Status: status.String(), Channels: p.Channels, Text: p.Title(rowWords), Labels: p.Labels, UpdatedAt: p.UpdatedAt, Private: p.Private}
	if r.Channels == nil {
		r.Channels = []ref.Channel{}
	}
	if p.Schedule != nil {
		at := p.Schedule.At
		r.DueAt, r.Timezone = &at, p.Schedule.Timezone
	}
	if all := p.assets(); len(all) > 0 {
		r.Thumbnail = all[0].String()
	}
	return r
}

// span reads standings by their time.
func span(w ref.Workspace, from, to time.Time) store.Range {
	r := store.Range{Prefix: store.K(w)}
	if !from.IsZero() {
		r.From = store.K(w, from)
	}
	if !to.IsZero() {
		r.To = store.K(w, to)
	}
	return r
}

// listing chooses the index that answers the request, and the order.
func listing(tx store.ReadTx, in *listPosts, w ref.Workspace, at store.Key) (iter.Seq2[store.Key, standing], error) {
	var r store.Range
	index := "made"
	switch {
	case !in.From.IsZero() || !in.To.IsZero():
		index, r = "due", span(w, in.From, in.To)
	case in.Status != "":
		st, ok := delivery.ParseStatus(in.Status)
		if !ok {
			return nil, ErrFilter.At("status", "use one of the words of a post's status")
		}
		index, r = "status", store.Range{Prefix: store.K(w, byte(st)), Back: true}
	default:
		r = store.Range{Prefix: store.K(w), Back: true}
	}
	if at != nil {
		if r.Back {
			r.To = at
		} else {
			r.From = at
		}
	}
	return standings.By(tx, index, r), nil
}

func (s *Posts) list(ctx context.Context, c op.Call, in *listPosts) (*op.Listed[Row], error) {
	at, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[Row], error) {
		out := &op.Listed[Row]{Items: []Row{}}
		if in.Deleted {
			return out, s.listDeleted(tx, c, in, at, out)
		}
		rows, err := listing(tx, in, c.Workspace, at)
		if err != nil {
			return nil, err
		}
		back := in.From.IsZero() && in.To.IsZero()
		looked := 0
		var last store.Key
		for key, st := range rows {
			if len(out.Items) == in.Limit || looked == looksPerPage {
				if !back {
					last = slices.Clone(key)
				}
				out.NextCursor = c.Cursor(last)
				return out, nil
			}
			looked++
			last = slices.Clone(key)
			if in.Status != "" && delivery.Status(st.Status).String() != in.Status {
				continue
			}
			p, ok := see(tx, c, st.Post)
			if ok && in.matches(p) {
				row := s.row(tx, p, delivery.Status(st.Status))
				row.Author = s.Author(tx, p.Author)
				out.Items = append(out.Items, row)
			}
		}
		return out, nil
	})
}

func (in *listPosts) matches(p Post) bool {
	switch {
	case !in.Channel.Zero() && !slices.Contains(p.Channels, in.Channel):
		return false
	case in.Label != "" && !slices.Contains(p.Labels, in.Label):
		return false
	case in.Q == "":
		return true
	}
	text := strings.ToLower(p.words())
	for _, word := range strings.Fields(strings.ToLower(in.Q)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func (p Post) words() string {
	var b strings.Builder
	for _, part := range p.Parts {
		b.WriteString(part.Text + "\n")
	}
	for _, v := range p.Variants {
		for _, o := range v.Parts {
			if o.Text != nil {
				b.WriteString(*o.Text + "\n")
			}
		}
	}
	return b.String()
}

func (s *Posts) listDeleted(tx store.ReadTx, c op.Call, in *listPosts, at store.Key, out *op.Listed[Row]) error {
	r := store.Range{Back: true, To: at}
	looked := 0
	var last store.Key
	for key, p := range posts.By(tx, "deleted", r) {
		if len(out.Items) == in.Limit || looked == looksPerPage {
			out.NextCursor = c.Cursor(last)
			return nil
		}
		looked++
		last = slices.Clone(key)
		if p.Workspace == c.Workspace && p.shownTo(c) && in.matches(p) {
			out.Items = append(out.Items, s.row(tx, p, delivery.StatusOf(s.Deliveries.OfPost(tx, p.ID))))
		}
	}
	return nil
}

func (s *Posts) calendar(ctx context.Context, c op.Call, in *calendarInput) (*op.Listed[Row], error) {
	if !in.To.After(in.From) || in.To.Sub(in.From) > calendarSpan {
		return nil, ErrFilter.At("to", "choose a span of at most 100 days")
	}
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[Row], error) {
		return &op.Listed[Row]{Items: s.between(tx, c, in.From, in.To, calendarMost)}, nil
	})
}

func (s *Posts) between(tx store.ReadTx, c op.Call, from, to time.Time, most int) []Row {
	out := []Row{}
	for _, st := range standings.By(tx, "due", span(c.Workspace, from, to)) {
		if p, ok := see(tx, c, st.Post); ok {
			out = append(out, s.row(tx, p, delivery.Status(st.Status)))
		}
		if len(out) == most {
			break
		}
	}
	return out
}

// Need is something that a person must see to.
type Need struct {
	Delivery  ref.Delivery `json:"delivery"`
	Post      ref.Post     `json:"post"`
	Channel   ref.Channel  `json:"channel"`
	Status    string       `json:"status"`
	Text      string       `json:"text"`
	Message   string       `json:"message,omitempty"`
	Fix       string       `json:"fix,omitempty"`
	DueAt     time.Time    `json:"due_at"`
	Thumbnail string       `json:"thumbnail,omitempty"`
	Version   int64        `json:"version"`
}

// FreeSlot is the next free slot of a channel.
type FreeSlot struct {
	Channel ref.Channel `json:"channel"`
	At      time.Time   `json:"at"`
}

// FirstSteps says what a newcomer did already.
type FirstSteps struct {
	PracticePost bool `json:"practice_post"`
	Channel      bool `json:"channel"`
	Invited      bool `json:"invited"`
	SecondFactor bool `json:"second_factor"`
	Dismissed    bool `json:"dismissed"`
}

// Home is what matters now.
type Home struct {
	Needs      []Need     `json:"needs" maxItems:"50"`
	Today      []Row      `json:"today" maxItems:"200"`
	Tomorrow   []Row      `json:"tomorrow" maxItems:"200"`
	Drafts     []Row      `json:"drafts" maxItems:"10"`
	Slots      []FreeSlot `json:"slots" maxItems:"20"`
	FirstSteps FirstSteps `json:"first_steps"`
}

const (
	homeNeeds  = 50
	homeDay    = 200
	homeDrafts = 10
	homeSlots  = 20
)

func (s *Posts) home(ctx context.Context, c op.Call, _ *op.WorkspacePath) (*Home, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*Home, error) {
		w, ok := organization.GetWorkspace(tx, c.Organization, c.Workspace)
		if !ok {
			return nil, ErrNotFound
		}
		zone, err := time.LoadLocation(w.Timezone)
		if err != nil {
			zone = time.UTC
		}
		now := tx.Now().In(zone)
		today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone)
		out := &Home{Needs: s.needs(tx, c), Slots: []FreeSlot{}, Drafts: []Row{},
			Today:    s.between(tx, c, today, today.AddDate(0, 0, 1), homeDay),
			Tomorrow: s.between(tx, c, today.AddDate(0, 0, 1), today.AddDate(0, 0, 2), homeDay)}
		for _, st := range standings.By(tx, "status", store.Range{Prefix: store.K(c.Workspace, byte(delivery.StatusDraft)), Back: true}) {
			if p, ok := see(tx, c, st.Post); ok {
				out.Drafts = append(out.Drafts, s.row(tx, p, delivery.StatusDraft))
			}
			if len(out.Drafts) == homeDrafts {
				break
			}
		}
		s.slotsAndSteps(tx, c, w, out)
		return out, nil
	})
}

func (s *Posts) slotsAndSteps(tx store.ReadTx, c op.Call, w organization.Workspace, out *Home) {
	out.FirstSteps = FirstSteps{SecondFactor: c.Actor.SecondFactor, Dismissed: w.FirstSteps, Invited: organization.Several(tx, c.Organization)}
	for _, ch := range channel.Of(tx, c.Organization, c.Workspace) {
		if ch.Platform == "practice" {
			out.FirstSteps.PracticePost = out.FirstSteps.PracticePost || !ch.LastPublishedAt.IsZero()
		} else {
			out.FirstSteps.Channel = true
		}
		if at, ok, err := NextFree(tx, ch, w.Timezone, ref.Post{}); err == nil && ok && len(out.Slots) < homeSlots {
			out.Slots = append(out.Slots, FreeSlot{Channel: ch.ID, At: at})
		}
	}
}

// needs lists deliveries that a person must see to, the most pressing kind first.
func (s *Posts) needs(tx store.ReadTx, c op.Call) []Need {
	out := []Need{}
	for _, st := range []delivery.Status{delivery.StatusNeedsAttention, delivery.StatusFailed, delivery.StatusPaused, delivery.StatusMissed} {
		for _, d := range s.Deliveries.ByStatus(tx, c.Workspace, st, nil, false) {
			if len(out) == homeNeeds {
				return out
			}
			p, ok := Get(tx, d.Organization, d.Workspace, d.Post)
			if !ok || !p.DeletedAt.IsZero() {
				continue
			}
			n := Need{Delivery: d.ID, Post: d.Post, Channel: d.Channel, Status: d.Word(), Text: p.Title(rowWords), Message: d.Words, Fix: d.Fix, DueAt: d.DueAt.Time(), Version: d.Version}
			if all := p.assets(); len(all) > 0 {
				n.Thumbnail = all[0].String()
			}
			out = append(out, n)
		}
	}
	return out
}

// Listing is a post in a list of a whole organization, without a word of its content.
type Listing struct {
	Workspace ref.Workspace
	Post      ref.Post
	Status    string
	DueAt     time.Time
	CreatedAt time.Time
}

// Listings reads at most n posts of the organization from the key on, oldest workspace and post first; next is where to
// go on, empty at the end. What is in the trash or private is left out.
func Listings(tx store.ReadTx, o ref.Organization, from store.Key, n int) (out []Listing, next store.Key) {
	for key, st := range standings.All(tx, store.Range{Prefix: store.K(o), From: from}) {
		switch {
		case st.Deleted || st.Private:
		case len(out) == n:
			return out, slices.Clone(key)
		default:
			out = append(out, Listing{Workspace: st.Workspace, Post: st.Post, Status: delivery.Status(st.Status).String(), DueAt: st.DueAt, CreatedAt: st.Post.At()})
		}
	}
	return out, nil
}

// StatusOf is the post's derived status and time; ok is false for what isn't there, is in the trash or private.
func StatusOf(tx store.ReadTx, o ref.Organization, w ref.Workspace, id ref.Post) (l Listing, ok bool) {
	st, ok := standings.Get(tx, store.K(o, w, id))
	return Listing{Workspace: w, Post: id, Status: delivery.Status(st.Status).String(), DueAt: st.DueAt, CreatedAt: st.Post.At()}, ok && !st.Deleted && !st.Private
}
