package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// unwrappedFor is how long a data key may lie open in memory.
const unwrappedFor = 10 * time.Minute

// dataKey is a key that seals secrets of one owner and purpose, itself sealed under the master key.
type dataKey struct {
	Organization ref.Organization `cbor:"1,keyasint,omitempty"`
	Purpose      string           `cbor:"2,keyasint"`
	ID           ref.Secret       `cbor:"3,keyasint"`
	Master       string           `cbor:"4,keyasint"` // id of the master key that wraps it
	Wrapped      string           `cbor:"5,keyasint"`
	CreatedAt    time.Time        `cbor:"6,keyasint"`
	RetiredAt    time.Time        `cbor:"7,keyasint,omitempty"` // a newer one seals since then
}

// probe is a known text sealed under the master key: it tells a wrong key before anything is written.
type probe struct {
	Master  string `cbor:"1,keyasint"`
	Wrapped string `cbor:"2,keyasint"`
}

// derivedKey is a key of the instance itself.
type derivedKey struct {
	Purpose string `cbor:"1,keyasint"`
	Sealed  Sealed `cbor:"2,keyasint"`
}

var (
	dataKeys = store.Table[dataKey]{Name: "data_key", Version: 1, Holds: store.SecretMaterial,
		Key:   func(k dataKey) store.Key { return store.K(k.Organization, k.Purpose, k.ID) },
		Owner: func(k dataKey) store.Owner { return store.Owner{Organization: k.Organization} },
		Indexes: []store.Index[dataKey]{
			{Name: "id", Version: 1, Key: func(k dataKey) store.Key { return store.K(k.ID) }},
			{Name: "master", Version: 1, Key: func(k dataKey) store.Key { return store.K(k.Master, k.ID) }},
			{Name: "retired", Version: 1, Only: func(k dataKey) bool { return !k.RetiredAt.IsZero() }, Key: func(k dataKey) store.Key { return store.K(k.ID) }}},
	}
	derived = store.Table[derivedKey]{Name: "derived_key", Version: 1, Holds: store.SecretMaterial,
		Key: func(d derivedKey) store.Key { return store.K(d.Purpose) }}
	probes = store.Table[probe]{Name: "master_probe", Version: 1, Holds: store.SecretMaterial,
		Key:   func(p probe) store.Key { return store.K("master") },
		Owner: func(probe) store.Owner { return store.Owner{} }}
)

// Tables lists what this package stores.
func Tables() []store.AnyTable {
	return []store.AnyTable{&dataKeys, &derived, &probes, &walks, &graves}
}

// ErrWrongMaster says that the store was sealed under another master key.
var ErrWrongMaster = errors.New("the master key isn't the one this store was sealed with")

// Keeper seals and opens.
type Keeper struct {
	clock clock.Clock

	mu      sync.Mutex
	masters []Master // the first one wraps; the others only open what they wrapped before
	leaving []leaving
	open    map[ref.Secret]unwrapped
	newest  map[keyOwner]known // those that were used to seal; they are in the store
}

// leaving is a master key that nothing needs any more but reads and seals that began before: they hold a data key as it
// was wrapped then.
type leaving struct {
	Master
	until time.Duration
}

// known is a data key that was the newest a moment ago.
type known struct {
	key   dataKey
	until time.Duration
}

// knownFor is how long SealWith may go on with a data key after a newer one was made.
const knownFor = time.Minute

type unwrapped struct {
	key   []byte
	until time.Duration
}

// NewKeeper checks the master key against the store and returns a keeper. On a wrong key it returns ErrWrongMaster and
// has written nothing; on an empty store it leaves the mark that later starts are checked against. older are master keys
// that what was wrapped before a rotation may need.
func NewKeeper(ctx context.Context, db *store.DB, m Master, c clock.Clock, older ...Master) (*Keeper, error) {
	k := &Keeper{masters: append([]Master{m}, older...), clock: c, open: map[ref.Secret]unwrapped{}, newest: map[keyOwner]known{}}
	fresh, err := check(ctx, db, k.masters)
	if err != nil || !fresh {
		return k, err
	}
	wrapped, err := m.wrap(probePlace, probeText)
	if err != nil {
		return nil, err
	}
	return k, db.Update(ctx, func(tx store.Tx) error {
		probes.Put(tx, probe{Master: m.ID, Wrapped: wrapped})
		return nil
	})
}

// Check compares the master keys with a store before anything else is done to it, and writes nothing.
func Check(ctx context.Context, e store.Engine, m Master, older ...Master) error {
	_, err := check(ctx, e, append([]Master{m}, older...))
	return err
}

func check(ctx context.Context, e store.Engine, all []Master) (fresh bool, err error) {
	err = e.View(ctx, func(tx store.ReadTx) error {
		p, ok := probes.Get(tx, store.K("master"))
		if fresh = !ok; fresh {
			return nil
		}
		for _, m := range all {
			if plain, err := m.unwrap(probePlace, p.Wrapped); err == nil && bytes.Equal(plain, probeText) {
				return nil
			}
		}
		return ErrWrongMaster
	})
	return fresh, err
}

var (
	probePlace = Place{Purpose: "master", Kind: "master_probe", Field: "wrapped"}
	probeText  = []byte("this store opens with this key")
)

// Seal closes plain for its place, making the owner's data key on first use.
func (k *Keeper) Seal(tx store.Tx, p Place, plain []byte) (Sealed, error) {
	newest, ok := newestKey(tx, p)
	if !ok {
		made, err := k.make(tx, p)
		if err != nil {
			return "", err
		}
		newest = made
	}
	key, err := k.unwrap(newest)
	if err != nil {
		return "", err
	}
	return seal(key, newest.ID.String(), p, plain)
}

// Prepare makes the data key that a place needs, so that SealWith can seal there without writing.
func (k *Keeper) Prepare(ctx context.Context, db *store.DB, p Place) error {
	owner := keyOwner{p.Organization, p.Purpose}
	if _, there := k.recent(owner); there {
		return nil
	}
	return db.Update(ctx, func(tx store.Tx) error {
		if _, ok := newestKey(tx, p); ok {
			return nil
		}
		_, err := k.make(tx, p)
		return err
	})
}

// SealWith closes plain for its place under the owner's newest data key, which must be there.
func (k *Keeper) SealWith(tx store.ReadTx, p Place, plain []byte) (Sealed, error) {
	owner := keyOwner{p.Organization, p.Purpose}
	newest, ok := k.recent(owner)
	if !ok {
		if newest, ok = newestKey(tx, p); !ok {
			return "", fmt.Errorf("seal %s: no data key", p.Field)
		}
		k.mu.Lock()
		k.newest[owner] = known{newest, k.clock.Elapsed() + knownFor}
		k.mu.Unlock()
	}
	key, err := k.unwrap(newest)
	if err != nil {
		return "", err
	}
	defer clear(key)
	return seal(key, newest.ID.String(), p, plain)
}

func (k *Keeper) recent(o keyOwner) (dataKey, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n, ok := k.newest[o]
	return n.key, ok && k.clock.Elapsed() < n.until
}

// keyOwner says whose and what for a data key is.
type keyOwner struct {
	organization [16]byte
	purpose      string
}

func newestKey(tx store.ReadTx, p Place) (dataKey, bool) {
	for _, dk := range dataKeys.All(tx, store.Range{Prefix: store.K(ref.Organization(p.Organization), p.Purpose), Back: true}) {
		return dk, true
	}
	return dataKey{}, false
}

// Use opens the value, hands it to fn and wipes it afterwards. fn must not keep the bytes.
func (k *Keeper) Use(tx store.ReadTx, p Place, s Sealed, fn func(plain []byte) error) error {
	id, nonce, box, err := s.parts()
	if err != nil {
		return err
	}
	var keyID ref.Secret
	if ref.Read(id, &keyID) != nil {
		return ErrSealed
	}
	var dk dataKey
	for _, found := range dataKeys.By(tx, "id", store.Range{Prefix: store.K(keyID)}) {
		dk = found
	}
	if dk.ID.Zero() || dk.Organization != ref.Organization(p.Organization) || dk.Purpose != p.Purpose {
		return ErrSealed
	}
	key, err := k.unwrap(dk)
	if err != nil {
		return err
	}
	plain, err := open(key, p, nonce, box)
	if err != nil {
		return err
	}
	defer clear(plain)
	return fn(plain)
}

func derivedPlace(purpose string) Place {
	return Place{Purpose: "instance", Kind: "derived", Field: purpose}
}

// Derived gives a key of 32 bytes for a purpose of the instance: made once, kept sealed.
func (k *Keeper) Derived(ctx context.Context, db *store.DB, purpose string) ([]byte, error) {
	p := derivedPlace(purpose)
	var key []byte
	read := func(tx store.ReadTx) error {
		d, ok := derived.Get(tx, store.K(purpose))
		if !ok {
			return nil
		}
		return k.Use(tx, p, d.Sealed, func(plain []byte) error { key = bytes.Clone(plain); return nil })
	}
	if err := db.View(ctx, read); err != nil || key != nil {
		return key, err
	}
	err := db.Update(ctx, func(tx store.Tx) error {
		if err := read(tx); err != nil || key != nil {
			return err
		}
		fresh := random.Bytes(32)
		sealed, err := k.Seal(tx, p, fresh)
		if err != nil {
			return err
		}
		derived.Put(tx, derivedKey{Purpose: purpose, Sealed: sealed})
		key = nil
		return nil
	})
	if err == nil {
		err = db.View(ctx, read)
	}
	return key, err
}

// Shred destroys every data key of the owner and purpose: what was sealed under them never opens again, and the grave
// that is left sees to it that it doesn't after a restore either.
func (k *Keeper) Shred(tx store.Tx, o ref.Organization, purpose string) {
	k.bury(tx, grave{Organization: o, Purpose: purpose, At: tx.Now()})
}

func (k *Keeper) make(tx store.Tx, p Place) (dataKey, error) {
	m := k.primary()
	at := tx.Now()
	if before, ok := newestKey(tx, p); ok && !at.After(before.ID.At()) {
		at = before.ID.At().Add(time.Millisecond) // ids are in the order of their making, whatever the clock does
	}
	dk := dataKey{Organization: p.Organization, Purpose: p.Purpose, ID: ref.Mint[ref.Secret](at), Master: m.ID, CreatedAt: tx.Now()}
	if g, ok := graves.Get(tx, store.K(dk.Organization, p.Purpose)); ok && !dk.CreatedAt.After(g.At) {
		dk.CreatedAt = g.At.Add(time.Millisecond) // it isn't one of those that were destroyed
	}
	plain := random.Bytes(32)
	defer clear(plain)
	wrapped, err := m.wrap(dk.place(), plain)
	if err != nil {
		return dk, err
	}
	dk.Wrapped = wrapped
	dataKeys.Put(tx, dk)
	return dk, nil
}

// primary is the master key that wraps.
func (k *Keeper) primary() Master {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.masters[0]
}

// unwrapWith opens the data key with the master key that wrapped it; the caller holds the lock.
func (k *Keeper) unwrapWith(dk dataKey) ([]byte, error) {
	for _, m := range k.masters {
		if m.ID == dk.Master {
			return m.unwrap(dk.place(), dk.Wrapped)
		}
	}
	now := k.clock.Elapsed()
	k.leaving = slices.DeleteFunc(k.leaving, func(l leaving) bool { return now >= l.until })
	for _, l := range k.leaving {
		if l.ID == dk.Master {
			return l.unwrap(dk.place(), dk.Wrapped)
		}
	}
	return nil, fmt.Errorf("no master key %s: %w", dk.Master, ErrSealed)
}

func (k dataKey) place() Place {
	return Place{Purpose: k.Purpose, Organization: k.Organization, Kind: "data_key", ID: k.ID, Field: k.Master}
}

func (k *Keeper) unwrap(dk dataKey) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.clock.Elapsed()
	for id, u := range k.open {
		if now >= u.until {
			clear(u.key)
			delete(k.open, id)
		}
	}
	if u, ok := k.open[dk.ID]; ok {
		return bytes.Clone(u.key), nil
	}
	key, err := k.unwrapWith(dk)
	if err != nil {
		return nil, fmt.Errorf("unwrap data key %s: %w", dk.ID, err)
	}
	k.open[dk.ID] = unwrapped{key: bytes.Clone(key), until: now + unwrappedFor}
	return key, nil
}
