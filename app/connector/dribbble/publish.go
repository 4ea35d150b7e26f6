package dribbble

import (
	"context"
	"errors"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	Title, Rebound string
	Tags           []string
	Team           connector.Option
	LowProfile     bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Title, "title", 1, 200).Labelled("Title", "").Must()
	f.Words(&s.Tags, "tags", 0, maxTags).Labelled("Tags", "Up to twelve.")
	f.Lookup(&s.Team, "team", "teams").Labelled("Team", "The shot is the team's.")
	f.Flag(&s.LowProfile, "low_profile").Labelled("Low profile", "It isn't shown to followers.").Def(false)
	f.Text(&s.Rebound, "rebound", 0, 300).Labelled("Rebound of", "The address of the shot that this one answers.")
})

var shots = regexp.MustCompile(`^(\d+)$|/shots/(\d+)`)

// shotIn is the number of the shot in an address.
func shotIn(address string) string {
	m := shots.FindStringSubmatch(strings.TrimSpace(address))
	if m == nil {
		return ""
	}
	return m[1] + m[2]
}

// rules are what a form can't say.
func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	var out []connector.Trouble
	if s := settingsForm.Of(d); s.Rebound != "" && shotIn(s.Rebound) == "" {
		out = append(out, connector.Trouble{Code: "rebound_unknown", Field: "settings.rebound", Words: "This is no address of a shot."})
	}
	for _, m := range d.Media {
		if m.Width > 0 && m.Width < leastWidth {
			out = append(out, connector.Trouble{Code: "media_pixels", Field: "media.0", Fix: "exclude", Words: "Dribbble wants a picture of at least 400 x 300 pixels."})
		}
	}
	return out
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// Publish implements connector.Publisher: one request holds words and picture.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if n := len(p.Draft.Media); n != 1 {
		return connector.Receipt{}, connector.Reject("A shot has one picture.", "remove:"+strconv.Itoa(n-1))
	}
	parts, err := partsOf(p.Draft)
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "shot", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		header, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/v2/shots", Parts: parts, Size: p.Draft.Media[0].Size})
		if err != nil {
			return connector.Receipt{}, err
		}
		at, err := url.Parse(header.Get("Location"))
		if err != nil || shotIn(at.Path) == "" {
			return connector.Receipt{}, nil //nolint:nilerr // it was accepted, and nobody knows as what: that is a doubt
		}
		id := path.Base(at.Path)
		return connector.Receipt{ID: id, Permalink: "https://dribbble.com/shots/" + id, At: c.Now}, nil
	})
}

// partsOf is a draft as Dribbble takes it.
func partsOf(d *connector.Draft) ([]connector.Part, error) {
	s := settingsForm.Of(d)
	html, err := text.HTML(d.Text)
	if err != nil {
		return nil, err
	}
	parts := []connector.Part{{Name: "title", Value: s.Title}, {Name: "description", Value: html}, {Name: "low_profile", Value: strconv.FormatBool(s.LowProfile)}}
	for _, tag := range s.Tags {
		parts = append(parts, connector.Part{Name: "tags[]", Value: tag})
	}
	if s.Team.ID != "" {
		parts = append(parts, connector.Part{Name: "team_id", Value: s.Team.ID})
	}
	if id := shotIn(s.Rebound); id != "" {
		parts = append(parts, connector.Part{Name: "rebound_source_id", Value: id})
	}
	m := &d.Media[0]
	return append(parts, connector.Part{Name: "image", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME}), nil
}

// shot is a shot as Dribbble gives it.
type shot struct {
	ID          int64     `json:"id"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	URL         string    `json:"html_url"`
	At          time.Time `json:"published_at"`
}

// workTime is how long Dribbble is given before it is asked again.
const workTime = 10 * time.Second

// Finishes implements connector.Finisher: the address is known when Dribbble is done.
func (Connector) Finishes(*connector.Draft) bool { return true }

// Finish implements connector.Finisher.
func (Connector) Finish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if p.Draft.Parent == nil {
		return connector.Receipt{}, connector.Reject("There is no shot to look at.", "")
	}
	return connector.Step(ctx, p, "address", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		r := *p.Draft.Parent
		var out shot
		_, err := c.Send(ctx, connector.Request{Path: "/v2/shots/" + r.ID, Into: &out})
		if gone(err) {
			return r, connector.NotYet(c, workTime)
		}
		if out.URL != "" {
			r.Permalink = out.URL
		}
		return r, err
	})
}

func gone(err error) bool {
	var f *connector.Failed
	return errors.As(err, &f) && f.Status == 404
}

// List implements connector.Lister: the account's shots, newest first.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	var list []shot
	if _, err := c.Send(ctx, connector.Request{Path: "/v2/user/shots", Query: url.Values{"per_page": {"50"}}, Into: &list}); err != nil {
		return nil, err
	}
	if list == nil {
		return nil, connector.Unreadable()
	}
	seen := make([]connector.Seen, len(list))
	for i, s := range list {
		r := connector.Receipt{ID: number(s.ID), Permalink: s.URL, At: s.At}
		if r.Permalink == "" {
			r.Permalink = "https://dribbble.com/shots/" + r.ID
		}
		seen[i] = connector.Seen{Receipt: r, Sign: sign(s.Title, s.Description)}
	}
	return seen, nil
}

// Sign implements connector.Lister: title and words, the words as HTML shows them.
func (Connector) Sign(p *connector.Pass) string {
	html, _ := text.HTML(p.Draft.Text)
	return sign(settingsForm.Of(p.Draft).Title, html)
}

func sign(title, html string) string {
	return text.Folded(title) + " / " + text.Folded(text.Words(html))
}

// Edit implements connector.Editor: title, words and tags.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	s := settingsForm.Of(d)
	html, err := text.HTML(d.Text)
	if err != nil {
		return r, err
	}
	change := map[string]any{"title": s.Title, "description": html, "tags": append([]string{}, s.Tags...)}
	_, err = c.Send(ctx, connector.Request{Method: "PUT", Path: "/v2/shots/" + r.ID, JSON: change})
	return r, err
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	if _, err := c.Send(ctx, connector.Request{Method: "DELETE", Path: "/v2/shots/" + r.ID}); err != nil && !gone(err) {
		return err
	}
	return nil
}
