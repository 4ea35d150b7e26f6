package devto

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// article is one as the API gives it.
type article struct {
	ID           int    `json:"id"`
	Title        string `json:"title"`
	Body         string `json:"body_markdown"`
	URL          string `json:"url"`
	PublishedAt  string `json:"published_timestamp"` // empty for a draft
	Views        int64  `json:"page_views_count"`
	Reactions    int64  `json:"public_reactions_count"`
	Comments     int64  `json:"comments_count"`
	Organization struct {
		Username string `json:"username"`
	} `json:"organization"`
}

func (a article) receipt() connector.Receipt {
	if a.ID == 0 {
		return connector.Receipt{}
	}
	r := connector.Receipt{ID: strconv.Itoa(a.ID), Permalink: a.URL}
	if at, err := time.Parse(time.RFC3339, a.PublishedAt); err == nil {
		r.At = at.UTC()
	}
	return r
}

// draft is the saved handle.
type draft struct {
	ID int `json:"id"`
}

// send asks a route, with JSON if there is any.
func send(ctx context.Context, c *connector.Call, method, route string, query url.Values, body, into any) error {
	_, err := c.Send(ctx, connector.Request{
		Method: method, Path: "/api" + route, Query: query, JSON: body, Into: into, Header: map[string]string{"Accept": "application/vnd.forem.api-v1+json"},
	})
	return err
}

// Publish implements connector.Publisher: the pictures' addresses, a draft, then the state "published".
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	files, err := connector.Each(ctx, p, "file", p.Draft.Media, func(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
		return c.Public(ctx, m)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	full := contents(p.Draft, s, files)
	made, err := connector.Step(ctx, p, "draft", func(ctx context.Context, c *connector.Call) (draft, error) {
		return makeDraft(ctx, c, ourSign(p.Draft), full)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "publish", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		change := maps.Clone(full) // without the sign; and the state alone may change nothing
		change["published"] = s.Status == "published"
		var out article
		if err := send(ctx, c, "PUT", "/articles/"+strconv.Itoa(made.ID), nil, map[string]any{"article": change}, &out); err != nil {
			return connector.Receipt{}, err
		}
		if out.ID != 0 && s.Status == "published" && out.PublishedAt == "" {
			return connector.Underway(c, showsAfter)
		}
		return out.receipt(), nil
	})
}

// showsAfter is when an article is looked for that was published and isn't said to be.
const showsAfter = 10 * time.Second

// ourSign is a comment at the end of a draft, which nobody is shown, and by which we know it as this delivery's: two may
// have the same title and words. Publishing takes it out.
func ourSign(d *connector.Draft) string { return "<!-- omniposto " + d.Key + " -->" }

// makeDraft looks for the draft before it makes one: an answer may have been lost.
func makeDraft(ctx context.Context, c *connector.Call, sign string, full map[string]any) (draft, error) {
	list, err := mine(ctx, c, "unpublished", 100)
	if err != nil {
		return draft{}, err
	}
	for _, a := range list {
		if strings.Contains(a.Body, sign) {
			return draft{a.ID}, nil
		}
	}
	begun := maps.Clone(full)
	begun["body_markdown"] = strings.TrimLeft(fmt.Sprint(full["body_markdown"])+"\n\n"+sign, "\n")
	var out article
	if err := send(ctx, c, "POST", "/articles", nil, map[string]any{"article": begun}, &out); err != nil {
		return draft{}, err
	}
	if out.ID == 0 {
		return draft{}, &connector.Failed{Class: connector.Transient, Step: "draft", Words: "DEV gave the draft no number."}
	}
	return draft{out.ID}, nil
}

// mine are the newest of the person's own articles: "published", "unpublished" or "all".
func mine(ctx context.Context, c *connector.Call, which string, most int) ([]article, error) {
	var list []article
	err := send(ctx, c, "GET", "/articles/me/"+which, url.Values{"per_page": {strconv.Itoa(most)}}, nil, &list)
	return list, err
}

// contents is the article, as a draft.
func contents(d *connector.Draft, s settings, files []string) map[string]any {
	words, _ := withoutFrontMatter(d.Text)
	title, words := text.Titled(s.Title, words)
	words, _ = withoutFrontMatter(words) // under a heading too
	cover := s.CoverURL
	for i, at := range files {
		if i == 0 && s.Cover && cover == "" {
			cover = at
			continue
		}
		words += "\n\n![" + altSigns.Replace(d.Media[i].Alt) + "](" + at + ")"
	}
	out := map[string]any{"title": title, "body_markdown": strings.TrimLeft(words, "\n"), "published": false, "tags": s.tagList()}
	for name, v := range map[string]string{"main_image": cover, "canonical_url": s.Canonical, "series": s.Series, "description": s.Description} {
		if v != "" {
			out[name] = v
		}
	}
	if id, err := strconv.Atoi(s.Organization.ID); err == nil {
		out["organization_id"] = id
	}
	return out
}

var altSigns = strings.NewReplacer("\\", "\\\\", "[", "\\[", "]", "\\]", "\n", " ", "\r", "")

// Look implements connector.Looker: in which list does the article stand?
func (Connector) Look(ctx context.Context, c *connector.Call, p *connector.Pass) (connector.Sight, error) {
	made, ok := connector.Peek[draft](p, "draft")
	if !ok {
		return connector.Sight{CantTell: "The draft's number is lost. Look at DEV and tell us."}, nil
	}
	wanted := settingsForm.Of(p.Draft).Status
	for _, which := range []string{"published", "unpublished"} {
		list, err := mine(ctx, c, which, 100)
		if err != nil {
			return connector.Sight{}, err
		}
		for _, a := range list {
			switch {
			case a.ID != made.ID:
			case which == "published", wanted == "draft" && !strings.Contains(a.Body, ourSign(p.Draft)):
				r := a.receipt()
				return connector.Sight{Found: &r}, nil
			default:
				return connector.Sight{Absent: true}, nil
			}
		}
	}
	return connector.Sight{CantTell: "The article is neither among the published ones nor among the drafts. Look at DEV and tell us."}, nil
}

// Edit implements connector.Editor. The address stays; pictures get new ones.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	files := make([]string, len(d.Media))
	for i, m := range d.Media {
		at, err := c.Public(ctx, m)
		if err != nil {
			return r, err
		}
		files[i] = at
	}
	change := contents(d, settingsForm.Of(d), files)
	delete(change, "published")
	var out article
	if err := send(ctx, c, "PUT", "/articles/"+r.ID, nil, map[string]any{"article": change}, &out); err != nil {
		return r, err
	}
	if out.URL != "" {
		r.Permalink = out.URL
	}
	return r, nil
}

// Delete implements connector.Deleter: the article becomes a draft again, which is all that DEV offers.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	err := send(ctx, c, "PUT", "/articles/"+r.ID, nil, map[string]any{"article": map[string]any{"published": false}}, nil)
	if f := connector.AsFailed(err); f != nil && f.Status == 404 {
		return nil
	}
	return err
}
