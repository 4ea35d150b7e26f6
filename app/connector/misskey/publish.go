package misskey

import (
	"context"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

// Publish implements connector.Publisher: files into the drive, then the note.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	files, err := connector.Each(ctx, p, "file", p.Draft.Media, func(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
		return upload(ctx, c, m, s.Sensitive)
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "note", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		var out struct {
			Note note `json:"createdNote"`
		}
		err := ask(ctx, c, "notes/create", body(p.Draft, s, files), &out)
		return out.Note.receipt(c), err
	})
}

// upload gives the number of a file in the drive. A server that has the same bytes gives the file that it has; where
// that one says something else than ours should, ours becomes a file of its own, so that older notes stay as they are.
func upload(ctx context.Context, c *connector.Call, m connector.Media, sensitive bool) (string, error) {
	f, err := create(ctx, c, m, sensitive, false)
	if err == nil && (strings.TrimSpace(f.Comment) != strings.TrimSpace(m.Alt) || sensitive && !f.Sensitive) {
		f, err = create(ctx, c, m, sensitive, true)
	}
	if err == nil && f.ID == "" {
		err = &connector.Failed{Class: connector.Transient, Step: "file", Words: "The server gave the file no number."}
	}
	return f.ID, err
}

func create(ctx context.Context, c *connector.Call, m connector.Media, sensitive, anew bool) (file, error) {
	parts := []connector.Part{
		{Name: "name", Value: m.Name}, {Name: "isSensitive", Value: strconv.FormatBool(sensitive)}, {Name: "force", Value: strconv.FormatBool(anew)},
	}
	if m.Alt != "" {
		parts = append(parts, connector.Part{Name: "comment", Value: m.Alt})
	}
	parts = append(parts, connector.Part{Name: "file", File: m.All(), Size: m.Size, FileName: m.Name, Type: m.MIME})
	var out file
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/api/drive/files/create", Parts: parts, Size: m.Size, Into: &out})
	return out, err
}

// body is the JSON of a new note.
func body(d *connector.Draft, s settings, files []string) map[string]any {
	out := map[string]any{"visibility": s.Visibility, "localOnly": s.LocalOnly}
	for name, v := range map[string]string{"text": d.Text, "cw": s.Warning, "reactionAcceptance": s.Reaction, "renoteId": noteID(s.Quoted), "channelId": s.Channel.ID} {
		if v != "" {
			out[name] = v
		}
	}
	if len(files) > 0 {
		out["fileIds"] = files
	}
	if d.Parent != nil && d.Role != connector.Post {
		out["replyId"] = d.Parent.ID
	}
	if len(s.Poll) >= 2 {
		poll := map[string]any{"choices": s.Poll, "multiple": s.PollMultiple}
		if s.PollSeconds > 0 {
			poll["expiredAfter"] = s.PollSeconds * 1000
		}
		out["poll"] = poll
	}
	return out
}
