// Package kickfake is Kick as the fact sheet describes it, in memory.
package kickfake

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const channel = 4377088

// Platform is Kick.
type Platform struct {
	fake.Base
	*fake.Provider
	mux *http.ServeMux
}

// New makes Kick with one channel, which is live in the second half of each hour.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux()}
	p.Base.Begin(w)
	p.Provider = &fake.Provider{
		Base: &p.Base, Client: fake.Client{ID: "01KICKCLIENT", Secret: "kick-secret-canary"}, PKCE: true, Renews: true, Rotates: true, Life: 2 * time.Hour,
		Scopes: "user:read channel:read chat:write moderation:chat_message:manage",
	}
	p.mux.HandleFunc("GET /oauth/authorize", p.Authorize)
	p.mux.HandleFunc("POST /oauth/token", p.Token)
	p.mux.HandleFunc("POST /oauth/revoke", func(w http.ResponseWriter, r *http.Request) {
		if !p.Good(r.URL.Query().Get("token")) {
			fake.Answer(w, http.StatusBadRequest, map[string]string{"error": "Invalid request"})
			return
		}
		p.Revoke(w, r)
	})
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /public/v1/users": p.users, "GET /public/v1/channels": p.channels, "POST /public/v1/chat": p.chat, "DELETE /public/v1/chat/{id}": p.remove,
	} {
		p.mux.HandleFunc(pattern, p.Signed(func(w http.ResponseWriter) { refuse(w, http.StatusUnauthorized, "Unauthorized") }, h))
	}
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account { return []fake.Account{{Way: "oauth"}} }

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{ID: p.uuid(), Text: text, More: map[string]string{"type": "user"}}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Used: true}))
	}
	return p.Show(post)
}

func (p *Platform) uuid() string { return fmt.Sprintf("01kick-%08d", p.Serial()) }

func refuse(w http.ResponseWriter, status int, words string) {
	fake.Answer(w, status, map[string]any{"data": map[string]any{}, "message": words})
}

func answer(w http.ResponseWriter, v any) {
	fake.Answer(w, http.StatusOK, map[string]any{"data": v, "message": "OK"})
}

func (p *Platform) users(w http.ResponseWriter, _ *http.Request) {
	answer(w, []any{map[string]any{"user_id": channel, "name": "Me", "email": "me@example.com", "profile_picture": "https://files.kick.com/me.webp"}})
}

func (p *Platform) channels(w http.ResponseWriter, _ *http.Request) {
	answer(w, []any{map[string]any{"broadcaster_user_id": channel, "slug": "me", "stream": map[string]any{"is_live": p.Now().Minute() >= 30}}})
}

func (p *Platform) chat(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Type    string `json:"type"`
		Content string `json:"content"`
		Channel int    `json:"broadcaster_user_id"`
		Parent  string `json:"reply_to_message_id"`
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	switch {
	case !fake.Read(r, &in) || in.Content == "" || utf8.RuneCountInString(in.Content) > 500:
		refuse(w, http.StatusBadRequest, "Invalid request: content")
		return
	case in.Type != "user" && in.Type != "bot":
		refuse(w, http.StatusBadRequest, "Invalid request: type")
		return
	case in.Type == "user" && in.Channel != channel:
		refuse(w, http.StatusNotFound, "Not found")
		return
	case strings.Contains(in.Content, "forbidden words"):
		answer(w, map[string]any{"is_sent": false, "message_id": ""})
		return
	}
	if in.Parent != "" {
		if _, ok := p.Find(in.Parent); !ok {
			refuse(w, http.StatusNotFound, "Not found")
			return
		}
	}
	post := p.Show(fake.Post{ID: p.uuid(), Text: in.Content, Parent: in.Parent, More: map[string]string{"type": in.Type}})
	answer(w, map[string]any{"is_sent": true, "message_id": post.ID})
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if _, ok := p.Find(r.PathValue("id")); !ok {
		refuse(w, http.StatusNotFound, "Not found")
		return
	}
	p.Drop(r.PathValue("id"))
	w.WriteHeader(http.StatusNoContent)
}

var _ fake.Registered = (*Platform)(nil)
