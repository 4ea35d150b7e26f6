// Package whop publishes to forums of Whop.
//
// Facts: fact sheet whop; gitroomhq/postiz-app of 2026-08-21, the only source, read 2026-08.
//
// Caveats: a forum is the channel, because posts are listed by forum. Comments aren't listed there, so a comment's lost
// answer is asked about. Nearly everything about sizes is unconfirmed.
package whop

import (
	"context"
	"net/url"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one forum.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits of a post. Source: fact sheet, "Kinds of post and limits".
const (
	maxContent = 50_000
	maxFiles   = 10
)

var life = connector.Life{Access: time.Hour, Rotates: true}

var oauth = connector.OAuth{
	Authorize: "/oauth/authorize", Token: "/oauth/token", PKCE: connector.PKCERequired, SecretIn: connector.SecretNone, JSON: true,
	Extra: map[string]string{"nonce": "{state}"}, Life: life,
}

var content = connector.Text{Count: text.Runes, Max: connector.N(maxContent), Markup: connector.Markdown, Must: true}

var spec = connector.Spec{
	ID: "whop", Label: "Whop", Preview: connector.Message,
	Hosts: []connector.Host{connector.At("api", "https://api.whop.com"), connector.Matching("whop", "*.whop.com"), connector.Matching("amazon", "*.amazonaws.com")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "oauth", Kind: connector.OAuth2PKCE, Label: "Sign in", Help: "You sign in at Whop and choose a forum.", OAuth: &oauth, Life: life,
		Scopes: []string{"openid", "profile", "email", "forum:post:create", "forum:read", "company:basic:read"},
	}},
	Targets: &connector.Targets{Label: "Forum", Many: "Forums", Help: "Forums of the companies that you belong to."},
	App:     connector.Form{{Name: "id", Label: "Client ID", Help: "On the app's page. There is no secret.", Must: true}},
	Registration: &connector.Registration{
		Console: "https://whop.com/dashboard/developer",
		Steps: []string{
			"Open the developer page of your dashboard and create an app.",
			"Under OAuth enter the callback address shown here, exactly.",
			"Give the app the rights to read forums and to write posts in them.",
			"Copy the client ID into the field.",
		},
	},
	Kinds: []connector.Kind{
		{
			ID: "post", Label: "Post", Text: content, Steps: []string{"file…", "ready…", "post"}, MaxMedia: connector.N(maxFiles),
			Once: connector.Once{By: connector.Lookup, Why: "Whop takes no key of ours. If the answer is lost, we look through the forum's posts for the same title and words."},
			Media: []connector.MediaRule{
				{Type: connector.Image, MIME: []string{"image/jpeg", "image/png", "image/webp"}, Alt: connector.NoAlt},
				{Type: connector.GIF, MIME: []string{"image/gif"}, Alt: connector.NoAlt},
				{Type: connector.VideoFile, MIME: []string{"video/mp4", "video/quicktime"}, Alt: connector.NoAlt},
			},
		},
		{
			ID: "comment", Label: "First comment", Roles: []connector.Role{connector.Comment}, Text: content, Steps: []string{"comment"},
			Once: connector.Once{By: connector.Ask, Why: "Whop takes no key of ours and doesn't list comments. If the answer is lost, somebody has to look."},
		},
	},
	Settings: settingsForm.Form(),
	Failures: failures,
	Settle:   2 * time.Minute,
	Powers:   []connector.Power{connector.CanList, connector.CanRefresh, connector.CanChoose},
	Unverified: []string{
		"50,000 signs, ten files, and any size of them", "where files are sent", "the shape of the list of posts", "how often posts may be made", "the place where apps are registered",
	},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher: the forum, or who signed in where none is chosen yet.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	if c.Channel.Target != "" {
		list, err := forums(ctx, c, c.Channel.More["company"], "")
		if err != nil {
			return connector.Identity{}, err
		}
		for _, t := range list {
			if t.ID == c.Channel.Target {
				return t.Identity, nil
			}
		}
		return connector.Identity{}, &connector.Failed{Class: connector.Reconnect, Words: "This account no longer has the forum. Connect again.", Fix: "reconnect"}
	}
	var me struct {
		Sub     string `json:"sub"`
		Name    string `json:"name"`
		Handle  string `json:"preferred_username"`
		Picture string `json:"picture"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/oauth/userinfo", Into: &me}); err != nil {
		return connector.Identity{}, err
	}
	if me.Sub == "" {
		return connector.Identity{}, connector.Reject("Whop answered without saying who this is.", "")
	}
	return connector.Identity{ID: me.Sub, Handle: me.Handle, Name: me.Name, Avatar: me.Picture}, nil
}

// Choose implements connector.Chooser: the forums of all companies.
func (Connector) Choose(ctx context.Context, c *connector.Call) ([]connector.Target, error) {
	var companies struct {
		Data []struct {
			ID    string `json:"id"`
			Title string `json:"title"`
		} `json:"data"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/api/v1/companies", Query: url.Values{"first": {"50"}}, Into: &companies}); err != nil {
		return nil, err
	}
	var out []connector.Target
	for _, company := range companies.Data {
		list, err := forums(ctx, c, company.ID, company.Title)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// forums are those of a company.
func forums(ctx context.Context, c *connector.Call, company, title string) ([]connector.Target, error) {
	var got struct {
		Data []struct {
			Experience struct {
				ID   string `json:"id"`
				Name string `json:"name"`
			} `json:"experience"`
		} `json:"data"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/api/v1/forums", Query: url.Values{"company_id": {company}, "first": {"50"}}, Into: &got}); err != nil {
		return nil, err
	}
	var out []connector.Target
	for _, f := range got.Data {
		e := f.Experience
		out = append(out, connector.Target{Help: title, Identity: connector.Identity{
			ID: e.ID, Handle: e.Name, Name: e.Name, URL: "https://whop.com/experiences/" + e.ID, More: map[string]string{"company": company},
		}})
	}
	return out, nil
}

// Refresh implements connector.Refresher. Each refresh gives another refresh token.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return connector.RefreshOAuth(ctx, c)
}

var (
	_ connector.Lister    = Connector{}
	_ connector.Refresher = Connector{}
	_ connector.Chooser   = Connector{}
)
