// Package whopfake is Whop as the fact sheet describes it, in memory.
package whopfake

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
	company  = "biz_1"
	forum    = "exp_1"
	workTime = 12 * time.Second // on a file
)

// Platform is Whop.
type Platform struct {
	fake.Base
	*fake.Provider
	mux *http.ServeMux
}

// New makes Whop with one account, one company and one forum.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux()}
	p.Base.Begin(w)
	p.Provider = &fake.Provider{Base: &p.Base, Client: fake.Client{ID: "app_whop"}, Public: true, PKCE: true, Renews: true, Rotates: true, Life: time.Hour}
	p.mux.HandleFunc("GET /oauth/authorize", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("nonce") == "" {
			http.Error(w, "a nonce is needed", http.StatusBadRequest)
			return
		}
		p.Authorize(w, r)
	})
	p.mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) {
		var in map[string]string
		fake.Read(r, &in)
		r.Form, r.PostForm = url.Values{}, url.Values{}
		for k, v := range in {
			r.Form.Set(k, v)
		}
		p.Token(w, r)
	})
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /oauth/userinfo": p.who, "GET /api/v1/companies": p.companies, "GET /api/v1/forums": p.forums, "POST /api/v1/files": p.file, "GET /api/v1/files/{id}": p.status,
		"POST /api/v1/forum_posts": p.post, "GET /api/v1/forum_posts": p.list,
	} {
		p.mux.HandleFunc(pattern, p.Signed(func(w http.ResponseWriter) {
			refuse(w, http.StatusUnauthorized, "unauthorized", "The token is not good.")
		}, h))
	}
	p.mux.HandleFunc("PUT /uploads/{id}", p.put)
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
	post := fake.Post{ID: p.name("post"), Text: text, More: map[string]string{}}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Used: true}))
	}
	return p.Show(post)
}

func (p *Platform) name(kind string) string { return fmt.Sprintf("%s_%06d", kind, p.Serial()) }

func refuse(w http.ResponseWriter, status int, kind, words string) {
	fake.Answer(w, status, map[string]any{"error": map[string]string{"type": kind, "message": words}})
}

func (p *Platform) who(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]string{"sub": "user_1", "name": "Me", "preferred_username": "me", "picture": "https://assets.whop.com/me.png"})
}

func (p *Platform) companies(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"data": []any{map[string]string{"id": company, "title": "The company"}}})
}

func (p *Platform) forums(w http.ResponseWriter, r *http.Request) {
	list := []any{}
	if r.URL.Query().Get("company_id") == company {
		list = append(list, map[string]any{"id": "forum_1", "experience": map[string]string{"id": forum, "name": "Talk"}})
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": list})
}

func (p *Platform) file(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"filename"`
	}
	if !fake.Read(r, &in) || in.Name == "" {
		refuse(w, http.StatusBadRequest, "invalid_request", "A file has a name.")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f := p.Keep(fake.File{ID: p.name("file"), Name: in.Name})
	fake.Answer(w, http.StatusOK, map[string]any{"id": f.ID, "upload_url": "https://whop-uploads.s3.amazonaws.com/uploads/" + f.ID + "?sign=up-canary-" + f.ID, "upload_headers": map[string]string{"X-Upload": f.ID}})
}

func (p *Platform) put(w http.ResponseWriter, r *http.Request) {
	size, sum, err := fake.Measure(r.Body)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f, ok := p.File(r.PathValue("id"))
	if err != nil || !ok || r.Header.Get("X-Upload") != f.ID || r.Header.Get("Authorization") != "" || r.ContentLength != size || r.URL.Query().Get("sign") == "" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	f.Size, f.Sum, f.MIME, f.ReadyAt = size, sum, r.Header.Get("Content-Type"), p.Now().Add(workTime)
	w.WriteHeader(http.StatusOK)
}

func (p *Platform) status(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f, ok := p.File(r.PathValue("id"))
	state := "ready"
	switch {
	case !ok:
		refuse(w, http.StatusNotFound, "not_found", "There is no such file.")
		return
	case f.Sum == "" || p.Now().Before(f.ReadyAt):
		state = "processing"
	}
	fake.Answer(w, http.StatusOK, map[string]string{"id": f.ID, "upload_status": state})
}

func (p *Platform) post(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Experience string `json:"experience_id"`
		Content    string `json:"content"`
		Title      string `json:"title"`
		Parent     string `json:"parent_id"`
		Files      []struct {
			ID string `json:"id"`
		} `json:"attachments"`
	}
	ok := fake.Read(r, &in)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	_, under := p.Find(in.Parent)
	switch {
	case in.Experience != forum || in.Parent != "" && !under:
		refuse(w, http.StatusNotFound, "not_found", "There is no such experience or post.")
		return
	case !ok || strings.TrimSpace(in.Content) == "" || utf8.RuneCountInString(in.Content) > 50000:
		refuse(w, http.StatusBadRequest, "invalid_request", "The content is empty or too long.")
		return
	}
	post := fake.Post{Text: in.Content, Parent: in.Parent, More: map[string]string{"title": in.Title}}
	for _, a := range in.Files {
		f, ok := p.File(a.ID)
		if !ok || f.Sum == "" || p.Now().Before(f.ReadyAt) {
			refuse(w, http.StatusBadRequest, "invalid_request", "A file isn't there.")
			return
		}
		post.Files = append(post.Files, *f)
	}
	post.ID = p.name("post")
	fake.Answer(w, http.StatusOK, shown(p.Show(post)))
}

func shown(post fake.Post) map[string]any {
	return map[string]any{"id": post.ID, "title": post.More["title"], "content": post.Text, "created_at": post.At.Format(time.RFC3339)}
}

func (p *Platform) list(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, _ := strconv.Atoi(r.URL.Query().Get("first"))
	out := []any{}
	for _, post := range p.Newest(1000) {
		if post.Parent == "" && len(out) < n && r.URL.Query().Get("experience_id") == forum {
			out = append(out, shown(post))
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": out})
}

var _ fake.Registered = (*Platform)(nil)
