package identity

import (
	"context"
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
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

var (
	signOns = store.Table[SignOn]{Name: "sign_on", Version: 1, Holds: store.SecretMaterial,
		Key:   func(s SignOn) store.Key { return store.K(s.Organization) },
		Owner: func(s SignOn) store.Owner { return store.Owner{Organization: s.Organization} }}
	logins = store.Table[login]{Name: "sign_on_login", Version: 1, Holds: store.PersonalData,
		Key: func(l login) store.Key { return store.K(l.Issuer, l.Subject) },
		Indexes: []store.Index[login]{{Name: "identity", Version: 1,
			Key: func(l login) store.Key { return store.K(l.Identity, l.Issuer, l.Subject) }}}}
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
			Says("Link your sign-in with the organization's sign-on", "Answers the address to send the browser to. From then on the sign-on opens this organization for you. Members whom the sign-on keeps out may do it too.").
			Example(nil, away).In(op.InOrganization).EvenBarred().By(access.Session).Costs(op.Costly).FreshOrPassword(stepUpLife).NoDryRun("the state would be of no use").
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
