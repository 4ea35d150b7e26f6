package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
)

// tied ties the person's session to a key that only this browser has.
func (p *person) tied() (*ecdsa.PrivateKey, string) {
	p.w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.w.t.Fatal(err)
	}
	raw, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return key, p.must(200, "POST", "/session/device-key", map[string]any{"public_key": b64(raw)}).text("id")
}

// signedBy makes the headers of a request.
func signedBy(key *ecdsa.PrivateKey, id, nonce, method, path string, body any) map[string]string {
	var raw []byte
	if body != nil {
		raw, _ = json.Marshal(body)
	}
	sum := sha256.Sum256(raw)
	digest := sha256.Sum256([]byte(method + "\n/api/v1" + path + "\n" + b64(sum[:]) + "\n" + nonce))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		panic(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return map[string]string{"Device-Key-Id": id, "Device-Nonce": nonce, "Device-Signature": b64(sig)}
}

func flat(h map[string]string) []string {
	var out []string
	for name, value := range h {
		out = append(out, name, value)
	}
	return out
}

func TestACopiedCookieConfirmsNothing(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	tom := w.join("tom@halden.example", "member", "author")
	if me := w.owner.must(200, "GET", "/session", nil); me.text("tie_until") != "2026-11-23T09:10:00Z" || me.get("device_key") != nil {
		t.Errorf("before: %s", me.raw)
	}
	key, id := w.owner.tied()
	if me := w.owner.must(200, "GET", "/session", nil); me.text("device_key") != id || me.get("tie_until") != nil {
		t.Errorf("after: %s", me.raw)
	}
	if list := w.owner.must(200, "GET", "/me/sessions", nil); list.get("items.0.bound") != true {
		t.Errorf("the list: %s", list.raw)
	}
	w.owner.must(200, "PATCH", "/me", map[string]any{"theme": "dark"}) // needs no proof, so no signature
	const path = "/session/step-up"
	body := map[string]any{"password": password}
	nonce := func() string { t.Helper(); return w.owner.must(200, "GET", "/session/device-nonce", nil).text("nonce") }
	right := func(n string) map[string]string { return signedBy(key, id, n, "POST", path, body) }
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	with := func(name, value string) map[string]string {
		h := maps.Clone(right(nonce()))
		h[name] = value
		return h
	}
	foreign := tom.must(200, "GET", "/session/device-nonce", nil).text("nonce")
	stale := nonce()
	c.Advance(5*time.Minute + time.Second)
	for name, h := range map[string]map[string]string{
		"no signature": {}, "another key": signedBy(other, id, nonce(), "POST", path, body), "another key's name": with("Device-Key-Id", "q83vEjRWeJA"),
		"another body": signedBy(key, id, nonce(), "POST", path, map[string]any{"password": "x"}), "another address": signedBy(key, id, nonce(), "POST", path+"?x=1", body),
		"another method": signedBy(key, id, nonce(), "PUT", path, body), "another session's nonce": right(foreign), "an old nonce": right(stale),
		"a nonce of one's own": right(b64(make([]byte, 40))), "no nonce": with("Device-Nonce", ""), "a cut signature": with("Device-Signature", "AAAA"),
	} {
		if a := w.owner.must(403, "POST", path, body, flat(h)...); a.code() != "device_signature_required" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	h := right(nonce())
	w.owner.must(200, "POST", path, body, flat(h)...)
	if a := w.owner.must(403, "POST", path, body, flat(h)...); a.code() != "device_signature_required" {
		t.Errorf("the nonce again: %s", a.raw)
	}
	invitations := "/organizations/" + w.org + "/invitations"
	invite := map[string]any{"email": "ada@halden.example", "role": "member"}
	if a := w.owner.must(403, "POST", invitations, invite); a.code() != "device_signature_required" {
		t.Errorf("what asks for a proof: %s", a.raw)
	}
	w.owner.must(201, "POST", invitations, invite, flat(signedBy(key, id, nonce(), "POST", invitations, invite))...)
	raw, _ := x509.MarshalPKIXPublicKey(&other.PublicKey)
	if a := w.owner.must(409, "POST", "/session/device-key", map[string]any{"public_key": b64(raw)}); a.code() != "device_bound" {
		t.Errorf("a second key: %s", a.raw)
	}
	c.Advance(6 * time.Minute)
	if a := tom.must(409, "POST", "/session/device-key", map[string]any{"public_key": b64(raw)}); a.code() != "device_bound" {
		t.Errorf("long after signing in: %s", a.raw)
	}
	if me := tom.must(200, "GET", "/session", nil); me.get("tie_until") != nil || me.get("device_key") != nil {
		t.Errorf("too late: %s", me.raw)
	}
}

func TestAPolicyAsksForTiedSessions(t *testing.T) {
	w, tom, _, set := policyWorld(t)
	if a := set(map[string]any{"device_bound": true}, "1", 409); a.code() != "own_way_refused" || !strings.Contains(a.text("detail"), "tied to a device") {
		t.Errorf("locking oneself out: %s", a.raw)
	}
	key, id := w.owner.tied()
	path := "/organizations/" + w.org + "/security"
	body := map[string]any{"second_factor": false, "ways": []string{}, "session_hours": 0, "strict_totp": false, "device_bound": true}
	nonce := w.owner.must(200, "GET", "/session/device-nonce", nil).text("nonce")
	w.owner.must(200, "PUT", path, body, append(flat(signedBy(key, id, nonce, "PUT", path, body)), "If-Match", `"1"`)...)
	if a := tom.must(403, "GET", "/workspaces/"+w.ws, nil); a.code() != "device_required" {
		t.Errorf("an untied session: %s", a.raw)
	}
	tom.tied()
	tom.must(200, "GET", "/workspaces/"+w.ws, nil)
	w.owner.must(200, "GET", path, nil)
}
