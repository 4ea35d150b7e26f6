// Package linkedinfake is LinkedIn as the fact sheet describes it, in memory.
package linkedinfake

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	person       = "782bbtaQ"
	organization = "2414183"
	maxText      = 3000
	maxComment   = 1250
	sameWords    = 50 * time.Second // in which the same words are refused
	workTime     = 4 * time.Second  // on a file
)

// Platform is LinkedIn.
type Platform struct {
	fake.Base
	*fake.Provider
	mux    *http.ServeMux
	member map[string]bool // access that was given to a member's sign-in
	parts  map[string]*coming
}

// coming is a file on its way: where it goes, and what came.
type coming struct {
	*fake.Growing
	file  *fake.File
	total int64 // of a video
	tags  []string
	done  bool
}

// New makes LinkedIn with one member, who administers one page.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux(), parts: map[string]*coming{}, member: map[string]bool{}}
	p.Base.Begin(w)
	p.Provider = &fake.Provider{Base: &p.Base, Client: fake.Client{ID: "linkedin-client", Secret: "linkedin-secret-canary"}, Renews: true, Life: 60 * 24 * time.Hour}
	var asked string
	p.Given = func(access string) { p.member[access] = strings.Contains(asked, "w_member_social") }
	p.mux.HandleFunc("GET /oauth/v2/authorization", func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query().Get("scope")
		p.Authorize(w, r)
	})
	p.mux.HandleFunc("POST /oauth/v2/accessToken", p.Token)
	p.mux.HandleFunc("POST /oauth/v2/revoke", p.Revoke)
	p.mux.HandleFunc("GET /v2/userinfo", p.signed(p.who))
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /rest/organizationAcls":                     p.pagesOnly(p.acls),
		"GET /rest/organizations/{id}":                   p.pagesOnly(p.organization),
		"GET /rest/organizations":                        p.find,
		"POST /rest/images":                              p.begin("image"),
		"POST /rest/documents":                           p.begin("document"),
		"POST /rest/videos":                              p.video,
		"GET /rest/images/{urn}":                         p.pagesOnly(p.status),
		"GET /rest/documents/{urn}":                      p.pagesOnly(p.status),
		"GET /rest/videos/{urn}":                         p.status,
		"POST /rest/posts":                               p.post,
		"GET /rest/posts":                                p.pagesOnly(p.list),
		"POST /rest/posts/{urn}":                         p.edit,
		"DELETE /rest/posts/{urn}":                       p.remove,
		"POST /rest/socialActions/{urn}/comments":        p.comment,
		"GET /rest/socialActions/{urn}/comments":         p.pagesOnly(p.comments),
		"DELETE /rest/socialActions/{urn}/comments/{id}": p.removeComment,
		"GET /rest/organizationalEntityShareStatistics":  p.pagesOnly(p.statistics),
	} {
		p.mux.HandleFunc(pattern, p.signed(versioned(h)))
	}
	p.mux.HandleFunc("PUT /dms-uploads/{id}", p.signed(p.put))
	p.mux.HandleFunc("PUT /dms-uploads/{id}/{n}", p.signed(p.putPart))
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account { return []fake.Account{{Way: "member"}, {Way: "page"}} }

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{ID: p.urn("share"), Text: text, More: map[string]string{"commentary": text}}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{ID: p.urn("image"), Used: true}))
	}
	return p.Show(post)
}

func (p *Platform) urn(kind string) string {
	return fmt.Sprintf("urn:li:%s:%d", kind, 7140000000000+p.Serial())
}

func refuse(w http.ResponseWriter, status int, code, words string) {
	fake.Answer(w, status, map[string]any{"status": status, "code": code, "message": words, "serviceErrorCode": 0})
}

func unprocessable(w http.ResponseWriter, code, words string) {
	fake.Answer(w, http.StatusUnprocessableEntity, map[string]any{
		"status": 422, "code": "UNPROCESSABLE_ENTITY", "message": words, "serviceErrorCode": 0,
		"errorDetails": map[string]any{"inputErrors": []map[string]string{{"code": code, "description": words}}},
	})
}

func (p *Platform) signed(h http.HandlerFunc) http.HandlerFunc {
	return p.Signed(func(w http.ResponseWriter) {
		refuse(w, http.StatusUnauthorized, "INVALID_ACCESS_TOKEN", "Invalid access token")
	}, h)
}

var month = regexp.MustCompile(`^20\d\d(0[1-9]|1[0-2])$`)

func versioned(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if v := r.Header.Get("Linkedin-Version"); !month.MatchString(v) || v < "202601" || r.Header.Get("X-Restli-Protocol-Version") != "2.0.0" {
			refuse(w, http.StatusUpgradeRequired, "NONEXISTENT_VERSION", "Requested version "+v+" is not active")
			return
		}
		h(w, r)
	}
}

// mine says whether a request comes from a member's sign-in; callers hold Mu.
func (p *Platform) mine(r *http.Request) bool { return p.member[fake.Bearer(r)] }

// author is who may be named by whoever asks; callers hold Mu.
func (p *Platform) author(r *http.Request) string {
	if p.mine(r) {
		return "urn:li:person:" + person
	}
	return "urn:li:organization:" + organization
}

func (p *Platform) pagesOnly(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.Mu.Lock()
		mine := p.mine(r)
		p.Mu.Unlock()
		if mine {
			refuse(w, http.StatusForbidden, "ACCESS_DENIED", "Not enough permissions to access: "+r.URL.Path)
			return
		}
		h(w, r)
	}
}

func (p *Platform) who(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]string{"sub": person, "name": "Ada Example", "picture": "https://media.licdn.com/ada.jpg"})
}

func (p *Platform) acls(w http.ResponseWriter, r *http.Request) {
	list := []map[string]string{}
	if r.URL.Query().Get("q") == "roleAssignee" {
		for role, id := range map[string]string{"ADMINISTRATOR": organization, "ANALYST": "99"} {
			list = append(list, map[string]string{"organization": "urn:li:organization:" + id, "role": role, "roleAssignee": "urn:li:person:" + person, "state": "APPROVED"})
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"elements": list})
}

var devtestco = map[string]any{"id": 2414183, "localizedName": "Devtestco", "vanityName": "devtestco"}

func (p *Platform) organization(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("id") != organization {
		refuse(w, http.StatusNotFound, "NOT_FOUND", "There is no such organization")
		return
	}
	fake.Answer(w, http.StatusOK, devtestco)
}

func (p *Platform) find(w http.ResponseWriter, r *http.Request) {
	list := []any{}
	if r.URL.Query().Get("q") == "vanityName" && r.URL.Query().Get("vanityName") == "devtestco" {
		list = append(list, devtestco)
	}
	fake.Answer(w, http.StatusOK, map[string]any{"elements": list})
}

type newPost struct {
	Author     string `json:"author"`
	Commentary string `json:"commentary"`
	Visibility string `json:"visibility"`
	State      string `json:"lifecycleState"`
	NoReshare  bool   `json:"isReshareDisabledByAuthor"`
	Spread     struct {
		Feed string `json:"feedDistribution"`
	} `json:"distribution"`
	Content *struct {
		Media *item `json:"media"`
		Many  *struct {
			Images []item `json:"images"`
		} `json:"multiImage"`
		Article *struct {
			Source      string `json:"source"`
			Title       string `json:"title"`
			Description string `json:"description"`
			Thumbnail   string `json:"thumbnail"`
		} `json:"article"`
		Poll *struct {
			Question string `json:"question"`
			Options  []struct {
				Text string `json:"text"`
			} `json:"options"`
			Settings struct {
				Duration string `json:"duration"`
			} `json:"settings"`
		} `json:"poll"`
	} `json:"content"`
	Reshare *struct {
		Parent string `json:"parent"`
	} `json:"reshareContext"`
}

type item struct {
	ID    string `json:"id"`
	Alt   string `json:"altText"`
	Title string `json:"title"`
}

func (p *Platform) post(w http.ResponseWriter, r *http.Request) {
	var in newPost
	ok := fake.Read(r, &in)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if !ok || in.Author != p.author(r) || in.State != "PUBLISHED" || in.Spread.Feed != "MAIN_FEED" || !slices.Contains([]string{"PUBLIC", "CONNECTIONS", "LOGGED_IN"}, in.Visibility) {
		unprocessable(w, "MISSING_REQUIRED_FIELD", "The post isn't complete")
		return
	}
	words, whole := read(in.Commentary)
	post := fake.Post{Text: words, More: map[string]string{"commentary": in.Commentary, "visibility": in.Visibility, "author": in.Author, "no_reshare": strconv.FormatBool(in.NoReshare)}}
	if !whole {
		post.Text = words // what came before the sign is what everybody sees
	}
	if len(utf16.Encode([]rune(words))) > maxText {
		unprocessable(w, "FIELD_LENGTH_TOO_LONG", "The commentary is too long")
		return
	}
	if refusal := p.fill(&post, in); refusal != "" {
		unprocessable(w, "INVALID_CONTENT", refusal)
		return
	}
	for _, q := range p.Newest(20) {
		if in.Commentary != "" && q.More["commentary"] == in.Commentary && byHandOr(q, in.Author) && p.Now().Sub(q.At) < sameWords {
			unprocessable(w, "DUPLICATE_POST", "Content is a duplicate of "+q.ID)
			return
		}
	}
	post.ID = p.urn("share")
	post = p.Show(post)
	w.Header().Set("X-Restli-Id", post.ID)
	w.WriteHeader(http.StatusCreated)
}

// fill gives a post its content, or says why not.
func (p *Platform) fill(post *fake.Post, in newPost) string {
	if in.Reshare != nil {
		post.More["reshare"] = in.Reshare.Parent
	}
	if in.Content == nil {
		if strings.TrimSpace(in.Commentary) == "" {
			return "There is nothing to post"
		}
		return ""
	}
	var items []item
	switch c := in.Content; {
	case c.Media != nil:
		items = []item{*c.Media}
		post.More["title"] = c.Media.Title
		if strings.HasPrefix(c.Media.ID, "urn:li:document:") && c.Media.Title == "" {
			return "A document needs a title"
		}
	case c.Many != nil:
		items = c.Many.Images
		if len(items) < 2 || len(items) > 20 {
			return "Two to twenty images are taken"
		}
	case c.Article != nil:
		if c.Article.Title == "" || len(c.Article.Title) > 400 {
			return "The article has no title"
		}
		if f, ok := p.File(c.Article.Thumbnail); c.Article.Thumbnail != "" && (!ok || p.Now().Before(f.ReadyAt)) {
			return "The thumbnail isn't there"
		}
		post.More["article"] = c.Article.Source + " " + c.Article.Title
	case c.Poll != nil:
		if n := len(c.Poll.Options); n < 2 || n > 4 || c.Poll.Question == "" {
			return "The poll isn't complete"
		}
		post.More["poll"] = c.Poll.Question + " " + c.Poll.Options[0].Text + " " + c.Poll.Settings.Duration
	}
	for _, i := range items {
		f, ok := p.File(i.ID)
		if !ok || f.Used || f.Sum == "" || p.Now().Before(f.ReadyAt) || len(i.Alt) > 2*4086 {
			return "The media isn't there"
		}
		f.Used, f.Alt = true, i.Alt
		post.Files = append(post.Files, *f)
	}
	return ""
}

// read is little text as people see it; false: it broke off at a sign that isn't escaped.
func read(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		rest := s[i:]
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case strings.HasPrefix(rest, `{hashtag|\#|`):
			end := strings.IndexByte(rest, '}')
			b.WriteString("#" + strings.ReplaceAll(rest[len(`{hashtag|\#|`):end], `\`, ""))
			i += end
		case strings.HasPrefix(rest, "@[") && strings.Contains(rest, "](urn:li:"):
			name, _, _ := strings.Cut(rest[2:], "](")
			b.WriteString(strings.ReplaceAll(name, `\`, ""))
			i += strings.IndexByte(rest, ')')
		case strings.IndexByte(`|{}@[]()<>#*_~`, c) >= 0:
			return b.String(), false
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// byHandOr says whether a post is the author's; what was posted by hand stands for whoever asks.
func byHandOr(post fake.Post, author string) bool {
	return post.More["author"] == "" || post.More["author"] == author
}

func (p *Platform) list(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	out := []map[string]any{}
	n, _ := strconv.Atoi(r.URL.Query().Get("count"))
	if r.Header.Get("X-Restli-Method") == "FINDER" && r.URL.Query().Get("author") == "urn:li:organization:"+organization {
		for _, post := range p.Newest(1000) {
			if post.Parent == "" && byHandOr(post, "urn:li:organization:"+organization) && len(out) < min(n, 100) {
				out = append(out, shown(post))
			}
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"elements": out})
}

func shown(post fake.Post) map[string]any {
	out := map[string]any{"id": post.ID, "commentary": post.More["commentary"], "createdAt": post.At.UnixMilli(), "author": post.More["author"], "lifecycleState": "PUBLISHED"}
	switch n := len(post.Files); {
	case n == 1:
		out["content"] = map[string]any{"media": map[string]string{"id": post.Files[0].ID}}
	case n > 1:
		list := []map[string]string{}
		for _, f := range post.Files {
			list = append(list, map[string]string{"id": f.ID})
		}
		out["content"] = map[string]any{"multiImage": map[string]any{"images": list}}
	}
	return out
}

func (p *Platform) edit(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Patch struct {
			Set struct {
				Commentary string `json:"commentary"`
			} `json:"$set"`
		} `json:"patch"`
	}
	ok := fake.Read(r, &in)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, known := p.Find(r.PathValue("urn"))
	if !ok || !known || r.Header.Get("X-Restli-Method") != "PARTIAL_UPDATE" {
		refuse(w, http.StatusNotFound, "NOT_FOUND", "There is no such post")
		return
	}
	post.Text, _ = read(in.Patch.Set.Commentary)
	p.Change(post)
	w.WriteHeader(http.StatusNoContent)
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.Drop(r.PathValue("urn"))
	w.WriteHeader(http.StatusNoContent)
}

func (p *Platform) comment(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Actor   string `json:"actor"`
		Object  string `json:"object"`
		Message struct {
			Text string `json:"text"`
		} `json:"message"`
	}
	ok := fake.Read(r, &in)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	on := r.PathValue("urn")
	_, known := p.Find(on)
	switch {
	case !known:
		refuse(w, http.StatusNotFound, "NOT_FOUND", "There is no such post")
	case !ok || in.Actor != p.author(r) || in.Object != on || strings.TrimSpace(in.Message.Text) == "" || len(utf16.Encode([]rune(in.Message.Text))) > maxComment:
		unprocessable(w, "INVALID_CONTENT", "The comment is empty or too long")
	default:
		id := strconv.Itoa(6300000 + p.Serial())
		urn := "urn:li:comment:(" + strings.TrimPrefix(on, "urn:li:") + "," + id + ")"
		p.Show(fake.Post{ID: urn, Text: in.Message.Text, Parent: on, More: map[string]string{"id": id}})
		w.Header().Set("X-Restli-Id", id)
		fake.Answer(w, http.StatusCreated, map[string]any{"id": id, "commentUrn": urn, "object": on})
	}
}

func (p *Platform) comments(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	out := []map[string]any{}
	all := p.Newest(1000)
	for _, c := range slices.Backward(all) {
		if c.Parent == r.PathValue("urn") {
			out = append(out, map[string]any{"id": c.More["id"], "commentUrn": c.ID, "actor": "urn:li:person:x", "message": map[string]string{"text": c.Text}, "created": map[string]int64{"time": c.At.UnixMilli()}})
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"elements": out})
}

func (p *Platform) removeComment(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	for _, c := range p.Newest(1000) {
		if c.Parent == r.PathValue("urn") && c.More["id"] == r.PathValue("id") && r.URL.Query().Get("actor") == p.author(r) {
			p.Drop(c.ID)
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	refuse(w, http.StatusNotFound, "NOT_FOUND", "There is no such comment")
}

// statistics are read as Rest.li reads them: brackets that are escaped are no brackets.
func (p *Platform) statistics(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	out := []map[string]any{}
	_, list, ok := strings.Cut(r.URL.RawQuery, "shares=List(")
	if list, _, closed := strings.Cut(list, ")"); ok && closed {
		for _, escaped := range strings.Split(list, ",") {
			urn := strings.ReplaceAll(escaped, "%3A", ":")
			if _, ok := p.Find(urn); ok && urn != escaped {
				out = append(out, map[string]any{"share": urn, "totalShareStatistics": map[string]int{"impressionCount": 1, "uniqueImpressionsCount": 2, "clickCount": 3, "likeCount": 4, "commentCount": 5, "shareCount": 6}})
			}
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"elements": out})
}

var _ fake.Registered = (*Platform)(nil)
