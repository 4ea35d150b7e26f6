package access

import (
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/ref"
)

// Kind is what kind of caller an actor is.
type Kind string

// The kinds of actor.
const (
	Nobody  Kind = "nobody"
	Session Kind = "member"  // a person with a session
	APIKey  Kind = "api_key" // a program with a key
	System  Kind = "system"  // the product itself
)

// Actor is who asks, as far as deciding needs it. It is made anew for each request.
type Actor struct {
	Kind          Kind
	Identity      ref.Identity
	Session       ref.Session
	Administrator bool // of the instance
	Staff         bool // active staff of the instance: may ask customers for support access
	Memberships   []Membership
	// Barred says which organizations of the actor this session may not enter, and why. They aren't in Memberships.
	Barred map[ref.Organization]Bar
	// Through is the organization whose own sign-on the session came by. It opens that organization and nothing else of
	// the person, because whoever runs the provider can name anybody.
	Through      ref.Organization
	SecondFactor bool      // a factor is enrolled
	Methods      []string  // ways to give the second factor here, best first: passkey, totp
	PasswordAt   time.Time // last time the password was given in this session
	MFAAt        time.Time // last time the second factor was given in this session
	MFAMethod    string    // passkey, totp, recovery_code
	Key          *Key      // what narrows a program; nil for everybody else
}

// Bar is what keeps a session out of an organization that its person belongs to.
type Bar string

// The bars.
const (
	BarSignOn Bar = "sign_on"       // members come in by the organization's own sign-on
	BarFactor Bar = "second_factor" // members need one
	BarWay    Bar = "way"           // this way of signing in isn't allowed there
)

// Key narrows what a program may: never more than its maker may at this moment, and of that only what stands here.
type Key struct {
	ID         ref.Key
	Scopes     []Permission
	Workspaces []ref.Workspace // where; empty: wherever its maker may
	DraftsOnly bool            // nothing goes out by it
	PerDay     int             // deliveries that it may schedule in a UTC day; 0: no bound
}

// scoped says whether the permission is among the key's scopes.
func (k *Key) scoped(p Permission) bool {
	if k == nil {
		return true
	}
	if k.DraftsOnly && (p == PostsPublish || p == PostsApprove) {
		return false
	}
	return slices.Contains(k.Scopes, p)
}

// reaches says whether the key may enter the workspace.
func (k *Key) reaches(w ref.Workspace) bool {
	return k == nil || len(k.Workspaces) == 0 || slices.Contains(k.Workspaces, w)
}

// Caller names who calls, for limits and for telling requests apart: the key of a program, else the person.
func (a Actor) Caller() string {
	if a.Key != nil {
		return a.Key.ID.String()
	}
	return a.Identity.String()
}

// DraftsOnly says that the actor is a program by which nothing goes out.
func (a Actor) DraftsOnly() bool { return a.Key != nil && a.Key.DraftsOnly }

// Membership is an actor's place in one organization.
type Membership struct {
	Organization ref.Organization
	Member       ref.Member
	Role         Role
	Workspaces   map[ref.Workspace]Role // empty for owner and admin, who are managers of all
}

// Of gives the actor's membership of the organization.
func (a Actor) Of(o ref.Organization) (Membership, bool) {
	for _, m := range a.Memberships {
		if m.Organization == o {
			return m, true
		}
	}
	return Membership{}, false
}

// RoleIn is the membership's role in a workspace of its organization, or "".
func (m Membership) RoleIn(w ref.Workspace) Role {
	if m.Role == Owner || m.Role == Admin {
		return m.Role
	}
	return m.Workspaces[w]
}

// MayInOrganization says whether the actor has the permission in the organization.
func (a Actor) MayInOrganization(p Permission, o ref.Organization) bool {
	m, ok := a.Of(o)
	return ok && slices.Contains(ofOrganization[m.Role], p) && a.Key.scoped(p)
}

// MayInWorkspace says whether the actor has the permission in the organization's workspace.
func (a Actor) MayInWorkspace(p Permission, o ref.Organization, w ref.Workspace) bool {
	m, ok := a.Of(o)
	return ok && slices.Contains(m.RoleIn(w).InWorkspace(), p) && a.Key.reaches(w) && a.Key.scoped(p)
}

// MayOnInstance says whether the actor has a permission that belongs to no organization.
func (a Actor) MayOnInstance(p Permission) bool {
	return a.Key == nil && (p == Administer && a.Administrator || p == SupportAsk && a.Staff)
}

// Belongs says whether the actor has any place in the workspace.
func (a Actor) Belongs(o ref.Organization, w ref.Workspace) bool {
	m, ok := a.Of(o)
	return ok && m.RoleIn(w) != "" && a.Key.reaches(w)
}

// InOrganization lists what the actor may do in the organization.
func (a Actor) InOrganization(o ref.Organization) []Permission {
	m, _ := a.Of(o)
	return a.narrowed(m.Role.InOrganization())
}

// InWorkspace lists what the actor may do in the organization's workspace.
func (a Actor) InWorkspace(o ref.Organization, w ref.Workspace) []Permission {
	if !a.Belongs(o, w) {
		return nil
	}
	m, _ := a.Of(o)
	return a.narrowed(m.RoleIn(w).InWorkspace())
}

func (a Actor) narrowed(list []Permission) []Permission {
	return slices.DeleteFunc(list, func(p Permission) bool { return !a.Key.scoped(p) })
}

// FreshMFA says whether a second factor was given within the time.
func (a Actor) FreshMFA(now time.Time, within time.Duration) bool {
	return !a.MFAAt.IsZero() && now.Sub(a.MFAAt) <= within && !now.Before(a.MFAAt.Add(-time.Minute))
}

// FreshPassword says whether the password was given within the time.
func (a Actor) FreshPassword(now time.Time, within time.Duration) bool {
	return !a.PasswordAt.IsZero() && now.Sub(a.PasswordAt) <= within && !now.Before(a.PasswordAt.Add(-time.Minute))
}
