package app

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// TestEveryTableWithSealedValuesIsWalked compares the declarations of tables with the list of holders.
func TestEveryTableWithSealedValuesIsWalked(t *testing.T) {
	walked := map[string]bool{}
	for _, h := range holders() {
		if walked[h.Name] {
			t.Errorf("%s is walked twice", h.Name)
		}
		walked[h.Name] = true
	}
	holds := 0
	for _, table := range tables() {
		d := table.Describe()
		for _, f := range d.Fields {
			if strings.Contains(f.Type, "secret.Sealed") {
				holds++
				if !walked[d.Name] {
					t.Errorf("%s.%s is sealed, and no holder walks it", d.Name, f.Name)
				}
			}
		}
	}
	if holds < 5 || reflect.TypeFor[secret.Sealed]().String() != "secret.Sealed" {
		t.Fatalf("only %d sealed fields were found: the walk is broken", holds)
	}
}

// TestRotatedDataKeysLoseNothing rotates every data key of a server in use, and looks at every kind of secret.
func TestRotatedDataKeysLoseNothing(t *testing.T) {
	c := clock.NewManual(monday)
	all := servePlatforms(t, c.Now)
	w := newWorldStill(t, c, toPlatforms(all))
	w.owner.enrol()
	w.connectAll(all, w.ws)
	if err := w.app.db.Update(t.Context(), func(tx store.Tx) error {
		return w.app.parts.mail.Queue(tx, mail.Letter{Kind: mail.TestLetter, To: "mira@halden.example", Organization: orgRef(t, w.org)})
	}); err != nil {
		t.Fatal(err)
	}
	before := sealedTexts(t, w)
	if err := w.app.rotateData(t.Context(), "all"); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if err := w.app.tendKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Advance(30 * time.Minute)
	}
	after := sealedTexts(t, w)
	if len(before) < 6 {
		t.Fatalf("%d sealed values before, %d after", len(before), len(after))
	}
	for key, text := range before {
		if now, there := after[key]; !there || now == text {
			t.Errorf("%s is gone, or sealed under the old key", key)
		}
	}
	if st, err := w.app.keyStatus(t.Context()); err != nil || !strings.Contains(st, "anew: 0") {
		t.Errorf("%v %s", err, st)
	}
	var unopened []string
	err := w.app.db.Update(t.Context(), func(tx store.Tx) error {
		for _, h := range holders() {
			_, err := h.Rewrap(tx, nil, 10_000, func(p secret.Place, s secret.Sealed) (secret.Sealed, bool, error) {
				if err := w.app.keeper.Use(tx, p, s, func([]byte) error { return nil }); err != nil {
					unopened = append(unopened, h.Name)
				}
				return s, false, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(unopened) > 0 {
		t.Errorf("%v doesn't open: %v", unopened, err)
	}
	if err := w.app.rotateData(t.Context(), "org_00000000000000000000000000"); err == nil {
		t.Error("an organization of nobody was rotated")
	}
}

// sealedTexts is every sealed value by holder and place.
func sealedTexts(t *testing.T, w *world) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := w.app.db.Update(t.Context(), func(tx store.Tx) error {
		for _, h := range holders() {
			_, err := h.Rewrap(tx, nil, 10_000, func(p secret.Place, s secret.Sealed) (secret.Sealed, bool, error) {
				out[h.Name+ref.Item(p.ID).String()+p.Field] = string(s)
				return s, false, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheMasterKeyIsRotatedWhileTheServerRuns(t *testing.T) {
	folder := t.TempDir()
	a, err := start(t, folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "master.key")
	before, _ := os.ReadFile(file)
	if err := a.rotateMaster(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(file)
	if err != nil || bytes.Equal(before, after) || bytes.Count(after, []byte("\n")) != 1 {
		t.Errorf("the file holds %d lines, %v", bytes.Count(after, []byte("\n")), err)
	}
	if kept, _ := filepath.Glob(file + ".*.retired"); len(kept) != 1 {
		t.Errorf("the old key, which older backups need, is in %v", kept)
	} else if raw, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(raw, before) {
		t.Errorf("the old key isn't kept: %v", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if a, err = start(t, folder, nil); err != nil {
		t.Fatal("with the new key:", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, before, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, folder, nil); err == nil || !strings.Contains(err.Error(), "isn't the one") {
		t.Errorf("with the old key: %v", err)
	}
	// killed between keeping the new key and wrapping with it: both lines are there, and the start goes on
	if err := os.WriteFile(file, append(bytes.Clone(before), after...), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err = start(t, folder, nil); err != nil {
		t.Fatal("with both keys:", err)
	}
	if err := a.tendKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now, _ := os.ReadFile(file); !bytes.Equal(now, before) {
		t.Error("the first line isn't the one that is left")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestARestoredBackupOpensNothingThatWasShredded goes the whole way: use, backup, shred, restore, serve.
func TestARestoredBackupOpensNothingThatWasShredded(t *testing.T) {
	graves := filepath.Join(t.TempDir(), "tombstones")
	all := servePlatforms(t, nil)
	w := newWorld(t, set("keys.tombstones_file", graves), toPlatforms(all))
	org := orgRef(t, w.org)
	w.connectAll(all, w.ws)
	var kept bytes.Buffer
	if err := w.app.writeBackup(t.Context(), &kept); err != nil {
		t.Fatal(err)
	}
	if err := w.app.db.Update(t.Context(), func(tx store.Tx) error { w.app.keeper.Shred(tx, org, "channel"); return nil }); err != nil {
		t.Fatal(err)
	}
	w.stop() // carves the tombstone
	folder := t.TempDir()
	restoreKey(t, folder)
	cfg, err := config.Load(config.Sources{Flags: map[string]string{"data": folder, "keys.tombstones_file": graves}})
	if err != nil {
		t.Fatal(err)
	}
	if err := restore(t.Context(), cfg, &kept); err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), Options{Config: cfg, Clock: clock.System(), Out: &safeBuffer{}, Log: &safeBuffer{}, Test: Test{Cost: identity.Cheapest}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	tokens, opened := 0, 0
	err = a.db.Update(t.Context(), func(tx store.Tx) error {
		for _, h := range channel.Holders() {
			_, err := h.Rewrap(tx, nil, 100, func(p secret.Place, s secret.Sealed) (secret.Sealed, bool, error) {
				if p.Organization != org {
					return s, false, nil // an app of the server's
				}
				if tokens++; a.keeper.Use(tx, p, s, func([]byte) error { return nil }) == nil {
					opened++
				}
				return s, false, nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || tokens < len(all) || opened != 0 {
		t.Errorf("%d of %d tokens open: %v", opened, tokens, err)
	}
}
