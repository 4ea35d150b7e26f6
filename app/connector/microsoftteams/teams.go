// Package microsoftteams posts cards to a Teams channel or chat through a workflow's webhook.
//
// Facts: fact sheet microsoft-teams; Microsoft Learn's pages on webhooks and connectors, read 2026-08. That a workflow
// which is off or deleted answers 400 WorkflowTriggerIsNotEnabled stands in several public notes of 2026, read 2026-11.
//
// Caveats: an answer only says that the workflow was started. Whether its card came through, nobody tells us; there is no
// number and no address of the message, and nothing can be changed or deleted. Pictures are named by their address, which
// readers' programs fetch, so it must stay good.
//
// Why connecting sends nothing: a workflow has no other answer than posting, and people don't want a test in their channel.
package microsoftteams

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector posts through one workflow.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. Teams says "about 28 KB" for the whole message; the text's own limit leaves room for the card around it.
const (
	maxText = 18_000   // bytes
	maxWire = 28 << 10 // bytes
	maxAlt  = 300
)

func picture(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, Alt: connector.N(maxAlt), ByURL: true}
}

var spec = connector.Spec{
	ID: "microsoft-teams", Label: "Microsoft Teams", Preview: connector.Message, WebOnly: true,
	Hosts: []connector.Host{connector.FromSecret("address")},
	Auth:  connector.Auth{Place: connector.InAddress},
	Connect: []connector.Connect{{
		Way: "webhook", Kind: connector.Webhook, Label: "Workflow",
		Help: "In Teams: the channel's menu, Workflows, Send webhook alerts to a channel; then copy the address. Leave its trigger open to anyone.",
		Fields: connector.Form{
			{Name: "address", Label: "Workflow address", Help: "Whoever has it can post, so it is kept like a password. Copy all of it, to the end of sig=…", Kind: connector.FieldURL, Secret: true, Must: true, Example: "https://….environment.api.powerplatform.com/powerautomate/automations/direct/workflows/…"},
			{Name: "name", Label: "Name", Help: "What the channel is called here; Teams doesn't tell us.", Max: 100, Example: "Marketing / News"},
		},
	}},
	Kinds: []connector.Kind{{
		ID: "card", Label: "Card", Steps: []string{"file…", "card"}, MaxMedia: connector.Any,
		Text:  connector.Text{Count: text.Bytes, Max: connector.N(maxText), Markup: connector.Markdown},
		Media: []connector.MediaRule{picture(connector.Image, "image/jpeg", "image/png"), picture(connector.GIF, "image/gif")},
		Once:  connector.Once{By: connector.Ask, Why: "A workflow takes no key of ours and can't read the channel. If the answer is lost, somebody has to look."},
		NoID:  "The workflow is started and tells nothing of its message.",
	}},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits:   []connector.Limit{{What: "posts", Max: connector.N(4), Window: time.Second, Per: "address"}},
	Failures: failures,
	Unverified: []string{
		"4 posts a second", "how large pictures may be", "that a workflow stops when its owner leaves or after 90 days without a run", "the addresses of Microsoft's clouds for governments and China",
	},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher: what can be told from the address.
func (Connector) Who(_ context.Context, c *connector.Call) (connector.Identity, error) {
	var id connector.Identity
	var words string
	c.Token.Extra["address"].Use(func(address string) {
		words = wrongAddress(address)
		if u, err := url.Parse(address); err == nil {
			sum := sha256.Sum256([]byte(u.Path))
			id.ID = hex.EncodeToString(sum[:8])
		}
	})
	if words != "" {
		return connector.Identity{}, connector.Reject(words, "")
	}
	if id.Name = c.Channel.Fields["name"]; id.Name == "" {
		id.Name = "Microsoft Teams"
	}
	id.Handle = id.Name
	id.Notes = []string{"Nothing was sent to try it. The first post shows whether the workflow works."}
	return id, nil
}

// hosts are where workflows live: the form since 2025, then the older one.
var hosts = []string{".environment.api.powerplatform.com", ".logic.azure.com"}

func wrongAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" {
		return "This isn't the address of a workflow."
	}
	host := u.Hostname()
	if strings.HasSuffix(host, "webhook.office.com") || strings.HasSuffix(host, "outlook.office.com") {
		return "Microsoft has taken connectors away. Make a workflow in Teams and enter its address."
	}
	for _, known := range hosts {
		if !strings.HasSuffix(host, known) {
			continue
		}
		switch {
		case !strings.Contains(u.Path, "/workflows/"):
			return "This isn't the address of a workflow's webhook."
		case u.Query().Get("sig") == "":
			return "The end of the address is missing: copy it whole, with sig=…, and leave the trigger open to anyone."
		}
		return ""
	}
	return "This address isn't one of Microsoft's workflows."
}
