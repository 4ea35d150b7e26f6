// Package vk publishes to walls of VK: one's own, or those of communities.
//
// Facts: fact sheet vk; gitroomhq/postiz-app of 2026-08-21, VKCOM/vk-api-schema 5.199, read 2026-08.
//
// Caveats: VK gives many apps no right to a person's wall; a community's own token is the practical way, and takes words
// only, because files need a person's token. How long VK knows our key is unconfirmed, so half an hour is believed.
package vk

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one wall.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// The ways to connect.
const (
	signIn    = "oauth"
	community = "community"
)

// Limits of a post. Source: fact sheet, "Kinds of post and limits".
const (
	maxMessage     = 16_384
	maxAttachments = 10
	maxPhotoBytes  = 50 << 20
	maxVideoBytes  = 2 << 30 // VK takes more; nobody waits for it
	apiVersion     = "5.251"
	keyLife        = time.Hour // of a guid
)

var life = connector.Life{Access: time.Hour, Refresh: 180 * 24 * time.Hour, Rotates: true}

var oauth = connector.OAuth{
	Host: "id", Authorize: "/authorize", Token: "/oauth2/auth", PKCE: connector.PKCERequired, SecretIn: connector.SecretNone,
	Keep: []string{"device_id"}, Renew: map[string]string{"state": "renew"}, Life: life,
}

var words = connector.Text{Count: text.Runes, Max: connector.N(maxMessage), Markup: connector.PlainText}

var native = connector.Once{
	By: connector.Native, Life: keyLife, Then: connector.Lookup,
	Why: "VK knows our key for a while and gives the first post again; after that we look for the files or the words on the wall.",
}

var spec = connector.Spec{
	ID: "vk", Label: "VK", Preview: connector.Microblog,
	Hosts: []connector.Host{
		connector.At("api", "https://api.vk.com"), connector.At("id", "https://id.vk.com"), connector.Matching("vk", "*.vk.com"), connector.Matching("userapi", "*.userapi.com"),
	},
	Auth: connector.Auth{Place: connector.InForm, Name: "access_token"},
	Connect: []connector.Connect{
		{
			Way: signIn, Kind: connector.OAuth2PKCE, Label: "Sign in", Help: "You sign in at VK and choose your own wall or a community.", OAuth: &oauth, Life: life,
			Scopes: []string{"vkid.personal_info", "wall", "photos", "video", "groups"},
		},
		{
			Way: community, Kind: connector.PastedToken, Label: "Token of a community", Help: "Made by an administrator under Manage, API usage, with the right to the wall. It takes posts without files.",
			Fields: connector.Form{
				{Name: "group", Label: "Community", Help: "Its number or short name.", Must: true, Example: "club1"},
				{Name: "token", Label: "Access token", Help: "Shown once after it was made.", Secret: true, Must: true},
			},
		},
	},
	Targets: &connector.Targets{Label: "Wall", Many: "Walls", Help: "Your own, and those of communities where you are an editor."},
	App:     connector.Form{{Name: "id", Label: "App ID", Help: "In the business cabinet of VK ID. There is no secret.", Must: true}},
	Registration: &connector.Registration{
		Console: "https://id.vk.com/about/business/go",
		Steps: []string{
			"Open the business cabinet of VK ID and add an application of type Web.",
			"Enter your domain, and the callback address shown here as a trusted redirect URL, exactly.",
			"Under Accesses ask for wall, photos, video and groups.",
			"Copy the app ID into the field.",
		},
		Review: "VK gives the rights to walls and files to few apps, after asking what for. Without them use a community's own token.",
	},
	Kinds: []connector.Kind{
		{ID: "text", Label: "Text", Text: mustText(words), Once: native, Steps: []string{"post"}},
		{
			ID: "media", Label: "Photos and videos", Via: []string{signIn}, Text: words, Once: native, Steps: []string{"upload…", "save…", "post"},
			MinMedia: connector.N(1), MaxMedia: connector.N(maxAttachments),
			Media: []connector.MediaRule{
				{Type: connector.Image, MIME: []string{"image/jpeg", "image/png"}, MaxBytes: connector.N(maxPhotoBytes), Alt: connector.NoAlt},
				{Type: connector.GIF, MIME: []string{"image/gif"}, MaxBytes: connector.N(maxPhotoBytes), Alt: connector.NoAlt},
				{Type: connector.VideoFile, MIME: []string{"video/mp4", "video/quicktime", "video/webm"}, MaxBytes: connector.N(maxVideoBytes), Alt: connector.NoAlt},
			},
		},
		{
			ID: "comment", Label: "First comment", Roles: []connector.Role{connector.Comment}, Text: mustText(words), Steps: []string{"comment"},
			Once: connector.Once{By: connector.Native, Life: keyLife, Then: connector.Ask, Why: "VK knows our key for a while and gives the first comment again; after that somebody has to look."},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits:   []connector.Limit{{What: "posts", Max: connector.N(50), Window: 24 * time.Hour, Per: "channel"}},
	Failures: failures,
	Settle:   2 * time.Minute,
	Powers: []connector.Power{
		connector.CanList, connector.CanRefresh, connector.CanRevoke, connector.CanChoose, connector.CanEdit, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{
		"16,384 signs", "how long a guid is known", "that a community's token takes no files", "180 days of a refresh token", "where files are sent", "what is asked for beside the refresh token",
		"the number that says that a post is gone",
	},
}

func mustText(t connector.Text) connector.Text { t.Must = true; return t }

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// call does one method of the API. VK takes the access among the fields.
func call(ctx context.Context, c *connector.Call, method string, fields map[string]string, into any) error {
	form := url.Values{"v": {apiVersion}}
	for k, v := range fields {
		if v != "" {
			form.Set(k, v)
		}
	}
	out := struct {
		Response json.RawMessage `json:"response"`
	}{}
	if _, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/method/" + method, Form: form, Into: &out}); err != nil {
		return err
	}
	if len(out.Response) == 0 || into != nil && json.Unmarshal(out.Response, into) != nil {
		return connector.Unreadable()
	}
	return nil
}

// owner is whose wall it is: a person's number, or that of a community below zero.
func owner(ch *connector.Channel) string {
	if ch.Target != "" {
		return ch.Target
	}
	return ch.RemoteID
}

// group is the community's number, "" for a person's wall.
func group(ch *connector.Channel) string {
	if id, ok := strings.CutPrefix(owner(ch), "-"); ok {
		return id
	}
	return ""
}

// place is a community.
type place struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Screen string `json:"screen_name"`
	Photo  string `json:"photo_100"`
}

func (g place) identity() connector.Identity {
	return connector.Identity{ID: "-" + strconv.FormatInt(g.ID, 10), Handle: g.Screen, Name: g.Name, URL: "https://vk.com/" + g.Screen, Avatar: g.Photo}
}

func readGroup(ctx context.Context, c *connector.Call, id string) (connector.Identity, error) {
	var raw json.RawMessage
	if err := call(ctx, c, "groups.getById", map[string]string{"group_id": id}, &raw); err != nil {
		return connector.Identity{}, err
	}
	var newer struct {
		Groups []place `json:"groups"`
	}
	var list []place
	if json.Unmarshal(raw, &newer) == nil && len(newer.Groups) > 0 {
		list = newer.Groups
	} else if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return connector.Identity{}, connector.Reject("There is no such community.", "")
	}
	return list[0].identity(), nil
}

func readMe(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var out struct {
		User struct {
			ID     json.Number `json:"user_id"`
			First  string      `json:"first_name"`
			Last   string      `json:"last_name"`
			Avatar string      `json:"avatar"`
		} `json:"user"`
	}
	if _, err := c.Send(ctx, connector.Request{Method: "POST", Host: "id", Path: "/oauth2/user_info", Form: url.Values{"client_id": {c.App.ID}}, Into: &out}); err != nil {
		return connector.Identity{}, err
	}
	id := out.User.ID.String()
	if id == "" {
		return connector.Identity{}, connector.Reject("VK answered without saying who this is.", "")
	}
	name := strings.TrimSpace(out.User.First + " " + out.User.Last)
	return connector.Identity{ID: id, Handle: "id" + id, Name: name, URL: "https://vk.com/id" + id, Avatar: out.User.Avatar}, nil
}

// Who implements connector.Publisher.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	switch {
	case c.Channel.Way == community:
		name := strings.Trim(strings.TrimSpace(c.Channel.Fields["group"]), "/@-")
		return readGroup(ctx, c, strings.TrimPrefix(name[strings.LastIndexByte(name, '/')+1:], "club"))
	case c.Channel.Target != "" && group(&c.Channel) != "":
		return readGroup(ctx, c, group(&c.Channel))
	}
	return readMe(ctx, c)
}

// Choose implements connector.Chooser: one's own wall, and communities.
func (Connector) Choose(ctx context.Context, c *connector.Call) ([]connector.Target, error) {
	if c.Channel.Way != signIn {
		return nil, nil
	}
	me, err := readMe(ctx, c)
	if err != nil {
		return nil, err
	}
	out := []connector.Target{{Identity: me, Help: "Your own wall"}}
	var got struct {
		Items []place `json:"items"`
	}
	if err := call(ctx, c, "groups.get", map[string]string{"filter": "editor", "extended": "1", "count": "1000"}, &got); err != nil {
		return nil, err
	}
	for _, g := range got.Items {
		out = append(out, connector.Target{Identity: g.identity(), Help: "Community"})
	}
	return out, nil
}

// Refresh implements connector.Refresher. A community's token doesn't end.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return connector.RefreshOAuth(ctx, c)
}

// Revoke implements connector.Revoker. A community's token is ended where it was made.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	if c.Channel.Way != signIn {
		return nil
	}
	_, err := c.Send(ctx, connector.Request{Method: "POST", Host: "id", Path: "/oauth2/revoke", Form: url.Values{"client_id": {c.App.ID}}})
	if class := connector.ClassOf(err); class == connector.Reconnect || class == connector.Rejected {
		return nil // it is no token any more, which is what was wanted
	}
	return err
}

var (
	_ connector.Lister    = Connector{}
	_ connector.Refresher = Connector{}
	_ connector.Revoker   = Connector{}
	_ connector.Chooser   = Connector{}
	_ connector.Editor    = Connector{}
	_ connector.Deleter   = Connector{}
	_ connector.Reader    = Connector{}
	_ connector.Measurer  = Connector{}
)
