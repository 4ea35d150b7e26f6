// Package telegram publishes to Telegram channels and groups through a bot.
//
// Facts: fact sheet telegram; core.telegram.org/bots/api as of Bot API 9.x, read 2026-08.
//
// Caveats: a bot can't read what it posted, so a lost answer is put to a person. There is no alt text. A text that is
// too long for a caption is split: the rest follows as a reply, which may be four times as long. A group that becomes a
// supergroup gets another number; it is asked for before each post to a group.
//
// Why plain words with entities instead of a parse mode: nothing has to be escaped, so no text can be refused for it.
package telegram

import (
	"context"
	"strconv"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one chat.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. Source: fact sheet, "Kinds of post and limits".
const (
	maxText      = 4096 // UTF-16 units after mark-up
	maxCaption   = 1024
	maxEntities  = 100
	maxAlbum     = 10
	maxPhoto     = 10 << 20
	maxFile      = 50 << 20
	maxPhotoSide = 10000 // width and height together
	maxRatio     = 20
)

const factForum = "forum"

// ask is the only way: there is no key and no list.
var ask = connector.Once{By: connector.Ask, Why: "Telegram knows no key of ours and a bot can't read the channel back. If the answer is lost, somebody has to look."}

var roles = []connector.Role{connector.Post, connector.Reply}

func caption() connector.Text {
	return connector.Text{Count: text.Parsed, Max: connector.N(maxCaption), Markup: connector.Entities}
}

// uploads are commits that carry files.
const uploads = 5 * time.Minute

var spec = connector.Spec{
	ID: "telegram", Label: "Telegram", Preview: connector.Message,
	Hosts: []connector.Host{connector.At("api", "https://api.telegram.org")},
	Auth:  connector.Auth{Place: connector.InPath},
	Connect: []connector.Connect{{
		Way: "bot", Kind: connector.Pairing, Label: "Bot",
		Help: "Make a bot with @BotFather, add it to your channel or group as an administrator that may post, and enter both here.",
		Fields: connector.Form{
			{Name: "token", Label: "Bot token", Help: "BotFather shows it, like 123456:ABC-DEF.", Secret: true, Must: true, Max: 100, Example: "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"},
			{Name: "chat", Label: "Channel or group", Help: "Its @name, its t.me address, or its number.", Must: true, Max: 200, Example: "@mychannel"},
		},
	}},
	Kinds: []connector.Kind{
		{
			ID: "text", Label: "Text", Roles: roles, Once: ask, Steps: []string{"chat?", "send"},
			Text: connector.Text{Count: text.Parsed, Max: connector.N(maxText), Must: true, Markup: connector.Entities},
		},
		{
			ID: "media", Label: "Photos and videos", Roles: roles, Once: ask, Steps: []string{"chat?", "send"}, Text: caption(),
			MinMedia: connector.N(1), MaxMedia: connector.N(maxAlbum), CallLimit: uploads,
			Media: []connector.MediaRule{
				{Type: connector.Image, MIME: []string{"image/jpeg", "image/png", "image/webp"}, MaxBytes: connector.N(maxPhoto), MinAspect: 1.0 / maxRatio, MaxAspect: maxRatio, Alt: connector.NoAlt},
				{Type: connector.VideoFile, MIME: []string{"video/mp4"}, MaxBytes: connector.N(maxFile), Alt: connector.NoAlt, Cover: true},
			},
		},
		{
			ID: "gif", Label: "GIF", Roles: roles, Once: ask, Steps: []string{"chat?", "send"}, Text: caption(),
			MinMedia: connector.N(1), MaxMedia: connector.N(1), CallLimit: uploads,
			Media: []connector.MediaRule{{Type: connector.GIF, MIME: []string{"image/gif"}, MaxBytes: connector.N(maxFile), Alt: connector.NoAlt}},
		},
		{
			ID: "audio", Label: "Audio", Roles: roles, Once: ask, Steps: []string{"chat?", "send"}, Text: caption(),
			MinMedia: connector.N(1), MaxMedia: connector.N(maxAlbum), CallLimit: uploads,
			Media: []connector.MediaRule{{Type: connector.Audio, MIME: []string{"audio/mpeg", "audio/mp4"}, MaxBytes: connector.N(maxFile), Alt: connector.NoAlt}},
		},
		{
			ID: "document", Label: "Documents", Roles: roles, Once: ask, Steps: []string{"chat?", "send"}, Text: caption(),
			MinMedia: connector.N(1), MaxMedia: connector.N(maxAlbum), CallLimit: uploads,
			Media: []connector.MediaRule{{Type: connector.DocumentPDF, MIME: []string{"application/pdf"}, MaxBytes: connector.N(maxFile), Alt: connector.NoAlt}},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(20), Window: time.Minute, Per: "channel"},
		{What: "posts", Max: connector.N(30), Window: time.Second, Per: "app"},
	},
	Failures:   failures,
	Powers:     []connector.Power{connector.CanFinish, connector.CanEdit, connector.CanDelete},
	Unverified: []string{"that the limit of 4096 is in UTF-16 units (staying in it is safe either way)", "20 messages a minute", "how long a bot may edit"},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher: which bot, which chat, and whether the one may post in the other.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var bot user
	if err := call(ctx, c, "getMe", nil, &bot); err != nil {
		return connector.Identity{}, err
	}
	where := c.Channel.RemoteID
	if where == "" {
		where = chatName(c.Channel.Fields["chat"])
	}
	found, err := findChat(ctx, c, where)
	if err != nil {
		return connector.Identity{}, err
	}
	if err := mayPost(ctx, c, found, bot); err != nil {
		return connector.Identity{}, err
	}
	id := connector.Identity{
		ID: strconv.FormatInt(found.ID, 10), Name: found.title(), Facts: connector.Facts{},
		More: map[string]string{"type": found.Type, "username": found.Username, "bot": bot.Username},
	}
	if found.Username != "" {
		id.Handle, id.URL = "@"+found.Username, "https://t.me/"+found.Username
	}
	if found.Forum {
		id.Facts[factForum] = 1
	}
	return id, nil
}

var (
	_ connector.Finisher = Connector{}
	_ connector.Editor   = Connector{}
	_ connector.Deleter  = Connector{}
)
