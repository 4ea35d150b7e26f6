package lemmy

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// version is the API that a server has.
type version string

const (
	v3 version = "v3"
	v4 version = "v4"
)

// paths of both versions where their names differ; the others are their own names.
var paths = map[version]map[string]string{
	v3: {"login": "user/login", "logout": "user/logout", "me": "site", "communities": "community/list", "content": "user", "comments": "comment/list", "languages": "site"},
	v4: {"login": "account/auth/login", "logout": "account/auth/logout", "me": "account", "communities": "community/list", "content": "person/content", "comments": "comment/list"},
}

func (v version) path(name string) string {
	if p, ok := paths[v][name]; ok {
		name = p
	}
	return "/api/" + string(v) + "/" + name
}

// word is the value of an enumeration: version 4 writes them small.
func (v version) word(s string) string {
	if v == v4 {
		return strings.ToLower(s)
	}
	return s
}

// versionIn is what was learned at connect.
func versionIn(c *connector.Call) version {
	if c.Channel.More["api"] == string(v4) {
		return v4
	}
	return v3
}

type person struct {
	ID      int    `json:"id"`
	Name    string `json:"name"`
	Display string `json:"display_name"`
	Avatar  string `json:"avatar"`
	ActorID string `json:"actor_id"`
	ApID    string `json:"ap_id"` // version 4's name of it
	Bot     bool   `json:"bot_account"`
}

func (p person) shown() string {
	if p.Display != "" {
		return p.Display
	}
	return p.Name
}

// handle is the name with the person's server.
func (p person) handle() string {
	for _, at := range []string{p.ActorID, p.ApID} {
		if u, err := url.Parse(at); err == nil && u.Host != "" {
			return "@" + p.Name + "@" + u.Host
		}
	}
	return "@" + p.Name
}

type account struct {
	View struct {
		Person person `json:"person"`
		User   struct {
			Bot bool `json:"bot_account"`
		} `json:"local_user"`
	} `json:"local_user_view"`
}

// me is whose session it is; without a session there is nobody.
func (v version) me(ctx context.Context, c *connector.Call) (person, error) {
	var out struct {
		account
		Mine *account `json:"my_user"`
	}
	_, err := c.Send(ctx, connector.Request{Path: v.path("me"), Into: &out})
	found := out.account
	if out.Mine != nil {
		found = *out.Mine
	}
	p := found.View.Person
	p.Bot = p.Bot || found.View.User.Bot
	return p, err
}

type community struct {
	ID      int    `json:"id"`
	Name    string `json:"name"`
	Title   string `json:"title"`
	ActorID string `json:"actor_id"`
	ApID    string `json:"ap_id"`
}

type communityView struct {
	Community community `json:"community"`
}

func (o community) label() string {
	label := "!" + strings.TrimPrefix(person{Name: o.Name, ActorID: o.ActorID, ApID: o.ApID}.handle(), "@")
	if o.Title != "" && !strings.EqualFold(o.Title, o.Name) {
		label += " (" + o.Title + ")"
	}
	return label
}

// instant is a time under either version's name.
type instant struct {
	Published   string `json:"published"`
	PublishedAt string `json:"published_at"`
}

func (i instant) at() time.Time {
	for _, s := range []string{i.PublishedAt, i.Published} {
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// counts stand beside a post in version 3 and inside it in version 4.
type counts struct {
	Score     int64 `json:"score"`
	Upvotes   int64 `json:"upvotes"`
	Downvotes int64 `json:"downvotes"`
	Comments  int64 `json:"comments"`
	Children  int64 `json:"child_count"`
}

type post struct {
	instant
	counts
	ID        int    `json:"id"`
	Name      string `json:"name"`
	URL       string `json:"url"`
	ApID      string `json:"ap_id"`
	Community int    `json:"community_id"`
}

type postView struct {
	Post   post   `json:"post"`
	Counts counts `json:"counts"`
}

type remark struct {
	instant
	counts
	ID      int    `json:"id"`
	Post    int    `json:"post_id"`
	Content string `json:"content"`
	ApID    string `json:"ap_id"`
	Path    string `json:"path"` // "0.12.34": the comments above, then itself
}

type commentView struct {
	Comment remark `json:"comment"`
	Creator person `json:"creator"`
	Counts  counts `json:"counts"`
}
