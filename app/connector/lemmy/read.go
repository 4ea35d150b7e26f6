package lemmy

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// List implements connector.Lister: what the account posted and commented, newest first.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	v := versionIn(c)
	q := url.Values{"person_id": {c.Channel.RemoteID}, "limit": {"40"}}
	if v == v3 {
		q.Set("sort", "New")
	}
	type one struct {
		Post    post   `json:"post"`
		Comment remark `json:"comment"`
	}
	var out struct {
		Posts    []postView    `json:"posts"`
		Comments []commentView `json:"comments"`
		Content  []one         `json:"content"` // version 4 has both in one list
		Items    []one         `json:"items"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: v.path("content"), Query: q, Into: &out}); err != nil {
		return nil, err
	}
	for _, o := range slices.Concat(out.Content, out.Items) {
		if o.Comment.ID != 0 {
			out.Comments = append(out.Comments, commentView{Comment: o.Comment})
		} else {
			out.Posts = append(out.Posts, postView{Post: o.Post})
		}
	}
	var seen []connector.Seen
	for _, p := range out.Posts {
		seen = append(seen, connector.Seen{Receipt: p.receipt(c), Sign: postSign(strconv.Itoa(p.Post.Community), p.Post.Name)})
	}
	for _, m := range out.Comments {
		seen = append(seen, connector.Seen{Receipt: m.receipt(c), Sign: commentSign(m.Comment.Post, m.parent(), m.Comment.Content)})
	}
	slices.SortStableFunc(seen, func(a, b connector.Seen) int { return b.At.Compare(a.At) })
	return seen, nil
}

// Sign implements connector.Lister. Servers clean addresses and words in a text, and what they do to the address of a
// picture isn't known of all; a title comes back as it was sent, or the post is refused.
func (Connector) Sign(p *connector.Pass) string {
	d := p.Draft
	if p.Kind().ID == "comment" {
		parent := 0
		if what, n := split(d.Parent.ID); what == "comment" {
			parent = n
		}
		return commentSign(postOf(*d.Parent), parent, d.Text)
	}
	s := settingsForm.Of(d)
	if len(s.Communities) == 0 {
		return ""
	}
	return postSign(s.Communities[0].ID, s.Title)
}

func postSign(community, title string) string { return "post " + community + " " + text.Folded(title) }

func commentSign(post, parent int, words string) string {
	return "comment " + strconv.Itoa(post) + " " + strconv.Itoa(parent) + " " + text.Folded(words)
}

// parent is the comment that this one stands under, 0 for the post itself.
func (v commentView) parent() int {
	path := strings.Split(v.Comment.Path, ".")
	if len(path) < 3 {
		return 0
	}
	n, _ := strconv.Atoi(path[len(path)-2])
	return n
}

// Edit implements connector.Editor. Pictures stay as they are.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	what, n := split(r.ID)
	in := map[string]any{what + "_id": n}
	if what == "comment" {
		in["content"] = d.Text
	} else {
		s := settingsForm.Of(d)
		in["body"], in["nsfw"] = body(d, strings.Split(r.More["pictures"], "\n")), s.NSFW
		if s.Title != "" {
			in["name"] = strings.TrimSpace(s.Title)
		}
		if s.URL != "" && len(d.Media) == 0 {
			in["url"] = s.URL
		}
	}
	_, err := c.Send(ctx, connector.Request{Method: "PUT", Path: versionIn(c).path(what), JSON: in})
	return r, err
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	what, n := split(r.ID)
	v := versionIn(c)
	q := connector.Request{Method: "DELETE", Path: v.path(what), JSON: map[string]any{what + "_id": n, "deleted": true}}
	if v == v3 {
		q.Method, q.Path = "POST", v.path(what+"/delete")
	}
	_, err := c.Send(ctx, q)
	if isGone(err) {
		return nil
	}
	return err
}

func isGone(err error) bool {
	f := connector.AsFailed(err)
	if f == nil {
		return false
	}
	code := f.Body("error")
	return f.Status == 404 || strings.HasPrefix(code, "couldnt_find") || code == "not_found" || code == "deleted"
}

// Replies implements connector.Reader.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	const page = 50
	v := versionIn(c)
	q := url.Values{"post_id": {strconv.Itoa(postOf(r))}, "sort": {v.word("Old")}, "limit": {strconv.Itoa(page)}}
	if what, n := split(r.ID); what == "comment" {
		q.Set("parent_id", strconv.Itoa(n))
	}
	if after != "" {
		q.Set(map[version]string{v3: "page", v4: "page_cursor"}[v], after)
	}
	var out struct {
		Comments []commentView `json:"comments"`
		Items    []commentView `json:"items"`
		Next     string        `json:"next_page"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: v.path("comments"), Query: q, Into: &out}); err != nil {
		return nil, "", err
	}
	var answers []connector.Answer
	list := slices.Concat(out.Comments, out.Items)
	for _, m := range list {
		at := m.receipt(c)
		if at.ID == r.ID {
			continue // the thread of a comment begins with itself
		}
		parent := "post/" + strconv.Itoa(m.Comment.Post)
		if n := m.parent(); n != 0 {
			parent = "comment/" + strconv.Itoa(n)
		}
		answers = append(answers, connector.Answer{
			ID: at.ID, Author: m.Creator.shown(), Handle: m.Creator.handle(), Avatar: m.Creator.Avatar, Text: m.Comment.Content, URL: at.Permalink, Parent: parent, At: at.At,
		})
	}
	if v == v3 && len(list) == page {
		n, _ := strconv.Atoi(after)
		out.Next = strconv.Itoa(max(n, 1) + 1)
	}
	return answers, out.Next, nil
}

// Measure implements connector.Measurer. Lemmy counts no views.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var figures []connector.Figures
	for _, r := range list {
		what, n := split(r.ID)
		var out struct {
			Post    postView    `json:"post_view"`
			Comment commentView `json:"comment_view"`
		}
		_, err := c.Send(ctx, connector.Request{Path: versionIn(c).path(what), Query: url.Values{"id": {strconv.Itoa(n)}}, Into: &out})
		if isGone(err) {
			continue
		}
		if err != nil {
			return figures, err
		}
		// Each stands in one of four places; the others are zero.
		sum := counts{}
		for _, one := range []counts{out.Post.Counts, out.Post.Post.counts, out.Comment.Counts, out.Comment.Comment.counts} {
			sum.Score, sum.Upvotes, sum.Downvotes, sum.Comments = sum.Score+one.Score, sum.Upvotes+one.Upvotes, sum.Downvotes+one.Downvotes, sum.Comments+one.Comments+one.Children
		}
		figures = append(figures, connector.Figures{ID: r.ID, At: c.Now, Counts: map[string]int64{"score": sum.Score, "likes": sum.Upvotes, "downvotes": sum.Downvotes, "replies": sum.Comments}})
	}
	return figures, nil
}
