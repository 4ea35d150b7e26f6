package store

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
)

// AnyTable is a Table of whatever type, for those who walk all declarations: Open, privacy, backup, verify.
type AnyTable interface {
	// Describe gives the declaration.
	Describe() Description
	// Check compares every index with its table and reads every record.
	Check(tx ReadTx) error
	// Walk reads records in the order of their keys with their owners, until fn returns false.
	Walk(tx ReadTx, r Range, fn func(key Key, owner Owner, record any) bool)
	// Erase removes a record and its index entries; false means that there was none.
	Erase(tx Tx, key Key) bool
	// Rebuild writes the index entries of n records after the key and returns the last one's key, nil at the end.
	Rebuild(tx Tx, index string, after Key, n int) Key
}

// Description is a table's declaration without its functions.
type Description struct {
	Name    string
	Version byte
	Holds   Class
	Owned   bool // the record says whose it is
	Indexes []string
	// IndexVersions has one version for each of Indexes.
	IndexVersions []byte
	Fields        []Field
}

// Field is a stored field, for the data inventory and tests.
type Field struct {
	Name string // in Go, with the names of its parents: Schedule.At
	Type string
	CBOR string // the tag cbor
	PD   string // the tag pd: purpose, basis, retention, category
}

// Describe implements AnyTable.
func (t *Table[T]) Describe() Description {
	t.prepare()
	d := Description{Name: t.Name, Version: t.Version, Holds: t.Holds, Owned: t.Owner != nil}
	for _, x := range t.Indexes {
		d.Indexes = append(d.Indexes, x.Name)
		d.IndexVersions = append(d.IndexVersions, x.Version)
	}
	d.Fields = fieldsOf(reflect.TypeFor[T](), "", map[reflect.Type]bool{})
	return d
}

// fieldsOf lists the stored fields of a struct and of the structs in it, each type once.
func fieldsOf(t reflect.Type, parent string, seen map[reflect.Type]bool) []Field {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] || t.PkgPath() == "time" {
		return nil
	}
	seen[t] = true
	defer delete(seen, t)
	var fields []Field
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("cbor")
		if f.Name == "_" || tag == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		fields = append(fields, Field{parent + f.Name, f.Type.String(), tag, f.Tag.Get("pd")})
		fields = append(fields, fieldsOf(f.Type, parent+f.Name+".", seen)...)
	}
	return fields
}

// Walk implements AnyTable.
func (t *Table[T]) Walk(tx ReadTx, r Range, fn func(Key, Owner, any) bool) {
	for key, v := range t.All(tx, r) {
		var owner Owner
		if t.Owner != nil {
			owner = t.Owner(v)
		}
		if !fn(key, owner, v) {
			return
		}
	}
}

// Erase implements AnyTable.
func (t *Table[T]) Erase(tx Tx, key Key) bool { return t.Delete(tx, key) }

// Check implements AnyTable. All differences up to ten are named.
func (t *Table[T]) Check(tx ReadTx) error {
	t.prepare()
	var wrong []string
	tell := func(format string, args ...any) bool {
		wrong = append(wrong, fmt.Sprintf(format, args...))
		return len(wrong) < 10
	}
	entries := make([]int, len(t.Indexes))
	Range{}.scan(tx, t.rows, func(key, raw []byte) bool {
		v, err := t.decode(raw)
		if err != nil {
			return tell("record %x: %v", key, err)
		}
		if own := t.Key(v); !bytes.Equal(own, key) {
			return tell("record %x says its key is %x", key, own)
		}
		for i, x := range t.Indexes {
			if x.Only != nil && !x.Only(v) {
				continue
			}
			entries[i]++
			if entry := x.Key(v); !bytes.Equal(tx.Get(append(bytes.Clone(t.index[i]), entry...)), key) {
				return tell("index %s has no entry %x for record %x", x.Name, entry, key)
			}
		}
		return true
	})
	for i, x := range t.Indexes {
		found := 0
		Range{}.scan(tx, t.index[i], func(_, _ []byte) bool { found++; return true })
		if found != entries[i] && len(wrong) == 0 {
			tell("index %s has %d entries for %d records", x.Name, found, entries[i])
		}
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("table %s: %w: %s", t.Name, ErrDamaged, strings.Join(wrong, "; "))
}

// Rebuild implements AnyTable. It adds what is missing; entries that should not be there must be gone before.
func (t *Table[T]) Rebuild(tx Tx, index string, after Key, n int) Key {
	space := t.space(index)
	var x Index[T]
	for _, x = range t.Indexes {
		if x.Name == index {
			break
		}
	}
	var last Key
	r := Range{}
	if after != nil {
		r.From = append(bytes.Clone(after), 0)
	}
	for key, v := range t.All(tx, r) {
		if x.Only == nil || x.Only(v) {
			tx.Put(append(bytes.Clone(space), x.Key(v)...), key)
		}
		if n--; n <= 0 {
			last = key
			break
		}
	}
	return last
}
