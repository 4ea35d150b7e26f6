package reddit

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// entry is a post or comment as Reddit gives it.
type entry struct {
	Name      string  `json:"name"` // with t1_ or t3_ before its number
	Subreddit string  `json:"subreddit"`
	Title     string  `json:"title"`
	Body      string  `json:"body"`
	SelfText  string  `json:"selftext"`
	URL       string  `json:"url"`
	Permalink string  `json:"permalink"`
	Author    string  `json:"author"`
	Parent    string  `json:"parent_id"`
	Created   float64 `json:"created_utc"`
	IsSelf    bool    `json:"is_self"`
	IsVideo   bool    `json:"is_video"`
	IsGallery bool    `json:"is_gallery"`
	Crossed   string  `json:"crosspost_parent"`
	Gallery   *struct {
		Items []struct {
			ID string `json:"media_id"`
		} `json:"items"`
	} `json:"gallery_data"`
	Replies   json.RawMessage `json:"replies"` // a listing, or ""
	Score     int64           `json:"score"`
	Comments  int64           `json:"num_comments"`
	Crossings int64           `json:"num_crossposts"`
	Views     *int64          `json:"view_count"`
}

func (e entry) receipt(now time.Time) connector.Receipt {
	at := now
	if e.Created > 0 {
		at = time.Unix(int64(e.Created), 0).UTC()
	}
	r := connector.Receipt{ID: e.Name, At: at}
	if e.Permalink != "" {
		r.Permalink = "https://www.reddit.com" + e.Permalink
	}
	return r
}

// listing is a page of entries.
type listing struct {
	Data struct {
		Children []struct {
			Kind string `json:"kind"`
			Data entry  `json:"data"`
		} `json:"children"`
	} `json:"data"`
}

// List implements connector.Lister: what the account posted and commented, newest first.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	q := raw()
	q.Set("sort", "new")
	q.Set("limit", "100")
	var out listing
	if err := ask(ctx, c, connector.Request{Path: "/user/" + url.PathEscape(c.Channel.Handle) + "/overview", Query: q, Into: &out}); err != nil {
		return nil, err
	}
	if out.Data.Children == nil {
		return nil, connector.Unreadable()
	}
	seen := make([]connector.Seen, len(out.Data.Children))
	for i, child := range out.Data.Children {
		seen[i] = connector.Seen{Receipt: child.Data.receipt(c.Now), Sign: child.Data.sign()}
	}
	return seen, nil
}

// sign is what is ours in an entry: the place, the title, and what the kind of post keeps of what we sent.
func (e entry) sign() string {
	switch {
	case e.Body != "" || strings.HasPrefix(e.Name, "t1_"):
		return signOf("comment", e.Parent, "", e.Body)
	case e.Crossed != "":
		return signOf(crosspost, e.Subreddit, e.Title, e.Crossed)
	case e.IsGallery:
		var ids []string
		if e.Gallery != nil {
			for _, i := range e.Gallery.Items {
				ids = append(ids, i.ID)
			}
		}
		return signOf("gallery", e.Subreddit, e.Title, joined(ids))
	case e.IsVideo:
		return signOf("video", e.Subreddit, e.Title, "")
	case e.IsSelf:
		return signOf(self, e.Subreddit, e.Title, e.SelfText)
	case strings.HasPrefix(e.URL, "https://i.redd.it/"):
		return signOf("image", e.Subreddit, e.Title, "")
	}
	return signOf(link, e.Subreddit, e.Title, strings.TrimSuffix(e.URL, "/"))
}

func signOf(kind, place, title, rest string) string {
	return kind + " " + strings.ToLower(place) + " / " + text.Folded(title) + " / " + text.Folded(rest)
}

func joined(ids []string) string {
	slices.Sort(ids)
	return strings.Join(ids, ",")
}

// Sign implements connector.Lister.
func (Connector) Sign(p *connector.Pass) string {
	if p.Draft.Role == connector.Comment {
		return signOf("comment", p.Draft.Parent.ID, "", p.Draft.Text)
	}
	to, _ := where(p.Draft)
	switch kind := p.Kind().ID; {
	case kind == "gallery":
		var ids []string
		for _, f := range connector.PeekAll[file](p, "upload") {
			ids = append(ids, f.Asset)
		}
		return signOf(kind, to.name(), to.Title, joined(ids))
	case kind != "text":
		return signOf(kind, to.name(), to.Title, "")
	case to.Kind == link:
		return signOf(link, to.name(), to.Title, strings.TrimSuffix(to.URL, "/"))
	case to.Kind == crosspost:
		return signOf(crosspost, to.name(), to.Title, thing(to.Crosspost))
	}
	return signOf(self, to.name(), to.Title, p.Draft.Text)
}

// Edit implements connector.Editor: the words of a text post or comment. A title stays for ever.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	if to, ok := where(d); d.Role != connector.Comment && (len(d.Media) > 0 || ok && to.Kind != self && to.Kind != poll) {
		return r, connector.Reject("Reddit lets only text be changed.", "")
	}
	err := ask(ctx, c, connector.Request{Method: "POST", Path: "/api/editusertext", Form: url.Values{"api_type": {"json"}, "thing_id": {r.ID}, "text": {d.Text}}})
	return r, err
}

// Delete implements connector.Deleter. Reddit answers alike when there is nothing to take away.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	return ask(ctx, c, connector.Request{Method: "POST", Path: "/api/del", Form: url.Values{"id": {r.ID}}})
}

// Replies implements connector.Reader.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	q := raw()
	q.Set("limit", "100")
	q.Set("sort", "old")
	var out []listing
	if err := ask(ctx, c, connector.Request{Path: "/comments/" + url.PathEscape(strings.TrimPrefix(r.ID, "t3_")), Query: q, Into: &out}); err != nil {
		return nil, "", err
	}
	var answers []connector.Answer
	if len(out) > 1 {
		answers = below(out[1], nil, 0)
	}
	slices.SortStableFunc(answers, func(a, b connector.Answer) int { return a.At.Compare(b.At) })
	if i := slices.IndexFunc(answers, func(a connector.Answer) bool { return a.ID == after }); i >= 0 {
		answers = answers[i+1:]
	}
	return answers, "", nil
}

// below flattens the tree of comments.
func below(l listing, out []connector.Answer, depth int) []connector.Answer {
	for _, child := range l.Data.Children {
		e := child.Data
		if child.Kind != "t1" {
			continue
		}
		r := e.receipt(time.Time{})
		out = append(out, connector.Answer{ID: e.Name, Author: e.Author, Handle: "u/" + e.Author, Text: e.Body, URL: r.Permalink, Parent: e.Parent, At: r.At})
		var deeper listing
		if depth < 20 && json.Unmarshal(e.Replies, &deeper) == nil {
			out = below(deeper, out, depth+1)
		}
	}
	return out
}

// Measure implements connector.Measurer.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for some := range slices.Chunk(list, 100) {
		ids := make([]string, len(some))
		for i, r := range some {
			ids[i] = r.ID
		}
		q := raw()
		q.Set("id", strings.Join(ids, ","))
		var got listing
		if err := ask(ctx, c, connector.Request{Path: "/api/info", Query: q, Into: &got}); err != nil {
			return out, err
		}
		for _, child := range got.Data.Children {
			e := child.Data
			counts := map[string]int64{"likes": e.Score, "replies": e.Comments, "reposts": e.Crossings}
			if e.Views != nil {
				counts["views"] = *e.Views
			}
			out = append(out, connector.Figures{ID: e.Name, At: c.Now, Counts: counts})
		}
	}
	return out, nil
}
