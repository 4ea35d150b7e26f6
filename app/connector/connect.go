package connector

import (
	"net/http"
	"time"
)

// Connect is one way to connect a channel.
type Connect struct {
	Way         string // "oauth", "token", "webhook"; a channel remembers it
	Kind        ConnectKind
	Label, Help string
	Fields      Form
	OAuth       *OAuth
	Scopes      []string
	Life        Life
	Auth        *Auth // where this way's token goes; nil: Spec.Auth
}

// ConnectKind is what the kit does for a way.
type ConnectKind string

// The kinds of connecting.
const (
	OAuth2           ConnectKind = "oauth2"
	OAuth2PKCE       ConnectKind = "oauth2_pkce"
	OAuth1           ConnectKind = "oauth1"
	OAuth2Registered ConnectKind = "oauth2_registered"
	PARDPoP          ConnectKind = "par_dpop"
	Handshake        ConnectKind = "handshake"
	AppPassword      ConnectKind = "app_password"
	PastedToken      ConnectKind = "token"
	Pairing          ConnectKind = "pairing"
	Keypair          ConnectKind = "keypair"
	Webhook          ConnectKind = "webhook"
	Nothing          ConnectKind = "none"
)

// Life is how long a token serves.
type Life struct {
	Access, Refresh time.Duration
	Rotates         bool          // each refresh gives a new refresh token
	Extend          time.Duration // an age from which the token itself can be extended
	Warn            bool          // can't be refreshed: tell people 14, 7 and 1 days ahead
}

// Auth says where the token goes in a request.
type Auth struct {
	Place Place
	Name  string // of the header, query or form parameter; of the connect field with the name, for InBasic
	From  string // "": Token.Access, else that one of Token.Extra
	// Sign puts the token into a request that is otherwise complete; body is what will be sent, nil when it is streamed.
	Sign func(c *Call, r *http.Request, body []byte) error
}

// Place is where a token goes.
type Place string

// The places.
const (
	NoAuth    Place = ""
	InBearer  Place = "bearer"
	InHeader  Place = "header"
	InQuery   Place = "query"
	InForm    Place = "form"
	InPath    Place = "path"    // takes the place of {token}
	InBasic   Place = "basic"   // with a name from a connect field
	InAddress Place = "address" // the address itself is the secret
	Signed    Place = "signed"
)

// Way finds a way by its name; an empty name is the first.
func (s *Spec) Way(name string) (Connect, bool) {
	for _, c := range s.Connect {
		if c.Way == name || name == "" {
			return c, true
		}
	}
	return Connect{}, false
}

// authOf is where the token of a channel goes.
func (s *Spec) authOf(way string) Auth {
	if c, ok := s.Way(way); ok && c.Auth != nil {
		return *c.Auth
	}
	return s.Auth
}
