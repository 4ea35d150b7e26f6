package audit_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
)

func TestTheTreeGrowsWithTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var tree evidence.Tree
	for i := range 70 {
		w.append(act(i))
		w.read(func(tx store.ReadTx) error {
			tree.Add(audit.List(tx, w.org, 0, 1)[0].Leaf)
			root, err := audit.Root(tx, w.org, int64(i+1))
			if err != nil || root != tree.Root() {
				t.Fatalf("the root of %d events is %s, %v", i+1, root, err)
			}
			return nil
		})
	}
	if n, err := audit.Check(t.Context(), w.db, w.org); n != 70 || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
}

// oldHead and oldRecord are the records of version 1, from before there was a tree.
type oldHead struct {
	Organization ref.Organization `cbor:"1,keyasint,omitempty"`
	Next         int64            `cbor:"2,keyasint"`
	Leaf         [32]byte         `cbor:"3,keyasint"`
}

type oldRecord struct {
	Organization ref.Organization `cbor:"1,keyasint,omitempty"`
	Seq          int64            `cbor:"2,keyasint"`
	ID           ref.Event        `cbor:"3,keyasint"`
	Bytes        []byte           `cbor:"4,keyasint"`
	Leaf         [32]byte         `cbor:"5,keyasint"`
}

var (
	oldHeads = store.Table[oldHead]{Name: "audit_head", Version: 1, Holds: store.Operational,
		Key: func(h oldHead) store.Key { return store.K(h.Organization) }}
	oldRecords = store.Table[oldRecord]{Name: "audit", Version: 1, Holds: store.PersonalData,
		Key: func(r oldRecord) store.Key { return store.K(r.Organization, r.Seq) }}
)

func TestALogFromBeforeTheTreeGetsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(2501)
	c := clock.NewManual(monday)
	old := openWorldOf(t, w, c)
	for range 2 { // the second time there is nothing to do
		if err := audit.Upgrade(t.Context(), old.db); err != nil {
			t.Fatal(err)
		}
	}
	old.append(act(1))
	if n, err := audit.Check(t.Context(), old.db, old.org); n != 2502 || err != nil {
		t.Fatalf("%d events, %v", n, err)
	}
	mustHold(t, old.bundle(), evidence.Against{})
}

// openWorldOf copies the log of a world in the form of version 1.
func openWorldOf(t *testing.T, w *world, c *clock.Manual) *world {
	t.Helper()
	engine := memory.New(c.Now)
	db, err := store.Open(t.Context(), engine, &oldRecords, &oldHeads)
	if err != nil {
		t.Fatal(err)
	}
	w.read(func(tx store.ReadTx) error {
		return db.Update(t.Context(), func(into store.Tx) error {
			h := oldHead{Organization: w.org}
			audit.Forth(tx, w.org, 0, 1<<40, func(e audit.Entry) bool {
				oldRecords.Put(into, oldRecord{e.Organization, e.Seq, e.ID, e.Bytes, e.Leaf})
				h.Next, h.Leaf = e.Seq+1, e.Leaf
				return true
			})
			oldHeads.Put(into, h)
			return nil
		})
	})
	old := openWorld(t, c, engine)
	old.org = w.org
	return old
}

func TestAnErasureAndAPruningLeaveEveryProofValid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(40)
	before := w.bundle()
	early := w.checkpoint()
	mustHold(t, before, evidence.Against{})
	w.fill(20)
	w.update(func(tx store.Tx) {
		audit.Erase(tx, w.org, 7)
		for seq := range int64(5) {
			audit.Prune(tx, w.org, seq)
		}
		audit.Prune(tx, w.org, 20)
	})
	after := w.bundle()
	if bytes.Contains(after[evidence.ValuesFile].Data, []byte(`{"seq":7,`)) || !bytes.Contains(before[evidence.ValuesFile].Data, []byte(`{"seq":7,`)) {
		t.Error("the values of event 7 aren't erased")
	}
	v := mustHold(t, after, evidence.Against{Since: early.Note})
	if v.Events != 60 || v.Pruned != 6 || !strings.Contains(v.String(), "6 of them are pruned") {
		t.Errorf("the verdict: %s", v)
	}
	mustHold(t, before, evidence.Against{})
	if n, err := audit.Check(t.Context(), w.db, w.org); n != 60 || err != nil {
		t.Errorf("%d events, %v", n, err)
	}
}

func TestAStoreEditedUnderneathIsFound(t *testing.T) {
	t.Parallel()
	edits := map[string]struct {
		seq  int64 // where it is found
		edit func(r *audit.Record)
	}{
		"bytes": {95, func(r *audit.Record) { r.Bytes = bytes.Replace(r.Bytes, []byte("Firefox"), []byte("Firefux"), 1) }},
		"bytes and leaf": {95, func(r *audit.Record) {
			r.Bytes = bytes.Replace(r.Bytes, []byte("Firefox"), []byte("Firefux"), 1)
			r.Leaf = evidence.Leaf(r.Bytes)
		}},
		"nodes": {95, func(r *audit.Record) { r.Nodes[2][0]++ }},
	}
	for name, c := range edits {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.fill(100)
			w.checkpoint()
			table := audit.RecordsForTests()
			w.update(func(tx store.Tx) {
				r, _ := table.Get(tx, store.K(w.org, int64(95)))
				c.edit(&r)
				table.Put(tx, r)
			})
			_, err := audit.Check(t.Context(), w.db, w.org)
			if b, ok := audit.IsBroken(err); !ok || b.Seq != c.seq {
				t.Errorf("the whole check: %v", err)
			}
			w.read(func(tx store.ReadTx) error {
				if b, ok := audit.IsBroken(audit.CheckEnd(tx, w.org)); !ok || b.Seq != c.seq {
					t.Errorf("the check at the start: %v", b)
				}
				return nil
			})
		})
	}
	t.Run("a rewritten middle", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.fill(100)
		w.checkpoint()
		table := audit.RecordsForTests()
		w.update(func(tx store.Tx) {
			r, _ := table.Get(tx, store.K(w.org, int64(63))) // root of the first 64
			r.Nodes[5][3]++
			table.Put(tx, r)
		})
		w.read(func(tx store.ReadTx) error {
			if _, ok := audit.IsBroken(audit.CheckEnd(tx, w.org)); !ok {
				t.Error("the start didn't find it")
			}
			return nil
		})
	})
	t.Run("cut off", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.fill(100)
		w.checkpoint()
		table := audit.RecordsForTests()
		w.update(func(tx store.Tx) { table.Delete(tx, store.K(w.org, int64(99))) })
		if _, err := audit.Check(t.Context(), w.db, w.org); err == nil {
			t.Error("it wasn't found")
		}
	})
}

func TestCheckpointsAreMadeWhenSomethingCame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.append(act(0))
	first := w.checkpoint()
	if again := w.checkpoint(); again.Number != first.Number {
		t.Errorf("nothing came, and checkpoint %d was made", again.Number)
	}
	w.append(act(1))
	if err := w.notary.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.read(func(tx store.ReadTx) error {
		if c, _ := audit.Newest(tx, w.org); c.Number != 2 || c.Size != 2 || !strings.HasPrefix(c.Note, "omniposto/ins_") {
			t.Errorf("the newest: %+v", c)
		}
		return nil
	})
}

func TestWhatSupportDoesIsSignedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := make(chan struct{}, 10)
	w.notary.Made = func() { made <- struct{}{} }
	done := make(chan struct{})
	ctx, cancel := contextOf(t)
	go func() { defer close(done); w.notary.Run(ctx) }()
	w.append(act(0)) // nothing urgent
	w.notary.Poke()
	w.append(act(3))
	w.notary.Poke()
	<-made
	cancel()
	<-done
	w.read(func(tx store.ReadTx) error {
		if c, _ := audit.Newest(tx, w.org); c.Number != 1 || c.Size != 2 {
			t.Errorf("the newest: %+v", c)
		}
		return nil
	})
}

func TestANewKeyIsHandedOverToByTheOldOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(5)
	w.checkpoint()
	if n, err := w.notary.Rotate(t.Context()); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	w.fill(5)
	c := w.checkpoint()
	if c.Size != 11 || c.Key != 2 || strings.Count(c.Note, "— ") != 2 {
		t.Fatalf("the first checkpoint of the new key: %+v", c)
	}
	w.fill(1)
	if c = w.checkpoint(); strings.Count(c.Note, "— ") != 1 {
		t.Errorf("the second: %s", c.Note)
	}
	b := w.bundle()
	v := mustHold(t, b, evidence.Against{})
	if len(v.Keys) != 2 {
		t.Fatalf("keys: %v", v.Keys)
	}
	for _, k := range v.Keys {
		if mustHold(t, b, evidence.Against{Fingerprint: k}); !bytes.Contains(b[evidence.EventsFile].Data, []byte(v.Keys[1])) {
			t.Error("no event tells of the key")
		}
	}
	notes := evidence.SplitNotes(string(b[evidence.CheckpointsFile].Data))
	notes[1] = notes[1][:strings.LastIndex(strings.TrimSpace(notes[1]), "\n")+1] // one of the two signatures
	b[evidence.CheckpointsFile].Data = []byte(evidence.JoinNotes(notes))
	if v := verify(t, b, evidence.Against{}); v.Problem == nil || v.Problem.Seq > 11 {
		t.Errorf("without one of both signatures: %v", v.Problem)
	}
}

func TestTheExampleOfTheDocumentationIsRight(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	block := func(title string) string {
		_, rest, ok := strings.Cut(string(page), "<!-- "+title+" -->\n```\n")
		text, _, end := strings.Cut(rest, "\n```")
		if !ok || !end {
			t.Fatalf("docs/audit.md has no block %q", title)
		}
		return text
	}
	event := block("event")
	if leaf := evidence.Leaf([]byte(event)); leaf.String() != block("leaf") {
		t.Errorf("the leaf of the example is %s", leaf)
	}
	var e struct {
		PII map[string]string `json:"pii"`
	}
	if err := json.Unmarshal([]byte(event), &e); err != nil {
		t.Fatal(err)
	}
	var v evidence.Value
	if err := json.Unmarshal([]byte(block("value")), &v); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(event, `"`+v.Name+`":"`+evidence.Commitment(unbase64(t, v.Salt), v.Value)+`"`) {
		t.Errorf("the value of the example isn't the one committed to: %s", evidence.Commitment(unbase64(t, v.Salt), v.Value))
	}
}
