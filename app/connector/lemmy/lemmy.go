// Package lemmy publishes to communities through one's own Lemmy server, in the API of 0.19 (version 3) or of 1.0
// (version 4), whichever the server has.
//
// Facts: fact sheet lemmy; LemmyNet/lemmy 439734dd6 of 2026-08-12, read 2026-08; its routes and person/content at
// 0442a61b, read 2026-11, for the list and the deletions of version 4.
//
// Caveats: each community is a delivery of its own. A post is known again by its community and title, because
// servers clean addresses and words. Comments may come back with other words: what isn't found is asked.
package lemmy

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes as one account of one server.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. Source: crates/utils/src/utils/validation.rs, by the fact sheet.
const (
	maxTitle   = 200
	minTitle   = 3
	maxBody    = 50_000
	maxComment = 10_000
	maxAlt     = 1500
)

var posted = connector.Once{
	By: connector.Lookup, Why: "The server knows no key. After a lost answer we look for a post with this title in this community among what the channel posted since.",
}

var commented = connector.Once{
	By: connector.Lookup, Then: connector.Ask, Why: "After a lost answer we look among the channel's comments. The server may change words, so where we find nothing we ask you.",
}

var spec = connector.Spec{
	ID: "lemmy", Label: "Lemmy", Preview: connector.Article,
	Hosts: []connector.Host{connector.FromField("server")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "password", Kind: connector.AppPassword, Label: "Name and password", Help: "They are used once to sign in and aren't kept; the session is.",
		Fields: connector.Form{
			{Name: "server", Label: "Server", Help: "The address of your own server, not the community's.", Kind: connector.FieldServer, Must: true, Example: "https://lemmy.example"},
			{Name: "username", Label: "Name or e-mail", Help: "As you sign in there.", Must: true, Max: 254},
			{Name: "password", Label: "Password", Help: "Used once.", Secret: true, Must: true, Max: 512},
			{Name: "totp", Label: "Code of your second factor", Help: "Six digits; only if you have one.", Secret: true, Max: 12, Example: "123456"},
		},
	}},
	Kinds: []connector.Kind{
		{
			ID: "text", Label: "Text or link", Once: posted, Steps: []string{"post"},
			Text: connector.Text{Count: text.Runes, Max: connector.N(maxBody), Markup: connector.Markdown, Must: true},
		},
		{
			ID: "images", Label: "Pictures", Once: posted, Steps: []string{"image…", "post"}, MinMedia: connector.N(1), MaxMedia: connector.Any,
			Text: connector.Text{Count: text.Runes, Markup: connector.Markdown}, // pictures after the first count into its limit: see rules
			Media: []connector.MediaRule{
				{Type: connector.Image, MIME: []string{"image/jpeg", "image/png", "image/webp", "image/avif"}, Alt: connector.N(maxAlt)},
				{Type: connector.GIF, MIME: []string{"image/gif"}, Alt: connector.N(maxAlt)},
			},
		},
		{
			ID: "comment", Label: "Comment", Roles: []connector.Role{connector.Reply, connector.Comment}, Once: commented, Steps: []string{"comment"},
			Text: connector.Text{Count: text.Runes, Max: connector.N(maxComment), Markup: connector.Markdown, Must: true},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Failures: failures,
	Powers: []connector.Power{
		connector.CanList, connector.CanRevoke, connector.CanLookUp, connector.CanEdit, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{
		"how often a server lets one post", "fields of an upload in version 4", "whether servers of 1.0 keep version 3", "how large a picture may be",
		"fields of figures and times in version 4",
	},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher: it signs in once with the password, and keeps the session.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	v, err := versionOf(ctx, c)
	if err != nil {
		return connector.Identity{}, err
	}
	var kept *connector.Token
	if !c.Token.Extra["password"].Empty() {
		token, err := signIn(ctx, c, v)
		if err != nil {
			return connector.Identity{}, err
		}
		c.Token, kept = token, &token
	}
	me, err := v.me(ctx, c)
	if err != nil {
		return connector.Identity{}, err
	}
	if me.ID == 0 {
		return connector.Identity{}, &connector.Failed{Class: connector.Reconnect, Step: "who", Words: "Your session on this server has ended. Connect again.", Fix: "reconnect"}
	}
	at := c.Channel.Fields["server"]
	id := connector.Identity{
		ID: strconv.Itoa(me.ID), Handle: "@" + me.Name + "@" + strings.TrimPrefix(strings.TrimPrefix(at, "https://"), "http://"), Name: me.shown(), URL: at + "/u/" + me.Name, Avatar: me.Avatar,
		More: map[string]string{"api": string(v)}, Token: kept,
	}
	if !me.Bot {
		id.Notes = []string{"Many servers want accounts that post by themselves to be marked as a bot; yours isn't."}
	}
	return id, nil
}

// versionOf asks which API the server has. Servers of 0.19 know version 3, those of 1.0 version 4.
func versionOf(ctx context.Context, c *connector.Call) (version, error) {
	var site struct {
		Version string `json:"version"`
	}
	for _, v := range []version{v3, v4} {
		_, err := c.Send(ctx, connector.Request{Path: v.path("site"), NoAuth: true, Into: &site})
		f := connector.AsFailed(err)
		switch {
		case err == nil && site.Version != "" && !strings.HasPrefix(site.Version, "0."):
			return v4, nil
		case err == nil && site.Version != "":
			return v3, nil
		case err != nil && (f == nil || f.Status != 404 && f.Status != 200):
			return "", err // only "there is no such thing" leads to the other version
		}
	}
	return "", connector.Reject("This address answers, but not as a Lemmy server.", "")
}

// signIn swaps name, password and second factor for a session.
func signIn(ctx context.Context, c *connector.Call, v version) (connector.Token, error) {
	in := map[string]string{"username_or_email": c.Channel.Fields["username"]}
	c.Token.Extra["password"].Use(func(p string) { in["password"] = p })
	c.Token.Extra["totp"].Use(func(p string) {
		if p != "" {
			in["totp_2fa_token"] = strings.ReplaceAll(p, " ", "")
		}
	})
	var out struct {
		JWT string `json:"jwt"`
	}
	if _, err := c.Send(ctx, connector.Request{Method: "POST", Path: v.path("login"), JSON: in, NoAuth: true, Into: &out}); err != nil {
		return connector.Token{}, err
	}
	if out.JWT == "" {
		return connector.Token{}, connector.Reject("The server gave no session: the e-mail address isn't confirmed, or the account waits for its approval.", "reconnect")
	}
	c.Hide(out.JWT)
	return connector.Token{Access: secret.NewText(out.JWT)}, nil
}

// Revoke implements connector.Revoker: it ends the session.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: versionIn(c).path("logout"), JSON: struct{}{}})
	if class := connector.ClassOf(err); class == connector.Reconnect || class == connector.Rejected {
		return nil // it was no session any more
	}
	return err
}

// Lookup implements connector.Lookuper: communities by their name, those that the account follows without one; languages.
func (Connector) Lookup(ctx context.Context, c *connector.Call, what, query string, _ map[string]string) ([]connector.Option, error) {
	v := versionIn(c)
	if what == "language" {
		return languages(ctx, c, v, query)
	}
	path, q := "communities", url.Values{"type_": {v.word("Subscribed")}, "limit": {"50"}}
	if query != "" {
		path, q = "search", url.Values{"q": {query}, "type_": {v.word("Communities")}, "listing_type": {v.word("All")}, "limit": {"20"}}
	}
	var out struct {
		Communities []communityView `json:"communities"`
		Items       []communityView `json:"items"`
		Results     []communityView `json:"results"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: v.path(path), Query: q, Into: &out}); err != nil {
		return nil, err
	}
	var list []connector.Option
	for _, view := range slices.Concat(out.Communities, out.Items, out.Results) {
		if one := view.Community; one.ID != 0 {
			list = append(list, connector.Option{ID: strconv.Itoa(one.ID), Label: one.label()})
		}
	}
	return list, nil
}

func languages(ctx context.Context, c *connector.Call, v version, query string) ([]connector.Option, error) {
	var site struct {
		Languages []struct {
			ID   int    `json:"id"`
			Name string `json:"name"`
		} `json:"all_languages"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: v.path("site"), Into: &site}); err != nil {
		return nil, err
	}
	var out []connector.Option
	for _, l := range site.Languages {
		if strings.Contains(strings.ToLower(l.Name), strings.ToLower(query)) {
			out = append(out, connector.Option{ID: strconv.Itoa(l.ID), Label: l.Name})
		}
	}
	return out, nil
}

var (
	_ connector.Lister   = Connector{}
	_ connector.Revoker  = Connector{}
	_ connector.Lookuper = Connector{}
	_ connector.Editor   = Connector{}
	_ connector.Deleter  = Connector{}
	_ connector.Reader   = Connector{}
	_ connector.Measurer = Connector{}
)
