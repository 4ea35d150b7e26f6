package slack

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
)

// event is the name of our metadata.
const event = "omniposto_post"

// showsAfter is when the record of a shared file is looked at.
const showsAfter = 3 * time.Second

// message is one as the API gives it; its number is its time.
type message struct {
	TS       string `json:"ts"`
	Thread   string `json:"thread_ts"`
	User     string `json:"user"`
	Bot      string `json:"bot_id"`
	Name     string `json:"username"`
	Text     string `json:"text"`
	Replies  int64  `json:"reply_count"`
	Metadata struct {
		Type    string `json:"event_type"`
		Payload struct {
			ID string `json:"id"`
		} `json:"event_payload"`
	} `json:"metadata"`
	Reactions []struct {
		Count int64 `json:"count"`
	} `json:"reactions"`
}

// receipt of a message in the channel. thread is the number of the thread, "" for a message that stands by itself.
func receipt(c *connector.Call, ts, thread string) connector.Receipt {
	if ts == "" {
		return connector.Receipt{}
	}
	r := connector.Receipt{ID: ts, Permalink: c.Channel.More["home"] + "/archives/" + c.Channel.RemoteID + "/p" + strings.Replace(ts, ".", "", 1), At: when(ts)}
	if thread != "" && thread != ts {
		r.Permalink += "?" + url.Values{"thread_ts": {thread}, "cid": {c.Channel.RemoteID}}.Encode()
		r.More = map[string]string{"thread": thread}
	}
	return r
}

func when(ts string) time.Time {
	seconds, rest, _ := strings.Cut(ts, ".")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}
	}
	micro, _ := strconv.ParseInt(rest, 10, 64)
	return time.Unix(n, micro*int64(time.Microsecond)).UTC()
}

// Publish implements connector.Publisher: a message, or files and then the message that shares them.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	s := settingsForm.Of(p.Draft)
	if utf8.RuneCountInString(p.Draft.Text) > maxText {
		return connector.Receipt{}, connector.Reject(fmt.Sprintf("The text is longer than the %d signs that Slack shows as one message.", maxText), "cut")
	}
	switch p.Kind().ID {
	case "webhook":
		return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
			body := map[string]any{"text": words(p.Draft, s), "unfurl_links": s.Unfurl, "unfurl_media": s.Unfurl}
			_, err := c.Send(ctx, connector.Request{Method: "POST", Host: "address", JSON: body})
			return connector.Receipt{}, err
		})
	case "files":
		return share(ctx, p, s)
	}
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		body := map[string]any{
			"channel": c.Channel.RemoteID, "text": words(p.Draft, s), "mrkdwn": true, "unfurl_links": s.Unfurl, "unfurl_media": s.Unfurl,
			"metadata": map[string]any{"event_type": event, "event_payload": map[string]string{"id": p.Draft.Key}},
		}
		thread := threadOf(p.Draft, s)
		if thread != "" {
			body["thread_ts"], body["reply_broadcast"] = thread, s.Broadcast
		}
		for name, v := range map[string]string{"username": s.Username, "icon_url": s.IconURL} {
			if v != "" {
				body[name] = v
			}
		}
		var out struct {
			TS string `json:"ts"`
		}
		err := call(ctx, c, "chat.postMessage", body, &out)
		return receipt(c, out.TS, thread), err
	})
}

// words are the text as Slack reads it, with who is called.
func words(d *connector.Draft, s settings) string {
	called := map[string]string{"here": "<!here> ", "channel": "<!channel> "}[s.Mention]
	if d.Text == "" {
		return ""
	}
	return called + mrkdwn(d.Text)
}

// threadOf is the first message of the thread; threads are flat.
func threadOf(d *connector.Draft, s settings) string {
	if d.Parent != nil && d.Role != connector.Post {
		if first := d.Parent.More["thread"]; first != "" {
			return first
		}
		return d.Parent.ID
	}
	return threadTS(s.Thread)
}

// share uploads files and shares them in one message.
func share(ctx context.Context, p *connector.Pass, s settings) (connector.Receipt, error) {
	files, err := connector.Each(ctx, p, "file", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		list := make([]map[string]string, len(files))
		for i, id := range files {
			list[i] = map[string]string{"id": id, "title": p.Draft.Media[i].Name}
		}
		body := map[string]any{"files": list, "channel_id": c.Channel.RemoteID}
		if w := words(p.Draft, s); w != "" {
			body["initial_comment"] = w
		}
		if thread := threadOf(p.Draft, s); thread != "" {
			body["thread_ts"] = thread
		}
		var out struct {
			OK bool `json:"ok"`
		}
		if err := call(ctx, c, "files.completeUploadExternal", body, &out); err != nil {
			return connector.Receipt{}, err
		}
		if !out.OK {
			return connector.Receipt{}, nil // not an answer of Slack's: doubt
		}
		return connector.Underway(c, showsAfter)
	})
}

// upload asks for a place, then sends the bytes there.
func upload(ctx context.Context, c *connector.Call, m connector.Media) (string, error) {
	q := url.Values{"filename": {m.Name}, "length": {strconv.FormatInt(m.Size, 10)}}
	if m.Alt != "" {
		q.Set("alt_txt", m.Alt)
	}
	var out struct {
		URL string `json:"upload_url"`
		ID  string `json:"file_id"`
	}
	if err := ask(ctx, c, "files.getUploadURLExternal", q, &out); err != nil {
		return "", err
	}
	if out.URL == "" || out.ID == "" {
		return "", &connector.Failed{Class: connector.Transient, Step: "file", Words: "Slack gave the file no place."}
	}
	if u, err := url.Parse(out.URL); err == nil {
		c.Hide(u.Path) // whoever knows it can put a file there
	}
	_, err := c.Send(ctx, connector.Request{Method: "POST", Host: "files", Path: out.URL, NoAuth: true, Body: m.All(), Size: m.Size, Type: m.MIME})
	return out.ID, err
}

// Look implements connector.Looker, for files: does their record name a message in this channel? A record that names
// none may be behind, so that it is asked twice; then the files are sent anew, because they may be completed only once.
func (Connector) Look(ctx context.Context, c *connector.Call, p *connector.Pass) (connector.Sight, error) {
	id, ok := connector.Peek[string](p, "file.0")
	if !ok {
		return connector.Sight{CantTell: "The number of the files is lost. Look at Slack and tell us."}, nil
	}
	type places map[string][]struct {
		TS     string `json:"ts"`
		Thread string `json:"thread_ts"`
	}
	var out struct {
		File struct {
			Shares struct{ Public, Private places }
		}
	}
	err := ask(ctx, c, "files.info", url.Values{"file": {id}}, &out)
	if f := connector.AsFailed(err); f != nil && f.Body("error") == "file_not_found" {
		return connector.Sight{Absent: true, Forget: []string{"file.*"}}, nil
	}
	if err != nil {
		return connector.Sight{}, err
	}
	for _, shares := range []places{out.File.Shares.Public, out.File.Shares.Private} {
		for _, s := range shares[c.Channel.RemoteID] {
			r := receipt(c, s.TS, s.Thread)
			return connector.Sight{Found: &r}, nil
		}
	}
	return connector.Sight{Absent: true, Forget: []string{"file.*"}}, nil
}
