package support

import (
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/schedule"
	"github.com/omniposto/omniposto/store"
)

// Policy is what an organization lets support do at all. An owner sets it; without one the default is in force.
type Policy struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	Off          bool             `cbor:"2,keyasint,omitempty"` // no request reaches the organization, and every grant ends
	Approvals    int              `cbor:"3,keyasint"`           // 1 or 2 different people
	Ceiling      Scope            `cbor:"4,keyasint"`
	From         int              `cbor:"5,keyasint,omitempty"` // hour of the day in Timezone from which reading is allowed …
	To           int              `cbor:"6,keyasint,omitempty"` // … and before which; equal: all day
	Timezone     string           `cbor:"7,keyasint,omitempty"`
	SayWhy       bool             `cbor:"8,keyasint,omitempty"` // opening one post or file asks for one line
	Network      bool             `cbor:"9,keyasint,omitempty"` // a grant is bound to the network it was asked from
	Version      int64            `cbor:"10,keyasint"`
}

// Default is the policy of an organization that never set one: on request, one approval, everything that can be granted.
func Default(o ref.Organization) Policy {
	return Policy{Organization: o, Approvals: 1, Ceiling: Scope{Categories: Categories, Hours: MaxHours, Thumbnails: true}, Timezone: "UTC", Version: 1}
}

// inHours says whether reading is allowed at the instant.
func (p Policy) inHours(now time.Time) bool {
	if p.From == p.To {
		return true
	}
	zone, err := schedule.Zone(p.Timezone)
	if err != nil {
		return false
	}
	h := now.In(zone).Hour()
	if p.From < p.To {
		return h >= p.From && h < p.To
	}
	return h >= p.From || h < p.To // over midnight
}

// Sighting is one read, as the customer sees it.
type Sighting struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	Grant        ref.Grant        `cbor:"2,keyasint"`
	N            int64            `cbor:"3,keyasint"` // 1, 2, 3 … within the grant
	At           time.Time        `cbor:"4,keyasint"`
	Category     Category         `cbor:"5,keyasint"`
	Fields       []string         `cbor:"6,keyasint"`
	Records      []string         `cbor:"7,keyasint,omitempty"` // ids
	Count        int64            `cbor:"8,keyasint"`
	Why          string           `cbor:"9,keyasint,omitempty"`
	Event        ref.Event        `cbor:"10,keyasint"` // in the audit log
}

var (
	grants = store.Table[Grant]{Name: "grant", Version: 1, Holds: store.PersonalData,
		Key:   func(g Grant) store.Key { return store.K(g.Organization, g.ID) },
		Owner: func(g Grant) store.Owner { return store.Owner{Organization: g.Organization} },
		Indexes: []store.Index[Grant]{
			{Name: "id", Version: 1, Key: func(g Grant) store.Key { return store.K(g.ID) }},
			{Name: "staff", Version: 1, Key: func(g Grant) store.Key { return store.K(g.Staff, g.ID) }},
			{Name: "ends", Version: 1, Only: func(g Grant) bool { return !g.State.Final() },
				Key: func(g Grant) store.Key { return store.K(g.endsAt(), g.ID) }}}}
	policies = store.Table[Policy]{Name: "grant_policy", Version: 1, Holds: store.Operational,
		Key:   func(p Policy) store.Key { return store.K(p.Organization) },
		Owner: func(p Policy) store.Owner { return store.Owner{Organization: p.Organization} }}
	sightings = store.Table[Sighting]{Name: "grant_read", Version: 1, Holds: store.PersonalData,
		Key:   func(s Sighting) store.Key { return store.K(s.Organization, s.Grant, s.N) },
		Owner: func(s Sighting) store.Owner { return store.Owner{Organization: s.Organization} }}
)

// endsAt is when the clock ends the grant as it stands.
func (g Grant) endsAt() time.Time {
	if g.State == Active {
		return g.ExpiresAt
	}
	return g.LapsesAt()
}

// Tables lists what this package stores.
func Tables() []store.AnyTable { return []store.AnyTable{&grants, &policies, &sightings, &marks} }

// PolicyOf reads the organization's policy, or the default.
func PolicyOf(tx store.ReadTx, o ref.Organization) Policy {
	if p, ok := policies.Get(tx, store.K(o)); ok {
		return p
	}
	return Default(o)
}

// find reads a grant by its id alone.
func find(tx store.ReadTx, id ref.Grant) (Grant, bool) {
	for _, g := range grants.By(tx, "id", store.Range{Prefix: store.K(id)}) {
		return g, true
	}
	return Grant{}, false
}
