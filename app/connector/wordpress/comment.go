package wordpress

import (
	"context"
	"html"
	"net/url"
	"strconv"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type commented struct {
	ID       int    `json:"id"`
	Post     int    `json:"post"`
	Parent   int    `json:"parent"`
	Link     string `json:"link"`
	DateGMT  string `json:"date_gmt"`
	Author   string `json:"author_name"`
	Contents struct {
		Rendered string `json:"rendered"`
	} `json:"content"`
	Avatars map[string]string `json:"author_avatar_urls"`
}

func (m commented) receipt() connector.Receipt {
	return article{ID: m.ID, Link: m.Link, DateGMT: m.DateGMT}.receipt()
}

// comment writes the first comment under the article.
func comment(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	return connector.Commit(ctx, p, "comment", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		if p.Draft.Parent == nil {
			return connector.Receipt{}, connector.Reject("There is no article to comment on.", "")
		}
		id, _ := strconv.Atoi(p.Draft.Parent.ID)
		var out commented
		err := post(ctx, c, "/wp/v2/comments", map[string]any{"post": id, "content": p.Draft.Text}, &out)
		if err != nil || out.ID == 0 {
			return connector.Receipt{}, err
		}
		return out.receipt(), nil
	})
}

// List implements connector.Lister: what we commented. Articles are known by their draft and aren't listed.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	var list []commented
	q := url.Values{"author": {c.Channel.RemoteID}, "per_page": {"40"}, "orderby": {"date"}, "order": {"desc"}, "status": {"all"}, "context": {"edit"}}
	if err := get(ctx, c, "/wp/v2/comments", q, &list); err != nil {
		return nil, err
	}
	seen := make([]connector.Seen, len(list))
	for i, m := range list {
		seen[i] = connector.Seen{Receipt: m.receipt(), Sign: strconv.Itoa(m.Post) + " " + text.Folded(text.Words(m.Contents.Rendered))}
	}
	return seen, nil
}

// Sign implements connector.Lister.
func (Connector) Sign(p *connector.Pass) string {
	if p.Draft.Parent == nil {
		return ""
	}
	return p.Draft.Parent.ID + " " + text.Folded(p.Draft.Text)
}

// Replies implements connector.Reader.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	page := max(1, number(after))
	var list []commented
	q := url.Values{"post": {r.ID}, "per_page": {"100"}, "page": {strconv.Itoa(page)}, "order": {"asc"}}
	if err := get(ctx, c, "/wp/v2/comments", q, &list); err != nil {
		return nil, "", err
	}
	var out []connector.Answer
	for _, m := range list {
		a := connector.Answer{ID: strconv.Itoa(m.ID), Author: m.Author, Avatar: m.Avatars["96"], Text: text.Words(m.Contents.Rendered), URL: m.Link, Parent: r.ID}
		if m.Parent != 0 {
			a.Parent = strconv.Itoa(m.Parent)
		}
		if at, err := time.Parse("2006-01-02T15:04:05", m.DateGMT); err == nil {
			a.At = at.UTC()
		}
		out = append(out, a)
	}
	if len(list) == 100 {
		return out, strconv.Itoa(page + 1), nil
	}
	return out, "", nil
}

func number(s string) int { n, _ := strconv.Atoi(s); return n }

// Lookup implements connector.Lookuper: "categories" and "authors".
func (Connector) Lookup(ctx context.Context, c *connector.Call, what, query string, _ map[string]string) ([]connector.Option, error) {
	route, q := "/wp/v2/categories", url.Values{"per_page": {"100"}}
	if what == "authors" {
		route = "/wp/v2/users"
		q.Set("capabilities", "edit_posts")
	}
	if query != "" {
		q.Set("search", query)
	}
	var list []struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	if err := get(ctx, c, route, q, &list); err != nil {
		return nil, err
	}
	var out []connector.Option
	for _, o := range list {
		out = append(out, connector.Option{ID: strconv.Itoa(o.ID), Label: html.UnescapeString(o.Name)})
	}
	return out, nil
}

// Edit implements connector.Editor: title, text and settings; files stay as they are in the site's library.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	s := settingsForm.Of(d)
	without := *d
	without.Media = nil
	body, err := contents(&without, s, nil, nil)
	if err != nil {
		return r, err
	}
	var out article
	if err := post(ctx, c, s.base()+"/"+r.ID, body, &out); err != nil {
		return r, err
	}
	if out.Link != "" {
		r.Permalink = out.Link
	}
	return r, nil
}

// Delete implements connector.Deleter: to the site's trash, where it can be brought back.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	_, err := c.Send(ctx, at("DELETE", "/wp/v2/posts/"+r.ID, nil))
	if f := connector.AsFailed(err); f != nil && f.Body("code") == "rest_post_invalid_id" {
		_, err = c.Send(ctx, at("DELETE", "/wp/v2/pages/"+r.ID, nil))
	}
	if f := connector.AsFailed(err); f != nil && (f.Body("code") == "rest_post_invalid_id" || f.Body("code") == "rest_already_trashed") {
		return nil
	}
	return err
}
