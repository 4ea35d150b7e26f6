package medium

import (
	"context"
	"fmt"
	"html"
	"net/url"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// story is what the API gives back.
type story struct {
	ID          string `json:"id"`
	URL         string `json:"url"`
	PublishedAt int64  `json:"publishedAt"` // milliseconds; absent for a draft
}

// Publish implements connector.Publisher: pictures, then the story.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	files, err := connector.Each(ctx, p, "image", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "story", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		s := settingsForm.Of(p.Draft)
		body, err := contents(p.Draft, s, files)
		if err != nil {
			return connector.Receipt{}, err
		}
		under := "/v1/users/" + url.PathEscape(c.Channel.RemoteID)
		if s.Publication.ID != "" {
			under = "/v1/publications/" + url.PathEscape(s.Publication.ID)
		}
		var out struct {
			Data story `json:"data"`
		}
		_, err = c.Send(ctx, connector.Request{Method: "POST", Path: under + "/posts", JSON: body, Into: &out})
		r := connector.Receipt{ID: out.Data.ID, Permalink: out.Data.URL}
		if out.Data.PublishedAt > 0 {
			r.At = time.UnixMilli(out.Data.PublishedAt).UTC()
		}
		return r, err
	})
}

func upload(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
	var out struct {
		Data struct{ URL string } `json:"data"`
	}
	_, err := c.Send(ctx, connector.Request{
		Method: "POST", Path: "/v1/images", Size: m.Size, Into: &out,
		Parts: []connector.Part{{Name: "image", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME}},
	})
	if err == nil && out.Data.URL == "" {
		err = &connector.Failed{Class: connector.Transient, Step: "image", Words: "Medium gave the picture no address."}
	}
	return out.Data.URL, err
}

// contents is the story. Medium shows a title only where it stands in the text too.
func contents(d *connector.Draft, s settings, files []string) (map[string]any, error) {
	title, words := text.Titled(s.Title, d.Text)
	content, err := text.HTML(words)
	if err != nil {
		return nil, fmt.Errorf("story: %w", err)
	}
	content = "<h1>" + html.EscapeString(title) + "</h1>\n" + content
	for i, at := range files {
		content += "\n<figure><img src=\"" + html.EscapeString(at) + `" alt="` + html.EscapeString(d.Media[i].Alt) + "\"></figure>\n"
	}
	out := map[string]any{
		"title": title, "contentFormat": "html", "content": content, "publishStatus": s.Status, "license": s.License, "notifyFollowers": s.Notify,
	}
	if len(s.Tags) > 0 {
		out["tags"] = s.Tags
	}
	if s.Canonical != "" {
		out["canonicalUrl"] = s.Canonical
	}
	return out, nil
}
