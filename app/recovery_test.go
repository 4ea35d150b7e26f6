package app

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/store"
)

// letter is one of the outbox, opened.
type letter struct {
	Kind mail.Kind
	To   string
	Link string
	Data map[string]string
}

// letters are all that were written, oldest first.
func (w *world) letters(kind mail.Kind) []letter {
	w.t.Helper()
	var out []letter
	err := w.app.db.View(w.t.Context(), func(tx store.ReadTx) error {
		out = nil
		for _, table := range w.app.db.Tables() {
			if table.Describe().Name != "letter" {
				continue
			}
			table.Walk(tx, store.Range{}, func(_ store.Key, _ store.Owner, v any) bool {
				l := v.(mail.Waiting)
				place := secret.Place{Purpose: "mail", Organization: l.Organization, Kind: "letter", ID: l.ID, Field: "content"}
				err := w.app.keeper.Use(tx, place, l.Content, func(plain []byte) error {
					found := letter{Kind: l.Kind, To: l.To}
					if l.Kind == kind {
						out = append(out, found)
						return json.Unmarshal(plain, &out[len(out)-1])
					}
					return nil
				})
				if err != nil {
					w.t.Error(err)
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// records counts what a table holds.
func (w *world) records(name string) (n int) {
	w.t.Helper()
	err := w.app.db.View(w.t.Context(), func(tx store.ReadTx) error {
		n = 0
		for _, table := range w.app.db.Tables() {
			if table.Describe().Name == name {
				table.Walk(tx, store.Range{}, func(store.Key, store.Owner, any) bool { n++; return true })
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func tokenOf(link string) string { _, token, _ := strings.Cut(link, "#token="); return token }

// confirm opens the link that confirms the person's address.
func (p *person) confirm() {
	p.w.t.Helper()
	p.must(200, "POST", "/me/email", map[string]any{})
	list := p.w.letters(mail.VerifyEmail)
	p.must(200, "POST", "/me/email/verify", map[string]any{"token": tokenOf(list[len(list)-1].Link)})
}

const renewed = "seven quiet tents"

func TestAForgottenPasswordIsReplacedByALetter(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.confirm()
	p := w.person(w.owner.email)
	a := p.must(200, "POST", "/recovery", map[string]any{"email": "MIRA@halden.example"})
	if a.text("until") != "2026-11-23T09:30:00Z" {
		t.Errorf("asked: %s", a.raw)
	}
	w.eventually("the letter", func() bool { return len(w.letters(mail.Recovery)) == 1 })
	l := w.letters(mail.Recovery)[0]
	if l.To != w.owner.email || !strings.HasPrefix(l.Link, w.base+"/recover#token=") {
		t.Fatalf("the letter: %+v", l)
	}
	finish := map[string]any{"token": tokenOf(l.Link), "password": renewed}
	if a := w.person("x").must(403, "POST", "/recovery/finish", finish); a.code() != "other_browser" {
		t.Errorf("in another browser: %s", a.raw)
	}
	if a := p.must(422, "POST", "/recovery/finish", map[string]any{"token": tokenOf(l.Link), "password": "short"}); a.code() != "password_short" {
		t.Errorf("a short one: %s", a.raw)
	}
	if a := p.must(200, "POST", "/recovery/finish", finish); a.get("mfa_required") != false || !strings.HasPrefix(a.text("member"), "mem_") {
		t.Errorf("finished: %s", a.raw)
	}
	p.must(200, "GET", "/session", nil)
	w.owner.must(401, "GET", "/session", nil) // every session ended
	p.must(410, "POST", "/recovery/finish", finish)
	w.person("x").must(401, "POST", "/session", map[string]any{"email": p.email, "password": password})
	w.person("x").must(200, "POST", "/session", map[string]any{"email": p.email, "password": renewed})
	if list := w.letters(mail.PasswordChanged); len(list) != 1 || list[0].To != p.email {
		t.Errorf("told: %+v", list)
	}
	p.must(200, "POST", "/recovery", map[string]any{"email": p.email})
	w.eventually("the second letter", func() bool { return len(w.letters(mail.Recovery)) == 2 })
	c.Advance(31 * time.Minute)
	if a := p.must(410, "POST", "/recovery/finish", map[string]any{"token": tokenOf(w.letters(mail.Recovery)[1].Link), "password": renewed}); a.code() != "link_gone" {
		t.Errorf("too late: %s", a.raw)
	}
}

func TestRecoveryByMailNeverSkipsTheSecondFactor(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.confirm()
	codes := w.owner.enrol()
	p := w.person(w.owner.email)
	p.must(200, "POST", "/recovery", map[string]any{"email": p.email})
	w.eventually("the letter", func() bool { return len(w.letters(mail.Recovery)) == 1 })
	a := p.must(200, "POST", "/recovery/finish", map[string]any{"token": tokenOf(w.letters(mail.Recovery)[0].Link), "password": renewed})
	if a.get("mfa_required") != true || a.get("member") != nil || !slices.Equal(methods(a), []string{"totp"}) {
		t.Fatalf("finished: %s", a.raw)
	}
	p.must(401, "GET", "/session", nil)
	p.must(200, "POST", "/session/mfa", map[string]any{"recovery_code": codes[0]})
	p.must(200, "GET", "/session", nil)
}

func TestOnlyAConfirmedAddressGetsALetter(t *testing.T) {
	w := newWorld(t)
	p := w.person("x")
	known := p.must(200, "POST", "/recovery", map[string]any{"email": w.owner.email})
	unknown := p.must(200, "POST", "/recovery", map[string]any{"email": "nobody@halden.example"})
	if len(known.body) != len(unknown.body) || len(known.header["Set-Cookie"]) != len(unknown.header["Set-Cookie"]) {
		t.Errorf("known and unknown differ: %s %s", known.raw, unknown.raw)
	}
	w.eventually("looking at both", func() bool { return w.records("recovery_plea") == 0 })
	w.owner.confirm()
	p.must(200, "POST", "/recovery", map[string]any{"email": w.owner.email})
	w.eventually("the letter", func() bool { return len(w.letters(mail.Recovery)) > 0 })
	if list := w.letters(mail.Recovery); len(list) != 1 {
		t.Errorf("%d letters", len(list))
	}
}

// bound gives a proof for one operation, object and body.
func (p *person) bound(operation, object string, body any) {
	p.w.t.Helper()
	b := map[string]any{"totp": p.code(0), "for": operation, "object": object}
	if body != nil {
		b["body"] = body
	}
	p.must(200, "POST", "/session/step-up", b)
}

// halfway is a browser in which the password was right and the second factor is lost.
func (w *world) halfway(email string) *person {
	w.t.Helper()
	p := w.person(email)
	if a := p.must(200, "POST", "/session", map[string]any{"email": email, "password": password}); a.get("mfa_required") != true {
		w.t.Fatal(a.raw)
	}
	return p
}

func TestTwoOthersHelpWhoLostASecondFactor(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.enrol()
	tom := w.join("tom@halden.example", "member", "author")
	tom.enrol()
	lost := w.halfway(tom.email)
	if a := lost.must(409, "POST", "/recovery/help", nil); a.code() != "no_helpers" {
		t.Errorf("with one owner only: %s", a.raw)
	}
	ada := w.join("ada@halden.example", "admin", "")
	ada.enrol()
	id := lost.must(200, "POST", "/recovery/help", nil).text("id")
	if again := lost.must(200, "POST", "/recovery/help", nil); again.text("id") != id || again.text("state") != "requested" {
		t.Errorf("asked again: %s", again.raw)
	}
	if me := tom.must(200, "GET", "/session", nil); me.text("recovery.id") != id {
		t.Errorf("Tom's own session doesn't show it: %s", me.raw)
	}
	if list := w.letters(mail.RecoveryStarted); len(list) != 2 || list[0].To == list[1].To {
		t.Errorf("told: %+v", list)
	}
	path := "/organizations/" + w.org + "/recoveries"
	if a := w.owner.must(200, "GET", path, nil); a.text("items.0.email") != tom.email || a.get("items.0.may_approve") != true {
		t.Errorf("the list: %s", a.raw)
	}
	tom.must(403, "GET", path, nil)
	lost.must(409, "POST", "/recovery/factors", nil)
	approve := path + "/" + id + "/approve"
	if a := w.owner.must(403, "POST", approve, nil); a.code() != "step_up_required" || a.text("for") != "recovery.approve" || a.text("object") != id || !slices.Equal(methods(a), []string{"totp"}) {
		t.Errorf("fresh, but not for this: %s", a.raw)
	}
	c.Advance(time.Minute)
	w.owner.bound("recovery.approve", id, nil)
	if a := w.owner.must(200, "POST", approve, nil); a.text("state") != "approved_once" || a.get("may_approve") != false {
		t.Errorf("approved: %s", a.raw)
	}
	if a := ada.must(200, "GET", path, nil); a.get("items.0.may_approve") != true {
		t.Errorf("the other one's list: %s", a.raw)
	}
	if a := w.owner.must(403, "POST", approve, nil); a.code() != "step_up_required" {
		t.Errorf("the same proof again: %s", a.raw)
	}
	c.Advance(time.Minute)
	w.owner.bound("recovery.approve", id, nil)
	if a := w.owner.must(403, "POST", approve, nil); a.code() != "own_recovery" {
		t.Errorf("the same person again: %s", a.raw)
	}
	lost.must(409, "POST", "/recovery/factors", nil)
	ada.bound("recovery.approve", id, nil)
	if a := ada.must(200, "POST", approve, nil); a.text("state") != "ready" {
		t.Errorf("approved by both: %s", a.raw)
	}
	tom.must(200, "GET", "/session", nil) // nothing happened to the factor yet
	c.Advance(time.Minute)
	w.owner.must(200, "POST", "/session/step-up", map[string]any{"totp": w.owner.code(0)})
	waits := w.owner.must(201, "POST", "/instance/recoveries", map[string]any{"email": tom.email})
	if a := lost.must(200, "POST", "/recovery/factors", nil); a.get("second_factor") != false || a.get("recovery_codes_left") != 0.0 {
		t.Errorf("removed: %s", a.raw)
	}
	tom.must(401, "GET", "/session", nil)
	lost.must(200, "GET", "/session", nil)
	w.person("x").must(200, "POST", "/session", map[string]any{"email": tom.email, "password": password})
	c.Advance(73 * time.Hour) // the other way back closed with it
	w.person("x").must(410, "POST", "/recovery/finish", map[string]any{"token": tokenOf(waits.text("link")), "password": renewed})
}

func TestWhoBelongsToMoreIsHelpedByTimeOnly(t *testing.T) {
	c := clock.NewManual(monday)
	w, ada, id, approve := asked(t, c)
	second := w.owner.must(201, "POST", "/organizations", map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"}).text("organization")
	_, token, _ := strings.Cut(w.owner.must(201, "POST", "/organizations/"+second+"/invitations", map[string]any{"email": "tom@halden.example", "role": "owner"}).text("link"), "#token=")
	w.tom.must(200, "POST", "/invitations/accept", map[string]any{"token": token})
	ada.bound("recovery.approve", id, nil)
	if a := ada.must(409, "POST", approve, nil); a.code() != "no_helpers" {
		t.Errorf("an owner of another organization: %s", a.raw)
	}
	if a := w.halfway(ada.email).must(409, "POST", "/recovery/help", nil); a.code() != "no_helpers" {
		t.Errorf("with one other who may: %s", a.raw)
	}
	if a := w.halfway(w.owner.email).must(409, "POST", "/recovery/help", nil); a.code() != "no_helpers" {
		t.Errorf("an administrator of the server: %s", a.raw)
	}
}

func TestARecoveryOfEverythingWaitsAndCanBeStopped(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.enrol()
	tom := w.join("tom@halden.example", "member", "author")
	tom.enrol()
	start := func() answer {
		w.t.Helper()
		w.refresh()
		return w.owner.must(201, "POST", "/instance/recoveries", map[string]any{"email": tom.email})
	}
	a := start()
	unknown := w.owner.must(201, "POST", "/instance/recoveries", map[string]any{"email": "nobody@halden.example"})
	if a.text("ready_at") != "2026-11-26T09:00:00Z" || len(a.text("link")) != len(unknown.text("link")) || a.text("ready_at") != unknown.text("ready_at") {
		t.Errorf("known %s, unknown %s", a.raw, unknown.raw)
	}
	if list := w.letters(mail.RecoveryStarted); len(list) != 2 || list[0].Data["until"] != "2026-11-26T09:00:00Z" {
		t.Errorf("told: %+v", list)
	}
	finish := func(a answer, status int) answer {
		w.t.Helper()
		return w.person("x").must(status, "POST", "/recovery/finish", map[string]any{"token": tokenOf(a.text("link")), "password": renewed})
	}
	if a := finish(a, 409); a.code() != "recovery_waits" {
		t.Errorf("at once: %s", a.raw)
	}
	c.Advance(72*time.Hour - time.Minute)
	finish(a, 409)
	w.signIn(w.owner)
	id := w.owner.must(200, "GET", "/organizations/"+w.org+"/recoveries", nil).text("items.0.id")
	w.owner.must(200, "POST", "/organizations/"+w.org+"/recoveries/"+id+"/stop", nil)
	c.Advance(2 * time.Minute)
	finish(a, 410) // stopped
	again := start()
	if a := finish(a, 410); a.code() != "link_gone" {
		t.Errorf("the older link: %s", a.raw)
	}
	tom.must(204, "DELETE", "/me/recovery", nil) // Tom himself can stop it
	c.Advance(73 * time.Hour)
	finish(again, 410)
	w.signIn(w.owner)
	third := start()
	c.Advance(73 * time.Hour)
	if a := finish(third, 200); a.get("mfa_required") != false {
		t.Errorf("after the wait: %s", a.raw)
	}
	finish(third, 410)
	w.person("x").must(401, "POST", "/session", map[string]any{"email": tom.email, "password": password})
	if a := w.person("x").must(200, "POST", "/session", map[string]any{"email": tom.email, "password": renewed}); a.get("mfa_required") != false {
		t.Errorf("afterwards: %s", a.raw)
	}
}

// refresh gives the owner's second factor anew.
func (w *world) refresh() {
	w.t.Helper()
	w.app.Clock.(*clock.Manual).Advance(30 * time.Second)
	w.owner.must(200, "POST", "/session/step-up", map[string]any{"totp": w.owner.code(0)})
	w.app.Clock.(*clock.Manual).Advance(-30 * time.Second)
}

// signIn begins a new session with both factors.
func (w *world) signIn(p *person) {
	w.t.Helper()
	p.must(200, "POST", "/session", map[string]any{"email": p.email, "password": password})
	p.must(200, "POST", "/session/mfa", map[string]any{"totp": p.code(0)})
}

// TestTheLetterAfterTheWaitLetsItsReaderIn goes the way of who lost everything with mail set up: the link comes by letter
// once the 72 hours are over, works in any browser for as long as the letter says, and everybody concerned is told.
func TestTheLetterAfterTheWaitLetsItsReaderIn(t *testing.T) {
	c := clock.NewManual(monday)
	box, mailed := withMail(t)
	w := newWorldStill(t, c, mailed)
	w.owner.enrol()
	tom := w.joinByMail(box, "tom@halden.example", "member")
	tom.enrol()
	w.refresh()
	if a := w.owner.must(201, "POST", "/instance/recoveries", map[string]any{"email": tom.email}); a.get("link") != nil {
		t.Errorf("the link is in the answer although it will be sent: %s", a.raw)
	}
	w.letterAbout(box, tom.email, "recovery of the sign-in")
	c.Advance(72 * time.Hour)
	w.eventually("the letter after the wait", func() bool {
		c.Advance(time.Minute) // housekeeping and the outbox look once a minute
		return slices.ContainsFunc(box.to(tom.email), func(l sentLetter) bool { return l.Subject == "You can sign in again" })
	})
	l := w.letterAbout(box, tom.email, "You can sign in again")
	if strings.Contains(l.Text, "half an hour") || !strings.Contains(l.Text, "in any browser, until 3 December 2026") {
		t.Errorf("the letter says:\n%s", l.Text)
	}
	token := regexp.MustCompile(`/recover#token=([A-Za-z0-9_-]+)`).FindStringSubmatch(l.Text)[1]
	c.Advance(5 * 24 * time.Hour)
	p := w.person(tom.email)
	if a := p.must(200, "POST", "/recovery/finish", map[string]any{"token": token, "password": renewed}); a.get("mfa_required") != false {
		t.Errorf("finished: %s", a.raw)
	}
	if me := p.must(200, "GET", "/session", nil); me.get("second_factor") != false {
		t.Errorf("afterwards: %s", me.raw)
	}
	w.person("x").must(410, "POST", "/recovery/finish", map[string]any{"token": token, "password": renewed})
	if own := w.letterAbout(box, tom.email, "Your sign-in was recovered"); strings.Contains(own.Text, "that you own") {
		t.Errorf("Tom reads:\n%s", own.Text)
	}
	if other := w.letterAbout(box, w.owner.email, "The sign-in of Person member was recovered"); strings.Contains(other.Text, "your second factors") {
		t.Errorf("Mira reads:\n%s", other.Text)
	}
}

func TestTheCommandOnlyStartsTheWait(t *testing.T) {
	w := newWorld(t)
	var out bytes.Buffer
	if err := resetMFA(t.Context(), w.app.Config, w.owner.email, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "is ready at ") || !strings.Contains(out.String(), w.base+"/recover#token=") {
		t.Errorf("the command says %q", out.String())
	}
	if me := w.owner.must(200, "GET", "/session", nil); me.text("recovery.state") != "waiting" {
		t.Errorf("the owner sees %s", me.raw)
	}
	if log := w.owner.must(200, "GET", "/organizations/"+w.org+"/audit", nil).raw; !strings.Contains(log, "recovery.started") {
		t.Error("the log doesn't say so")
	}
}

func TestANewAddressIsConfirmedBeforeItCounts(t *testing.T) {
	w := newWorld(t)
	other := w.person(w.owner.email)
	other.must(200, "POST", "/session", map[string]any{"email": other.email, "password": password})
	tom := w.join("tom@halden.example", "member", "author")
	w.owner.must(200, "POST", "/me/email", map[string]any{"email": "Mira@nordlys.example"})
	l := w.letters(mail.VerifyEmail)[0]
	if l.To != "mira@nordlys.example" {
		t.Fatalf("the letter went to %s", l.To)
	}
	if me := w.owner.must(200, "GET", "/session", nil); me.text("identity.email") != "mira@halden.example" {
		t.Errorf("it counts already: %s", me.raw)
	}
	tom.must(410, "POST", "/me/email/verify", map[string]any{"token": tokenOf(l.Link)}) // somebody else's link
	if a := w.owner.must(200, "POST", "/me/email/verify", map[string]any{"token": tokenOf(l.Link)}); a.text("email") != "mira@nordlys.example" || a.get("email_verified") != true {
		t.Errorf("confirmed: %s", a.raw)
	}
	if list := w.letters(mail.EmailChanged); len(list) != 1 || list[0].To != "mira@halden.example" {
		t.Errorf("the old address is told %+v", list)
	}
	w.owner.must(410, "POST", "/me/email/verify", map[string]any{"token": tokenOf(l.Link)})
	other.must(401, "GET", "/session", nil)
	w.owner.must(200, "POST", "/me/email", map[string]any{"email": tom.email})
	list := w.letters(mail.VerifyEmail)
	if a := w.owner.must(409, "POST", "/me/email/verify", map[string]any{"token": tokenOf(list[1].Link)}); a.code() != "email_taken" {
		t.Errorf("somebody's address: %s", a.raw)
	}
}
