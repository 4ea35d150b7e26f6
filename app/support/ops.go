package support

import (
	"iter"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Support offers the operations on grants and the reads that they allow.
type Support struct{ Deps }

// Person is somebody as both sides see them.
type Person struct {
	ID    ref.Identity
	Name  string
	Email string
}

// Deps is what the package uses. Content comes only through Source.
type Deps struct {
	DB            *store.DB
	CodeKey       []byte // 32 bytes
	Organizations func(tx store.ReadTx) iter.Seq[ref.Organization]
	Name          func(tx store.ReadTx, o ref.Organization) string
	Role          func(tx store.ReadTx, o ref.Organization, i ref.Identity) access.Role
	Deciders      func(tx store.ReadTx, o ref.Organization) []Person // owners and admins
	Person        func(tx store.ReadTx, i ref.Identity) Person
	StaffActive   func(tx store.ReadTx, i ref.Identity) bool
	SamePerson    func(tx store.ReadTx, a, b ref.Identity) bool // share an e-mail address or a passkey
	Tell          func(tx store.Tx, n Notice) error
	Source        Source
}

// Notice is what people are told by letter.
type Notice struct {
	Kind     string // requested, approved, ended, paused
	Grant    Grant
	Staff    Person
	By       string // who acted, if a person did
	Why      string // of an end or a pause
	Deciders []Person
}

// New makes the operations.
func New(d Deps) *Support { return &Support{d} }

// GrantView is a grant as either side sees it.
type GrantView struct {
	ID           ref.Grant        `json:"id"`
	Organization ref.Organization `json:"organization"`
	Name         string           `json:"organization_name"`
	Staff        PersonView       `json:"staff"`
	Ticket       string           `json:"ticket"`
	Reason       string           `json:"reason"`
	State        State            `json:"state" enum:"requested,approved_once,active,denied,cancelled,lapsed,expired,withdrawn,closed"`
	Asked        ScopeView        `json:"asked"`
	Granted      *ScopeView       `json:"granted,omitempty" doc:"What is in force, once it was approved."`
	RequestedAt  time.Time        `json:"requested_at"`
	LapsesAt     *time.Time       `json:"lapses_at,omitempty" doc:"Nobody decided by then: the request is over."`
	Approvals    []ApprovalView   `json:"approvals" maxItems:"2"`
	Needed       int              `json:"approvals_needed"`
	ExpiresAt    *time.Time       `json:"expires_at,omitempty"`
	EndedAt      *time.Time       `json:"ended_at,omitempty"`
	EndedBy      *PersonView      `json:"ended_by,omitempty" doc:"Absent when a rule or the clock ended it."`
	Because      string           `json:"because,omitempty" doc:"The rule that ended it."`
	Words        string           `json:"words,omitempty" doc:"Why it was denied."`
	SayWhy       bool             `json:"say_why" doc:"Opening one post or file needs the header Support-Why."`
	Reads        int64            `json:"reads"`
	Records      int64            `json:"records"`
	ReadsLeft    int64            `json:"reads_left" doc:"In this hour."`
	LastReadAt   *time.Time       `json:"last_read_at,omitempty"`
	Version      int64            `json:"version"`
}

// ETagVersion is the version in ETag and If-Match.
func (v GrantView) ETagVersion() int64 { return v.Version }

// PersonView names somebody.
type PersonView struct {
	ID   ref.Identity `json:"id"`
	Name string       `json:"name"`
}

// ScopeView is what is asked for or allowed.
type ScopeView struct {
	Categories []Category `json:"categories" maxItems:"5" enum:"account,organization,posts,media,analytics"`
	Hours      int        `json:"hours"`
	Thumbnails bool       `json:"thumbnails"`
}

// ApprovalView is one yes.
type ApprovalView struct {
	By    PersonView `json:"by"`
	At    time.Time  `json:"at"`
	Scope ScopeView  `json:"scope"`
}

// SightingView is one read as the customer sees it.
type SightingView struct {
	N        int64     `json:"n"`
	At       time.Time `json:"at"`
	Category Category  `json:"category" enum:"account,organization,posts,media,analytics"`
	Fields   []string  `json:"fields" maxItems:"64"`
	Records  []string  `json:"records" maxItems:"200" doc:"Ids of what was looked at."`
	Count    int64     `json:"count"`
	Why      string    `json:"why,omitempty"`
	Event    ref.Event `json:"event" doc:"The event in the audit log."`
}

// PolicyView is the organization's policy.
type PolicyView struct {
	Allowed    bool       `json:"allowed" doc:"false: no request reaches you, and every grant ends."`
	Approvals  int        `json:"approvals" minimum:"1" maximum:"2"`
	Hours      int        `json:"longest_hours" minimum:"1" maximum:"168"`
	Categories []Category `json:"categories" minItems:"1" maxItems:"5" enum:"account,organization,posts,media,analytics"`
	Thumbnails bool       `json:"thumbnails"`
	From       int        `json:"from_hour" minimum:"0" maximum:"23" doc:"Reading is allowed from this hour of the day; equal to to_hour: all day."`
	To         int        `json:"to_hour" minimum:"0" maximum:"23"`
	Timezone   string     `json:"timezone" minLength:"1" maxLength:"64"`
	SayWhy     bool       `json:"say_why" doc:"Staff give one line before they open a post or a file."`
	Network    bool       `json:"network" doc:"A grant works from the network it was asked from only."`
}

// PolicyAnswer is the policy with what belongs to it.
type PolicyAnswer struct {
	PolicyView
	Code    string `json:"support_code" doc:"Read it out to support; it changes every day (UTC)."`
	Version int64  `json:"version"`
}

// ETagVersion is the version in ETag and If-Match.
func (v PolicyAnswer) ETagVersion() int64 { return v.Version }

// GrantPath names a grant of the staff person who asks.
type GrantPath struct {
	Grant ref.Grant `path:"grant" maxLength:"40" doc:"The grant's id."`
}

// CustomerPath names a grant of the organization that it reads.
type CustomerPath struct {
	op.OrganizationPath
	GrantPath
}

type requestInput struct {
	Body struct {
		Code       string     `json:"support_code" minLength:"1" maxLength:"32" doc:"What the customer reads out from Support access."`
		Ticket     string     `json:"ticket" pattern:"^[A-Za-z0-9][A-Za-z0-9._/#-]{1,63}$" maxLength:"64"`
		Reason     string     `json:"reason" minLength:"20" maxLength:"2000"`
		Categories []Category `json:"categories" minItems:"1" maxItems:"5" enum:"account,organization,posts,media,analytics"`
		Hours      int        `json:"hours" minimum:"1" maximum:"168"`
		Thumbnails bool       `json:"thumbnails,omitempty"`
	}
}

type approveInput struct {
	CustomerPath
	Body struct {
		Categories []Category `json:"categories,omitempty" maxItems:"5" enum:"account,organization,posts,media,analytics" doc:"Absent: those asked for."`
		Hours      int        `json:"hours,omitempty" minimum:"1" maximum:"168" doc:"Absent: those asked for."`
		Thumbnails *bool      `json:"thumbnails,omitempty" doc:"Absent: as asked for."`
	}
}

type denyInput struct {
	CustomerPath
	Body struct {
		Words string `json:"reason,omitempty" maxLength:"500"`
	}
}

type policyInput struct {
	op.OrganizationPath
	Body PolicyView
}

type readsInput struct {
	CustomerPath
	op.Page
}

type grantsInput struct{ op.Page }

type customerGrantsInput struct {
	op.OrganizationPath
	op.Page
}

var (
	exampleScope = ScopeView{Categories: []Category{Account, Posts}, Hours: 24}
	exampleGrant = GrantView{Name: "Halden Studio", Staff: PersonView{Name: "Ada Brandt"}, Ticket: "SUP-4711", Reason: "A post to Mastodon waits for a decision since Monday.",
		State: Requested, Asked: exampleScope, Approvals: []ApprovalView{}, Needed: 1, ReadsLeft: maxReads, Version: 1}
	examplePolicy = PolicyView{Allowed: true, Approvals: 1, Hours: 72, Categories: Categories, Timezone: "Europe/Berlin"}
)

// Operations lists what can be done.
func (s *Support) Operations() []op.Operation {
	asked := map[string]any{"support_code": "7KQ2M-XW4TB", "ticket": "SUP-4711", "reason": "A post to Mastodon waits for a decision since Monday.", "categories": []any{"account", "posts"}, "hours": 24}
	all := []op.Operation{
		op.New("grants.request", op.POST("/support/grants"), s.request).
			Says("Ask for support access", "Staff name the customer's support code, the ticket, the reason and what they need to see. The customer's owners and admins are told; nothing can be read before one of them approves.").
			Example(asked, exampleGrant).In(op.InstanceScope).By(access.Session).Creates().Costs(op.SignIn).Fresh(FreshFor).
			Audits("grant.requested").Fails(ErrRefused, ErrOpenAlready).Hidden("only a person asks").Needs(access.SupportAsk),
		op.New("grants.mine", op.GET("/support/grants"), s.mine).
			Says("List your grants", "What you asked for as staff, newest first.").Example(nil, op.Listed[GrantView]{Items: []GrantView{exampleGrant}}).
			In(op.InstanceScope).By(access.Session).Fails(op.ErrCursor).Needs(access.SupportAsk),
		op.New("grants.look", op.GET("/support/grants/{grant}"), s.lookAt).
			Says("Look at one of your grants", "How it stands, what it covers and until when. No content of the customer is in it.").Example(nil, exampleGrant).
			In(op.InstanceScope).By(access.Session).Fails(ErrNotFound).Needs(access.SupportAsk),
		op.New("grants.cancel", op.POST("/support/grants/{grant}/cancel"), s.cancel).
			Says("Cancel your request", "Takes back a request that nobody decided yet.").Example(nil, exampleGrant).
			In(op.InstanceScope).By(access.Session).Audits("grant.cancelled").Fails(ErrNotFound, ErrOver, ErrAct).Hidden("only a person asks").Needs(access.SupportAsk),
		op.New("grants.close", op.POST("/support/grants/{grant}/close"), s.close).
			Says("Close your grant", "Ends an active grant that isn't needed any more.").Example(nil, exampleGrant).
			In(op.InstanceScope).By(access.Session).Audits("grant.closed").Fails(ErrNotFound, ErrOver, ErrAct).Hidden("only a person asks").Needs(access.SupportAsk),

		op.New("grants.list", op.GET("/organizations/{organization}/support/grants"), s.list).
			Says("List who asked to read your data", "Requests and grants of this organization, newest first.").Example(nil, op.Listed[GrantView]{Items: []GrantView{exampleGrant}}).
			In(op.InOrganization).By(access.Session).Fails(op.ErrCursor).Needs(access.SupportApprove),
		op.New("grants.read", op.GET("/organizations/{organization}/support/grants/{grant}"), s.read).
			Says("Look at a request or grant", "Who asked for what and why, how it stands, and how much was read.").Example(nil, exampleGrant).
			In(op.InOrganization).By(access.Session).Fails(ErrNotFound).Needs(access.SupportApprove),
		op.New("grants.approve", op.POST("/organizations/{organization}/support/grants/{grant}/approve"), s.approve).
			Says("Approve a request", "Lets this one staff person read what you name, until the hours are over. You may cut categories and hours, never add. Needs your second factor, given for this very request and this very answer.").
			Example(map[string]any{"categories": []any{"posts"}, "hours": 4}, exampleGrant).
			In(op.InOrganization).By(access.Session).Fresh(FreshFor).Bound().Audits("grant.approved").
			Fails(ErrNotFound, ErrOver, ErrAct, ErrTwice, ErrAdds, ErrNothingLeft, ErrRequester, ErrApprovers).Hidden("only a person gives access").Needs(access.SupportApprove),
		op.New("grants.deny", op.POST("/organizations/{organization}/support/grants/{grant}/deny"), s.deny).
			Says("Deny a request", "Says no, with a reason if you like.").Example(map[string]any{}, exampleGrant).
			In(op.InOrganization).By(access.Session).Audits("grant.denied").Fails(ErrNotFound, ErrOver, ErrAct).Hidden("only a person decides").Needs(access.SupportApprove),
		op.New("grants.withdraw", op.POST("/organizations/{organization}/support/grants/{grant}/withdraw"), s.withdraw).
			Says("Withdraw a grant", "Ends it at once: when this has answered, no later read succeeds. Taking back asks for nothing more than your session.").Example(nil, exampleGrant).
			In(op.InOrganization).By(access.Session).Audits("grant.withdrawn").Fails(ErrNotFound, ErrOver, ErrAct).Hidden("only a person decides").Needs(access.SupportApprove),
		op.New("grants.reads", op.GET("/organizations/{organization}/support/grants/{grant}/reads"), s.sightings).
			Says("See what was read", "Every read under the grant, newest first: fields and records, never values.").
			Example(nil, op.Listed[SightingView]{Items: []SightingView{{N: 1, Category: Posts, Fields: []string{"text"}, Records: []string{}, Count: 1}}}).
			In(op.InOrganization).By(access.Session).Fails(ErrNotFound, op.ErrCursor).Needs(access.SupportApprove),
		op.New("support.policy", op.GET("/organizations/{organization}/support/policy"), s.readPolicy).
			Says("Read the support policy", "What support may ask for at all, and today's support code.").Example(nil, PolicyAnswer{PolicyView: examplePolicy, Code: "7KQ2M-XW4TB", Version: 1}).
			In(op.InOrganization).By(access.Session).Needs(access.SupportApprove),
		op.New("support.change_policy", op.PUT("/organizations/{organization}/support/policy"), s.changePolicy).
			Says("Change the support policy", "Owners only. Turning support off ends every grant at once.").Example(examplePolicy, PolicyAnswer{PolicyView: examplePolicy, Version: 2}).
			In(op.InOrganization).By(access.Session).Versioned().Fresh(FreshFor).Audits("support.policy_changed").Fails(ErrPolicy).
			Hidden("only a person gives access").Needs(access.SupportPolicy),
		op.New("support.confirm_clock", op.POST("/instance/clock/confirm"), s.confirmClock).
			Says("Confirm the server's clock", "After the clock went back no grant counts until an administrator says that the time is right now.").
			Example(nil, ClockConfirmed{}).
			In(op.InstanceScope).By(access.Session).Fresh(FreshFor).Audits("clock.confirmed").Fails(ErrClockSound).Hidden("only a person looks at a clock").Needs(access.Administer),
	}
	return append(all, s.readOperations()...)
}
