// Package twitch sends messages and announcements to the chats of Twitch channels.
//
// Facts: fact sheet twitch; dev.twitch.tv/docs/chat/send-receive-messages, read 2026-08.
//
// Caveats: no app can read what was said in a chat, so a lost answer is put to a person, unless Twitch drops the same
// words as a repetition. Twitch answers 200 to a message that it didn't send and says so inside. Announcements have no
// number and can't be taken back. There are no figures of messages.
package twitch

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector writes into one chat.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// The kinds of post.
const (
	message      = "message"
	announcement = "announcement"
)

// maxText is the longest message. Source: fact sheet, "Kinds of post and limits".
const maxText = 500

// sender is the name in Channel.More of who signed in, where another's chat was chosen.
const sender = "sender"

var life = connector.Life{Access: 4 * time.Hour}

var oauth = connector.OAuth{
	Host: "id", Authorize: "/oauth2/authorize", Token: "/oauth2/token", Revoke: "/oauth2/revoke", Extra: map[string]string{"force_verify": "true"}, Life: life,
}

var words = connector.Text{Count: text.Runes, Max: connector.N(maxText), Must: true, Markup: connector.PlainText}

var spec = connector.Spec{
	ID: "twitch", Label: "Twitch", Preview: connector.Message,
	Hosts: []connector.Host{connector.At("api", "https://api.twitch.tv"), connector.At("id", "https://id.twitch.tv")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "oauth", Kind: connector.OAuth2, Label: "Sign in", Help: "You sign in at Twitch and choose your chat, or one that you moderate.", OAuth: &oauth, Life: life,
		Scopes: []string{"user:write:chat", "user:read:chat", "user:read:moderated_channels", "moderator:manage:announcements", "moderator:manage:chat_messages"},
	}},
	Targets: &connector.Targets{Label: "Chat", Many: "Chats", Help: "Your own, and those that you moderate."},
	App: connector.Form{
		{Name: "id", Label: "Client ID", Help: "On the application's page.", Must: true},
		{Name: "secret", Label: "Client secret", Help: "On the application's page, after New Secret.", Must: true, Secret: true},
	},
	Registration: &connector.Registration{
		Console: "https://dev.twitch.tv/console/apps",
		Steps: []string{
			"Turn on two-factor authentication at Twitch, open dev.twitch.tv/console and choose Register Your Application.",
			"Enter a name, and the callback address shown here as an OAuth Redirect URL, exactly.",
			"Choose a category, and Confidential as the client type.",
			"Choose Manage, copy the client ID, then New Secret, and copy the secret.",
		},
		Tells: []connector.Tell{
			{On: "token", Path: "message", Has: "redirect", Verdict: connector.CallbackRefused},
			{On: "token", Path: "message", Has: "invalid client", Verdict: connector.AppRefused},
			{On: "token", Path: "message", Has: "authorization code", Verdict: connector.AppAccepted},
		},
	},
	Kinds: []connector.Kind{
		{
			ID: message, Label: "Message", Roles: []connector.Role{connector.Post, connector.Reply}, Text: words, Steps: []string{"live?", "message"},
			Once: connector.Once{By: connector.Ask, DuplicateProves: true, Why: "Twitch takes no key of ours and shows no app what was said. If the answer is lost, somebody has to look; should the same words be sent again at once, Twitch says that they stand there."},
		},
		{
			ID: announcement, Label: "Announcement", Text: words, Steps: []string{"live?", "announcement"}, NoID: "Twitch gives announcements no number.",
			Once: connector.Once{By: connector.Ask, Why: "Twitch takes no key of ours and shows no app what was said. If the answer is lost, somebody has to look."},
		},
	},
	Settings: settingsForm.Form(),
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(20), Window: 30 * time.Second, Per: "channel"},
		{What: "requests", Max: connector.N(800), Window: time.Minute, Per: "app", Left: "Ratelimit-Remaining", Reset: "Ratelimit-Reset"},
	},
	Failures: failures,
	Powers:   []connector.Power{connector.CanRefresh, connector.CanRevoke, connector.CanChoose, connector.CanDelete},
	Unverified: []string{
		"whether 500 are code points", "the codes by which Twitch says why a message wasn't sent", "how long the same words count as a repetition",
		"how Twitch words a wrong client ID or secret", "one announcement in two seconds",
	},
}

type settings struct {
	Color    string
	OnlyLive bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Choice(&s.Color, "color", "primary", "blue", "green", "orange", "purple").Worded("The channel's own", "Blue", "Green", "Orange", "Purple").Labelled("Colour", "").Def("primary").For(announcement)
	f.Flag(&s.OnlyLive, "only_when_live").Labelled("Only while the channel is live", "Otherwise it isn't sent at all.").Def(false)
})

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// helix does a request to the API, which wants to know the app too.
func helix(ctx context.Context, c *connector.Call, r connector.Request) (http.Header, error) {
	r.Header = map[string]string{"Client-Id": c.App.ID}
	r.Path = "/helix" + r.Path
	return c.Send(ctx, r)
}

// person is somebody with a channel.
type person struct {
	ID      string `json:"id"`
	Login   string `json:"login"`
	Name    string `json:"display_name"`
	Picture string `json:"profile_image_url"`
}

func (p person) identity(me string) connector.Identity {
	return connector.Identity{ID: p.ID, Handle: p.Login, Name: p.Name, URL: "https://twitch.tv/" + p.Login, Avatar: p.Picture, More: map[string]string{sender: me}}
}

func whoIs(ctx context.Context, c *connector.Call) (person, error) {
	var out struct {
		People []person `json:"data"`
	}
	if _, err := helix(ctx, c, connector.Request{Path: "/users", Into: &out}); err != nil {
		return person{}, err
	}
	if len(out.People) == 0 || out.People[0].ID == "" {
		return person{}, connector.Reject("Twitch answered without saying who this is.", "")
	}
	return out.People[0], nil
}

// mostPages bounds how far lists are followed.
const mostPages = 10

// moderated are the channels of others that somebody moderates.
func moderated(ctx context.Context, c *connector.Call, me string) ([]person, error) {
	var found []person
	for page, after := 0, ""; page < mostPages; page++ {
		q := url.Values{"user_id": {me}, "first": {"100"}}
		if after != "" {
			q.Set("after", after)
		}
		var out struct {
			Channels []struct {
				ID    string `json:"broadcaster_id"`
				Login string `json:"broadcaster_login"`
				Name  string `json:"broadcaster_name"`
			} `json:"data"`
			Pagination struct {
				Cursor string `json:"cursor"`
			} `json:"pagination"`
		}
		if _, err := helix(ctx, c, connector.Request{Path: "/moderation/channels", Query: q, Into: &out}); err != nil {
			return nil, err
		}
		for _, ch := range out.Channels {
			found = append(found, person{ID: ch.ID, Login: ch.Login, Name: ch.Name})
		}
		if after = out.Pagination.Cursor; after == "" {
			break
		}
	}
	return found, nil
}

// Who implements connector.Publisher: whose chat this is, or who signed in where none is chosen yet.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	me, err := whoIs(ctx, c)
	if err != nil {
		return connector.Identity{}, err
	}
	if c.Channel.Target == "" || c.Channel.Target == me.ID {
		return me.identity(me.ID), nil
	}
	others, err := moderated(ctx, c, me.ID)
	if err != nil {
		return connector.Identity{}, err
	}
	for _, p := range others {
		if p.ID == c.Channel.Target {
			return p.identity(me.ID), nil
		}
	}
	return connector.Identity{}, &connector.Failed{Class: connector.Reconnect, Words: me.Name + " doesn't moderate this channel any more. Connect again.", Fix: "reconnect"}
}

// Choose implements connector.Chooser: one's own chat first.
func (Connector) Choose(ctx context.Context, c *connector.Call) ([]connector.Target, error) {
	me, err := whoIs(ctx, c)
	if err != nil {
		return nil, err
	}
	others, err := moderated(ctx, c, me.ID)
	if err != nil {
		return nil, err
	}
	out := []connector.Target{{Identity: me.identity(me.ID), Help: "Your own"}}
	for _, p := range others {
		out = append(out, connector.Target{Identity: p.identity(me.ID), Help: "You moderate it"})
	}
	return out, nil
}

// Refresh implements connector.Refresher. A refresh may give another refresh token.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return connector.RefreshOAuth(ctx, c)
}

// Revoke implements connector.Revoker.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	return connector.RevokeOAuth(ctx, c)
}

var (
	_ connector.Refresher = Connector{}
	_ connector.Revoker   = Connector{}
	_ connector.Chooser   = Connector{}
	_ connector.Deleter   = Connector{}
)
