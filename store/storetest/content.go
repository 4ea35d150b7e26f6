package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/omniposto/omniposto/store"
)

// id is an id as package ref has them.
type id [16]byte

func (i id) Bytes16() [16]byte { return i }

// Visit is the suite's record.
type Visit struct {
	House id     `cbor:"1,keyasint"`
	ID    id     `cbor:"2,keyasint"`
	Name  string `cbor:"3,keyasint,omitempty"`
	Due   int64  `cbor:"4,keyasint,omitempty"` // milliseconds
}

var visits = newVisits(1, "due", "name")

// newVisits declares the table with the named indexes, all of the version.
func newVisits(version byte, indexes ...string) *store.Table[Visit] {
	t := &store.Table[Visit]{
		Name: "visit", Version: 1,
		Key: func(v Visit) store.Key { return make(store.Key, 0, 34).ID(v.House).ID(v.ID) },
	}
	for _, x := range []store.Index[Visit]{
		{Name: "due", Version: version, Only: func(v Visit) bool { return v.Due > 0 }, Key: func(v Visit) store.Key {
			return make(store.Key, 0, 26).Int(v.Due * int64(version)).ID(v.ID)
		}},
		{Name: "name", Version: version, Key: func(v Visit) store.Key { return store.K(v.House, v.Name, v.ID) }},
	} {
		if slices.Contains(indexes, x.Name) {
			t.Indexes = append(t.Indexes, x)
		}
	}
	return t
}

func (s *suite) backup(t *testing.T) {
	db := s.new(t)
	fill := func(v string) {
		update(t, db, func(tx store.Tx) {
			for i := range 1000 {
				tx.Put(key(i), []byte(v))
			}
		})
	}
	fill("before")
	want := contentOf(t, db)
	b := &disturbed{disturb: func() { fill("during") }}
	n, err := db.Backup(b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("%d bytes of %d: %v", n, b.Len(), err)
	}
	if _, err := db.Backup(failing{}); !errors.Is(err, errSink) {
		t.Errorf("a failing sink: %v", err)
	}
	if s.restore == nil {
		return
	}
	again := s.restore(t, t.TempDir(), b.Bytes())
	if got := contentOf(t, again); got != want {
		t.Errorf("the backup is not what was there when it began")
	}
	update(t, again, func(tx store.Tx) { tx.Put(key("on"), []byte("and on")) })
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// disturbed runs something at the first write.
type disturbed struct {
	bytes.Buffer
	disturb func()
}

func (d *disturbed) Write(b []byte) (int, error) {
	if d.disturb != nil {
		d.disturb()
		d.disturb = nil
	}
	return d.Buffer.Write(b)
}

var errSink = errors.New("no more room")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errSink }

// random holds the engine against a Go map, with failing functions, scans and, where content lasts, reopening.
func (s *suite) random(t *testing.T) {
	r := NewRandom(t)
	folder := t.TempDir()
	db := s.at(t, folder)
	model := map[string]string{}
	failed := errors.New("on purpose")
	for round := range 300 {
		next := map[string]string{}
		seed := *r
		err := db.Update(context.Background(), func(tx store.Tx) error {
			*r = seed
			clear(next)
			for k, v := range model {
				next[k] = v
			}
			for range r.N(40) {
				s.randomly(t, r, tx, next)
			}
			if r.N(5) == 0 {
				return failed
			}
			return nil
		})
		if err == nil {
			model = next
		} else if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		if round%50 == 49 {
			view(t, db, func(tx store.ReadTx) { compare(t, tx, model, nil, nil, round%100 == 99) })
			if s.durable {
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				db = s.at(t, folder)
			}
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	view(t, db, func(tx store.ReadTx) { compare(t, tx, model, nil, nil, false) })
}

// randomly does one random thing in the transaction and to the map.
func (s *suite) randomly(t *testing.T, r *Random, tx store.Tx, model map[string]string) {
	pick := func() []byte { return key(r.N(400), "x") }
	k := pick()
	switch r.N(8) {
	case 0, 1, 2:
		v := string(bytes.Repeat([]byte{byte('a' + r.N(26))}, 1<<r.N(13)))
		tx.Put(k, []byte(v))
		model[string(k)] = v
	case 3:
		tx.Delete(k)
		delete(model, string(k))
	case 4:
		from, to := pick(), pick()
		compare(t, tx, model, from, to, r.N(2) == 0)
	case 5: // a stretch is removed
		to := pick()
		tx.Scan(k, to, r.N(2) == 0, func(k, _ []byte) bool {
			tx.Delete(k)
			delete(model, string(k))
			return true
		})
	case 6: // a stretch is moved on by one, while it is scanned backwards
		tx.Scan(k, pick(), true, func(k, v []byte) bool {
			moved, value := append(bytes.Clone(k), store.K("m")...), string(v)
			if len(moved) > 60 {
				return true
			}
			tx.Delete(k)
			delete(model, string(k))
			tx.Put(moved, []byte(value))
			model[string(moved)] = value
			return true
		})
	default:
		if v := tx.Get(k); string(v) != model[string(k)] || (v == nil) != (model[string(k)] == "") {
			t.Errorf("key %x: %d bytes, want %d", k, len(v), len(model[string(k)]))
		}
	}
}

// compare scans [from, to) and holds it against the map.
func compare(t *testing.T, tx store.ReadTx, model map[string]string, from, to []byte, back bool) {
	t.Helper()
	if from == nil {
		from, to = space, space.End()
	}
	var want []string
	for k := range model {
		if k >= string(from) && k < string(to) {
			want = append(want, k)
		}
	}
	sort.Strings(want)
	if back {
		slices.Reverse(want)
	}
	i := 0
	tx.Scan(from, to, back, func(k, v []byte) bool {
		if i >= len(want) || want[i] != string(k) || model[want[i]] != string(v) {
			t.Errorf("back %v: key %x at place %d of %d is wrong", back, k, i, len(want))
			return false
		}
		i++
		return true
	})
	if i != len(want) && !t.Failed() {
		t.Errorf("back %v: %d keys, want %d", back, i, len(want))
	}
}

// tables puts, swaps and deletes at random; the check at the end compares indexes and tables.
func (s *suite) tables(t *testing.T) {
	db := s.new(t)
	r := NewRandom(t)
	for range 100 {
		seed := *r
		update(t, db, func(tx store.Tx) {
			*r = seed
			for range 30 {
				house := byte(r.N(3))
				v := Visit{House: id{house}, ID: id{house, byte(r.N(50))}, Name: fmt.Sprint(r.N(5)), Due: int64(r.N(3) * r.N(1000))}
				old, was := visits.Get(tx, visits.Key(v))
				switch {
				case r.N(4) == 0:
					if visits.Delete(tx, visits.Key(v)) != was {
						t.Error("delete and get disagree")
					}
				case was && r.N(2) == 0:
					visits.Swap(tx, old, v)
				default:
					visits.Put(tx, v)
				}
			}
		})
	}
	view(t, db, func(tx store.ReadTx) {
		last := int64(0)
		for _, v := range visits.By(tx, "due", store.Range{}) {
			if v.Due < last {
				t.Errorf("due %d after %d", v.Due, last)
			}
			last = v.Due
		}
	})
}

func (s *suite) rebuild(t *testing.T) {
	e := s.open(t, t.TempDir())
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	open := func(table *store.Table[Visit]) error {
		db, err := store.Open(context.Background(), e, table)
		if err != nil {
			return err
		}
		return db.Check(context.Background())
	}
	first := newVisits(1, "due")
	if err := open(first); err != nil {
		t.Fatal(err)
	}
	const n = 2100 // more than one slice of a rebuild
	update(t, e, func(tx store.Tx) {
		for i := range n {
			first.Put(tx, Visit{House: id{1}, ID: id{byte(i >> 8), byte(i)}, Due: int64(i)})
		}
	})
	for _, step := range []struct {
		name  string
		table *store.Table[Visit]
	}{
		{"one more index", newVisits(1, "due", "name")},
		{"both changed", newVisits(2, "due", "name")},
		{"one less", newVisits(2, "name")},
		{"it is back", newVisits(2, "due", "name")},
	} {
		if err := open(step.table); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	s.interrupted(t, e)
}

// interrupted stops a rebuild at every one of its transactions and lets the next start finish it.
func (s *suite) interrupted(t *testing.T, e store.Engine) {
	stopped := errors.New("stopped")
	for at, version := 1, byte(3); ; at, version = at+1, version+1 {
		table := newVisits(version, "due", "name")
		_, err := store.Open(context.Background(), &stopping{e, at, stopped}, table)
		if err == nil {
			return
		}
		if !errors.Is(err, stopped) {
			t.Fatal(err)
		}
		db, err := store.Open(context.Background(), e, table)
		if err == nil {
			err = db.Check(context.Background())
		}
		if err != nil {
			t.Fatalf("stopped at transaction %d: %v", at, err)
		}
	}
}

// stopping refuses every Update from the n-th on.
type stopping struct {
	store.Engine
	n   int
	err error
}

func (s *stopping) Update(ctx context.Context, fn func(store.Tx) error) error {
	if s.n--; s.n <= 0 {
		return s.err
	}
	return s.Engine.Update(ctx, fn)
}

func (s *suite) reopen(t *testing.T) {
	if !s.durable {
		return
	}
	folder := t.TempDir()
	for round := range 5 {
		db := s.at(t, folder)
		view(t, db, func(tx store.ReadTx) {
			n := 0
			for range visits.All(tx, store.Range{Prefix: store.K(id{7})}) {
				n++
			}
			if n != round*50 {
				t.Errorf("round %d: %d records", round, n)
			}
		})
		update(t, db, func(tx store.Tx) {
			for i := range 50 {
				visits.Put(tx, Visit{House: id{7}, ID: id{byte(round), byte(i)}, Due: time.Unix(int64(i), 0).UnixMilli()})
			}
		})
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
