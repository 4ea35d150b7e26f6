package identity

import (
	"context"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Policy is what an organization asks of the sign-ins of its members, beyond what everybody is asked.
type Policy struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	SecondFactor bool             `cbor:"2,keyasint,omitempty"`
	Ways         []string         `cbor:"3,keyasint,omitempty"` // in which members may sign in; empty: all
	Session      time.Duration    `cbor:"4,keyasint,omitempty"` // longest; zero: what everybody has
	StrictTOTP   bool             `cbor:"5,keyasint,omitempty"`
	Version      int64            `cbor:"6,keyasint"`
	DeviceBound  bool             `cbor:"7,keyasint,omitempty"`
}

// The ways of signing in.
const (
	ByPassword = "password"
	ByPasskey  = "passkey"
	BySignOn   = "sign_on"
)

var policies = store.Table[Policy]{Name: "security_policy", Version: 1, Holds: store.Operational,
	Key:   func(p Policy) store.Key { return store.K(p.Organization) },
	Owner: func(p Policy) store.Owner { return store.Owner{Organization: p.Organization} }}

// ErrOwnWay is the error of a policy that would lock out who sets it.
var ErrOwnWay = fail.Conflict("own_way_refused", "You signed in another way than this policy allows. Sign in that way first, so that you aren't locked out.")

// PolicyView is a security policy in the API.
type PolicyView struct {
	SecondFactor bool     `json:"second_factor" doc:"Members need a second factor."`
	Ways         []string `json:"ways" maxItems:"3" doc:"Ways in which members may sign in; none means all."`
	SessionHours int      `json:"session_hours" doc:"After so many hours members sign in again; 0 means as usual."`
	StrictTOTP   bool     `json:"strict_totp" doc:"A code of an authenticator app counts for its own half minute, and ten seconds more."`
	DeviceBound  bool     `json:"device_bound" doc:"Sessions have to be tied to a device, so that a copied cookie alone opens nothing here."`
	Version      int64    `json:"version"`
}

// ETagVersion implements op.Versioned.
func (v PolicyView) ETagVersion() int64 { return v.Version }

type policyInput struct {
	op.OrganizationPath
	Body struct {
		SecondFactor bool     `json:"second_factor"`
		Ways         []string `json:"ways" maxItems:"3" enum:"password,passkey,sign_on"`
		SessionHours int      `json:"session_hours" minimum:"0" maximum:"720"`
		StrictTOTP   bool     `json:"strict_totp"`
		DeviceBound  bool     `json:"device_bound,omitempty"`
	}
}

func (s *Identities) policyOperations() []op.Operation {
	view := PolicyView{SecondFactor: true, Ways: []string{ByPasskey, BySignOn}, SessionHours: 12, Version: 2}
	return []op.Operation{
		op.New("security.read", op.GET("/organizations/{organization}/security"), s.readPolicy).
			Says("Read the security policy", "What the organization asks of its members' sign-ins.").Example(nil, view).
			In(op.InOrganization).By(access.Session).Needs(access.SecurityWrite),
		op.New("security.update", op.PUT("/organizations/{organization}/security"), s.updatePolicy).
			Says("Change the security policy", "It bites on the members' next request. Owners only.").
			Example(map[string]any{"second_factor": true, "ways": []string{"passkey", "sign_on"}, "session_hours": 12, "strict_totp": false}, view).
			In(op.InOrganization).By(access.Session).Versioned().Fresh(stepUpLife).Audits("security.changed").Fails(op.ErrStale, ErrOwnWay, organization.ErrOwnersOnly).
			Hidden("only a person decides on it").Needs(access.SecurityWrite),
	}
}

// policyOf is the organization's policy; the one that asks nothing where none was set.
func policyOf(tx store.ReadTx, o ref.Organization) Policy {
	p, ok := policies.Get(tx, store.K(o))
	if !ok {
		return Policy{Organization: o, Version: 1}
	}
	return p
}

func (p Policy) view() *PolicyView {
	return &PolicyView{SecondFactor: p.SecondFactor, Ways: append([]string{}, p.Ways...), SessionHours: int(p.Session / time.Hour), StrictTOTP: p.StrictTOTP, DeviceBound: p.DeviceBound, Version: p.Version}
}

func (s *Identities) readPolicy(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*PolicyView, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*PolicyView, error) { return policyOf(tx, c.Organization).view(), nil })
}

func (s *Identities) updatePolicy(ctx context.Context, c op.Call, in *policyInput) (*PolicyView, error) {
	if err := ownersOnly(c); err != nil {
		return nil, err
	}
	b := in.Body
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*PolicyView, error) {
		p := policyOf(tx, c.Organization)
		if err := c.Matches(p.Version, p.view()); err != nil {
			return nil, err
		}
		sess, _ := sessions.Get(tx, store.K(c.Actor.Identity, c.Actor.Session))
		switch {
		case len(b.Ways) > 0 && !slices.Contains(b.Ways, sess.Way):
			return nil, ErrOwnWay
		case b.DeviceBound && len(sess.DeviceKey) == 0:
			return nil, ErrOwnWay.Saying("Your own session isn't tied to a device. Sign in again with a browser that can do it, so that you aren't locked out.")
		}
		slices.Sort(b.Ways)
		next := Policy{Organization: c.Organization, SecondFactor: b.SecondFactor, Ways: slices.Compact(b.Ways), Session: time.Duration(b.SessionHours) * time.Hour,
			StrictTOTP: b.StrictTOTP, DeviceBound: b.DeviceBound, Version: p.Version + 1}
		policies.Put(tx, next)
		var changed []string
		for name, differs := range map[string]bool{"second_factor": p.SecondFactor != next.SecondFactor, "ways": !slices.Equal(p.Ways, next.Ways),
			"session_hours": p.Session != next.Session, "strict_totp": p.StrictTOTP != next.StrictTOTP, "device_bound": p.DeviceBound != next.DeviceBound} {
			if differs {
				changed = append(changed, name)
			}
		}
		op.Write(tx, c, op.Act{Action: "security.changed", On: audit.Thing{Kind: "organization", ID: c.Organization.String()}, Changed: changed})
		return next.view(), nil
	})
}

// entered parts the person's organizations into those that the session may enter and those from which something bars it.
// What isn't the sign-on's own organization isn't even named to it.
func entered(tx store.ReadTx, sess Session, in []access.Membership) (may []access.Membership, out map[ref.Organization]access.Bar) {
	out = map[ref.Organization]access.Bar{}
	for _, m := range in {
		why := bar(tx, sess, m)
		switch {
		case !sess.Through.Zero() && sess.Through != m.Organization:
		case why != "":
			out[m.Organization] = why
		default:
			may = append(may, m)
		}
	}
	return may, out
}

func bar(tx store.ReadTx, sess Session, m access.Membership) access.Bar {
	o, ok := signOns.Get(tx, store.K(m.Organization))
	p := policyOf(tx, m.Organization)
	switch {
	case ok && o.Forced && sess.Through != m.Organization && !(m.Role == access.Owner && sess.Way == ByPasskey):
		return access.BarSignOn
	case len(p.Ways) > 0 && !slices.Contains(p.Ways, sess.Way):
		return access.BarWay
	case p.SecondFactor && sess.MFA.IsZero() && !HasFactor(tx, sess.Identity):
		return access.BarFactor
	case p.DeviceBound && len(sess.DeviceKey) == 0:
		return access.BarDevice
	}
	return ""
}

// refusedByAll refuses the password of somebody whom it would open nothing: each of their organizations asks for its own
// sign-on, and they are no owner with a passkey. Who hasn't linked theirs yet needs the password to do so.
func (s *Identities) refusedByAll(tx store.ReadTx, i Identity) error {
	in := organization.MembershipsOf(tx, i.ID)
	if len(in) == 0 || i.Administrator || i.Staff == StaffActive {
		return nil
	}
	best := Session{Identity: i.ID, Way: ByPassword}
	if len(s.passkeysHere(tx, i.ID)) > 0 {
		best.Way = ByPasskey
	}
	for _, m := range in {
		if bar(tx, best, m) != access.BarSignOn || signOnState(tx, m.Organization, i.ID) != SignOnLinked {
			return nil
		}
	}
	return ErrSignOnForced.With("organization", in[0].Organization.String())
}

// tooOld says whether the session is older than an organization allows that it reaches.
func tooOld(tx store.ReadTx, sess Session, in []access.Membership) bool {
	return slices.ContainsFunc(in, func(m access.Membership) bool {
		longest := policyOf(tx, m.Organization).Session
		return longest > 0 && (sess.Through.Zero() || sess.Through == m.Organization) && tx.Now().Sub(sess.CreatedAt) > longest
	})
}

// strictTOTP says whether one of the person's organizations asks for it.
func strictTOTP(tx store.ReadTx, id ref.Identity) bool {
	return slices.ContainsFunc(organization.MembershipsOf(tx, id), func(m access.Membership) bool { return policyOf(tx, m.Organization).StrictTOTP })
}
