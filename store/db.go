package store

import (
	"bytes"
	"context"
	"fmt"
)

// DB is an open engine whose indexes are what the tables declare.
type DB struct {
	Engine
	tables []AnyTable
}

// declared is what the store remembers about a table, to notice at the next start what changed.
type declared struct {
	Table   string                   `cbor:"1,keyasint" pd:"-"`
	Version byte                     `cbor:"2,keyasint" pd:"-"`
	Indexes map[string]declaredIndex `cbor:"3,keyasint" pd:"-"`
}

type declaredIndex struct {
	Version  byte `cbor:"1,keyasint" pd:"-"`
	Building bool `cbor:"2,keyasint,omitempty" pd:"-"` // not to be trusted: a start was interrupted
}

var declarations = Table[declared]{
	Name: "store", Version: 1, Holds: Operational,
	Key: func(d declared) Key { return K(d.Table) },
}

// slice is how many records or entries one transaction of a rebuild touches. bbolt splits a page at the commit only, so
// many insertions side by side in one transaction grow slow with their square.
const slice = 2000

// Open compares the declarations of the tables with what the engine holds and builds changed indexes anew, in slices, so
// that an interrupted start goes on at the next. It returns ErrNewer when a newer version of the program wrote a table.
// Nothing is written when nothing changed.
func Open(ctx context.Context, e Engine, tables ...AnyTable) (*DB, error) {
	db := &DB{Engine: e, tables: tables}
	names := map[string]bool{declarations.Name: true}
	for _, t := range tables {
		d := t.Describe()
		if names[d.Name] {
			return nil, fmt.Errorf("open store: two tables are named %s", d.Name)
		}
		names[d.Name] = true
		if err := db.declare(ctx, t, d); err != nil {
			return nil, fmt.Errorf("open table %s: %w", d.Name, err)
		}
	}
	return db, nil
}

// declare brings one table's indexes up to its declaration.
func (db *DB) declare(ctx context.Context, t AnyTable, d Description) error {
	var was declared
	var known bool
	err := db.View(ctx, func(tx ReadTx) error {
		was, known = declarations.Get(tx, K(d.Name))
		return nil
	})
	if err != nil {
		return err
	}
	if was.Version > d.Version {
		return fmt.Errorf("version %d, known up to %d: %w", was.Version, d.Version, ErrNewer)
	}
	now := declared{Table: d.Name, Version: d.Version, Indexes: map[string]declaredIndex{}}
	changed := !known || was.Version != d.Version
	building := declared{Table: d.Name, Version: d.Version, Indexes: map[string]declaredIndex{}}
	for i, name := range d.Indexes {
		version := d.IndexVersions[i]
		now.Indexes[name] = declaredIndex{Version: version}
		old, had := was.Indexes[name]
		stale := !had || old.Building || old.Version != version || was.Version != d.Version
		building.Indexes[name] = declaredIndex{Version: version, Building: stale}
		changed = changed || stale
	}
	for name, old := range was.Indexes {
		if _, still := now.Indexes[name]; !still {
			building.Indexes[name] = declaredIndex{Version: old.Version, Building: true}
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return db.rebuild(ctx, t, building, now)
}

// rebuild remembers what is under way, then empties and fills each index that needs it.
func (db *DB) rebuild(ctx context.Context, t AnyTable, building, now declared) error {
	remember := func(d declared) error {
		return db.Update(ctx, func(tx Tx) error { declarations.Put(tx, d); return nil })
	}
	if err := remember(building); err != nil {
		return err
	}
	for name, x := range building.Indexes {
		if !x.Building {
			continue
		}
		if err := db.empty(ctx, indexPrefix(now.Table, name)); err != nil {
			return fmt.Errorf("empty index %s: %w", name, err)
		}
		if _, declared := now.Indexes[name]; !declared {
			continue
		}
		if err := db.fill(ctx, t, name); err != nil {
			return fmt.Errorf("build index %s: %w", name, err)
		}
	}
	return remember(now)
}

// empty removes everything under the prefix.
func (db *DB) empty(ctx context.Context, prefix Key) error {
	for more := true; more; {
		err := db.Update(ctx, func(tx Tx) error {
			n := 0
			tx.Scan(prefix, prefix.End(), false, func(k, _ []byte) bool {
				tx.Delete(k)
				n++
				return n < slice
			})
			more = n == slice
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) fill(ctx context.Context, t AnyTable, index string) error {
	var after Key
	for {
		var last Key
		err := db.Update(ctx, func(tx Tx) error {
			last = bytes.Clone(t.Rebuild(tx, index, after, slice))
			return nil
		})
		if err != nil || last == nil {
			return err
		}
		after = last
	}
}

// Tables gives the declared tables in the order they were opened with.
func (db *DB) Tables() []AnyTable { return db.tables }

// Check checks every table, each in one View.
func (db *DB) Check(ctx context.Context) error {
	for _, t := range db.tables {
		if err := db.View(ctx, t.Check); err != nil {
			return err
		}
	}
	return nil
}

// ReadOnly says that there was no space; Update answers ErrFull.
func (db *DB) ReadOnly() bool {
	d, ok := db.Engine.(Disk)
	return ok && d.ReadOnly()
}

// Probe looks for space again.
func (db *DB) Probe() error {
	if d, ok := db.Engine.(Disk); ok {
		return d.Probe()
	}
	return nil
}

// Stats tells sizes and counts as far as the engine knows them.
func (db *DB) Stats() Figures {
	if d, ok := db.Engine.(Disk); ok {
		return d.Stats()
	}
	return Figures{}
}

var _ Disk = (*DB)(nil)
