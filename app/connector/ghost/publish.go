package ghost

import (
	"context"
	"fmt"
	"html"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// posts are posts or pages as the API gives and takes them.
type posts struct {
	Posts []article `json:"posts"`
	Pages []article `json:"pages"`
}

type article struct {
	ID          string     `json:"id"`
	Slug        string     `json:"slug"`
	URL         string     `json:"url"`
	Status      string     `json:"status"`
	UpdatedAt   string     `json:"updated_at"`
	PublishedAt *time.Time `json:"published_at"`
	Email       *email     `json:"email"`
	Count       struct {
		Clicks int64 `json:"clicks"`
	} `json:"count"`
}

// one is the first of an answer; false: there is none.
func (p posts) one() (article, bool) {
	for _, a := range append(p.Posts, p.Pages...) {
		return a, a.ID != ""
	}
	return article{}, false
}

// draft is the saved handle. Version is what Ghost compares before it changes the article.
type draft struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// Publish implements connector.Publisher: files, a draft under a slug of ours, then the state "published", with the
// newsletter in the same call.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	files, err := connector.Each(ctx, p, "upload", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	made, err := connector.Step(ctx, p, "draft", func(ctx context.Context, c *connector.Call) (draft, error) {
		return makeDraft(ctx, c, p.Draft, s, files)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "publish", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		q := url.Values{}
		if s.Newsletter.ID != "" {
			q.Set("newsletter", s.Newsletter.ID)
			q.Set("email_segment", s.Segment)
		}
		var out posts
		change := map[string]any{"status": s.Status, "updated_at": made.Version, "slug": slug(s, p.Draft)}
		err := send(ctx, c, at("PUT", "/"+s.route()+"/"+made.ID+"/", q), map[string]any{s.route(): []any{change}}, &out)
		a, _ := out.one()
		return receipt(a, s, p.Draft, files), err
	})
}

// upload sends a file to where Ghost keeps its kind.
func upload(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
	type stored struct {
		URL string `json:"url"`
	}
	var out struct {
		Images, Media, Files []stored
	}
	r := at("POST", "/images/upload/", nil)
	switch m.Type {
	case connector.VideoFile, connector.Audio:
		r.Path = apiRoot + "/media/upload/"
	case connector.DocumentPDF:
		r.Path = apiRoot + "/files/upload/"
	}
	r.Method, r.Into, r.Size = "POST", &out, m.Size
	r.Parts = []connector.Part{{Name: "file", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME}, {Name: "ref", Value: m.Name}}
	if m.Cover != nil && m.Type == connector.VideoFile {
		r.Parts = append(r.Parts, connector.Part{Name: "thumbnail", File: m.Cover.All(), Size: m.Cover.Size, FileName: m.Cover.Name, Type: m.Cover.MIME})
	}
	if _, err := c.Send(ctx, r); err != nil {
		return "", err
	}
	for _, f := range append(append(out.Images, out.Media...), out.Files...) {
		if f.URL != "" {
			return f.URL, nil
		}
	}
	return "", &connector.Failed{Class: connector.Transient, Step: "upload", Words: "The site gave the file no address."}
}

// ourSlug is the sign of the draft.
func ourSlug(d *connector.Draft) string { return "posto-" + strings.ToLower(d.Key) }

// slug is what the article's address becomes: Ghost makes one of any words, and a free one of one that is taken.
func slug(s settings, d *connector.Draft) string {
	if s.Slug != "" {
		return s.Slug
	}
	title, _ := text.Titled(s.Title, d.Text)
	return string([]rune(title)[:min(len([]rune(title)), maxSlug)])
}

// makeDraft looks for the draft before it makes one: an answer may have been lost.
func makeDraft(ctx context.Context, c *connector.Call, d *connector.Draft, s settings, files []string) (draft, error) {
	var found posts
	q := url.Values{"filter": {"slug:" + ourSlug(d) + "+status:[draft,published,scheduled,sent]"}, "limit": {"1"}, "fields": {"id,updated_at"}} // without a state Ghost may list only what is published
	if err := send(ctx, c, at("GET", "/"+s.route()+"/", q), nil, &found); err != nil {
		return draft{}, err
	}
	if a, ok := found.one(); ok {
		return draft{a.ID, a.UpdatedAt}, nil
	}
	body, err := contents(d, s, files)
	if err != nil {
		return draft{}, err
	}
	body["status"], body["slug"] = "draft", ourSlug(d)
	var out posts
	if err := send(ctx, c, at("POST", "/"+s.route()+"/", url.Values{"source": {"html"}}), map[string]any{s.route(): []any{body}}, &out); err != nil {
		return draft{}, err
	}
	a, ok := out.one()
	if !ok {
		return draft{}, &connector.Failed{Class: connector.Transient, Step: "draft", Words: "The site gave the draft no number."}
	}
	return draft{a.ID, a.UpdatedAt}, nil
}

// contents is the article's title, text and settings.
func contents(d *connector.Draft, s settings, files []string) (map[string]any, error) {
	title, words := text.Titled(s.Title, d.Text)
	content, err := text.HTML(words)
	if err != nil {
		return nil, fmt.Errorf("article: %w", err)
	}
	out := map[string]any{"title": title, "featured": s.Featured}
	top := -1
	if s.FeatureImage && len(d.Media) > 0 && (d.Media[0].Type == connector.Image || d.Media[0].Type == connector.GIF) {
		top = 0
		out["feature_image"], out["feature_image_alt"], out["feature_image_caption"] = files[0], d.Media[0].Alt, html.EscapeString(s.Caption)
	}
	for i := range d.Media {
		if i == top {
			continue
		}
		caption := ""
		if i == 0 {
			caption = s.Caption
		}
		content += figure(&d.Media[i], files[i], caption)
	}
	out["html"] = content
	optional(out, s)
	return out, nil
}

func optional(out map[string]any, s settings) {
	for name, v := range map[string]string{
		"custom_excerpt": s.Excerpt, "canonical_url": s.Canonical, "visibility": s.Visibility, "meta_title": s.MetaTitle, "meta_description": s.MetaDescription,
	} {
		if v != "" {
			out[name] = v
		}
	}
	if s.Type == "post" && s.Newsletter.ID != "" {
		out["email_only"] = s.EmailOnly
		if s.Subject != "" {
			out["email_subject"] = s.Subject
		}
	}
	if len(s.Tags) > 0 {
		out["tags"] = s.Tags
	}
	lists := map[string][]connector.Option{"authors": s.Authors}
	if s.Visibility == "tiers" {
		lists["tiers"] = s.Tiers
	}
	for name, list := range lists {
		var ids []any
		for _, o := range list {
			ids = append(ids, map[string]string{"id": o.ID})
		}
		if ids != nil {
			out[name] = ids
		}
	}
}

// figure shows a file inside the article. Ghost has cards for pictures; films and sound stay as the HTML that they are.
func figure(m *connector.Media, at, caption string) string {
	src := html.EscapeString(at)
	if caption != "" {
		caption = "<figcaption>" + html.EscapeString(caption) + "</figcaption>"
	}
	switch m.Type {
	case connector.VideoFile:
		return "\n<!--kg-card-begin: html-->\n<figure><video controls src=\"" + src + `"></video>` + caption + "</figure>\n<!--kg-card-end: html-->\n"
	case connector.Audio:
		return "\n<!--kg-card-begin: html-->\n<figure><audio controls src=\"" + src + `"></audio>` + caption + "</figure>\n<!--kg-card-end: html-->\n"
	case connector.DocumentPDF:
		return "\n<p><a href=\"" + src + `">` + html.EscapeString(m.Name) + "</a></p>\n"
	}
	return "\n<figure><img src=\"" + src + `" alt="` + html.EscapeString(m.Alt) + `">` + caption + "</figure>\n"
}

// kept is where a receipt remembers a file, so that editing needn't send it again.
const kept = "file."

func receipt(a article, s settings, d *connector.Draft, files []string) connector.Receipt {
	if a.ID == "" {
		return connector.Receipt{}
	}
	r := connector.Receipt{ID: a.ID, Permalink: a.URL, More: map[string]string{"route": s.route()}}
	if a.PublishedAt != nil {
		r.At = a.PublishedAt.UTC()
	}
	for i, at := range files {
		if i < len(d.Media) && d.Media[i].ID != "" {
			r.More[kept+d.Media[i].ID] = at
		}
	}
	return r
}

// Look implements connector.Looker: in which state is the draft? One that was sent only as a newsletter is "sent".
func (Connector) Look(ctx context.Context, c *connector.Call, p *connector.Pass) (connector.Sight, error) {
	s := settingsForm.Of(p.Draft)
	made, ok := connector.Peek[draft](p, "draft")
	if !ok {
		return connector.Sight{CantTell: "The draft's number is lost. Look at the site and tell us."}, nil
	}
	var out posts
	err := send(ctx, c, at("GET", "/"+s.route()+"/"+made.ID+"/", nil), nil, &out)
	if gone(err) {
		return connector.Sight{Absent: true, Forget: []string{"draft"}}, nil
	}
	if err != nil {
		return connector.Sight{}, err
	}
	a, _ := out.one()
	switch {
	case a.Status == "":
		return connector.Sight{}, fmt.Errorf("the answer has no status")
	case a.Status != "draft" && a.Status != "scheduled", s.Status == "draft" && a.Slug != ourSlug(p.Draft):
		r := receipt(a, s, p.Draft, connector.PeekAll[string](p, "upload"))
		return connector.Sight{Found: &r}, nil
	case a.UpdatedAt != made.Version:
		return connector.Sight{Absent: true, Forget: []string{"draft"}}, nil // somebody changed the draft; its new version is read
	}
	return connector.Sight{Absent: true}, nil
}

func gone(err error) bool { f := connector.AsFailed(err); return f != nil && f.Status == 404 }
