package threads

import (
	"context"
	"net/url"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/meta"
)

// post is a post as Threads gives it.
type post struct {
	ID        string `json:"id"`
	Text      string `json:"text"`
	Type      string `json:"media_type"`
	Permalink string `json:"permalink"`
	At        string `json:"timestamp"`
	Username  string `json:"username"`
	Parent    struct {
		ID string `json:"id"`
	} `json:"replied_to"`
}

const postFields = "id,text,media_type,permalink,timestamp,username,replied_to"

func (t post) receipt(ch *connector.Channel) connector.Receipt {
	r := connector.Receipt{ID: t.ID, Permalink: t.Permalink, At: meta.Time(t.At)}
	if r.Permalink == "" {
		r.Permalink = ch.URL
	}
	return r
}

// kinds are Threads' names for what it lists, and ours.
var kinds = map[string]string{"TEXT_POST": "text", "IMAGE": "image", "VIDEO": "video", "CAROUSEL_ALBUM": "carousel"}

// List implements connector.Lister: the profile's posts, newest first.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	return list(ctx, c, "threads")
}

// ListUnder implements connector.UnderLister: the profile's replies, newest first, whatever they answer.
func (Connector) ListUnder(ctx context.Context, c *connector.Call, _ connector.Receipt) ([]connector.Seen, error) {
	return list(ctx, c, "replies")
}

func list(ctx context.Context, c *connector.Call, which string) ([]connector.Seen, error) {
	posts, err := posted(ctx, c, which)
	if err != nil {
		return nil, err
	}
	seen := make([]connector.Seen, len(posts))
	for i, t := range posts {
		seen[i] = connector.Seen{Receipt: t.receipt(&c.Channel), Sign: sign(kinds[t.Type], t.Parent.ID, t.Text)}
	}
	return seen, nil
}

func posted(ctx context.Context, c *connector.Call, which string) ([]post, error) {
	var out struct {
		List []post `json:"data"`
	}
	_, err := c.Send(ctx, connector.Request{Path: "/v1.0/" + c.Channel.RemoteID + "/" + which, Query: url.Values{"fields": {postFields}, "limit": {"25"}}, Into: &out})
	if err == nil && out.List == nil {
		err = connector.Unreadable()
	}
	return out.List, err
}

// Sign implements connector.Lister: kind and words, under the post that they answer.
func (Connector) Sign(p *connector.Pass) string {
	parent := ""
	if follows(p.Draft) {
		parent = p.Draft.Parent.ID
	}
	return sign(p.Kind().ID, parent, p.Draft.Text)
}

func sign(kind, parent, words string) string {
	return kind + " " + parent + " / " + meta.Folded(words)
}

// Lookup implements connector.Lookuper: the profile's own posts, to quote one.
func (Connector) Lookup(ctx context.Context, c *connector.Call, what, query string, _ map[string]string) ([]connector.Option, error) {
	if what != "posts" {
		return nil, nil
	}
	posts, err := posted(ctx, c, "threads")
	if err != nil {
		return nil, err
	}
	query = strings.ToLower(strings.TrimSpace(query))
	var out []connector.Option
	for _, t := range posts {
		if strings.Contains(strings.ToLower(t.Text+" "+t.Permalink), query) {
			label := meta.Folded(t.Text)
			if label == "" {
				label = t.Permalink
			}
			out = append(out, connector.Option{ID: t.ID, Label: short(label), Help: t.At})
		}
	}
	return out, nil
}

func short(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}

// Finishes implements connector.Finisher: the address is known when the post is asked for.
func (Connector) Finishes(*connector.Draft) bool { return true }

// Finish implements connector.Finisher.
func (Connector) Finish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if p.Draft.Parent == nil {
		return connector.Receipt{}, connector.Reject("There is no post to read the address of.", "")
	}
	return connector.Step(ctx, p, "address", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		r := *p.Draft.Parent
		var out post
		if _, err := c.Send(ctx, connector.Request{Path: "/v1.0/" + r.ID, Query: url.Values{"fields": {"id,permalink,timestamp"}}, Into: &out}); err != nil {
			return r, err
		}
		if out.Permalink != "" {
			r.Permalink = out.Permalink
		}
		return r, nil
	})
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	if _, err := c.Send(ctx, connector.Request{Method: "DELETE", Path: "/v1.0/" + r.ID}); err != nil && !meta.Gone(err) {
		return err
	}
	return nil
}

// Replies implements connector.Reader: the whole conversation below a post.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	q := url.Values{"fields": {postFields}, "reverse": {"false"}, "limit": {"50"}}
	if after != "" {
		q.Set("after", after)
	}
	var out struct {
		List   []post `json:"data"`
		Paging struct {
			Next    string `json:"next"`
			Cursors struct {
				After string `json:"after"`
			} `json:"cursors"`
		} `json:"paging"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/v1.0/" + r.ID + "/conversation", Query: q, Into: &out}); err != nil {
		return nil, "", err
	}
	var answers []connector.Answer
	for _, t := range out.List {
		answers = append(answers, connector.Answer{ID: t.ID, Author: t.Username, Handle: "@" + t.Username, Text: t.Text, URL: t.Permalink, Parent: t.Parent.ID, At: meta.Time(t.At)})
	}
	if out.Paging.Next == "" {
		return answers, "", nil
	}
	return answers, out.Paging.Cursors.After, nil
}

// Measure implements connector.Measurer. A post that is gone has no figures.
func (Connector) Measure(ctx context.Context, c *connector.Call, receipts []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for _, r := range receipts {
		var got meta.Figures
		_, err := c.Send(ctx, connector.Request{Path: "/v1.0/" + r.ID + "/insights", Query: url.Values{"metric": {"views,likes,replies,reposts,quotes,shares"}}, Into: &got})
		if meta.Gone(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: got.Counts(nil)})
	}
	return out, nil
}
