// Package mediumfake is Medium's API as its documentation describes it, in memory.
package mediumfake

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	token  = "canary-medium-token-0123456789"
	me     = "5303d74c64f66366f00cb9b2a94f3251bf5"
	edited = "b45573563f5a" // a publication where the person is an editor
	wrote  = "b969ac62a46b" // and one where a writer
	images = "https://images.medium.com/"
)

// Platform is Medium with one writer.
type Platform struct{ fake.Base }

// New makes it.
func New(w fake.World) fake.Platform {
	p := &Platform{}
	p.Begin(w)
	p.Grant(token)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "token", Fields: map[string]string{"token": token}}}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.Show(fake.Post{Text: text, Files: make([]fake.File, files)})
}

func refuse(w http.ResponseWriter, status, code int, words string) {
	fake.Answer(w, status, map[string]any{"errors": []any{map[string]any{"message": words, "code": code}}})
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.Good(fake.Bearer(r)) {
		refuse(w, http.StatusUnauthorized, 6003, "Token was invalid.")
		return
	}
	switch parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/"); {
	case parts[0] == "me":
		fake.Answer(w, http.StatusOK, map[string]any{"data": map[string]string{"id": me, "username": "ada", "name": "Ada", "url": "https://medium.com/@ada", "imageUrl": images + "ada.png"}})
	case parts[0] == "images" && r.Method == http.MethodPost:
		p.image(w, r)
	case len(parts) == 3 && parts[0] == "users" && parts[2] == "publications" && parts[1] == me:
		fake.Answer(w, http.StatusOK, map[string]any{"data": []any{
			map[string]string{"id": edited, "name": "Developers", "description": "For them"}, map[string]string{"id": wrote, "name": "About Medium"},
		}})
	case len(parts) == 3 && parts[2] == "posts" && r.Method == http.MethodPost:
		p.post(w, r, parts[0], parts[1])
	default:
		refuse(w, http.StatusNotFound, 404, "Not found.")
	}
}

func (p *Platform) image(w http.ResponseWriter, r *http.Request) {
	_, files, _, err := fake.Parts(r)
	f, ok := files["image"]
	if err != nil || !ok || !strings.HasPrefix(f.MIME, "image/") {
		refuse(w, http.StatusBadRequest, 2002, "No image was given.")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	kept := p.Keep(f)
	fake.Answer(w, http.StatusCreated, map[string]any{"data": map[string]string{"url": images + kept.ID, "md5": kept.Sum}})
}

var (
	tags     = regexp.MustCompile(`<[^>]*>`)
	pictures = regexp.MustCompile(`<img src="` + images + `(\d+)" alt="([^"]*)"`)
)

func (p *Platform) post(w http.ResponseWriter, r *http.Request, under, id string) {
	var in struct {
		Title, ContentFormat, Content, CanonicalURL, PublishStatus, License string
		Tags                                                                []string
		NotifyFollowers                                                     bool
	}
	switch {
	case !fake.Read(r, &in) || in.Title == "" || in.Content == "" || in.ContentFormat != "html" && in.ContentFormat != "markdown":
		refuse(w, http.StatusBadRequest, 2002, "Required fields were invalid, not specified.")
		return
	case under == "users" && id != me, under == "publications" && id != edited && id != wrote:
		refuse(w, http.StatusForbidden, 6026, "You may not publish there.")
		return
	case id == wrote && in.PublishStatus != "draft":
		refuse(w, http.StatusForbidden, 6026, "Writers hand in drafts.")
		return
	}
	if utf8.RuneCountInString(in.Title) > 100 {
		in.Title = ""
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{ID: fmt.Sprintf("e6f3%08x", p.Serial()), Text: html.UnescapeString(tags.ReplaceAllString(in.Content, "")), At: p.Now(), More: map[string]string{
		"title": in.Title, "html": in.Content, "all": fmt.Sprintf("under:%s/%s tags:%v canonical:%s status:%s license:%s notify:%v", under, id, in.Tags, in.CanonicalURL, in.PublishStatus, in.License, in.NotifyFollowers),
	}}
	for _, m := range pictures.FindAllStringSubmatch(in.Content, -1) {
		if f, ok := p.File(m[1]); ok {
			copied := *f
			copied.Alt = html.UnescapeString(m[2])
			post.Files = append(post.Files, copied)
		}
	}
	out := map[string]any{"id": post.ID, "title": in.Title, "authorId": me, "url": "https://medium.com/@ada/story-" + post.ID, "publishStatus": in.PublishStatus, "license": in.License}
	if in.PublishStatus != "draft" {
		p.Show(post)
		out["publishedAt"] = post.At.UnixMilli()
	}
	fake.Answer(w, http.StatusCreated, map[string]any{"data": out})
}

var _ fake.Platform = (*Platform)(nil)
