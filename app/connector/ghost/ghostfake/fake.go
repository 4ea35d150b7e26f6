// Package ghostfake is a Ghost site's Admin API as the fact sheet describes it, in memory.
package ghostfake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"maps"
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
	site   = "https://blog.example"
	keyID  = "6489a0c5d1b2e3f405162738"
	secret = "63616e6172792d67686f73742d61646d696e2d6b65792d303132333435363738"
	root   = "/ghost/api/admin"
)

// Platform is the site.
type Platform struct {
	fake.Base
	articles []*entry
}

type entry struct {
	route   string
	fields  map[string]any
	mailed  int
	version int
}

// New makes a site with one integration.
func New(w fake.World) fake.Platform {
	p := &Platform{}
	p.Begin(w)
	p.Grant(keyID)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "token", Fields: map[string]string{"site": site, "token": keyID + ":" + secret}}}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.Show(fake.Post{ID: p.id(), Text: text, Files: make([]fake.File, files)})
}

// Touch changes all drafts as a person does in Ghost's editor.
func (p *Platform) Touch() {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	for _, e := range p.articles {
		if e.text("status") == "draft" {
			e.fields["custom_excerpt"] = "by hand"
			p.stamp(e)
		}
	}
}

// Articles is how many there are, drafts too.
func (p *Platform) Articles() int {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return len(p.articles)
}

// Discard deletes all drafts as a person does.
func (p *Platform) Discard() {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.articles = slices.DeleteFunc(p.articles, func(e *entry) bool { return e.text("status") == "draft" })
}

func (p *Platform) id() string { return fmt.Sprintf("65f0%020x", p.Serial()) }

func (e *entry) text(name string) string { s, _ := e.fields[name].(string); return s }

// stamp gives a new version: each change has an instant of its own.
func (p *Platform) stamp(e *entry) {
	e.version++
	e.fields["updated_at"] = p.Now().UTC().Add(time.Duration(e.version) * time.Millisecond).Format("2006-01-02T15:04:05.000Z")
}

func refuse(w http.ResponseWriter, status int, kind, code, words, context string) {
	fake.Answer(w, status, map[string]any{"errors": []any{map[string]any{"message": words, "context": context, "type": kind, "code": code}}})
}

// signed checks the token of a call as the documentation describes it.
func (p *Platform) signed(r *http.Request) bool {
	parts := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "Ghost "), ".")
	if len(parts) != 3 {
		return false
	}
	var head struct{ Alg, Typ, Kid string }
	var claims struct {
		Iat, Exp int64
		Aud      string
	}
	for i, into := range []any{&head, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(raw, into) != nil {
			return false
		}
	}
	key, _ := hex.DecodeString(secret)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(parts[0] + "." + parts[1]))
	got, err := base64.RawURLEncoding.DecodeString(parts[2])
	now := p.Now().Unix()
	return err == nil && hmac.Equal(got, mac.Sum(nil)) && head.Alg == "HS256" && head.Typ == "JWT" && p.Good(head.Kid) &&
		claims.Aud == "/admin/" && claims.Exp > now && claims.Exp <= claims.Iat+300 && claims.Iat <= now+1
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route, ok := strings.CutPrefix(r.URL.Path, root)
	parts := strings.Split(strings.Trim(route, "/"), "/")
	switch {
	case !ok || !strings.HasSuffix(route, "/"):
		refuse(w, http.StatusNotFound, "NotFoundError", "", "Resource not found", "")
	case r.Header.Get("Accept-Version") == "":
		refuse(w, http.StatusNotAcceptable, "RequestNotAcceptableError", "", "Request not acceptable", "")
	case parts[0] == "site":
		fake.Answer(w, http.StatusOK, map[string]any{"site": map[string]string{"title": "A blog", "url": site + "/", "version": "5.130"}})
	case !p.signed(r):
		refuse(w, http.StatusUnauthorized, "UnauthorizedError", "INVALID_JWT", "Invalid token", "")
	case parts[0] == "images" || parts[0] == "media" || parts[0] == "files":
		p.upload(w, r, parts[0])
	case parts[0] == "users":
		fake.Answer(w, http.StatusOK, map[string]any{"users": []any{map[string]string{"id": "1", "name": "Ada", "email": "ada@example.com"}, map[string]string{"id": "2", "name": "Bob"}}})
	case parts[0] == "tiers":
		fake.Answer(w, http.StatusOK, map[string]any{"tiers": []any{map[string]string{"id": "t1", "name": "Gold"}}})
	case parts[0] == "newsletters":
		fake.Answer(w, http.StatusOK, map[string]any{"newsletters": []any{map[string]string{"id": "n1", "slug": "weekly", "name": "Weekly"}}})
	case (parts[0] == "posts" || parts[0] == "pages") && len(parts) == 1:
		p.all(w, r, parts[0])
	case parts[0] == "posts" || parts[0] == "pages":
		p.one(w, r, parts[0], parts[1])
	default:
		refuse(w, http.StatusNotFound, "NotFoundError", "", "Resource not found", "")
	}
}

func (p *Platform) upload(w http.ResponseWriter, r *http.Request, kind string) {
	values, files, _, err := fake.Parts(r)
	f, ok := files["file"]
	if err != nil || !ok {
		refuse(w, http.StatusUnprocessableEntity, "ValidationError", "", "Please select a file.", "")
		return
	}
	picture := strings.HasPrefix(f.MIME, "image/")
	moving := strings.HasPrefix(f.MIME, "video/") || strings.HasPrefix(f.MIME, "audio/")
	if kind == "images" && !picture || kind == "media" && !moving {
		refuse(w, http.StatusUnsupportedMediaType, "UnsupportedMediaTypeError", "", "Please select a valid file.", "")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	kept := p.Keep(f)
	fake.Answer(w, http.StatusCreated, map[string]any{kind: []any{map[string]string{"url": site + "/content/" + kind + "/" + kept.ID, "ref": values["ref"]}}})
}

func (p *Platform) all(w http.ResponseWriter, r *http.Request, route string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if r.Method == http.MethodGet {
		slug, states, named := strings.Cut(r.URL.Query().Get("filter"), "+status:")
		want, filtered := strings.CutPrefix(slug, "slug:")
		if !named {
			states = "[published]" // what is listed when nobody asks for more
		}
		out := []any{}
		for _, e := range p.articles {
			if e.route == route && (!filtered || e.text("slug") == want) && slices.Contains(strings.Split(strings.Trim(states, "[]"), ","), e.text("status")) {
				out = append(out, e.shown(r))
			}
		}
		fake.Answer(w, http.StatusOK, map[string]any{route: out})
		return
	}
	in, ok := body(w, r, route)
	if !ok {
		return
	}
	e := &entry{route: route, fields: map[string]any{"id": p.id(), "status": "draft"}}
	p.take(e, in)
	p.articles = append(p.articles, e)
	p.stamp(e)
	p.reveal(e)
	w.Header().Set("Location", site)
	fake.Answer(w, http.StatusCreated, map[string]any{route: []any{e.shown(r)}})
}

// lengths are the longest texts of the fields.
var lengths = map[string]int{"title": 255, "slug": 191, "custom_excerpt": 300, "meta_title": 300, "meta_description": 500, "feature_image_alt": 191}

func body(w http.ResponseWriter, r *http.Request, route string) (map[string]any, bool) {
	var in map[string][]map[string]any
	if !fake.Read(r, &in) || len(in[route]) != 1 {
		refuse(w, http.StatusUnprocessableEntity, "ValidationError", "", "Validation error, cannot save post.", "No root key provided.")
		return nil, false
	}
	one := in[route][0]
	if one["html"] != nil && r.URL.Query().Get("source") != "html" {
		delete(one, "html")
	}
	for name, most := range lengths {
		if s, _ := one[name].(string); utf8.RuneCountInString(s) > most {
			refuse(w, http.StatusUnprocessableEntity, "ValidationError", "", "Validation error, cannot save post.", "Validation (isLength) failed for "+name)
			return nil, false
		}
	}
	if title, given := one["title"].(string); r.Method == http.MethodPost && (!given || title == "") {
		refuse(w, http.StatusUnprocessableEntity, "ValidationError", "", "Validation error, cannot save post.", "Value in [posts.title] cannot be blank.")
		return nil, false
	}
	return one, true
}

var unsafe = regexp.MustCompile(`[^a-z0-9]+`)

// take lays the fields over the entry; a slug is made safe and free.
func (p *Platform) take(e *entry, in map[string]any) {
	maps.Copy(e.fields, in)
	wanted, given := in["slug"].(string)
	if !given {
		return
	}
	base := strings.Trim(unsafe.ReplaceAllString(strings.ToLower(wanted), "-"), "-")
	if base == "" {
		base = "untitled"
	}
	free := base
	for n := 2; slices.ContainsFunc(p.articles, func(o *entry) bool { return o != e && o.route == e.route && o.text("slug") == free }); n++ {
		free = base + "-" + strconv.Itoa(n)
	}
	e.fields["slug"] = free
}

func (e *entry) shown(r *http.Request) map[string]any {
	out := maps.Clone(e.fields)
	out["url"] = site + "/" + e.text("slug") + "/"
	if e.text("status") == "sent" {
		out["url"] = site + "/email/" + e.text("id") + "/"
	}
	if strings.Contains(r.URL.Query().Get("include"), "email") && e.mailed > 0 {
		out["email"] = map[string]any{"status": "submitted", "email_count": 120, "delivered_count": 118, "opened_count": 40, "failed_count": 2}
		out["count"] = map[string]any{"clicks": 7}
	}
	return out
}

func (p *Platform) one(w http.ResponseWriter, r *http.Request, route, id string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	i := slices.IndexFunc(p.articles, func(e *entry) bool { return e.route == route && e.text("id") == id })
	if i < 0 {
		refuse(w, http.StatusNotFound, "NotFoundError", "", "Resource not found error, cannot read post.", "Post not found.")
		return
	}
	e := p.articles[i]
	switch r.Method {
	case http.MethodDelete:
		p.articles = slices.Delete(p.articles, i, i+1)
		p.Drop(id)
		w.WriteHeader(http.StatusNoContent)
		return
	case http.MethodPut:
		if !p.change(w, r, e) {
			return
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{route: []any{e.shown(r)}})
}

// change compares the version before it sets anything; a change that changes nothing passes.
func (p *Platform) change(w http.ResponseWriter, r *http.Request, e *entry) bool {
	in, ok := body(w, r, e.route)
	if !ok {
		return false
	}
	version, given := in["updated_at"].(string)
	delete(in, "updated_at")
	if !given {
		refuse(w, http.StatusUnprocessableEntity, "ValidationError", "", "Validation error, cannot edit post.", "updated_at is missing")
		return false
	}
	was := &entry{route: e.route, fields: maps.Clone(e.fields)}
	p.take(e, in)
	same := fmt.Sprint(was.fields) == fmt.Sprint(e.fields)
	if !same && version != was.text("updated_at") {
		e.fields = was.fields
		refuse(w, http.StatusConflict, "UpdateCollisionError", "UPDATE_COLLISION", "Saving failed! Someone else is editing this post.", "")
		return false
	}
	if letter := r.URL.Query().Get("newsletter"); letter != "" && was.text("status") == "draft" && e.text("status") == "published" {
		e.mailed++
		e.fields["newsletter"], e.fields["segment"] = letter, r.URL.Query().Get("email_segment")
		if only, _ := e.fields["email_only"].(bool); only {
			e.fields["status"] = "sent"
		}
	}
	if !same {
		p.stamp(e)
	}
	p.reveal(e)
	return true
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	stored = regexp.MustCompile(`(?:src|href)="` + site + `/content/[a-z]+/(\d+)"(?: alt="([^"]*)")?`)
)

// reveal makes what is published visible, once.
func (p *Platform) reveal(e *entry) {
	if status := e.text("status"); status != "published" && status != "sent" {
		return
	}
	post := fake.Post{ID: e.text("id"), Text: html.UnescapeString(tags.ReplaceAllString(e.text("html"), "")), More: map[string]string{
		"title": e.text("title"), "html": e.text("html"), "slug": e.text("slug"), "mailed": strconv.Itoa(e.mailed), "all": fmt.Sprint(e.fields),
	}}
	if top := e.text("feature_image"); top != "" {
		if f, ok := p.File(top[strings.LastIndexByte(top, '/')+1:]); ok {
			copied := *f
			copied.Alt = e.text("feature_image_alt")
			post.Files = append(post.Files, copied)
		}
	}
	for _, m := range stored.FindAllStringSubmatch(e.text("html"), -1) {
		if f, ok := p.File(m[1]); ok {
			copied := *f
			copied.Alt = html.UnescapeString(m[2])
			post.Files = append(post.Files, copied)
		}
	}
	if _, ok := p.Find(post.ID); ok {
		p.Change(post)
		return
	}
	p.Show(post)
}

var _ fake.Platform = (*Platform)(nil)
