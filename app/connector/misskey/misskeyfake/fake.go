// Package misskeyfake is a Misskey server as the fact sheet describes it, in memory.
package misskeyfake

import (
	"encoding/json"
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
	me        = "9abcmisskey"
	maxText   = 3000
	maxFiles  = 16
	maxAlt    = 512
	fileBytes = 10 << 20
)

// Token is an access token that is good from the start.
const Token = "tok-canary-misskey-7d20c1"

// Platform is the server.
type Platform struct {
	fake.Base
	mux      *http.ServeMux
	sessions map[string]bool // of MiAuth: agreed
	bySum    map[string]string
	private  map[string]bool // files that are sensitive
}

// New makes a server with one account that follows one channel.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux(), sessions: map[string]bool{}, bySum: map[string]string{}, private: map[string]bool{}}
	p.Begin(w)
	p.Grant(Token)
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /miauth/{session}":            p.agree,
		"POST /api/miauth/{session}/check": p.check,
		"POST /api/meta":                   p.meta,
		"POST /api/i":                      p.signed(p.who),
		"POST /api/i/revoke-token":         p.signed(p.revoke),
		"POST /api/channels/followed":      p.signed(p.channels),
		"POST /api/drive/files/create":     p.signed(p.upload),
		"POST /api/notes/create":           p.signed(p.create),
		"POST /api/notes/show":             p.signed(p.show),
		"POST /api/notes/replies":          p.signed(p.replies),
		"POST /api/notes/delete":           p.signed(p.remove),
		"POST /api/users/notes":            p.signed(p.notes),
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
		{Way: "token", Fields: map[string]string{"server": "misskey.example", "token": Token}},
		{Way: "miauth", Fields: map[string]string{"server": "@me@misskey.example"}},
	}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post := fake.Post{Text: text}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Name: "by-hand.jpg"}))
	}
	return p.Show(post)
}

func refuse(w http.ResponseWriter, status int, code string) {
	fake.Answer(w, status, map[string]any{"error": map[string]string{"message": "It is " + strings.ToLower(code), "code": code, "id": "3d81ceae-475f-4600-b2a8-2bc116157532", "kind": "client"}})
}

func (p *Platform) signed(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.Good(fake.Bearer(r)) {
			refuse(w, http.StatusUnauthorized, "AUTHENTICATION_FAILED")
			return
		}
		h(w, r)
	}
}

// agree is what the person does at once, as the server's own page asks for it.
func (p *Platform) agree(w http.ResponseWriter, r *http.Request) {
	back, err := url.Parse(r.URL.Query().Get("callback"))
	session := r.PathValue("session")
	if err != nil || len(session) != 36 || !strings.Contains(r.URL.Query().Get("permission"), "write:notes") {
		http.Error(w, "no session", http.StatusBadRequest)
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.sessions[session] = true
	q := back.Query()
	q.Set("session", session)
	back.RawQuery = q.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// check gives the token of a session once.
func (p *Platform) check(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	agreed := p.sessions[r.PathValue("session")]
	delete(p.sessions, r.PathValue("session"))
	n := p.Serial()
	p.Mu.Unlock()
	if !agreed {
		fake.Answer(w, http.StatusOK, map[string]bool{"ok": false})
		return
	}
	fake.Answer(w, http.StatusOK, map[string]any{"ok": true, "token": p.Grant("tok-canary-miauth-" + strconv.Itoa(n)), "user": map[string]string{"id": me, "username": "me"}})
}

func (*Platform) meta(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"name": "Example", "version": "2025.9.0", "maxNoteTextLength": maxText, "policies": map[string]int{"driveCapacityMb": 100, "maxFileSizeMb": fileBytes >> 20}})
}

func (*Platform) who(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"id": me, "username": "me", "name": "Me", "host": nil, "avatarUrl": "https://misskey.example/me.png"})
}

func (p *Platform) revoke(w http.ResponseWriter, _ *http.Request) {
	p.EndAccess()
	w.WriteHeader(http.StatusNoContent)
}

func (*Platform) channels(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, []map[string]string{{"id": "chan1", "name": "Outdoor"}, {"id": "chan2", "name": "Indoor"}})
}

func (p *Platform) upload(w http.ResponseWriter, r *http.Request) {
	values, files, _, err := fake.Parts(r)
	f, ok := files["file"]
	switch {
	case err != nil || !ok:
		refuse(w, http.StatusBadRequest, "INVALID_PARAM")
		return
	case f.Size > fileBytes:
		refuse(w, http.StatusBadRequest, "MAX_FILE_SIZE_EXCEEDED")
		return
	case utf8.RuneCountInString(values["comment"]) > maxAlt:
		refuse(w, http.StatusBadRequest, "INVALID_PARAM")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if old, ok := p.File(p.bySum[f.Sum]); ok && values["force"] != "true" {
		p.answerFile(w, old)
		return
	}
	f.Alt = values["comment"]
	kept := p.Keep(f)
	p.bySum[f.Sum] = kept.ID
	p.private[kept.ID] = values["isSensitive"] == "true"
	p.answerFile(w, kept)
}

func (p *Platform) answerFile(w http.ResponseWriter, f *fake.File) {
	out := map[string]any{"id": f.ID, "md5": f.Sum, "comment": nil, "isSensitive": p.private[f.ID], "url": "https://misskey.example/files/" + f.ID}
	if f.Alt != "" {
		out["comment"] = f.Alt
	}
	fake.Answer(w, http.StatusOK, out)
}

type newNote struct {
	Text       string   `json:"text"`
	Warning    string   `json:"cw"`
	Visibility string   `json:"visibility"`
	Local      bool     `json:"localOnly"`
	Reactions  string   `json:"reactionAcceptance"`
	Files      []string `json:"fileIds"`
	Reply      string   `json:"replyId"`
	Renote     string   `json:"renoteId"`
	Channel    string   `json:"channelId"`
	Poll       *struct {
		Choices []string `json:"choices"`
		After   int64    `json:"expiredAfter"`
	} `json:"poll"`
}

func (p *Platform) create(w http.ResponseWriter, r *http.Request) {
	var in newNote
	if !fake.Read(r, &in) || in.Visibility == "" || len(in.Files) > maxFiles {
		refuse(w, http.StatusBadRequest, "INVALID_PARAM")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	files, code := p.judge(in)
	if code != "" {
		refuse(w, http.StatusBadRequest, code)
		return
	}
	post := fake.Post{Text: in.Text, Parent: in.Reply, Files: files, More: map[string]string{
		"visibility": in.Visibility, "cw": in.Warning, "local": strconv.FormatBool(in.Local), "reactions": in.Reactions, "channel": in.Channel, "renote": in.Renote,
	}}
	if in.Poll != nil {
		post.More["poll"] = strings.Join(in.Poll.Choices, "|") + " " + strconv.FormatInt(in.Poll.After, 10)
	}
	fake.Answer(w, http.StatusOK, map[string]any{"createdNote": shown(p.Show(post))})
}

func (p *Platform) judge(in newNote) (files []fake.File, code string) {
	if _, ok := p.Find(in.Reply); in.Reply != "" && !ok {
		return nil, "NO_SUCH_REPLY_TARGET"
	}
	if in.Channel != "" && in.Channel != "chan1" && in.Channel != "chan2" {
		return nil, "NO_SUCH_CHANNEL"
	}
	for _, id := range in.Files {
		f, ok := p.File(id)
		if !ok {
			return nil, "NO_SUCH_FILE"
		}
		files = append(files, *f)
	}
	switch {
	case in.Text == "" && len(files) == 0 && in.Poll == nil && in.Renote == "":
		return nil, "CONTENT_REQUIRED"
	case utf8.RuneCountInString(in.Text) > maxText:
		return nil, "MAX_LENGTH"
	}
	return files, ""
}

// shown is a note as the API gives it: its text as it was written.
func shown(p fake.Post) map[string]any {
	ids := []string{}
	for _, f := range p.Files {
		ids = append(ids, f.ID)
	}
	out := map[string]any{
		"id": p.ID, "createdAt": p.At.Format(time.RFC3339Nano), "text": nil, "cw": nil, "fileIds": ids, "replyId": nil, "renoteId": nil, "visibility": p.More["visibility"],
		"user": map[string]any{"id": me, "username": "me", "name": "Me", "host": nil}, "reactions": map[string]int{":heart:": 2, ":ok:": 1}, "renoteCount": 2, "repliesCount": 1,
	}
	for name, v := range map[string]string{"text": p.Text, "cw": p.More["cw"], "replyId": p.Parent, "renoteId": p.More["renote"]} {
		if v != "" {
			out[name] = v
		}
	}
	return out
}

type question struct {
	Note     string `json:"noteId"`
	User     string `json:"userId"`
	Limit    int    `json:"limit"`
	Replies  bool   `json:"withReplies"`
	Channels bool   `json:"withChannelNotes"`
}

// notes lists what was posted, newest first; replies and notes in channels only when they are asked for.
func (p *Platform) notes(w http.ResponseWriter, r *http.Request) {
	var q question
	fake.Read(r, &q)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	out := []map[string]any{}
	for _, post := range p.Newest(1000) {
		if q.User == me && len(out) < min(max(q.Limit, 10), 100) && (post.Parent == "" || q.Replies) && (post.More["channel"] == "" || q.Channels) {
			out = append(out, shown(post))
		}
	}
	fake.Answer(w, http.StatusOK, out)
}

func (p *Platform) show(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post) { fake.Answer(w, http.StatusOK, shown(post)) })
}

func (p *Platform) remove(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post) { p.Drop(post.ID); w.WriteHeader(http.StatusNoContent) })
}

func (p *Platform) one(w http.ResponseWriter, r *http.Request, do func(fake.Post)) {
	var q question
	fake.Read(r, &q)
	p.Mu.Lock()
	defer p.Mu.Unlock()
	post, ok := p.Find(q.Note)
	if !ok {
		refuse(w, http.StatusBadRequest, "NO_SUCH_NOTE")
		return
	}
	do(post)
}

func (p *Platform) replies(w http.ResponseWriter, r *http.Request) {
	p.one(w, r, func(post fake.Post) {
		out := []map[string]any{}
		for _, reply := range slices.Backward(p.Newest(1000)) {
			if reply.Parent == post.ID {
				out = append(out, shown(reply))
			}
		}
		fake.Answer(w, http.StatusOK, json.RawMessage(must(json.Marshal(out))))
	})
}

func must(raw []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}

var _ fake.Platform = (*Platform)(nil)
