// Package post is what a person wrote: parts, files, what differs for one channel, labels and a wished time. A scheduled
// post has one delivery for each part and channel; package delivery says how those stand, and the status of a post is
// derived from them and never decided here.
//
// A variant's field is absent until somebody edits it, and an absent field falls back to the post's: text, files, each
// further part, settings and first comment each on their own.
package post

import (
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Media is a file of a part with its description there.
type Media struct {
	Asset ref.Asset `cbor:"1,keyasint"`
	Alt   string    `cbor:"2,keyasint,omitempty"` // empty: the asset's own
}

// Part is one piece of a thread; most posts have one.
type Part struct {
	Text  string  `cbor:"1,keyasint"`
	Media []Media `cbor:"2,keyasint,omitempty"`
}

// Override is what differs in one part for one channel. nil falls back.
type Override struct {
	Text  *string  `cbor:"1,keyasint,omitempty"`
	Media *[]Media `cbor:"2,keyasint,omitempty"`
}

// Variant is what differs for one channel.
type Variant struct {
	Parts        []Override `cbor:"1,keyasint,omitempty"` // by part; the first is the post itself
	Settings     []byte     `cbor:"2,keyasint,omitempty"` // JSON
	FirstComment *string    `cbor:"3,keyasint,omitempty"`
}

// Kind says how the time was chosen.
type Kind string

// The kinds of schedule.
const (
	At   Kind = "at"
	Slot Kind = "slot"
	Now  Kind = "now"
)

// Schedule is when a post goes out, as it was chosen.
type Schedule struct {
	Kind     Kind      `cbor:"1,keyasint"`
	At       time.Time `cbor:"2,keyasint"` // of the earliest channel
	Timezone string    `cbor:"3,keyasint"`
}

// Post is what a person composed.
type Post struct {
	Organization ref.Organization        `cbor:"1,keyasint"`
	Workspace    ref.Workspace           `cbor:"2,keyasint"`
	ID           ref.Post                `cbor:"3,keyasint"`
	Parts        []Part                  `cbor:"4,keyasint"`
	Channels     []ref.Channel           `cbor:"5,keyasint,omitempty"`
	Variants     map[ref.Channel]Variant `cbor:"6,keyasint,omitempty"`
	Labels       []string                `cbor:"7,keyasint,omitempty"`
	Schedule     *Schedule               `cbor:"8,keyasint,omitempty"`
	Author       ref.Identity            `cbor:"9,keyasint"`
	CreatedAt    time.Time               `cbor:"10,keyasint"`
	UpdatedAt    time.Time               `cbor:"11,keyasint"`
	DeletedAt    time.Time               `cbor:"12,keyasint,omitempty"`
	Version      int64                   `cbor:"13,keyasint"`
	NotedBy      ref.Identity            `cbor:"14,keyasint,omitempty"` // whose editing session is in the audit log
	NotedAt      time.Time               `cbor:"15,keyasint,omitempty"`
	Private      bool                    `cbor:"16,keyasint,omitempty"` // a draft that only its author sees; over once it is scheduled
}

// shownTo says whether the caller may know of the post. A private draft is its author's alone, whatever anybody's role.
func (p Post) shownTo(c op.Call) bool { return !p.Private || p.Author == c.Actor.Identity }

// see reads a post of the workspace for the caller; somebody else's private draft isn't there.
func see(tx store.ReadTx, c op.Call, id ref.Post) (Post, bool) {
	p, ok := Get(tx, c.Organization, c.Workspace, id)
	return p, ok && p.shownTo(c)
}

// standing is a post's place in lists: its derived status and its time. It is kept by the transactions that move them.
type standing struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	Workspace    ref.Workspace    `cbor:"2,keyasint"`
	Post         ref.Post         `cbor:"3,keyasint"`
	Status       byte             `cbor:"4,keyasint"`
	DueAt        time.Time        `cbor:"5,keyasint,omitempty"`
	Deleted      bool             `cbor:"6,keyasint,omitempty"`
	Private      bool             `cbor:"7,keyasint,omitempty"`
}

// taken marks an instant of a channel as used, so that two people can't get the same slot.
type taken struct {
	Channel ref.Channel `cbor:"1,keyasint"`
	At      time.Time   `cbor:"2,keyasint"`
	Post    ref.Post    `cbor:"3,keyasint"`
}

var (
	posts = store.Table[Post]{Name: "post", Version: 1, Holds: store.CustomerContent,
		Key:   func(p Post) store.Key { return store.K(p.Organization, p.Workspace, p.ID) },
		Owner: func(p Post) store.Owner { return store.OwnedBy(p.Organization, p.Workspace) },
		Indexes: []store.Index[Post]{
			{Name: "channel", Version: 1, Only: func(p Post) bool { return p.DeletedAt.IsZero() && len(p.Channels) > 0 },
				Key: func(p Post) store.Key { return store.K(p.Channels[0], p.ID) }},
			{Name: "deleted", Version: 1, Only: func(p Post) bool { return !p.DeletedAt.IsZero() },
				Key: func(p Post) store.Key { return store.K(p.DeletedAt, p.ID) }}}}
	standings = store.Table[standing]{Name: "post_standing", Version: 1, Holds: store.CustomerContent,
		Key:   func(s standing) store.Key { return store.K(s.Organization, s.Workspace, s.Post) },
		Owner: func(s standing) store.Owner { return store.OwnedBy(s.Organization, s.Workspace) },
		Indexes: []store.Index[standing]{
			{Name: "status", Version: 1, Only: func(s standing) bool { return !s.Deleted },
				Key: func(s standing) store.Key { return store.K(s.Workspace, s.Status, s.DueAt, s.Post) }},
			{Name: "due", Version: 1, Only: func(s standing) bool { return !s.Deleted && !s.DueAt.IsZero() },
				Key: func(s standing) store.Key { return store.K(s.Workspace, s.DueAt, s.Post) }},
			{Name: "made", Version: 1, Only: func(s standing) bool { return !s.Deleted },
				Key: func(s standing) store.Key { return store.K(s.Workspace, s.Post) }}}}
	takens = store.Table[taken]{Name: "slot_taken", Version: 1, Holds: store.CustomerContent,
		Key: func(t taken) store.Key { return store.K(t.Channel, t.At, t.Post) },
		Indexes: []store.Index[taken]{{Name: "post", Version: 1,
			Key: func(t taken) store.Key { return store.K(t.Post, t.Channel, t.At) }}}}
)

// Tables lists what this package stores.
func Tables() []store.AnyTable { return []store.AnyTable{&posts, &standings, &takens, &uses, &recalls} }

// use is one mention of an asset by a post, so that an asset in use isn't deleted.
type use struct {
	Asset ref.Asset `cbor:"1,keyasint"`
	Post  ref.Post  `cbor:"2,keyasint"`
}

var uses = store.Table[use]{Name: "asset_use", Version: 1, Holds: store.CustomerContent,
	Key: func(u use) store.Key { return store.K(u.Asset, u.Post) }}

// Uses says how many posts use the asset.
func Uses(tx store.ReadTx, a ref.Asset) int {
	n := 0
	for range uses.All(tx, store.Range{Prefix: store.K(a)}) {
		n++
	}
	return n
}

// UsedBy lists the posts that use the asset.
func UsedBy(tx store.ReadTx, a ref.Asset) []ref.Post {
	var out []ref.Post
	for _, u := range uses.All(tx, store.Range{Prefix: store.K(a)}) {
		out = append(out, u.Post)
	}
	return out
}

// The errors of this package.
var (
	ErrNotFound    = fail.NotFound("not_found", "There is no such post here.")
	ErrNoChannels  = fail.Invalid("channels_missing", "Choose at least one channel to schedule the post.")
	ErrChannel     = fail.Invalid("channel_unknown", "This isn't a channel of this workspace.")
	ErrAsset       = fail.Invalid("asset_unknown", "This file isn't in this workspace.")
	ErrProblems    = fail.Invalid("post_has_problems", "Some channels would refuse this post.")
	ErrSchedule    = fail.Invalid("schedule_invalid", "Give exactly one of: a time with its zone, the next slot, or now.")
	ErrPrivate     = fail.Invalid("private_invalid", "Only a draft of your own can be private.")
	ErrSlotTaken   = fail.Conflict("slot_taken", "Somebody took this slot a moment ago. Pick another one.")
	ErrUnderway    = fail.Conflict("delivery_underway", "This is going out right now and can't be changed.")
	ErrOut         = fail.Conflict("delivery_out", "This part is out already and can't be changed.")
	ErrEmpty       = fail.Invalid("post_empty", "Write something or add a file.")
	ErrMayPublish  = fail.Forbidden("forbidden", "Your role may draft, not schedule. Save it as a draft.")
	ErrVariant     = fail.Invalid("variant_unknown", "A variant must be for one of the post's channels.")
	ErrFilter      = fail.Invalid("filter_invalid", "This filter isn't right.")
	ErrNotDeleted  = fail.Conflict("not_deleted", "This post isn't in the trash.")
	ErrNoDelivery  = fail.NotFound("not_found", "There is no such delivery here.")
	ErrOutcome     = fail.Invalid("outcome_invalid", "Say published or not_published.")
	ErrNotDecision = fail.Conflict("nothing_to_decide", "There is nothing to decide about this delivery.")
)

// Get reads a post of the workspace; one in the trash too.
func Get(tx store.ReadTx, o ref.Organization, w ref.Workspace, id ref.Post) (Post, bool) {
	return posts.Get(tx, store.K(o, w, id))
}

// PartsFor gives the parts as they go to one channel. Without threads the parts are joined into one.
func (p Post) PartsFor(c ref.Channel, threads bool) []Part {
	v := p.Variants[c]
	out := make([]Part, 0, max(len(p.Parts), len(v.Parts)))
	for i := range cap(out) {
		var part Part
		if i < len(p.Parts) {
			part = p.Parts[i]
		}
		if i < len(v.Parts) {
			if t := v.Parts[i].Text; t != nil {
				part.Text = *t
			}
			if m := v.Parts[i].Media; m != nil {
				part.Media = *m
			}
		}
		out = append(out, part)
	}
	if threads || len(out) < 2 {
		return out
	}
	joined := Part{}
	var words []string
	for _, part := range out {
		if part.Text != "" {
			words = append(words, part.Text)
		}
		joined.Media = append(joined.Media, part.Media...)
	}
	joined.Text = strings.Join(words, "\n\n")
	return []Part{joined}
}

// FirstComment is the first comment for the channel, or "".
func (p Post) FirstComment(c ref.Channel) string {
	if v := p.Variants[c]; v.FirstComment != nil {
		return *v.FirstComment
	}
	return ""
}

// assets lists every file of the post, variants included, each once.
func (p Post) assets() []ref.Asset {
	var out []ref.Asset
	add := func(list []Media) {
		for _, m := range list {
			if !slices.Contains(out, m.Asset) {
				out = append(out, m.Asset)
			}
		}
	}
	for _, part := range p.Parts {
		add(part.Media)
	}
	for _, v := range p.Variants {
		for _, o := range v.Parts {
			if o.Media != nil {
				add(*o.Media)
			}
		}
	}
	return out
}

// Title is the post in a few words, for lists.
func (p Post) Title(most int) string {
	text := ""
	if len(p.Parts) > 0 {
		text = strings.Join(strings.Fields(p.Parts[0].Text), " ")
	}
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// threads says whether a platform can answer its own posts.
func threads(s *connector.Spec, way string) bool { return serves(s, way, connector.Reply) }

func serves(s *connector.Spec, way string, r connector.Role) bool {
	return slices.ContainsFunc(s.Kinds, func(k connector.Kind) bool {
		return slices.Contains(k.Roles, r) && (len(k.Via) == 0 || slices.Contains(k.Via, way))
	})
}
