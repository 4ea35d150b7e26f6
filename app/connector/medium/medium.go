// Package medium publishes stories to Medium.
//
// Facts: fact sheet medium; Medium/medium-api-docs 602a9f8 of 2023-03-02, its last state, read 2026-11.
//
// Caveats: Medium gives out no new integration tokens; this serves people who have one. The API can neither list, change
// nor delete a story, so a lost answer is put to a person.
package medium

import (
	"context"
	"net/url"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes as one writer.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. Source: Medium's documentation, "Creating a post"; the longest description of a picture is ours.
const (
	maxTitle = 100
	maxTags  = 3
	maxTag   = 25
	maxAlt   = 500
)

var spec = connector.Spec{
	ID: "medium", Label: "Medium", Preview: connector.Article,
	Hosts: []connector.Host{connector.At("api", "https://api.medium.com")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "token", Kind: connector.PastedToken, Label: "Integration token",
		Help:   "Medium gives out no new ones. If you have one: Settings, Security and apps, Integration tokens.",
		Fields: connector.Form{{Name: "token", Label: "Integration token", Help: "It doesn't end until you take it away in Medium.", Secret: true, Must: true, Max: 200}},
	}},
	Kinds: []connector.Kind{{
		ID: "story", Label: "Story", Steps: []string{"image…", "story"}, MaxMedia: connector.Any,
		Text: connector.Text{Count: text.Runes, Markup: connector.HTML},
		Media: []connector.MediaRule{
			{Type: connector.Image, MIME: []string{"image/jpeg", "image/png"}, Alt: connector.N(maxAlt)},
			{Type: connector.GIF, MIME: []string{"image/gif"}, Alt: connector.N(maxAlt)},
		},
		Once: connector.Once{By: connector.Ask, Why: "Medium takes no key of ours and lists no stories. If the answer is lost, somebody has to look."},
	}},
	Settings:   settingsForm.Form(),
	Rules:      rules,
	Failures:   failures,
	Powers:     []connector.Power{connector.CanLookUp},
	Unverified: []string{"since when no new tokens are given out", "the numbers of refusals", "how many stories a day are taken, reportedly about 15", "whether descriptions of pictures are kept"},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var out struct {
		Data struct{ ID, Username, Name, URL, ImageURL string } `json:"data"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/v1/me", Into: &out}); err != nil {
		return connector.Identity{}, err
	}
	me := out.Data
	return connector.Identity{ID: me.ID, Handle: "@" + me.Username, Name: me.Name, URL: me.URL, Avatar: me.ImageURL}, nil
}

// Lookup implements connector.Lookuper: "publications".
func (Connector) Lookup(ctx context.Context, c *connector.Call, _, query string, _ map[string]string) ([]connector.Option, error) {
	var out struct {
		Data []struct{ ID, Name, Description string } `json:"data"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/v1/users/" + url.PathEscape(c.Channel.RemoteID) + "/publications", Into: &out}); err != nil {
		return nil, err
	}
	var options []connector.Option
	for _, p := range out.Data {
		if strings.Contains(strings.ToLower(p.Name), strings.ToLower(query)) {
			options = append(options, connector.Option{ID: p.ID, Label: p.Name, Help: p.Description})
		}
	}
	return options, nil
}

var _ connector.Lookuper = Connector{}
