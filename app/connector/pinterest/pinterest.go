// Package pinterest publishes pins.
//
// Facts: fact sheet pinterest; pinterest/api-description v5 5.23.0 of 2025-12-11, read 2026-08.
//
// Caveats: Pinterest keeps nothing of ours on a pin, so a lost answer is settled by board, title, words and link; two
// pins that are alike in all of them are told apart by what stood there before. Pictures travel inside the pin's own
// request, as base64, so that no public address is needed. Secret boards aren't asked for.
package pinterest

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

// Limits of a pin. Source: fact sheet, "Kinds of post and limits".
const (
	maxDescription = 800
	maxTitle       = 100
	maxAlt         = 500
	maxCarousel    = 5
	maxImageBytes  = 10 << 20
	maxVideoBytes  = 2 << 30
)

// bucket is where Pinterest lets videos be sent to.
const bucket = "pinterest-media-upload.s3-accelerate.amazonaws.com"

var life = connector.Life{Access: 30 * 24 * time.Hour, Refresh: 60 * 24 * time.Hour, Rotates: true}

var oauth = connector.OAuth{
	Host: "api", Page: "www", Authorize: "/oauth/", Token: "/v5/oauth/token", Separator: ",", SecretIn: connector.SecretInBasic,
	Swap: map[string]string{"continuous_refresh": "true"}, Life: life,
}

var description = connector.Text{Count: text.Runes, Max: connector.N(maxDescription), Markup: connector.PlainText}

var lookup = connector.Once{
	By:  connector.Lookup,
	Why: "Pinterest takes no key of ours. If the answer is lost, we look through the account's pins for the same board, title, words and link.",
}

var spec = connector.Spec{
	ID: "pinterest", Label: "Pinterest", Preview: connector.Photo,
	Hosts: []connector.Host{connector.At("api", "https://api.pinterest.com"), connector.At("www", "https://www.pinterest.com"), connector.Matching("upload", bucket)},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "oauth", Kind: connector.OAuth2, Label: "Sign in", Help: "You sign in at Pinterest and come back here.", OAuth: &oauth, Life: life,
		Scopes: []string{"boards:read", "boards:write", "pins:read", "pins:write", "user_accounts:read"},
	}},
	App: connector.Form{
		{Name: "id", Label: "App ID", Help: "On the app's page.", Must: true},
		{Name: "secret", Label: "App secret key", Help: "On the app's page, after Show key.", Must: true, Secret: true},
	},
	Registration: &connector.Registration{
		Console: "https://developers.pinterest.com/apps/",
		Steps: []string{
			"Turn your account into a business account, or make one.",
			"Open developers.pinterest.com, choose My apps and Connect app, and fill in the form with the address of your privacy policy.",
			"Wait for trial access.",
			"On the app's page add the callback address shown here under Redirect URIs, exactly.",
			"Copy the app ID and the app secret key into the two fields.",
		},
		Review: "With trial access pins are visible only to whoever made them. Standard access needs a review with a recording of the screen.",
	},
	Kinds: []connector.Kind{
		{
			ID: "image", Label: "Image pin", Text: description, Once: lookup, Steps: []string{"pin"}, CallLimit: 2 * time.Minute,
			MinMedia: connector.N(1), MaxMedia: connector.N(1), Media: []connector.MediaRule{picture(connector.N(maxAlt))},
		},
		{
			ID: "carousel", Label: "Carousel", Text: description, Once: lookup, Steps: []string{"pin"}, CallLimit: 5 * time.Minute,
			MinMedia: connector.N(2), MaxMedia: connector.N(maxCarousel), Media: []connector.MediaRule{picture(connector.NoAlt)},
		},
		{
			ID: "video", Label: "Video pin", Text: description, Once: lookup, Steps: []string{"register", "upload", "ready", "pin"}, CallLimit: time.Minute,
			MinMedia: connector.N(1), MaxMedia: connector.N(1),
			Media: []connector.MediaRule{{
				Type: connector.VideoFile, MIME: []string{"video/mp4", "video/quicktime", "video/x-m4v"}, MaxBytes: connector.N(maxVideoBytes), Codecs: []string{"h264", "hevc"},
				MinLength: 4 * time.Second, MaxLength: 15 * time.Minute, MinAspect: 0.5, MaxAspect: 1.91, Alt: connector.NoAlt, Cover: true,
			}},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(100), Window: time.Minute, Per: "channel"},
		{What: "requests", Max: connector.N(1000), Window: 24 * time.Hour, Per: "app"},
	},
	Failures: failures,
	Settle:   2 * time.Minute,
	Powers: []connector.Power{
		connector.CanList, connector.CanRefresh, connector.CanLookUp, connector.CanEdit, connector.CanDelete, connector.CanMeasure,
	},
	Unverified: []string{
		"10 MB of a picture inside the request", "4 seconds to 15 minutes, 2 GB and the shape of a video", "the place where videos are sent", "100 pins a minute of an account",
		"how soon a pin shows in the list", "that ending access isn't offered to apps",
	},
}

func picture(alt connector.Num) connector.MediaRule {
	return connector.MediaRule{Type: connector.Image, MIME: []string{"image/jpeg", "image/png"}, MaxBytes: connector.N(maxImageBytes), Alt: alt}
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var me struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Type     string `json:"account_type"`
		Business string `json:"business_name"`
		Picture  string `json:"profile_image"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/v5/user_account", Into: &me}); err != nil {
		return connector.Identity{}, err
	}
	if me.Username == "" {
		return connector.Identity{}, connector.Reject("Pinterest answered without saying whose account this is.", "")
	}
	id := connector.Identity{ID: first(me.ID, me.Username), Handle: me.Username, Name: first(me.Business, me.Username), URL: "https://www.pinterest.com/" + me.Username + "/", Avatar: me.Picture}
	if me.Type != "BUSINESS" {
		id.Notes = append(id.Notes, "Pinterest counts views only for business accounts.")
	}
	return id, nil
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

// Refresh implements connector.Refresher. Each refresh gives another refresh token.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return connector.RefreshOAuth(ctx, c)
}

var (
	_ connector.Lister    = Connector{}
	_ connector.Refresher = Connector{}
	_ connector.Lookuper  = Connector{}
	_ connector.Editor    = Connector{}
	_ connector.Deleter   = Connector{}
	_ connector.Measurer  = Connector{}
)
