package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/store"
)

func TestBadBodiesAreProblemsThatPointAtTheField(t *testing.T) {
	w := newWorld(t)
	deep := strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60)
	for name, c := range map[string]struct {
		body, code, pointer string
		status              int
	}{
		"unknown field":    {`{"text":"x","surprise":1}`, "invalid", "/surprise", 422},
		"wrong type":       {`{"text":5}`, "invalid", "/text", 422},
		"huge number":      {`{"schedule":{"now":true,"hold_seconds":1e999}}`, "malformed", "", 400},
		"too many":         {`{"labels":["a` + strings.Repeat(`","a`, 40) + `"]}`, "invalid", "/labels", 422},
		"nested deeply":    {deep, "malformed", "", 400},
		"a name twice":     {`{"text":"a","text":"b"}`, "malformed", "", 400},
		"broken JSON":      {`{"text":`, "malformed", "", 400},
		"something after":  {`{"text":"a"} {}`, "malformed", "", 400},
		"no JSON":          {`hello`, "malformed", "", 400},
		"a list":           {`[]`, "invalid", "", 422},
		"not an id":        {`{"channels":["chn_xyz"]}`, "", "", 0},
		"another's prefix": {`{"channels":["pst_00000000000000000000000000"]}`, "", "", 0},
		"over the bound":   {`{"text":"` + strings.Repeat("x", 3<<20) + `"}`, "too_large", "", 413},
	} {
		a := w.owner.send("POST", w.path("/posts"), c.body)
		if c.status == 0 {
			if a.status < 400 || a.status >= 500 {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
			continue
		}
		if a.status != c.status || a.code() != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
		if c.pointer != "" && !strings.Contains(a.raw, `"pointer":"`+c.pointer) {
			t.Errorf("%s doesn't point at %s: %s", name, c.pointer, a.raw)
		}
		if a.get("request_id") == nil || a.get("type") == nil || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s isn't a whole problem: %s", name, a.raw)
		}
	}
	for name, query := range map[string]string{"unknown parameter": "?surprise=1", "limit": "?limit=9999", "no number": "?limit=x", "no time": "?from=yesterday", "no status": "?status=fine"} {
		if a := w.owner.send("GET", w.path("/posts"+query), nil); a.status != 422 {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := w.owner.must(400, "PATCH", w.path(""), map[string]any{}, "If-Match", "7"); a.code() != "if_match_invalid" {
		t.Errorf("If-Match: %s", a.raw)
	}
	if a := w.owner.must(200, "GET", w.path("/posts"), nil); len(a.get("items").([]any)) != 0 {
		t.Error("something refused was kept")
	}
}

func TestNoProblemEchoesASecret(t *testing.T) {
	w := newWorld(t)
	canary := "canary-password-" + strings.Repeat("z", 300)
	for _, body := range []string{`{"email":"mira@halden.example","password":"` + canary + `"}`, `{"email":5,"password":["` + canary + `"]}`} {
		if a := w.owner.send("POST", "/session", body); strings.Contains(a.raw, "canary") || a.status < 400 {
			t.Errorf("the answer holds the password: %s", a.raw)
		}
	}
	if strings.Contains(w.log.String(), "canary") {
		t.Error("the log holds the password")
	}
}

// TestRefusalsAreInTheServersLog: whoever tries doors is seen, and nothing of what they sent.
func TestRefusalsAreInTheServersLog(t *testing.T) {
	w := newWorld(t)
	guest, member := w.person("x"), w.join("ben@halden.example", "member", "")
	before := len(w.log.String())
	refused := []struct {
		a    answer
		want string
	}{
		{guest.send("GET", w.path("/posts"), nil), `status=401 code=signed_out`},
		{member.send("GET", "/organizations/"+w.org+"/audit", nil), `operation=audit.list actor=member id=idn_`},
		{member.send("GET", w.path("/posts/pst_06g2p7r8k1m3v5x9z2b4d6f8h0"), nil), `status=404 code=not_found`},
		{w.owner.send("POST", w.path("/posts"), map[string]any{"canary": "canary"}), `status=422`},
		{w.owner.send("GET", w.path("/posts"), nil, "Authorization", "Bearer canary"), `status=4`},
	}
	lines := strings.Split(strings.TrimSpace(w.log.String()[before:]), "\n")
	for _, r := range refused {
		request := "request=" + r.a.text("request_id")
		if i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, request) }); i < 0 || !strings.Contains(lines[i], r.want) || !strings.Contains(lines[i], "request refused") {
			t.Errorf("no line with %q and %q among:\n%s", request, r.want, strings.Join(lines, "\n"))
		}
	}
	w.owner.must(200, "GET", w.path("/posts"), nil)
	if all := w.log.String()[before:]; strings.Contains(all, "canary") || strings.Count(all, "request refused") != len(refused) {
		t.Errorf("the log:\n%s", all)
	}
}

// start makes a server of a configuration and closes it, or says why it can't.
func start(t *testing.T, folder string, master *secret.Master) (*App, error) {
	t.Helper()
	cfg, err := config.Load(config.Sources{Flags: map[string]string{"data": folder}})
	if err != nil {
		t.Fatal(err)
	}
	return New(t.Context(), Options{Config: cfg, Clock: clock.System(), Out: &safeBuffer{}, Log: &safeBuffer{}, Test: Test{Cost: identity.Cheapest, Master: master}})
}

func TestSecondProcessOnTheSameFolderIsToldSo(t *testing.T) {
	folder := t.TempDir()
	a, err := start(t, folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, folder, nil); err == nil || !strings.Contains(err.Error(), folder) || !strings.Contains(err.Error(), "another omniposto is running") {
		t.Errorf("a second start says %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWrongOrMissingMasterKeyStopsTheStartAndWritesNothing(t *testing.T) {
	folder := t.TempDir()
	a, err := start(t, folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, storeName)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(folder, "master.key")
	kept, _ := os.ReadFile(key)
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, folder, nil); err == nil || !strings.Contains(err.Error(), "master key file is missing") {
		t.Errorf("without its key: %v", err)
	}
	if _, err := os.Stat(key); err == nil {
		t.Error("a new key was made for an old store")
	}
	wrong := secret.ForTests()
	if _, err := start(t, folder, &wrong); err == nil || !strings.Contains(err.Error(), "isn't the one this store was sealed with") {
		t.Errorf("with another key: %v", err)
	}
	if err := os.WriteFile(key, kept, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, folder, nil); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("with a key that others can read: %v", err)
	}
	after, err := os.ReadFile(file)
	if err != nil || string(before) != string(after) {
		t.Error("the store was written to")
	}
}

func TestDamagedStoreIsNamedAndKept(t *testing.T) {
	folder := t.TempDir()
	a, err := start(t, folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, storeName)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw[:8192] {
		raw[i] ^= 0x5a
	}
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, folder, nil); err == nil || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), "restore") {
		t.Errorf("a damaged store: %v", err)
	}
	after, err := os.ReadFile(file)
	if err != nil || string(after) != string(raw) {
		t.Error("the damaged store was written to")
	}
}

func TestBackupIsHotAndRestoresSafely(t *testing.T) {
	w := newWorld(t)
	out := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "published before", "channels": []string{w.practice()}, "schedule": map[string]any{"now": true}})
	w.published(out.text("deliveries.0.id"))
	soon := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "due meanwhile", "channels": []string{w.practice()}, "schedule": map[string]any{"now": true, "hold_seconds": 1}})
	file := filepath.Join(t.TempDir(), "backup.tar")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := backup(t.Context(), w.app.Config, f); err != nil { // asks the running server
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	w.published(soon.text("deliveries.0.id"))
	w.stop()

	folder := t.TempDir()
	cfg := w.app.Config
	cfg.Data = folder
	r, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	restoreKey(t, folder)
	if err := restore(context.Background(), cfg, r); err != nil {
		t.Fatal(err)
	}
	back := openWorld(t, set("data", folder))
	p := back.person(w.owner.email)
	back.owner, back.org, back.ws = p, w.org, w.ws
	p.must(200, "POST", "/session", map[string]any{"email": p.email, "password": password})
	d := p.must(200, "GET", back.path("/deliveries/"+soon.text("deliveries.0.id")), nil)
	if d.text("status") != "missed" || !strings.Contains(d.text("message"), "backup") {
		t.Errorf("what was due meanwhile: %s", d.raw)
	}
	if a := p.must(200, "GET", back.path("/posts/"+out.text("id")), nil); a.text("status") != "published" {
		t.Errorf("what was published before: %s", a.raw)
	}
	if a := p.must(200, "GET", "/organizations/"+w.org+"/audit", nil); !strings.Contains(a.raw, "log.restored") {
		t.Errorf("the log doesn't say it: %s", a.raw)
	}
	if _, err := os.Stat(filepath.Join(folder, storeName)); err != nil {
		t.Fatal(err)
	}
	if err := restore(context.Background(), cfg, r); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("into a folder in use: %v", err)
	}
}

// fullDisk is an engine whose disk can be full.
type fullDisk struct {
	store.Engine
	full atomic.Bool
}

func (f *fullDisk) ReadOnly() bool       { return f.full.Load() }
func (f *fullDisk) Probe() error         { return nil }
func (f *fullDisk) Stats() store.Figures { return store.Figures{ReadOnly: f.full.Load()} }
func (f *fullDisk) Update(ctx context.Context, fn func(store.Tx) error) error {
	if f.full.Load() {
		return store.ErrFull
	}
	return f.Engine.Update(ctx, fn)
}

func TestFullDiskServesReadsAndSaysSo(t *testing.T) {
	disk := &fullDisk{}
	w := newWorld(t, func(_ *config.Sources, o *Options) {
		o.Test.Wrap = func(e store.Engine) store.Engine { disk.Engine = e; return disk }
	})
	kept := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "kept"})
	disk.full.Store(true)
	a := w.owner.must(503, "POST", w.path("/posts"), map[string]any{"text": "lost?"})
	if a.code() != "read_only" || !strings.Contains(a.text("detail"), "disk is full") {
		t.Errorf("a write: %s", a.raw)
	}
	if a := w.owner.must(200, "GET", w.path("/posts/"+kept.text("id")), nil); a.header.Get("Instance-State") != "read_only" {
		t.Error("a read doesn't say that nothing can be saved")
	}
	if a := w.owner.must(503, "GET", "root:/readyz", nil); a.get("code") != "read_only" {
		t.Errorf("readyz: %s", a.raw)
	}
	w.owner.must(200, "GET", "root:/healthz", nil)
	disk.full.Store(false)
	w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "goes on"})
	w.owner.must(200, "GET", "root:/readyz", nil)
}

// A refused request's body may hold what looks like requests. Behind a proxy that shares connections, taking them for requests
// would answer one person with what another asked for.
func TestABodyThatNobodyReadIsNoRequest(t *testing.T) {
	w := newWorld(t)
	address := strings.TrimPrefix(w.base, "http://")
	hidden := strings.Repeat("GET /healthz HTTP/1.1\r\nHost: "+address+"\r\n\r\n", 60_000)
	next := "GET /healthz HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n"
	for name, c := range map[string]struct {
		head, body string
		answers    int
	}{
		"short":         {fmt.Sprintf("Content-Length: %d", 1<<10), hidden[:1<<10] + next, 2},
		"past the read": {fmt.Sprintf("Content-Length: %d", 100<<10), hidden[:100<<10] + next, 2},
		"long":          {fmt.Sprintf("Content-Length: %d", 1<<20), hidden[:1<<20] + next, 1},
		"chunked":       {"Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", 100<<10, hidden[:100<<10]) + next, 1},
		"only a piece":  {"Transfer-Encoding: chunked", hidden[:100<<10] + next, 1},
	} {
		for _, path := range []string{"/api/v1/nothing", "/api/v1/session", "/", "/api/v1" + w.path("/media")} {
			connection, err := (&net.Dialer{}).Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			_ = connection.SetDeadline(clock.System().Now().Add(20 * time.Second))
			go func() {
				_, _ = io.WriteString(connection, "POST "+path+" HTTP/1.1\r\nHost: "+address+"\r\nSec-Fetch-Site: same-origin\r\n"+c.head+"\r\n\r\n"+c.body)
			}()
			raw, _ := io.ReadAll(connection)
			if n := strings.Count(string(raw), "HTTP/1.1 "); n > c.answers || n < c.answers && c.answers > 1 {
				t.Errorf("%s to %s: %d answers", name, path, n)
			}
			connection.Close()
		}
	}
}
