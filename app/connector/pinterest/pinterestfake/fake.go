// Package pinterestfake is Pinterest as the fact sheet describes it, in memory.
package pinterestfake

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const workTime = 8 * time.Second // on a video

// Platform is Pinterest.
type Platform struct {
	fake.Base
	*fake.Provider
	mux *http.ServeMux
}

// New makes Pinterest with one business account and two boards.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux()}
	p.Base.Begin(w)
	p.Provider = &fake.Provider{
		Base: &p.Base, Client: fake.Client{ID: "1234567", Secret: "pinterest-secret-canary"}, Basic: true, Renews: true, Rotates: true, Life: 30 * 24 * time.Hour,
		Scopes: "boards:read boards:write pins:read pins:write user_accounts:read",
	}
	p.mux.HandleFunc("GET /oauth/", func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Query().Get("scope"), "boards:read,boards:write") {
			http.Error(w, "invalid scope", http.StatusBadRequest)
			return
		}
		p.Authorize(w, r)
	})
	p.mux.HandleFunc("POST /v5/oauth/token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if r.Form.Get("grant_type") == "authorization_code" && r.Form.Get("continuous_refresh") != "true" {
			refuse(w, http.StatusBadRequest, 1, "Invalid request: an old kind of token")
			return
		}
		p.Token(w, r)
	})
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /v5/user_account":         p.who,
		"GET /v5/boards":               p.boards,
		"GET /v5/boards/{id}/sections": p.sections,
		"POST /v5/media":               p.register,
		"GET /v5/media/{id}":           p.media,
		"POST /v5/pins":                p.pin,
		"GET /v5/pins":                 p.list,
		"PATCH /v5/pins/{id}":          p.edit,
		"DELETE /v5/pins/{id}":         p.remove,
		"GET /v5/pins/{id}/analytics":  p.analytics,
	} {
		p.mux.HandleFunc(pattern, p.Signed(func(w http.ResponseWriter) { refuse(w, http.StatusUnauthorized, 2, "Authentication failed.") }, h))
	}
	p.mux.HandleFunc("POST /{$}", p.bucket)
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account { return []fake.Account{{Way: "oauth"}} }

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{Text: text, More: map[string]string{"board": "101"}}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Used: true}))
	}
	return p.Show(post)
}

func refuse(w http.ResponseWriter, status, code int, words string) {
	fake.Answer(w, status, map[string]any{"code": code, "message": words})
}

func (p *Platform) who(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"id": "549755885175", "username": "me", "account_type": "BUSINESS", "business_name": "Me and Co", "profile_image": "https://i.pinimg.com/me.jpg", "follower_count": 7})
}

// boards come in pages of one, so that a bookmark must be followed.
func (p *Platform) boards(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("bookmark") == "next" {
		fake.Answer(w, http.StatusOK, map[string]any{"items": []any{map[string]string{"id": "102", "name": "Travel", "privacy": "PUBLIC"}}, "bookmark": nil})
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"items": []any{map[string]string{"id": "101", "name": "Recipes", "privacy": "PUBLIC"}}, "bookmark": "next"})
}

func (p *Platform) sections(w http.ResponseWriter, r *http.Request) {
	items := []any{}
	if r.PathValue("id") == "101" {
		items = append(items, map[string]string{"id": "9001", "name": "Soups"})
	}
	fake.Answer(w, http.StatusOK, map[string]any{"items": items, "bookmark": nil})
}

type newPin struct {
	Board       string `json:"board_id"`
	Section     string `json:"board_section_id"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Link        string `json:"link"`
	Alt         string `json:"alt_text"`
	Color       string `json:"dominant_color"`
	Source      struct {
		Type  string `json:"source_type"`
		MIME  string `json:"content_type"`
		Data  string `json:"data"`
		Items []struct {
			MIME string `json:"content_type"`
			Data string `json:"data"`
		} `json:"items"`
		Media     string   `json:"media_id"`
		CoverMIME string   `json:"cover_image_content_type"`
		Cover     string   `json:"cover_image_data"`
		Moment    *float64 `json:"cover_image_key_frame_time"`
	} `json:"media_source"`
}

var color = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

func (p *Platform) pin(w http.ResponseWriter, r *http.Request) {
	var in newPin
	sent, err := unfiled(r.Body, &in)
	if err != nil {
		refuse(w, http.StatusBadRequest, 1, "Invalid request: no JSON")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if in.Board != "101" && in.Board != "102" {
		refuse(w, http.StatusNotFound, 40, "Board not found.")
		return
	}
	post := fake.Post{Text: in.Description, More: map[string]string{"board": in.Board, "section": in.Section, "title": in.Title, "link": in.Link, "alt": in.Alt, "color": in.Color, "source": in.Source.Type}}
	words := judge(in)
	if words == "" {
		post.Files, words = p.files(in, sent)
	}
	if words != "" {
		refuse(w, http.StatusBadRequest, 1, "Invalid request: "+words)
		return
	}
	if in.Source.Moment != nil {
		post.More["moment"] = strconv.FormatFloat(*in.Source.Moment, 'f', -1, 64)
	}
	post.More["cover"] = in.Source.CoverMIME
	fake.Answer(w, http.StatusCreated, shown(p.Show(post)))
}

func judge(in newPin) string {
	switch {
	case utf8.RuneCountInString(in.Description) > 800:
		return "the description is longer than 800"
	case utf8.RuneCountInString(in.Title) > 100, utf8.RuneCountInString(in.Alt) > 500, len(in.Link) > 2048:
		return "title, alt text or link is too long"
	case in.Color != "" && !color.MatchString(in.Color):
		return "the color has another form"
	}
	return ""
}

// files are what a pin shows, or why it can't.
func (p *Platform) files(in newPin, sent []fake.File) ([]fake.File, string) {
	s := in.Source
	var out []fake.File
	take := func(mime, data string) bool {
		n, err := strconv.Atoi(data)
		if err != nil || n >= len(sent) || sent[n].Size == 0 || sent[n].Size > 10<<20 || mime != "image/jpeg" && mime != "image/png" {
			return false
		}
		f := sent[n]
		f.ID, f.MIME, f.Alt = strconv.Itoa(p.Serial()), mime, in.Alt
		out = append(out, f)
		return true
	}
	switch s.Type {
	case "image_base64":
		if !take(s.MIME, s.Data) {
			return nil, "the picture can't be used"
		}
	case "multiple_image_base64":
		if len(s.Items) < 2 || len(s.Items) > 5 {
			return nil, "minItems=2, maxItems=5"
		}
		for _, i := range s.Items {
			if !take(i.MIME, i.Data) {
				return nil, "a picture can't be used"
			}
		}
	case "video_id":
		f, ok := p.File(s.Media)
		if !ok || f.Sum == "" || p.Now().Before(f.ReadyAt) {
			return nil, "the video isn't there"
		}
		if s.CoverMIME == "" && s.Moment == nil {
			return nil, "cover_image_url or cover_image_content_type"
		}
		if s.CoverMIME != "" && !take(s.CoverMIME, s.Cover) {
			return nil, "the cover can't be used"
		}
		return []fake.File{*f}, ""
	default:
		return nil, "source_type"
	}
	return out, ""
}

// shown is a pin as the API gives it: its time without a zone.
func shown(post fake.Post) map[string]any {
	return map[string]any{
		"id": post.ID, "created_at": post.At.UTC().Format("2006-01-02T15:04:05"), "title": post.More["title"], "description": post.Text, "link": post.More["link"],
		"board_id": post.More["board"], "board_section_id": post.More["section"], "alt_text": post.More["alt"], "media": map[string]string{"media_type": "image"},
	}
}

func (p *Platform) list(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, _ := strconv.Atoi(r.URL.Query().Get("page_size"))
	items := []any{}
	for _, post := range p.Newest(min(n, 250)) {
		items = append(items, shown(post))
	}
	fake.Answer(w, http.StatusOK, map[string]any{"items": items, "bookmark": nil})
}

func (p *Platform) one(w http.ResponseWriter, r *http.Request, do func(fake.Post)) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(r.PathValue("id"))
	if !ok {
		refuse(w, http.StatusNotFound, 50, "Pin not found.")
		return
	}
	do(post)
}

func (p *Platform) edit(w http.ResponseWriter, r *http.Request) {
	var in newPin
	fake.Read(r, &in)
	p.one(w, r, func(post fake.Post) {
		post.Text, post.More["title"], post.More["board"] = in.Description, in.Title, in.Board
		p.Change(post)
		fake.Answer(w, http.StatusOK, shown(post))
	})
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post) { p.Drop(post.ID); w.WriteHeader(http.StatusNoContent) })
}

func (p *Platform) analytics(w http.ResponseWriter, r *http.Request) {
	from, err := time.Parse(time.DateOnly, r.URL.Query().Get("start_date"))
	if err != nil || p.Now().Sub(from) > 90*24*time.Hour {
		refuse(w, http.StatusBadRequest, 1, "Invalid request: start_date")
		return
	}
	p.one(w, r, func(fake.Post) {
		fake.Answer(w, http.StatusOK, map[string]any{"all": map[string]any{
			"summary_metrics":  map[string]int{"IMPRESSION": 10, "SAVE": 2, "PIN_CLICK": 3, "OUTBOUND_CLICK": 4},
			"lifetime_metrics": map[string]int{"TOTAL_COMMENTS": 5, "TOTAL_REACTIONS": 6},
		}})
	})
}

func (p *Platform) register(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Type string `json:"media_type"`
	}
	if !fake.Read(r, &in) || in.Type != "video" {
		refuse(w, http.StatusBadRequest, 1, "Invalid request: media_type")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f := p.Keep(fake.File{})
	fake.Answer(w, http.StatusCreated, map[string]any{
		"media_id": f.ID, "media_type": "video", "upload_url": "https://pinterest-media-upload.s3-accelerate.amazonaws.com/",
		"upload_parameters": map[string]string{"key": "uploads/" + f.ID, "policy": "policy-canary-" + f.ID + "-abcdef", "x-amz-algorithm": "AWS4-HMAC-SHA256", "Content-Type": "multipart/form-data"},
	})
}

func (p *Platform) bucket(w http.ResponseWriter, r *http.Request) {
	values, files, _, err := fake.Parts(r)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f, ok := p.File(strings.TrimPrefix(values["key"], "uploads/"))
	given, sent := files["file"]
	if err != nil || !ok || !sent || r.Header.Get("Authorization") != "" || values["policy"] != "policy-canary-"+f.ID+"-abcdef" {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<Error><Code>AccessDenied</Code></Error>"))
		return
	}
	f.Size, f.Sum, f.MIME, f.ReadyAt = given.Size, given.Sum, given.MIME, p.Now().Add(workTime)
	w.WriteHeader(http.StatusNoContent)
}

func (p *Platform) media(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	f, ok := p.File(r.PathValue("id"))
	state := "succeeded"
	switch {
	case !ok:
		refuse(w, http.StatusNotFound, 50, "Media not found.")
		return
	case f.Sum == "":
		state = "registered"
	case p.Now().Before(f.ReadyAt):
		state = "processing"
	}
	fake.Answer(w, http.StatusOK, map[string]string{"media_id": f.ID, "media_type": "video", "status": state})
}

var _ fake.Registered = (*Platform)(nil)
