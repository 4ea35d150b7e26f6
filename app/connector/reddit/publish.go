package reddit

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// Where Reddit lets files be sent to. Source: fact sheet, "Media lease", and praw.
const (
	mediaHost = "reddit-uploaded-media.s3-accelerate.amazonaws.com"
	videoHost = "reddit-uploaded-video.s3-accelerate.amazonaws.com"
)

// showsAfter is when a picture or video is looked for first.
const showsAfter = 20 * time.Second

// Publish implements connector.Publisher: ask what the community takes, bring the files, post.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if p.Draft.Role == connector.Comment {
		return connector.Commit(ctx, p, "comment", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
			return comment(ctx, c, p.Draft)
		})
	}
	to, ok := where(p.Draft)
	if !ok {
		return connector.Receipt{}, connector.Reject("Each community is a post of its own.", "choose")
	}
	kind := p.Kind().ID
	if most := int(p.Kind().MaxMedia.Value); len(p.Draft.Media) > most {
		return connector.Receipt{}, connector.Reject("Reddit takes fewer files in such a post.", "remove:"+strconv.Itoa(len(p.Draft.Media)-most))
	}
	_, err := connector.Step(ctx, p, "rules", func(ctx context.Context, c *connector.Call) (bool, error) {
		r, err := readRules(ctx, c, to.name())
		if err == nil {
			err = r.refuse(kind, to)
		}
		return err == nil, err
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	files, err := connector.Each(ctx, p, "upload", p.Draft.Media, func(ctx context.Context, c *connector.Call, m connector.Media) (file, error) {
		return upload(ctx, c, &m)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	form := formOf(p.Draft, to)
	switch kind {
	case "image":
		form.Set("kind", "image")
		form.Set("url", files[0].URL)
	case "video":
		poster, err := connector.Step(ctx, p, "poster", func(ctx context.Context, c *connector.Call) (file, error) {
			return upload(ctx, c, posterOf(&p.Draft.Media[0]))
		})
		if err != nil {
			return connector.Receipt{}, err
		}
		form.Set("kind", "video")
		form.Set("url", files[0].URL)
		form.Set("video_poster_url", poster.URL)
	}
	return connector.Commit(ctx, p, "submit", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		switch {
		case kind == "gallery":
			return submit(ctx, c, connector.Request{Path: "/api/submit_gallery_post.json", JSON: galleryOf(p.Draft, to, files)})
		case kind == "text" && to.Kind == poll:
			return submit(ctx, c, connector.Request{Path: "/api/submit_poll_post", JSON: pollOf(p.Draft, to)})
		}
		r, err := submit(ctx, c, connector.Request{Path: "/api/submit", Form: form})
		if err == nil && r.ID == "" && kind != "text" {
			return connector.Underway(c, showsAfter) // accepted, without a number
		}
		return r, err
	})
}

// submit does the commit and reads the post's number, where there is one.
func submit(ctx context.Context, c *connector.Call, r connector.Request) (connector.Receipt, error) {
	var out struct {
		JSON struct {
			Data struct {
				URL  string `json:"url"`
				ID   string `json:"id"`
				Name string `json:"name"`
				Page string `json:"user_submitted_page"` // of what is accepted without a number
			} `json:"data"`
		} `json:"json"`
	}
	r.Method, r.Into = "POST", &out
	if err := ask(ctx, c, r); err != nil {
		return connector.Receipt{}, err
	}
	d := out.JSON.Data
	name := d.Name
	if name == "" && d.ID != "" {
		name = "t3_" + strings.TrimPrefix(d.ID, "t3_")
	}
	if name == "" && d.Page == "" && d.URL == "" {
		return connector.Receipt{}, errNoAnswer
	}
	return connector.Receipt{ID: name, Permalink: d.URL, At: c.Now}, nil
}

// errNoAnswer makes an answer without any sign of acceptance a doubt.
var errNoAnswer = &connector.Failed{Class: connector.Uncertain, Words: "Reddit's answer doesn't say what became of the post."}

func formOf(d *connector.Draft, to community) url.Values {
	f := url.Values{
		"api_type": {"json"}, "sr": {to.name()}, "kind": {to.Kind}, "title": {to.Title}, "resubmit": {"true"}, "validate_on_submit": {"true"},
		"nsfw": {strconv.FormatBool(to.NSFW)}, "spoiler": {strconv.FormatBool(to.Spoiler)}, "sendreplies": {strconv.FormatBool(to.SendReplies)},
	}
	if d.Text != "" {
		f.Set("text", d.Text)
	}
	switch to.Kind {
	case link:
		f.Set("url", to.URL)
	case crosspost:
		f.Set("crosspost_fullname", thing(to.Crosspost))
	}
	if to.Flair.ID != "" {
		f.Set("flair_id", to.Flair.ID)
	}
	if to.FlairText != "" {
		f.Set("flair_text", to.FlairText)
	}
	return f
}

// common is what galleries and polls have in common.
func common(d *connector.Draft, to community) map[string]any {
	out := map[string]any{
		"api_type": "json", "sr": to.name(), "title": to.Title, "text": d.Text, "nsfw": to.NSFW, "spoiler": to.Spoiler, "sendreplies": to.SendReplies,
		"resubmit": true, "validate_on_submit": true, "show_error_list": true,
	}
	if to.Flair.ID != "" {
		out["flair_id"] = to.Flair.ID
	}
	if to.FlairText != "" {
		out["flair_text"] = to.FlairText
	}
	return out
}

func galleryOf(d *connector.Draft, to community, files []file) map[string]any {
	items := make([]map[string]string, len(files))
	for i, f := range files {
		items[i] = map[string]string{"media_id": f.Asset, "caption": "", "outbound_url": ""}
	}
	out := common(d, to)
	out["items"] = items
	return out
}

func pollOf(d *connector.Draft, to community) map[string]any {
	out := common(d, to)
	out["options"], out["duration"] = to.PollOptions, to.PollDays
	return out
}

// comment posts the first comment.
func comment(ctx context.Context, c *connector.Call, d *connector.Draft) (connector.Receipt, error) {
	var out struct {
		JSON struct {
			Data struct {
				Things []struct {
					Data entry `json:"data"`
				} `json:"things"`
			} `json:"data"`
		} `json:"json"`
	}
	err := ask(ctx, c, connector.Request{Method: "POST", Path: "/api/comment", Form: url.Values{"api_type": {"json"}, "thing_id": {d.Parent.ID}, "text": {d.Text}}, Into: &out})
	if err != nil || len(out.JSON.Data.Things) == 0 {
		return connector.Receipt{}, err
	}
	return out.JSON.Data.Things[0].Data.receipt(c.Now), nil
}

// file is the saved result of an upload.
type file struct {
	URL   string `json:"url"`
	Asset string `json:"asset"`
}

// upload asks Reddit for a place and sends the file there, without our access.
func upload(ctx context.Context, c *connector.Call, m *connector.Media) (file, error) {
	var lease struct {
		Args struct {
			Action string `json:"action"`
			Fields []struct {
				Name  string `json:"name"`
				Value string `json:"value"`
			} `json:"fields"`
		} `json:"args"`
		Asset struct {
			ID string `json:"asset_id"`
		} `json:"asset"`
	}
	if err := ask(ctx, c, connector.Request{Method: "POST", Path: "/api/media/asset.json", Form: url.Values{"filepath": {m.Name}, "mimetype": {m.MIME}}, Into: &lease}); err != nil {
		return file{}, err
	}
	at, err := url.Parse("https:" + lease.Args.Action)
	if err != nil || lease.Asset.ID == "" {
		return file{}, &connector.Failed{Class: connector.Transient, Words: "Reddit gave no place for the file."}
	}
	host, key := "media", ""
	if at.Host == videoHost {
		host = "video"
	}
	var parts []connector.Part
	for _, f := range lease.Args.Fields {
		parts = append(parts, connector.Part{Name: f.Name, Value: f.Value})
		if f.Name == "key" {
			key = f.Value
		} else if len(f.Value) > 16 {
			c.Hide(f.Value)
		}
	}
	parts = append(parts, connector.Part{Name: "file", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME})
	_, err = c.Send(ctx, connector.Request{Method: "POST", Host: host, Path: at.String(), Parts: parts, Size: m.Size, NoAuth: true})
	return file{at.String() + "/" + key, lease.Asset.ID}, err
}

// posterOf is the picture that stands for a video until it plays: the chosen one, or a plain dark one.
func posterOf(m *connector.Media) *connector.Media {
	if m.Cover != nil {
		return m.Cover
	}
	img := image.NewPaletted(image.Rect(0, 0, 640, 360), color.Palette{color.Gray{Y: 24}})
	var b bytes.Buffer
	_ = png.Encode(&b, img) // into memory: it doesn't fail
	return &connector.Media{Name: "poster.png", MIME: "image/png", Type: connector.Image, Size: int64(b.Len()), File: bytes.NewReader(b.Bytes())}
}
