package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
)

// postbox is where the letters of a test's server arrive: Resend as its pages describe it, with a switch to refuse.
type postbox struct {
	mu     sync.Mutex
	got    []sentLetter
	status int
	body   string
}

type sentLetter struct {
	From, Subject, Text, HTML string
	To                        []string
}

func (b *postbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var l sentLetter
	raw, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(raw, &l)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(l.To) == 0 {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	b.got = append(b.got, l)
	w.WriteHeader(b.status)
	_, _ = io.WriteString(w, b.body)
}

func (b *postbox) answer(status int, body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status, b.body = status, body
}

// to lists the letters to an address.
func (b *postbox) to(address string) (out []sentLetter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.got {
		if strings.Contains(l.To[0], address) {
			out = append(out, l)
		}
	}
	return out
}

// withMail gives the server a transport into a postbox.
func withMail(t testing.TB) (*postbox, worldOption) {
	t.Helper()
	b := &postbox{status: http.StatusOK, body: `{"id":"1"}`}
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	return b, set("mail.url", "resend://re_canary_key?from=posts@halden.example&api="+s.URL)
}

var tokenInLink = regexp.MustCompile(`/invite#token=([A-Za-z0-9_-]+)`)

// letterTo waits for the first letter to the address.
func (w *world) letterTo(b *postbox, address string) sentLetter {
	w.t.Helper()
	w.eventually("a letter to "+address, func() bool { return len(b.to(address)) > 0 })
	return b.to(address)[0]
}

// letterAbout waits for a letter to the address with the words in its subject.
func (w *world) letterAbout(b *postbox, address, words string) (found sentLetter) {
	w.t.Helper()
	w.eventually("a letter about "+words, func() bool {
		for _, l := range b.to(address) {
			if strings.Contains(l.Subject, words) {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

func TestAnInvitationBySentLetterVerifiesTheAddressAndOneByHandDoesnt(t *testing.T) {
	accept := func(w *world, email, token string) answer {
		return w.person(email).must(200, "POST", "/invitations/accept", map[string]any{"token": token, "name": "Tom Okafor", "password": password})
	}
	body := map[string]any{"email": "tom@halden.example", "role": "admin"}
	box, mailed := withMail(t)
	w := newWorld(t, mailed)
	if a := w.person("x").must(200, "GET", "/setup", nil); a.get("mail") != true {
		t.Errorf("what the sign-in page learns: %s", a.raw)
	}
	a := w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", body)
	if a.get("link") != nil {
		t.Errorf("the link is in the answer although it was sent: %s", a.raw)
	}
	l := w.letterTo(box, "tom@halden.example")
	if l.Subject != "Mira Lindqvist invites you to Halden Studio" || !strings.Contains(l.Text, "an admin") || !strings.Contains(l.From, "<posts@halden.example>") {
		t.Errorf("the letter is %+v", l)
	}
	if me := accept(w, "tom@halden.example", tokenInLink.FindStringSubmatch(l.Text)[1]); me.get("identity.email_verified") != true {
		t.Errorf("after a sent link: %s", me.raw)
	}

	w = newWorld(t)
	a = w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", body)
	if me := accept(w, "tom@halden.example", tokenInLink.FindStringSubmatch(a.text("link"))[1]); me.get("identity.email_verified") != false {
		t.Errorf("after a link passed on by hand: %s", me.raw)
	}
}

func TestALetterForAForgottenPasswordLeavesAtOnce(t *testing.T) {
	box, mailed := withMail(t)
	w := newWorld(t, mailed)
	w.owner.must(200, "POST", "/me/email", map[string]any{})
	confirm := w.letterAbout(box, w.owner.email, "Confirm")
	w.owner.must(200, "POST", "/me/email/verify", map[string]any{"token": tokenIn(confirm.Text)})
	w.person("x").must(200, "POST", "/recovery", map[string]any{"email": w.owner.email})
	w.letterAbout(box, w.owner.email, "Choose a new password") // not when the outbox looks by itself, which is each minute
}

func tokenIn(text string) string {
	return regexp.MustCompile(`#token=([A-Za-z0-9_-]+)`).FindStringSubmatch(text)[1]
}

func TestStaffInvitedByLetterHaveAVerifiedAddress(t *testing.T) {
	box, mailed := withMail(t)
	w := newWorld(t, mailed)
	w.owner.enrol()
	if a := w.owner.must(201, "POST", "/instance/staff", map[string]any{"email": "ada@support.example", "name": "Ada Brandt"}); a.get("link") != nil {
		t.Errorf("the link is in the answer although it was sent: %s", a.raw)
	}
	l := w.letterTo(box, "ada@support.example")
	me := w.person("ada@support.example").must(200, "POST", "/invitations/accept", map[string]any{"token": tokenInLink.FindStringSubmatch(l.Text)[1], "name": "Ada Brandt", "password": password})
	if me.get("identity.email_verified") != true || me.get("staff") != true {
		t.Errorf("%s", me.raw)
	}
	if a := w.owner.must(200, "PATCH", "/instance/staff/"+me.text("identity.id"), map[string]any{"active": false}); a.get("active") != false {
		t.Errorf("stopped: %s", a.raw)
	}
}

func TestADryRunSendsNoLetter(t *testing.T) {
	box, mailed := withMail(t)
	w := newWorld(t, mailed)
	w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations?dry_run=true", map[string]any{"email": "tom@halden.example", "role": "admin"})
	w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", map[string]any{"email": "ada@halden.example", "role": "admin"})
	w.letterTo(box, "ada@halden.example")
	if n := len(box.to("tom@halden.example")); n != 0 {
		t.Errorf("%d letters went out for a dry run", n)
	}
}

func TestAdministratorsSeeHowMailStands(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.enrol()
	if a := w.owner.must(200, "GET", "/instance/mail", nil); a.text("transport") != "none" || a.get("waiting") != 1.0 || a.get("from") != nil { // the notice of the factor waits
		t.Errorf("without mail: %s", a.raw)
	}
	if a := w.owner.must(409, "POST", "/instance/mail/test", map[string]any{"to": "mira@halden.example"}); a.code() != "mail_off" {
		t.Errorf("a test without mail: %s", a.raw)
	}

	box, mailed := withMail(t)
	w = newWorldStill(t, c, mailed)
	w.owner.enrol()
	if a := w.owner.must(200, "GET", "/instance/mail", nil); a.text("transport") != "resend" || a.text("from") != `"Omni Posto" <posts@halden.example>` || strings.Contains(a.raw, "re_canary") {
		t.Errorf("with mail: %s", a.raw)
	}
	w.owner.must(200, "POST", "/instance/mail/test", map[string]any{"to": "post@halden.example"})
	if l := w.letterTo(box, "post@halden.example"); l.Subject != "Letters from Omni Posto arrive" {
		t.Errorf("the letter is %+v", l)
	}
	w.eventually("an empty outbox", func() bool { return w.owner.must(200, "GET", "/instance/mail", nil).get("waiting") == 0.0 })

	box.answer(http.StatusUnprocessableEntity, `{"name":"invalid_to_address","message":"canary"}`)
	w.owner.must(200, "POST", "/instance/mail/test", map[string]any{"to": "nobody@halden.example"})
	w.eventually("a letter that is given up", func() bool { return w.owner.must(200, "GET", "/instance/mail", nil).get("failed") == 1.0 })
	if a := w.owner.must(200, "GET", "/instance/mail/outbox", nil); a.text("items.0.problem") != "recipient" || a.get("items.0.failed") != true || a.get("items.0.next_try_at") != nil || a.text("items.0.recipient") != "nobody@halden.example" || a.text("items.0.kind") != "test" {
		t.Errorf("the outbox: %s", a.raw)
	}
	box.answer(http.StatusInternalServerError, "canary")
	for _, who := range []string{"a@halden.example", "b@halden.example", "c@halden.example"} {
		c.Advance(time.Second)
		w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", map[string]any{"email": who, "role": "member"})
	}
	first := w.owner.must(200, "GET", "/instance/mail/outbox?limit=2", nil)
	rest := w.owner.must(200, "GET", "/instance/mail/outbox?limit=2&cursor="+first.text("next_cursor"), nil)
	if first.text("items.0.recipient") != "c@halden.example" || rest.text("items.1.recipient") != "nobody@halden.example" || rest.get("next_cursor") != nil {
		t.Errorf("the pages are\n%s\n%s", first.raw, rest.raw)
	}
}

// TestWhatALetterSaysIsNowhereElse plants a letter that doesn't leave, and one that leaves, and looks everywhere.
func TestWhatALetterSaysIsNowhereElse(t *testing.T) {
	box, mailed := withMail(t)
	w := newWorld(t, mailed, set("metrics.token", "canary-metrics-token-000"))
	w.owner.enrol()
	invite := func(who string) string {
		w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", map[string]any{"email": who, "role": "member"})
		return tokenInLink.FindStringSubmatch(w.letterTo(box, who).Text)[1]
	}
	sent := invite("sent@halden.example")
	box.answer(http.StatusInternalServerError, `{"message":"canary-words for stuck@halden.example"}`)
	stuck := invite("stuck@halden.example")
	w.eventually("a letter with a problem", func() bool {
		return strings.Contains(w.owner.must(200, "GET", "/instance/mail/outbox", nil).raw, `"unavailable"`)
	})
	canaries := []string{sent, stuck, "canary-words", "invites you to join", "re_canary_key"}
	look := func(where string, raw string) {
		for _, c := range canaries {
			if strings.Contains(raw, c) {
				t.Errorf("%s holds %q", where, c)
			}
		}
	}
	for _, o := range w.app.parts.operations {
		if o.Route.Method == "GET" && !strings.Contains(o.Route.Path, "{") && o.ID != "events.stream" {
			look(o.ID, w.owner.send("GET", "root:"+o.Path(), nil).raw)
		}
	}
	for _, path := range []string{"/invitations", "/audit?limit=200", "/members"} {
		look(path, w.owner.must(200, "GET", "/organizations/"+w.org+path, nil).raw)
	}
	look("the metrics", w.owner.must(200, "GET", "root:/metrics", nil, "Authorization", "Bearer canary-metrics-token-000").raw)
	data := w.app.Config.Data
	look("the configuration that is shown", strings.Join(showLines(w.app.Config), "\n"))
	w.stop()
	look("the log", w.log.String())
	look("the output", w.out.String())
	files := 0
	err := filepath.WalkDir(data, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		look(path, string(raw))
		files++
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files, %v", files, err)
	}
}
