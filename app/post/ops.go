package post

import (
	"context"
	"encoding/json"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/apikey"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/schedule"
	"github.com/omniposto/omniposto/store"
)

// Posts offers the operations on posts and deliveries.
type Posts struct{ Deps }

// Deps is what the operations use.
type Deps struct {
	DB         *store.DB
	Deliveries *delivery.Deliveries
	Platform   func(id string) (connector.Publisher, bool)
	Asset      func(tx store.ReadTx, o ref.Organization, w ref.Workspace, id ref.Asset) (Asset, bool)
	Author     func(tx store.ReadTx, i ref.Identity) string // a name
	Grip       func(ctx context.Context, c channel.Channel) (connector.Grip, error)
	// Spend counts deliveries that are scheduled, in their transaction, against what the actor may schedule.
	Spend func(tx store.Tx, a access.Actor, deliveries int) error
}

// New makes the operations.
func New(d Deps) *Posts { return &Posts{d} }

// MediaView is a file of a part.
type MediaView struct {
	Asset ref.Asset `json:"asset"`
	Alt   string    `json:"alt,omitempty" maxLength:"10000" doc:"Description here; the file's own when absent."`
}

// PartView is a part after the first.
type PartView struct {
	Text  string      `json:"text,omitempty" maxLength:"100000"`
	Media []MediaView `json:"media,omitempty" maxItems:"40"`
}

// OverrideView is what differs in a further part for a channel.
type OverrideView struct {
	Text  *string      `json:"text,omitempty" maxLength:"100000"`
	Media *[]MediaView `json:"media,omitempty" maxItems:"40"`
}

// VariantView is what differs for a channel. Absent fields fall back to the post's.
type VariantView struct {
	Text         *string         `json:"text,omitempty" maxLength:"100000"`
	Media        *[]MediaView    `json:"media,omitempty" maxItems:"40"`
	Segments     []OverrideView  `json:"segments,omitempty" maxItems:"100"`
	Settings     json.RawMessage `json:"settings,omitempty" doc:"As the platform's settings schema says."`
	FirstComment *string         `json:"first_comment,omitempty" maxLength:"100000"`
}

// Content is what a person writes.
type Content struct {
	Text     string                 `json:"text,omitempty" maxLength:"100000"`
	Segments []PartView             `json:"segments,omitempty" maxItems:"99" doc:"The parts after the first, for a thread."`
	Media    []MediaView            `json:"media,omitempty" maxItems:"40"`
	Channels []ref.Channel          `json:"channels,omitempty" maxItems:"100"`
	Variants map[string]VariantView `json:"variants,omitempty" doc:"By channel."`
	Labels   []string               `json:"labels,omitempty" maxItems:"30"`
	Schedule *Wish                  `json:"schedule,omitempty" doc:"Absent: a draft."`
	Private  bool                   `json:"private,omitempty" doc:"A draft that only you see: no other member, and never support. Scheduling ends it."`
}

// ScheduleView is when a post goes out.
type ScheduleView struct {
	Kind     Kind      `json:"kind" enum:"at,slot,now"`
	At       time.Time `json:"at"`
	Timezone string    `json:"timezone"`
}

// AuthorView is who wrote it.
type AuthorView struct {
	ID   ref.Identity `json:"id"`
	Name string       `json:"name"`
}

// View is a post in the API.
type View struct {
	ID         ref.Post               `json:"id"`
	Version    int64                  `json:"version"`
	Workspace  ref.Workspace          `json:"workspace"`
	Text       string                 `json:"text"`
	Segments   []PartView             `json:"segments" maxItems:"99"`
	Media      []MediaView            `json:"media" maxItems:"40"`
	Channels   []ref.Channel          `json:"channels" maxItems:"100"`
	Variants   map[string]VariantView `json:"variants"`
	Labels     []string               `json:"labels" maxItems:"30"`
	Schedule   *ScheduleView          `json:"schedule,omitempty"`
	Status     string                 `json:"status"`
	Private    bool                   `json:"private" doc:"A draft that only its author sees."`
	Author     AuthorView             `json:"author"`
	CreatedAt  time.Time              `json:"created_at"`
	UpdatedAt  time.Time              `json:"updated_at"`
	DeletedAt  *time.Time             `json:"deleted_at,omitempty"`
	Deliveries []DeliveryView         `json:"deliveries" maxItems:"10000"`
}

// ETagVersion implements op.Versioned.
func (v View) ETagVersion() int64 { return v.Version }

// PostPath is the part of a path that names the post.
type PostPath struct {
	op.WorkspacePath
	Post ref.Post `path:"post" maxLength:"40" doc:"The post's id."`
}

type createPost struct {
	op.WorkspacePath
	Body Content
}

// Changes is what a request wants to be different. Absent fields stay.
type Changes struct {
	Text       *string                 `json:"text,omitempty" maxLength:"100000"`
	Segments   *[]PartView             `json:"segments,omitempty" maxItems:"99"`
	Media      *[]MediaView            `json:"media,omitempty" maxItems:"40"`
	Channels   *[]ref.Channel          `json:"channels,omitempty" maxItems:"100"`
	Variants   *map[string]VariantView `json:"variants,omitempty"`
	Labels     *[]string               `json:"labels,omitempty" maxItems:"30"`
	Schedule   *Wish                   `json:"schedule,omitempty"`
	Unschedule bool                    `json:"unschedule,omitempty" doc:"Makes it a draft again."`
	Private    *bool                   `json:"private,omitempty" doc:"Of a draft of yours: whether only you see it."`
}

type updatePost struct {
	PostPath
	Body Changes
}

type checkPost struct {
	op.WorkspacePath
	Body Content
}

// Checked is what every channel would say.
type Checked struct {
	Channels map[string]Verdict `json:"channels"`
}

var (
	exampleContent = map[string]any{"text": "The winter sale starts now.", "channels": []any{}}
	exampleView    = View{Text: "The winter sale starts now.", Status: "scheduled", Version: 1, Segments: []PartView{}, Media: []MediaView{}, Channels: []ref.Channel{},
		Variants: map[string]VariantView{}, Labels: []string{"Winter sale"}, Author: AuthorView{Name: "Mira Lindqvist"}, Deliveries: []DeliveryView{}}
)

const maxBody = 2 << 20

// Operations lists what can be done.
func (s *Posts) Operations() []op.Operation {
	return append(append([]op.Operation{
		op.New("posts.create", op.POST("/workspaces/{workspace}/posts"), s.create).
			Says("Make a post", "Makes a draft, or with a schedule one delivery for each part and channel. Scheduling needs the right to publish.").
			Example(exampleContent, exampleView).In(op.InWorkspace).Creates().Body(maxBody).Audits("post.created").
			Fails(ErrNoChannels, ErrChannel, ErrAsset, ErrVariant, ErrProblems, ErrSchedule, ErrMayPublish, apikey.ErrDraftsOnly, apikey.ErrPerDay, channel.ErrNoSlot, schedule.ErrZone, schedule.ErrPast).Needs(access.PostsDraft),
		op.New("posts.check", op.POST("/workspaces/{workspace}/posts/check"), s.check).
			Says("Check a post", "What each channel would say about it, by the rules that publishing uses.").
			Example(exampleContent, Checked{}).In(op.InWorkspace).ChangesNothing().Body(maxBody).Fails(ErrChannel, ErrAsset, ErrVariant).Needs(access.PostsDraft),
		op.New("posts.read", op.GET("/workspaces/{workspace}/posts/{post}"), s.read).
			Says("Read a post", "The post with its variants and deliveries.").Example(nil, exampleView).In(op.InWorkspace).Fails(ErrNotFound).Needs(access.WorkspaceRead),
		op.New("posts.update", op.PATCH("/workspaces/{workspace}/posts/{post}"), s.update).
			Says("Change a post", "Absent fields stay. Deliveries that wait move along; one that is out or under way can't change.").
			Example(map[string]any{"text": "The winter sale starts today."}, exampleView).In(op.InWorkspace).Versioned().Body(maxBody).Audits("post.changed").
			Fails(op.ErrStale, ErrPrivate, ErrNoChannels, ErrChannel, ErrAsset, ErrVariant, ErrProblems, ErrSchedule, ErrMayPublish, apikey.ErrDraftsOnly, apikey.ErrPerDay, ErrUnderway, ErrOut).Needs(access.PostsDraft),
		op.New("posts.delete", op.DELETE("/workspaces/{workspace}/posts/{post}"), s.remove).
			Says("Put a post into the trash", "What waits is cancelled. It can be brought back for 14 days. What is out stays at the platforms.").
			In(op.InWorkspace).Versioned().Audits("post.deleted").Fails(op.ErrStale, ErrUnderway, ErrMayPublish, apikey.ErrDraftsOnly).Needs(access.PostsDraft),
		op.New("posts.restore", op.POST("/workspaces/{workspace}/posts/{post}/restore"), s.restore).
			Says("Bring a post back", "Takes it out of the trash as a draft.").Example(nil, exampleView).
			In(op.InWorkspace).Versioned().Audits("post.restored").Fails(op.ErrStale, ErrNotDeleted).Needs(access.PostsDraft),
		s.recallOperation(),
	}, s.listOperations()...), s.deliveryOperations()...)
}

// view gathers what the API shows of a post.
func (s *Posts) view(tx store.ReadTx, p Post) *View {
	v := &View{ID: p.ID, Version: p.Version, Workspace: p.Workspace, Segments: []PartView{}, Media: []MediaView{}, Channels: p.Channels, Labels: p.Labels,
		Variants: map[string]VariantView{}, Author: AuthorView{ID: p.Author, Name: s.Author(tx, p.Author)}, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, Private: p.Private, Deliveries: []DeliveryView{}}
	for i, part := range p.Parts {
		if i == 0 {
			v.Text, v.Media = part.Text, mediaViews(part.Media)
			continue
		}
		v.Segments = append(v.Segments, PartView{Text: part.Text, Media: mediaViews(part.Media)})
	}
	for c, variant := range p.Variants {
		v.Variants[c.String()] = variant.view()
	}
	if v.Channels == nil {
		v.Channels = []ref.Channel{}
	}
	if v.Labels == nil {
		v.Labels = []string{}
	}
	if p.Schedule != nil {
		v.Schedule = &ScheduleView{Kind: p.Schedule.Kind, At: p.Schedule.At, Timezone: p.Schedule.Timezone}
	}
	if !p.DeletedAt.IsZero() {
		v.DeletedAt = &p.DeletedAt
	}
	all := s.Deliveries.OfPost(tx, p.ID)
	v.Status = delivery.StatusOf(all).String()
	for _, d := range all {
		v.Deliveries = append(v.Deliveries, s.deliveryView(tx, d))
	}
	return v
}

func mediaViews(list []Media) []MediaView {
	out := []MediaView{}
	for _, m := range list {
		out = append(out, MediaView(m))
	}
	return out
}

func mediaOf(list []MediaView) []Media {
	var out []Media
	for _, m := range list {
		out = append(out, Media(m))
	}
	return out
}

func (v Variant) view() VariantView {
	out := VariantView{Settings: json.RawMessage(v.Settings), FirstComment: v.FirstComment}
	for i, o := range v.Parts {
		var media *[]MediaView
		if o.Media != nil {
			list := mediaViews(*o.Media)
			media = &list
		}
		if i == 0 {
			out.Text, out.Media = o.Text, media
			continue
		}
		out.Segments = append(out.Segments, OverrideView{Text: o.Text, Media: media})
	}
	return out
}

func (v VariantView) variant() Variant {
	out := Variant{FirstComment: v.FirstComment}
	if string(v.Settings) != "null" {
		out.Settings = v.Settings
	}
	add := func(text *string, media *[]MediaView) {
		o := Override{Text: text}
		if media != nil {
			list := append([]Media{}, mediaOf(*media)...) // no files here is something else than the post's files
			o.Media = &list
		}
		out.Parts = append(out.Parts, o)
	}
	if v.Text != nil || v.Media != nil || len(v.Segments) > 0 {
		add(v.Text, v.Media)
	}
	for _, o := range v.Segments {
		add(o.Text, o.Media)
	}
	return out
}

func (s *Posts) read(ctx context.Context, c op.Call, in *PostPath) (*View, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*View, error) {
		p, ok := see(tx, c, in.Post)
		if !ok {
			return nil, ErrNotFound
		}
		return s.view(tx, p), nil
	})
}

func (s *Posts) check(ctx context.Context, c op.Call, in *checkPost) (*Checked, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*Checked, error) {
		p := Post{Organization: c.Organization, Workspace: c.Workspace}
		if err := in.Body.apply(&p); err != nil {
			return nil, err
		}
		w, _ := organization.GetWorkspace(tx, c.Organization, c.Workspace)
		out := &Checked{Channels: map[string]Verdict{}}
		list, err := channelsOf(tx, p)
		if err != nil {
			return nil, err
		}
		for _, ch := range list {
			v, err := s.Judge(tx, p, ch, w.AltText)
			if err != nil {
				return nil, err
			}
			out.Channels[ch.ID.String()] = v
		}
		return out, nil
	})
}

func channelsOf(tx store.ReadTx, p Post) ([]channel.Channel, error) {
	var out []channel.Channel
	for _, id := range p.Channels {
		c, ok := channel.Get(tx, p.Organization, p.Workspace, id)
		if !ok {
			return nil, ErrChannel.At("/channels", id.String()+" isn't a channel of this workspace")
		}
		out = append(out, c)
	}
	return out, nil
}
