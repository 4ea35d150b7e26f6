package matrix

import (
	"context"
	"html"
	"net/url"
	"regexp"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// ours is the field of an event that holds the delivery's key.
const ours = "io.omniposto.id"

// Publish implements connector.Publisher: the file, then the event.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	files, err := connector.Each(ctx, p, "media", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	file := ""
	if len(files) > 0 {
		file = files[0]
	}
	return connector.Commit(ctx, p, "send", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		content, err := message(p.Draft, settingsForm.Of(p.Draft), file)
		if err != nil {
			return connector.Receipt{}, connector.Reject("The text can't be read as Markdown.", "")
		}
		event, err := put(ctx, c, room(c)+"/send/m.room.message/op-"+p.Draft.Key, content)
		if err != nil || event == "" {
			return connector.Receipt{}, err
		}
		return connector.Receipt{ID: event, Permalink: permalink(c.Channel, event)}, nil
	})
}

// upload gives the address of a file in the server's store.
func upload(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
	var out struct {
		URI string `json:"content_uri"`
	}
	_, err := c.Send(ctx, connector.Request{
		Method: "POST", Path: "/_matrix/media/v3/upload", Query: url.Values{"filename": {m.Name}}, Body: m.All(), Size: m.Size, Type: m.MIME, Into: &out,
	})
	if err == nil && (!strings.HasPrefix(out.URI, "mxc://") || len(out.URI) > longestMedia) {
		err = &connector.Failed{Class: connector.Transient, Step: "media", Words: "The server gave the file no address."}
	}
	return out.URI, err
}

// types of message by the type of its file.
var types = map[connector.MediaType]string{
	connector.Image: "m.image", connector.GIF: "m.image", connector.VideoFile: "m.video", connector.Audio: "m.audio", connector.DocumentPDF: "m.file",
}

// message is the content of the event.
func message(d *connector.Draft, s settings, file string) (map[string]any, error) {
	out := map[string]any{"msgtype": s.Type, ours: d.Key}
	words := d.Text
	if len(d.Media) > 0 {
		m := d.Media[0]
		if strings.TrimSpace(words) == "" {
			words = m.Alt // there is no other place for it
		}
		info := map[string]any{"mimetype": m.MIME, "size": m.Size}
		if m.Width > 0 && m.Height > 0 {
			info["w"], info["h"] = m.Width, m.Height
		}
		if m.Length > 0 {
			info["duration"] = m.Length.Milliseconds()
		}
		out["msgtype"], out["url"], out["filename"], out["info"] = types[m.Type], file, m.Name, info
		if strings.TrimSpace(words) == "" {
			words = m.Name
		}
	}
	if err := say(out, words, s.Format && words == d.Text); err != nil {
		return nil, err
	}
	if who := mentioned(words, s.MentionsRoom); who != nil {
		out["m.mentions"] = who
	}
	if to := relation(d, s); to != nil {
		out["m.relates_to"] = to
	}
	return out, nil
}

// say puts words into a content, with their HTML where Markdown makes more of them.
func say(content map[string]any, words string, format bool) error {
	content["body"] = words
	if !format {
		return nil
	}
	shown, err := text.HTML(words)
	if err != nil {
		return err //nolint:wrapcheck // it says what it is
	}
	if shown = strings.TrimSpace(shown); shown != "<p>"+html.EscapeString(words)+"</p>" {
		content["format"], content["formatted_body"] = "org.matrix.custom.html", shown
	}
	return nil
}

var member = regexp.MustCompile(`(?:^|[\s(])(@[a-z0-9._=/+-]+:[a-zA-Z0-9.-]+(?::[0-9]+)?)`)

// mentioned are the people that the text names, and the whole room where that was chosen.
func mentioned(words string, wholeRoom bool) map[string]any {
	var who []string
	for _, m := range member.FindAllStringSubmatch(words, 50) {
		who = append(who, strings.TrimRight(m[1], "."))
	}
	out := map[string]any{}
	if who != nil {
		out["user_ids"] = who
	}
	if wholeRoom {
		out["room"] = true
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// relation is the thread that an event stands in.
func relation(d *connector.Draft, s settings) map[string]any {
	root, last := s.Thread, s.Thread
	if d.Parent != nil && d.Role != connector.Post {
		root, last = d.Parent.ID, d.Parent.ID
		if d.Root != nil {
			root = d.Root.ID
		}
	}
	if root == "" {
		return nil
	}
	return map[string]any{"rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": map[string]string{"event_id": last}}
}
