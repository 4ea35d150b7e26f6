// Package tumblr publishes to blogs of Tumblr.
//
// Facts: fact sheet tumblr; tumblr/docs 708be10 of 2024-10-18 (api.md, npf-spec.md), read 2026-08.
//
// Caveats: files travel in the post's own request. Pictures, sound and video aren't mixed in one post here, though
// Tumblr could. Tumblr offers apps no way to end their access; people end it in their settings.
package tumblr

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one blog.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits of a post. Source: fact sheet, "Kinds of post and limits".
const (
	maxBlock      = 4096 // code points of a text block
	maxBlocks     = 1000
	maxPost       = 1_000_000 // bytes without files
	maxLinks      = 100
	maxImages     = 30
	maxAudio      = 10
	maxAlt        = 4096
	maxTag        = 140
	maxImageBytes = 20 << 20
	maxGIFBytes   = 10 << 20
	maxAudioBytes = 10 << 20
	maxVideoBytes = 500 << 20
)

var life = connector.Life{Access: 42 * time.Minute, Rotates: true}

var oauth = connector.OAuth{Host: "api", Page: "www", Authorize: "/oauth2/authorize", Token: "/v2/oauth2/token", Life: life}

var words = connector.Text{Count: text.Runes, Markup: connector.NPF, Optional: true}

var lookup = connector.Once{
	By:  connector.Lookup,
	Why: "Each post has an ending of ours in its address. If the answer is lost, we look through the blog's posts, queue and drafts for it.",
}

var spec = connector.Spec{
	ID: "tumblr", Label: "Tumblr", Preview: connector.Article,
	Hosts: []connector.Host{connector.At("api", "https://api.tumblr.com"), connector.At("www", "https://www.tumblr.com")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "oauth", Kind: connector.OAuth2, Label: "Sign in", Help: "You sign in at Tumblr and choose a blog.", OAuth: &oauth, Life: life,
		Scopes: []string{"basic", "write", "offline_access"},
	}},
	Targets: &connector.Targets{Label: "Blog", Many: "Blogs", Help: "Your own blogs, and those where you are an administrator."},
	App: connector.Form{
		{Name: "id", Label: "OAuth consumer key", Help: "In the list of your applications.", Must: true},
		{Name: "secret", Label: "OAuth consumer secret", Help: "In the list of your applications, after Show secret key.", Must: true, Secret: true},
	},
	Registration: &connector.Registration{
		Console: "https://www.tumblr.com/oauth/apps",
		Steps: []string{
			"Open tumblr.com/oauth/apps and choose Register application.",
			"Fill in name, website and description.",
			"Enter the callback address shown here as the default callback URL and under OAuth2 redirect URLs, exactly.",
			"Copy the consumer key and, after Show secret key, the consumer secret into the two fields.",
		},
	},
	Kinds: []connector.Kind{
		{ID: "text", Label: "Text", Text: words, Once: lookup, Steps: []string{"post"}},
		{
			ID: "images", Label: "Images", Text: words, Once: lookup, Steps: []string{"post"}, CallLimit: 10 * time.Minute, MinMedia: connector.N(1), MaxMedia: connector.N(maxImages),
			Media: []connector.MediaRule{
				{Type: connector.Image, MIME: []string{"image/jpeg", "image/png", "image/webp"}, MaxBytes: connector.N(maxImageBytes), Alt: connector.N(maxAlt)},
				{Type: connector.GIF, MIME: []string{"image/gif"}, MaxBytes: connector.N(maxGIFBytes), Alt: connector.N(maxAlt)},
			},
		},
		{
			ID: "audio", Label: "Audio", Text: words, Once: lookup, Steps: []string{"post"}, CallLimit: 10 * time.Minute, MinMedia: connector.N(1), MaxMedia: connector.N(maxAudio),
			Media: []connector.MediaRule{{Type: connector.Audio, MIME: []string{"audio/mpeg"}, MaxBytes: connector.N(maxAudioBytes), Alt: connector.NoAlt}},
		},
		{
			ID: "video", Label: "Video", Text: words, Once: lookup, Steps: []string{"post"}, CallLimit: 30 * time.Minute, MinMedia: connector.N(1), MaxMedia: connector.N(1),
			Media: []connector.MediaRule{{Type: connector.VideoFile, MIME: []string{"video/mp4"}, MaxBytes: connector.N(maxVideoBytes), MaxLength: 10 * time.Minute, Alt: connector.NoAlt}},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(250), Window: 24 * time.Hour, Per: "channel"},
		{What: "requests", Max: connector.N(1000), Window: time.Hour, Per: "app", Left: "X-Ratelimit-Perhour-Remaining", Reset: "X-Ratelimit-Perhour-Reset"},
		{What: "requests", Max: connector.N(5000), Window: 24 * time.Hour, Per: "app"},
	},
	Failures: failures,
	Settle:   2 * time.Minute,
	Powers: []connector.Power{
		connector.CanList, connector.CanRefresh, connector.CanChoose, connector.CanEdit, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{
		"formatting counts code points", "20 MB of a picture, 10 MB of a GIF and of sound, 10 minutes of a video", "the names of the limit headers",
		"what is told of a video while it is worked on", "that a chosen end of the address is kept as it is",
	},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// person is who signed in.
type person struct {
	Name  string `json:"name"`
	Blogs []blog `json:"blogs"`
}

type blog struct {
	UUID    string `json:"uuid"`
	Name    string `json:"name"`
	Title   string `json:"title"`
	URL     string `json:"url"`
	Admin   bool   `json:"admin"`
	Primary bool   `json:"primary"`
	Avatar  []struct {
		URL string `json:"url"`
	} `json:"avatar"`
}

func (b blog) identity() connector.Identity {
	id := connector.Identity{ID: b.UUID, Handle: b.Name, Name: b.Title, URL: b.URL}
	if id.Name == "" {
		id.Name = b.Name
	}
	if len(b.Avatar) > 0 {
		id.Avatar = b.Avatar[0].URL
	}
	return id
}

func whoIs(ctx context.Context, c *connector.Call) (person, error) {
	var out struct {
		Response struct {
			User person `json:"user"`
		} `json:"response"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/v2/user/info", Into: &out}); err != nil {
		return person{}, err
	}
	if out.Response.User.Name == "" {
		return person{}, connector.Reject("Tumblr answered without saying who this is.", "")
	}
	return out.Response.User, nil
}

// Who implements connector.Publisher: the blog, or who signed in where none is chosen yet.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	me, err := whoIs(ctx, c)
	if err != nil || c.Channel.Target == "" {
		return connector.Identity{ID: me.Name, Handle: me.Name, Name: me.Name}, err
	}
	for _, b := range me.Blogs {
		if b.UUID == c.Channel.Target {
			return b.identity(), nil
		}
	}
	return connector.Identity{}, &connector.Failed{Class: connector.Reconnect, Words: "This account no longer has the blog. Connect again.", Fix: "reconnect"}
}

// Choose implements connector.Chooser: the main blog first.
func (Connector) Choose(ctx context.Context, c *connector.Call) ([]connector.Target, error) {
	me, err := whoIs(ctx, c)
	if err != nil {
		return nil, err
	}
	var out []connector.Target
	for _, b := range me.Blogs {
		t := connector.Target{Identity: b.identity()}
		switch {
		case b.Primary:
			t.Help = "Main blog"
			out = append([]connector.Target{t}, out...)
		case b.Admin:
			out = append(out, t)
		}
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
	_ connector.Editor    = Connector{}
	_ connector.Deleter   = Connector{}
	_ connector.Reader    = Connector{}
	_ connector.Measurer  = Connector{}
)
