// Package hashnodefake is Hashnode's GraphQL API and its picture storage as Hashnode's reference describes them, in memory.
package hashnodefake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	token   = "canary-hashnode-token-0123456789"
	storage = "hashnode-pictures.s3.us-east-1.amazonaws.com"
	cdn     = "https://cdn.hashnode.com/"
	blog    = "https://ada.hashnode.dev/"
	pro     = "64a0000000000000000000aa"
	free    = "64a0000000000000000000bb"
)

// Platform is Hashnode with one member, who has a publication with the Pro plan and one without.
type Platform struct {
	fake.Base
	slugs map[string]string // of an article, to its id
}

// New makes it.
func New(w fake.World) fake.Platform {
	p := &Platform{slugs: map[string]string{}}
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
	id := p.id()
	slug := "by-hand-" + id[18:]
	p.slugs[slug] = id
	return p.Show(fake.Post{ID: id, Text: text, Files: make([]fake.File, files), More: map[string]string{"slug": slug}})
}

func (p *Platform) id() string { return fmt.Sprintf("65b%021x", p.Serial()) }

func refuse(w http.ResponseWriter, code, words string) {
	fake.Answer(w, http.StatusOK, map[string]any{"data": nil, "errors": []any{map[string]any{"message": words, "extensions": map[string]string{"code": code}}}})
}

func give(w http.ResponseWriter, name string, v any) {
	fake.Answer(w, http.StatusOK, map[string]any{"data": map[string]any{name: v}})
}

// list is a GraphQL list.
func list(nodes ...any) map[string]any {
	out := []any{}
	for _, n := range nodes {
		out = append(out, map[string]any{"node": n})
	}
	return map[string]any{"edges": out, "pageInfo": map[string]any{"hasNextPage": false, "endCursor": nil}}
}

type variables struct {
	Input struct {
		ID            string              `json:"id"`
		PublicationID string              `json:"publicationId"`
		Title         string              `json:"title"`
		Content       string              `json:"contentMarkdown"`
		Slug          string              `json:"slug"`
		Tags          []map[string]string `json:"tags"`
		ContentType   string              `json:"contentType"`
	} `json:"input"`
	ID, Publication, Slug string
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Original-Host") == storage {
		p.store(w, r)
		return
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 2<<20))
	var in struct {
		Query     string
		Variables json.RawMessage
	}
	var v variables
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/":
		http.Error(w, "not found", http.StatusNotFound)
	case len(raw) > 100<<10:
		http.Error(w, "request entity too large", http.StatusRequestEntityTooLarge)
	case err != nil || json.Unmarshal(raw, &in) != nil || len(in.Variables) > 0 && json.Unmarshal(in.Variables, &v) != nil:
		refuse(w, "BAD_USER_INPUT", "The request can't be read.")
	case !p.Good(fake.Bearer(r)):
		refuse(w, "UNAUTHENTICATED", "You must be authenticated.")
	default:
		p.Mu.Lock()
		defer p.Mu.Unlock()
		p.operation(w, in.Query, in.Variables, v)
	}
}

func (p *Platform) operation(w http.ResponseWriter, query string, raw json.RawMessage, v variables) {
	has := func(s string) bool { return strings.Contains(query, s) }
	switch {
	case has("createImageUploadURL("):
		p.place(w, v.Input.ContentType)
	case has("publishPost("):
		p.publish(w, raw, v)
	case has("updatePost("):
		p.update(w, raw, v)
	case has("publication("):
		p.publication(w, query, v)
	case has("post("):
		p.post(w, v.ID)
	case has("me {"):
		p.me(w)
	default:
		refuse(w, "GRAPHQL_VALIDATION_FAILED", "There is no such operation.")
	}
}

func (p *Platform) me(w http.ResponseWriter) {
	var articles []any
	for _, post := range p.Newest(20) {
		articles = append(articles, answer(post))
	}
	give(w, "me", map[string]any{
		"id": "64aaaaaaaaaaaaaaaaaaaaaa", "username": "ada", "name": "Ada", "profilePicture": cdn + "ada.png",
		"publications": list(
			map[string]any{"id": pro, "title": "Ada's blog", "url": blog, "posts": list(articles...)},
			map[string]any{"id": free, "title": "Free blog", "url": "https://free.hashnode.dev", "posts": list()},
		),
	})
}

func answer(post fake.Post) map[string]any {
	return map[string]any{"id": post.ID, "slug": post.More["slug"], "url": blog + post.More["slug"], "publishedAt": post.At.UTC().Format("2006-01-02T15:04:05.000Z")}
}

func (p *Platform) publication(w http.ResponseWriter, query string, v variables) {
	if strings.Contains(query, "seriesList") {
		give(w, "publication", map[string]any{"id": v.Publication, "seriesList": list(map[string]any{"id": "64c000000000000000000001", "name": "First steps"})})
		return
	}
	out := map[string]any{"id": v.Publication, "post": nil}
	if id, ok := p.slugs[v.Slug]; ok {
		out["post"] = map[string]any{"id": id}
	}
	give(w, "publication", out)
}

func (p *Platform) post(w http.ResponseWriter, id string) {
	post, ok := p.Find(id)
	if !ok {
		refuse(w, "NOT_FOUND", "Post not found")
		return
	}
	out := answer(post)
	out["views"], out["reactionCount"], out["responseCount"] = 44, 3, 1
	out["comments"] = list(map[string]any{"id": "c1", "dateAdded": "2026-09-01T10:00:00.000Z", "content": map[string]string{"text": "Nice"}, "author": map[string]string{"name": "Bob", "username": "bob"}})
	give(w, "post", out)
}

// place names where a picture is sent to.
func (p *Platform) place(w http.ResponseWriter, kind string) {
	if !strings.HasPrefix(kind, "image/") || strings.Contains(kind, "svg") {
		refuse(w, "BAD_USER_INPUT", "Only pictures can be sent.")
		return
	}
	key := "res/hashnode/image/upload/v1/" + strconv.Itoa(p.Serial())
	give(w, "createImageUploadURL", map[string]any{"presignedPost": map[string]any{"url": "https://" + storage + "/", "fields": map[string]string{"key": key, "Content-Type": kind, "X-Amz-Signature": "canary-signature-0123456789"}}})
}

// store is the storage: the fields stand before the file.
func (p *Platform) store(w http.ResponseWriter, r *http.Request) {
	values, files, _, err := fake.Parts(r)
	f, ok := files["file"]
	switch {
	case err != nil || !ok || values["key"] == "" || r.Header.Get("Authorization") != "":
		http.Error(w, "<Error><Code>InvalidArgument</Code></Error>", http.StatusBadRequest)
	case values["X-Amz-Signature"] != "canary-signature-0123456789" || values["Content-Type"] != f.MIME:
		http.Error(w, "<Error><Code>AccessDenied</Code></Error>", http.StatusForbidden)
	case f.Size > 8<<20:
		http.Error(w, "<Error><Code>EntityTooLarge</Code></Error>", http.StatusBadRequest)
	default:
		p.Mu.Lock()
		defer p.Mu.Unlock()
		f.ID = values["key"]
		p.Keep(f)
		w.WriteHeader(http.StatusNoContent)
	}
}

var pictures = regexp.MustCompile(`!\[((?:[^\]\\]|\\.)*)\]\(` + cdn + `([^)]*)\)`)

// shown makes what readers see of an input.
func (p *Platform) shown(post fake.Post, raw json.RawMessage, v variables) fake.Post {
	post.Text, post.Files = pictures.ReplaceAllString(v.Input.Content, ""), nil
	for _, m := range pictures.FindAllStringSubmatch(v.Input.Content, -1) {
		if f, ok := p.File(m[2]); ok {
			copied := *f
			copied.Alt = strings.NewReplacer(`\[`, "[", `\]`, "]", `\\`, `\`).Replace(m[1])
			post.Files = append(post.Files, copied)
		}
	}
	var all bytes.Buffer
	_ = json.Compact(&all, raw)
	post.More["title"], post.More["all"] = v.Input.Title, all.String()
	return post
}

func wrong(v variables) string {
	switch n := len([]rune(v.Input.Title)); {
	case n == 0 || n > 250:
		return "The title is too short or too long."
	case len(v.Input.Tags) > 15:
		return "Too many tags."
	case slices.ContainsFunc(v.Input.Tags, func(t map[string]string) bool { return t["slug"] == "" }):
		return "A tag has no slug."
	}
	return ""
}

func (p *Platform) publish(w http.ResponseWriter, raw json.RawMessage, v variables) {
	switch v.Input.PublicationID {
	case pro:
	case free:
		refuse(w, "FORBIDDEN", "Publication does not have an active Pro plan. Upgrade in your dashboard to access this via the API.")
		return
	default:
		refuse(w, "NOT_FOUND", "Publication not found")
		return
	}
	if words := wrong(v); words != "" {
		refuse(w, "BAD_USER_INPUT", words)
		return
	}
	slug := v.Input.Slug
	for n := 1; p.slugs[slug] != ""; n++ {
		slug = v.Input.Slug + "-" + strconv.Itoa(n)
	}
	id := p.id()
	p.slugs[slug] = id
	post := p.Show(p.shown(fake.Post{ID: id, More: map[string]string{"slug": slug}}, raw, v))
	give(w, "publishPost", map[string]any{"post": answer(post)})
}

func (p *Platform) update(w http.ResponseWriter, raw json.RawMessage, v variables) {
	post, ok := p.Find(v.Input.ID)
	if !ok {
		refuse(w, "NOT_FOUND", "Post not found")
		return
	}
	post = p.shown(post, raw, v)
	p.Change(post)
	give(w, "updatePost", map[string]any{"post": answer(post)})
}

var _ fake.Platform = (*Platform)(nil)
