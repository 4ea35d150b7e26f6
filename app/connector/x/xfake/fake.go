// Package xfake is X as the fact sheet describes it, in memory.
package xfake

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	me         = "2244994945"
	username   = "me"
	maxLength  = 280
	maxAlt     = 1000
	imageBytes = 5 << 20
	gifBytes   = 15 << 20
	videoBytes = 512 << 20
	workTime   = 3 * time.Second
	sameWords  = 50 * time.Second // in which the same words are refused
	problems   = "https://api.x.com/2/problems/"
)

// Platform is X.
type Platform struct {
	fake.Base
	*fake.Provider
	mux     *http.ServeMux
	uploads map[string]*uploading
	keys    bool // the pasted keys are good
}

// New makes X with one account.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux(), uploads: map[string]*uploading{}, keys: true}
	p.Base.Begin(w)
	p.Provider = &fake.Provider{
		Base: &p.Base, Client: fake.Client{ID: "x-client", Secret: "x-secret-canary-77"}, Basic: true, PKCE: true, Renews: true, Rotates: true,
		Life: 2 * time.Hour, Scopes: "tweet.read tweet.write users.read media.write offline.access",
	}
	p.mux.HandleFunc("GET /i/oauth2/authorize", p.Authorize)
	p.mux.HandleFunc("POST /2/oauth2/token", p.Token)
	p.mux.HandleFunc("POST /2/oauth2/revoke", p.Revoke)
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /2/users/me":                    p.who,
		"GET /2/users/by/username/{name}":    p.person,
		"GET /2/users/{id}/tweets":           p.list,
		"POST /2/media/upload":               p.upload,
		"GET /2/media/upload":                p.status,
		"POST /2/media/upload/initialize":    p.initialize,
		"POST /2/media/upload/{id}/append":   p.append,
		"POST /2/media/upload/{id}/finalize": p.finalize,
		"POST /2/media/metadata":             p.describe,
		"POST /2/tweets":                     p.post,
		"GET /2/tweets":                      p.figures,
		"DELETE /2/tweets/{id}":              p.remove,
		"GET /2/tweets/search/recent":        p.search,
	} {
		p.mux.HandleFunc(pattern, p.signed(h))
	}
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "oauth"}, Keys}
}

// Keys connect by keys of the account's own app.
var Keys = fake.Account{Way: "keys", Fields: map[string]string{"consumer_key": consumerKey, "consumer_secret": consumerSecret, "token": token, "token_secret": tokenSecret}}

// EndAccess implements fake.Platform: the person took the access away, pasted keys too.
func (p *Platform) EndAccess() {
	p.Base.EndAccess()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.keys = false
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{Text: text}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Name: "by-hand.jpg", Used: true}))
	}
	return p.Show(post)
}

func refuse(w http.ResponseWriter, status int, title, detail, kind string) {
	fake.Answer(w, status, map[string]any{"title": title, "detail": detail, "type": kind, "status": status})
}

func (p *Platform) signed(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		good := false
		if list, ok := strings.CutPrefix(r.Header.Get("Authorization"), "OAuth "); ok {
			p.Mu.Lock()
			good = p.keys && provenBy(r, list, p.Now())
			p.Mu.Unlock()
		} else {
			good = p.Good(fake.Bearer(r))
		}
		if !good {
			refuse(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized", "about:blank")
			return
		}
		h(w, r)
	}
}

var account = map[string]string{"id": me, "name": "Me", "username": username, "profile_image_url": "https://pbs.twimg.com/me.png", "subscription_type": "None"}

func (p *Platform) who(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"data": account})
}

func (p *Platform) person(w http.ResponseWriter, r *http.Request) {
	name := strings.ToLower(r.PathValue("name"))
	if known := map[string]string{"ada": "12", username: me}[name]; known != "" {
		fake.Answer(w, http.StatusOK, map[string]any{"data": map[string]string{"id": known, "name": strings.ToUpper(name[:1]) + name[1:], "username": name}})
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"errors": []any{map[string]any{"title": "Not Found Error", "detail": "Could not find user.", "type": problems + "resource-not-found"}}})
}

type newPost struct {
	Text  string `json:"text"`
	Media *struct {
		IDs    []string `json:"media_ids"`
		Tagged []string `json:"tagged_user_ids"`
	} `json:"media"`
	Poll *struct {
		Options []string `json:"options"`
		Minutes int      `json:"duration_minutes"`
	} `json:"poll"`
	Reply *struct {
		To string `json:"in_reply_to_tweet_id"`
	} `json:"reply"`
	Who       string `json:"reply_settings"`
	Community string `json:"community_id"`
	Share     bool   `json:"share_with_followers"`
	Quote     string `json:"quote_tweet_id"`
	AI        bool   `json:"made_with_ai"`
	Paid      bool   `json:"paid_partnership"`
}

func (p *Platform) post(w http.ResponseWriter, r *http.Request) {
	var in newPost
	if !fake.Read(r, &in) {
		refuse(w, http.StatusBadRequest, "Invalid Request", "The body is no JSON.", problems+"invalid-request")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	files, words := p.attach(in)
	if words != "" {
		refuse(w, http.StatusBadRequest, "Invalid Request", words, problems+"invalid-request")
		return
	}
	if words = p.judge(in, len(files)); words != "" {
		refuse(w, http.StatusForbidden, "Forbidden", words, "about:blank")
		return
	}
	made := fake.Post{Text: in.Text, More: map[string]string{"who": in.Who, "community": in.Community, "quote": in.Quote}}
	if in.Reply != nil {
		made.Parent = in.Reply.To
	}
	if in.Poll != nil {
		made.More["poll"] = fmt.Sprint(strings.Join(in.Poll.Options, "|"), " ", in.Poll.Minutes)
	}
	if in.Media != nil {
		made.More["tagged"] = strings.Join(in.Media.Tagged, ",")
	}
	for name, on := range map[string]bool{"ai": in.AI, "paid": in.Paid, "share": in.Share} {
		if on {
			made.More[name] = "true"
		}
	}
	for _, f := range files {
		f.Used = true
		made.Files = append(made.Files, *f)
	}
	made = p.Show(made)
	given := p.shown(made)
	fake.Answer(w, http.StatusCreated, map[string]any{"data": map[string]any{"id": made.ID, "text": given["text"], "edit_history_tweet_ids": []string{made.ID}}})
}

// attach takes files of this account that are done, by the rule: four pictures, or one GIF, or one video.
func (p *Platform) attach(in newPost) ([]*fake.File, string) {
	if in.Media == nil {
		return nil, ""
	}
	var out []*fake.File
	alone := 0
	for _, id := range in.Media.IDs {
		f, ok := p.File(id)
		if !ok || f.Used || p.Now().Before(f.ReadyAt) || f.Sum == "" {
			return nil, "Your media IDs are invalid."
		}
		if f.MIME == "image/gif" || strings.HasPrefix(f.MIME, "video/") {
			alone++
		}
		out = append(out, f)
	}
	if len(out) == 0 || len(out) > 4 || alone > 0 && len(out) > 1 {
		return nil, "A post takes four pictures, or one GIF, or one video."
	}
	return out, ""
}

func (p *Platform) judge(in newPost, files int) string {
	const no = "You are not permitted to perform this action."
	switch {
	case strings.TrimSpace(in.Text) == "" && files == 0, length(in.Text) > maxLength, strings.ContainsAny(in.Text, "\uFFFE\uFEFF\uFFFF"), in.Quote != "":
		return no
	case in.Poll != nil && (files > 0 || len(in.Poll.Options) < 2 || len(in.Poll.Options) > 4 || in.Poll.Minutes < 5 || in.Poll.Minutes > 10080):
		return no
	case len(regexp.MustCompile(`(^|\s)\$[A-Z]{1,6}\b`).FindAllString(in.Text, -1)) > 1:
		return "Posts may have a maximum of one cashtag."
	}
	if in.Reply != nil {
		if _, ok := p.Find(in.Reply.To); !ok {
			return "You can only reply to or quote posts where you are mentioned or are the author."
		}
	}
	for _, q := range p.Newest(20) {
		if in.Text != "" && q.Text == in.Text && p.Now().Sub(q.At) < sameWords {
			return "You are not allowed to create a Tweet with duplicate content."
		}
	}
	return ""
}

var (
	links = regexp.MustCompile(`https?://[^\s]+[^\s.,)]`)
	light = [][2]rune{{0, 4351}, {8192, 8205}, {8208, 8223}, {8242, 8247}}
)

// length as X counts: composed, an address 23, an emoji 2, other signs 1 or 2 by their range.
func length(s string) int {
	s = links.ReplaceAllString(norm.NFC.String(s), strings.Repeat("u", 23))
	n := 0
	for g := uniseg.NewGraphemes(s); g.Next(); {
		c := g.Runes()
		if slices.ContainsFunc(c, func(r rune) bool { return r >= 0x1f000 || r == 0xfe0f }) {
			n += 2
			continue
		}
		for _, r := range c {
			if slices.ContainsFunc(light, func(l [2]rune) bool { return r >= l[0] && r <= l[1] }) {
				n++
			} else {
				n += 2
			}
		}
	}
	return n
}

// shown is a post as X gives it back: addresses and files as short links, signs of HTML escaped.
func (p *Platform) shown(t fake.Post) map[string]any {
	urls := []map[string]any{}
	short := func(to string) string {
		at := fmt.Sprintf("https://t.co/%s%02d", t.ID, len(urls))
		urls = append(urls, map[string]any{"url": at, "expanded_url": to})
		return at
	}
	words := links.ReplaceAllStringFunc(t.Text, short)
	words = html.EscapeString(words)
	words = strings.NewReplacer("&#34;", `"`, "&#39;", "'").Replace(words)
	out := map[string]any{"id": t.ID, "created_at": t.At.Format(time.RFC3339), "author_id": me, "edit_history_tweet_ids": []string{t.ID}}
	if len(t.Files) > 0 {
		words = strings.TrimSpace(words + " " + short("https://x.com/"+username+"/status/"+t.ID+"/photo/1"))
		keys := []string{}
		for _, f := range t.Files {
			keys = append(keys, "3_"+f.ID)
		}
		out["attachments"] = map[string]any{"media_keys": keys}
	}
	out["text"] = words
	out["entities"] = map[string]any{"urls": urls}
	if t.Parent != "" {
		out["referenced_tweets"] = []map[string]string{{"type": "replied_to", "id": t.Parent}}
	}
	return out
}

func (p *Platform) list(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, _ := strconv.Atoi(r.URL.Query().Get("max_results"))
	out := []map[string]any{}
	if r.PathValue("id") == me && n >= 5 && n <= 100 {
		for _, t := range p.Newest(n) {
			out = append(out, p.shown(t))
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": out, "meta": map[string]any{"result_count": len(out)}})
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if _, ok := p.Find(r.PathValue("id")); !ok {
		refuse(w, http.StatusNotFound, "Not Found Error", "There is no such post.", problems+"resource-not-found")
		return
	}
	p.Drop(r.PathValue("id"))
	fake.Answer(w, http.StatusOK, map[string]any{"data": map[string]bool{"deleted": true}})
}

func (p *Platform) search(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	root, _ := strings.CutPrefix(r.URL.Query().Get("query"), "conversation_id:")
	in := []string{root}
	out := []map[string]any{}
	all := p.Newest(1000)
	for _, t := range slices.Backward(all) {
		if slices.Contains(in, t.Parent) {
			in = append(in, t.ID)
			out = append(out, p.shown(t))
		}
	}
	slices.Reverse(out) // newest first
	fake.Answer(w, http.StatusOK, map[string]any{"data": out, "includes": map[string]any{"users": []any{account}}, "meta": map[string]any{}})
}

func (p *Platform) figures(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	out, wrong := []map[string]any{}, []map[string]any{}
	own := strings.Contains(r.URL.Query().Get("tweet.fields"), "non_public_metrics")
	for _, id := range strings.Split(r.URL.Query().Get("ids"), ",") {
		t, ok := p.Find(id)
		if !ok || own && p.Now().Sub(t.At) > 30*24*time.Hour {
			wrong = append(wrong, map[string]any{"resource_id": id, "title": "Field Authorization Error"})
			continue
		}
		one := map[string]any{"id": id, "public_metrics": map[string]int{"like_count": 1, "reply_count": 2, "retweet_count": 3, "quote_count": 4, "bookmark_count": 5, "impression_count": 6}}
		if own {
			one["non_public_metrics"] = map[string]int{"url_link_clicks": 7, "user_profile_clicks": 8, "engagements": 9}
		}
		out = append(out, one)
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": out, "errors": wrong})
}

var _ fake.Registered = (*Platform)(nil)
