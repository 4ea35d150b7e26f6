package audit

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// The tree has no table of its own: the root of each complete tree stands in the record of the leaf that ended it. An
// event so costs one record, as before, and reads one other on average.

// nodes reads hashes of a log's tree for package tlog.
type nodes struct {
	tx store.ReadTx
	o  ref.Organization
}

// ReadHashes implements tlog.HashReader.
func (n nodes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, at := tlog.SplitStoredHashIndex(index)
		seq := (at+1)<<level - 1
		r, ok := records.Get(n.tx, store.K(n.o, seq))
		switch {
		case !ok || level > len(r.Nodes):
			return nil, &Broken{Seq: seq, Why: "its place in the tree is missing"}
		case level == 0:
			out[i] = r.Leaf
		default:
			out[i] = r.Nodes[level-1]
		}
	}
	return out, nil
}

// nodesOf computes the roots of the trees that the record's leaf ends.
func nodesOf(tx store.ReadTx, r Record) ([][32]byte, error) {
	hashes, err := tlog.StoredHashesForRecordHash(r.Seq, r.Leaf, nodes{tx, r.Organization})
	if err != nil {
		return nil, fmt.Errorf("audit tree: %w", err)
	}
	var out [][32]byte
	for _, h := range hashes[1:] {
		out = append(out, h)
	}
	return out, nil
}

func nodesFor(tx store.Tx, r Record) [][32]byte {
	out, err := nodesOf(tx, r)
	tx.Fail(err)
	return out
}

// grow gives nodes to the leaves of an old log up to a number.
func grow(tx store.Tx, h *head, to int64) {
	for ; h.Tree < to; h.Tree++ {
		r, ok := records.Get(tx, store.K(h.Organization, h.Tree))
		if !ok {
			tx.Fail(fmt.Errorf("audit tree: %w", &Broken{Seq: h.Tree, Why: "it is missing"}))
			return
		}
		if r.Nodes = nodesFor(tx, r); r.Nodes != nil {
			records.Put(tx, r)
		}
	}
}

const growSlice = 1000 // leaves that one transaction of an upgrade gives nodes to

// Upgrade gives a tree to logs that were begun before there was one. An interrupted one goes on at the next start.
func Upgrade(ctx context.Context, db *store.DB) error {
	var old []head
	err := db.View(ctx, func(tx store.ReadTx) error {
		old = nil
		for _, h := range heads.All(tx, store.Range{}) {
			if h.Tree < h.Next {
				old = append(old, h)
			}
		}
		return nil
	})
	for _, h := range old {
		for h.Tree < h.Next && err == nil {
			err = db.Update(ctx, func(tx store.Tx) error {
				h, _ = heads.Get(tx, store.K(h.Organization))
				grow(tx, &h, min(h.Tree+growSlice, h.Next))
				heads.Put(tx, h)
				return nil
			})
		}
	}
	return err
}

// Size is the number of events in the log.
func Size(tx store.ReadTx, o ref.Organization) int64 {
	h, _ := heads.Get(tx, store.K(o))
	return h.Next
}

// Root is the root of the log's first size leaves.
func Root(tx store.ReadTx, o ref.Organization, size int64) (evidence.Hash, error) {
	return tlog.TreeHash(size, nodes{tx, o})
}

// ProveConsistency proves that the log of the larger size goes on from the one of the smaller.
func ProveConsistency(tx store.ReadTx, o ref.Organization, from, to int64) ([]evidence.Hash, error) {
	if from == 0 {
		return nil, nil // everything goes on from nothing
	}
	return tlog.ProveTree(to, from, nodes{tx, o})
}

// ProveInclusion proves that an event is in the log of the size.
func ProveInclusion(tx store.ReadTx, o ref.Organization, size, seq int64) ([]evidence.Hash, error) {
	return tlog.ProveRecord(size, seq, nodes{tx, o})
}
