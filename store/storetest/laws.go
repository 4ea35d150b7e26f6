package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/omniposto/omniposto/store"
)

func (s *suite) order(t *testing.T) {
	db := s.new(t)
	r := NewRandom(t)
	const n = 2000
	update(t, db, func(tx store.Tx) {
		for range n {
			tx.Put(key(fmt.Sprint(r.N(1<<30))), []byte("v"))
		}
		tx.Put(key("\x00"), []byte("v"))
		tx.Put(key("\xff\xff"), []byte("v"))
	})
	view(t, db, func(tx store.ReadTx) {
		var keys [][]byte
		tx.Scan(space, space.End(), false, func(k, _ []byte) bool { keys = append(keys, bytes.Clone(k)); return true })
		if !slices.IsSortedFunc(keys, bytes.Compare) || len(keys) < n/2 {
			t.Errorf("%d keys, not in order", len(keys))
		}
		back := len(keys)
		tx.Scan(space, space.End(), true, func(k, _ []byte) bool {
			back--
			return back >= 0 && bytes.Equal(k, keys[back]) || t.Failed()
		})
		if back != 0 {
			t.Errorf("backwards differs at %d of %d", back, len(keys))
		}
	})
}

func (s *suite) ranges(t *testing.T) {
	db := s.new(t)
	update(t, db, func(tx store.Tx) {
		for i := 10; i < 20; i += 2 {
			tx.Put(key(i), []byte(fmt.Sprint(i)))
		}
		tx.Put(key(30), nil)
	})
	tests := []struct {
		name     string
		from, to any
		back     bool
		stop     int
		want     string
	}{
		{"ends are [from, to)", 12, 16, false, 0, "12 14"},
		{"between keys", 11, 17, false, 0, "12 14 16"},
		{"backwards", 12, 16, true, 0, "14 12"},
		{"backwards between keys", 11, 17, true, 0, "16 14 12"},
		{"before the first", 0, 10, false, 0, ""},
		{"before the first backwards", 0, 10, true, 0, ""},
		{"behind the last", 31, 40, false, 0, ""},
		{"behind the last backwards", 31, 40, true, 0, ""},
		{"from equals to", 12, 12, false, 0, ""},
		{"from equals to backwards", 12, 12, true, 0, ""},
		{"from behind to", 16, 12, false, 0, ""},
		{"from behind to backwards", 16, 12, true, 0, ""},
		{"over the end", 18, 99, false, 0, "18 "},
		{"over the end backwards", 18, 99, true, 0, " 18"},
		{"stopped", 0, 99, false, 2, "10 12"},
		{"stopped backwards", 0, 29, true, 3, "18 16 14"},
	}
	look := func(tx store.ReadTx, how string) {
		for _, test := range tests {
			var got []string
			tx.Scan(key(test.from), key(test.to), test.back, func(_, v []byte) bool {
				got = append(got, string(v))
				return len(got) != test.stop
			})
			if strings.Join(got, " ") != test.want {
				t.Errorf("%s, %s: %q, want %q", how, test.name, got, test.want)
			}
		}
		n, last := 0, []byte(nil)
		tx.Scan(space, nil, false, func(k, _ []byte) bool { n++; last = bytes.Clone(k); return true })
		m := 0
		tx.Scan(space, nil, true, func(k, _ []byte) bool {
			if m++; m == 1 && !bytes.Equal(k, last) {
				t.Errorf("%s: without an end, the last is %x forwards and %x backwards", how, last, k)
			}
			return true
		})
		if n < 6 || n != m {
			t.Errorf("%s: without an end: %d forwards, %d backwards", how, n, m)
		}
		if v := tx.Get(key(30)); v == nil || len(v) != 0 {
			t.Errorf("%s: an empty value is %v", how, v)
		}
		if v := tx.Get(key(31)); v != nil {
			t.Errorf("%s: an absent value is %q", how, v)
		}
	}
	view(t, db, func(tx store.ReadTx) { look(tx, "view") })
	update(t, db, func(tx store.Tx) { look(tx, "update"); tx.Put(key(1000), nil); look(tx, "update after a write") })
}

func (s *suite) ownWrites(t *testing.T) {
	db := s.new(t)
	update(t, db, func(tx store.Tx) { tx.Put(key("a"), []byte("1")); tx.Put(key("b"), []byte("2")) })
	update(t, db, func(tx store.Tx) {
		tx.Put(key("a"), []byte("3"))
		tx.Delete(key("b"))
		tx.Delete(key("never there"))
		tx.Put(key("c"), []byte("4"))
		tx.Put(key("d"), []byte("5"))
		tx.Delete(key("d"))
		tx.Put(key("b"), []byte("6"))
		tx.Delete(key("b"))
		if got := fmt.Sprintf("%s %v %s %v", tx.Get(key("a")), tx.Get(key("b")), tx.Get(key("c")), tx.Get(key("d"))); got != "3 [] 4 []" {
			t.Errorf("got %s", got)
		}
	})
	if got, want := contentOf(t, db), fmt.Sprintf("%x=3 %x=4 ", store.K("a"), store.K("c")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// scanWhileWriting changes, at every key it meets, the keys around it: what lies ahead must be met as it then is, nothing
// twice and nothing left out.
func (s *suite) scanWhileWriting(t *testing.T) {
	db := s.new(t)
	const n = 3000
	fill := func(tx store.Tx) {
		for i := range n {
			tx.Put(key(i), []byte("old"))
			tx.Delete(key(i, "made"))
		}
	}
	for _, back := range []bool{false, true} {
		update(t, db, fill)
		met := 0
		update(t, db, func(tx store.Tx) {
			met = 0
			ahead, behind := 1, -1
			if back {
				ahead, behind = -1, 1
			}
			at := -1
			if back {
				at = n
			}
			tx.Scan(space, space.End(), back, func(k, v []byte) bool {
				if bytes.HasSuffix(k, store.K("made")) {
					return true
				}
				at += ahead
				for !bytes.Equal(k, key(at)) && at >= 0 && at < n {
					if at%3 != 1 {
						t.Errorf("back %v: left out %d", back, at)
						return false
					}
					at += ahead
				}
				met++
				tx.Put(key(at, "made"), []byte("x"))
				tx.Put(key(at), []byte("new"))
				tx.Delete(key(at + behind))
				if (at+ahead)%3 == 1 {
					tx.Delete(key(at + ahead))
				}
				return true
			})
		})
		if met != n-n/3 {
			t.Errorf("back %v: met %d of %d", back, met, n-n/3)
		}
	}
}

// scanOverHoles removes long stretches, so that whole leaves are empty, and scans in the same transaction.
func (s *suite) scanOverHoles(t *testing.T) {
	db := s.new(t)
	const n = 4000
	value := bytes.Repeat([]byte("v"), 100)
	update(t, db, func(tx store.Tx) {
		for i := range n {
			tx.Put(key(i), value)
		}
	})
	count := func(tx store.ReadTx, from, to int) (forth, back int) {
		tx.Scan(key(from), key(to), false, func(_, _ []byte) bool { forth++; return true })
		tx.Scan(key(from), key(to), true, func(_, _ []byte) bool { back++; return true })
		return forth, back
	}
	for _, hole := range [][2]int{{1000, 3000}, {0, 2000}, {2000, n}, {1, n - 1}, {0, n}} {
		undone := errors.New("undone")
		err := db.Update(context.Background(), func(tx store.Tx) error {
			for i := hole[0]; i < hole[1]; i++ {
				tx.Delete(key(i))
			}
			want := n - (hole[1] - hole[0])
			if f, b := count(tx, 0, n); f != want || b != want {
				t.Errorf("hole %v: %d forth, %d back, want %d", hole, f, b, want)
			}
			if f, b := count(tx, hole[0], hole[1]); f != 0 || b != 0 {
				t.Errorf("in hole %v: %d forth, %d back", hole, f, b)
			}
			last := 0
			tx.Scan(space, nil, true, func(_, _ []byte) bool { last++; return last < n })
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		view(t, db, func(tx store.ReadTx) {
			if f, b := count(tx, 0, n); f != n || b != n {
				t.Errorf("after undoing hole %v: %d forth, %d back", hole, f, b)
			}
		})
	}
}

// mess writes, overwrites and removes, so that there is something to undo.
func mess(tx store.Tx) {
	tx.Put(key("a"), []byte("changed"))
	tx.Put(key("a"), []byte("changed again"))
	tx.Delete(key("b"))
	tx.Put(key("b"), []byte("back"))
	tx.Put(key("c"), []byte("new"))
	tx.Delete(key("a"))
}

func tidy(tx store.Tx) { tx.Put(key("a"), []byte("1")); tx.Put(key("b"), []byte("2")) }

func (s *suite) undo(t *testing.T) {
	db := s.new(t)
	update(t, db, tidy)
	before := contentOf(t, db)
	mine := errors.New("mine")
	for name, end := range map[string]func(store.Tx) error{
		"an error":  func(store.Tx) error { return mine },
		"a failure": func(tx store.Tx) error { tx.Fail(mine); return nil },
		"both":      func(tx store.Tx) error { tx.Fail(mine); return errors.New("second") },
		"in a scan": func(tx store.Tx) error {
			tx.Scan(space, nil, false, func(_, _ []byte) bool { tx.Fail(mine); return true })
			return nil
		},
		"go on then": func(tx store.Tx) error { tx.Fail(mine); mess(tx); return nil },
	} {
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				if err := db.Update(context.Background(), func(tx store.Tx) error { mess(tx); return end(tx) }); !errors.Is(err, mine) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wait.Wait()
		if after := contentOf(t, db); after != before {
			t.Errorf("%s: %s, want %s", name, after, before)
		}
	}
}

func (s *suite) firstFailure(t *testing.T) {
	db := s.new(t)
	first, second := errors.New("first"), errors.New("second")
	fail := func(tx store.ReadTx) error { tx.Fail(nil); tx.Fail(first); tx.Fail(second); return second }
	if err := db.View(context.Background(), fail); !errors.Is(err, first) {
		t.Errorf("view: %v", err)
	}
	if err := db.Update(context.Background(), func(tx store.Tx) error { return fail(tx) }); !errors.Is(err, first) {
		t.Errorf("update: %v", err)
	}
	for _, k := range [][]byte{nil, {}, bytes.Repeat([]byte("k"), 32769)} {
		if err := db.Update(context.Background(), func(tx store.Tx) error { tx.Put(k, nil); return nil }); !errors.Is(err, store.ErrKey) {
			t.Errorf("a key of %d bytes: %v", len(k), err)
		}
	}
}

func (s *suite) panics(t *testing.T) {
	db := s.new(t)
	update(t, db, tidy)
	before := contentOf(t, db)
	cause := errors.New("cause")
	caught := func(run func()) (r any) {
		defer func() { r = recover() }()
		run()
		return nil
	}
	r := caught(func() {
		db.Update(context.Background(), func(tx store.Tx) error { mess(tx); panic(cause) }) //nolint:errcheck // it panics
	})
	if err, ok := r.(error); !ok || !errors.Is(err, cause) {
		t.Errorf("caught %v", r)
	}
	if r := caught(func() {
		db.View(context.Background(), func(store.ReadTx) error { panic(cause) }) //nolint:errcheck // it panics
	}); r != cause {
		t.Errorf("caught %v of a view", r)
	}
	if after := contentOf(t, db); after != before {
		t.Errorf("%s, want %s", after, before)
	}
	update(t, db, mess)
}

func (s *suite) goexit(t *testing.T) {
	db := s.new(t)
	update(t, db, tidy)
	before := contentOf(t, db)
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			update(t, db, func(tx store.Tx) { tx.Put(key("z", i), []byte("z")) })
		})
		wait.Go(func() {
			db.Update(context.Background(), func(tx store.Tx) error { mess(tx); runtime.Goexit(); return nil }) //nolint:errcheck // it ends here
			t.Error("went on")
		})
	}
	wait.Wait()
	update(t, db, func(tx store.Tx) {
		for i := range 20 {
			if tx.Get(key("z", i)) == nil {
				t.Errorf("neighbour %d is lost", i)
			}
			tx.Delete(key("z", i))
		}
	})
	if after := contentOf(t, db); after != before {
		t.Errorf("%s, want %s", after, before)
	}
}
