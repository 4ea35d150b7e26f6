// Package vkfake is VK as the fact sheet describes it, in memory.
package vkfake

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	me       = 1001
	club     = 77
	device   = "device-canary-5e1"
	keyLife  = time.Hour
	apiLeast = "5.199"
)

// CommunityToken is a community's own token, good from the start. It reads and writes the wall and takes no files.
const CommunityToken = "vk1.community-canary-8c2d"

// Platform is VK.
type Platform struct {
	fake.Base
	*fake.Provider
	mux  *http.ServeMux
	keys map[string]kept // by guid
}

type kept struct {
	id string
	at time.Time
}

// New makes VK with one person, who is an editor of one community.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux(), keys: map[string]kept{}}
	p.Base.Begin(w)
	p.Grant(CommunityToken)
	p.Provider = &fake.Provider{
		Base: &p.Base, Client: fake.Client{ID: "51234567"}, Public: true, PKCE: true, Renews: true, Rotates: true, Life: time.Hour, Scopes: "vkid.personal_info wall photos video groups",
	}
	p.mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) { p.Authorize(withDevice{w}, r) })
	p.mux.HandleFunc("POST /oauth2/auth", p.auth)
	p.mux.HandleFunc("POST /oauth2/user_info", p.who)
	p.mux.HandleFunc("POST /oauth2/revoke", func(w http.ResponseWriter, _ *http.Request) {
		p.EndAccess()
		fake.Answer(w, http.StatusOK, map[string]int{"response": 1})
	})
	for method, h := range map[string]func(url.Values) (any, int, string){
		"groups.get": p.groups, "groups.getById": p.group, "photos.getWallUploadServer": p.photoPlace, "photos.saveWallPhoto": p.savePhoto, "video.save": p.videoPlace,
		"wall.post": p.post, "wall.get": p.wall, "wall.getById": p.byID, "wall.edit": p.edit, "wall.delete": p.remove,
		"wall.createComment": p.comment, "wall.getComments": p.comments, "wall.editComment": p.edit, "wall.deleteComment": p.remove,
	} {
		p.mux.HandleFunc("POST /method/"+method, p.method(method, h))
	}
	p.mux.HandleFunc("POST /upload/{kind}/{id}", p.upload)
	return p
}

// withDevice adds what VK gives the callback beside the code.
type withDevice struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w withDevice) WriteHeader(status int) {
	if at := w.Header().Get("Location"); at != "" {
		w.Header().Set("Location", at+"&device_id="+device)
	}
	w.ResponseWriter.WriteHeader(status)
}

// auth wants the device whenever there is something to lose.
func (p *Platform) auth(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	real := r.Form.Get("grant_type") == "refresh_token" || strings.HasPrefix(r.Form.Get("code"), "code-canary")
	if real && r.Form.Get("device_id") != device || r.Form.Get("grant_type") == "refresh_token" && r.Form.Get("state") == "" {
		fake.Answer(w, http.StatusOK, map[string]string{"error": "invalid_request", "error_description": "device_id or state is missing"})
		return
	}
	p.Token(w, r)
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account { return []fake.Account{{Way: "oauth"}, Community} }

// Community connects by a community's own token.
var Community = fake.Account{Way: "community", Fields: map[string]string{"group": "https://vk.com/club77", "token": CommunityToken}}

// ByHand implements fake.Platform: on both walls there are, so on whichever is looked at.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{Text: text, More: map[string]string{}}
	for range files {
		post.Files = append(post.Files, fake.File{ID: "photo1001_" + strconv.Itoa(p.Serial())})
	}
	post.ID = p.name(p.at())
	return p.Show(post)
}

// at is the wall that was used last.
func (p *Platform) at() int {
	if last := p.Newest(1); len(last) > 0 && strings.HasPrefix(last[0].ID, "-") {
		return -club
	}
	return me
}

func (p *Platform) name(wall int) string { return fmt.Sprintf("%d_%d", wall, 5000+p.Serial()) }

func wrong(w http.ResponseWriter, code int, words string) {
	fake.Answer(w, http.StatusOK, map[string]any{"error": map[string]any{"error_code": code, "error_msg": words, "request_params": []any{}}})
}

// method answers as all methods do: with 200, and a response or an error.
func (p *Platform) method(name string, h func(url.Values) (any, int, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		token := r.PostForm.Get("access_token")
		p.Mu.Lock()
		defer p.Mu.Unlock()
		switch {
		case !p.good(token):
			wrong(w, 5, "User authorization failed: invalid access_token.")
		case r.PostForm.Get("v") < apiLeast:
			wrong(w, 8, "Invalid request: versions below 5.199 are deprecated")
		case token == CommunityToken && (strings.HasPrefix(name, "photos.") || strings.HasPrefix(name, "video.")):
			wrong(w, 27, "Group authorization failed: method is unavailable with group auth.")
		default:
			out, code, words := h(r.PostForm)
			if code != 0 {
				wrong(w, code, words)
				return
			}
			fake.Answer(w, http.StatusOK, map[string]any{"response": out})
		}
	}
}

func (p *Platform) who(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	if r.PostForm.Get("client_id") != p.Client.ID || !p.Good(r.PostForm.Get("access_token")) {
		fake.Answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"user": map[string]string{"user_id": strconv.Itoa(me), "first_name": "Ada", "last_name": "Example", "avatar": "https://sun1.userapi.com/ada.jpg"}})
}

var theClub = map[string]any{"id": club, "name": "The club", "screen_name": "club77", "photo_100": "https://sun1.userapi.com/club.jpg"}

func (p *Platform) groups(f url.Values) (any, int, string) {
	if f.Get("filter") != "editor" || f.Get("extended") != "1" {
		return nil, 100, "One of the parameters specified was missing or invalid"
	}
	return map[string]any{"count": 1, "items": []any{theClub}}, 0, ""
}

func (p *Platform) group(f url.Values) (any, int, string) {
	if id := f.Get("group_id"); id != "77" && id != "club77" {
		return nil, 100, "One of the parameters specified was missing or invalid: group_id"
	}
	return map[string]any{"groups": []any{theClub}}, 0, ""
}

func (p *Platform) post(f url.Values) (any, int, string) {
	if k, ok := p.keys[f.Get("guid")]; ok && p.Now().Sub(k.at) < keyLife {
		return map[string]any{"post_id": numberOf(k.id)}, 0, ""
	}
	wall, _ := strconv.Atoi(f.Get("owner_id"))
	files, ok := p.attached(f.Get("attachments"))
	switch {
	case wall != me && wall != -club:
		return nil, 15, "Access denied"
	case !ok || strings.TrimSpace(f.Get("message")) == "" && len(files) == 0 || utf8.RuneCountInString(f.Get("message")) > 16384 || len(files) > 10:
		return nil, 100, "One of the parameters specified was missing or invalid: message or attachments"
	}
	post := fake.Post{ID: p.name(wall), Text: f.Get("message"), Key: f.Get("guid"), Files: files, More: map[string]string{}}
	for _, name := range []string{"from_group", "signed", "close_comments", "mute_notifications", "friends_only", "copyright"} {
		post.More[name] = f.Get(name)
	}
	p.Show(post)
	p.keys[f.Get("guid")] = kept{post.ID, p.Now()}
	return map[string]any{"post_id": numberOf(post.ID)}, 0, ""
}

func numberOf(id string) int {
	_, n, _ := strings.Cut(id, "_")
	out, _ := strconv.Atoi(n)
	return out
}

func (p *Platform) comment(f url.Values) (any, int, string) {
	if k, ok := p.keys[f.Get("guid")]; ok && p.Now().Sub(k.at) < keyLife {
		return map[string]any{"comment_id": numberOf(k.id)}, 0, ""
	}
	parent := f.Get("owner_id") + "_" + f.Get("post_id")
	if _, ok := p.Find(parent); !ok || strings.TrimSpace(f.Get("message")) == "" || utf8.RuneCountInString(f.Get("message")) > 16384 {
		return nil, 100, "One of the parameters specified was missing or invalid: post_id or message"
	}
	wall, _ := strconv.Atoi(f.Get("owner_id"))
	post := p.Show(fake.Post{ID: p.name(wall), Text: f.Get("message"), Parent: parent, Key: f.Get("guid"), More: map[string]string{"from_group": f.Get("from_group")}})
	p.keys[f.Get("guid")] = kept{post.ID, p.Now()}
	return map[string]any{"comment_id": numberOf(post.ID)}, 0, ""
}

func (p *Platform) edit(f url.Values) (any, int, string) {
	post, ok := p.Find(f.Get("owner_id") + "_" + f.Get("post_id") + f.Get("comment_id"))
	files, there := p.attached(f.Get("attachments"))
	if !ok || !there {
		return nil, 100, "One of the parameters specified was missing or invalid: post_id"
	}
	post.Text, post.Files = f.Get("message"), files
	p.Change(post)
	return 1, 0, ""
}

func (p *Platform) remove(f url.Values) (any, int, string) {
	id := f.Get("owner_id") + "_" + f.Get("post_id") + f.Get("comment_id")
	if _, ok := p.Find(id); !ok {
		return nil, 104, "Not found"
	}
	p.Drop(id)
	return 1, 0, ""
}
