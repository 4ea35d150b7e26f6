// Package event is the log of what changed: nouns append to it in the transaction of the change, and readers (live
// screens now; mail, webhooks and automations beside them) follow it. Who did it and whether they might is the matter
// of audit and access; an event carries ids and words of the product, never content or a secret.
//
// Caveats: the log is kept for a week and is no archive. Readers may see an event twice and must not mind.
package event

import (
	"iter"
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Keep is how long events stay in the log.
const Keep = 7 * 24 * time.Hour

// Change is one thing that changed.
type Change struct {
	ID           ref.Change       `cbor:"1,keyasint"`
	Organization ref.Organization `cbor:"2,keyasint,omitempty"`
	Workspace    ref.Workspace    `cbor:"3,keyasint,omitempty"`
	Kind         string           `cbor:"4,keyasint"`           // noun.verb, like "delivery.published"
	On           string           `cbor:"5,keyasint"`           // the thing's id as people see it
	Post         ref.Post         `cbor:"6,keyasint,omitempty"` // the post it belongs to, if any
	Version      int64            `cbor:"7,keyasint,omitempty"` // the thing's version after the change
	Tell         bool             `cbor:"8,keyasint,omitempty"` // somebody has to be told
	Class        string           `cbor:"9,keyasint,omitempty"` // of a failed attempt
	Words        string           `cbor:"10,keyasint,omitempty"`
	At           time.Time        `cbor:"11,keyasint"`
}

var changes = store.Table[Change]{
	Name: "change", Version: 1, Holds: store.Operational,
	Key:   func(c Change) store.Key { return store.K(c.ID) },
	Owner: func(c Change) store.Owner { return store.Owner{Organization: c.Organization, Workspace: c.Workspace} },
	Indexes: []store.Index[Change]{{Name: "told", Version: 1, Only: func(c Change) bool { return c.Tell && !c.Workspace.Zero() },
		Key: func(c Change) store.Key { return store.K(c.Workspace, c.ID) }}},
}

// Told walks what somebody of the workspace had to be told, newest first, from before the key to (nil: the newest). It
// goes back as far as changes are kept.
func Told(tx store.ReadTx, w ref.Workspace, to store.Key) iter.Seq2[store.Key, Change] {
	return changes.By(tx, "told", store.Range{Prefix: store.K(w), To: to, Back: true})
}

// Tables lists what this package stores.
func Tables() []store.AnyTable { return []store.AnyTable{&changes} }

// Append adds one change in the transaction that makes it. ID and At are filled in.
func Append(tx store.Tx, c Change) {
	c.At = tx.Now()
	c.ID = ref.Mint[ref.Change](c.At)
	changes.Put(tx, c)
}

// Sweep removes at most n changes older than Keep and says how many it removed.
func Sweep(tx store.Tx, n int) int {
	var old []store.Key
	for key := range changes.All(tx, store.Range{To: store.K(firstAt(tx.Now().Add(-Keep)))}) {
		if old = append(old, key); len(old) == n {
			break
		}
	}
	for _, key := range old {
		changes.Delete(tx, key)
	}
	return len(old)
}

// firstAt is the smallest id of the millisecond.
func firstAt(at time.Time) ref.Change {
	id := ref.Mint[ref.Change](at)
	for i := 6; i < len(id); i++ {
		id[i] = 0
	}
	return id
}
