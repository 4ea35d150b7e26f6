package wordpress

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// uploaded is the saved result of an upload.
type uploaded struct {
	ID  int    `json:"id"`
	URL string `json:"url"`
}

// draft is the saved handle.
type draft struct {
	ID int `json:"id"`
}

// article is a post as the API gives it.
type article struct {
	ID      int    `json:"id"`
	Link    string `json:"link"`
	Slug    string `json:"slug"`
	Status  string `json:"status"`
	DateGMT string `json:"date_gmt"`
}

func (a article) receipt() connector.Receipt {
	if a.ID == 0 {
		return connector.Receipt{}
	}
	r := connector.Receipt{ID: strconv.Itoa(a.ID), Permalink: a.Link}
	if at, err := time.Parse("2006-01-02T15:04:05", a.DateGMT); err == nil {
		r.At = at.UTC()
	}
	return r
}

// Publish implements connector.Publisher: files, tags, a draft under a slug of ours, then the state "published".
func (w Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if p.Kind().ID == "comment" {
		return comment(ctx, p)
	}
	s := settingsForm.Of(p.Draft)
	files, err := connector.Each(ctx, p, "media", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	var tags []int
	if len(s.Tags) > 0 && s.Type == "post" {
		tags, err = connector.Step(ctx, p, "terms", func(ctx context.Context, c *connector.Call) ([]int, error) { return terms(ctx, c, s.Tags) })
		if err != nil {
			return connector.Receipt{}, err
		}
	}
	made, err := connector.Step(ctx, p, "draft", func(ctx context.Context, c *connector.Call) (draft, error) {
		return makeDraft(ctx, c, p.Draft, s, files, tags)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "publish", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		var out article
		err := post(ctx, c, s.base()+"/"+strconv.Itoa(made.ID), map[string]any{"status": s.Status, "slug": s.Slug}, &out)
		return out.receipt(), err
	})
}

// upload sends the bytes, then says what the picture shows.
func upload(ctx context.Context, c *connector.Call, m connector.Media) (uploaded, error) {
	var out struct {
		ID  int    `json:"id"`
		URL string `json:"source_url"`
	}
	r := at("POST", "/wp/v2/media", nil)
	r.Body, r.Size, r.Type, r.Into = m.All(), m.Size, m.MIME, &out
	r.Header = map[string]string{"Content-Disposition": `attachment; filename="` + strings.Map(fileSign, m.Name) + `"`}
	if _, err := c.Send(ctx, r); err != nil {
		return uploaded{}, err
	}
	if out.ID == 0 {
		return uploaded{}, &connector.Failed{Class: connector.Transient, Step: "media", Words: "The site gave the file no number."}
	}
	if m.Alt != "" {
		if err := post(ctx, c, "/wp/v2/media/"+strconv.Itoa(out.ID), map[string]string{"alt_text": m.Alt}, nil); err != nil {
			return uploaded{}, err
		}
	}
	return uploaded{out.ID, out.URL}, nil
}

func fileSign(r rune) rune {
	if r == '"' || r == '\\' || r < 32 || r > 126 {
		return '-'
	}
	return r
}

// terms makes the tags that the site doesn't have; one that it has says its number in the refusal.
func terms(ctx context.Context, c *connector.Call, names []string) ([]int, error) {
	var ids []int
	for _, name := range names {
		var out struct {
			ID int `json:"id"`
		}
		err := post(ctx, c, "/wp/v2/tags", map[string]string{"name": name}, &out)
		if f := connector.AsFailed(err); f != nil && f.Body("code") == "term_exists" {
			if out.ID, err = strconv.Atoi(f.Body("data.term_id")); err != nil {
				return nil, f
			}
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, out.ID)
	}
	return ids, nil
}

// ourSlug is the sign of the draft.
func ourSlug(d *connector.Draft) string { return "posto-" + strings.ToLower(d.Key) }

// makeDraft looks for the draft before it makes one: an answer may have been lost.
func makeDraft(ctx context.Context, c *connector.Call, d *connector.Draft, s settings, files []uploaded, tags []int) (draft, error) {
	var found []article
	q := url.Values{"slug": {ourSlug(d)}, "status": {"draft,publish,future,pending,private"}, "context": {"edit"}}
	if err := get(ctx, c, s.base(), q, &found); err != nil {
		return draft{}, err
	}
	if len(found) > 0 {
		return draft{found[0].ID}, nil
	}
	body, err := contents(d, s, files, tags)
	if err != nil {
		return draft{}, err
	}
	body["status"], body["slug"] = "draft", ourSlug(d)
	var out article
	if err := post(ctx, c, s.base(), body, &out); err != nil {
		return draft{}, err
	}
	if out.ID == 0 {
		return draft{}, &connector.Failed{Class: connector.Transient, Step: "draft", Words: "The site gave the draft no number."}
	}
	return draft{out.ID}, nil
}

// contents is the article's title, text and settings.
func contents(d *connector.Draft, s settings, files []uploaded, tags []int) (map[string]any, error) {
	title, words := text.Titled(s.Title, d.Text)
	content, err := text.HTML(words)
	if err != nil {
		return nil, fmt.Errorf("article: %w", err)
	}
	out := map[string]any{"title": title, "excerpt": s.Excerpt}
	featured := -1
	if s.Featured {
		for i, m := range d.Media {
			if i < len(files) && m.Type == connector.Image {
				featured, out["featured_media"] = i, files[i].ID
				break
			}
		}
	}
	for i, f := range files {
		if i != featured {
			content += figure(&d.Media[i], f)
		}
	}
	out["content"] = content
	optional(out, s, tags)
	return out, nil
}

func optional(out map[string]any, s settings, tags []int) {
	if s.Comments != "" {
		out["comment_status"] = s.Comments
	}
	if id, err := strconv.Atoi(s.Author.ID); err == nil {
		out["author"] = id
	}
	if s.Template != "" {
		out["template"] = s.Template
	}
	if s.Type != "post" {
		return
	}
	out["format"], out["sticky"] = s.Format, s.Sticky
	if len(tags) > 0 {
		out["tags"] = tags
	}
	var categories []int
	for _, o := range s.Categories {
		if id, err := strconv.Atoi(o.ID); err == nil {
			categories = append(categories, id)
		}
	}
	if len(categories) > 0 {
		out["categories"] = categories
	}
}

// figure shows a file inside the article.
func figure(m *connector.Media, f uploaded) string {
	src, alt, id := html.EscapeString(f.URL), html.EscapeString(m.Alt), strconv.Itoa(f.ID)
	switch m.Type {
	case connector.VideoFile:
		return "\n" + `<figure class="wp-block-video"><video controls src="` + src + `"></video></figure>` + "\n"
	case connector.Audio:
		return "\n" + `<figure class="wp-block-audio"><audio controls src="` + src + `"></audio></figure>` + "\n"
	case connector.DocumentPDF:
		return "\n" + `<p><a href="` + src + `">` + html.EscapeString(m.Name) + "</a></p>\n"
	}
	return "\n" + `<figure class="wp-block-image"><img src="` + src + `" alt="` + alt + `" class="wp-image-` + id + `"/></figure>` + "\n"
}

// Look implements connector.Looker: in which state is the draft?
func (Connector) Look(ctx context.Context, c *connector.Call, p *connector.Pass) (connector.Sight, error) {
	s := settingsForm.Of(p.Draft)
	made, ok := connector.Peek[draft](p, "draft")
	if !ok {
		return connector.Sight{CantTell: "The draft's number is lost. Look at the site and tell us."}, nil
	}
	var out article
	err := get(ctx, c, s.base()+"/"+strconv.Itoa(made.ID), url.Values{"context": {"edit"}}, &out)
	if f := connector.AsFailed(err); f != nil && f.Body("code") == "rest_post_invalid_id" {
		return connector.Sight{Absent: true, Forget: []string{"draft"}}, nil
	}
	if err != nil {
		return connector.Sight{}, err
	}
	switch {
	case out.Status == s.Status && (s.Status != "draft" || out.Slug != ourSlug(p.Draft)):
		r := out.receipt()
		return connector.Sight{Found: &r}, nil
	case out.Status == "trash":
		return connector.Sight{CantTell: "The article was moved to the trash on the site."}, nil
	case out.Status == "":
		return connector.Sight{}, errors.New("the answer has no status")
	}
	return connector.Sight{Absent: true}, nil
}
