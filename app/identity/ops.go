package identity

import (
	"bytes"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Identities offers the operations on sign-in.
type Identities struct {
	Deps
	hasher *Hasher
	claim  *claim
	woken  chan struct{} // something was left for after the answer
}

// Deps is what the operations use.
type Deps struct {
	DB        *store.DB
	Clock     clock.Clock
	Keeper    *secret.Keeper
	NonceKey  []byte       // of this server, for nonces that devices sign
	Web       *http.Client // to the providers of organizations, under the policy for addresses that people give
	Log       *slog.Logger
	Cost      Cost
	Furnish   func(tx store.Tx, w organization.Workspace) // fills a new workspace
	SetupCode string                                      // preset; empty: made, printed and kept in CodeFile
	CodeFile  string
	Announce  func(code string) // told each new setup code; prints the link
	Build     string
	Mail      *mail.Outbox
	Address   func() string                      // where people reach the server
	Page      func(path, fragment string) string // a page of the web interface
	Link      func(token string) string          // where an invitation is accepted

	// Version knows the versions of things that a step-up can be bound to; nil where nothing has one.
	Version func(tx store.ReadTx, object string) (int64, bool)
	// StaffStopped is told, in its transaction, of staff who may not read any more.
	StaffStopped func(tx store.Tx, who ref.Identity) error
}

// New makes the operations.
func New(d Deps) *Identities {
	return &Identities{Deps: d, hasher: NewHasher(d.Clock, d.Cost), claim: newClaim(d), woken: make(chan struct{}, 1)}
}

// Operations lists what can be done.
func (s *Identities) Operations() []op.Operation {
	return slices.Concat(s.setupOperations(), s.sessionOperations(), s.ownOperations(), s.factorOperations(), s.passkeyOperations(), s.emailOperations(),
		s.recoverOperations(), s.helpOperations(), s.signOnOperations(), s.policyOperations(), s.deviceOperations(), s.staffOperations())
}

// WorkspaceAccess is a workspace as its visitor sees it.
type WorkspaceAccess struct {
	ID          ref.Workspace       `json:"id"`
	Name        string              `json:"name"`
	Timezone    string              `json:"timezone"`
	Role        access.Role         `json:"role"`
	Permissions []access.Permission `json:"permissions" maxItems:"64"`
}

// OrganizationAccess is an organization as its member sees it.
type OrganizationAccess struct {
	ID          ref.Organization    `json:"id"`
	Name        string              `json:"name"`
	Role        access.Role         `json:"role"`
	Member      ref.Member          `json:"member"`
	Permissions []access.Permission `json:"permissions" maxItems:"64"`
	Workspaces  []WorkspaceAccess   `json:"workspaces" maxItems:"1000"`
	SignOn      SignOnState         `json:"sign_on" enum:"none,offered,linked" doc:"The organization's own sign-on: it has none, it has one, or it has one that is linked with your sign-in."`
}

// SignOnState is what a member's own sign-in has to do with the organization's sign-on.
type SignOnState string

// The states of a member and a sign-on.
const (
	SignOnNone    SignOnState = "none"
	SignOnOffered SignOnState = "offered"
	SignOnLinked  SignOnState = "linked"
)

func signOnState(tx store.ReadTx, o ref.Organization, i ref.Identity) SignOnState {
	provider, ok := signOns.Get(tx, store.K(o))
	if !ok {
		return SignOnNone
	}
	for range logins.By(tx, "identity", store.Range{Prefix: store.K(i, provider.Issuer)}) {
		return SignOnLinked
	}
	return SignOnOffered
}

// Profile is an identity as it sees itself.
type Profile struct {
	ID            ref.Identity `json:"id"`
	Name          string       `json:"name"`
	Email         string       `json:"email"`
	EmailVerified bool         `json:"email_verified"`
	Locale        string       `json:"locale"`
	Timezone      string       `json:"timezone"`
	HourFormat    string       `json:"hour_format"`
	Theme         string       `json:"theme"`
	Version       int64        `json:"version"`
}

// Fresh says until when proofs of who is there count.
type Fresh struct {
	MFAUntil      *time.Time `json:"mfa_until,omitempty"`
	PasswordUntil *time.Time `json:"password_until,omitempty"`
}

// BarredView is an organization that the session may not enter.
type BarredView struct {
	Organization ref.Organization `json:"organization"`
	Name         string           `json:"name"`
	Why          access.Bar       `json:"why" enum:"sign_on,second_factor,way,device"`
	SignOn       SignOnState      `json:"sign_on" enum:"none,offered,linked" doc:"offered, and it is what keeps you out: link it first (sign_on.link)."`
}

// Me is who is signed in and where they may go.
type Me struct {
	Identity          Profile              `json:"identity"`
	SecondFactor      bool                 `json:"second_factor"`
	Methods           []string             `json:"methods" maxItems:"8" doc:"Ways to give the second factor here, best first: passkey, totp."`
	RecoveryCodesLeft int                  `json:"recovery_codes_left"`
	Fresh             Fresh                `json:"fresh"`
	Administrator     bool                 `json:"administrator"`
	Staff             bool                 `json:"staff" doc:"Active staff of the instance."`
	Recovery          *RecoveryView        `json:"recovery,omitempty" doc:"Somebody asked to remove your second factor. Stop it if it wasn't you."`
	Organizations     []OrganizationAccess `json:"organizations" maxItems:"1000"`
	Barred            []BarredView         `json:"barred,omitempty" maxItems:"1000" doc:"Your organizations that this session may not enter."`
	DeviceKey         string               `json:"device_key,omitempty" doc:"Id of the key that the session is tied to."`
	TieUntil          *time.Time           `json:"tie_until,omitempty" doc:"Until when the session can be tied to a device; absent once it is, or once it is too late."`
	Build             string               `json:"build"`
}

func (i Identity) profile() Profile {
	p := Profile{ID: i.ID, Name: i.Name, Email: i.Email, EmailVerified: i.EmailVerified, Locale: i.Locale, Timezone: i.Timezone,
		HourFormat: i.HourFormat, Theme: i.Theme, Version: i.Version}
	if p.HourFormat == "" {
		p.HourFormat = "auto"
	}
	if p.Theme == "" {
		p.Theme = "system"
	}
	if p.Locale == "" {
		p.Locale = "en"
	}
	return p
}

// me gathers the answer of session.read.
func (s *Identities) me(tx store.ReadTx, a access.Actor) (*Me, error) {
	i, ok := Get(tx, a.Identity)
	if !ok {
		return nil, ErrNoSignIn
	}
	profile := i.profile()
	if a.Key != nil {
		profile = Profile{ID: i.ID, Name: i.Name} // a program learns whose it is, and nothing else of them
	}
	out := &Me{Identity: profile, SecondFactor: a.SecondFactor, Methods: a.Methods, RecoveryCodesLeft: codesLeftFor(tx, a), Administrator: a.Administrator, Staff: a.Staff,
		Build: s.Build, Organizations: []OrganizationAccess{}}
	until := func(at time.Time) *time.Time {
		if end := at.Add(stepUpLife); !at.IsZero() && end.After(tx.Now()) {
			return &end
		}
		return nil
	}
	out.Fresh = Fresh{MFAUntil: until(a.MFAAt), PasswordUntil: until(a.PasswordAt)}
	out.DeviceKey, out.TieUntil = tieOf(tx, a)
	for _, r := range openOf(tx, i.ID) {
		v := recoveryView(tx, r, i.ID)
		out.Recovery = &v
	}
	for _, m := range a.Memberships {
		o, ok := organization.Get(tx, m.Organization)
		if !ok {
			continue
		}
		oa := OrganizationAccess{ID: o.ID, Name: o.Name, Role: m.Role, Member: m.Member, Permissions: a.InOrganization(o.ID), Workspaces: []WorkspaceAccess{},
			SignOn: signOnState(tx, o.ID, i.ID)}
		for _, w := range organization.WorkspacesOf(tx, o.ID) {
			if role := m.RoleIn(w.ID); a.Belongs(o.ID, w.ID) {
				oa.Workspaces = append(oa.Workspaces, WorkspaceAccess{ID: w.ID, Name: w.Name, Timezone: w.Timezone, Role: role, Permissions: a.InWorkspace(o.ID, w.ID)})
			}
		}
		out.Organizations = append(out.Organizations, oa)
	}
	for id, why := range a.Barred {
		o, _ := organization.Get(tx, id)
		out.Barred = append(out.Barred, BarredView{Organization: id, Name: o.Name, Why: why, SignOn: signOnState(tx, id, i.ID)})
	}
	slices.SortFunc(out.Barred, func(a, b BarredView) int { return bytes.Compare(a.Organization[:], b.Organization[:]) })
	return out, nil
}

// PersonOf is what other members see.
func PersonOf(tx store.ReadTx, id ref.Identity) (organization.Person, bool) {
	i, ok := Get(tx, id)
	return organization.Person{Name: i.Name, Email: i.Email, SecondFactor: HasFactor(tx, id), LastSeen: i.LastSeen}, ok
}

// record writes an act of sign-in into the instance's log, with a copy in the log of each organization of the identity.
func record(tx store.Tx, c op.Call, action audit.Action, id ref.Identity, result audit.Result, a op.Act) {
	a.Action, a.On, a.Result, a.Quiet, a.Instance = action, audit.Thing{Kind: "identity", ID: id.String()}, result, true, true
	if (c.Actor.Kind == access.Nobody || c.Actor.Kind == "") && result == audit.OK {
		c.Actor.Kind, c.Actor.Identity, c.Via = access.Session, id, "session"
	}
	op.Write(tx, c, a)
	for _, m := range organization.MembershipsOf(tx, id) {
		a.Organization, a.Instance = m.Organization, false
		op.Write(tx, c, a)
	}
}

// example values of the document.
var (
	exampleProfile = Profile{Name: "Mira Lindqvist", Email: "mira@halden.example", Locale: "en", Timezone: "Europe/Berlin", HourFormat: "auto", Theme: "system", Version: 1}
	exampleMe      = Me{Identity: exampleProfile, SecondFactor: true, Methods: []string{"passkey", "totp"}, RecoveryCodesLeft: 10, Organizations: []OrganizationAccess{{Name: "Halden Studio", Role: access.Owner,
		Permissions: []access.Permission{access.MembersRead}, Workspaces: []WorkspaceAccess{{Name: "Fjellvik Outdoor", Timezone: "Europe/Berlin", Role: access.Owner}}, SignOn: SignOnNone}}}
)
