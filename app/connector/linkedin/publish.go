package linkedin

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

const (
	pollEvery = 3 * time.Second  // how often LinkedIn is asked about a file
	settleFor = 10 * time.Second // how long a member's file is left alone: a member's token may not ask about it
)

// Publish implements connector.Publisher: bring the files, wait for them, post.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if p.Draft.Role == connector.Comment {
		return connector.Commit(ctx, p, "comment", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
			return comment(ctx, c, p.Draft)
		})
	}
	s := settingsForm.Of(p.Draft)
	content, err := contentOf(ctx, p, s)
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		header, err := rest(ctx, c, connector.Request{Method: "POST", Path: "/rest/posts", JSON: body(p.Draft, s, content)})
		if err != nil {
			return connector.Receipt{}, err
		}
		return receipt(header.Get("X-Restli-Id"), c.Now), nil
	})
}

func receipt(urn string, at time.Time) connector.Receipt {
	if urn == "" {
		return connector.Receipt{}
	}
	return connector.Receipt{ID: urn, Permalink: "https://www.linkedin.com/feed/update/" + urn + "/", At: at}
}

// comment posts the first comment. What its deletion needs goes into the receipt.
func comment(ctx context.Context, c *connector.Call, d *connector.Draft) (connector.Receipt, error) {
	var out struct {
		ID  string `json:"id"`
		URN string `json:"commentUrn"`
	}
	_, err := rest(ctx, c, connector.Request{
		Method: "POST", Path: "/rest/socialActions/" + escaped(d.Parent.ID) + "/comments", Into: &out,
		JSON: map[string]any{"actor": author(&d.Channel), "object": d.Parent.ID, "message": map[string]string{"text": d.Text}},
	})
	if err != nil || out.ID == "" {
		return connector.Receipt{}, err
	}
	r := receipt(d.Parent.ID, c.Now)
	r.ID, r.More = out.ID, map[string]string{"post": d.Parent.ID}
	if out.URN != "" {
		r.ID, r.More["comment"] = out.URN, out.ID
	}
	return r, nil
}

// body is the JSON of a new post.
func body(d *connector.Draft, s settings, content map[string]any) map[string]any {
	out := map[string]any{
		"author": author(&d.Channel), "commentary": little(d.Text), "visibility": s.Visibility, "lifecycleState": "PUBLISHED", "isReshareDisabledByAuthor": s.DisableReshare,
		"distribution": map[string]any{"feedDistribution": "MAIN_FEED", "targetEntities": []string{}, "thirdPartyDistributionChannels": []string{}},
	}
	if content != nil {
		out["content"] = content
	}
	if urn := posts.FindString(s.Reshare); urn != "" {
		out["reshareContext"] = map[string]string{"parent": urn}
	}
	return out
}

// contentOf brings what stands beside the words.
func contentOf(ctx context.Context, p *connector.Pass, s settings) (map[string]any, error) {
	switch kind := strings.TrimPrefix(p.Kind().ID, page+"-"); {
	case (kind == "video" || kind == "document") && len(p.Draft.Media) != 1:
		return nil, connector.Reject("LinkedIn takes one "+kind+" a post.", "remove:1")
	case kind == "images":
		return images(ctx, p)
	case kind == "video":
		urn, err := video(ctx, p)
		return map[string]any{"media": map[string]string{"id": urn, "title": p.Draft.Media[0].Name}}, err
	case kind == "document":
		files, err := bring(ctx, p, "documents")
		if err != nil {
			return nil, err
		}
		title := s.DocumentTitle
		if title == "" {
			title = p.Draft.Media[0].Name
		}
		return map[string]any{"media": map[string]string{"id": files[0], "title": title}}, nil
	case len(s.PollOptions) > 0:
		options := make([]map[string]string, len(s.PollOptions))
		for i, o := range s.PollOptions {
			options[i] = map[string]string{"text": o}
		}
		return map[string]any{"poll": map[string]any{"question": s.PollQuestion, "options": options, "settings": map[string]string{"duration": s.PollDuration}}}, nil
	case s.LinkCard && s.Reshare == "":
		return article(ctx, p, s)
	}
	return nil, nil
}

// uploaded is the saved result of an upload.
type uploaded struct {
	URN string    `json:"urn"`
	At  time.Time `json:"at"`
}

// bring uploads the draft's files in one request each and waits for them.
func bring(ctx context.Context, p *connector.Pass, what string) ([]string, error) {
	files, err := connector.Each(ctx, p, "upload", p.Draft.Media, func(ctx context.Context, c *connector.Call, m connector.Media) (uploaded, error) {
		return upload(ctx, c, what, &m)
	})
	if err != nil {
		return nil, err
	}
	return connector.Each(ctx, p, "ready", files, func(ctx context.Context, c *connector.Call, f uploaded) (string, error) {
		return f.URN, ready(ctx, c, what, f)
	})
}

func images(ctx context.Context, p *connector.Pass) (map[string]any, error) {
	files, err := bring(ctx, p, "images")
	if err != nil {
		return nil, err
	}
	list := make([]map[string]string, len(files))
	for i, urn := range files {
		list[i] = map[string]string{"id": urn}
		if alt := p.Draft.Media[i].Alt; alt != "" {
			list[i]["altText"] = alt
		}
	}
	if len(list) == 1 {
		return map[string]any{"media": list[0]}, nil
	}
	return map[string]any{"multiImage": map[string]any{"images": list}}, nil
}

// upload gives LinkedIn one picture or document. Beginning anew leaves nothing that anybody sees.
func upload(ctx context.Context, c *connector.Call, what string, m *connector.Media) (uploaded, error) {
	var out struct {
		Value struct {
			Upload   string `json:"uploadUrl"`
			Image    string `json:"image"`
			Document string `json:"document"`
		} `json:"value"`
	}
	_, err := rest(ctx, c, connector.Request{
		Method: "POST", Path: "/rest/" + what, Query: map[string][]string{"action": {"initializeUpload"}}, Into: &out,
		JSON: map[string]any{"initializeUploadRequest": map[string]string{"owner": author(&c.Channel)}},
	})
	if err != nil {
		return uploaded{}, err
	}
	urn := out.Value.Image + out.Value.Document
	if urn == "" || out.Value.Upload == "" {
		return uploaded{}, &connector.Failed{Class: connector.Transient, Words: "LinkedIn gave no place for the file."}
	}
	c.Hide(out.Value.Upload)
	_, err = c.Send(ctx, connector.Request{Method: "PUT", Host: "upload", Path: out.Value.Upload, Body: m.All(), Size: m.Size, Type: m.MIME})
	return uploaded{urn, c.Now}, err
}

// ready waits until LinkedIn has a file. A member's token may not ask, so a member's file gets a while.
func ready(ctx context.Context, c *connector.Call, what string, f uploaded) error {
	if c.Channel.Way != page && what != "videos" {
		if left := f.At.Add(settleFor).Sub(c.Now); left > 0 {
			return connector.NotYet(c, left)
		}
		return nil
	}
	var out struct {
		Status string `json:"status"`
	}
	if _, err := rest(ctx, c, connector.Request{Path: "/rest/" + what + "/" + escaped(f.URN), Into: &out}); err != nil {
		return err
	}
	if out.Status != "AVAILABLE" {
		return connector.NotYet(c, pollEvery)
	}
	return nil
}

// begun is the saved result of beginning a video. Its addresses are secrets; saved results are sealed.
type begun struct {
	URN   string `json:"urn"`
	Token string `json:"token"`
	Parts []span `json:"parts"`
}

// span is a range of bytes and where it goes.
type span struct {
	To    string `json:"uploadUrl"`
	First int64  `json:"firstByte"`
	Last  int64  `json:"lastByte"`
}

func video(ctx context.Context, p *connector.Pass) (string, error) {
	m := &p.Draft.Media[0]
	b, err := connector.Step(ctx, p, "start", func(ctx context.Context, c *connector.Call) (begun, error) { return begin(ctx, c, m.Size) })
	if err != nil {
		return "", err
	}
	tags, err := connector.Each(ctx, p, "part", b.Parts, func(ctx context.Context, c *connector.Call, s span) (string, error) {
		c.Hide(s.To)
		size := s.Last - s.First + 1
		if s.First < 0 || size <= 0 || s.Last >= m.Size {
			return "", &connector.Failed{Class: connector.Transient, Words: "LinkedIn asked for a part that the video hasn't.", Forget: []string{"start", "part.*"}}
		}
		header, err := c.Send(ctx, connector.Request{Method: "PUT", Host: "upload", Path: s.To, Body: io.NewSectionReader(m.File, s.First, size), Size: size, Type: "application/octet-stream"})
		if err == nil && header.Get("Etag") == "" {
			err = &connector.Failed{Class: connector.Transient, Words: "LinkedIn didn't confirm a part of the video."}
		}
		return header.Get("Etag"), err
	})
	if err != nil {
		return "", err
	}
	_, err = connector.Step(ctx, p, "final", func(ctx context.Context, c *connector.Call) (bool, error) {
		_, err := rest(ctx, c, connector.Request{
			Method: "POST", Path: "/rest/videos", Query: map[string][]string{"action": {"finalizeUpload"}},
			JSON: map[string]any{"finalizeUploadRequest": map[string]any{"video": b.URN, "uploadToken": b.Token, "uploadedPartIds": tags}},
		})
		return err == nil, err
	})
	if err != nil {
		return "", err
	}
	return connector.Step(ctx, p, "available", func(ctx context.Context, c *connector.Call) (string, error) {
		return b.URN, ready(ctx, c, "videos", uploaded{URN: b.URN})
	})
}

func begin(ctx context.Context, c *connector.Call, size int64) (begun, error) {
	var out struct {
		Value struct {
			Video string `json:"video"`
			Token string `json:"uploadToken"`
			Parts []span `json:"uploadInstructions"`
		} `json:"value"`
	}
	_, err := rest(ctx, c, connector.Request{
		Method: "POST", Path: "/rest/videos", Query: map[string][]string{"action": {"initializeUpload"}}, Into: &out,
		JSON: map[string]any{"initializeUploadRequest": map[string]any{"owner": author(&c.Channel), "fileSizeBytes": size, "uploadCaptions": false, "uploadThumbnail": false}},
	})
	if err == nil && (out.Value.Video == "" || len(out.Value.Parts) == 0) {
		err = &connector.Failed{Class: connector.Transient, Words: "LinkedIn gave no place for the video."}
	}
	return begun{out.Value.Video, out.Value.Token, out.Value.Parts}, err
}

// card is the saved result of making a link's card.
type card struct {
	Source      string   `json:"source"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Cover       uploaded `json:"cover"`
}

// article makes the card of the first link, because LinkedIn doesn't look at the page.
func article(ctx context.Context, p *connector.Pass, s settings) (map[string]any, error) {
	link := ""
	for _, sp := range p.Draft.Spans {
		if sp.Kind == text.Link {
			link = sp.Value
			break
		}
	}
	if link == "" {
		return nil, nil
	}
	k, err := connector.Step(ctx, p, "card", func(ctx context.Context, c *connector.Call) (card, error) { return makeCard(ctx, c, link, s) })
	if err != nil {
		return nil, err
	}
	out := map[string]string{"source": k.Source, "title": k.Title}
	if k.Description != "" {
		out["description"] = k.Description
	}
	if k.Cover.URN != "" {
		_, err := connector.Step(ctx, p, "cover", func(ctx context.Context, c *connector.Call) (bool, error) {
			err := ready(ctx, c, "images", k.Cover)
			return err == nil, err
		})
		if err != nil {
			return nil, err
		}
		out["thumbnail"] = k.Cover.URN
	}
	return map[string]any{"article": out}, nil
}

// makeCard takes title and picture from the page. A picture that can't be used is left out; the rest stays.
func makeCard(ctx context.Context, c *connector.Call, link string, s settings) (card, error) {
	seen, err := c.Card(ctx, link)
	if err != nil {
		return card{}, err
	}
	k := card{Source: link, Title: first(s.CardTitle, seen.Title, link), Description: first(s.CardDescription, seen.Description)}
	k.Title, k.Description = text.Runes.Cut(k.Title, 400, 0), text.Runes.Cut(k.Description, 4086, 0)
	if seen.Image == nil || seen.Image.Size > maxImageBytes {
		return k, nil
	}
	cover, err := upload(ctx, c, "images", seen.Image)
	if f := connector.AsFailed(err); f != nil && f.Class == connector.Rejected && f.Fix != "app" {
		return k, nil
	}
	k.Cover = cover
	return k, err
}

func first(list ...string) string {
	for _, s := range list {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}
