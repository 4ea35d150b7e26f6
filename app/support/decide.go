package support

import (
	"context"
	"slices"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/schedule"
	"github.com/omniposto/omniposto/store"
)

// of reads a grant of the call's organization.
func of(tx store.ReadTx, c op.Call, id ref.Grant) (Grant, error) {
	g, ok := grants.Get(tx, store.K(c.Organization, id))
	if !ok {
		return Grant{}, ErrNotFound
	}
	return g, nil
}

func (s *Support) list(ctx context.Context, c op.Call, in *customerGrantsInput) (*op.Listed[GrantView], error) {
	at, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[GrantView], error) {
		out := &op.Listed[GrantView]{Items: []GrantView{}}
		for _, g := range grants.All(tx, store.Range{Prefix: store.K(c.Organization), To: at, Back: true}) {
			if len(out.Items) == in.Limit {
				out.NextCursor = c.Cursor(store.K(c.Organization, out.Items[in.Limit-1].ID))
				break
			}
			out.Items = append(out.Items, *s.view(tx, g))
		}
		return out, nil
	})
}

func (s *Support) read(ctx context.Context, c op.Call, in *CustomerPath) (*GrantView, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*GrantView, error) {
		g, err := of(tx, c, in.Grant)
		if err != nil {
			return nil, err
		}
		return s.view(tx, g), nil
	})
}

// approve is one person's yes. The gate has seen that the second factor was given for this request and this answer in
// the last five minutes; the state machine is told so and judges again.
func (s *Support) approve(ctx context.Context, c op.Call, in *approveInput) (*GrantView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*GrantView, error) {
		g, err := of(tx, c, in.Grant)
		if err != nil {
			return nil, err
		}
		p := PolicyOf(tx, c.Organization)
		switch {
		case c.Actor.Identity == g.Staff || s.SamePerson(tx, c.Actor.Identity, g.Staff):
			return nil, ErrRequester
		case p.Off || !s.StaffActive(tx, g.Staff):
			return nil, ErrAct
		case len(s.decidersBut(tx, c.Organization, g.Staff)) < p.Approvals:
			return nil, ErrApprovers
		}
		scope := g.Asked
		if len(in.Body.Categories) > 0 {
			scope.Categories = slices.Compact(slices.Sorted(slices.Values(in.Body.Categories)))
		}
		if in.Body.Hours > 0 {
			scope.Hours = in.Body.Hours
		}
		if in.Body.Thumbnails != nil {
			scope.Thumbnails = *in.Body.Thumbnails
		}
		g, err = g.Next(Deed{Act: Approve, Part: Decider, By: c.Actor.Identity, At: tx.Now(), Scope: scope, Needed: p.Approvals, Ceiling: p.Ceiling,
			Proof: Proof{Given: !c.Actor.MFAAt.IsZero(), Age: c.Now.Sub(c.Actor.MFAAt), Bound: c.Meta.StepUp.Bound}})
		if err != nil {
			return nil, err
		}
		seen(tx)
		return s.keep(tx, c, g, "grant.approved", "approved")
	})
}

func (s *Support) deny(ctx context.Context, c op.Call, in *denyInput) (*GrantView, error) {
	return s.decide(ctx, c, in.Grant, Deed{Act: Deny, Words: in.Body.Words}, "grant.denied")
}

func (s *Support) withdraw(ctx context.Context, c op.Call, in *CustomerPath) (*GrantView, error) {
	return s.decide(ctx, c, in.Grant, Deed{Act: Withdraw}, "grant.withdrawn")
}

// decide is what an owner or admin does to a grant by a click.
func (s *Support) decide(ctx context.Context, c op.Call, id ref.Grant, d Deed, action audit.Action) (*GrantView, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*GrantView, error) {
		g, err := of(tx, c, id)
		if err != nil {
			return nil, err
		}
		d.Part, d.By, d.At = Decider, c.Actor.Identity, tx.Now()
		if g, err = g.Next(d); err != nil {
			return nil, err
		}
		return s.keep(tx, c, g, action, "ended")
	})
}

func (s *Support) sightings(ctx context.Context, c op.Call, in *readsInput) (*op.Listed[SightingView], error) {
	at, err := c.Position(in.Cursor)
	if err != nil {
		return nil, err
	}
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[SightingView], error) {
		if _, err := of(tx, c, in.Grant); err != nil {
			return nil, err
		}
		out := &op.Listed[SightingView]{Items: []SightingView{}}
		for _, r := range sightings.All(tx, store.Range{Prefix: store.K(c.Organization, in.Grant), To: at, Back: true}) {
			if len(out.Items) == in.Limit {
				out.NextCursor = c.Cursor(store.K(c.Organization, in.Grant, out.Items[in.Limit-1].N))
				break
			}
			v := SightingView{N: r.N, At: r.At, Category: r.Category, Fields: r.Fields, Records: r.Records, Count: r.Count, Why: r.Why, Event: r.Event}
			if v.Records == nil {
				v.Records = []string{}
			}
			out.Items = append(out.Items, v)
		}
		return out, nil
	})
}

func (p Policy) view() PolicyView {
	return PolicyView{Allowed: !p.Off, Approvals: p.Approvals, Hours: p.Ceiling.Hours, Categories: p.Ceiling.Categories, Thumbnails: p.Ceiling.Thumbnails,
		From: p.From, To: p.To, Timezone: p.Timezone, SayWhy: p.SayWhy, Network: p.Network}
}

func (s *Support) answer(tx store.ReadTx, p Policy) *PolicyAnswer {
	return &PolicyAnswer{PolicyView: p.view(), Code: s.Code(p.Organization, tx.Now()), Version: p.Version}
}

func (s *Support) readPolicy(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*PolicyAnswer, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*PolicyAnswer, error) {
		return s.answer(tx, PolicyOf(tx, c.Organization)), nil
	})
}

func (s *Support) changePolicy(ctx context.Context, c op.Call, in *policyInput) (*PolicyAnswer, error) {
	b := in.Body
	if _, err := schedule.Zone(b.Timezone); err != nil {
		return nil, ErrPolicy.At("/timezone", "use an IANA name, like Europe/Berlin")
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*PolicyAnswer, error) {
		old := PolicyOf(tx, c.Organization)
		if err := c.Matches(old.Version, s.answer(tx, old)); err != nil {
			return nil, err
		}
		if b.Approvals > len(s.Deciders(tx, c.Organization)) {
			return nil, ErrPolicy.At("/approvals", "there must be as many owners and admins; invite another one first")
		}
		p := Policy{Organization: c.Organization, Off: !b.Allowed, Approvals: b.Approvals, From: b.From, To: b.To, Timezone: b.Timezone, SayWhy: b.SayWhy, Network: b.Network, Version: old.Version + 1,
			Ceiling: Scope{Categories: slices.Compact(slices.Sorted(slices.Values(b.Categories))), Hours: b.Hours, Thumbnails: b.Thumbnails}}
		policies.Put(tx, p)
		op.Write(tx, c, op.Act{Action: "support.policy_changed", On: audit.Thing{Kind: "organization", ID: c.Organization.String()}, Changed: changedNames(old, p)})
		if p.Off {
			if err := s.EndAll(tx, c.Organization, RuleOff); err != nil {
				return nil, err
			}
		}
		return s.answer(tx, p), nil
	})
}

func changedNames(old, p Policy) []string {
	var names []string
	for name, differs := range map[string]bool{"allowed": old.Off != p.Off, "approvals": old.Approvals != p.Approvals, "longest_hours": old.Ceiling.Hours != p.Ceiling.Hours,
		"categories": !slices.Equal(old.Ceiling.Categories, p.Ceiling.Categories), "thumbnails": old.Ceiling.Thumbnails != p.Ceiling.Thumbnails,
		"hours_of_day": old.From != p.From || old.To != p.To || old.Timezone != p.Timezone, "say_why": old.SayWhy != p.SayWhy, "network": old.Network != p.Network} {
		if differs {
			names = append(names, name)
		}
	}
	return names
}

// approversStand says whether everybody whose yes a grant rests on could still give it.
func (s *Support) approversStand(tx store.ReadTx, g Grant) bool {
	return len(g.Approvals) > 0 && !slices.ContainsFunc(g.Approvals, func(a Approval) bool { return !isDecider(s.Role(tx, g.Organization, a.By)) })
}
