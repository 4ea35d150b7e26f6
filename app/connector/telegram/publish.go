package telegram

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Publish implements connector.Publisher: one call, with the files in it.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if p.Kind().ID == "gif" && len(p.Draft.Media) > 1 {
		return connector.Receipt{}, connector.Reject("Telegram takes one GIF.", "exclude")
	}
	where := p.Draft.Channel.RemoteID
	if p.Draft.Channel.More["type"] == "group" {
		moved, err := connector.Step(ctx, p, "chat", func(ctx context.Context, c *connector.Call) (string, error) {
			found, err := findChat(ctx, c, where)
			return strconv.FormatInt(found.ID, 10), err
		})
		if err != nil {
			return connector.Receipt{}, err
		}
		where = moved
	}
	return connector.Commit(ctx, p, "send", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		s := settingsForm.Of(p.Draft)
		if len(p.Draft.Media) > 1 {
			return sendAlbum(ctx, c, p.Draft, s, where)
		}
		return sendOne(ctx, c, p.Draft, s, where)
	})
}

type entity struct {
	Type     string `json:"type"`
	Offset   int    `json:"offset"`
	Length   int    `json:"length"`
	URL      string `json:"url,omitempty"`
	Language string `json:"language,omitempty"`
}

var entityTypes = map[text.MarkKind]string{
	text.Bold: "bold", text.Italic: "italic", text.Strike: "strikethrough", text.Spoiler: "spoiler", text.Code: "code", text.Pre: "pre", text.Anchor: "text_link",
}

// marked is the text as Telegram takes it: plain words, and entities in UTF-16 units. Telegram finds links, mentions and
// tags itself.
func marked(s string) (string, []entity) {
	plain, marks := text.Parse(s)
	entities := []entity{}
	for _, m := range marks {
		entities = append(entities, entity{entityTypes[m.Kind], m.Start.UTF16, m.End.UTF16 - m.Start.UTF16, m.URL, m.Lang})
	}
	return plain, entities
}

// common are the parameters of every sending.
func common(d *connector.Draft, s settings, where string) map[string]any {
	out := map[string]any{"chat_id": where}
	if s.Silent {
		out["disable_notification"] = true
	}
	if s.Protect {
		out["protect_content"] = true
	}
	if s.Topic > 0 {
		out["message_thread_id"] = s.Topic
	}
	if d.Parent != nil && d.Role != connector.Post {
		id, _ := strconv.ParseInt(d.Parent.ID, 10, 64)
		out["reply_parameters"] = map[string]any{"message_id": id}
	}
	if s.ButtonText != "" && s.ButtonURL != "" && len(d.Media) <= 1 {
		out["reply_markup"] = map[string]any{"inline_keyboard": [][]map[string]string{{{"text": s.ButtonText, "url": s.ButtonURL}}}}
	}
	return out
}

var methods = map[connector.MediaType][2]string{
	connector.Image: {"sendPhoto", "photo"}, connector.VideoFile: {"sendVideo", "video"}, connector.GIF: {"sendAnimation", "animation"},
	connector.Audio: {"sendAudio", "audio"}, connector.DocumentPDF: {"sendDocument", "document"},
}

func sendOne(ctx context.Context, c *connector.Call, d *connector.Draft, s settings, where string) (connector.Receipt, error) {
	fields := common(d, s, where)
	words, entities := marked(d.Text)
	var out struct {
		Result message `json:"result"`
	}
	if len(d.Media) == 0 {
		fields["text"], fields["entities"], fields["link_preview_options"] = words, entities, preview(s.Preview)
		_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/bot{token}/sendMessage", JSON: fields, Into: &out})
		return receipt(c, []message{out.Result}), err
	}
	m := &d.Media[0]
	method := methods[m.Type]
	if words != "" {
		fields["caption"], fields["caption_entities"] = words, entities
	}
	looks(fields, m, s)
	parts := partsOf(fields)
	parts = append(parts, filePart(method[1], m))
	if m.Cover != nil && m.Type == connector.VideoFile {
		parts = append(parts, filePart("thumbnail", m.Cover))
	}
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/bot{token}/" + method[0], Parts: parts, Size: m.Size, Into: &out})
	return receipt(c, []message{out.Result}), err
}

func preview(choice string) map[string]any {
	switch choice {
	case "off":
		return map[string]any{"is_disabled": true}
	case "large":
		return map[string]any{"prefer_large_media": true}
	case "above":
		return map[string]any{"prefer_large_media": true, "show_above_text": true}
	}
	return map[string]any{}
}

// looks adds how a file is shown.
func looks(fields map[string]any, m *connector.Media, s settings) {
	visual := m.Type == connector.Image || m.Type == connector.VideoFile || m.Type == connector.GIF
	if visual && s.Spoiler {
		fields["has_spoiler"] = true
	}
	if visual && s.CaptionAbove {
		fields["show_caption_above_media"] = true
	}
	if m.Type != connector.VideoFile {
		return
	}
	fields["supports_streaming"] = true
	for name, v := range map[string]int{"width": m.Width, "height": m.Height, "duration": int(m.Length.Seconds())} {
		if v > 0 {
			fields[name] = v
		}
	}
}

// partsOf writes parameters as form fields: texts as they are, everything else as JSON.
func partsOf(fields map[string]any) []connector.Part {
	var out []connector.Part
	for _, name := range sortedNames(fields) {
		value, ok := fields[name].(string)
		if !ok {
			raw, err := json.Marshal(fields[name])
			if err != nil {
				continue
			}
			value = string(raw)
		}
		out = append(out, connector.Part{Name: name, Value: value})
	}
	return out
}

func filePart(name string, m *connector.Media) connector.Part {
	return connector.Part{Name: name, File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME}
}

var albumTypes = map[connector.MediaType]string{
	connector.Image: "photo", connector.VideoFile: "video", connector.Audio: "audio", connector.DocumentPDF: "document",
}

// sendAlbum sends two to ten files as one post; the first one's caption is the album's.
func sendAlbum(ctx context.Context, c *connector.Call, d *connector.Draft, s settings, where string) (connector.Receipt, error) {
	fields := common(d, s, where)
	words, entities := marked(d.Text)
	var items []map[string]any
	var files []connector.Part
	var size int64
	for i := range d.Media {
		m := &d.Media[i]
		at := "f" + strconv.Itoa(i)
		item := map[string]any{"type": albumTypes[m.Type], "media": "attach://" + at}
		if i == 0 && words != "" {
			item["caption"], item["caption_entities"] = words, entities
		}
		looks(item, m, s)
		items = append(items, item)
		files = append(files, filePart(at, m))
		size += m.Size
	}
	fields["media"] = items
	var out struct {
		Result []message `json:"result"`
	}
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/bot{token}/sendMediaGroup", Parts: append(partsOf(fields), files...), Size: size, Into: &out})
	return receipt(c, out.Result), err
}

// Finishes implements connector.Finisher.
func (Connector) Finishes(d *connector.Draft) bool { return settingsForm.Of(d).Pin }

// Finish implements connector.Finisher: it pins the post, which may be done twice.
func (Connector) Finish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if p.Draft.Parent == nil {
		return connector.Receipt{}, connector.Reject("There is nothing to pin.", "")
	}
	return connector.Step(ctx, p, "pin", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		var done bool
		err := call(ctx, c, "pinChatMessage", map[string]any{"chat_id": p.Draft.Parent.More["chat"], "message_id": number(p.Draft.Parent.ID), "disable_notification": true}, &done)
		return *p.Draft.Parent, err
	})
}

func number(id string) int64 { n, _ := strconv.ParseInt(id, 10, 64); return n }

// Edit implements connector.Editor: the words of a message or of an album's first file.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	words, entities := marked(d.Text)
	method, body := "editMessageText", map[string]any{"text": words, "entities": entities, "link_preview_options": preview(settingsForm.Of(d).Preview)}
	if len(d.Media) > 0 {
		method, body = "editMessageCaption", map[string]any{"caption": words, "caption_entities": entities}
	}
	body["chat_id"], body["message_id"] = r.More["chat"], number(r.ID)
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/bot{token}/" + method, JSON: body})
	if saysSo(err, "message is not modified") {
		return r, nil
	}
	return r, err
}

// Delete implements connector.Deleter: all messages of the post.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	var ids []int64
	for _, id := range strings.Split(r.More["ids"], ",") {
		ids = append(ids, number(id))
	}
	var done bool
	err := call(ctx, c, "deleteMessages", map[string]any{"chat_id": r.More["chat"], "message_ids": ids}, &done)
	if saysSo(err, "message to delete not found") {
		return nil
	}
	return err
}
