package identity

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

type signOnCallback struct {
	Code         string `query:"code" maxLength:"4096"`
	State        string `query:"state" maxLength:"512"`
	Issuer       string `query:"iss" maxLength:"2048"`
	Error        string `query:"error" maxLength:"512"`
	Description  string `query:"error_description" maxLength:"2048"`
	URI          string `query:"error_uri" maxLength:"2048"`
	SessionState string `query:"session_state" maxLength:"512"`
	Scope        string `query:"scope" maxLength:"4096"`
	AuthUser     string `query:"authuser" maxLength:"64"`
	Prompt       string `query:"prompt" maxLength:"64"`
	Domain       string `query:"hd" maxLength:"256"`
}

// callback ends a hop. Whatever goes wrong is shown on the page where the person left off.
func (s *Identities) callback(ctx context.Context, c op.Call, in *signOnCallback) (string, error) {
	h, l, err := s.land(ctx, c, in.State)
	if errors.Is(err, ErrHop) {
		return op.Back(c, "/sign-in", err), nil
	}
	if err != nil {
		return "", err
	}
	page := map[string]string{hopSignIn: "/sign-in", hopLink: "/me", hopStepUp: "/"}[h.Purpose]
	to, err := s.arriveBy(ctx, c, h, l, in)
	if err != nil {
		return op.Back(c, page, err), nil
	}
	return to, nil
}

func (s *Identities) arriveBy(ctx context.Context, c op.Call, h hop, l luggage, in *signOnCallback) (string, error) {
	o, clientSecret, err := s.configured(ctx, h.Organization)
	if err != nil {
		return "", err
	}
	p, err := s.discover(ctx, o, clientSecret)
	if err != nil {
		return "", err
	}
	if in.Error != "" || in.Code == "" || (p.saysIss || in.Issuer != "") && in.Issuer != p.issuer {
		return "", ErrSignOnAnswer
	}
	said, err := p.exchange(in.Code, l.Nonce, l.Verifier, s.Clock.Now())
	if err != nil {
		s.Log.Info("a sign-on was refused", "organization", h.Organization.String(), "request", c.Request.String(), "why", err.Error())
		return "", ErrSignOnAnswer
	}
	switch h.Purpose {
	case hopLink:
		return s.linked(ctx, c, o, said)
	case hopStepUp:
		return s.confirmedBy(ctx, c, h, o, said)
	}
	return s.signedOn(ctx, c, o, said)
}

// signedOn signs in whom the provider names: somebody linked before, or somebody new.
func (s *Identities) signedOn(ctx context.Context, c op.Call, o SignOn, said claims) (string, error) {
	var token string
	to, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*string, error) {
		i, err := s.whoIs(tx, c, o, said)
		if err != nil {
			return nil, err
		}
		applyRole(tx, o, said, i.ID)
		leave(tx, c)
		var sess Session
		sess, token = begin(tx, i.ID, c.From.Agent, c.From.Prefix)
		sess.Password, sess.Through, sess.Way = time.Time{}, o.Organization, BySignOn
		to := "/"
		if at, ok := said.several(tx.Now()); ok {
			sess.MFA, sess.Method = at, "sign_on"
		} else if sess.Waiting = HasFactor(tx, i.ID); sess.Waiting {
			sessions.Put(tx, sess)
			op.Unrecorded(c)
			to = "/sign-in#mfa_required"
			return &to, nil
		}
		sessions.Put(tx, sess)
		_, err = s.arrive(tx, c, sess)
		return &to, err
	})
	if err != nil {
		return "", err
	}
	c.SetCookie(cookie(token, c.Secure))
	return *to, nil
}

// whoIs finds the person by issuer and subject. The e-mail address alone finds nobody: it only names a new person, and
// only if the provider confirmed it and nobody has it.
func (s *Identities) whoIs(tx store.Tx, c op.Call, o SignOn, said claims) (Identity, error) {
	if l, ok := logins.Get(tx, store.K(o.Issuer, said.Subject)); ok {
		i, exists := Get(tx, l.Identity)
		if !exists || !organization.Belongs(tx, o.Organization, i.ID) {
			return Identity{}, ErrSignOnMember
		}
		return i, nil
	}
	if !said.Verified || len(said.Email) < 3 || len(said.Email) > 254 {
		return Identity{}, ErrSignOnEmail
	}
	if _, taken := byEmail(tx, said.Email); taken {
		return Identity{}, ErrSignOnLink
	}
	name := []rune(said.Name)
	if name = name[:min(len(name), 100)]; len(name) == 0 {
		name = []rune(said.Email)[:min(100, len([]rune(said.Email)))]
	}
	i := newIdentity(tx, string(name), said.Email, "", "")
	m := organization.Join(tx, o.Organization, i.ID, access.Member, nil)
	i.EmailVerified = true
	identities.Put(tx, i)
	op.Write(tx, c, op.Act{Action: "member.joined", On: audit.Thing{Kind: "member", ID: m.ID.String()}, Organization: o.Organization, Values: map[string]string{"role": string(m.Role)},
		Private: map[string]string{"email": i.Email}})
	logins.Put(tx, login{Issuer: o.Issuer, Subject: said.Subject, Identity: i.ID, At: tx.Now()})
	return i, nil
}

// applyRole gives the member the strongest role that one of their values maps to. Owners stay owners.
func applyRole(tx store.Tx, o SignOn, said claims, who ref.Identity) {
	if o.RoleClaim == "" {
		return
	}
	role, has := access.Member, said.values(o.RoleClaim)
	for _, strongest := range access.OrganizationRoles {
		if slices.ContainsFunc(has, func(v string) bool { return o.Roles[v] == strongest }) && strongest != access.Owner {
			role = strongest
			break
		}
	}
	if organization.SetRole(tx, o.Organization, who, role) {
		endOthers(tx, who, ref.Session{})
	}
}

func (s *Identities) linked(ctx context.Context, c op.Call, o SignOn, said claims) (string, error) {
	_, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		if !organization.Belongs(tx, o.Organization, c.Actor.Identity) {
			return nil, ErrSignOnMember
		}
		if l, there := logins.Get(tx, store.K(o.Issuer, said.Subject)); there && l.Identity != c.Actor.Identity {
			return nil, ErrSignOnTaken
		}
		logins.Put(tx, login{Issuer: o.Issuer, Subject: said.Subject, Identity: c.Actor.Identity, At: tx.Now()})
		record(tx, c, "sign_on.linked", c.Actor.Identity, audit.OK, op.Act{})
		return &op.None{}, nil
	})
	return "/me#linked=sign_on", err
}

// confirmedBy takes the provider's word that the same person proved several factors since the browser left.
func (s *Identities) confirmedBy(ctx context.Context, c op.Call, h hop, o SignOn, said claims) (string, error) {
	var token string
	_, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		sess, ok := sessions.Get(tx, store.K(h.Identity, h.Session))
		l, linked := logins.Get(tx, store.K(o.Issuer, said.Subject))
		at, several := said.several(tx.Now())
		if !ok || !linked || l.Identity != h.Identity || sess.Through != o.Organization || !several || at.Before(h.StartedAt.Add(-time.Minute)) {
			return nil, ErrSignOnAnswer
		}
		sess.MFA, sess.Method = at, "sign_on"
		_, token = rotate(tx, sess)
		record(tx, c, "session.confirmed", h.Identity, audit.OK, op.Act{})
		return &op.None{}, nil
	})
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return "/#confirmed", err
}
