package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/omniposto/omniposto/store"
)

func (s *suite) isolation(t *testing.T) {
	db := s.new(t)
	set := func(v string) {
		update(t, db, func(tx store.Tx) {
			for i := range 500 {
				tx.Put(key(i), []byte(v))
			}
		})
	}
	set("1")
	view(t, db, func(tx store.ReadTx) {
		before := content(tx)
		set("2")
		update(t, db, func(tx store.Tx) { tx.Put(key("new"), nil); tx.Delete(key(7)) })
		if content(tx) != before {
			t.Error("an open reader saw a later change")
		}
		view(t, db, func(inner store.ReadTx) {
			if content(inner) == before {
				t.Error("a new reader doesn't see the change")
			}
		})
	})
	// Writers keep two keys equal; no reader may ever see them differ.
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Go(func() {
			for i := range 50 {
				v := []byte(fmt.Sprint(w, i))
				update(t, db, func(tx store.Tx) { tx.Put(key("left"), v); tx.Put(key("right"), v) })
			}
		})
		wait.Go(func() {
			for range 200 {
				view(t, db, func(tx store.ReadTx) {
					if l, r := tx.Get(key("left")), tx.Get(key("right")); !bytes.Equal(l, r) {
						t.Errorf("left %q, right %q", l, r)
					}
				})
			}
		})
	}
	wait.Wait()
}

// counters adds from many goroutines, some of which fail on purpose after writing.
func (s *suite) counters(t *testing.T) {
	db := s.new(t)
	const writers, rounds = 64, 20
	failed := errors.New("on purpose")
	add := func(tx store.Tx, k []byte) {
		n, _ := strconv.Atoi(string(tx.Get(k)))
		tx.Put(k, []byte(strconv.Itoa(n+1)))
	}
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range rounds {
				err := db.Update(context.Background(), func(tx store.Tx) error {
					add(tx, key("all"))
					add(tx, key("of", w%7))
					if (w+i)%5 == 0 {
						return failed
					}
					return nil
				})
				if (err != nil) != ((w+i)%5 == 0) {
					t.Errorf("writer %d round %d: %v", w, i, err)
				}
			}
		})
	}
	wait.Wait()
	view(t, db, func(tx store.ReadTx) {
		sum := 0
		for i := range 7 {
			n, _ := strconv.Atoi(string(tx.Get(key("of", i))))
			sum += n
		}
		want := writers * rounds * 4 / 5
		if all, _ := strconv.Atoi(string(tx.Get(key("all")))); all != want || sum != want {
			t.Errorf("counted %d and %d, want %d", all, sum, want)
		}
	})
}

// again holds the promise from the other side: whatever an engine does with a function, only its last run is kept.
func (s *suite) again(t *testing.T) {
	db := s.new(t)
	runs := 0
	update(t, db, func(tx store.Tx) {
		runs++
		tx.Put(key("run", runs), []byte("x"))
	})
	if got, want := contentOf(t, db), fmt.Sprintf("%x=x ", store.K("run", runs)); got != want || runs < 1 {
		t.Errorf("after %d runs: %s, want %s", runs, got, want)
	}
}

func (s *suite) tooLarge(t *testing.T) {
	db := s.new(t)
	update(t, db, tidy)
	before := contentOf(t, db)
	value := make([]byte, 1<<20)
	tests := []struct {
		name string
		fn   func(store.Tx)
	}{
		{"many values", func(tx store.Tx) {
			for i := range 80 {
				tx.Put(key(i), value)
			}
		}},
		{"a loop that waits for its own writes", func(tx store.Tx) {
			for i := 0; ; i++ {
				tx.Put(key("a"), value[:i%len(value)+1])
				tx.Put(key("end", i), value)
				if len(tx.Get(key("end", 1000))) > 0 {
					return
				}
			}
		}},
	}
	for _, test := range tests {
		err := db.Update(context.Background(), func(tx store.Tx) error { test.fn(tx); return nil })
		if !errors.Is(err, store.ErrTooBig) {
			t.Errorf("%s: %v", test.name, err)
		}
		if after := contentOf(t, db); after != before {
			t.Errorf("%s: something stayed", test.name)
		}
	}
	update(t, db, func(tx store.Tx) {
		for i := range 50 {
			tx.Put(key("fits", i), value)
		}
	})
}

func (s *suite) context(t *testing.T) {
	db := s.new(t)
	over, end := context.WithCancel(context.Background())
	end()
	if err := db.Update(over, func(store.Tx) error { t.Error("ran"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("update: %v", err)
	}
	if err := db.View(over, func(store.ReadTx) error { t.Error("ran"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("view: %v", err)
	}
	// A context that ends while the function runs changes nothing: the answer is certain.
	ctx, end := context.WithCancel(context.Background())
	if err := db.Update(ctx, func(tx store.Tx) error { end(); tx.Put(key("a"), []byte("1")); return nil }); err == nil {
		if contentOf(t, db) == "" {
			t.Error("said done, but nothing is there")
		}
	} else if contentOf(t, db) != "" {
		t.Errorf("said %v, but it is there", err)
	}
}

func (s *suite) time(t *testing.T) {
	db := s.new(t)
	look := func(tx store.ReadTx) {
		if now := tx.Now(); !now.Equal(Start) || now != tx.Now() || now != now.Round(0).UTC() {
			t.Errorf("it is %v", now)
		}
	}
	view(t, db, look)
	update(t, db, func(tx store.Tx) { look(tx) })
}

func (s *suite) copies(t *testing.T) {
	db := s.new(t)
	update(t, db, func(tx store.Tx) {
		k, v := key("a"), []byte("value")
		tx.Put(k, v)
		k[len(k)-2], v[0] = 'x', 'x'
		if got := tx.Get(key("a")); string(got) != "value" {
			t.Errorf("in the transaction: %q", got)
		}
		d := key("a")
		tx.Delete(d)
		d[len(d)-2] = 'x'
		tx.Put(key("a"), []byte("value"))
	})
	if got, want := contentOf(t, db), fmt.Sprintf("%x=value ", store.K("a")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func (s *suite) close(t *testing.T) {
	db := s.new(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	var once, wait = sync.Once{}, sync.WaitGroup{}
	accepted := make([]error, 20)
	wait.Go(func() {
		accepted[0] = db.Update(context.Background(), func(tx store.Tx) error {
			once.Do(func() { close(entered); <-leave })
			tx.Put(key(0), nil)
			return nil
		})
	})
	<-entered
	for i := range accepted[1:] {
		wait.Go(func() {
			accepted[i+1] = db.Update(context.Background(), func(tx store.Tx) error { tx.Put(key(i+1), nil); return nil })
		})
	}
	wait.Go(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	close(leave)
	wait.Wait()
	for i, err := range accepted {
		if err != nil && !errors.Is(err, store.ErrClosed) || i == 0 && err != nil && !errors.Is(err, store.ErrClosed) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	for name, err := range map[string]error{
		"update": db.Update(context.Background(), func(store.Tx) error { t.Error("ran"); return nil }),
		"view":   db.View(context.Background(), func(store.ReadTx) error { t.Error("ran"); return nil }),
		"backup": func() error { _, err := db.Backup(&bytes.Buffer{}); return err }(),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after close: %v", name, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
}
