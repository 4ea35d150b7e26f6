package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"

	"golang.org/x/mod/sumdb/note"

	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Inspection checks a whole log in its store, slice by slice: numbers without a gap, each leaf the hash of its bytes,
// each event naming the leaf before it, each kept value matching its commitment, the nodes of the tree, each checkpoint's
// root and signature, and the head naming the last event.
type Inspection struct {
	Checked int64
	Total   int64 // events when it began; they may become more

	db     *store.DB
	o      ref.Organization
	last   [32]byte
	tree   evidence.Tree
	number int64 // of the newest checkpoint that was met
}

// Inspect begins an inspection.
func Inspect(ctx context.Context, db *store.DB, o ref.Organization) (*Inspection, error) {
	i := &Inspection{db: db, o: o}
	return i, db.View(ctx, func(tx store.ReadTx) error { i.Total = Size(tx, o); return nil })
}

const inspectSlice = 2000

// Check inspects the whole log and returns the number of its events. A log that isn't right is a *Broken.
func Check(ctx context.Context, db *store.DB, o ref.Organization) (int64, error) {
	i, err := Inspect(ctx, db, o)
	for done := false; err == nil && !done; {
		done, err = i.Step(ctx)
	}
	return i.Checked, err
}

// Step inspects the next slice; done says that it was the last.
func (i *Inspection) Step(ctx context.Context) (done bool, err error) {
	was := *i
	was.tree = i.tree.Clone()
	err = i.db.View(ctx, func(tx store.ReadTx) error {
		*i = was
		i.tree = was.tree.Clone()
		done = false
		h, _ := heads.Get(tx, store.K(i.o))
		n := 0
		for _, rec := range records.All(tx, store.Range{Prefix: store.K(i.o), From: store.K(i.o, i.Checked)}) {
			if n++; n > inspectSlice {
				return nil
			}
			if err := i.take(tx, rec, h); err != nil {
				return err
			}
		}
		done = true
		if h.Next != i.Checked || h.Leaf != i.last {
			return &Broken{Seq: i.Checked, Why: "the head names another last event"}
		}
		if c, ok := Newest(tx, i.o); ok && c.Size > i.Checked {
			return &Broken{Seq: i.Checked, Why: "a checkpoint was signed over more events than there are"}
		}
		return nil
	})
	return done, err
}

func (i *Inspection) take(tx store.ReadTx, rec Record, h head) error {
	if err := check(tx, rec, i.Checked, i.last); err != nil {
		return err
	}
	grown := i.tree.Add(rec.Leaf)
	if rec.Seq < h.Tree && !slices.EqualFunc(grown, rec.Nodes, func(a evidence.Hash, b [32]byte) bool { return a == b }) {
		return &Broken{Seq: rec.Seq, Why: "its place in the tree was changed"}
	}
	i.last = rec.Leaf
	i.Checked++
	c, ok := checkpoints.Get(tx, store.K(i.o, i.number+1))
	if !ok || c.Size > i.Checked {
		return nil
	}
	i.number++
	return checkSigned(tx, c, i.tree.Root())
}

// checkSigned holds a checkpoint against the root of the events it is over.
func checkSigned(tx store.ReadTx, c Checkpoint, root evidence.Hash) error {
	k, ok := signingKeys.Get(tx, store.K(c.Key))
	origin, _, _ := bytes.Cut([]byte(c.Note), []byte("\n"))
	broken := &Broken{Seq: c.Size - 1, Why: "it isn't what its checkpoint was signed over"}
	if !ok || c.Root != root {
		return broken
	}
	verifier, err := note.NewVerifier(evidence.KeyLine(string(origin), k.Public))
	if err != nil {
		return broken
	}
	opened, err := note.Open([]byte(c.Note), note.VerifierList(verifier))
	if err != nil {
		return broken
	}
	if got, err := evidence.ParseCheckpoint(opened.Text); err != nil || got.Size != c.Size || got.Root != root {
		return broken
	}
	return nil
}

func check(tx store.ReadTx, rec Record, want int64, last [32]byte) error {
	if rec.Seq != want {
		return &Broken{Seq: want, Why: "missing"}
	}
	if rec.Pruned() {
		return nil
	}
	var leaf struct {
		Seq  int64  `json:"seq"`
		Prev string `json:"prev"`
	}
	switch err := json.Unmarshal(rec.Bytes, &leaf); {
	case evidence.Leaf(rec.Bytes) != rec.Leaf:
		return &Broken{Seq: want, Why: "its bytes were changed"}
	case err != nil:
		return &Broken{Seq: want, Why: "unreadable"}
	case leaf.Seq != want:
		return &Broken{Seq: want, Why: "another event stands in its place"}
	case want > 0 && leaf.Prev != base64.RawURLEncoding.EncodeToString(last[:]):
		return &Broken{Seq: want, Why: "it doesn't follow the event before"}
	}
	side, _ := sides.Get(tx, store.K(rec.Organization, rec.Seq))
	for name, value := range side.Values {
		if !bytes.Contains(rec.Bytes, []byte(`"`+name+`":"`+evidence.Commitment(side.Salts[name], value)+`"`)) {
			return &Broken{Seq: want, Why: "the kept value of " + name + " isn't the one committed to"}
		}
	}
	return nil
}

const endOfLog = 32 // events that CheckEnd looks at

// CheckEnd looks at what a change from outside can hardly leave alone, in no time: the newest events, the head, and the
// tree against the newest checkpoint.
func CheckEnd(tx store.ReadTx, o ref.Organization) error {
	h, _ := heads.Get(tx, store.K(o))
	from := max(h.Next-endOfLog, 0)
	last, want := [32]byte{}, from
	if from > 0 {
		before, _ := records.Get(tx, store.K(o, from-1))
		last = before.Leaf
	}
	for _, rec := range records.All(tx, store.Range{Prefix: store.K(o), From: store.K(o, from)}) {
		if err := check(tx, rec, want, last); err != nil {
			return err
		}
		if rec.Seq < h.Tree {
			if err := checkNodes(tx, rec); err != nil {
				return err
			}
		}
		last, want = rec.Leaf, want+1
	}
	if h.Next != want || h.Leaf != last {
		return &Broken{Seq: want, Why: "the head names another last event"}
	}
	c, ok := Newest(tx, o)
	if !ok {
		return nil
	}
	if c.Size > want {
		return &Broken{Seq: want, Why: "a checkpoint was signed over more events than there are"}
	}
	root, err := Root(tx, o, c.Size)
	if err != nil {
		return err
	}
	return checkSigned(tx, c, root)
}

func checkNodes(tx store.ReadTx, rec Record) error {
	again, err := nodesOf(tx, rec)
	if err != nil {
		return err
	}
	if !slices.Equal(again, rec.Nodes) {
		return &Broken{Seq: rec.Seq, Why: "its place in the tree was changed"}
	}
	return nil
}

// IsBroken says whether the error tells of a log that isn't right, and where.
func IsBroken(err error) (*Broken, bool) {
	var b *Broken
	return b, errors.As(err, &b)
}
