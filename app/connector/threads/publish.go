package threads

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/meta"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Publish implements connector.Publisher: ask what is left of the day, make a container, wait for it, publish it. The
// day is asked about first, because a container that waited for the next day would be too old.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if most := int(p.Kind().MaxMedia.Value); len(p.Draft.Media) > most {
		return connector.Receipt{}, connector.Reject("Threads takes fewer files in such a post.", "remove:"+strconv.Itoa(len(p.Draft.Media)-most))
	}
	_, err := connector.Step(ctx, p, "quota", func(ctx context.Context, c *connector.Call) (bool, error) {
		return true, quota(c.Channel.RemoteID, p.Draft).Ask(ctx, c)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	id, err := contain(ctx, p)
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "publish", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		var out struct {
			ID string `json:"id"`
		}
		_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/v1.0/" + c.Channel.RemoteID + "/threads_publish", Form: url.Values{"creation_id": {id}}, Into: &out})
		if err != nil || out.ID == "" {
			return connector.Receipt{}, err
		}
		return connector.Receipt{ID: out.ID, Permalink: c.Channel.URL, At: c.Now}, nil
	})
}

// quota is what is left of the day: posts and replies have one each.
func quota(id string, d *connector.Draft) meta.Quota {
	if follows(d) {
		return meta.Quota{Path: "/v1.0/" + id + "/threads_publishing_limit", Usage: "reply_quota_usage", Config: "reply_config"}
	}
	return meta.Quota{Path: "/v1.0/" + id + "/threads_publishing_limit", Usage: "quota_usage", Config: "config"}
}

func follows(d *connector.Draft) bool { return d.Parent != nil && d.Role != connector.Post }

// contain makes the container and waits for it.
func contain(ctx context.Context, p *connector.Pass) (string, error) {
	form := body(p.Draft)
	switch p.Kind().ID {
	case "text":
		form.Set("media_type", "TEXT")
	case "carousel":
		ids, err := children(ctx, p)
		if err != nil {
			return "", err
		}
		form.Set("media_type", "CAROUSEL")
		form.Set("children", strings.Join(ids, ","))
	}
	id, err := connector.Step(ctx, p, "container", func(ctx context.Context, c *connector.Call) (string, error) {
		if p.Kind().ID == "image" || p.Kind().ID == "video" {
			if err := file(ctx, c, p.Draft.Media[0], form); err != nil {
				return "", err
			}
		}
		return create(ctx, c, form)
	})
	if err != nil {
		return "", err
	}
	return connector.Step(ctx, p, "ready", func(ctx context.Context, c *connector.Call) (string, error) { return id, ready(ctx, c, id) })
}

func children(ctx context.Context, p *connector.Pass) ([]string, error) {
	spoiler := settingsForm.Of(p.Draft).Spoiler
	ids, err := connector.Each(ctx, p, "child", p.Draft.Media, func(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
		form := url.Values{"is_carousel_item": {"true"}}
		if spoiler {
			form.Set("is_spoiler_media", "true")
		}
		if err := file(ctx, c, m, form); err != nil {
			return "", err
		}
		return create(ctx, c, form)
	})
	if err != nil {
		return nil, err
	}
	return connector.Each(ctx, p, "childready", ids, func(ctx context.Context, c *connector.Call, id string) (string, error) { return id, ready(ctx, c, id) })
}

// file names a file by an address at which Threads fetches it.
func file(ctx context.Context, c *connector.Call, m connector.Media, form url.Values) error {
	at, err := c.Public(ctx, m)
	if err != nil {
		return err
	}
	kind, name := "IMAGE", "image_url"
	if m.Type == connector.VideoFile {
		kind, name = "VIDEO", "video_url"
	}
	form.Set("media_type", kind)
	form.Set(name, at)
	if m.Alt != "" {
		form.Set("alt_text", m.Alt)
	}
	return nil
}

// create makes a container. One whose answer is lost is never seen, and gone after a day.
func create(ctx context.Context, c *connector.Call, form url.Values) (string, error) {
	var out struct {
		ID string `json:"id"`
	}
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/v1.0/" + c.Channel.RemoteID + "/threads", Form: form, Into: &out})
	if err == nil && out.ID == "" {
		err = connector.Unreadable()
	}
	return out.ID, err
}

// state is what became of a container.
func state(ctx context.Context, c *connector.Call, id string) (string, error) {
	var out struct {
		Status string `json:"status"`
	}
	_, err := c.Send(ctx, connector.Request{Path: "/v1.0/" + id, Query: url.Values{"fields": {"status,error_message"}}, Into: &out})
	return out.Status, err
}

func ready(ctx context.Context, c *connector.Call, id string) error {
	now, err := state(ctx, c, id)
	if err != nil {
		return err
	}
	return meta.Waits(c, now)
}

// Look implements connector.Looker.
func (Connector) Look(ctx context.Context, c *connector.Call, p *connector.Pass) (connector.Sight, error) {
	id, ok := connector.Peek[string](p, "container")
	if !ok {
		return connector.Sight{CantTell: "It isn't known any more which container was published. Look there and tell us."}, nil
	}
	now, err := state(ctx, c, id)
	if err != nil {
		return connector.Sight{}, err
	}
	return meta.Sight(c, now, made...), nil
}

// body is the form of a container without its files. What is left to Threads' own default is left out.
func body(d *connector.Draft) url.Values {
	s := settingsForm.Of(d)
	form := url.Values{}
	set := func(name, value string) {
		if value != "" {
			form.Set(name, value)
		}
	}
	set("text", d.Text)
	set("topic_tag", s.Topic)
	set("quote_post_id", s.Quote.ID)
	if s.ReplyControl != "everyone" {
		set("reply_control", s.ReplyControl)
	}
	if follows(d) {
		set("reply_to_id", d.Parent.ID)
	}
	if len(s.Spoilers) > 0 {
		set("text_entities", encoded(spoilers(d.Text, s.Spoilers)))
	}
	if d.Kind != "text" {
		if s.Spoiler && d.Kind != "carousel" {
			set("is_spoiler_media", "true")
		}
		return form
	}
	set("link_attachment", s.Link)
	if len(s.Poll) > 0 {
		answers := map[string]string{}
		for i, o := range s.Poll {
			answers["option_"+string(rune('a'+i))] = o
		}
		set("poll_attachment", encoded(answers))
	}
	if s.LongText != "" {
		set("text_attachment", encoded(map[string]string{"plaintext": s.LongText}))
	}
	if s.GIF != "" {
		set("gif_attachment", encoded(map[string]string{"gif_id": s.GIF, "provider": "GIPHY"}))
	}
	return form
}

func encoded(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

// hidden is a place in a text.
type hidden struct {
	Type   string `json:"entity_type"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
}

// spoilers are the places of words in a text, the first of each.
func spoilers(s string, list []string) []hidden {
	var out []hidden
	for _, w := range list {
		if at := strings.Index(s, w); at >= 0 && w != "" {
			out = append(out, hidden{"SPOILER", text.UTF16.Length(s[:at], 0), text.UTF16.Length(w, 0)})
		}
	}
	return out
}
