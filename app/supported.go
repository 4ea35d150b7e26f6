package app

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/media"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/post"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/support"
	"github.com/omniposto/omniposto/store"
)

// makeSupport gives support what it decides by, and the content as the only types it knows.
func (a *App) makeSupport(p *parts, codeKey []byte) *support.Support {
	person := func(tx store.ReadTx, i ref.Identity) support.Person {
		who, _ := identity.Get(tx, i)
		return support.Person{ID: i, Name: who.Name, Email: who.Email}
	}
	return support.New(support.Deps{DB: a.db, CodeKey: codeKey,
		Organizations: func(tx store.ReadTx) iter.Seq[ref.Organization] {
			return func(yield func(ref.Organization) bool) {
				organization.Every(tx, func(o organization.Organization) bool { return yield(o.ID) })
			}
		},
		Name: func(tx store.ReadTx, o ref.Organization) string {
			found, _ := organization.Get(tx, o)
			return found.Name
		},
		Role: organization.RoleOf,
		Deciders: func(tx store.ReadTx, o ref.Organization) (out []support.Person) {
			for _, i := range organization.Managers(tx, o, ref.Identity{}) {
				out = append(out, person(tx, i))
			}
			return out
		},
		Person: person,
		StaffActive: func(tx store.ReadTx, i ref.Identity) bool {
			who, _ := identity.Get(tx, i)
			return who.Staff == identity.StaffActive
		},
		SamePerson: identity.SamePerson,
		Tell:       a.tellOfGrant(p),
		Source:     supported{a, p},
	})
}

var grantLetters = map[string]mail.Kind{"requested": mail.GrantRequested, "approved": mail.GrantApproved, "ended": mail.GrantEnded, "paused": mail.GrantPaused}

// staffLetters are those of them that the staff person gets too, in their own words: what they may read now, and until when.
var staffLetters = map[string]mail.Kind{"approved": mail.StaffApproved, "ended": mail.StaffEnded}

// letterWords are the categories in the words of people.
var letterWords = map[support.Category]string{support.Account: "members", support.Organization: "organization", support.Posts: "posts", support.Media: "media", support.Analytics: "analytics"}

// tellOfGrant writes to the owners and admins, and, of a decision, to the staff person. No letter can approve anything.
func (a *App) tellOfGrant(p *parts) func(tx store.Tx, n support.Notice) error {
	return func(tx store.Tx, n support.Notice) error {
		g := n.Grant
		o, _ := organization.Get(tx, g.Organization)
		scope := g.Scope
		if len(scope.Categories) == 0 {
			scope = g.Asked
		}
		var categories []string
		for _, c := range scope.Categories {
			categories = append(categories, letterWords[c])
		}
		data := map[string]string{"organization": o.Name, "staff": n.Staff.Name, "ticket": g.Ticket, "categories": strings.Join(categories, ", "),
			"hours": time.Duration(scope.Hours * int(time.Hour)).String(), "by": n.By, "how": string(g.State), "why": n.Why}
		if !g.ExpiresAt.IsZero() {
			data["until"] = g.ExpiresAt.Format(time.RFC3339)
		}
		letter := mail.Letter{Kind: grantLetters[n.Kind], Organization: g.Organization, Data: data, Link: a.link("/o/"+g.Organization.String()+"/support", "")}
		for _, d := range n.Deciders {
			letter.To, letter.Name = d.Email, d.Name
			if err := p.mail.Queue(tx, letter); err != nil {
				return err
			}
		}
		kind, told := staffLetters[n.Kind]
		if !told || g.State == support.Cancelled && g.Because == "" {
			return nil
		}
		letter.Kind, letter.To, letter.Name, letter.Link = kind, n.Staff.Email, n.Staff.Name, a.link("/staff", "")
		return p.mail.Queue(tx, letter)
	}
}

// supported is the content that a grant can show, read from the nouns field by field.
type supported struct {
	a *App
	p *parts
}

// Members implements support.Source.
func (supported) Members(tx store.ReadTx, o ref.Organization, from store.Key, n int) support.Rows[support.MemberRead] {
	list, next := organization.MembersOf(tx, o, from, n)
	out := support.Rows[support.MemberRead]{Next: next}
	for _, m := range list {
		i, _ := identity.Get(tx, m.Identity)
		v := support.MemberRead{ID: m.ID, Name: i.Name, Email: masked(i.Email), Role: m.Role, Created: m.JoinedAt, SecondFactor: identity.HasFactor(tx, i.ID),
			Language: i.Locale, Timezone: i.Timezone}
		if !i.LastSeen.IsZero() {
			v.LastSeenDay = i.LastSeen.Format(time.DateOnly)
		}
		out.Items = append(out.Items, v)
	}
	return out
}

// masked keeps the first letter and the domain of an address.
func masked(email string) string {
	name, domain, ok := strings.Cut(email, "@")
	if !ok || name == "" {
		return "…"
	}
	return string([]rune(name)[:1]) + "…@" + domain
}

// Organization implements support.Source.
func (supported) Organization(tx store.ReadTx, o ref.Organization) support.OrganizationRead {
	org, _ := organization.Get(tx, o)
	members, _ := organization.MembersOf(tx, o, nil, 100_000)
	v := support.OrganizationRead{ID: o, Name: org.Name, Plan: "none", Limits: map[string]int64{}, Members: len(members), Workspaces: []string{}, Channels: []support.ChannelRead{},
		Security: map[string]bool{"support_allowed": !support.PolicyOf(tx, o).Off}, Retention: map[string]int64{"trash": int64(post.TrashLife / (24 * time.Hour))}}
	for _, w := range organization.WorkspacesOf(tx, o) {
		v.Workspaces = append(v.Workspaces, w.Name)
		for _, c := range channel.Of(tx, o, w.ID) {
			v.Channels = append(v.Channels, channelRead(c, w.Name))
		}
	}
	v.Use = map[string]int64{"members": int64(len(members)), "workspaces": int64(len(v.Workspaces)), "channels": int64(len(v.Channels))}
	return v
}

func channelRead(c channel.Channel, workspace string) support.ChannelRead {
	v := support.ChannelRead{ID: c.ID, Workspace: workspace, Platform: c.Platform, Handle: c.Handle, State: string(c.State), Scopes: slices.Clone(c.Scopes)}
	if v.Scopes == nil {
		v.Scopes = []string{}
	}
	if c.State == channel.Reconnect {
		v.LastErrorClass = "auth"
	}
	if !c.TokenExpiresAt.IsZero() {
		v.TokenExpiresAt = &c.TokenExpiresAt
	}
	return v
}

// Channel implements support.Source.
func (supported) Channel(tx store.ReadTx, o ref.Organization, id ref.Channel) (support.ChannelRead, bool) {
	c, ok := channel.ByID(tx, id)
	if !ok || c.Organization != o {
		return support.ChannelRead{}, false
	}
	w, _ := organization.GetWorkspace(tx, o, c.Workspace)
	return channelRead(c, w.Name), true
}

// Posts implements support.Source.
func (supported) Posts(tx store.ReadTx, o ref.Organization, from store.Key, n int) support.Rows[support.PostRow] {
	list, next := post.Listings(tx, o, from, n)
	out := support.Rows[support.PostRow]{Next: next}
	for _, l := range list {
		w, _ := organization.GetWorkspace(tx, o, l.Workspace)
		out.Items = append(out.Items, support.PostRow{ID: l.Post, Workspace: w.Name, State: l.Status, DueAt: moment(l.DueAt), CreatedAt: l.CreatedAt})
	}
	return out
}

func moment(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// Post implements support.Source.
func (s supported) Post(tx store.ReadTx, o ref.Organization, id ref.Post) (support.PostRead, bool) {
	for _, w := range organization.WorkspacesOf(tx, o) {
		l, ok := post.StatusOf(tx, o, w.ID, id)
		p, there := post.Get(tx, o, w.ID, id)
		if ok && there {
			return s.post(tx, w, p, l), true
		}
	}
	return support.PostRead{}, false
}

func (s supported) post(tx store.ReadTx, w organization.Workspace, p post.Post, l post.Listing) support.PostRead {
	v := support.PostRead{ID: p.ID, Workspace: w.Name, Texts: texts(p.Parts), Variants: []support.VariantRead{}, State: l.Status, DueAt: moment(l.DueAt),
		Labels: slices.Clone(p.Labels), Deliveries: []support.DeliveryRead{}}
	if v.Labels == nil {
		v.Labels = []string{}
	}
	if p.Schedule != nil {
		v.Timezone = p.Schedule.Timezone
	}
	for _, c := range p.Channels {
		if _, differs := p.Variants[c]; differs {
			v.Variants = append(v.Variants, support.VariantRead{Channel: c, Texts: texts(p.PartsFor(c, true))})
		}
	}
	for _, d := range s.p.deliveries.OfPost(tx, p.ID) {
		r := support.DeliveryRead{ID: d.ID, Channel: d.Channel, State: d.Word(), DueAt: d.DueAt.Time(), Attempts: []support.AttemptRead{}}
		for _, t := range s.p.deliveries.Attempts(tx, d) {
			r.Attempts = append(r.Attempts, support.AttemptRead{StartedAt: t.StartedAt.Time(), Class: t.Class, StatusCode: t.StatusCode, Message: t.Words})
		}
		if d.State == delivery.Published {
			r.Permalink = d.Receipt.Permalink
		}
		v.Deliveries = append(v.Deliveries, r)
	}
	return v
}

func texts(parts []post.Part) []string {
	out := []string{}
	for _, p := range parts {
		out = append(out, p.Text)
	}
	return out
}

// Assets implements support.Source.
func (s supported) Assets(tx store.ReadTx, o ref.Organization, from store.Key, n int) support.Rows[support.AssetRow] {
	list, next := media.Visible(tx, o, from, n)
	out := support.Rows[support.AssetRow]{Next: next}
	for _, f := range list {
		w, _ := organization.GetWorkspace(tx, o, f.Workspace)
		out.Items = append(out.Items, support.AssetRow{ID: f.ID, Workspace: w.Name, MIME: f.MIME, CreatedAt: f.CreatedAt})
	}
	return out
}

// asset finds a visible file of the organization.
func (supported) asset(tx store.ReadTx, o ref.Organization, id ref.Asset) (media.Asset, organization.Workspace, bool) {
	for _, w := range organization.WorkspacesOf(tx, o) {
		if f, err := media.Get(tx, o, w.ID, id); err == nil && f.State == media.Ready {
			return f, w, true
		}
	}
	return media.Asset{}, organization.Workspace{}, false
}

// Asset implements support.Source.
func (s supported) Asset(tx store.ReadTx, o ref.Organization, id ref.Asset) (support.AssetRead, bool) {
	f, w, ok := s.asset(tx, o, id)
	if !ok {
		return support.AssetRead{}, false
	}
	v := support.AssetRead{ID: f.ID, Workspace: w.Name, Name: f.Name, MIME: f.MIME, Bytes: f.Bytes, Width: f.Width, Height: f.Height, Seconds: f.Length().Seconds(),
		Alt: f.Alt, CreatedAt: f.CreatedAt, UsedIn: []ref.Post{}}
	for _, id := range post.UsedBy(tx, f.ID) {
		if l, ok := post.StatusOf(tx, o, w.ID, id); ok {
			v.UsedIn = append(v.UsedIn, l.Post)
		}
	}
	return v, true
}

// Thumbnail implements support.Source.
func (s supported) Thumbnail(ctx context.Context, o ref.Organization, id ref.Asset) (*op.File, error) {
	var w organization.Workspace
	ok := false
	err := s.a.db.View(ctx, func(tx store.ReadTx) error { _, w, ok = s.asset(tx, o, id); return nil })
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, support.ErrRecord
	}
	f, err := s.p.media.Opened(ctx, o, w.ID, id, media.Thumb)
	if err == nil {
		f.NoStore = true
	}
	return f, err
}

// Analytics implements support.Source.
func (supported) Analytics(store.ReadTx, ref.Organization) support.AnalyticsRead {
	return support.AnalyticsRead{Figures: map[string]int64{}}
}
