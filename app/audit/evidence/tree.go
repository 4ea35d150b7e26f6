package evidence

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Tree computes the root of leaves as they come. It holds one hash for each bit of its size; the zero value is empty.
type Tree struct {
	Size  int64
	edges []Hash // roots of the complete trees that the leaves are split into, largest first
}

// Add takes the next leaf and returns the roots of the complete trees that it ends, smallest first.
func (t *Tree) Add(leaf Hash) (nodes []Hash) {
	t.edges = append(t.edges, leaf)
	for n := t.Size; n&1 == 1; n >>= 1 {
		last := len(t.edges) - 1
		node := tlog.NodeHash(t.edges[last-1], t.edges[last])
		t.edges, nodes = append(t.edges[:last-1], node), append(nodes, node)
	}
	t.Size++
	return nodes
}

// Root is the root of the leaves so far.
func (t *Tree) Root() Hash {
	if len(t.edges) == 0 {
		root, _ := tlog.TreeHash(0, nil) // reads nothing
		return root
	}
	root := t.edges[len(t.edges)-1]
	for i := len(t.edges) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.edges[i], root)
	}
	return root
}

// Clone is a copy that grows by itself.
func (t *Tree) Clone() Tree { return Tree{Size: t.Size, edges: slices.Clone(t.edges)} }

// with is the root that the tree would have with these leaves besides.
func (t *Tree) with(leaves ...Hash) Hash {
	more := t.Clone()
	for _, l := range leaves {
		more.Add(l)
	}
	return more.Root()
}
