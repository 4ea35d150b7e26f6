// Package devtofake is DEV's API as the fact sheet describes it, in memory.
package devtofake

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	site = "https://dev.to"
	key  = "canary-devto-key-0123456789"
)

// Platform is DEV with one member.
type Platform struct {
	fake.Base
	articles []*article
}

type article struct {
	id                                           int
	title, body, canonical, tags, cover, all     string
	published                                    bool
	made, shown                                  time.Time
	organization                                 int
	series, description, slug, organizationsName string
}

// New makes the community.
func New(w fake.World) fake.Platform {
	p := &Platform{}
	p.Begin(w)
	p.Grant(key)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "token", Fields: map[string]string{"token": key}}}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	a := &article{id: 1000 + p.Serial(), title: "By hand " + strconv.Itoa(p.Serial()), body: text, published: true, made: p.Now(), shown: p.Now(), organizationsName: "gophers"}
	p.articles = append(p.articles, a)
	return p.Show(fake.Post{ID: strconv.Itoa(a.id), Text: text, Files: make([]fake.File, files)})
}

// Start makes a draft by hand that isn't finished.
func (p *Platform) Start(title, body string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.articles = append(p.articles, &article{id: 1000 + p.Serial(), title: title, body: body, made: p.Now()})
}

// Articles is how many there are, drafts too.
func (p *Platform) Articles() int {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return len(p.articles)
}

func refuse(w http.ResponseWriter, status int, words string) {
	fake.Answer(w, status, map[string]any{"error": words, "status": status})
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, ok := strings.CutPrefix(r.URL.Path, "/api/")
	parts := strings.Split(route, "/")
	switch {
	case r.Header.Get("User-Agent") == "":
		http.Error(w, "Forbidden Bots", http.StatusForbidden)
	case !ok:
		refuse(w, http.StatusNotFound, "not found")
	case !p.Good(r.Header.Get("api-key")):
		refuse(w, http.StatusUnauthorized, "unauthorized")
	case r.Header.Get("Accept") != "application/vnd.forem.api-v1+json":
		refuse(w, http.StatusNotFound, "not found")
	case route == "users/me":
		fake.Answer(w, http.StatusOK, map[string]any{"id": 1234, "username": "ada", "name": "Ada", "profile_image": site + "/ada.png"})
	case route == "tags":
		fake.Answer(w, http.StatusOK, []any{map[string]any{"id": 1, "name": "go"}, map[string]any{"id": 2, "name": "webdev"}})
	case parts[0] == "organizations":
		fake.Answer(w, http.StatusOK, map[string]any{"id": 55, "username": parts[1], "name": "The Gophers"})
	case route == "comments":
		p.comments(w, r.URL.Query().Get("a_id"))
	case strings.HasPrefix(route, "articles/me/"):
		p.mine(w, r, parts[2])
	case route == "articles" && r.Method == http.MethodPost:
		p.create(w, r)
	case parts[0] == "articles" && len(parts) == 2 && r.Method == http.MethodPut:
		p.change(w, r, parts[1])
	default:
		refuse(w, http.StatusNotFound, "not found")
	}
}

func (p *Platform) comments(w http.ResponseWriter, id string) {
	one := func(id, text string, children ...any) map[string]any {
		return map[string]any{"type_of": "comment", "id_code": id, "created_at": "2026-09-01T10:00:00Z", "body_html": "<p>" + text + "</p>", "user": map[string]string{"name": "Bob", "username": "bob"}, "children": children}
	}
	fake.Answer(w, http.StatusOK, []any{one("a1", "Nice "+id, one("a2", "Thanks"))})
}

func (p *Platform) mine(w http.ResponseWriter, r *http.Request, which string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	most, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	out := []any{}
	for _, a := range slices.Backward(p.articles) {
		if len(out) < most && (which == "all" || a.published == (which == "published")) {
			out = append(out, a.answer())
		}
	}
	fake.Answer(w, http.StatusOK, out)
}

var fences = regexp.MustCompile("(?m)^```$")

// answer shows the article; code without a language has got one.
func (a *article) answer() map[string]any {
	out := map[string]any{
		"type_of": "article", "id": a.id, "title": a.title, "slug": a.slug, "path": "/ada/" + a.slug, "url": site + "/ada/" + a.slug, "body_markdown": fences.ReplaceAllString(a.body, "```text"),
		"canonical_url": a.canonical, "published_timestamp": "", "page_views_count": 31, "public_reactions_count": 5, "comments_count": 2,
	}
	if a.published {
		out["published_timestamp"] = a.shown.UTC().Format(time.RFC3339)
	}
	if a.organizationsName != "" {
		out["organization"] = map[string]string{"username": a.organizationsName}
	}
	return out
}

type input struct {
	Title        *string `json:"title"`
	Body         *string `json:"body_markdown"`
	Published    *bool   `json:"published"`
	Tags         *string `json:"tags"`
	Cover        *string `json:"main_image"`
	Canonical    *string `json:"canonical_url"`
	Series       *string `json:"series"`
	Description  *string `json:"description"`
	Organization int     `json:"organization_id"`
}

func read(w http.ResponseWriter, r *http.Request) (input, bool) {
	var in struct {
		Article *input `json:"article"`
	}
	if !fake.Read(r, &in) || in.Article == nil {
		refuse(w, http.StatusUnprocessableEntity, "param is missing or the value is empty: article")
		return input{}, false
	}
	return *in.Article, true
}

var front = regexp.MustCompile(`\A---\s*\n(?s:.*?)\n---\s*(\n|\z)`)

// take lays the input over a copy; words say what is wrong.
func (p *Platform) take(a article, in input) (changed article, words string) {
	for to, from := range map[*string]*string{&a.title: in.Title, &a.body: in.Body, &a.tags: in.Tags, &a.cover: in.Cover, &a.canonical: in.Canonical, &a.series: in.Series, &a.description: in.Description} {
		if from != nil {
			*to = *from
		}
	}
	if in.Organization != 0 {
		a.organization = in.Organization
	}
	if in.Published != nil && !front.MatchString(a.body) {
		a.published = *in.Published
	}
	tags := strings.Split(a.tags, ",")
	switch {
	case a.title == "":
		return a, "Validation failed: Title can't be blank"
	case utf8.RuneCountInString(a.title) > 128:
		return a, "Validation failed: Title is too long (maximum is 128 characters)"
	case len(a.body) > 800<<10:
		return a, "Validation failed: Body markdown is too long."
	case len(tags) > 4:
		return a, "Tag list exceed the maximum of 4 tags"
	case strings.ContainsFunc(strings.Join(tags, ""), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }):
		return a, "Tag contains non-alphanumeric or prohibited unicode characters"
	case a.published && a.canonical != "" && slices.ContainsFunc(p.articles, func(o *article) bool { return o.id != a.id && o.published && o.canonical == a.canonical }):
		return a, "Canonical url has already been taken. Email the community for further details."
	}
	a.all = fmt.Sprintf("tags:%s cover:%s series:%s description:%s organization:%d canonical:%s", a.tags, a.cover, a.series, a.description, a.organization, a.canonical)
	return a, ""
}

func (p *Platform) create(w http.ResponseWriter, r *http.Request) {
	in, ok := read(w, r)
	if !ok {
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	a, words := p.take(article{made: p.Now()}, in)
	if words == "" && slices.ContainsFunc(p.articles, func(o *article) bool { return o.title == a.title && p.Now().Sub(o.made) < 5*time.Minute }) {
		words = "Title has already been used in the last five minutes"
	}
	if words != "" {
		refuse(w, http.StatusUnprocessableEntity, words)
		return
	}
	a.id = 1000 + p.Serial()
	a.slug = "article-" + strconv.FormatInt(int64(a.id), 36)
	p.articles = append(p.articles, &a)
	p.reveal(&a)
	fake.Answer(w, http.StatusCreated, a.answer())
}

func (p *Platform) change(w http.ResponseWriter, r *http.Request, id string) {
	in, ok := read(w, r)
	if !ok {
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	i := slices.IndexFunc(p.articles, func(a *article) bool { return strconv.Itoa(a.id) == id })
	if i < 0 {
		refuse(w, http.StatusNotFound, "not found")
		return
	}
	changed, words := p.take(*p.articles[i], in)
	if words != "" {
		refuse(w, http.StatusUnprocessableEntity, words)
		return
	}
	*p.articles[i] = changed
	p.reveal(p.articles[i])
	fake.Answer(w, http.StatusOK, changed.answer())
}

var pictures = regexp.MustCompile(`!\[((?:[^\]\\]|\\.)*)\]\(([^)]*)\)`)

// reveal shows what is published and hides what isn't.
func (p *Platform) reveal(a *article) {
	id := strconv.Itoa(a.id)
	_, there := p.Find(id)
	if !a.published {
		p.Drop(id)
		return
	}
	post := fake.Post{ID: id, Text: pictures.ReplaceAllString(a.body, ""), More: map[string]string{"title": a.title, "body": a.body, "all": a.all}}
	for _, m := range pictures.FindAllStringSubmatch(a.body, -1) {
		post.Files = append(post.Files, fake.File{ID: m[2], Alt: strings.NewReplacer(`\[`, "[", `\]`, "]", `\\`, `\`).Replace(m[1])})
	}
	if there {
		p.Change(post)
		return
	}
	a.shown = p.Now()
	p.Show(post)
}

var _ fake.Platform = (*Platform)(nil)
