// Package practice is the connector to a feed inside the product: a real channel from the first minute, where a team
// tries out what it likes. It is also the template: copy this folder to begin a new connector, keep its order, and read
// the comments, which say what each part is for.
//
// A connector's folder has the platform's name:
//
//	practice.go       Spec and New. The first screen tells the platform: ways to connect, kinds, limits, how it stays at one
//	publish.go        the steps of a publish, in order
//	failures.go       what the platform's refusals mean, one sample per row in testdata
//	practice_test.go  conform.Run, and what is special here
//	practicefake/     the platform as its fact sheet describes it
package practice

import (
	"context"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector posts to our own feed. It has no field that changes: many walks run on one value at once.
type Connector struct{}

// New makes the connector. Its type is the kit's, so that the generated list and the tests can call it.
func New() connector.Publisher { return Connector{} }

// The limits of the practice feed are ours to choose; they are about what people meet elsewhere.
const (
	maxText  = 5000 // grapheme clusters
	maxFiles = 10
	maxAlt   = 1500
)

// settings are what a person may choose per post. Their form is made by settingsForm, which also decodes them.
type settings struct {
	Title string
	Link  string
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Title, "title", 0, 100).Labelled("Title", "Stands above the post.").Like("A first try")
	f.URL(&s.Link, "link").Labelled("Link", "Where the title leads.").Like("https://example.com")
})

// spec is everything that is known without asking the platform: data only. Each number says where it comes from.
var spec = connector.Spec{
	ID: "practice", Label: "Practice", Preview: connector.Microblog,
	// Connect lists the ways to connect, best first. This one needs nothing but a name.
	Connect: []connector.Connect{{
		Way: "none", Kind: connector.Nothing, Label: "Practice feed", Help: "A feed inside this server. Nothing leaves it.",
		Fields: connector.Form{{Name: "name", Label: "Name", Help: "What the feed is called here.", Max: 80, Example: "Practice"}},
	}},
	// Kinds are tried in order; the first that fits a draft is taken unless the person chose.
	Kinds: []connector.Kind{{
		ID: "post", Label: "Post",
		Roles:    []connector.Role{connector.Post, connector.Reply, connector.Comment},
		Text:     connector.Text{Count: text.Graphemes, Max: connector.N(maxText), Markup: connector.PlainText},
		MaxMedia: connector.N(maxFiles),
		Media:    rules(connector.Image, connector.GIF, connector.VideoFile, connector.Audio, connector.DocumentPDF),
		// Once says how this kind stays at exactly one, and conform proves it.
		Once:  connector.Once{By: connector.Deterministic, Why: "The item's id is made from the delivery, and our feed takes each id once."},
		Steps: []string{"item"},
	}},
	Settings: settingsForm.Form(),
	Failures: failures,
	Powers:   []connector.Power{connector.CanEdit, connector.CanDelete},
}

func rules(types ...connector.MediaType) []connector.MediaRule {
	mime := map[connector.MediaType][]string{
		connector.Image:       {"image/jpeg", "image/png", "image/webp"},
		connector.GIF:         {"image/gif"},
		connector.VideoFile:   {"video/mp4", "video/quicktime", "video/webm"},
		connector.Audio:       {"audio/mpeg", "audio/ogg", "audio/wav"},
		connector.DocumentPDF: {"application/pdf"},
	}
	out := make([]connector.MediaRule, len(types))
	for i, t := range types {
		out[i] = connector.MediaRule{Type: t, MIME: mime[t], Alt: connector.N(maxAlt), ByID: true}
	}
	return out
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher. A platform would be asked here; this one has nobody to ask.
func (Connector) Who(_ context.Context, c *connector.Call) (connector.Identity, error) {
	name := c.Channel.Fields["name"]
	if name == "" {
		name = "Practice"
	}
	return connector.Identity{ID: "practice", Handle: "practice", Name: name}, nil
}

// Guards stand last: the powers that Spec declares.
var (
	_ connector.Editor  = Connector{}
	_ connector.Deleter = Connector{}
)
