package linkedin

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// post is a post as LinkedIn lists it.
type post struct {
	ID         string `json:"id"`
	Commentary string `json:"commentary"`
	CreatedAt  int64  `json:"createdAt"` // milliseconds since 1970
	Content    struct {
		Media struct {
			ID string `json:"id"`
		} `json:"media"`
		Many struct {
			Images []struct {
				ID string `json:"id"`
			} `json:"images"`
		} `json:"multiImage"`
	} `json:"content"`
}

func (p post) files() []string {
	var out []string
	if p.Content.Media.ID != "" {
		out = append(out, p.Content.Media.ID)
	}
	for _, i := range p.Content.Many.Images {
		out = append(out, i.ID)
	}
	return out
}

// List implements connector.Lister: what the page posted, newest first. A member's posts are shown to no app.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	if c.Channel.Way != page {
		return nil, nil
	}
	var out struct {
		Elements []post `json:"elements"`
	}
	_, err := rest(ctx, c, connector.Request{
		Path: "/rest/posts", Header: map[string]string{"X-Restli-Method": "FINDER"}, Into: &out,
		Query: url.Values{"author": {author(&c.Channel)}, "q": {"author"}, "count": {"20"}, "sortBy": {"CREATED"}},
	})
	if err != nil {
		return nil, err
	}
	if out.Elements == nil {
		return nil, connector.Unreadable()
	}
	seen := make([]connector.Seen, len(out.Elements))
	for i, p := range out.Elements {
		seen[i] = connector.Seen{Receipt: receipt(p.ID, time.UnixMilli(p.CreatedAt).UTC()), Sign: sign(p.files(), p.Commentary)}
	}
	return seen, nil
}

// Sign implements connector.Lister: the files, whose numbers no other post has, else the words.
func (Connector) Sign(p *connector.Pass) string {
	files := connector.PeekAll[string](p, "ready")
	if urn, ok := connector.Peek[string](p, "available"); ok {
		files = []string{urn}
	}
	return sign(files, little(p.Draft.Text))
}

func sign(files []string, commentary string) string {
	if len(files) > 0 {
		files = slices.Clone(files)
		slices.Sort(files)
		return "files " + strings.Join(files, ",")
	}
	return "text " + plain(commentary)
}

// Edit implements connector.Editor: only the words can be changed.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	if r.More["post"] != "" {
		return r, connector.Reject("A comment can't be changed here. Take it away and write it anew.", "")
	}
	_, err := rest(ctx, c, connector.Request{
		Method: "POST", Path: "/rest/posts/" + escaped(r.ID), Header: map[string]string{"X-Restli-Method": "PARTIAL_UPDATE"},
		JSON: map[string]any{"patch": map[string]any{"$set": map[string]string{"commentary": little(d.Text)}}},
	})
	return r, err
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	req := connector.Request{Method: "DELETE", Path: "/rest/posts/" + escaped(r.ID), Header: map[string]string{"X-Restli-Method": "DELETE"}}
	if on := r.More["post"]; on != "" {
		id := r.ID
		if r.More["comment"] != "" {
			id = r.More["comment"]
		}
		req = connector.Request{Method: "DELETE", Path: "/rest/socialActions/" + escaped(on) + "/comments/" + escaped(id), Query: url.Values{"actor": {author(&c.Channel)}}}
	}
	_, err := rest(ctx, c, req)
	var f *connector.Failed
	if errors.As(err, &f) && f.Status == 404 {
		return nil
	}
	return err
}

// Replies implements connector.Reader, for pages. LinkedIn names who wrote them by number only.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	if c.Channel.Way != page {
		return nil, "", connector.Reject("LinkedIn shows comments on pages' posts only.", "")
	}
	q := url.Values{"count": {"100"}}
	if after != "" {
		q.Set("start", after)
	}
	var out struct {
		Elements []struct {
			ID      string `json:"id"`
			URN     string `json:"commentUrn"`
			Actor   string `json:"actor"`
			Parent  string `json:"parentComment"`
			Message struct {
				Text string `json:"text"`
			} `json:"message"`
			Created struct {
				Time int64 `json:"time"`
			} `json:"created"`
		} `json:"elements"`
	}
	if _, err := rest(ctx, c, connector.Request{Path: "/rest/socialActions/" + escaped(r.ID) + "/comments", Query: q, Into: &out}); err != nil {
		return nil, "", err
	}
	var answers []connector.Answer
	for _, e := range out.Elements {
		parent := first(e.Parent, r.ID)
		answers = append(answers, connector.Answer{
			ID: first(e.URN, e.ID), Author: e.Actor, Handle: e.Actor, Text: e.Message.Text, Parent: parent, URL: r.Permalink, At: time.UnixMilli(e.Created.Time).UTC(),
		})
	}
	return answers, "", nil
}

// Measure implements connector.Measurer, for pages.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	if c.Channel.Way != page {
		return nil, nil
	}
	by := map[string][]string{}
	for _, r := range list {
		switch {
		case strings.HasPrefix(r.ID, "urn:li:share:"):
			by["shares"] = append(by["shares"], escaped(r.ID))
		case strings.HasPrefix(r.ID, "urn:li:ugcPost:"):
			by["ugcPosts"] = append(by["ugcPosts"], escaped(r.ID))
		}
	}
	var out []connector.Figures
	for name, urns := range by {
		for some := range slices.Chunk(urns, 50) {
			got, err := statistics(ctx, c, name+"=List("+strings.Join(some, ",")+")")
			if err != nil {
				return out, err
			}
			out = append(out, got...)
		}
	}
	return out, nil
}

func statistics(ctx context.Context, c *connector.Call, which string) ([]connector.Figures, error) {
	var got struct {
		Elements []struct {
			Share string `json:"share"`
			UGC   string `json:"ugcPost"`
			Total struct {
				Impressions int64 `json:"impressionCount"`
				Reach       int64 `json:"uniqueImpressionsCount"`
				Clicks      int64 `json:"clickCount"`
				Likes       int64 `json:"likeCount"`
				Comments    int64 `json:"commentCount"`
				Shares      int64 `json:"shareCount"`
			} `json:"totalShareStatistics"`
		} `json:"elements"`
	}
	_, err := rest(ctx, c, connector.Request{
		Path: "/rest/organizationalEntityShareStatistics", Into: &got,
		Raw: "q=organizationalEntity&organizationalEntity=" + escaped(author(&c.Channel)) + "&" + which,
	})
	if err != nil {
		return nil, err
	}
	var out []connector.Figures
	for _, e := range got.Elements {
		t := e.Total
		out = append(out, connector.Figures{ID: first(e.Share, e.UGC), At: c.Now, Counts: map[string]int64{
			"views": t.Impressions, "reach": t.Reach, "clicks": t.Clicks, "likes": t.Likes, "replies": t.Comments, "reposts": t.Shares,
		}})
	}
	return out, nil
}
