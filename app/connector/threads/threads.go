// Package threads publishes to Threads.
//
// Facts: fact sheet threads; developers.facebook.com/documentation/threads (posts, publishing, polls, text attachments,
// spoilers, replies), read 2026-08.
//
// Caveats: Threads fetches files itself, so this server needs a public address. A container is made first and published
// then; published containers don't name their post, which is found in the profile's list. A token can be made longer only
// while it lives: a channel that wasn't used for two months is connected again.
package threads

import (
	"context"
	"net/url"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/meta"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one profile.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits of a post. Source: fact sheet, "Kinds of post and limits".
const (
	maxText       = 500
	maxLong       = 10_000
	maxAlt        = 1000
	maxCarousel   = 20
	maxLinks      = 5
	maxSpoilers   = 10
	maxAnswer     = 25
	maxImageBytes = 8 << 20
	maxVideoBytes = 1 << 30
)

var life = connector.Life{Access: 60 * 24 * time.Hour, Extend: 24 * time.Hour}

var oauth = connector.OAuth{Host: "api", Page: "page", Authorize: "/oauth/authorize", Token: "/oauth/access_token", Separator: ",", Life: life}

var words = connector.Text{Count: text.EmojiBytes, Max: connector.N(maxText), Markup: connector.PlainText}

var handle = connector.Once{
	By: connector.Handle, Unnamed: true,
	Why: "The post is made as a container first, which can be published only once and tells its state. If the answer is lost, we ask the container, and find the post in the profile's list.",
}

var (
	roles  = []connector.Role{connector.Post, connector.Reply, connector.Comment}
	single = []string{"quota", "container", "ready", "publish"}
)

var spec = connector.Spec{
	ID: "threads", Label: "Threads", Preview: connector.Microblog,
	Hosts: []connector.Host{connector.At("api", "https://graph.threads.net"), connector.At("page", "https://threads.net")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "oauth", Kind: connector.OAuth2, Label: "Sign in", Help: "You sign in at Threads and come back here.", OAuth: &oauth, Life: life,
		Scopes: []string{"threads_basic", "threads_content_publish", "threads_manage_replies", "threads_read_replies", "threads_manage_insights", "threads_delete"},
	}},
	App: connector.Form{
		{Name: "id", Label: "Threads app ID", Help: "Under App settings, Basic. It isn't the app ID above it.", Must: true},
		{Name: "secret", Label: "Threads app secret", Help: "Beside the Threads app ID.", Must: true, Secret: true},
	},
	Registration: &connector.Registration{
		Console: "https://developers.facebook.com/apps/",
		Steps: []string{
			"Create an app there and choose the use case Access the Threads API.",
			"In the use case's settings enter the callback address shown here, exactly, under Redirect Callback URLs, and the same under the addresses for uninstalling and deleting.",
			"Add all permissions that begin with threads_ and stand in the list here.",
			"Under App roles add the profiles that may connect before the review as Threads testers; each accepts in Threads under Settings, Website permissions.",
			"Copy the Threads app ID and the Threads app secret into the two fields.",
		},
		Review: "Profiles that aren't testers need App Review for each permission, with a recording of the screen.",
		Tells:  meta.Tells(),
	},
	Kinds: []connector.Kind{
		{ID: "text", Label: "Text", Roles: roles, Text: must(words), Once: handle, Steps: single},
		{
			ID: "image", Label: "Image", Roles: roles, Text: words, Once: handle, Steps: single,
			MinMedia: connector.N(1), MaxMedia: connector.N(1), Media: []connector.MediaRule{image},
		},
		{
			ID: "video", Label: "Video", Roles: roles, Text: words, Once: handle, Steps: single,
			MinMedia: connector.N(1), MaxMedia: connector.N(1), Media: []connector.MediaRule{video},
		},
		{
			ID: "carousel", Label: "Carousel", Roles: roles, Text: words, Once: handle, Steps: []string{"quota", "child…", "childready…", "container", "ready", "publish"},
			MinMedia: connector.N(2), MaxMedia: connector.N(maxCarousel), Media: []connector.MediaRule{image, video},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(250), Window: 24 * time.Hour, Per: "channel"},
		{What: "replies", Max: connector.N(1000), Window: 24 * time.Hour, Per: "channel"},
		{What: "deletions", Max: connector.N(100), Window: 24 * time.Hour, Per: "channel"},
	},
	Failures: failures,
	Settle:   2 * time.Minute,
	Powers: []connector.Power{
		connector.CanList, connector.CanLook, connector.CanRefresh, connector.CanLookUp, connector.CanFinish, connector.CanDelete, connector.CanRead, connector.CanMeasure, connector.CanExchange,
	},
	Unverified: []string{
		"100 deletions a day", "that the access is taken from the Authorization header at every address", "the words by which wrong app credentials are refused",
		"that places of spoilers are counted in UTF-16 units", "that Threads still serves an app's GIFs from GIPHY only", "how soon a post shows in the list",
	},
}

var (
	image = connector.MediaRule{
		Type: connector.Image, MIME: []string{"image/jpeg", "image/png"}, MaxBytes: connector.N(maxImageBytes), MinAspect: 0.1, MaxAspect: 10, Alt: connector.N(maxAlt), ByURL: true,
	}
	video = connector.MediaRule{
		Type: connector.VideoFile, MIME: []string{"video/mp4", "video/quicktime"}, MaxBytes: connector.N(maxVideoBytes), Codecs: []string{"h264", "hevc"}, FPS: 60,
		MaxLength: 5 * time.Minute, Alt: connector.N(maxAlt), ByURL: true,
	}
)

func must(t connector.Text) connector.Text { t.Must = true; return t }

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var me struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Name     string `json:"name"`
		Picture  string `json:"threads_profile_picture_url"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/v1.0/me", Query: url.Values{"fields": {"id,username,name,threads_profile_picture_url"}}, Into: &me}); err != nil {
		return connector.Identity{}, err
	}
	if me.ID == "" || me.Username == "" {
		return connector.Identity{}, connector.Reject("Threads answered without saying whose profile this is.", "")
	}
	if me.Name == "" {
		me.Name = me.Username
	}
	return connector.Identity{ID: me.ID, Handle: "@" + me.Username, Name: me.Name, URL: "https://www.threads.com/@" + me.Username, Avatar: me.Picture}, nil
}

// Exchange implements connector.Exchanger: the hour of a sign-in becomes two months.
func (Connector) Exchange(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return meta.Longer{Path: "/access_token", Grant: "th_exchange_token", App: true}.Get(ctx, c)
}

// Refresh implements connector.Refresher: a token that lives and is a day old gets two months more.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return meta.Longer{Path: "/refresh_access_token", Grant: "th_refresh_token"}.Get(ctx, c)
}

var (
	_ connector.UnderLister = Connector{}
	_ connector.Looker      = Connector{}
	_ connector.Refresher   = Connector{}
	_ connector.Lookuper    = Connector{}
	_ connector.Finisher    = Connector{}
	_ connector.Deleter     = Connector{}
	_ connector.Reader      = Connector{}
	_ connector.Measurer    = Connector{}
	_ connector.Exchanger   = Connector{}
)
