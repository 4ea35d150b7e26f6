package twitch

import (
	"context"
	"net/url"

	"github.com/omniposto/omniposto/app/connector"
)

// Publish implements connector.Publisher: a look whether the channel is live, where that is asked for, and the message.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	if s.OnlyLive {
		if _, err := connector.Step(ctx, p, "live", live); err != nil {
			return connector.Receipt{}, err
		}
	}
	if p.Kind().ID == announcement {
		return connector.Commit(ctx, p, announcement, func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
			_, err := helix(ctx, c, connector.Request{
				Method: "POST", Path: "/chat/announcements", Query: url.Values{"broadcaster_id": {c.Channel.Target}, "moderator_id": {c.Channel.More[sender]}},
				JSON: map[string]string{"message": p.Draft.Text, "color": s.Color},
			})
			return connector.Receipt{More: map[string]string{"kind": announcement}}, err
		})
	}
	return connector.Commit(ctx, p, message, func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		body := map[string]string{"broadcaster_id": c.Channel.Target, "sender_id": c.Channel.More[sender], "message": p.Draft.Text}
		if p.Draft.Parent != nil {
			body["reply_parent_message_id"] = p.Draft.Parent.ID
		}
		var out struct {
			Sent []struct {
				ID string `json:"message_id"`
			} `json:"data"`
		}
		_, err := helix(ctx, c, connector.Request{Method: "POST", Path: "/chat/messages", JSON: body, Into: &out})
		if err != nil || len(out.Sent) != 1 || out.Sent[0].ID == "" {
			return connector.Receipt{}, why(err)
		}
		return connector.Receipt{ID: out.Sent[0].ID, Permalink: c.Channel.URL, At: c.Now}, nil
	})
}

// why is a refusal in Twitch's own words, which stand beside the code, where the row has none.
func why(err error) error {
	if f := connector.AsFailed(err); f != nil && f.Words == untold {
		if words := f.Body("data.0.drop_reason.message"); words != "" {
			f.Words = words
		}
	}
	return err
}

// live says that the channel is live; else it is an error that nobody waits out.
func live(ctx context.Context, c *connector.Call) (bool, error) {
	var out struct {
		Streams []struct {
			Type string `json:"type"`
		} `json:"data"`
	}
	if _, err := helix(ctx, c, connector.Request{Path: "/streams", Query: url.Values{"user_id": {c.Channel.Target}}, Into: &out}); err != nil {
		return false, err
	}
	if len(out.Streams) == 0 {
		return false, connector.Reject("The channel isn't live, and this was to be sent only then.", "")
	}
	return true, nil
}

// Delete implements connector.Deleter. Twitch allows it for six hours.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	if r.More["kind"] == announcement {
		return connector.Reject("Twitch lets nobody take an announcement back.", "")
	}
	_, err := helix(ctx, c, connector.Request{
		Method: "DELETE", Path: "/moderation/chat",
		Query: url.Values{"broadcaster_id": {c.Channel.Target}, "moderator_id": {c.Channel.More[sender]}, "message_id": {r.ID}},
	})
	if f := connector.AsFailed(err); f != nil && f.Status == 404 {
		return nil
	}
	return err
}
