// Package lemmyfake is a Lemmy server as the fact sheet describes it, in memory: of 0.19 with version 3 of the API, or of
// 1.0 with version 4.
package lemmyfake

import (
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
	me         = 7
	maxBody    = 50_000
	maxComment = 10_000
)

// Password is the one of both accounts; Code is the second factor of the account "guarded".
const (
	Password = "pw-canary-lemmy-e4b1"
	Code     = "271828"
)

// Platform is the server.
type Platform struct {
	fake.Base
	mux   *http.ServeMux
	v4    bool
	names map[string]string // visible id: title
}

// New makes a server of 0.19.
func New(w fake.World) fake.Platform { return make_(w, false) }

// New1 makes a server of 1.0.
func New1(w fake.World) fake.Platform { return make_(w, true) }

func make_(w fake.World, v4 bool) *Platform {
	p := &Platform{mux: http.NewServeMux(), v4: v4, names: map[string]string{}}
	p.Begin(w)
	routes := map[string]http.HandlerFunc{
		"POST /api/v3/user/login": p.login, "POST /api/v3/user/logout": p.signed(p.logout), "GET /api/v3/site": p.site, "POST /pictrs/image": p.signed(p.upload),
		"GET /api/v3/community/list": p.signed(p.communities), "GET /api/v3/search": p.signed(p.communities), "GET /api/v3/user": p.signed(p.content),
		"POST /api/v3/post": p.signed(p.post), "GET /api/v3/post": p.signed(p.get), "PUT /api/v3/post": p.signed(p.edit), "POST /api/v3/post/delete": p.signed(p.remove),
		"POST /api/v3/comment": p.signed(p.comment), "GET /api/v3/comment": p.signed(p.get), "PUT /api/v3/comment": p.signed(p.edit), "POST /api/v3/comment/delete": p.signed(p.remove),
		"GET /api/v3/comment/list": p.signed(p.comments),
	}
	if v4 {
		routes = map[string]http.HandlerFunc{
			"POST /api/v4/account/auth/login": p.login, "POST /api/v4/account/auth/logout": p.signed(p.logout), "GET /api/v4/site": p.site, "GET /api/v4/account": p.signed(p.account),
			"POST /api/v4/image": p.signed(p.upload), "GET /api/v4/community/list": p.signed(p.communities), "GET /api/v4/search": p.signed(p.communities), "GET /api/v4/person/content": p.signed(p.content),
			"POST /api/v4/post": p.signed(p.post), "GET /api/v4/post": p.signed(p.get), "PUT /api/v4/post": p.signed(p.edit), "DELETE /api/v4/post": p.signed(p.remove),
			"POST /api/v4/comment": p.signed(p.comment), "GET /api/v4/comment": p.signed(p.get), "PUT /api/v4/comment": p.signed(p.edit), "DELETE /api/v4/comment": p.signed(p.remove),
			"GET /api/v4/comment/list": p.signed(p.comments),
		}
	}
	for pattern, h := range routes {
		p.mux.HandleFunc(pattern, h)
	}
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "password", Fields: map[string]string{"server": "lemmy.example", "username": "me", "password": Password}}}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{Text: text, More: map[string]string{"community": "11"}}
	for range files {
		f := p.Keep(fake.File{Name: "by-hand.jpg"})
		post.Files = append(post.Files, *f)
		post.More["url"] = p.picture(f.ID)
	}
	return p.publish("post", "By hand "+text, post)
}

// publish gives a post or comment the next number of its sort; callers hold Mu.
func (p *Platform) publish(what, title string, post fake.Post) fake.Post {
	post.ID = what + "/" + strconv.Itoa(p.Serial())
	p.names[post.ID] = title
	return p.Show(post)
}

func (p *Platform) picture(id string) string {
	if p.v4 {
		return "https://lemmy.example/api/v4/image/" + id + ".jpg"
	}
	return "https://lemmy.example/pictrs/image/" + id + ".jpg"
}

func refuse(w http.ResponseWriter, code string) {
	fake.Answer(w, http.StatusBadRequest, map[string]string{"error": code})
}

func (p *Platform) signed(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.Good(fake.Bearer(r)) {
			fake.Answer(w, http.StatusUnauthorized, map[string]string{"error": "not_logged_in"})
			return
		}
		h(w, r)
	}
}

func (p *Platform) login(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name     string `json:"username_or_email"`
		Password string `json:"password"`
		Code     string `json:"totp_2fa_token"`
	}
	fake.Read(r, &in)
	switch {
	case in.Password != Password || in.Name != "me" && in.Name != "guarded":
		fake.Answer(w, http.StatusUnauthorized, map[string]string{"error": "incorrect_login"})
		return
	case in.Name == "guarded" && in.Code == "":
		refuse(w, "missing_totp_token")
		return
	case in.Name == "guarded" && in.Code != Code:
		refuse(w, "incorrect_totp_token")
		return
	}
	p.Mu.Lock()
	n := p.Serial()
	p.Mu.Unlock()
	fake.Answer(w, http.StatusOK, map[string]any{"jwt": p.Grant("jwt-canary-" + strconv.Itoa(n)), "registration_created": false, "verify_email_sent": false})
}

func (p *Platform) logout(w http.ResponseWriter, _ *http.Request) {
	p.EndAccess()
	fake.Answer(w, http.StatusOK, map[string]bool{"success": true})
}

func whose() map[string]any {
	person := map[string]any{"id": me, "name": "me", "display_name": "Me", "actor_id": "https://lemmy.example/u/me", "avatar": "https://lemmy.example/me.png", "bot_account": true}
	return map[string]any{"local_user_view": map[string]any{"person": person}}
}

func (p *Platform) site(w http.ResponseWriter, r *http.Request) {
	out := map[string]any{"version": "0.19.11", "all_languages": []map[string]any{{"id": 0, "code": "und", "name": "Undetermined"}, {"id": 37, "code": "en", "name": "English"}, {"id": 32, "code": "de", "name": "Deutsch"}}}
	if p.v4 {
		out["version"] = "1.0.0"
	} else if p.Good(fake.Bearer(r)) {
		out["my_user"] = whose()
	}
	fake.Answer(w, http.StatusOK, out)
}

func (*Platform) account(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, whose())
}

func (p *Platform) communities(w http.ResponseWriter, r *http.Request) {
	var out []map[string]any
	for id, name := range map[int]string{11: "outdoor", 12: "indoor"} {
		if strings.Contains(name, strings.ToLower(r.URL.Query().Get("q"))) {
			out = append(out, map[string]any{"community": map[string]any{"id": id, "name": name, "title": strings.ToUpper(name[:1]) + name[1:] + " life", "actor_id": "https://other.example/c/" + name}})
		}
	}
	slices.SortFunc(out, func(a, b map[string]any) int {
		return a["community"].(map[string]any)["id"].(int) - b["community"].(map[string]any)["id"].(int)
	})
	name := "communities"
	if p.v4 {
		name = "items"
	}
	fake.Answer(w, http.StatusOK, map[string]any{name: out})
}

func (p *Platform) upload(w http.ResponseWriter, r *http.Request) {
	_, files, _, err := fake.Parts(r)
	f, ok := files["images[]"]
	if p.v4 {
		f, ok = files["image"]
	}
	if err != nil || !ok || !strings.HasPrefix(f.MIME, "image/") {
		refuse(w, "not_an_image_type")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	kept := p.Keep(f)
	if p.v4 {
		fake.Answer(w, http.StatusOK, map[string]string{"image_url": p.picture(kept.ID), "filename": kept.ID + ".jpg"})
		return
	}
	fake.Answer(w, http.StatusCreated, map[string]any{"msg": "ok", "files": []map[string]string{{"file": kept.ID + ".jpg", "delete_token": "d"}}})
}

type newPost struct {
	Community int    `json:"community_id"`
	Name      string `json:"name"`
	URL       string `json:"url"`
	Body      string `json:"body"`
	Alt       string `json:"alt_text"`
	NSFW      bool   `json:"nsfw"`
	Language  int    `json:"language_id"`
	Thumbnail string `json:"custom_thumbnail"`

	PostID    int    `json:"post_id"`
	CommentID int    `json:"comment_id"`
	ParentID  int    `json:"parent_id"`
	Content   string `json:"content"`
}

var inText = regexp.MustCompile(`!\[((?:\\.|[^\]\\])*)\]\(https://lemmy\.example/(?:pictrs|api/v4)/image/(\d+)\.jpg\)`)

func (p *Platform) post(w http.ResponseWriter, r *http.Request) {
	var in newPost
	fake.Read(r, &in)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	switch n := utf8.RuneCountInString(in.Name); {
	case n < 3 || n > 200 || strings.Contains(in.Name, "\n"):
		refuse(w, "invalid_post_title")
		return
	case utf8.RuneCountInString(in.Body) > maxBody:
		refuse(w, "invalid_body_field")
		return
	case in.Community != 11 && in.Community != 12:
		refuse(w, "couldnt_find_community")
		return
	case utf8.RuneCountInString(in.Alt) > 1500:
		refuse(w, "alt_text_length_overflow")
		return
	}
	post := fake.Post{Text: in.Body, More: map[string]string{
		"community": strconv.Itoa(in.Community), "url": in.URL, "nsfw": strconv.FormatBool(in.NSFW), "language": strconv.Itoa(in.Language), "thumbnail": in.Thumbnail,
	}}
	post.Files = p.pictures(in)
	fake.Answer(w, http.StatusOK, map[string]any{"post_view": p.shownPost(p.publish("post", in.Name, post))})
}

// pictures are those of this server that the post shows.
func (p *Platform) pictures(in newPost) []fake.File {
	var out []fake.File
	add := func(id, alt string) {
		if f, ok := p.File(id); ok {
			shown := *f
			shown.Alt = alt
			out = append(out, shown)
		}
	}
	if i := strings.LastIndexByte(in.URL, '/'); strings.HasPrefix(in.URL, "https://lemmy.example/") {
		add(strings.TrimSuffix(in.URL[i+1:], ".jpg"), in.Alt)
	}
	for _, m := range inText.FindAllStringSubmatch(in.Body, -1) {
		add(m[2], strings.NewReplacer(`\[`, "[", `\]`, "]", `\\`, `\`).Replace(m[1]))
	}
	return out
}

func (p *Platform) comment(w http.ResponseWriter, r *http.Request) {
	var in newPost
	fake.Read(r, &in)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	parent := "post/" + strconv.Itoa(in.PostID)
	if _, ok := p.Find(parent); !ok {
		refuse(w, "couldnt_find_post")
		return
	}
	if in.ParentID != 0 {
		parent = "comment/" + strconv.Itoa(in.ParentID)
		if _, ok := p.Find(parent); !ok {
			refuse(w, "couldnt_find_comment")
			return
		}
	}
	if n := utf8.RuneCountInString(in.Content); n == 0 || n > maxComment {
		refuse(w, "invalid_body_field")
		return
	}
	made := p.publish("comment", "", fake.Post{Text: in.Content, Parent: parent, More: map[string]string{"post": strconv.Itoa(in.PostID)}})
	fake.Answer(w, http.StatusOK, map[string]any{"comment_view": p.shownComment(made)})
}

func number(id string) int {
	n, _ := strconv.Atoi(id[strings.IndexByte(id, '/')+1:])
	return n
}

// timed puts time and figures where the version has them.
func (p *Platform) timed(post fake.Post, inside map[string]any) map[string]any {
	view := map[string]any{}
	figures := map[string]int{"score": 4, "upvotes": 5, "downvotes": 1, "comments": 2}
	if p.v4 {
		inside["published_at"] = post.At.Format(time.RFC3339Nano)
		for name, n := range figures {
			inside[name] = n
		}
	} else {
		inside["published"] = post.At.Format(time.RFC3339Nano)
		view["counts"] = figures
	}
	return view
}

func (p *Platform) shownPost(post fake.Post) map[string]any {
	community, _ := strconv.Atoi(post.More["community"])
	inside := map[string]any{"id": number(post.ID), "name": p.names[post.ID], "url": post.More["url"], "body": post.Text, "community_id": community, "creator_id": me, "ap_id": "https://lemmy.example/" + post.ID}
	view := p.timed(post, inside)
	view["post"] = inside
	return view
}

func (p *Platform) shownComment(post fake.Post) map[string]any {
	path := strconv.Itoa(number(post.ID))
	for up := post.Parent; strings.HasPrefix(up, "comment/"); {
		path = strconv.Itoa(number(up)) + "." + path
		above, _ := p.Find(up)
		up = above.Parent
	}
	under, _ := strconv.Atoi(post.More["post"])
	inside := map[string]any{"id": number(post.ID), "post_id": under, "content": post.Text, "path": "0." + path, "ap_id": "https://lemmy.example/" + post.ID}
	view := p.timed(post, inside)
	view["comment"] = inside
	view["creator"] = map[string]any{"id": me, "name": "me", "display_name": "Me", "actor_id": "https://lemmy.example/u/me"}
	return view
}

func (p *Platform) content(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	posts, comments, all := []map[string]any{}, []map[string]any{}, []map[string]any{}
	for _, post := range p.Newest(20) {
		if strings.HasPrefix(post.ID, "comment/") {
			view := p.shownComment(post)
			comments, all = append(comments, view), append(all, view)
			view["type_"] = "comment"
			continue
		}
		view := p.shownPost(post)
		posts, all = append(posts, view), append(all, view)
		view["type_"] = "post"
	}
	if p.v4 {
		fake.Answer(w, http.StatusOK, map[string]any{"items": all})
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"posts": posts, "comments": comments})
}

// one finds what a request is about: by its query, or by its body.
func (p *Platform) one(w http.ResponseWriter, r *http.Request, do func(fake.Post, newPost)) {
	what := "post"
	if strings.Contains(r.URL.Path, "/comment") {
		what = "comment"
	}
	var in newPost
	fake.Read(r, &in)
	id := r.URL.Query().Get("id")
	if id == "" {
		id = strconv.Itoa(map[string]int{"post": in.PostID, "comment": in.CommentID}[what])
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(what + "/" + id)
	if !ok {
		refuse(w, "couldnt_find_"+what)
		return
	}
	do(post, in)
	if what == "comment" {
		fake.Answer(w, http.StatusOK, map[string]any{"comment_view": p.shownComment(post)})
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"post_view": p.shownPost(post)})
}

func (p *Platform) get(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(fake.Post, newPost) {})
}

func (p *Platform) edit(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post, in newPost) {
		post.Text = in.Body + in.Content
		if in.Name != "" {
			p.names[post.ID] = in.Name
		}
		p.Change(post)
	})
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post, _ newPost) { p.Drop(post.ID) })
}

func (p *Platform) comments(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	out := []map[string]any{}
	for _, post := range slices.Backward(p.Newest(1000)) {
		if post.More["post"] == r.URL.Query().Get("post_id") {
			out = append(out, p.shownComment(post))
		}
	}
	name := "comments"
	if p.v4 {
		name = "items"
	}
	fake.Answer(w, http.StatusOK, map[string]any{name: out})
}

var _ fake.Platform = (*Platform)(nil)
