// Package redditfake is Reddit as the fact sheet describes it, in memory.
package redditfake

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	me       = "tester"
	bucket   = "reddit-uploaded-media.s3-accelerate.amazonaws.com"
	videos   = "reddit-uploaded-video.s3-accelerate.amazonaws.com"
	workTime = 90 * time.Second // until a picture or video shows
)

// Platform is Reddit.
type Platform struct {
	fake.Base
	*fake.Provider
	mux    *http.ServeMux
	leases map[string]*fake.File // by the key that the bucket is given
	later  []fake.Post           // accepted, not shown yet; At is when
}

// New makes Reddit with one account, and the communities golang, pictures (images alone), flaired (wants a flair).
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux(), leases: map[string]*fake.File{}}
	p.Base.Begin(w)
	p.Provider = &fake.Provider{
		Base: &p.Base, Client: fake.Client{ID: "reddit-client", Secret: "reddit-secret-canary", Extra: map[string]string{"owner": "tester"}}, Basic: true, Renews: true, Life: 24 * time.Hour,
		Scopes: "identity submit read history flair mysubreddits edit",
	}
	p.mux.HandleFunc("GET /api/v1/authorize", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("duration") != "permanent" {
			http.Error(w, "without a refresh token", http.StatusBadRequest)
			return
		}
		p.Authorize(w, r)
	})
	p.mux.HandleFunc("POST /api/v1/access_token", p.Token)
	p.mux.HandleFunc("POST /api/v1/revoke_token", func(w http.ResponseWriter, r *http.Request) {
		p.Revoke(w, r)
		if r.Form.Get("token_type_hint") == "refresh_token" {
			p.EndAccess()
		}
	})
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /api/v1/me":                     p.who,
		"GET /subreddits/mine/subscriber":    p.mine,
		"GET /api/subreddit_autocomplete_v2": p.mine,
		"GET /r/{sr}/about":                  p.about,
		"GET /api/v1/{sr}/post_requirements": p.requirements,
		"GET /r/{sr}/api/link_flair_v2":      p.flairs,
		"POST /api/media/asset.json":         p.lease,
		"POST /api/submit":                   p.submit,
		"POST /api/submit_gallery_post.json": p.gallery,
		"POST /api/submit_poll_post":         p.poll,
		"POST /api/comment":                  p.comment,
		"GET /user/{name}/overview":          p.overview,
		"POST /api/editusertext":             p.edit,
		"POST /api/del":                      p.remove,
		"GET /comments/{id}":                 p.comments,
		"GET /api/info":                      p.info,
	} {
		p.mux.HandleFunc(pattern, p.signed(h))
	}
	p.mux.HandleFunc("POST /{$}", p.bucket)
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.settle()
	p.mux.ServeHTTP(w, r)
}

// settle shows what Reddit is done with.
func (p *Platform) settle() {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.later = slices.DeleteFunc(p.later, func(post fake.Post) bool {
		if p.Now().Before(post.At) {
			return false
		}
		p.Show(post)
		return true
	})
}

// Visible implements fake.Platform.
func (p *Platform) Visible() []fake.Post {
	p.settle()
	return p.Base.Visible()
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account { return []fake.Account{{Way: "oauth"}} }

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{ID: p.name("t3"), Text: text, More: map[string]string{"kind": "self", "sr": "golang", "title": "ttttt"}}
	switch {
	case files == 1:
		post.More["kind"] = "image"
	case files > 1:
		post.More["kind"] = "gallery"
	}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Used: true}))
	}
	return p.Show(post)
}

func (p *Platform) name(kind string) string {
	return kind + "_" + strconv.FormatInt(int64(1_000_000+p.Serial()), 36)
}

func (p *Platform) signed(h http.HandlerFunc) http.HandlerFunc {
	return p.Signed(func(w http.ResponseWriter) {
		fake.Answer(w, http.StatusUnauthorized, map[string]any{"message": "Unauthorized", "error": 401})
	}, func(w http.ResponseWriter, r *http.Request) {
		if agent := r.Header.Get("User-Agent"); agent != "web:reddit-client:v1.0 (by /u/tester)" {
			fake.Answer(w, http.StatusTooManyRequests, map[string]any{"message": "Too Many Requests", "error": 429})
			return
		}
		h(w, r)
	})
}

func wrong(w http.ResponseWriter, code, words, field string) {
	fake.Answer(w, http.StatusOK, map[string]any{"json": map[string]any{"errors": [][]string{{code, words, field}}}})
}

func (p *Platform) who(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"id": "ab12c", "name": me, "icon_img": "https://styles.redditmedia.com/t.png", "total_karma": 42, "is_suspended": false})
}

// places are the communities that there are.
var places = map[string]map[string]any{
	"golang":   {"display_name": "golang", "title": "The Go Programming Language", "subreddit_type": "public", "submission_type": "any", "allow_images": true, "allow_videos": true, "allow_galleries": true, "allow_polls": true, "spoilers_enabled": true},
	"pictures": {"display_name": "pictures", "title": "Pictures", "subreddit_type": "public", "submission_type": "link", "allow_images": true, "allow_videos": false, "allow_galleries": false, "allow_polls": false, "spoilers_enabled": false},
	"flaired":  {"display_name": "flaired", "title": "With flair", "subreddit_type": "public", "submission_type": "any", "allow_images": true, "allow_videos": true, "allow_galleries": true, "allow_polls": true, "spoilers_enabled": true},
}

var names = []string{"golang", "flaired", "pictures"}

func (p *Platform) mine(w http.ResponseWriter, r *http.Request) {
	out := []map[string]any{}
	for _, n := range names {
		if strings.HasPrefix(n, r.URL.Query().Get("query")) {
			out = append(out, map[string]any{"kind": "t5", "data": places[n]})
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": map[string]any{"children": out}})
}

func (p *Platform) about(w http.ResponseWriter, r *http.Request) {
	place, ok := places[r.PathValue("sr")]
	if !ok {
		fake.Answer(w, http.StatusNotFound, map[string]any{"message": "Not Found", "error": 404})
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"kind": "t5", "data": place})
}

func (p *Platform) requirements(w http.ResponseWriter, r *http.Request) {
	out := map[string]any{"title_text_min_length": nil, "title_text_max_length": nil, "is_flair_required": false, "body_restriction_policy": "none", "title_required_strings": []string{}, "domain_blacklist": []string{"spam.example"}}
	if r.PathValue("sr") == "flaired" {
		out["is_flair_required"], out["title_text_min_length"], out["title_required_strings"] = true, 10, []string{"[Go]", "[Other]"}
	}
	fake.Answer(w, http.StatusOK, out)
}

func (p *Platform) flairs(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("sr") != "flaired" {
		fake.Answer(w, http.StatusForbidden, map[string]any{"message": "Forbidden", "error": 403})
		return
	}
	fake.Answer(w, http.StatusOK, []map[string]any{{"id": "fl-1", "text": "News", "text_editable": false}, {"id": "fl-2", "text": "Help", "text_editable": true}})
}

func (p *Platform) lease(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	mime := r.Form.Get("mimetype")
	if r.Form.Get("filepath") == "" || mime == "" {
		wrong(w, "BAD_FILE", "there is no file", "file")
		return
	}
	id := fmt.Sprintf("asset%06d", p.Serial())
	host := bucket
	if strings.HasPrefix(mime, "video/") {
		host = videos
	}
	f := p.Keep(fake.File{ID: id, Name: "https://" + host + "/rte/" + id, MIME: mime})
	p.leases["rte/"+id] = f
	fields := []map[string]string{{"name": "acl", "value": "private"}, {"name": "key", "value": "rte/" + id}, {"name": "X-Amz-Signature", "value": "signature-canary-" + id}}
	fake.Answer(w, http.StatusOK, map[string]any{
		"args":  map[string]any{"action": "//" + host, "fields": fields},
		"asset": map[string]any{"asset_id": id, "processing_state": "incomplete", "websocket_url": "wss://ws.reddit.com/" + id},
	})
}

// bucket takes a file with the fields of its lease, and no access.
func (p *Platform) bucket(w http.ResponseWriter, r *http.Request) {
	values, files, _, err := fake.Parts(r)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f, ok := p.leases[values["key"]]
	given, sent := files["file"]
	w.Header().Set("Content-Type", "application/xml")
	if err != nil || !ok || !sent || r.Header.Get("Authorization") != "" || values["X-Amz-Signature"] != "signature-canary-"+f.ID {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<Error><Code>AccessDenied</Code></Error>"))
		return
	}
	f.Size, f.Sum = given.Size, given.Sum
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte("<PostResponse><Location>" + f.Name + "</Location></PostResponse>"))
}

// judge says what is wrong with a post: code, words, field.
func judge(sr, title, text, flair string) (string, string, string) {
	place, ok := places[sr]
	switch n := utf8.RuneCountInString(title); {
	case !ok:
		return "SUBREDDIT_NOEXIST", "that subreddit doesn't exist", "sr"
	case strings.TrimSpace(title) == "":
		return "NO_TEXT", "we need something here", "title"
	case n > 300:
		return "TOO_LONG", "this is too long (max: 300)", "title"
	case utf8.RuneCountInString(text) > 40000:
		return "TOO_LONG", "this is too long (max: 40000)", "text"
	case place["display_name"] == "flaired" && flair == "":
		return "SUBMIT_VALIDATION_FLAIR_REQUIRED", "Your post must contain post flair.", "flair"
	}
	return "", "", ""
}

func (p *Platform) submit(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	f := r.Form
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if code, words, field := judge(f.Get("sr"), f.Get("title"), f.Get("text"), f.Get("flair_id")); code != "" {
		wrong(w, code, words, field)
		return
	}
	post := fake.Post{ID: p.name("t3"), Text: f.Get("text"), More: map[string]string{}}
	for _, name := range []string{"kind", "sr", "title", "url", "flair_id", "flair_text", "nsfw", "spoiler", "sendreplies", "crosspost_fullname"} {
		post.More[name] = f.Get(name)
	}
	switch f.Get("kind") {
	case "self", "crosspost":
	case "link":
		if u, err := url.Parse(f.Get("url")); err != nil || u.Host == "" {
			wrong(w, "BAD_URL", "you should check that url", "url")
			return
		}
	case "image", "video":
		p.media(w, f, post)
		return
	default:
		wrong(w, "INVALID_OPTION", "that option is not valid", "kind")
		return
	}
	p.accepted(w, p.Show(post))
}

// media is accepted without a number, and shows later.
func (p *Platform) media(w http.ResponseWriter, f url.Values, post fake.Post) {
	file, ok := p.uploaded(f.Get("url"))
	poster, shows := p.uploaded(f.Get("video_poster_url"))
	if !ok || f.Get("kind") == "video" && (!shows || !strings.HasPrefix(poster.MIME, "image/")) {
		wrong(w, "BAD_URL", "you should check that url", "url")
		return
	}
	post.Files = []fake.File{*file}
	post.At = p.Now().Add(workTime)
	p.later = append(p.later, post)
	fake.Answer(w, http.StatusOK, map[string]any{"json": map[string]any{"errors": []any{}, "data": map[string]string{"user_submitted_page": "https://www.reddit.com/user/" + me + "/submitted/", "websocket_url": "wss://ws.reddit.com/x"}}})
}

func (p *Platform) uploaded(at string) (*fake.File, bool) {
	for _, f := range p.leases {
		if f.Name == at && f.Sum != "" {
			return f, true
		}
	}
	return nil, false
}

func permalink(post fake.Post) string {
	return "/r/" + post.More["sr"] + "/comments/" + strings.TrimPrefix(post.ID, "t3_") + "/title/"
}

func (p *Platform) accepted(w http.ResponseWriter, post fake.Post) {
	fake.Answer(w, http.StatusOK, map[string]any{"json": map[string]any{"errors": []any{}, "data": map[string]any{
		"url": "https://www.reddit.com" + permalink(post), "id": strings.TrimPrefix(post.ID, "t3_"), "name": post.ID, "drafts_count": 0,
	}}})
}

type together struct {
	SR       string   `json:"sr"`
	Title    string   `json:"title"`
	Text     string   `json:"text"`
	Flair    string   `json:"flair_id"`
	NSFW     bool     `json:"nsfw"`
	Options  []string `json:"options"`
	Duration int      `json:"duration"`
	Items    []struct {
		ID string `json:"media_id"`
	} `json:"items"`
}

func (p *Platform) both(w http.ResponseWriter, r *http.Request, kind string, fill func(*fake.Post, together) bool) {
	var in together
	ok := fake.Read(r, &in)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if code, words, field := judge(in.SR, in.Title, in.Text, in.Flair); code != "" {
		wrong(w, code, words, field)
		return
	}
	post := fake.Post{ID: p.name("t3"), Text: in.Text, More: map[string]string{"kind": kind, "sr": in.SR, "title": in.Title, "flair_id": in.Flair, "nsfw": strconv.FormatBool(in.NSFW)}}
	if !ok || !fill(&post, in) {
		wrong(w, "INVALID_OPTION", "that option is not valid", "items")
		return
	}
	p.accepted(w, p.Show(post))
}

func (p *Platform) gallery(w http.ResponseWriter, r *http.Request) {
	p.both(w, r, "gallery", func(post *fake.Post, in together) bool {
		for _, i := range in.Items {
			f, ok := p.File(i.ID)
			if !ok || f.Sum == "" || !strings.HasPrefix(f.MIME, "image/") {
				return false
			}
			post.Files = append(post.Files, *f)
		}
		return len(in.Items) >= 2 && len(in.Items) <= 20
	})
}

func (p *Platform) poll(w http.ResponseWriter, r *http.Request) {
	p.both(w, r, "self", func(post *fake.Post, in together) bool {
		post.More["poll"] = fmt.Sprint(strings.Join(in.Options, "|"), " ", in.Duration)
		return len(in.Options) >= 2 && len(in.Options) <= 6 && in.Duration >= 1 && in.Duration <= 7
	})
}

func (p *Platform) comment(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	_, ok := p.Find(r.Form.Get("thing_id"))
	switch words := r.Form.Get("text"); {
	case !ok:
		wrong(w, "NO_THING_ID", "id not specified", "parent")
	case strings.TrimSpace(words) == "":
		wrong(w, "NO_TEXT", "we need something here", "text")
	case utf8.RuneCountInString(words) > 10000:
		wrong(w, "TOO_LONG", "this is too long (max: 10000)", "text")
	default:
		post := p.Show(fake.Post{ID: p.name("t1"), Text: words, Parent: r.Form.Get("thing_id"), More: map[string]string{"kind": "comment", "sr": "golang"}})
		fake.Answer(w, http.StatusOK, map[string]any{"json": map[string]any{"errors": []any{}, "data": map[string]any{"things": []any{map[string]any{"kind": "t1", "data": shown(post)}}}}})
	}
}
