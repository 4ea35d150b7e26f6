// Package slack posts to a Slack channel, as an app's bot or through an incoming webhook.
//
// Facts: fact sheet slack; docs.slack.dev of 2026 and slack-api-ref, read 2026-08. That files must be completed once, that
// answers in threads stand in no channel's history, and the limits of history for apps that are sold, are from
// docs.slack.dev, read 2026-11.
//
// Caveats: a webhook can neither list, change nor delete what it posted, nor send files. Threads are flat: a reply stands
// under the first message. Tokens that end (token rotation) aren't refreshed; leave that off in the app's settings.
//
// Why messages are at most 4,000 signs: Slack advises that, and shows longer ones as several. Why the message of files is
// looked for: completing an upload names no message; the file's own record does, a moment later.
package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
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
	wayOAuth   = "oauth"
	wayToken   = "token"
	wayWebhook = "webhook"
)

// Limits. Source: fact sheet, "Kinds of post and limits"; how many files go into one message is ours.
const (
	maxText  = 4000
	maxFiles = 10
	maxFile  = 1 << 30
	maxAlt   = 1000
)

var scopes = []string{"chat:write", "chat:write.public", "chat:write.customize", "channels:read", "groups:read", "channels:join", "channels:history", "groups:history", "files:read", "files:write", "users:read"}

var place = connector.Field{
	Name: "channel", Label: "Channel", Help: "Its link from Slack's menu, its name, or its number. The app must be in it, if it is private.", Must: true, Max: 300, Example: "#general",
}

func file(t connector.MediaType, alt connector.Num, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, MaxBytes: connector.N(maxFile), Alt: alt}
}

var (
	bots     = []string{wayOAuth, wayToken}
	allRoles = []connector.Role{connector.Post, connector.Reply, connector.Comment}
)

var spec = connector.Spec{
	ID: "slack", Label: "Slack", Preview: connector.Message,
	Hosts: []connector.Host{connector.At("api", "https://slack.com"), connector.Matching("files", "*.slack.com"), connector.FromSecret("address")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{
		{
			Way: wayOAuth, Kind: connector.OAuth2, Label: "Sign in", Help: "You choose a workspace in Slack and come back here.", Fields: connector.Form{place}, Scopes: scopes,
			OAuth: &connector.OAuth{Host: "api", Authorize: "/oauth/v2/authorize", Token: "/api/oauth.v2.access", Separator: ","},
		},
		{
			Way: wayToken, Kind: connector.PastedToken, Label: "Bot token", Help: "Make an app at api.slack.com/apps, give its bot the rights that the documentation names, install it, and copy the token that begins with xoxb-.",
			Fields: connector.Form{{Name: "token", Label: "Bot token", Help: "It begins with xoxb-.", Secret: true, Must: true, Max: 300}, place},
		},
		{
			Way: wayWebhook, Kind: connector.Webhook, Label: "Incoming webhook", Help: "In your app's settings: Incoming Webhooks, Add New Webhook. Text only.",
			Auth: &connector.Auth{Place: connector.InAddress},
			Fields: connector.Form{
				{Name: "address", Label: "Webhook address", Help: "Whoever has it can post, so it is kept like a password.", Kind: connector.FieldURL, Secret: true, Must: true, Example: "https://hooks.slack.com/services/…"},
				{Name: "name", Label: "Name", Help: "What the channel is called here; a webhook doesn't tell us.", Max: 100},
			},
		},
	},
	App: connector.Form{
		{Name: "id", Label: "Client ID", Help: "From the app's basic settings at api.slack.com/apps.", Must: true},
		{Name: "secret", Label: "Client secret", Help: "Beside it.", Secret: true, Must: true},
	},
	Registration: &connector.Registration{
		Console: "https://api.slack.com/apps",
		Steps: []string{
			"Create New App, From scratch, and name it in the workspace that you use yourself.",
			"Under OAuth & Permissions add the callback address shown here as a Redirect URL, exactly, and Save URLs.",
			"There, under Bot Token Scopes, add the permissions shown here.",
			"For workspaces of others: Manage Distribution, Activate Public Distribution.",
			"Under Basic Information copy the client ID and the client secret into the two fields.",
		},
		Tells: []connector.Tell{
			{On: "token", Path: "error", Is: "bad_client_secret|invalid_client_id", Verdict: connector.AppRefused},
			{On: "token", Path: "error", Is: "bad_redirect_uri", Verdict: connector.CallbackRefused},
		},
		Review: "Nothing for your own workspaces. An app outside Slack's directory that serves many reads histories slowly.",
	},
	Kinds: []connector.Kind{
		{
			ID: "message", Label: "Message", Via: bots, Roles: allRoles, Steps: []string{"post"},
			Text: connector.Text{Count: text.Runes, Max: connector.N(maxText), Must: true, Markup: connector.Mrkdwn},
			Once: connector.Once{By: connector.Lookup, Why: "Each message carries our key in its metadata; we look for it in the channel or the thread."},
		},
		{
			ID: "files", Label: "Files", Via: bots, Roles: allRoles, Steps: []string{"file…", "post"}, MinMedia: connector.N(1), MaxMedia: connector.N(maxFiles),
			Text: connector.Text{Count: text.Runes, Max: connector.N(maxText), Markup: connector.Mrkdwn},
			Media: []connector.MediaRule{
				file(connector.Image, connector.N(maxAlt), "image/jpeg", "image/png", "image/webp"), file(connector.GIF, connector.N(maxAlt), "image/gif"),
				file(connector.VideoFile, connector.NoAlt, "video/mp4", "video/quicktime", "video/webm"), file(connector.Audio, connector.NoAlt, "audio/mpeg", "audio/ogg", "audio/wav"),
				file(connector.DocumentPDF, connector.NoAlt, "application/pdf"),
			},
			Once: connector.Once{By: connector.Handle, Why: "Files are uploaded first; whether they were shared stands in their own record. They are shared again only when that record says no, twice."},
		},
		{
			ID: "webhook", Label: "Message", Via: []string{wayWebhook}, Steps: []string{"post"},
			Text: connector.Text{Count: text.Runes, Max: connector.N(maxText), Must: true, Markup: connector.Mrkdwn},
			Once: connector.Once{By: connector.Ask, Why: "A webhook takes no key of ours and can't read the channel. If the answer is lost, somebody has to look."},
			NoID: "A webhook answers only \"ok\".",
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits:   []connector.Limit{{What: "posts", Max: connector.N(1), Window: time.Second, Per: "channel"}},
	Failures: failures,
	Powers: []connector.Power{
		connector.CanList, connector.CanLook, connector.CanRevoke, connector.CanEdit, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{
		"that messages of more than 4,000 signs become several", "how many files one message takes", "the longest description of a picture", "how soon a file's record names its message",
		"what completing an upload twice does; we don't", "1 message a second",
	},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher: which bot, which workspace, which channel; it joins a public one.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	if c.Channel.Way == wayWebhook {
		return hooked(c)
	}
	var me struct {
		URL    string `json:"url"`
		Team   string `json:"team"`
		User   string `json:"user"`
		TeamID string `json:"team_id"`
		UserID string `json:"user_id"`
		BotID  string `json:"bot_id"`
	}
	if err := ask(ctx, c, "auth.test", nil, &me); err != nil {
		return connector.Identity{}, err
	}
	if me.BotID == "" {
		return connector.Identity{}, connector.Reject("This token isn't a bot's. Copy the one that begins with xoxb-.", "")
	}
	ch, err := findChannel(ctx, c)
	if err != nil {
		return connector.Identity{}, err
	}
	switch {
	case ch.Archived:
		return connector.Identity{}, connector.Reject("This channel is archived.", "")
	case ch.Member:
	case ch.Private:
		return connector.Identity{}, connector.Reject("The bot isn't in this channel. Write /invite @"+me.User+" there.", "")
	default:
		if err := ask(ctx, c, "conversations.join", url.Values{"channel": {ch.ID}}, nil); err != nil {
			return connector.Identity{}, err
		}
	}
	if err := ask(ctx, c, "conversations.history", url.Values{"channel": {ch.ID}, "limit": {"1"}}, nil); err != nil {
		return connector.Identity{}, err // without that right a lost answer couldn't be found again
	}
	home := strings.TrimRight(me.URL, "/")
	return connector.Identity{
		ID: ch.ID, Handle: "#" + ch.Name, Name: me.Team + " #" + ch.Name, URL: home + "/archives/" + ch.ID,
		More: map[string]string{"bot": me.BotID, "home": home, "team": me.TeamID, "user": me.UserID},
	}, nil
}

type channel struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Member   bool   `json:"is_member"`
	Private  bool   `json:"is_private"`
	Archived bool   `json:"is_archived"`
}

var channelID = regexp.MustCompile(`(?:^|/archives/)([CG][A-Z0-9]{7,})(?:$|[/?])`)

// findChannel finds the channel by its link, its number, or its name.
func findChannel(ctx context.Context, c *connector.Call) (channel, error) {
	given := c.Channel.Fields["channel"]
	if m := channelID.FindStringSubmatch(given); m != nil {
		var out struct{ Channel channel }
		err := ask(ctx, c, "conversations.info", url.Values{"channel": {m[1]}}, &out)
		return out.Channel, err
	}
	name := strings.ToLower(strings.TrimPrefix(given, "#"))
	const pages = 20
	q := url.Values{"types": {"public_channel,private_channel"}, "exclude_archived": {"true"}, "limit": {"200"}}
	for range pages {
		var out struct {
			Channels []channel
			Metadata metadata `json:"response_metadata"`
		}
		if err := ask(ctx, c, "conversations.list", q, &out); err != nil {
			return channel{}, err
		}
		for _, ch := range out.Channels {
			if ch.Name == name {
				return ch, nil
			}
		}
		if out.Metadata.Next == "" {
			break
		}
		q.Set("cursor", out.Metadata.Next)
	}
	return channel{}, connector.Reject("There is no channel of that name, or the bot can't see it. Copy the channel's link from its menu in Slack.", "")
}

// hooked is what can be told from a webhook's address; trying it would post.
func hooked(c *connector.Call) (connector.Identity, error) {
	var id connector.Identity
	words := "This isn't the address of a webhook. It looks like https://hooks.slack.com/services/…"
	c.Token.Extra["address"].Use(func(address string) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" || u.Host != "hooks.slack.com" && u.Host != "hooks.slack-gov.com" || len(strings.Split(strings.Trim(u.Path, "/"), "/")) != 4 {
			return
		}
		sum := sha256.Sum256([]byte(address))
		id, words = connector.Identity{ID: hex.EncodeToString(sum[:8]), Name: "Slack", Handle: "Slack"}, ""
	})
	if words != "" {
		return id, connector.Reject(words, "")
	}
	if name := c.Channel.Fields["name"]; name != "" {
		id.Name, id.Handle = name, name
	}
	id.Notes = []string{"Nothing was sent to try it. The first post shows whether the webhook works."}
	return id, nil
}

// Revoke implements connector.Revoker. A webhook is taken away in the app's settings.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	if c.Channel.Way == wayWebhook {
		return nil
	}
	err := ask(ctx, c, "auth.revoke", nil, nil)
	if connector.ClassOf(err) == connector.Reconnect {
		return nil
	}
	return err
}

var (
	_ connector.UnderLister = Connector{}
	_ connector.Looker      = Connector{}
	_ connector.Revoker     = Connector{}
	_ connector.Editor      = Connector{}
	_ connector.Deleter     = Connector{}
	_ connector.Reader      = Connector{}
	_ connector.Measurer    = Connector{}
)
