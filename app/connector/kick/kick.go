// Package kick sends messages to the chat of one's own channel at Kick.
//
// Facts: fact sheet kick; KickEngineering/KickDevDocs (scopes, OAuth flow), read 2026-11-24.
//
// Caveats: no app can read what was said in a chat, so a lost answer is put to a person. Kick answers 200 to a message
// that it didn't send and says so inside. There are no figures of messages.
package kick

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector writes into one chat.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// maxText is the longest message. Source: fact sheet, "Kinds of post and limits".
const maxText = 500

var life = connector.Life{Access: 2 * time.Hour, Rotates: true}

var oauth = connector.OAuth{Host: "id", Authorize: "/oauth/authorize", Token: "/oauth/token", PKCE: connector.PKCERequired, Life: life}

var spec = connector.Spec{
	ID: "kick", Label: "Kick", Preview: connector.Message,
	Hosts: []connector.Host{connector.At("api", "https://api.kick.com"), connector.At("id", "https://id.kick.com")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "oauth", Kind: connector.OAuth2PKCE, Label: "Sign in", Help: "You sign in at Kick and come back here.", OAuth: &oauth, Life: life,
		Scopes: []string{"user:read", "channel:read", "chat:write", "moderation:chat_message:manage"},
	}},
	App: connector.Form{
		{Name: "id", Label: "Client ID", Help: "On the app's page.", Must: true},
		{Name: "secret", Label: "Client secret", Help: "On the app's page.", Must: true, Secret: true},
	},
	Registration: &connector.Registration{
		Console: "https://kick.com/settings/developer",
		Steps: []string{
			"Turn on two-factor authentication at Kick, open Settings, Developer, and choose Create new.",
			"Enter a name, and the callback address shown here as the redirect URL, exactly.",
			"Choose the permissions to read people and channels, to write to chats, and to moderate chat messages.",
			"Copy the client ID and the client secret into the two fields.",
		},
	},
	Kinds: []connector.Kind{{
		ID: "message", Label: "Message", Roles: []connector.Role{connector.Post, connector.Reply}, Steps: []string{"live?", "message"},
		Text: connector.Text{Count: text.Runes, Max: connector.N(maxText), Must: true, Markup: connector.PlainText},
		Once: connector.Once{By: connector.Ask, Why: "Kick takes no key of ours and shows no app what was said. If the answer is lost, somebody has to look."},
	}},
	Settings: settingsForm.Form(),
	Failures: failures,
	Powers:   []connector.Power{connector.CanRefresh, connector.CanRevoke, connector.CanDelete},
	Unverified: []string{
		"whether 500 are code points", "2 hours of access", "how Kick says why a message wasn't sent", "how many messages a chat takes",
		"that taking a message back needs the right to moderate messages", "that an answer to a message of our own bot is allowed",
	},
}

type settings struct {
	As       string
	OnlyLive bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Choice(&s.As, "type", "user", "bot").Worded("You", "The app's bot").Labelled("Who speaks", "The bot bears the app's name.").Def("user")
	f.Flag(&s.OnlyLive, "only_when_live").Labelled("Only while the channel is live", "Otherwise it isn't sent at all.").Def(false)
})

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// room is one's own channel.
type room struct {
	ID     int64  `json:"broadcaster_user_id"`
	Slug   string `json:"slug"`
	Stream struct {
		Live bool `json:"is_live"`
	} `json:"stream"`
}

func ownRoom(ctx context.Context, c *connector.Call) (room, error) {
	var out struct {
		Rooms []room `json:"data"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/public/v1/channels", Into: &out}); err != nil {
		return room{}, err
	}
	if len(out.Rooms) == 0 || out.Rooms[0].ID == 0 {
		return room{}, connector.Reject("Kick answered without saying which channel this is.", "")
	}
	return out.Rooms[0], nil
}

// Who implements connector.Publisher.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var out struct {
		People []struct {
			Name    string `json:"name"`
			Picture string `json:"profile_picture"`
		} `json:"data"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/public/v1/users", Into: &out}); err != nil {
		return connector.Identity{}, err
	}
	own, err := ownRoom(ctx, c)
	if err != nil {
		return connector.Identity{}, err
	}
	id := connector.Identity{ID: strconv.FormatInt(own.ID, 10), Handle: own.Slug, Name: own.Slug, URL: "https://kick.com/" + own.Slug}
	if len(out.People) > 0 {
		id.Name, id.Avatar = out.People[0].Name, out.People[0].Picture
	}
	return id, nil
}

// Publish implements connector.Publisher: a look whether the channel is live, where that is asked for, and the message.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	if s.OnlyLive {
		if _, err := connector.Step(ctx, p, "live", live); err != nil {
			return connector.Receipt{}, err
		}
	}
	return connector.Commit(ctx, p, "message", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		body := map[string]any{"type": s.As, "content": p.Draft.Text}
		if s.As == "user" {
			n, err := strconv.ParseInt(c.Channel.RemoteID, 10, 64)
			if err != nil {
				return connector.Receipt{}, connector.Reject("The number of the channel is lost. Connect again.", "reconnect")
			}
			body["broadcaster_user_id"] = n
		}
		if p.Draft.Parent != nil {
			body["reply_to_message_id"] = p.Draft.Parent.ID
		}
		var out struct {
			Sent struct {
				ID string `json:"message_id"`
			} `json:"data"`
		}
		_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/public/v1/chat", JSON: body, Into: &out})
		if err != nil || out.Sent.ID == "" {
			return connector.Receipt{}, err
		}
		return connector.Receipt{ID: out.Sent.ID, Permalink: c.Channel.URL, At: c.Now}, nil
	})
}

// live says that the channel is live; else it is an error that nobody waits out.
func live(ctx context.Context, c *connector.Call) (bool, error) {
	own, err := ownRoom(ctx, c)
	if err == nil && !own.Stream.Live {
		err = connector.Reject("The channel isn't live, and this was to be sent only then.", "")
	}
	return err == nil, err
}

// Refresh implements connector.Refresher. Each refresh gives another refresh token.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return connector.RefreshOAuth(ctx, c)
}

// Revoke implements connector.Revoker. Kick wants the token in the query.
func (Connector) Revoke(ctx context.Context, c *connector.Call) (err error) {
	c.Token.Access.Use(func(token string) {
		_, err = c.Send(ctx, connector.Request{Method: "POST", Host: "id", Path: "/oauth/revoke", Query: url.Values{"token": {token}, "token_hint_type": {"access_token"}}, NoAuth: true})
	})
	if class := connector.ClassOf(err); class == connector.Rejected || class == connector.Reconnect {
		return nil // it is no token any more, which is what was wanted
	}
	return err
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	_, err := c.Send(ctx, connector.Request{Method: "DELETE", Path: "/public/v1/chat/" + url.PathEscape(r.ID)})
	if f := connector.AsFailed(err); f != nil && f.Status == 404 {
		return nil
	}
	return err
}

var (
	_ connector.Refresher = Connector{}
	_ connector.Revoker   = Connector{}
	_ connector.Deleter   = Connector{}
)
