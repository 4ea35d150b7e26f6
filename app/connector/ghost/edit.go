package ghost

import (
	"context"
	"net/url"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

// Lookup implements connector.Lookuper: "authors", "tiers" and "newsletters". Newsletters are known by their slugs.
func (Connector) Lookup(ctx context.Context, c *connector.Call, what, query string, _ map[string]string) ([]connector.Option, error) {
	type thing struct {
		ID, Name, Slug, Email string
	}
	var out struct {
		Users, Tiers, Newsletters []thing
	}
	route, q := "/users/", url.Values{"limit": {"100"}}
	switch what {
	case "tiers":
		route = "/tiers/"
		q.Set("filter", "active:true")
	case "newsletters":
		route = "/newsletters/"
		q.Set("filter", "status:active")
	}
	if err := send(ctx, c, at("GET", route, q), nil, &out); err != nil {
		return nil, err
	}
	var options []connector.Option
	for _, t := range append(append(out.Users, out.Tiers...), out.Newsletters...) {
		o := connector.Option{ID: t.ID, Label: t.Name, Help: t.Email}
		if what == "newsletters" {
			o.ID = t.Slug
		}
		if strings.Contains(strings.ToLower(o.Label), strings.ToLower(query)) {
			options = append(options, o)
		}
	}
	return options, nil
}

// Edit implements connector.Editor: title, text, files and settings. Its version is read right before, so that what
// somebody writes there at the same moment isn't lost.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	s := settingsForm.Of(d)
	s.Type = "post"
	if r.More["route"] == "pages" {
		s.Type = "page"
	}
	files := make([]string, len(d.Media))
	for i, m := range d.Media {
		files[i] = r.More[kept+m.ID]
		if files[i] != "" && m.ID != "" {
			continue
		}
		at, err := upload(ctx, c, m)
		if err != nil {
			return r, err
		}
		files[i] = at
	}
	var current, out posts
	route := "/" + s.route() + "/" + r.ID + "/"
	if err := send(ctx, c, at("GET", route, url.Values{"fields": {"id,updated_at"}}), nil, &current); err != nil {
		return r, err
	}
	body, err := contents(d, s, files)
	if err != nil {
		return r, err
	}
	a, _ := current.one()
	body["updated_at"] = a.UpdatedAt
	delete(body, "email_only") // what was sent stays sent
	if _, ok := body["feature_image"]; !ok {
		body["feature_image"] = nil
	}
	if err := send(ctx, c, at("PUT", route, url.Values{"source": {"html"}}), map[string]any{s.route(): []any{body}}, &out); err != nil {
		return r, err
	}
	if a, ok := out.one(); ok {
		edited := receipt(a, s, d, files)
		edited.At = r.At
		return edited, nil
	}
	return r, nil
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	route := r.More["route"]
	if route == "" {
		route = "posts"
	}
	_, err := c.Send(ctx, at("DELETE", "/"+route+"/"+r.ID+"/", nil))
	if gone(err) {
		return nil
	}
	return err
}

// email is how a newsletter goes.
type email struct {
	Recipients int64 `json:"email_count"`
	Delivered  int64 `json:"delivered_count"`
	Opened     int64 `json:"opened_count"`
	Failed     int64 `json:"failed_count"`
}

// Measure implements connector.Measurer: a newsletter's figures. Ghost counts no readers of the site.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var figures []connector.Figures
	for _, r := range list {
		if r.More["route"] == "pages" {
			continue
		}
		var out posts
		err := send(ctx, c, at("GET", "/posts/"+r.ID+"/", url.Values{"include": {"email,count.clicks"}}), nil, &out)
		if gone(err) {
			continue
		}
		if err != nil {
			return figures, err
		}
		a, _ := out.one()
		if a.Email == nil {
			continue
		}
		figures = append(figures, connector.Figures{ID: r.ID, At: c.Now, Counts: map[string]int64{
			"recipients": a.Email.Recipients, "delivered": a.Email.Delivered, "opens": a.Email.Opened, "failed": a.Email.Failed, "clicks": a.Count.Clicks,
		}})
	}
	return figures, nil
}
