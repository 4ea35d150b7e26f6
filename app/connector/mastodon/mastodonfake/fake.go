// Package mastodonfake is a Mastodon server as the fact sheet describes it, in memory.
package mastodonfake

import (
	"encoding/json"
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
	workTime   = 4 * time.Second // on a video
	maxAlt     = 1500
	imageBytes = 16_777_216
	videoBytes = 103_809_024
)

// Server is how a server of the family behaves; the fake of each look-alike says its own.
type Server struct {
	Host               string
	KeyLife            time.Duration // how long an Idempotency-Key counts; 0: it has no effect
	MaxChars, MaxFiles int
	MaxAlt             int
	MaxBytes           int64            // of a file; 0: as Mastodon
	Link               int              // what a link counts; 0: its length
	Length             func(string) int // nil: clusters, a mention without its server
	Mixes              bool             // files of all types in one post
	NeedsFile          bool
	Scopes             string        // as granted
	TokenLife          time.Duration // with a refresh token; 0: it doesn't end
	Unauthorized       func(http.ResponseWriter)
	Instance           map[string]any           // what it tells of itself
	Shows              func(text string) string // the text as HTML; nil: as Mastodon
	Source             bool                     // gives the text as it was written
}

// Platform is the server.
type Platform struct {
	fake.Base
	Server

	mux     *http.ServeMux
	keys    map[string]kept // Idempotency-Key: post
	apps    map[string]string
	codes   map[string]grant
	renewal map[string]string // refresh token: app
}

type kept struct {
	id string
	at time.Time
}

type grant struct{ app, redirect, challenge string }

// Token is a personal access token that is good from the start.
const Token = "tok-canary-personal-91b2f7"

// New makes a Mastodon server with one account.
func New(w fake.World) fake.Platform {
	return Like(w, Server{
		Host: "mastodon.example", KeyLife: time.Hour, MaxChars: 500, MaxFiles: 4, MaxAlt: maxAlt, Link: 23,
		Scopes: "read:accounts read:statuses write:statuses write:media",
		Instance: map[string]any{
			"domain": "mastodon.example", "version": "4.4.2", "api_versions": map[string]int{"mastodon": 7},
			"configuration": map[string]any{
				"statuses":          map[string]int{"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23},
				"media_attachments": map[string]any{"supported_mime_types": []string{"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/quicktime", "audio/mpeg", "audio/ogg"}, "image_size_limit": imageBytes, "image_matrix_limit": 33_177_600, "video_size_limit": videoBytes, "video_matrix_limit": 8_294_400, "description_limit": maxAlt},
				"polls":             map[string]int{"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2_629_746},
			},
		},
	})
}

// Like makes a server of the family.
func Like(w fake.World, like Server) *Platform {
	p := &Platform{Server: like, mux: http.NewServeMux(), keys: map[string]kept{}, apps: map[string]string{}, codes: map[string]grant{}, renewal: map[string]string{}}
	p.Begin(w)
	p.Grant(Token)
	for pattern, h := range map[string]http.HandlerFunc{
		"POST /api/v1/apps":                       p.register,
		"GET /oauth/authorize":                    p.authorize,
		"POST /oauth/token":                       p.token,
		"POST /oauth/revoke":                      p.revoke,
		"GET /api/v2/instance":                    p.tells,
		"GET /api/v1/accounts/verify_credentials": p.signed(p.who),
		"GET /api/v1/accounts/{id}/statuses":      p.signed(p.list),
		"POST /api/v1/media":                      p.signed(p.upload),
		"POST /api/v2/media":                      p.signed(p.upload),
		"GET /api/v1/media/{id}":                  p.signed(p.media),
		"POST /api/v1/statuses":                   p.signed(p.post),
		"GET /api/v1/statuses/{id}":               p.signed(p.get),
		"GET /api/v1/statuses/{id}/context":       p.signed(p.context),
		"GET /api/v1/statuses/{id}/source":        p.signed(p.written),
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
func (p *Platform) Accounts() []fake.Account {
	return []fake.Account{
		{Way: "token", Fields: map[string]string{"server": p.Host, "token": Token}},
		{Way: "oauth", Fields: map[string]string{"server": "@me@" + p.Host}},
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
			if p.Unauthorized != nil {
				p.Unauthorized(w)
				return
			}
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
	if !ok || redirect != q.Get("redirect_uri") || q.Get("response_type") != "code" || !strings.Contains(q.Get("scope"), "write") {
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
	app := r.Form.Get("client_id")
	p.Mu.Lock()
	defer p.Mu.Unlock()
	g, ok := p.codes[r.Form.Get("code")]
	delete(p.codes, r.Form.Get("code"))
	if _, known := p.apps[app]; !known || r.Form.Get("client_secret") != "secret-canary-"+app {
		fake.Answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	renews := r.Form.Get("grant_type") == "refresh_token"
	if renews {
		ok = p.renewal[r.Form.Get("refresh_token")] == app
		delete(p.renewal, r.Form.Get("refresh_token"))
	} else {
		ok = ok && g.app == app && g.redirect == r.Form.Get("redirect_uri") && fake.Proves(g.challenge, r.Form.Get("code_verifier"))
	}
	if !ok {
		fake.Answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	p.give(w, app, renews)
}

// give answers with a new token; callers hold Mu.
func (p *Platform) give(w http.ResponseWriter, app string, renewed bool) {
	n := p.Serial()
	out := map[string]any{"access_token": fmt.Sprintf("tok-canary-oauth-%d", n), "token_type": "Bearer", "scope": p.Scopes, "created_at": p.Now().Unix()}
	if p.TokenLife > 0 {
		refresh := fmt.Sprintf("tok-canary-refresh-%d", n)
		p.renewal[refresh] = app
		out["refresh_token"], out["expires_in"] = refresh, int(p.TokenLife.Seconds())
	}
	p.Mu.Unlock()
	p.Grant(out["access_token"].(string))
	if renewed {
		p.Refreshed()
	}
	p.Mu.Lock()
	fake.Answer(w, http.StatusOK, out)
}

func (p *Platform) revoke(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.EndAccess()
	fake.Answer(w, http.StatusOK, map[string]any{})
}

func (p *Platform) tells(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, p.Instance)
}

func (p *Platform) who(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{
		"id": me, "username": "me", "acct": "me", "display_name": "Me", "url": "https://" + p.Host + "/@me", "avatar": "https://" + p.Host + "/me.png",
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
	if p.MaxBytes > 0 {
		most = p.MaxBytes
	}
	switch {
	case f.Size > most:
		refuse(w, http.StatusRequestEntityTooLarge, "Payload too large")
		return
	case uniseg.GraphemeClusterCount(values["description"]) > p.MaxAlt:
		refuse(w, http.StatusUnprocessableEntity, fmt.Sprintf("Validation failed: Description is too long (maximum is %d characters)", p.MaxAlt))
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
		out["url"] = "https://" + p.Host + "/media/" + f.ID
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

	// What look-alikes know beside.
	Content   string          `json:"content_type"`
	Local     bool            `json:"local_only"`
	Silent    bool            `json:"comments_disabled"`
	Expires   int             `json:"expires_in"`
	Replies   json.RawMessage `json:"interaction_policy"`
	Friendica struct {
		Title string `json:"title"`
	} `json:"friendica"`
}

// more is what else can be seen of a post.
func (in newStatus) more() map[string]string {
	out := map[string]string{
		"spoiler": in.Spoiler, "visibility": in.Seen, "quoted": in.Quoted, "content_type": in.Content, "replies": string(in.Replies), "title": in.Friendica.Title,
		"local": strconv.FormatBool(in.Local), "silent": strconv.FormatBool(in.Silent), "expires": strconv.Itoa(in.Expires),
	}
	if in.Poll != nil {
		out["poll"] = strings.Join(in.Poll.Options, "|")
	}
	return out
}

var (
	links    = regexp.MustCompile(`https?://[^\s]+`)
	mentions = regexp.MustCompile(`(^|[^\w/@])@(\w+)@[\w.-]+\w`)
)

// length as the server counts, with the warning.
func (p *Platform) length(in newStatus) int {
	s := in.Status
	if p.Link > 0 {
		s = links.ReplaceAllString(s, strings.Repeat("x", p.Link))
	}
	if p.Length != nil {
		return p.Length(s) + p.Length(in.Spoiler)
	}
	return uniseg.GraphemeClusterCount(mentions.ReplaceAllString(s, "$1@$2")) + uniseg.GraphemeClusterCount(in.Spoiler)
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
	if k, ok := p.keys[key]; ok && key != "" && p.Now().Sub(k.at) < p.KeyLife {
		if post, ok := p.Find(k.id); ok {
			fake.Answer(w, http.StatusOK, p.shown(post))
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
	post := fake.Post{Text: in.Status, Parent: in.Parent, Key: key, More: in.more()}
	for _, f := range files {
		f.Used = true
		post.Files = append(post.Files, *f)
	}
	post = p.Show(post)
	p.keys[key] = kept{post.ID, p.Now()}
	fake.Answer(w, http.StatusOK, p.shown(post))
}

const notFound = "Record not found"

func (p *Platform) judge(in newStatus) string {
	if _, ok := p.Find(in.Parent); in.Parent != "" && !ok {
		return notFound
	}
	switch n := p.length(in); {
	case p.NeedsFile && len(in.Media) == 0:
		return "The media ids field is required."
	case strings.TrimSpace(in.Status) == "" && len(in.Media) == 0:
		return "Validation failed: Text can't be blank"
	case n > p.MaxChars:
		return fmt.Sprintf("Validation failed: Text character limit of %d exceeded", p.MaxChars)
	case in.Poll != nil && len(in.Media) > 0:
		return "Validation failed: Poll can't be combined with media"
	}
	return ""
}

// attach takes files that are this account's, done, and in no post yet.
func (p *Platform) attach(in newStatus) ([]*fake.File, string) {
	if p.MaxFiles > 0 && len(in.Media) > p.MaxFiles {
		return nil, fmt.Sprintf("Validation failed: Cannot attach more than %d files", p.MaxFiles)
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
	if moving > 0 && len(out) > 1 && !p.Mixes {
		return nil, "Validation failed: Cannot attach a video to a post that already contains images"
	}
	return out, ""
}

// asHTML is a text as Mastodon shows it.
func asHTML(text string) string {
	content := html.EscapeString(text)
	content = links.ReplaceAllStringFunc(content, func(s string) string {
		return `<a href="` + s + `"><span class="invisible">https://</span><span>` + strings.TrimPrefix(s, "https://") + `</span></a>`
	})
	content = mentions.ReplaceAllString(content, `$1<span class="h-card"><a href="#">@<span>$2</span></a></span>`)
	return "<p>" + strings.ReplaceAll(strings.ReplaceAll(content, "\n\n", "</p><p>"), "\n", "<br />") + "</p>"
}

// shown is a status as the API gives it, its text as the server's own HTML.
func (p *Platform) shown(post fake.Post) map[string]any {
	media := []map[string]string{}
	for _, f := range post.Files {
		media = append(media, map[string]string{"id": f.ID, "description": f.Alt})
	}
	show := p.Shows
	if show == nil {
		show = asHTML
	}
	return map[string]any{
		"id": post.ID, "uri": "https://" + p.Host + "/users/me/statuses/" + post.ID, "url": "https://" + p.Host + "/@me/" + post.ID, "created_at": post.At.Format(time.RFC3339Nano),
		"content": show(post.Text), "spoiler_text": post.More["spoiler"], "in_reply_to_id": post.Parent, "media_attachments": media, "application": map[string]string{"name": "Omni Posto"},
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
			out = append(out, p.shown(post))
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
	fake.Answer(w, http.StatusOK, p.shown(post))
}

// written is the text as it was sent.
func (p *Platform) written(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(r.PathValue("id"))
	if !ok || !p.Source {
		refuse(w, http.StatusNotFound, notFound)
		return
	}
	fake.Answer(w, http.StatusOK, map[string]string{"id": post.ID, "text": post.Text, "spoiler_text": post.More["spoiler"]})
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
			below = append(below, p.shown(post))
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"ancestors": []any{}, "descendants": below})
}

var _ fake.Platform = (*Platform)(nil)
