// Package blueskyfake is a personal data server and the video service as the fact sheet describes them, in memory.
package blueskyfake

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	did        = "did:plc:fakeaccount234567abcdef"
	handle     = "ada.bsky.social"
	password   = "pass-canary-wxyz"
	pds        = "https://morel.us-east.host.bsky.network"
	accessLife = 2 * time.Hour
	workTime   = 7 * time.Second // on a video
	posts      = "app.bsky.feed.post"
	maxBlob    = 52_428_800
)

// Platform is the server.
type Platform struct {
	fake.Base
	mux     *http.ServeMux
	records map[string]json.RawMessage // collection/rkey
	access  map[string]time.Time       // when it ends
	renew   map[string]bool
	service map[string]bool
	jobs    map[string]*fake.File
}

// New makes a server with one account.
func New(w fake.World) fake.Platform {
	p := &Platform{
		mux: http.NewServeMux(), records: map[string]json.RawMessage{}, access: map[string]time.Time{}, renew: map[string]bool{},
		service: map[string]bool{}, jobs: map[string]*fake.File{},
	}
	p.Begin(w)
	for name, h := range map[string]http.HandlerFunc{
		"POST com.atproto.server.createSession":    p.createSession,
		"POST com.atproto.server.refreshSession":   p.refreshSession,
		"POST com.atproto.server.deleteSession":    p.deleteSession,
		"GET com.atproto.server.getSession":        p.signed(p.getSession),
		"GET com.atproto.server.getServiceAuth":    p.signed(p.serviceAuth),
		"GET com.atproto.identity.resolveHandle":   p.resolveHandle,
		"POST com.atproto.repo.uploadBlob":         p.signed(p.uploadBlob),
		"POST com.atproto.repo.putRecord":          p.signed(p.putRecord),
		"POST com.atproto.repo.applyWrites":        p.signed(p.applyWrites),
		"POST com.atproto.repo.deleteRecord":       p.signed(p.deleteRecord),
		"GET com.atproto.repo.getRecord":           p.getRecord,
		"GET app.bsky.actor.getProfile":            p.signed(p.getProfile),
		"GET app.bsky.feed.getPosts":               p.signed(p.getPosts),
		"GET app.bsky.feed.getPostThread":          p.signed(p.getPostThread),
		"GET app.bsky.graph.getLists":              p.signed(p.getLists),
		"GET app.bsky.actor.searchActorsTypeahead": p.signed(p.search),
		"POST app.bsky.video.uploadVideo":          p.uploadVideo,
		"GET app.bsky.video.getJobStatus":          p.jobStatus,
	} {
		method, nsid, _ := strings.Cut(name, " ")
		p.mux.HandleFunc(method+" /xrpc/"+nsid, h)
	}
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "app_password", Fields: map[string]string{"handle": handle, "password": password}}}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	rkey := fmt.Sprintf("3kbyhand%05d", p.Serial())
	p.records[posts+"/"+rkey] = json.RawMessage(`{"text":"by hand"}`)
	return p.Show(fake.Post{ID: uri(posts, rkey), Text: text, Files: make([]fake.File, files)})
}

// EndAccess implements fake.Platform.
func (p *Platform) EndAccess() {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	clear(p.access)
}

func uri(collection, rkey string) string { return "at://" + did + "/" + collection + "/" + rkey }

func cid(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "bafyrei" + hex.EncodeToString(sum[:16])
}

func refuse(w http.ResponseWriter, status int, name, message string) {
	fake.Answer(w, status, map[string]string{"error": name, "message": message})
}

func (p *Platform) signed(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := fake.Bearer(r)
		if token == "" {
			refuse(w, http.StatusUnauthorized, "AuthMissing", "Authentication Required")
			return
		}
		p.Mu.Lock()
		until, ok := p.access[token]
		p.Mu.Unlock()
		switch {
		case ok && p.Now().Before(until):
			h(w, r)
		case strings.HasPrefix(token, "eyJ"):
			refuse(w, http.StatusBadRequest, "ExpiredToken", "Token has expired")
		default:
			refuse(w, http.StatusBadRequest, "InvalidToken", "Token could not be verified")
		}
	}
}

// jwt looks like one; nobody checks its signature here.
func jwt(kind string, n int, until time.Time) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"typ":"at+jwt","alg":"ES256K"}`)) + "." + enc([]byte(fmt.Sprintf(`{"scope":"com.atproto.%s","n":%d,"exp":%d}`, kind, n, until.Unix()))) + "." + enc([]byte("signature-canary"))
}

// session gives a new pair; callers hold Mu.
func (p *Platform) session() map[string]any {
	until := p.Now().Add(accessLife)
	access, renew := jwt("access", p.Serial(), until), jwt("refresh", p.Serial(), p.Now().Add(90*24*time.Hour))
	p.access[access], p.renew[renew] = until, true
	out := whose()
	out["accessJwt"], out["refreshJwt"] = access, renew
	return out
}

func whose() map[string]any {
	return map[string]any{
		"did": did, "handle": handle, "active": true, "email": "ada@example.org",
		"didDoc": map[string]any{"id": did, "service": []any{map[string]string{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": pds}}},
	}
}

func (p *Platform) createSession(w http.ResponseWriter, r *http.Request) {
	var in struct{ Identifier, Password string }
	if !fake.Read(r, &in) || in.Identifier != handle || in.Password != password {
		refuse(w, http.StatusUnauthorized, "AuthenticationRequired", "Invalid identifier or password")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	fake.Answer(w, http.StatusOK, p.session())
}

func (p *Platform) refreshSession(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	ok := p.renew[fake.Bearer(r)]
	p.Mu.Unlock()
	if !ok {
		refuse(w, http.StatusBadRequest, "ExpiredToken", "Token has been revoked")
		return
	}
	p.Refreshed()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	fake.Answer(w, http.StatusOK, p.session())
}

func (p *Platform) deleteSession(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	delete(p.renew, fake.Bearer(r))
	w.WriteHeader(http.StatusOK)
}

func (p *Platform) getSession(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, whose())
}

func (p *Platform) getProfile(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"did": did, "handle": handle, "displayName": "Ada", "avatar": "https://cdn.bsky.app/ada.jpg", "followersCount": 3})
}

func (p *Platform) resolveHandle(w http.ResponseWriter, r *http.Request) {
	switch h := r.URL.Query().Get("handle"); {
	case h == handle:
		fake.Answer(w, http.StatusOK, map[string]string{"did": did})
	case strings.HasSuffix(h, ".example"):
		fake.Answer(w, http.StatusOK, map[string]string{"did": "did:plc:" + strings.ReplaceAll(h, ".", "")})
	default:
		refuse(w, http.StatusBadRequest, "InvalidRequest", "Unable to resolve handle")
	}
}

func (p *Platform) view(s fake.Post) map[string]any {
	return map[string]any{
		"uri": s.ID, "cid": cid([]byte(s.More["record"])), "author": map[string]string{"handle": handle, "displayName": "Ada"},
		"record":    map[string]any{"text": s.Text, "createdAt": s.At, "reply": map[string]any{"parent": map[string]string{"uri": s.Parent}}},
		"likeCount": 5, "repostCount": 4, "replyCount": 3, "quoteCount": 2, "bookmarkCount": 1,
	}
}

func (p *Platform) getPosts(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	out := []any{}
	for _, u := range r.URL.Query()["uris"] {
		if s, ok := p.Find(u); ok {
			out = append(out, p.view(s))
		}
	}
	fake.Answer(w, http.StatusOK, map[string]any{"posts": out})
}

func (p *Platform) getPostThread(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	fake.Answer(w, http.StatusOK, map[string]any{"thread": p.below(r.URL.Query().Get("uri"))})
}

func (p *Platform) below(u string) map[string]any {
	s, _ := p.Find(u)
	replies := []any{}
	for _, c := range slices.Backward(p.Newest(1000)) {
		if c.Parent == u {
			replies = append(replies, p.below(c.ID))
		}
	}
	return map[string]any{"post": p.view(s), "replies": replies}
}

func (p *Platform) getLists(w http.ResponseWriter, _ *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"lists": []any{map[string]string{"uri": "at://" + did + "/app.bsky.graph.list/3k1", "name": "Friends"}}})
}

func (p *Platform) search(w http.ResponseWriter, r *http.Request) {
	fake.Answer(w, http.StatusOK, map[string]any{"actors": []any{map[string]string{"handle": r.URL.Query().Get("q") + ".example", "displayName": "A friend"}}})
}

func (p *Platform) serviceAuth(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("aud") != "did:web:morel.us-east.host.bsky.network" || q.Get("lxm") != "com.atproto.repo.uploadBlob" {
		refuse(w, http.StatusBadRequest, "InvalidRequest", "audience is not this server")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	token := jwt("service", p.Serial(), p.Now().Add(time.Minute))
	p.service[token] = true
	fake.Answer(w, http.StatusOK, map[string]string{"token": token})
}

func (p *Platform) uploadVideo(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	ok := p.service[fake.Bearer(r)]
	p.Mu.Unlock()
	if !ok || r.URL.Query().Get("did") != did {
		refuse(w, http.StatusUnauthorized, "AuthMissing", "Authentication Required")
		return
	}
	size, sum, err := fake.Measure(r.Body)
	if err != nil || size > 300_000_000 {
		refuse(w, http.StatusBadRequest, "VideoTooLarge", "Video is too large")
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	id := "job" + sum
	if f, ok := p.jobs[id]; ok {
		fake.Answer(w, http.StatusConflict, map[string]any{"error": "already_exists", "message": "Video already processed", "jobId": id, "state": "JOB_STATE_COMPLETED", "blob": blob(p.Keep(*f))})
		return
	}
	p.jobs[id] = &fake.File{ID: "bafkrei" + sum, MIME: "video/mp4", Size: size, Sum: sum, ReadyAt: p.Now().Add(workTime)}
	fake.Answer(w, http.StatusOK, map[string]any{"jobId": id, "did": did, "state": "JOB_STATE_CREATED"})
}

func (p *Platform) jobStatus(w http.ResponseWriter, r *http.Request) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	id := r.URL.Query().Get("jobId")
	f, ok := p.jobs[id]
	if !ok {
		refuse(w, http.StatusBadRequest, "InvalidRequest", "Job not found")
		return
	}
	status := map[string]any{"jobId": id, "did": did, "state": "JOB_STATE_ENCODING", "progress": strconv.Itoa(50)}
	if !p.Now().Before(f.ReadyAt) {
		status["state"], status["blob"] = "JOB_STATE_COMPLETED", blob(p.Keep(*f))
	}
	fake.Answer(w, http.StatusOK, map[string]any{"jobStatus": status})
}

var _ fake.Platform = (*Platform)(nil)
