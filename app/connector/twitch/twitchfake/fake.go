// Package twitchfake is Twitch as the fact sheet describes it, in memory.
package twitchfake

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

// repetition is how long the same words of the same sender are dropped.
const repetition = 30 * time.Second

const me = "12345"

// Platform is Twitch.
type Platform struct {
	fake.Base
	*fake.Provider
	mux *http.ServeMux
}

// New makes Twitch with one person who moderates two other channels, which come in pages of one. Nobody is live but ada.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux()}
	p.Base.Begin(w)
	p.Provider = &fake.Provider{
		Base: &p.Base, Client: fake.Client{ID: "twitch-client-id", Secret: "twitch-secret-canary"}, Renews: true, Rotates: true, Life: 14124 * time.Second,
		Refuse: func(w http.ResponseWriter, status int, code, words string) {
			switch code {
			case "invalid_client":
				if words = "invalid client"; status == http.StatusUnauthorized {
					status, words = http.StatusForbidden, "invalid client secret"
				}
			case "invalid_grant":
				words = "Invalid authorization code"
			case "redirect_uri_mismatch":
				words = "Parameter redirect_uri does not match registered URI"
			}
			fake.Answer(w, status, map[string]any{"status": status, "message": words})
		},
		Wrap: func(token map[string]any) any {
			token["scope"] = []string{"user:write:chat", "user:read:chat", "user:read:moderated_channels", "moderator:manage:announcements", "moderator:manage:chat_messages"}
			return token
		},
	}
	p.mux.HandleFunc("GET /oauth2/authorize", func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Query().Get("scope"), "user:write:chat") {
			http.Error(w, "invalid scope", http.StatusBadRequest)
			return
		}
		p.Authorize(w, r)
	})
	p.mux.HandleFunc("POST /oauth2/token", p.Token)
	p.mux.HandleFunc("POST /oauth2/revoke", p.Revoke)
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /helix/users":               p.users,
		"GET /helix/moderation/channels": p.moderated,
		"GET /helix/streams":             p.streams,
		"POST /helix/chat/messages":      p.message,
		"POST /helix/chat/announcements": p.announcement,
		"DELETE /helix/moderation/chat":  p.remove,
	} {
		p.mux.HandleFunc(pattern, p.Signed(func(w http.ResponseWriter) { refuse(w, http.StatusUnauthorized, "Invalid OAuth token") }, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Client-Id") != p.Client.ID {
				refuse(w, http.StatusUnauthorized, "Client ID and OAuth token do not match")
				return
			}
			h(w, r)
		}))
	}
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account { return []fake.Account{{Way: "oauth"}} }

// ByHand implements fake.Platform: somebody else writes.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{ID: p.uuid(), Text: text, More: map[string]string{"room": me, "by": "777"}}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Used: true}))
	}
	return p.Show(post)
}

func (p *Platform) uuid() string { return fmt.Sprintf("abc-123-def-%06d", p.Serial()) }

func refuse(w http.ResponseWriter, status int, words string) {
	fake.Answer(w, status, map[string]any{"error": http.StatusText(status), "status": status, "message": words})
}

func (p *Platform) users(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"data": []any{map[string]string{"id": me, "login": "me", "display_name": "Me", "profile_image_url": "https://static-cdn.jtvnw.net/me.png"}}})
}

func (p *Platform) moderated(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("user_id") != me {
		refuse(w, http.StatusUnauthorized, "The ID in user_id must match the user ID found in the request's OAuth token.")
		return
	}
	one := func(id, login, name string) []any {
		return []any{map[string]string{"broadcaster_id": id, "broadcaster_login": login, "broadcaster_name": name}}
	}
	if r.URL.Query().Get("after") == "" {
		fake.Answer(w, http.StatusOK, map[string]any{"data": one("222", "ada", "Ada"), "pagination": map[string]string{"cursor": "more"}})
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": one("333", "ben", "Ben"), "pagination": map[string]string{}})
}

func (p *Platform) streams(w http.ResponseWriter, r *http.Request) {
	list := []any{}
	if id := r.URL.Query().Get("user_id"); id == "222" {
		list = append(list, map[string]string{"user_id": id, "type": "live"})
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": list})
}

func room(id string) bool { return id == me || id == "222" || id == "333" }

func (p *Platform) message(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Room   string `json:"broadcaster_id"`
		By     string `json:"sender_id"`
		Text   string `json:"message"`
		Parent string `json:"reply_parent_message_id"`
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	switch {
	case !fake.Read(r, &in) || in.Room == "" || in.Text == "":
		refuse(w, http.StatusBadRequest, "The broadcaster_id and the message are required.")
		return
	case in.By != me:
		refuse(w, http.StatusUnauthorized, "The ID in sender_id must match the user ID found in the request's OAuth token.")
		return
	case !room(in.Room):
		refuse(w, http.StatusForbidden, "The sender can't write there.")
		return
	case utf8.RuneCountInString(in.Text) > 500:
		refuse(w, http.StatusUnprocessableEntity, "The message is too large.")
		return
	}
	if in.Parent != "" {
		if _, ok := p.Find(in.Parent); !ok {
			refuse(w, http.StatusBadRequest, "The reply_parent_message_id is not valid.")
			return
		}
	}
	for _, post := range p.Newest(100) {
		if post.Text == in.Text && post.More["room"] == in.Room && post.More["by"] == me && post.More["color"] == "" && p.Now().Before(post.At.Add(repetition)) {
			drop(w, "msg_duplicate", "Your message is identical to the one you sent less than 30 seconds ago.")
			return
		}
	}
	if strings.Contains(in.Text, "forbidden words") {
		drop(w, "msg_rejected_mandatory", "Your message wasn't posted due to conflicts with the channel's moderation settings.")
		return
	}
	post := p.Show(fake.Post{ID: p.uuid(), Text: in.Text, Parent: in.Parent, More: map[string]string{"room": in.Room, "by": in.By}})
	fake.Answer(w, http.StatusOK, map[string]any{"data": []any{map[string]any{"message_id": post.ID, "is_sent": true, "drop_reason": nil}}})
}

func drop(w http.ResponseWriter, code, words string) {
	fake.Answer(w, http.StatusOK, map[string]any{"data": []any{map[string]any{"message_id": "", "is_sent": false, "drop_reason": map[string]string{"code": code, "message": words}}}})
}

func (p *Platform) announcement(w http.ResponseWriter, r *http.Request) {
	var in struct{ Message, Color string }
	q := r.URL.Query()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	switch {
	case !fake.Read(r, &in) || in.Message == "" || utf8.RuneCountInString(in.Message) > 500:
		refuse(w, http.StatusBadRequest, "The message is missing or longer than 500 characters.")
	case !strings.Contains(" primary blue green orange purple ", " "+in.Color+" "):
		refuse(w, http.StatusBadRequest, "The color is not valid.")
	case q.Get("moderator_id") != me || !room(q.Get("broadcaster_id")):
		refuse(w, http.StatusForbidden, "The moderator is not one of this broadcaster's moderators.")
	default:
		p.Show(fake.Post{Text: in.Message, More: map[string]string{"room": q.Get("broadcaster_id"), "by": me, "color": in.Color}})
		w.WriteHeader(http.StatusNoContent)
	}
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(q.Get("message_id"))
	switch {
	case q.Get("moderator_id") != me || !room(q.Get("broadcaster_id")):
		refuse(w, http.StatusForbidden, "The moderator is not one of this broadcaster's moderators.")
	case q.Get("message_id") == "": // that would empty the whole chat
		refuse(w, http.StatusForbidden, "Not that.")
	case !ok:
		refuse(w, http.StatusNotFound, "The message was not found.")
	default:
		p.Drop(post.ID)
		w.WriteHeader(http.StatusNoContent)
	}
}

var _ fake.Registered = (*Platform)(nil)
