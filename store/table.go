package store

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
)

// Class says what kind of content a table holds; privacy, backup and support go by it.
type Class byte

// The classes.
const (
	Operational     Class = iota // about the instance itself, about nobody
	PersonalData                 // about a person
	CustomerContent              // what customers made or uploaded
	SecretMaterial               // sealed or hashed secrets
)

// Owner says whose a record is. The zero value is the instance.
type Owner struct{ Organization, Workspace [16]byte }

// OwnedBy is the owner of what belongs to a workspace, or to an organization when workspace is zero.
func OwnedBy(organization, workspace [16]byte) Owner { return Owner{organization, workspace} }

// Index declares one index of a table.
type Index[T any] struct {
	Name string
	// Version grows whenever Only or Key give something else than before; Open then builds the index anew.
	Version byte
	// Only says which records have an entry; nil means all.
	Only func(T) bool
	// Key is the entry's key. It ends in the record's own id, so that one entry is one record.
	Key func(T) Key
}

// Table declares records of one type. It is a package variable beside the type, used by pointer, never copied.
type Table[T any] struct {
	Name string
	// Version grows when the stored form changes; records are upgraded when they are read and written anew when they
	// are put. Open builds all indexes anew.
	Version byte
	Holds   Class
	// Key is the record's key; the owner leads where there is one.
	Key func(T) Key
	// Owner says whose the record is; nil means the instance.
	Owner   func(T) Owner
	Indexes []Index[T]
	// Upgrade reads the CBOR (without version byte) of an older version. Use Decode.
	Upgrade func(from byte, raw []byte) (T, error)

	once  sync.Once
	rows  []byte   // prefix of all records
	index [][]byte // prefix of each index
	boxes sync.Pool
}

// prepare computes the prefixes at first use.
func (t *Table[T]) prepare() {
	t.once.Do(func() {
		if t.Name == "" || t.Key == nil {
			panic("store: a table needs Name and Key")
		}
		t.rows = K(t.Name, "r")
		for i, x := range t.Indexes {
			if x.Name == "" || x.Key == nil {
				panic("store: an index of table " + t.Name + " needs Name and Key")
			}
			for _, y := range t.Indexes[:i] {
				if x.Name == y.Name {
					panic("store: table " + t.Name + " has two indexes " + x.Name)
				}
			}
			t.index = append(t.index, indexPrefix(t.Name, x.Name))
		}
	})
}

func indexPrefix(table, index string) []byte { return K(table, "i", index) }

// errKeyChanged is a mistake of the caller: the record would be there twice.
var errKeyChanged = errors.New("the record's key changed")

// Get reads the record. A record that can't be read fails the transaction and counts as absent.
func (t *Table[T]) Get(tx ReadTx, key Key) (T, bool) {
	t.prepare()
	s := scratches.Get().(*scratch)
	raw := tx.Get(s.join(t.rows, key))
	s.free()
	if raw == nil {
		var zero T
		return zero, false
	}
	return t.read(tx, key, raw)
}

func (t *Table[T]) read(tx ReadTx, key, raw []byte) (T, bool) {
	v, err := t.decode(raw)
	if err != nil {
		tx.Fail(fmt.Errorf("read %s %x: %w", t.Name, key, err))
	}
	return v, err == nil
}

// Put writes v over whatever was stored under its key.
func (t *Table[T]) Put(tx Tx, v T) {
	t.prepare()
	key := t.Key(v)
	var old T
	had := false
	if len(t.Indexes) > 0 {
		old, had = t.Get(tx, key)
	}
	t.write(tx, key, v)
	for i := range t.Indexes {
		t.move(tx, i, key, &old, had, &v, true)
	}
}

// Swap writes new where old was just read in the same transaction, without reading it again. Both have the same key.
func (t *Table[T]) Swap(tx Tx, old, new T) { //nolint:predeclared // the words of the act
	t.prepare()
	key := t.Key(new)
	if !bytes.Equal(key, t.Key(old)) {
		tx.Fail(fmt.Errorf("swap %s %x: %w", t.Name, key, errKeyChanged))
		return
	}
	t.write(tx, key, new)
	for i := range t.Indexes {
		t.move(tx, i, key, &old, true, &new, true)
	}
}

// Delete removes the record and says whether it was there.
func (t *Table[T]) Delete(tx Tx, key Key) bool {
	old, had := t.Get(tx, key)
	if !had {
		return false
	}
	s := scratches.Get().(*scratch)
	tx.Delete(s.join(t.rows, key))
	s.free()
	var none T
	for i := range t.Indexes {
		t.move(tx, i, key, &old, true, &none, false)
	}
	return true
}

func (t *Table[T]) write(tx Tx, key Key, v T) {
	s := scratches.Get().(*scratch)
	raw, err := t.encode(s, v)
	if err != nil {
		tx.Fail(fmt.Errorf("write %s %x: %w", t.Name, key, err))
	} else {
		tx.Put(s.join(t.rows, key), raw)
	}
	s.free()
}

// move takes index i from what old says to what v says; had and has tell whether there is an old and a new record.
func (t *Table[T]) move(tx Tx, i int, key Key, old *T, had bool, v *T, has bool) {
	x := &t.Indexes[i]
	var before, after Key
	if had = had && (x.Only == nil || x.Only(*old)); had {
		before = x.Key(*old)
	}
	if has = has && (x.Only == nil || x.Only(*v)); has {
		after = x.Key(*v)
	}
	if had && has && bytes.Equal(before, after) {
		return
	}
	s := scratches.Get().(*scratch)
	if had {
		tx.Delete(s.join(t.index[i], before))
	}
	if has {
		tx.Put(s.join(t.index[i], after), key)
	}
	s.free()
}
