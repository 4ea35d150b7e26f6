// Package ghost publishes articles and pages to a Ghost site of one's own through its Admin API, and sends them as
// newsletters.
//
// Facts: fact sheet ghost; TryGhost/Docs ceefa10 of 2026-08-22, read 2026-08. The lengths that Ghost takes and what an
// API key may do are Ghost's own table and list (core/server/data/schema, web/api/endpoints/admin/middleware), read 2026-11.
//
// Caveats: Ghost turns the HTML that it gets into its editor's own cards; what it has no card for stays as HTML. A
// newsletter that was sent can't be called back, and editing the article doesn't change it. Comments aren't open to keys.
//
// Why a draft first: publishing a draft sets a state, so doing it twice is one article and one newsletter, and the state
// can be read. The draft is made under a slug of ours and looked for before it is made; publishing gives it its own. A
// hidden tag would mark it too, but would leave one tag on the site for each article.
package ghost

import (
	"context"
	"net/url"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one site as one of its custom integrations.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// maxAlt is the longest description of a feature image.
const maxAlt = 191

func rule(t connector.MediaType, alt connector.Num, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, Alt: alt}
}

var spec = connector.Spec{
	ID: "ghost", Label: "Ghost", Preview: connector.Article,
	Hosts: []connector.Host{connector.FromField("site")},
	Auth:  connector.Auth{Place: connector.Signed, Sign: sign},
	Connect: []connector.Connect{{
		Way: "token", Kind: connector.PastedToken, Label: "Admin API key",
		Help: "In Ghost Admin: Settings, Integrations, Add custom integration.",
		Fields: connector.Form{
			{Name: "site", Label: "Site", Help: "The address under which you open Ghost Admin, without /ghost.", Kind: connector.FieldServer, Must: true, Example: "https://blog.example.com"},
			{Name: "token", Label: "Admin API key", Help: "Two groups of letters and digits with a colon between. It isn't the Content API key.", Secret: true, Must: true, Max: 200, Example: "6489a…:c1e7f…"},
		},
	}},
	Kinds: []connector.Kind{{
		ID: "article", Label: "Article", Steps: []string{"upload…", "draft", "publish"}, MaxMedia: connector.Any,
		Text: connector.Text{Count: text.Runes, Markup: connector.HTML},
		Media: []connector.MediaRule{
			rule(connector.Image, connector.N(maxAlt), "image/jpeg", "image/png", "image/webp"), rule(connector.GIF, connector.N(maxAlt), "image/gif"),
			rule(connector.VideoFile, connector.NoAlt, "video/mp4", "video/webm", "video/ogg"), rule(connector.Audio, connector.NoAlt, "audio/mpeg", "audio/wav", "audio/ogg", "audio/mp4"),
			rule(connector.DocumentPDF, connector.NoAlt, "application/pdf"),
		},
		Once: connector.Once{
			By: connector.Handle, Why: "A draft is made first; publishing it twice is still one article and one newsletter, and we can read whether it is published.",
		},
	}},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Failures: failures,
	Powers:   []connector.Power{connector.CanLook, connector.CanLookUp, connector.CanEdit, connector.CanDelete, connector.CanMeasure},
	Unverified: []string{
		"the count of clicks beside a newsletter's figures", "which types of video and audio Ghost takes", "how Ghost(Pro) words its limits",
	},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher: which site, and whether the key serves.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	if words := wrongKey(c); words != "" {
		return connector.Identity{}, connector.Reject(words, "")
	}
	if strings.HasSuffix(strings.TrimRight(c.Channel.Fields["site"], "/"), "/ghost") {
		return connector.Identity{}, connector.Reject("Enter the address without /ghost at its end.", "")
	}
	var out struct {
		Site struct {
			Title   string `json:"title"`
			URL     string `json:"url"`
			Version string `json:"version"`
			Logo    string `json:"logo"`
		} `json:"site"`
	}
	site := at("GET", "/site/", nil)
	site.NoAuth, site.Into = true, &out
	if _, err := c.Send(ctx, site); err != nil {
		return connector.Identity{}, err
	}
	u, err := url.Parse(out.Site.URL)
	if err != nil || u.Host == "" {
		return connector.Identity{}, connector.Reject("This address answers, but not as a Ghost site.", "")
	}
	var list posts
	key := at("GET", "/posts/", url.Values{"limit": {"1"}, "fields": {"id"}})
	key.Into = &list
	if _, err := c.Send(ctx, key); err != nil {
		return connector.Identity{}, err
	}
	return connector.Identity{
		ID: out.Site.URL, Handle: u.Host, Name: out.Site.Title, URL: out.Site.URL, Avatar: out.Site.Logo, More: map[string]string{"version": out.Site.Version},
	}, nil
}

var (
	_ connector.Looker   = Connector{}
	_ connector.Lookuper = Connector{}
	_ connector.Editor   = Connector{}
	_ connector.Deleter  = Connector{}
	_ connector.Measurer = Connector{}
)
