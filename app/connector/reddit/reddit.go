// Package reddit publishes to communities of Reddit. Each community is a delivery of its own.
//
// Facts: fact sheet reddit; praw-dev/praw of 2026-08-17 and Reddit's Data API wiki, read 2026-08.
//
// Caveats: pictures and videos are accepted without a number and show minutes later, so they are looked for in what the
// account posted. That list is the account's overview, which holds posts and comments together.
package reddit

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes as one account.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits of a post. Source: fact sheet, "Kinds of post and limits".
const (
	maxTitle      = 300
	maxText       = 40_000
	maxComment    = 10_000
	maxGallery    = 20
	maxImageBytes = 20 << 20
	maxVideoBytes = 1 << 30
)

var life = connector.Life{Access: 24 * time.Hour}

var oauth = connector.OAuth{
	Host: "www", Authorize: "/api/v1/authorize", Token: "/api/v1/access_token", Revoke: "/api/v1/revoke_token", EndRefresh: true,
	SecretIn: connector.SecretInBasic, Extra: map[string]string{"duration": "permanent"}, Life: life,
}

var scopes = []string{"identity", "submit", "read", "history", "flair", "mysubreddits", "edit"}

var body = connector.Text{Count: text.Runes, Max: connector.N(maxText), Markup: connector.Markdown, Optional: true}

func lookup(settle time.Duration) connector.Once {
	return connector.Once{
		By: connector.Lookup, Settle: settle,
		Why: "Reddit takes no key of ours. If the answer is lost, we look through what the account posted for the same title and words in the same community.",
	}
}

// mediaSettle is how long Reddit may work on a picture or video before it shows. Source: fact sheet, "Once".
const mediaSettle = 10 * time.Minute

var spec = connector.Spec{
	ID: "reddit", Label: "Reddit", Preview: connector.Article,
	Hosts: []connector.Host{
		connector.At("api", "https://oauth.reddit.com"), connector.At("www", "https://www.reddit.com"),
		connector.Matching("media", mediaHost), connector.Matching("video", videoHost),
	},
	Auth: connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "oauth", Kind: connector.OAuth2, Label: "Sign in", Help: "You sign in at Reddit and come back here.", OAuth: &oauth, Scopes: scopes, Life: life,
	}},
	App: connector.Form{
		{Name: "id", Label: "Client ID", Help: "Under the name of the app, below “web app”.", Must: true},
		{Name: "secret", Label: "Client secret", Help: "On the app's page.", Must: true, Secret: true},
		{Name: "owner", Label: "Owner of the app", Help: "The account that made the app, without u/. Reddit wants it in each request.", Max: 40},
	},
	Registration: &connector.Registration{
		Console: "https://www.reddit.com/prefs/apps",
		Steps: []string{
			"Ask Reddit for approval by its form for developers first; apps made before November 2025 go on working.",
			"Open reddit.com/prefs/apps, signed in as the account that shall own the app, and choose Create another app.",
			"Choose web app, and enter the callback address shown here as the redirect uri, exactly.",
			"Copy the client ID, which stands below the app's name, and the secret into the two fields.",
			"Enter the name of the owner's account.",
		},
		Review: "New apps need Reddit's approval under its Responsible Builder Policy; commercial use needs a contract.",
	},
	Kinds: []connector.Kind{
		{ID: "text", Label: "Text, link or poll", Text: body, Once: lookup(0), Steps: []string{"rules", "submit"}},
		{
			ID: "image", Label: "Image", Text: body, Once: lookup(mediaSettle), Steps: []string{"rules", "upload…", "submit"},
			MinMedia: connector.N(1), MaxMedia: connector.N(1), Media: []connector.MediaRule{picture(connector.Image, "image/jpeg", "image/png"), picture(connector.GIF, "image/gif")},
		},
		{
			ID: "gallery", Label: "Gallery", Text: body, Once: lookup(mediaSettle), Steps: []string{"rules", "upload…", "submit"},
			MinMedia: connector.N(2), MaxMedia: connector.N(maxGallery), Media: []connector.MediaRule{picture(connector.Image, "image/jpeg", "image/png"), picture(connector.GIF, "image/gif")},
		},
		{
			ID: "video", Label: "Video", Text: body, Once: lookup(mediaSettle), Steps: []string{"rules", "upload…", "poster", "submit"},
			MinMedia: connector.N(1), MaxMedia: connector.N(1),
			Media: []connector.MediaRule{{
				Type: connector.VideoFile, MIME: []string{"video/mp4", "video/quicktime"}, MaxBytes: connector.N(maxVideoBytes), MaxLength: 15 * time.Minute, Alt: connector.NoAlt, Cover: true,
			}},
		},
		{
			ID: "comment", Label: "First comment", Roles: []connector.Role{connector.Comment}, Once: lookup(0), Steps: []string{"comment"},
			Text: connector.Text{Count: text.Runes, Max: connector.N(maxComment), Must: true, Markup: connector.Markdown},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits:   []connector.Limit{{What: "requests", Max: connector.N(100), Window: time.Minute, Per: "app", Left: "X-Ratelimit-Remaining", Reset: "X-Ratelimit-Reset"}},
	Failures: failures,
	Settle:   time.Minute,
	Powers: []connector.Power{
		connector.CanList, connector.CanRefresh, connector.CanRevoke, connector.CanLookUp, connector.CanEdit, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{
		"20 MB of a GIF (100 MB may be taken)", "1 GB and 15 minutes of a video", "40,000 signs of text (some clients allow 10,000)",
		"that Reddit's own number of a file is the one in a gallery",
	},
}

func picture(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, MaxBytes: connector.N(maxImageBytes), Alt: connector.NoAlt}
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// ask does a request in the app's own name, as Reddit wants it. Source: fact sheet, "User-Agent is mandatory and unique".
func ask(ctx context.Context, c *connector.Call, r connector.Request) error {
	agent := "web:" + c.App.ID + ":v1.0"
	if owner := c.App.Extra["owner"]; owner != "" {
		agent += " (by /u/" + owner + ")"
	} else {
		agent += " (OmniPosto)"
	}
	r.Header = map[string]string{"User-Agent": agent}
	_, err := c.Send(ctx, r)
	return err
}

// Who implements connector.Publisher.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var me struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Icon      string `json:"icon_img"`
		Suspended bool   `json:"is_suspended"`
	}
	if err := ask(ctx, c, connector.Request{Path: "/api/v1/me", Query: raw(), Into: &me}); err != nil {
		return connector.Identity{}, err
	}
	switch {
	case me.Name == "":
		return connector.Identity{}, connector.Reject("Reddit answered without saying whose account this is.", "")
	case me.Suspended:
		return connector.Identity{}, &connector.Failed{Class: connector.Reconnect, Words: "Reddit suspended this account.", Fix: "reconnect"}
	}
	return connector.Identity{ID: me.ID, Handle: me.Name, Name: "u/" + me.Name, URL: "https://www.reddit.com/user/" + me.Name, Avatar: me.Icon}, nil
}

// Refresh implements connector.Refresher.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return connector.RefreshOAuth(ctx, c)
}

// Revoke implements connector.Revoker.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	return connector.RevokeOAuth(ctx, c)
}

var (
	_ connector.Lister    = Connector{}
	_ connector.Refresher = Connector{}
	_ connector.Revoker   = Connector{}
	_ connector.Lookuper  = Connector{}
	_ connector.Editor    = Connector{}
	_ connector.Deleter   = Connector{}
	_ connector.Reader    = Connector{}
	_ connector.Measurer  = Connector{}
)
