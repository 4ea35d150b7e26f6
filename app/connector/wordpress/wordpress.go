// Package wordpress publishes articles to a WordPress site of one's own through its REST API.
//
// Facts: fact sheet wordpress; WP-API/docs ab20319 of 2025-06-04, read 2026-08.
//
// Caveats: sites on WordPress.com have another API and aren't served. All calls go to ?rest_route=, which works with and
// without pretty addresses; a security plug-in that blocks it says so when connecting. A text that begins with a heading
// gives the title; else the title is a setting, or the first words.
//
// Why a draft first: publishing a draft sets a state, so doing it twice is one post, and its state can be read. The draft
// is made under a slug of ours and looked for before it is made; publishing gives it the person's slug, or lets
// WordPress make one from the title.
package wordpress

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes to one site as one of its users.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// maxAlt is ours; WordPress has no limit.
const maxAlt = 2000

var handle = connector.Once{
	By: connector.Handle, Why: "A draft is made first; publishing it twice is still one post, and we can read whether it is published.",
}

func rule(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, Alt: connector.N(maxAlt)}
}

var spec = connector.Spec{
	ID: "wordpress", Label: "WordPress", Preview: connector.Article,
	Hosts: []connector.Host{connector.FromField("site")},
	Auth:  connector.Auth{Place: connector.InBasic, Name: "username", From: "password"},
	Connect: []connector.Connect{{
		Way: "app_password", Kind: connector.AppPassword, Label: "Application password",
		Help: "In WordPress: Users, Profile, Application Passwords, Add new.",
		Fields: connector.Form{
			{Name: "site", Label: "Site", Help: "The address of your site.", Kind: connector.FieldServer, Must: true, Example: "https://blog.example.com"},
			{Name: "username", Label: "User name", Help: "The name that you sign in with.", Must: true, Max: 100},
			{Name: "password", Label: "Application password", Help: "Six groups of four letters; not the one that you sign in with.", Secret: true, Must: true, Max: 200, Example: "abcd EFGH 1234 ijkl MNOP 5678"},
		},
	}},
	Kinds: []connector.Kind{
		{
			ID: "article", Label: "Article", Steps: []string{"media…", "terms?", "draft", "publish"}, Once: handle, MaxMedia: connector.Any,
			Text: connector.Text{Count: text.Runes, Markup: connector.HTML},
			Media: []connector.MediaRule{
				rule(connector.Image, "image/jpeg", "image/png", "image/webp", "image/avif"), rule(connector.GIF, "image/gif"),
				rule(connector.VideoFile, "video/mp4", "video/quicktime", "video/webm"), rule(connector.Audio, "audio/mpeg", "audio/ogg", "audio/wav"),
				rule(connector.DocumentPDF, "application/pdf"),
			},
		},
		{
			ID: "comment", Label: "Comment", Roles: []connector.Role{connector.Comment}, Steps: []string{"comment"},
			Text: connector.Text{Count: text.Bytes, Max: connector.N(maxComment), Must: true, Markup: connector.PlainText},
			Once: connector.Once{By: connector.Lookup, Why: "The site lists what we commented; we look for the words under the post."},
		},
	},
	Settings:   settingsForm.Form(),
	Failures:   failures,
	Settle:     time.Minute,
	Powers:     []connector.Power{connector.CanList, connector.CanLook, connector.CanRevoke, connector.CanLookUp, connector.CanEdit, connector.CanDelete, connector.CanRead},
	Unverified: []string{"the codes of some refusals, which are known from WordPress itself and not from its API's documentation"},
}

// maxComment is WordPress's limit for a comment, in bytes.
const maxComment = 65_525

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// at is a request to a route of the REST API.
func at(method, route string, query url.Values) connector.Request {
	q := url.Values{"rest_route": {route}}
	for k, v := range query {
		q[k] = v
	}
	return connector.Request{Method: method, Path: "/", Query: q}
}

// get asks for a route.
func get(ctx context.Context, c *connector.Call, route string, query url.Values, into any) error {
	r := at("GET", route, query)
	r.Into = into
	_, err := c.Send(ctx, r)
	return err
}

// post sends JSON to a route.
func post(ctx context.Context, c *connector.Call, route string, body, into any) error {
	r := at("POST", route, nil)
	r.JSON, r.Into = body, into
	_, err := c.Send(ctx, r)
	return err
}

// site is what the API's root tells.
type site struct {
	Name           string         `json:"name"`
	URL            string         `json:"url"`
	Namespaces     []string       `json:"namespaces"`
	Authentication map[string]any `json:"authentication"`
}

// Who implements connector.Publisher: which site, which user, and what that user may do.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var s site
	root := at("GET", "/", nil)
	root.NoAuth, root.Into = true, &s
	if _, err := c.Send(ctx, root); err != nil {
		return connector.Identity{}, err
	}
	if len(s.Namespaces) == 0 {
		return connector.Identity{}, connector.Reject("This address answers, but not as a WordPress site with its REST API.", "")
	}
	if c.Channel.RemoteID == "" && s.Authentication["application-passwords"] == nil {
		return connector.Identity{}, connector.Reject("This site has application passwords turned off. They need https, and a security plug-in may forbid them.", "")
	}
	var u struct {
		ID           int               `json:"id"`
		Name         string            `json:"name"`
		Slug         string            `json:"slug"`
		Link         string            `json:"link"`
		Capabilities map[string]bool   `json:"capabilities"`
		Avatars      map[string]string `json:"avatar_urls"`
	}
	if err := get(ctx, c, "/wp/v2/users/me", url.Values{"context": {"edit"}}, &u); err != nil {
		return connector.Identity{}, err
	}
	id := connector.Identity{
		ID: strconv.Itoa(u.ID), Handle: u.Slug, Name: s.Name, URL: s.URL, Avatar: u.Avatars["96"], More: map[string]string{"user": u.Name}, Facts: connector.Facts{},
	}
	if !u.Capabilities["publish_posts"] {
		id.Notes = append(id.Notes, u.Name+" may not publish on this site; posts can be sent in for review.")
	}
	if !u.Capabilities["upload_files"] {
		id.Notes = append(id.Notes, u.Name+" may not upload files on this site.")
	}
	return id, nil
}

// Revoke implements connector.Revoker: it takes the application password away.
func (Connector) Revoke(ctx context.Context, c *connector.Call) error {
	var self struct {
		UUID string `json:"uuid"`
	}
	err := get(ctx, c, "/wp/v2/users/me/application-passwords/introspect", nil, &self)
	if connector.ClassOf(err) == connector.Reconnect {
		return nil
	}
	if err != nil || self.UUID == "" {
		return err
	}
	_, err = c.Send(ctx, at("DELETE", "/wp/v2/users/me/application-passwords/"+self.UUID, nil))
	return err
}

var (
	_ connector.Lister   = Connector{}
	_ connector.Looker   = Connector{}
	_ connector.Revoker  = Connector{}
	_ connector.Lookuper = Connector{}
	_ connector.Editor   = Connector{}
	_ connector.Deleter  = Connector{}
	_ connector.Reader   = Connector{}
)
