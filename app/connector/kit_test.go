package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// toy is a connector of a few lines.
type toy struct {
	spec    connector.Spec
	publish func(context.Context, *connector.Pass) (connector.Receipt, error)
	refresh func(context.Context, *connector.Call) (connector.Token, error)
}

func (t *toy) Spec() *connector.Spec { return &t.spec }
func (t *toy) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	_, err := c.Send(ctx, connector.Request{Path: "/who"})
	return connector.Identity{ID: "1", Name: "Me"}, err
}

func (t *toy) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	return t.publish(ctx, p)
}

type refreshing struct{ *toy }

func (r refreshing) Refresh(ctx context.Context, c *connector.Call) (connector.Token, error) {
	return r.refresh(ctx, c)
}

func newToy() *toy {
	t := &toy{spec: connector.Spec{
		ID: "toy", Label: "Toy", Preview: connector.Plain, Auth: connector.Auth{Place: connector.InBearer},
		Hosts: []connector.Host{connector.At("api", "https://toy.example/v1"), connector.Matching("files", "*.files.example")},
		Kinds: []connector.Kind{{
			ID: "text", Label: "Text", Steps: []string{"post"}, Text: connector.Text{Count: text.Runes, Max: connector.N(100), Must: true},
			Once: connector.Once{By: connector.Ask, Why: "no key"},
		}},
		Failures: connector.Failures{{Status: 500, Has: "never mind", Class: connector.Rejected}},
	}}
	t.publish = func(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
		return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
			var out struct{ ID string }
			_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/posts", JSON: map[string]string{"text": p.Draft.Text}, Into: &out})
			return connector.Receipt{ID: out.ID}, err
		})
	}
	return t
}

// memory is the smallest driver.
type memory struct {
	mu     sync.Mutex
	saved  map[string][]byte
	intent []connector.Intent
	traces []connector.Trace
	forgot []string
	refuse error
	look   bool
}

func newMemory() *memory { return &memory{saved: map[string][]byte{}, look: true} }

func (m *memory) Saved(step string) ([]byte, bool) { raw, ok := m.saved[step]; return raw, ok }
func (m *memory) Save(_ context.Context, step string, raw []byte) error {
	m.saved[step] = raw
	return m.refuse
}

func (m *memory) Intent(_ context.Context, i connector.Intent) error {
	m.intent = append(m.intent, i)
	return m.refuse
}
func (m *memory) LastLook() bool        { return m.look }
func (m *memory) Forget(steps []string) { m.forgot = append(m.forgot, steps...) }
func (m *memory) Trace(t connector.Trace) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.traces = append(m.traces, t)
}

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// against makes the grip of a walk against a server.
func against(t *testing.T, h http.HandlerFunc) (connector.Grip, *memory) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	m := newMemory()
	return connector.Grip{
		Driver: m, Clock: clock.NewManual(noon), Network: outbound.Configured(outbound.Rules{}), BaseURL: s.URL,
		Token: connector.Token{Access: secret.NewText("tok-canary-123456")},
	}, m
}

func draft() connector.Draft { return connector.Draft{Key: "k1", Text: "hello", At: noon} }

func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// TestWhatTheCommitsAnswerMeans is the table of connectors.md 3 and 6.
func TestWhatTheCommitsAnswerMeans(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		h     http.HandlerFunc
		end   connector.Ended
		class connector.Class
	}{
		"a receipt":                    {answer(200, `{"id":"7"}`), connector.EndPublished, ""},
		"a receipt without an id":      {answer(200, `{}`), connector.EndUnsure, connector.Uncertain},
		"an unreadable answer":         {answer(200, `<html>`), connector.EndUnsure, connector.Uncertain},
		"an empty answer":              {answer(200, ``), connector.EndUnsure, connector.Uncertain},
		"500":                          {answer(500, `oops`), connector.EndUnsure, connector.Uncertain},
		"500 that a row calls refusal": {answer(500, `never mind`), connector.EndUnsure, connector.Uncertain},
		"503":                          {answer(503, `busy`, "Retry-After", "9"), connector.EndUnsure, connector.Uncertain},
		"a redirect":                   {answer(302, ``, "Location", "https://elsewhere.example/"), connector.EndUnsure, connector.Uncertain},
		"a request that timed out":     {answer(408, ``), connector.EndUnsure, connector.Uncertain},
		"400":                          {answer(400, `{"error":"no"}`), connector.EndRefused, connector.Rejected},
		"413":                          {answer(413, ``), connector.EndRefused, connector.Rejected},
		"401":                          {answer(401, ``), connector.EndReconnect, connector.Reconnect},
		"429":                          {answer(429, ``, "Retry-After", "30"), connector.EndNotAccepted, connector.RateLimited},
		"hung up":                      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, connector.EndUnsure, connector.Uncertain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, m := against(t, c.h)
			out := connector.Walk(context.Background(), newToy(), draft(), g)
			if out.End != c.end || out.Class != c.class || !out.Sent || len(m.intent) != 1 {
				t.Errorf("%s %s, sent %v, %d intents: %v", out.End, out.Class, out.Sent, len(m.intent), out.Err)
			}
			if name == "429" && !out.Until.Equal(noon.Add(30*time.Second)) {
				t.Errorf("until %s", out.Until)
			}
			if strings.Contains(fmt.Sprintf("%+v %+v", out, m.traces), "tok-canary") {
				t.Error("the token is shown")
			}
		})
	}
}

func TestNothingLeavesWithoutAnIntentALookAndAPlace(t *testing.T) {
	t.Parallel()
	came := make(chan bool, 8)
	h := func(w http.ResponseWriter, _ *http.Request) { came <- true; _, _ = w.Write([]byte(`{"id":"7"}`)) }
	for name, spoil := range map[string]func(*connector.Grip, *memory) context.Context{
		"intent refused": func(_ *connector.Grip, m *memory) context.Context {
			m.refuse = connector.ErrLeaseLost
			return context.Background()
		},
		"last look": func(_ *connector.Grip, m *memory) context.Context { m.look = false; return context.Background() },
		"ended": func(*connector.Grip, *memory) context.Context {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx
		},
		"refused dial": func(g *connector.Grip, _ *memory) context.Context {
			g.BaseURL = "http://127.0.0.1:1"
			return context.Background()
		},
	} {
		g, m := against(t, h)
		ctx := spoil(&g, m)
		out := connector.Walk(ctx, newToy(), draft(), g)
		want := map[string]connector.Ended{"intent refused": connector.EndLeaseLost, "last look": connector.EndLeaseLost, "ended": connector.EndStopped, "refused dial": connector.EndNotAccepted}[name]
		if out.End != want || out.Sent || len(came) != 0 {
			t.Errorf("%s: %s, sent %v, %d came", name, out.End, out.Sent, len(came))
		}
	}
}

func TestACommitIsOneCallAndTheLast(t *testing.T) {
	t.Parallel()
	n := 0
	g, _ := against(t, func(w http.ResponseWriter, _ *http.Request) { n++; _, _ = w.Write([]byte(`{"id":"7"}`)) })
	pub := newToy()
	var kept *connector.Call
	pub.publish = func(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
		r, err := connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
			kept = c
			_, err := c.Send(ctx, connector.Request{Method: "POST", Path: "/posts"})
			if _, again := c.Send(ctx, connector.Request{Method: "POST", Path: "/posts"}); again == nil {
				t.Error("a second call went through")
			}
			return connector.Receipt{ID: "7"}, err
		})
		if _, again := connector.Commit(ctx, p, "other", func(context.Context, *connector.Call) (connector.Receipt, error) {
			return connector.Receipt{}, nil
		}); again == nil {
			t.Error("a second commit went through")
		}
		if _, again := connector.Step(ctx, p, "after", func(context.Context, *connector.Call) (int, error) { return 1, nil }); again == nil {
			t.Error("a step after the commit went through")
		}
		return r, err
	}
	if out := connector.Walk(context.Background(), pub, draft(), g); out.End != connector.EndPublished || n != 1 {
		t.Errorf("%s %v, %d calls", out.End, out.Err, n)
	}
	if _, err := kept.Send(context.Background(), connector.Request{}); err == nil {
		t.Error("a call outlived its step")
	}
	pub.publish = func(context.Context, *connector.Pass) (connector.Receipt, error) {
		return connector.Receipt{ID: "7"}, nil
	}
	if out := connector.Walk(context.Background(), pub, draft(), g); out.End == connector.EndPublished {
		t.Error("published without a commit")
	}
	pub.publish = func(context.Context, *connector.Pass) (connector.Receipt, error) { panic("broken") }
	if out := connector.Walk(context.Background(), pub, draft(), g); out.End != connector.EndNotAccepted || out.Sent {
		t.Errorf("a connector that panics ended %s", out.End)
	}
}

func TestCallsGoOnlyToDeclaredHosts(t *testing.T) {
	t.Parallel()
	var dialled []string
	g, _ := against(t, answer(200, `{}`))
	g.BaseURL = ""
	g.Network = outbound.Over(outboundRecorder(&dialled))
	for path, want := range map[string]string{
		"https://a.files.example/x": "a.files.example:443", "https://files.example/x": "files.example:443",
		"https://evilfiles.example/x": "", "https://files.example.evil.test/x": "", "http://a.files.example/x": "", "https://a.files.example:8443/x": "",
		"https://user@a.files.example/x": "", "https://169.254.169.254/": "", "//a.files.example/": "", "": "",
	} {
		dialled = nil
		_, _ = connector.Do(context.Background(), newToy(), connector.Channel{}, &g, "x", func(ctx context.Context, c *connector.Call) (int, error) {
			_, err := c.Send(ctx, connector.Request{Host: "files", Path: path})
			return 0, err
		})
		if got := strings.Join(dialled, ","); got != want {
			t.Errorf("%s dialled %q, want %q", path, got, want)
		}
	}
	dialled = nil
	_, err := connector.Do(context.Background(), newToy(), connector.Channel{}, &g, "x", func(ctx context.Context, c *connector.Call) (int, error) {
		_, err := c.Send(ctx, connector.Request{Host: "undeclared", Path: "/"})
		return 0, err
	})
	if connector.ClassOf(err) != connector.Rejected || dialled != nil {
		t.Errorf("%v, dialled %v", err, dialled)
	}
}

func TestAConnectorsHostsMoveTogetherAndKeepTheirNames(t *testing.T) {
	t.Parallel()
	var got *http.Request
	g, _ := against(t, func(_ http.ResponseWriter, r *http.Request) { got = r })
	_, err := connector.Do(context.Background(), newToy(), connector.Channel{}, &g, "x", func(ctx context.Context, c *connector.Call) (int, error) {
		_, err := c.Send(ctx, connector.Request{Path: "/a%2Fb?x=1", Query: url.Values{"y": {"2 3"}}})
		return 0, err
	})
	if err != nil || got.URL.EscapedPath() != "/v1/a%2Fb" || got.URL.Query().Get("x")+got.URL.Query().Get("y") != "12 3" || got.Header.Get("Original-Host") != "toy.example" {
		t.Errorf("%v, %s, %s", err, got.URL, got.Header.Get("Original-Host"))
	}
	if got.Header.Get("Authorization") != "Bearer tok-canary-123456" || !strings.HasPrefix(got.Header.Get("User-Agent"), "OmniPosto") {
		t.Errorf("headers %v", got.Header)
	}
}

// box keeps one token.
type box struct{ token connector.Token }

func (b *box) Renew(ctx context.Context, refused connector.Token, renew func(context.Context, connector.Token) (connector.Token, error)) (connector.Token, error) {
	if !b.token.Same(refused) {
		return b.token, nil
	}
	next, err := renew(ctx, b.token)
	if err == nil {
		b.token = next
	}
	return next, err
}

func TestATokenThatIsRefusedIsRefreshedOnce(t *testing.T) {
	t.Parallel()
	refreshes := 0
	g, m := against(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer fresh" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte(`{"id":"7"}`))
	})
	pub := refreshing{newToy()}
	pub.refresh = func(context.Context, *connector.Call) (connector.Token, error) {
		refreshes++
		return connector.Token{Access: secret.NewText("fresh")}, nil
	}
	b := &box{g.Token}
	g.Tokens = b
	first := connector.Walk(context.Background(), pub, draft(), g)
	if first.End != connector.EndNotAccepted || first.Class != connector.Transient || !first.Until.Equal(noon.Add(time.Second)) || len(m.intent) != 1 {
		t.Errorf("on the commit: %s %s until %s, %d intents", first.End, first.Class, first.Until, len(m.intent))
	}
	g.Token = b.token
	if second := connector.Walk(context.Background(), pub, draft(), g); second.End != connector.EndPublished || refreshes != 1 {
		t.Errorf("%s after %d refreshes", second.End, refreshes)
	}
	// A token that was refreshed a moment ago and isn't accepted either won't get better.
	g.Token = connector.Token{Access: secret.NewText("bad"), RenewedAt: noon.Add(-time.Minute)}
	b.token = g.Token
	if third := connector.Walk(context.Background(), pub, draft(), g); third.End != connector.EndReconnect || refreshes != 1 {
		t.Errorf("%s after %d refreshes", third.End, refreshes)
	}
	pub.refresh = func(context.Context, *connector.Call) (connector.Token, error) {
		return connector.Token{}, &connector.Failed{Class: connector.Transient, Words: "later"}
	}
	g.Token.RenewedAt = time.Time{}
	b.token = g.Token
	if fourth := connector.Walk(context.Background(), pub, draft(), g); fourth.End != connector.EndNotAccepted || fourth.Class != connector.Transient {
		t.Errorf("a refresh that fails for a while ended %s %s", fourth.End, fourth.Class)
	}
}

func TestATokenSurvivesSealingAndNothingElseShowsIt(t *testing.T) {
	t.Parallel()
	token := connector.Token{Access: secret.NewText("a-canary"), Refresh: secret.NewText("r-canary"), ExpiresAt: noon, Scopes: []string{"w"}}.With("address", "x-canary")
	var back connector.Token
	err := token.Plain(func(raw []byte) error {
		var err error
		back, err = connector.ReadToken(raw)
		return err
	})
	if err != nil || !back.Same(token) || !back.Refresh.Equal(token.Refresh) || !back.ExpiresAt.Equal(noon) || back.Scopes[0] != "w" {
		t.Errorf("%v %v", back, err)
	}
	raw, err := json.Marshal(token)
	if shown := fmt.Sprintf("%v %+v %#v %s %v", token, token, token, raw, err); strings.Contains(shown, "canary") {
		t.Error(shown)
	}
	next := token.Renewed(connector.Token{Access: secret.NewText("b")}, noon)
	if !next.Refresh.Equal(token.Refresh) || next.Extra["address"].Empty() || !next.RenewedAt.Equal(noon) {
		t.Error("what a refresh doesn't give stays")
	}
	for left, stale := range map[time.Duration]bool{48 * time.Hour: false, 13 * time.Minute: false, 11 * time.Minute: true, -time.Hour: true} {
		tok := connector.Token{ExpiresAt: noon.Add(left)}
		if got := tok.Stale(connector.Life{Access: time.Hour}, noon); got != stale {
			t.Errorf("%s left of an hour: stale %v", left, got)
		}
	}
}

func TestErrorsKeepTheirMeaningAndLoseTheirSecrets(t *testing.T) {
	t.Parallel()
	g, _ := against(t, answer(200, `{}`))
	pub := newToy()
	cause := errors.New("something with tok-canary-123456 inside")
	pub.publish = func(context.Context, *connector.Pass) (connector.Receipt, error) { return connector.Receipt{}, cause }
	out := connector.Walk(context.Background(), pub, draft(), g)
	if !errors.Is(out.Err, cause) || strings.Contains(out.Err.Error(), "canary") {
		t.Errorf("%v", out.Err)
	}
}

func TestAPlatformCantSendABrowserAnywhereButTheWeb(t *testing.T) {
	for _, address := range []string{"https://social.example/@a/1", "http://intranet.example/1", "/w/wsp_1/practice"} {
		if got := connector.WebAddress(address); got != address {
			t.Errorf("%q becomes %q", address, got)
		}
	}
	for _, address := range []string{"", "javascript:alert(1)", " javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example/x", `/\evil.example`, "https:evil", "mailto:a@b.example", "ftp://a.example", "social.example/1", "https://%zz"} {
		if got := connector.WebAddress(address); got != "" {
			t.Errorf("%q is let through", address)
		}
	}
}

// signed is a toy whose posts are known by a title that many drafts share.
type signed struct{ *toy }

func (signed) List(context.Context, *connector.Call) ([]connector.Seen, error) { return nil, nil }
func (signed) Sign(p *connector.Pass) string                                   { return p.Draft.Key }

// TestWhatCouldBeTakenForEachOtherHasOneFingerprint: doubt about one such delivery holds the other back.
func TestWhatCouldBeTakenForEachOtherHasOneFingerprint(t *testing.T) {
	t.Parallel()
	of := func(by connector.By, text, title string) string {
		g, m := against(t, answer(200, `{"id":"7"}`))
		pub := newToy()
		pub.spec.Kinds[0].Once = connector.Once{By: by, Why: "a test"}
		d := draft()
		d.Text, d.Key = text, title
		connector.Walk(context.Background(), signed{pub}, d, g)
		if len(m.intent) != 1 {
			t.Fatalf("%d intents", len(m.intent))
		}
		return m.intent[0].Fingerprint
	}
	if of(connector.Lookup, "one", `"t"`) != of(connector.Lookup, "another", `"t"`) {
		t.Error("the same sign, and two fingerprints")
	}
	if of(connector.Lookup, "one", `"t"`) == of(connector.Lookup, "one", `"u"`) {
		t.Error("two signs, and one fingerprint")
	}
	if of(connector.Ask, "one", `"t"`) == of(connector.Ask, "another", `"t"`) {
		t.Error("where nobody looks, words tell apart")
	}
}
