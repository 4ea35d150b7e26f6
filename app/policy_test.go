package app

import (
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
)

// policyWorld has an owner with a passkey and an authenticator app, and a member with neither.
func policyWorld(t *testing.T) (w *world, tom *person, c *clock.Manual, set func(change map[string]any, match string, status int) answer) {
	t.Helper()
	c = clock.NewManual(monday)
	w = newWorldStill(t, c)
	w.owner.addPasskey(w.device())
	w.owner.totp = w.owner.must(200, "POST", "/me/totp", nil).text("secret")
	w.owner.must(200, "POST", "/me/totp/confirm", map[string]any{"code": w.owner.code(0)})
	tom = w.join("tom@halden.example", "member", "author")
	return w, tom, c, func(change map[string]any, match string, status int) answer {
		t.Helper()
		w.owner.fresh()
		body := map[string]any{"second_factor": false, "ways": []string{}, "session_hours": 0, "strict_totp": false}
		for name, v := range change {
			body[name] = v
		}
		return w.owner.must(status, "PUT", "/organizations/"+w.org+"/security", body, "If-Match", `"`+match+`"`)
	}
}

func TestAPolicyAsksForASecondFactor(t *testing.T) {
	w, tom, _, set := policyWorld(t)
	path := "/workspaces/" + w.ws
	tom.must(200, "GET", path, nil)
	if a := set(map[string]any{"second_factor": true}, "7", 412); a.get("current.version") != 1.0 {
		t.Errorf("stale: %s", a.raw)
	}
	set(map[string]any{"second_factor": true}, "1", 200)
	if a := tom.must(403, "GET", path, nil); a.code() != "second_factor_required" || a.text("organization") != w.org {
		t.Errorf("without one: %s", a.raw)
	}
	if me := tom.must(200, "GET", "/session", nil); me.text("barred.0.why") != "second_factor" || me.text("barred.0.name") != "Halden Studio" {
		t.Errorf("who am I: %s", me.raw)
	}
	tom.enrol()
	tom.must(200, "GET", path, nil)
	w.owner.must(200, "GET", path, nil)
	_, token, _ := strings.Cut(w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", map[string]any{"email": "bo@halden.example", "role": "admin"}).text("link"), "#token=")
	if me := w.person("bo@halden.example").must(200, "POST", "/invitations/accept", map[string]any{"token": token, "name": "Bo", "password": password}); me.text("barred.0.why") != "second_factor" || len(me.get("organizations").([]any)) != 0 {
		t.Errorf("who just joined: %s", me.raw)
	}
	admin := w.join("ada@halden.example", "admin", "")
	admin.must(403, "GET", "/organizations/"+w.org+"/security", nil) // barred as everybody
	admin.enrol()
	if a := admin.must(403, "PUT", "/organizations/"+w.org+"/security", map[string]any{"second_factor": false, "ways": []string{}, "session_hours": 0, "strict_totp": false}, "If-Match", `"2"`); a.code() != "owners_only" {
		t.Errorf("by an admin: %s", a.raw)
	}
}

func TestAPolicyAllowsSomeWaysOnly(t *testing.T) {
	w, tom, c, set := policyWorld(t)
	path := "/workspaces/" + w.ws
	if a := set(map[string]any{"ways": []string{"smoke"}}, "1", 422); a.code() != "invalid" {
		t.Errorf("no way at all: %s", a.raw)
	}
	set(map[string]any{"ways": []string{"passkey"}}, "1", 200)
	if a := tom.must(403, "GET", path, nil); a.code() != "way_refused" {
		t.Errorf("by password: %s", a.raw)
	}
	d := w.device()
	tom.addPasskey(d)
	p := w.person(tom.email)
	p.enter(d, 200)
	p.must(200, "GET", path, nil)
	half := w.halfway(tom.email)
	half.must(200, "POST", "/session/mfa", map[string]any{"passkey": d.used(half.must(200, "POST", "/session/passkey/begin", nil))})
	half.must(200, "GET", path, nil) // the passkey came after the password
	c.Advance(30 * time.Second)
	w.owner.must(200, "POST", "/session/step-up", map[string]any{"totp": w.owner.code(0)})
	w.owner.must(200, "GET", path, nil) // another proof later takes nothing away
	if a := set(map[string]any{"ways": []string{"password", "sign_on"}}, "2", 409); a.code() != "own_way_refused" {
		t.Errorf("locking oneself out: %s", a.raw)
	}
}

func TestAPolicyEndsSessionsSooner(t *testing.T) {
	w, tom, c, set := policyWorld(t)
	set(map[string]any{"session_hours": 4}, "1", 200)
	for range 4 {
		c.Advance(59 * time.Minute)
		tom.must(200, "GET", "/session", nil)
	}
	c.Advance(5 * time.Minute)
	tom.must(401, "GET", "/session", nil)
	w.person("x").must(200, "POST", "/session", map[string]any{"email": tom.email, "password": password})
}

func TestAPolicyCountsCodesStrictly(t *testing.T) {
	for name, c := range map[string]struct {
		strict bool
		into   time.Duration // the half minute
		steps  int
		status int
	}{
		"own": {true, 25 * time.Second, 0, 200}, "ahead": {true, 0, 1, 401}, "before, at once": {true, 9 * time.Second, -1, 200}, "before, late": {true, 10 * time.Second, -1, 401},
		"ahead, loosely": {false, 0, 1, 200}, "before, loosely": {false, 29 * time.Second, -1, 200}, "two before, loosely": {false, 0, -2, 401},
	} {
		w, _, moved, set := policyWorld(t)
		set(map[string]any{"strict_totp": c.strict}, "1", 200)
		moved.Advance(5*time.Minute + c.into)
		half := w.halfway(w.owner.email)
		if a := half.send("POST", "/session/mfa", map[string]any{"totp": w.owner.code(c.steps)}); a.status != c.status {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
}
