package app

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/store"
)

func (w *world) audit(path string) string { return "/organizations/" + w.org + "/audit" + path }

// exported is the log as the owner takes it away, with a second factor given a moment ago.
func (w *world) exported(body map[string]any) answer {
	w.t.Helper()
	return w.owner.must(200, "POST", w.audit("/export"), body)
}

func unzip(t testing.TB, raw string) *zip.Reader {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestTheAuditLogIsFiltered(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	tom := w.join("tom@halden.example", "admin", "")
	c.Advance(10 * time.Minute)
	w.owner.must(200, "PATCH", "/me", map[string]any{"theme": "dark"})
	tom.must(200, "PATCH", "/me", map[string]any{"theme": "dark"})
	mine := w.owner.must(200, "GET", "/session", nil).text("identity.id")
	for name, f := range map[string]struct {
		query string
		want  int
	}{
		"what":                {"?what=identity.changed", 2},
		"what begins so":      {"?what=invitation.", 2},
		"who":                 {"?what=identity.&who=" + mine, 1},
		"from":                {"?from=2026-11-23T09:05:00Z", 2},
		"to":                  {"?to=2026-11-23T09:05:00Z&what=identity.changed", 0},
		"nobody":              {"?who=idn_nobody", 0},
		"an end before all":   {"?to=2020-01-01T00:00:00Z", 0},
		"a beginning to come": {"?from=2030-01-01T00:00:00Z", 0},
	} {
		if a := w.owner.must(200, "GET", w.audit(f.query), nil); len(a.get("items").([]any)) != f.want {
			t.Errorf("%s: %d items: %s", name, len(a.get("items").([]any)), a.raw)
		}
	}
	if a := w.owner.must(200, "GET", w.audit("?what=identity.&who="+mine), nil); a.text("items.0.by") != "Mira Lindqvist" {
		t.Errorf("who it was: %s", a.raw)
	}
	page := w.owner.must(200, "GET", w.audit("?what=identity.changed&limit=1"), nil)
	if next := w.owner.must(200, "GET", w.audit("?what=identity.changed&limit=1&cursor="+page.text("next_cursor")), nil); len(next.get("items").([]any)) != 1 || next.text("items.0.id") == page.text("items.0.id") {
		t.Errorf("the next page: %s", next.raw)
	}
	w.owner.must(422, "GET", w.audit("?what=%22%7D"), nil)
	if a := w.owner.must(200, "GET", "/instance/audit?what=identity.", nil); len(a.get("items").([]any)) != 2 {
		t.Errorf("the instance's log: %s", a.raw)
	}
	tom.must(404, "GET", "/instance/audit", nil)
}

func TestAnExportIsCheckedWithoutTheServer(t *testing.T) {
	w := newWorld(t)
	if a := w.owner.must(403, "POST", w.audit("/export"), map[string]any{"format": "bundle"}); a.code() != "second_factor_required" {
		t.Errorf("without a second factor: %s", a.raw)
	}
	w.owner.enrol()
	kept := w.owner.must(200, "GET", w.audit("/checkpoint"), nil)
	w.join("tom@halden.example", "member", "author")
	got := w.exported(map[string]any{"format": "bundle"})
	if !strings.Contains(got.header.Get("Content-Disposition"), "attachment") || got.header.Get("Content-Type") != "application/zip" {
		t.Errorf("headers: %v", got.header)
	}
	folder := t.TempDir()
	bundle, checkpoint := filepath.Join(folder, "bundle.zip"), filepath.Join(folder, "kept.txt")
	for path, text := range map[string]string{bundle: got.raw, checkpoint: kept.text("note")} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.eventually("the end of the file that was sent", func() bool {
		left, err := filepath.Glob(filepath.Join(w.app.Config.Data, "*.tmp"))
		return err == nil && len(left) == 0
	})
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"alone":           {nil, 0, "consistent with itself; not proven unchanged"},
		"the key":         {[]string{"--key", kept.text("keys.0.fingerprint")}, 0, "Signed by the key you named"},
		"another key":     {[]string{"--key", strings.Repeat("ab", 32)}, 1, "Broken at event 0: it isn't signed by the key you named"},
		"a checkpoint":    {[]string{"--since", checkpoint}, 0, "Unchanged since the checkpoint of"},
		"a short key":     {[]string{"--key", "abc"}, 1, ""},
		"no witness":      {[]string{"--witness", newWitness(t).line()}, 1, "no checkpoint carries a signature of the witness"},
		"something else":  {[]string{"--witness", "x"}, 1, ""},
		"a missing since": {[]string{"--since", "/nowhere"}, 1, ""},
	} {
		var out, log bytes.Buffer
		if code := Run(t.Context(), append([]string{"audit", "verify", bundle}, c.args...), nil, &out, &log); code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: exit %d: %s%s", name, code, out.String(), log.String())
		}
	}
	events := read1(t, unzip(t, got.raw), evidence.EventsFile)
	if !strings.Contains(events, `"action":"audit.exported"`) {
		t.Error("the export isn't in what it exports")
	}
	for _, plain := range []string{"tom@halden.example", "127.0.0"} {
		if strings.Contains(events, plain) {
			t.Errorf("%q stands in the events", plain)
		}
	}
	if values := read1(t, unzip(t, got.raw), evidence.ValuesFile); !strings.Contains(values, "tom@halden.example") {
		t.Error("the values aren't there")
	}
}

func read1(t testing.TB, z *zip.Reader, name string) string {
	t.Helper()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestExportsForOtherPrograms(t *testing.T) {
	w := newWorld(t)
	w.owner.enrol()
	w.join("tom@halden.example", "member", "author")
	id := orgRef(t, w.org)
	err := w.app.db.Update(t.Context(), func(tx store.Tx) error {
		audit.Append(tx, id, audit.Event{Action: "post.created", Actor: audit.Actor{Kind: "member"}, Result: audit.OK, Private: map[string]string{"title": "x"}, Why: audit.Why{Ticket: "=cmd|' /C calc'!A0"}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(w.exported(map[string]any{"format": "csv"}).raw)).ReadAll()
	if err != nil || len(rows) < 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	formula := false
	for _, row := range rows {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a formula: %q", cell)
			}
			formula = formula || strings.HasPrefix(cell, "'=cmd")
		}
	}
	if !formula {
		t.Error("the planted formula isn't there at all")
	}
	classes := map[float64]int{}
	for line := range strings.Lines(w.exported(map[string]any{"format": "ocsf"}).raw) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		class := e["class_uid"].(float64)
		classes[class]++
		if e["type_uid"].(float64) != class*100+e["activity_id"].(float64) || e["category_uid"].(float64) != float64(int(class)/1000) || e["time"].(float64) < 1e12 {
			t.Errorf("an event of OCSF: %s", line)
		}
	}
	if classes[3001] == 0 || classes[6003] == 0 {
		t.Errorf("classes: %v", classes)
	}
	narrowed := w.exported(map[string]any{"format": "jsonl", "what": "invitation."}).raw
	if strings.Count(narrowed, "\n") != 2 || !strings.Contains(narrowed, `"values":{"email":"tom@halden.example"`) {
		t.Errorf("narrowed: %s", narrowed)
	}
	w.owner.must(422, "POST", w.audit("/export"), map[string]any{"format": "pdf"})
}

func TestVerifyingRunsInTheBackground(t *testing.T) {
	w := newWorld(t)
	if a := w.owner.must(200, "GET", w.audit("/verify"), nil); a.text("state") != "none" {
		t.Errorf("before: %s", a.raw)
	}
	number := w.owner.must(200, "GET", w.audit("/checkpoint"), nil).get("number")
	stands := func(want string) (a answer) {
		w.owner.must(200, "POST", w.audit("/verify"), nil)
		w.eventually("the verification", func() bool {
			a = w.owner.must(200, "GET", w.audit("/verify"), nil)
			return a.text("state") != "running"
		})
		if a.text("state") != want {
			t.Fatalf("it is %s", a.raw)
		}
		return a
	}
	good := stands("unbroken")
	if good.get("checkpoint.number") != number || good.get("checked") != good.get("total") || good.get("checked").(float64) < 1 {
		t.Errorf("a good log: %s", good.raw)
	}
	w.edit("instance.claimed", "instance.clammed")
	if bad := stands("broken"); bad.get("problem.seq") != float64(0) || bad.text("problem.why") != "its bytes were changed" {
		t.Errorf("a changed log: %s", bad.raw)
	}
	if a := w.owner.must(200, "GET", "/instance", nil); !strings.Contains(a.raw, "changed from outside: "+w.org) {
		t.Errorf("administrators aren't told: %s", a.raw)
	}
}

// edit changes bytes of the store underneath, with the same length, and mends nothing else. The checksum of a value is the
// engine's own, so the engine writes it.
func (w *world) edit(from, to string) {
	w.t.Helper()
	err := w.app.db.Update(w.t.Context(), func(tx store.Tx) error {
		var key, value []byte
		tx.Scan(store.K("audit", "r", orgRef(w.t, w.org)), store.K("audit", "r", orgRef(w.t, w.org)).End(), false, func(k, v []byte) bool {
			if bytes.Contains(v, []byte(from)) {
				key, value = bytes.Clone(k), bytes.ReplaceAll(v, []byte(from), []byte(to))
			}
			return key == nil
		})
		if key != nil {
			tx.Put(key, value)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestAStoreEditedWhileTheServerStoodIsFoundAtTheStart(t *testing.T) {
	folder := t.TempDir()
	w := newWorld(t, set("data", folder))
	w.edit("instance.claimed", "instance.clammed")
	w.stop()
	again := openWorld(t, set("data", folder))
	again.eventually("a word in the log", func() bool {
		return strings.Contains(again.log.String(), "an audit log was changed from outside") && strings.Contains(again.log.String(), w.org)
	})
}

func TestACheckpointIsMadeEveryFiveMinutes(t *testing.T) {
	c := clock.NewManual(monday.Add(time.Minute))
	w := newWorldStill(t, c)
	newest := func() (size, of int64) {
		err := w.app.db.View(t.Context(), func(tx store.ReadTx) error {
			n, _ := audit.Newest(tx, orgRef(t, w.org))
			size, of = n.Size, audit.Size(tx, orgRef(t, w.org))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return size, of
	}
	if size, _ := newest(); size != 0 {
		t.Fatalf("a checkpoint over %d events was made at once", size)
	}
	w.eventually("a checkpoint", func() bool {
		if c.Now().Sub(monday) < 11*time.Minute { // on a busy machine the first of two may come before anybody waits for it
			c.Advance(10 * time.Second)
		}
		size, of := newest()
		return size == of
	})
	if late := c.Now().Sub(monday); late < 5*time.Minute || late > 12*time.Minute {
		t.Errorf("it came after %s", late)
	}
}

func TestAStoppedServerLeavesNothingUnsigned(t *testing.T) {
	w := newWorld(t)
	w.stop()
	again := openWorld(t, set("data", w.app.Config.Data))
	if err := again.app.db.View(t.Context(), func(tx store.ReadTx) error {
		c, ok := audit.Newest(tx, orgRef(t, w.org))
		if !ok || c.Size != audit.Size(tx, orgRef(t, w.org)) {
			t.Errorf("the newest checkpoint is over %d of %d events", c.Size, audit.Size(tx, orgRef(t, w.org)))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// aWitness is a C2SP witness as its specification describes it.
type aWitness struct {
	t    *testing.T
	name string
	key  ed25519.PrivateKey

	mu    sync.Mutex
	trust note.Verifier // of the log
	size  int64
	root  tlog.Hash
	asked int
}

func newWitness(t *testing.T) *aWitness {
	return &aWitness{t: t, name: "witness.example/w1", key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))}
}

func (a *aWitness) id() []byte {
	sum := sha256.Sum256(append([]byte(a.name+"\n\x04"), a.key.Public().(ed25519.PublicKey)...))
	return sum[:4]
}

func (a *aWitness) line() string {
	return fmt.Sprintf("%s+%x+%s", a.name, a.id(), base64.StdEncoding.EncodeToString(append([]byte{4}, a.key.Public().(ed25519.PublicKey)...)))
}

func (a *aWitness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	raw, _ := io.ReadAll(r.Body)
	head, signed, _ := strings.Cut(string(raw), "\n\n")
	rows := strings.Split(head, "\n")
	old, err := strconv.ParseInt(strings.TrimPrefix(rows[0], "old "), 10, 64)
	n, oerr := note.Open([]byte(signed), note.VerifierList(a.trust))
	if err != nil || oerr != nil || r.URL.Path != "/log/add-checkpoint" {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	c, _ := evidence.ParseCheckpoint(n.Text)
	if old != a.size {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", a.size)
		return
	}
	var proof tlog.TreeProof
	for _, row := range rows[1:] {
		h, _ := tlog.ParseHash(row)
		proof = append(proof, h)
	}
	if old > 0 && tlog.CheckTree(proof, c.Size, c.Root, old, a.root) != nil {
		http.Error(w, "", http.StatusUnprocessableEntity)
		return
	}
	a.size, a.root = c.Size, c.Root
	stamp := binary.BigEndian.AppendUint64(nil, uint64(monday.Unix()))
	sig := ed25519.Sign(a.key, []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", monday.Unix(), n.Text)))
	fmt.Fprintf(w, "— %s %s\n", a.name, base64.StdEncoding.EncodeToString(append(append(a.id(), stamp...), sig...)))
}

func TestCheckpointsGoWhereThisServerCantTakeThemBack(t *testing.T) {
	witness := newWitness(t)
	var mu sync.Mutex
	var got []string
	mux := http.NewServeMux()
	mux.Handle("/log/", witness)
	mux.HandleFunc("POST /hook", func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if got = append(got, string(raw)); len(got) == 1 {
			w.WriteHeader(http.StatusBadGateway) // the first time it is ill
		}
	})
	objects := map[string]string{} // a bucket, as far as one PUT needs it
	mux.HandleFunc("PUT /proof/", func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		objects[r.URL.Path] = string(raw)
		w.Header().Set("ETag", `"1"`)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	c := clock.NewManual(monday)
	w := newWorldStill(t, c, set("network.allow_private", "127.0.0.0/8"))
	w.owner.enrol()
	head := w.owner.must(200, "GET", w.audit("/checkpoint"), nil)
	var err error
	if witness.trust, err = note.NewVerifier(head.text("keys.0.line")); err != nil {
		t.Fatal(err)
	}
	now := w.owner.must(200, "GET", w.audit("/offsite"), nil)
	for name, body := range map[string]any{"a file": map[string]any{"webhook": "file:///etc/passwd"}, "no address": map[string]any{"digest": "nobody"},
		"a folder": map[string]any{"bucket": map[string]any{"url": "file:///tmp"}}, "another key": map[string]any{"witness": map[string]any{"url": server.URL, "key": "x+y+z"}}} {
		if a := w.owner.must(422, "PUT", w.audit("/offsite"), body, now.match()...); len(a.get("errors").([]any)) == 0 {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	set := w.owner.must(200, "PUT", w.audit("/offsite"), map[string]any{"webhook": server.URL + "/hook?token=canary", "digest": "keeper@halden.example",
		"witness": map[string]any{"url": server.URL + "/log", "key": witness.line()},
		"bucket":  map[string]any{"url": "s3://proof?path_style=true&region=r1&endpoint=" + server.URL, "access_key": "AK", "secret_key": "canary"}}, now.match()...)
	if strings.Contains(set.raw, "canary") {
		t.Errorf("the address is shown: %s", set.raw)
	}
	w.owner.must(412, "PUT", w.audit("/offsite"), map[string]any{"webhook": ""}, now.match()...)
	stands := func() answer { return w.owner.must(200, "GET", w.audit("/offsite"), nil) }
	w.eventually("the first try", func() bool { return stands().get("webhook.problem") == "refused" })
	w.eventually("the witness", func() bool { return stands().get("witness.number") != nil })
	w.owner.must(200, "PATCH", "/me", map[string]any{"theme": "dark"}) // and so a new checkpoint
	w.eventually("all", func() bool {
		c.Advance(time.Minute)
		a := stands()
		return a.get("webhook.number") == float64(2) && a.get("witness.number") == float64(2) && a.get("bucket.number") == float64(2) && a.get("digest.number") != nil
	})
	mu.Lock()
	var hook struct{ Type, Checkpoint string }
	if err := json.Unmarshal([]byte(got[len(got)-1]), &hook); err != nil || hook.Type != "audit.checkpoint" {
		t.Errorf("the webhook got %s", got[len(got)-1])
	}
	if !strings.Contains(objects["/proof/omniposto-audit/"+w.org+"/0000000002"], hook.Checkpoint[:strings.Index(hook.Checkpoint, "—")]) {
		t.Errorf("in the bucket lies %v", objects)
	}
	mu.Unlock()
	w.owner.must(200, "POST", "/session/step-up", map[string]any{"totp": w.owner.code(1)})
	bundle := unzip(t, w.exported(map[string]any{"format": "bundle"}).raw)
	v, err := evidence.Verify(bundle, evidence.Against{Witness: witness.line(), Since: hook.Checkpoint})
	if err != nil || v.Problem != nil || !strings.Contains(v.String(), "Witnessed by witness.example/w1") {
		t.Errorf("the verdict: %v %s", err, v)
	}
	if strings.Contains(w.log.String(), "canary") {
		t.Error("the address stands in the log")
	}
}

func TestTheSigningKeyIsChangedByAnAdministrator(t *testing.T) {
	w := newWorld(t)
	w.owner.enrol()
	before := w.owner.must(200, "GET", w.audit("/checkpoint"), nil)
	key := w.owner.must(200, "POST", "/instance/audit/key", nil)
	if key.get("number") != float64(2) || key.text("fingerprint") == before.text("keys.0.fingerprint") {
		t.Fatalf("the key: %s", key.raw)
	}
	v, err := evidence.Verify(unzip(t, w.exported(map[string]any{"format": "bundle"}).raw), evidence.Against{Fingerprint: before.text("keys.0.fingerprint"), Since: before.text("note")})
	if err != nil || v.Problem != nil || len(v.Keys) != 2 || v.Keys[1] != key.text("fingerprint") {
		t.Errorf("the verdict: %v %+v", err, v)
	}
}
