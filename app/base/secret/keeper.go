package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
}

// probe is a known text sealed under the master key: it tells a wrong key before anything is written.
type probe struct {
	Master  string `cbor:"1,keyasint"`
	Wrapped string `cbor:"2,keyasint"`
}

var (
	dataKeys = store.Table[dataKey]{Name: "data_key", Version: 1, Holds: store.SecretMaterial,
		Key:   func(k dataKey) store.Key { return store.K(k.Organization, k.Purpose, k.ID) },
		Owner: func(k dataKey) store.Owner { return store.Owner{Organization: k.Organization} },
		Indexes: []store.Index[dataKey]{{Name: "id", Version: 1,
			Key: func(k dataKey) store.Key { return store.K(k.ID) }}},
	}
	probes = store.Table[probe]{Name: "master_probe", Version: 1, Holds: store.SecretMaterial,
		Key:   func(p probe) store.Key { return store.K("master") },
		Owner: func(probe) store.Owner { return store.Owner{} }}
)

// Tables lists what this package stores.
func Tables() []store.AnyTable { return []store.AnyTable{&dataKeys, &probes} }

// ErrWrongMaster says that the store was sealed under another master key.
var ErrWrongMaster = errors.New("the master key isn't the one this store was sealed with")

// Keeper seals and opens.
type Keeper struct {
	master Master
	clock  clock.Clock

	mu   sync.Mutex
	open map[ref.Secret]unwrapped
}

type unwrapped struct {
	key   []byte
	until time.Duration
}

// NewKeeper checks the master key against the store and returns a keeper. On a wrong key it returns ErrWrongMaster and
// has written nothing; on an empty store it leaves the mark that later starts are checked against.
func NewKeeper(ctx context.Context, db *store.DB, m Master, c clock.Clock) (*Keeper, error) {
	k := &Keeper{master: m, clock: c, open: map[ref.Secret]unwrapped{}}
	fresh := false
	err := db.View(ctx, func(tx store.ReadTx) error {
		p, ok := probes.Get(tx, store.K("master"))
		if fresh = !ok; fresh {
			return nil
		}
		plain, err := m.unwrap(probePlace, p.Wrapped)
		if err != nil || !bytes.Equal(plain, probeText) {
			return ErrWrongMaster
		}
		return nil
	})
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

var (
	probePlace = Place{Purpose: "master", Kind: "master_probe", Field: "wrapped"}
	probeText  = []byte("this store opens with this key")
)

// Seal closes plain for its place, making the owner's data key on first use.
func (k *Keeper) Seal(tx store.Tx, p Place, plain []byte) (Sealed, error) {
	var newest dataKey
	for _, dk := range dataKeys.All(tx, store.Range{Prefix: store.K(ref.Organization(p.Organization), p.Purpose), Back: true}) {
		newest = dk
		break
	}
	if newest.ID.Zero() {
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

// Shred destroys every data key of the owner and purpose: what was sealed under them never opens again.
func (k *Keeper) Shred(tx store.Tx, o ref.Organization, purpose string) {
	var keys []store.Key
	for key, dk := range dataKeys.All(tx, store.Range{Prefix: store.K(o, purpose)}) {
		keys = append(keys, key)
		k.mu.Lock()
		delete(k.open, dk.ID)
		k.mu.Unlock()
	}
	for _, key := range keys {
		dataKeys.Delete(tx, key)
	}
}

func (k *Keeper) make(tx store.Tx, p Place) (dataKey, error) {
	dk := dataKey{Organization: p.Organization, Purpose: p.Purpose, ID: ref.Mint[ref.Secret](tx.Now()), Master: k.master.ID, CreatedAt: tx.Now()}
	plain := random.Bytes(32)
	defer clear(plain)
	wrapped, err := k.master.wrap(dk.place(), plain)
	if err != nil {
		return dk, err
	}
	dk.Wrapped = wrapped
	dataKeys.Put(tx, dk)
	return dk, nil
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
	key, err := k.master.unwrap(dk.place(), dk.Wrapped)
	if err != nil {
		return nil, fmt.Errorf("unwrap data key %s: %w", dk.ID, err)
	}
	k.open[dk.ID] = unwrapped{key: bytes.Clone(key), until: now + unwrappedFor}
	return key, nil
}
