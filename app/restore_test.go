package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/store"
)

// TestNothingThatMayBeOverComesBackWithABackup holds open, when a backup is restored, one of everything that may have
// been used or ended since it was made.
func TestNothingThatMayBeOverComesBackWithABackup(t *testing.T) {
	h := newHelp(t)
	tom := h.join("tom@halden.example", "member", "author")
	codes := tom.enrol()
	gone := map[string]func(){} // each fails the test when the thing still works

	half := h.halfway(tom.email)
	gone["a sign-in half done"] = func() { half.must(401, "POST", "/session/mfa", map[string]any{"totp": tom.code(0)}) }
	grant := h.granted(24, "posts")
	gone["a grant"] = func() {
		if a := h.owner.must(200, "GET", "/organizations/"+h.org+"/support/grants", nil); !strings.Contains(a.raw, `"withdrawn"`) || strings.Contains(a.raw, `"active"`) {
			t.Errorf("grants: %s", a.raw)
		}
		if a := h.staff.must(403, "GET", "/support/grants/"+grant+"/posts", nil); a.code() != "grant_inactive" {
			t.Errorf("a read: %s", a.raw)
		}
	}
	invited := tokenOf(h.owner.must(201, "POST", "/organizations/"+h.org+"/invitations", map[string]any{"email": "aisha@halden.example", "role": "admin"}).text("link"))
	gone["an invitation"] = func() {
		h.person("x").must(410, "POST", "/invitations/accept", map[string]any{"token": invited, "name": "Aisha", "password": password})
		if n := len(h.events("invitation.withdrawn")); n != 1 {
			t.Errorf("%d invitations are said to be withdrawn", n)
		}
	}
	h.fresh(h.owner, "", "", nil)
	colleague := map[string]any{"email": "ben@support.example", "name": "Ben Sato"}
	welcome := tokenOf(h.owner.must(201, "POST", "/instance/staff", colleague).text("link"))
	gone["a welcome of staff, until they are added again"] = func() {
		accept := map[string]any{"token": welcome, "name": "Ben Sato", "password": password}
		h.person("x").must(410, "POST", "/invitations/accept", accept)
		h.fresh(h.owner, "", "", nil)
		accept["token"] = tokenOf(h.owner.must(201, "POST", "/instance/staff", colleague).text("link"))
		h.person("x").must(200, "POST", "/invitations/accept", accept)
		h.owner.must(409, "POST", "/instance/staff", colleague)
	}
	h.owner.confirm()
	forgot := h.person(h.owner.email)
	forgot.must(200, "POST", "/recovery", map[string]any{"email": forgot.email})
	h.eventually("the letter", func() bool { return len(h.letters(mail.Recovery)) == 1 })
	link := tokenOf(h.letters(mail.Recovery)[0].Link)
	gone["a link of a letter"] = func() {
		if a := forgot.must(410, "POST", "/recovery/finish", map[string]any{"token": link, "password": renewed}); a.code() != "link_gone" {
			t.Errorf("the link: %s", a.raw)
		}
	}
	h.fresh(h.owner, "", "", nil)
	everything := tokenOf(h.owner.must(201, "POST", "/instance/recoveries", map[string]any{"email": tom.email}).text("link"))
	gone["a recovery of everything"] = func() {
		if a := h.owner.must(200, "GET", "/organizations/"+h.org+"/recoveries", nil); len(a.get("items").([]any)) != 0 {
			t.Errorf("it goes on: %s", a.raw)
		}
		h.clock.Advance(73 * time.Hour)
		h.person("x").must(410, "POST", "/recovery/finish", map[string]any{"token": everything, "password": renewed})
	}
	challenge := h.person("x")
	challenge.must(200, "POST", "/session/passkey/begin", nil)
	gone["a passkey's challenge"] = func() {
		if n := h.records("ceremony"); n != 0 {
			t.Errorf("%d challenges are open", n)
		}
	}
	gone["a letter that waits"] = func() {
		for _, kind := range []mail.Kind{mail.Recovery, mail.RecoveryStarted, mail.VerifyEmail, mail.GrantApproved} {
			if n := len(h.letters(kind)); n != 0 {
				t.Errorf("%d letters %s would be sent again", n, kind)
			}
		}
	}
	gone["a recovery code, which its holder is told"] = func() {
		p := h.halfway(tom.email)
		p.must(401, "POST", "/session/mfa", map[string]any{"recovery_code": codes[0]})
		told := map[string]bool{}
		for _, l := range h.letters(mail.CodesVoided) {
			told[l.To] = true
		}
		if len(told) != 3 || !told[tom.email] || !told[h.owner.email] || !told[h.staff.email] {
			t.Errorf("told: %v", told)
		}
	}
	unused := []string{tom.code(-1), tom.code(0), tom.code(1)}
	old := []*person{h.owner, tom, h.staff}
	log := len(h.events("log.restored"))

	if err := h.app.afterRestore(t.Context()); err != nil {
		t.Fatal(err)
	}

	for _, p := range old {
		p.must(401, "GET", "/session", nil)
	}
	if n := len(h.events("log.restored")); n != log+1 {
		t.Errorf("the log says %d times that it was restored", n)
	}
	back := h.halfway(tom.email)
	for _, code := range unused {
		if a := back.send("POST", "/session/mfa", map[string]any{"totp": code}); a.status == 200 {
			t.Error("a code that may have been used works")
		} else if a.code() == "totp_step_used" && !timeOf(t, a.text("next_at")).After(h.clock.Now().Add(30*time.Second)) {
			t.Errorf("it names a time at which none works: %s", a.raw)
		}
	}
	h.clock.Advance(61 * time.Second)
	back.must(200, "POST", "/session/mfa", map[string]any{"totp": tom.code(0)})
	for _, p := range []*person{h.owner, h.staff} {
		h.signIn(p)
	}
	last := "a recovery of everything" // it lets days pass
	for name, check := range gone {
		if name != last {
			check()
		}
	}
	gone[last]()
}

// TestWhatWasUnderWayElsewhereEndsWithARestore comes back from a provider and from a platform after a backup was restored.
func TestWhatWasUnderWayElsewhereEndsWithARestore(t *testing.T) {
	w, i, _ := signOnWorld(t, false)
	p := w.person("x")
	back := i.back(p.must(200, "POST", "/session/sign-on", map[string]any{"organization": w.org}).text("authorize_url"), nil)
	if err := w.app.afterRestore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if to := landed(p.send("GET", back, nil)); to != notBegunHere {
		t.Errorf("the sign-on: %s", to)
	}
	landed(p.signOn(i, nil)) // begun anew it works

	w = newWorld(t, toPlatforms(servePlatforms(t, nil)))
	path := w.toMastodon()
	if n := w.records("sign_in_state"); n != 1 {
		t.Fatalf("%d connections are under way", n)
	}
	if err := w.app.afterRestore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.records("sign_in_state"); n != 0 {
		t.Errorf("%d connections are under way afterwards", n)
	}
	q := w.person(w.owner.email)
	q.must(200, "POST", "/session", map[string]any{"email": q.email, "password": password})
	if a := q.must(422, "GET", "root:"+path, nil); a.code() != "state_unknown" {
		t.Errorf("the connection: %s", a.raw)
	}
}

// TestTheEpochOfARestoredLogIsReported goes the whole way: a checkpoint kept, a backup, more events, a restore, a bundle.
func TestTheEpochOfARestoredLogIsReported(t *testing.T) {
	w := newWorld(t)
	w.owner.enrol()
	w.owner.must(200, "GET", w.audit("/checkpoint"), nil) // the log has its key
	var kept bytes.Buffer
	if err := w.app.writeBackup(t.Context(), &kept); err != nil {
		t.Fatal(err)
	}
	w.join("tom@halden.example", "member", "author")
	w.exported(map[string]any{"format": "bundle"}) // signs what is there
	lost := w.owner.must(200, "GET", w.audit("/checkpoint"), nil).text("note")
	w.stop()

	folder := t.TempDir()
	restoreKey(t, folder)
	cfg := w.app.Config
	cfg.Data = folder
	if err := restore(t.Context(), cfg, &kept); err != nil {
		t.Fatal(err)
	}
	back := openWorld(t, set("data", folder), at(ahead{clock.System()}))
	back.org, back.owner = w.org, back.person(w.owner.email)
	back.owner.totp = w.owner.totp
	back.owner.must(200, "POST", "/session", map[string]any{"email": w.owner.email, "password": password})
	back.owner.must(200, "POST", "/session/mfa", map[string]any{"totp": back.owner.code(0)})
	files := t.TempDir()
	bundle, since := filepath.Join(files, "bundle.zip"), filepath.Join(files, "kept.txt")
	for path, text := range map[string]string{bundle: back.exported(map[string]any{"format": "bundle"}).raw, since: lost} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, log bytes.Buffer
	if code := Run(t.Context(), []string{"audit", "verify", bundle}, nil, &out, &log); code != 0 || !strings.Contains(out.String(), "goes on from a backup since event") {
		t.Errorf("exit %d: %s%s", code, out.String(), log.String())
	}
	out.Reset()
	if code := Run(t.Context(), []string{"audit", "verify", bundle, "--since", since}, nil, &out, &log); code != 1 || !strings.Contains(out.String(), "restored from a backup at event") {
		t.Errorf("against a checkpoint of what was lost: exit %d: %s%s", code, out.String(), log.String())
	}
}

// ahead is a clock that shows a later time, at which codes work that a restore didn't void.
type ahead struct{ clock.Clock }

func (a ahead) Now() time.Time { return a.Clock.Now().Add(2 * time.Minute) }

func TestARestoreThatDidntComeToItsEndIsNotServed(t *testing.T) {
	w := newWorld(t)
	var kept bytes.Buffer
	if err := w.app.writeBackup(t.Context(), &kept); err != nil {
		t.Fatal(err)
	}
	w.stop()
	folder := t.TempDir()
	cfg := w.app.Config
	cfg.Data = folder
	whole := kept.Bytes()
	if err := restore(t.Context(), cfg, bytes.NewReader(whole)); err == nil || !strings.Contains(err.Error(), "master key") {
		t.Fatalf("without the key: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*.db")); len(left) != 0 {
		t.Errorf("a failed restore leaves %v", left)
	}
	restoreKey(t, folder)
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := restore(stopped, cfg, bytes.NewReader(whole)); err == nil {
		t.Fatal("a stopped restore says that it is done")
	}
	// as a kill leaves it: the store is unpacked, and nobody made it safe
	mark := filepath.Join(folder, restoring)
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t, folder, nil); err == nil || !strings.Contains(err.Error(), "didn't come to its end") {
		t.Errorf("it is served: %v", err)
	}
	if err := os.Remove(mark); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(folder, storeName))
	if err := restore(t.Context(), cfg, bytes.NewReader(whole)); err != nil {
		t.Fatal("tried again:", err)
	}
	a, err := start(t, folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.db.View(t.Context(), func(store.ReadTx) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
