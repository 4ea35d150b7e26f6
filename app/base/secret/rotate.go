package secret

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Two levels of keys are rotated, both while the server runs. A new master key wraps the data keys anew, which takes a
// moment, and the old one can go. A new data key takes over for new secrets at once; those under the old one are sealed
// anew in batches, and the old one goes when a whole walk found none, begun so late that no write which began with it can
// still be under way.

const (
	// Batch is how many records one transaction of a walk looks at.
	Batch = 256
	// settled is how long after its retirement a data key is kept at least, and a master key in memory: longer than any
	// write takes from its sealing to its commit, and any read from its begin to its opening.
	settled = time.Hour
)

// Reseal gives the value sealed under the newest data key; changed is false where it is already.
type Reseal func(p Place, s Sealed) (out Sealed, changed bool, err error)

// Holder is a table that holds sealed values, as a walk sees it.
type Holder struct {
	Name string
	// Rewrap looks at n records after the key and saves those that changed. It returns the last one's key; nil at the end.
	Rewrap func(tx store.Tx, after store.Key, n int, reseal Reseal) (next store.Key, err error)
}

// Hold makes a table's Holder. each shows every sealed value of a record with its place.
func Hold[T any](t *store.Table[T], each func(v *T, visit func(Place, *Sealed))) Holder {
	return Holder{Name: t.Name, Rewrap: func(tx store.Tx, after store.Key, n int, reseal Reseal) (store.Key, error) {
		var changed []T
		var last store.Key
		var failed error
		seen := 0
		from := after
		if len(after) > 0 {
			from = append(slices.Clone(after), 0) // the first key behind it
		}
		for key, v := range t.All(tx, store.Range{From: from}) {
			touched := false
			each(&v, func(p Place, s *Sealed) {
				if s.Empty() {
					return
				}
				out, did, err := reseal(p, *s)
				if err != nil {
					failed = errors.Join(failed, fmt.Errorf("%s %x: %w", t.Name, key, err))
				} else if did {
					*s, touched = out, true
				}
			})
			if touched {
				changed = append(changed, v)
			}
			if seen++; seen == n {
				last = key
				break
			}
		}
		for _, v := range changed {
			t.Put(tx, v)
		}
		return last, failed
	}}
}

// Holders lists the tables of this package that hold sealed values.
func Holders() []Holder {
	return []Holder{Hold(&derived, func(d *derivedKey, visit func(Place, *Sealed)) { visit(derivedPlace(d.Purpose), &d.Sealed) })}
}

// walk is how far sealing anew has come.
type walk struct {
	Name     string    `cbor:"1,keyasint"`
	Holder   string    `cbor:"2,keyasint,omitempty"` // the table under way; empty: none yet
	After    []byte    `cbor:"3,keyasint,omitempty"`
	BeganAt  time.Time `cbor:"4,keyasint"`
	Unopened int       `cbor:"5,keyasint,omitempty"` // batches with a value that didn't open: nothing is deleted then
	NextAt   time.Time `cbor:"6,keyasint,omitempty"` // before which a whole walk needn't begin again
}

var walks = store.Table[walk]{Name: "key_walk", Version: 1, Holds: store.Operational, Key: func(w walk) store.Key { return store.K(w.Name) }}

const theWalk = "walk"

// AddMaster makes m the master key that wraps from now on; those before it still open. It must be kept somewhere first.
func (k *Keeper) AddMaster(m Master) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.masters = append([]Master{m}, slices.DeleteFunc(k.masters, func(old Master) bool { return old.ID == m.ID })...)
}

// RetireMasters lets go of all master keys but the first. Nothing may be wrapped by them any more: see Rewrap. Who read a
// data key before it was wrapped anew may still open it for a while.
func (k *Keeper) RetireMasters() {
	k.mu.Lock()
	defer k.mu.Unlock()
	until := k.clock.Elapsed() + settled
	for _, m := range k.masters[1:] {
		k.leaving = append(k.leaving, leaving{m, until})
	}
	k.masters = k.masters[:1:1]
}

func (k *Keeper) all() []Master {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.masters)
}

// Rewrap wraps at most n data keys that another master key holds with the first one. more says that there are some left;
// when it is false, nothing needs the other master keys.
func (k *Keeper) Rewrap(tx store.Tx, n int) (more bool, err error) {
	masters := k.all()
	if p, ok := probes.Get(tx, store.K("master")); ok && p.Master != masters[0].ID {
		wrapped, err := masters[0].wrap(probePlace, probeText)
		if err != nil {
			return false, err
		}
		probes.Put(tx, probe{Master: masters[0].ID, Wrapped: wrapped})
	}
	for _, old := range masters[1:] {
		var list []dataKey
		for _, dk := range dataKeys.By(tx, "master", store.Range{Prefix: store.K(old.ID)}) {
			if list = append(list, dk); len(list) > n {
				break
			}
		}
		for i, dk := range list {
			if i == n {
				return true, nil
			}
			if err := rewrap(tx, dk, old, masters[0]); err != nil {
				return false, err
			}
		}
		n -= len(list)
	}
	return false, nil
}

func rewrap(tx store.Tx, dk dataKey, from, to Master) error {
	plain, err := from.unwrap(dk.place(), dk.Wrapped)
	if err != nil {
		return fmt.Errorf("rewrap data key %s: %w", dk.ID, err)
	}
	defer clear(plain)
	dk.Master = to.ID
	if dk.Wrapped, err = to.wrap(dk.place(), plain); err != nil {
		return fmt.Errorf("rewrap data key %s: %w", dk.ID, err)
	}
	dataKeys.Put(tx, dk)
	return nil
}

// Rotate makes a new data key for every purpose of the owner: an organization, an identity, or the instance when zero.
// What is sealed from this transaction on is sealed under it. It returns how many keys were made.
func (k *Keeper) Rotate(tx store.Tx, o ref.Organization) (int, error) {
	newest := map[string]dataKey{}
	for _, dk := range dataKeys.All(tx, store.Range{Prefix: store.K(o)}) {
		newest[dk.Purpose] = dk
	}
	for purpose, dk := range newest {
		if _, err := k.make(tx, Place{Purpose: purpose, Organization: o}); err != nil {
			return 0, err
		}
		dk.RetiredAt = tx.Now()
		dataKeys.Put(tx, dk)
	}
	return len(newest), nil
}

// Walk seals at most Batch records anew that are sealed under a retired data key, and deletes retired keys that nothing
// needs. It goes on where the last call ended, whoever made it. wait is when to call again; zero: at once; negative:
// there is nothing to do. A value that doesn't open is told in err once the rest of the batch is kept.
func (k *Keeper) Walk(ctx context.Context, db *store.DB, holders []Holder) (wait time.Duration, err error) {
	var unopened error
	err = db.Update(ctx, func(tx store.Tx) error {
		unopened = nil
		retired, latest := retiredKeys(tx)
		if len(retired) == 0 {
			walks.Delete(tx, store.K(theWalk))
			wait = -1
			return nil
		}
		w, ok := walks.Get(tx, store.K(theWalk))
		if !ok || w.Holder == "" {
			if ok && !latest.After(w.BeganAt) && tx.Now().Before(w.NextAt) {
				wait = w.NextAt.Sub(tx.Now()) // all is sealed anew; the last look comes later
				return nil
			}
			w = walk{Name: theWalk, Holder: holders[0].Name, BeganAt: tx.Now()}
		}
		at := max(0, slices.IndexFunc(holders, func(h Holder) bool { return h.Name == w.Holder }))
		next, err := holders[at].Rewrap(tx, w.After, Batch, func(p Place, s Sealed) (Sealed, bool, error) { return k.reseal(tx, p, s, retired) })
		if unopened = err; err != nil {
			w.Unopened++
		}
		wait = 0
		switch {
		case next != nil:
			w.After = next
		case at+1 < len(holders):
			w.Holder, w.After = holders[at+1].Name, nil
		default:
			k.end(tx, &w, retired, latest)
		}
		walks.Put(tx, w)
		return nil
	})
	return wait, errors.Join(err, unopened)
}

// retiredKeys lists the data keys that seal nothing new, and when the last of them was retired.
func retiredKeys(tx store.ReadTx) (list map[string]dataKey, latest time.Time) {
	list = map[string]dataKey{}
	for _, dk := range dataKeys.By(tx, "retired", store.Range{}) {
		list[dk.ID.String()] = dk
		if dk.RetiredAt.After(latest) {
			latest = dk.RetiredAt
		}
	}
	return list, latest
}

// end closes a whole walk and deletes the keys that it proved unneeded.
func (k *Keeper) end(tx store.Tx, w *walk, retired map[string]dataKey, latest time.Time) {
	w.NextAt = latest.Add(settled)
	if w.Unopened > 0 {
		w.NextAt = tx.Now().Add(settled)
	} else {
		for _, dk := range retired {
			if !w.BeganAt.Before(dk.RetiredAt.Add(settled)) {
				dataKeys.Delete(tx, store.K(dk.Organization, dk.Purpose, dk.ID))
				k.forget(dk.ID)
			}
		}
	}
	w.Holder, w.After, w.Unopened = "", nil, 0
}

func (k *Keeper) forget(id ref.Secret) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if u, ok := k.open[id]; ok {
		clear(u.key)
		delete(k.open, id)
	}
}

func (k *Keeper) reseal(tx store.Tx, p Place, s Sealed, retired map[string]dataKey) (out Sealed, changed bool, err error) {
	id, _, _, err := s.parts()
	if err != nil {
		return s, false, err
	}
	if _, old := retired[id]; !old {
		return s, false, nil
	}
	err = k.Use(tx, p, s, func(plain []byte) error {
		out, err = k.Seal(tx, p, plain)
		return err
	})
	return out, err == nil, err
}

// Count is how many data keys a master key wraps, or how things stand with retired data keys.
type Count struct {
	Master  string `json:"master"`
	Primary bool   `json:"primary"`
	From    string `json:"from"`
	Keys    int    `json:"keys"`
}

// Status says which keys there are: by master key, and how many data keys are retired but not gone.
type Status struct {
	Masters []Count `json:"masters"`
	Retired int     `json:"retired"`
}

// Status counts the keys by id.
func (k *Keeper) Status(tx store.ReadTx) Status {
	s := Status{Masters: []Count{}}
	for i, m := range k.all() {
		c := Count{Master: m.ID, Primary: i == 0, From: m.From}
		for range dataKeys.Keys(tx, "master", store.Range{Prefix: store.K(m.ID)}) {
			c.Keys++
		}
		s.Masters = append(s.Masters, c)
	}
	for range dataKeys.Keys(tx, "retired", store.Range{}) {
		s.Retired++
	}
	return s
}

// Owners lists who has data keys: organizations, identities, and zero for the instance.
func Owners(tx store.ReadTx) []ref.Organization {
	var out []ref.Organization
	for _, dk := range dataKeys.All(tx, store.Range{}) {
		if len(out) == 0 || out[len(out)-1] != dk.Organization {
			out = append(out, dk.Organization)
		}
	}
	return out
}
