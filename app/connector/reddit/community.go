package reddit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// raw asks for text as it is, without entities of HTML.
func raw() url.Values { return url.Values{"raw_json": {"1"}} }

// about is what a community says of itself and what it demands.
type about struct {
	Name        string `json:"display_name"`
	Title       string `json:"title"`
	Type        string `json:"subreddit_type"`
	Submissions string `json:"submission_type"` // any, link, self
	Images      *bool  `json:"allow_images"`
	Videos      *bool  `json:"allow_videos"`
	Galleries   *bool  `json:"allow_galleries"`
	Polls       *bool  `json:"allow_polls"`
	Spoilers    *bool  `json:"spoilers_enabled"`
	demands     demands
}

type demands struct {
	TitleMin int      `json:"title_text_min_length"`
	TitleMax int      `json:"title_text_max_length"`
	Flair    bool     `json:"is_flair_required"`
	Body     string   `json:"body_restriction_policy"` // required, notAllowed, none
	Words    []string `json:"title_required_strings"`
	Domains  []string `json:"domain_blacklist"`
}

// readRules asks a community what it takes. One that doesn't say is asked by posting.
func readRules(ctx context.Context, c *connector.Call, name string) (about, error) {
	var out struct {
		Data about `json:"data"`
	}
	if err := ask(ctx, c, connector.Request{Path: "/r/" + url.PathEscape(name) + "/about", Query: raw(), Into: &out}); err != nil {
		return about{}, err
	}
	if out.Data.Name == "" && !strings.HasPrefix(name, "u_") {
		return about{}, connector.Reject("There is no community r/"+name+".", "choose")
	}
	err := ask(ctx, c, connector.Request{Path: "/api/v1/" + url.PathEscape(name) + "/post_requirements", Query: raw(), Into: &out.Data.demands})
	if f := (*connector.Failed)(nil); errors.As(err, &f) && (f.Status == 403 || f.Status == 404) {
		return out.Data, nil
	}
	return out.Data, err
}

func no(b *bool) bool { return b != nil && !*b }

// refuse says why a community won't take such a post; nil when it seems to.
func (a about) refuse(kind string, to community) error {
	in := "r/" + to.name()
	d := a.demands
	isLink := kind == "text" && to.Kind == link
	length := text.Runes.Length(to.Title, 0)
	for _, c := range []struct {
		wrong      bool
		words, fix string
	}{
		{a.Submissions == link && !isLink, in + " takes links only.", "exclude"},
		{a.Submissions == self && (isLink || kind != "text"), in + " takes text only.", "exclude"},
		{kind == "image" && no(a.Images), in + " takes no images.", "exclude"},
		{kind == "gallery" && no(a.Galleries), in + " takes no galleries.", "exclude"},
		{kind == "video" && no(a.Videos), in + " takes no videos.", "exclude"},
		{kind == "text" && to.Kind == poll && no(a.Polls), in + " takes no polls.", "exclude"},
		{to.Spoiler && no(a.Spoilers), in + " knows no spoilers.", "choose"},
		{d.Flair && to.Flair.ID == "", in + " wants a flair.", "choose"},
		{d.TitleMin > 0 && length < d.TitleMin, fmt.Sprintf("%s wants a title of at least %d signs.", in, d.TitleMin), ""},
		{d.TitleMax > 0 && length > d.TitleMax, fmt.Sprintf("%s takes a title of %d signs.", in, d.TitleMax), "cut"},
		{len(d.Words) > 0 && !holdsOne(to.Title, d.Words), in + " wants one of these in the title: " + strings.Join(d.Words, ", ") + ".", ""},
		{isLink && banned(to.URL, d.Domains), in + " takes no links to this site.", "exclude"},
	} {
		if c.wrong {
			return connector.Reject(c.words, c.fix)
		}
	}
	return nil
}

func holdsOne(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(strings.ToLower(s), strings.ToLower(w)) {
			return true
		}
	}
	return false
}

func banned(address string, domains []string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	for _, d := range domains {
		if host := strings.ToLower(u.Hostname()); host == strings.ToLower(d) || strings.HasSuffix(host, "."+strings.ToLower(d)) {
			return true
		}
	}
	return false
}

// Lookup implements connector.Lookuper: communities, the flairs of one, and what one demands.
func (Connector) Lookup(ctx context.Context, c *connector.Call, what, query string, siblings map[string]string) ([]connector.Option, error) {
	to := community{Subreddit: connector.Option{ID: siblings["subreddit"]}}
	switch what {
	case "subreddits":
		return findCommunities(ctx, c, strings.TrimSpace(query))
	case "flairs":
		return flairs(ctx, c, to.name())
	case "rules":
		return rulesOf(ctx, c, to.name())
	}
	return nil, nil
}

func findCommunities(ctx context.Context, c *connector.Call, query string) ([]connector.Option, error) {
	q := raw()
	q.Set("limit", "100")
	r := connector.Request{Path: "/subreddits/mine/subscriber", Query: q}
	if query != "" {
		q.Set("query", strings.TrimPrefix(query, "r/"))
		q.Set("include_over_18", "false")
		q.Set("limit", "10")
		r.Path = "/api/subreddit_autocomplete_v2"
	}
	var out struct {
		Data struct {
			Children []struct {
				Data about `json:"data"`
			} `json:"children"`
		} `json:"data"`
	}
	r.Into = &out
	if err := ask(ctx, c, r); err != nil {
		return nil, err
	}
	var options []connector.Option
	for _, child := range out.Data.Children {
		if a := child.Data; a.Name != "" {
			options = append(options, connector.Option{ID: a.Name, Label: "r/" + a.Name, Help: a.Title})
		}
	}
	return options, nil
}

// flairs are those of a community. One that doesn't show them has none for us.
func flairs(ctx context.Context, c *connector.Call, name string) ([]connector.Option, error) {
	var out []struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	}
	err := ask(ctx, c, connector.Request{Path: "/r/" + url.PathEscape(name) + "/api/link_flair_v2", Query: raw(), Into: &out})
	if f := (*connector.Failed)(nil); errors.As(err, &f) && f.Status == 403 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var options []connector.Option
	for _, f := range out {
		options = append(options, connector.Option{ID: f.ID, Label: f.Text})
	}
	return options, nil
}

// rulesOf says in words what a community demands.
func rulesOf(ctx context.Context, c *connector.Call, name string) ([]connector.Option, error) {
	a, err := readRules(ctx, c, name)
	if err != nil {
		return nil, err
	}
	var out []connector.Option
	say := func(holds bool, id, words string) {
		if holds {
			out = append(out, connector.Option{ID: id, Label: words})
		}
	}
	d := a.demands
	say(a.Submissions == link, "links", "Links only")
	say(a.Submissions == self, "text", "Text only")
	say(no(a.Images), "images", "No images")
	say(no(a.Videos), "videos", "No videos")
	say(no(a.Galleries), "galleries", "No galleries")
	say(no(a.Polls), "polls", "No polls")
	say(d.Flair, "flair", "A flair is needed")
	say(d.TitleMin > 0, "title_min", fmt.Sprintf("Title of at least %d signs", d.TitleMin))
	say(d.TitleMax > 0, "title_max", fmt.Sprintf("Title of at most %d signs", d.TitleMax))
	say(len(d.Words) > 0, "title_words", "One of these in the title: "+strings.Join(d.Words, ", "))
	say(d.Body == "required", "body", "Text is needed")
	say(d.Body == "notAllowed", "no_body", "No text beside the title")
	return out, nil
}
