package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
)

var noon = time.Date(2026, 3, 29, 12, 0, 0, 123456789, time.UTC)

func atNoon() time.Time { return noon }

// visit is the record of these tests: it waits until At, if it has one.
type visit struct {
	House id                `cbor:"1,keyasint"`
	ID    id                `cbor:"2,keyasint"`
	Name  string            `cbor:"3,keyasint,omitempty"`
	At    time.Time         `cbor:"4,keyasint,omitzero"`
	Notes map[string]string `cbor:"5,keyasint,omitempty"`
	Guest id                `cbor:"6,keyasint,omitzero"`
	Seats map[id]int        `cbor:"7,keyasint,omitempty"`
}

func newVisits() *store.Table[visit] {
	return &store.Table[visit]{
		Name: "visit", Version: 1, Holds: store.CustomerContent,
		Key:   func(v visit) store.Key { return store.K(v.House, v.ID) },
		Owner: func(v visit) store.Owner { return store.OwnedBy(v.House, id{}) },
		Indexes: []store.Index[visit]{
			{Name: "due", Only: func(v visit) bool { return !v.At.IsZero() }, Key: func(v visit) store.Key { return store.K(v.At, v.ID) }},
			{Name: "name", Key: func(v visit) store.Key { return store.K(v.House, v.Name, v.ID) }},
		},
	}
}

// open gives a store in memory with the table, whose indexes are checked when the test ends.
func open(t *testing.T, tables ...store.AnyTable) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), memory.New(atNoon), tables...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Check(context.Background()); err != nil {
			t.Errorf("after the test: %v", err)
		}
	})
	return db
}

func update(t *testing.T, e store.Engine, fn func(tx store.Tx)) {
	t.Helper()
	if err := e.Update(context.Background(), func(tx store.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func view(t *testing.T, e store.Engine, fn func(tx store.ReadTx)) {
	t.Helper()
	if err := e.View(context.Background(), func(tx store.ReadTx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestRecordComesBackAsItWasPut(t *testing.T) {
	t.Parallel()
	visits := newVisits()
	db := open(t, visits)
	want := visit{id{1}, id{2}, "Ann\xff", noon, map[string]string{"a": "b"}, id{}, map[id]int{{1}: 2}}
	update(t, db, func(tx store.Tx) { visits.Put(tx, want) })
	view(t, db, func(tx store.ReadTx) {
		got, ok := visits.Get(tx, store.K(id{1}, id{2}))
		if !ok || fmt.Sprint(got) != fmt.Sprint(want) || !got.At.Equal(noon) || got.At.Location() != time.UTC {
			t.Errorf("got %v, %v", got, ok)
		}
		if got, ok := visits.Get(tx, store.K(id{1}, id{3})); ok {
			t.Errorf("got %v for an absent key", got)
		}
	})
}

func TestIndexesFollowTheRecord(t *testing.T) {
	t.Parallel()
	steps := []struct {
		name  string
		do    func(*store.Table[visit], store.Tx)
		due   []byte // ids in the order of the index
		name2 []byte
	}{
		{"put", func(v *store.Table[visit], tx store.Tx) {
			v.Put(tx, visit{House: id{1}, ID: id{1}, Name: "c", At: noon})
			v.Put(tx, visit{House: id{1}, ID: id{2}, Name: "b", At: noon.Add(-1)})
			v.Put(tx, visit{House: id{1}, ID: id{3}, Name: "a"})
		}, []byte{2, 1}, []byte{3, 2, 1}},
		{"put over it", func(v *store.Table[visit], tx store.Tx) { v.Put(tx, visit{House: id{1}, ID: id{2}, Name: "d"}) }, []byte{1}, []byte{3, 1, 2}},
		{"swap into the index", func(v *store.Table[visit], tx store.Tx) {
			old, _ := v.Get(tx, store.K(id{1}, id{3}))
			now := old
			now.At = noon.Add(-5)
			v.Swap(tx, old, now)
		}, []byte{3, 1}, []byte{3, 1, 2}},
		{"swap without a change", func(v *store.Table[visit], tx store.Tx) {
			old, _ := v.Get(tx, store.K(id{1}, id{3}))
			v.Swap(tx, old, old)
		}, []byte{3, 1}, []byte{3, 1, 2}},
		{"delete", func(v *store.Table[visit], tx store.Tx) {
			if !v.Delete(tx, store.K(id{1}, id{3})) || v.Delete(tx, store.K(id{1}, id{3})) {
				tx.Fail(errors.New("delete once, not twice"))
			}
		}, []byte{1}, []byte{1, 2}},
	}
	visits := newVisits()
	db := open(t, visits)
	for _, s := range steps {
		update(t, db, func(tx store.Tx) { s.do(visits, tx) })
		view(t, db, func(tx store.ReadTx) {
			var due, named []byte
			for _, v := range visits.By(tx, "due", store.Range{}) {
				due = append(due, v.ID[0])
			}
			for _, record := range visits.Keys(tx, "name", store.Range{Prefix: store.K(id{1})}) {
				named = append(named, record[18])
			}
			if !slices.Equal(due, s.due) || !slices.Equal(named, s.name2) {
				t.Errorf("%s: due %v name %v, want %v %v", s.name, due, named, s.due, s.name2)
			}
			if err := visits.Check(tx); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
		})
	}
}

func TestRangesStayWithinTheirPrefix(t *testing.T) {
	t.Parallel()
	visits := newVisits()
	db := open(t, visits)
	update(t, db, func(tx store.Tx) {
		for house := byte(1); house <= 3; house++ {
			for n := byte(1); n <= 4; n++ {
				visits.Put(tx, visit{House: id{house}, ID: id{n}, Name: fmt.Sprint(n)})
			}
		}
	})
	in := store.K(id{2})
	tests := []struct {
		name string
		r    store.Range
		want []byte
	}{
		{"all of it", store.Range{Prefix: in}, []byte{1, 2, 3, 4}},
		{"backwards", store.Range{Prefix: in, Back: true}, []byte{4, 3, 2, 1}},
		{"from", store.Range{Prefix: in, From: store.K(in, id{3})}, []byte{3, 4}},
		{"behind a cursor", store.Range{Prefix: in, From: store.K(in, id{3}).End()}, []byte{4}},
		{"to", store.Range{Prefix: in, To: store.K(in, id{3})}, []byte{1, 2}},
		{"backwards before a cursor", store.Range{Prefix: in, To: store.K(in, id{3}), Back: true}, []byte{2, 1}},
		{"from of another", store.Range{Prefix: in, From: store.K(id{1})}, []byte{1, 2, 3, 4}},
		{"to of another", store.Range{Prefix: in, To: store.K(id{4})}, []byte{1, 2, 3, 4}},
		{"both of another", store.Range{Prefix: in, From: store.K(id{3}), To: store.K(id{4})}, nil},
		{"upside down", store.Range{Prefix: in, From: store.K(in, id{4}), To: store.K(in, id{1})}, nil},
		{"nothing there", store.Range{Prefix: store.K(id{9})}, nil},
	}
	view(t, db, func(tx store.ReadTx) {
		for _, test := range tests {
			var got []byte
			for _, v := range visits.All(tx, test.r) {
				if v.House != (id{2}) {
					t.Errorf("%s: met house %v", test.name, v.House)
				}
				got = append(got, v.ID[0])
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%s: %v, want %v", test.name, got, test.want)
			}
		}
		if k, ok := visits.FirstKey(tx, "name", in); !ok || string(k) != string(store.K(in, "1", id{1})) {
			t.Errorf("first key %x", k)
		}
		if k, ok := visits.FirstKey(tx, "due", in); ok {
			t.Errorf("first key %x of an empty index", k)
		}
	})
}

func TestUnreadableRecordFailsTheTransaction(t *testing.T) {
	t.Parallel()
	visits := newVisits()
	e := memory.New(atNoon)
	tests := []struct {
		name string
		raw  []byte
		want error
	}{
		{"empty", []byte{}, store.ErrDamaged},
		{"not CBOR", []byte{1, 0xff, 0xff}, store.ErrDamaged},
		{"newer", []byte{2, 0xa0}, store.ErrNewer},
		{"older without a way up", []byte{0, 0xa0}, store.ErrDamaged},
	}
	for _, test := range tests {
		row := store.K("visit", "r", id{1}, id{1})
		update(t, e, func(tx store.Tx) { tx.Put(row, test.raw) })
		read := map[string]func(store.Tx){
			"get": func(tx store.Tx) {
				if v, ok := visits.Get(tx, store.K(id{1}, id{1})); ok {
					t.Errorf("%s: got %v", test.name, v)
				}
			},
			"all": func(tx store.Tx) {
				for range visits.All(tx, store.Range{}) {
					t.Errorf("%s: met it", test.name)
				}
			},
			"put": func(tx store.Tx) { visits.Put(tx, visit{House: id{1}, ID: id{1}}) },
		}
		for how, fn := range read {
			err := e.Update(context.Background(), func(tx store.Tx) error { fn(tx); return nil })
			if !errors.Is(err, test.want) {
				t.Errorf("%s, %s: %v, want %v", test.name, how, err, test.want)
			}
		}
	}
}

func TestSwapRefusesAnotherKey(t *testing.T) {
	t.Parallel()
	visits := newVisits()
	db := open(t, visits)
	err := db.Update(context.Background(), func(tx store.Tx) error {
		visits.Swap(tx, visit{ID: id{1}}, visit{ID: id{2}})
		return nil
	})
	if err == nil {
		t.Error("swapped")
	}
}
