package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/twice"
)

// world is a whole server for a test, with every Update run twice, and its people.
type world struct {
	t     testing.TB
	app   *App
	base  string
	out   *safeBuffer
	log   *safeBuffer
	owner *person
	tom   *person // a member, in the worlds that have one
	org   string
	ws    string
	apps  bool // those of the platforms were entered
	stop  func()
}

// person is a browser: a cookie jar and what it is allowed to be told.
type person struct {
	w      *world
	client *http.Client
	email  string
	totp   string
	device *device // the last passkey that was added
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *safeBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

const (
	setupCode = "preset-code-for-tests-only"
	password  = "forty warm jackets"
)

// worldWith changes the configuration before the server starts.
type worldOption func(*config.Sources, *Options)

func set(key, value string) worldOption {
	return func(s *config.Sources, _ *Options) { s.Flags[key] = value }
}

func at(c clock.Clock) worldOption { return func(_ *config.Sources, o *Options) { o.Clock = c } }

// openWorld starts a server on an empty folder without anybody in it.
func openWorld(t testing.TB, options ...worldOption) *world {
	t.Helper()
	s := config.Sources{Flags: map[string]string{"data": t.TempDir(), "setup.code": setupCode, "log.level": "debug"}, Platforms: platformIDs()}
	o := Options{Clock: clock.System()}
	for _, option := range options {
		option(&s, &o)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Flags["listen"] = l.Addr().String()
	if o.Config, err = config.Load(s); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, out: &safeBuffer{}, log: &safeBuffer{}}
	o.Out, o.Log = w.out, w.log
	master := secret.ForTests()
	if o.Test.Wrap == nil {
		o.Test.Wrap = func(e store.Engine) store.Engine { return twice.Wrap(e) }
	}
	o.Test.Cost, o.Test.RateFactor, o.Test.Listener = identity.Cheapest, 1000, l
	if s.Flags["keys.master_file"] == "" {
		o.Test.Master = &master
	}
	if w.app, err = New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.app.Serve(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error("serve:", err)
		}
		if err := w.app.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	t.Cleanup(w.stop)
	w.base = "http://localhost:" + portOf(l)
	w.waitReady()
	return w
}

func portOf(l net.Listener) string { _, port, _ := net.SplitHostPort(l.Addr().String()); return port }

// waitReady asks until the server says so; each answer takes its own time, so nothing sleeps.
func (w *world) waitReady() {
	w.t.Helper()
	for range 2000 {
		r, err := http.Get(w.base + "/readyz")
		if err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
		clock.Wait(context.Background(), clock.System(), 5*time.Millisecond)
	}
	w.t.Fatal("the server didn't become ready:\n", w.log)
}

// newWorld is openWorld with an owner who claimed it.
func newWorld(t testing.TB, options ...worldOption) *world {
	t.Helper()
	w := openWorld(t, options...)
	w.owner = w.person("mira@halden.example")
	r := w.owner.must(201, "POST", "/setup", map[string]any{"code": setupCode, "name": "Mira Lindqvist", "email": w.owner.email, "password": password, "organization": "Halden Studio", "timezone": "Europe/Berlin"})
	w.org, w.ws = r.text("organization"), r.text("workspace")
	return w
}

func (w *world) person(email string) *person {
	jar, _ := cookiejar.New(nil)
	return &person{w: w, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, email: email}
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	raw    string
	body   map[string]any
}

// send sends JSON (or nothing) as the web interface does.
func (p *person) send(method, path string, body any, headers ...string) answer {
	p.w.t.Helper()
	var r io.Reader
	if body != nil {
		raw, ok := body.(string)
		if !ok {
			b, err := json.Marshal(body)
			if err != nil {
				p.w.t.Fatal(err)
			}
			raw = string(b)
		}
		r = strings.NewReader(raw)
	}
	if strings.HasPrefix(path, "root:") {
		path = strings.TrimPrefix(path, "root:")
	} else {
		path = "/api/v1" + path
	}
	req, err := http.NewRequestWithContext(p.w.t.Context(), method, p.w.base+path, r)
	if err != nil {
		p.w.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		if req.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	res, err := p.client.Do(req)
	if err != nil {
		p.w.t.Fatal(method, path, err)
	}
	return p.read(res)
}

// read takes the answer in.
func (p *person) read(res *http.Response) answer {
	p.w.t.Helper()
	defer res.Body.Close()
	a := answer{t: p.w.t, status: res.StatusCode, header: res.Header}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return a
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		p.w.t.Fatal(res.Request.URL.Path, err)
	}
	a.raw = string(raw)
	_ = json.Unmarshal(raw, &a.body)
	return a
}

// must fails the test when the status is another.
func (p *person) must(status int, method, path string, body any, headers ...string) answer {
	p.w.t.Helper()
	a := p.send(method, path, body, headers...)
	if a.status != status {
		p.w.t.Fatalf("%s %s: %d, want %d: %s", method, path, a.status, status, a.raw)
	}
	return a
}

// get walks a dotted path; numbers index lists.
func (a answer) get(path string) any {
	var v any = a.body
	for _, step := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i := 0
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) text(path string) string {
	a.t.Helper()
	s, ok := a.get(path).(string)
	if !ok {
		a.t.Fatalf("no text at %s in %s", path, a.raw)
	}
	return s
}

func (a answer) code() string { s, _ := a.body["code"].(string); return s }

// version is the If-Match header of the answer's thing.
func (a answer) match() []string { return []string{"If-Match", a.header.Get("ETag")} }

// join invites somebody into the owner's organization and lets them accept.
func (w *world) join(email, role string, workspaceRole string) *person {
	w.t.Helper()
	places := []map[string]string{}
	if workspaceRole != "" {
		places = append(places, map[string]string{"workspace": w.ws, "role": workspaceRole})
	}
	r := w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", map[string]any{"email": email, "role": role, "workspaces": places})
	_, token, _ := strings.Cut(r.text("link"), "#token=")
	p := w.person(email)
	p.must(200, "POST", "/invitations/accept", map[string]any{"token": token, "name": "Person " + role + " " + workspaceRole, "password": password})
	return p
}

// enrol sets up an authenticator app.
func (p *person) enrol() (codes []any) {
	p.w.t.Helper()
	p.totp = p.must(200, "POST", "/me/totp", nil).text("secret")
	return p.must(200, "POST", "/me/totp/confirm", map[string]any{"code": p.code(0)}).get("recovery_codes").([]any)
}

// code is what the app shows, steps away from now.
func (p *person) code(steps int) string {
	p.w.t.Helper()
	c, err := totp.GenerateCode(p.totp, p.w.app.Clock.Now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		p.w.t.Fatal(err)
	}
	return c
}

// practice is the id of the workspace's practice channel.
func (w *world) practice() string {
	w.t.Helper()
	return w.owner.must(200, "GET", "/workspaces/"+w.ws+"/channels", nil).text("items.0.id")
}

// eventually asks until ok says yes; the asking itself passes the time.
func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	for range 4000 {
		if ok() {
			return
		}
		clock.Wait(context.Background(), clock.System(), 2*time.Millisecond)
	}
	w.t.Fatalf("%s didn't happen\n%s", what, w.log)
}

// removeMembers takes everybody out of an organization by way of the store.
func (w *world) removeMembers(org string) error {
	var id ref.Organization
	if err := id.UnmarshalText([]byte(org)); err != nil {
		return err
	}
	return w.app.db.Update(w.t.Context(), func(tx store.Tx) error {
		organization.RemoveAll(tx, id)
		return nil
	})
}

// openWorldStill is openWorld with a clock that stands still until the test moves it.
func openWorldStill(t testing.TB, c *clock.Manual, options ...worldOption) *world {
	t.Helper()
	return openWorld(t, append(options, at(c))...)
}

// newWorldStill is newWorld with such a clock.
func newWorldStill(t testing.TB, c *clock.Manual, options ...worldOption) *world {
	t.Helper()
	return newWorld(t, append(options, at(c))...)
}

// cookie is the session token that a browser holds.
func (w *world) cookie(p *person) string {
	u, err := url.Parse(w.base)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range p.client.Jar.Cookies(u) {
		return c.Value
	}
	return ""
}

// restoreKey writes the key of ForTests, which the worlds of tests use, into a folder.
func restoreKey(t testing.TB, folder string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, "master.key"), []byte("omniposto master key 1 "+strings.Repeat("A", 43)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// squarePNG is a small red picture.
func squarePNG(t testing.TB) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{R: 200, A: 255}), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func orgRef(t testing.TB, text string) (id ref.Organization) {
	t.Helper()
	read(t, &id, text)
	return id
}
func wsRef(t testing.TB, text string) (id ref.Workspace) { t.Helper(); read(t, &id, text); return id }
func assetRef(t testing.TB, text string) (id ref.Asset)  { t.Helper(); read(t, &id, text); return id }

func read(t testing.TB, to interface{ UnmarshalText([]byte) error }, text string) {
	t.Helper()
	if err := to.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
}
