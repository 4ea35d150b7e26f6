package connector

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/base/secret"
)

// ErrAppGone says that the platform no longer knows the app: drop the kept one and begin the sign-in again.
var ErrAppGone = errors.New("the platform doesn't know this app any more")

// SignIn is a sign-in under way: what must be kept, sealed and bound to session and workspace, between the redirect and
// the callback. It is used once and good for ten minutes.
type SignIn struct {
	Way, State, Callback string
	Fields               map[string]string // open connect fields (the server)
	App                  App
	Verifier             secret.Text            // of PKCE
	Kept                 map[string]secret.Text // of a handshake
	Every                time.Duration          // of a handshake that is asked for; 0: the browser comes back
}

type sealedSignIn struct {
	Way, State, Callback string
	Fields               map[string]string
	AppID, AppSecret     string
	AppExtra             map[string]string
	Verifier             string
	Kept                 map[string]string `json:",omitempty"`
	Every                time.Duration     `json:",omitempty"`
}

// Plain lends the sign-in's bytes to seal, which must encrypt them before they are kept.
func (s SignIn) Plain(seal func(plain []byte) error) error {
	raw, err := json.Marshal(sealedSignIn{s.Way, s.State, s.Callback, s.Fields, s.App.ID, plain(s.App.Secret), s.App.Extra, plain(s.Verifier), plains(s.Kept), s.Every})
	if err != nil {
		return fmt.Errorf("write sign-in: %w", err)
	}
	defer clear(raw)
	return seal(raw)
}

// ReadSignIn reads what Plain lent.
func ReadSignIn(raw []byte) (SignIn, error) {
	var s sealedSignIn
	if json.Unmarshal(raw, &s) != nil {
		return SignIn{}, errors.New("read sign-in: it isn't one")
	}
	app := App{ID: s.AppID, Secret: secret.NewText(s.AppSecret), Extra: s.AppExtra}
	return SignIn{s.Way, s.State, s.Callback, s.Fields, app, secret.NewText(s.Verifier), texts(s.Kept), s.Every}, nil
}

// Begin starts a sign-in or a handshake and gives the address that the browser is sent to. state is the caller's, bound to the session.
// g.App is the app to use; for ways that register one at the channel's own server it may be zero, and SignIn.App is then
// the new one, to be kept for that server and callback.
func Begin(ctx context.Context, pub Publisher, way string, fields map[string]string, callback, state string, g Grip) (SignIn, string, error) {
	c, ok := pub.Spec().Way(way)
	if !ok || !c.SignsIn() {
		return SignIn{}, "", &Troubled{[]Trouble{{Code: "way_unknown", Field: "way", Words: pub.Spec().Label + " has no sign-in of that kind."}}}
	}
	open, secrets, troubles := c.Fields.Values(fields)
	if troubles != nil {
		return SignIn{}, "", &Troubled{troubles}
	}
	s := SignIn{Way: c.Way, State: state, Callback: callback, Fields: open, App: g.App}
	if c.Kind == Handshake {
		return greet(ctx, pub, s, secrets, g)
	}
	ch := Channel{Way: c.Way, Fields: open}
	if s.App.ID == "" {
		app, err := Do(ctx, pub, ch, &g, "register", func(ctx context.Context, call *Call) (App, error) { return register(ctx, call, c, callback) })
		if err != nil {
			return SignIn{}, "", err
		}
		s.App = app
	}
	if c.OAuth.PKCE != PKCENone {
		s.Verifier = newVerifier()
	}
	at, err := Do(ctx, pub, ch, &g, "authorize", func(_ context.Context, call *Call) (string, error) { return authorizeURL(call, c, s) })
	return s, at, err
}

// newVerifier is a proof key of PKCE.
func newVerifier() secret.Text {
	return secret.NewText(base64.RawURLEncoding.EncodeToString(random.Bytes(48)))
}

// register makes an app at the channel's own server, as Mastodon and its family do.
func register(ctx context.Context, call *Call, c Connect, callback string) (App, error) {
	if c.OAuth.Register == "" {
		return App{}, &Failed{Class: Rejected, Step: "register", Words: "An administrator must enter this platform's app credentials first.", Fix: "app"}
	}
	var out struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	_, err := call.Send(ctx, Request{
		Method: http.MethodPost, Host: c.OAuth.Host, Path: c.OAuth.Register, NoAuth: true, Into: &out,
		JSON: map[string]any{"client_name": "Omni Posto", "redirect_uris": callback, "scopes": c.OAuth.scopes(c.Scopes), "website": "https://github.com/omniposto/omniposto"},
	})
	if err != nil {
		return App{}, err
	}
	if out.ID == "" {
		return App{}, &Failed{Class: Transient, Step: "register", Words: "The server didn't register us. Is it the right address?"}
	}
	return App{ID: out.ID, Secret: secret.NewText(out.Secret)}, nil
}

func (o *OAuth) scopes(list []string) string {
	sep := o.Separator
	if sep == "" {
		sep = " "
	}
	return strings.Join(list, sep)
}

func (o *OAuth) clientID() string {
	if o.ClientID == "" {
		return "client_id"
	}
	return o.ClientID
}

// authorizeURL is where the browser goes.
func authorizeURL(call *Call, c Connect, s SignIn) (string, error) {
	o := c.OAuth
	at, err := call.pageAddress(o)
	if err != nil {
		return "", err
	}
	q := at.Query()
	q.Set("response_type", "code")
	q.Set(o.clientID(), o.app(s.App).ID)
	q.Set("redirect_uri", s.Callback)
	q.Set("scope", o.scopes(c.Scopes))
	q.Set("state", s.State)
	for k, v := range o.Extra {
		q.Set(k, strings.ReplaceAll(v, "{state}", s.State))
	}
	if !s.Verifier.Empty() {
		sum := sha256.Sum256([]byte(plain(s.Verifier)))
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		q.Set("code_challenge_method", "S256")
	}
	at.RawQuery = q.Encode()
	return at.String(), nil
}

// page is the request for the page that a browser is sent to.
func (o *OAuth) page() Request {
	host := o.Page
	if host == "" {
		host = o.Host
	}
	return Request{Host: host, Path: o.Authorize}
}

func (c *Call) pageAddress(o *OAuth) (*url.URL, error) {
	at, err := c.address(o.page())
	if err != nil {
		return nil, err
	}
	return at, c.move(at)
}

// Complete ends a sign-in with the callback's parameters: it swaps the code for a token, exchanges it for a long one
// where the platform has such, and asks who that is. The caller has compared the state.
func Complete(ctx context.Context, pub Publisher, s SignIn, callback url.Values, g Grip) (Joined, error) {
	c, ok := pub.Spec().Way(s.Way)
	if !ok || !c.SignsIn() {
		return Joined{}, &Failed{Class: Rejected, Step: "token", Words: "This sign-in is no longer known. Start again."}
	}
	if refused := callback.Get("error"); refused != "" {
		return Joined{}, &Failed{Class: Rejected, Step: "token", Words: refusedWords(refused, callback.Get("error_description")), Fix: "reconnect"}
	}
	g.App = s.App
	if c.Kind == Handshake {
		return agree(ctx, pub, s, callback, g)
	}
	ch := Channel{Way: s.Way, Fields: s.Fields}
	token, err := Do(ctx, pub, ch, &g, "token", func(ctx context.Context, call *Call) (Token, error) {
		return swap(ctx, call, c, s, callback)
	})
	if err != nil {
		return Joined{}, err
	}
	if ex, ok := pub.(Exchanger); ok {
		g.Token = token
		longer, err := Do(ctx, pub, ch, &g, "exchange", ex.Exchange)
		if err != nil {
			return Joined{}, err
		}
		token = token.Renewed(longer, g.Clock.Now())
	}
	return Adopt(ctx, pub, ch, token, g)
}

func refusedWords(code, description string) string {
	if code == "access_denied" {
		return "The sign-in was cancelled there. Nothing was connected."
	}
	if description != "" {
		return "The platform ended the sign-in: " + newRedactor(nil).words(description)
	}
	return "The platform ended the sign-in (" + newRedactor(nil).words(code) + ")."
}

// swap sends the code for a token.
func swap(ctx context.Context, call *Call, c Connect, s SignIn, callback url.Values) (Token, error) {
	o := c.OAuth
	form := url.Values{"grant_type": {"authorization_code"}, "code": {callback.Get("code")}, "redirect_uri": {s.Callback}}
	if !s.Verifier.Empty() {
		form.Set("code_verifier", plain(s.Verifier))
	}
	for k, v := range o.Swap {
		form.Set(k, v)
	}
	for _, name := range o.Keep {
		form.Set(name, callback.Get(name))
	}
	call.Hide(callback.Get("code"), plain(s.Verifier), plain(s.App.Secret))
	return call.tokenFrom(ctx, o, s.App, form, callback)
}

// RefreshOAuth gets a new token for the refresh token, for a connector's Refresh.
func RefreshOAuth(ctx context.Context, c *Call) (Token, error) {
	way, ok := c.spec.Way(c.Channel.Way)
	if !ok || way.OAuth == nil || c.Token.Refresh.Empty() {
		return Token{}, &Failed{Class: Reconnect, Step: c.step, Words: "The sign-in has ended. Connect again.", Fix: "reconnect"}
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {plain(c.Token.Refresh)}}
	for k, v := range way.OAuth.Renew {
		form.Set(k, v)
	}
	for _, name := range way.OAuth.Keep {
		form.Set(name, plain(c.Token.Extra[name]))
	}
	return c.tokenFrom(ctx, way.OAuth, c.App, form, nil)
}

// RevokeOAuth ends the token at the platform, for a connector's Revoke.
func RevokeOAuth(ctx context.Context, c *Call) error {
	way, ok := c.spec.Way(c.Channel.Way)
	if !ok || way.OAuth == nil || way.OAuth.Revoke == "" || c.Token.Access.Empty() {
		return nil
	}
	form := url.Values{"token": {plain(c.Token.Access)}}
	if way.OAuth.EndRefresh && !c.Token.Refresh.Empty() {
		form = url.Values{"token": {plain(c.Token.Refresh)}, "token_type_hint": {"refresh_token"}}
	}
	r := way.OAuth.request(c.App, form)
	r.Path = way.OAuth.Revoke
	_, err := c.Send(ctx, r)
	if err != nil && (ClassOf(err) == Reconnect || ClassOf(err) == Rejected) {
		return nil // it is no token any more, which is what was wanted
	}
	return err
}

func (o *OAuth) request(app App, form url.Values) Request {
	app = o.app(app)
	r := Request{Method: http.MethodPost, Host: o.Host, Path: o.Token, NoAuth: true, Form: form}
	form.Set(o.clientID(), app.ID)
	switch o.SecretIn {
	case SecretInBasic:
		r.Header = map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(app.ID)+":"+url.QueryEscape(plain(app.Secret))))}
	case SecretInBody:
		if !app.Secret.Empty() {
			form.Set("client_secret", plain(app.Secret))
		}
	}
	if o.JSON {
		values := map[string]string{}
		for k := range form {
			values[k] = form.Get(k)
		}
		r.Form, r.JSON = nil, values
	}
	return r
}

// tokenFrom asks the token address and reads its answer, whatever the platform's habits.
func (c *Call) tokenFrom(ctx context.Context, o *OAuth, app App, form, keep url.Values) (Token, error) {
	var raw json.RawMessage
	r := o.request(app, form)
	r.Into = &raw
	_, err := c.Send(ctx, r)
	if f := (*Failed)(nil); errors.As(err, &f) && f.Status >= 400 && f.Status < 500 {
		if f.Body("error") == "invalid_client" {
			return Token{}, fmt.Errorf("%w: %w", ErrAppGone, f)
		}
		f.Class, f.Fix = Reconnect, "reconnect"
	}
	if err != nil {
		return Token{}, err
	}
	var out struct {
		Access    string          `json:"access_token"`
		Refresh   string          `json:"refresh_token"`
		ExpiresIn json.Number     `json:"expires_in"`
		Scope     json.RawMessage `json:"scope"`
	}
	inside := string(raw)
	if o.Inside != "" {
		inside, _ = lookIn(decoded(raw), o.Inside)
	}
	if json.Unmarshal([]byte(inside), &out) != nil || out.Access == "" {
		return Token{}, &Failed{Class: Reconnect, Step: c.step, Words: "The platform gave no access. Start again.", Fix: "reconnect", Status: http.StatusOK, body: raw}
	}
	c.Hide(out.Access, out.Refresh)
	t := Token{Access: secret.NewText(out.Access), Refresh: secret.NewText(out.Refresh), Scopes: scopesIn(out.Scope, o)}
	if n, err := out.ExpiresIn.Int64(); err == nil && n > 0 {
		t.ExpiresAt = c.Now.Add(time.Duration(n) * time.Second)
	}
	for _, name := range o.Keep {
		if v := keep.Get(name); v != "" {
			t = t.With(name, v)
		}
	}
	return t, nil
}

// scopesIn reads granted scopes: a text with some separator, or a list. Absent means as asked.
func scopesIn(raw json.RawMessage, o *OAuth) []string {
	var list []string
	if json.Unmarshal(raw, &list) == nil && list != nil {
		return list
	}
	var s string
	if json.Unmarshal(raw, &s) != nil || s == "" {
		return nil
	}
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || string(r) == o.Separator })
}
