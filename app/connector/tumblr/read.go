package tumblr

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// entry is a post as Tumblr lists it.
type entry struct {
	ID      id      `json:"id"`
	Slug    string  `json:"slug"`
	Time    int64   `json:"timestamp"`
	URL     string  `json:"post_url"`
	Notes   int64   `json:"note_count"`
	Content []block `json:"content"`
}

// List implements connector.Lister: the blog's posts, queue and drafts, each newest first.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	var seen []connector.Seen
	for _, where := range []string{"", "/queue", "/draft"} {
		var out struct {
			Response struct {
				Posts []entry `json:"posts"`
			} `json:"response"`
		}
		if _, err := c.Send(ctx, connector.Request{Path: posts(c) + where, Query: url.Values{"npf": {"true"}, "limit": {"20"}}, Into: &out}); err != nil {
			return nil, err
		}
		if out.Response.Posts == nil {
			return nil, connector.Unreadable()
		}
		for _, e := range out.Response.Posts {
			r := receipt(c, string(e.ID), time.Unix(e.Time, 0).UTC())
			seen = append(seen, connector.Seen{Receipt: r, Sign: "slug " + e.Slug})
		}
	}
	return seen, nil
}

// Sign implements connector.Lister: the end of the address, which is the delivery's own.
func (Connector) Sign(p *connector.Pass) string {
	return "slug " + slug(p.Draft, settingsForm.Of(p.Draft))
}

// read gives one post.
func read(ctx context.Context, c *connector.Call, r connector.Receipt) (entry, error) {
	var out struct {
		Response entry `json:"response"`
	}
	_, err := c.Send(ctx, connector.Request{Path: posts(c) + "/" + url.PathEscape(r.ID), Query: url.Values{"post_format": {"npf"}}, Into: &out})
	return out.Response, err
}

// Edit implements connector.Editor: words, title and tags. The files stay as they are there; so does the address.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	current, err := read(ctx, c, r)
	if err != nil {
		return r, err
	}
	s := settingsForm.Of(d)
	without := *d
	without.Media = nil
	blocks := content(&without, s)
	at := 0
	if s.Title != "" {
		at = 1
	}
	for _, b := range current.Content {
		if b["type"] != "text" {
			blocks = slices.Insert(blocks, at, b)
			at++
		}
	}
	change := body(&without, s)
	delete(change, "slug")
	change["content"] = blocks
	_, err = c.Send(ctx, connector.Request{Method: "PUT", Path: posts(c) + "/" + url.PathEscape(r.ID), JSON: change})
	return r, err
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/v2/blog/" + url.PathEscape(c.Channel.Target) + "/post/delete", Form: url.Values{"id": {r.ID}}})
	if gone(err) {
		return nil
	}
	return err
}

func gone(err error) bool {
	var f *connector.Failed
	return errors.As(err, &f) && f.Status == 404
}

// Replies implements connector.Reader: replies, and reblogs that add words.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	var out struct {
		Response struct {
			Notes []struct {
				Type   string `json:"type"`
				Blog   string `json:"blog_name"`
				Avatar any    `json:"avatar_url"`
				Reply  string `json:"reply_text"`
				Added  string `json:"added_text"`
				Time   int64  `json:"timestamp"`
				Post   string `json:"post_id"`
			} `json:"notes"`
		} `json:"response"`
	}
	_, err := c.Send(ctx, connector.Request{Path: "/v2/blog/" + url.PathEscape(c.Channel.Target) + "/notes", Query: url.Values{"id": {r.ID}, "mode": {"conversation"}}, Into: &out})
	if err != nil {
		return nil, "", err
	}
	var answers []connector.Answer
	for _, n := range slices.Backward(out.Response.Notes) { // newest first there
		words := n.Reply + n.Added
		if words == "" {
			continue
		}
		at := time.Unix(n.Time, 0).UTC()
		a := connector.Answer{ID: n.Blog + " " + at.Format(time.RFC3339), Author: n.Blog, Handle: n.Blog, Text: words, Parent: r.ID, At: at, URL: r.Permalink}
		if n.Post != "" {
			a.ID, a.URL = n.Post, "https://www.tumblr.com/"+n.Blog+"/"+n.Post
		}
		answers = append(answers, a)
	}
	if i := slices.IndexFunc(answers, func(a connector.Answer) bool { return a.ID == after }); i >= 0 {
		answers = answers[i+1:]
	}
	return answers, "", nil
}

// Measure implements connector.Measurer. Tumblr counts likes, reblogs and replies together, and no views.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for _, r := range list {
		e, err := read(ctx, c, r)
		if gone(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: map[string]int64{"notes": e.Notes}})
	}
	return out, nil
}
