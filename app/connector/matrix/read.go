package matrix

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

type event struct {
	ID      string `json:"event_id"`
	Sender  string `json:"sender"`
	At      int64  `json:"origin_server_ts"` // milliseconds
	Content struct {
		Ours     string `json:"io.omniposto.id"`
		Body     string `json:"body"`
		Relation struct {
			Type    string `json:"rel_type"`
			Key     string `json:"key"`
			ReplyTo struct {
				ID string `json:"event_id"`
			} `json:"m.in_reply_to"`
		} `json:"m.relates_to"`
	} `json:"content"`
}

func (e event) receipt(c *connector.Call) connector.Receipt {
	return connector.Receipt{ID: e.ID, Permalink: permalink(c.Channel, e.ID), At: time.UnixMilli(e.At).UTC()}
}

// List implements connector.Lister: the account's own messages in the room, newest first.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	filter, err := json.Marshal(map[string][]string{"senders": {c.Channel.More["user"]}, "types": {"m.room.message"}})
	if err != nil {
		return nil, err //nolint:wrapcheck // two lists of texts
	}
	var out struct {
		Chunk []event `json:"chunk"`
	}
	if err := get(ctx, c, "v3/"+room(c)+"/messages", url.Values{"dir": {"b"}, "limit": {"50"}, "filter": {string(filter)}}, &out); err != nil {
		return nil, err
	}
	seen := make([]connector.Seen, len(out.Chunk))
	for i, e := range out.Chunk {
		seen[i] = connector.Seen{Receipt: e.receipt(c), Sign: e.Content.Ours}
	}
	return seen, nil
}

// Sign implements connector.Lister.
func (Connector) Sign(p *connector.Pass) string { return p.Draft.Key }

// Edit implements connector.Editor: an event that takes the other's place. The file stays as it is.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	var current struct {
		Content map[string]any `json:"content"`
	}
	if err := get(ctx, c, "v3/"+room(c)+"/event/"+url.PathEscape(r.ID), nil, &current); err != nil {
		return r, err
	}
	next := current.Content
	for _, name := range []string{"m.relates_to", "format", "formatted_body", ours} {
		delete(next, name)
	}
	if err := say(next, d.Text, settingsForm.Of(d).Format); err != nil {
		return r, connector.Reject("The text can't be read as Markdown.", "")
	}
	change := map[string]any{
		"msgtype": next["msgtype"], "body": "* " + d.Text, "m.new_content": next, "m.relates_to": map[string]string{"rel_type": "m.replace", "event_id": r.ID},
	}
	sum := sha256.Sum256([]byte(r.ID + "\n" + d.Text))
	_, err := put(ctx, c, room(c)+"/send/m.room.message/edit-"+hex.EncodeToString(sum[:16]), change)
	return r, err
}

// Delete implements connector.Deleter: what the event says is taken out of it everywhere.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	sum := sha256.Sum256([]byte(r.ID))
	_, err := put(ctx, c, room(c)+"/redact/"+url.PathEscape(r.ID)+"/redact-"+hex.EncodeToString(sum[:16]), map[string]string{"reason": "Deleted by its author"})
	if isGone(err) {
		return nil
	}
	return err
}

func isGone(err error) bool {
	f := connector.AsFailed(err)
	return f != nil && f.Status == 404
}

// relations gives the events of one sort that stand under another.
func relations(ctx context.Context, c *connector.Call, id, sort string, query url.Values) ([]event, string, error) {
	var out struct {
		Chunk []event `json:"chunk"`
		Next  string  `json:"next_batch"`
	}
	err := get(ctx, c, "v1/"+room(c)+"/relations/"+url.PathEscape(id)+"/"+sort, query, &out)
	return out.Chunk, out.Next, err
}

// Replies implements connector.Reader: the thread under an event.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	q := url.Values{"dir": {"f"}, "limit": {"50"}}
	if after != "" {
		q.Set("from", after)
	}
	list, next, err := relations(ctx, c, r.ID, "m.thread", q)
	var answers []connector.Answer
	for _, e := range list {
		at := e.receipt(c)
		name, _, _ := strings.Cut(strings.TrimPrefix(e.Sender, "@"), ":")
		answers = append(answers, connector.Answer{
			ID: e.ID, Author: name, Handle: e.Sender, Text: e.Content.Body, URL: at.Permalink, Parent: e.Content.Relation.ReplyTo.ID, At: at.At,
		})
	}
	return answers, next, err
}

// Measure implements connector.Measurer. Matrix counts no views; reactions and answers are counted up to a hundred.
func (Connector) Measure(ctx context.Context, c *connector.Call, list []connector.Receipt) ([]connector.Figures, error) {
	var out []connector.Figures
	for _, r := range list {
		counts := map[string]int64{}
		var err error
		for name, sort := range map[string]string{"likes": "m.annotation", "replies": "m.thread"} {
			var events []event
			if events, _, err = relations(ctx, c, r.ID, sort, url.Values{"limit": {"100"}}); err != nil {
				break
			}
			counts[name] = int64(len(events))
		}
		if isGone(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, connector.Figures{ID: r.ID, At: c.Now, Counts: counts})
	}
	return out, nil
}
