// Package slackfake is Slack as the fact sheet describes it, in memory: one workspace with a bot and a webhook.
package slackfake

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	token    = "xoxb-canary-0123456789"
	hook     = "/services/T0000000/B0000000/canaryhook0123456789"
	home     = "https://posto.slack.com/"
	general  = "C0000GENERAL"
	quiet    = "C0000PRIVATE"
	bot      = "B0000POSTO"
	bob      = "U0000BOB"
	uploads  = "files.slack.com"
	appears  = 2 * time.Second // until a file's record names its message
	splitsAt = 4000
)

// ClientID and ClientSecret are the app's, for tests of signing in.
const (
	ClientID     = "1234567890.1234567890"
	ClientSecret = "canary-client-secret-0123456789"
)

// Platform is Slack.
type Platform struct {
	fake.Base
	member  bool // of #general
	codes   map[string]string
	places  map[string]string // upload paths, to file ids
	shares  map[string]shared
	methods map[string]func(w http.ResponseWriter, in input)
}

type shared struct {
	ts, thread string
	at         time.Time
}

// New makes the workspace.
func New(w fake.World) fake.Platform {
	p := &Platform{codes: map[string]string{}, places: map[string]string{}, shares: map[string]shared{}}
	p.Begin(w)
	p.Grant(token)
	p.Grant(hook)
	p.methods = map[string]func(http.ResponseWriter, input){
		"auth.test": p.test, "auth.revoke": p.revoke, "conversations.info": p.info, "conversations.list": p.list, "conversations.join": p.join,
		"conversations.history": p.history, "conversations.replies": p.replies, "users.info": p.user, "chat.postMessage": p.post, "chat.update": p.update, "chat.delete": p.remove,
		"files.getUploadURLExternal": p.place, "files.completeUploadExternal": p.complete, "files.info": p.file,
	}
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{
		{Way: "token", Fields: map[string]string{"token": token, "channel": "#general"}},
		{Way: "webhook", Fields: map[string]string{"address": "https://hooks.slack.com" + hook, "name": "general"}},
	}
}

// Owner implements fake.Registered.
func (*Platform) Owner() fake.Client { return fake.Client{ID: ClientID, Secret: ClientSecret} }

// ts is a message's number: its time, and no two are alike.
func (p *Platform) ts() string {
	return fmt.Sprintf("%d.%06d", p.Now().Unix(), p.Serial())
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.Show(fake.Post{ID: p.ts(), Text: text, Files: make([]fake.File, files), More: map[string]string{"user": bob}})
}

// Answer answers in a thread as a member does.
func (p *Platform) Answer(thread, text string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.Show(fake.Post{ID: p.ts(), Text: text, Parent: p.last(thread), More: map[string]string{"user": bob, "thread": thread}})
}

// Copy posts a message of somebody else's bot with our metadata.
func (p *Platform) Copy(key string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.Show(fake.Post{ID: p.ts(), Text: "A copy", Key: key, More: map[string]string{"bot": "B0000OTHER"}})
}

// Member says whether the bot is in the public channel.
func (p *Platform) Member() bool {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.member
}

func refuse(w http.ResponseWriter, err string) {
	fake.Answer(w, http.StatusOK, map[string]any{"ok": false, "error": err})
}

func give(w http.ResponseWriter, v map[string]any) {
	v["ok"] = true
	fake.Answer(w, http.StatusOK, v)
}

// input are a call's parameters, from a form or from JSON.
type input map[string]any

func (in input) text(name string) string {
	s, _ := in[name].(string)
	return s
}

func read(r *http.Request) (input, bool) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil, false
	}
	in := input{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return in, json.Unmarshal(raw, &in) == nil
	}
	form, err := url.ParseQuery(string(raw))
	for k, v := range form {
		in[k] = v[0]
	}
	return in, err == nil
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method, isMethod := strings.CutPrefix(r.URL.Path, "/api/")
	switch {
	case r.Header.Get("Original-Host") == uploads:
		p.store(w, r)
	case r.URL.Path == "/oauth/v2/authorize":
		p.authorize(w, r)
	case method == "oauth.v2.access":
		p.access(w, r)
	case strings.HasPrefix(r.URL.Path, "/services/"):
		p.hooked(w, r)
	case !isMethod || p.methods[method] == nil:
		refuse(w, "unknown_method")
	case !p.Good(fake.Bearer(r)):
		refuse(w, "invalid_auth")
	default:
		in, ok := read(r)
		if !ok {
			refuse(w, "invalid_arguments")
			return
		}
		p.Mu.Lock()
		defer p.Mu.Unlock()
		p.methods[method](w, in)
	}
}

func (p *Platform) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != ClientID || !strings.Contains(q.Get("scope"), "chat:write,") {
		http.Error(w, "Invalid client_id or scope", http.StatusBadRequest)
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	code := "canary-code-" + strconv.Itoa(p.Serial())
	p.codes[code] = q.Get("redirect_uri")
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (p *Platform) access(w http.ResponseWriter, r *http.Request) {
	in, _ := read(r)
	p.Mu.Lock()
	redirect, ok := p.codes[in.text("code")]
	delete(p.codes, in.text("code"))
	p.Mu.Unlock()
	switch {
	case in.text("client_id") != ClientID || in.text("client_secret") != ClientSecret:
		refuse(w, "bad_client_secret")
	case !ok || redirect != in.text("redirect_uri"):
		refuse(w, "invalid_code")
	default:
		give(w, map[string]any{"access_token": p.Grant("xoxb-canary-by-signing-in"), "token_type": "bot", "bot_user_id": "U0000POSTO", "team": map[string]string{"id": "T0000000", "name": "Posto"},
			"scope": "chat:write,chat:write.public,chat:write.customize,channels:read,groups:read,channels:join,channels:history,groups:history,files:read,files:write,users:read"})
	}
}

func (p *Platform) test(w http.ResponseWriter, _ input) {
	give(w, map[string]any{"url": home, "team": "Posto", "user": "posto", "team_id": "T0000000", "user_id": "U0000POSTO", "bot_id": bot})
}

func (p *Platform) revoke(w http.ResponseWriter, _ input) {
	p.Mu.Unlock()
	p.EndAccess()
	p.Mu.Lock()
	give(w, map[string]any{"revoked": true})
}

func (p *Platform) channel(id string) (map[string]any, bool) {
	switch id {
	case general:
		return map[string]any{"id": general, "name": "general", "is_member": p.member, "is_private": false, "is_archived": false}, true
	case quiet:
		return map[string]any{"id": quiet, "name": "quiet", "is_member": false, "is_private": true, "is_archived": false}, true
	case "C0000ARCHIVE":
		return map[string]any{"id": id, "name": "archive", "is_member": false, "is_private": false, "is_archived": true}, true
	}
	return nil, false
}

func (p *Platform) info(w http.ResponseWriter, in input) {
	ch, ok := p.channel(in.text("channel"))
	if !ok {
		refuse(w, "channel_not_found")
		return
	}
	give(w, map[string]any{"channel": ch})
}

// list gives two pages.
func (p *Platform) list(w http.ResponseWriter, in input) {
	id, next := quiet, "page-2"
	if in.text("cursor") == "page-2" {
		id, next = general, ""
	}
	ch, _ := p.channel(id)
	give(w, map[string]any{"channels": []any{ch}, "response_metadata": map[string]string{"next_cursor": next}})
}

func (p *Platform) join(w http.ResponseWriter, in input) {
	if in.text("channel") != general {
		refuse(w, "method_not_supported_for_channel_type")
		return
	}
	p.member = true
	give(w, map[string]any{})
}

// number is a parameter that a form gives as text.
func number(in input, name string, otherwise int) int {
	if n, err := strconv.Atoi(in.text(name)); err == nil {
		return n
	}
	return otherwise
}

func (p *Platform) answer(post fake.Post, metadata bool) map[string]any {
	out := map[string]any{"type": "message", "ts": post.ID, "text": post.Text}
	for from, to := range map[string]string{"user": "user", "bot": "bot_id", "thread": "thread_ts"} {
		if post.More[from] != "" {
			out[to] = post.More[from]
		}
	}
	if metadata && post.Key != "" {
		out["metadata"] = map[string]any{"event_type": "omniposto_post", "event_payload": map[string]string{"id": post.Key}}
	}
	replies := 0
	for _, other := range p.Newest(1000) {
		if other.More["thread"] == post.ID {
			replies++
		}
	}
	if replies > 0 {
		out["reply_count"], out["thread_ts"] = replies, post.ID
	}
	if post.More["bot"] == bot {
		out["reactions"] = []any{map[string]any{"name": "tada", "count": 2}, map[string]any{"name": "eyes", "count": 1}}
	}
	return out
}

// pages cuts a list; at most fifteen come at once, as for apps that are sold.
func (p *Platform) pages(w http.ResponseWriter, in input, posts []fake.Post) {
	from := number(in, "cursor", 0)
	to := min(len(posts), from+min(number(in, "limit", 100), 15))
	out := []any{}
	for _, post := range posts[min(from, to):to] {
		out = append(out, p.answer(post, in.text("include_all_metadata") == "true"))
	}
	next := ""
	if to < len(posts) {
		next = strconv.Itoa(to)
	}
	give(w, map[string]any{"messages": out, "has_more": next != "", "response_metadata": map[string]string{"next_cursor": next}})
}

func (p *Platform) history(w http.ResponseWriter, in input) {
	if in.text("channel") != general || !p.member {
		refuse(w, "not_in_channel")
		return
	}
	p.pages(w, in, slices.DeleteFunc(p.Newest(1000), func(post fake.Post) bool { return post.More["thread"] != "" }))
}

func (p *Platform) replies(w http.ResponseWriter, in input) {
	first, ok := p.Find(in.text("ts"))
	if !ok || in.text("channel") != general {
		refuse(w, "thread_not_found")
		return
	}
	list := []fake.Post{first}
	for _, post := range slices.Backward(p.Newest(1000)) {
		if post.More["thread"] == first.ID {
			list = append(list, post)
		}
	}
	p.pages(w, in, list)
}

func (p *Platform) user(w http.ResponseWriter, in input) {
	if in.text("user") != bob {
		refuse(w, "user_not_found")
		return
	}
	give(w, map[string]any{"user": map[string]any{"id": bob, "name": "bob", "real_name": "Bob B."}})
}

// last is what a reply stands under in a flat thread.
func (p *Platform) last(thread string) string {
	for _, post := range p.Newest(1000) {
		if post.More["thread"] == thread {
			return post.ID
		}
	}
	return thread
}

// under puts a post into a thread; false: there is none, or it is itself an answer.
func (p *Platform) under(post *fake.Post, thread string) bool {
	if thread == "" {
		return true
	}
	first, ok := p.Find(thread)
	if !ok || first.More["thread"] != "" {
		return false
	}
	post.Parent, post.More["thread"] = p.last(thread), thread
	return true
}

var linked = regexp.MustCompile(`<(https?://[^|>]+)\|([^>]*)>`)

// shown is a text as people read it.
func shown(s string) string { return html.UnescapeString(linked.ReplaceAllString(s, "$2")) }

func (p *Platform) post(w http.ResponseWriter, in input) {
	switch {
	case in.text("channel") != general:
		refuse(w, "channel_not_found")
		return
	case in.text("text") == "":
		refuse(w, "no_text")
		return
	case len([]rune(in.text("text"))) > 40_000:
		refuse(w, "msg_too_long")
		return
	}
	raw, _ := json.Marshal(in)
	post := fake.Post{ID: p.ts(), More: map[string]string{"bot": bot, "raw": in.text("text"), "all": string(raw)}}
	if m, ok := in["metadata"].(map[string]any); ok && m["event_type"] == "omniposto_post" {
		payload, _ := m["event_payload"].(map[string]any)
		post.Key, _ = payload["id"].(string)
	}
	if !p.under(&post, in.text("thread_ts")) {
		refuse(w, "cannot_reply_to_message")
		return
	}
	p.split(post, shown(in.text("text")))
	give(w, map[string]any{"channel": general, "ts": post.ID, "message": p.answer(post, true)})
}

// split shows a long text as several messages.
func (p *Platform) split(post fake.Post, words string) {
	for text := []rune(words); ; {
		n := min(len(text), splitsAt)
		post.Text = string(text[:n])
		p.Show(post)
		if text = text[n:]; len(text) == 0 {
			return
		}
		post.ID = p.ts()
	}
}

func (p *Platform) update(w http.ResponseWriter, in input) {
	post, ok := p.Find(in.text("ts"))
	if !ok || post.More["bot"] != bot {
		refuse(w, "message_not_found")
		return
	}
	post.Text = shown(in.text("text"))
	p.Change(post)
	give(w, map[string]any{"ts": post.ID})
}

func (p *Platform) remove(w http.ResponseWriter, in input) {
	if _, ok := p.Find(in.text("ts")); !ok {
		refuse(w, "message_not_found")
		return
	}
	p.Drop(in.text("ts"))
	give(w, map[string]any{})
}

func (p *Platform) place(w http.ResponseWriter, in input) {
	if number(in, "length", 0) <= 0 || in.text("filename") == "" {
		refuse(w, "invalid_arguments")
		return
	}
	id := fmt.Sprintf("F%08d", p.Serial())
	p.Keep(fake.File{ID: id, Name: in.text("filename"), Alt: in.text("alt_txt"), Size: -int64(number(in, "length", 0))})
	path := "/upload/v1/canary" + id
	p.places[path] = id
	give(w, map[string]any{"upload_url": "https://" + uploads + path, "file_id": id})
}

// store takes the bytes of a file, of the length that was said.
func (p *Platform) store(w http.ResponseWriter, r *http.Request) {
	size, sum, err := fake.Measure(r.Body)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f, ok := p.File(p.places[r.URL.Path])
	if err != nil || !ok || r.Method != http.MethodPost || r.Header.Get("Authorization") != "" || f.Size != -size && f.Size != size {
		http.Error(w, "no such upload", http.StatusBadRequest)
		return
	}
	f.Size, f.Sum, f.MIME = size, sum, r.Header.Get("Content-Type")
	_, _ = fmt.Fprintf(w, "OK - %d", size)
}

func (p *Platform) complete(w http.ResponseWriter, in input) {
	list, _ := in["files"].([]any)
	post := fake.Post{ID: p.ts(), More: map[string]string{"bot": bot, "raw": in.text("initial_comment")}}
	var ids []string
	for _, one := range list {
		fields, _ := one.(map[string]any)
		id, _ := fields["id"].(string)
		f, ok := p.File(id)
		if !ok || f.Size <= 0 || f.Used {
			refuse(w, "file_not_found")
			return
		}
		ids = append(ids, id)
		post.Files = append(post.Files, *f)
	}
	switch {
	case len(ids) == 0 || len(ids) > 10:
		refuse(w, "invalid_arguments")
		return
	case in.text("channel_id") != general:
		refuse(w, "channel_not_found")
		return
	case !p.under(&post, in.text("thread_ts")):
		refuse(w, "cannot_reply_to_message")
		return
	}
	for _, id := range ids {
		f, _ := p.File(id)
		f.Used = true
		p.shares[id] = shared{post.ID, post.More["thread"], p.Now().Add(appears)}
	}
	p.split(post, shown(in.text("initial_comment")))
	give(w, map[string]any{"files": list})
}

func (p *Platform) file(w http.ResponseWriter, in input) {
	if _, ok := p.File(in.text("file")); !ok {
		refuse(w, "file_not_found")
		return
	}
	shares := map[string]any{}
	if s, ok := p.shares[in.text("file")]; ok && !p.Now().Before(s.at) {
		one := map[string]any{"ts": s.ts}
		if s.thread != "" {
			one["thread_ts"] = s.thread
		}
		shares["public"] = map[string]any{general: []any{one}}
	}
	give(w, map[string]any{"file": map[string]any{"id": in.text("file"), "shares": shares}})
}

func (p *Platform) hooked(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Text   string `json:"text"`
		Unfurl *bool  `json:"unfurl_links"`
	}
	switch {
	case r.URL.Path != hook:
		http.Error(w, "no_service", http.StatusNotFound)
		return
	case !p.Good(hook):
		http.Error(w, "invalid_token", http.StatusForbidden)
		return
	case !fake.Read(r, &in):
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	case in.Text == "":
		http.Error(w, "no_text", http.StatusBadRequest)
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.split(fake.Post{ID: p.ts(), More: map[string]string{"raw": in.Text, "unfurl": fmt.Sprint(in.Unfurl != nil && *in.Unfurl)}}, shown(in.Text))
	_, _ = w.Write([]byte("ok"))
}

var _ fake.Platform = (*Platform)(nil)
