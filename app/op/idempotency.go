package op

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/store"
)

const (
	answersKept    = 24 * time.Hour
	reservationFor = 2 * time.Minute // a call that runs for longer than this was lost
)

// The errors of Idempotency-Key.
var (
	ErrKeyReused  = fail.Invalid("idempotency_key_reused", "This Idempotency-Key was used for another request. Use a new one.")
	ErrKeyRunning = fail.Conflict("idempotency_running", "The first request with this Idempotency-Key is still running. Try again in a moment.")
	ErrKeySecret  = fail.Conflict("already_created", "This was done already, and what it showed is shown once only.")
)

// kept is the answer to a request with an Idempotency-Key, or the mark that it is running (no Answer).
type kept struct {
	ID     []byte    `cbor:"1,keyasint"` // hash of actor, operation and key
	Hash   []byte    `cbor:"2,keyasint"` // of the body
	At     time.Time `cbor:"3,keyasint"`
	Done   bool      `cbor:"4,keyasint"`
	Answer []byte    `cbor:"5,keyasint,omitempty"`
	Secret bool      `cbor:"6,keyasint,omitempty"`
}

var answers = store.Table[kept]{Name: "idempotency", Version: 1, Holds: store.CustomerContent,
	Key:   func(k kept) store.Key { return store.K(k.ID) },
	Owner: func(kept) store.Owner { return store.Owner{} },
	Indexes: []store.Index[kept]{{Name: "age", Version: 1,
		Key: func(k kept) store.Key { return store.K(k.At, k.ID) }}}}

// Tables lists what this package stores.
func Tables() []store.AnyTable { return []store.AnyTable{&answers} }

type reservation struct{ id, hash []byte }

// Reserve looks the key up and marks the request as running. It returns the answer kept for it, if it was done before.
func (c *Call) Reserve(ctx context.Context, db *store.DB, key string, body []byte) (json.RawMessage, error) {
	who := fmt.Sprintf("%s|%s|%s|%s|%s|", c.Actor.Caller(), c.Meta.ID, c.Organization, c.Workspace, key)
	id, hash := sha256.Sum256([]byte(who)), sha256.Sum256(body)
	r := &reservation{id: id[:], hash: hash[:]}
	var done kept
	err := db.Update(ctx, func(tx store.Tx) error {
		done = kept{}
		k, ok := answers.Get(tx, store.K(r.id))
		switch {
		case ok && string(k.Hash) != string(r.hash):
			return ErrKeyReused
		case ok && k.Done && k.Secret:
			return ErrKeySecret
		case ok && k.Done:
			done = k
			return nil
		case ok && tx.Now().Sub(k.At) < reservationFor:
			return ErrKeyRunning.After(k.At.Add(reservationFor))
		}
		answers.Put(tx, kept{ID: r.id, Hash: r.hash, At: tx.Now()})
		return nil
	})
	if err != nil || done.Done {
		return done.Answer, err
	}
	c.idempotency = r
	return nil, nil
}

// Release forgets the mark of a request that failed, so that it may be sent again.
func (c *Call) Release(ctx context.Context, db *store.DB) error {
	if c.idempotency == nil {
		return nil
	}
	return db.Update(ctx, func(tx store.Tx) error {
		if k, ok := answers.Get(tx, store.K(c.idempotency.id)); ok && !k.Done {
			answers.Delete(tx, store.K(c.idempotency.id))
		}
		return nil
	})
}

func (r *reservation) keep(tx store.Tx, c Call, out any) error {
	if r == nil {
		return nil
	}
	k := kept{ID: r.id, Hash: r.hash, At: tx.Now(), Done: true, Secret: c.Meta.ShowsSecret}
	if !k.Secret {
		raw, err := json.Marshal(out)
		if err != nil {
			return errors.Join(errors.New("keep the answer"), err)
		}
		k.Answer = raw
	}
	answers.Put(tx, k)
	return nil
}

// SweepAnswers removes at most n answers older than a day.
func SweepAnswers(tx store.Tx, n int) int {
	var old []store.Key
	for _, key := range answers.Keys(tx, "age", store.Range{To: store.K(tx.Now().Add(-answersKept))}) {
		if old = append(old, key); len(old) == n {
			break
		}
	}
	for _, key := range old {
		answers.Delete(tx, key)
	}
	return len(old)
}
