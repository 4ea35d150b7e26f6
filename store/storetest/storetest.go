// Package storetest is the one suite that every engine passes, and what tests of other packages need besides: Guard finds
// an Update inside an Update.
//
//	func TestEngine(t *testing.T) { storetest.Run(t, func(t testing.TB, folder string) store.Engine { … }) }
//
// The random operations print their seed; STORE_SEED=<number> runs one again.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/omniposto/omniposto/store"
)

// Open opens the engine whose files are in the folder, and makes it when there is none. Its time is Clock.
type Open func(t testing.TB, folder string) store.Engine

// Start is the instant that Clock shows.
var Start = time.Date(2026, 3, 29, 0, 59, 59, 987654321, time.UTC)

// Clock is the time of the engines under test. It stands still.
func Clock() time.Time { return Start }

// Option says what an engine can.
type Option func(*suite)

// Durable tells that the engine finds its content again in the same folder.
func Durable() Option { return func(s *suite) { s.durable = true } }

// Restore tells how an engine is made of a backup.
func Restore(restore func(t testing.TB, folder string, backup []byte) store.Engine) Option {
	return func(s *suite) { s.restore = restore }
}

type suite struct {
	open    Open
	durable bool
	restore func(testing.TB, string, []byte) store.Engine
}

// Run runs the suite. After each test every index is held against its table.
func Run(t *testing.T, open Open, options ...Option) {
	s := &suite{open: open}
	for _, o := range options {
		o(s)
	}
	for _, law := range []struct {
		name string
		test func(*suite, *testing.T)
	}{
		{"keys are in byte order", (*suite).order},
		{"ranges go both ways", (*suite).ranges},
		{"own writes are seen", (*suite).ownWrites},
		{"a scan goes on after writes", (*suite).scanWhileWriting},
		{"a scan meets emptied places", (*suite).scanOverHoles},
		{"a failed function leaves nothing", (*suite).undo},
		{"the first failure is the answer", (*suite).firstFailure},
		{"a panic reaches the caller and leaves nothing", (*suite).panics},
		{"an ended goroutine leaves nothing", (*suite).goexit},
		{"a reader keeps its state", (*suite).isolation},
		{"no update is lost", (*suite).counters},
		{"a function may run again", (*suite).again},
		{"too large is refused", (*suite).tooLarge},
		{"an ended context never runs", (*suite).context},
		{"time stands still in a transaction", (*suite).time},
		{"what is handed over may change afterwards", (*suite).copies},
		{"close refuses and waits", (*suite).close},
		{"a backup is one state", (*suite).backup},
		{"random operations behave like a map", (*suite).random},
		{"tables and indexes agree", (*suite).tables},
		{"a changed index is built anew", (*suite).rebuild},
		{"content outlives the engine", (*suite).reopen},
	} {
		t.Run(law.name, func(t *testing.T) { law.test(s, t) })
	}
}

// new opens an engine with the suite's tables in a folder of its own.
func (s *suite) new(t *testing.T) *store.DB { return s.at(t, t.TempDir()) }

// at opens the engine in the folder; when the test ends, indexes are checked and the engine is closed.
func (s *suite) at(t *testing.T, folder string) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), s.open(t, folder), visits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Check(context.Background()); err != nil && !errors.Is(err, store.ErrClosed) {
			t.Errorf("after the test: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

func update(t testing.TB, e store.Engine, fn func(tx store.Tx)) {
	t.Helper()
	if err := e.Update(context.Background(), func(tx store.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, e store.Engine, fn func(tx store.ReadTx)) {
	t.Helper()
	if err := e.View(context.Background(), func(tx store.ReadTx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// The suite's raw keys all lie here, away from the tables.
var space = store.K("raw")

func key(parts ...any) []byte { return store.K(append([]any{space}, parts...)...) }

// content is all raw keys with their values in one line.
func content(tx store.ReadTx) string {
	var b bytes.Buffer
	tx.Scan(space, space.End(), false, func(k, v []byte) bool {
		fmt.Fprintf(&b, "%x=%s ", k[len(space):], v)
		return true
	})
	return b.String()
}

func contentOf(t testing.TB, e store.Engine) (s string) {
	t.Helper()
	view(t, e, func(tx store.ReadTx) { s = content(tx) })
	return s
}

// Random is a small generator whose numbers depend on its seed alone.
type Random struct{ state uint64 }

// NewRandom takes the seed from STORE_SEED or a fresh one, and prints it when the test fails.
func NewRandom(t testing.TB) *Random {
	seed := maphash.String(maphash.MakeSeed(), "")
	if s := os.Getenv("STORE_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("STORE_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("STORE_SEED=%d", seed)
	return &Random{seed}
}

// N is a number in [0, n).
func (r *Random) N(n int) int {
	r.state += 0x9E3779B97F4A7C15
	z := r.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return int((z ^ z>>31) >> 1 % uint64(n)) //nolint:gosec // under n
}
