package slack

import (
	"context"
	"net/url"
	"slices"

	"github.com/omniposto/omniposto/app/connector"
)

// enough messages of a channel to find ours among them; some apps get only fifteen at once.
const (
	enough   = 50
	maxPages = 5
)

// messages asks for pages of messages until there are enough, or for all with most = 0.
func messages(ctx context.Context, c *connector.Call, method string, form url.Values, most int) ([]message, error) {
	form.Set("channel", c.Channel.RemoteID)
	form.Set("include_all_metadata", "true")
	var all []message
	for range maxPages {
		var out struct {
			Messages []message
			Metadata metadata `json:"response_metadata"`
		}
		if err := ask(ctx, c, method, form, &out); err != nil {
			return nil, err
		}
		all = append(all, out.Messages...)
		if out.Metadata.Next == "" || most > 0 && len(all) >= most {
			break
		}
		form.Set("cursor", out.Metadata.Next)
	}
	return all, nil
}

// seen gives the messages as a list; only our own have a sign.
func seen(c *connector.Call, list []message) []connector.Seen {
	out := make([]connector.Seen, len(list))
	for i, m := range list {
		out[i] = connector.Seen{Receipt: receipt(c, m.TS, m.Thread)}
		if m.Bot == c.Channel.More["bot"] && m.Metadata.Type == event {
			out[i].Sign = m.Metadata.Payload.ID
		}
	}
	return out
}

func unreadable() error {
	return connector.Reject("What a webhook posted can't be reached any more.", "")
}

// List implements connector.Lister: what stands in the channel, newest first, without what stands in threads.
func (Connector) List(ctx context.Context, c *connector.Call) ([]connector.Seen, error) {
	if c.Channel.Way == wayWebhook {
		return nil, unreadable()
	}
	list, err := messages(ctx, c, "conversations.history", url.Values{"limit": {"50"}}, enough)
	return seen(c, list), err
}

// ListUnder implements connector.UnderLister: the thread, newest first.
func (Connector) ListUnder(ctx context.Context, c *connector.Call, parent connector.Receipt) ([]connector.Seen, error) {
	thread := parent.More["thread"]
	if thread == "" {
		thread = parent.ID
	}
	list, err := messages(ctx, c, "conversations.replies", url.Values{"ts": {thread}, "limit": {"200"}}, 0)
	slices.Reverse(list)
	return seen(c, list), err
}

// Sign implements connector.Lister.
func (Connector) Sign(p *connector.Pass) string { return p.Draft.Key }

// Edit implements connector.Editor; files stay.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	if c.Channel.Way == wayWebhook {
		return r, unreadable()
	}
	return r, call(ctx, c, "chat.update", map[string]any{"channel": c.Channel.RemoteID, "ts": r.ID, "text": words(d, settingsForm.Of(d))}, nil)
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	if c.Channel.Way == wayWebhook {
		return unreadable()
	}
	err := call(ctx, c, "chat.delete", map[string]any{"channel": c.Channel.RemoteID, "ts": r.ID}, nil)
	if f := connector.AsFailed(err); f != nil && f.Body("error") == "message_not_found" {
		return nil
	}
	return err
}

// Replies implements connector.Reader: the thread that the message began, oldest first.
func (Connector) Replies(ctx context.Context, c *connector.Call, r connector.Receipt, after string) ([]connector.Answer, string, error) {
	if c.Channel.Way == wayWebhook {
		return nil, "", nil
	}
	form := url.Values{"channel": {c.Channel.RemoteID}, "ts": {r.ID}, "limit": {"100"}}
	if after != "" {
		form.Set("cursor", after)
	}
	var out struct {
		Messages []message
		Metadata metadata `json:"response_metadata"`
	}
	if err := ask(ctx, c, "conversations.replies", form, &out); err != nil {
		return nil, "", err
	}
	names := map[string]string{}
	var answers []connector.Answer
	for _, m := range out.Messages {
		if m.TS == r.ID {
			continue
		}
		a := connector.Answer{ID: m.TS, Author: m.Name, Text: m.Text, URL: receipt(c, m.TS, m.Thread).Permalink, Parent: r.ID, At: when(m.TS)}
		if m.User != "" {
			name, err := nameOf(ctx, c, names, m.User)
			if err != nil {
				return nil, "", err
			}
			a.Author, a.Handle = name, m.User
		}
		answers = append(answers, a)
	}
	return answers, out.Metadata.Next, nil
}

// nameOf asks for a member's name once.
func nameOf(ctx context.Context, c *connector.Call, known map[string]string, id string) (string, error) {
	if name, ok := known[id]; ok {
		return name, nil
	}
	var out struct {
		User struct {
			Name     string `json:"name"`
			RealName string `json:"real_name"`
		}
	}
	if err := ask(ctx, c, "users.info", url.Values{"user": {id}}, &out); err != nil {
		return "", err
	}
	if known[id] = out.User.RealName; known[id] == "" {
		known[id] = out.User.Name
	}
	return known[id], nil
}

// Measure implements connector.Measurer. Slack counts no readers.
func (Connector) Measure(ctx context.Context, c *connector.Call, receipts []connector.Receipt) ([]connector.Figures, error) {
	if c.Channel.Way == wayWebhook {
		return nil, nil
	}
	var figures []connector.Figures
	for _, r := range receipts {
		var out struct{ Messages []message }
		err := ask(ctx, c, "conversations.replies", url.Values{"channel": {c.Channel.RemoteID}, "ts": {r.ID}, "limit": {"1"}}, &out)
		if f := connector.AsFailed(err); f != nil && f.Body("error") == "thread_not_found" {
			continue
		}
		if err != nil {
			return figures, err
		}
		for _, m := range out.Messages {
			if m.TS != r.ID {
				continue
			}
			var likes int64
			for _, reaction := range m.Reactions {
				likes += reaction.Count
			}
			figures = append(figures, connector.Figures{ID: r.ID, At: c.Now, Counts: map[string]int64{"likes": likes, "replies": m.Replies}})
		}
	}
	return figures, nil
}
