package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/ref"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func claimBody(code string) map[string]any {
	return map[string]any{"code": code, "name": "Mira Lindqvist", "email": "mira@halden.example", "password": password, "organization": "Halden Studio", "timezone": "Europe/Berlin"}
}

func TestSetupIsClaimedOnceWithTheRightCode(t *testing.T) {
	w := openWorld(t)
	p := w.person("mira@halden.example")
	if a := p.must(200, "GET", "/setup", nil); a.get("claimed") != false || a.get("mail") != false {
		t.Fatalf("claimed from the start: %s", a.raw)
	}
	if a := p.must(403, "POST", "/setup", claimBody("wrong")); a.code() != "setup_code_wrong" || a.get("errors.0.pointer") != "/code" {
		t.Errorf("a wrong code answers %s", a.raw)
	}
	short := claimBody(setupCode)
	short["password"] = "too short"
	if a := p.must(422, "POST", "/setup", short); a.code() != "password_short" || a.get("errors.0.pointer") != "/password" {
		t.Errorf("a short password answers %s", a.raw)
	}
	for _, guessed := range []string{"passwordpassword", "aaaaaaaaaaaaaaaaaaaa", "mira lindqvist halden", "1234567890123456"} {
		weak := claimBody(setupCode)
		weak["password"] = guessed
		if a := p.must(422, "POST", "/setup", weak); a.code() != "password_weak" {
			t.Errorf("%q answers %s", guessed, a.raw)
		}
	}
	zone := claimBody(setupCode)
	zone["timezone"] = "Europe/Atlantis"
	if a := p.must(422, "POST", "/setup", zone); a.code() != "zone_unknown" || a.get("errors.0.pointer") != "/timezone" {
		t.Errorf("an unknown zone answers %s", a.raw)
	}
	a := p.must(201, "POST", "/setup", claimBody(setupCode))
	if !strings.HasPrefix(a.text("organization"), "org_") || !strings.HasPrefix(a.text("workspace"), "wsp_") || !strings.HasPrefix(a.text("member"), "mem_") {
		t.Errorf("claimed: %s", a.raw)
	}
	if a := w.person("x").must(410, "POST", "/setup", claimBody(setupCode)); a.code() != "claimed" {
		t.Errorf("a second claim answers %s", a.raw)
	}
	if a := p.must(200, "GET", "/session", nil); a.text("identity.email") != "mira@halden.example" || a.get("administrator") != true || a.text("organizations.0.name") != "Halden Studio" || a.text("organizations.0.workspaces.0.name") != "Halden Studio" {
		t.Errorf("after the claim: %s", a.raw)
	}
}

func TestPresetSetupCodeLocksAfterFiveWrongTries(t *testing.T) {
	c := clock.NewManual(monday)
	w := openWorldStill(t, c)
	p := w.person("x")
	for range 5 {
		p.send("POST", "/setup", claimBody("wrong"))
	}
	if a := p.must(429, "POST", "/setup", claimBody(setupCode)); a.code() != "setup_locked" || a.header.Get("Retry-After") == "" {
		t.Errorf("locked: %s", a.raw)
	}
	c.Advance(2 * time.Minute)
	p.must(201, "POST", "/setup", claimBody(setupCode))
}

func TestMadeSetupCodeStandsInAFileForItsOwnerAndRotates(t *testing.T) {
	w := openWorld(t, set("setup.code", ""))
	file := filepath.Join(w.app.Config.Data, "setup-code")
	read := func() string {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(raw))
	}
	first := read()
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v", info.Mode())
	}
	if !strings.Contains(w.out.String(), "Open "+w.base+"/setup#code="+first) {
		t.Errorf("the banner is %q", w.out)
	}
	p := w.person("x")
	for range 5 {
		p.send("POST", "/setup", claimBody("wrong"))
	}
	if second := read(); second == first || !strings.Contains(w.out.String(), second) {
		t.Error("five wrong tries didn't rotate the code")
	}
	p.must(403, "POST", "/setup", claimBody(first))
	p.must(201, "POST", "/setup", claimBody(read()))
	if _, err := os.Stat(file); err == nil {
		t.Error("the code's file is still there")
	}
	if strings.Contains(w.log.String(), first) {
		t.Error("the setup code is in the log")
	}
}

func TestSignInWithSecondFactor(t *testing.T) {
	w := newWorld(t)
	codes := w.owner.enrol()
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes", len(codes))
	}
	p := w.person(w.owner.email)
	wrong := p.must(401, "POST", "/session", map[string]any{"email": p.email, "password": "not the password"})
	unknown := p.must(401, "POST", "/session", map[string]any{"email": "nobody@halden.example", "password": "not the password"})
	if wrong.code() != unknown.code() || wrong.text("detail") != unknown.text("detail") {
		t.Errorf("known and unknown addresses answer differently:\n%s\n%s", wrong.raw, unknown.raw)
	}
	if a := p.must(200, "POST", "/session", map[string]any{"email": strings.ToUpper(p.email), "password": password}); a.get("mfa_required") != true {
		t.Fatalf("no second factor was asked: %s", a.raw)
	}
	p.must(401, "GET", "/session", nil) // nobody yet
	p.must(401, "POST", "/session/mfa", map[string]any{"totp": "000000"})
	p.must(200, "POST", "/session/mfa", map[string]any{"recovery_code": codes[3]})
	p.must(200, "GET", "/session", nil)
	again := w.person(w.owner.email)
	again.must(200, "POST", "/session", map[string]any{"email": p.email, "password": password})
	if a := again.must(401, "POST", "/session/mfa", map[string]any{"recovery_code": codes[3]}); a.code() != "second_factor_refused" {
		t.Errorf("a used recovery code answers %s", a.raw)
	}
}

func TestTOTPStepsAreUsableOnce(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.enrol() // uses the step of now
	p := w.person(w.owner.email)
	p.must(200, "POST", "/session", map[string]any{"email": p.email, "password": password})
	p.totp = w.owner.totp
	a := p.must(409, "POST", "/session/mfa", map[string]any{"totp": p.code(0)})
	if a.code() != "totp_step_used" || a.text("next_at") != "2026-11-23T09:00:30Z" {
		t.Errorf("a used step answers %s", a.raw)
	}
	p.must(401, "POST", "/session/mfa", map[string]any{"totp": p.code(2)})
	p.must(200, "POST", "/session/mfa", map[string]any{"totp": p.code(1)})
}

func TestSessionsEndWhenAFactorChanges(t *testing.T) {
	w := newWorld(t)
	second := w.person(w.owner.email)
	second.must(200, "POST", "/session", map[string]any{"email": second.email, "password": password})
	if a := w.owner.must(200, "GET", "/me/sessions", nil); len(a.get("items").([]any)) != 2 {
		t.Fatalf("sessions: %s", a.raw)
	}
	w.owner.must(204, "POST", "/me/password", map[string]any{"current": password, "password": "ninety quiet tents"})
	second.must(401, "GET", "/session", nil)
	w.owner.must(200, "GET", "/session", nil)
	third := w.person(w.owner.email)
	third.must(401, "POST", "/session", map[string]any{"email": third.email, "password": password})
	third.must(200, "POST", "/session", map[string]any{"email": third.email, "password": "ninety quiet tents"})
	w.owner.enrol()
	third.must(401, "GET", "/session", nil)
	list := w.owner.must(200, "GET", "/me/sessions", nil)
	if len(list.get("items").([]any)) != 1 || list.get("items.0.current") != true {
		t.Errorf("sessions after enrolling: %s", list.raw)
	}
}

func TestSessionsEndByThemselves(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	viewer := w.join("vera@halden.example", "member", "viewer")
	c.Advance(61 * time.Minute)
	w.owner.must(401, "GET", "/session", nil) // an owner is idle for an hour at most
	viewer.must(200, "GET", "/session", nil)
	for range 40 {
		c.Advance(20 * time.Hour)
		viewer.send("GET", "/session", nil)
	}
	viewer.must(401, "GET", "/session", nil) // 30 days at most, however busy
}

func TestStepUpIsAskedAndGiven(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	invite := map[string]any{"email": "tom@halden.example", "role": "member"}
	c.Advance(16 * time.Minute)
	a := w.owner.must(403, "POST", "/organizations/"+w.org+"/invitations", invite)
	if a.code() != "step_up_required" || a.text("for") != "invitations.create" {
		t.Fatalf("a stale session answers %s", a.raw)
	}
	if a := w.owner.must(422, "POST", "/session/step-up", map[string]any{"password": "not the password"}); a.code() != "password_wrong" {
		t.Errorf("a wrong password answers %s", a.raw)
	}
	before := w.cookie(w.owner)
	w.owner.must(200, "POST", "/session/step-up", map[string]any{"password": password})
	if w.cookie(w.owner) == before {
		t.Error("the session kept its token at the step-up")
	}
	w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", invite)
	if a := w.owner.must(403, "POST", "/me/recovery-codes", nil); a.code() != "second_factor_required" {
		t.Errorf("without a factor: %s", a.raw)
	}
}

func TestGuessesAreCountedAndForgotten(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	p := w.person(w.owner.email)
	for range 10 {
		p.must(401, "POST", "/session", map[string]any{"email": p.email, "password": "wrong wrong wrong"})
	}
	a := p.must(429, "POST", "/session", map[string]any{"email": p.email, "password": password})
	if a.code() != "too_many_tries" || a.header.Get("Retry-After") == "" || a.text("until") == "" {
		t.Errorf("after ten guesses: %s", a.raw)
	}
	c.Advance(16 * time.Minute)
	p.must(200, "POST", "/session", map[string]any{"email": p.email, "password": password})
}

func TestInvitationsAreForOneAddressOnce(t *testing.T) {
	w := newWorld(t)
	a := w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", map[string]any{"email": "tom@halden.example", "role": "member", "workspaces": []map[string]string{{"workspace": w.ws, "role": "author"}}})
	_, token, _ := strings.Cut(a.text("link"), "#token=")
	tom := w.person("tom@halden.example")
	if a := tom.must(200, "POST", "/invitations/read", map[string]any{"token": token}); a.text("organization") != "Halden Studio" || a.text("email") != tom.email || a.get("existing") != false {
		t.Errorf("the invitation reads %s", a.raw)
	}
	if a := w.owner.must(403, "POST", "/invitations/accept", map[string]any{"token": token}); a.code() != "other_email" {
		t.Errorf("somebody else's: %s", a.raw)
	}
	if a := tom.must(422, "POST", "/invitations/accept", map[string]any{"token": token, "name": "Tom", "password": "short"}); a.code() != "password_short" {
		t.Errorf("a short password: %s", a.raw)
	}
	me := tom.must(200, "POST", "/invitations/accept", map[string]any{"token": token, "name": "Tom Okafor", "password": password})
	if me.text("organizations.0.workspaces.0.role") != "author" || me.text("organizations.0.role") != "member" {
		t.Errorf("Tom is %s", me.raw)
	}
	w.person("x").must(410, "POST", "/invitations/accept", map[string]any{"token": token, "name": "X", "password": password})
	if a := w.owner.must(409, "POST", "/organizations/"+w.org+"/invitations", map[string]any{"email": "Tom@halden.example", "role": "admin"}); a.code() != "member_exists" {
		t.Errorf("inviting a member: %s", a.raw)
	}
}

func TestAnOrganizationKeepsAnOwner(t *testing.T) {
	w := newWorld(t)
	admin := w.join("ada@halden.example", "admin", "")
	members := w.owner.must(200, "GET", "/organizations/"+w.org+"/members", nil)
	mine, ada := members.text("items.0.id"), members.text("items.1.id")
	if a := w.owner.must(409, "PATCH", "/organizations/"+w.org+"/members/"+mine, map[string]any{"role": "member"}, "If-Match", `"1"`); a.code() != "last_owner" {
		t.Errorf("the last owner: %s", a.raw)
	}
	if a := admin.must(403, "PATCH", "/organizations/"+w.org+"/members/"+ada, map[string]any{"role": "owner"}, "If-Match", `"1"`); a.code() != "owners_only" {
		t.Errorf("an admin making an owner: %s", a.raw)
	}
	if a := w.owner.must(412, "PATCH", "/organizations/"+w.org+"/members/"+ada, map[string]any{"role": "owner"}, "If-Match", `"7"`); a.text("current.role") != "admin" {
		t.Errorf("a stale change: %s", a.raw)
	}
	if a := w.owner.must(428, "PATCH", "/organizations/"+w.org+"/members/"+ada, map[string]any{"role": "owner"}); a.code() != "precondition_required" {
		t.Errorf("without If-Match: %s", a.raw)
	}
	w.owner.must(200, "PATCH", "/organizations/"+w.org+"/members/"+ada, map[string]any{"role": "owner"}, "If-Match", `"1"`)
	w.owner.must(204, "DELETE", "/organizations/"+w.org+"/members/"+mine, nil, "If-Match", `"1"`)
	w.owner.must(404, "GET", "/organizations/"+w.org, nil) // bites on the next request
}

func TestTheAuditLogHoldsEveryActAndIsUnbroken(t *testing.T) {
	w := newWorld(t)
	w.join("tom@halden.example", "member", "author")
	w.owner.must(200, "PATCH", "/me", map[string]any{"theme": "dark"})
	a := w.owner.must(200, "GET", "/organizations/"+w.org+"/audit?limit=3", nil)
	if len(a.get("items").([]any)) != 3 || a.get("next_cursor") == nil {
		t.Fatalf("a page of the log: %s", a.raw)
	}
	all := a.raw + w.owner.must(200, "GET", "/organizations/"+w.org+"/audit?limit=100&cursor="+a.text("next_cursor"), nil).raw
	for _, action := range []string{"instance.claimed", "invitation.created", "invitation.accepted", "identity.changed"} {
		if strings.Count(all, `\"action\":\"`+action+`\"`) != 1 {
			t.Errorf("%s stands %d times in the log", action, strings.Count(all, `\"action\":\"`+action+`\"`))
		}
	}
	for _, plain := range []string{"\\\"tom@halden.example", "127.0.0"} {
		if strings.Contains(strings.ReplaceAll(all, `"values"`, ""), plain+`\"`) {
			t.Errorf("%q stands in a leaf, not only beside it", plain)
		}
	}
	var id ref.Organization
	if err := id.UnmarshalText([]byte(w.org)); err != nil {
		t.Fatal(err)
	}
	if n, err := audit.Check(t.Context(), w.app.db, id); err != nil || n < 4 {
		t.Errorf("%d events, %v", n, err)
	}
	w.owner.must(422, "GET", "/organizations/"+w.org+"/audit?cursor=AAAA", nil)
}

func TestAnotherSiteCantActThroughTheBrowser(t *testing.T) {
	w := newWorld(t)
	for name, headers := range map[string][]string{
		"cross-site fetch": {"Sec-Fetch-Site", "cross-site"}, "same-site fetch": {"Sec-Fetch-Site", "same-site"},
		"foreign origin": {"Sec-Fetch-Site", "", "Origin", "https://evil.example"}, "null origin": {"Sec-Fetch-Site", "", "Origin", "null"},
	} {
		if a := w.owner.must(403, "PATCH", "/me", map[string]any{"theme": "dark"}, headers...); a.code() != "origin_refused" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	w.owner.must(200, "PATCH", "/me", map[string]any{"theme": "dark"}, "Sec-Fetch-Site", "", "Origin", w.base)
	w.owner.must(415, "PATCH", "/me", map[string]any{"theme": "dark"}, "Content-Type", "text/plain")
	if a := w.owner.must(400, "GET", "/session", nil, "Host", "evil.example"); a.code() != "host_unknown" {
		t.Errorf("another host: %s", a.raw)
	}
}

func TestAMemberIsSignedOutEverywhereByThoseWhoMay(t *testing.T) {
	w := newWorld(t)
	tom := w.join("tom@halden.example", "admin", "")
	list := w.owner.must(200, "GET", "/organizations/"+w.org+"/members", nil)
	path := func(email string) string {
		for _, m := range list.get("items").([]any) {
			if m := m.(map[string]any); m["email"] == email {
				return "/organizations/" + w.org + "/members/" + m["id"].(string) + "/sign-out"
			}
		}
		t.Fatal(email)
		return ""
	}
	if a := tom.must(403, "POST", path(w.owner.email), nil); a.code() != "owners_only" {
		t.Errorf("an owner by an admin: %s", a.raw)
	}
	w.join("vera@halden.example", "member", "viewer").must(403, "POST", path(tom.email), nil)
	w.owner.must(204, "POST", path(tom.email), nil)
	tom.must(401, "GET", "/session", nil)
	w.owner.must(200, "GET", "/session", nil)
	w.owner.must(404, "POST", "/organizations/"+w.org+"/members/mem_00000000000000000000000000/sign-out", nil)
}
