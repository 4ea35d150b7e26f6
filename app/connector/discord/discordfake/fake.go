// Package discordfake is Discord's webhooks as the fact sheet describes them, in memory: one of a text channel, one of a
// forum.
package discordfake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	textHook  = "/api/webhooks/1111111111/canary-texthook-token-abcdef"
	forumHook = "/api/webhooks/2222222222/canary-forumhook-token-abcdef"
	guild     = "9000"
	maxFile   = 10 << 20
)

// Platform is Discord.
type Platform struct{ fake.Base }

// New makes a server with two webhooks.
func New(w fake.World) fake.Platform {
	p := &Platform{}
	p.Begin(w)
	p.Grant(textHook)
	p.Grant(forumHook)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "webhook", Fields: map[string]string{"address": "https://discord.com" + textHook}}}
}

// Forum is the webhook of the forum channel, for tests of it.
func Forum() fake.Account {
	return fake.Account{Way: "webhook", Fields: map[string]string{"address": "https://discord.com" + forumHook, "forum": "forum"}}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.Show(fake.Post{Text: text, Files: make([]fake.File, files)})
}

func refuse(w http.ResponseWriter, status, code int, words string) {
	fake.Answer(w, status, map[string]any{"code": code, "message": words})
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hook, rest := r.URL.Path, ""
	if i := strings.Index(hook, "/messages/"); i >= 0 {
		hook, rest = hook[:i], hook[i+len("/messages/"):]
	}
	if !p.Good(hook) {
		refuse(w, http.StatusNotFound, 10015, "Unknown Webhook")
		return
	}
	switch {
	case rest != "":
		p.message(w, r, rest)
	case r.Method == http.MethodGet:
		id := strings.Split(hook, "/")[3]
		fake.Answer(w, http.StatusOK, map[string]any{"id": id, "type": 1, "guild_id": guild, "channel_id": "77" + id, "name": "Posto", "avatar": nil, "application_id": nil})
	case r.Method == http.MethodDelete:
		p.EndAccess()
		w.WriteHeader(http.StatusNoContent)
	default:
		p.post(w, r, hook)
	}
}

type body struct {
	Content     string `json:"content"`
	ThreadName  string `json:"thread_name"`
	Username    string `json:"username"`
	Attachments []struct {
		ID          int    `json:"id"`
		Description string `json:"description"`
	} `json:"attachments"`
	Embeds []json.RawMessage `json:"embeds"`
	Poll   json.RawMessage   `json:"poll"`
}

func read(r *http.Request) (body, []fake.File, bool) {
	var in body
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		return in, nil, err == nil && json.Unmarshal(raw, &in) == nil
	}
	values, parts, _, err := fake.Parts(r)
	if err != nil || json.Unmarshal([]byte(values["payload_json"]), &in) != nil {
		return in, nil, false
	}
	var files []fake.File
	for i := range len(parts) {
		f, ok := parts["files["+strconv.Itoa(i)+"]"]
		if !ok {
			return in, nil, false
		}
		for _, a := range in.Attachments {
			if a.ID == i {
				f.Alt = a.Description
			}
		}
		files = append(files, f)
	}
	return in, files, true
}

func (p *Platform) post(w http.ResponseWriter, r *http.Request, hook string) {
	in, files, ok := read(r)
	if !ok {
		refuse(w, http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
		return
	}
	forum := hook == forumHook
	thread := r.URL.Query().Get("thread_id")
	for _, f := range files {
		if f.Size > maxFile {
			refuse(w, http.StatusRequestEntityTooLarge, 40005, "Request entity too large")
			return
		}
	}
	switch {
	case forum && in.ThreadName == "" && thread == "":
		refuse(w, http.StatusBadRequest, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
	case !forum && in.ThreadName != "":
		refuse(w, http.StatusBadRequest, 220003, "Webhooks can only create threads in forum channels")
	case in.Content == "" && len(files) == 0 && len(in.Embeds) == 0 && in.Poll == nil:
		refuse(w, http.StatusBadRequest, 50006, "Cannot send an empty message")
	case len(utf16.Encode([]rune(in.Content))) > 2000:
		tooLong(w, "content", "Must be 2000 or fewer in length.")
	case len(files) > 10:
		tooLong(w, "attachments", "Must be 10 or fewer in length.")
	default:
		p.show(w, r, hook, in, files)
	}
}

func tooLong(w http.ResponseWriter, field, words string) {
	fake.Answer(w, http.StatusBadRequest, map[string]any{
		"code": 50035, "message": "Invalid Form Body", "errors": map[string]any{field: map[string]any{"_errors": []any{map[string]string{"code": "BASE_TYPE_MAX_LENGTH", "message": words}}}},
	})
}

func (p *Platform) show(w http.ResponseWriter, r *http.Request, hook string, in body, files []fake.File) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	where := "77" + strings.Split(hook, "/")[3]
	if in.ThreadName != "" {
		where = fmt.Sprint(500000 + p.Serial())
	}
	post := p.Show(fake.Post{Text: in.Content, Files: files, More: map[string]string{"thread": in.ThreadName, "channel": where, "username": in.Username, "poll": string(in.Poll), "embeds": fmt.Sprint(len(in.Embeds))}})
	if r.URL.Query().Get("wait") != "true" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"id": post.ID, "channel_id": where, "timestamp": post.At.Format(time.RFC3339Nano), "content": post.Text, "webhook_id": strings.Split(hook, "/")[3]})
}

func (p *Platform) message(w http.ResponseWriter, r *http.Request, id string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(id)
	if !ok {
		refuse(w, http.StatusNotFound, 10008, "Unknown Message")
		return
	}
	if r.Method == http.MethodDelete {
		p.Drop(id)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	var in body
	fake.Read(r, &in)
	post.Text = in.Content
	p.Change(post)
	fake.Answer(w, http.StatusOK, map[string]any{"id": id})
}

var _ fake.Platform = (*Platform)(nil)
