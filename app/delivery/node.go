package delivery

import (
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Node is one run of the program: an incarnation. That it has ended is the proof that its senders are over.
type Node struct {
	_         struct{} `cbor:",toarray"`
	ID        ref.Node `pd:"-"`
	Name      string   `pd:"-"` // stays from run to run
	StartedAt Instant  `pd:"-"`
	EndedAt   Instant  `pd:"-"`
}

var nodes = store.Table[Node]{
	Name: "node", Version: 1, Holds: store.Operational,
	Key: func(n Node) store.Key { return store.K(n.ID) },
	Indexes: []store.Index[Node]{{Name: "running", Only: func(n Node) bool { return n.EndedAt == 0 },
		Key: func(n Node) store.Key { return store.K(n.Name, n.ID) }}},
}

// remembered is how long a run that is over is kept. One that isn't kept is over all the same.
const remembered = 7 * day

// StartNode writes that a run begins and that all earlier runs under the same name are over. alone says that the store
// belongs to this process only (a file lock): then every other run is over, whatever its name.
func (s *Deliveries) StartNode(tx store.Tx, id ref.Node, name string, alone bool) {
	now := At(tx.Now())
	prefix := store.K(name)
	if alone {
		prefix = nil
	}
	var earlier []Node
	for _, n := range nodes.By(tx, "running", store.Range{Prefix: prefix}) {
		earlier = append(earlier, n)
	}
	for _, n := range earlier {
		over := n
		over.EndedAt = now
		nodes.Swap(tx, n, over)
	}
	nodes.Put(tx, Node{ID: id, Name: name, StartedAt: now})
	var old []store.Key
	for k, n := range nodes.All(tx, store.Range{}) {
		if n.EndedAt != 0 && n.EndedAt < now.Add(-remembered) {
			old = append(old, k)
		}
	}
	for _, k := range old {
		nodes.Delete(tx, k)
	}
}

// EndNode writes that a run is over: nothing of it can be inside a call any more.
func (s *Deliveries) EndNode(tx store.Tx, id ref.Node) {
	if n, ok := nodes.Get(tx, store.K(id)); ok && n.EndedAt == 0 {
		over := n
		over.EndedAt = At(tx.Now())
		nodes.Swap(tx, n, over)
	}
}

// NodeOver says that the run is over. One that was never written down never sent anything.
func NodeOver(tx store.ReadTx, id ref.Node) bool {
	n, ok := nodes.Get(tx, store.Key(nil).ID(id))
	return !ok || n.EndedAt != 0
}

// Takeover frees what ended runs held, without waiting for leases, looking at the next n lanes behind after. It returns
// the last lane it looked at, nil when there are no more.
func (s *Deliveries) Takeover(tx store.Tx, after store.Key, n int) store.Key {
	var held []Lane
	var last store.Key
	seen := 0
	r := store.Range{}
	if after != nil {
		r.From = append(after[:len(after):len(after)], 0)
	}
	for k, l := range lanes.All(tx, r) {
		if !l.Leased.Zero() {
			held = append(held, l)
		}
		last = k
		if seen++; seen == n {
			break
		}
	}
	for _, l := range held {
		d, ok := deliveries.Get(tx, key(l.Organization, l.Workspace, l.Leased))
		if ok && NodeOver(tx, d.Node) {
			if _, err := s.Move(tx, d, LeaseOver, Arg{}); err != nil {
				tx.Fail(err)
			}
		}
	}
	if seen < n {
		return nil
	}
	return last
}
