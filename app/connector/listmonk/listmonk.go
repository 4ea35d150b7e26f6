// Package listmonk sends campaigns to mailing lists through a listmonk server of one's own.
//
// Facts: fact sheet listmonk; knadh/listmonk 911e0b77 of 2026-07-21, its documentation and the checks in cmd/campaigns.go,
// internal/core/campaigns.go and internal/auth, read 2026-11.
//
// Caveats: mail can't be called back; deleting a campaign stops what wasn't sent yet and takes its page away. Sent
// campaigns can't be changed. listmonk reads {{ … }} as its own variables, so they are written as plain signs unless a
// post asks for variables.
//
// Why a refusal to start is doubt: listmonk says "already started" in the server's language only, so its state is read.
package listmonk

import (
	"context"
	"net/url"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector sends through one server.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. Source: listmonk's own checks; the longest description of a picture is ours.
const (
	maxSubject = 5000
	maxName    = 2000
	maxAlt     = 2000
)

var spec = connector.Spec{
	ID: "listmonk", Label: "listmonk", Preview: connector.Article,
	Hosts: []connector.Host{connector.FromField("server")},
	Auth:  connector.Auth{Place: connector.InBasic, Name: "username"},
	Connect: []connector.Connect{{
		Way: "token", Kind: connector.PastedToken, Label: "API credentials",
		Help: "In listmonk: Admin, Users, New, with the type API and a role that may send campaigns, read lists and templates and keep media.",
		Fields: connector.Form{
			{Name: "server", Label: "Server", Help: "The address under which you open listmonk.", Kind: connector.FieldServer, Must: true, Example: "https://lists.example.com"},
			{Name: "username", Label: "Name of the API credentials", Help: "The name that you gave them in listmonk.", Must: true, Max: 200},
			{Name: "token", Label: "Token", Help: "Shown once when you make them.", Secret: true, Must: true, Max: 500},
		},
	}},
	Kinds: []connector.Kind{{
		ID: "campaign", Label: "Campaign", Steps: []string{"media…", "campaign", "start"}, MaxMedia: connector.Any,
		Text: connector.Text{Count: text.Runes, Markup: connector.HTML},
		Media: []connector.MediaRule{
			{Type: connector.Image, MIME: []string{"image/jpeg", "image/png"}, Alt: connector.N(maxAlt)},
			{Type: connector.GIF, MIME: []string{"image/gif"}, Alt: connector.N(maxAlt)},
			{Type: connector.DocumentPDF, MIME: []string{"application/pdf"}, Alt: connector.NoAlt},
		},
		Once: connector.Once{By: connector.Handle, Why: "A campaign is made as a draft first; starting it twice sends it once, and we can read whether it was started."},
	}},
	Settings:   settingsForm.Form(),
	Rules:      rules,
	Failures:   failures,
	Powers:     []connector.Power{connector.CanLook, connector.CanLookUp, connector.CanDelete, connector.CanMeasure},
	Unverified: []string{"which template a campaign's web page has when none was chosen"},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher: whether the credentials serve, and which lists they see.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	all, err := lists(ctx, c)
	if err != nil {
		return connector.Identity{}, err
	}
	server := c.Channel.Fields["server"]
	u, err := url.Parse(server)
	if err != nil {
		return connector.Identity{}, connector.Reject("The address of the server can't be used.", "")
	}
	id := connector.Identity{ID: c.Channel.Fields["username"] + "@" + u.Host + u.Path, Handle: u.Host, Name: u.Host, URL: server}
	if len(all) == 0 {
		id.Notes = append(id.Notes, "The credentials see no list. Give their role one in listmonk.")
	}
	return id, nil
}

var (
	_ connector.Looker   = Connector{}
	_ connector.Lookuper = Connector{}
	_ connector.Deleter  = Connector{}
	_ connector.Measurer = Connector{}
)
