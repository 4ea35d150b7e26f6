// Package dribbblefake is Dribbble as the fact sheet describes it, in memory.
package dribbblefake

import (
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const workTime = 25 * time.Second // on a shot, before it has an address

// Platform is Dribbble.
type Platform struct {
	fake.Base
	*fake.Provider
	mux *http.ServeMux
}

// New makes Dribbble with one account, which has a team.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux()}
	p.Base.Begin(w)
	p.Provider = &fake.Provider{Base: &p.Base, Client: fake.Client{ID: "dribbble-client", Secret: "dribbble-secret-canary"}, Scopes: "public upload"}
	p.mux.HandleFunc("GET /oauth/authorize", p.Authorize)
	p.mux.HandleFunc("POST /oauth/token", p.Token)
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /v2/user": p.who, "GET /v2/user/shots": p.list, "POST /v2/shots": p.post,
		"GET /v2/shots/{id}": p.get, "PUT /v2/shots/{id}": p.edit, "DELETE /v2/shots/{id}": p.remove,
	} {
		p.mux.HandleFunc(pattern, p.Signed(func(w http.ResponseWriter) { refuse(w, http.StatusUnauthorized, "Bad credentials.", "") }, h))
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
	post := fake.Post{Text: text, More: map[string]string{"title": "ttttt", "html": "<p>" + html.EscapeString(text) + "</p>"}}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Used: true}))
	}
	return p.Show(post)
}

func refuse(w http.ResponseWriter, status int, words, attribute string) {
	out := map[string]any{"message": words}
	if attribute != "" {
		out["errors"] = []map[string]string{{"attribute": attribute, "message": words}}
	}
	fake.Answer(w, status, out)
}

func (p *Platform) who(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"id": 1, "name": "Me", "login": "me", "html_url": "https://dribbble.com/me", "avatar_url": "https://cdn.dribbble.com/me.png", "can_upload_shot": true, "teams": []any{map[string]any{"id": 39, "name": "The team"}}})
}

var tags = regexp.MustCompile(`<[^>]*>`)

func (p *Platform) post(w http.ResponseWriter, r *http.Request) {
	values, files, order, err := fake.Parts(r)
	image, ok := files["image"]
	p.Mu.Lock()
	defer p.Mu.Unlock()
	switch {
	case err != nil || !ok || len(order) != 1:
		refuse(w, http.StatusUnprocessableEntity, "image can't be blank", "image")
	case strings.TrimSpace(values["title"]) == "":
		refuse(w, http.StatusUnprocessableEntity, "title can't be blank", "title")
	case image.Size > 8<<20 || !strings.HasPrefix(image.MIME, "image/"):
		refuse(w, http.StatusUnprocessableEntity, "image is too large", "image")
	default:
		image.ID = strconv.Itoa(p.Serial())
		post := p.Show(fake.Post{Text: html.UnescapeString(tags.ReplaceAllString(values["description"], " ")), Files: []fake.File{image}, More: map[string]string{
			"title": values["title"], "html": values["description"], "team": values["team_id"], "low": values["low_profile"], "rebound": values["rebound_source_id"], "tag": values["tags[]"],
		}})
		w.Header().Set("Location", "https://api.dribbble.com/v2/shots/"+post.ID)
		w.WriteHeader(http.StatusAccepted)
	}
}

func shown(post fake.Post) map[string]any {
	id, _ := strconv.Atoi(post.ID)
	return map[string]any{"id": id, "title": post.More["title"], "description": post.More["html"], "published_at": post.At.Format(time.RFC3339), "html_url": "https://dribbble.com/shots/" + post.ID + "-A-title"}
}

func (p *Platform) list(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	out := []any{}
	for _, post := range p.Newest(min(n, 100)) {
		out = append(out, shown(post))
	}
	fake.Answer(w, http.StatusOK, out)
}

func (p *Platform) one(w http.ResponseWriter, r *http.Request, do func(fake.Post)) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(r.PathValue("id"))
	if !ok {
		refuse(w, http.StatusNotFound, "Not found.", "")
		return
	}
	do(post)
}

func (p *Platform) get(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post) {
		if p.Now().Before(post.At.Add(workTime)) {
			refuse(w, http.StatusNotFound, "Not found.", "")
			return
		}
		fake.Answer(w, http.StatusOK, shown(post))
	})
}

func (p *Platform) edit(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Title       string   `json:"title"`
		Description string   `json:"description"`
		Tags        []string `json:"tags"`
	}
	ok := fake.Read(r, &in)
	p.one(w, r, func(post fake.Post) {
		if !ok || in.Tags == nil {
			refuse(w, http.StatusBadRequest, "Problems parsing the request.", "")
			return
		}
		post.Text, post.More["title"] = html.UnescapeString(tags.ReplaceAllString(in.Description, "")), in.Title
		p.Change(post)
		fake.Answer(w, http.StatusOK, shown(post))
	})
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post) { p.Drop(post.ID); w.WriteHeader(http.StatusNoContent) })
}

var _ fake.Registered = (*Platform)(nil)
