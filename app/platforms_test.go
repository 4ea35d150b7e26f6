package app

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/all"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/fakes"
)

// platform is one fake as it runs.
type platform struct {
	fake.Platform
	address string
	now     func() time.Time

	mu   sync.Mutex
	came int // requests
	drop func(r *http.Request) bool
}

// ServeHTTP answers, and loses the answer where drop says so.
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.now != nil { // the platform's own clock
		w.Header().Set("Date", p.now().UTC().Format(http.TimeFormat))
	}
	p.mu.Lock()
	p.came++
	drop := p.drop != nil && p.drop(r)
	p.mu.Unlock()
	if !drop {
		p.Platform.ServeHTTP(w, r)
		return
	}
	p.Platform.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// servePlatforms runs the fakes of all platforms with a network, each as a server on this machine.
func servePlatforms(t testing.TB, now func() time.Time) map[string]*platform {
	t.Helper()
	out := map[string]*platform{}
	for _, pub := range all.Connectors() {
		id := pub.Spec().ID
		make, ok := fakes.All[strings.ReplaceAll(id, "-", "")]
		if !ok || len(pub.Spec().Hosts) == 0 {
			continue // what needs no network
		}
		p := &platform{Platform: make(fake.World{Now: now}), now: now}
		s := httptest.NewServer(p)
		t.Cleanup(s.Close)
		p.address = s.URL
		out[id] = p
	}
	return out
}

// toPlatforms points every connector at its fake.
func toPlatforms(all map[string]*platform) worldOption {
	return func(s *config.Sources, _ *Options) {
		s.Flags["network.allow_private"] = "127.0.0.0/8"
		for id, p := range all {
			s.Flags["platforms."+id+".api_url"] = p.address
		}
	}
}

// connectAll connects every account of every platform, and says which channel is which platform's.
func (w *world) connectAll(all map[string]*platform, ws string) map[string]string {
	w.t.Helper()
	w.enterApps(all)
	channels := map[string]string{}
	for id, p := range all {
		for _, account := range p.Accounts() {
			for _, ch := range w.connectBy(ws, id, account) {
				channels[ch] = id
			}
		}
	}
	return channels
}

// toAll posts to all of the channels, with what each platform insists on.
func (w *world) toAll(ws string, channels map[string]string, post map[string]any) answer {
	w.t.Helper()
	var ids []string
	for id := range channels {
		ids = append(ids, id)
	}
	post["channels"] = ids
	if post["variants"] == nil {
		post["variants"] = w.fitting(ws, channels)
	}
	a := w.owner.send("POST", "/workspaces/"+ws+"/posts", post)
	if a.status != 201 {
		w.t.Fatalf("a post for all: %d %s\n%s", a.status, a.code(), troubles(a, channels))
	}
	return a
}

// upload sends a file to the first workspace.
func (p *person) upload(name string, content []byte) answer {
	p.w.t.Helper()
	return p.uploadTo(p.w.ws, name, content)
}

func (p *person) uploadTo(ws, name string, content []byte) answer {
	p.w.t.Helper()
	body := "--edge\r\nContent-Disposition: form-data; name=\"alt\"\r\n\r\nA red square\r\n--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + string(content) + "\r\n--edge--\r\n"
	return p.send("POST", "/workspaces/"+ws+"/media", body, "Content-Type", "multipart/form-data; boundary=edge")
}

func TestOnePostGoesToEveryPlatformOnce(t *testing.T) {
	q := quick{clock.System(), time.Now(), quickFactor} // some platforms show a file only after a while
	all := servePlatforms(t, q.Now)
	w := newWorld(t, toPlatforms(all), at(q))
	channels := w.connectAll(all, w.ws)
	channels[w.practice()] = "practice"
	asset := w.owner.upload("square.png", squarePNG(t))
	if asset.status != 201 || asset.text("state") != "ready" {
		t.Fatalf("the picture: %d %s", asset.status, asset.raw)
	}
	a := w.toAll(w.ws, channels, map[string]any{"text": "One for all, token-1234", "media": []map[string]any{{"asset": asset.text("id")}}, "schedule": map[string]any{"now": true}})
	for i := range a.get("deliveries").([]any) {
		w.published(a.text(fmt.Sprintf("deliveries.%d.id", i)))
	}
	expected := map[string]int{}
	for _, id := range channels {
		expected[id]++
	}
	for id, p := range all {
		n, files := 0, 0
		for _, post := range p.Visible() {
			if strings.Contains(fmt.Sprint(post), "token-1234") {
				n++
				files += len(post.Files)
			}
		}
		if n != expected[id] {
			t.Errorf("%s shows it %d times for %d channels", id, n, expected[id])
		}
		if files == 0 && w.takesFiles(id, channels) {
			t.Errorf("%s got no picture", id)
		}
	}
}

func TestWrongCredentialsAreToldInPlainWords(t *testing.T) {
	all := servePlatforms(t, nil)
	w := newWorld(t, toPlatforms(all))
	for id, fields := range map[string]map[string]string{
		"mastodon":  {"server": "mastodon.example", "token": "canary-wrong-token"},
		"bluesky":   {"handle": "alice.test", "password": "canary-wrong-password"},
		"wordpress": {"site": "https://blog.example/", "username": "nobody", "password": "canary-wrong-password"},
		"telegram":  {"token": "1:canary-wrong-token", "chat": "@op_news"},
	} {
		a := w.owner.send("POST", w.path("/channels"), map[string]any{"platform": id, "fields": fields, "way": wayOf(all[id])})
		if a.status != 422 || a.code() == "" || len(a.text("detail")) < 15 || strings.Contains(a.raw, "canary") {
			t.Errorf("%s: %d %s", id, a.status, a.raw)
		}
	}
	if a := w.owner.must(422, "POST", w.path("/channels"), map[string]any{"platform": "mastodon", "way": "token", "fields": map[string]string{"server": "mastodon.example", "tokn": "x"}}); !strings.Contains(a.raw, `"/fields/tokn"`) {
		t.Errorf("an unknown field: %s", a.raw)
	}
	if a := w.owner.must(404, "POST", w.path("/channels"), map[string]any{"platform": "friendster", "fields": map[string]string{}}); a.code() != "platform_unknown" {
		t.Errorf("an unknown platform: %s", a.raw)
	}
}

func wayOf(p *platform) string { return p.Accounts()[0].Way }

// toMastodon goes to Mastodon to connect it, and returns the path that it sends the browser back to.
func (w *world) toMastodon() string {
	w.t.Helper()
	return w.abroad(w.owner.must(200, "POST", w.path("/channels/authorize"), map[string]any{"platform": "mastodon", "instance": "@me@mastodon.example"}).text("authorize_url"))
}

func TestSignInAtMastodonAndBack(t *testing.T) {
	all := servePlatforms(t, nil)
	w := newWorld(t, toPlatforms(all))
	path := w.toMastodon()
	stranger := w.join("tom@halden.example", "member", "manager")
	if s := stranger.send("GET", "root:"+path, nil); s.status != 422 || s.code() != "state_unknown" {
		t.Errorf("another's browser: %d %s", s.status, s.raw)
	}
	end := w.owner.must(303, "GET", "root:"+path, nil, "Sec-Fetch-Site", "cross-site")
	if !strings.HasPrefix(end.header.Get("Location"), "/w/"+w.ws+"/channels/chn_") {
		t.Fatalf("the end is %q", end.header.Get("Location"))
	}
	w.owner.must(422, "GET", "root:"+path, nil) // once
	list := w.owner.must(200, "GET", w.path("/channels"), nil)
	if !strings.Contains(list.raw, `"platform":"mastodon"`) || !strings.Contains(list.raw, `"state":"ready"`) {
		t.Errorf("channels: %s", list.raw)
	}
}

func TestDisconnectEndsTheTokenThereAndHere(t *testing.T) {
	all := servePlatforms(t, nil)
	w := newWorld(t, toPlatforms(all))
	var ch answer
	for _, account := range all["mastodon"].Accounts() {
		if account.Way == "token" {
			ch = w.owner.must(201, "POST", w.path("/channels"), map[string]any{"platform": "mastodon", "way": "token", "fields": account.Fields})
		}
	}
	waiting := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "never", "channels": []string{ch.text("id")}, "schedule": map[string]any{"at": time.Now().Add(time.Hour), "timezone": "UTC"}})
	w.owner.must(204, "DELETE", w.path("/channels/"+ch.text("id")), nil, ch.match()...)
	w.owner.must(404, "GET", w.path("/channels/"+ch.text("id")), nil)
	if d := w.owner.must(200, "GET", w.path("/deliveries/"+waiting.text("deliveries.0.id")), nil); d.text("status") != "paused" {
		t.Errorf("what waited: %s", d.raw)
	}
	if a := w.owner.must(200, "GET", "/organizations/"+w.org+"/audit", nil); !strings.Contains(a.raw, "channel.disconnected") {
		t.Errorf("the log: %s", a.raw)
	}
}

// canaries are secrets that the test plants; none may be found anywhere.
func (w *world) canaries(all map[string]*platform) map[string]string {
	out := map[string]string{"password": password, "setup code": setupCode, "session token": w.cookie(w.owner), "TOTP seed": w.owner.totp}
	for id, p := range all {
		if r, ok := p.Platform.(fake.Registered); ok && r.Owner().Secret != "" {
			out[id+" app secret"] = r.Owner().Secret
		}
		for _, a := range p.Accounts() {
			for name, value := range a.Fields {
				if regexp.MustCompile(`token|password|secret|header|address`).MatchString(name) && len(value) > 10 {
					out[id+" "+name] = value
				}
			}
		}
	}
	return out
}

func TestPlantedSecretsAreNowhere(t *testing.T) {
	q := quick{clock.System(), time.Now(), quickFactor}
	all := servePlatforms(t, q.Now)
	w := newWorld(t, toPlatforms(all), at(q), set("metrics.token", "canary-metrics-token-000"))
	codes := w.owner.enrol()
	laptop := w.device()
	w.owner.addPasskey(laptop)
	key := w.owner.must(201, "POST", "/organizations/"+w.org+"/keys", map[string]any{"name": "import", "scopes": []string{"posts.draft"}}).text("key")
	channels := w.connectAll(all, w.ws)
	var ids []string
	for id := range channels {
		ids = append(ids, id)
	}
	a := w.toAll(w.ws, channels, map[string]any{"text": "no secrets", "schedule": map[string]any{"now": true}})
	for i := range a.get("deliveries").([]any) {
		w.published(a.text(fmt.Sprintf("deliveries.%d.id", i)))
	}
	all["mastodon"].EndAccess() // an error path: the token is refused
	refused := w.toAll(w.ws, channels, map[string]any{"text": "refused", "schedule": map[string]any{"now": true}})
	w.eventually("a channel to reconnect", func() bool {
		return strings.Contains(w.owner.must(200, "GET", w.path("/channels"), nil).raw, `"state":"reconnect"`)
	})
	draft := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "canary-private-draft-4711", "private": true, "channels": []string{ids[0]}})
	reads := w.readAsStaff(a.text("id"), channels)
	secrets := w.canaries(all)
	secrets["API key"] = key
	secrets["credential of a passkey"] = base64.RawURLEncoding.EncodeToString(laptop.key.ID)
	secrets["key of a passkey"] = base64.RawURLEncoding.EncodeToString(laptop.key.Key.AttestationData()) // what the server has of it: the public one
	for i, c := range codes {
		secrets[fmt.Sprintf("recovery code %d", i)] = c.(string)
	}
	var backupFile bytes.Buffer
	if err := w.app.writeBackup(t.Context(), &backupFile); err != nil {
		t.Fatal(err)
	}
	given := regexp.MustCompile(`(acc|ren|code|tok)-canary-[a-z0-9-]+`) // what platforms gave out
	look := func(where string, content []byte) {
		if found := given.Find(content); found != nil {
			t.Errorf("a token (%s) is in %s", found, where)
		}
		for name, s := range secrets {
			for _, form := range []string{s, strings.ReplaceAll(s, "-", ""), strings.ReplaceAll(s, "/", "%2F")} {
				if len(form) > 9 && bytes.Contains(content, []byte(form)) {
					t.Errorf("the %s is in %s", name, where)
				}
			}
		}
	}
	for path, raw := range reads {
		look("support's "+path, []byte(raw))
		for what, s := range map[string]string{"private draft": "canary-private-draft", "id of a private draft": draft.text("id"), "address": w.owner.email, "network": "127.0.0.0/", "device": "Go-http"} {
			if strings.Contains(raw, s) {
				t.Errorf("the %s is in support's %s", what, path)
			}
		}
	}
	if len(reads) < 10 {
		t.Errorf("only %d reads of support were searched", len(reads))
	}
	look("the log", []byte(w.log.String()))
	for _, path := range []string{"/session", "/me/sessions", w.path("/channels"), w.path("/posts/" + a.text("id")), w.path("/posts/" + refused.text("id")), w.path("/home"), w.path("/deliveries"),
		"/organizations/" + w.org + "/audit?limit=200", "/organizations/" + w.org + "/members", "/organizations/" + w.org + "/invitations", "/instance", "/platforms"} {
		look("GET "+path, []byte(w.owner.must(200, "GET", path, nil).raw))
	}
	for i := range refused.get("deliveries").([]any) {
		look("a delivery", []byte(w.owner.must(200, "GET", w.path("/deliveries/"+refused.text(fmt.Sprintf("deliveries.%d.id", i))), nil).raw))
	}
	look("the metrics", []byte(w.owner.must(200, "GET", "root:/metrics", nil, "Authorization", "Bearer canary-metrics-token-000").raw))
	w.owner.must(404, "GET", "root:/metrics", nil)
	files := 0
	for r := tar.NewReader(&backupFile); ; files++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		look("the backup's "+h.Name, raw)
	}
	w.stop()
	err := filepath.WalkDir(w.app.Config.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		look("the file "+filepath.Base(path), raw)
		files++
		return err
	})
	if err != nil || files < 2 {
		t.Fatalf("%d files were searched: %v", files, err)
	}
}

// readAsStaff asks for everything, gets it, and reads all that support can read.
func (w *world) readAsStaff(post string, channels map[string]string) map[string]string {
	w.t.Helper()
	h := &help{world: w}
	h.staff, h.id = h.addStaff("ada@support.example")
	code := w.owner.must(200, "GET", "/organizations/"+w.org+"/support/policy", nil).text("support_code")
	g := h.staff.must(201, "POST", "/support/grants", map[string]any{"support_code": code, "ticket": "SUP-1", "reason": reason, "categories": []string{"account", "organization", "posts", "media", "analytics"}, "hours": 1, "thumbnails": true}).text("id")
	w.owner.must(200, "POST", "/session/step-up", map[string]any{"totp": w.owner.code(1), "for": "grants.approve", "object": g, "body": map[string]any{}})
	w.owner.must(200, "POST", "/organizations/"+w.org+"/support/grants/"+g+"/approve", map[string]any{})
	out := map[string]string{}
	paths := []string{"/account", "/organization", "/posts", "/posts/" + post, "/media", "/analytics"}
	for id := range channels {
		paths = append(paths, "/channels/"+id)
	}
	for _, path := range paths {
		out[path] = h.staff.must(200, "GET", "/support/grants/"+g+path, nil).raw
	}
	out["grant"] = h.staff.must(200, "GET", "/support/grants/"+g, nil).raw
	return out
}

func TestWhatASettingCanBeIsAskedOfThePlatform(t *testing.T) {
	all := servePlatforms(t, nil)
	w := newWorld(t, toPlatforms(all))
	channels := map[string]string{}
	for id, platform := range w.connectAll(all, w.ws) {
		channels[platform] = id
	}
	author := w.join("ada@halden.example", "member", "author")
	at := w.path("/channels/"+channels["wordpress"]) + "/lookup?what="
	found := author.must(200, "GET", at+"categories", nil)
	if len(found.get("items").([]any)) != 2 || found.text("items.0.label") != "News & notes" || found.text("items.0.id") == "" {
		t.Errorf("categories: %s", found.raw)
	}
	asked := func() int {
		p := all["wordpress"]
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.came
	}
	before := asked()
	if before == 0 {
		t.Fatal("nobody counts")
	}
	if again := w.owner.must(200, "GET", at+"categories&query=%20", nil); again.raw != found.raw || asked() != before {
		t.Errorf("asked again within ten minutes: %s", again.raw)
	}
	author.must(404, "GET", at+"secrets", nil)
	author.must(404, "GET", w.path("/channels/"+channels["telegram"])+"/lookup?what=chats", nil)
	if a := author.must(422, "GET", at+"authors&with=nothing", nil); a.code() != "sibling_invalid" {
		t.Errorf("a sibling without a value: %s", a.raw)
	}
	w.join("vic@halden.example", "member", "viewer").must(403, "GET", at+"categories", nil)
	all["wordpress"].EndAccess()
	if a := author.send("GET", at+"authors&query=x", nil); a.status != 503 && a.status != 409 || a.text("detail") == "" {
		t.Errorf("when the platform refuses: %d %s", a.status, a.raw)
	}
}

func TestAPostIsTakenBackEverywhere(t *testing.T) {
	q := quick{clock.System(), time.Now(), quickFactor}
	all := servePlatforms(t, q.Now)
	w := newWorld(t, toPlatforms(all), at(q))
	channels := w.connectAll(all, w.ws)
	a := w.toAll(w.ws, channels, map[string]any{"text": "A mistake", "schedule": map[string]any{"now": true}})
	for i := range a.get("deliveries").([]any) {
		w.published(a.text(fmt.Sprintf("deliveries.%d.id", i)))
	}
	waiting := w.toAll(w.ws, map[string]string{w.practice(): "practice"}, map[string]any{"text": "Not yet", "schedule": map[string]any{"at": time.Now().Add(time.Hour), "timezone": "UTC"}})
	if back := w.owner.must(200, "POST", w.path("/posts/"+waiting.text("id")+"/recall"), map[string]any{}); back.text("items.0.outcome") != "cancelled" {
		t.Errorf("what waits: %s", back.raw)
	}
	w.join("ada@halden.example", "member", "author").must(403, "POST", w.path("/posts/"+a.text("id")+"/recall"), map[string]any{})
	stays := map[string]int{} // what a webhook sent can't be reached any more
	for try := range 2 {      // what is gone is gone
		clear(stays)
		back := w.owner.must(200, "POST", w.path("/posts/"+a.text("id")+"/recall"), map[string]any{})
		for i := range back.get("items").([]any) {
			at := fmt.Sprintf("items.%d.", i)
			platform := channels[back.text(at+"channel")]
			pub, _ := w.app.parts.channels.Platform(platform)
			_, can := pub.(connector.Deleter)
			outcome := back.text(at + "outcome")
			gone := outcome == "recalled"
			if gone && !can || !gone && (outcome != "unsupported" || back.text(at+"message") == "") {
				t.Errorf("try %d, %s: %s %s", try, platform, outcome, back.text(at+"message"))
			}
			if !gone {
				stays[platform]++
			}
			d := w.owner.must(200, "GET", w.path("/deliveries/"+back.text(at+"delivery")), nil)
			if d.text("status") != "published" || gone != (d.get("recalled_at") != nil) {
				t.Errorf("%s afterwards: %s", platform, d.raw)
			}
		}
	}
	for id, p := range all {
		if n := len(p.Visible()); n != stays[id] {
			t.Errorf("%s shows %d, want %d", id, n, stays[id])
		}
	}
	if len(stays) > len(all)/2 {
		t.Errorf("most stay: %v", stays)
	}
	if log := w.owner.must(200, "GET", "/organizations/"+w.org+"/audit?limit=100", nil).raw; strings.Count(log, "post.recalled") != 3 {
		t.Error("the log doesn't say so")
	}
}
