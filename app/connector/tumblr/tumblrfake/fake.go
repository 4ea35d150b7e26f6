// Package tumblrfake is Tumblr as the fact sheet describes it, in memory.
package tumblrfake

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	uuid     = "t:c-3pGzsZJ8wVbdkB"
	second   = "t:second"
	name     = "staffish"
	maxBlock = 4096
)

// Platform is Tumblr.
type Platform struct {
	fake.Base
	*fake.Provider
	mux *http.ServeMux
}

// New makes Tumblr with one account: its main blog, a second one, and one where it may not post.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux()}
	p.Base.Begin(w)
	p.Provider = &fake.Provider{Base: &p.Base, Client: fake.Client{ID: "tumblr-client", Secret: "tumblr-secret-canary"}, Renews: true, Rotates: true, Life: 2520 * time.Second, Scopes: "basic write offline_access"}
	p.mux.HandleFunc("GET /oauth2/authorize", p.Authorize)
	p.mux.HandleFunc("POST /v2/oauth2/token", p.Token)
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /v2/user/info":                p.who,
		"POST /v2/blog/{blog}/posts":       p.post,
		"GET /v2/blog/{blog}/posts":        p.list("published", "private"),
		"GET /v2/blog/{blog}/posts/queue":  p.list("queue"),
		"GET /v2/blog/{blog}/posts/draft":  p.list("draft"),
		"GET /v2/blog/{blog}/posts/{id}":   p.get,
		"PUT /v2/blog/{blog}/posts/{id}":   p.edit,
		"POST /v2/blog/{blog}/post/delete": p.remove,
		"GET /v2/blog/{blog}/notes":        p.notes,
	} {
		p.mux.HandleFunc(pattern, p.Signed(func(w http.ResponseWriter) { refuse(w, http.StatusUnauthorized, 1016, "Unable to authorize") }, ofBlog(h)))
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
	post := fake.Post{Text: text, More: map[string]string{"state": "published", "slug": "by-hand"}}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Used: true}))
	}
	return p.Show(post)
}

func refuse(w http.ResponseWriter, status, code int, words string) {
	fake.Answer(w, status, map[string]any{
		"meta": map[string]any{"status": status, "msg": http.StatusText(status)}, "response": []any{},
		"errors": []any{map[string]any{"title": http.StatusText(status), "code": code, "detail": words}},
	})
}

func answer(w http.ResponseWriter, status int, v any) {
	fake.Answer(w, status, map[string]any{"meta": map[string]any{"status": status, "msg": "OK"}, "response": v})
}

func ofBlog(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blog/") && blogOf(r) == "" {
			refuse(w, http.StatusNotFound, 0, "There is nothing here.")
			return
		}
		h(w, r)
	}
}

// blogOf is the blog of a request, by its own id; "" where nobody may post.
func blogOf(r *http.Request) string {
	switch r.PathValue("blog") {
	case uuid, name + ".tumblr.com":
		return uuid
	case second, "second.tumblr.com":
		return second
	}
	return ""
}

func (p *Platform) who(w http.ResponseWriter, _ *http.Request) {
	blog := func(uuid, name string, primary, admin bool) map[string]any {
		return map[string]any{"uuid": uuid, "name": name, "title": "The blog " + name, "url": "https://" + name + ".tumblr.com/", "primary": primary, "admin": admin, "avatar": []map[string]string{{"url": "https://64.media.tumblr.com/" + name + ".png"}}}
	}
	answer(w, http.StatusOK, map[string]any{"user": map[string]any{"name": name, "blogs": []any{blog(second, "second", false, true), blog(uuid, name, true, true), blog("t:guest", "guest", false, false)}}})
}

type newPost struct {
	Content []struct {
		Type       string          `json:"type"`
		Subtype    string          `json:"subtype"`
		Text       string          `json:"text"`
		Alt        string          `json:"alt_text"`
		Media      json.RawMessage `json:"media"`
		Formatting []struct {
			Start int    `json:"start"`
			End   int    `json:"end"`
			Type  string `json:"type"`
			URL   string `json:"url"`
		} `json:"formatting"`
	} `json:"content"`
	Layout []struct {
		Type    string `json:"type"`
		Display []struct {
			Blocks []int `json:"blocks"`
		} `json:"display"`
	} `json:"layout"`
	State  string `json:"state"`
	Slug   string `json:"slug"`
	Tags   string `json:"tags"`
	Source string `json:"source_url"`
	Reblog string `json:"interactability_reblog"`
}

type media struct {
	Type string `json:"type"`
	Part string `json:"identifier"`
	Kept string `json:"media_key"` // of a file that is there already
}

// body reads a post: JSON alone, or JSON first and then the files.
func body(r *http.Request) (in newPost, files map[string]fake.File, ok bool) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return in, nil, fake.Read(r, &in)
	}
	values, files, _, err := fake.Parts(r)
	return in, files, err == nil && json.Unmarshal([]byte(values["json"]), &in) == nil
}

var (
	types    = regexp.MustCompile(`^(image/(jpeg|png|webp|gif)|video/mp4|audio/mpeg)$`)
	subtypes = []string{"", "heading1", "heading2", "quirky", "quote", "indented", "chat", "ordered-list-item", "unordered-list-item"}
)

// judge makes a post of what came, or says with which code it is refused.
func (p *Platform) judge(in newPost, files map[string]fake.File) (fake.Post, int, string) {
	post := fake.Post{More: map[string]string{"state": in.State, "slug": in.Slug, "tags": in.Tags, "source": in.Source, "reblog": in.Reblog}}
	raw, _ := json.Marshal(in)
	if len(in.Content) == 0 || len(in.Content) > 1000 || len(raw) > 1_200_000 {
		return post, 8001, "The content of the post is not valid."
	}
	var texts, kinds []string
	count := map[string]int{}
	for _, b := range in.Content {
		count[b.Type]++
		kinds = append(kinds, strings.TrimSuffix(b.Type+":"+b.Subtype, ":"))
		if b.Type == "text" {
			n := utf8.RuneCountInString(b.Text)
			if n > maxBlock || !slices.Contains(subtypes, b.Subtype) {
				return post, 8001, "A text block is too long."
			}
			for _, f := range b.Formatting {
				if f.Start < 0 || f.End > n || f.Start >= f.End || f.Type == "link" && f.URL == "" {
					return post, 8001, "A format reaches over its block."
				}
				post.More["formats"] += f.Type + " " + string([]rune(b.Text)[f.Start:f.End]) + ";"
			}
			texts = append(texts, b.Text)
			continue
		}
		f, ok := fileOf(b.Type, b.Media, files)
		if !ok || utf8.RuneCountInString(b.Alt) > 4096 {
			return post, 8005, "The file's format isn't taken here."
		}
		f.Alt = b.Alt
		post.Files = append(post.Files, f)
	}
	if count["image"] > 30 || count["video"] > 1 || count["audio"] > 10 {
		return post, 8001, "There are too many files."
	}
	for _, l := range in.Layout {
		for _, row := range l.Display {
			post.More["rows"] += strconv.Itoa(len(row.Blocks))
		}
	}
	post.Text, post.More["blocks"] = strings.Join(texts, "\n"), strings.Join(kinds, " ")
	return post, 0, ""
}

// fileOf is the file of a block: an image's media is a list, that of others is not.
func fileOf(kind string, raw json.RawMessage, files map[string]fake.File) (fake.File, bool) {
	var m media
	var list []media
	switch {
	case kind == "image" && json.Unmarshal(raw, &list) == nil && len(list) == 1:
		m = list[0]
	case kind == "image" || json.Unmarshal(raw, &m) != nil:
		return fake.File{}, false
	}
	if m.Kept != "" {
		return fake.File{ID: m.Kept, MIME: m.Type}, true
	}
	f, ok := files[m.Part]
	return f, ok && types.MatchString(m.Type) && strings.HasPrefix(m.Type, kind+"/") && f.MIME == m.Type
}

func (p *Platform) post(w http.ResponseWriter, r *http.Request) {
	in, files, ok := body(r)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, code, words := p.judge(in, files)
	switch {
	case !ok:
		refuse(w, http.StatusBadRequest, 8001, "The request can't be read.")
	case code != 0:
		refuse(w, http.StatusBadRequest, code, words)
	case !slices.Contains([]string{"published", "queue", "draft", "private"}, in.State):
		refuse(w, http.StatusBadRequest, 8001, "There is no such state.")
	default:
		post.More["blog"] = blogOf(r)
		post = p.Show(post)
		answer(w, http.StatusCreated, map[string]string{"id": post.ID, "state": in.State, "display_text": "Posted to " + name})
	}
}

func shown(post fake.Post) map[string]any {
	id, _ := strconv.ParseUint(post.ID, 10, 64)
	content := []any{}
	for _, f := range post.Files {
		content = append(content, map[string]any{"type": "image", "media": []any{map[string]string{"type": f.MIME, "media_key": f.ID + "kept", "url": "https://64.media.tumblr.com/x"}}})
	}
	for _, t := range strings.Split(post.Text, "\n") {
		content = append(content, map[string]any{"type": "text", "text": t})
	}
	return map[string]any{
		"id": id, "id_string": post.ID, "slug": post.More["slug"], "state": post.More["state"], "timestamp": post.At.Unix(), "note_count": 9, "content": content,
		"post_url": "https://" + name + ".tumblr.com/post/" + post.ID,
	}
}

func (p *Platform) list(states ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.Mu.Lock()
		defer p.Mu.Unlock()
		n, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		out := []any{}
		for _, post := range p.Newest(1000) {
			if slices.Contains(states, post.More["state"]) && (post.More["blog"] == "" || post.More["blog"] == blogOf(r)) && len(out) < min(n, 20) {
				out = append(out, shown(post))
			}
		}
		answer(w, http.StatusOK, map[string]any{"posts": out})
	}
}

func (p *Platform) one(w http.ResponseWriter, id string, do func(fake.Post)) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(id)
	if !ok {
		refuse(w, http.StatusNotFound, 0, "There is nothing here.")
		return
	}
	do(post)
}

func (p *Platform) get(w http.ResponseWriter, r *http.Request) {
	p.one(w, r.PathValue("id"), func(post fake.Post) { answer(w, http.StatusOK, shown(post)) })
}

func (p *Platform) edit(w http.ResponseWriter, r *http.Request) {
	in, files, ok := body(r)
	p.one(w, r.PathValue("id"), func(post fake.Post) {
		changed, code, words := p.judge(in, files)
		if !ok || code != 0 {
			refuse(w, http.StatusBadRequest, code, words)
			return
		}
		changed.ID, changed.At, changed.More["blog"] = post.ID, post.At, post.More["blog"]
		p.Change(changed)
		answer(w, http.StatusOK, map[string]string{"id": post.ID})
	})
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.one(w, r.Form.Get("id"), func(post fake.Post) { p.Drop(post.ID); answer(w, http.StatusOK, map[string]string{"id": post.ID}) })
}

func (p *Platform) notes(w http.ResponseWriter, r *http.Request) {
	p.one(w, r.URL.Query().Get("id"), func(post fake.Post) {
		at := post.At.Unix()
		answer(w, http.StatusOK, map[string]any{"notes": []any{
			map[string]any{"type": "reblog", "blog_name": "fan", "added_text": "So good", "timestamp": at + 2, "post_id": "777"},
			map[string]any{"type": "like", "blog_name": "quiet", "timestamp": at + 1},
			map[string]any{"type": "reply", "blog_name": "ada", "reply_text": "First", "timestamp": at},
		}})
	})
}

var _ fake.Registered = (*Platform)(nil)
