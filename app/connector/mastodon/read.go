package mastodon

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// List implements connector.Lister: what the channel posted, newest first.
func (m Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	var list []status
	_, err := c.Send(ctx, connector.Request{
		Path: "/api/v1/accounts/" + c.Channel.RemoteID + "/statuses", Query: url.Values{"limit": {"40"}, "exclude_reblogs": {"true"}}, Into: &list,
	})
	if err != nil {
		return nil, err
	}
	seen := make([]connector.Seen, len(list))
	for i, s := range list {
		var files []string
		for _, f := range s.Media {
			files = append(files, f.ID)
		}
		seen[i] = connector.Seen{Receipt: s.receipt(), Sign: sign(files, s.Spoiler, text.Words(s.Content), s.Parent)}
		if m.source && len(files) == 0 {
			seen[i].Sign = "" // SignOf reads it
		}
	}
	return seen, nil
}

// Sign implements connector.Lister. Files are known by their ids, which no other post can have; words by themselves.
func (m Connector) Sign(p *connector.Pass) string {
	parent := ""
	if p.Draft.Parent != nil && p.Draft.Role != connector.Post {
		parent = p.Draft.Parent.ID
	}
	return sign(connector.PeekAll[string](p, "ready"), m.form.Of(p.Draft).SpoilerText, p.Draft.Text, parent)
}

// SignOf implements connector.Signer, for servers that show something else than what was written. One that keeps no
// source is taken by what it shows.
func (m Connector) SignOf(ctx context.Context, c *connector.Call, r connector.Receipt) (string, error) {
	var s status
	var source struct {
		Text    string `json:"text"`
		Spoiler string `json:"spoiler_text"`
	}
	at := "/api/v1/statuses/" + r.ID
	_, err := c.Send(ctx, connector.Request{Path: at, Into: &s})
	if err == nil {
		_, err = c.Send(ctx, connector.Request{Path: at + "/source", Into: &source})
		if gone(err) {
			source.Text, source.Spoiler, err = text.Words(s.Content), s.Spoiler, nil
		}
	}
	return sign(nil, source.Spoiler, source.Text, s.Parent), err
}

func sign(files []string, spoiler, words, parent string) string {
	if len(files) > 0 {
		files = slices.Clone(files)
		slices.Sort(files)
		return "files " + strings.Join(files, ",")
	}
	return "text " + parent + " " + folded(spoiler) + " / " + folded(words)
}

// folded is a text as a server can give it back: remote mentions without their server, white space as one space.
func folded(s string) string {
	var b strings.Builder
	for i, word := range strings.Fields(s) {
		if i > 0 {
			b.WriteByte(' ')
		}
		if user, _, ok := strings.Cut(strings.TrimPrefix(word, "@"), "@"); ok && word[0] == '@' {
			word = "@" + user
		}
		b.WriteString(word)
	}
	return b.String()
}

// Edit implements connector.Editor. Visibility can't be changed.
func (m Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	var current, out status
	at := "/api/v1/statuses/" + r.ID
	if _, err := c.Send(ctx, connector.Request{Path: at, Into: &current}); err != nil {
		return r, err
	}
	var files []string
	var alts []map[string]string
	for i, f := range current.Media {
		files = append(files, f.ID)
		if i < len(d.Media) {
			alts = append(alts, map[string]string{"id": f.ID, "description": d.Media[i].Alt})
		}
	}
	change := body(d, m.form.Of(d), files)
	delete(change, "visibility")
	delete(change, "in_reply_to_id")
	if alts != nil {
		change["media_attributes"] = alts
	}
	if _, err := c.Send(ctx, connector.Request{Method: "PUT", Path: at, JSON: change, Into: &out}); err != nil {
		return r, err
	}
	return r, nil
}

// Delete implements connector.Deleter.
func (m Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	_, err := c.Send(ctx, connector.Request{Method: "DELETE", Path: "/api/v1/statuses/" + r.ID})
	if gone(err) {
		return nil
	}
	return err
}

func gone(err error) bool {
	var f *connector.Failed
	return errors.As(err, &f) && (f.Status == 404 || f.Status == 410)
}

// Replies implements connector.Reader.
func (m Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	var out struct {
		Descendants []status `json:"descendants"`
	}
	if _, err := c.Send(ctx, connector.Request{Path: "/api/v1/statuses/" + r.ID + "/context", Into: &out}); err != nil {
		return nil, "", err
	}
	var answers []connector.Answer
	for _, s := range out.Descendants {
		if after != "" {
			if s.ID == after {
				after = ""
			}
			continue
		}
		answers = append(answers, connector.Answer{
			ID: s.ID, Author: s.Account.name(), Handle: "@" + s.Account.Acct, Avatar: s.Account.Avatar, Text: text.Words(s.Content), URL: s.URL, Parent: s.Parent, At: s.CreatedAt,
		})
	}
	return answers, "", nil
}

// Measure implements connector.Measurer. Mastodon counts no views.
func (m Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for _, r := range list {
		var s status
		_, err := c.Send(ctx, connector.Request{Path: "/api/v1/statuses/" + r.ID, Into: &s})
		if gone(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		counts := map[string]int64{"replies": s.Replies, "reposts": s.Reblogs, "likes": s.Favourites}
		if s.Quotes != nil {
			counts["quotes"] = *s.Quotes
		}
		out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: counts})
	}
	return out, nil
}
