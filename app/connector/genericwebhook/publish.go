package genericwebhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type media struct {
	URL    string `json:"url,omitempty"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	MIME   string `json:"mime"`
	Alt    string `json:"alt"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
}

// Publish implements connector.Publisher: the files' addresses, then one signed event.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	files, err := connector.Each(ctx, p, "file", p.Draft.Media, func(ctx context.Context, c *connector.Call, m connector.Media) (media, error) {
		return address(ctx, c, m, s.URL)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		body, err := event(p.Draft, s, files)
		if err != nil {
			return connector.Receipt{}, err
		}
		return send(ctx, c, "msg_"+p.Draft.Key, body)
	})
}

func address(ctx context.Context, c *connector.Call, m connector.Media, public bool) (media, error) {
	out := media{Name: m.Name, Type: string(m.Type), MIME: m.MIME, Alt: m.Alt, Width: m.Width, Height: m.Height}
	if !public {
		return out, nil
	}
	at, err := c.Public(ctx, m)
	out.URL = at
	return out, err
}

// event is the body; it is the same in every try, so its time is the delivery's and not the try's.
func event(d *connector.Draft, s settings, files []media) (map[string]any, error) {
	content := map[string]any{"id": d.Key, "text": d.Text, "channel": d.Channel.ID}
	if len(files) > 0 {
		content["media"] = files
	}
	if s.HTML {
		html, err := text.HTML(d.Text)
		if err != nil {
			return nil, fmt.Errorf("event: %w", err)
		}
		content["html"] = html
	}
	var tags []string
	for _, span := range d.Spans {
		switch span.Kind {
		case text.Tag:
			tags = append(tags, span.Value)
		case text.Link:
			if content["link"] == nil {
				content["link"] = span.Value
			}
		}
	}
	if tags != nil {
		content["tags"] = tags
	}
	if len(s.Extra) > 0 {
		extra := map[string]string{}
		for _, p := range s.Extra {
			extra[p.Name] = p.Value
		}
		content["extra"] = extra
	}
	return map[string]any{"type": s.Event, "timestamp": d.At.UTC().Format(time.RFC3339), "data": content}, nil
}

// send posts an event. 409 says that the receiver has it already, which is what was wanted. A receiver may answer with
// the address that it made.
func send(ctx context.Context, c *connector.Call, id string, body any) (connector.Receipt, error) {
	var raw []byte
	_, err := c.Send(ctx, connector.Request{
		Method: "POST", JSON: body, Header: map[string]string{"webhook-id": id}, Accept: []int{409}, Into: &raw,
	})
	var out struct {
		URL string `json:"url"`
	}
	if err == nil {
		_ = json.Unmarshal(raw, &out)
	}
	return connector.Receipt{Permalink: out.URL}, err
}

// after is the id of a later event about the same post.
func after(c *connector.Call, r connector.Receipt, what string) string {
	sum := sha256.Sum256([]byte(r.ID + what + c.Now.UTC().Format(time.RFC3339Nano)))
	return "msg_" + hex.EncodeToString(sum[:16])
}

// Edit implements connector.Editor: the event post.updated, with the same data.id.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	s := settingsForm.Of(d)
	s.Event = "post.updated"
	changed := *d
	changed.Key = r.ID
	body, err := event(&changed, s, nil)
	if err != nil {
		return r, err
	}
	_, err = send(ctx, c, after(c, r, "updated"), body)
	return r, err
}

// Delete implements connector.Deleter: the event post.deleted.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	_, err := send(ctx, c, after(c, r, "deleted"), map[string]any{
		"type": "post.deleted", "timestamp": c.Now.UTC().Format(time.RFC3339), "data": map[string]string{"id": r.ID},
	})
	return err
}
