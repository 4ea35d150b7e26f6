// Package mastodon publishes to Mastodon servers. Its look-alikes (Pleroma, GoToSocial, Pixelfed, Friendica) are the
// same connector with other facts: see Like.
//
// Facts: fact sheet mastodon; mastodon/documentation 2903485d of 2026-07-02, read 2026-08.
//
// Caveats: quoted posts must be on the channel's own server (open the post there and copy its address): finding posts of
// other servers would need one more right. A text posted through the lookup is compared as the server shows it, with
// remote mentions shortened and white space folded.
package mastodon

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one server of the family.
type Connector struct {
	spec    *connector.Spec
	form    connector.Bound[Settings]
	uploads string // path of uploads
	source  bool   // texts are compared as they were written, not as they are shown
	renews  bool
}

// New makes the connector.
func New() connector.Publisher { return Connector{spec: &spec, form: settingsForm, uploads: uploads} }

// Defaults where a server tells nothing. Source: fact sheet, "Kinds of post and limits".
const (
	maxCharacters = 500
	maxMedia      = 4
	linkReserve   = 23
	maxAlt        = 1500
	maxImageBytes = 16_777_216
	maxImageArea  = 33_177_600
	maxVideoBytes = 103_809_024
	maxVideoArea  = 8_294_400
	maxVideoRate  = 120
	keyLife       = time.Hour // of an Idempotency-Key
	uploads       = "/api/v2/media"
)

// Names of facts that a server tells.
const (
	FactCharacters = "max_characters"
	FactMedia      = "max_media"
	FactLink       = "link_reserve"
	FactAlt        = "max_alt"
	FactImageBytes = "image_bytes"
	FactImageArea  = "image_area"
	FactVideoBytes = "video_bytes"
	FactVideoArea  = "video_area"
	FactVersion    = "api_version"
	FactOptions    = "poll_options"
	FactOption     = "poll_option_characters"
	FactPollMin    = "poll_min_seconds"
	FactPollMax    = "poll_max_seconds"
	FactQuotes     = "quotes"
)

var scopes = []string{"read:accounts", "read:statuses", "write:statuses", "write:media"}

var server = connector.Field{
	Name: "server", Label: "Server", Help: "The address of your server, or your whole handle.", Kind: connector.FieldServer, Must: true, Example: "https://mastodon.social",
}

var native = connector.Once{
	By: connector.Native, Life: keyLife, Then: connector.Lookup,
	Why: "The server knows our key for an hour and gives the first post again; after that we look for the files or the words among the channel's posts.",
}

var words = connector.Text{
	Count: text.Mastodon, Max: connector.Fact(FactCharacters, maxCharacters), Link: connector.Fact(FactLink, linkReserve), Markup: connector.PlainText,
}

var spec = connector.Spec{
	ID: "mastodon", Label: "Mastodon", Preview: connector.Microblog,
	Hosts: []connector.Host{connector.FromField("server")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{
		{
			Way: "oauth", Kind: connector.OAuth2Registered, Label: "Sign in", Help: "You sign in at your own server and come back here.",
			Fields: connector.Form{server}, OAuth: &oauth, Scopes: scopes,
		},
		{
			Way: "token", Kind: connector.PastedToken, Label: "Access token", Help: "Make one in your server's preferences, under Development, with the rights read and write.",
			Fields: connector.Form{server, {Name: "token", Label: "Access token", Help: "Shown by your server after you made the application.", Secret: true, Must: true}},
		},
	},
	Kinds: []connector.Kind{
		{
			ID: "text", Label: "Text", Roles: allRoles, Text: mustText(words), Once: native, Steps: []string{"status"},
		},
		{
			ID: "images", Label: "Images", Roles: allRoles, Text: words, Once: native, Steps: []string{"upload…", "ready…", "status"},
			MinMedia: connector.N(1), MaxMedia: connector.Fact(FactMedia, maxMedia),
			Media: []connector.MediaRule{image},
		},
		{
			ID: "video", Label: "Video, GIF or audio", Roles: allRoles, Text: words, Once: native, Steps: []string{"upload…", "ready…", "status"},
			MinMedia: connector.N(1), MaxMedia: connector.N(1),
			Media: []connector.MediaRule{video, gif, audio},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules(settingsForm),
	Limits: []connector.Limit{
		{What: "requests", Max: connector.N(300), Window: 5 * time.Minute, Per: "channel", Left: "X-RateLimit-Remaining", Reset: "X-RateLimit-Reset"},
		{What: "uploads", Max: connector.N(30), Window: 30 * time.Minute, Per: "channel"},
		{What: "posts", Max: connector.N(300), Window: 3 * time.Hour, Per: "channel"},
	},
	Failures: failures,
	Settle:   time.Minute, // never send again while the first may still run: older servers store the key at the end
	Powers: []connector.Power{
		connector.CanList, connector.CanRevoke, connector.CanEdit, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{
		"300 posts in 3 hours", "the text of a 429", "the wording of the refusal of files that are attached already", "the wording of too many files",
	},
}

var allRoles = []connector.Role{connector.Post, connector.Reply, connector.Comment}

func mustText(t connector.Text) connector.Text { t.Must = true; return t }

var image = connector.MediaRule{
	Type: connector.Image, MIME: []string{"image/jpeg", "image/png", "image/webp", "image/avif", "image/heic"}, MIMEFrom: "mime",
	MaxBytes: connector.Fact(FactImageBytes, maxImageBytes), MaxPixels: connector.Fact(FactImageArea, maxImageArea), Alt: connector.Fact(FactAlt, maxAlt),
}

var video = connector.MediaRule{
	Type: connector.VideoFile, MIME: []string{"video/mp4", "video/quicktime", "video/webm"}, MIMEFrom: "mime", FPS: maxVideoRate, Cover: true,
	MaxBytes: connector.Fact(FactVideoBytes, maxVideoBytes), MaxPixels: connector.Fact(FactVideoArea, maxVideoArea), Alt: connector.Fact(FactAlt, maxAlt),
}

var gif = connector.MediaRule{
	Type: connector.GIF, MIME: []string{"image/gif"}, MIMEFrom: "mime",
	MaxBytes: connector.Fact(FactImageBytes, maxImageBytes), MaxPixels: connector.Fact(FactImageArea, maxImageArea), Alt: connector.Fact(FactAlt, maxAlt),
}

var audio = connector.MediaRule{
	Type: connector.Audio, MIME: []string{"audio/mpeg", "audio/ogg", "audio/wav", "audio/flac", "audio/aac", "audio/mp4"}, MIMEFrom: "mime",
	MaxBytes: connector.Fact(FactVideoBytes, maxVideoBytes), Alt: connector.Fact(FactAlt, maxAlt), Cover: true,
}

// oauth: apps are registered per server on first use. PKCE is known from 4.3 and ignored before.
var oauth = connector.OAuth{
	Host: "server", Register: "/api/v1/apps", Authorize: "/oauth/authorize", Token: "/oauth/token", Revoke: "/oauth/revoke",
	PKCE: connector.PKCEOptional, Extra: map[string]string{"force_login": "true"},
}

// Spec implements connector.Publisher.
func (m Connector) Spec() *connector.Spec { return m.spec }

// Who implements connector.Publisher: whose account, and what this server takes.
func (m Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var a account
	if _, err := c.Send(ctx, connector.Request{Path: "/api/v1/accounts/verify_credentials", Into: &a}); err != nil {
		return connector.Identity{}, err
	}
	if a.ID == "" {
		return connector.Identity{}, connector.Reject("This address answers, but not as a server of "+m.spec.Label+".", "")
	}
	in, err := readInstance(ctx, c)
	if err == nil {
		err = in.belongs(m.spec)
	}
	if err != nil {
		return connector.Identity{}, err
	}
	id := connector.Identity{
		ID: a.ID, Handle: "@" + a.Acct + "@" + in.host(c), Name: a.name(), URL: a.URL, Avatar: a.Avatar,
		Facts: in.facts(), More: map[string]string{"mime": in.mime()},
	}
	if a.Source.Privacy != "" && a.Source.Privacy != "public" {
		id.Notes = append(id.Notes, "Your account posts as "+a.Source.Privacy+" unless a post says otherwise.")
	}
	return id, nil
}

// Revoke implements connector.Revoker. A pasted token has no app of ours; the person ends it where it was made.
func (m Connector) Revoke(ctx context.Context, c *connector.Call) error {
	return connector.RevokeOAuth(ctx, c)
}

var (
	_ connector.Lister   = Connector{}
	_ connector.Revoker  = Connector{}
	_ connector.Editor   = Connector{}
	_ connector.Deleter  = Connector{}
	_ connector.Reader   = Connector{}
	_ connector.Measurer = Connector{}
)
