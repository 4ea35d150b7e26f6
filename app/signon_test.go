package app

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/config"
)

// issuer is an OpenID provider that does what the test says. Its person never has to type anything.
type issuer struct {
	*httptest.Server
	t     testing.TB
	now   func() time.Time
	key   *rsa.PrivateKey
	other *rsa.PrivateKey

	mu     sync.Mutex
	codes  map[string]url.Values // what was asked for with each code
	claims map[string]any        // of whoever signs in next
	forge  func(head, body map[string]any) string
}

var issuerKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	a, _ := rsa.GenerateKey(rand.Reader, 2048)
	b, _ := rsa.GenerateKey(rand.Reader, 2048)
	return [2]*rsa.PrivateKey{a, b}
})

const clientID, clientSecret = "omniposto", "a-secret-of-the-client"

func newIssuer(t testing.TB, now func() time.Time) *issuer {
	t.Helper()
	keys := issuerKeys()
	i := &issuer{t: t, now: now, key: keys[0], other: keys[1], codes: map[string]url.Values{}, claims: map[string]any{}}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}, "authorization_response_iss_parameter_supported": true})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "1", "use": "sig", "n": b64(i.key.N.Bytes()), "e": b64(big.NewInt(int64(i.key.E)).Bytes())}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		i.mu.Lock()
		asked, ok := i.codes[r.PostForm.Get("code")]
		delete(i.codes, r.PostForm.Get("code"))
		i.mu.Unlock()
		id, secret, _ := r.BasicAuth()
		sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		if !ok || id != clientID || secret != clientSecret || b64(sum[:]) != asked.Get("code_challenge") || asked.Get("code_challenge_method") != "S256" || r.PostForm.Get("redirect_uri") != asked.Get("redirect_uri") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		answer(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": i.token(asked)})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (i *issuer) token(asked url.Values) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.now()
	body := map[string]any{"iss": i.URL, "aud": clientID, "sub": "s-1", "nonce": asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"email": "nina@halden.example", "email_verified": true, "name": "Nina Berg"}
	maps.Copy(body, i.claims)
	head := map[string]any{"alg": "RS256", "kid": "1", "typ": "JWT"}
	if i.forge != nil {
		return i.forge(head, body)
	}
	return signed(head, body, i.key)
}

func unsigned(head, body map[string]any) string {
	h, _ := json.Marshal(head)
	b, _ := json.Marshal(body)
	return b64(h) + "." + b64(b)
}

func signed(head, body map[string]any, key *rsa.PrivateKey) string {
	text := unsigned(head, body)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + b64(sig)
}

// back is the address to which the provider sends the browser that was sent to it.
func (i *issuer) back(authorize string, change func(v url.Values)) string {
	i.t.Helper()
	u, err := url.Parse(authorize)
	if err != nil || !strings.HasPrefix(authorize, i.URL+"/authorize?") {
		i.t.Fatal(authorize, err)
	}
	asked := u.Query()
	if asked.Get("response_type") != "code" || asked.Get("client_id") != clientID || !strings.Contains(asked.Get("scope"), "openid") || len(asked.Get("nonce")) < 40 {
		i.t.Fatalf("asked for %v", asked)
	}
	code := "code-" + asked.Get("state")[:8]
	i.mu.Lock()
	i.codes[code] = asked
	i.mu.Unlock()
	v := url.Values{"code": {code}, "state": {asked.Get("state")}, "iss": {i.URL}}
	if change != nil {
		change(v)
	}
	return "root:/sign-on/callback?" + v.Encode()
}

// signOnWorld is a world whose organization has its own sign-on.
func signOnWorld(t *testing.T, forced bool) (*world, *issuer, *clock.Manual) {
	t.Helper()
	c := clock.NewManual(monday)
	i := newIssuer(t, c.Now)
	w := newWorldStill(t, c, func(s *config.Sources, _ *Options) { s.Flags["network.allow_private"] = "127.0.0.0/8" })
	w.owner.addPasskey(w.device())
	w.owner.must(200, "PUT", "/organizations/"+w.org+"/sign-on", map[string]any{"issuer": i.URL, "client": clientID, "secret": clientSecret, "forced": forced,
		"role_claim": "groups", "roles": []any{map[string]any{"value": "posts-admins", "role": "admin"}}})
	return w, i, c
}

// signOn goes to the provider and comes back.
func (p *person) signOn(i *issuer, change func(v url.Values)) answer {
	p.w.t.Helper()
	a := p.must(200, "POST", "/session/sign-on", map[string]any{"organization": p.w.org})
	return p.send("GET", i.back(a.text("authorize_url"), change), nil)
}

// landed is where the callback sent the browser, with the problem's words behind an equals sign.
func landed(a answer) string {
	to, err := url.QueryUnescape(a.header.Get("Location"))
	if err != nil || a.status != 303 {
		a.t.Fatalf("%d %s %v", a.status, a.raw, err)
	}
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		if words, err := base64.RawURLEncoding.DecodeString(cookie.Value); cookie.Name == "omniposto_problem" && err == nil && cookie.MaxAge > 0 {
			to += "=" + string(words)
		}
	}
	return to
}

func TestASignOnLetsAMemberIn(t *testing.T) {
	w, i, _ := signOnWorld(t, false)
	p := w.person("nina@halden.example")
	if to := landed(p.signOn(i, nil)); to != "/" {
		t.Fatalf("landed on %s", to)
	}
	me := p.must(200, "GET", "/session", nil)
	if me.text("identity.name") != "Nina Berg" || me.text("organizations.0.role") != "member" || me.get("identity.email_verified") != true || !slices.Equal(methods(me), []string{"sign_on"}) {
		t.Errorf("who came in: %s", me.raw)
	}
	i.claims["groups"] = []string{"everybody", "posts-admins"}
	again := w.person("x")
	landed(again.signOn(i, nil))
	if other := again.must(200, "GET", "/session", nil); other.text("identity.id") != me.text("identity.id") || other.text("organizations.0.role") != "admin" {
		t.Errorf("again: %s", other.raw)
	}
	p.must(401, "GET", "/session", nil) // the role is another one
	for _, path := range []string{"POST /me/totp", "POST /me/passkeys/begin", "POST /me/password", "GET /me/sessions", "DELETE /me/sessions", "POST /me/email"} {
		method, path, _ := strings.Cut(path, " ")
		body := map[string]any{"current": "x", "password": "x"}
		if method == "GET" {
			body = nil
		}
		if a := again.must(403, method, path, body); a.code() != "own_sign_in_required" {
			t.Errorf("%s: %s", path, a.raw)
		}
	}
	view := w.owner.must(200, "GET", "/organizations/"+w.org+"/sign-on", nil)
	if strings.Contains(view.raw, clientSecret) || view.text("redirect_url") != w.base+"/sign-on/callback" {
		t.Errorf("the settings: %s", view.raw)
	}
	if log := w.owner.must(200, "GET", "/organizations/"+w.org+"/audit?limit=100", nil).raw; !strings.Contains(log, "member.joined") || !strings.Contains(log, "sign_on.changed") {
		t.Error("the log doesn't say who joined")
	}
	if strings.Contains(w.log.String(), clientSecret) {
		t.Error("the secret is in the log")
	}
}

// TestAPageMayBeginSeveralThingsAtOnce sends what a fresh page sends before any answer, and gives the browser the answers
// in either order.
func TestAPageMayBeginSeveralThingsAtOnce(t *testing.T) {
	w, i, _ := signOnWorld(t, false)
	at, _ := url.Parse(w.base)
	for _, firstLast := range []bool{false, true} {
		one, other, browser := w.person("x"), w.person("x"), w.person("x")
		challenge := one.must(200, "POST", "/session/passkey/begin", nil)
		away := other.must(200, "POST", "/session/sign-on", map[string]any{"organization": w.org})
		answers := []*person{one, other}
		if firstLast {
			slices.Reverse(answers)
		}
		for _, p := range answers {
			browser.client.Jar.SetCookies(at, p.client.Jar.Cookies(at))
		}
		if to := landed(browser.send("GET", i.back(away.text("authorize_url"), nil), nil)); to != "/" {
			t.Errorf("the sign-on landed on %s", to)
		}
		browser.must(200, "POST", "/session/passkey", map[string]any{"credential": w.owner.device.used(challenge)})
	}
}

// notBegunHere is where a browser lands that brings the answer to a question that it didn't ask.
const notBegunHere = "/sign-in#problem=This sign-on wasn't begun in this browser, or it took too long. Begin again."

// TestOnlyTheRightAnswerOfTheProviderCounts is the truth table of a sign-on.
func TestOnlyTheRightAnswerOfTheProviderCounts(t *testing.T) {
	w, i, c := signOnWorld(t, false)
	claim := func(name string, value any) func() { return func() { i.claims[name] = value } }
	forge := func(f func(head, body map[string]any) string) func() { return func() { i.forge = f } }
	public, _ := x509.MarshalPKIXPublicKey(&i.key.PublicKey)
	asSecret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	for name, wrong := range map[string]func(){
		"another issuer":      claim("iss", "https://evil.example"),
		"another audience":    claim("aud", "somebody-else"),
		"two audiences":       claim("aud", []string{clientID, "somebody-else"}),
		"another party":       claim("azp", "somebody-else"),
		"another nonce":       claim("nonce", "n"),
		"no nonce":            claim("nonce", ""),
		"no subject":          claim("sub", ""),
		"expired":             func() { i.claims["exp"] = c.Now().Add(-time.Second).Unix() },
		"from the future":     func() { i.claims["iat"] = c.Now().Add(time.Hour).Unix() },
		"not yet":             func() { i.claims["nbf"] = c.Now().Add(time.Hour).Unix() },
		"unconfirmed address": claim("email_verified", false),
		"confirmation unsaid": claim("email_verified", nil),
		"no address":          claim("email", ""),
		"somebody's address":  claim("email", "MIRA@halden.example"),
		"no signature":        forge(func(h, b map[string]any) string { return unsigned(h, b) + "." }),
		"alg none":            forge(func(h, b map[string]any) string { h["alg"] = "none"; return unsigned(h, b) + "." }),
		"alg None":            forge(func(h, b map[string]any) string { h["alg"] = "NoNe"; return unsigned(h, b) + "." }),
		"another key":         forge(func(h, b map[string]any) string { return signed(h, b, i.other) }),
		"the key beside": forge(func(h, b map[string]any) string {
			h["jwk"] = map[string]any{"kty": "RSA", "n": b64(i.other.N.Bytes()), "e": "AQAB"}
			return signed(h, b, i.other)
		}),
		"key address beside": forge(func(h, b map[string]any) string { h["jku"] = "https://evil.example/keys"; return signed(h, b, i.other) }),
		"public key as secret": forge(func(h, b map[string]any) string {
			h["alg"] = "HS256"
			m := hmac.New(sha256.New, asSecret)
			m.Write([]byte(unsigned(h, b)))
			return unsigned(h, b) + "." + b64(m.Sum(nil))
		}),
		"client secret as key": forge(func(h, b map[string]any) string {
			h["alg"] = "HS256"
			m := hmac.New(sha256.New, []byte(clientSecret))
			m.Write([]byte(unsigned(h, b)))
			return unsigned(h, b) + "." + b64(m.Sum(nil))
		}),
		"changed after": forge(func(h, b map[string]any) string {
			s := signed(h, b, i.key)
			b["sub"] = "s-2"
			return unsigned(h, b) + s[strings.LastIndex(s, "."):]
		}),
		"no token": forge(func(_, _ map[string]any) string { return "" }),
	} {
		i.claims, i.forge = map[string]any{}, nil
		wrong()
		p := w.person("x")
		if to := landed(p.signOn(i, nil)); !strings.HasPrefix(to, "/sign-in#problem=") {
			t.Errorf("%s: landed on %s", name, to)
		}
		if a := p.send("GET", "/session", nil); a.status != 401 {
			t.Errorf("%s: signed in: %s", name, a.raw)
		}
	}
	i.claims, i.forge = map[string]any{}, nil
	for name, change := range map[string]func(url.Values){
		"without iss": func(v url.Values) { v.Del("iss") }, "with another iss": func(v url.Values) { v.Set("iss", "https://evil.example") },
		"with another code": func(v url.Values) { v.Set("code", "guessed") }, "with an error": func(v url.Values) { v.Set("error", "access_denied") },
	} {
		if to := landed(w.person("x").signOn(i, change)); !strings.HasPrefix(to, "/sign-in#problem=") {
			t.Errorf("%s: landed on %s", name, to)
		}
	}
	begin := func(p *person) string {
		return p.must(200, "POST", "/session/sign-on", map[string]any{"organization": w.org}).text("authorize_url")
	}
	p := w.person("x")
	mine := i.back(begin(p), nil)
	for name, try := range map[string]func() answer{
		"another browser": func() answer { return w.person("y").send("GET", mine, nil) },
		"another state": func() answer {
			return p.send("GET", i.back(begin(p), func(v url.Values) { v.Set("state", "guessed") }), nil)
		},
		"no state": func() answer { return p.send("GET", i.back(begin(p), func(v url.Values) { v.Del("state") }), nil) },
		"too late": func() answer {
			late := i.back(begin(p), nil)
			c.Advance(11 * time.Minute)
			return p.send("GET", late, nil)
		},
	} {
		if to := landed(try()); to != notBegunHere {
			t.Errorf("%s: landed on %s", name, to)
		}
	}
	right := i.back(begin(p), nil)
	if to := landed(p.send("GET", right, nil)); to != "/" {
		t.Errorf("the right answer landed on %s", to)
	}
	if to := landed(p.send("GET", right, nil)); to != notBegunHere {
		t.Errorf("a second time: %s", to)
	}
	w.person("x").must(404, "POST", "/session/sign-on", map[string]any{"organization": "org_00000000000000000000000004"})
}

func TestASignOnOpensItsOwnOrganizationOnly(t *testing.T) {
	w, i, c := signOnWorld(t, false)
	tom := w.join("tom@halden.example", "member", "author")
	other := w.owner.must(201, "POST", "/organizations", map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"}).text("organization")
	_, token, _ := strings.Cut(w.owner.must(201, "POST", "/organizations/"+other+"/invitations", map[string]any{"email": tom.email, "role": "admin"}).text("link"), "#token=")
	tom.must(200, "POST", "/invitations/accept", map[string]any{"token": token})
	i.claims["email"] = tom.email // the provider can say so, but that names nobody
	if to := landed(w.person("x").signOn(i, nil)); !strings.Contains(to, "has a sign-in here") {
		t.Errorf("by the address alone: %s", to)
	}
	link := tom.must(200, "POST", "/organizations/"+w.org+"/sign-on/link", nil).text("authorize_url")
	states := func() map[string]string {
		me, is := tom.must(200, "GET", "/session", nil), map[string]string{}
		for i := range me.get("organizations").([]any) {
			is[me.text(fmt.Sprintf("organizations.%d.name", i))] = me.text(fmt.Sprintf("organizations.%d.sign_on", i))
		}
		return is
	}
	if is := states(); is["Halden Studio"] != "offered" || is["Nordlys"] != "none" {
		t.Errorf("before: %v", is)
	}
	if to := landed(tom.send("GET", i.back(link, nil), nil)); to != "/me#linked=sign_on" {
		t.Fatalf("linked: %s", to)
	}
	if is := states(); is["Halden Studio"] != "linked" || is["Nordlys"] != "none" {
		t.Errorf("after: %v", is)
	}
	if to := landed(w.owner.send("GET", i.back(w.owner.must(200, "POST", "/organizations/"+w.org+"/sign-on/link", nil).text("authorize_url"), nil), nil)); !strings.Contains(to, "another person") {
		t.Errorf("somebody else's subject: %s", to)
	}
	p := w.person("x")
	landed(p.signOn(i, nil))
	me := p.must(200, "GET", "/session", nil)
	if me.text("identity.email") != tom.email || len(me.get("organizations").([]any)) != 1 || me.text("organizations.0.id") != w.org || strings.Contains(me.raw, other) {
		t.Errorf("by the sign-on: %s", me.raw)
	}
	p.must(404, "GET", "/organizations/"+other, nil)
	tom.must(200, "GET", "/organizations/"+other, nil)
	d := w.device()
	tom.addPasskey(d)
	half := w.person("x")
	if to := landed(half.signOn(i, nil)); to != "/sign-in#mfa_required" {
		t.Errorf("with a factor of one's own: %s", to)
	}
	half.must(401, "GET", "/session", nil)
	half.must(200, "POST", "/session/mfa", map[string]any{"passkey": d.used(half.must(200, "POST", "/session/passkey/begin", nil))})
	half.must(404, "GET", "/organizations/"+other, nil)
	i.claims["amr"], i.claims["auth_time"] = []string{"pwd", "mfa"}, c.Now().Add(-time.Minute).Unix()
	if to := landed(half.signOn(i, nil)); to != "/" {
		t.Errorf("with several factors there: %s", to)
	}
	if me := half.must(200, "GET", "/session", nil); me.text("fresh.mfa_until") != "2026-11-23T09:04:00Z" {
		t.Errorf("fresh: %s", me.raw)
	}
	c.Advance(10 * time.Minute)
	again := half.must(200, "POST", "/session/sign-on/step-up", nil).text("authorize_url")
	if !strings.Contains(again, "max_age=0") {
		t.Errorf("the provider isn't asked for a new proof: %s", again)
	}
	if to := landed(half.send("GET", i.back(again, nil), nil)); !strings.Contains(to, "#problem=") {
		t.Errorf("an old proof: %s", to)
	}
	i.claims["auth_time"] = c.Now().Unix()
	if to := landed(half.send("GET", i.back(half.must(200, "POST", "/session/sign-on/step-up", nil).text("authorize_url"), nil), nil)); to != "/#confirmed" {
		t.Errorf("a new proof: %s", to)
	}
	w.owner.fresh()
	w.owner.must(204, "DELETE", "/organizations/"+w.org+"/sign-on", nil)
	half.must(401, "GET", "/session", nil)
}

func TestAForcedSignOnKeepsPasswordsOut(t *testing.T) {
	w, i, _ := signOnWorld(t, false)
	tom := w.join("tom@halden.example", "member", "author")
	p := w.person(tom.email)
	p.must(200, "POST", "/session", map[string]any{"email": tom.email, "password": password})
	set := map[string]any{"issuer": i.URL, "client": clientID, "forced": true}
	w.owner.must(200, "PUT", "/organizations/"+w.org+"/sign-on", set)
	if a := p.must(403, "GET", "/organizations/"+w.org, nil); a.code() != "sign_on_required" {
		t.Errorf("a session from before: %s", a.raw)
	}
	if a := p.must(403, "GET", "/workspaces/"+w.ws, nil); a.code() != "sign_on_required" {
		t.Errorf("a session from before, in a workspace: %s", a.raw)
	}
	if me := p.must(200, "GET", "/session", nil); me.text("barred.0.why") != "sign_on" || len(me.get("organizations").([]any)) != 0 {
		t.Errorf("who am I: %s", me.raw)
	}
	again := w.person("x")
	again.must(200, "POST", "/session", map[string]any{"email": tom.email, "password": password}) // which hasn't linked the sign-on yet
	if a := again.must(403, "GET", "/organizations/"+w.org, nil); a.code() != "sign_on_required" || a.text("organization") != w.org {
		t.Errorf("the password: %s", a.raw)
	}
	w.person("x").must(401, "POST", "/session", map[string]any{"email": tom.email, "password": "wrong wrong wrong"})
	w.owner.must(200, "GET", "/organizations/"+w.org, nil) // by a passkey
	landed(w.person("x").signOn(i, nil))                   // the secret stayed
}

// TestWhoHasNotLinkedAForcedSignOnCanStillLinkIt: an owner forces the sign-on while members still come in by passwords.
func TestWhoHasNotLinkedAForcedSignOnCanStillLinkIt(t *testing.T) {
	w, i, _ := signOnWorld(t, true)
	tom := w.join("tom@halden.example", "member", "author")
	i.claims["email"], i.claims["sub"] = tom.email, "s-tom"
	if to := landed(w.person("x").signOn(i, nil)); !strings.Contains(to, "Sign in with it, then link") {
		t.Errorf("before linking: %s", to)
	}
	p := w.person(tom.email)
	p.must(200, "POST", "/session", map[string]any{"email": tom.email, "password": password})
	if me := p.must(200, "GET", "/session", nil); me.text("barred.0.why") != "sign_on" || me.text("barred.0.sign_on") != "offered" {
		t.Errorf("who is kept out: %s", me.raw)
	}
	p.must(403, "GET", "/organizations/"+w.org+"/members", nil)
	w.join("sue@elsewhere.example", "member", "author") // linking is for members who are kept out, and for nobody else
	stranger := w.person("x")
	stranger.must(401, "POST", "/organizations/"+w.org+"/sign-on/link", nil)
	away := p.must(200, "POST", "/organizations/"+w.org+"/sign-on/link", nil).text("authorize_url")
	if to := landed(p.send("GET", i.back(away, nil), nil)); to != "/me#linked=sign_on" {
		t.Fatalf("linking: %s", to)
	}
	in := w.person("x")
	if to := landed(in.signOn(i, nil)); to != "/" {
		t.Errorf("after linking: %s", to)
	}
	if me := in.must(200, "GET", "/session", nil); me.text("organizations.0.id") != w.org || me.text("identity.email") != tom.email {
		t.Errorf("who came in: %s", me.raw)
	}
	if a := w.person(tom.email).must(403, "POST", "/session", map[string]any{"email": tom.email, "password": password}); a.code() != "sign_on_required" {
		t.Errorf("the password afterwards: %s", a.raw)
	}
}

func TestASignOnIsSetByAnOwnerWhoCanStillComeIn(t *testing.T) {
	c := clock.NewManual(monday)
	i := newIssuer(t, c.Now)
	w := newWorldStill(t, c)
	path := "/organizations/" + w.org + "/sign-on"
	w.owner.enrol()
	set := map[string]any{"issuer": i.URL, "client": clientID, "secret": clientSecret}
	if a := w.owner.must(409, "PUT", path, set); a.code() != "provider_refused" || !strings.Contains(a.text("detail"), "network.allow_private") {
		t.Errorf("an address inside: %s", a.raw)
	}
	for _, bad := range []string{"ftp://login.example", "https://login.example/?x=1", "https://user@login.example", "login.example"} {
		set["issuer"] = bad
		w.owner.must(409, "PUT", path, set)
	}
	set["forced"] = true
	if a := w.owner.must(409, "PUT", path, set); a.code() != "owner_passkey_needed" {
		t.Errorf("without a way in: %s", a.raw)
	}
	admin := w.join("ada@halden.example", "admin", "")
	admin.enrol()
	if a := admin.must(403, "PUT", path, set); a.code() != "owners_only" {
		t.Errorf("by an admin: %s", a.raw)
	}
	w.owner.must(404, "GET", path, nil)
}
