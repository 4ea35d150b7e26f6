package misskey

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// ask calls one endpoint; all of Misskey's API is POST with JSON.
func ask(ctx context.Context, c *connector.Call, endpoint string, body, into any) error {
	_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/api/" + endpoint, JSON: body, Into: into})
	return err
}

type user struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	Avatar   string `json:"avatarUrl"`
	Host     string `json:"host"` // of another server
	Policies struct {
		FileMB int64 `json:"maxFileSizeMb"`
	} `json:"policies"`
}

func (u user) name() string {
	if u.Name != "" {
		return u.Name
	}
	return u.Username
}

func (u user) handle() string {
	if u.Host != "" {
		return "@" + u.Username + "@" + u.Host
	}
	return "@" + u.Username
}

// file is a file in the drive.
type file struct {
	ID        string `json:"id"`
	Comment   string `json:"comment"`
	Sensitive bool   `json:"isSensitive"`
}

type note struct {
	ID        string           `json:"id"`
	CreatedAt time.Time        `json:"createdAt"`
	Text      string           `json:"text"`
	Warning   string           `json:"cw"`
	FileIDs   []string         `json:"fileIds"`
	ReplyID   string           `json:"replyId"`
	RenoteID  string           `json:"renoteId"`
	User      user             `json:"user"`
	Reactions map[string]int64 `json:"reactions"`
	Renotes   int64            `json:"renoteCount"`
	Replies   int64            `json:"repliesCount"`
}

func (n note) address(c *connector.Call) string { return c.Channel.Fields["server"] + "/notes/" + n.ID }

func (n note) receipt(c *connector.Call) connector.Receipt {
	if n.ID == "" {
		return connector.Receipt{}
	}
	return connector.Receipt{ID: n.ID, Permalink: n.address(c), At: n.CreatedAt}
}

// List implements connector.Lister. Notes in channels and replies are only listed when one asks for them.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	var list []note
	err := ask(ctx, c, "users/notes", map[string]any{
		"userId": c.Channel.RemoteID, "limit": 40, "withReplies": true, "withRenotes": true, "withChannelNotes": true,
	}, &list)
	if err != nil {
		return nil, err
	}
	seen := make([]connector.Seen, len(list))
	for i, n := range list {
		seen[i] = connector.Seen{Receipt: n.receipt(c), Sign: sign(n)}
	}
	return seen, nil
}

// Sign implements connector.Lister: everything of a note that comes back as it was sent.
func (Connector) Sign(p *connector.Pass) string {
	d, s := p.Draft, settingsForm.Of(p.Draft)
	n := note{Text: d.Text, Warning: s.Warning, FileIDs: connector.PeekAll[string](p, "file"), RenoteID: noteID(s.Quoted)}
	if d.Parent != nil && d.Role != connector.Post {
		n.ReplyID = d.Parent.ID
	}
	return sign(n)
}

func sign(n note) string {
	files := slices.Clone(n.FileIDs)
	slices.Sort(files)
	return strings.Join([]string{strings.Join(files, ","), n.ReplyID, n.RenoteID, strings.TrimSpace(n.Warning), strings.TrimSpace(n.Text)}, "\n")
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	err := ask(ctx, c, "notes/delete", map[string]string{"noteId": r.ID}, nil)
	if isGone(err) {
		return nil
	}
	return err
}

func isGone(err error) bool {
	f := connector.AsFailed(err)
	return f != nil && f.Body("error.code") == "NO_SUCH_NOTE"
}

// Replies implements connector.Reader.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	const page = 100
	q := map[string]any{"noteId": r.ID, "limit": page}
	if after != "" {
		q["sinceId"] = after
	}
	var list []note
	if err := ask(ctx, c, "notes/replies", q, &list); err != nil {
		return nil, "", err
	}
	slices.SortStableFunc(list, func(a, b note) int { return a.CreatedAt.Compare(b.CreatedAt) })
	var answers []connector.Answer
	for _, n := range list {
		answers = append(answers, connector.Answer{
			ID: n.ID, Author: n.User.name(), Handle: n.User.handle(), Avatar: n.User.Avatar, Text: n.Text, URL: n.address(c), Parent: n.ReplyID, At: n.CreatedAt,
		})
	}
	if after == "" || len(list) < page {
		return answers, "", nil
	}
	return answers, list[len(list)-1].ID, nil
}

// Measure implements connector.Measurer. Misskey counts no views; each kind of reaction is one like.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for _, r := range list {
		var n note
		err := ask(ctx, c, "notes/show", map[string]string{"noteId": r.ID}, &n)
		if isGone(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		likes := int64(0)
		for _, count := range n.Reactions {
			likes += count
		}
		out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: map[string]int64{"replies": n.Replies, "reposts": n.Renotes, "likes": likes}})
	}
	return out, nil
}
