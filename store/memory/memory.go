// Package memory is an engine without a disk, for tests and the simulation: the same transactions as the other engines,
// nothing kept.
//
// Entries lie in leaves of up to 128 in key order. A transaction copies the list of leaves and each leaf it touches, so
// that readers keep the state they began with, and throwing a change away costs nothing.
//
// Caveats: a function that panics or ends its goroutine changes nothing, as everywhere; there is no limit but memory,
// except the same 64 MiB a function that the bolt engine has.
//
// Why not one sorted slice with an undo list: a reader would have to hold a lock, and a View that waits for an Update,
// which is fine on bolt, would wait for ever here.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omniposto/omniposto/store"
)

const (
	leafSize = 128
	// maxFunction is what one function may write, the same as the bolt engine.
	maxFunction = 64 << 20
	maxKey      = 32768
)

// entry is never changed once it is in a leaf.
type entry struct{ key, value []byte }

// leaf is changed only by the transaction that made it.
type leaf struct {
	by      uint64
	entries []*entry
}

// state is one version of the whole store; leaves are in order and never empty.
type state struct{ leaves []*leaf }

type engine struct {
	clock   func() time.Time
	writing sync.Mutex
	current atomic.Pointer[state]
	closed  atomic.Bool
	run     uint64 // counts transactions, under writing
}

// New returns an empty store whose time is clock.
func New(clock func() time.Time) store.Engine {
	e := &engine{clock: clock}
	e.current.Store(&state{})
	return e
}

func (e *engine) View(ctx context.Context, fn func(store.ReadTx) error) error {
	if err := e.refuse(ctx); err != nil {
		return err
	}
	t := &tx{engine: e, leaves: e.current.Load().leaves}
	return t.end(fn(t))
}

func (e *engine) Update(ctx context.Context, fn func(store.Tx) error) error {
	e.writing.Lock()
	defer e.writing.Unlock()
	if err := e.refuse(ctx); err != nil {
		return err
	}
	e.run++
	t := &tx{engine: e, leaves: e.current.Load().leaves, run: e.run}
	if err := t.call(fn); err != nil {
		return err
	}
	if t.writes > 0 {
		e.current.Store(&state{t.leaves})
	}
	return nil
}

// tooBig ends a function that wrote too much; loops that wait for their own writes would not end otherwise.
type tooBig struct{}

func (t *tx) call(fn func(store.Tx) error) (err error) {
	defer func() {
		if t.err != nil && t.size > maxFunction {
			if r := recover(); r != nil && r != any(tooBig{}) {
				panic(r)
			}
			err = t.err
		}
	}()
	return t.end(fn(t))
}

func (e *engine) refuse(ctx context.Context) error {
	if e.closed.Load() {
		return store.ErrClosed
	}
	return ctx.Err()
}

func (e *engine) Close() error {
	e.writing.Lock()
	defer e.writing.Unlock()
	e.closed.Store(true)
	return nil
}

// tx is both kinds of transaction; a reader has no way to Put.
type tx struct {
	engine *engine
	leaves []*leaf
	run    uint64
	writes int  // how often the tree changed
	own    bool // leaves is a copy of this transaction
	size   int
	now    time.Time
	err    error
}

func (t *tx) end(err error) error {
	if t.err != nil {
		return t.err
	}
	return err
}

func (t *tx) Now() time.Time {
	if t.now.IsZero() {
		t.now = t.engine.clock().Round(0).UTC()
	}
	return t.now
}

func (t *tx) Fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *tx) Get(k []byte) []byte {
	if l, i, found := t.find(k); found {
		return t.leaves[l].entries[i].value
	}
	return nil
}

// find gives the place of the first key that is not under k. A place may be behind a leaf's last entry.
func (t *tx) find(k []byte) (l, i int, found bool) {
	l = max(0, sort.Search(len(t.leaves), func(l int) bool {
		return bytes.Compare(t.leaves[l].entries[0].key, k) > 0
	})-1)
	if l == len(t.leaves) {
		return l, 0, false
	}
	entries := t.leaves[l].entries
	i = sort.Search(len(entries), func(i int) bool { return bytes.Compare(entries[i].key, k) >= 0 })
	return l, i, i < len(entries) && bytes.Equal(entries[i].key, k)
}

func (t *tx) Scan(from, to []byte, back bool, fn func(k, v []byte) bool) {
	if back {
		t.scanBack(from, to, fn)
		return
	}
	l, i, _ := t.find(from)
	for {
		if l < len(t.leaves) && i >= len(t.leaves[l].entries) {
			l, i = l+1, 0
		}
		if l >= len(t.leaves) {
			return
		}
		e, before := t.leaves[l].entries[i], t.writes
		if to != nil && bytes.Compare(e.key, to) >= 0 || !fn(e.key, e.value) {
			return
		}
		i++
		if t.writes != before {
			var found bool
			if l, i, found = t.find(e.key); found {
				i++
			}
		}
	}
}

func (t *tx) scanBack(from, to []byte, fn func(k, v []byte) bool) {
	var l, i int
	if to == nil {
		l = len(t.leaves)
	} else {
		l, i, _ = t.find(to)
	}
	for {
		if i--; i < 0 {
			if l--; l < 0 {
				return
			}
			i = len(t.leaves[l].entries) - 1
		}
		e, before := t.leaves[l].entries[i], t.writes
		if bytes.Compare(e.key, from) < 0 || !fn(e.key, e.value) {
			return
		}
		if t.writes != before {
			l, i, _ = t.find(e.key)
		}
	}
}

func (t *tx) Put(k, v []byte) {
	if len(k) == 0 || len(k) > maxKey {
		t.Fail(fmt.Errorf("%w: %d bytes", store.ErrKey, len(k)))
		return
	}
	t.grow(len(k) + len(v))
	both := append(append(make([]byte, 0, len(k)+len(v)), k...), v...)
	e := &entry{both[:len(k):len(k)], both[len(k):]}
	l, i, found := t.find(k)
	if len(t.leaves) == 0 {
		t.writable(-1)
		t.leaves = append(t.leaves, &leaf{t.run, []*entry{e}})
		return
	}
	w := t.writable(l)
	if found {
		w.entries[i] = e
		return
	}
	w.entries = append(w.entries, nil)
	copy(w.entries[i+1:], w.entries[i:])
	w.entries[i] = e
	if len(w.entries) > leafSize {
		t.split(l)
	}
}

func (t *tx) Delete(k []byte) {
	l, i, found := t.find(k)
	if !found {
		return
	}
	t.grow(len(k))
	w := t.writable(l)
	w.entries = append(w.entries[:i], w.entries[i+1:]...)
	if len(w.entries) == 0 {
		t.leaves = append(t.leaves[:l], t.leaves[l+1:]...)
	}
}

func (t *tx) grow(n int) {
	if t.size += n; t.size > maxFunction {
		t.Fail(store.ErrTooBig)
		panic(tooBig{})
	}
}

// writable makes the list of leaves and leaf l this transaction's own; -1 means the list alone.
func (t *tx) writable(l int) *leaf {
	t.writes++
	if !t.own {
		t.leaves = append(make([]*leaf, 0, len(t.leaves)+1), t.leaves...)
		t.own = true
	}
	if l < 0 {
		return nil
	}
	if t.leaves[l].by != t.run {
		t.leaves[l] = &leaf{t.run, append(make([]*entry, 0, leafSize+1), t.leaves[l].entries...)}
	}
	return t.leaves[l]
}

// split moves the upper half of leaf l into a new one; a leaf that grew at its end keeps most, since ids sort by time.
func (t *tx) split(l int) {
	w := t.leaves[l]
	at := len(w.entries) / 2
	if l == len(t.leaves)-1 {
		at = len(w.entries) * 7 / 8
	}
	upper := &leaf{t.run, append(make([]*entry, 0, leafSize+1), w.entries[at:]...)}
	clear(w.entries[at:])
	w.entries = w.entries[:at]
	t.leaves = append(t.leaves, nil)
	copy(t.leaves[l+2:], t.leaves[l+1:])
	t.leaves[l+1] = upper
}

var _ store.Engine = (*engine)(nil)
