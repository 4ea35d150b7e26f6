package x

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// partSize is how much of a file goes in one request. Source: fact sheet, "Chunked": 4 MB is usual.
const partSize = 4 << 20

// Publish implements connector.Publisher: bring the files, describe them, post.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	files, err := bring(ctx, p)
	if err != nil {
		return connector.Receipt{}, err
	}
	if err := describe(ctx, p, files); err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		var out struct {
			Data post `json:"data"`
		}
		_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/2/tweets", JSON: body(p.Draft, files), Into: &out})
		return out.Data.receipt(c), err
	})
}

// file is the saved result of what gave a file its number.
type file struct {
	ID string `json:"id"`
}

// work is what X still does with a file.
type work struct {
	State string `json:"state"`
	Check int    `json:"check_after_secs"`
}

// upload is X's answer about a file.
type upload struct {
	Data struct {
		ID   string `json:"id"`
		Work *work  `json:"processing_info"`
	} `json:"data"`
}

func (u upload) file() (file, error) {
	if u.Data.ID == "" {
		return file{}, &connector.Failed{Class: connector.Transient, Words: "X gave the file no number."}
	}
	return file{u.Data.ID}, nil
}

// bring uploads the draft's files: pictures in one call each, films and GIFs in parts.
func bring(ctx context.Context, p *connector.Pass) ([]file, error) {
	if p.Kind().ID == "images" {
		return connector.Each(ctx, p, "upload", p.Draft.Media, uploadImage)
	}
	files, err := connector.Each(ctx, p, "start", p.Draft.Media, start)
	if err != nil {
		return nil, err
	}
	for i, f := range files {
		if err := parts(ctx, p, i, f); err != nil {
			return nil, err
		}
	}
	finals, err := connector.Each(ctx, p, "final", files, finish)
	if err != nil {
		return nil, err
	}
	for i, f := range files {
		_, err := connector.Step(ctx, p, "ready."+strconv.Itoa(i), func(ctx context.Context, c *connector.Call) (bool, error) {
			return ready(ctx, c, f, finals[i])
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

func uploadImage(ctx context.Context, c *connector.Call, m connector.Media) (file, error) {
	var out upload
	_, err := c.Send(ctx, connector.Request{
		Method: "POST", Path: "/2/media/upload", Size: m.Size, Into: &out,
		Parts: []connector.Part{{Name: "media_category", Value: "tweet_image"}, {Name: "media", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME}},
	})
	if err != nil {
		return file{}, err
	}
	return out.file()
}

func start(ctx context.Context, c *connector.Call, m connector.Media) (file, error) {
	category := "tweet_video"
	if m.Type == connector.GIF {
		category = "tweet_gif"
	}
	var out upload
	_, err := c.Send(ctx, connector.Request{
		Method: "POST", Path: "/2/media/upload/initialize", Into: &out,
		JSON: map[string]any{"media_type": m.MIME, "total_bytes": m.Size, "media_category": category},
	})
	if err != nil {
		return file{}, err
	}
	return out.file()
}

// parts sends one file; each part is a step, and may be sent twice.
func parts(ctx context.Context, p *connector.Pass, i int, f file) error {
	m := &p.Draft.Media[i]
	for n := 0; int64(n)*partSize < m.Size; n++ {
		from := int64(n) * partSize
		size := min(partSize, m.Size-from)
		_, err := connector.Step(ctx, p, fmt.Sprintf("part.%d.%d", i, n), func(ctx context.Context, c *connector.Call) (bool, error) {
			_, err := c.Send(ctx, connector.Request{
				Method: "POST", Path: "/2/media/upload/" + f.ID + "/append", Size: size,
				Parts: []connector.Part{
					{Name: "segment_index", Value: strconv.Itoa(n)},
					{Name: "media", File: m.Section(from, size), Size: size, FileName: m.Name, Type: "application/octet-stream"},
				},
			})
			return err == nil, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// finish says that all parts are there, and gives what X still has to do: nothing, when it is absent.
func finish(ctx context.Context, c *connector.Call, f file) (work, error) {
	var out upload
	if _, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/2/media/upload/" + f.ID + "/finalize", Into: &out}); err != nil {
		return work{}, err
	}
	if out.Data.Work == nil {
		return work{State: "succeeded"}, nil
	}
	return *out.Data.Work, nil
}

func ready(ctx context.Context, c *connector.Call, f file, w work) (bool, error) {
	if w.State == "succeeded" {
		return true, nil
	}
	var out upload
	_, err := c.Send(ctx, connector.Request{Path: "/2/media/upload", Query: map[string][]string{"command": {"STATUS"}, "media_id": {f.ID}}, Into: &out})
	if err != nil {
		return false, err
	}
	if now := out.Data.Work; now != nil && now.State != "succeeded" {
		return false, connector.NotYet(c, time.Duration(min(max(now.Check, 1), 600))*time.Second)
	}
	return true, nil
}

// describe gives X the alt texts.
func describe(ctx context.Context, p *connector.Pass, files []file) error {
	if p.Kind().ID == "video" {
		return nil
	}
	for i, f := range files {
		alt := p.Draft.Media[i].Alt
		if alt == "" {
			continue
		}
		_, err := connector.Step(ctx, p, "alt."+strconv.Itoa(i), func(ctx context.Context, c *connector.Call) (bool, error) {
			_, err := c.Send(ctx, connector.Request{
				Method: "POST", Path: "/2/media/metadata",
				JSON: map[string]any{"id": f.ID, "metadata": map[string]any{"alt_text": map[string]string{"text": alt}}},
			})
			return err == nil, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// body is the JSON of a new post. What is left to X's own default is left out.
func body(d *connector.Draft, files []file) map[string]any {
	s := settingsForm.Of(d)
	out := map[string]any{}
	if d.Text != "" {
		out["text"] = d.Text
	}
	if len(files) > 0 {
		media := map[string]any{"media_ids": ids(files)}
		if len(s.Tagged) > 0 && d.Kind == "images" {
			tagged := make([]string, len(s.Tagged))
			for i, o := range s.Tagged {
				tagged[i] = o.ID
			}
			media["tagged_user_ids"] = tagged
		}
		out["media"] = media
	}
	if len(s.PollOptions) > 0 && len(files) == 0 {
		out["poll"] = map[string]any{"options": s.PollOptions, "duration_minutes": s.PollMinutes}
	}
	if d.Parent != nil && d.Role != connector.Post {
		out["reply"] = map[string]any{"in_reply_to_tweet_id": d.Parent.ID}
	} else if s.ReplySettings != "everyone" {
		out["reply_settings"] = s.ReplySettings
	}
	if id := numberIn(s.Community); id != "" {
		out["community_id"] = id
		if s.ShareWithFollowers {
			out["share_with_followers"] = true
		}
	}
	if id := numberIn(s.Quote); id != "" && d.Channel.Facts[factQuotes] == 1 {
		out["quote_tweet_id"] = id
	}
	for name, on := range map[string]bool{"made_with_ai": s.MadeWithAI, "paid_partnership": s.PaidPartnership} {
		if on {
			out[name] = true
		}
	}
	return out
}

func ids(files []file) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = f.ID
	}
	return out
}

// post is a post as X gives it.
type post struct {
	ID        string    `json:"id"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
	Author    string    `json:"author_id"`
	Entities  entities  `json:"entities"`
	Note      *struct { // a long post, whose text is cut
		Text     string   `json:"text"`
		Entities entities `json:"entities"`
	} `json:"note_tweet"`
	Refers []struct {
		Type string `json:"type"`
		ID   string `json:"id"`
	} `json:"referenced_tweets"`
	Attached struct {
		Keys []string `json:"media_keys"`
	} `json:"attachments"`
	Public map[string]int64 `json:"public_metrics"`
	Own    map[string]int64 `json:"non_public_metrics"`
}

type entities struct {
	URLs []struct {
		URL      string `json:"url"`
		Expanded string `json:"expanded_url"`
	} `json:"urls"`
}

func (t post) receipt(c *connector.Call) connector.Receipt {
	if t.ID == "" {
		return connector.Receipt{}
	}
	at := t.CreatedAt
	if at.IsZero() {
		at = c.Now
	}
	return connector.Receipt{ID: t.ID, Permalink: "https://x.com/" + strings.TrimPrefix(c.Channel.Handle, "@") + "/status/" + t.ID, At: at}
}

// parent is the post that this one answers.
func (t post) parent() string {
	for _, r := range t.Refers {
		if r.Type == "replied_to" {
			return r.ID
		}
	}
	return ""
}
