package whop

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct{ Title string }

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Title, "title", 0, 300).Labelled("Title", "").For("post")
})

// pollEvery is how often Whop is asked about a file. Source: fact sheet, "Publish".
const pollEvery = 5 * time.Second

// Publish implements connector.Publisher: bring the files, wait for them, post.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	d := p.Draft
	body := map[string]any{"experience_id": d.Channel.Target, "content": d.Text}
	if d.Role == connector.Comment {
		body["parent_id"] = d.Parent.ID
		return connector.Commit(ctx, p, "comment", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) { return post(ctx, c, body) })
	}
	if n := len(d.Media) - maxFiles; n > 0 {
		return connector.Receipt{}, connector.Reject("Whop takes fewer files.", "remove:"+strconv.Itoa(n))
	}
	files, err := connector.Each(ctx, p, "file", d.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	ids, err := connector.Each(ctx, p, "ready", files, ready)
	if err != nil {
		return connector.Receipt{}, err
	}
	if len(ids) > 0 {
		list := make([]map[string]string, len(ids))
		for i, id := range ids {
			list[i] = map[string]string{"id": id}
		}
		body["attachments"] = list
	}
	if title := settingsForm.Of(d).Title; title != "" {
		body["title"] = title
	}
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) { return post(ctx, c, body) })
}

func post(ctx context.Context, c *connector.Call, body map[string]any) (connector.Receipt, error) {
	var out entry
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/api/v1/forum_posts", JSON: body, Into: &out})
	return out.receipt(c), err
}

// upload makes a file there and sends its bytes to the place that Whop names, without our access.
func upload(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
	var out struct {
		ID      string            `json:"id"`
		Upload  string            `json:"upload_url"`
		Headers map[string]string `json:"upload_headers"`
	}
	if _, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/api/v1/files", JSON: map[string]string{"filename": m.Name}, Into: &out}); err != nil {
		return "", err
	}
	if out.ID == "" || out.Upload == "" {
		return "", &connector.Failed{Class: connector.Transient, Words: "Whop gave no place for the file."}
	}
	c.Hide(out.Upload)
	_, err := c.Send(ctx, connector.Request{Method: "PUT", Host: hostOf(out.Upload), Path: out.Upload, Body: m.All(), Size: m.Size, Type: m.MIME, Header: out.Headers, NoAuth: true})
	return out.ID, err
}

// hostOf is which of the declared places an address belongs to; the kit refuses it if it is none.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && strings.HasSuffix(u.Hostname(), ".amazonaws.com") {
		return "amazon"
	}
	return "whop"
}

func ready(ctx context.Context, c *connector.Call, id string) (string, error) {
	var out struct {
		Status string `json:"upload_status"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/api/v1/files/" + url.PathEscape(id), Into: &out}); err != nil {
		return "", err
	}
	if out.Status != "ready" {
		return "", connector.NotYet(c, pollEvery)
	}
	return id, nil
}

// entry is a post as Whop gives it.
type entry struct {
	ID      string    `json:"id"`
	Title   string    `json:"title"`
	Content string    `json:"content"`
	At      time.Time `json:"created_at"`
}

func (e entry) receipt(c *connector.Call) connector.Receipt {
	if e.ID == "" {
		return connector.Receipt{}
	}
	at := e.At
	if at.IsZero() {
		at = c.Now
	}
	return connector.Receipt{ID: e.ID, Permalink: "https://whop.com/experiences/" + c.Channel.Target + "/" + e.ID, At: at}
}

// List implements connector.Lister: the forum's posts, newest first, whoever wrote them.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	var out struct {
		Data []entry `json:"data"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/api/v1/forum_posts", Query: url.Values{"experience_id": {c.Channel.Target}, "first": {"50"}}, Into: &out}); err != nil {
		return nil, err
	}
	if out.Data == nil {
		return nil, connector.Unreadable()
	}
	seen := make([]connector.Seen, len(out.Data))
	for i, e := range out.Data {
		seen[i] = connector.Seen{Receipt: e.receipt(c), Sign: sign(e.Title, e.Content)}
	}
	return seen, nil
}

// Sign implements connector.Lister.
func (Connector) Sign(p *connector.Pass) string {
	return sign(settingsForm.Of(p.Draft).Title, p.Draft.Text)
}

func sign(title, words string) string { return text.Folded(title) + " / " + text.Folded(words) }
