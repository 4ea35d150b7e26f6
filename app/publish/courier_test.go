package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// courier is a small connector for tests: it uploads, then posts, through the real kit and real HTTP.
type courier struct {
	spec  connector.Spec
	plain bool // no upload
}

func newCourier(once connector.Once) *courier {
	return &courier{spec: connector.Spec{
		ID: "courier", Label: "Courier", Hosts: []connector.Host{connector.At("api", "https://courier.example")},
		Auth: connector.Auth{Place: connector.InBearer},
		Kinds: []connector.Kind{{ID: "post", Label: "Post", Roles: []connector.Role{connector.Post, connector.Reply},
			Text: connector.Text{Count: text.Runes, Max: connector.N(1000)}, Once: once, Steps: []string{"upload", "post"}},
			{ID: "pin", Label: "Pin", Roles: []connector.Role{connector.Finish}, Text: connector.Text{Count: text.Runes, Max: connector.N(1000)}}},
		Failures: connector.Failures{
			{Status: 401, Class: connector.Reconnect, Say: "The token has ended."},
			{Status: 422, Class: connector.Rejected},
			{Status: 429, Class: connector.RateLimited, Until: connector.Until{Header: "Reset", As: connector.RFC3339}},
		},
	}}
}

type posted struct {
	ID      string `json:"id"`
	Words   string `json:"words"`
	Key     string `json:"key"`
	Under   string `json:"under"`
	Channel string `json:"channel"`
}

func (c *courier) Spec() *connector.Spec { return &c.spec }

func (c *courier) Who(context.Context, *connector.Call) (connector.Identity, error) {
	return connector.Identity{ID: "me"}, nil
}

func (c *courier) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	if c.plain {
		return c.post(ctx, p)
	}
	_, err := connector.Step(ctx, p, "upload", func(ctx context.Context, c *connector.Call) (string, error) {
		var out posted
		_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/upload", JSON: posted{Words: p.Draft.Text}, Into: &out})
		return out.ID, err
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	return c.post(ctx, p)
}

// Finishes implements connector.Finisher.
func (c *courier) Finishes(*connector.Draft) bool { return true }

// Finish implements connector.Finisher: it pins, which may be done again and again.
func (c *courier) Finish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	_, err := connector.Step(ctx, p, "pin", func(ctx context.Context, c *connector.Call) (string, error) {
		_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/upload", JSON: posted{ID: p.Draft.Parent.ID}})
		return "pinned", err
	})
	return *p.Draft.Parent, err
}

func (c *courier) post(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		out := posted{Words: p.Draft.Text, Channel: p.Channel().ID}
		if p.Kind().Once.By == connector.Native {
			out.Key = p.Draft.Key
		}
		if p.Draft.Parent != nil {
			out.Under = p.Draft.Parent.ID
		}
		_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/posts", JSON: out, Into: &out})
		return connector.Receipt{ID: out.ID}, err
	})
}

func (c *courier) List(ctx context.Context, call *connector.Call) ([]connector.Seen, error) {
	var all []posted
	_, err := call.Send(ctx, connector.Request{Path: "/list", Query: url.Values{"channel": {call.Channel.ID}}, Into: &all})
	seen := make([]connector.Seen, 0, len(all))
	for i := len(all) - 1; i >= 0; i-- {
		seen = append(seen, connector.Seen{Receipt: connector.Receipt{ID: all[i].ID}, Sign: all[i].Words})
	}
	return seen, err
}

func (c *courier) Sign(p *connector.Pass) string { return p.Draft.Text }

func (c *courier) Refresh(ctx context.Context, call *connector.Call) (connector.Token, error) {
	var out struct {
		Token string `json:"token"`
	}
	_, err := call.Send(ctx, connector.Request{Method: "POST", Path: "/token", Into: &out})
	return connector.Token{Access: secret.NewText(out.Token)}, err
}

// office is the platform behind the courier. It counts what becomes visible.
type office struct {
	now func() time.Time // its Date

	mu        sync.Mutex
	posts     []posted
	byKey     map[string]posted // de-duplication of keys; nil: it knows none
	uploads   int
	commits   int
	refreshes int
	token     string                                        // the only one that serves; "": any
	fault     func(path string, w http.ResponseWriter) bool // true: it answered, or dropped the line; nil: none
	after     func(w http.ResponseWriter) bool              // the same, when the post is visible already
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", o.now().UTC().Format(http.TimeFormat))
	o.mu.Lock()
	fault, token := o.fault, o.token
	o.mu.Unlock()
	if fault != nil && fault(r.URL.Path, w) {
		return
	}
	if token != "" && r.URL.Path != "/token" && r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var in posted
	_ = json.NewDecoder(r.Body).Decode(&in)
	answer, after := o.answer(r, in)
	if after != nil && after(w) {
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (o *office) answer(r *http.Request, in posted) (any, func(http.ResponseWriter) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case r.URL.Path == "/token":
		o.refreshes++
		o.token = fmt.Sprintf("token %d", o.refreshes)
		return map[string]string{"token": o.token}, nil
	case r.URL.Path == "/upload":
		o.uploads++
		return posted{ID: fmt.Sprintf("file%d", o.uploads)}, nil
	case r.Method == http.MethodGet:
		all := []posted{}
		for _, p := range o.posts {
			if p.Channel == r.URL.Query().Get("channel") {
				all = append(all, p)
			}
		}
		return all, nil
	}
	o.commits++
	if old, known := o.byKey[in.Key]; known && in.Key != "" {
		return old, o.after
	}
	in.ID = fmt.Sprintf("remote%d", len(o.posts)+1)
	o.posts = append(o.posts, in)
	if o.byKey != nil {
		o.byKey[in.Key] = in
	}
	return in, o.after
}

// breaks sets what goes wrong from now on.
func (o *office) breaks(fault func(path string, w http.ResponseWriter) bool, after func(w http.ResponseWriter) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault, o.after = fault, after
}

// count says how many posts with these words are visible, and how many commits and uploads there were in all.
func (o *office) count(words string) (visible, commits, uploads int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.posts {
		if p.Words == words {
			visible++
		}
	}
	return visible, o.commits, o.uploads
}

// dropped cuts the line without an answer.
func dropped(w http.ResponseWriter) bool {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
	return true
}

var loopback = outbound.Over((&net.Dialer{}).DialContext)
