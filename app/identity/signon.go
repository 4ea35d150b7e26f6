package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// An organization may let its own OpenID provider say who its members are. Whoever runs that provider can name anybody,
// so what a sign-on opens ends at the organization's border: such a session sees that organization and nothing else of
// the person, and can't touch how they sign in.

// SignOn is an organization's provider.
type SignOn struct {
	Organization ref.Organization       `cbor:"1,keyasint"`
	Issuer       string                 `cbor:"2,keyasint"`
	Client       string                 `cbor:"3,keyasint"`
	Secret       secret.Sealed          `cbor:"4,keyasint"`
	RoleClaim    string                 `cbor:"5,keyasint,omitempty"`
	Roles        map[string]access.Role `cbor:"6,keyasint,omitempty"` // of a value of the claim
	Forced       bool                   `cbor:"7,keyasint,omitempty"` // members come in by it only; owners also by a passkey
	Version      int64                  `cbor:"8,keyasint"`
}

// login ties what a provider calls somebody to the person: made by the person, or with the person.
type login struct {
	Issuer   string       `cbor:"1,keyasint"`
	Subject  string       `cbor:"2,keyasint"`
	Identity ref.Identity `cbor:"3,keyasint"`
	At       time.Time    `cbor:"4,keyasint"`
}

// hop is a browser on its way to a provider and back: once, within ten minutes.
type hop struct {
	State        []byte           `cbor:"1,keyasint"` // SHA-256
	Organization ref.Organization `cbor:"2,keyasint"`
	Purpose      string           `cbor:"3,keyasint"`
	Browser      []byte           `cbor:"4,keyasint"`
	Identity     ref.Identity     `cbor:"5,keyasint,omitempty"` // of link and step-up
	Session      ref.Session      `cbor:"6,keyasint,omitempty"`
	Sealed       secret.Sealed    `cbor:"7,keyasint"` // nonce and verifier
	StartedAt    time.Time        `cbor:"8,keyasint"`
}

// What a hop is for.
const (
	hopSignIn = "sign_in"
	hopLink   = "link"
	hopStepUp = "step_up"

	hopLife = 10 * time.Minute
)

var (
	signOns = store.Table[SignOn]{Name: "sign_on", Version: 1, Holds: store.SecretMaterial,
		Key:   func(s SignOn) store.Key { return store.K(s.Organization) },
		Owner: func(s SignOn) store.Owner { return store.Owner{Organization: s.Organization} }}
	logins = store.Table[login]{Name: "sign_on_login", Version: 1, Holds: store.PersonalData,
		Key: func(l login) store.Key { return store.K(l.Issuer, l.Subject) },
		Indexes: []store.Index[login]{{Name: "identity", Version: 1,
			Key: func(l login) store.Key { return store.K(l.Identity, l.Issuer, l.Subject) }}}}
	hops = store.Table[hop]{Name: "sign_on_hop", Version: 1, Holds: store.SecretMaterial,
		Key: func(h hop) store.Key { return store.K(h.State) },
		Indexes: []store.Index[hop]{{Name: "started", Version: 1,
			Key: func(h hop) store.Key { return store.K(h.StartedAt, h.State) }}}}
)

// The errors of sign-on.
var (
	ErrNoSignOn     = fail.NotFound("not_found", "This organization has no sign-on.")
	ErrHop          = fail.Forbidden("sign_on_refused", "This sign-on wasn't begun in this browser, or it took too long. Begin again.")
	ErrSignOnAnswer = fail.Forbidden("sign_on_answer", "The provider's answer wasn't right, so nobody was signed in. Begin again.")
	ErrSignOnEmail  = fail.Forbidden("sign_on_email", "The provider doesn't say that your e-mail address is confirmed.")
	ErrSignOnLink   = fail.Conflict("sign_on_link", "Somebody with this e-mail address has a sign-in here. Sign in with it, then link the organization's sign-on under your profile.")
	ErrSignOnMember = fail.Forbidden("sign_on_member", "You aren't a member of this organization.")
	ErrSignOnTaken  = fail.Conflict("sign_on_taken", "This sign-on belongs to another person here.")
	ErrOwnerPasskey = fail.Conflict("owner_passkey_needed", "Set up a passkey first: it is the owners' way in when the sign-on fails.")
	ErrSignOnForced = fail.Forbidden("sign_on_required", "Your organization asks its members to come in by its own sign-on.")
)

// SignOnView is an organization's sign-on in the API.
type SignOnView struct {
	Issuer      string       `json:"issuer"`
	Client      string       `json:"client"`
	RoleClaim   string       `json:"role_claim,omitempty"`
	Roles       []RoleOfView `json:"roles" maxItems:"50"`
	Forced      bool         `json:"forced"`
	RedirectURL string       `json:"redirect_url" doc:"To be given to the provider."`
	SignInURL   string       `json:"sign_in_url" doc:"Where members begin."`
	Version     int64        `json:"version"`
}

// ETagVersion implements op.Versioned.
func (v SignOnView) ETagVersion() int64 { return v.Version }

// RoleOfView maps one value of the claim to a role.
type RoleOfView struct {
	Value string      `json:"value" minLength:"1" maxLength:"200"`
	Role  access.Role `json:"role" enum:"admin,member,billing"`
}

type signOnInput struct {
	op.OrganizationPath
	Body struct {
		Issuer    string       `json:"issuer" minLength:"8" maxLength:"500" doc:"The provider's issuer, letter by letter."`
		Client    string       `json:"client" minLength:"1" maxLength:"300" doc:"The client id that the provider gave."`
		Secret    string       `json:"secret,omitempty" maxLength:"1000" doc:"The client secret. Absent: it stays as it is."`
		RoleClaim string       `json:"role_claim,omitempty" maxLength:"100" doc:"The claim that tells a member's role, like groups."`
		Roles     []RoleOfView `json:"roles,omitempty" maxItems:"50" doc:"The strongest that one of the person's values maps to. Without one they are a member. Nobody becomes owner by it."`
		Forced    bool         `json:"forced,omitempty" doc:"Members come in by the sign-on only; owners also by a passkey."`
	}
}

type signOnBegin struct {
	Body struct {
		Organization ref.Organization `json:"organization" maxLength:"40"`
	}
}

// AuthorizeURL is where the browser goes.
type AuthorizeURL struct {
	AuthorizeURL string `json:"authorize_url"`
}

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

func (s *Identities) signOnOperations() []op.Operation {
	view := SignOnView{Issuer: "https://login.halden.example", Client: "omniposto", RoleClaim: "groups", Roles: []RoleOfView{{Value: "posts-admins", Role: access.Admin}},
		RedirectURL: "https://posts.example.org/sign-on/callback", SignInURL: "https://posts.example.org/sign-in#organization=org_…", Version: 1}
	away := AuthorizeURL{AuthorizeURL: "https://login.halden.example/authorize?…"}
	return []op.Operation{
		op.New("sign_on.read", op.GET("/organizations/{organization}/sign-on"), s.readSignOn).
			Says("Read the organization's sign-on", "The OpenID provider that members come in by. The secret is never shown.").Example(nil, view).
			In(op.InOrganization).By(access.Session).Fails(ErrNoSignOn).Needs(access.SecurityWrite),
		op.New("sign_on.update", op.PUT("/organizations/{organization}/sign-on"), s.updateSignOn).
			Says("Set the organization's sign-on", "Asks the provider who it is before anything is kept. Owners only.").
			Example(map[string]any{"issuer": "https://login.halden.example", "client": "omniposto", "secret": "the-client-secret"}, view).
			In(op.InOrganization).By(access.Session).Costs(op.Costly).Fresh(stepUpLife).Audits("sign_on.changed").Fails(ErrProvider, ErrOwnerPasskey, organization.ErrOwnersOnly).
			Hidden("only a person decides on it").Needs(access.SecurityWrite),
		op.New("sign_on.remove", op.DELETE("/organizations/{organization}/sign-on"), s.removeSignOn).
			Says("Remove the organization's sign-on", "Sessions that came by it end. Members sign in with their password or passkey. Owners only.").
			In(op.InOrganization).By(access.Session).Fresh(stepUpLife).Audits("sign_on.removed").Fails(ErrNoSignOn, organization.ErrOwnersOnly).
			Hidden("only a person decides on it").Needs(access.SecurityWrite),
		op.New("sign_on.link", op.POST("/organizations/{organization}/sign-on/link"), s.linkSignOn).
			Says("Link your sign-in with the organization's sign-on", "Answers the address to send the browser to. From then on the sign-on opens this organization for you.").
			Example(nil, away).In(op.InOrganization).By(access.Session).Costs(op.Costly).FreshOrPassword(stepUpLife).NoDryRun("the state would be of no use").
			Unaudited("a link is recorded when the browser comes back").Fails(ErrNoSignOn, ErrProvider).Hidden("only a person signs in").Needs(access.OrganizationRead),
		op.New("sign_on.begin", op.POST("/session/sign-on"), s.beginSignOn).
			Says("Begin to sign in by an organization's sign-on", "Answers the address to send the browser to. It comes back by sign_on.callback.").
			Example(map[string]any{"organization": "org_06g2p7r8k1m3v5x9z2b4d6f8h0"}, away).Costs(op.Costly).NoDryRun("the state would be of no use").
			Unaudited("a sign-in is recorded when the browser comes back").Fails(ErrNoSignOn, ErrProvider).Hidden("only a person signs in").Public("this is how one signs in"),
		op.New("sign_on.step_up", op.POST("/session/sign-on/step-up"), s.stepUpSignOn).
			Says("Confirm who you are by the sign-on", "Answers the address to send the browser to. It counts where the provider says that several factors were proven just now.").
			Example(nil, away).By(access.Session).ThroughSignOn().Costs(op.Costly).NoDryRun("the state would be of no use").
			Unaudited("a proof is recorded when the browser comes back").Fails(ErrNoSignOn, ErrProvider).Hidden("only a person proves it").Needs(access.Own),
		op.NewRedirect("sign_on.callback", op.GET("/sign-on/callback"), s.callback).
			Says("Come back from a sign-on", "Ends what sign_on.begin, sign_on.link or sign_on.step_up began, in the same browser.").
			OutsideAPI().Costs(op.Costly).Audits("session.began", "member.joined", "sign_on.linked", "session.confirmed").Fails(ErrHop).
			Hidden("only a browser comes back").Public("whoever signs in isn't signed in"),
	}
}

func (s *Identities) signOnView(o SignOn) *SignOnView {
	v := &SignOnView{Issuer: o.Issuer, Client: o.Client, RoleClaim: o.RoleClaim, Roles: []RoleOfView{}, Forced: o.Forced, Version: o.Version,
		RedirectURL: s.Page("/sign-on/callback", ""), SignInURL: s.Page("/sign-in", "organization="+o.Organization.String())}
	for value, role := range o.Roles {
		v.Roles = append(v.Roles, RoleOfView{value, role})
	}
	slices.SortFunc(v.Roles, func(a, b RoleOfView) int { return slices.Compare([]byte(a.Value), []byte(b.Value)) })
	return v
}

func signOnPlace(o ref.Organization) secret.Place {
	return secret.Place{Purpose: "sign_on", Organization: o, Kind: "sign_on", ID: o, Field: "secret"}
}

func (s *Identities) readSignOn(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*SignOnView, error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*SignOnView, error) {
		o, ok := signOns.Get(tx, store.K(c.Organization))
		if !ok {
			return nil, ErrNoSignOn
		}
		return s.signOnView(o), nil
	})
}

// ownersOnly is for what decides over everybody's way in.
func ownersOnly(c op.Call) error {
	if m, _ := c.Actor.Of(c.Organization); m.Role != access.Owner {
		return organization.ErrOwnersOnly.Saying("Only an owner can change how members come in.")
	}
	return nil
}

func (s *Identities) updateSignOn(ctx context.Context, c op.Call, in *signOnInput) (*SignOnView, error) {
	if err := ownersOnly(c); err != nil {
		return nil, err
	}
	b := in.Body
	if b.Forced && !slices.Contains(c.Actor.Methods, "passkey") {
		return nil, ErrOwnerPasskey
	}
	if _, err := s.discover(ctx, SignOn{Issuer: b.Issuer, Client: b.Client}, ""); err != nil {
		return nil, err
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*SignOnView, error) {
		o, _ := signOns.Get(tx, store.K(c.Organization))
		moved := o.Issuer != "" && o.Issuer != b.Issuer
		o.Organization, o.Issuer, o.Client, o.RoleClaim, o.Forced, o.Roles = c.Organization, b.Issuer, b.Client, b.RoleClaim, b.Forced, map[string]access.Role{}
		for _, r := range b.Roles {
			o.Roles[r.Value] = r.Role
		}
		if b.Secret != "" || moved { // a secret never goes to another issuer than it was given for
			sealed, err := s.Keeper.Seal(tx, signOnPlace(c.Organization), []byte(b.Secret))
			if err != nil {
				return nil, err
			}
			o.Secret = sealed
		}
		o.Version++
		signOns.Put(tx, o)
		if moved {
			endThrough(tx, c.Organization)
		}
		op.Write(tx, c, op.Act{Action: "sign_on.changed", On: audit.Thing{Kind: "organization", ID: c.Organization.String()}, Private: map[string]string{"issuer": o.Issuer}})
		return s.signOnView(o), nil
	})
}

func (s *Identities) removeSignOn(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*op.None, error) {
	if err := ownersOnly(c); err != nil {
		return nil, err
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		if !signOns.Delete(tx, store.K(c.Organization)) {
			return nil, ErrNoSignOn
		}
		endThrough(tx, c.Organization)
		op.Write(tx, c, op.Act{Action: "sign_on.removed", On: audit.Thing{Kind: "organization", ID: c.Organization.String()}})
		return &op.None{}, nil
	})
}

// endThrough ends the sessions that came by the organization's sign-on.
func endThrough(tx store.Tx, o ref.Organization) {
	var keys []store.Key
	for _, m := range organization.Everybody(tx, o) {
		for key, sess := range sessions.All(tx, store.Range{Prefix: store.K(m)}) {
			if sess.Through == o {
				keys = append(keys, key)
			}
		}
	}
	for _, key := range keys {
		sessions.Delete(tx, key)
	}
}

func (s *Identities) beginSignOn(ctx context.Context, c op.Call, in *signOnBegin) (*AuthorizeURL, error) {
	return s.depart(ctx, c, hop{Organization: in.Body.Organization, Purpose: hopSignIn})
}

func (s *Identities) linkSignOn(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*AuthorizeURL, error) {
	return s.depart(ctx, c, hop{Organization: c.Organization, Purpose: hopLink, Identity: c.Actor.Identity, Session: c.Actor.Session})
}

func (s *Identities) stepUpSignOn(ctx context.Context, c op.Call, _ *op.None) (*AuthorizeURL, error) {
	return s.depart(ctx, c, hop{Organization: c.Actor.Through, Purpose: hopStepUp, Identity: c.Actor.Identity, Session: c.Actor.Session})
}

// luggage is what a hop takes along, sealed.
type luggage struct{ Nonce, Verifier string }

func hopPlace(h hop) secret.Place {
	return secret.Place{Purpose: "sign_on", Organization: h.Organization, Kind: "sign_on_hop", ID: [16]byte(h.State[:16]), Field: "sealed"}
}

// configured reads an organization's sign-on with its secret.
func (s *Identities) configured(ctx context.Context, id ref.Organization) (o SignOn, clientSecret string, err error) {
	err = s.DB.View(ctx, func(tx store.ReadTx) error {
		var ok bool
		if o, ok = signOns.Get(tx, store.K(id)); !ok {
			return ErrNoSignOn
		}
		if o.Secret.Empty() {
			return nil
		}
		return s.Keeper.Use(tx, signOnPlace(id), o.Secret, func(plain []byte) error { clientSecret = string(plain); return nil })
	})
	return o, clientSecret, err
}

func (s *Identities) depart(ctx context.Context, c op.Call, h hop) (*AuthorizeURL, error) {
	o, clientSecret, err := s.configured(ctx, h.Organization)
	if err != nil {
		return nil, err
	}
	p, err := s.discover(ctx, o, clientSecret)
	if err != nil {
		return nil, err
	}
	h.Browser = known(c)
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*AuthorizeURL, error) {
		state, l := random.Text(32), luggage{Nonce: random.Text(32), Verifier: random.Text(40)}
		h.State, h.StartedAt = hashOf(state), tx.Now()
		raw, err := json.Marshal(l)
		if err != nil {
			return nil, err
		}
		if h.Sealed, err = s.Keeper.Seal(tx, hopPlace(h), raw); err != nil {
			return nil, err
		}
		hops.Put(tx, h)
		return &AuthorizeURL{AuthorizeURL: p.authorizeURL(state, l.Nonce, l.Verifier, h.Purpose == hopStepUp)}, nil
	})
}

// land uses the hop of a state up, whatever comes of it.
func (s *Identities) land(ctx context.Context, c op.Call, state string) (h hop, l luggage, err error) {
	err = s.DB.Update(ctx, func(tx store.Tx) error {
		var ok bool
		h, ok = hops.Get(tx, store.K(hashOf(state)))
		if !ok || !bytes.Equal(h.Browser, browserOf(c)) || tx.Now().Sub(h.StartedAt) > hopLife {
			return ErrHop
		}
		if h.Purpose != hopSignIn && (h.Identity != c.Actor.Identity || h.Session != c.Actor.Session) {
			return ErrHop
		}
		hops.Delete(tx, store.K(h.State))
		return s.Keeper.Use(tx, hopPlace(h), h.Sealed, func(plain []byte) error { return json.Unmarshal(plain, &l) })
	})
	return h, l, err
}

// callback ends a hop. Whatever goes wrong is shown on the page where the person left off.
func (s *Identities) callback(ctx context.Context, c op.Call, in *signOnCallback) (string, error) {
	h, l, err := s.land(ctx, c, in.State)
	if err != nil {
		return "", err
	}
	page := map[string]string{hopSignIn: "/sign-in", hopLink: "/me", hopStepUp: "/"}[h.Purpose]
	to, err := s.arriveBy(ctx, c, h, l, in)
	if err != nil {
		return page + "#problem=" + url.QueryEscape(op.Of(err).Detail), nil
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
		sess.Password, sess.Through = time.Time{}, o.Organization
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
	if ok && o.Forced && sess.Through != m.Organization && !(m.Role == access.Owner && sess.Method == "passkey") {
		return access.BarSignOn
	}
	return ""
}

// refusedByAll refuses the password of somebody whom it would open nothing: each of their organizations asks for its own
// sign-on, and they are no owner with a passkey.
func (s *Identities) refusedByAll(tx store.ReadTx, i Identity) error {
	in := organization.MembershipsOf(tx, i.ID)
	if len(in) == 0 || i.Administrator || i.Staff == StaffActive {
		return nil
	}
	best := Session{Identity: i.ID}
	if len(s.passkeysHere(tx, i.ID)) > 0 {
		best.Method = "passkey"
	}
	for _, m := range in {
		if bar(tx, best, m) != access.BarSignOn {
			return nil
		}
	}
	return ErrSignOnForced.With("organization", in[0].Organization.String())
}

// SweepHops removes at most n browsers that never came back.
func SweepHops(tx store.Tx, n int) int {
	var old []store.Key
	for _, h := range hops.By(tx, "started", store.Range{To: store.K(tx.Now().Add(-hopLife))}) {
		if old = append(old, store.K(h.State)); len(old) == n {
			break
		}
	}
	for _, key := range old {
		hops.Delete(tx, key)
	}
	return len(old)
}
