package connector

import "github.com/omniposto/omniposto/app/base/secret"

// OAuth is how a platform's sign-in differs from the others: data, read by one exchange.
type OAuth struct {
	Host                     string // declared host of the addresses below; "": the first
	Page                     string // declared host of Authorize, where it is another
	Authorize, Token, Revoke string
	Inside                   string // where in the answer the token stands: "data.0"; "": at its top
	EndRefresh               bool   // Revoke ends the refresh token, and the access with it; else the access
	Register                 string // where an app is registered at the channel's own server
	Separator                string // between scopes; "": a space
	PKCE                     PKCE
	ClientID                 string            // parameter's name; "": client_id
	SecretIn                 SecretPlace       // where the client's secret goes
	JSON                     bool              // the token address takes JSON instead of a form
	Extra                    map[string]string // more parameters of the authorize address; {state} becomes the sign-in's own
	Swap                     map[string]string // more parameters of the request that swaps the code
	Renew                    map[string]string // more parameters of the request that refreshes
	Keep                     []string          // callback parameters to keep, sent along whenever a token is asked for: "device_id"
	Other                    string            // this way's own app, entered as Other_id and Other_secret beside the platform's; used where it was
	Life                     Life
}

// app is the app that this way signs in through.
func (o *OAuth) app(a App) App {
	if id := a.Extra[o.Other+"_id"]; o.Other != "" && id != "" {
		return App{ID: id, Secret: secret.NewText(a.Extra[o.Other+"_secret"]), Extra: a.Extra}
	}
	return a
}

// PKCE says whether the proof key is sent.
type PKCE string

// The ways of PKCE.
const (
	PKCENone     PKCE = ""
	PKCEOptional PKCE = "optional"
	PKCERequired PKCE = "required"
)

// SecretPlace is where a client's secret goes.
type SecretPlace string

// The places of a client's secret.
const (
	SecretInBody  SecretPlace = "" // beside the code
	SecretInBasic SecretPlace = "basic"
	SecretNone    SecretPlace = "none"
)
