package access

import (
	"slices"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/ref"
)

var (
	now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	org = ref.Mint[ref.Organization](now)
	ws  = ref.Mint[ref.Workspace](now)
	far = ref.Mint[ref.Workspace](now)
)

// TestAKeyOnlyEverNarrows tries every role, with every single scope and with all, in and out of the key's workspaces.
func TestAKeyOnlyEverNarrows(t *testing.T) {
	t.Parallel()
	var members []Membership
	for _, r := range OrganizationRoles {
		members = append(members, Membership{Organization: org, Role: r})
	}
	for _, r := range WorkspaceRoles {
		members = append(members, Membership{Organization: org, Role: Member, Workspaces: map[ref.Workspace]Role{ws: r, far: r}})
	}
	keys := []*Key{{}, {Scopes: Scopes()}, {Scopes: Scopes(), DraftsOnly: true}, {Scopes: Scopes(), Workspaces: []ref.Workspace{ws}}}
	for _, p := range Scopes() {
		keys = append(keys, &Key{Scopes: []Permission{p}})
	}
	for _, m := range members {
		person := Actor{Kind: Session, Memberships: []Membership{m}}
		for _, k := range keys {
			program := Actor{Kind: APIKey, Memberships: []Membership{m}, Key: k, Administrator: true, Staff: true}
			for _, p := range append(Scopes(), Administer, SupportAsk, Own) {
				scoped := slices.Contains(k.Scopes, p)
				if got := program.MayInOrganization(p, org); got != (scoped && person.MayInOrganization(p, org)) {
					t.Errorf("%s in the organization by %+v with %+v: %v", p, m, k, got)
				}
				sends := p == PostsPublish || p == PostsApprove
				for _, w := range []ref.Workspace{ws, far} {
					want := scoped && person.MayInWorkspace(p, org, w) && !(k.DraftsOnly && sends) && (len(k.Workspaces) == 0 || w == ws)
					if got := program.MayInWorkspace(p, org, w); got != want {
						t.Errorf("%s in a workspace by %+v with %+v: %v", p, m, k, got)
					}
					if listed := slices.Contains(program.InWorkspace(org, w), p); listed != want {
						t.Errorf("%s is listed: %v", p, listed)
					}
				}
				if program.MayOnInstance(p) {
					t.Errorf("%s on the instance by a key", p)
				}
			}
			if program.FreshMFA(now, time.Hour) || program.FreshPassword(now, time.Hour) {
				t.Error("a key counts as a proof")
			}
		}
	}
}

func TestProgramsAndPeopleAreDifferentCallers(t *testing.T) {
	t.Parallel()
	who := ref.Mint[ref.Identity](now)
	one, two := ref.Mint[ref.Key](now), ref.Mint[ref.Key](now)
	callers := []string{Actor{Identity: who}.Caller(), Actor{Identity: who, Key: &Key{ID: one}}.Caller(), Actor{Identity: who, Key: &Key{ID: two}}.Caller()}
	slices.Sort(callers)
	if len(slices.Compact(callers)) != 3 {
		t.Errorf("%v", callers)
	}
}
