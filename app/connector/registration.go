package connector

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Registration is what an administrator does at a platform before anybody can sign in there.
type Registration struct {
	Console string   // address of the platform's page for apps
	Steps   []string // in order, with the names of its buttons
	Review  string   // what the platform looks at before others than the app's owner may connect; "": nothing
	Tells   []Tell   // how answers to a test of the credentials are read, where the standard's words don't do
}

// Verdict is what a test of app credentials found out.
type Verdict string

// The verdicts.
const (
	AppAccepted     Verdict = "accepted"
	AppRefused      Verdict = "secret_refused"   // the id or the secret
	CallbackRefused Verdict = "callback_refused" // our callback address isn't registered there
	AppUntold       Verdict = "untold"           // only connecting will tell
)

// Tell reads one answer to a test, as Failure reads one to a publish.
type Tell struct {
	On            string // "authorize" or "token"; "": both
	Status        int
	Path, Is, Has string
	Verdict       Verdict
}

// AppFound is how a test of app credentials ended.
type AppFound struct {
	Verdict Verdict
	Words   string // the platform's, redacted; "" when it said nothing
}

// standardTells are what RFC 6749 and RFC 6750 call it, and what several platforms call it instead.
var standardTells = []Tell{
	{Path: "error", Is: "redirect_uri_mismatch|invalid_redirect_uri|redirect_uri_not_allowed", Verdict: CallbackRefused},
	{On: "authorize", Status: 4, Has: "redirect_uri_mismatch|redirect_uri", Verdict: CallbackRefused},
	{On: "authorize", Status: 4, Has: "invalid_client|client_id", Verdict: AppRefused},
	{On: "token", Path: "error", Is: "invalid_client|unauthorized_client|invalid_client_id|invalid_client_secret|incorrect_client_credentials", Verdict: AppRefused},
	{On: "token", Path: "error", Is: "invalid_grant|bad_verification_code|invalid_code|authorization_code_not_found", Verdict: AppAccepted},
	{On: "token", Status: http.StatusUnauthorized, Verdict: AppRefused},
}

// noSuchCode is the code that a test sends: no platform gave it.
const noSuchCode = "0000000000000000000000000000000000000000"

// TestApp finds out whether a platform takes g.App: it asks for the page of the sign-in, and for a token with a code that
// nobody gave, and reads how that is refused. A platform with a way of its own is asked that way. The error is a *Failed:
// the platform couldn't be asked.
func TestApp(ctx context.Context, pub Publisher, way, callback string, g Grip) (AppFound, error) {
	if checker, ok := pub.(AppChecker); ok {
		_, err := Do(ctx, pub, Channel{Way: way}, &g, "app", func(ctx context.Context, c *Call) (struct{}, error) { return struct{}{}, checker.CheckApp(ctx, c) })
		return readChecked(err)
	}
	c, ok := pub.Spec().Way(way)
	if !ok || c.OAuth == nil {
		return AppFound{Verdict: AppUntold}, nil
	}
	tells := standardTells
	if r := pub.Spec().Registration; r != nil {
		tells = append(r.Tells[:len(r.Tells):len(r.Tells)], tells...)
	}
	s := SignIn{Way: c.Way, State: "test", Callback: callback, App: g.App}
	if c.OAuth.PKCE != PKCENone {
		s.Verifier = newVerifier()
	}
	for _, step := range []struct {
		name string
		ask  func(context.Context, *Call) (struct{}, error)
	}{
		{"authorize", func(ctx context.Context, call *Call) (struct{}, error) {
			return struct{}{}, askForPage(ctx, call, c, s)
		}},
		{"token", func(ctx context.Context, call *Call) (struct{}, error) {
			_, err := swap(ctx, call, c, s, url.Values{"code": {noSuchCode}})
			return struct{}{}, err
		}},
	} {
		_, err := Do(ctx, pub, Channel{Way: c.Way}, &g, step.name, step.ask)
		var f *Failed
		switch {
		case err == nil:
			continue
		case !errors.As(err, &f):
			return AppFound{}, err
		case f.Status == 0 || f.Status >= 500 || f.Status == http.StatusTooManyRequests:
			return AppFound{}, f
		}
		a := &answer{step: step.name, status: f.Status, body: f.body, json: decoded(f.body)}
		for _, t := range tells {
			if row := (Failure{On: t.On, Status: t.Status, Path: t.Path, Is: t.Is, Has: t.Has}); row.fits(a) {
				return AppFound{t.Verdict, wordsIn(a)}, nil
			}
		}
	}
	return AppFound{Verdict: AppUntold}, nil
}

func readChecked(err error) (AppFound, error) {
	var f *Failed
	switch {
	case err == nil:
		return AppFound{Verdict: AppAccepted}, nil
	case errors.As(err, &f) && (f.Class == Rejected || f.Class == Reconnect):
		return AppFound{AppRefused, f.Words}, nil
	}
	return AppFound{}, err
}

// askForPage looks at the page that a browser would be sent to. A page, and a way on to a sign-in, say nothing.
func askForPage(ctx context.Context, call *Call, c Connect, s SignIn) error {
	at, err := authorizeURL(call, c, s)
	if err != nil {
		return err
	}
	u, err := url.Parse(at)
	if err != nil {
		return err
	}
	var page []byte
	r := c.OAuth.page()
	r.Query, r.NoAuth, r.Into = u.Query(), true, &page
	r.Accept = []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect}
	_, err = call.Send(ctx, r)
	return err
}

// Choices lists what may become the channel after sign-in; nil where nothing is chosen.
func Choices(ctx context.Context, pub Publisher, j Joined, g Grip) ([]Target, error) {
	chooser, ok := pub.(Chooser)
	if !ok || pub.Spec().Targets == nil {
		return nil, nil
	}
	g.Token, g.App = j.Token, j.App
	return Do(ctx, pub, j.Channel, &g, "targets", chooser.Choose)
}

// Chosen is what was joined, with a target as the channel.
func (j Joined) Chosen(t Target) Joined {
	j.Identity = t.Identity
	j.Channel.Target, j.Channel.RemoteID, j.Channel.Handle, j.Channel.Name, j.Channel.URL = t.ID, t.ID, t.Handle, t.Name, t.URL
	j.Channel.Facts, j.Channel.More = t.Facts, t.More
	if t.Token != nil {
		j.Token = *t.Token
	}
	return j
}
