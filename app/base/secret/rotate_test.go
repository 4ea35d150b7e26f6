package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
	"github.com/omniposto/omniposto/store/twice"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// note is a record with two secrets, as nouns have them.
type note struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	ID           ref.Item         `cbor:"2,keyasint"`
	One          Sealed           `cbor:"3,keyasint"`
	Two          Sealed           `cbor:"4,keyasint,omitempty"`
}

var notes = store.Table[note]{Name: "note", Version: 1, Holds: store.SecretMaterial, Key: func(n note) store.Key { return store.K(n.Organization, n.ID) }}

func (n note) place(field string) Place {
	return Place{Purpose: "test", Organization: n.Organization, Kind: "note", ID: n.ID, Field: field}
}

var noteHolder = Hold(&notes, func(n *note, visit func(Place, *Sealed)) {
	visit(n.place("one"), &n.One)
	visit(n.place("two"), &n.Two)
})

// safe is a store with a keeper that can be opened anew, as after a kill: what is only in memory is gone.
type safe struct {
	t      *testing.T
	engine store.Engine
	clock  *clock.Manual
	db     *store.DB
	keeper *Keeper
	keys   Masters
	file   string
}

func newSafe(t *testing.T) *safe {
	t.Helper()
	s := &safe{t: t, clock: clock.NewManual(noon), file: filepath.Join(t.TempDir(), "master.key")}
	s.engine = twice.Wrap(memory.New(s.clock.Now))
	s.reopen(true)
	return s
}

func (s *safe) reopen(fresh bool) {
	s.t.Helper()
	var err error
	if s.keys, err = LoadMasters(s.t.Context(), Source{Beside: s.file, Fresh: fresh}); err != nil {
		s.t.Fatal(err)
	}
	if err = Check(s.t.Context(), s.engine, s.keys.Keys[0], s.keys.Keys[1:]...); err != nil {
		s.t.Fatal(err)
	}
	if s.db, err = store.Open(s.t.Context(), s.engine, append(Tables(), &notes)...); err != nil {
		s.t.Fatal(err)
	}
	if s.keeper, err = NewKeeper(s.t.Context(), s.db, s.keys.Keys[0], s.clock, s.keys.Keys[1:]...); err != nil {
		s.t.Fatal(err)
	}
}

func (s *safe) update(fn func(store.Tx) error) {
	s.t.Helper()
	if err := s.db.Update(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

// put seals a note; its plain text is its id.
func put(k *Keeper, tx store.Tx, o ref.Organization) (note, error) {
	n := note{Organization: o, ID: ref.Mint[ref.Item](tx.Now())}
	var err error
	if n.One, err = k.Seal(tx, n.place("one"), []byte(n.ID.String())); err != nil {
		return n, err
	}
	if n.Two, err = k.Seal(tx, n.place("two"), []byte("2"+n.ID.String())); err != nil {
		return n, err
	}
	notes.Put(tx, n)
	return n, nil
}

// readable opens every note and says how many there are.
func (s *safe) readable() (count int) {
	s.t.Helper()
	err := s.db.View(s.t.Context(), func(tx store.ReadTx) error {
		for _, n := range notes.All(tx, store.Range{}) {
			count++
			for field, v := range map[string]Sealed{"one": n.One, "two": n.Two} {
				err := s.keeper.Use(tx, n.place(field), v, func(plain []byte) error {
					if !strings.HasSuffix(string(plain), n.ID.String()) {
						return errors.New("another text")
					}
					return nil
				})
				if err != nil {
					return fmt.Errorf("note %d, %s: %w", count, field, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return count
}

func (s *safe) status() (st Status) {
	s.t.Helper()
	if err := s.db.View(s.t.Context(), func(tx store.ReadTx) error { st = s.keeper.Status(tx); return nil }); err != nil {
		s.t.Fatal(err)
	}
	return st
}

// walk seals anew until there is nothing to do, letting time pass where the walk asks for it. It stops after most steps.
func (s *safe) walk(most int) (done bool) {
	s.t.Helper()
	for range most {
		wait, err := s.keeper.Walk(s.t.Context(), s.db, append(Holders(), noteHolder))
		switch {
		case err != nil:
			s.t.Fatal(err)
		case wait < 0:
			return true
		}
		s.clock.Advance(wait)
	}
	return false
}

// changeMaster rotates the master key to its end.
func (s *safe) changeMaster() {
	s.t.Helper()
	if err := s.keys.Renew(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.keeper.AddMaster(s.keys.Keys[0])
	for more := true; more; {
		s.update(func(tx store.Tx) (err error) { more, err = s.keeper.Rewrap(tx, Batch); return err })
	}
	if err := s.keys.Retire(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.keeper.RetireMasters()
}

// A data key that was read before the master key changed is wrapped by the old one in the hands of who read it.
func TestWhatBeganBeforeTheMasterKeyChangedComesToItsEnd(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	p := Place{Purpose: "test", Kind: "note", Field: "one"}
	var early dataKey
	seal := func() error {
		return s.db.View(t.Context(), func(tx store.ReadTx) error {
			early, _ = newestKey(tx, p)
			_, err := s.keeper.SealWith(tx, p, []byte("x"))
			return err
		})
	}
	if err := errors.Join(s.keeper.Prepare(t.Context(), s.db, p), seal()); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(unwrappedFor - 10*time.Second)
	if err := seal(); err != nil { // reads the data key anew, and keeps it for a while
		t.Fatal(err)
	}
	held := early
	s.changeMaster()
	s.clock.Advance(20 * time.Second) // what lay open in memory is gone
	if err := seal(); err != nil {
		t.Error("a seal that knew the data key from before:", err)
	}
	s.clock.Advance(unwrappedFor)
	if _, err := s.keeper.unwrap(held); err != nil {
		t.Error("a read that began before:", err)
	}
	s.clock.Advance(settled)
	if _, err := s.keeper.unwrap(held); !errors.Is(err, ErrSealed) {
		t.Error("the old master key is still there after an hour:", err)
	}
}

func TestANewMasterKeyTakesOverAndTheOldOneGoes(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	for range 300 {
		s.update(func(tx store.Tx) error { _, err := put(s.keeper, tx, ref.Mint[ref.Organization](tx.Now())); return err })
	}
	old := s.keys.Keys[0]
	if err := s.keys.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.keeper.AddMaster(s.keys.Keys[0])
	s.update(func(tx store.Tx) error { _, err := put(s.keeper, tx, ref.Mint[ref.Organization](tx.Now())); return err })
	if st := s.status(); len(st.Masters) != 2 || st.Masters[0].Keys != 1 || st.Masters[1].Keys != 300 {
		t.Fatalf("before: %+v", st)
	}
	for more := true; more; {
		s.update(func(tx store.Tx) (err error) { more, err = s.keeper.Rewrap(tx, 64); return err })
	}
	if st := s.status(); st.Masters[0].Keys != 301 || st.Masters[1].Keys != 0 || st.Masters[1].Master != old.ID {
		t.Fatalf("after: %+v", st)
	}
	if err := s.keys.Retire(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.keeper.RetireMasters()
	s.reopen(false)
	if n := s.readable(); n != 301 || len(s.keys.Keys) != 1 || s.keys.Keys[0].ID == old.ID {
		t.Errorf("%d notes under %v", n, s.keys.Keys)
	}
	if err := Check(t.Context(), s.engine, old); !errors.Is(err, ErrWrongMaster) {
		t.Errorf("the old key still opens the store: %v", err)
	}
}

func TestANewDataKeyTakesOverAndTheOldOneGoes(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	one, two := ref.Mint[ref.Organization](noon), ref.Mint[ref.Organization](noon)
	for i := range 2*Batch + 10 {
		s.update(func(tx store.Tx) error { _, err := put(s.keeper, tx, []ref.Organization{one, two}[i%2]); return err })
	}
	before := s.raw()
	s.update(func(tx store.Tx) error { _, err := s.keeper.Rotate(tx, one); return err })
	if !s.walk(1000) {
		t.Fatal("the walk has no end")
	}
	if st := s.status(); st.Retired != 0 || st.Masters[0].Keys != 2 || s.readable() != 2*Batch+10 {
		t.Errorf("%+v", st)
	}
	for id, v := range s.raw() {
		if changed := v != before[id]; changed != (strings.HasPrefix(id, one.String())) {
			t.Errorf("%s changed: %v", id, changed)
		}
	}
	if passed := s.clock.Now().Sub(noon); passed < settled || passed > 3*settled {
		t.Errorf("it took %v", passed)
	}
}

// raw is every first sealed text by its note.
func (s *safe) raw() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	err := s.db.View(s.t.Context(), func(tx store.ReadTx) error {
		for _, n := range notes.All(tx, store.Range{}) {
			out[n.Organization.String()+n.ID.String()] = string(n.One)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// TestRotationUnderWritersAndKillsLosesNothing rotates both levels while writers seal, and opens everything anew twenty
// times at random points.
func TestRotationUnderWritersAndKillsLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	orgs := []ref.Organization{ref.Mint[ref.Organization](noon), ref.Mint[ref.Organization](noon), {}}
	var written atomic.Int64
	kill := func() {
		ctx, cancel := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		db, keeper := s.db, s.keeper
		for w := range 3 {
			writers.Go(func() {
				for i := 0; i == 0 || ctx.Err() == nil && i < 40; i++ {
					o := orgs[(w+i)%len(orgs)]
					if err := db.Update(t.Context(), func(tx store.Tx) error { _, err := put(keeper, tx, o); return err }); err != nil {
						t.Error(err)
						return
					}
					written.Add(1)
				}
			})
		}
		// the rotation of this life: begun at random places, killed at a random step
		if random.Below(2) == 0 {
			if err := s.keys.Renew(t.Context()); err != nil {
				t.Fatal(err)
			}
			if random.Below(4) > 0 { // else killed between keeping and using the key
				s.keeper.AddMaster(s.keys.Keys[0])
			}
		}
		if random.Below(2) == 0 {
			s.update(func(tx store.Tx) error { _, err := s.keeper.Rotate(tx, orgs[random.Below(3)]); return err })
		}
		for range random.Below(6) {
			s.update(func(tx store.Tx) error { _, err := s.keeper.Rewrap(tx, 1); return err })
			s.walk(1)
		}
		cancel()
		writers.Wait()
		s.reopen(false)
		if n := s.readable(); int64(n) != written.Load() {
			t.Fatalf("%d of %d notes are left", n, written.Load())
		}
	}
	for range 20 {
		kill()
	}
	for more := true; more; {
		s.update(func(tx store.Tx) (err error) { more, err = s.keeper.Rewrap(tx, Batch); return err })
	}
	if err := s.keys.Retire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !s.walk(1000) {
		t.Fatal("the walk has no end")
	}
	s.reopen(false)
	if st := s.status(); len(st.Masters) != 1 || st.Retired != 0 || st.Masters[0].Keys != 3 || int64(s.readable()) != written.Load() {
		t.Errorf("it ends with %+v and %d of %d notes", st, s.readable(), written.Load())
	}
}

// TestASealThatBeganBeforeARotationStillOpens lets a value be sealed without a transaction, as a step's result is, and
// saved long after the walk went by.
func TestASealThatBeganBeforeARotationStillOpens(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	n := note{ID: ref.Mint[ref.Item](noon)}
	if err := s.keeper.Prepare(t.Context(), s.db, n.place("one")); err != nil {
		t.Fatal(err)
	}
	seal := func() (out Sealed) {
		err := s.db.View(t.Context(), func(tx store.ReadTx) (err error) {
			out, err = s.keeper.SealWith(tx, n.place("one"), []byte(n.ID.String()))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	n.One = seal()
	before := seal()
	s.update(func(tx store.Tx) error { _, err := s.keeper.Rotate(tx, ref.Organization{}); return err })
	s.walk(4)
	if a, b, _ := strings.Cut(string(seal())[4:], "."); a == "" || b == "" {
		t.Fatal("sealing stopped")
	}
	s.clock.Advance(knownFor)
	late := seal()
	if key := func(v Sealed) string { id, _, _, _ := v.parts(); return id }; key(late) == key(before) {
		t.Error("a minute after the rotation the old key still seals")
	}
	n.Two = ""
	s.update(func(tx store.Tx) error { notes.Put(tx, n); return nil }) // saved only now
	if !s.walk(1000) {
		t.Fatal("the walk has no end")
	}
	err := s.db.View(t.Context(), func(tx store.ReadTx) error {
		kept, _ := notes.Get(tx, store.K(n.Organization, n.ID))
		return s.keeper.Use(tx, n.place("one"), kept.One, func([]byte) error { return nil })
	})
	if err != nil || s.status().Retired != 0 {
		t.Errorf("%v, %+v", err, s.status())
	}
}

func TestAValueThatDoesntOpenKeepsItsKey(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	s.update(func(tx store.Tx) error {
		n, err := put(s.keeper, tx, ref.Organization{})
		n.ID = ref.Mint[ref.Item](tx.Now()) // its texts belong to another note
		notes.Put(tx, n)
		return err
	})
	s.update(func(tx store.Tx) error { _, err := s.keeper.Rotate(tx, ref.Organization{}); return err })
	told := 0
	for range 12 {
		wait, err := s.keeper.Walk(t.Context(), s.db, append(Holders(), noteHolder))
		if err != nil {
			told++
		}
		s.clock.Advance(max(0, wait))
	}
	if st := s.status(); st.Retired != 1 || told == 0 {
		t.Errorf("%+v, told %d times", st, told)
	}
}

func TestASealedTextOpensInItsPlaceOnly(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	places := []Place{}
	for _, p := range []Place{{Purpose: "a"}, {Purpose: "b"}, {Purpose: "a", Organization: [16]byte{1}}, {Purpose: "a", Workspace: [16]byte{1}}, {Purpose: "a", ID: [16]byte{1}},
		{Purpose: "a", Kind: "x"}, {Purpose: "a", Field: "x"}, {Purpose: "a", Kind: "ab", Field: "c"}, {Purpose: "a", Kind: "a", Field: "bc"}} {
		places = append(places, p)
	}
	sealed := make([]Sealed, len(places))
	s.update(func(tx store.Tx) (err error) {
		for i, p := range places {
			if sealed[i], err = s.keeper.Seal(tx, p, []byte("canary")); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range places {
		for j := range places {
			err := s.db.View(t.Context(), func(tx store.ReadTx) error {
				return s.keeper.Use(tx, places[j], sealed[i], func([]byte) error { return nil })
			})
			if (err == nil) != (i == j) || err != nil && !errors.Is(err, ErrSealed) {
				t.Errorf("%+v opened as %+v: %v", places[i], places[j], err)
			}
		}
	}
	for at := range len(sealed[0]) {
		wrong := []byte(sealed[0])
		wrong[at] ^= 1
		err := s.db.View(t.Context(), func(tx store.ReadTx) error {
			return s.keeper.Use(tx, places[0], Sealed(wrong), func(plain []byte) error {
				if !bytes.Equal(plain, []byte("canary")) {
					t.Errorf("sign %d changed what it says", at)
				}
				return nil
			})
		})
		if err == nil && at < len(sealed[0])-1 { // the last sign of base64 has bits that count for nothing
			t.Errorf("sign %d can be changed", at)
		}
	}
}

func TestAfterShreddingBackupAndMasterKeyOpenNothing(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	o, other := ref.Mint[ref.Organization](noon), ref.Mint[ref.Organization](noon)
	s.update(func(tx store.Tx) error { _, err := put(s.keeper, tx, o); return err })
	s.update(func(tx store.Tx) error { _, err := put(s.keeper, tx, other); return err })
	s.update(func(tx store.Tx) error { _, err := s.keeper.Rotate(tx, o); return err }) // the retired key goes too
	s.update(func(tx store.Tx) error { s.keeper.Shred(tx, o, "test"); return nil })
	s.reopen(false)
	opened := map[ref.Organization]int{}
	err := s.db.View(t.Context(), func(tx store.ReadTx) error {
		for _, n := range notes.All(tx, store.Range{}) {
			if s.keeper.Use(tx, n.place("one"), n.One, func([]byte) error { return nil }) == nil {
				opened[n.Organization]++
			}
		}
		return nil
	})
	if err != nil || opened[o] != 0 || opened[other] != 1 {
		t.Errorf("%v %v", opened, err)
	}
}
