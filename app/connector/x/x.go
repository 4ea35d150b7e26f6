// Package x publishes to X.
//
// Facts: fact sheet x; xdevplatform/docs of 2026-08-22, read 2026-08. Prices and the daily de-duplication of reads:
// x-api/getting-started/pricing and x-api/fundamentals/post-cap of the same docs, read 2026-11-24.
//
// Caveats: X takes no key of ours, so a post is looked for by its words, with the short links expanded; that listing is
// paid for. Articles aren't built: their publishing names no id to prove that it happened once. Editing isn't built: it
// makes a new post under a new number, for some plans only.
package x

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one account.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits of a post. Source: fact sheet, "Kinds of post and limits".
const (
	maxWeighted     = 280
	maxLongWeighted = 25_000 // of Premium accounts
	linkWeight      = 23
	maxImages       = 4
	maxImageBytes   = 5 << 20
	maxGIFBytes     = 15 << 20
	maxVideoBytes   = 512 << 20
	maxAlt          = 1000
	maxTagged       = 10
)

// Names of facts.
const (
	factWeighted = "max_weighted"
	factPremium  = "premium"
	factQuotes   = "quotes"
)

// enterprise is the plan under which posts of others may be quoted.
const enterprise = "enterprise"

var scopes = []string{"tweet.read", "tweet.write", "users.read", "media.write", "offline.access"}

var plan = connector.Field{
	Name: "plan", Label: "Plan", Help: "What the app's owner has with X. Only Enterprise may quote posts.", Kind: connector.FieldChoice,
	Options: []connector.Option{{ID: "pay", Label: "Pay per use"}, {ID: enterprise, Label: "Enterprise"}}, Default: []byte(`"pay"`),
}

var oauth = connector.OAuth{
	Host: "api", Page: "page", Authorize: "/i/oauth2/authorize", Token: "/2/oauth2/token", Revoke: "/2/oauth2/revoke",
	PKCE: connector.PKCERequired, SecretIn: connector.SecretInBasic, Life: life,
}

var life = connector.Life{Access: 2 * time.Hour, Refresh: 182 * 24 * time.Hour, Rotates: true}

func key(name, label string) connector.Field {
	return connector.Field{Name: name, Label: label, Help: "From your app's page on console.x.com, under Keys and tokens.", Secret: true, Must: true}
}

var words = connector.Text{Count: text.Weighted, Max: connector.Fact(factWeighted, maxWeighted), Link: connector.N(linkWeight), Markup: connector.PlainText}

var lookup = connector.Once{
	By:  connector.Lookup,
	Why: "X takes no key of ours. If the answer is lost, we look through the account's posts for the same words, with short links written out, and send again only when two looks find nothing.",
}

var allRoles = []connector.Role{connector.Post, connector.Reply, connector.Comment}

var spec = connector.Spec{
	ID: "x", Label: "X", Preview: connector.Microblog,
	Hosts: []connector.Host{connector.At("api", "https://api.x.com"), connector.At("page", "https://x.com")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{
		{
			Way: "oauth", Kind: connector.OAuth2PKCE, Label: "Sign in", Help: "You sign in at X and come back here.",
			OAuth: &oauth, Scopes: scopes, Life: life,
		},
		{
			Way: "keys", Kind: connector.OAuth1, Label: "Keys of your own app", Help: "Four keys of an app that you own at X, with the right to read and write. They don't end.",
			Fields: connector.Form{key(connector.ConsumerKey, "API key"), key(connector.ConsumerSecret, "API key secret"), key("token", "Access token"), key(connector.TokenSecret, "Access token secret"), plan},
			Auth:   &connector.SignedOAuth1,
		},
	},
	App: connector.Form{
		{Name: "id", Label: "Client ID", Help: "From User authentication settings, not the API key.", Must: true},
		{Name: "secret", Label: "Client secret", Help: "Shown once beside the client ID.", Must: true, Secret: true},
		plan,
	},
	Registration: &connector.Registration{
		Console: "https://console.x.com",
		Steps: []string{
			"Open console.x.com with a developer account and make a project with an app.",
			"Open the app's User authentication settings and choose Set up.",
			"Choose Read and write, and Web App as the type of app.",
			"Enter the callback address shown here, exactly, and the address of your website.",
			"Copy the OAuth 2.0 client ID and client secret from here into the two fields.",
			"Buy credits under Billing: each post costs some, and without credits X refuses every call.",
		},
	},
	Kinds: []connector.Kind{
		{ID: "text", Label: "Text", Roles: allRoles, Text: mustText(words), Once: lookup, Steps: []string{"post"}},
		{
			ID: "images", Label: "Images", Roles: allRoles, Text: words, Once: lookup, Steps: []string{"upload…", "alt…?", "post"},
			MinMedia: connector.N(1), MaxMedia: connector.N(maxImages),
			Media: []connector.MediaRule{{Type: connector.Image, MIME: []string{"image/jpeg", "image/png", "image/webp"}, MaxBytes: connector.N(maxImageBytes), Alt: connector.N(maxAlt)}},
		},
		{
			ID: "gif", Label: "GIF", Roles: allRoles, Text: words, Once: lookup, Steps: []string{"start…", "part…", "final…", "ready…", "alt…?", "post"},
			MinMedia: connector.N(1), MaxMedia: connector.N(1),
			Media: []connector.MediaRule{{Type: connector.GIF, MIME: []string{"image/gif"}, MaxBytes: connector.N(maxGIFBytes), MaxSide: connector.N(1280), Alt: connector.N(maxAlt)}},
		},
		{
			ID: "video", Label: "Video", Roles: allRoles, Text: words, Once: lookup, Steps: []string{"start…", "part…", "final…", "ready…", "post"},
			MinMedia: connector.N(1), MaxMedia: connector.N(1),
			Media: []connector.MediaRule{{
				Type: connector.VideoFile, MIME: []string{"video/mp4", "video/quicktime"}, MaxBytes: connector.N(maxVideoBytes), MaxSide: connector.N(1280),
				MinAspect: 1.0 / 3, MaxAspect: 3, MinLength: 500 * time.Millisecond, MaxLength: 140 * time.Second, FPS: 60, Codecs: []string{"h264"}, Alt: connector.NoAlt,
			}},
		},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(100), Window: 15 * time.Minute, Per: "channel", Left: "X-Rate-Limit-Remaining", Reset: "X-Rate-Limit-Reset"},
		{What: "posts", Max: connector.N(300), Window: 3 * time.Hour, Per: "channel"},
		{What: "posts", Max: connector.N(10_000), Window: 24 * time.Hour, Per: "app"},
		{What: "uploads", Max: connector.N(500), Window: 15 * time.Minute, Per: "channel"},
	},
	Prices: []connector.Price{
		{What: "A post", Amount: "0.015", Currency: "USD", When: connector.PerPost},
		{What: "A post with an address in it", Amount: "0.200", Currency: "USD", When: connector.WithLink},
		{What: "Alt text of a picture", Amount: "0.005", Currency: "USD", When: connector.PerAlt},
		{What: "Each own post that we list before and after, once a day", Amount: "0.001", Currency: "USD", When: connector.Later},
		{What: "Deleting a post", Amount: "0.010", Currency: "USD", When: connector.Later},
		{What: "Each reply that we read, once a day", Amount: "0.005", Currency: "USD", When: connector.Later},
	},
	Failures: failures,
	Settle:   2 * time.Minute,
	Powers: []connector.Power{
		connector.CanList, connector.CanRefresh, connector.CanRevoke, connector.CanLookUp, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{
		"25,000 of a Premium account's long posts through the API", "the life of an unused refresh token", "the wording of a refused refresh token and of missing credits",
		"what X says to somebody who isn't a member of the community", "whether the post's media have the numbers of their uploads (only asked for posts without text)",
		"how long the same words count as a repetition",
	},
}

func mustText(t connector.Text) connector.Text { t.Must = true; return t }

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// account is who a token belongs to, or somebody else there.
type account struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Username     string `json:"username"`
	Avatar       string `json:"profile_image_url"`
	Subscription string `json:"subscription_type"`
}

// Who implements connector.Publisher. The plan of the app decides about quotes, the account's own about long posts.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var out struct {
		Data account `json:"data"`
	}
	_, err := c.Send(ctx, connector.Request{Path: "/2/users/me", Query: url.Values{"user.fields": {"name,username,profile_image_url,subscription_type"}}, Into: &out})
	if err != nil {
		return connector.Identity{}, err
	}
	a := out.Data
	if a.ID == "" {
		return connector.Identity{}, connector.Reject("X answered without saying whose account this is.", "")
	}
	id := connector.Identity{ID: a.ID, Handle: "@" + a.Username, Name: a.Name, URL: "https://x.com/" + a.Username, Avatar: a.Avatar, Facts: connector.Facts{}}
	if strings.HasPrefix(a.Subscription, "Premium") {
		id.Facts[factPremium], id.Facts[factWeighted] = 1, maxLongWeighted
	}
	if c.App.Extra[plan.Name] == enterprise || c.Channel.Fields[plan.Name] == enterprise {
		id.Facts[factQuotes] = 1
	}
	return id, nil
}

// Refresh implements connector.Refresher. Pasted keys don't end and can't be refreshed.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return connector.RefreshOAuth(ctx, c)
}

// Revoke implements connector.Revoker. Pasted keys are ended where they were made.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	return connector.RevokeOAuth(ctx, c)
}

// Lookup implements connector.Lookuper: the person with this handle, to be tagged in a picture.
func (Connector) Lookup(ctx context.Context, c *connector.Call, _, query string, _ map[string]string) ([]connector.Option, error) {
	handle := strings.TrimPrefix(strings.TrimSpace(query), "@")
	if handle == "" {
		handle = strings.TrimPrefix(c.Channel.Handle, "@")
	}
	var out struct {
		Data account `json:"data"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/2/users/by/username/" + url.PathEscape(handle), Into: &out}); err != nil && !gone(err) {
		return nil, err
	}
	if out.Data.ID == "" {
		return nil, nil
	}
	return []connector.Option{{ID: out.Data.ID, Label: "@" + out.Data.Username, Help: out.Data.Name}}, nil
}

var (
	_ connector.Lister    = Connector{}
	_ connector.Refresher = Connector{}
	_ connector.Revoker   = Connector{}
	_ connector.Lookuper  = Connector{}
	_ connector.Deleter   = Connector{}
	_ connector.Reader    = Connector{}
	_ connector.Measurer  = Connector{}
)
