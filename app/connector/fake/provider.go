package fake

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client is an app that somebody registered at a platform.
type Client struct {
	ID, Secret string
	Extra      map[string]string
	Callback   string // "": the first one that is asked for
}

// Provider is a platform's sign-in by OAuth 2, as far as platforms agree on it. Whoever asks is signed in and says yes.
// Codes serve once, at the callback and for the proof key that they were asked for.
type Provider struct {
	*Base
	Client   Client
	Param    string // what the client's id is called; "": client_id
	Basic    bool   // the secret comes in the Authorization header
	Public   bool   // there is no secret
	PKCE     bool   // a proof key is needed
	Scopes   string // granted, as the answer names them
	Life     time.Duration
	Renews   bool                                                        // a refresh token is given
	Rotates  bool                                                        // and another with each refresh; the old one is dead
	Refuse   func(w http.ResponseWriter, status int, code, words string) // nil: {"error", "error_description"}
	Wrap     func(token map[string]any) any                              // nil: the token stands at the top
	Given    func(access string)                                         // told each access token
	codes    map[string]url.Values
	renewals map[string]bool
}

// Owner implements Registered.
func (p *Provider) Owner() Client { return p.Client }

// Registered is a platform at which an administrator registers an app.
type Registered interface{ Owner() Client }

// Register is what the app's owner enters there as the address to come back to; "" takes the next one that is asked for.
func (p *Provider) Register(callback string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.Client.Callback = callback
}

func (p *Provider) id(v url.Values) string {
	if p.Param != "" {
		return v.Get(p.Param)
	}
	return v.Get("client_id")
}

func (p *Provider) refuse(w http.ResponseWriter, status int, code, words string) {
	if p.Refuse != nil {
		p.Refuse(w, status, code, words)
		return
	}
	Answer(w, status, map[string]string{"error": code, "error_description": words})
}

// Authorize is the page that a browser is sent to.
func (p *Provider) Authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if p.Client.Callback == "" {
		p.Client.Callback = q.Get("redirect_uri")
	}
	switch {
	case p.id(q) != p.Client.ID:
		p.refuse(w, http.StatusBadRequest, "invalid_client", "There is no such client_id.")
		return
	case q.Get("redirect_uri") != p.Client.Callback:
		p.refuse(w, http.StatusBadRequest, "redirect_uri_mismatch", "This redirect_uri isn't registered.")
		return
	case q.Get("response_type") != "code", p.PKCE && (q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) < 43):
		p.refuse(w, http.StatusBadRequest, "invalid_request", "The request is not complete.")
		return
	}
	if p.codes == nil {
		p.codes = map[string]url.Values{}
	}
	code := fmt.Sprintf("code-canary-%d", p.Serial())
	p.codes[code] = q
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	w.Header().Set("Location", q.Get("redirect_uri")+"?"+back.Encode())
	w.WriteHeader(http.StatusFound)
}

// Token is where a code, or a refresh token, is swapped for access.
func (p *Provider) Token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	id, secret := p.id(r.Form), r.Form.Get("client_secret")
	if p.Basic {
		id, secret, _ = r.BasicAuth()
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if id != p.Client.ID || !p.Public && secret != p.Client.Secret {
		p.refuse(w, http.StatusUnauthorized, "invalid_client", "The client is unknown, or its secret is wrong.")
		return
	}
	switch r.Form.Get("grant_type") {
	case "authorization_code":
		asked, ok := p.codes[r.Form.Get("code")]
		delete(p.codes, r.Form.Get("code"))
		if !ok || asked.Get("redirect_uri") != r.Form.Get("redirect_uri") || !Proves(asked.Get("code_challenge"), r.Form.Get("code_verifier")) {
			p.refuse(w, http.StatusBadRequest, "invalid_grant", "The code is not good.")
			return
		}
	case "refresh_token":
		if !p.renewals[r.Form.Get("refresh_token")] {
			p.refuse(w, http.StatusBadRequest, "invalid_grant", "The refresh token is not good.")
			return
		}
		if p.Rotates {
			delete(p.renewals, r.Form.Get("refresh_token"))
		}
		p.refresh++
	default:
		p.refuse(w, http.StatusBadRequest, "unsupported_grant_type", "There is no such grant.")
		return
	}
	p.give(w, r.Form.Get("grant_type") == "authorization_code" || p.Rotates)
}

// give answers with new access; callers hold Mu.
func (p *Provider) give(w http.ResponseWriter, renewal bool) {
	access := fmt.Sprintf("acc-canary-%06d", p.Serial())
	p.access[access] = true
	if p.Given != nil {
		p.Given(access)
	}
	out := map[string]any{"access_token": access, "token_type": "Bearer"}
	if p.Scopes != "" {
		out["scope"] = p.Scopes
	}
	if p.Life > 0 {
		out["expires_in"] = int64(p.Life / time.Second)
	}
	if p.Renews && renewal {
		token := fmt.Sprintf("ren-canary-%06d", p.Serial())
		if p.renewals == nil {
			p.renewals = map[string]bool{}
		}
		p.renewals[token] = true
		out["refresh_token"] = token
	}
	if p.Wrap != nil {
		Answer(w, http.StatusOK, p.Wrap(out))
		return
	}
	Answer(w, http.StatusOK, out)
}

// Revoke ends an access token.
func (p *Provider) Revoke(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.Mu.Lock()
	defer p.Mu.Unlock()
	delete(p.access, r.Form.Get("token"))
	delete(p.renewals, r.Form.Get("token"))
	w.WriteHeader(http.StatusOK)
}

// Signed lets only requests with good access in the Authorization header through.
func (p *Provider) Signed(refuse func(http.ResponseWriter), h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.Good(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
			refuse(w)
			return
		}
		h(w, r)
	}
}
