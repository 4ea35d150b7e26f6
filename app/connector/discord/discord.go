// Package discord publishes to a Discord channel through its webhook.
//
// Facts: fact sheet discord; discord/discord-api-docs c98d64bc of 2026-08-06, read 2026-08.
//
// Caveats: a webhook can't list or find what it posted, so a lost answer is put to a person. It can't reply either, so
// there are no threads. Whether the channel is a forum can't be asked; the person says so when connecting, and then
// each post needs a title.
//
// Why 2,000 is counted in UTF-16 units: sources disagree between those and code points, and the smaller one always fits.
package discord

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes through one webhook.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. Source: fact sheet, "Kinds of post and limits".
const (
	maxContent  = 2000
	maxFiles    = 10
	maxFile     = 10 << 20
	maxRequest  = 25 << 20
	maxAlt      = 1024
	maxEmbedAll = 6000
)

const factForum = "forum"

func file(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, MaxBytes: connector.N(maxFile), Alt: connector.N(maxAlt)}
}

var spec = connector.Spec{
	ID: "discord", Label: "Discord", Preview: connector.Message,
	Hosts: []connector.Host{connector.FromSecret("address")},
	Auth:  connector.Auth{Place: connector.InAddress},
	Connect: []connector.Connect{{
		Way: "webhook", Kind: connector.Webhook, Label: "Webhook",
		Help: "In Discord: channel settings, Integrations, Webhooks, New webhook, Copy webhook URL.",
		Fields: connector.Form{
			{Name: "address", Label: "Webhook address", Help: "Whoever has it can post, so it is kept like a password.", Kind: connector.FieldURL, Secret: true, Must: true, Example: "https://discord.com/api/webhooks/…"},
			{
				Name: "forum", Label: "Kind of channel", Help: "In a forum each post gets a title.", Kind: connector.FieldChoice, Default: []byte(`"text"`),
				Options: []connector.Option{{ID: "text", Label: "Text or announcements"}, {ID: "forum", Label: "Forum or media"}},
			},
		},
	}},
	Kinds: []connector.Kind{{
		ID: "message", Label: "Message", Steps: []string{"message"}, CallLimit: 3 * time.Minute,
		Text:     connector.Text{Count: text.UTF16, Max: connector.N(maxContent), Markup: connector.Markdown},
		MaxMedia: connector.N(maxFiles),
		Media: []connector.MediaRule{
			file(connector.Image, "image/jpeg", "image/png", "image/webp"), file(connector.GIF, "image/gif"),
			file(connector.VideoFile, "video/mp4", "video/quicktime", "video/webm"), file(connector.Audio, "audio/mpeg", "audio/ogg", "audio/wav"),
			file(connector.DocumentPDF, "application/pdf"),
		},
		Once: connector.Once{By: connector.Ask, Why: "A webhook takes no key of ours and can't read the channel. If the answer is lost, somebody has to look."},
	}},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(30), Window: time.Minute, Per: "channel"},
		{What: "posts", Max: connector.N(5), Window: 2 * time.Second, Per: "channel", Left: "X-RateLimit-Remaining", Reset: "X-RateLimit-Reset"},
	},
	Failures:   failures,
	Powers:     []connector.Power{connector.CanRevoke, connector.CanEdit, connector.CanDelete},
	Unverified: []string{"5 requests in 2 seconds, 30 in a minute", "the numbers of polls", "whether 2,000 are code points or UTF-16 units", "25 MB for the whole request on boosted servers"},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// hosts are Discord's own; anything else isn't a webhook of theirs.
var hosts = []string{"discord.com", "discordapp.com", "ptb.discord.com", "canary.discord.com"}

type hook struct {
	ID      string `json:"id"`
	Guild   string `json:"guild_id"`
	Channel string `json:"channel_id"`
	Name    string `json:"name"`
	Avatar  string `json:"avatar"`
}

// Who implements connector.Publisher: what the webhook says of itself.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	if words := wrongAddress(c); words != "" {
		return connector.Identity{}, connector.Reject(words, "")
	}
	var h hook
	if _, err := c.Send(ctx, connector.Request{Into: &h}); err != nil {
		return connector.Identity{}, err
	}
	if h.ID == "" || h.Channel == "" {
		return connector.Identity{}, connector.Reject("This address answers, but not as a webhook of Discord.", "")
	}
	id := connector.Identity{
		ID: h.Channel, Name: h.Name, Handle: h.Name, URL: "https://discord.com/channels/" + h.Guild + "/" + h.Channel,
		More: map[string]string{"guild": h.Guild, "webhook": h.ID}, Facts: connector.Facts{},
	}
	if h.Avatar != "" {
		id.Avatar = "https://cdn.discordapp.com/avatars/" + h.ID + "/" + h.Avatar + ".png"
	}
	if c.Channel.Fields["forum"] == "forum" {
		id.Facts[factForum] = 1
	}
	return id, nil
}

func wrongAddress(c *connector.Call) (words string) {
	c.Token.Extra["address"].Use(func(address string) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" || !strings.Contains(u.Path, "/webhooks/") {
			words = "This isn't the address of a webhook. It looks like https://discord.com/api/webhooks/…"
			return
		}
		for _, h := range hosts {
			if u.Hostname() == h {
				return
			}
		}
		words = "This address isn't one of Discord's."
	})
	return words
}

// Revoke implements connector.Revoker: the webhook itself is taken away in Discord.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	_, err := c.Send(ctx, connector.Request{Method: "DELETE", Accept: []int{404}})
	return err
}

var (
	_ connector.Revoker = Connector{}
	_ connector.Editor  = Connector{}
	_ connector.Deleter = Connector{}
)
