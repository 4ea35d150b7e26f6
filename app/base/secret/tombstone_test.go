package secret

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/bolt"
)

// openSafe is a safe on a file, which can be backed up.
func openSafe(t *testing.T, c *clock.Manual, path, key string, fresh bool) *safe {
	t.Helper()
	engine, err := bolt.Open(path, bolt.Options{Clock: c.Now, Elapsed: c.Elapsed})
	if err != nil {
		t.Fatal(err)
	}
	s := &safe{t: t, engine: engine, clock: c, file: key}
	s.reopen(fresh)
	return s
}

// opens says whether the organization's note can be read.
func (s *safe) opens(o ref.Organization) (ok bool) {
	s.t.Helper()
	err := s.db.View(s.t.Context(), func(tx store.ReadTx) error {
		for _, n := range notes.All(tx, store.Range{Prefix: store.K(o)}) {
			ok = s.keeper.Use(tx, n.place("one"), n.One, func([]byte) error { return nil }) == nil
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return ok
}

// TestAnOlderBackupMeetsTheTombstonesBeforeItServes shreds, restores a backup from before, and opens nothing.
func TestAnOlderBackupMeetsTheTombstonesBeforeItServes(t *testing.T) {
	t.Parallel()
	folder, c := t.TempDir(), clock.NewManual(noon)
	key, file := filepath.Join(folder, "master.key"), filepath.Join(folder, "tombstones")
	s := openSafe(t, c, filepath.Join(folder, "store"), key, true)
	gone, stays := ref.Mint[ref.Organization](noon), ref.Mint[ref.Organization](noon)
	for _, o := range []ref.Organization{gone, stays} {
		s.update(func(tx store.Tx) error { _, err := put(s.keeper, tx, o); return err })
	}
	var backup bytes.Buffer
	if _, err := s.db.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	c.Advance(time.Hour)
	s.update(func(tx store.Tx) error { s.keeper.Shred(tx, gone, "test"); return nil })
	graveyard := func(s *safe) Tombstones { return Tombstones{Path: file, Keys: s.keys.Keys} }
	if err := s.keeper.Carve(t.Context(), s.db, graveyard(s)); err != nil {
		t.Fatal(err)
	}
	if again, err := s.keeper.Meet(t.Context(), s.db, graveyard(s)); err != nil || len(again) != 0 || s.opens(gone) || !s.opens(stays) {
		t.Fatalf("the store itself: %v %v", again, err)
	}
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	restored := filepath.Join(folder, "restored")
	if err := os.WriteFile(restored, backup.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s = openSafe(t, c, restored, key, false)
	defer s.db.Close()
	if !s.opens(gone) {
		t.Fatal("the backup doesn't hold what the test is about")
	}
	if again, err := s.keeper.Meet(t.Context(), s.db, graveyard(s)); err != nil || len(again) != 1 || again[0] != gone {
		t.Fatalf("%v %v", again, err)
	}
	s.reopen(false)
	if s.opens(gone) || !s.opens(stays) {
		t.Error("the backup and the master key open what was destroyed, or not what wasn't")
	}
	// what is sealed after it is another key's, and stays
	s.update(func(tx store.Tx) error { _, err := put(s.keeper, tx, gone); return err })
	if again, err := s.keeper.Meet(t.Context(), s.db, graveyard(s)); err != nil || len(again) != 0 || !s.opens(gone) {
		t.Errorf("a key that was made later: %v %v", again, err)
	}
}

func TestChangedTombstonesStopTheStart(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	file := filepath.Join(t.TempDir(), "tombstones")
	at := Tombstones{Path: file, Keys: s.keys.Keys}
	if err := s.keeper.Carve(t.Context(), s.db, at); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was made for nothing")
	}
	for _, purpose := range []string{"test", "mail"} {
		s.update(func(tx store.Tx) error { s.keeper.Shred(tx, ref.Mint[ref.Organization](noon), purpose); return nil })
	}
	if err := s.keeper.Carve(t.Context(), s.db, at); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil || bytes.Count(good, []byte("\n")) != 4 {
		t.Fatalf("%q %v", good, err)
	}
	lines := strings.SplitAfter(string(good), "\n")
	wrong := map[string]string{"empty": "", "a line less": lines[0] + lines[2] + lines[3], "a line twice": lines[0] + lines[1] + lines[1] + lines[2] + lines[3],
		"swapped": lines[0] + lines[2] + lines[1] + lines[3], "unsigned": lines[0] + lines[1] + lines[2], "a line behind": string(good) + lines[1]}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 1
		if i < len(good)-1 { // the line's end may be missing
			wrong[fmt.Sprintf("sign %d changed", i)] = string(b)
		}
	}
	for name, text := range wrong {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.keeper.Meet(t.Context(), s.db, at); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keeper.Meet(t.Context(), s.db, Tombstones{Path: file, Keys: []Master{ForTests()}}); !errors.Is(err, ErrTombstones) {
		t.Errorf("under another master key: %v", err)
	}
	// a rotation signs anew
	if err := s.keys.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.keeper.Carve(t.Context(), s.db, Tombstones{Path: file, Keys: s.keys.Keys}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keeper.Meet(t.Context(), s.db, Tombstones{Path: file, Keys: s.keys.Keys[:1]}); err != nil {
		t.Errorf("under the new key alone: %v", err)
	}
}
