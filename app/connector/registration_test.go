package connector_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

const ownCallback = "https://posto.example/connect/toy/callback"

// provided is a toy whose platform has a sign-in of its own, and what its owner registered.
func provided(t *testing.T, p *fake.Provider, o connector.OAuth) (*toy, connector.Grip) {
	t.Helper()
	p.Base = &fake.Base{}
	p.Begin(fake.World{})
	p.Client = fake.Client{ID: "toy-client", Secret: "toy-secret-canary", Callback: ownCallback}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/authorize", p.Authorize)
	mux.HandleFunc("POST /v1/token", p.Token)
	mux.HandleFunc("GET /v1/who", func(w http.ResponseWriter, r *http.Request) {
		if !p.Good(fake.Bearer(r)) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	g, _ := against(t, mux.ServeHTTP)
	g.Token, g.Driver = connector.Token{}, nil
	g.App = connector.App{ID: "toy-client", Secret: secret.NewText("toy-secret-canary")}
	pub := newToy()
	o.Authorize, o.Token = "/authorize", "/token"
	pub.spec.Connect = []connector.Connect{{Way: "oauth", Kind: connector.OAuth2, OAuth: &o}}
	return pub, g
}

func TestATestOfAnAppTellsWhatIsWrong(t *testing.T) {
	inTwoHundred := func(w http.ResponseWriter, _ int, code, _ string) {
		fake.Answer(w, http.StatusOK, map[string]any{"ok": false, "error": code})
	}
	ownWords := func(w http.ResponseWriter, _ int, code, _ string) {
		fake.Answer(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"message": "Error validating client secret.", "type": code}})
	}
	mute := func(w http.ResponseWriter, _ int, _, _ string) {
		fake.Answer(w, http.StatusBadRequest, map[string]any{"error": "request"})
	}
	for name, c := range map[string]struct {
		provider fake.Provider
		oauth    connector.OAuth
		tells    []connector.Tell
		id       string
		secret   string
		callback string
		want     connector.Verdict
	}{
		"right":                      {want: connector.AppAccepted},
		"right, with a proof key":    {provider: fake.Provider{PKCE: true}, oauth: connector.OAuth{PKCE: connector.PKCERequired}, want: connector.AppAccepted},
		"right, in the header":       {provider: fake.Provider{Basic: true}, oauth: connector.OAuth{SecretIn: connector.SecretInBasic}, want: connector.AppAccepted},
		"wrong secret":               {secret: "another-secret", want: connector.AppRefused},
		"wrong secret in the header": {provider: fake.Provider{Basic: true}, oauth: connector.OAuth{SecretIn: connector.SecretInBasic}, secret: "another-secret", want: connector.AppRefused},
		"wrong id":                   {id: "somebody", want: connector.AppRefused},
		"wrong callback":             {callback: "https://elsewhere.example/connect/toy/callback", want: connector.CallbackRefused},
		"errors in a 200":            {provider: fake.Provider{Refuse: inTwoHundred}, secret: "another-secret", want: connector.AppRefused},
		"errors in a 200, right":     {provider: fake.Provider{Refuse: inTwoHundred}, want: connector.AppAccepted},
		"words of its own": {provider: fake.Provider{Refuse: ownWords}, secret: "another-secret", want: connector.AppRefused,
			tells: []connector.Tell{{On: "token", Path: "error.type", Is: "invalid_client", Verdict: connector.AppRefused}}},
		"a platform that doesn't say": {provider: fake.Provider{Refuse: mute}, want: connector.AppUntold},
	} {
		t.Run(name, func(t *testing.T) {
			pub, g := provided(t, &c.provider, c.oauth)
			pub.spec.Registration = &connector.Registration{Tells: c.tells}
			if c.id != "" {
				g.App.ID = c.id
			}
			if c.secret != "" {
				g.App.Secret = secret.NewText(c.secret)
			}
			callback := ownCallback
			if c.callback != "" {
				callback = c.callback
			}
			found, err := connector.TestApp(context.Background(), pub, "oauth", callback, g)
			if err != nil || found.Verdict != c.want {
				t.Errorf("%s %q %v, want %s", found.Verdict, found.Words, err, c.want)
			}
		})
	}
}

func TestAnAppCantBeTestedWhereNobodyAnswers(t *testing.T) {
	pub, g := provided(t, &fake.Provider{}, connector.OAuth{})
	g.BaseURL = "http://127.0.0.1:1"
	if found, err := connector.TestApp(context.Background(), pub, "oauth", ownCallback, g); err == nil {
		t.Errorf("found %s", found.Verdict)
	}
}

func TestTheTokenMayStandInsideTheAnswer(t *testing.T) {
	p := &fake.Provider{Life: time.Hour, Renews: true, Wrap: func(token map[string]any) any { return map[string]any{"data": []any{token}} }}
	pub, g := provided(t, p, connector.OAuth{Inside: "data.0"})
	s, at, err := connector.Begin(context.Background(), pub, "oauth", nil, ownCallback, "state", g)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	joined, err := connector.Complete(context.Background(), pub, s, back.Query(), g)
	if err != nil || joined.Token.Access.Empty() || joined.Token.Refresh.Empty() || joined.Token.ExpiresAt.IsZero() || joined.App.ID != "toy-client" {
		t.Errorf("%+v %v", joined.Channel, err)
	}
}
