// Package mastodonfake is a Mastodon server as the fact sheet describes it, in memory.
package mastodonfake

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	me         = "109876"
	keyLife    = time.Hour
	workTime   = 4 * time.Second // on a video
	maxChars   = 500
	maxFiles   = 4
	maxAlt     = 1500
	imageBytes = 16_777_216
	videoBytes = 103_809_024
)

// Platform is the server.
type Platform struct {
	fake.Base
	mux   *http.ServeMux
	keys  map[string]kept // Idempotency-Key: post
	apps  map[string]string
	codes map[string]grant
}

type kept struct {
	id string
	at time.Time
}

type grant struct{ app, redirect, challenge string }

// Token is a personal access token that is good from the start.
const Token = "tok-canary-personal-91b2f7"

// New makes a server with one account.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux(), keys: map[string]kept{}, apps: map[string]string{}, codes: map[string]grant{}}
	p.Begin(w)
	p.Grant(Token)
	for pattern, h := range map[string]http.HandlerFunc{
		"POST /api/v1/apps":                       p.register,
		"GET /oauth/authorize":                    p.authorize,
		"POST /oauth/token":                       p.token,
		"POST /oauth/revoke":                      p.revoke,
		"GET /api/v2/instance":                    p.instance,
		"GET /api/v1/accounts/verify_credentials": p.signed(p.who),
		"GET /api/v1/accounts/{id}/statuses":      p.signed(p.list),
		"POST /api/v2/media":                      p.signed(p.upload),
		"GET /api/v1/media/{id}":                  p.signed(p.media),
		"POST /api/v1/statuses":                   p.signed(p.post),
		"GET /api/v1/statuses/{id}":               p.signed(p.get),
		"GET /api/v1/statuses/{id}/context":       p.signed(p.context),
		"PUT /api/v1/statuses/{id}":               p.signed(p.edit),
		"DELETE /api/v1/statuses/{id}":            p.signed(p.remove),
	} {
		p.mux.HandleFunc(pattern, h)
	}
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{
		{Way: "token", Fields: map[string]string{"server": "mastodon.example", "token": Token}},
		{Way: "oauth", Fields: map[string]string{"server": "@me@mastodon.example"}},
	}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{Text: text}
	for range files {
		f := p.Keep(fake.File{Name: "by-hand.jpg", Used: true})
		post.Files = append(post.Files, *f)
	}
	return p.Show(post)
}

func refuse(w http.ResponseWriter, status int, words string) {
	fake.Answer(w, status, map[string]string{"error": words})
}

func (p *Platform) signed(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.Good(fake.Bearer(r)) {
			refuse(w, http.StatusUnauthorized, "The access token is invalid")
			return
		}
		h(w, r)
	}
}

func (p *Platform) register(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name     string `json:"client_name"`
		Redirect string `json:"redirect_uris"`
	}
	if !fake.Read(r, &in) || in.Name == "" || !strings.Contains(in.Redirect, "://") {
		refuse(w, http.StatusUnprocessableEntity, "Validation failed: Redirect URI must be an absolute URI.")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	id := "app-" + strconv.Itoa(p.Serial())
	p.apps[id] = in.Redirect
	fake.Answer(w, http.StatusOK, map[string]any{"id": "1", "client_id": id, "client_secret": "secret-canary-" + id, "client_secret_expires_at": 0})
}

// authorize agrees at once, as the person would.
func (p *Platform) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	redirect, ok := p.apps[q.Get("client_id")]
	if !ok || redirect != q.Get("redirect_uri") || q.Get("response_type") != "code" || !strings.Contains(q.Get("scope"), "write:statuses") {
		http.Error(w, "The requested redirect uri is malformed or doesn't match client redirect URI.", http.StatusBadRequest)
		return
	}
	code := "code-canary-" + strconv.Itoa(p.Serial())
	p.codes[code] = grant{q.Get("client_id"), redirect, q.Get("code_challenge")}
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	http.Redirect(w, r, redirect+"?"+back.Encode(), http.StatusFound)
}

func (p *Platform) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.Mu.Lock()
	g, ok := p.codes[r.Form.Get("code")]
	_, known := p.apps[r.Form.Get("client_id")]
	delete(p.codes, r.Form.Get("code"))
	p.Mu.Unlock()
	switch {
	case !known || r.Form.Get("client_secret") != "secret-canary-"+r.Form.Get("client_id"):
		fake.Answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
	case !ok || g.app != r.Form.Get("client_id") || g.redirect != r.Form.Get("redirect_uri") || !fake.Proves(g.challenge, r.Form.Get("code_verifier")):
		fake.Answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
	default:
		p.Mu.Lock()
		token := fmt.Sprintf("tok-canary-oauth-%d", p.Serial())
		p.Mu.Unlock()
		p.Grant(token)
		fake.Answer(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "scope": "read:accounts read:statuses write:statuses write:media", "created_at": p.Now().Unix()})
	}
}

func (p *Platform) revoke(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.EndAccess()
	fake.Answer(w, http.StatusOK, map[string]any{})
}

func (p *Platform) instance(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{
		"domain": "mastodon.example", "version": "4.4.2", "api_versions": map[string]int{"mastodon": 7},
		"configuration": map[string]any{
			"statuses":          map[string]int{"max_characters": maxChars, "max_media_attachments": maxFiles, "characters_reserved_per_url": 23},
			"media_attachments": map[string]any{"supported_mime_types": []string{"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/quicktime", "audio/mpeg", "audio/ogg"}, "image_size_limit": imageBytes, "image_matrix_limit": 33_177_600, "video_size_limit": videoBytes, "video_matrix_limit": 8_294_400, "description_limit": maxAlt},
			"polls":             map[string]int{"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2_629_746},
		},
	})
}

func (p *Platform) who(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{
		"id": me, "username": "me", "acct": "me", "display_name": "Me", "url": "https://mastodon.example/@me", "avatar": "https://mastodon.example/me.png",
		"source": map[string]string{"privacy": "public"},
	})
}

func (p *Platform) upload(w http.ResponseWriter, r *http.Request) {
	values, files, _, err := fake.Parts(r)
	f, ok := files["file"]
	if err != nil || !ok {
		refuse(w, http.StatusUnprocessableEntity, "Validation failed: File can't be blank")
		return
	}
	moving := !strings.HasPrefix(f.MIME, "image/") || f.MIME == "image/gif"
	most := int64(imageBytes)
	if moving && f.MIME != "image/gif" {
		most = videoBytes
	}
	switch {
	case f.Size > most:
		refuse(w, http.StatusRequestEntityTooLarge, "Payload too large")
		return
	case uniseg.GraphemeClusterCount(values["description"]) > maxAlt:
		refuse(w, http.StatusUnprocessableEntity, "Validation failed: Description is too long (maximum is 1500 characters)")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f.Alt = values["description"]
	f.ReadyAt = p.Now()
	if moving {
		f.ReadyAt = p.Now().Add(workTime)
	}
	p.showFile(w, p.Keep(f), http.StatusAccepted)
}

func (p *Platform) showFile(w http.ResponseWriter, f *fake.File, working int) {
	out := map[string]any{"id": f.ID, "type": "image", "url": nil, "description": f.Alt}
	status := working
	if !p.Now().Before(f.ReadyAt) {
		out["url"] = "https://mastodon.example/media/" + f.ID
		status = http.StatusOK
	}
	fake.Answer(w, status, out)
}

func (p *Platform) media(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f, ok := p.File(r.PathValue("id"))
	if !ok || f.Used {
		refuse(w, http.StatusNotFound, "Record not found")
		return
	}
	p.showFile(w, f, http.StatusPartialContent)
}

type newStatus struct {
	Status  string   `json:"status"`
	Media   []string `json:"media_ids"`
	Spoiler string   `json:"spoiler_text"`
	Parent  string   `json:"in_reply_to_id"`
	Quoted  string   `json:"quoted_status_id"`
	Seen    string   `json:"visibility"`
	Poll    *struct {
		Options []string `json:"options"`
	} `json:"poll"`
}

var (
	links    = regexp.MustCompile(`https?://[^\s]+`)
	mentions = regexp.MustCompile(`(^|[^\w/@])@(\w+)@[\w.-]+\w`)
)

// length as the server counts: a link 23, a remote mention without its server.
func length(in newStatus) int {
	s := links.ReplaceAllString(in.Status, strings.Repeat("x", 23))
	s = mentions.ReplaceAllString(s, "$1@$2")
	return uniseg.GraphemeClusterCount(s) + uniseg.GraphemeClusterCount(in.Spoiler)
}

func (p *Platform) post(w http.ResponseWriter, r *http.Request) {
	var in newStatus
	if !fake.Read(r, &in) {
		refuse(w, http.StatusBadRequest, "There was a problem parsing the JSON")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	if k, ok := p.keys[key]; ok && key != "" && p.Now().Sub(k.at) < keyLife {
		if post, ok := p.Find(k.id); ok {
			fake.Answer(w, http.StatusOK, shown(post))
			return
		}
	}
	files, words := p.attach(in)
	if words == "" {
		words = p.judge(in)
	}
	if words != "" {
		status := http.StatusUnprocessableEntity
		if words == notFound {
			status = http.StatusNotFound
		}
		refuse(w, status, words)
		return
	}
	post := fake.Post{Text: in.Status, Parent: in.Parent, Key: key, More: map[string]string{"spoiler": in.Spoiler, "visibility": in.Seen, "quoted": in.Quoted}}
	if in.Poll != nil {
		post.More["poll"] = strings.Join(in.Poll.Options, "|")
	}
	for _, f := range files {
		f.Used = true
		post.Files = append(post.Files, *f)
	}
	post = p.Show(post)
	p.keys[key] = kept{post.ID, p.Now()}
	fake.Answer(w, http.StatusOK, shown(post))
}

const notFound = "Record not found"

func (p *Platform) judge(in newStatus) string {
	if _, ok := p.Find(in.Parent); in.Parent != "" && !ok {
		return notFound
	}
	switch n := length(in); {
	case strings.TrimSpace(in.Status) == "" && len(in.Media) == 0:
		return "Validation failed: Text can't be blank"
	case n > maxChars:
		return "Validation failed: Text character limit of 500 exceeded"
	case in.Poll != nil && len(in.Media) > 0:
		return "Validation failed: Poll can't be combined with media"
	}
	return ""
}

// attach takes files that are this account's, done, and in no post yet.
func (p *Platform) attach(in newStatus) ([]*fake.File, string) {
	if len(in.Media) > maxFiles {
		return nil, "Validation failed: Cannot attach more than 4 files"
	}
	var out []*fake.File
	moving := 0
	for _, id := range in.Media {
		f, ok := p.File(id)
		if !ok || f.Used {
			return nil, "Media with ids " + id + " were not found or are already attached to another status"
		}
		if p.Now().Before(f.ReadyAt) {
			return nil, "Cannot attach files that have not finished processing. Try again in a moment!"
		}
		if !strings.HasPrefix(f.MIME, "image/") || f.MIME == "image/gif" {
			moving++
		}
		out = append(out, f)
	}
	if moving > 0 && len(out) > 1 {
		return nil, "Validation failed: Cannot attach a video to a post that already contains images"
	}
	return out, ""
}

// shown is a status as the API gives it, its text as the server's own HTML.
func shown(p fake.Post) map[string]any {
	media := []map[string]string{}
	for _, f := range p.Files {
		media = append(media, map[string]string{"id": f.ID, "description": f.Alt})
	}
	content := html.EscapeString(p.Text)
	content = links.ReplaceAllStringFunc(content, func(s string) string {
		return `<a href="` + s + `"><span class="invisible">https://</span><span>` + strings.TrimPrefix(s, "https://") + `</span></a>`
	})
	content = mentions.ReplaceAllString(content, `$1<span class="h-card"><a href="#">@<span>$2</span></a></span>`)
	content = "<p>" + strings.ReplaceAll(strings.ReplaceAll(content, "\n\n", "</p><p>"), "\n", "<br />") + "</p>"
	return map[string]any{
		"id": p.ID, "uri": "https://mastodon.example/users/me/statuses/" + p.ID, "url": "https://mastodon.example/@me/" + p.ID, "created_at": p.At.Format(time.RFC3339Nano),
		"content": content, "spoiler_text": p.More["spoiler"], "in_reply_to_id": p.Parent, "media_attachments": media, "application": map[string]string{"name": "Omni Posto"},
		"replies_count": 1, "reblogs_count": 2, "favourites_count": 3, "quotes_count": 4,
		"account": map[string]string{"id": me, "acct": "me", "display_name": "Me"},
	}
}

func (p *Platform) list(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	out := []map[string]any{}
	if r.PathValue("id") == me {
		for _, post := range p.Newest(min(max(n, 1), 40)) {
			out = append(out, shown(post))
		}
	}
	fake.Answer(w, http.StatusOK, out)
}

func (p *Platform) get(w http.ResponseWriter, r *http.Request) { p.one(w, r, func(fake.Post) {}) }

func (p *Platform) one(w http.ResponseWriter, r *http.Request, do func(fake.Post)) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(r.PathValue("id"))
	if !ok {
		refuse(w, http.StatusNotFound, notFound)
		return
	}
	do(post)
	fake.Answer(w, http.StatusOK, shown(post))
}

func (p *Platform) edit(w http.ResponseWriter, r *http.Request) {
	var in newStatus
	fake.Read(r, &in)
	p.one(w, r, func(post fake.Post) { post.Text = in.Status; p.Change(post) })
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post) { p.Drop(post.ID) })
}

func (p *Platform) context(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	below := []map[string]any{}
	under := []string{r.PathValue("id")}
	for _, post := range slices.Backward(p.Newest(1000)) {
		if slices.Contains(under, post.Parent) {
			under = append(under, post.ID)
			below = append(below, shown(post))
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"ancestors": []any{}, "descendants": below})
}

var _ fake.Platform = (*Platform)(nil)
