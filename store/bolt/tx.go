package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"go.etcd.io/bbolt"

	"github.com/omniposto/omniposto/store"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sumSize is what the checksum adds to each value.
const sumSize = 4

// checksum covers the key too, so that a value under another's key is found.
func checksum(k, v []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, k), castagnoli, v)
}

// readTx is a store.ReadTx on a bbolt transaction.
type readTx struct {
	engine  *engine
	btx     *bbolt.Tx
	bucket  *bbolt.Bucket
	cursor  *bbolt.Cursor   // for single keys; seeking again is cheaper than a new one
	idle    []*bbolt.Cursor // for scans, which may be nested
	now     time.Time
	err     error
	writes  int // counts changes, so that a scan knows when its cursor is worth nothing
	deletes int // leaves may be empty since then
}

func (t *readTx) begin(btx *bbolt.Tx) bool {
	defer t.guard()
	t.btx = btx
	if t.bucket = btx.Bucket(bucketName); t.bucket == nil {
		t.Fail(fmt.Errorf("%w: it has no content", store.ErrDamaged))
		return false
	}
	t.cursor = t.bucket.Cursor()
	return true
}

// guard turns a panic of bbolt about what it reads into an error. It stands around bbolt's calls only.
func (t *readTx) guard() {
	if r := recover(); r != nil {
		t.Fail(fmt.Errorf("%w: %v", store.ErrDamaged, r))
	}
}

func (t *readTx) end(err error) error {
	if t.err != nil {
		return t.err
	}
	return err
}

func (t *readTx) Fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *readTx) Now() time.Time {
	if t.now.IsZero() {
		t.now = t.engine.clock().Round(0).UTC()
	}
	return t.now
}

func (t *readTx) Get(k []byte) []byte {
	raw := t.raw(k)
	if raw == nil {
		return nil
	}
	return t.open(k, raw)
}

// raw is the value as it lies in the file, or nil.
func (t *readTx) raw(k []byte) (raw []byte) {
	defer t.guard()
	if found, v := t.cursor.Seek(k); bytes.Equal(found, k) {
		raw = v
	}
	return raw
}

// open checks the checksum and takes it off.
func (t *readTx) open(k, raw []byte) (v []byte) {
	n := len(raw) - sumSize
	if n >= 0 && binary.LittleEndian.Uint32(raw[n:]) == checksum(k, raw[:n]) {
		return raw[:n:n]
	}
	t.Fail(fmt.Errorf("%w: the value of key %x has another checksum", store.ErrDamaged, k))
	return nil
}

func (t *readTx) Scan(from, to []byte, back bool, fn func(k, v []byte) bool) {
	c := t.borrow()
	if c == nil {
		return
	}
	defer func() { t.idle = append(t.idle, c) }()
	k, raw := t.first(c, from, to, back)
	for k != nil {
		v, writes := t.open(k, raw), t.writes
		if v == nil || !fn(k, v) {
			return
		}
		last := k
		k, raw = t.step(c, last, from, to, back, t.writes != writes)
		if k != nil && bytes.Compare(k, last) > 0 == back {
			t.Fail(fmt.Errorf("%w: key %x comes after %x", store.ErrDamaged, k, last))
			return
		}
	}
}

func (t *readTx) borrow() (c *bbolt.Cursor) {
	defer t.guard()
	if n := len(t.idle); n > 0 {
		c, t.idle = t.idle[n-1], t.idle[:n-1]
		return c
	}
	return t.bucket.Cursor()
}

// first puts the cursor on the first key of the range in its direction.
func (t *readTx) first(c *bbolt.Cursor, from, to []byte, back bool) (k, raw []byte) {
	defer t.guard()
	if back {
		return t.before(c, from, to, true)
	}
	k, raw = c.Seek(from)
	return upTo(k, raw, to)
}

// step moves on from key last; lost says that the cursor was made worthless by a write.
func (t *readTx) step(c *bbolt.Cursor, last, from, to []byte, back, lost bool) (k, raw []byte) {
	defer t.guard()
	switch {
	case back:
		return t.before(c, from, last, lost)
	case lost:
		if k, raw = c.Seek(last); bytes.Equal(k, last) {
			k, raw = c.Next()
		}
	default:
		k, raw = c.Next()
	}
	return upTo(k, raw, to)
}

func upTo(k, raw, to []byte) ([]byte, []byte) {
	if k == nil || to != nil && bytes.Compare(k, to) >= 0 {
		return nil, nil
	}
	return k, raw
}

// before gives the last key in [from, end); seek says that the cursor doesn't stand at end yet. A leaf that deletes left
// empty ends bbolt's way back, and without any key left it would search for ever: then it is asked first whether there
// is something to find.
func (t *readTx) before(c *bbolt.Cursor, from, end []byte, seek bool) (k, raw []byte) {
	if t.deletes > 0 {
		if k, _ := t.cursor.Seek(from); k == nil || end != nil && bytes.Compare(k, end) >= 0 {
			return nil, nil
		}
	}
	if !seek {
		k, raw = c.Prev()
	} else if end == nil {
		k, raw = c.Last()
	} else if k, _ = c.Seek(end); k == nil {
		k, raw = c.Last()
	} else {
		k, raw = c.Prev()
	}
	for k == nil && t.deletes > 0 {
		k, raw = c.Prev()
	}
	if k == nil || bytes.Compare(k, from) < 0 {
		return nil, nil
	}
	return k, raw
}

// before the change, for undo; was is nil when the key was absent.
type change struct{ key, was []byte }

// writeTx is a store.Tx in a batch. It is used again for each call of the batch.
type writeTx struct {
	readTx
	batch *batch
	arena arena
	undo  []change
	size  int // bytes written by this call
}

// reset makes t ready for the next call.
func (t *writeTx) reset() {
	t.now, t.err, t.size = time.Time{}, nil, 0
	t.undo = t.undo[:0]
}

// tooBig ends a function that wrote too much; loops that wait for their own writes would not end otherwise.
type tooBig struct{}

func (t *writeTx) Put(k, v []byte) {
	if len(k) == 0 || len(k) > maxKey {
		t.Fail(fmt.Errorf("%w: %d bytes", store.ErrKey, len(k)))
		return
	}
	t.grow(len(k) + len(v) + sumSize)
	was := t.raw(k)
	sum := checksum(k, v)
	if n := len(v); len(was) == n+sumSize && binary.LittleEndian.Uint32(was[n:]) == sum && bytes.Equal(was[:n], v) {
		return
	}
	sealed := append(t.arena.take(len(v)+sumSize), v...)
	t.change(k, was, binary.LittleEndian.AppendUint32(sealed, sum))
}

func (t *writeTx) Delete(k []byte) {
	if was := t.raw(k); was != nil {
		t.grow(len(k))
		t.change(k, was, nil)
	}
}

func (t *writeTx) grow(n int) {
	if t.size += n; t.size > maxFunction {
		t.Fail(store.ErrTooBig)
		panic(tooBig{})
	}
}

// change remembers what was and sets what is; nil removes.
func (t *writeTx) change(k, was, is []byte) {
	k = append(t.arena.take(len(k)), k...)
	t.undo = append(t.undo, change{k, was})
	t.set(k, is)
}

// set keeps k and v until the commit. When bbolt stumbles over a damaged page, its transaction can't be used any more.
func (t *writeTx) set(k, v []byte) {
	defer func() {
		if r := recover(); r != nil {
			t.batch.spoiled = fmt.Errorf("%w: %v", store.ErrDamaged, r)
			t.Fail(t.batch.spoiled)
		}
	}()
	t.writes++
	var err error
	if v == nil {
		t.deletes++
		if found, _ := t.cursor.Seek(k); bytes.Equal(found, k) {
			err = t.cursor.Delete()
		}
	} else {
		err = t.bucket.Put(k, v)
	}
	if err != nil {
		t.Fail(fmt.Errorf("write key %x: %w", k, err))
	}
}

// undoAll takes this call's changes back, the last one first.
func (t *writeTx) undoAll() {
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.set(t.undo[i].key, t.undo[i].was)
	}
}

// arena holds the bytes that bbolt keeps until the commit; afterwards they are used again.
type arena struct {
	chunks [][]byte
	at     int    // chunk in use
	free   []byte // rest of it
}

const (
	chunkSize = 1 << 20
	keptChunk = 64 // chunks kept between commits
)

// take gives an empty slice with room for n bytes.
func (a *arena) take(n int) []byte {
	if n > chunkSize/8 {
		return make([]byte, 0, n)
	}
	if n > len(a.free) {
		if a.at++; a.at >= len(a.chunks) {
			a.chunks = append(a.chunks, make([]byte, chunkSize))
			a.at = len(a.chunks) - 1
		}
		a.free = a.chunks[a.at]
	}
	b := a.free[:0:n]
	a.free = a.free[n:]
	return b
}

func (a *arena) reset() {
	if len(a.chunks) > keptChunk {
		a.chunks = a.chunks[:keptChunk:keptChunk]
	}
	a.at = 0
	a.free = nil
	if len(a.chunks) > 0 {
		a.free = a.chunks[0]
	}
}
