package app

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/ref"
)

// device holds one passkey, as a phone or a password manager does.
type device struct {
	w   *world
	rp  virtualwebauthn.RelyingParty
	own virtualwebauthn.Authenticator
	key virtualwebauthn.Credential
}

func (w *world) device() *device {
	u, err := url.Parse(w.base)
	if err != nil {
		w.t.Fatal(err)
	}
	return &device{w: w, rp: virtualwebauthn.RelyingParty{Name: "Omni Posto", ID: u.Hostname(), Origin: w.base}, own: virtualwebauthn.NewAuthenticator(), key: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)}
}

// options are those of an answer, as text.
func options(a answer) string {
	raw, err := json.Marshal(a.get("options"))
	if err != nil {
		a.t.Fatal(err)
	}
	return string(raw)
}

// made is what the browser says after it made a passkey.
func (d *device) made(begun answer) json.RawMessage {
	d.w.t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(options(begun))
	if err != nil {
		d.w.t.Fatal(err, begun.raw)
	}
	var who ref.Identity
	read(d.w.t, &who, d.holder(begun))
	d.own.Options.UserHandle = who[:]
	return json.RawMessage(virtualwebauthn.CreateAttestationResponse(d.rp, d.own, d.key, *o))
}

// holder is the person that the options name.
func (d *device) holder(begun answer) string {
	var who ref.Identity
	o, _ := virtualwebauthn.ParseAttestationOptions(options(begun))
	copy(who[:], o.UserID)
	return who.String()
}

// used is what the browser says after the passkey signed. Each use counts.
func (d *device) used(begun answer) json.RawMessage {
	d.w.t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(options(begun))
	if err != nil {
		d.w.t.Fatal(err, begun.raw)
	}
	d.key.Counter++
	return json.RawMessage(virtualwebauthn.CreateAssertionResponse(d.rp, d.own, d.key, *o))
}

// addPasskey sets a passkey up on the device.
func (p *person) addPasskey(d *device) answer {
	p.w.t.Helper()
	p.device = d
	return p.must(201, "POST", "/me/passkeys", map[string]any{"name": "Laptop", "credential": d.made(p.must(200, "POST", "/me/passkeys/begin", nil))})
}

// fresh confirms who it is by the passkey.
func (p *person) fresh() {
	p.w.t.Helper()
	p.must(200, "POST", "/session/step-up", map[string]any{"passkey": p.device.used(p.must(200, "POST", "/session/step-up/begin", map[string]any{}))})
}

// enter signs in with the device's passkey.
func (p *person) enter(d *device, status int) answer {
	p.w.t.Helper()
	return p.must(status, "POST", "/session/passkey", map[string]any{"credential": d.used(p.must(200, "POST", "/session/passkey/begin", nil))})
}

func methods(a answer) []string {
	var out []string
	list, _ := a.get("methods").([]any)
	for _, m := range list {
		out = append(out, m.(string))
	}
	return out
}

func TestAPasskeyIsBothFactors(t *testing.T) {
	w := newWorld(t)
	d := w.device()
	added := w.owner.addPasskey(d)
	if codes, _ := added.get("recovery_codes").([]any); len(codes) != 10 || added.text("passkey.name") != "Laptop" || !strings.HasPrefix(added.text("passkey.id"), "pky_") {
		t.Fatalf("the first factor: %s", added.raw)
	}
	me := w.owner.must(200, "GET", "/session", nil)
	if me.get("second_factor") != true || !slices.Equal(methods(me), []string{"passkey"}) || me.get("recovery_codes_left") != 10.0 {
		t.Errorf("after adding: %s", me.raw)
	}
	p := w.person(w.owner.email)
	if a := p.enter(d, 200); a.text("identity.email") != p.email || a.get("fresh.mfa_until") == nil || a.get("fresh.password_until") != nil {
		t.Errorf("signed in: %s", a.raw)
	}
	p.must(200, "POST", "/me/recovery-codes", nil) // needs a fresh second factor
	if a := p.must(200, "GET", "/me/passkeys", nil); a.get("items.0.last_used_at") == nil || a.get("items.0.here") != true {
		t.Errorf("the list: %s", a.raw)
	}
	id := added.text("passkey.id")
	if a := p.must(200, "PATCH", "/me/passkeys/"+id, map[string]any{"name": "Old laptop"}); a.text("name") != "Old laptop" {
		t.Errorf("renamed: %s", a.raw)
	}
	p.must(204, "DELETE", "/me/passkeys/"+id, nil)
	w.owner.must(401, "GET", "/session", nil)
	if me := p.must(200, "GET", "/session", nil); me.get("second_factor") != false || me.get("recovery_codes_left") != 0.0 {
		t.Errorf("after the last factor went: %s", me.raw)
	}
	w.person("x").enter(d, 401)
	p.must(403, "DELETE", "/me/passkeys/"+id, nil) // nothing is left to prove it with
}

func TestAPasskeyAfterThePassword(t *testing.T) {
	w := newWorld(t)
	mine, other := w.device(), w.device()
	w.owner.addPasskey(mine)
	tom := w.join("tom@halden.example", "member", "author")
	tom.addPasskey(other)
	p := w.person(w.owner.email)
	if a := p.must(200, "POST", "/session", map[string]any{"email": p.email, "password": password}); a.get("mfa_required") != true || !slices.Equal(methods(a), []string{"passkey"}) {
		t.Fatalf("the password alone: %s", a.raw)
	}
	begin := func() answer { return p.must(200, "POST", "/session/passkey/begin", nil) }
	p.must(401, "POST", "/session/mfa", map[string]any{"passkey": other.used(begin())}) // somebody else's
	p.must(401, "GET", "/session", nil)
	p.must(200, "POST", "/session/mfa", map[string]any{"passkey": mine.used(begin())})
	p.must(200, "GET", "/session", nil)
}

// TestWrongAnswersOfPasskeysAreRefused is the table of what an attacker may send.
func TestWrongAnswersOfPasskeysAreRefused(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	d := w.device()
	w.owner.addPasskey(d)
	begin := func(p *person) answer { return p.must(200, "POST", "/session/passkey/begin", nil) }
	for name, try := range map[string]func(p *person) json.RawMessage{
		"nothing": func(p *person) json.RawMessage { begin(p); return json.RawMessage(`{}`) },
		"another origin": func(p *person) json.RawMessage {
			e := *d
			e.rp.Origin = "http://localhost.evil.example"
			return e.used(begin(p))
		},
		"another host": func(p *person) json.RawMessage { e := *d; e.rp.ID = "evil.example"; return e.used(begin(p)) },
		"unverified": func(p *person) json.RawMessage {
			e := *d
			e.own.Options.UserNotVerified = true
			return e.used(begin(p))
		},
		"absent":         func(p *person) json.RawMessage { e := *d; e.own.Options.UserNotPresent = true; return e.used(begin(p)) },
		"without handle": func(p *person) json.RawMessage { e := *d; e.own.Options.UserHandle = nil; return e.used(begin(p)) },
		"another handle": func(p *person) json.RawMessage {
			e := *d
			e.own.Options.UserHandle = make([]byte, 16)
			return e.used(begin(p))
		},
		"another key": func(p *person) json.RawMessage {
			e := *d
			id := e.key.ID
			e.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
			e.key.ID = id
			return e.used(begin(p))
		},
		"unknown key": func(p *person) json.RawMessage {
			e := *d
			e.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
			return e.used(begin(p))
		},
		"another browser's challenge": func(*person) json.RawMessage { return d.used(begin(w.person("y"))) },
		"too late": func(p *person) json.RawMessage {
			a := begin(p)
			c.Advance(5*time.Minute + time.Second)
			return d.used(a)
		},
		"a step-up's challenge": func(*person) json.RawMessage {
			return d.used(w.owner.must(200, "POST", "/session/step-up/begin", map[string]any{"for": "members.update"}))
		},
	} {
		p := w.person("x")
		answer := try(p)
		if a := p.must(401, "POST", "/session/passkey", map[string]any{"credential": answer}); a.code() != "passkey_refused" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	p := w.person("x")
	right := d.used(begin(p))
	if a := p.must(200, "POST", "/session/passkey", map[string]any{"credential": right}); a.code() != "" {
		t.Error(a.raw)
	}
	p.must(401, "POST", "/session/passkey", map[string]any{"credential": right}) // once
}

func TestACounterThatWentBackIsRefusedAndRecorded(t *testing.T) {
	w := newWorld(t)
	d := w.device()
	d.key.Counter = 7
	w.owner.addPasskey(d)
	w.person("x").enter(d, 200)
	d.key.Counter = 3
	w.person("x").enter(d, 401)
	if log := w.owner.must(200, "GET", "/organizations/"+w.org+"/audit", nil).raw; strings.Count(log, "passkey.regressed") != 1 {
		t.Errorf("the log: %s", log)
	}
	d.key.Counter = 8
	w.person("x").enter(d, 200)
}

func TestAFactorBesideAnotherBringsNoCodesAndEndsOtherSessions(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	d := w.device()
	w.owner.addPasskey(d)
	second := w.person(w.owner.email)
	second.enter(d, 200)
	if me := w.owner.must(200, "POST", "/me/totp", nil); me.text("secret") != "" {
		w.owner.totp = me.text("secret")
	}
	if a := w.owner.must(200, "POST", "/me/totp/confirm", map[string]any{"code": w.owner.code(0)}); a.get("recovery_codes") != nil {
		t.Errorf("a second factor brought codes: %s", a.raw)
	}
	second.must(401, "GET", "/session", nil)
	another := w.device()
	if a := w.owner.addPasskey(another); a.get("recovery_codes") != nil || a.text("passkey.counts_at") != "2026-11-23T10:00:00Z" {
		t.Errorf("a further passkey: %s", a.raw)
	}
	if a := w.owner.must(409, "POST", "/me/passkeys", map[string]any{"name": "Again", "credential": another.made(w.owner.must(200, "POST", "/me/passkeys/begin", nil))}); a.code() != "passkey_there" {
		t.Errorf("the same one again: %s", a.raw)
	}
	if a := w.owner.must(422, "POST", "/me/passkeys", map[string]any{"name": "None", "credential": map[string]any{"id": "x"}}); a.code() != "passkey_invalid" {
		t.Errorf("nonsense: %s", a.raw)
	}
	unverified := w.device()
	unverified.own.Options.UserNotVerified = true
	if a := w.owner.must(422, "POST", "/me/passkeys", map[string]any{"name": "Weak", "credential": unverified.made(w.owner.must(200, "POST", "/me/passkeys/begin", nil))}); a.code() != "passkey_invalid" {
		t.Errorf("without verification: %s", a.raw)
	}
	if me := w.owner.must(200, "GET", "/session", nil); !slices.Equal(methods(me), []string{"passkey", "totp"}) {
		t.Errorf("methods: %s", me.raw)
	}
}

func TestLockOutNeverDeniesAPasskey(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	d := w.device()
	w.owner.addPasskey(d)
	p := w.person(w.owner.email)
	p.must(200, "POST", "/session", map[string]any{"email": p.email, "password": password})
	for range 11 {
		w.person("x").send("POST", "/session", map[string]any{"email": p.email, "password": "wrong wrong wrong"})
		p.send("POST", "/session/mfa", map[string]any{"recovery_code": "wrong"})
	}
	if a := w.person("x").must(429, "POST", "/session", map[string]any{"email": p.email, "password": password}); a.code() != "too_many_tries" {
		t.Fatal(a.raw)
	}
	if a := p.must(429, "POST", "/session/mfa", map[string]any{"recovery_code": "wrong"}); a.code() != "too_many_tries" {
		t.Fatal(a.raw)
	}
	p.must(200, "POST", "/session/mfa", map[string]any{"passkey": d.used(p.must(200, "POST", "/session/passkey/begin", nil))})
	w.person("x").enter(d, 200)
	p.must(200, "POST", "/session/step-up", map[string]any{"passkey": d.used(p.must(200, "POST", "/session/step-up/begin", map[string]any{}))})
}

func TestPasskeysNeedAnAddressWithTLS(t *testing.T) {
	for address, status := range map[string]int{"http://posts.example.org": 409, "https://192.0.2.7": 409, "https://posts.example.org": 200} {
		w := openWorld(t, set("public_url", address))
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		a := w.person("x").must(status, "POST", "/session/passkey/begin", nil, "Host", u.Host)
		if status == 409 && a.code() != "passkeys_need_tls" {
			t.Errorf("%s: %s", address, a.raw)
		}
		if status == 200 && a.text("options.rpId") != "posts.example.org" {
			t.Errorf("%s: %s", address, a.raw)
		}
	}
}
