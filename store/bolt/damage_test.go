package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/storetest"
)

const pageSize = 4096

// sample makes a store of some hundred pages and gives its file as a clean close leaves it, as a kill leaves it, and its
// content.
func sample(t *testing.T) (closed, killed []byte, content string) {
	t.Helper()
	folder := t.TempDir()
	e := open(t, folder)
	if err := storetest.Fill(context.Background(), e, 300); err != nil {
		t.Fatal(err)
	}
	err := e.Update(context.Background(), func(tx store.Tx) error {
		tx.Put(store.K("large"), bytes.Repeat([]byte("large"), 4000)) // needs pages that overflow
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	content = all(t, e)
	used := func() []byte { // the file without the pages that were never used
		b, err := os.ReadFile(filepath.Join(folder, fileName))
		if err != nil {
			t.Fatal(err)
		}
		n := len(bytes.TrimRight(b, "\x00"))
		return b[:(n+pageSize-1)/pageSize*pageSize]
	}
	killed = used()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return used(), killed, content
}

func all(t *testing.T, e store.Engine) string {
	t.Helper()
	s, err := read(e)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(e store.Engine) (string, error) {
	var b bytes.Buffer
	err := e.View(context.Background(), func(tx store.ReadTx) error {
		tx.Scan(nil, nil, false, func(k, v []byte) bool { fmt.Fprintf(&b, "%x=%x\n", k, v); return true })
		return nil
	})
	return b.String(), err
}

// outcome opens the bytes as a store, reads everything and writes. A damaged file may be found damaged at any point, but
// whatever is answered without an error must be right.
func outcome(t *testing.T, folder, name string, file []byte, content string) (found bool) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, fileName), file, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := openIn(folder)
	if err != nil {
		if !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: open: %v", name, err)
		}
		return true
	}
	defer e.Close() //nolint:errcheck // it may be broken
	got, err := read(e)
	if err == nil {
		err = e.View(context.Background(), storetest.Table().Check)
	}
	if err == nil && got != content {
		t.Errorf("%s: other content without an error: %d bytes, want %d", name, len(got), len(content))
	}
	if err == nil {
		err = e.Update(context.Background(), func(tx store.Tx) error { tx.Put(store.K("large"), []byte("now small")); return nil })
	}
	if err != nil && !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrBroken) {
		t.Errorf("%s: %v", name, err)
	}
	return err != nil
}

func TestDamagedFileIsNamedAtOpen(t *testing.T) {
	t.Parallel()
	closed, killed, content := sample(t)
	zero := func(from, to int) func([]byte) []byte {
		return func(b []byte) []byte { clear(b[from:to]); return b }
	}
	for name, damage := range map[string]func([]byte) []byte{
		"cut in half":       func(b []byte) []byte { return b[:len(b)/2] },
		"cut to a sector":   func(b []byte) []byte { return b[:512] },
		"cut to two pages":  func(b []byte) []byte { return b[:2*pageSize] },
		"something else":    func([]byte) []byte { return []byte("these are my holiday photos") },
		"no meta pages":     zero(0, 2*pageSize),
		"nothing but metas": func(b []byte) []byte { clear(b[2*pageSize:]); return b },
	} {
		for state, file := range map[string][]byte{"closed": closed, "killed": killed} {
			if !outcome(t, t.TempDir(), name+" "+state, damage(bytes.Clone(file)), content) {
				t.Errorf("%s, %s: not found", name, state)
			}
		}
	}
	if outcome(t, t.TempDir(), "whole", closed, content) || outcome(t, t.TempDir(), "whole after a kill", killed, content) {
		t.Error("a whole file is called damaged")
	}
}

func TestInterruptedFirstStartBeginsAnew(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, pageSize, 4 * pageSize} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, fileName), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := open(t, folder).Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOneLostMetaPageIsSurvived(t *testing.T) {
	t.Parallel()
	closed, _, content := sample(t)
	for page := range 2 {
		file := bytes.Clone(closed)
		clear(file[page*pageSize : (page+1)*pageSize])
		if outcome(t, t.TempDir(), fmt.Sprintf("meta page %d", page), file, content) {
			t.Errorf("without meta page %d it doesn't open", page)
		}
	}
}

// TestDamagedPageIsAnErrorNotACrash damages every page in several ways.
func TestDamagedPageIsAnErrorNotACrash(t *testing.T) {
	t.Parallel()
	closed, killed, content := sample(t)
	folder, found := t.TempDir(), 0
	for state, file := range map[string][]byte{"closed": closed, "killed": killed} {
		for page := 2; page < len(file)/pageSize; page++ {
			for name, damage := range map[string]func(b []byte){
				"zeros": func(b []byte) { clear(b) },
				"ones":  func(b []byte) { copy(b, bytes.Repeat([]byte{0xff}, len(b))) },
				"other": func(b []byte) { copy(b, file[(page-1)*pageSize:]) },
				"entry": func(b []byte) { copy(b[16+4:], []byte{0xf0, 0xff, 0xff, 0x7f}) },
			} {
				b := bytes.Clone(file)
				damage(b[page*pageSize : (page+1)*pageSize])
				if outcome(t, folder, fmt.Sprintf("%s page %d %s", state, page, name), b, content) {
					found++
				}
			}
		}
	}
	t.Logf("%d found", found)
	if found < 500 {
		t.Errorf("only %d found", found)
	}
}

// TestFlippedBitIsAnErrorNotACrash flips single bits. What says how many pages overflow is left out: see Caveats.
func TestFlippedBitIsAnErrorNotACrash(t *testing.T) {
	t.Parallel()
	closed, killed, content := sample(t)
	folder, r := t.TempDir(), storetest.NewRandom(t)
	for i := range 600 {
		file := closed
		if i%2 == 0 {
			file = killed
		}
		at := 2*pageSize + r.N(len(file)-2*pageSize)
		if i%3 == 0 {
			at = at/pageSize*pageSize + r.N(16+16) // headers are the most dangerous
		}
		if in := at % pageSize; in >= 12 && in < 16 {
			continue
		}
		b := bytes.Clone(file)
		b[at] ^= 1 << r.N(8)
		outcome(t, folder, fmt.Sprintf("bit of byte %d", at), b, content)
	}
}

func TestFileCutOffWhileOpenIsAnErrorNotACrash(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	e := open(t, folder)
	if err := storetest.Fill(context.Background(), e, 20000); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(folder, fileName), 4*pageSize); err != nil {
		t.Fatal(err)
	}
	if _, err := read(e); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("read: %v", err)
	}
	// What was handed out before may fault in the function's own hands.
	err := e.View(context.Background(), storetest.Table().Check)
	if !errors.Is(err, store.ErrDamaged) {
		t.Errorf("check: %v", err)
	}
	err = e.Update(context.Background(), func(tx store.Tx) error {
		tx.Put(store.K("visit", "r", [16]byte{9}, [16]byte{9}), []byte("x"))
		return nil
	})
	if !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrBroken) {
		t.Errorf("update: %v", err)
	}
	e.Close() //nolint:errcheck // there is nothing left to close well
}
