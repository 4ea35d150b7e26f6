package app

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/mail"
)

// asked is a world in which a member waits for help, which only a bound proof gives: the owner, ada and the path.
func asked(t *testing.T, c *clock.Manual) (w *world, ada *person, id, approve string) {
	t.Helper()
	w = newWorldStill(t, c)
	w.owner.enrol()
	ada = w.join("ada@halden.example", "admin", "")
	ada.enrol()
	tom := w.join("tom@halden.example", "member", "author")
	tom.enrol()
	w.tom = tom
	id = w.halfway(tom.email).must(200, "POST", "/recovery/help", nil).text("id")
	c.Advance(time.Minute)
	return w, ada, id, "/organizations/" + w.org + "/recoveries/" + id + "/approve"
}

func TestABoundProofIsForOneObjectAndBodyOnce(t *testing.T) {
	c := clock.NewManual(monday)
	w, _, id, approve := asked(t, c)
	body := map[string]any{"hours": 4, "categories": []string{"posts", "media"}}
	same, another := `{ "categories" : ["posts","media"],`+"\n\t"+`"hours":4 }`, `{"categories":["media","posts"],"hours":4}`
	prove := func(operation, object string, body any) {
		t.Helper()
		c.Advance(30 * time.Second)
		w.owner.bound(operation, object, body)
	}
	prove("recovery.approve", id, body)
	for name, sent := range map[string]any{"another order of a list": another, "one more member": `{"categories":["posts","media"],"hours":4,"x":null}`, "nothing": nil} {
		if a := w.owner.must(403, "POST", approve, sent); a.code() != "step_up_required" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	prove("recovery.approve", "rcv_00000000000000000000000000", body)
	prove("recovery.stop", id, body)
	c.Advance(30 * time.Second)
	w.signIn(w.owner) // a new session has no proofs, whatever the old one had
	if a := w.owner.must(403, "POST", approve, same); a.code() != "step_up_required" {
		t.Errorf("of another session, object or operation: %s", a.raw)
	}
	prove("recovery.approve", id, body)
	c.Advance(5*time.Minute + time.Second)
	w.owner.must(403, "POST", approve, same) // too old
	prove("recovery.approve", id, body)
	if a := w.owner.must(200, "POST", approve+"?dry_run=true", same); a.text("state") != "approved_once" {
		t.Errorf("dry: %s", a.raw)
	}
	if a := w.owner.must(200, "POST", approve, same); a.text("state") != "approved_once" {
		t.Errorf("a dry run used the proof up, or blanks count: %s", a.raw)
	}
	w.owner.must(403, "POST", approve, same) // once
	if a := w.owner.must(422, "POST", "/session/step-up/begin", map[string]any{"for": "recovery.approve", "body": map[string]any{"hours": 1.5}}); a.code() != "step_up_body" {
		t.Errorf("a fraction: %s", a.raw)
	}
}

func TestABoundProofSpentByManyIsSpentOnce(t *testing.T) {
	c := clock.NewManual(monday)
	w, _, id, approve := asked(t, c)
	w.owner.bound("recovery.approve", id, nil)
	var mu sync.Mutex
	passed, all := 0, sync.WaitGroup{}
	for range 16 {
		all.Go(func() {
			if a := w.owner.send("POST", approve, nil); a.code() != "step_up_required" {
				mu.Lock()
				passed++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if passed != 1 {
		t.Errorf("%d requests passed with one proof", passed)
	}
}

func TestAPasskeySignsWhatItIsFor(t *testing.T) {
	c := clock.NewManual(monday)
	w, ada, id, approve := asked(t, c)
	d := w.device()
	ada.addPasskey(d)
	begin := func(body map[string]any) answer {
		t.Helper()
		a := ada.must(200, "POST", "/session/step-up/begin", body)
		if !slices.Equal(methods(a), []string{"passkey", "totp"}) || a.text("challenge") != a.text("options.challenge") {
			t.Fatalf("begun: %s", a.raw)
		}
		if raw, err := base64.RawURLEncoding.DecodeString(a.text("challenge")); err != nil || len(raw) != sha256.Size {
			t.Errorf("the challenge is %s", a.text("challenge"))
		}
		return a
	}
	about := map[string]any{"for": "recovery.approve", "object": id}
	signed := d.used(begin(about))
	if a := ada.must(401, "POST", "/session/step-up", map[string]any{"passkey": signed, "for": "recovery.stop", "object": id}); a.code() != "passkey_refused" {
		t.Errorf("for something else: %s", a.raw)
	}
	ada.must(401, "POST", "/session/step-up", map[string]any{"passkey": signed}) // it got one try
	w.owner.must(401, "POST", "/session/step-up", map[string]any{"passkey": d.used(begin(about))})
	ada.must(200, "POST", "/session/step-up", map[string]any{"passkey": d.used(begin(map[string]any{}))})
	ada.must(403, "POST", approve, nil) // fresh, but bound to nothing
	before := w.cookie(ada)
	ada.must(200, "POST", "/session/step-up", map[string]any{"passkey": d.used(begin(about)), "for": "recovery.approve", "object": id})
	if w.cookie(ada) == before {
		t.Error("the session kept its token")
	}
	ada.must(200, "POST", approve, nil)
	ada.must(403, "POST", approve, nil)
}

func TestAFactorOfAMomentAgoApprovesNothing(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	first, second := w.device(), w.device()
	w.owner.addPasskey(first)
	c.Advance(time.Minute)
	w.owner.addPasskey(second)
	use := func(d *device, operation string, status int) answer {
		t.Helper()
		begun := w.owner.must(200, "POST", "/session/step-up/begin", map[string]any{"for": operation, "object": "gra_00000000000000000000000000"})
		return w.owner.must(status, "POST", "/session/step-up", map[string]any{"passkey": d.used(begun)})
	}
	if a := use(second, "grants.approve", 403); a.code() != "factor_too_new" || a.text("counts_at") != "2026-11-23T10:01:00Z" {
		t.Errorf("a new factor: %s", a.raw)
	}
	use(second, "members.update", 200)
	use(first, "grants.approve", 200)
	for range 3 {
		c.Advance(20 * time.Minute)
		w.owner.must(200, "GET", "/session", nil)
	}
	use(second, "grants.approve", 200)
}

// TestSessionsDieWithWhatTheyStandOn is the table of what ends the other sessions of a person.
func TestSessionsDieWithWhatTheyStandOn(t *testing.T) {
	for name, change := range map[string]func(w *world, p *person){
		"password": func(_ *world, p *person) {
			p.must(204, "POST", "/me/password", map[string]any{"current": password, "password": renewed})
		},
		"first TOTP": func(_ *world, p *person) { p.enrol() },
		"passkey":    func(w *world, p *person) { p.addPasskey(w.device()) },
		"end of all": func(_ *world, p *person) { p.must(204, "DELETE", "/me/sessions", nil) },
		"new address": func(w *world, p *person) {
			p.must(200, "POST", "/me/email", map[string]any{"email": "new@halden.example"})
			p.must(200, "POST", "/me/email/verify", map[string]any{"token": tokenOf(w.letters(mail.VerifyEmail)[0].Link)})
		},
		"role": func(w *world, p *person) {
			list := w.owner.must(200, "GET", "/organizations/"+w.org+"/members", nil)
			w.owner.must(200, "PATCH", "/organizations/"+w.org+"/members/"+list.text("items.1.id"), map[string]any{"role": "admin"}, "If-Match", `"1"`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tom := w.join("tom@halden.example", "member", "author")
			other := w.person(tom.email)
			other.must(200, "POST", "/session", map[string]any{"email": tom.email, "password": password})
			change(w, tom)
			if a := other.must(401, "GET", "/session", nil); a.code() != "signed_out" {
				t.Error(a.raw)
			}
			w.owner.must(200, "GET", "/session", nil)
		})
	}
}

func TestASessionNeverOutlivesANewSignIn(t *testing.T) {
	w := newWorld(t)
	p := w.person(w.owner.email)
	sign := map[string]any{"email": p.email, "password": password}
	p.must(200, "POST", "/session", sign)
	planted := w.cookie(p)
	p.must(200, "POST", "/session", sign) // the same browser again
	if w.cookie(p) == planted {
		t.Fatal("the token stayed")
	}
	thief := w.person("x")
	thief.must(401, "GET", "/session", nil, "Cookie", "omniposto_session="+planted)
	if list := p.must(200, "GET", "/me/sessions", nil); len(list.get("items").([]any)) != 2 {
		t.Errorf("sessions: %s", list.raw)
	}
}

func TestANewDeviceIsWrittenOf(t *testing.T) {
	w := newWorld(t)
	sign := map[string]any{"email": w.owner.email, "password": password}
	again := w.person(w.owner.email)
	again.must(200, "POST", "/session", sign)
	if list := w.letters(mail.NewDevice); len(list) != 0 {
		t.Fatalf("the same kind of browser in the same network: %+v", list)
	}
	for range 2 {
		w.person("x").must(200, "POST", "/session", sign, "User-Agent", "Mozilla/5.0 Firefox/140.0")
	}
	w.person("x").must(401, "POST", "/session", map[string]any{"email": w.owner.email, "password": "wrong wrong wrong"}, "User-Agent", "Mozilla/5.0 Chrome/140.0")
	list := w.letters(mail.NewDevice)
	if len(list) != 1 || list[0].To != w.owner.email || list[0].Data["device"] != "Firefox" || !strings.HasPrefix(list[0].Data["prefix"], "127.0.0.") {
		t.Errorf("letters: %+v", list)
	}
}

func TestOwnersAreToldOfAFirstFactorAndOfTheLast(t *testing.T) {
	w := newWorld(t)
	tom := w.join("tom@halden.example", "member", "author")
	tom.enrol()
	tom.must(204, "DELETE", "/me/totp", nil)
	for kind, want := range map[mail.Kind][]string{mail.FirstFactor: {w.owner.email}, mail.LastFactor: {w.owner.email}, mail.FactorChanged: {tom.email, tom.email}} {
		var to []string
		for _, l := range w.letters(kind) {
			if to = append(to, l.To); l.Data["who"] != "Person member author" {
				t.Errorf("%s is about %v", kind, l.Data)
			}
		}
		if !slices.Equal(to, want) {
			t.Errorf("%s went to %v", kind, to)
		}
	}
}
