package identity

import (
	"context"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/schedule"
	"github.com/omniposto/omniposto/store"
)

type updateMe struct {
	Body struct {
		Name       *string `json:"name,omitempty" minLength:"1" maxLength:"100"`
		Locale     *string `json:"locale,omitempty" pattern:"^[a-z]{2}(-[A-Za-z]{2,4})?$" maxLength:"10"`
		Timezone   *string `json:"timezone,omitempty" maxLength:"64"`
		HourFormat *string `json:"hour_format,omitempty" enum:"auto,12,24"`
		Theme      *string `json:"theme,omitempty" enum:"system,light,dark"`
	}
}

type changePassword struct {
	Body struct {
		Current  string `json:"current" minLength:"1" maxLength:"256"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

// SessionView is a session in the API.
type SessionView struct {
	ID         ref.Session `json:"id"`
	Current    bool        `json:"current"`
	Device     string      `json:"device" doc:"The browser's family."`
	Prefix     string      `json:"prefix" doc:"The network it came from."`
	MFA        bool        `json:"mfa" doc:"A second factor was given in it."`
	Bound      bool        `json:"bound" doc:"It is tied to the device, so that a copied cookie alone confirms nothing."`
	CreatedAt  time.Time   `json:"created_at"`
	LastSeenAt time.Time   `json:"last_seen_at"`
}

type sessionPath struct {
	Session ref.Session `path:"session" maxLength:"40" doc:"The session's id."`
}

type invitedInput struct {
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"200"`
	}
}

// InvitedTo says what an invitation is for.
type InvitedTo struct {
	Organization string      `json:"organization" doc:"Empty for staff of the server."`
	Email        string      `json:"email"`
	Role         access.Role `json:"role" doc:"One of the organization's roles, or staff."`
	ExpiresAt    time.Time   `json:"expires_at"`
	Existing     bool        `json:"existing" doc:"Somebody with this address signs in here already: sign in first."`
}

type acceptInput struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"200"`
		Name     string `json:"name,omitempty" maxLength:"100"`
		Password string `json:"password,omitempty" maxLength:"256"`
	}
}

func (s *Identities) ownOperations() []op.Operation {
	session := SessionView{Current: true, Device: "Firefox", Prefix: "198.51.100.0/24", MFA: true}
	invited := InvitedTo{Organization: "Halden Studio", Email: "tom@halden.example", Role: access.Member}
	return []op.Operation{
		op.New("me.update", op.PATCH("/me"), s.updateMe).
			Says("Change your profile", "Name, language, time zone, hours and theme. Absent fields stay as they are.").
			Example(map[string]any{"theme": "dark"}, exampleProfile).By(access.Session).ThroughSignOn().Audits("identity.changed").Fails(schedule.ErrZone).Needs(access.Own),
		op.New("me.password", op.POST("/me/password"), s.changePassword).
			Says("Change your password", "Ends all other sessions.").
			Example(map[string]any{"current": "forty warm jackets", "password": "ninety warm jackets"}, nil).
			By(access.Session).Costs(op.SignIn).NoDryRun("it counts guesses").Audits("password.changed", "session.refused").
			Fails(ErrPasswordWrong, ErrPasswordShort, ErrPasswordWeak, ErrTooManyTries).Hidden("only a person has a password").Needs(access.Own),
		op.New("sessions.list", op.GET("/me/sessions"), s.listSessions).
			Says("List your sessions", "Every browser that is signed in as you.").Example(nil, op.Listed[SessionView]{Items: []SessionView{session}}).
			By(access.Session).Needs(access.Own),
		op.New("sessions.revoke", op.DELETE("/me/sessions/{session}"), s.revoke).
			Says("End a session", "The browser is signed out at once.").By(access.Session).FreshOrPassword(time.Hour).Audits("session.revoked").Fails(ErrSession).Needs(access.Own),
		op.New("sessions.revoke_others", op.DELETE("/me/sessions"), s.revokeOthers).
			Says("End all other sessions", "Every other browser is signed out at once.").By(access.Session).Audits("session.revoked").Needs(access.Own),
		op.New("invitations.read", op.POST("/invitations/read"), s.invited).
			Says("Look at an invitation", "What the holder of the link is invited to.").Example(map[string]any{"token": "the-token-of-the-link"}, invited).
			ChangesNothing().Costs(op.SignIn).Fails(organization.ErrInvitation).Public("the invited person may have no sign-in yet"),
		op.New("invitations.accept", op.POST("/invitations/accept"), s.accept).
			Says("Accept an invitation", "Joins the organization, with a new sign-in or, when signed in, with the current one.").
			Example(map[string]any{"token": "the-token-of-the-link", "name": "Tom Okafor", "password": "seven quiet tents"}, exampleMe).
			Costs(op.SignIn).NoDryRun("it uses the link up").Audits("invitation.accepted").
			Fails(organization.ErrInvitation, ErrSignInFirst, ErrOtherEmail, ErrPasswordShort, ErrPasswordWeak, organization.ErrMemberExists).
			Hidden("only a person joins").Public("the invited person may have no sign-in yet"),
	}
}

func (s *Identities) updateMe(ctx context.Context, c op.Call, in *updateMe) (*Profile, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*Profile, error) {
		i, ok := Get(tx, c.Actor.Identity)
		if !ok {
			return nil, ErrNoSignIn
		}
		var changed []string
		set := func(name string, to *string, from *string) {
			if from != nil {
				*to, changed = strings.TrimSpace(*from), append(changed, name)
			}
		}
		b := in.Body
		if b.Timezone != nil {
			if err := organization.CheckZone(*b.Timezone); err != nil {
				return nil, err
			}
		}
		set("name", &i.Name, b.Name)
		set("locale", &i.Locale, b.Locale)
		set("timezone", &i.Timezone, b.Timezone)
		set("hour_format", &i.HourFormat, b.HourFormat)
		set("theme", &i.Theme, b.Theme)
		i.Version++
		identities.Put(tx, i)
		record(tx, c, "identity.changed", i.ID, audit.OK, op.Act{Changed: changed})
		p := i.profile()
		return &p, nil
	})
}

func (s *Identities) changePassword(ctx context.Context, c op.Call, in *changePassword) (*op.None, error) {
	var who Identity
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		who, _ = Get(tx, c.Actor.Identity)
		return mayTry(tx, "factor", who.ID.String())
	})
	if err != nil {
		return nil, err
	}
	if fits, _ := s.hasher.Fits(in.Body.Current, who.Password); !fits {
		return nil, s.refused(ctx, c, who.ID, func(tx store.Tx) { wrong(tx, "factor", who.ID.String(), guessesOfOne) }, ErrPasswordWrong.At("/current", "give the password that you sign in with now"))
	}
	if err := CheckPassword(in.Body.Password, !c.Actor.SecondFactor, who.Name, who.Email); err != nil {
		return nil, err
	}
	hash := s.hasher.Hash(in.Body.Password)
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		i, _ := Get(tx, who.ID)
		sess, ok := sessions.Get(tx, store.K(who.ID, c.Actor.Session))
		if !ok {
			return nil, ErrNoSignIn
		}
		i.Password, i.PasswordAt, i.Version = hash, tx.Now(), i.Version+1
		identities.Put(tx, i)
		endOthers(tx, i.ID, sess.ID)
		sess.Password = tx.Now()
		sess.Bound = nil
		_, token = rotate(tx, sess)
		record(tx, c, "password.changed", i.ID, audit.OK, op.Act{})
		unlink(tx, i.ID, toRecover)
		return &op.None{}, s.tell(tx, i, mail.PasswordChanged, map[string]string{"at": stamp(tx.Now())}, "")
	})
	if err == nil {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}

func (s *Identities) listSessions(ctx context.Context, c op.Call, _ *op.None) (*op.Listed[SessionView], error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[SessionView], error) {
		out := &op.Listed[SessionView]{Items: []SessionView{}}
		for _, sess := range sessions.All(tx, store.Range{Prefix: store.K(c.Actor.Identity), Back: true}) {
			if sess.Waiting || sess.over(tx.Now(), false) || len(out.Items) == 200 {
				continue
			}
			out.Items = append(out.Items, SessionView{ID: sess.ID, Current: sess.ID == c.Actor.Session, Device: sess.Agent, Prefix: sess.Prefix,
				MFA: !sess.MFA.IsZero(), Bound: len(sess.DeviceKey) > 0, CreatedAt: sess.CreatedAt, LastSeenAt: sess.LastSeen})
		}
		return out, nil
	})
}

func (s *Identities) revoke(ctx context.Context, c op.Call, in *sessionPath) (*op.None, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		if !sessions.Delete(tx, store.K(c.Actor.Identity, in.Session)) {
			return nil, ErrSession
		}
		record(tx, c, "session.revoked", c.Actor.Identity, audit.OK, op.Act{})
		return &op.None{}, nil
	})
}

func (s *Identities) revokeOthers(ctx context.Context, c op.Call, _ *op.None) (*op.None, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		endOthers(tx, c.Actor.Identity, c.Actor.Session)
		record(tx, c, "session.revoked", c.Actor.Identity, audit.OK, op.Act{})
		return &op.None{}, nil
	})
}

func (s *Identities) invited(ctx context.Context, _ op.Call, in *invitedInput) (*InvitedTo, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*InvitedTo, error) {
		if who, until, ok := welcomed(tx, in.Body.Token); ok {
			return &InvitedTo{Email: who.Email, Role: "staff", ExpiresAt: until}, nil
		}
		i, err := organization.Invited(tx, in.Body.Token)
		if err != nil {
			return nil, err
		}
		o, _ := organization.Get(tx, i.Organization)
		_, existing := byEmail(tx, i.Email)
		return &InvitedTo{Organization: o.Name, Email: i.Email, Role: i.Role, ExpiresAt: i.ExpiresAt, Existing: existing}, nil
	})
}

// verified notes that the identity reads mail at its address: it came with a link that was sent nowhere else.
func verified(tx store.Tx, id ref.Identity) {
	if i, ok := Get(tx, id); ok && !i.EmailVerified {
		i.EmailVerified = true
		i.Version++
		identities.Put(tx, i)
	}
}

// accept joins with the current sign-in when its address is the invited one, else with a new one.
func (s *Identities) accept(ctx context.Context, c op.Call, in *acceptInput) (*Me, error) {
	b := in.Body
	var invitation organization.Invitation
	var existing Identity
	var known, staff bool
	err := s.DB.View(ctx, func(tx store.ReadTx) (err error) {
		if _, _, staff = welcomed(tx, b.Token); staff {
			return nil
		}
		if invitation, err = organization.Invited(tx, b.Token); err != nil {
			return err
		}
		existing, known = byEmail(tx, invitation.Email)
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch {
	case !c.Actor.Through.Zero():
		return nil, ErrSignInFirst
	case staff:
		return s.settle(ctx, c, *in)
	case known && c.Actor.Kind != access.Session:
		return nil, ErrSignInFirst
	case c.Actor.Kind == access.Session && c.Actor.Identity != existing.ID:
		return nil, ErrOtherEmail
	}
	hash := ""
	if !known {
		if err := CheckPassword(b.Password, true, b.Name, invitation.Email); err != nil {
			return nil, err
		}
		hash = s.hasher.Hash(b.Password)
	}
	var token string
	out, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Me, error) {
		invitation, err := organization.Invited(tx, b.Token)
		if err != nil {
			return nil, err
		}
		who, at := existing, c.Actor.Session
		if !known {
			if _, taken := byEmail(tx, invitation.Email); taken {
				return nil, ErrSignInFirst
			}
			who = newIdentity(tx, b.Name, invitation.Email, hash, "")
			leave(tx, c)
			var sess Session
			sess, token = begin(tx, who.ID, c.From.Agent, c.From.Prefix)
			at = sess.ID
			if err := s.seen(tx, c, who); err != nil {
				return nil, err
			}
		}
		m, err := organization.Accept(tx, invitation, who.ID)
		if err != nil {
			return nil, err
		}
		if invitation.Mailed {
			verified(tx, who.ID)
		}
		a, ok := s.Live(tx, who.ID, at) // with what the organization asks of sessions
		if !ok {
			return nil, ErrNoSignIn
		}
		c.Actor, c.Via = a, "session"
		op.Write(tx, c, op.Act{Action: "invitation.accepted", On: audit.Thing{Kind: "member", ID: m.ID.String()}, Organization: invitation.Organization,
			Values: map[string]string{"role": string(m.Role)}, Private: map[string]string{"email": who.Email}})
		return s.me(tx, a)
	})
	if err == nil && token != "" {
		c.SetCookie(cookie(token, c.Secure))
	}
	return out, err
}
