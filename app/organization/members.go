package organization

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

const (
	membersFresh   = 15 * time.Minute
	maxInvitations = 200
)

// Place is a role in one workspace.
type Place struct {
	Workspace ref.Workspace `json:"workspace"`
	Role      access.Role   `json:"role" enum:"manager,publisher,author,viewer,client"`
}

// MemberView is a member in the API.
type MemberView struct {
	ID           ref.Member   `json:"id"`
	Identity     ref.Identity `json:"identity"`
	Name         string       `json:"name"`
	Email        string       `json:"email"`
	Role         access.Role  `json:"role"`
	SecondFactor bool         `json:"second_factor"`
	LastSeenDay  string       `json:"last_seen_day,omitempty"`
	Workspaces   []Place      `json:"workspaces" maxItems:"1000"`
	JoinedAt     time.Time    `json:"joined_at"`
	Version      int64        `json:"version"`
}

// ETagVersion implements op.Versioned.
func (v MemberView) ETagVersion() int64 { return v.Version }

// InvitationView is an invitation in the API. Link is there once: in the answer that made it.
type InvitationView struct {
	ID         ref.Invitation `json:"id"`
	Email      string         `json:"email"`
	Role       access.Role    `json:"role"`
	Workspaces []Place        `json:"workspaces" maxItems:"1000"`
	ExpiresAt  time.Time      `json:"expires_at"`
	CreatedAt  time.Time      `json:"created_at"`
	Link       string         `json:"link,omitempty" doc:"Only when no mail is set up: pass it on to the person; it is shown once."`
}

// MemberPath is the part of a path that names the member.
type MemberPath struct {
	op.OrganizationPath
	Member ref.Member `path:"member" maxLength:"40" doc:"The member's id."`
}

// InvitationPath is the part of a path that names the invitation.
type InvitationPath struct {
	op.OrganizationPath
	Invitation ref.Invitation `path:"invitation" maxLength:"40" doc:"The invitation's id."`
}

type listMembers struct {
	op.OrganizationPath
	op.Page
}

type updateMember struct {
	MemberPath
	Body struct {
		Role       *access.Role `json:"role,omitempty" enum:"owner,admin,member,billing"`
		Workspaces *[]Place     `json:"workspaces,omitempty" maxItems:"1000" doc:"Replaces all places of the member."`
	}
}

type invite struct {
	op.OrganizationPath
	Body struct {
		Email      string      `json:"email" format:"email" maxLength:"254"`
		Role       access.Role `json:"role" enum:"owner,admin,member,billing"`
		Workspaces []Place     `json:"workspaces,omitempty" maxItems:"1000"`
	}
}

func (s *Organizations) memberOperations() []op.Operation {
	member := MemberView{Name: "Aisha Rahman", Email: "aisha@halden.example", Role: access.Member, Workspaces: []Place{{Role: access.Publisher}}, Version: 1}
	invitation := InvitationView{Email: "tom@halden.example", Role: access.Member, Workspaces: []Place{{Role: access.Author}}}
	return []op.Operation{
		op.New("members.list", op.GET("/organizations/{organization}/members"), s.listMembers).
			Says("List members", "Everybody in the organization with their roles.").
			Example(nil, op.Listed[MemberView]{Items: []MemberView{member}}).In(op.InOrganization).Fails(op.ErrCursor).Needs(access.MembersRead),
		op.New("members.update", op.PATCH("/organizations/{organization}/members/{member}"), s.updateMember).
			Says("Change a member", "Changes the role or the places in workspaces. It bites on the member's next request.").
			Example(map[string]any{"role": "admin"}, member).In(op.InOrganization).Versioned().FreshOrPassword(membersFresh).By(access.Session).
			Audits("member.changed").Fails(op.ErrStale, ErrLastOwner, ErrOwnersOnly, ErrWorkspace).Needs(access.MembersWrite),
		op.New("members.sign_out", op.POST("/organizations/{organization}/members/{member}/sign-out"), s.signOut).
			Says("Sign a member out everywhere", "Ends every session of the member at once, as after a lost device. They sign in again as ever.").
			In(op.InOrganization).By(access.Session).FreshOrPassword(membersFresh).Audits("member.signed_out").Fails(ErrNotFound, ErrOwnersOnly).
			Hidden("only a person does this to another").Needs(access.MembersWrite),
		op.New("members.remove", op.DELETE("/organizations/{organization}/members/{member}"), s.removeMember).
			Says("Remove a member", "The person loses all access to the organization at once.").
			In(op.InOrganization).Versioned().FreshOrPassword(membersFresh).By(access.Session).
			Audits("member.removed").Fails(op.ErrStale, ErrLastOwner, ErrOwnersOnly).Needs(access.MembersWrite),
		op.New("invitations.list", op.GET("/organizations/{organization}/invitations"), s.listInvitations).
			Says("List invitations", "Invitations that can still be accepted.").
			Example(nil, op.Listed[InvitationView]{Items: []InvitationView{invitation}}).In(op.InOrganization).Needs(access.MembersWrite),
		op.New("invitations.create", op.POST("/organizations/{organization}/invitations"), s.invite).
			Says("Invite somebody", "Lets this one address join within seven days, by a link that is sent there. Without mail the answer holds the link, to be passed on by hand.").
			Example(map[string]any{"email": "tom@halden.example", "role": "member", "workspaces": []any{}}, invitation).
			In(op.InOrganization).Creates().ShowsSecret().FreshOrPassword(membersFresh).By(access.Session).
			Audits("invitation.created").Fails(ErrOwnersOnly, ErrMemberExists, ErrWorkspace, ErrTooMany, mail.ErrAddress).Needs(access.MembersWrite),
		op.New("invitations.withdraw", op.DELETE("/organizations/{organization}/invitations/{invitation}"), s.withdraw).
			Says("Withdraw an invitation", "Its link stops working at once.").
			In(op.InOrganization).Audits("invitation.withdrawn").Fails(ErrNotFound).Needs(access.MembersWrite),
	}
}

func places(in map[ref.Workspace]access.Role) []Place {
	out := []Place{}
	for w, r := range in {
		out = append(out, Place{Workspace: w, Role: r})
	}
	sortPlaces(out)
	return out
}

func (s *Organizations) view(tx store.ReadTx, m Member) MemberView {
	p, _ := s.Person(tx, m.Identity)
	v := MemberView{ID: m.ID, Identity: m.Identity, Name: p.Name, Email: p.Email, Role: m.Role, SecondFactor: p.SecondFactor,
		Workspaces: places(m.Workspaces), JoinedAt: m.JoinedAt, Version: m.Version}
	if !p.LastSeen.IsZero() {
		v.LastSeenDay = p.LastSeen.Format(time.DateOnly)
	}
	return v
}

func (s *Organizations) listMembers(ctx context.Context, c op.Call, in *listMembers) (*op.Listed[MemberView], error) {
	out := &op.Listed[MemberView]{Items: []MemberView{}}
	from, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx store.ReadTx) error {
		for key, m := range members.All(tx, store.Range{Prefix: store.K(c.Organization), From: from}) {
			if len(out.Items) == in.Limit {
				out.NextCursor = c.Cursor(key)
				break
			}
			out.Items = append(out.Items, s.view(tx, m))
		}
		return nil
	})
	return out, err
}

func (s *Organizations) updateMember(ctx context.Context, c op.Call, in *updateMember) (*MemberView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*MemberView, error) {
		m, ok := members.Get(tx, store.K(c.Organization, in.Member))
		if !ok {
			return nil, ErrNotFound
		}
		if err := c.Matches(m.Version, s.view(tx, m)); err != nil {
			return nil, err
		}
		var changed []string
		if in.Body.Role != nil && *in.Body.Role != m.Role {
			if err := mayChangeOwner(tx, c, m, *in.Body.Role); err != nil {
				return nil, err
			}
			m.Role, changed = *in.Body.Role, append(changed, "role")
		}
		if in.Body.Workspaces != nil {
			in, err := checkPlaces(tx, c.Organization, *in.Body.Workspaces)
			if err != nil {
				return nil, err
			}
			m.Workspaces, changed = in, append(changed, "workspaces")
		}
		m.Version++
		members.Put(tx, m)
		if slices.Contains(changed, "role") {
			if err := s.RoleChanged(tx, c, m.Identity); err != nil {
				return nil, err
			}
		}
		op.Write(tx, c, op.Act{Action: "member.changed", On: audit.Thing{Kind: "member", ID: m.ID.String()}, Changed: changed,
			Values: map[string]string{"role": string(m.Role)}})
		v := s.view(tx, m)
		return &v, nil
	})
}

// mayChangeOwner guards ownership: only owners touch owners, and one must remain.
func mayChangeOwner(tx store.ReadTx, c op.Call, m Member, to access.Role) error {
	mine, _ := c.Actor.Of(c.Organization)
	if (m.Role == access.Owner || to == access.Owner) && mine.Role != access.Owner {
		return ErrOwnersOnly
	}
	if m.Role != access.Owner || to == access.Owner {
		return nil
	}
	for _, other := range members.All(tx, store.Range{Prefix: store.K(c.Organization)}) {
		if other.Role == access.Owner && other.ID != m.ID {
			return nil
		}
	}
	return ErrLastOwner
}

func checkPlaces(tx store.ReadTx, o ref.Organization, list []Place) (map[ref.Workspace]access.Role, error) {
	out := map[ref.Workspace]access.Role{}
	for _, p := range list {
		if _, ok := GetWorkspace(tx, o, p.Workspace); !ok {
			return nil, ErrWorkspace.At("/workspaces", "name workspaces of this organization only")
		}
		if !p.Role.ForWorkspace() {
			return nil, ErrRole.At("/workspaces", "use manager, publisher, author, viewer or client")
		}
		out[p.Workspace] = p.Role
	}
	return out, nil
}

// signOut ends the sessions of somebody whose device was lost. Only owners do it to owners.
func (s *Organizations) signOut(ctx context.Context, c op.Call, in *MemberPath) (*op.None, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		m, ok := members.Get(tx, store.K(c.Organization, in.Member))
		if !ok {
			return nil, ErrNotFound
		}
		if mine, _ := c.Actor.Of(c.Organization); m.Role == access.Owner && mine.Role != access.Owner {
			return nil, ErrOwnersOnly
		}
		s.SignOut(tx, m.Identity)
		op.Write(tx, c, op.Act{Action: "member.signed_out", On: audit.Thing{Kind: "member", ID: m.ID.String()}})
		return &op.None{}, nil
	})
}

func (s *Organizations) removeMember(ctx context.Context, c op.Call, in *MemberPath) (*op.None, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		m, ok := members.Get(tx, store.K(c.Organization, in.Member))
		if !ok {
			return nil, ErrNotFound
		}
		if err := c.Matches(m.Version, s.view(tx, m)); err != nil {
			return nil, err
		}
		if err := mayChangeOwner(tx, c, m, ""); err != nil {
			return nil, err
		}
		members.Delete(tx, store.K(c.Organization, m.ID))
		if err := s.RoleChanged(tx, c, m.Identity); err != nil {
			return nil, err
		}
		op.Write(tx, c, op.Act{Action: "member.removed", On: audit.Thing{Kind: "member", ID: m.ID.String()}, Values: map[string]string{"role": string(m.Role)}})
		return &op.None{}, nil
	})
}

func (i Invitation) view() InvitationView {
	return InvitationView{ID: i.ID, Email: i.Email, Role: i.Role, Workspaces: places(i.Workspaces), ExpiresAt: i.ExpiresAt, CreatedAt: i.CreatedAt}
}

func (s *Organizations) listInvitations(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*op.Listed[InvitationView], error) {
	out := &op.Listed[InvitationView]{Items: []InvitationView{}}
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		for _, i := range invitations.All(tx, store.Range{Prefix: store.K(c.Organization)}) {
			if tx.Now().Before(i.ExpiresAt) {
				out.Items = append(out.Items, i.view())
			}
		}
		return nil
	})
	return out, err
}

func (s *Organizations) invite(ctx context.Context, c op.Call, in *invite) (*InvitationView, error) {
	token := random.Text(32)
	hash := sha256.Sum256([]byte(token))
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*InvitationView, error) {
		mine, _ := c.Actor.Of(c.Organization)
		if in.Body.Role == access.Owner && mine.Role != access.Owner {
			return nil, ErrOwnersOnly
		}
		if s.isMember(tx, c.Organization, in.Body.Email) {
			return nil, ErrMemberExists.At("/email", "this person is a member already")
		}
		at, err := checkPlaces(tx, c.Organization, in.Body.Workspaces)
		if err != nil {
			return nil, err
		}
		open := 0
		for range invitations.All(tx, store.Range{Prefix: store.K(c.Organization)}) {
			open++
		}
		if open >= maxInvitations {
			return nil, ErrTooMany
		}
		now := tx.Now()
		i := Invitation{Organization: c.Organization, ID: ref.Mint[ref.Invitation](now), Email: strings.TrimSpace(in.Body.Email), Role: in.Body.Role,
			Workspaces: at, Token: hash[:], ExpiresAt: now.Add(InvitationLife), By: c.Actor.Identity, CreatedAt: now, Mailed: s.Mail.Enabled()}
		invitations.Put(tx, i)
		op.Write(tx, c, op.Act{Action: "invitation.created", On: audit.Thing{Kind: "invitation", ID: i.ID.String()},
			Values: map[string]string{"role": string(i.Role)}, Private: map[string]string{"email": i.Email}})
		v := i.view()
		if !i.Mailed {
			v.Link = s.Link(token)
			return &v, nil
		}
		return &v, s.send(tx, i, s.Link(token))
	})
}

// send queues the letter that carries the invitation's link.
func (s *Organizations) send(tx store.Tx, i Invitation, link string) error {
	o, _ := Get(tx, i.Organization)
	by, _ := s.Person(tx, i.By)
	return s.Mail.Queue(tx, mail.Letter{Kind: mail.Invitation, To: i.Email, Organization: i.Organization, Link: link,
		Data: map[string]string{"by": by.Name, "organization": o.Name, "role": string(i.Role)}})
}

func (s *Organizations) isMember(tx store.ReadTx, o ref.Organization, email string) bool {
	for _, m := range members.All(tx, store.Range{Prefix: store.K(o)}) {
		if p, ok := s.Person(tx, m.Identity); ok && strings.EqualFold(p.Email, strings.TrimSpace(email)) {
			return true
		}
	}
	return false
}

func (s *Organizations) withdraw(ctx context.Context, c op.Call, in *InvitationPath) (*op.None, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		if !invitations.Delete(tx, store.K(c.Organization, in.Invitation)) {
			return nil, ErrNotFound
		}
		op.Write(tx, c, op.Act{Action: "invitation.withdrawn", On: audit.Thing{Kind: "invitation", ID: in.Invitation.String()}})
		return &op.None{}, nil
	})
}

// Invited finds the open invitation of a token.
func Invited(tx store.ReadTx, token string) (Invitation, error) {
	hash := sha256.Sum256([]byte(token))
	for _, i := range invitations.By(tx, "token", store.Range{Prefix: store.K(hash[:])}) {
		if tx.Now().Before(i.ExpiresAt) {
			return i, nil
		}
	}
	return Invitation{}, ErrInvitation
}

// Accept makes the identity a member by the invitation, which is used up by it.
func Accept(tx store.Tx, i Invitation, who ref.Identity) (Member, error) {
	for _, m := range MembershipsOf(tx, who) {
		if m.Organization == i.Organization {
			return Member{}, ErrMemberExists
		}
	}
	invitations.Delete(tx, store.K(i.Organization, i.ID))
	return Join(tx, i.Organization, who, i.Role, i.Workspaces), nil
}

// SweepInvitations removes at most n invitations that can't be accepted any more.
func SweepInvitations(tx store.Tx, n int) int {
	var old []Invitation
	for _, i := range invitations.By(tx, "expires", store.Range{To: store.K(tx.Now())}) {
		if old = append(old, i); len(old) == n {
			break
		}
	}
	for _, i := range old {
		invitations.Delete(tx, store.K(i.Organization, i.ID))
	}
	return len(old)
}

// Restored withdraws every invitation, because an older store came back: one that was withdrawn or used since would let
// somebody in.
func Restored(tx store.Tx) {
	var open []Invitation
	for _, i := range invitations.All(tx, store.Range{}) {
		open = append(open, i)
	}
	for _, i := range open {
		invitations.Delete(tx, store.K(i.Organization, i.ID))
		audit.Append(tx, i.Organization, audit.Event{Action: "invitation.withdrawn", Actor: audit.Actor{Kind: "system"}, On: audit.Thing{Kind: "invitation", ID: i.ID.String()}, Result: audit.OK})
	}
}

// Several says whether anybody else was ever invited or joined.
func Several(tx store.ReadTx, o ref.Organization) bool {
	n := 0
	for range members.All(tx, store.Range{Prefix: store.K(o)}) {
		if n++; n > 1 {
			return true
		}
	}
	for range invitations.All(tx, store.Range{Prefix: store.K(o)}) {
		return true
	}
	return false
}

// Owners lists who owns the organization.
func Owners(tx store.ReadTx, o ref.Organization) []ref.Identity {
	var out []ref.Identity
	for _, m := range members.All(tx, store.Range{Prefix: store.K(o)}) {
		if m.Role == access.Owner {
			out = append(out, m.Identity)
		}
	}
	return out
}

// Managers lists the owners and admins of the organization but one person.
func Managers(tx store.ReadTx, o ref.Organization, but ref.Identity) []ref.Identity {
	var out []ref.Identity
	for _, m := range members.All(tx, store.Range{Prefix: store.K(o)}) {
		if (m.Role == access.Owner || m.Role == access.Admin) && m.Identity != but {
			out = append(out, m.Identity)
		}
	}
	return out
}

// Everybody lists the members of the organization.
func Everybody(tx store.ReadTx, o ref.Organization) []ref.Identity {
	var out []ref.Identity
	for _, m := range members.All(tx, store.Range{Prefix: store.K(o)}) {
		out = append(out, m.Identity)
	}
	return out
}

// SetRole gives a member another role and says whether it is another. Owners stay owners.
func SetRole(tx store.Tx, o ref.Organization, who ref.Identity, role access.Role) bool {
	for _, m := range members.By(tx, "identity", store.Range{Prefix: store.K(who, o)}) {
		if m.Role == access.Owner || m.Role == role {
			return false
		}
		m.Role, m.Version = role, m.Version+1
		members.Put(tx, m)
		return true
	}
	return false
}

// Belongs says whether the identity is a member of the organization.
func Belongs(tx store.ReadTx, o ref.Organization, i ref.Identity) bool {
	for range members.By(tx, "identity", store.Range{Prefix: store.K(i, o)}) {
		return true
	}
	return false
}

// RemoveAll takes every member out of an organization, as its deletion does.
func RemoveAll(tx store.Tx, o ref.Organization) {
	var keys []store.Key
	for key := range members.All(tx, store.Range{Prefix: store.K(o)}) {
		keys = append(keys, key)
	}
	for _, key := range keys {
		members.Delete(tx, key)
	}
}
