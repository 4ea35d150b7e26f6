// Package mattermostfake is a Mattermost server with one channel, a bot and a webhook, as the fact sheet describes it, in
// memory.
package mattermostfake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	server    = "https://chat.example"
	token     = "canary-mattermost-token-012345"
	hook      = "/hooks/canaryhook0123456789abcdef"
	channel   = "channel0000000000000000001"
	bot       = "userbot0000000000000000001"
	other     = "userbob0000000000000000002"
	maxRunes  = 16_383
	maxFiles  = 10
	maxUpload = 100 << 20
)

// Platform is the server.
type Platform struct {
	fake.Base
	mux *http.ServeMux
}

// New makes it.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux()}
	p.Begin(w)
	p.Grant(token)
	p.Grant(hook)
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /api/v4/users/me":                               p.signed(p.me),
		"POST /api/v4/users/ids":                             p.signed(p.names),
		"GET /api/v4/config/client":                          p.config,
		"POST /api/v4/files":                                 p.signed(p.upload),
		"POST /api/v4/posts":                                 p.signed(p.post),
		"GET /api/v4/posts/{id}":                             p.signed(p.one),
		"DELETE /api/v4/posts/{id}":                          p.signed(p.remove),
		"PUT /api/v4/posts/{id}/patch":                       p.signed(p.patch),
		"GET /api/v4/posts/{id}/thread":                      p.signed(p.thread),
		"GET /api/v4/posts/{id}/reactions":                   p.signed(p.reactions),
		"GET /api/v4/channels/{id}/posts":                    p.signed(p.list),
		"POST /hooks/{id}":                                   p.hooked,
		"GET /api/v4/teams/name/{team}/channels/name/{name}": p.signed(p.channel),
	} {
		p.mux.HandleFunc(pattern, h)
	}
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{
		{Way: "token", Fields: map[string]string{"server": server, "token": token, "channel": server + "/team/channels/town-square"}},
		{Way: "webhook", Fields: map[string]string{"address": server + hook, "name": "Town Square"}},
	}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.Show(fake.Post{ID: p.id(), Text: text, Files: make([]fake.File, files), More: map[string]string{"by": other}})
}

// Answer answers a post as another member does.
func (p *Platform) Answer(root, text string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.Show(fake.Post{ID: p.id(), Text: text, Parent: root, More: map[string]string{"by": other, "root": root}})
}

// Copy posts somebody's copy of a post, with all its properties.
func (p *Platform) Copy(key string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.Show(fake.Post{ID: p.id(), Text: "A copy", Key: key, More: map[string]string{"by": other}})
}

func (p *Platform) id() string { return fmt.Sprintf("post%022d", p.Serial()) }

func refuse(w http.ResponseWriter, status int, id, words string) {
	fake.Answer(w, status, map[string]any{"id": id, "message": words, "detailed_error": "", "status_code": status})
}

func (p *Platform) signed(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.Good(fake.Bearer(r)) {
			refuse(w, http.StatusUnauthorized, "api.context.session_expired.app_error", "Invalid or expired session, please login again.")
			return
		}
		p.Mu.Lock()
		defer p.Mu.Unlock()
		h(w, r)
	}
}

func (p *Platform) me(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"id": bot, "username": "posto", "is_bot": true})
}

func (p *Platform) names(w http.ResponseWriter, r *http.Request) {
	var ids []string
	fake.Read(r, &ids)
	out := []any{}
	if slices.Contains(ids, other) {
		out = append(out, map[string]string{"id": other, "username": "bob"})
	}
	fake.Answer(w, http.StatusOK, out)
}

func (p *Platform) config(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("format") != "old" {
		refuse(w, http.StatusNotImplemented, "api.config.client.old_format.app_error", "New format for the client configuration is not supported yet.")
		return
	}
	fake.Answer(w, http.StatusOK, map[string]string{"MaxPostSize": "16383", "MaxFileSize": "104857600", "PostPriority": "true"})
}

func (p *Platform) channel(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("team") != "team" || r.PathValue("name") != "town-square" && r.PathValue("name") != "old" {
		refuse(w, http.StatusNotFound, "app.channel.get_by_name.missing.app_error", "Channel does not exist.")
		return
	}
	out := map[string]any{"id": channel, "display_name": "Town Square", "name": "town-square", "type": "O", "delete_at": 0}
	if r.PathValue("name") == "old" {
		out["delete_at"] = 1700000000000
	}
	fake.Answer(w, http.StatusOK, out)
}

func (p *Platform) upload(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength > maxUpload+512 {
		refuse(w, http.StatusRequestEntityTooLarge, "api.file.upload_file.too_large_detailed.app_error", "Unable to upload file.")
		return
	}
	values, files, _, err := fake.Parts(r)
	f, ok := files["files"]
	switch {
	case err != nil || !ok || len(files) != 1:
		refuse(w, http.StatusBadRequest, "api.file.upload_file.read_request.app_error", "Unable to read the upload.")
	case values["channel_id"] != channel:
		refuse(w, http.StatusForbidden, "api.context.permissions.app_error", "You do not have the appropriate permissions.")
	default:
		f.ID = fmt.Sprintf("file%022d", p.Serial())
		p.Keep(f)
		fake.Answer(w, http.StatusCreated, map[string]any{"file_infos": []any{map[string]any{"id": f.ID, "name": f.Name, "size": f.Size}}, "client_ids": []string{}})
	}
}

type input struct {
	ChannelID string         `json:"channel_id"`
	Message   string         `json:"message"`
	RootID    string         `json:"root_id"`
	Files     []string       `json:"file_ids"`
	Props     map[string]any `json:"props"`
	Metadata  struct {
		Priority struct {
			Priority string `json:"priority"`
		} `json:"priority"`
	} `json:"metadata"`
}

func (p *Platform) post(w http.ResponseWriter, r *http.Request) {
	var in input
	if !fake.Read(r, &in) || in.ChannelID != channel {
		refuse(w, http.StatusBadRequest, "api.context.invalid_param.app_error", "Invalid or missing post.channel_id parameter in request URL.")
		return
	}
	root, ok := p.Find(in.RootID)
	switch {
	case in.RootID != "" && (!ok || root.More["root"] != ""):
		refuse(w, http.StatusBadRequest, "api.post.create_post.root_id.app_error", "Invalid RootId parameter.")
		return
	case in.RootID != "" && in.Metadata.Priority.Priority != "":
		refuse(w, http.StatusBadRequest, "api.post.post_priority.priority_post_only_allowed_for_root_post.request_error", "Only root posts can have a priority.")
		return
	case utf8.RuneCountInString(in.Message) > maxRunes:
		refuse(w, http.StatusBadRequest, "model.post.is_valid.message_length.app_error", "Post Message property is longer than the maximum permitted length.")
		return
	case len(in.Files) > maxFiles:
		refuse(w, http.StatusBadRequest, "model.post.is_valid.file_ids.app_error", "Invalid file ids.")
		return
	}
	post := fake.Post{ID: p.id(), Text: in.Message, More: map[string]string{"by": bot, "root": in.RootID, "priority": in.Metadata.Priority.Priority}}
	post.Key, _ = in.Props["omniposto_id"].(string)
	if in.RootID != "" {
		post.Parent = p.last(in.RootID)
	}
	for _, id := range in.Files {
		if f, ok := p.File(id); ok {
			post.Files = append(post.Files, *f)
		}
	}
	fake.Answer(w, http.StatusCreated, p.answer(p.Show(post)))
}

// last is what a reply stands under in a flat thread: the newest post there.
func (p *Platform) last(root string) string {
	for _, post := range p.Newest(1000) {
		if post.More["root"] == root {
			return post.ID
		}
	}
	return root
}

func (p *Platform) answer(post fake.Post) map[string]any {
	replies := 0
	for _, other := range p.Newest(1000) {
		if other.More["root"] == post.ID {
			replies++
		}
	}
	out := map[string]any{"id": post.ID, "create_at": post.At.UnixMilli(), "user_id": post.More["by"], "channel_id": channel, "root_id": post.More["root"], "message": post.Text, "props": map[string]any{}, "reply_count": replies}
	if post.Key != "" {
		out["props"] = map[string]any{"omniposto_id": post.Key}
	}
	return out
}

func (p *Platform) list(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("id") != channel {
		refuse(w, http.StatusForbidden, "api.context.permissions.app_error", "You do not have the appropriate permissions.")
		return
	}
	p.many(w, p.Newest(100))
}

func (p *Platform) many(w http.ResponseWriter, posts []fake.Post) {
	order, by := []string{}, map[string]any{}
	for _, post := range posts {
		order = append(order, post.ID)
		by[post.ID] = p.answer(post)
	}
	fake.Answer(w, http.StatusOK, map[string]any{"order": order, "posts": by})
}

func (p *Platform) find(w http.ResponseWriter, r *http.Request) (fake.Post, bool) {
	post, ok := p.Find(r.PathValue("id"))
	if !ok {
		refuse(w, http.StatusNotFound, "app.post.get.app_error", "Unable to get the post.")
	}
	return post, ok
}

func (p *Platform) one(w http.ResponseWriter, r *http.Request) {
	if post, ok := p.find(w, r); ok {
		fake.Answer(w, http.StatusOK, p.answer(post))
	}
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	if post, ok := p.find(w, r); ok {
		p.Drop(post.ID)
		fake.Answer(w, http.StatusOK, map[string]string{"status": "OK"})
	}
}

func (p *Platform) patch(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Message *string        `json:"message"`
		Props   map[string]any `json:"props"`
	}
	post, ok := p.find(w, r)
	if !ok || !fake.Read(r, &in) {
		return
	}
	if in.Message != nil {
		post.Text = *in.Message
	}
	if in.Props != nil {
		post.Key, _ = in.Props["omniposto_id"].(string)
	}
	p.Change(post)
	fake.Answer(w, http.StatusOK, p.answer(post))
}

func (p *Platform) thread(w http.ResponseWriter, r *http.Request) {
	root, ok := p.find(w, r)
	if !ok {
		return
	}
	posts := []fake.Post{root}
	for _, post := range p.Newest(1000) {
		if post.More["root"] == root.ID {
			posts = append(posts, post)
		}
	}
	p.many(w, posts)
}

func (p *Platform) reactions(w http.ResponseWriter, r *http.Request) {
	if _, ok := p.find(w, r); ok {
		fake.Answer(w, http.StatusOK, []any{map[string]string{"emoji_name": "+1"}, map[string]string{"emoji_name": "tada"}})
	}
}

// hooked is the webhook. A text that is too long becomes two posts.
func (p *Platform) hooked(w http.ResponseWriter, r *http.Request) {
	if !p.Good(r.URL.Path) {
		refuse(w, http.StatusBadRequest, "web.incoming_webhook.invalid.app_error", "Invalid webhook.")
		return
	}
	var in struct {
		Text, Username, Channel string
		IconURL                 string `json:"icon_url"`
	}
	switch {
	case !fake.Read(r, &in) || strings.TrimSpace(in.Text) == "":
		refuse(w, http.StatusBadRequest, "web.incoming_webhook.general.app_error", "Failed to handle the payload.")
		return
	case in.Channel == "locked":
		refuse(w, http.StatusForbidden, "web.incoming_webhook.channel_locked.app_error", "This webhook is not permitted to post to the requested channel.")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	for text := []rune(in.Text); len(text) > 0; {
		n := min(len(text), maxRunes)
		p.Show(fake.Post{ID: p.id(), Text: string(text[:n]), More: map[string]string{"username": in.Username, "icon": in.IconURL, "channel": in.Channel}})
		text = text[n:]
	}
	_, _ = w.Write([]byte("ok"))
}

var _ fake.Platform = (*Platform)(nil)
