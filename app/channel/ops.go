package channel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/schedule"
	"github.com/omniposto/omniposto/store"
)

// Channels offers the operations on channels and platforms.
type Channels struct {
	Deps
	locks   locks
	answers answers
}

// Deps is what the operations use.
type Deps struct {
	DB         *store.DB
	Clock      clock.Clock
	Keeper     *secret.Keeper
	Log        *slog.Logger
	Deliveries *delivery.Deliveries
	Network    *outbound.Dialer // to platforms' servers, any port
	Web        *outbound.Dialer // to addresses that anybody may type, ports 80 and 443
	Card       func(ctx context.Context, address string) (connector.Card, error)
	Platforms  []connector.Publisher                                                     // in the order in which they are shown
	BaseURL    func(platform string) string                                              // platforms.<name>.api_url
	App        func(platform string) connector.App                                       // an administrator's credentials
	Address    func() string                                                             // where people reach us, without a slash at the end
	TakenBy    func(tx store.ReadTx, c ref.Channel, at time.Time, but ref.Post) ref.Post // who has a slot
}

// New makes the operations.
func New(d Deps) *Channels { return &Channels{Deps: d} }

// Platform finds a connector.
func (s *Channels) Platform(id string) (connector.Publisher, bool) {
	for _, p := range s.Platforms {
		if p.Spec().ID == id {
			return p, true
		}
	}
	return nil, false
}

// View is a channel in the API. No secret is in it.
type View struct {
	ID              ref.Channel       `json:"id"`
	Version         int64             `json:"version"`
	Workspace       ref.Workspace     `json:"workspace"`
	Platform        string            `json:"platform"`
	Way             string            `json:"way"`
	Name            string            `json:"name"`
	Handle          string            `json:"handle,omitempty"`
	URL             string            `json:"url,omitempty"`
	Avatar          string            `json:"avatar,omitempty"`
	State           State             `json:"state" enum:"ready,paused,reconnect"`
	Problem         string            `json:"problem,omitempty"`
	Notes           []string          `json:"notes,omitempty" maxItems:"50"`
	Fields          map[string]string `json:"fields,omitempty" doc:"What was given to connect it, secrets left out."`
	Facts           map[string]int64  `json:"facts,omitempty" doc:"Limits that its server told."`
	Settings        json.RawMessage   `json:"settings,omitempty"`
	Slots           []schedule.Slot   `json:"slots" maxItems:"200"`
	Timezone        string            `json:"timezone,omitempty" doc:"Of the slots; the workspace's when absent."`
	TokenExpiresAt  *time.Time        `json:"token_expires_at,omitempty"`
	Access          AccessView        `json:"access"`
	LastPublishedAt *time.Time        `json:"last_published_at,omitempty"`
	LastCheckedAt   *time.Time        `json:"last_checked_at,omitempty"`
	CreatedAt       time.Time         `json:"created_at"`
}

// ETagVersion implements op.Versioned.
func (v View) ETagVersion() int64 { return v.Version }

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (c Channel) view() View {
	slots := c.Slots
	if slots == nil {
		slots = []schedule.Slot{}
	}
	return View{ID: c.ID, Version: c.Version, Workspace: c.Workspace, Platform: c.Platform, Way: c.Way, Name: c.Name, Handle: c.Handle, URL: c.URL, Avatar: c.Avatar,
		State: c.State, Problem: c.Problem, Notes: c.Notes, Fields: c.Fields, Facts: c.Facts, Settings: json.RawMessage(c.Settings), Slots: slots, Timezone: c.Timezone,
		TokenExpiresAt: instant(c.TokenExpiresAt), LastPublishedAt: instant(c.LastPublishedAt), LastCheckedAt: instant(c.LastCheckedAt), CreatedAt: c.CreatedAt}
}

// ChannelPath is the part of a path that names the channel.
type ChannelPath struct {
	op.WorkspacePath
	Channel ref.Channel `path:"channel" maxLength:"40" doc:"The channel's id."`
}

type connectInput struct {
	op.WorkspacePath
	Body struct {
		Platform string            `json:"platform" minLength:"1" maxLength:"64"`
		Way      string            `json:"way,omitempty" maxLength:"64" doc:"One of the platform's ways; the best when absent."`
		Fields   map[string]string `json:"fields" doc:"What the way asks for."`
		Channel  *ref.Channel      `json:"channel,omitempty" doc:"To connect this one again."`
	}
}

type updateInput struct {
	ChannelPath
	Body struct {
		Name     *string          `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Paused   *bool            `json:"paused,omitempty"`
		Slots    *[]schedule.Slot `json:"slots,omitempty" maxItems:"200"`
		Timezone *string          `json:"timezone,omitempty" maxLength:"64"`
		Settings json.RawMessage  `json:"settings,omitempty" doc:"Defaults of every post, as the platform's settings schema says."`
	}
}

type slotsInput struct {
	ChannelPath
	Count int `query:"count" minimum:"1" maximum:"60" default:"10"`
}

// NextSlot is one coming slot.
type NextSlot struct {
	At      time.Time `json:"at"`
	TakenBy *ref.Post `json:"taken_by,omitempty"`
}

type pageInput struct {
	op.WorkspacePath
	op.Page
}

// FeedMedia is a file of a practice post.
type FeedMedia struct {
	Asset string `json:"asset"`
	Alt   string `json:"alt,omitempty"`
	MIME  string `json:"mime"`
}

// FeedItem is a post in the practice feed.
type FeedItem struct {
	ID      string      `json:"id"`
	Channel ref.Channel `json:"channel"`
	Text    string      `json:"text"`
	Media   []FeedMedia `json:"media" maxItems:"40"`
	Parent  string      `json:"parent,omitempty"`
	At      time.Time   `json:"at"`
}

// Operations lists what can be done.
func (s *Channels) Operations() []op.Operation {
	one := View{Platform: "mastodon", Way: "oauth", Name: "Fjellvik Outdoor", Handle: "@fjellvik@social.example", State: Ready, Slots: []schedule.Slot{}, Version: 1}
	return append([]op.Operation{
		op.New("channels.list", op.GET("/workspaces/{workspace}/channels"), s.list).
			Says("List channels", "The connected places of the workspace with their health.").Example(nil, op.Listed[View]{Items: []View{one}}).
			In(op.InWorkspace).Needs(access.WorkspaceRead),
		op.New("channels.connect", op.POST("/workspaces/{workspace}/channels"), s.connect).
			Says("Connect a channel", "For platforms that need no sign-in in the browser. The credentials are checked at the platform first.").
			Example(map[string]any{"platform": "bluesky", "fields": map[string]string{"handle": "fjellvik.example", "password": "xxxx-xxxx-xxxx-xxxx"}}, one).
			In(op.InWorkspace).Creates().Costs(op.Costly).NoDryRun("the platform is asked").Audits("channel.connected").
			Fails(ErrPlatform, ErrWay, ErrConnect, ErrNeedsOAuth, ErrThere, ErrChoose, ErrNoTargets).Needs(access.ChannelsWrite),
		op.New("channels.read", op.GET("/workspaces/{workspace}/channels/{channel}"), s.read).
			Says("Read a channel", "Health, limits, slots and default settings.").Example(nil, one).In(op.InWorkspace).Fails(ErrNotFound).Needs(access.WorkspaceRead),
		op.New("channels.update", op.PATCH("/workspaces/{workspace}/channels/{channel}"), s.update).
			Says("Change a channel", "Name, pause, weekly slots and default settings.").Example(map[string]any{"slots": []map[string]any{{"weekday": 1, "time": "09:30"}}}, one).
			In(op.InWorkspace).Versioned().Audits("channel.changed").Fails(op.ErrStale, ErrNotFound, schedule.ErrSlot, schedule.ErrMany, schedule.ErrZone).Needs(access.ChannelsWrite),
		op.New("channels.disconnect", op.DELETE("/workspaces/{workspace}/channels/{channel}"), s.disconnect).
			Says("Disconnect a channel", "Ends the access at the platform and destroys the token here. What waits on it is cancelled.").
			In(op.InWorkspace).Versioned().Costs(op.Costly).NoDryRun("the platform is asked").Audits("channel.disconnected").Fails(op.ErrStale, ErrNotFound).Needs(access.ChannelsWrite),
		op.New("channels.check", op.POST("/workspaces/{workspace}/channels/{channel}/check"), s.check).
			Says("Check a channel", "Asks the platform who the token belongs to, without posting.").Example(nil, one).
			In(op.InWorkspace).Costs(op.Costly).NoDryRun("the platform is asked").Audits("channel.checked").Fails(ErrNotFound).Needs(access.ChannelsWrite),
		op.New("slots.next", op.GET("/workspaces/{workspace}/channels/{channel}/slots"), s.nextSlots).
			Says("Coming slots", "The next slots of the channel and which post has each.").Example(nil, op.Listed[NextSlot]{Items: []NextSlot{{}}}).
			In(op.InWorkspace).Fails(ErrNotFound).Needs(access.WorkspaceRead),
		s.lookupOperation(),
		op.New("practice.list", op.GET("/workspaces/{workspace}/practice"), s.practice).
			Says("Read the practice feed", "What practice channels published, newest first. Nobody outside sees it.").
			Example(nil, op.Listed[FeedItem]{Items: []FeedItem{{Text: "Hello", Media: []FeedMedia{}}}}).In(op.InWorkspace).Fails(op.ErrCursor).Needs(access.WorkspaceRead),
	}, slices.Concat(s.platformOperations(), s.oauthOperations(), s.arrivalOperations(), s.appOperations())...)
}

func (s *Channels) list(ctx context.Context, c op.Call, _ *op.WorkspacePath) (*op.Listed[View], error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[View], error) {
		out := &op.Listed[View]{Items: []View{}}
		for _, ch := range Of(tx, c.Organization, c.Workspace) {
			out.Items = append(out.Items, s.View(ch, tx.Now()))
		}
		return out, nil
	})
}

func (s *Channels) read(ctx context.Context, c op.Call, in *ChannelPath) (*View, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*View, error) {
		ch, ok := Get(tx, c.Organization, c.Workspace, in.Channel)
		if !ok {
			return nil, ErrNotFound
		}
		v := s.View(ch, tx.Now())
		return &v, nil
	})
}

func (s *Channels) update(ctx context.Context, c op.Call, in *updateInput) (*View, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*View, error) {
		ch, ok := Get(tx, c.Organization, c.Workspace, in.Channel)
		if !ok {
			return nil, ErrNotFound
		}
		if err := c.Matches(ch.Version, s.View(ch, tx.Now())); err != nil {
			return nil, err
		}
		changed, err := s.apply(tx, &ch, in)
		if err != nil {
			return nil, err
		}
		ch = Put(tx, ch)
		op.Write(tx, c, act("channel.changed", ch, changed...))
		v := s.View(ch, tx.Now())
		return &v, nil
	})
}

func (s *Channels) apply(tx store.Tx, ch *Channel, in *updateInput) (changed []string, err error) {
	b := in.Body
	if b.Name != nil {
		ch.Name, changed = strings.TrimSpace(*b.Name), append(changed, "name")
	}
	if b.Timezone != nil {
		if *b.Timezone != "" {
			if _, err := schedule.Zone(*b.Timezone); err != nil {
				return nil, err
			}
		}
		ch.Timezone, changed = *b.Timezone, append(changed, "timezone")
	}
	if b.Slots != nil {
		if ch.Slots, err = schedule.Tidy(*b.Slots); err != nil {
			return nil, err
		}
		changed = append(changed, "slots")
	}
	if len(b.Settings) > 0 {
		pub, ok := s.Platform(ch.Platform)
		if !ok {
			return nil, ErrPlatform
		}
		if err := checkSettings(pub.Spec(), *ch, b.Settings); err != nil {
			return nil, err
		}
		ch.Settings, changed = b.Settings, append(changed, "settings")
	}
	if b.Paused != nil && *b.Paused != (ch.State == Paused) {
		changed = append(changed, "paused")
		s.pause(tx, ch, *b.Paused)
	}
	return changed, nil
}

func (s *Channels) pause(tx store.Tx, ch *Channel, paused bool) {
	switch {
	case paused && ch.State == Ready:
		ch.State = Paused
	case !paused && ch.State == Paused:
		ch.State = Ready
	}
	if paused {
		s.Deliveries.PauseChannel(tx, ch.Organization, ch.Workspace, ch.ID, delivery.ByPerson, "The channel is paused.")
		return
	}
	s.Deliveries.ResumeChannel(tx, ch.ID, delivery.ByPerson)
}

func checkSettings(spec *connector.Spec, ch Channel, settings json.RawMessage) error {
	if string(settings) == "null" {
		return nil
	}
	d := connector.Draft{Channel: ch.ForConnector(), Settings: settings, Text: "x"}
	var e *fail.Error
	for _, t := range spec.Check(&d) {
		if strings.HasPrefix(t.Field, "settings") && t.Severity == connector.Block {
			if e == nil {
				e = fail.Invalid("settings_invalid", "Some settings need another value.")
			}
			e = e.At("/"+strings.ReplaceAll(t.Field, ".", "/"), t.Words)
		}
	}
	if e == nil {
		return nil
	}
	return e
}

func (s *Channels) nextSlots(ctx context.Context, c op.Call, in *slotsInput) (*op.Listed[NextSlot], error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[NextSlot], error) {
		ch, ok := Get(tx, c.Organization, c.Workspace, in.Channel)
		if !ok {
			return nil, ErrNotFound
		}
		w, _ := organization.GetWorkspace(tx, c.Organization, c.Workspace)
		zone, err := ch.Zone(w.Timezone)
		if err != nil {
			return nil, err
		}
		out := &op.Listed[NextSlot]{Items: []NextSlot{}}
		for at := range schedule.Upcoming(ch.Slots, zone, tx.Now()) {
			if len(out.Items) == in.Count {
				break
			}
			slot := NextSlot{At: at}
			if p := s.TakenBy(tx, ch.ID, at, ref.Post{}); !p.Zero() {
				slot.TakenBy = &p
			}
			out.Items = append(out.Items, slot)
		}
		return out, nil
	})
}

func (s *Channels) practice(ctx context.Context, c op.Call, in *pageInput) (*op.Listed[FeedItem], error) {
	at, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[FeedItem], error) {
		out := &op.Listed[FeedItem]{Items: []FeedItem{}}
		var last store.Key
		for key, i := range items.By(tx, "newest", store.Range{Prefix: store.K(c.Workspace), To: at, Back: true}) {
			if len(out.Items) == in.Limit {
				out.NextCursor = c.Cursor(last)
				break
			}
			last = slices.Clone(key)
			f := FeedItem{ID: i.ID, Channel: i.Channel, Text: i.Text, Parent: i.Parent, At: i.At, Media: []FeedMedia{}}
			for _, m := range i.Media {
				f.Media = append(f.Media, FeedMedia{Asset: m.ID, Alt: m.Alt, MIME: m.MIME})
			}
			out.Items = append(out.Items, f)
		}
		return out, nil
	})
}

// refusal turns what the kit says about connecting into a problem with the field and the platform's words.
func refusal(err error) error {
	var troubled *connector.Troubled
	var failed *connector.Failed
	switch {
	case errors.As(err, &troubled):
		e := fail.Invalid("invalid", "Some fields need another value.")
		for _, t := range troubled.Troubles {
			e = e.At("/fields/"+t.Field, t.Words)
		}
		return e
	case errors.As(err, &failed):
		words := failed.Words
		if words == "" {
			words = "The platform didn't accept this."
		}
		e := ErrConnect.Saying("%s", words).With("class", string(failed.Class)).Because(err)
		if failed.Class == connector.RateLimited && !failed.Until.IsZero() {
			e = e.After(failed.Until)
		}
		return e
	}
	return fmt.Errorf("connect: %w", err)
}
