// Package wordpressfake is a WordPress site's REST API as the fact sheet describes it, in memory.
package wordpressfake

import (
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	user     = "ada"
	me       = 7
	site     = "https://blog.example"
	password = "abcd EFGH canary ijkl"
)

// Platform is the site.
type Platform struct {
	fake.Base
	posts map[int]*entry
	tags  map[string]int
}

type entry struct {
	id                                  int
	title, content, slug, status, route string
	featured                            int
	tags, categories                    []int
}

// New makes a site with one author.
func New(w fake.World) fake.Platform {
	p := &Platform{posts: map[int]*entry{}, tags: map[string]int{"news": 31}}
	p.Begin(w)
	p.Grant(password)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "app_password", Fields: map[string]string{"site": site + "/", "username": user, "password": password}}}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	e := &entry{id: 2000 + p.Serial(), content: text, status: "publish", route: "posts"}
	p.posts[e.id] = e
	return p.Show(fake.Post{ID: strconv.Itoa(e.id), Text: text, Files: make([]fake.File, files)})
}

func refuse(w http.ResponseWriter, status int, code, words string, more ...any) {
	data := map[string]any{"status": status}
	for i := 0; i+1 < len(more); i += 2 {
		data[more[i].(string)] = more[i+1]
	}
	fake.Answer(w, status, map[string]any{"code": code, "message": words, "data": data})
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route := r.URL.Query().Get("rest_route")
	if route == "/" {
		fake.Answer(w, http.StatusOK, map[string]any{
			"name": "A blog", "url": site, "namespaces": []string{"oembed/1.0", "wp/v2"},
			"authentication": map[string]any{"application-passwords": map[string]any{"endpoints": map[string]string{"authorization": site + "/wp-admin/authorize-application.php"}}},
		})
		return
	}
	name, secret, _ := r.BasicAuth()
	if name != user || !p.Good(secret) {
		refuse(w, http.StatusUnauthorized, "incorrect_password", "The provided password is an invalid application password.")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	parts := strings.Split(strings.TrimPrefix(route, "/wp/v2/"), "/")
	id := 0
	if len(parts) > 1 {
		id, _ = strconv.Atoi(parts[1])
	}
	switch {
	case strings.HasPrefix(route, "/wp/v2/users/me"):
		p.user(w, r, route)
	case parts[0] == "users":
		fake.Answer(w, http.StatusOK, []any{map[string]any{"id": me, "name": "Ada"}})
	case parts[0] == "categories":
		found := []any{}
		for i, name := range []string{"News &amp; notes", "Other"} {
			if strings.Contains(strings.ToLower(name), strings.ToLower(r.URL.Query().Get("search"))) {
				found = append(found, map[string]any{"id": i + 1, "name": name})
			}
		}
		fake.Answer(w, http.StatusOK, found)
	case parts[0] == "tags":
		p.tag(w, r)
	case parts[0] == "media":
		p.media(w, r, id)
	case parts[0] == "comments":
		p.comments(w, r)
	case (parts[0] == "posts" || parts[0] == "pages") && id == 0:
		p.list(w, r, parts[0])
	case parts[0] == "posts" || parts[0] == "pages":
		p.one(w, r, parts[0], id)
	default:
		refuse(w, http.StatusNotFound, "rest_no_route", "No route was found matching the URL and request method.")
	}
}

func (p *Platform) user(w http.ResponseWriter, r *http.Request, route string) {
	switch {
	case strings.HasSuffix(route, "/introspect"):
		fake.Answer(w, http.StatusOK, map[string]string{"uuid": "0d1f2a", "name": "Omni Posto"})
	case r.Method == http.MethodDelete:
		fake.Answer(w, http.StatusOK, map[string]bool{"deleted": true})
	default:
		fake.Answer(w, http.StatusOK, map[string]any{"id": me, "name": "Ada", "slug": user, "link": site + "/author/ada", "capabilities": map[string]bool{"publish_posts": true, "upload_files": true}, "avatar_urls": map[string]string{"96": site + "/ada.png"}})
	}
}

func (p *Platform) tag(w http.ResponseWriter, r *http.Request) {
	var in struct{ Name string }
	fake.Read(r, &in)
	if id, ok := p.tags[in.Name]; ok {
		refuse(w, http.StatusBadRequest, "term_exists", "A term with the name provided already exists in this taxonomy.", "term_id", id)
		return
	}
	id := 40 + p.Serial()
	p.tags[in.Name] = id
	fake.Answer(w, http.StatusCreated, map[string]any{"id": id, "name": in.Name})
}

func (p *Platform) media(w http.ResponseWriter, r *http.Request, id int) {
	if id != 0 {
		var in struct {
			Alt string `json:"alt_text"`
		}
		f, ok := p.File(strconv.Itoa(id))
		if !ok || !fake.Read(r, &in) {
			refuse(w, http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.")
			return
		}
		f.Alt = in.Alt
		fake.Answer(w, http.StatusOK, map[string]any{"id": id})
		return
	}
	if !strings.Contains(r.Header.Get("Content-Disposition"), "filename=") {
		refuse(w, http.StatusBadRequest, "rest_upload_no_content_disposition", "No Content-Disposition supplied.")
		return
	}
	size, sum, err := fake.Measure(r.Body)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "rest_upload_unknown_error", "The upload broke.")
		return
	}
	n := 3000 + p.Serial()
	p.Keep(fake.File{ID: strconv.Itoa(n), MIME: r.Header.Get("Content-Type"), Size: size, Sum: sum})
	fake.Answer(w, http.StatusCreated, map[string]any{"id": n, "source_url": site + "/wp-content/" + strconv.Itoa(n), "mime_type": r.Header.Get("Content-Type")})
}

type input struct {
	Title    *string `json:"title"`
	Content  *string `json:"content"`
	Slug     *string `json:"slug"`
	Status   *string `json:"status"`
	Featured int     `json:"featured_media"`
	Tags     []int   `json:"tags"`
	Filed    []int   `json:"categories"`
	Post     int     `json:"post"`
}

func (p *Platform) list(w http.ResponseWriter, r *http.Request, route string) {
	if r.Method == http.MethodGet {
		q := r.URL.Query()
		out := []any{}
		for _, e := range p.posts {
			if e.route == route && e.slug == q.Get("slug") && slices.Contains(strings.Split(q.Get("status"), ","), e.status) {
				out = append(out, e.shown())
			}
		}
		fake.Answer(w, http.StatusOK, out)
		return
	}
	var in input
	if !fake.Read(r, &in) {
		refuse(w, http.StatusBadRequest, "rest_invalid_json", "Invalid JSON body passed.")
		return
	}
	e := &entry{id: 2000 + p.Serial(), status: "draft", route: route}
	e.take(in)
	if e.title == "" && e.content == "" {
		refuse(w, http.StatusBadRequest, "empty_content", "Content, title, and excerpt are empty.")
		return
	}
	p.posts[e.id] = e
	p.reveal(e)
	fake.Answer(w, http.StatusCreated, e.shown())
}

func (e *entry) take(in input) {
	for to, from := range map[*string]*string{&e.title: in.Title, &e.content: in.Content, &e.slug: in.Slug, &e.status: in.Status} {
		if from != nil {
			*to = *from
		}
	}
	if in.Featured != 0 {
		e.featured = in.Featured
	}
	if in.Tags != nil {
		e.tags = in.Tags
	}
	if in.Filed != nil {
		e.categories = in.Filed
	}
	if e.slug == "" && e.status == "publish" {
		e.slug = "article-" + strconv.Itoa(e.id)
	}
}

func (e *entry) shown() map[string]any {
	return map[string]any{"id": e.id, "link": site + "/" + e.slug, "slug": e.slug, "status": e.status, "date_gmt": "2026-09-01T09:00:00"}
}

func (p *Platform) one(w http.ResponseWriter, r *http.Request, route string, id int) {
	e, ok := p.posts[id]
	if !ok || e.route != route {
		refuse(w, http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.")
		return
	}
	switch r.Method {
	case http.MethodDelete:
		e.status = "trash"
		p.Drop(strconv.Itoa(id))
	case http.MethodPost:
		var in input
		fake.Read(r, &in)
		e.take(in)
		p.reveal(e)
	}
	fake.Answer(w, http.StatusOK, e.shown())
}

var (
	tags     = regexp.MustCompile(`<[^>]*>`)
	pictures = regexp.MustCompile(`/wp-content/(\d+)`)
)

// reveal makes a published entry visible, once.
func (p *Platform) reveal(e *entry) {
	id := strconv.Itoa(e.id)
	if e.status != "publish" && e.status != "private" {
		return
	}
	post := fake.Post{ID: id, Text: html.UnescapeString(tags.ReplaceAllString(e.content, "")), More: map[string]string{"title": e.title, "html": e.content, "tags": strings.Trim(strings.Join(strings.Fields(strings.Trim(sprint(e.tags), "[]")), ","), " "), "categories": strings.Join(strings.Fields(strings.Trim(sprint(e.categories), "[]")), ",")}}
	if f, ok := p.File(strconv.Itoa(e.featured)); ok {
		post.Files = append(post.Files, *f)
	}
	for _, m := range pictures.FindAllStringSubmatch(e.content, -1) {
		if f, ok := p.File(m[1]); ok {
			post.Files = append(post.Files, *f)
		}
	}
	if _, ok := p.Find(id); ok {
		p.Change(post)
		return
	}
	p.Show(post)
}

func sprint(list []int) string {
	var out []string
	for _, n := range list {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, " ")
}

func (p *Platform) comments(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		q := r.URL.Query()
		out := []any{}
		for _, c := range p.Newest(1000) {
			if c.More["comment"] == "1" && (q.Get("post") == "" || q.Get("post") == c.Parent) {
				out = append(out, comment(c))
			}
		}
		fake.Answer(w, http.StatusOK, out)
		return
	}
	raw, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	r.Body = io.NopCloser(strings.NewReader(string(raw)))
	var in input
	fake.Read(r, &in)
	parent := strconv.Itoa(in.Post)
	if _, ok := p.Find(parent); !ok {
		refuse(w, http.StatusNotFound, "rest_comment_invalid_post_id", "Sorry, you are not allowed to create this comment without a post.")
		return
	}
	words := ""
	if in.Content != nil {
		words = *in.Content
	}
	if len(words) > 65525 {
		refuse(w, http.StatusBadRequest, "comment_content_column_length", "Your comment is too long.")
		return
	}
	for _, c := range p.Newest(1000) {
		if c.Parent == parent && c.Text == words {
			refuse(w, http.StatusConflict, "comment_duplicate", "Duplicate comment detected; it looks as though you've already said that!")
			return
		}
	}
	c := p.Show(fake.Post{ID: strconv.Itoa(8000 + p.Serial()), Text: words, Parent: parent, More: map[string]string{"comment": "1"}})
	fake.Answer(w, http.StatusCreated, comment(c))
}

func comment(c fake.Post) map[string]any {
	id, _ := strconv.Atoi(c.ID)
	parent, _ := strconv.Atoi(c.Parent)
	return map[string]any{"id": id, "post": parent, "link": site + "/#comment-" + c.ID, "date_gmt": "2026-09-01T09:00:00", "author_name": "Ada", "content": map[string]string{"rendered": "<p>" + html.EscapeString(c.Text) + "</p>\n"}}
}

var _ fake.Platform = (*Platform)(nil)
