package conform

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

// start is when these tests take place.
var start = time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)

// bench is one fresh platform with one connected channel.
type bench struct {
	s        *suite
	pub      connector.Publisher
	spec     *connector.Spec
	platform fake.Platform
	clock    *clock.Manual
	wire     *wire
	box      *box
	channel  connector.Channel
	app      connector.App
	known    map[string]bool
	stranger string            // a post that somebody else made meanwhile
	traces   []connector.Trace // of connecting
}

// box keeps the channel's token under its lock, as package channel does.
type box struct {
	mu    sync.Mutex
	token connector.Token
}

func (b *box) get() connector.Token { b.mu.Lock(); defer b.mu.Unlock(); return b.token }

// Renew implements connector.Tokens.
func (b *box) Renew(ctx context.Context, refused connector.Token, renew func(context.Context, connector.Token) (connector.Token, error)) (connector.Token, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.token.Same(refused) {
		return b.token, nil
	}
	next, err := renew(ctx, b.token)
	if err != nil {
		return connector.Token{}, err
	}
	b.token = next
	return next, nil
}

// bench makes a platform and connects to it by this account.
func (s *suite) bench(a fake.Account) *bench {
	b := s.unconnected()
	if err := b.connect(a); err != nil {
		b.close()
		s.fail(a.Way, "connecting: %v", err)
		panic(errEnough{})
	}
	return b
}

func (s *suite) unconnected() *bench {
	b := &bench{s: s, pub: s.pub(), clock: clock.NewManual(start), known: map[string]bool{}, box: &box{}}
	b.spec = b.pub.Spec()
	b.platform = s.platform(fake.World{Now: b.clock.Now})
	b.wire = newWire(b.clock, b.platform)
	return b
}

func (b *bench) close() { b.wire.close() }

// grip is what a walk gets beside its driver.
func (b *bench) grip() connector.Grip {
	g := connector.Grip{
		Clock: b.clock, Network: b.wire.dialer(), BaseURL: baseURL, Token: b.box.get(), Tokens: b.box, App: b.app,
		Known:  func(id string) bool { return b.known[id] },
		Public: func(_ context.Context, m connector.Media) (string, error) { return "https://files.test/" + m.Name, nil },
	}
	g.Card = func(_ context.Context, address string) (connector.Card, error) {
		picture := b.file(connector.MediaRule{Type: connector.Image, MIME: []string{"image/jpeg"}}, 0)
		return connector.Card{URL: address, Title: "A page", Description: "What it is about", Image: &picture}, nil
	}
	if feed, ok := b.platform.(connector.Feed); ok {
		g.Feed = &wiredFeed{b.wire, feed}
	}
	return g
}

const callback = "https://posto.test/connect/callback"

func (b *bench) connect(a fake.Account) error {
	ctx := context.Background()
	way, ok := b.spec.Way(a.Way)
	if !ok {
		return fmt.Errorf("the fake has a way %q that the Spec hasn't", a.Way)
	}
	g := b.grip()
	g.Tokens = nil
	g.Driver = &tracer{b: b}
	if r, ok := b.platform.(fake.Registered); ok {
		g.App = appOf(r.Owner())
	}
	var joined connector.Joined
	var err error
	switch {
	case way.Kind == connector.Handshake:
		joined, err = b.shakeHands(ctx, a, g)
	case way.OAuth == nil:
		joined, err = connector.Join(ctx, b.pub, a.Way, a.Fields, g)
	default:
		joined, err = b.signIn(ctx, a, g)
	}
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	targets, err := connector.Choices(ctx, b.pub, joined, g)
	if err != nil {
		return fmt.Errorf("targets: %w", err)
	}
	if len(targets) > 0 {
		joined = joined.Chosen(targets[0])
	}
	b.channel, b.app = joined.Channel, joined.App
	b.channel.ID = "chn_conform"
	b.box.mu.Lock()
	b.box.token = joined.Token
	b.box.mu.Unlock()
	return nil
}

func appOf(c fake.Client) connector.App {
	return connector.App{ID: c.ID, Secret: secret.NewText(c.Secret), Extra: c.Extra}
}

// signIn does what a browser does: it goes to the platform, agrees, and comes back with a code.
func (b *bench) signIn(ctx context.Context, a fake.Account, g connector.Grip) (connector.Joined, error) {
	s, at, err := connector.Begin(ctx, b.pub, a.Way, a.Fields, callback, "state-1", g)
	if err != nil {
		return connector.Joined{}, fmt.Errorf("begin: %w", err)
	}
	back, err := b.browse(ctx, at)
	if err != nil {
		return connector.Joined{}, err
	}
	if !strings.HasPrefix(back.String(), callback) {
		return connector.Joined{}, fmt.Errorf("the platform sent the browser to %q", back)
	}
	if back.Query().Get("state") != "state-1" {
		return connector.Joined{}, fmt.Errorf("the state came back as %q", back.Query().Get("state"))
	}
	kept, err := keptSignIn(s)
	if err != nil {
		return connector.Joined{}, err
	}
	return connector.Complete(ctx, b.pub, kept, back.Query(), g)
}

// browse opens a page of the platform and gives where it sends the browser.
func (b *bench) browse(ctx context.Context, at string) (*url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	resp, err := b.wire.dialer().Client(limits).Do(req)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	_ = resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	return back, nil
}

// keptSignIn is a sign-in after it was sealed and opened.
func keptSignIn(s connector.SignIn) (kept connector.SignIn, err error) {
	err = s.Plain(func(raw []byte) (err error) { kept, err = connector.ReadSignIn(raw); return err })
	return kept, err
}

// tracer is a driver that only listens, for what happens outside of walks.
type tracer struct {
	connector.Driver
	b *bench
}

func (t *tracer) Trace(x connector.Trace) { t.b.traces = append(t.b.traces, x) }

// secrets are all that nothing may show.
func (b *bench) secrets() []string {
	var out []string
	_ = b.box.get().Plain(func(raw []byte) error {
		var all any
		if err := json.Unmarshal(raw, &all); err != nil {
			return err
		}
		out = texts(all, out)
		return nil
	})
	b.app.Secret.Use(func(p string) { out = append(out, p) })
	scopes := b.box.get().Scopes
	kept := out[:0]
	for _, s := range out {
		if _, err := time.Parse(time.RFC3339, s); len(s) >= 8 && err != nil && !contains(scopes, s) && !strings.Contains(s, ":write") && !strings.Contains(s, ":read") && !strings.HasPrefix(s, "write:") && !strings.HasPrefix(s, "read:") {
			kept = append(kept, s)
		}
	}
	return kept
}

func texts(v any, out []string) []string {
	switch t := v.(type) {
	case string:
		out = append(out, t)
	case []any:
		for _, e := range t {
			out = texts(e, out)
		}
	case map[string]any:
		for _, e := range t {
			out = texts(e, out)
		}
	}
	return out
}

// scene is one way to connect with one kind of post.
type scene struct {
	account fake.Account
	kind    connector.Kind
}

func (c scene) String() string { return c.account.Way + "/" + c.kind.ID }

// scenes are all ways with all kinds that belong to them.
func (s *suite) scenes() []scene {
	var out []scene
	platform := s.platform(fake.World{Now: func() time.Time { return start }})
	for _, a := range platform.Accounts() {
		for _, k := range s.pub().Spec().Kinds {
			if k.Via == nil || contains(k.Via, a.Way) {
				out = append(out, scene{a, k})
			}
		}
	}
	if out == nil {
		s.fail("fake", "it has no account with a kind")
	}
	return out
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
