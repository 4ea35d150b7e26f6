// Package dribbble publishes shots.
//
// Facts: fact sheet dribbble; gitroomhq/postiz-app of 2026-08-21, read 2026-08.
//
// Caveats: Dribbble accepts a shot and works on it for a while; its address is fetched afterwards. Figures aren't told
// to apps. Access doesn't end, and apps can't end it.
package dribbble

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes as one account.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits of a shot. Source: fact sheet, "Kinds of post and limits".
const (
	maxTags       = 12
	maxImageBytes = 8 << 20
	leastWidth    = 400
)

var oauth = connector.OAuth{Host: "www", Authorize: "/oauth/authorize", Token: "/oauth/token"}

var spec = connector.Spec{
	ID: "dribbble", Label: "Dribbble", Preview: connector.Photo,
	Hosts: []connector.Host{connector.At("api", "https://api.dribbble.com"), connector.At("www", "https://dribbble.com")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "oauth", Kind: connector.OAuth2, Label: "Sign in", Help: "You sign in at Dribbble and come back here. Your account must be allowed to upload shots.",
		OAuth: &oauth, Scopes: []string{"public", "upload"},
	}},
	App: connector.Form{
		{Name: "id", Label: "Client ID", Help: "On the application's page.", Must: true},
		{Name: "secret", Label: "Client secret", Help: "On the application's page.", Must: true, Secret: true},
	},
	Registration: &connector.Registration{
		Console: "https://dribbble.com/account/applications",
		Steps: []string{
			"Open dribbble.com/account/applications and choose Register a new application.",
			"Fill in name, description and website.",
			"Enter the callback address shown here as the callback URL, exactly.",
			"Copy the client ID and the client secret into the two fields.",
		},
	},
	Kinds: []connector.Kind{{
		ID: "shot", Label: "Shot", Text: connector.Text{Count: text.Runes, Markup: connector.HTML}, Steps: []string{"shot"}, CallLimit: 2 * time.Minute,
		Once:     connector.Once{By: connector.Lookup, Why: "Dribbble takes no key of ours. If the answer is lost, we look through the account's shots for the same title and words."},
		MinMedia: connector.N(1), MaxMedia: connector.N(1),
		Media: []connector.MediaRule{
			{Type: connector.Image, MIME: []string{"image/jpeg", "image/png"}, MaxBytes: connector.N(maxImageBytes), MinAspect: 1.333, MaxAspect: 1.334, Alt: connector.NoAlt},
			{Type: connector.GIF, MIME: []string{"image/gif"}, MaxBytes: connector.N(maxImageBytes), MinAspect: 1.333, MaxAspect: 1.334, Alt: connector.NoAlt},
		},
	}},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "requests", Max: connector.N(60), Window: time.Minute, Per: "channel", Left: "X-RateLimit-Remaining", Reset: "X-RateLimit-Reset"},
		{What: "requests", Max: connector.N(1440), Window: 24 * time.Hour, Per: "channel"},
	},
	Failures: failures,
	Settle:   2 * time.Minute,
	Powers:   []connector.Power{connector.CanList, connector.CanLookUp, connector.CanFinish, connector.CanEdit, connector.CanDelete},
	Unverified: []string{
		"400 x 300, 800 x 600 and larger pictures of that shape, 8 MB", "5 uploads a day", "which tags of HTML a description keeps", "how long a shot is worked on",
	},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// account is who a token belongs to.
type account struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Login  string `json:"login"`
	Avatar string `json:"avatar_url"`
	URL    string `json:"html_url"`
	May    *bool  `json:"can_upload_shot"`
	Teams  []struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"teams"`
}

func whoIs(ctx context.Context, c *connector.Call) (account, error) {
	var a account
	_, err := c.Send(ctx, connector.Request{Path: "/v2/user", Into: &a})
	if err == nil && a.ID == 0 {
		err = connector.Reject("Dribbble answered without saying whose account this is.", "")
	}
	return a, err
}

// Who implements connector.Publisher.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	a, err := whoIs(ctx, c)
	if err != nil {
		return connector.Identity{}, err
	}
	id := connector.Identity{ID: number(a.ID), Handle: a.Login, Name: a.Name, URL: a.URL, Avatar: a.Avatar}
	if id.URL == "" {
		id.URL = "https://dribbble.com/" + a.Login
	}
	if a.May != nil && !*a.May {
		id.Notes = append(id.Notes, "Dribbble doesn't let this account upload shots yet.")
	}
	return id, nil
}

// Lookup implements connector.Lookuper: the account's teams.
func (Connector) Lookup(ctx context.Context, c *connector.Call, _, _ string, _ map[string]string) ([]connector.Option, error) {
	a, err := whoIs(ctx, c)
	if err != nil {
		return nil, err
	}
	var out []connector.Option
	for _, t := range a.Teams {
		out = append(out, connector.Option{ID: number(t.ID), Label: t.Name})
	}
	return out, nil
}

var (
	_ connector.Lister   = Connector{}
	_ connector.Lookuper = Connector{}
	_ connector.Finisher = Connector{}
	_ connector.Editor   = Connector{}
	_ connector.Deleter  = Connector{}
)
