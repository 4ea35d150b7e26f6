// Package matrix publishes to a room of Matrix as one of its members.
//
// Facts: fact sheet matrix; matrix-org/matrix-spec d0ba2aae of 2026-07-21, read 2026-08.
//
// Caveats: encrypted rooms aren't served. One event holds one file; its alt text is its caption where it has no other.
//
// Why our own field and not the transaction id alone: a server forgets an id after half an hour or so, or knows it by
// the access token, which may have been renewed meanwhile. A field in the event is there as long as the event is. The id
// is the same in every try all the same, so that a server that knows it gives the first event again.
package matrix

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one room.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// maxContent is how many bytes the content of an event may have. The event with all that servers add is 65,536; its
// envelope takes a few thousand. Source: fact sheet, "Kinds of post and limits".
const maxContent = 60_000

// factUpload is the largest file that the server takes.
const factUpload = "upload_bytes"

var once = connector.Once{
	By: connector.Lookup, Why: "Each event carries a number of ours in a field of its own. After a lost answer we look for it among the channel's messages.",
}

var roles = []connector.Role{connector.Post, connector.Reply, connector.Comment}

var where = connector.Form{
	{Name: "server", Label: "Server", Help: "The part of your name after the colon, or your server's address.", Kind: connector.FieldServer, Must: true, Example: "https://matrix.example"},
	{Name: "room", Label: "Room", Help: "Its address like #news:matrix.example, its number, or its matrix.to link.", Must: true, Max: 300, Example: "#news:matrix.example"},
}

var spec = connector.Spec{
	ID: "matrix", Label: "Matrix", Preview: connector.Message,
	Hosts: []connector.Host{connector.FromMore("home"), connector.FromField("server")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{
		{
			Way: "password", Kind: connector.AppPassword, Label: "Name and password", Help: "They are used once to sign in and aren't kept; the session is.",
			Fields: append(where[:2:2],
				connector.Field{Name: "username", Label: "Name", Help: "Like @ada:matrix.example, or ada.", Must: true, Max: 255, Example: "@ada:matrix.example"},
				connector.Field{Name: "password", Label: "Password", Help: "Used once.", Secret: true, Must: true, Max: 512}),
			Life: connector.Life{Rotates: true},
		},
		{
			Way: "token", Kind: connector.PastedToken, Label: "Access token", Help: "For servers that sign in on a page of their own. Your client shows it under Help.",
			Fields: append(where[:2:2], connector.Field{Name: "token", Label: "Access token", Help: "It ends when that client signs out.", Secret: true, Must: true}),
		},
	},
	Kinds: []connector.Kind{
		{
			ID: "text", Label: "Text", Roles: roles, Once: once, Steps: []string{"send"},
			Text: connector.Text{Count: text.Wire, Must: true, Markup: connector.Markdown}, // its limit is the event's: see rules
		},
		{
			ID: "file", Label: "Picture, video, audio or file", Roles: roles, Once: once, Steps: []string{"media…", "send"}, MinMedia: connector.N(1), MaxMedia: connector.N(1), Spill: true,
			Text: connector.Text{Count: text.Wire, Markup: connector.Markdown},
			Media: []connector.MediaRule{
				rule(connector.Image, "image/jpeg", "image/png", "image/webp", "image/avif"), rule(connector.GIF, "image/gif"), rule(connector.VideoFile, "video/mp4", "video/webm", "video/quicktime"),
				rule(connector.Audio, "audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/mp4"), rule(connector.DocumentPDF, "application/pdf"),
			},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Failures: failures,
	Settle:   time.Minute,
	Powers: []connector.Power{
		connector.CanList, connector.CanRefresh, connector.CanRevoke, connector.CanEdit, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{"how long servers know a transaction id: it isn't relied on", "how large the envelope of an event gets"},
}

func rule(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, MaxBytes: connector.Fact(factUpload, 0), Alt: connector.NoAlt}
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher: it finds the server, signs in once with the password, and asks whether one may
// post in the room. A room that one isn't in is joined.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	home, err := homeOf(ctx, c)
	if err != nil {
		return connector.Identity{}, err
	}
	c.Channel.More = map[string]string{"home": home}
	var kept *connector.Token
	if !c.Token.Extra["password"].Empty() {
		token, err := signIn(ctx, c)
		if err != nil {
			return connector.Identity{}, err
		}
		c.Token, kept = token, &token
	}
	var me struct {
		User   string `json:"user_id"`
		Device string `json:"device_id"`
	}
	if err := get(ctx, c, "v3/account/whoami", nil, &me); err != nil {
		return connector.Identity{}, err
	}
	if me.User == "" {
		return connector.Identity{}, connector.Reject("This address answers, but not as a Matrix server.", "")
	}
	id, err := roomIdentity(ctx, c, me.User)
	id.Token = kept
	if err == nil {
		id.Facts, err = uploadFacts(ctx, c)
	}
	id.More = map[string]string{"home": home, "user": me.User, "device": me.Device}
	return id, err
}

// homeOf asks the name's own page where its server stands; a server that has no such page is its own.
func homeOf(ctx context.Context, c *connector.Call) (string, error) {
	var page struct {
		Home struct {
			Base string `json:"base_url"`
		} `json:"m.homeserver"`
	}
	_, err := c.Send(ctx, connector.Request{Host: "server", Path: "/.well-known/matrix/client", NoAuth: true, Accept: []int{404}, Into: &page})
	if f := connector.AsFailed(err); err != nil && (f == nil || f.Status != 200) {
		return "", err
	}
	at, words := connector.ServerAddress(page.Home.Base)
	if page.Home.Base == "" || words != "" {
		at = c.Channel.Fields["server"]
	}
	return at, nil
}

// signIn swaps name and password for a session with a device of its own.
func signIn(ctx context.Context, c *connector.Call) (connector.Token, error) {
	var flows struct {
		Flows []struct {
			Type string `json:"type"`
		} `json:"flows"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/_matrix/client/v3/login", NoAuth: true, Into: &flows}); err != nil {
		return connector.Token{}, err
	}
	const password = "m.login.password"
	takes := false
	for _, f := range flows.Flows {
		takes = takes || f.Type == password
	}
	if !takes {
		return connector.Token{}, connector.Reject("This server signs in on a page of its own only. Paste an access token instead.", "")
	}
	local, _, _ := strings.Cut(strings.TrimPrefix(c.Channel.Fields["username"], "@"), ":")
	in := map[string]any{"type": password, "identifier": map[string]string{"type": "m.id.user", "user": local}, "initial_device_display_name": "Omni Posto", "refresh_token": true}
	c.Token.Extra["password"].Use(func(p string) { in["password"] = p })
	var out session
	if _, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/_matrix/client/v3/login", JSON: in, NoAuth: true, Into: &out}); err != nil {
		return connector.Token{}, err
	}
	return out.token(c)
}

// session is what login and refresh answer.
type session struct {
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	ExpiresIn int64  `json:"expires_in_ms"`
}

func (s session) token(c *connector.Call) (connector.Token, error) {
	if s.Access == "" {
		return connector.Token{}, connector.Reject("The server gave no access. Connect again.", "reconnect")
	}
	c.Hide(s.Access, s.Refresh)
	t := connector.Token{Access: secret.NewText(s.Access), Refresh: secret.NewText(s.Refresh)}
	if s.ExpiresIn > 0 {
		t.ExpiresAt = c.Now.Add(time.Duration(s.ExpiresIn) * time.Millisecond)
	}
	return t, nil
}

// Refresh implements connector.Refresher. A pasted token has nothing to renew it with.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	if c.Token.Refresh.Empty() {
		return connector.Token{}, &connector.Failed{Class: connector.Reconnect, Step: "refresh", Words: "The session has ended. Connect again.", Fix: "reconnect"}
	}
	var out session
	var err error
	c.Token.Refresh.Use(func(p string) {
		_, err = c.Send(ctx, connector.Request{Method: "POST", Path: "/_matrix/client/v3/refresh", JSON: map[string]string{"refresh_token": p}, NoAuth: true, Into: &out})
	})
	if err != nil {
		return connector.Token{}, err
	}
	return out.token(c)
}

// Revoke implements connector.Revoker: it ends the session of our device.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/_matrix/client/v3/logout", JSON: struct{}{}})
	if class := connector.ClassOf(err); class == connector.Reconnect || class == connector.Rejected {
		return nil // it was no session any more
	}
	return err
}

// get asks the client API.
func get(ctx context.Context, c *connector.Call, path string, query url.Values, into any) error {
	_, err := c.Send(ctx, connector.Request{Path: "/_matrix/client/" + path, Query: query, Into: into})
	return err
}

// put sends to the client API under an id of ours, and gives the event that was made.
func put(ctx context.Context, c *connector.Call, path string, content any) (string, error) {
	var out struct {
		Event string `json:"event_id"`
	}
	_, err := c.Send(ctx, connector.Request{Method: "PUT", Path: "/_matrix/client/v3/" + path, JSON: content, Into: &out})
	return out.Event, err
}

// room is the path of the channel's room.
func room(c *connector.Call) string { return "rooms/" + url.PathEscape(c.Channel.RemoteID) }

// permalink leads to an event, through our own server.
func permalink(ch connector.Channel, event string) string {
	_, server, _ := strings.Cut(ch.More["user"], ":")
	return "https://matrix.to/#/" + url.PathEscape(ch.RemoteID) + "/" + url.PathEscape(event) + "?via=" + url.QueryEscape(server)
}

// size is what the content takes on the wire, where < and & stand as they are.
func size(content any) int {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if enc.Encode(content) != nil {
		return maxContent + 1
	}
	return raw.Len()
}

var (
	_ connector.Lister    = Connector{}
	_ connector.Refresher = Connector{}
	_ connector.Revoker   = Connector{}
	_ connector.Editor    = Connector{}
	_ connector.Deleter   = Connector{}
	_ connector.Reader    = Connector{}
	_ connector.Measurer  = Connector{}
)
