// Package organization holds organizations, their workspaces, members and invitations: who belongs where and as what.
// What a role may do is access's table; who somebody is and how they sign in is identity.
package organization

import (
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/schedule"
	"github.com/omniposto/omniposto/store"
)

// Organization is a customer, a company, a team.
type Organization struct {
	ID        ref.Organization `cbor:"1,keyasint"`
	Name      string           `cbor:"2,keyasint"`
	Version   int64            `cbor:"3,keyasint"`
	CreatedAt time.Time        `cbor:"4,keyasint"`
}

// Workspace is one brand or client inside an organization. Channels, posts and media belong to exactly one.
type Workspace struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	ID           ref.Workspace    `cbor:"2,keyasint"`
	Name         string           `cbor:"3,keyasint"`
	Timezone     string           `cbor:"4,keyasint"`           // IANA name
	WeekStart    int              `cbor:"5,keyasint"`           // 1 Monday … 7 Sunday
	Grace        time.Duration    `cbor:"6,keyasint"`           // how late a post may still go out
	Hold         time.Duration    `cbor:"7,keyasint"`           // how long "publish now" can be undone
	Paused       bool             `cbor:"8,keyasint,omitempty"` // nothing goes out
	AltText      string           `cbor:"9,keyasint"`           // optional, warn, required
	FirstSteps   bool             `cbor:"10,keyasint"`          // the first-steps list was put away
	Version      int64            `cbor:"11,keyasint"`
	CreatedAt    time.Time        `cbor:"12,keyasint"`
}

// Defaults of a workspace.
const (
	DefaultGrace = time.Hour
	DefaultHold  = 10 * time.Second
	MaxHold      = 30 * time.Second
	MaxGrace     = 14 * 24 * time.Hour
)

// Member is an identity inside one organization.
type Member struct {
	Organization ref.Organization              `cbor:"1,keyasint"`
	ID           ref.Member                    `cbor:"2,keyasint"`
	Identity     ref.Identity                  `cbor:"3,keyasint"`
	Role         access.Role                   `cbor:"4,keyasint"`
	Workspaces   map[ref.Workspace]access.Role `cbor:"5,keyasint,omitempty"`
	Version      int64                         `cbor:"6,keyasint"`
	JoinedAt     time.Time                     `cbor:"7,keyasint"`
}

// Invitation lets one e-mail address join. Only the hash of its token is kept.
type Invitation struct {
	Organization ref.Organization              `cbor:"1,keyasint"`
	ID           ref.Invitation                `cbor:"2,keyasint"`
	Email        string                        `cbor:"3,keyasint"`
	Role         access.Role                   `cbor:"4,keyasint"`
	Workspaces   map[ref.Workspace]access.Role `cbor:"5,keyasint,omitempty"`
	Token        []byte                        `cbor:"6,keyasint"` // SHA-256
	ExpiresAt    time.Time                     `cbor:"7,keyasint"`
	By           ref.Identity                  `cbor:"8,keyasint"`
	CreatedAt    time.Time                     `cbor:"9,keyasint"`
	Mailed       bool                          `cbor:"10,keyasint,omitempty"` // the link went to the address alone: who has it reads mail there
}

// InvitationLife is how long an invitation can be accepted.
const InvitationLife = 7 * 24 * time.Hour

var (
	organizations = store.Table[Organization]{Name: "organization", Version: 1, Holds: store.PersonalData,
		Key:   func(o Organization) store.Key { return store.K(o.ID) },
		Owner: func(o Organization) store.Owner { return store.Owner{Organization: o.ID} }}
	workspaces = store.Table[Workspace]{Name: "workspace", Version: 1, Holds: store.CustomerContent,
		Key:   func(w Workspace) store.Key { return store.K(w.Organization, w.ID) },
		Owner: func(w Workspace) store.Owner { return store.OwnedBy(w.Organization, w.ID) },
		Indexes: []store.Index[Workspace]{{Name: "id", Version: 1,
			Key: func(w Workspace) store.Key { return store.K(w.ID) }}}}
	members = store.Table[Member]{Name: "member", Version: 1, Holds: store.PersonalData,
		Key:   func(m Member) store.Key { return store.K(m.Organization, m.ID) },
		Owner: func(m Member) store.Owner { return store.Owner{Organization: m.Organization} },
		Indexes: []store.Index[Member]{{Name: "identity", Version: 1,
			Key: func(m Member) store.Key { return store.K(m.Identity, m.Organization, m.ID) }}}}
	invitations = store.Table[Invitation]{Name: "invitation", Version: 1, Holds: store.PersonalData,
		Key:   func(i Invitation) store.Key { return store.K(i.Organization, i.ID) },
		Owner: func(i Invitation) store.Owner { return store.Owner{Organization: i.Organization} },
		Indexes: []store.Index[Invitation]{
			{Name: "token", Version: 1, Key: func(i Invitation) store.Key { return store.K(i.Token, i.ID) }},
			{Name: "expires", Version: 1, Key: func(i Invitation) store.Key { return store.K(i.ExpiresAt, i.ID) }}}}
)

// Tables lists what this package stores.
func Tables() []store.AnyTable {
	return []store.AnyTable{&organizations, &workspaces, &members, &invitations}
}

// The errors of this package.
var (
	ErrNotFound     = fail.NotFound("not_found", "There is nothing here, or it isn't yours to see.")
	ErrLastOwner    = fail.Conflict("last_owner", "An organization needs an owner. Make somebody else owner first.")
	ErrOwnersOnly   = fail.Forbidden("owners_only", "Only an owner can make or change an owner.")
	ErrRole         = fail.Invalid("role_unknown", "This isn't a role here.")
	ErrWorkspace    = fail.Invalid("workspace_unknown", "This isn't a workspace of the organization.")
	ErrMemberExists = fail.Conflict("member_exists", "This person is a member already.")
	ErrInvitation   = fail.Gone("invitation_gone", "This invitation was used, withdrawn or has expired. Ask for a new one.")
	ErrTooMany      = fail.Limit("too_many_invitations", "Too many invitations are open. Withdraw some first.")
)

// Get reads an organization.
func Get(tx store.ReadTx, o ref.Organization) (Organization, bool) {
	return organizations.Get(tx, store.K(o))
}

// Every calls fn for each organization.
func Every(tx store.ReadTx, fn func(Organization) bool) {
	for _, o := range organizations.All(tx, store.Range{}) {
		if !fn(o) {
			return
		}
	}
}

// GetWorkspace reads a workspace of the organization.
func GetWorkspace(tx store.ReadTx, o ref.Organization, w ref.Workspace) (Workspace, bool) {
	return workspaces.Get(tx, store.K(o, w))
}

// OrganizationOf tells which organization a workspace belongs to.
func OrganizationOf(tx store.ReadTx, w ref.Workspace) (ref.Organization, bool) {
	for _, found := range workspaces.By(tx, "id", store.Range{Prefix: store.K(w)}) {
		return found.Organization, true
	}
	return ref.Organization{}, false
}

// WorkspacesOf lists the organization's workspaces, oldest first.
func WorkspacesOf(tx store.ReadTx, o ref.Organization) []Workspace {
	var out []Workspace
	for _, w := range workspaces.All(tx, store.Range{Prefix: store.K(o)}) {
		out = append(out, w)
	}
	return out
}

// MembershipsOf lists where the identity belongs.
func MembershipsOf(tx store.ReadTx, i ref.Identity) []access.Membership {
	var out []access.Membership
	for _, m := range members.By(tx, "identity", store.Range{Prefix: store.K(i)}) {
		out = append(out, access.Membership{Organization: m.Organization, Member: m.ID, Role: m.Role, Workspaces: m.Workspaces})
	}
	return out
}

// MembersOf reads at most n members of the organization from the key on; next is where to go on, empty at the end.
func MembersOf(tx store.ReadTx, o ref.Organization, from store.Key, n int) (list []Member, next store.Key) {
	for key, m := range members.All(tx, store.Range{Prefix: store.K(o), From: from}) {
		if len(list) == n {
			return list, slices.Clone(key)
		}
		list = append(list, m)
	}
	return list, nil
}

// RoleOf is what the identity is in the organization, or "".
func RoleOf(tx store.ReadTx, o ref.Organization, i ref.Identity) access.Role {
	for _, m := range members.By(tx, "identity", store.Range{Prefix: store.K(i, o)}) {
		return m.Role
	}
	return ""
}

// Found makes an organization with its first workspace and owner.
func Found(tx store.Tx, name, workspace, zone string, owner ref.Identity) (Organization, Workspace, Member, error) {
	now := tx.Now()
	o := Organization{ID: ref.Mint[ref.Organization](now), Name: strings.TrimSpace(name), Version: 1, CreatedAt: now}
	organizations.Put(tx, o)
	if strings.TrimSpace(workspace) == "" {
		workspace = o.Name
	}
	w, err := addWorkspace(tx, o.ID, workspace, zone)
	if err != nil {
		return o, w, Member{}, err
	}
	return o, w, Join(tx, o.ID, owner, access.Owner, nil), nil
}

func addWorkspace(tx store.Tx, o ref.Organization, name, zone string) (Workspace, error) {
	if err := CheckZone(zone); err != nil {
		return Workspace{}, err
	}
	now := tx.Now()
	w := Workspace{Organization: o, ID: ref.Mint[ref.Workspace](now), Name: strings.TrimSpace(name), Timezone: zone, WeekStart: 1,
		Grace: DefaultGrace, Hold: DefaultHold, AltText: "warn", Version: 1, CreatedAt: now}
	workspaces.Put(tx, w)
	return w, nil
}

// Join makes the identity a member.
func Join(tx store.Tx, o ref.Organization, i ref.Identity, role access.Role, in map[ref.Workspace]access.Role) Member {
	now := tx.Now()
	m := Member{Organization: o, ID: ref.Mint[ref.Member](now), Identity: i, Role: role, Workspaces: in, Version: 1, JoinedAt: now}
	members.Put(tx, m)
	return m
}

// CheckZone says whether the IANA zone is known.
func CheckZone(zone string) error {
	if _, err := schedule.Zone(zone); err != nil {
		return schedule.ErrZone.At("/timezone", "use an IANA name, like Europe/Berlin")
	}
	return nil
}

// sortPlaces orders by workspace, so that answers don't change by themselves.
func sortPlaces(list []Place) {
	slices.SortFunc(list, func(a, b Place) int { return strings.Compare(a.Workspace.String(), b.Workspace.String()) })
}
