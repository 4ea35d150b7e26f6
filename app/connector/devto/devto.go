// Package devto publishes articles to DEV and to any other community that runs on Forem.
//
// Facts: fact sheet devto; forem/forem-docs f2f06af of 2024-03-26, read 2026-08. The lengths, the rule of five minutes and
// what makes an address count as taken are Forem's own checks (app/models/article.rb, tag.rb), read 2026-11.
//
// Caveats: the API takes no files. Pictures are named by their address in the text and fetched again later, so that
// address must stay good. Nothing can be deleted; taking an article away makes it a draft again.
//
// Why front matter is left out: where a text begins with it, its own line "published" decides, and publishing would be
// answered well and do nothing.
package devto

import (
	"context"
	"strconv"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one community as one of its members.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. Source: Forem's own checks; the longest description of a picture is ours.
const (
	maxTitle   = 128
	maxTags    = 4
	maxTag     = 30
	maxTagList = 126       // with the commas between
	maxBody    = 800 << 10 // bytes
	maxAlt     = 2000
)

func picture(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, Alt: connector.N(maxAlt), ByURL: true}
}

var spec = connector.Spec{
	ID: "devto", Label: "DEV", Preview: connector.Article,
	Hosts: []connector.Host{connector.FromField("site")},
	Auth:  connector.Auth{Place: connector.InHeader, Name: "api-key"},
	Connect: []connector.Connect{{
		Way: "token", Kind: connector.PastedToken, Label: "API key", Help: "In DEV: Settings, Extensions, DEV Community API Keys.",
		Fields: connector.Form{
			{Name: "site", Label: "Community", Help: "The address of DEV, or of another community on Forem.", Kind: connector.FieldServer, Default: []byte(`"https://dev.to"`), Example: "https://dev.to"},
			{Name: "token", Label: "API key", Help: "Shown once when you make it.", Secret: true, Must: true, Max: 200},
		},
	}},
	Kinds: []connector.Kind{{
		ID: "article", Label: "Article", Steps: []string{"file…", "draft", "publish"}, MaxMedia: connector.Any,
		Text:  connector.Text{Count: text.Runes, Markup: connector.Markdown},
		Media: []connector.MediaRule{picture(connector.Image, "image/jpeg", "image/png", "image/webp"), picture(connector.GIF, "image/gif")},
		Once:  connector.Once{By: connector.Handle, Why: "A draft is made first; publishing it twice is still one article, and we can read whether it is published."},
	}},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(10), Window: 30 * time.Second, Per: "channel"},
		{What: "changes", Max: connector.N(30), Window: 30 * time.Second, Per: "channel"},
	},
	Failures:   failures,
	Powers:     []connector.Power{connector.CanLook, connector.CanLookUp, connector.CanEdit, connector.CanDelete, connector.CanRead, connector.CanMeasure},
	Unverified: []string{"how much less new members may post", "how long DEV keeps a copy of a picture", "whether a tag may have letters beyond a to z"},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var me struct {
		ID       int    `json:"id"`
		Username string `json:"username"`
		Name     string `json:"name"`
		Picture  string `json:"profile_image"`
	}
	if err := send(ctx, c, "GET", "/users/me", nil, nil, &me); err != nil {
		return connector.Identity{}, err
	}
	if me.ID == 0 {
		return connector.Identity{}, connector.Reject("This address answers, but not as a community on Forem.", "")
	}
	return connector.Identity{ID: strconv.Itoa(me.ID), Handle: "@" + me.Username, Name: me.Name, URL: c.Channel.Fields["site"] + "/" + me.Username, Avatar: me.Picture}, nil
}

var (
	_ connector.Looker   = Connector{}
	_ connector.Lookuper = Connector{}
	_ connector.Editor   = Connector{}
	_ connector.Deleter  = Connector{}
	_ connector.Reader   = Connector{}
	_ connector.Measurer = Connector{}
)
