// Package linkedin publishes to LinkedIn, as a member or as a page.
//
// Facts: fact sheet linkedin; learn.microsoft.com/linkedin (posts API, little text, versioning), read 2026-08.
//
// Caveats: a member's own posts can't be listed by apps (r_member_social is closed), so a member's lost answer is asked
// about, unless LinkedIn refuses the repetition and names the first. For the same reason replies and figures are read
// for pages only. Mentions are written as LinkedIn has them: @[Visible Name](urn:li:organization:123). Pictures aren't
// turned into a document: upload the PDF.
package linkedin

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes as one member or page.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// The ways to connect.
const (
	member = "member"
	page   = "page"
)

// Limits of a post. Source: fact sheet, "Kinds of post and limits".
const (
	maxText       = 3000
	maxComment    = 1250
	maxImages     = 20
	maxPixels     = 36_152_320
	maxImageBytes = 5 << 20
	minVideoBytes = 75 << 10
	maxVideoBytes = 500 << 20
	maxDocument   = 100 << 20
	maxAlt        = 4086
)

// apiVersion is the month of the API that is asked for where the administrator names none. Each lives about a year.
const apiVersion = "202607"

// Life of tokens. Only apps that LinkedIn approved for it get a refresh token; others connect again after two months.
var life = connector.Life{Access: 60 * 24 * time.Hour, Refresh: 365 * 24 * time.Hour, Warn: true}

var oauth = connector.OAuth{
	Host: "www", Authorize: "/oauth/v2/authorization", Token: "/oauth/v2/accessToken", Revoke: "/oauth/v2/revoke", Life: life,
}

// pageOAuth is the same for pages, through an app of its own where there is one: LinkedIn wants the product for pages to
// be the only one of its app.
var pageOAuth = func() connector.OAuth { o := oauth; o.Other = page; return o }()

var spec = connector.Spec{
	ID: "linkedin", Label: "LinkedIn", Preview: connector.Microblog,
	Hosts: []connector.Host{connector.At("api", "https://api.linkedin.com"), connector.At("www", "https://www.linkedin.com"), connector.Matching("upload", "*.linkedin.com")},
	Auth:  connector.Auth{Place: connector.InBearer},
	Connect: []connector.Connect{
		{
			Way: member, Kind: connector.OAuth2, Label: "Your profile", Help: "You sign in at LinkedIn, and posts appear as yours.",
			OAuth: &oauth, Scopes: []string{"openid", "profile", "w_member_social"}, Life: life,
		},
		{
			Way: page, Kind: connector.OAuth2, Label: "A page", Help: "You sign in at LinkedIn as an administrator of the page, and choose it.",
			OAuth: &pageOAuth, Scopes: []string{"r_organization_social", "w_organization_social", "rw_organization_admin"}, Life: life,
		},
	},
	Targets: &connector.Targets{Label: "Page", Many: "Pages", Help: "Pages of which you are an administrator or content administrator."},
	App: connector.Form{
		{Name: "id", Label: "Client ID", Help: "On the app's page, under Auth.", Must: true},
		{Name: "secret", Label: "Client secret", Help: "On the app's page, under Auth.", Must: true, Secret: true},
		{Name: "page_id", Label: "Client ID for pages", Help: "Of the second app, where pages have one of their own."},
		{Name: "page_secret", Label: "Client secret for pages", Help: "Of the second app.", Secret: true},
		{Name: "version", Label: "API version", Help: "The month of LinkedIn's API, like 202607. Each lives about a year.", Max: 6, Example: apiVersion},
	},
	Registration: &connector.Registration{
		Console: "https://www.linkedin.com/developers/apps",
		Steps: []string{
			"Create an app there, linked to a page of your company, and let an administrator of that page verify it.",
			"Under Products add Sign In with LinkedIn using OpenID Connect, and Share on LinkedIn: they serve profiles, and are there at once.",
			"For pages make a second app with the one product Community Management API: LinkedIn wants it to stand alone.",
			"In each app, under Auth, add the callback address shown here as a redirect URL, exactly.",
			"Copy client ID and client secret into the fields, those of the second app into the fields for pages.",
		},
		Review: "Pages need the Community Management API: a form for its development tier, and a recording of the screen for everybody else's pages.",
	},
	Kinds: append(kinds("", member, once{
		post: connector.Once{By: connector.Ask, DuplicateProves: true, Why: "LinkedIn takes no key of ours and shows no app what a member posted. If the answer is lost, somebody has to look; should the same words be sent again, LinkedIn names the post that stands there."},
	}), kinds(page+"-", page, once{
		post: connector.Once{By: connector.Lookup, Why: "LinkedIn takes no key of ours. If the answer is lost, we look through the page's posts for our files, whose numbers no other post has, or for the same words."},
	})...),
	Settings: settingsForm.Form(),
	Rules:    rules,
	Limits: []connector.Limit{
		{What: "posts", Max: connector.N(150), Window: 24 * time.Hour, Per: "channel"},
		{What: "posts", Max: connector.N(100_000), Window: 24 * time.Hour, Per: "app"},
	},
	Failures: failures,
	Settle:   2 * time.Minute,
	Powers: []connector.Power{
		connector.CanList, connector.CanRefresh, connector.CanRevoke, connector.CanChoose, connector.CanLookUp, connector.CanEdit, connector.CanDelete, connector.CanRead, connector.CanMeasure,
	},
	Unverified: []string{
		"3,000 are UTF-16 units", "1,250 signs of a comment", "150 posts a day of a member, 100,000 of an app", "the address that ends access",
		"that pages still need an app of their own", "how long the same words count as a repetition",
	},
}

// once is how the posts of a way stay at exactly one; a comment is always asked about.
type once struct{ post connector.Once }

// kinds are the kinds of post of one way: what LinkedIn takes is the same, how it stays at one isn't.
func kinds(prefix, way string, by once) []connector.Kind {
	words := connector.Text{Count: text.UTF16, Max: connector.N(maxText), Markup: connector.Little}
	must := words
	must.Must = true
	via := []string{way}
	return []connector.Kind{
		{ID: prefix + "text", Label: "Text", Via: via, Text: must, Once: by.post, Steps: []string{"card?", "cover?", "post"}},
		{
			ID: prefix + "images", Label: "Images", Via: via, Text: words, Once: by.post, Steps: []string{"upload…", "ready…", "post"},
			MinMedia: connector.N(1), MaxMedia: connector.N(maxImages), Media: []connector.MediaRule{picture(connector.Image, "image/jpeg", "image/png"), picture(connector.GIF, "image/gif")},
		},
		{
			ID: prefix + "video", Label: "Video", Via: via, Text: words, Once: by.post, Steps: []string{"start", "part…", "final", "available", "post"},
			MinMedia: connector.N(1), MaxMedia: connector.N(1),
			Media: []connector.MediaRule{{
				Type: connector.VideoFile, MIME: []string{"video/mp4"}, MinBytes: connector.N(minVideoBytes), MaxBytes: connector.N(maxVideoBytes),
				MinAspect: 1 / 2.4, MaxAspect: 2.4, MinLength: 3 * time.Second, MaxLength: 30 * time.Minute, Alt: connector.NoAlt,
			}},
		},
		{
			ID: prefix + "document", Label: "Document", Via: via, Text: words, Once: by.post, Steps: []string{"upload…", "ready…", "post"},
			MinMedia: connector.N(1), MaxMedia: connector.N(1),
			Media: []connector.MediaRule{{
				Type: connector.DocumentPDF, MaxBytes: connector.N(maxDocument), Alt: connector.NoAlt,
				MIME: []string{"application/pdf", "application/msword", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
			}},
		},
		{
			ID: prefix + "comment", Label: "First comment", Via: via, Roles: []connector.Role{connector.Comment}, Steps: []string{"comment"},
			Text: connector.Text{Count: text.UTF16, Max: connector.N(maxComment), Must: true, Markup: connector.PlainText},
			Once: connector.Once{By: connector.Ask, Why: "LinkedIn takes no key of ours for comments. If the answer is lost, somebody has to look."},
		},
	}
}

func picture(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, MaxPixels: connector.N(maxPixels), MaxBytes: connector.N(maxImageBytes), Alt: connector.N(maxAlt)}
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// rest does a request to the versioned API.
func rest(ctx context.Context, c *connector.Call, r connector.Request) (http.Header, error) {
	version := c.App.Extra["version"]
	if version == "" {
		version = apiVersion
	}
	header := map[string]string{"Linkedin-Version": version, "X-Restli-Protocol-Version": "2.0.0"}
	for k, v := range r.Header {
		header[k] = v
	}
	r.Header = header
	return c.Send(ctx, r)
}

// escaped is a URN as it stands in a path: with its colons escaped.
func escaped(urn string) string { return url.QueryEscape(urn) }

// author is who posts.
func author(ch *connector.Channel) string {
	if ch.Way == page {
		return "urn:li:organization:" + ch.Target
	}
	return "urn:li:person:" + ch.RemoteID
}

// organization is a page.
type organization struct {
	ID     int64  `json:"id"`
	Name   string `json:"localizedName"`
	Vanity string `json:"vanityName"`
}

func (o organization) identity(id string) connector.Identity {
	return connector.Identity{ID: id, Handle: o.Vanity, Name: o.Name, URL: "https://www.linkedin.com/company/" + id + "/"}
}

func readOrganization(ctx context.Context, c *connector.Call, id string) (connector.Identity, error) {
	var o organization
	if _, err := rest(ctx, c, connector.Request{Path: "/rest/organizations/" + id, Into: &o}); err != nil {
		return connector.Identity{}, err
	}
	return o.identity(id), nil
}

// Who implements connector.Publisher: the member, the page, or, before a page is chosen, who administers some.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	switch {
	case c.Channel.Way == page && c.Channel.Target != "":
		return readOrganization(ctx, c, c.Channel.Target)
	case c.Channel.Way == page:
		roles, err := administered(ctx, c)
		if err != nil {
			return connector.Identity{}, err
		}
		if len(roles) == 0 {
			return connector.Identity{}, connector.Reject("You aren't an administrator of any page.", "")
		}
		return connector.Identity{ID: last(roles[0].Assignee), Name: "Pages"}, nil
	}
	var who struct {
		Sub     string `json:"sub"`
		Name    string `json:"name"`
		Picture string `json:"picture"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/v2/userinfo", Into: &who}); err != nil {
		return connector.Identity{}, err
	}
	if who.Sub == "" {
		return connector.Identity{}, connector.Reject("LinkedIn answered without saying who this is.", "")
	}
	return connector.Identity{ID: who.Sub, Handle: who.Name, Name: who.Name, Avatar: who.Picture, URL: "https://www.linkedin.com/in/me/"}, nil
}

// role is what somebody may do for a page.
type role struct {
	Organization string `json:"organization"`
	Target       string `json:"organizationTarget"`
	Assignee     string `json:"roleAssignee"`
	Role         string `json:"role"`
}

// administered are the roles by which the member may post for pages.
func administered(ctx context.Context, c *connector.Call) ([]role, error) {
	var out struct {
		Elements []role `json:"elements"`
	}
	_, err := rest(ctx, c, connector.Request{Path: "/rest/organizationAcls", Query: url.Values{"q": {"roleAssignee"}, "state": {"APPROVED"}, "count": {"100"}}, Into: &out})
	if err != nil {
		return nil, err
	}
	var may []role
	for _, r := range out.Elements {
		if r.Organization == "" {
			r.Organization = r.Target
		}
		if r.Role == "ADMINISTRATOR" || r.Role == "CONTENT_ADMINISTRATOR" {
			may = append(may, r)
		}
	}
	return may, nil
}

// last is the last part of a URN.
func last(urn string) string { return urn[strings.LastIndexByte(urn, ':')+1:] }

// Choose implements connector.Chooser. A profile has nothing to choose.
func (Connector) Choose(ctx context.Context, c *connector.Call) ([]connector.Target, error) {
	if c.Channel.Way != page {
		return nil, nil
	}
	roles, err := administered(ctx, c)
	if err != nil {
		return nil, err
	}
	var out []connector.Target
	seen := map[string]bool{}
	for _, r := range roles {
		id := last(r.Organization)
		if seen[id] {
			continue
		}
		seen[id] = true
		identity, err := readOrganization(ctx, c, id)
		if err != nil {
			return nil, err
		}
		out = append(out, connector.Target{Identity: identity, Help: strings.ToLower(strings.ReplaceAll(r.Role, "_", " "))})
	}
	return out, nil
}

// Lookup implements connector.Lookuper: a page to mention, by the last part of its address.
func (Connector) Lookup(ctx context.Context, c *connector.Call, _, query string, _ map[string]string) ([]connector.Option, error) {
	vanity := strings.Trim(strings.TrimPrefix(strings.TrimSpace(query), "https://www.linkedin.com/company/"), "/@")
	if vanity == "" {
		return nil, nil
	}
	var out struct {
		Elements []organization `json:"elements"`
	}
	if _, err := rest(ctx, c, connector.Request{Path: "/rest/organizations", Query: url.Values{"q": {"vanityName"}, "vanityName": {vanity}}, Into: &out}); err != nil {
		return nil, err
	}
	var options []connector.Option
	for _, o := range out.Elements {
		options = append(options, connector.Option{ID: mention(o), Label: o.Name, Help: o.Vanity})
	}
	return options, nil
}

// Refresh implements connector.Refresher.
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
	_ connector.Lookuper  = Connector{}
	_ connector.Editor    = Connector{}
	_ connector.Deleter   = Connector{}
	_ connector.Reader    = Connector{}
	_ connector.Measurer  = Connector{}
)
