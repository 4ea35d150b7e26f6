package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/misskey/misskeyfake"
)

// TestAgreeAtMisskeyAndBack: a handshake needs no app, ends in the browser that began it, and only once.
func TestAgreeAtMisskeyAndBack(t *testing.T) {
	p := &platform{Platform: misskeyfake.New(fake.World{})}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.address = s.URL
	w := newWorld(t, toPlatforms(map[string]*platform{"misskey": p}))
	way := w.owner.must(200, "GET", "/platforms/misskey", nil)
	if way.text("connect.0.kind") != "oauth" || way.get("connect.0.ready") != true || way.text("connect.1.kind") != "fields" {
		t.Errorf("the ways: %s", way.raw)
	}
	if a := w.owner.send("POST", w.path("/channels"), map[string]any{"platform": "misskey", "way": "miauth", "fields": map[string]string{"server": "misskey.example"}}); a.code() != "needs_authorize" {
		t.Errorf("by fields: %d %s", a.status, a.raw)
	}
	a := w.owner.must(200, "POST", w.path("/channels/authorize"), map[string]any{"platform": "misskey", "instance": "@me@misskey.example"})
	direct := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := direct.Get(a.text("authorize_url"))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	path, ours := strings.CutPrefix(r.Header.Get("Location"), w.base)
	if !ours || !strings.HasPrefix(path, "/connect/misskey/callback?") {
		t.Fatalf("the platform sends back to %q", r.Header.Get("Location"))
	}
	stranger := w.join("tom@halden.example", "member", "manager")
	if s := stranger.send("GET", "root:"+path, nil); s.status != 422 || s.code() != "state_unknown" {
		t.Errorf("another's browser: %d %s", s.status, s.raw)
	}
	end := w.owner.must(303, "GET", "root:"+path, nil, "Sec-Fetch-Site", "cross-site")
	if !strings.HasPrefix(end.header.Get("Location"), "/w/"+w.ws+"/channels/chn_") {
		t.Fatalf("the end is %q", end.header.Get("Location"))
	}
	w.owner.must(422, "GET", "root:"+path, nil) // once
	if strings.Contains(w.log.String(), "tok-canary-miauth") {
		t.Error("the token is in the log")
	}
}
