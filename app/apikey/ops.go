package apikey

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// keysFresh is how fresh the second factor of who makes a key must be.
const keysFresh = 5 * time.Minute

// Keys offers the operations on API keys.
type Keys struct{ Deps }

// Deps is what the operations use.
type Deps struct {
	DB   *store.DB
	Log  *slog.Logger
	Mail *mail.Outbox
	Link func(o ref.Organization) string // where keys are looked at
}

// New makes the operations.
func New(d Deps) *Keys { return &Keys{d} }

// View is a key in the API; its text is there once, in the answer that made it.
type View struct {
	ID                 ref.Key             `json:"id"`
	Name               string              `json:"name" maxLength:"100"`
	Scopes             []access.Permission `json:"scopes" maxItems:"64" doc:"Names of permissions."`
	Workspaces         []ref.Workspace     `json:"workspaces" maxItems:"1000" doc:"Empty: wherever its maker may."`
	MadeBy             ref.Identity        `json:"made_by"`
	MadeByName         string              `json:"made_by_name"`
	CreatedAt          time.Time           `json:"created_at"`
	ExpiresAt          time.Time           `json:"expires_at"`
	LastUsedDay        string              `json:"last_used_day,omitempty"`
	DraftsOnly         bool                `json:"drafts_only" doc:"Nothing goes out by it."`
	PublicationsPerDay int                 `json:"publications_per_day" doc:"Deliveries that it may schedule in a UTC day; 0: no bound."`
	State              string              `json:"state" enum:"active,expired,suspended,powerless" doc:"powerless: whoever made it no longer belongs here. suspended: it came back with a backup."`
	Version            int64               `json:"version"`
}

// ETagVersion implements op.Versioned.
func (v View) ETagVersion() int64 { return v.Version }

// Made is the answer of apikeys.create.
type Made struct {
	View
	Key string `json:"key" doc:"Shown this once. Send it as Authorization: Bearer."`
}

// Path is the part of a path that names the key.
type Path struct {
	op.OrganizationPath
	Key ref.Key `path:"key" maxLength:"40" doc:"The key's id."`
}

type createKey struct {
	op.OrganizationPath
	Body struct {
		Name               string              `json:"name" minLength:"1" maxLength:"100" doc:"What it is for."`
		Scopes             []access.Permission `json:"scopes" maxItems:"64" doc:"Names of permissions, none that you don't have."`
		Workspaces         []ref.Workspace     `json:"workspaces,omitempty" maxItems:"1000" doc:"Only there; absent: wherever you may."`
		ExpiresAt          time.Time           `json:"expires_at,omitempty" doc:"Within two years; absent: in 90 days."`
		DraftsOnly         bool                `json:"drafts_only,omitempty"`
		PublicationsPerDay int                 `json:"publications_per_day,omitempty" minimum:"0" maximum:"100000"`
	}
}

type updateKey struct {
	Path
	Body struct {
		Name               *string              `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Scopes             *[]access.Permission `json:"scopes,omitempty" maxItems:"64" doc:"Some of those it has."`
		Workspaces         *[]ref.Workspace     `json:"workspaces,omitempty" maxItems:"1000" doc:"Some of those it may enter."`
		ExpiresAt          *time.Time           `json:"expires_at,omitempty" doc:"Only earlier than it is."`
		DraftsOnly         *bool                `json:"drafts_only,omitempty"`
		PublicationsPerDay *int                 `json:"publications_per_day,omitempty" minimum:"0" maximum:"100000" doc:"Only less than it is."`
	}
}

// Operations lists what can be done.
func (s *Keys) Operations() []op.Operation {
	view := View{Name: "Import from the shop", Scopes: []access.Permission{access.PostsDraft, access.WorkspaceRead}, Workspaces: []ref.Workspace{}, MadeByName: "Mira Lindqvist",
		DraftsOnly: true, State: "active", Version: 1}
	return []op.Operation{
		op.New("apikeys.list", op.GET("/organizations/{organization}/keys"), s.list).
			Says("List API keys", "What programs may act here, by whom they were made and until when.").
			Example(nil, op.Listed[View]{Items: []View{view}}).In(op.InOrganization).By(access.Session).Needs(access.KeysWrite),
		op.New("apikeys.create", op.POST("/organizations/{organization}/keys"), s.create).
			Says("Make an API key", "Lets a program act here, within its scopes and within what you yourself may at that moment. All owners are told.").
			Example(map[string]any{"name": "Import from the shop", "scopes": []string{"posts.draft", "workspace.read"}, "drafts_only": true}, Made{View: view, Key: Prefix + "…"}).
			In(op.InOrganization).By(access.Session).Creates().ShowsSecret().Fresh(keysFresh).Audits("key.created").
			Fails(ErrScope, ErrWorkspace, ErrExpiry, ErrTooMany).Hidden("only a person lets a program in").Needs(access.KeysWrite),
		op.New("apikeys.update", op.PATCH("/organizations/{organization}/keys/{key}"), s.update).
			Says("Narrow an API key", "Changes its name, or takes something away from it. It never gets more.").
			Example(map[string]any{"scopes": []string{"workspace.read"}}, view).In(op.InOrganization).By(access.Session).Versioned().Audits("key.changed").
			Fails(op.ErrStale, ErrNotFound, ErrWider, ErrExpiry).Hidden("only a person changes what a program may").Needs(access.KeysWrite),
		op.New("apikeys.resume", op.POST("/organizations/{organization}/keys/{key}/resume"), s.resume).
			Says("Resume a suspended API key", "After a backup was restored every key waits until somebody says that it wasn't revoked since.").
			Example(nil, view).In(op.InOrganization).By(access.Session).Versioned().Fresh(keysFresh).Audits("key.resumed").
			Fails(op.ErrStale, ErrNotFound, ErrNotStopped).Hidden("only a person lets a program in").Needs(access.KeysWrite),
		op.New("apikeys.revoke", op.DELETE("/organizations/{organization}/keys/{key}"), s.revoke).
			Says("Revoke an API key", "It stops working at once. Taking back needs neither a version nor a second factor.").
			In(op.InOrganization).By(access.Session).Audits("key.revoked").Fails(ErrNotFound).Hidden("only a person changes what a program may").Needs(access.KeysWrite),
	}
}

func (k Key) view(tx store.ReadTx) View {
	by, _ := identity.Get(tx, k.By)
	v := View{ID: k.ID, Name: k.Name, Scopes: k.Scopes, Workspaces: k.Workspaces, MadeBy: k.By, MadeByName: by.Name, CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt,
		DraftsOnly: k.DraftsOnly, PublicationsPerDay: k.PerDay, State: "active", Version: k.Version}
	if v.Scopes == nil {
		v.Scopes = []access.Permission{}
	}
	if v.Workspaces == nil {
		v.Workspaces = []ref.Workspace{}
	}
	if !k.LastUsed.IsZero() {
		v.LastUsedDay = k.LastUsed.Format(time.DateOnly)
	}
	if _, ok := k.actor(tx); !ok {
		switch {
		case !tx.Now().Before(k.ExpiresAt):
			v.State = "expired"
		case k.Suspended:
			v.State = "suspended"
		default:
			v.State = "powerless"
		}
	}
	return v
}

func (s *Keys) list(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*op.Listed[View], error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[View], error) {
		out := &op.Listed[View]{Items: []View{}}
		for _, k := range keys.All(tx, store.Range{Prefix: store.K(c.Organization), Back: true}) {
			out.Items = append(out.Items, k.view(tx))
		}
		return out, nil
	})
}

func (s *Keys) create(ctx context.Context, c op.Call, in *createKey) (*Made, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*Made, error) {
		b, now := in.Body, tx.Now()
		k := Key{Organization: c.Organization, ID: ref.Mint[ref.Key](now), Name: strings.TrimSpace(b.Name), Scopes: tidy(b.Scopes), Workspaces: tidy(b.Workspaces),
			By: c.Actor.Identity, CreatedAt: now, ExpiresAt: b.ExpiresAt, DraftsOnly: b.DraftsOnly, PerDay: b.PublicationsPerDay, Version: 1}
		if k.ExpiresAt.IsZero() {
			k.ExpiresAt = now.Add(DefaultLife)
		}
		if err := k.check(tx, c.Actor); err != nil {
			return nil, err
		}
		var text string
		text, k.Hash = mint(k.ID)
		keys.Put(tx, k)
		op.Write(tx, c, op.Act{Action: "key.created", On: thing(k), Private: map[string]string{"name": k.Name}})
		if err := s.tellOwners(tx, k); err != nil {
			return nil, err
		}
		return &Made{View: k.view(tx), Key: text}, nil
	})
}

// check refuses a key that may more than its maker, elsewhere, or for too long.
func (k Key) check(tx store.ReadTx, maker access.Actor) error {
	has := permissionsOf(tx, maker, k.Organization)
	for i, p := range k.Scopes {
		if !slices.Contains(access.Scopes(), p) || !slices.Contains(has, p) {
			return ErrScope.At(fmt.Sprintf("/scopes/%d", i), "use the name of a permission that you have in this organization")
		}
	}
	for i, w := range k.Workspaces {
		if _, ok := organization.GetWorkspace(tx, k.Organization, w); !ok || !maker.Belongs(k.Organization, w) {
			return ErrWorkspace.At(fmt.Sprintf("/workspaces/%d", i), "name workspaces of this organization only")
		}
	}
	if life := k.ExpiresAt.Sub(tx.Now()); life <= 0 || life > MaxLife {
		return ErrExpiry.At("/expires_at", "give a time within the next two years")
	}
	n := 0
	for range keys.All(tx, store.Range{Prefix: store.K(k.Organization)}) {
		n++
	}
	if n >= maxKeys {
		return ErrTooMany
	}
	return nil
}

// tellOwners writes to every owner that a program was let in.
func (s *Keys) tellOwners(tx store.Tx, k Key) error {
	o, _ := organization.Get(tx, k.Organization)
	by, _ := identity.Get(tx, k.By)
	for _, owner := range organization.Owners(tx, k.Organization) {
		who, ok := identity.Get(tx, owner)
		if !ok {
			continue
		}
		err := s.Mail.Queue(tx, mail.Letter{Kind: mail.KeyCreated, To: who.Email, Name: who.Name, Organization: k.Organization, Locale: who.Locale, Link: s.Link(k.Organization),
			Data: map[string]string{"organization": o.Name, "name": k.Name, "by": by.Name}})
		if err != nil {
			return fmt.Errorf("tell the owners of a key: %w", err)
		}
	}
	return nil
}

func thing(k Key) audit.Thing { return audit.Thing{Kind: "api_key", ID: k.ID.String()} }

// tidy drops what stands twice.
func tidy[T comparable](list []T) (out []T) {
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func (s *Keys) update(ctx context.Context, c op.Call, in *updateKey) (*View, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*View, error) {
		k, err := s.find(tx, c, in.Key)
		if err != nil {
			return nil, err
		}
		changed, err := k.narrow(tx.Now(), in)
		if err != nil {
			return nil, err
		}
		k.Version++
		keys.Put(tx, k)
		op.Write(tx, c, op.Act{Action: "key.changed", On: thing(k), Changed: changed})
		v := k.view(tx)
		return &v, nil
	})
}

// find reads a key that the request names with its version.
func (s *Keys) find(tx store.ReadTx, c op.Call, id ref.Key) (Key, error) {
	k, ok := keys.Get(tx, store.K(c.Organization, id))
	if !ok {
		return Key{}, ErrNotFound
	}
	return k, c.Matches(k.Version, k.view(tx))
}

// narrow changes what the request names and lists it; anything that would widen the key is refused.
func (k *Key) narrow(now time.Time, in *updateKey) (changed []string, err error) {
	b := in.Body
	if b.Name != nil {
		k.Name, changed = strings.TrimSpace(*b.Name), append(changed, "name")
	}
	if b.Scopes != nil {
		for i, p := range *b.Scopes {
			if !slices.Contains(k.Scopes, p) {
				return nil, ErrWider.At(fmt.Sprintf("/scopes/%d", i), "leave out what it doesn't have")
			}
		}
		k.Scopes, changed = tidy(*b.Scopes), append(changed, "scopes")
	}
	if b.Workspaces != nil {
		if len(*b.Workspaces) == 0 && len(k.Workspaces) > 0 {
			return nil, ErrWider.At("/workspaces", "an empty list is everywhere")
		}
		for i, w := range *b.Workspaces {
			if len(k.Workspaces) > 0 && !slices.Contains(k.Workspaces, w) {
				return nil, ErrWider.At(fmt.Sprintf("/workspaces/%d", i), "leave out where it may not enter")
			}
		}
		k.Workspaces, changed = tidy(*b.Workspaces), append(changed, "workspaces")
	}
	if b.ExpiresAt != nil {
		if b.ExpiresAt.After(k.ExpiresAt) {
			return nil, ErrWider.At("/expires_at", "only earlier than it is")
		}
		if !b.ExpiresAt.After(now) {
			return nil, ErrExpiry.At("/expires_at", "revoke it to end it at once")
		}
		k.ExpiresAt, changed = *b.ExpiresAt, append(changed, "expires_at")
	}
	if b.DraftsOnly != nil {
		if k.DraftsOnly && !*b.DraftsOnly {
			return nil, ErrWider.At("/drafts_only", "it may only draft")
		}
		k.DraftsOnly, changed = *b.DraftsOnly, append(changed, "drafts_only")
	}
	if n := b.PublicationsPerDay; n != nil {
		if k.PerDay > 0 && (*n == 0 || *n > k.PerDay) {
			return nil, ErrWider.At("/publications_per_day", "only less than it is; 0 is no bound")
		}
		k.PerDay, changed = *n, append(changed, "publications_per_day")
	}
	return changed, nil
}

type resumeKey struct{ Path }

func (s *Keys) resume(ctx context.Context, c op.Call, in *resumeKey) (*View, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*View, error) {
		k, err := s.find(tx, c, in.Key)
		if err != nil {
			return nil, err
		}
		if !k.Suspended {
			return nil, ErrNotStopped
		}
		k.Suspended = false
		k.Version++
		keys.Put(tx, k)
		op.Write(tx, c, op.Act{Action: "key.resumed", On: thing(k)})
		v := k.view(tx)
		return &v, nil
	})
}

func (s *Keys) revoke(ctx context.Context, c op.Call, in *Path) (*op.None, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		k, ok := keys.Get(tx, store.K(c.Organization, in.Key))
		if !ok {
			return nil, ErrNotFound
		}
		keys.Delete(tx, store.K(k.Organization, k.ID))
		spending.Delete(tx, store.K(k.Organization, k.ID))
		op.Write(tx, c, op.Act{Action: "key.revoked", On: thing(k)})
		return &op.None{}, nil
	})
}

// Touch notes the day on which a key was used: it writes at most once a day.
func (s *Keys) Touch(ctx context.Context, a access.Actor) {
	if a.Key == nil {
		return
	}
	stale := func(tx store.ReadTx) (Key, bool) {
		k, ok := byID(tx, a.Key.ID)
		return k, ok && k.LastUsed.Before(tx.Now().UTC().Truncate(24*time.Hour))
	}
	due := false
	err := s.DB.View(ctx, func(tx store.ReadTx) error { _, due = stale(tx); return nil })
	if err == nil && due {
		err = s.DB.Update(ctx, func(tx store.Tx) error {
			if k, still := stale(tx); still {
				k.LastUsed = tx.Now().UTC().Truncate(24 * time.Hour)
				keys.Put(tx, k)
			}
			return nil
		})
	}
	if err != nil {
		s.Log.Warn("a key's use wasn't noted", "error", err.Error())
	}
}

// rateLimit is the header of the budget, in the form of the other limits.
func rateLimit(most, left int, until time.Duration) string {
	return fmt.Sprintf("%q;q=%d;r=%d;t=%d", "publications", most, left, int(until/time.Second)+1)
}
