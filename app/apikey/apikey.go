// Package apikey lets programs act: a key has scopes, may be narrowed to workspaces and budgets, and ends by itself. It
// acts within what its maker may at that moment: who leaves, or loses a role, leaves keys behind that open nothing.
//
// Who may is access's table, which a key only ever narrows; who signs in is identity.
//
// Caveats: a key is no person. It never counts as a second factor, and what takes a signed-in person is closed to it,
// keys themselves above all. That something was done by a key stands in the audit log with the key's id, beside the
// member who made it.
//
// Why SHA-256 and no password hash: a key has 190 random bits, which nobody guesses, and is checked at every request.
package apikey

import (
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Key is an API key. Only the hash of its text is kept.
type Key struct {
	Organization ref.Organization    `cbor:"1,keyasint"`
	ID           ref.Key             `cbor:"2,keyasint"`
	Hash         []byte              `cbor:"3,keyasint"` // SHA-256
	Name         string              `cbor:"4,keyasint"`
	Scopes       []access.Permission `cbor:"5,keyasint,omitempty"`
	Workspaces   []ref.Workspace     `cbor:"6,keyasint,omitempty"` // empty: wherever its maker may
	By           ref.Identity        `cbor:"7,keyasint"`
	CreatedAt    time.Time           `cbor:"8,keyasint"`
	ExpiresAt    time.Time           `cbor:"9,keyasint"`
	LastUsed     time.Time           `cbor:"10,keyasint,omitempty"` // the day, UTC
	DraftsOnly   bool                `cbor:"11,keyasint,omitempty"`
	PerDay       int                 `cbor:"12,keyasint,omitempty"` // deliveries in a UTC day; 0: no bound
	Suspended    bool                `cbor:"13,keyasint,omitempty"` // came back with a backup; an owner or admin looks first
	Version      int64               `cbor:"14,keyasint"`
}

// spent counts what a key scheduled on a day.
type spent struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	Key          ref.Key          `cbor:"2,keyasint"`
	Day          time.Time        `cbor:"3,keyasint"`
	Count        int              `cbor:"4,keyasint"`
}

// How long keys live, and how many there may be.
const (
	DefaultLife = 90 * 24 * time.Hour
	MaxLife     = 2 * 365 * 24 * time.Hour
	maxKeys     = 200
	MaxPerDay   = 100_000
)

var (
	keys = store.Table[Key]{Name: "api_key", Version: 1, Holds: store.SecretMaterial,
		Key:   func(k Key) store.Key { return store.K(k.Organization, k.ID) },
		Owner: func(k Key) store.Owner { return store.Owner{Organization: k.Organization} },
		Indexes: []store.Index[Key]{{Name: "id", Version: 1,
			Key: func(k Key) store.Key { return store.K(k.ID) }}}}
	spending = store.Table[spent]{Name: "api_key_spent", Version: 1, Holds: store.Operational,
		Key:   func(s spent) store.Key { return store.K(s.Organization, s.Key) },
		Owner: func(s spent) store.Owner { return store.Owner{Organization: s.Organization} }}
)

// Tables lists what this package stores.
func Tables() []store.AnyTable { return []store.AnyTable{&keys, &spending} }

// The errors of this package.
var (
	ErrKey        = fail.Unauthenticated("key_refused", "This API key isn't right, was revoked, or has ended.")
	ErrNotFound   = fail.NotFound("not_found", "There is no such key here.")
	ErrScope      = fail.Invalid("scope_unknown", "A key gets only scopes that exist and that you have yourself.")
	ErrWorkspace  = fail.Invalid("workspace_unknown", "This isn't a workspace of the organization.")
	ErrExpiry     = fail.Invalid("expiry_invalid", "A key ends at a time to come, and within two years.")
	ErrWider      = fail.Invalid("key_wider", "A key never gets more by a change. Make a new one instead.")
	ErrTooMany    = fail.Limit("too_many_keys", "There are too many keys. Revoke those that nothing uses.")
	ErrPerDay     = fail.Limit("publications_per_day", "This key has scheduled as much as it may in a day.")
	ErrDraftsOnly = fail.Forbidden("drafts_only", "This key may only make drafts. A person sends them out.")
	ErrNotStopped = fail.Conflict("key_not_suspended", "This key isn't suspended.")
)

func byID(tx store.ReadTx, id ref.Key) (Key, bool) {
	for _, k := range keys.By(tx, "id", store.Range{Prefix: store.K(id)}) {
		return k, true
	}
	return Key{}, false
}

// Actor loads who a presented key acts for: its maker, as they are now, narrowed by the key. It is nobody when the key
// is wrong, over or suspended, or when its maker no longer belongs to the organization.
func Actor(tx store.ReadTx, p Presented) (access.Actor, bool) {
	k, ok := byID(tx, p.ID)
	if !ok || !p.fits(k) {
		return access.Actor{}, false
	}
	return k.actor(tx)
}

func (k Key) actor(tx store.ReadTx) (access.Actor, bool) {
	if k.Suspended || !tx.Now().Before(k.ExpiresAt) {
		return access.Actor{}, false
	}
	if _, ok := identity.Get(tx, k.By); !ok {
		return access.Actor{}, false
	}
	for _, m := range organization.MembershipsOf(tx, k.By) {
		if m.Organization == k.Organization {
			return access.Actor{Kind: access.APIKey, Identity: k.By, Memberships: []access.Membership{m},
				Key: &access.Key{ID: k.ID, Scopes: k.Scopes, Workspaces: k.Workspaces, DraftsOnly: k.DraftsOnly, PerDay: k.PerDay}}, true
		}
	}
	return access.Actor{}, false
}

// Spend counts n deliveries that the actor schedules, in the transaction that makes them. It is nothing to people and to
// keys without a bound; past the bound of the UTC day it is ErrPerDay, which says when the next one begins.
func Spend(tx store.Tx, a access.Actor, n int) error {
	if a.Key == nil || a.Key.PerDay == 0 || n == 0 {
		return nil
	}
	k, ok := byID(tx, a.Key.ID)
	if !ok {
		return ErrKey
	}
	day := tx.Now().UTC().Truncate(24 * time.Hour)
	s, _ := spending.Get(tx, store.K(k.Organization, k.ID))
	if !s.Day.Equal(day) {
		s = spent{Organization: k.Organization, Key: k.ID, Day: day}
	}
	if left := max(0, k.PerDay-s.Count); n > left {
		next := day.Add(24 * time.Hour)
		return ErrPerDay.Saying("This key may schedule %d deliveries in a day (UTC); %d are left today, and this takes %d.", k.PerDay, left, n).
			After(next).With("rate_limit", rateLimit(k.PerDay, left, next.Sub(tx.Now())))
	}
	s.Count += n
	spending.Put(tx, s)
	return nil
}

// Restored suspends every key, because an older store came back: one that was revoked since would open doors again.
func Restored(tx store.Tx) {
	var all []Key
	for _, k := range keys.All(tx, store.Range{}) {
		all = append(all, k)
	}
	for _, k := range all {
		k.Suspended = true
		k.Version++
		keys.Put(tx, k)
	}
}

// permissionsOf is all that the actor may somewhere in the organization.
func permissionsOf(tx store.ReadTx, a access.Actor, o ref.Organization) []access.Permission {
	out := a.InOrganization(o)
	for _, w := range organization.WorkspacesOf(tx, o) {
		for _, p := range a.InWorkspace(o, w.ID) {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}
