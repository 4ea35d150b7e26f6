package connector_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
)

// signer is a toy whose access is given in another place.
type signer struct {
	*toy
	every time.Duration
	asked int
	when  int // it is agreed at this asking
}

func (s *signer) Greet(_ context.Context, c *connector.Call, back string) (connector.Greeting, error) {
	at, err := c.Page(connector.Request{Path: "/agree", Query: url.Values{"back": {back}}})
	var pasted string
	c.Token.Extra["seed"].Use(func(p string) { pasted = p })
	return connector.Greeting{Address: at, Kept: map[string]string{"session": "canary-session-1", "seed": pasted}, Every: s.every}, err
}

func (s *signer) Agreed(_ context.Context, c *connector.Call, kept map[string]string, answer url.Values) (connector.Token, error) {
	if s.asked++; s.asked < s.when {
		return connector.Token{}, connector.NotYet(c, s.every)
	}
	if s.every == 0 && answer.Get("session") != kept["session"] {
		return connector.Token{}, connector.Reject("another's "+kept["session"], "")
	}
	return connector.Token{Access: secret.NewText("access of " + kept["session"] + " by " + kept["seed"])}, nil
}

func newSigner(every time.Duration, when int) *signer {
	s := &signer{toy: newToy(), every: every, when: when}
	s.spec.Connect = []connector.Connect{{
		Way: "signer", Kind: connector.Handshake, Label: "Signer", Help: "Agree there.",
		Fields: connector.Form{{Name: "seed", Label: "Seed", Help: "Any.", Secret: true}},
	}}
	return s
}

// begun begins a handshake and gives it as it comes out of its seal.
func begun(t *testing.T, s *signer, g connector.Grip) (connector.SignIn, string) {
	t.Helper()
	in, at, err := connector.Begin(t.Context(), s, "signer", map[string]string{"seed": "canary-seed-1"}, "https://posto.example/back", "st4te", g)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v %#v", in, in); strings.Contains(text, "canary") {
		t.Errorf("a secret is printed: %s", text)
	}
	var kept connector.SignIn
	if err := in.Plain(func(raw []byte) (err error) { kept, err = connector.ReadSignIn(raw); return err }); err != nil {
		t.Fatal(err)
	}
	return kept, at
}

func TestAHandshakeEndsByComingBack(t *testing.T) {
	t.Parallel()
	g, _ := against(t, answer(http.StatusOK, "{}"))
	s := newSigner(0, 1)
	kept, at := begun(t, s, g)
	if u, err := url.Parse(at); err != nil || u.Path != "/v1/agree" || u.Query().Get("back") != "https://posto.example/back?state=st4te" {
		t.Errorf("the page is %s", at)
	}
	if _, err := connector.Complete(t.Context(), s, kept, url.Values{"session": {"of another"}}, g); err == nil || strings.Contains(err.Error(), "canary-session-1") {
		t.Errorf("another's answer: %v", err)
	}
	if _, err := connector.Complete(t.Context(), s, kept, url.Values{"error": {"access_denied"}}, g); err == nil {
		t.Error("a refusal gave access")
	}
	j, err := connector.Complete(t.Context(), s, kept, url.Values{"session": {"canary-session-1"}}, g)
	if err != nil || !j.Token.Access.Equal(secret.NewText("access of canary-session-1 by canary-seed-1")) || j.Channel.Name != "Me" {
		t.Errorf("%+v %v", j.Channel, err)
	}
}

func TestAHandshakeIsAskedForUntilSomebodyAgrees(t *testing.T) {
	t.Parallel()
	g, _ := against(t, answer(http.StatusOK, "{}"))
	s := newSigner(5*time.Second, 3)
	kept, _ := begun(t, s, g)
	for range 2 {
		_, err := connector.Complete(t.Context(), s, kept, nil, g)
		if until, waits := connector.Waiting(err); !waits || !until.Equal(noon.Add(5*time.Second)) {
			t.Fatalf("%v %v", until, err)
		}
	}
	if _, err := connector.Complete(t.Context(), s, kept, nil, g); err != nil {
		t.Error(err)
	}
	s = newSigner(0, 9) // one that comes back isn't asked twice
	kept, _ = begun(t, s, g)
	_, err := connector.Complete(t.Context(), s, kept, nil, g)
	if _, waits := connector.Waiting(err); waits || connector.ClassOf(err) != connector.Rejected {
		t.Errorf("%v", err)
	}
}
