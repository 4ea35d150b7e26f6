package mattermost

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
)

// post is one as the API gives it; times are milliseconds.
type post struct {
	ID        string         `json:"id"`
	UserID    string         `json:"user_id"`
	RootID    string         `json:"root_id"`
	Message   string         `json:"message"`
	CreatedAt int64          `json:"create_at"`
	Props     map[string]any `json:"props"`
	Replies   int64          `json:"reply_count"`
}

// keyProp is the property with our key.
const keyProp = "omniposto_id"

func (p post) receipt(c *connector.Call) connector.Receipt {
	if p.ID == "" {
		return connector.Receipt{}
	}
	r := connector.Receipt{ID: p.ID, Permalink: c.Channel.Fields["server"] + "/" + c.Channel.More["team"] + "/pl/" + p.ID, At: time.UnixMilli(p.CreatedAt).UTC()}
	if p.RootID != "" {
		r.More = map[string]string{"root": p.RootID}
	}
	return r
}

// send asks a route of the API, with JSON if there is any.
func send(ctx context.Context, c *connector.Call, method, route string, query url.Values, body, into any) error {
	_, err := c.Send(ctx, connector.Request{Method: method, Host: "server", Path: "/api/v4" + route, Query: query, JSON: body, Into: into})
	return err
}

// Publish implements connector.Publisher: files one by one, then the post.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if p.Kind().ID == "webhook" {
		return hook(ctx, p)
	}
	files, err := connector.Each(ctx, p, "file", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		var out post
		err := send(ctx, c, "POST", "/posts", nil, body(p.Draft, settingsForm.Of(p.Draft), files), &out)
		return out.receipt(c), err
	})
}

// hook posts through a webhook. The server would make two posts of a text that is too long.
func hook(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if utf8.RuneCountInString(p.Draft.Text) > maxMessage {
		return connector.Receipt{}, connector.Reject("The text is longer than the 16,383 signs that Mattermost takes.", "cut")
	}
	return connector.Commit(ctx, p, "message", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		s := settingsForm.Of(p.Draft)
		message := map[string]any{"text": p.Draft.Text}
		for name, v := range map[string]string{"username": s.Username, "icon_url": s.IconURL, "channel": s.Channel} {
			if v != "" {
				message[name] = v
			}
		}
		_, err := c.Send(ctx, connector.Request{Method: "POST", Host: "address", JSON: message})
		return connector.Receipt{}, err
	})
}

// upload sends one file; the server wants the channel before it.
func upload(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
	var out struct {
		Files []struct {
			ID string `json:"id"`
		} `json:"file_infos"`
	}
	_, err := c.Send(ctx, connector.Request{
		Method: "POST", Host: "server", Path: "/api/v4/files", Size: m.Size, Into: &out,
		Parts: []connector.Part{{Name: "channel_id", Value: c.Channel.RemoteID}, {Name: "files", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME}},
	})
	if err == nil && len(out.Files) != 1 {
		err = &connector.Failed{Class: connector.Transient, Step: "file", Words: "The server gave the file no number."}
	}
	if err != nil {
		return "", err
	}
	return out.Files[0].ID, nil
}

func body(d *connector.Draft, s settings, files []string) map[string]any {
	out := map[string]any{"channel_id": d.Channel.RemoteID, "message": d.Text, "props": map[string]string{keyProp: d.Key}}
	if len(files) > 0 {
		out["file_ids"] = files
	}
	switch {
	case d.Parent != nil && d.Role != connector.Post:
		out["root_id"] = d.Parent.ID
		if root := d.Parent.More["root"]; root != "" {
			out["root_id"] = root // threads are flat
		}
	case s.Thread != "":
		out["root_id"] = threadID(s.Thread)
	case s.Priority != "standard" && d.Channel.Facts[factPriority] != 0:
		out["metadata"] = map[string]any{"priority": map[string]string{"priority": s.Priority}}
	}
	return out
}

// thread is how posts come in lists: their numbers in order, and the posts by number.
type thread struct {
	Order []string        `json:"order"`
	Posts map[string]post `json:"posts"`
}

// List implements connector.Lister: all that stands in the channel, newest first; only our own have a sign.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	if c.Channel.Way == wayWebhook {
		return nil, connector.Reject("A webhook can't read its channel.", "")
	}
	var out thread
	if err := send(ctx, c, "GET", "/channels/"+c.Channel.RemoteID+"/posts", url.Values{"per_page": {"100"}}, nil, &out); err != nil {
		return nil, err
	}
	var seen []connector.Seen
	for _, id := range out.Order {
		p := out.Posts[id]
		one := connector.Seen{Receipt: p.receipt(c)}
		if key, ok := p.Props[keyProp].(string); ok && p.UserID == c.Channel.More["user"] {
			one.Sign = key
		}
		seen = append(seen, one)
	}
	return seen, nil
}

// Sign implements connector.Lister.
func (Connector) Sign(p *connector.Pass) string { return p.Draft.Key }

// unreachable is the end of what a webhook can do.
func unreachable() error {
	return connector.Reject("What a webhook posted can't be reached any more.", "")
}

// Edit implements connector.Editor; files and properties stay.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	if c.Channel.Way == wayWebhook {
		return r, unreachable()
	}
	return r, send(ctx, c, "PUT", "/posts/"+r.ID+"/patch", nil, map[string]string{"message": d.Text}, nil)
}

// Delete implements connector.Deleter. A post that begins a thread takes the thread with it.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	if c.Channel.Way == wayWebhook {
		return unreachable()
	}
	err := send(ctx, c, "DELETE", "/posts/"+r.ID, nil, nil, nil)
	if gone(err) {
		return nil
	}
	return err
}

func gone(err error) bool { f := connector.AsFailed(err); return f != nil && f.Status == 404 }

// Replies implements connector.Reader.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	if c.Channel.Way == wayWebhook {
		return nil, "", nil
	}
	const page = 200
	query := url.Values{"perPage": {strconv.Itoa(page)}, "direction": {"down"}}
	var out thread
	if id, at, ok := strings.Cut(after, "."); ok {
		query["fromPost"], query["fromCreateAt"] = []string{id}, []string{at}
	}
	if err := send(ctx, c, "GET", "/posts/"+r.ID+"/thread", query, nil, &out); err != nil {
		return nil, "", err
	}
	var list []post
	var authors []string
	for _, p := range out.Posts {
		if p.RootID == r.ID {
			list = append(list, p)
			authors = append(authors, p.UserID)
		}
	}
	if list == nil {
		return nil, "", nil
	}
	slices.SortFunc(list, func(a, b post) int { return int(a.CreatedAt - b.CreatedAt) })
	slices.Sort(authors)
	var names []member
	if err := send(ctx, c, "POST", "/users/ids", nil, slices.Compact(authors), &names); err != nil {
		return nil, "", err
	}
	var answers []connector.Answer
	for _, p := range list {
		a := connector.Answer{ID: p.ID, Text: p.Message, Parent: r.ID, At: time.UnixMilli(p.CreatedAt).UTC(), URL: p.receipt(c).Permalink}
		for _, m := range names {
			if m.ID == p.UserID {
				a.Author, a.Handle = m.Username, "@"+m.Username
			}
		}
		answers = append(answers, a)
	}
	if last := list[len(list)-1]; len(list) >= page-1 {
		return answers, last.ID + "." + strconv.FormatInt(last.CreatedAt, 10), nil
	}
	return answers, "", nil
}

// Measure implements connector.Measurer. Mattermost counts no readers.
func (Connector) Measure(ctx context.Context, c *connector.Call, receipts []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	if c.Channel.Way == wayWebhook {
		return nil, nil
	}
	for _, r := range receipts {
		var p post
		err := send(ctx, c, "GET", "/posts/"+r.ID, nil, nil, &p)
		if gone(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		var reactions []struct {
			Name string `json:"emoji_name"`
		}
		if err := send(ctx, c, "GET", "/posts/"+r.ID+"/reactions", nil, nil, &reactions); err != nil {
			return out, err
		}
		out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: map[string]int64{"replies": p.Replies, "likes": int64(len(reactions))}})
	}
	return out, nil
}
