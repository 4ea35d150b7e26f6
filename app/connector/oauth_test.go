package connector_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
)

// heard is what a platform's addresses were sent, one line each: the address, and the fields in order.
type heard struct{ lines []string }

func (h *heard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	fields := string(raw)
	if r.Header.Get("Content-Type") == "application/json" {
		var values map[string]string
		_ = json.Unmarshal(raw, &values)
		form := url.Values{}
		for k, v := range values {
			form.Set(k, v)
		}
		fields = "json " + form.Encode()
	}
	if user, pass, ok := r.BasicAuth(); ok {
		fields += " as " + user + ":" + pass
	}
	h.lines = append(h.lines, r.URL.Path+" "+fields)
	_, _ = w.Write([]byte(`{"access_token":"acc-canary","refresh_token":"ren-canary","expires_in":60}`))
}

func TestWhatASignInSaysIsWhatThePlatformWants(t *testing.T) {
	t.Parallel()
	const code = "/v1/token client_id=app-1&client_secret=sec-1&code=the-code&grant_type=authorization_code&redirect_uri=https%3A%2F%2Fposto.example%2Fback"
	const again = "/v1/token client_id=app-1&client_secret=sec-1&grant_type=refresh_token&refresh_token=ren-canary"
	for name, c := range map[string]struct {
		oauth connector.OAuth
		page  string // what the page's address holds beside the usual
		want  []string
	}{
		"the standard": {connector.OAuth{}, "", []string{code, again, "/v1/revoke client_id=app-1&client_secret=sec-1&token=acc-canary"}},
		"the refresh token is ended": {
			connector.OAuth{EndRefresh: true}, "", []string{code, again, "/v1/revoke client_id=app-1&client_secret=sec-1&token=ren-canary&token_type_hint=refresh_token"},
		},
		"more with the code, more with the refresh, and what the callback brought": {
			connector.OAuth{Swap: map[string]string{"swap": "1"}, Renew: map[string]string{"renew": "2"}, Keep: []string{"device_id"}}, "",
			[]string{
				"/v1/token client_id=app-1&client_secret=sec-1&code=the-code&device_id=dev-1&grant_type=authorization_code&redirect_uri=https%3A%2F%2Fposto.example%2Fback&swap=1",
				"/v1/token client_id=app-1&client_secret=sec-1&device_id=dev-1&grant_type=refresh_token&refresh_token=ren-canary&renew=2",
				"/v1/revoke client_id=app-1&client_secret=sec-1&token=acc-canary",
			},
		},
		"JSON, no secret, and the state as a nonce": {
			connector.OAuth{JSON: true, SecretIn: connector.SecretNone, Extra: map[string]string{"nonce": "{state}"}}, "nonce=the-state",
			[]string{
				"/v1/token json client_id=app-1&code=the-code&grant_type=authorization_code&redirect_uri=https%3A%2F%2Fposto.example%2Fback",
				"/v1/token json client_id=app-1&grant_type=refresh_token&refresh_token=ren-canary", "/v1/revoke json client_id=app-1&token=acc-canary",
			},
		},
		"an app of the way's own, in the header": {
			connector.OAuth{Other: "page", SecretIn: connector.SecretInBasic}, "client_id=app-2",
			[]string{
				"/v1/token client_id=app-2&code=the-code&grant_type=authorization_code&redirect_uri=https%3A%2F%2Fposto.example%2Fback as app-2:sec-2",
				"/v1/token client_id=app-2&grant_type=refresh_token&refresh_token=ren-canary as app-2:sec-2", "/v1/revoke client_id=app-2&token=acc-canary as app-2:sec-2",
			},
		},
	} {
		h := &heard{}
		g, _ := against(t, h.ServeHTTP)
		g.Token, g.Driver = connector.Token{}, nil
		g.App = connector.App{ID: "app-1", Secret: secret.NewText("sec-1"), Extra: map[string]string{"page_id": "app-2", "page_secret": "sec-2"}}
		pub := newToy()
		c.oauth.Authorize, c.oauth.Token, c.oauth.Revoke = "/authorize", "/token", "/revoke"
		pub.spec.Connect = []connector.Connect{{Way: "oauth", Kind: connector.OAuth2, OAuth: &c.oauth}}
		ctx := context.Background()
		s, at, err := connector.Begin(ctx, pub, "oauth", nil, "https://posto.example/back", "the-state", g)
		if err != nil || !strings.Contains(at, c.page) {
			t.Fatalf("%s: %v, %s", name, err, at)
		}
		j, err := connector.Complete(ctx, pub, s, url.Values{"code": {"the-code"}, "device_id": {"dev-1"}}, g)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		g.Token = j.Token
		ch := connector.Channel{Way: "oauth"}
		if _, err := connector.Do(ctx, pub, ch, &g, "refresh", connector.RefreshOAuth); err != nil {
			t.Errorf("%s: refresh: %v", name, err)
		}
		if _, err := connector.Do(ctx, pub, ch, &g, "revoke", func(ctx context.Context, c *connector.Call) (int, error) { return 0, connector.RevokeOAuth(ctx, c) }); err != nil {
			t.Errorf("%s: revoke: %v", name, err)
		}
		var got []string
		for _, line := range h.lines {
			if !strings.HasPrefix(line, "/v1/who") {
				got = append(got, line)
			}
		}
		if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}
