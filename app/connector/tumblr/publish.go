package tumblr

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// Publish implements connector.Publisher: one request holds words and files.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		var out struct {
			Response struct {
				ID    id     `json:"id"`
				State string `json:"state"`
			} `json:"response"`
		}
		r := connector.Request{Method: "POST", Path: posts(c), Into: &out}
		if err := fill(&r, p.Draft, body(p.Draft, s)); err != nil {
			return connector.Receipt{}, err
		}
		if _, err := c.Send(ctx, r); err != nil {
			return connector.Receipt{}, err
		}
		return receipt(c, string(out.Response.ID), c.Now), nil
	})
}

// posts is where the blog's posts are.
func posts(c *connector.Call) string {
	return "/v2/blog/" + url.PathEscape(c.Channel.Target) + "/posts"
}

func receipt(c *connector.Call, id string, at time.Time) connector.Receipt {
	if id == "" {
		return connector.Receipt{}
	}
	return connector.Receipt{ID: id, Permalink: "https://www.tumblr.com/" + c.Channel.Handle + "/" + id, At: at}
}

// id is a post's number, which Tumblr writes as text or number.
type id string

// UnmarshalJSON implements json.Unmarshaler.
func (i *id) UnmarshalJSON(raw []byte) error {
	s := strings.Trim(string(raw), `"`)
	if _, err := strconv.ParseUint(s, 10, 64); err != nil {
		return err
	}
	*i = id(s)
	return nil
}

// body is the JSON of a new or changed post.
func body(d *connector.Draft, s settings) map[string]any {
	blocks := content(d, s)
	out := map[string]any{"content": blocks, "state": s.State, "slug": slug(d, s), "interactability_reblog": s.Reblog}
	perRow, _ := strconv.Atoi(s.Row)
	if rows := layout(blocks, perRow); rows != nil {
		out["layout"] = rows
	}
	if len(s.Tags) > 0 {
		out["tags"] = strings.Join(s.Tags, ",")
	}
	if s.Source != "" {
		out["source_url"] = s.Source
	}
	return out
}

// fill gives a request its body: JSON alone, or JSON and the files after it.
func fill(r *connector.Request, d *connector.Draft, body map[string]any) error {
	if len(d.Media) == 0 {
		r.JSON = body
		return nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r.Parts = []connector.Part{{Name: "json", File: bytes.NewReader(raw), Size: int64(len(raw)), Type: "application/json"}}
	for i := range d.Media {
		m := &d.Media[i]
		r.Parts = append(r.Parts, connector.Part{Name: part(i), File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME})
		r.Size += m.Size
	}
	return nil
}
