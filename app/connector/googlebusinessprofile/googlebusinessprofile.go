// Package googlebusinessprofile publishes updates, events and offers of places that have a Google Business Profile.
//
// Facts: fact sheet google-business-profile; developers.google.com/my-business/reference/rest/v4, read 2026-08 and 2026-11.
//
// Caveats: Google looks at each post and may take it down later: that is asked for after publication. Events and offers
// happen at the place's own local time, so their times have no zone. A video is never sent, because Google answers each
// with an error. Reviews answer the place and no post, and Google ended figures of posts in 2023: neither is read.
package googlebusinessprofile

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one place.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits of a post. Source: fact sheet, "Kinds of post and limits".
const (
	maxSummary    = 1500
	maxEventTitle = 58
	minImageBytes = 10 << 10
	maxImageBytes = 5 << 20
	leastSide     = 250
)

// The kinds of post.
const (
	update = "update"
	event  = "event"
	offer  = "offer"
)

var life = connector.Life{Access: time.Hour}

var oauth = connector.OAuth{
	Host: "oauth", Page: "sign-in", Authorize: "/o/oauth2/v2/auth", Token: "/token", Revoke: "/revoke", EndRefresh: true,
	PKCE: connector.PKCEOptional, Extra: map[string]string{"access_type": "offline", "prompt": "consent"}, Life: life,
}

var summary = connector.Text{Count: text.Runes, Max: connector.N(maxSummary), Must: true, Markup: connector.PlainText}

var lookup = connector.Once{
	By:  connector.Lookup,
	Why: "Google takes no key of ours. If the answer is lost, we look through the place's posts for the same words, kind, button and event.",
}

var photo = []connector.MediaRule{{
	Type: connector.Image, MIME: []string{"image/jpeg", "image/png"}, MinBytes: connector.N(minImageBytes), MaxBytes: connector.N(maxImageBytes), Alt: connector.NoAlt, ByURL: true,
}}

var spec = connector.Spec{
	ID: "google-business-profile", Label: "Google Business Profile", Preview: connector.Microblog,
	Hosts: []connector.Host{
		connector.At("posts", "https://mybusiness.googleapis.com"), connector.At("accounts", "https://mybusinessaccountmanagement.googleapis.com"),
		connector.At("places", "https://mybusinessbusinessinformation.googleapis.com"),
		connector.At("oauth", "https://oauth2.googleapis.com"), connector.At("sign-in", "https://accounts.google.com"),
	},
	Auth: connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{{
		Way: "oauth", Kind: connector.OAuth2, Label: "Sign in", Help: "You sign in at Google as somebody who manages the place, and choose it.",
		OAuth: &oauth, Scopes: []string{"https://www.googleapis.com/auth/business.manage"}, Life: life,
	}},
	Targets: &connector.Targets{Label: "Place", Many: "Places", Help: "Places that you manage and that may post."},
	App: connector.Form{
		{Name: "id", Label: "Client ID", Help: "In Google Cloud, under Clients.", Must: true},
		{Name: "secret", Label: "Client secret", Help: "In Google Cloud, under Clients; shown once.", Must: true, Secret: true},
	},
	Registration: &connector.Registration{
		Console: "https://console.cloud.google.com/auth/clients",
		Steps: []string{
			"Make a project in Google Cloud.",
			"Ask Google for access with the form Application for basic API access, from a profile that is verified and at least 60 days old. Until then the quota is 0.",
			"Enable the Google My Business API, the My Business Account Management API and the My Business Business Information API.",
			"Fill in the consent screen with the scope business.manage.",
			"Under Clients create a web application with the callback address shown here as a redirect URI, exactly.",
			"Copy the client ID and the client secret into the two fields.",
		},
		Review: "Google looks at the access form first, and at the consent screen before others than its testers may sign in.",
	},
	Kinds: []connector.Kind{
		{ID: update, Label: "Update", Text: summary, Once: lookup, Steps: []string{"photo…", "post"}, MaxMedia: connector.N(1), Media: photo},
		{ID: event, Label: "Event", Text: summary, Once: lookup, Steps: []string{"photo…", "post"}, MaxMedia: connector.N(1), Media: photo},
		{ID: offer, Label: "Offer", Text: summary, Once: lookup, Steps: []string{"photo…", "post"}, MaxMedia: connector.N(1), Media: photo},
	},
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(10), Window: time.Minute, Per: "channel"},
		{What: "requests", Max: connector.N(300), Window: time.Minute, Per: "app"},
	},
	Failures: failures,
	Settle:   2 * time.Minute,
	Powers: []connector.Power{
		connector.CanList, connector.CanRefresh, connector.CanRevoke, connector.CanChoose, connector.CanFinish, connector.CanEdit, connector.CanDelete,
	},
	Unverified: []string{
		"how Google counts emoji in the 1,500", "whether posts count as edits, of which a place has 10 a minute", "how soon a post shows in the list",
		"whether an event or an offer may stand without words", "how long Google looks at a post",
	},
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// person is one of the roles in which somebody manages places; Google calls it an account.
type person struct {
	Name  string `json:"name"` // accounts/1
	Label string `json:"accountName"`
}

// place is a location.
type place struct {
	Name    string `json:"name"` // locations/2, without the account in front
	Title   string `json:"title"`
	Address struct {
		Lines    []string `json:"addressLines"`
		Locality string   `json:"locality"`
	} `json:"storefrontAddress"`
	Metadata struct {
		Maps    string `json:"mapsUri"`
		MayPost bool   `json:"canOperateLocalPost"`
		Owned   bool   `json:"hasVoiceOfMerchant"`
	} `json:"metadata"`
}

const placeFields = "name,title,storefrontAddress,metadata"

// identity of a place. Its id is the name that posts are made under: accounts/1/locations/2.
func (p place) identity(account string) connector.Identity {
	id := connector.Identity{ID: account + "/" + p.Name, Handle: p.Title, Name: p.Title, URL: p.Metadata.Maps}
	if !p.Metadata.Owned {
		id.Notes = append(id.Notes, "This place isn't verified. Google shows its posts only after that.")
	}
	return id
}

func (p place) address() string {
	return strings.Join(append(p.Address.Lines[:len(p.Address.Lines):len(p.Address.Lines)], p.Address.Locality), ", ")
}

// mostPages bounds how far lists are followed.
const mostPages = 20

// people are the roles of who signed in.
func people(ctx context.Context, c *connector.Call) ([]person, error) {
	var found []person
	for page, token := 0, ""; page < mostPages; page++ {
		var out struct {
			Accounts []person `json:"accounts"`
			Next     string   `json:"nextPageToken"`
		}
		if _, err := c.Send(ctx, connector.Request{Host: "accounts", Path: "/v1/accounts", Query: paged("20", token), Into: &out}); err != nil {
			return nil, err
		}
		found = append(found, out.Accounts...)
		if token = out.Next; token == "" {
			break
		}
	}
	if len(found) == 0 {
		return nil, connector.Reject("Nobody manages a place here. Sign in as somebody who does.", "")
	}
	return found, nil
}

func paged(size, token string) url.Values {
	q := url.Values{"pageSize": {size}}
	if token != "" {
		q.Set("pageToken", token)
	}
	return q
}

// Who implements connector.Publisher: the place, or who signed in where none is chosen yet.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	account, name, ok := split(c.Channel.Target)
	if !ok {
		who, err := people(ctx, c)
		if err != nil {
			return connector.Identity{}, err
		}
		return connector.Identity{ID: who[0].Name, Handle: who[0].Label, Name: who[0].Label}, nil
	}
	var p place
	if _, err := c.Send(ctx, connector.Request{Host: "places", Path: "/v1/" + name, Query: url.Values{"readMask": {placeFields}}, Into: &p}); err != nil {
		return connector.Identity{}, err
	}
	if p.Name != name {
		return connector.Identity{}, connector.Reject("Google answered without saying which place this is.", "")
	}
	id := p.identity(account)
	if !p.Metadata.MayPost {
		id.Notes = append(id.Notes, "Google doesn't let this place post now.")
	}
	return id, nil
}

// split parts accounts/1/locations/2.
func split(target string) (account, name string, ok bool) {
	i := strings.Index(target, "/locations/")
	if i < 0 {
		return "", "", false
	}
	return target[:i], target[i+1:], true
}

// Choose implements connector.Chooser: the places that may post.
func (Connector) Choose(ctx context.Context, c *connector.Call) ([]connector.Target, error) {
	who, err := people(ctx, c)
	if err != nil {
		return nil, err
	}
	var out []connector.Target
	seen := map[string]bool{}
	for _, one := range who {
		for page, token := 0, ""; page < mostPages; page++ {
			var got struct {
				Locations []place `json:"locations"`
				Next      string  `json:"nextPageToken"`
			}
			q := paged("100", token)
			q.Set("readMask", placeFields)
			if _, err := c.Send(ctx, connector.Request{Host: "places", Path: "/v1/" + one.Name + "/locations", Query: q, Into: &got}); err != nil {
				return nil, err
			}
			for _, p := range got.Locations {
				if p.Metadata.MayPost && !seen[p.Name] {
					seen[p.Name] = true
					out = append(out, connector.Target{Identity: p.identity(one.Name), Help: p.address()})
				}
			}
			if token = got.Next; token == "" {
				break
			}
		}
	}
	if len(out) == 0 {
		return nil, connector.Reject("None of your places may post. Google lets verified places of most kinds post.", "")
	}
	return out, nil
}

// Refresh implements connector.Refresher. The refresh token stays.
func (Connector) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return connector.RefreshOAuth(ctx, c)
}

// Revoke implements connector.Revoker.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	return connector.RevokeOAuth(ctx, c)
}

var (
	_ connector.Lister    = Connector{}
	_ connector.Refresher = Connector{}
	_ connector.Revoker   = Connector{}
	_ connector.Chooser   = Connector{}
	_ connector.Finisher  = Connector{}
	_ connector.Editor    = Connector{}
	_ connector.Deleter   = Connector{}
)
