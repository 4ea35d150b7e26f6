package devto

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Lookup implements connector.Lookuper: "tags" and "organizations".
func (Connector) Lookup(ctx context.Context, c *connector.Call, what, query string, _ map[string]string) ([]connector.Option, error) {
	var options []connector.Option
	if what == "organizations" {
		return organizations(ctx, c)
	}
	var list []struct {
		Name string `json:"name"`
	}
	if err := send(ctx, c, "GET", "/tags", url.Values{"per_page": {"1000"}}, nil, &list); err != nil {
		return nil, err
	}
	for _, tag := range list {
		if strings.Contains(tag.Name, strings.ToLower(query)) {
			options = append(options, connector.Option{ID: tag.Name, Label: tag.Name})
		}
	}
	return options, nil
}

// organizations are those under whose name the person published before: DEV lists no others.
func organizations(ctx context.Context, c *connector.Call) ([]connector.Option, error) {
	list, err := mine(ctx, c, "all", 1000)
	if err != nil {
		return nil, err
	}
	var options []connector.Option
	seen := map[string]bool{"": true}
	for _, a := range list {
		name := a.Organization.Username
		if seen[name] {
			continue
		}
		seen[name] = true
		var out struct {
			ID   int    `json:"id"`
			Name string `json:"name"`
		}
		if err := send(ctx, c, "GET", "/organizations/"+url.PathEscape(name), nil, nil, &out); err != nil {
			return nil, err
		}
		options = append(options, connector.Option{ID: strconv.Itoa(out.ID), Label: out.Name})
	}
	return options, nil
}

type comment struct {
	ID   string `json:"id_code"`
	At   string `json:"created_at"`
	HTML string `json:"body_html"`
	User struct {
		Name, Username string
		Picture        string `json:"profile_image_90"`
	} `json:"user"`
	Children []comment `json:"children"`
}

// Replies implements connector.Reader: all comments at once.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, _ string) ([]connector.Answer, string, error) {
	var list []comment
	if err := send(ctx, c, "GET", "/comments", url.Values{"a_id": {r.ID}}, nil, &list); err != nil {
		return nil, "", err
	}
	return under(r.ID, c.Channel.Fields["site"], list, 0), "", nil
}

// deepest is how many levels of answers are read.
const deepest = 32

func under(parent, site string, list []comment, depth int) []connector.Answer {
	var out []connector.Answer
	if depth == deepest {
		return nil
	}
	for _, m := range list {
		a := connector.Answer{
			ID: m.ID, Author: m.User.Name, Handle: "@" + m.User.Username, Avatar: m.User.Picture, Text: text.Words(m.HTML), Parent: parent,
			URL: site + "/" + m.User.Username + "/comment/" + m.ID,
		}
		if at, err := time.Parse(time.RFC3339, m.At); err == nil {
			a.At = at.UTC()
		}
		out = append(append(out, a), under(m.ID, site, m.Children, depth+1)...)
	}
	return out
}

// Measure implements connector.Measurer.
func (Connector) Measure(ctx context.Context, c *connector.Call, receipts []connector.Receipt) ([]connector.Figures, error) {
	list, err := mine(ctx, c, "published", 1000)
	if err != nil {
		return nil, err
	}
	known := map[string]article{}
	for _, a := range list {
		known[strconv.Itoa(a.ID)] = a
	}
	var out []connector.Figures
	for _, r := range receipts {
		if a, ok := known[r.ID]; ok {
			out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: map[string]int64{"views": a.Views, "likes": a.Reactions, "replies": a.Comments}})
		}
	}
	return out, nil
}
