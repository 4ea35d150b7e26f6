package audit_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"testing"
	"testing/fstest"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
	"github.com/omniposto/omniposto/store/twice"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// world is a store with one organization's log and a notary, with every Update run twice.
type world struct {
	t      testing.TB
	clock  *clock.Manual
	engine store.Engine
	db     *store.DB
	keeper *secret.Keeper
	notary *audit.Notary
	org    ref.Organization
}

func newWorld(t testing.TB) *world {
	t.Helper()
	c := clock.NewManual(monday)
	return openWorld(t, c, twice.Wrap(memory.New(c.Now)))
}

func openWorld(t testing.TB, c *clock.Manual, engine store.Engine) *world {
	t.Helper()
	w := &world{t: t, clock: c, engine: engine, org: ref.Mint[ref.Organization](monday)}
	var err error
	if w.db, err = store.Open(t.Context(), engine, append(secret.Tables(), audit.Tables()...)...); err != nil {
		t.Fatal(err)
	}
	if w.keeper, err = secret.NewKeeper(t.Context(), w.db, secret.ForTests(), c); err != nil {
		t.Fatal(err)
	}
	instance := ref.Mint[ref.Instance](monday)
	w.notary = audit.NewNotary(audit.NotaryDeps{DB: w.db, Seed: w.keeper.Derived, Clock: c, Log: slog.New(slog.DiscardHandler),
		Instance: func(store.ReadTx) (ref.Instance, bool) { return instance, true }})
	return w
}

// act is one event of a log that looks like a real one.
func act(i int) audit.Event {
	e := audit.Event{Action: "post.scheduled", Actor: audit.Actor{Kind: "member", ID: "idn_06f3k", Member: "mem_06f3k", Via: "session"},
		On: audit.Thing{Kind: "post", ID: fmt.Sprintf("pst_%d", i), Workspace: "wsp_06f3k"}, Result: audit.OK,
		From: audit.From{Request: fmt.Sprintf("req_%d", i), Prefix: "203.0.113.0/24", Agent: "Firefox"}}
	switch i % 10 {
	case 3:
		e.Action, e.Why = "support.read", audit.Why{Ticket: "T-1", Reason: "Post is stuck", Grant: "gra_06f3k"}
	case 7:
		e.Action, e.Private, e.Values = "member.changed", map[string]string{"email": "tom@halden.example"}, map[string]string{"role": "admin"}
	}
	return e
}

func (w *world) append(events ...audit.Event) {
	w.t.Helper()
	for from := 0; from < len(events); from += 500 {
		err := w.db.Update(w.t.Context(), func(tx store.Tx) error {
			for _, e := range events[from:min(len(events), from+500)] {
				audit.Append(tx, w.org, e)
			}
			return nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) fill(n int) {
	w.t.Helper()
	events := make([]audit.Event, n)
	for i := range events {
		events[i] = act(i)
	}
	w.append(events...)
}

func (w *world) checkpoint() audit.Checkpoint {
	w.t.Helper()
	c, err := w.notary.Make(w.t.Context(), w.org)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) update(fn func(tx store.Tx)) {
	w.t.Helper()
	if err := w.db.Update(w.t.Context(), func(tx store.Tx) error { fn(tx); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) read(fn func(tx store.ReadTx) error) {
	w.t.Helper()
	if err := w.db.View(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

// zipped is the bundle of the log as it is now.
func (w *world) zipped() []byte {
	w.t.Helper()
	c := w.checkpoint()
	var b bytes.Buffer
	if err := audit.WriteBundle(w.t.Context(), w.db, w.org, c, &b); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

// bundle is the same, unpacked.
func (w *world) bundle() fstest.MapFS {
	w.t.Helper()
	raw := w.zipped()
	r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		w.t.Fatal(err)
	}
	out := fstest.MapFS{}
	for _, f := range r.File {
		text, err := fs.ReadFile(r, f.Name)
		if err != nil {
			w.t.Fatal(err)
		}
		out[f.Name] = &fstest.MapFile{Data: text}
	}
	return out
}

func verify(t testing.TB, bundle fs.FS, a evidence.Against) evidence.Verdict {
	t.Helper()
	v, err := evidence.Verify(bundle, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// mustHold verifies a bundle that is right.
func mustHold(t testing.TB, bundle fs.FS, a evidence.Against) evidence.Verdict {
	t.Helper()
	v := verify(t, bundle, a)
	if v.Problem != nil {
		t.Fatalf("a good bundle: %v", v.Problem)
	}
	return v
}
