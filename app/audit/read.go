package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Entry is a written event with the values that its leaf commits to, as far as they weren't erased.
type Entry struct {
	Record
	Values map[string]string
}

// List reads at most limit events of the log with numbers below before (0: from the newest), newest first.
func List(tx store.ReadTx, o ref.Organization, before int64, limit int) []Entry {
	r := store.Range{Prefix: store.K(o), Back: true}
	if before > 0 {
		r.To = store.K(o, before)
	}
	var out []Entry
	for _, rec := range records.All(tx, r) {
		side, _ := sides.Get(tx, store.K(o, rec.Seq))
		if out = append(out, Entry{Record: rec, Values: side.Values}); len(out) == limit {
			break
		}
	}
	return out
}

// Broken says where a log stopped being what its own events say.
type Broken struct {
	Seq int64
	Why string
}

// Error implements error.
func (b *Broken) Error() string { return fmt.Sprintf("event %d: %s", b.Seq, b.Why) }

// Check walks the whole log: numbers without a gap, each leaf the hash of its bytes, each event naming the leaf before
// it, each kept value matching its commitment, and the head naming the last. It returns the number of events.
func Check(ctx context.Context, db *store.DB, o ref.Organization) (int64, error) {
	var n int64
	err := db.View(ctx, func(tx store.ReadTx) error {
		n = 0
		var last [32]byte
		for _, rec := range records.All(tx, store.Range{Prefix: store.K(o)}) {
			if err := check(tx, rec, n, last); err != nil {
				return err
			}
			last = rec.Leaf
			n++
		}
		if h, _ := heads.Get(tx, store.K(o)); h.Next != n || h.Leaf != last {
			return &Broken{Seq: n, Why: "the head names another last event"}
		}
		return nil
	})
	return n, err
}

func check(tx store.ReadTx, rec Record, want int64, last [32]byte) error {
	var leaf struct {
		Seq  int64  `json:"seq"`
		Prev string `json:"prev"`
	}
	switch err := json.Unmarshal(rec.Bytes, &leaf); {
	case err != nil:
		return &Broken{Seq: want, Why: "unreadable"}
	case rec.Seq != want || leaf.Seq != want:
		return &Broken{Seq: want, Why: "missing"}
	case Leaf(rec.Bytes) != rec.Leaf:
		return &Broken{Seq: want, Why: "its bytes were changed"}
	case want > 0 && leaf.Prev != base64.RawURLEncoding.EncodeToString(last[:]):
		return &Broken{Seq: want, Why: "it doesn't follow the event before"}
	}
	side, _ := sides.Get(tx, store.K(rec.Organization, rec.Seq))
	for name, value := range side.Values {
		if !bytes.Contains(rec.Bytes, []byte(Commitment(side.Salts[name], value))) {
			return &Broken{Seq: want, Why: "the kept value of " + name + " isn't the one committed to"}
		}
	}
	return nil
}
