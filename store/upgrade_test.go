package store_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
)

// oldVisit is the visit of version 0: the name was in two parts and the instant in seconds.
type oldVisit struct {
	House id     `cbor:"1,keyasint"`
	ID    id     `cbor:"2,keyasint"`
	First string `cbor:"3,keyasint"`
	Last  string `cbor:"4,keyasint"`
	At    int64  `cbor:"5,keyasint"`
}

func upgradeVisit(from byte, raw []byte) (visit, error) {
	var old oldVisit
	if from != 0 {
		return visit{}, fmt.Errorf("no visit had version %d", from)
	}
	if err := store.Decode(raw, &old); err != nil {
		return visit{}, err
	}
	return visit{House: old.House, ID: old.ID, Name: old.First + " " + old.Last, At: time.Unix(old.At, 0).UTC()}, nil
}

// samples reads testdata: each file is one old record, its key's and its value's bytes in hexadecimal.
func samples(t *testing.T, pattern string) (keys, values [][]byte) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var parts [][]byte
		for _, line := range strings.Fields(string(b)) {
			part, err := hex.DecodeString(line)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, part)
		}
		if len(parts) != 2 {
			t.Fatalf("%s has %d parts", name, len(parts))
		}
		keys, values = append(keys, parts[0]), append(values, parts[1])
	}
	return keys, values
}

func TestOldBytesAreReadAndWrittenAnew(t *testing.T) {
	t.Parallel()
	e := memory.New(atNoon)
	keys, values := samples(t, "visit-v0-*.hex")
	old := newVisits()
	old.Version, old.Indexes = 0, old.Indexes[1:] // there was no index by instant, and the other one had the first name
	if _, err := store.Open(context.Background(), e, old); err != nil {
		t.Fatal(err)
	}
	update(t, e, func(tx store.Tx) {
		for i := range keys {
			tx.Put(keys[i], values[i])
			tx.Put(store.K("visit", "i", "name", "wrong", i), []byte("left by the old version"))
		}
	})
	visits := newVisits()
	visits.Upgrade = upgradeVisit
	db, err := store.Open(context.Background(), e, visits)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	update(t, db, func(tx store.Tx) {
		var names []string
		for _, v := range visits.By(tx, "due", store.Range{}) {
			names = append(names, v.Name)
			now := v
			now.Name += " again"
			visits.Swap(tx, v, now)
		}
		if want := []string{"Ann Older", "Bob Newer"}; !slices.Equal(names, want) {
			t.Errorf("by due: %q, want %q", names, want)
		}
		for i := range keys {
			if raw := tx.Get(keys[i]); raw[0] != 1 {
				t.Errorf("written as version %d", raw[0])
			}
		}
	})
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
	if _, err := store.Open(context.Background(), e, old); !errors.Is(err, store.ErrNewer) {
		t.Errorf("the old version opens it: %v", err)
	}
}

// TestStoredFormIsUnchanged holds today's bytes against testdata: a change of them needs a new version.
func TestStoredFormIsUnchanged(t *testing.T) {
	t.Parallel()
	keys, values := samples(t, "visit-v1-*.hex")
	visits := newVisits()
	db := open(t, visits)
	want := visit{
		House: id{1}, ID: id{0xff, 15: 7}, Name: "Ann\x00 Ünder", At: noon.In(time.FixedZone("", 3600)), Notes: map[string]string{"z": "1", "a": "2"},
		Seats: map[id]int{{1}: -1},
	}
	update(t, db, func(tx store.Tx) {
		visits.Put(tx, want)
		if got := tx.Get(keys[0]); hex.EncodeToString(got) != hex.EncodeToString(values[0]) {
			t.Errorf("written as\n%x\n%x", store.K("visit", "r", visits.Key(want)), got)
		}
		tx.Put(keys[0], values[0])
		if got, ok := visits.Get(tx, visits.Key(want)); !ok || !got.At.Equal(want.At) || got.Name != want.Name {
			t.Errorf("read as %v", got)
		}
	})
}

func TestUpgradeThatFailsNamesTheRecord(t *testing.T) {
	t.Parallel()
	visits := newVisits()
	visits.Version, visits.Upgrade = 2, upgradeVisit
	db := open(t)
	err := db.Update(context.Background(), func(tx store.Tx) error {
		tx.Put(store.K("visit", "r", id{1}, id{1}), []byte{1, 0xa0})
		visits.Get(tx, store.K(id{1}, id{1}))
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "visit") || !strings.Contains(err.Error(), "no visit had version 1") {
		t.Errorf("%v", err)
	}
}

func TestTwoTablesOfOneNameAreRefused(t *testing.T) {
	t.Parallel()
	for _, tables := range [][]store.AnyTable{{newVisits(), newVisits()}, {&store.Table[visit]{Name: "store", Key: func(visit) store.Key { return nil }}}} {
		if _, err := store.Open(context.Background(), memory.New(atNoon), tables...); err == nil {
			t.Error("opened")
		}
	}
}

func TestOpenWithoutAChangeWritesNothing(t *testing.T) {
	t.Parallel()
	e := &counting{Engine: memory.New(atNoon)}
	for _, want := range []int{1, 0, 0} {
		e.updates = 0
		if _, err := store.Open(context.Background(), e, newVisits()); err != nil || min(e.updates, 1) != want {
			t.Errorf("%d updates, %v", e.updates, err)
		}
	}
}

type counting struct {
	store.Engine
	updates int
}

func (c *counting) Update(ctx context.Context, fn func(store.Tx) error) error {
	c.updates++
	return c.Engine.Update(ctx, fn)
}

func TestDescriptionNamesEveryStoredField(t *testing.T) {
	t.Parallel()
	d := newVisits().Describe()
	var names []string
	for _, f := range d.Fields {
		names = append(names, f.Name+" "+f.CBOR)
	}
	want := []string{
		"House 1,keyasint", "ID 2,keyasint", "Name 3,keyasint,omitempty", "At 4,keyasint,omitzero",
		"Notes 5,keyasint,omitempty", "Guest 6,keyasint,omitzero", "Seats 7,keyasint,omitempty",
	}
	if !slices.Equal(names, want) || d.Name != "visit" || !d.Owned || d.Holds != store.CustomerContent || !slices.Equal(d.Indexes, []string{"due", "name"}) {
		t.Errorf("%+v", d)
	}
}

func TestWalkGivesOwners(t *testing.T) {
	t.Parallel()
	visits := newVisits()
	db := open(t, visits)
	update(t, db, func(tx store.Tx) {
		for n := range byte(5) {
			visits.Put(tx, visit{House: id{n}, ID: id{n}})
		}
		n := byte(0)
		db.Tables()[0].Walk(tx, store.Range{}, func(key store.Key, owner store.Owner, record any) bool {
			if owner != store.OwnedBy(id{n}, id{}) || record.(visit).ID != (id{n}) {
				t.Errorf("%x: %v %v", key, owner, record)
			}
			if !db.Tables()[0].Erase(tx, key) {
				t.Error("not erased")
			}
			n++
			return n < 3
		})
		if _, ok := visits.Get(tx, store.K(id{2}, id{2})); ok || n != 3 {
			t.Errorf("met %d", n)
		}
	})
}
