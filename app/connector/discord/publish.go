package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// Flags of a message.
const (
	suppressEmbeds        = 1 << 2
	suppressNotifications = 1 << 12
)

type message struct {
	ID      string    `json:"id"`
	Channel string    `json:"channel_id"`
	At      time.Time `json:"timestamp"`
}

// Publish implements connector.Publisher: one call, with the files in it. wait=true asks for the message; without it
// Discord would lose posts in silence.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	return connector.Commit(ctx, p, "message", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		s := settingsForm.Of(p.Draft)
		r := connector.Request{Method: "POST", Query: url.Values{"wait": {"true"}}}
		if s.ThreadID != "" {
			r.Query.Set("thread_id", s.ThreadID)
		}
		if err := fill(&r, body(p.Draft, s), p.Draft.Media); err != nil {
			return connector.Receipt{}, err
		}
		var out message
		r.Into = &out
		_, err := c.Send(ctx, r)
		return receipt(c, out), err
	})
}

// fill puts the body into a request: JSON, or a form with the files beside it.
func fill(r *connector.Request, body map[string]any, media []connector.Media) error {
	if len(media) == 0 {
		r.JSON = body
		return nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("message: %w", err)
	}
	r.Parts = []connector.Part{{Name: "payload_json", Value: string(raw)}}
	for i := range media {
		m := &media[i]
		r.Parts = append(r.Parts, connector.Part{Name: "files[" + strconv.Itoa(i) + "]", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME})
		r.Size += m.Size
	}
	return nil
}

var mentionTypes = map[string][]string{"users": {"users"}, "roles": {"users", "roles"}, "everyone": {"users", "roles", "everyone"}}

func body(d *connector.Draft, s settings) map[string]any {
	parse := mentionTypes[s.Mentions]
	if parse == nil {
		parse = []string{}
	}
	flags := 0
	if s.SuppressEmbeds {
		flags |= suppressEmbeds
	}
	if s.Silent {
		flags |= suppressNotifications
	}
	out := map[string]any{"content": d.Text, "allowed_mentions": map[string]any{"parse": parse}, "flags": flags}
	for name, v := range map[string]string{"username": s.Username, "avatar_url": s.AvatarURL} {
		if v != "" {
			out[name] = v
		}
	}
	if s.ThreadName != "" && s.ThreadID == "" {
		out["thread_name"] = s.ThreadName
		if len(s.Tags) > 0 {
			out["applied_tags"] = s.Tags
		}
	}
	if e := embed(s); e != nil {
		out["embeds"] = []any{e}
	}
	if p := poll(s); p != nil {
		out["poll"] = p
	}
	var files []any
	for i, m := range d.Media {
		files = append(files, map[string]any{"id": i, "filename": m.Name, "description": m.Alt})
	}
	if files != nil {
		out["attachments"] = files
	}
	return out
}

// receipt: a forum post's channel is its own thread.
func receipt(c *connector.Call, m message) connector.Receipt {
	if m.ID == "" {
		return connector.Receipt{}
	}
	r := connector.Receipt{ID: m.ID, Permalink: "https://discord.com/channels/" + c.Channel.More["guild"] + "/" + m.Channel + "/" + m.ID, At: m.At, More: map[string]string{"channel": m.Channel}}
	if m.Channel != c.Channel.RemoteID {
		r.More["thread"] = m.Channel
	}
	return r
}

// at is the address of a message of ours.
func at(r connector.Receipt) connector.Request {
	out := connector.Request{Path: "/messages/" + r.ID}
	if t := r.More["thread"]; t != "" {
		out.Query = url.Values{"thread_id": {t}}
	}
	return out
}

// Edit implements connector.Editor; files stay.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	s := settingsForm.Of(d)
	change := at(r)
	edited := map[string]any{"content": d.Text, "allowed_mentions": map[string]any{"parse": []string{}}}
	if e := embed(s); e != nil {
		edited["embeds"] = []any{e}
	}
	change.Method, change.JSON = "PATCH", edited
	_, err := c.Send(ctx, change)
	return r, err
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	gone := at(r)
	gone.Method = "DELETE"
	_, err := c.Send(ctx, gone)
	if f := connector.AsFailed(err); f != nil && f.Body("code") == "10008" { // unknown message
		return nil
	}
	return err
}
