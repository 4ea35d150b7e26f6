// Package threadsfake is Threads as the fact sheet describes it, in memory.
package threadsfake

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/meta/metafake"
)

const (
	me       = "17841400000000123"
	maxText  = 500
	textTime = time.Second     // work on words
	fileTime = 8 * time.Second // and on a file
	lag      = 2 * time.Second // until a new post can be answered
)

// Platform is Threads.
type Platform struct{ metafake.Graph }

// New makes Threads with one profile.
func New(w fake.World) fake.Platform {
	p := &Platform{}
	p.Begin(w, fake.Client{ID: "9876543210", Secret: "threads-secret-canary"})
	p.Mux.HandleFunc("GET /oauth/authorize", func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Query().Get("scope"), "threads_basic,") {
			metafake.Refuse(w, http.StatusBadRequest, 100, 0, "Invalid scope")
			return
		}
		p.Authorize(w, r)
	})
	p.Mux.HandleFunc("POST /oauth/access_token", p.Token)
	p.Mux.HandleFunc("GET /access_token", p.Exchange("th_exchange_token", "access_token"))
	p.Mux.HandleFunc("GET /refresh_access_token", p.Extend("th_refresh_token"))
	p.Handle("GET /v1.0/me", func(w http.ResponseWriter, _ *http.Request) {
		fake.Answer(w, http.StatusOK, map[string]any{"id": me, "username": "me", "name": "Me", "threads_profile_picture_url": "https://scontent.cdninstagram.com/me.jpg"})
	})
	p.Handle("POST /v1.0/"+me+"/threads", p.container)
	p.Handle("POST /v1.0/"+me+"/threads_publish", p.publish)
	p.Handle("GET /v1.0/"+me+"/threads", p.list(func(q fake.Post) bool { return q.Parent == "" }))
	p.Handle("GET /v1.0/"+me+"/replies", p.list(func(q fake.Post) bool { return q.Parent != "" }))
	p.Handle("GET /v1.0/"+me+"/threads_publishing_limit", p.limit)
	p.Handle("GET /v1.0/{id}", p.one)
	p.Handle("DELETE /v1.0/{id}", p.remove)
	p.Handle("GET /v1.0/{id}/conversation", p.conversation)
	p.Handle("GET /v1.0/{id}/insights", p.insights)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account { return []fake.Account{{Way: "oauth"}} }

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{ID: p.number(), Text: text, More: map[string]string{}}
	for range files {
		post.Files = append(post.Files, fake.File{MIME: "IMAGE"})
	}
	return p.Show(post)
}

func (p *Platform) number() string { return strconv.Itoa(18_050_000_000_000_000 + p.Serial()) }

func bad(w http.ResponseWriter, words string) {
	metafake.Refuse(w, http.StatusBadRequest, 100, 0, words)
}

// length is how long Threads finds a text: an emoji is as long as its bytes.
func length(s string) int {
	n, emoji := 0, false
	for _, r := range s {
		picture := r >= 0x1f000 && r <= 0x1faff || r >= 0x2600 && r <= 0x27bf
		if picture || emoji && (r == 0x200d || r == 0xfe0f) {
			n += utf8.RuneLen(r)
			emoji = true
			continue
		}
		emoji = false
		n++
	}
	return n
}

var address = regexp.MustCompile(`https?://[^\s]+`)

func (p *Platform) container(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	in := r.PostForm
	p.Mu.Lock()
	defer p.Mu.Unlock()
	links := address.FindAllString(in.Get("text")+" "+in.Get("link_attachment"), -1)
	slices.Sort(links)
	switch {
	case length(in.Get("text")) > maxText:
		bad(w, "Param text must be at most 500 characters long.")
		return
	case len(slices.Compact(links)) > 5:
		bad(w, "THREADS_API__LINK_LIMIT_EXCEEDED")
		return
	case utf8.RuneCountInString(in.Get("alt_text")) > 1000, utf8.RuneCountInString(in.Get("topic_tag")) > 50, strings.ContainsAny(in.Get("topic_tag"), ".&"):
		bad(w, "Param alt_text or topic_tag isn't valid.")
		return
	case in.Get("auto_publish_text") != "":
		bad(w, "This profile makes containers first.")
		return
	}
	if on := in.Get("reply_to_id"); on != "" {
		if q, ok := p.Find(on); !ok || p.Now().Sub(q.At) < lag {
			metafake.Refuse(w, http.StatusBadRequest, 24, 4279009, "Media Not Found")
			return
		}
	}
	files, work, words := p.files(in)
	if words == "" {
		words = attached(in)
	}
	if words != "" {
		bad(w, words)
		return
	}
	fake.Answer(w, http.StatusOK, map[string]string{"id": p.Put(in, files, work).ID})
}

// files are what a container holds, how long Threads works on it, or what is wrong.
func (p *Platform) files(in map[string][]string) ([]fake.File, time.Duration, string) {
	get := func(name string) string { return strings.Join(in[name], "") }
	switch get("media_type") {
	case "TEXT":
		if strings.TrimSpace(get("text")) == "" {
			return nil, 0, "Param text is required."
		}
		return nil, textTime, ""
	case "IMAGE", "VIDEO":
		at := get(strings.ToLower(get("media_type")) + "_url")
		if !strings.HasPrefix(at, "https://") {
			return nil, 0, "The media has no address."
		}
		if get("is_carousel_item") == "true" && get("text") != "" {
			return nil, 0, "An item has no text."
		}
		return []fake.File{{Name: at, MIME: get("media_type"), Alt: get("alt_text")}}, fileTime, ""
	case "CAROUSEL":
		files, ok := p.Children(get("children"))
		if !ok || len(files) < 2 || len(files) > 20 {
			return nil, 0, "Param children isn't valid."
		}
		return files, textTime, ""
	}
	return nil, 0, "Param media_type isn't valid."
}

// attached says what is wrong with what hangs on a text.
func attached(in map[string][]string) string {
	get := func(name string) string { return strings.Join(in[name], "") }
	n := 0
	for _, name := range []string{"poll_attachment", "text_attachment", "gif_attachment", "link_attachment"} {
		if get(name) != "" {
			n++
		}
	}
	var poll map[string]string
	if at := get("poll_attachment"); at != "" && (json.Unmarshal([]byte(at), &poll) != nil || poll["option_a"] == "" || poll["option_b"] == "") {
		return "Param poll_attachment isn't valid."
	}
	for _, o := range poll {
		if utf8.RuneCountInString(o) > 25 {
			return "Param poll_attachment isn't valid."
		}
	}
	if n > 1 || n == 1 && get("media_type") != "TEXT" {
		return "The attachments can't be combined."
	}
	return ""
}

func (p *Platform) publish(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	b, ok := p.Boxes[r.PostForm.Get("creation_id")]
	switch {
	case ok && b.Post != "":
		bad(w, "The container was published.")
		return
	case !ok || b.Child || p.State(b) != "FINISHED":
		metafake.Refuse(w, http.StatusBadRequest, 24, 4279009, "Media Not Found")
		return
	}
	more := map[string]string{}
	for name := range b.Form {
		more[name] = b.Form.Get(name)
	}
	post := p.Show(fake.Post{ID: p.number(), Text: b.Form.Get("text"), Parent: b.Form.Get("reply_to_id"), Files: b.Files, More: more})
	b.Post = post.ID
	fake.Answer(w, http.StatusOK, map[string]string{"id": post.ID})
}

func shown(q fake.Post) map[string]any {
	kind := "TEXT_POST"
	switch {
	case len(q.Files) > 1:
		kind = "CAROUSEL_ALBUM"
	case len(q.Files) == 1:
		kind = q.Files[0].MIME
	}
	out := map[string]any{"id": q.ID, "text": q.Text, "media_type": kind, "permalink": "https://www.threads.com/@me/post/C" + q.ID, "timestamp": metafake.At(q.At), "username": "me"}
	if q.Parent != "" {
		out["replied_to"] = map[string]string{"id": q.Parent}
	}
	return out
}

func (p *Platform) list(takes func(fake.Post) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.Mu.Lock()
		defer p.Mu.Unlock()
		most, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		list := []any{}
		for _, q := range p.Newest(10_000) {
			if takes(q) && len(list) < most {
				list = append(list, shown(q))
			}
		}
		fake.Answer(w, http.StatusOK, map[string]any{"data": list})
	}
}

func (p *Platform) limit(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	posts, replies := 0, 0
	for _, q := range p.Newest(10_000) {
		switch {
		case p.Now().Sub(q.At) >= 24*time.Hour:
		case q.Parent == "":
			posts++
		default:
			replies++
		}
	}
	day := func(total int) map[string]int { return map[string]int{"quota_total": total, "quota_duration": 86400} }
	all := map[string]any{"quota_usage": posts, "config": day(250), "reply_quota_usage": replies, "reply_config": day(1000)}
	out := map[string]any{}
	for _, name := range strings.Split(r.URL.Query().Get("fields"), ",") {
		out[name] = all[name]
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": []any{out}})
}

func missing(w http.ResponseWriter) {
	metafake.Refuse(w, http.StatusBadRequest, 100, 33, "Unsupported request. Object does not exist, or isn't yours.")
}

// one is a container or a post.
func (p *Platform) one(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if b, ok := p.Boxes[r.PathValue("id")]; ok {
		fake.Answer(w, http.StatusOK, map[string]string{"id": b.ID, "status": p.State(b)})
		return
	}
	q, ok := p.Find(r.PathValue("id"))
	if !ok {
		missing(w)
		return
	}
	fake.Answer(w, http.StatusOK, shown(q))
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	id := r.PathValue("id")
	if _, ok := p.Find(id); !ok {
		missing(w)
		return
	}
	p.Drop(id)
	fake.Answer(w, http.StatusOK, map[string]any{"success": true, "deleted_id": id})
}

// conversation is all that stands below a post, two a page.
func (p *Platform) conversation(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	below := map[string]bool{r.PathValue("id"): true}
	list := []any{}
	newest := p.Newest(10_000)
	for _, q := range slices.Backward(newest) {
		if below[q.Parent] {
			below[q.ID] = true
			list = append(list, shown(q))
		}
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("after"))
	from = min(from, len(list))
	to := min(from+2, len(list))
	out := map[string]any{"data": list[from:to]}
	if to < len(list) {
		out["paging"] = map[string]any{"next": "https://graph.threads.net/v1.0/next", "cursors": map[string]string{"after": strconv.Itoa(to)}}
	}
	fake.Answer(w, http.StatusOK, out)
}

func (p *Platform) insights(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if _, ok := p.Find(r.PathValue("id")); !ok {
		missing(w)
		return
	}
	metafake.Figures(w, r)
}

var _ fake.Registered = (*Platform)(nil)
