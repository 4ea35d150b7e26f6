package pinterest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// pollEvery is how often Pinterest is asked about a video.
const pollEvery = 5 * time.Second

// Publish implements connector.Publisher: bring the video, if it is one, and pin. Pictures ride in the pin's request.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	if most := int(p.Kind().MaxMedia.Value); len(p.Draft.Media) > most {
		return connector.Receipt{}, connector.Reject("Pinterest takes fewer files in such a pin.", "remove:"+strconv.Itoa(len(p.Draft.Media)-most))
	}
	var files []*connector.Media // in the order of their places in the body
	source := map[string]any{}
	place := func(m *connector.Media) string {
		files = append(files, m)
		return token(len(files) - 1)
	}
	switch p.Kind().ID {
	case "image":
		m := &p.Draft.Media[0]
		source["source_type"], source["content_type"], source["data"] = "image_base64", m.MIME, place(m)
	case "carousel":
		items := make([]map[string]string, len(p.Draft.Media))
		for i := range p.Draft.Media {
			m := &p.Draft.Media[i]
			items[i] = map[string]string{"content_type": m.MIME, "data": place(m)}
			for name, v := range map[string]string{"title": s.Title, "description": p.Draft.Text, "link": s.Link} {
				if v != "" {
					items[i][name] = v
				}
			}
		}
		source["source_type"], source["index"], source["items"] = "multiple_image_base64", 0, items
	case "video":
		id, err := video(ctx, p)
		if err != nil {
			return connector.Receipt{}, err
		}
		source["source_type"], source["media_id"] = "video_id", id
		if cover := p.Draft.Media[0].Cover; cover != nil {
			source["cover_image_content_type"], source["cover_image_data"] = cover.MIME, place(cover)
		} else {
			source["cover_image_key_frame_time"] = s.CoverSeconds
		}
	}
	body := pin(p.Draft, s)
	body["media_source"] = source
	return connector.Commit(ctx, p, "pin", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		stream, size, err := streamed(body, files)
		if err != nil {
			return connector.Receipt{}, err
		}
		var out made
		_, err = c.Send(ctx, connector.Request{Method: "POST", Path: "/v5/pins", Body: stream, Size: size, Type: "application/json", Into: &out})
		return out.receipt(), err
	})
}

// pin is the JSON of a pin without its picture.
func pin(d *connector.Draft, s settings) map[string]any {
	alt := s.Alt
	if d.Kind == "image" && len(d.Media) > 0 {
		alt = d.Media[0].Alt
	}
	out := map[string]any{"board_id": s.Board.ID}
	for name, v := range map[string]string{"board_section_id": s.Section.ID, "title": s.Title, "description": d.Text, "link": s.Link, "alt_text": alt, "dominant_color": s.Color} {
		if v != "" {
			out[name] = v
		}
	}
	return out
}

// token stands in the JSON where a file goes. JSON writes its first sign as an escape, so no text looks like it.
func token(i int) string { return "\x01file" + strconv.Itoa(i) + "\x01" }

// streamed is the JSON with each file in its place as base64, read as it is sent: no file is ever whole in memory.
func streamed(body map[string]any, files []*connector.Media) (io.Reader, int64, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, 0, err
	}
	var readers []io.Reader
	var size int64
	rest := raw
	for i, m := range files {
		mark, err := json.Marshal(token(i))
		if err != nil {
			return nil, 0, err
		}
		before, after, _ := bytes.Cut(rest, mark[1:len(mark)-1])
		readers = append(readers, bytes.NewReader(before), &encoded{from: m.All()})
		size += int64(len(before)) + int64(base64.StdEncoding.EncodedLen(int(m.Size)))
		rest = after
	}
	return io.MultiReader(append(readers, bytes.NewReader(rest))...), size + int64(len(rest)), nil
}

// encoded reads a file as base64.
type encoded struct {
	from io.Reader
	out  bytes.Buffer
	done bool
}

// Read implements io.Reader.
func (e *encoded) Read(p []byte) (int, error) {
	for e.out.Len() == 0 {
		if e.done {
			return 0, io.EOF
		}
		var block [3 * 8192]byte
		n, err := io.ReadFull(e.from, block[:])
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			e.done = true
		default:
			return 0, err
		}
		e.out.Write(base64.StdEncoding.AppendEncode(e.out.AvailableBuffer(), block[:n]))
	}
	return e.out.Read(p)
}

// place is the saved result of registering a video. Its parameters are secrets; saved results are sealed.
type place struct {
	ID         string            `json:"media_id"`
	Upload     string            `json:"upload_url"`
	Parameters map[string]string `json:"upload_parameters"`
}

func video(ctx context.Context, p *connector.Pass) (string, error) {
	at, err := connector.Step(ctx, p, "register", func(ctx context.Context, c *connector.Call) (place, error) {
		var out place
		_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/v5/media", JSON: map[string]string{"media_type": "video"}, Into: &out})
		if err == nil && (out.ID == "" || out.Upload == "") {
			err = &connector.Failed{Class: connector.Transient, Words: "Pinterest gave no place for the video."}
		}
		return out, err
	})
	if err != nil {
		return "", err
	}
	_, err = connector.Step(ctx, p, "upload", func(ctx context.Context, c *connector.Call) (bool, error) {
		return true, send(ctx, c, at, &p.Draft.Media[0])
	})
	if err != nil {
		return "", err
	}
	return connector.Step(ctx, p, "ready", func(ctx context.Context, c *connector.Call) (string, error) {
		var out struct {
			Status string `json:"status"`
		}
		if _, err := c.Send(ctx, connector.Request{Path: "/v5/media/" + at.ID, Into: &out}); err != nil {
			return "", err
		}
		if out.Status != "succeeded" {
			return "", connector.NotYet(c, pollEvery)
		}
		return at.ID, nil
	})
}

// send brings a video to its place, with the place's own signature instead of our access.
func send(ctx context.Context, c *connector.Call, at place, m *connector.Media) error {
	var parts []connector.Part
	for name, value := range at.Parameters {
		parts = append(parts, connector.Part{Name: name, Value: value})
		if len(value) > 16 && name != "key" {
			c.Hide(value)
		}
	}
	parts = append(parts, connector.Part{Name: "file", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME})
	_, err := c.Send(ctx, connector.Request{Method: "POST", Host: "upload", Path: strings.TrimSuffix(at.Upload, "/") + "/", Parts: parts, Size: m.Size, NoAuth: true})
	return err
}

// made is a pin as Pinterest gives it.
type made struct {
	ID          string `json:"id"`
	CreatedAt   string `json:"created_at"` // UTC, without a zone
	Title       string `json:"title"`
	Description string `json:"description"`
	Link        string `json:"link"`
	Board       string `json:"board_id"`
}

func (m made) receipt() connector.Receipt {
	if m.ID == "" {
		return connector.Receipt{}
	}
	at, _ := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(m.CreatedAt, "Z"))
	return connector.Receipt{ID: m.ID, Permalink: "https://www.pinterest.com/pin/" + m.ID + "/", At: at}
}
