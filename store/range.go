package store

import (
	"bytes"
	"fmt"
	"iter"
)

// Range is a part of a table or index. From and To narrow Prefix and are written in full, prefix included: [From, To).
// Empty means the prefix's own end; what lies outside of Prefix is never read, whatever From and To say.
type Range struct {
	Prefix   Key
	From, To Key
	Back     bool // from the end to the beginning
}

// bounds gives the range's ends behind the prefix of the table or index.
func (r Range) bounds(s *scratch, space []byte) (from, to []byte) {
	low := r.Prefix
	if bytes.Compare(r.From, low) > 0 {
		low = r.From
	}
	s.key = append(append(s.key[:0], space...), low...)
	s.end = append(append(append(s.end[:0], space...), r.Prefix...), afterTags)
	if len(r.To) > 0 && bytes.Compare(r.To, s.end[len(space):]) < 0 {
		s.end = append(append(s.end[:0], space...), r.To...)
	}
	return s.key, s.end
}

// scan walks the range; key comes without the prefix of the table or index and is valid during the call.
func (r Range) scan(tx ReadTx, space []byte, fn func(key, v []byte) bool) {
	s := scratches.Get().(*scratch)
	defer s.free()
	from, to := r.bounds(s, space)
	if bytes.Compare(from, to) < 0 {
		tx.Scan(from, to, r.Back, func(k, v []byte) bool { return fn(k[len(space):], v) })
	}
}

// All walks records in the order of their keys.
func (t *Table[T]) All(tx ReadTx, r Range) iter.Seq2[Key, T] {
	t.prepare()
	return func(yield func(Key, T) bool) {
		r.scan(tx, t.rows, func(key, raw []byte) bool {
			v, ok := t.read(tx, key, raw)
			return ok && yield(bytes.Clone(key), v)
		})
	}
}

// By walks an index and reads the records; the key is the entry's.
func (t *Table[T]) By(tx ReadTx, index string, r Range) iter.Seq2[Key, T] {
	space := t.space(index)
	return func(yield func(Key, T) bool) {
		r.scan(tx, space, func(key, record []byte) bool {
			v, ok := t.Get(tx, record)
			if !ok {
				tx.Fail(fmt.Errorf("index %s of %s at %x: no record %x: %w", index, t.Name, key, record, ErrDamaged))
			}
			return ok && yield(bytes.Clone(key), v)
		})
	}
}

// Keys walks an index without reading records; it gives the entry's key and the record's key.
func (t *Table[T]) Keys(tx ReadTx, index string, r Range) iter.Seq2[Key, Key] {
	space := t.space(index)
	return func(yield func(Key, Key) bool) {
		r.scan(tx, space, func(key, record []byte) bool {
			both := make([]byte, 0, len(key)+len(record))
			both = append(append(both, key...), record...)
			return yield(both[:len(key):len(key)], both[len(key):])
		})
	}
}

// FirstKey is the first entry of the index under prefix. It reads no record.
func (t *Table[T]) FirstKey(tx ReadTx, index string, prefix Key) (Key, bool) {
	var first Key
	Range{Prefix: prefix}.scan(tx, t.space(index), func(key, _ []byte) bool {
		first = bytes.Clone(key)
		return false
	})
	return first, first != nil
}

// space is the prefix of an index. An index that isn't declared is a wiring mistake.
func (t *Table[T]) space(index string) []byte {
	t.prepare()
	for i := range t.Indexes {
		if t.Indexes[i].Name == index {
			return t.index[i]
		}
	}
	panic("store: table " + t.Name + " has no index " + index)
}
