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
	files, err := connector.Each(ctx, p, "upload", p.Draft.Media, m.upload)
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
			Method: "POST", Path: "/api/v1/statuses", JSON: body(p.Draft, m.form.Of(p.Draft), ids), Into: &out,
			Header: map[string]string{"Idempotency-Key": p.Draft.Key},
		})
		return out.receipt(), err
	})
}

func (m Connector) upload(ctx context.Context, c *connector.Call, f connector.Media) (uploaded, error) {
	parts := []connector.Part{{Name: "file", File: f.All(), Size: f.Size, FileName: f.Name, Type: f.MIME}}
	if f.Alt != "" {
		parts = append(parts, connector.Part{Name: "description", Value: f.Alt})
	}
	if f.Focus != nil {
		parts = append(parts, connector.Part{Name: "focus", Value: focus(f.Focus)})
	}
	if f.Cover != nil {
		parts = append(parts, connector.Part{Name: "thumbnail", File: f.Cover.All(), Size: f.Cover.Size, FileName: f.Cover.Name, Type: f.Cover.MIME})
	}
	var out attachment
	if _, err := c.Send(ctx, connector.Request{Method: "POST", Path: m.uploads, Parts: parts, Size: f.Size, Into: &out}); err != nil {
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
