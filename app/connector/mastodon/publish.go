package mastodon

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// pollEvery is how often a server is asked about a file that it works on.
const pollEvery = 5 * time.Second

// uploaded is the saved result of an upload.
type uploaded struct {
	ID    string `json:"id"`
	Ready bool   `json:"ready"`
}

// Publish implements connector.Publisher: upload, wait until each file is ready, post.
func (m Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	files, err := connector.Each(ctx, p, "upload", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	ids, err := connector.Each(ctx, p, "ready", files, ready)
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "status", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		var out status
		_, err := c.Send(ctx, connector.Request{
			Method: "POST", Path: "/api/v1/statuses", JSON: body(p.Draft, settingsForm.Of(p.Draft), ids), Into: &out,
			Header: map[string]string{"Idempotency-Key": p.Draft.Key},
		})
		return out.receipt(), err
	})
}

func upload(ctx context.Context, c *connector.Call, m connector.Media) (uploaded, error) {
	parts := []connector.Part{{Name: "file", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME}}
	if m.Alt != "" {
		parts = append(parts, connector.Part{Name: "description", Value: m.Alt})
	}
	if m.Focus != nil {
		parts = append(parts, connector.Part{Name: "focus", Value: focus(m.Focus)})
	}
	if m.Cover != nil {
		parts = append(parts, connector.Part{Name: "thumbnail", File: m.Cover.All(), Size: m.Cover.Size, FileName: m.Cover.Name, Type: m.Cover.MIME})
	}
	var out attachment
	if _, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/api/v2/media", Parts: parts, Size: m.Size, Into: &out}); err != nil {
		return uploaded{}, err
	}
	if out.ID == "" {
		return uploaded{}, &connector.Failed{Class: connector.Transient, Step: "upload", Words: "The server gave the file no number."}
	}
	return uploaded{out.ID, out.URL != ""}, nil
}

// ready gives the file's id when the server is done with it.
func ready(ctx context.Context, c *connector.Call, f uploaded) (string, error) {
	if f.Ready {
		return f.ID, nil
	}
	var out attachment
	if _, err := c.Send(ctx, connector.Request{Path: "/api/v1/media/" + f.ID, Into: &out}); err != nil {
		return "", err
	}
	if out.URL == "" {
		return "", connector.NotYet(c, pollEvery)
	}
	return f.ID, nil
}
