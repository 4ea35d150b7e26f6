package delivery

import (
	"time"

	"github.com/omniposto/omniposto/store"
)

// Quota is a limit of a platform: so many commits within a window, for a channel or for an app credential.
type Quota struct {
	Credential string // whose it is: a channel's id, or a name of the app credential
	What       string
	Max        int
	Window     time.Duration
}

// used is how much of a quota is gone. It is in the store, so a restart forgets nothing.
type used struct {
	_          struct{} `cbor:",toarray"`
	Credential string   `pd:"-"`
	What       string   `pd:"-"`
	Used       int      `pd:"-"`
	Max        int      `pd:"-"`
	ResetAt    Instant  `pd:"-"`
}

var limits = store.Table[used]{
	Name: "limit", Version: 1, Holds: store.Operational,
	Key: func(u used) store.Key { return store.K(u.Credential, u.What) },
}

// Take uses one of each quota, or none: then it returns the instant at which the last exhausted one begins anew.
func (s *Deliveries) Take(tx store.Tx, quotas []Quota) (until Instant, ok bool) {
	now := At(tx.Now())
	next := make([]used, len(quotas))
	for i, q := range quotas {
		u, _ := limits.Get(tx, store.K(q.Credential, q.What))
		if u.ResetAt <= now {
			u = used{Credential: q.Credential, What: q.What, Max: q.Max, ResetAt: now.Add(q.Window)}
		}
		if u.Used >= u.Max {
			until = max(until, u.ResetAt)
		}
		u.Used++
		next[i] = u
	}
	if until != 0 {
		return until, false
	}
	for _, u := range next {
		limits.Put(tx, u)
	}
	return 0, true
}

// Correct believes the platform about what is left until reset.
func (s *Deliveries) Correct(tx store.Tx, q Quota, left int, reset Instant) {
	if reset == 0 {
		reset = At(tx.Now()).Add(q.Window)
	}
	limits.Put(tx, used{Credential: q.Credential, What: q.What, Max: q.Max, Used: max(0, q.Max-left), ResetAt: reset})
}
