// Package mattermost posts to a channel of a Mattermost server, as a bot or through an incoming webhook.
//
// Facts: fact sheet mattermost; mattermost-api-reference a00af94 of 2023-06-29, read 2026-08. Lengths, the ten files, the
// codes of refusals and the half minute below are the server's own (app/post.go, model/post.go, web/webhook.go of versions
// 10 and 11), read 2026-11.
//
// Caveats: a webhook can neither list, change nor delete what it posted. Threads are flat: a reply stands under the first
// post. Mattermost has no descriptions of pictures. Signing in with OAuth isn't offered: an app belongs to one server, and
// its secret would be sent to whatever server somebody enters. A bot's token does the same.
//
// Why our key isn't sent as pending_post_id: the server remembers it for 30 seconds, on one node, which is over before
// anybody looks. A property of the post with our key stays, and is looked for.
package mattermost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector posts to one channel.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// The ways to connect.
const (
	wayToken   = "token"
	wayWebhook = "webhook"
)

// Limits of a server that tells nothing.
const (
	maxMessage = 16_383 // runes
	maxFiles   = 10
	maxFile    = 100 << 20
)

// Names of facts that a server tells.
const (
	factMessage  = "max_characters"
	factFile     = "file_bytes"
	factPriority = "priority"
)

func file(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, MaxBytes: connector.Fact(factFile, maxFile), Alt: connector.NoAlt}
}

var spec = connector.Spec{
	ID: "mattermost", Label: "Mattermost", Preview: connector.Message,
	Hosts: []connector.Host{connector.FromField("server"), connector.FromSecret("address")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{
		{
			Way: wayToken, Kind: connector.PastedToken, Label: "Bot or access token", Help: "In Mattermost: Integrations, Bot accounts; add the bot to team and channel. A personal access token serves too.",
			Fields: connector.Form{
				{Name: "server", Label: "Server", Help: "The address of your server.", Kind: connector.FieldServer, Must: true, Example: "https://chat.example.com"},
				{Name: "token", Label: "Token", Help: "Shown once when you make it.", Secret: true, Must: true, Max: 200},
				{Name: "channel", Label: "Channel", Help: "Its address as the browser shows it, or team/channel.", Must: true, Max: 500, Example: "https://chat.example.com/team/channels/town-square"},
			},
		},
		{
			Way: wayWebhook, Kind: connector.Webhook, Label: "Incoming webhook", Help: "In Mattermost: Integrations, Incoming Webhooks, Add. Without a bot, and without files.",
			Auth: &connector.Auth{Place: connector.InAddress},
			Fields: connector.Form{
				{Name: "address", Label: "Webhook address", Help: "Whoever has it can post, so it is kept like a password.", Kind: connector.FieldURL, Secret: true, Must: true, Example: "https://chat.example.com/hooks/…"},
				{Name: "name", Label: "Name", Help: "What the channel is called here; a webhook doesn't tell us.", Max: 100},
			},
		},
	},
	Kinds: []connector.Kind{
		{
			ID: "post", Label: "Post", Via: []string{wayToken}, Roles: []connector.Role{connector.Post, connector.Reply, connector.Comment}, Steps: []string{"file…", "post"},
			Text:     connector.Text{Count: text.Runes, Max: connector.Fact(factMessage, maxMessage), Markup: connector.Markdown},
			MaxMedia: connector.N(maxFiles),
			Media: []connector.MediaRule{
				file(connector.Image, "image/jpeg", "image/png", "image/webp"), file(connector.GIF, "image/gif"),
				file(connector.VideoFile, "video/mp4", "video/quicktime", "video/webm"), file(connector.Audio, "audio/mpeg", "audio/ogg", "audio/wav"),
				file(connector.DocumentPDF, "application/pdf"),
			},
			Once: connector.Once{By: connector.Lookup, Why: "Each post carries a property with our key; we look for it among the channel's newest posts."},
		},
		{
			ID: "webhook", Label: "Message", Via: []string{wayWebhook}, Steps: []string{"message"},
			Text: connector.Text{Count: text.Runes, Max: connector.N(maxMessage), Must: true, Markup: connector.Markdown},
			Once: connector.Once{By: connector.Ask, Why: "A webhook takes no key of ours and can't read the channel. If the answer is lost, somebody has to look."},
			NoID: "A webhook answers only \"ok\".",
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits:   []connector.Limit{{What: "requests", Max: connector.N(10), Window: time.Second, Per: "channel", Left: "X-RateLimit-Remaining", Reset: "X-RateLimit-Reset"}},
	Failures: failures,
	Settle:   time.Minute,
	Powers:   []connector.Power{connector.CanList, connector.CanEdit, connector.CanDelete, connector.CanRead, connector.CanMeasure},
	Unverified: []string{
		"10 requests a second, where a server has turned its limits on", "older servers that take five files only",
	},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

type member struct {
	ID       string `json:"id"`
	Username string `json:"username"`
}

// Who implements connector.Publisher: who the bot is, which channel that is, and what the server takes.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	if c.Channel.Way == wayWebhook {
		return hooked(c)
	}
	team, name := place(c.Channel.Fields["channel"])
	if team == "" {
		return connector.Identity{}, connector.Reject("Open the channel in the browser and copy the address from there.", "")
	}
	var me member
	if err := send(ctx, c, "GET", "/users/me", nil, nil, &me); err != nil {
		return connector.Identity{}, err
	}
	if me.ID == "" {
		return connector.Identity{}, connector.Reject("This address answers, but not as a Mattermost server.", "")
	}
	var ch struct {
		ID        string `json:"id"`
		Display   string `json:"display_name"`
		DeletedAt int64  `json:"delete_at"`
	}
	if err := send(ctx, c, "GET", "/teams/name/"+url.PathEscape(team)+"/channels/name/"+url.PathEscape(name), nil, nil, &ch); err != nil {
		return connector.Identity{}, err
	}
	if ch.DeletedAt != 0 {
		return connector.Identity{}, connector.Reject("This channel is archived.", "")
	}
	var config map[string]string
	if err := send(ctx, c, "GET", "/config/client", url.Values{"format": {"old"}}, nil, &config); err != nil {
		return connector.Identity{}, err
	}
	return connector.Identity{
		ID: ch.ID, Handle: "~" + name, Name: ch.Display, URL: c.Channel.Fields["server"] + "/" + team + "/channels/" + name,
		Facts: facts(config), More: map[string]string{"user": me.ID, "username": me.Username, "team": team},
	}, nil
}

// facts are only what the server told; the Spec has the defaults.
func facts(config map[string]string) connector.Facts {
	f := connector.Facts{}
	for name, key := range map[string]string{factMessage: "MaxPostSize", factFile: "MaxFileSize"} {
		if n, err := strconv.ParseInt(config[key], 10, 64); err == nil && n > 0 {
			f[name] = n
		}
	}
	if config["PostPriority"] == "true" {
		f[factPriority] = 1
	}
	return f
}

var nameForm = regexp.MustCompile(`^[a-z0-9_.-]+$`)

// place reads a channel's address, or team/channel.
func place(s string) (team, channel string) {
	s = strings.Trim(s, "/ ")
	if u, err := url.Parse(s); err == nil && u.Host != "" {
		s = strings.Trim(u.Path, "/")
		if i := strings.LastIndex(s, "/channels/"); i >= 0 {
			s = s[strings.LastIndexByte(s[:i], '/')+1:] // a server may live under a path
		}
	}
	parts := strings.Split(strings.ToLower(s), "/")
	if len(parts) == 3 && parts[1] == "channels" {
		parts = []string{parts[0], parts[2]}
	}
	if len(parts) != 2 || !nameForm.MatchString(parts[0]) || !nameForm.MatchString(strings.TrimPrefix(parts[1], "~")) {
		return "", ""
	}
	return parts[0], strings.TrimPrefix(parts[1], "~")
}

// hooked is what can be told from a webhook's address; trying it would post.
func hooked(c *connector.Call) (connector.Identity, error) {
	var id connector.Identity
	words := "This isn't the address of a webhook. It looks like https://chat.example.com/hooks/…"
	c.Token.Extra["address"].Use(func(address string) {
		u, err := url.Parse(address)
		if err != nil {
			return
		}
		if _, key, ok := strings.Cut(u.Path, "/hooks/"); ok && key != "" && !strings.Contains(key, "/") {
			sum := sha256.Sum256([]byte(address))
			id, words = connector.Identity{ID: hex.EncodeToString(sum[:8]), Name: u.Host, Handle: u.Host}, ""
		}
	})
	if words != "" {
		return id, connector.Reject(words, "")
	}
	if name := c.Channel.Fields["name"]; name != "" {
		id.Name = name
	}
	id.Notes = []string{"Nothing was sent to try it. The first post shows whether the webhook works."}
	return id, nil
}

var (
	_ connector.Lister   = Connector{}
	_ connector.Editor   = Connector{}
	_ connector.Deleter  = Connector{}
	_ connector.Reader   = Connector{}
	_ connector.Measurer = Connector{}
)
