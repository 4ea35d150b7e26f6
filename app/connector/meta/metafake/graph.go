// Package metafake is what the fakes of Facebook, Instagram and Threads have in common: refusals, long tokens and
// containers, as the fact sheets describe them.
package metafake

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector/fake"
)

// Long is how long a long token lives, and Young the age before which it can't be made longer.
const (
	Long  = 5183944 * time.Second
	Young = 24 * time.Hour
	Kept  = 24 * time.Hour // a container that isn't published
)

// Graph is the common part of a platform.
type Graph struct {
	fake.Base
	*fake.Provider
	Mux   *http.ServeMux
	Boxes map[string]*Box
	since map[string]time.Time // when a long token was given
}

// Box is a container: a post that nobody sees yet.
type Box struct {
	ID      string
	Form    url.Values
	Files   []fake.File
	Child   bool
	ReadyAt time.Time
	Ends    time.Time
	Post    string // what it became
}

// Begin makes the common part ready.
func (g *Graph) Begin(w fake.World, client fake.Client) {
	g.Base.Begin(w)
	g.Mux, g.Boxes, g.since = http.NewServeMux(), map[string]*Box{}, map[string]time.Time{}
	g.Provider = &fake.Provider{Base: &g.Base, Client: client, Refuse: refuseSignIn}
}

// ServeHTTP implements http.Handler.
func (g *Graph) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.Mux.ServeHTTP(w, r) }

// refuseSignIn is how these platforms refuse at the addresses of the sign-in.
func refuseSignIn(w http.ResponseWriter, status int, code, words string) {
	switch code {
	case "invalid_client":
		words = "Error validating client secret."
	case "invalid_grant":
		words = "This authorization code has been used, or isn't one."
	case "redirect_uri_mismatch":
		words = "The redirect_uri isn't one of the app's."
	}
	Refuse(w, status, 1, 0, words)
}

// Refuse answers with an error of the Graph API.
func Refuse(w http.ResponseWriter, status, code, subcode int, words string) {
	e := map[string]any{"message": words, "type": "OAuthException", "code": code, "fbtrace_id": "Atrace"}
	if subcode != 0 {
		e["error_subcode"] = subcode
	}
	fake.Answer(w, status, map[string]any{"error": e})
}

// Denied is the answer to a token that isn't good.
func Denied(w http.ResponseWriter) {
	Refuse(w, http.StatusUnauthorized, 190, 463, "Error validating access token: Session has expired.")
}

// Handle adds addresses that want good access.
func (g *Graph) Handle(pattern string, h http.HandlerFunc) {
	g.Mux.HandleFunc(pattern, g.Signed(Denied, h))
}

// Exchange gives a long token for a good one, whatever it is called.
func (g *Graph) Exchange(grant, param string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case q.Get("client_secret") != g.Client.Secret:
			Refuse(w, http.StatusBadRequest, 1, 0, "Error validating client secret.")
		case q.Get("grant_type") != grant || !g.Good(q.Get(param)):
			Denied(w)
		default:
			g.longer(w)
		}
	}
}

// Extend gives another long token for one that lives and is a day old.
func (g *Graph) Extend(grant string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get("access_token")
		since, long := g.since[token]
		if r.URL.Query().Get("grant_type") != grant || !g.Good(token) || !long || g.Now().Sub(since) < Young {
			Denied(w)
			return
		}
		g.Refreshed()
		g.longer(w)
	}
}

func (g *Graph) longer(w http.ResponseWriter) {
	g.Mu.Lock()
	token := fmt.Sprintf("long-canary-%06d", g.Serial())
	g.Mu.Unlock()
	g.Grant(token)
	g.since[token] = g.Now()
	fake.Answer(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "bearer", "expires_in": int64(Long / time.Second)})
}

// Put keeps a container; callers hold Mu.
func (g *Graph) Put(form url.Values, files []fake.File, work time.Duration) *Box {
	b := &Box{ID: strconv.Itoa(17_900_000 + g.Serial()), Form: form, Files: files, ReadyAt: g.Now().Add(work), Ends: g.Now().Add(Kept), Child: form.Get("is_carousel_item") == "true"}
	g.Boxes[b.ID] = b
	return b
}

// State is a container's state; callers hold Mu.
func (g *Graph) State(b *Box) string {
	switch {
	case b.Post != "":
		return "PUBLISHED"
	case g.Now().Before(b.ReadyAt):
		return "IN_PROGRESS"
	case g.Now().After(b.Ends):
		return "EXPIRED"
	}
	return "FINISHED"
}

// Children are the finished containers that a list names; false: one isn't there. Callers hold Mu.
func (g *Graph) Children(list string) ([]fake.File, bool) {
	var files []fake.File
	for _, id := range strings.Split(list, ",") {
		b, ok := g.Boxes[id]
		if !ok || !b.Child || g.State(b) != "FINISHED" {
			return nil, false
		}
		files = append(files, b.Files...)
	}
	return files, true
}

// At is how these platforms write an instant.
func At(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-0700") }

// Figures is the answer of insights: 1 for the first metric that was asked for, 2 for the second.
func Figures(w http.ResponseWriter, r *http.Request) {
	list := []any{}
	for i, name := range strings.Split(r.URL.Query().Get("metric"), ",") {
		list = append(list, map[string]any{"name": name, "values": []any{map[string]any{"value": i + 1}}})
	}
	fake.Answer(w, http.StatusOK, map[string]any{"data": list})
}
