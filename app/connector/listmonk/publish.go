package listmonk

import (
	"context"
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

// made is the saved handle.
type made struct {
	ID   int    `json:"id"`
	UUID string `json:"uuid"`
}

// campaign is one as the API gives it.
type campaign struct {
	ID          int        `json:"id"`
	UUID        string     `json:"uuid"`
	Status      string     `json:"status"`
	Archive     bool       `json:"archive"`
	ArchiveSlug string     `json:"archive_slug"`
	StartedAt   *time.Time `json:"started_at"`
	Views       int64      `json:"views"`
	Clicks      int64      `json:"clicks"`
	Bounces     int64      `json:"bounces"`
	ToSend      int64      `json:"to_send"`
	Sent        int64      `json:"sent"`
}

// receipt: a campaign has a public page only in the archive; else its page in listmonk is the address.
func (m campaign) receipt(c *connector.Call) connector.Receipt {
	if m.ID == 0 {
		return connector.Receipt{}
	}
	r := connector.Receipt{ID: strconv.Itoa(m.ID), Permalink: c.Channel.Fields["server"] + "/admin/campaigns/" + strconv.Itoa(m.ID)}
	if m.Archive {
		r.Permalink = c.Channel.Fields["server"] + "/archive/" + url.PathEscape(m.UUID)
		if m.ArchiveSlug != "" {
			r.Permalink = c.Channel.Fields["server"] + "/archive/" + url.PathEscape(m.ArchiveSlug)
		}
	}
	if m.StartedAt != nil {
		r.At = m.StartedAt.UTC()
	}
	return r
}

// send asks a route, with JSON if there is any; answers stand under "data".
func send[T any](ctx context.Context, c *connector.Call, method, route string, query url.Values, body any) (T, error) {
	var out struct {
		Data T `json:"data"`
	}
	_, err := c.Send(ctx, connector.Request{Method: method, Path: "/api" + route, Query: query, JSON: body, Into: &out})
	return out.Data, err
}

// Publish implements connector.Publisher: files, a campaign as a draft, then the state "running".
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	files, err := connector.Each(ctx, p, "media", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	m, err := connector.Step(ctx, p, "campaign", func(ctx context.Context, c *connector.Call) (made, error) {
		return makeCampaign(ctx, c, p.Draft, files)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "start", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		out, err := send[campaign](ctx, c, "PUT", "/campaigns/"+strconv.Itoa(m.ID)+"/status", nil, map[string]string{"status": "running"})
		if err == nil && out.Status != "running" {
			return connector.Receipt{}, nil // not what was asked for: doubt, and the state is read
		}
		return out.receipt(c), err
	})
}

func upload(ctx context.Context, c *connector.Call, m connector.Media) (uploaded, error) {
	var out struct {
		Data uploaded `json:"data"`
	}
	_, err := c.Send(ctx, connector.Request{
		Method: "POST", Path: "/api/media", Size: m.Size, Into: &out,
		Parts: []connector.Part{{Name: "file", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME}},
	})
	if err == nil && out.Data.URL == "" {
		err = &connector.Failed{Class: connector.Transient, Step: "media", Words: "The server gave the file no address."}
	}
	return out.Data, err
}

// signPrefix begins the tag by which our campaign is known.
const signPrefix = "posto-"

func sign(d *connector.Draft) string { return signPrefix + strings.ToLower(d.Key) }

// makeCampaign looks for the campaign before it makes one: an answer may have been lost.
func makeCampaign(ctx context.Context, c *connector.Call, d *connector.Draft, files []uploaded) (made, error) {
	found, err := send[struct {
		Results []struct {
			made
			Tags []string `json:"tags"`
		} `json:"results"`
	}](ctx, c, "GET", "/campaigns", url.Values{"tag": {sign(d)}, "no_body": {"true"}, "per_page": {"20"}}, nil)
	if err != nil {
		return made{}, err
	}
	for _, m := range found.Results {
		for _, tag := range m.Tags {
			if tag == sign(d) { // a server that doesn't know the filter lists all
				return m.made, nil
			}
		}
	}
	body, err := contents(d, files)
	if err != nil {
		return made{}, err
	}
	out, err := send[made](ctx, c, "POST", "/campaigns", nil, body)
	if err == nil && out.ID == 0 {
		err = &connector.Failed{Class: connector.Transient, Step: "campaign", Words: "The server gave the campaign no number."}
	}
	return out, err
}

// contents is the campaign.
func contents(d *connector.Draft, files []uploaded) (map[string]any, error) {
	s := settingsForm.Of(d)
	subject, words := text.Titled(s.Subject, d.Text)
	body := words
	if s.Content == "html" {
		var err error
		if body, err = text.HTML(words); err != nil {
			return nil, fmt.Errorf("campaign: %w", err)
		}
	}
	var attached []int
	for i, f := range files {
		m := &d.Media[i]
		switch {
		case s.Attach && m.Type == connector.DocumentPDF:
			attached = append(attached, f.ID)
		case s.Content == "plain":
			body += "\n\n" + m.Name + ": " + f.URL
		default:
			body += figure(m, f.URL)
		}
	}
	out := map[string]any{
		"name": string([]rune(subject)[:min(len([]rune(subject)), maxName)]), "type": "regular", "content_type": s.Content, "messenger": "email",
		"subject": s.plain(subject), "body": s.plain(body), "tags": append([]string{sign(d)}, s.Tags...), "lists": numbers(s.Lists), "archive": s.Archive,
	}
	if attached != nil {
		out["media"] = attached
	}
	if s.Content == "html" && s.AltBody {
		out["altbody"] = s.plain(words)
	}
	if s.From != "" {
		out["from_email"] = s.From
	}
	if s.Archive && s.ArchiveSlug != "" {
		out["archive_slug"] = s.ArchiveSlug
	}
	if id := numbers([]connector.Option{s.Template}); len(id) > 0 {
		out["template_id"] = id[0]
	}
	if id := numbers([]connector.Option{s.ArchiveTemplate}); s.Archive && len(id) > 0 {
		out["archive_template_id"] = id[0]
	}
	return out, nil
}

// plain keeps listmonk from reading variables in what a person wrote, unless that was meant.
func (s settings) plain(words string) string {
	if s.Variables {
		return words
	}
	return strings.ReplaceAll(words, "{{", `{{ "{{" }}`)
}

func numbers(list []connector.Option) []int {
	var out []int
	for _, o := range list {
		if n, err := strconv.Atoi(o.ID); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// figure shows a file inside the mail.
func figure(m *connector.Media, at string) string {
	if m.Type == connector.DocumentPDF {
		return "\n<p><a href=\"" + html.EscapeString(at) + `">` + html.EscapeString(m.Name) + "</a></p>\n"
	}
	return "\n<p><img src=\"" + html.EscapeString(at) + `" alt="` + html.EscapeString(m.Alt) + "\" style=\"max-width:100%\"></p>\n"
}

// Look implements connector.Looker: in which state is the campaign? Only what was started can be paused or cancelled.
func (Connector) Look(ctx context.Context, c *connector.Call, p *connector.Pass) (connector.Sight, error) {
	m, ok := connector.Peek[made](p, "campaign")
	if !ok {
		return connector.Sight{CantTell: "The campaign's number is lost. Look at listmonk and tell us."}, nil
	}
	out, err := send[campaign](ctx, c, "GET", "/campaigns/"+strconv.Itoa(m.ID), url.Values{"no_body": {"true"}}, nil)
	if gone(err) {
		return connector.Sight{Absent: true, Forget: []string{"campaign"}}, nil
	}
	if err != nil {
		return connector.Sight{}, err
	}
	switch out.Status {
	case "running", "finished", "paused", "cancelled":
		r := out.receipt(c)
		return connector.Sight{Found: &r}, nil
	case "draft":
		return connector.Sight{Absent: true}, nil
	case "scheduled":
		return connector.Sight{CantTell: "Somebody gave the campaign a time in listmonk. Look there and tell us."}, nil
	}
	return connector.Sight{}, fmt.Errorf("the answer has no state")
}

// gone: listmonk answers 400 for a campaign that isn't there, in its own language.
func gone(err error) bool {
	f := connector.AsFailed(err)
	return f != nil && (f.Status == 400 || f.Status == 404)
}

// Lookup implements connector.Lookuper: "lists" and "templates".
func (Connector) Lookup(ctx context.Context, c *connector.Call, what, query string, _ map[string]string) ([]connector.Option, error) {
	if what == "templates" {
		all, err := send[[]struct {
			ID   int    `json:"id"`
			Name string `json:"name"`
			Type string `json:"type"`
		}](ctx, c, "GET", "/templates", url.Values{"no_body": {"true"}}, nil)
		var out []connector.Option
		for _, t := range all {
			if t.Type != "tx" && strings.Contains(strings.ToLower(t.Name), strings.ToLower(query)) {
				out = append(out, connector.Option{ID: strconv.Itoa(t.ID), Label: t.Name})
			}
		}
		return out, err
	}
	all, err := lists(ctx, c)
	var out []connector.Option
	for _, l := range all {
		if strings.Contains(strings.ToLower(l.Label), strings.ToLower(query)) {
			out = append(out, l)
		}
	}
	return out, err
}

// lists are all that the credentials see.
func lists(ctx context.Context, c *connector.Call) ([]connector.Option, error) {
	all, err := send[struct {
		Results []struct {
			ID          int    `json:"id"`
			Name        string `json:"name"`
			Subscribers int    `json:"subscriber_count"`
		} `json:"results"`
	}](ctx, c, "GET", "/lists", url.Values{"per_page": {"all"}}, nil)
	out := make([]connector.Option, len(all.Results))
	for i, l := range all.Results {
		out[i] = connector.Option{ID: strconv.Itoa(l.ID), Label: l.Name, Help: strconv.Itoa(l.Subscribers) + " subscribers"}
	}
	return out, err
}

// Delete implements connector.Deleter: it stops what wasn't sent yet, then takes campaign and page away.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	if _, err := send[any](ctx, c, "PUT", "/campaigns/"+r.ID+"/status", nil, map[string]string{"status": "cancelled"}); err != nil && !gone(err) {
		return err // a finished one can't be cancelled, which is no harm
	}
	_, err := send[any](ctx, c, "DELETE", "/campaigns/"+r.ID, nil, nil)
	if gone(err) {
		return nil
	}
	return err
}

// Measure implements connector.Measurer.
func (Connector) Measure(ctx context.Context, c *connector.Call, receipts []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for _, r := range receipts {
		m, err := send[campaign](ctx, c, "GET", "/campaigns/"+r.ID, url.Values{"no_body": {"true"}}, nil)
		if gone(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: map[string]int64{
			"recipients": m.ToSend, "sent": m.Sent, "opens": m.Views, "clicks": m.Clicks, "bounces": m.Bounces,
		}})
	}
	return out, nil
}
