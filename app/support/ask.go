package support

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// request asks an organization. A wrong code, an organization that refuses and one that allows none of what is asked
// for answer the same.
func (s *Support) request(ctx context.Context, c op.Call, in *requestInput) (*GrantView, error) {
	b := in.Body
	asked := Scope{Categories: slices.Compact(slices.Sorted(slices.Values(b.Categories))), Hours: b.Hours, Thumbnails: b.Thumbnails && slices.Contains(b.Categories, Media)}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*GrantView, error) {
		o, found := s.byCode(tx, b.Code)
		p := PolicyOf(tx, o)
		if !found || p.Off || len(asked.Within(p.Ceiling).Categories) == 0 || len(s.decidersBut(tx, o, c.Actor.Identity)) == 0 {
			return nil, ErrRefused
		}
		for _, g := range grants.By(tx, "staff", store.Range{Prefix: store.K(c.Actor.Identity)}) {
			if g.Organization == o && g.State.Open() && !g.overdue(tx.Now()) {
				return nil, ErrOpenAlready
			}
		}
		now := tx.Now()
		g := Grant{Organization: o, ID: ref.Mint[ref.Grant](now), Staff: c.Actor.Identity, Ticket: b.Ticket, Reason: strings.TrimSpace(b.Reason),
			Asked: asked, State: Requested, RequestedAt: now, Version: 1}
		if p.Network {
			g.Network = c.From.Prefix
		}
		if len(g.Reason) < 20 {
			return nil, ErrReason.At("/reason", "say in a sentence or two what you need to find out")
		}
		grants.Put(tx, g)
		op.Write(tx, c, act("grant.requested", g, nil))
		if err := s.tell(tx, "requested", g, ""); err != nil {
			return nil, err
		}
		return s.view(tx, g), nil
	})
}

// act is a step of a grant as the logs get to know it.
func act(action audit.Action, g Grant, values map[string]string) op.Act {
	if values == nil {
		values = map[string]string{"state": string(g.State)}
	}
	return op.Act{Action: action, On: audit.Thing{Kind: "grant", ID: g.ID.String()}, Organization: g.Organization, Values: values,
		Changed: categoryNames(g), Why: audit.Why{Ticket: g.Ticket, Reason: g.Reason, Grant: g.ID.String(), Basis: g.Because}}
}

// categoryNames stand in the log as the names of what a step is about.
func categoryNames(g Grant) []string {
	from := g.Scope.Categories
	if len(from) == 0 {
		from = g.Asked.Categories
	}
	var names []string
	for _, c := range from {
		names = append(names, string(c))
	}
	return names
}

func (s *Support) tell(tx store.Tx, kind string, g Grant, by string) error {
	return s.Tell(tx, Notice{Kind: kind, Grant: g, Staff: s.Person(tx, g.Staff), By: by, Why: g.Because, Deciders: s.Deciders(tx, g.Organization)})
}

// decidersBut lists the owners and admins who could approve a request of the staff person.
func (s *Support) decidersBut(tx store.ReadTx, o ref.Organization, staff ref.Identity) []Person {
	return slices.DeleteFunc(slices.Clone(s.Deciders(tx, o)), func(p Person) bool { return p.ID == staff || s.SamePerson(tx, p.ID, staff) })
}

func (s *Support) mine(ctx context.Context, c op.Call, in *grantsInput) (*op.Listed[GrantView], error) {
	at, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[GrantView], error) {
		out := &op.Listed[GrantView]{Items: []GrantView{}}
		for key, g := range grants.By(tx, "staff", store.Range{Prefix: store.K(c.Actor.Identity), To: at, Back: true}) {
			if len(out.Items) == in.Limit {
				last := out.Items[in.Limit-1]
				out.NextCursor = c.Cursor(store.K(c.Actor.Identity, last.ID))
				break
			}
			_ = key
			out.Items = append(out.Items, *s.view(tx, g))
		}
		return out, nil
	})
}

// own finds a grant of the staff person who asks; anybody else's isn't there.
func own(tx store.ReadTx, c op.Call, id ref.Grant) (Grant, error) {
	g, ok := find(tx, id)
	if !ok || g.Staff != c.Actor.Identity {
		return Grant{}, ErrNotFound
	}
	return g, nil
}

// VersionOf is the version of the grant that an id names, so that a proof is given for the grant as it stood.
func VersionOf(tx store.ReadTx, id string) (int64, bool) {
	var g ref.Grant
	if g.UnmarshalText([]byte(id)) != nil || g.Zero() {
		return 0, false
	}
	found, ok := find(tx, g)
	return found.Version, ok
}

// Own says whether the staff person asked for the grant.
func Own(tx store.ReadTx, who ref.Identity, id ref.Grant) bool {
	g, ok := find(tx, id)
	return ok && g.Staff == who
}

func (s *Support) lookAt(ctx context.Context, c op.Call, in *GrantPath) (*GrantView, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*GrantView, error) {
		g, err := own(tx, c, in.Grant)
		if err != nil {
			return nil, err
		}
		return s.view(tx, g), nil
	})
}

func (s *Support) cancel(ctx context.Context, c op.Call, in *GrantPath) (*GrantView, error) {
	return s.end(ctx, c, in.Grant, Cancel, "grant.cancelled")
}

func (s *Support) close(ctx context.Context, c op.Call, in *GrantPath) (*GrantView, error) {
	return s.end(ctx, c, in.Grant, Close, "grant.closed")
}

// end is what the staff person may do to their own grant.
func (s *Support) end(ctx context.Context, c op.Call, id ref.Grant, act Act, action audit.Action) (*GrantView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*GrantView, error) {
		g, err := own(tx, c, id)
		if err != nil {
			return nil, err
		}
		if g, err = g.Next(Deed{Act: act, Part: Requester, By: c.Actor.Identity, At: tx.Now()}); err != nil {
			return nil, err
		}
		return s.keep(tx, c, g, action, "ended")
	})
}

// keep writes the grant after a step that a person made, with its event, and tells whom it concerns.
func (s *Support) keep(tx store.Tx, c op.Call, g Grant, action audit.Action, notice string) (*GrantView, error) {
	grants.Put(tx, g)
	op.Write(tx, c, act(action, g, nil))
	if notice != "" {
		if err := s.tell(tx, notice, g, s.Person(tx, c.Actor.Identity).Name); err != nil {
			return nil, err
		}
	}
	return s.view(tx, g), nil
}

func (s *Support) view(tx store.ReadTx, g Grant) *GrantView {
	p := PolicyOf(tx, g.Organization)
	named := func(i ref.Identity) PersonView { return PersonView{ID: i, Name: s.Person(tx, i).Name} }
	now := tx.Now()
	v := &GrantView{ID: g.ID, Organization: g.Organization, Name: s.Name(tx, g.Organization), Staff: named(g.Staff), Ticket: g.Ticket, Reason: g.Reason,
		State: g.Stands(now), Asked: scopeView(g.Asked), RequestedAt: g.RequestedAt, Approvals: []ApprovalView{}, Needed: p.Approvals, Because: g.Because, Words: g.Words,
		SayWhy: p.SayWhy, Reads: g.Reads, Records: g.Records, ReadsLeft: maxReads, Version: g.Version}
	if g.State.Open() {
		at := g.LapsesAt()
		v.LapsesAt = &at
	}
	for _, a := range g.Approvals {
		v.Approvals = append(v.Approvals, ApprovalView{By: named(a.By), At: a.At, Scope: scopeView(a.Scope)})
	}
	if !g.ApprovedAt.IsZero() {
		scope := scopeView(g.Scope)
		v.Granted, v.ExpiresAt = &scope, &g.ExpiresAt
	}
	if !g.EndedAt.IsZero() {
		v.EndedAt = &g.EndedAt
	}
	if !g.EndedBy.Zero() {
		by := named(g.EndedBy)
		v.EndedBy = &by
	}
	if g.Hour.Equal(hourOf(now)) {
		v.ReadsLeft = maxReads - g.InHour
	}
	if !g.LastRead.IsZero() {
		v.LastReadAt = &g.LastRead
	}
	return v
}

// Stands is the state at the instant: the clock ends a grant whether or not a sweep wrote it down.
func (g Grant) Stands(now time.Time) State {
	switch {
	case !g.overdue(now):
		return g.State
	case g.State == Active:
		return Expired
	}
	return Lapsed
}

func scopeView(s Scope) ScopeView {
	v := ScopeView{Categories: s.Categories, Hours: s.Hours, Thumbnails: s.Thumbnails}
	if v.Categories == nil {
		v.Categories = []Category{}
	}
	return v
}

// isDecider says whether the role approves support access.
func isDecider(r access.Role) bool { return r == access.Owner || r == access.Admin }
