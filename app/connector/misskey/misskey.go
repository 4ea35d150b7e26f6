// Package misskey publishes notes to Misskey servers and those that speak like them (Sharkey, Firefish).
//
// Facts: fact sheet misskey; misskey-dev/misskey notes/create.ts at 05d60171 and const.ts at 02e6993e, read 2026-08;
// users/notes.ts of misskey-dev/misskey, 97cdde1b, read 2026-11, for what its list holds.
//
// Caveats: files are marked as sensitive all or none. Notes can't be edited.
package misskey

import (
	"context"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one account of one server.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. Source: fact sheet, "Kinds of post and limits".
const (
	maxCharacters = 3000 // MAX_NOTE_TEXT_LENGTH; a server tells its own
	maxFiles      = 16
	maxAlt        = 512
	maxWarning    = 100
)

// Names of facts that a server tells.
const (
	factCharacters = "max_characters"
	factFileBytes  = "file_bytes"
)

// rights are what we ask for: to write notes and files, to know whose they are, and to list the channels that one follows.
var rights = []string{"read:account", "read:drive", "write:drive", "write:notes", "read:channels"}

var server = connector.Field{
	Name: "server", Label: "Server", Help: "The address of your server, or your whole handle.", Kind: connector.FieldServer, Must: true, Example: "https://misskey.example",
}

var once = connector.Once{
	By: connector.Lookup, Why: "The server knows no key. After a lost answer we look among the channel's notes, which come back word for word, with the numbers of their files.",
}

var words = connector.Text{Count: text.Runes, Max: connector.Fact(factCharacters, maxCharacters), Markup: connector.MFM}

var allRoles = []connector.Role{connector.Post, connector.Reply, connector.Comment}

var spec = connector.Spec{
	ID: "misskey", Label: "Misskey", Preview: connector.Microblog,
	Hosts: []connector.Host{connector.FromField("server")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{
		{
			Way: "miauth", Kind: connector.Handshake, Label: "Sign in", Help: "You agree at your own server and come back here.",
			Fields: connector.Form{server}, Scopes: rights,
		},
		{
			Way: "token", Kind: connector.PastedToken, Label: "Access token", Help: "Make one in your server's settings, under API, with the rights to write notes and the drive and to read your account.",
			Fields: connector.Form{server, {Name: "token", Label: "Access token", Help: "Shown once by your server.", Secret: true, Must: true}},
		},
	},
	Kinds: []connector.Kind{
		{ID: "text", Label: "Note", Roles: allRoles, Text: must(words), Once: once, Steps: []string{"note"}},
		{
			ID: "files", Label: "Note with files", Roles: allRoles, Text: words, Once: once, Steps: []string{"file…", "note"},
			MinMedia: connector.N(1), MaxMedia: connector.N(maxFiles),
			Media: []connector.MediaRule{
				rule(connector.Image, "image/jpeg", "image/png", "image/webp", "image/avif"), rule(connector.GIF, "image/gif"),
				rule(connector.VideoFile, "video/mp4", "video/quicktime", "video/webm"), rule(connector.Audio, "audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/aac", "audio/mp4"),
			},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(300), Window: time.Hour, Per: "channel"},
		{What: "uploads", Max: connector.N(120), Window: time.Hour, Per: "channel"},
	},
	Failures: failures,
	Powers: []connector.Power{
		connector.CanList, connector.CanRevoke, connector.CanLookUp, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{
		"120 uploads an hour", "headers with the instant of the next try", "100 signs of a content warning on older servers", "that a token may end itself",
		"that people mentioned in a note for chosen people see it", "which forks list notes in channels when they are asked for them",
	},
}

func must(t connector.Text) connector.Text { t.Must = true; return t }

func rule(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, MaxBytes: connector.Fact(factFileBytes, 0), Alt: connector.N(maxAlt)}
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Greet implements connector.Handshaker: MiAuth, which needs no app. The session's number is ours to choose.
func (Connector) Greet(_ context.Context, c *connector.Call, back string) (connector.Greeting, error) {
	session := sessionNumber()
	at, err := c.Page(connector.Request{Path: "/miauth/" + session, Query: url.Values{
		"name": {"Omni Posto"}, "callback": {back}, "permission": {strings.Join(rights, ",")},
	}})
	return connector.Greeting{Address: at, Kept: map[string]string{"session": session}}, err
}

// sessionNumber is a UUID of version 4.
func sessionNumber() string {
	b := random.Bytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b)
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

// Agreed implements connector.Handshaker.
func (Connector) Agreed(ctx context.Context, c *connector.Call, kept map[string]string, answer url.Values) (connector.Token, error) {
	if answer.Get("session") != kept["session"] {
		return connector.Token{}, connector.Reject("This is the answer to another sign-in. Start again.", "reconnect")
	}
	var out struct {
		OK    bool   `json:"ok"`
		Token string `json:"token"`
	}
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/api/miauth/" + kept["session"] + "/check", JSON: struct{}{}, NoAuth: true, Into: &out})
	if err == nil && (!out.OK || out.Token == "") {
		err = connector.Reject("Nobody agreed at the server. Nothing was connected.", "reconnect")
	}
	if err != nil {
		return connector.Token{}, err
	}
	return connector.Token{Access: secret.NewText(out.Token)}, nil
}

// Who implements connector.Publisher: whose account, and what this server takes.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var me user
	if err := ask(ctx, c, "i", struct{}{}, &me); err != nil {
		return connector.Identity{}, err
	}
	if me.ID == "" || me.Username == "" {
		return connector.Identity{}, connector.Reject("This address answers, but not as a Misskey server.", "")
	}
	var meta struct {
		Text     int64 `json:"maxNoteTextLength"`
		Policies struct {
			FileMB int64 `json:"maxFileSizeMb"`
		} `json:"policies"`
	}
	if err := ask(ctx, c, "meta", map[string]bool{"detail": true}, &meta); err != nil {
		return connector.Identity{}, err
	}
	facts := connector.Facts{}
	if meta.Text > 0 {
		facts[factCharacters] = meta.Text
	}
	if mb := max(meta.Policies.FileMB, me.Policies.FileMB); mb > 0 {
		facts[factFileBytes] = mb << 20
	}
	at := c.Channel.Fields["server"]
	return connector.Identity{
		ID: me.ID, Handle: "@" + me.Username + "@" + host(at), Name: me.name(), URL: at + "/@" + me.Username, Avatar: me.Avatar, Facts: facts,
	}, nil
}

func host(at string) string {
	if u, err := url.Parse(at); err == nil {
		return u.Host
	}
	return at
}

// Revoke implements connector.Revoker. A token that is none any more has ended.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	var err error
	c.Token.Access.Use(func(token string) { err = ask(ctx, c, "i/revoke-token", map[string]string{"token": token}, nil) })
	if class := connector.ClassOf(err); class == connector.Reconnect || class == connector.Rejected {
		return nil
	}
	return err
}

// Lookup implements connector.Lookuper: the channels that the account follows.
func (Connector) Lookup(ctx context.Context, c *connector.Call, _, query string, _ map[string]string) ([]connector.Option, error) {
	var list []struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	if err := ask(ctx, c, "channels/followed", map[string]int{"limit": 100}, &list); err != nil {
		return nil, err
	}
	var out []connector.Option
	for _, ch := range list {
		if strings.Contains(strings.ToLower(ch.Name), strings.ToLower(query)) {
			out = append(out, connector.Option{ID: ch.ID, Label: ch.Name})
		}
	}
	return out, nil
}

var (
	_ connector.Handshaker = Connector{}
	_ connector.Lister     = Connector{}
	_ connector.Revoker    = Connector{}
	_ connector.Lookuper   = Connector{}
	_ connector.Deleter    = Connector{}
	_ connector.Reader     = Connector{}
	_ connector.Measurer   = Connector{}
)
