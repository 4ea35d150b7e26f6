package organization

import (
	"context"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/schedule"
	"github.com/omniposto/omniposto/store"
)

// Organizations offers the operations on organizations and workspaces.
type Organizations struct{ Deps }

// Person is what other members see of an identity.
type Person struct {
	Name, Email  string
	SecondFactor bool
	LastSeen     time.Time
}

// Deps is what the operations use.
type Deps struct {
	DB     *store.DB
	Person func(tx store.ReadTx, i ref.Identity) (Person, bool)
	// Furnish is called for each new workspace in the transaction that makes it, so that it isn't empty.
	Furnish func(tx store.Tx, w Workspace)
	// Paused is called when a workspace is paused or resumed.
	Paused func(tx store.Tx, w Workspace)
	Mail   *mail.Outbox
	// Link makes an invitation's address of its token.
	Link func(token string) string
	// SignOut ends every session of the identity.
	SignOut func(tx store.Tx, i ref.Identity)
	// RoleChanged is told, in its transaction, that somebody's role changed or that they left.
	RoleChanged func(tx store.Tx, c op.Call, who ref.Identity) error
}

// New makes the operations.
func New(d Deps) *Organizations { return &Organizations{d} }

// OrganizationView is an organization in the API.
type OrganizationView struct {
	ID        ref.Organization `json:"id"`
	Name      string           `json:"name" maxLength:"100"`
	Version   int64            `json:"version"`
	CreatedAt time.Time        `json:"created_at"`
}

// ETagVersion implements op.Versioned.
func (v OrganizationView) ETagVersion() int64 { return v.Version }

// View is the organization as the API shows it.
func (o Organization) View() OrganizationView {
	return OrganizationView{ID: o.ID, Name: o.Name, Version: o.Version, CreatedAt: o.CreatedAt}
}

// WorkspaceView is a workspace in the API.
type WorkspaceView struct {
	ID             ref.Workspace    `json:"id"`
	Organization   ref.Organization `json:"organization"`
	Name           string           `json:"name" maxLength:"100"`
	Timezone       string           `json:"timezone" maxLength:"64"`
	WeekStart      int              `json:"week_start" minimum:"1" maximum:"7" doc:"1 is Monday."`
	GraceSeconds   int64            `json:"grace_seconds" minimum:"0" maximum:"1209600" doc:"How late a post may still go out by itself."`
	HoldSeconds    int64            `json:"hold_seconds" minimum:"0" maximum:"30" doc:"How long publishing now can be undone."`
	Paused         bool             `json:"paused" doc:"Nothing goes out while it is."`
	AltText        string           `json:"alt_text" enum:"optional,warn,required" doc:"What a picture without a description means."`
	FirstStepsDone bool             `json:"first_steps_done"`
	Version        int64            `json:"version"`
	CreatedAt      time.Time        `json:"created_at"`
}

// ETagVersion implements op.Versioned.
func (v WorkspaceView) ETagVersion() int64 { return v.Version }

// View is the workspace as the API shows it.
func (w Workspace) View() WorkspaceView {
	return WorkspaceView{ID: w.ID, Organization: w.Organization, Name: w.Name, Timezone: w.Timezone, WeekStart: w.WeekStart,
		GraceSeconds: int64(w.Grace / time.Second), HoldSeconds: int64(w.Hold / time.Second), Paused: w.Paused, AltText: w.AltText,
		FirstStepsDone: w.FirstSteps, Version: w.Version, CreatedAt: w.CreatedAt}
}

type createOrganization struct {
	Body struct {
		Name      string `json:"name" minLength:"1" maxLength:"100"`
		Workspace string `json:"workspace,omitempty" maxLength:"100" doc:"The organization's name when absent."`
		Timezone  string `json:"timezone" minLength:"1" maxLength:"64" doc:"IANA name, like Europe/Berlin."`
	}
}

type updateOrganization struct {
	op.OrganizationPath
	Body struct {
		Name *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
	}
}

type createWorkspace struct {
	op.OrganizationPath
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"100"`
		Timezone string `json:"timezone" minLength:"1" maxLength:"64" doc:"IANA name, like Europe/Berlin."`
	}
}

type updateWorkspace struct {
	op.WorkspacePath
	Body struct {
		Name           *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Timezone       *string `json:"timezone,omitempty" minLength:"1" maxLength:"64"`
		WeekStart      *int    `json:"week_start,omitempty" minimum:"1" maximum:"7"`
		GraceSeconds   *int64  `json:"grace_seconds,omitempty" minimum:"0" maximum:"1209600"`
		HoldSeconds    *int64  `json:"hold_seconds,omitempty" minimum:"0" maximum:"30"`
		Paused         *bool   `json:"paused,omitempty"`
		AltText        *string `json:"alt_text,omitempty" enum:"optional,warn,required"`
		FirstStepsDone *bool   `json:"first_steps_done,omitempty"`
	}
}

// Operations lists what can be done.
func (s *Organizations) Operations() []op.Operation {
	workspace := WorkspaceView{Name: "Fjellvik Outdoor", Timezone: "Europe/Berlin", WeekStart: 1, GraceSeconds: 3600, HoldSeconds: 10, AltText: "warn", Version: 1}
	return append([]op.Operation{
		op.New("organizations.create", op.POST("/organizations"), s.create).
			Says("Make an organization", "A further customer or team on this server. Whoever makes it is its first owner.").
			Example(map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"}, Founded{}).
			In(op.InstanceScope).By(access.Session).Creates().Audits("organization.created").Fails(schedule.ErrZone).Needs(access.Administer),
		op.New("organizations.read", op.GET("/organizations/{organization}"), s.read).
			Says("Read an organization", "Name and version of an organization that you belong to.").
			Example(nil, OrganizationView{Name: "Halden Studio", Version: 1}).
			In(op.InOrganization).Needs(access.OrganizationRead),
		op.New("organizations.update", op.PATCH("/organizations/{organization}"), s.update).
			Says("Change an organization", "Renames the organization.").
			Example(map[string]any{"name": "Halden Studio"}, OrganizationView{Name: "Halden Studio", Version: 2}).
			In(op.InOrganization).Versioned().Audits("organization.changed").Fails(op.ErrStale).Needs(access.OrganizationWrite),
		op.New("workspaces.list", op.GET("/organizations/{organization}/workspaces"), s.listWorkspaces).
			Says("List workspaces", "The workspaces of the organization that you may enter.").
			Example(nil, op.Listed[WorkspaceView]{Items: []WorkspaceView{workspace}}).
			In(op.InOrganization).Needs(access.OrganizationRead),
		op.New("workspaces.create", op.POST("/organizations/{organization}/workspaces"), s.createWorkspace).
			Says("Make a workspace", "A workspace is one brand or client. It starts with a practice channel.").
			Example(map[string]any{"name": "Fjellvik Outdoor", "timezone": "Europe/Berlin"}, workspace).
			In(op.InOrganization).Creates().Audits("workspace.created").Fails(schedule.ErrZone).Needs(access.WorkspacesCreate),
		op.New("workspaces.read", op.GET("/workspaces/{workspace}"), s.readWorkspace).
			Says("Read a workspace", "Name, time zone and the rules of a workspace.").Example(nil, workspace).
			In(op.InWorkspace).Needs(access.WorkspaceRead),
		op.New("workspaces.update", op.PATCH("/workspaces/{workspace}"), s.updateWorkspace).
			Says("Change a workspace", "Changes name, zone, week, lateness, hold, description rule, or pauses everything in it.").
			Example(map[string]any{"hold_seconds": 20}, workspace).
			In(op.InWorkspace).Versioned().Audits("workspace.changed").Fails(op.ErrStale, schedule.ErrZone).Needs(access.WorkspaceWrite),
	}, s.memberOperations()...)
}

// Founded is the answer of organizations.create.
type Founded struct {
	Organization ref.Organization `json:"organization"`
	Workspace    ref.Workspace    `json:"workspace"`
}

func (s *Organizations) create(ctx context.Context, c op.Call, in *createOrganization) (*Founded, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*Founded, error) {
		o, w, m, err := Found(tx, in.Body.Name, in.Body.Workspace, in.Body.Timezone, c.Actor.Identity)
		if err != nil {
			return nil, err
		}
		s.Furnish(tx, w)
		c.Actor.Memberships = append(c.Actor.Memberships, access.Membership{Organization: o.ID, Member: m.ID, Role: m.Role})
		a := op.Act{Action: "organization.created", On: audit.Thing{Kind: "organization", ID: o.ID.String()}, Organization: o.ID}
		op.Write(tx, c, a)
		a.Organization, a.Instance, a.Quiet = ref.Organization{}, true, true
		op.Write(tx, c, a)
		return &Founded{Organization: o.ID, Workspace: w.ID}, nil
	})
}

func (s *Organizations) read(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*OrganizationView, error) {
	var out OrganizationView
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		o, ok := Get(tx, c.Organization)
		if !ok {
			return ErrNotFound
		}
		out = o.View()
		return nil
	})
	return &out, err
}

func (s *Organizations) update(ctx context.Context, c op.Call, in *updateOrganization) (*OrganizationView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*OrganizationView, error) {
		o, ok := Get(tx, c.Organization)
		if !ok {
			return nil, ErrNotFound
		}
		if err := c.Matches(o.Version, o.View()); err != nil {
			return nil, err
		}
		if in.Body.Name != nil {
			o.Name = strings.TrimSpace(*in.Body.Name)
		}
		o.Version++
		organizations.Put(tx, o)
		op.Write(tx, c, op.Act{Action: "organization.changed", On: audit.Thing{Kind: "organization", ID: o.ID.String()}, Changed: []string{"name"}})
		v := o.View()
		return &v, nil
	})
}

func (s *Organizations) listWorkspaces(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*op.Listed[WorkspaceView], error) {
	out := &op.Listed[WorkspaceView]{Items: []WorkspaceView{}}
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		for _, w := range WorkspacesOf(tx, c.Organization) {
			if c.Actor.Belongs(c.Organization, w.ID) {
				out.Items = append(out.Items, w.View())
			}
		}
		return nil
	})
	return out, err
}

func (s *Organizations) createWorkspace(ctx context.Context, c op.Call, in *createWorkspace) (*WorkspaceView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*WorkspaceView, error) {
		w, err := addWorkspace(tx, c.Organization, in.Body.Name, in.Body.Timezone)
		if err != nil {
			return nil, err
		}
		s.Furnish(tx, w)
		op.Write(tx, c, op.Act{Action: "workspace.created", On: audit.Thing{Kind: "workspace", ID: w.ID.String(), Workspace: w.ID.String()}})
		v := w.View()
		return &v, nil
	})
}

func (s *Organizations) readWorkspace(ctx context.Context, c op.Call, _ *op.WorkspacePath) (*WorkspaceView, error) {
	var out WorkspaceView
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		w, ok := GetWorkspace(tx, c.Organization, c.Workspace)
		if !ok {
			return ErrNotFound
		}
		out = w.View()
		return nil
	})
	return &out, err
}

func (s *Organizations) updateWorkspace(ctx context.Context, c op.Call, in *updateWorkspace) (*WorkspaceView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*WorkspaceView, error) {
		w, ok := GetWorkspace(tx, c.Organization, c.Workspace)
		if !ok {
			return nil, ErrNotFound
		}
		if err := c.Matches(w.Version, w.View()); err != nil {
			return nil, err
		}
		paused := w.Paused
		changed, err := w.apply(in)
		if err != nil {
			return nil, err
		}
		w.Version++
		workspaces.Put(tx, w)
		if w.Paused != paused {
			s.Paused(tx, w)
		}
		op.Write(tx, c, op.Act{Action: "workspace.changed", On: audit.Thing{Kind: "workspace", ID: w.ID.String()}, Changed: changed})
		v := w.View()
		return &v, nil
	})
}

// apply changes what the request names and lists it.
func (w *Workspace) apply(in *updateWorkspace) (changed []string, err error) {
	b := in.Body
	if b.Name != nil {
		w.Name, changed = strings.TrimSpace(*b.Name), append(changed, "name")
	}
	if b.Timezone != nil {
		if err := CheckZone(*b.Timezone); err != nil {
			return nil, err
		}
		w.Timezone, changed = *b.Timezone, append(changed, "timezone")
	}
	if b.WeekStart != nil {
		w.WeekStart, changed = *b.WeekStart, append(changed, "week_start")
	}
	if b.GraceSeconds != nil {
		w.Grace, changed = time.Duration(*b.GraceSeconds)*time.Second, append(changed, "grace_seconds")
	}
	if b.HoldSeconds != nil {
		w.Hold, changed = time.Duration(*b.HoldSeconds)*time.Second, append(changed, "hold_seconds")
	}
	if b.Paused != nil {
		w.Paused, changed = *b.Paused, append(changed, "paused")
	}
	if b.AltText != nil {
		w.AltText, changed = *b.AltText, append(changed, "alt_text")
	}
	if b.FirstStepsDone != nil {
		w.FirstSteps, changed = *b.FirstStepsDone, append(changed, "first_steps_done")
	}
	return changed, nil
}
