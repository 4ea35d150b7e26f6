// Package bluesky publishes to Bluesky and to other servers of the AT Protocol.
//
// Facts: fact sheet bluesky; bluesky-social/atproto d6296a1cfd of 2026-08-20. What stands as measured there was
// measured on a real PDS 0.4.217, and the test against one is repeated with OMNIPOSTO_BLUESKY_PDS.
//
// Caveats: the record's key follows from the delivery and its first time, so a post made long before it goes out is
// sorted by when it goes out. A handle in the text that can't be resolved stays plain words. Editing isn't offered:
// the network keeps showing the first version and quotes of it break.
//
// Why putRecord with swapRecord null: the same record again is no change, a different one at our key is refused, and
// neither can make a second post. createRecord answers 500 to both.
package bluesky

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one account.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. Source: app.bsky.feed.post and app.bsky.embed lexicons of 2026-08.
const (
	maxGraphemes  = 300
	maxTextBytes  = 3000
	maxImages     = 4
	maxImageBytes = 2_000_000
	maxThumbBytes = 1_000_000
	maxVideoBytes = 300_000_000
	maxPlainVideo = 52_428_800 // where no video service takes it: a PDS's own limit for a blob
	maxAlt        = 2000       // graphemes, as the official app has it
	maxVideoTime  = 3 * time.Minute
)

// factVideoBytes is how large a video this account's server takes.
const factVideoBytes = "video_bytes"

const (
	videoService = "https://video.bsky.app"
	videoDID     = "did:web:video.bsky.app"
)

var deterministic = connector.Once{
	By:  connector.Deterministic,
	Why: "The record's key is ours and follows from the delivery: the server can't hold two under one key, and we can look whether it is there.",
}

var words = connector.Text{Count: text.Graphemes, Max: connector.N(maxGraphemes), MaxBytes: maxTextBytes, Markup: connector.Facets}

var roles = []connector.Role{connector.Post, connector.Reply, connector.Comment}

var spec = connector.Spec{
	ID: "bluesky", Label: "Bluesky", Preview: connector.Microblog,
	Hosts: []connector.Host{connector.FromMore("pds"), connector.FromField("server"), connector.At("video", videoService)},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "app_password", Kind: connector.AppPassword, Label: "App password",
		Help: "Make one in Bluesky under Settings, Privacy and security, App passwords. It is used once and not kept.",
		Fields: connector.Form{
			{Name: "handle", Label: "Handle", Help: "Like ada.bsky.social, without @.", Must: true, Max: 253, Example: "ada.bsky.social"},
			{Name: "password", Label: "App password", Help: "Four groups of four letters.", Must: true, Secret: true, Max: 512, Example: "xxxx-xxxx-xxxx-xxxx"},
			{Name: "server", Label: "Server", Help: "Only if your account isn't on Bluesky's own servers.", Kind: connector.FieldServer, Default: []byte(`"https://bsky.social"`), Example: "https://bsky.social"},
		},
		Life: connector.Life{Access: 2 * time.Hour, Refresh: 90 * 24 * time.Hour, Rotates: true},
	}},
	Kinds: []connector.Kind{
		{
			ID: "text", Label: "Text", Roles: roles, Text: mustText(words), Once: deterministic,
			Steps: []string{"mention…", "quote?", "card", "record"},
		},
		{
			ID: "images", Label: "Images", Roles: roles, Text: words, Once: deterministic,
			Steps:    []string{"mention…", "quote?", "blob…", "record"},
			MinMedia: connector.N(1), MaxMedia: connector.N(maxImages),
			Media: []connector.MediaRule{
				{Type: connector.Image, MIME: []string{"image/jpeg", "image/png", "image/webp"}, MaxBytes: connector.N(maxImageBytes), Alt: connector.N(maxAlt)},
				{Type: connector.GIF, MIME: []string{"image/gif"}, MaxBytes: connector.N(maxImageBytes), Alt: connector.N(maxAlt)},
			},
		},
		{
			ID: "video", Label: "Video", Roles: roles, Text: words, Once: deterministic,
			Steps:    []string{"mention…", "quote?", "job", "ready", "record"},
			MinMedia: connector.N(1), MaxMedia: connector.N(1),
			Media: []connector.MediaRule{{
				Type: connector.VideoFile, MIME: []string{"video/mp4"}, MaxBytes: connector.Fact(factVideoBytes, maxVideoBytes), MaxLength: maxVideoTime, Alt: connector.N(maxAlt),
			}},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "points", Max: connector.N(5000), Window: time.Hour, Per: "channel", Left: "RateLimit-Remaining", Reset: "RateLimit-Reset"},
		{What: "points", Max: connector.N(35000), Window: 24 * time.Hour, Per: "channel"},
	},
	Failures: failures,
	Settle:   time.Minute,
	Powers: []connector.Power{
		connector.CanLook, connector.CanRefresh, connector.CanRevoke, connector.CanLookUp, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{
		"how long a video may be", "how many videos a day", "the name of the refusal when the right to post is missing", "how servers other than Bluesky's limit blobs",
	},
}

func mustText(t connector.Text) connector.Text { t.Must = true; return t }

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher. With a password it signs in once and gives the session to keep in its place; with
// a session it asks whose that is.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var id connector.Identity
	var err error
	if c.Token.Access.Empty() {
		id, err = signIn(ctx, c)
	} else {
		id, err = whoseSession(ctx, c)
	}
	if err != nil {
		return id, err
	}
	if id.Facts == nil {
		id.Facts = connector.Facts{}
	}
	if !inNetwork(id.More["pds"]) {
		id.Facts[factVideoBytes] = maxPlainVideo
	}
	id.URL = "https://bsky.app/profile/" + id.ID
	profile(ctx, c, &id)
	return id, nil
}

var (
	_ connector.Looker    = Connector{}
	_ connector.Refresher = Connector{}
	_ connector.Revoker   = Connector{}
	_ connector.Lookuper  = Connector{}
	_ connector.Deleter   = Connector{}
	_ connector.Reader    = Connector{}
	_ connector.Measurer  = Connector{}
)
