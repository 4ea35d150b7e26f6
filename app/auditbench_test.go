package app

import (
	"archive/zip"
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
)

// BenchmarkAuditVerify checks a bundle of 1,000,000 events, with their values, as omniposto audit verify does.
func BenchmarkAuditVerify(b *testing.B) {
	printMachine()
	events := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("BENCH_EVENTS")); err == nil {
		events = n
	}
	path := filepath.Join(b.TempDir(), "bundle.zip")
	largeBundle(b, path, events)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	c := clock.System()
	figure(b, fmt.Sprintf("audit verify of %d events, bundle of %d MB", events, info.Size()>>20), "s", 10, func() float64 {
		z, err := zip.OpenReader(path)
		if err != nil {
			b.Fatal(err)
		}
		defer z.Close()
		began := c.Elapsed()
		v, err := evidence.Verify(z, evidence.Against{})
		if err != nil || v.Problem != nil || v.Events != int64(events) || v.Values < int64(events) {
			b.Fatalf("%v %+v", err, v)
		}
		return float64(c.Elapsed()-began) / float64(time.Second)
	})
}

func largeBundle(t testing.TB, path string, events int) {
	t.Helper()
	ctx, c := context.Background(), clock.NewManual(monday)
	engine := memory.New(c.Now)
	db, err := store.Open(ctx, engine, append(secret.Tables(), audit.Tables()...)...)
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := secret.NewKeeper(ctx, db, secret.ForTests(), c)
	if err != nil {
		t.Fatal(err)
	}
	org, instance := ref.Mint[ref.Organization](monday), ref.Mint[ref.Instance](monday)
	notary := audit.NewNotary(audit.NotaryDeps{DB: db, Seed: keeper.Derived, Clock: c, Log: slog.New(slog.DiscardHandler),
		Instance: func(store.ReadTx) (ref.Instance, bool) { return instance, true }})
	var newest audit.Checkpoint
	for from := 0; from < events; from += 1000 {
		err := db.Update(ctx, func(tx store.Tx) error {
			for i := from; i < min(events, from+1000); i++ {
				at := monday.Add(time.Duration(i) * time.Second)
				audit.Append(tx, org, audit.Event{Action: "post.changed", Result: audit.OK, Changed: []string{"text", "schedule"},
					Actor: audit.Actor{Kind: "member", ID: instance.String(), Member: instance.String(), Via: "session", MFAMethod: "totp", MFAAge: time.Minute},
					On:    audit.Thing{Kind: "post", ID: ref.Mint[ref.Post](at).String(), Workspace: ref.Mint[ref.Workspace](at).String()},
					From:  audit.From{Request: ref.Mint[ref.Request](at).String(), Prefix: "203.0.113.0/24", Agent: "Firefox"}})
			}
			return nil
		})
		if err == nil {
			newest, err = notary.Make(ctx, org)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err := audit.WriteBundle(ctx, db, org, newest, w); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
