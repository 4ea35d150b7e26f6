package access

import "slices"

// Permission is the right to do one group of things. Its name is also a scope of API keys.
type Permission string

// The permissions. Each operation names exactly one.
const (
	OrganizationDelete   Permission = "organization.delete"
	OrganizationTransfer Permission = "organization.transfer"
	OrganizationWrite    Permission = "organization.write"
	OrganizationRead     Permission = "organization.read"
	PlanWrite            Permission = "plan.write"
	PlanRead             Permission = "plan.read"
	SupportApprove       Permission = "support.approve"
	SupportPolicy        Permission = "support.policy"
	MembersWrite         Permission = "members.write"
	MembersRead          Permission = "members.read"
	SecurityWrite        Permission = "security.write"
	AuditRead            Permission = "audit.read"
	KeysWrite            Permission = "keys.write"
	WebhooksWrite        Permission = "webhooks.write"
	WorkspacesCreate     Permission = "workspaces.create"
	WorkspaceWrite       Permission = "workspace.write"
	WorkspaceMembers     Permission = "workspace.members"
	ChannelsWrite        Permission = "channels.write"
	PostsPublish         Permission = "posts.publish"
	PostsApprove         Permission = "posts.approve"
	PostsDraft           Permission = "posts.draft"
	CommentsWrite        Permission = "comments.write"
	MediaWrite           Permission = "media.write"
	WorkspaceRead        Permission = "workspace.read" // channels, posts, deliveries, media, calendar
	ReviewRead           Permission = "review.read"    // what was sent for approval

	Administer Permission = "instance.administer" // run the instance; gives no right to anybody's content
	SupportAsk Permission = "support.ask"         // ask a customer for support access, and read what a grant covers
	Own        Permission = "own"                 // one's own sign-in, sessions, factors and profile
)

// Role is what somebody is in an organization or in a workspace.
type Role string

// Roles in an organization.
const (
	Owner   Role = "owner"
	Admin   Role = "admin"
	Member  Role = "member"
	Billing Role = "billing"
)

// Roles in a workspace.
const (
	Manager   Role = "manager"
	Publisher Role = "publisher"
	Author    Role = "author"
	Viewer    Role = "viewer"
	Client    Role = "client"
)

// OrganizationRoles and WorkspaceRoles list the roles, strongest first.
var (
	OrganizationRoles = []Role{Owner, Admin, Member, Billing}
	WorkspaceRoles    = []Role{Manager, Publisher, Author, Viewer, Client}
)

// ofOrganization says what an organization's role may do in the organization.
var ofOrganization = map[Role][]Permission{
	Owner: {OrganizationDelete, OrganizationTransfer, PlanWrite, PlanRead, OrganizationWrite, OrganizationRead, SupportApprove, SupportPolicy,
		MembersWrite, MembersRead, SecurityWrite, AuditRead, KeysWrite, WebhooksWrite, WorkspacesCreate},
	Admin: {PlanRead, OrganizationWrite, OrganizationRead, SupportApprove, MembersWrite, MembersRead, SecurityWrite, AuditRead,
		KeysWrite, WebhooksWrite, WorkspacesCreate},
	Member:  {OrganizationRead},
	Billing: {PlanWrite, PlanRead},
}

// ofWorkspace says what a workspace's role may do in the workspace. Owners and admins are managers everywhere.
var ofWorkspace = map[Role][]Permission{
	Manager: {WorkspaceWrite, WorkspaceMembers, ChannelsWrite, PostsPublish, PostsApprove, PostsDraft, CommentsWrite, MediaWrite,
		WorkspaceRead, ReviewRead},
	Publisher: {PostsPublish, PostsApprove, PostsDraft, CommentsWrite, MediaWrite, WorkspaceRead, ReviewRead},
	Author:    {PostsDraft, CommentsWrite, MediaWrite, WorkspaceRead, ReviewRead},
	Viewer:    {WorkspaceRead, ReviewRead},
	Client:    {PostsApprove, CommentsWrite, ReviewRead},
}

// InOrganization lists what the role may do in an organization.
func (r Role) InOrganization() []Permission { return slices.Clone(ofOrganization[r]) }

// InWorkspace lists what the role may do in a workspace; the organization's owner and admin are managers there.
func (r Role) InWorkspace() []Permission {
	if r == Owner || r == Admin {
		r = Manager
	}
	return slices.Clone(ofWorkspace[r])
}

// Scopes lists the permissions that a key may be given: all that some role has in an organization or a workspace.
func Scopes() []Permission {
	return slices.Concat(ofOrganization[Owner], ofWorkspace[Manager])
}

// ForOrganization and ForWorkspace say whether the role exists at that level.
func (r Role) ForOrganization() bool { return slices.Contains(OrganizationRoles, r) }

// ForWorkspace says whether the role is one of a workspace.
func (r Role) ForWorkspace() bool { return slices.Contains(WorkspaceRoles, r) }
