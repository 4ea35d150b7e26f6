// Package hashnode publishes articles to Hashnode.
//
// Facts: fact sheet hashnode; address, inputs, codes and limits are those of Hashnode's own reference for programs,
// Hashnode/gql-skill ebd06df of 2026-07-29, read 2026-11, which is newer than the sheet.
//
// Caveats: Hashnode lets programs write only to publications with its Pro plan. Its API can't delete an article. What it
// lists may be 25 seconds old, so nobody looks for an article before two minutes have passed.
//
// Why an address of ours: Hashnode takes no key, and an article is known in its list by the last part of its address. It
// is the title and a piece of the delivery's key; one that a person chose is asked for first, because a taken one would
// become another.
package hashnode

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes as one member of Hashnode.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. Source: Hashnode's reference, "Limits"; the length of titles is the sheet's and unverified.
const (
	maxTitle = 250
	maxTags  = 15
	maxImage = 8 << 20
	maxBody  = 100 << 10 // of a whole request
	maxAlt   = 1000
)

func picture(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, Alt: connector.N(maxAlt), MaxBytes: connector.N(maxImage)}
}

var spec = connector.Spec{
	ID: "hashnode", Label: "Hashnode", Preview: connector.Article,
	Hosts: []connector.Host{connector.At("api", "https://gql-beta.hashnode.com"), connector.Matching("storage", "*.amazonaws.com")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "token", Kind: connector.PastedToken, Label: "Personal access token",
		Help:   "In Hashnode: Settings, Developer, Generate new token. The publication needs Hashnode Pro.",
		Fields: connector.Form{{Name: "token", Label: "Personal access token", Help: "It can write to all your publications, so it is kept like a password.", Secret: true, Must: true, Max: 500}},
	}},
	Kinds: []connector.Kind{{
		ID: "article", Label: "Article", Steps: []string{"image…", "free?", "publish"}, MaxMedia: connector.Any,
		Text:  connector.Text{Count: text.Runes, Must: true, Markup: connector.Markdown},
		Media: []connector.MediaRule{picture(connector.Image, "image/jpeg", "image/png", "image/webp"), picture(connector.GIF, "image/gif")},
		Once:  connector.Once{By: connector.Lookup, Why: "The last part of the article's address is ours; we look for it among your newest articles."},
	}},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits:   []connector.Limit{{What: "requests", Max: connector.N(500), Window: time.Minute, Per: "channel"}},
	Failures: failures,
	Settle:   2 * time.Minute,
	Powers:   []connector.Power{connector.CanList, connector.CanLookUp, connector.CanEdit, connector.CanRead, connector.CanMeasure},
	Unverified: []string{
		"that titles have 6 to 250 signs", "what becomes of an address that is taken between our question and the article", "how a limit is answered: none is enforced today",
	},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	out, err := ask[struct {
		Me struct {
			ID, Username, Name, ProfilePicture string
			Publications                       edges[struct{ ID string }]
		}
	}](ctx, c, `query { me { id username name profilePicture publications(first: 50) { edges { node { id } } } } }`, nil)
	if err != nil {
		return connector.Identity{}, err
	}
	id := connector.Identity{ID: out.Me.ID, Handle: "@" + out.Me.Username, Name: out.Me.Name, URL: "https://hashnode.com/@" + out.Me.Username, Avatar: out.Me.ProfilePicture}
	if len(out.Me.Publications.Edges) == 0 {
		id.Notes = append(id.Notes, "You have no publication on Hashnode yet.")
	}
	return id, nil
}

var (
	_ connector.Lister   = Connector{}
	_ connector.Lookuper = Connector{}
	_ connector.Editor   = Connector{}
	_ connector.Reader   = Connector{}
	_ connector.Measurer = Connector{}
)
