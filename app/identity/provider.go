package identity

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/outbound"
)

// ErrProvider is the error of a provider that can't be used. It names what is wrong and nothing that the provider said.
var ErrProvider = fail.Conflict("provider_refused", "The sign-on's provider couldn't be used.")

// provider is an organization's OpenID provider, as its own discovery document describes it.
type provider struct {
	*oidc.Provider
	ctx      context.Context // with the guarded client, for calls to the provider; ends with the request
	issuer   string
	config   oauth2.Config
	saysIss  bool // it promises iss in its answers (RFC 9207)
	verifier *oidc.IDTokenVerifier
}

// signatures are those that a token may have. None of them works with a public key as a shared secret, and none is "none".
var signatures = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// discover reads what the issuer says of itself. A plain http address is for ranges that an administrator allowed only.
func (s *Identities) discover(ctx context.Context, o SignOn, clientSecret string) (*provider, error) {
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, ErrProvider.Saying("The issuer must be an https address without a query.").At("/issuer", "copy it from the provider")
	}
	if u.Scheme == "http" {
		ctx = outbound.OnlyAllowed(ctx)
	}
	ctx = oidc.ClientContext(ctx, s.Web)
	found, err := oidc.NewProvider(ctx, o.Issuer)
	var refused *outbound.Refused
	var mismatch *oidc.IssuerMismatchError
	switch {
	case errors.As(err, &refused):
		return nil, ErrProvider.Saying("%s", refused.Words()).At("/issuer", "use an address that this server may reach")
	case errors.As(err, &mismatch):
		return nil, ErrProvider.Saying("The provider at this address says that it is another issuer.").At("/issuer", "copy it from the provider, letter by letter")
	case err != nil:
		return nil, ErrProvider.Saying("No OpenID provider answers at this address.").At("/issuer", "copy it from the provider")
	}
	var more struct {
		Iss bool `json:"authorization_response_iss_parameter_supported"`
	}
	end := found.Endpoint()
	if err := found.Claims(&more); err != nil || !sameScheme(u.Scheme, end.AuthURL, end.TokenURL) {
		return nil, ErrProvider.Saying("The provider describes itself with addresses that aren't https.")
	}
	p := &provider{Provider: found, ctx: ctx, issuer: o.Issuer, saysIss: more.Iss,
		config:   oauth2.Config{ClientID: o.Client, ClientSecret: clientSecret, Endpoint: end, RedirectURL: s.Page("/sign-on/callback", ""), Scopes: []string{oidc.ScopeOpenID, "email", "profile"}},
		verifier: found.VerifierContext(ctx, &oidc.Config{ClientID: o.Client, SupportedSigningAlgs: signatures, Now: s.Clock.Now})}
	return p, nil
}

func sameScheme(scheme string, addresses ...string) bool {
	return !slices.ContainsFunc(addresses, func(a string) bool {
		u, err := url.Parse(a)
		return err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != scheme
	})
}

// authorizeURL is where the browser goes. again asks the provider to have the person prove themselves anew.
func (p *provider) authorizeURL(state, nonce, verifier string, again bool) string {
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce)}
	if again {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return p.config.AuthCodeURL(state, options...)
}

// claims are what the provider says of a person.
type claims struct {
	Subject  string
	Email    string
	Verified bool
	Name     string
	AuthAt   time.Time // when the person last proved themselves; zero: not said
	Methods  []string  // amr
	All      map[string]any
}

// exchange turns the code into who is there. It fails for everything that isn't exactly the answer to our question.
func (p *provider) exchange(code, nonce, verifier string, now time.Time) (claims, error) {
	token, err := p.config.Exchange(p.ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return claims{}, errors.New("the code wasn't taken") // the cause may hold what the provider said
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return claims{}, errors.New("no id_token")
	}
	id, err := p.verifier.Verify(p.ctx, raw)
	if err != nil {
		return claims{}, errors.New("the id_token isn't right")
	}
	var said struct {
		Email    string   `json:"email"`
		Verified any      `json:"email_verified"`
		Name     string   `json:"name"`
		AuthTime int64    `json:"auth_time"`
		Methods  []string `json:"amr"`
		Party    string   `json:"azp"`
	}
	c := claims{Subject: id.Subject, All: map[string]any{}}
	if err := errors.Join(id.Claims(&said), id.Claims(&c.All)); err != nil {
		return claims{}, errors.New("the claims can't be read")
	}
	want, got := sha256.Sum256([]byte(nonce)), sha256.Sum256([]byte(id.Nonce))
	switch {
	case want != got:
		return claims{}, errors.New("another nonce")
	case id.Subject == "" || len(id.Subject) > 255:
		return claims{}, errors.New("no subject")
	case len(id.Audience) > 1 && said.Party == "" || said.Party != "" && said.Party != p.config.ClientID:
		return claims{}, errors.New("for another party")
	case id.IssuedAt.After(now.Add(clockSkew)):
		return claims{}, errors.New("from the future")
	}
	c.Email, c.Name, c.Methods = said.Email, said.Name, said.Methods
	c.Verified = said.Verified == true || said.Verified == "true"
	if said.AuthTime > 0 {
		c.AuthAt = time.Unix(said.AuthTime, 0).UTC()
	}
	return c, nil
}

const clockSkew = 5 * time.Minute

// several says whether the provider had more than one factor proven, and when (RFC 8176).
func (c claims) several(now time.Time) (time.Time, bool) {
	if c.AuthAt.IsZero() || c.AuthAt.After(now.Add(clockSkew)) || !slices.Contains(c.Methods, "mfa") {
		return time.Time{}, false
	}
	if c.AuthAt.After(now) {
		return now, true
	}
	return c.AuthAt, true
}

// values are the texts of a claim: one, or a list.
func (c claims) values(name string) []string {
	switch v := c.All[name].(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, one := range v {
			if text, ok := one.(string); ok {
				out = append(out, text)
			}
		}
		return out
	}
	return nil
}

func hashOf(text string) []byte { sum := sha256.Sum256([]byte(text)); return sum[:] }
