package bluesky

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// Delete implements connector.Deleter; the gates go with the post.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	rkey := r.ID[strings.LastIndexByte(r.ID, '/')+1:]
	for _, from := range []string{collection, threadgate, postgate} {
		_, err := c.Send(ctx, connector.Request{
			Method: "POST", Path: "/xrpc/com.atproto.repo.deleteRecord", JSON: map[string]string{"repo": c.Channel.RemoteID, "collection": from, "rkey": rkey},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Lookup implements connector.Lookuper: "lists" of the account, "people" for mentions.
func (Connector) Lookup(ctx context.Context, c *connector.Call, what, query string, _ map[string]string) ([]connector.Option, error) {
	if what == "lists" {
		return lists(ctx, c)
	}
	var out struct {
		Actors []struct {
			Handle      string `json:"handle"`
			DisplayName string `json:"displayName"`
		} `json:"actors"`
	}
	_, err := c.Send(ctx, connector.Request{Path: "/xrpc/app.bsky.actor.searchActorsTypeahead", Query: url.Values{"q": {query}, "limit": {"10"}}, Into: &out})
	var options []connector.Option
	for _, a := range out.Actors {
		options = append(options, connector.Option{ID: a.Handle, Label: "@" + a.Handle, Help: a.DisplayName})
	}
	return options, err
}

func lists(ctx context.Context, c *connector.Call) ([]connector.Option, error) {
	var out struct {
		Lists []struct {
			URI  string `json:"uri"`
			Name string `json:"name"`
		} `json:"lists"`
	}
	_, err := c.Send(ctx, connector.Request{Path: "/xrpc/app.bsky.graph.getLists", Query: url.Values{"actor": {c.Channel.RemoteID}, "limit": {"100"}}, Into: &out})
	var options []connector.Option
	for _, l := range out.Lists {
		options = append(options, connector.Option{ID: l.URI, Label: l.Name})
	}
	return options, err
}

type postView struct {
	URI    string `json:"uri"`
	Author struct {
		Handle      string `json:"handle"`
		DisplayName string `json:"displayName"`
		Avatar      string `json:"avatar"`
	} `json:"author"`
	Record struct {
		Text      string    `json:"text"`
		CreatedAt time.Time `json:"createdAt"`
		Reply     struct {
			Parent strong `json:"parent"`
		} `json:"reply"`
	} `json:"record"`
	Replies int64 `json:"replyCount"`
	Reposts int64 `json:"repostCount"`
	Likes   int64 `json:"likeCount"`
	Quotes  int64 `json:"quoteCount"`
	Saved   int64 `json:"bookmarkCount"`
}

type threadView struct {
	Post    postView     `json:"post"`
	Replies []threadView `json:"replies"`
}

// maxReplyDepth bounds how deep a thread of replies is read.
const maxReplyDepth = 6

// Replies implements connector.Reader.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	var out struct {
		Thread threadView `json:"thread"`
	}
	_, err := c.Send(ctx, connector.Request{Path: "/xrpc/app.bsky.feed.getPostThread", Query: url.Values{"uri": {r.ID}, "depth": {"6"}}, Into: &out})
	if err != nil {
		return nil, "", err
	}
	all := answers(out.Thread.Replies, maxReplyDepth)
	for i, a := range all {
		if a.ID == after {
			return all[i+1:], "", nil
		}
	}
	return all, "", nil
}

func answers(list []threadView, depth int) []connector.Answer {
	if depth == 0 {
		return nil
	}
	var out []connector.Answer
	for _, t := range list {
		p := t.Post
		out = append(out, connector.Answer{
			ID: p.URI, Author: p.Author.DisplayName, Handle: "@" + p.Author.Handle, Avatar: p.Author.Avatar, Text: p.Record.Text,
			URL: webAddress(p.URI), Parent: p.Record.Reply.Parent.URI, At: p.Record.CreatedAt,
		})
		out = append(out, answers(t.Replies, depth-1)...)
	}
	return out
}

// webAddress turns at://did/collection/rkey into the page that shows it.
func webAddress(uri string) string {
	p := strings.Split(strings.TrimPrefix(uri, "at://"), "/")
	if len(p) != 3 {
		return ""
	}
	return "https://bsky.app/profile/" + p[0] + "/post/" + p[2]
}

// perCall is how many posts the server tells the figures of at once.
const perCall = 25

// Measure implements connector.Measurer. Bluesky counts no views.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var figures []connector.Figures
	for len(list) > 0 {
		n := min(perCall, len(list))
		q := url.Values{}
		for _, r := range list[:n] {
			q.Add("uris", r.ID)
		}
		list = list[n:]
		var out struct {
			Posts []postView `json:"posts"`
		}
		if _, err := c.Send(ctx, connector.Request{Path: "/xrpc/app.bsky.feed.getPosts", Query: q, Into: &out}); err != nil {
			return figures, err
		}
		for _, p := range out.Posts {
			figures = append(figures, connector.Figures{ID: p.URI, At: c.Now, Counts: map[string]int64{
				"likes": p.Likes, "reposts": p.Reposts, "replies": p.Replies, "quotes": p.Quotes, "saves": p.Saved,
			}})
		}
	}
	return figures, nil
}
