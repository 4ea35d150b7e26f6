package app

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

const reason = "A post to Mastodon waits for a decision since Monday."

// help is a world with an owner who has a factor, and one of the staff who has one too.
type help struct {
	*world
	clock *clock.Manual
	staff *person
	id    string // of the staff person
}

func newHelp(t testing.TB, options ...worldOption) *help {
	t.Helper()
	return newHelpAt(t, monday, options...)
}

// newHelpAt is newHelp at a time.
func newHelpAt(t testing.TB, now time.Time, options ...worldOption) *help {
	t.Helper()
	c := clock.NewManual(now)
	h := &help{world: newWorldStill(t, c, options...), clock: c}
	h.owner.enrol()
	h.staff, h.id = h.addStaff("ada@support.example")
	return h
}

// addStaff makes somebody staff, lets them in and gives them a factor.
func (h *help) addStaff(email string) (*person, string) {
	h.t.Helper()
	a := h.owner.must(201, "POST", "/instance/staff", map[string]any{"email": email, "name": "Ada Brandt"})
	_, token, _ := strings.Cut(a.text("link"), "#token=")
	p := h.person(email)
	p.must(200, "POST", "/invitations/accept", map[string]any{"token": token, "name": "Ada Brandt", "password": password})
	p.enrol()
	return p, a.text("member")
}

func (h *help) code() string {
	h.t.Helper()
	return h.owner.must(200, "GET", "/organizations/"+h.org+"/support/policy", nil).text("support_code")
}

func (h *help) ask(hours int, categories ...string) answer {
	h.t.Helper()
	h.fresh(h.staff, "", "", nil)
	return h.staff.must(201, "POST", "/support/grants", map[string]any{"support_code": h.code(), "ticket": "SUP-4711", "reason": reason, "categories": categories, "hours": hours, "thumbnails": true})
}

// fresh gives the second factor anew, bound where an operation is named. Codes are usable once, so the clock goes on.
func (h *help) fresh(p *person, operation, object string, body any) {
	h.t.Helper()
	for {
		h.comeBack(p)
		h.clock.Advance(61 * time.Second)
		in := map[string]any{"totp": p.code(0)}
		if operation != "" {
			in["for"], in["object"], in["body"] = operation, object, body
		}
		if a := p.send("POST", "/session/step-up", in); a.code() != "totp_step_used" && a.code() != "signed_out" { // after the clock went back a step may be used
			if a.status != 200 {
				h.t.Fatalf("the step-up answers %d %s", a.status, a.raw)
			}
			return
		}
	}
}

func (h *help) approve(p *person, grant string, body any) answer {
	h.t.Helper()
	h.fresh(p, "grants.approve", grant, body)
	return p.send("POST", "/organizations/"+h.org+"/support/grants/"+grant+"/approve", body)
}

// granted is a grant that the owner approved whole.
func (h *help) granted(hours int, categories ...string) string {
	h.t.Helper()
	g := h.ask(hours, categories...).text("id")
	if a := h.approve(h.owner, g, map[string]any{}); a.status != 200 || a.text("state") != "active" {
		h.t.Fatalf("the approval answers %d %s", a.status, a.raw)
	}
	return g
}

func (h *help) withdraw(grant string) answer {
	return h.owner.send("POST", "/organizations/"+h.org+"/support/grants/"+grant+"/withdraw", nil)
}

// events counts the events of an action in the organization's log.
func (h *help) events(action string) (list []audit.Entry) {
	h.t.Helper()
	var o ref.Organization
	_ = o.UnmarshalText([]byte(h.org))
	_ = h.app.db.View(h.t.Context(), func(tx store.ReadTx) error {
		list = slices.DeleteFunc(audit.List(tx, o, 0, 100_000), func(e audit.Entry) bool { return !strings.Contains(string(e.Bytes), `"action":"`+action+`"`) })
		return nil
	})
	return list
}

func TestStaffReadOnlyWhatWasGrantedAndUntilItIsWithdrawn(t *testing.T) {
	h := newHelp(t)
	draft := h.owner.must(201, "POST", "/workspaces/"+h.ws+"/posts", map[string]any{"text": "Wool for wind", "channels": []string{h.practice()}}).text("id")
	g := h.ask(24, "posts", "organization").text("id")
	base := "/support/grants/" + g
	if a := h.staff.must(403, "GET", base+"/posts", nil); a.code() != "grant_inactive" {
		t.Errorf("before the approval: %s", a.raw)
	}
	if a := h.owner.must(403, "POST", "/organizations/"+h.org+"/support/grants/"+g+"/approve", map[string]any{}); a.code() != "step_up_required" {
		t.Errorf("an approval without a bound factor: %s", a.raw)
	}
	a := h.approve(h.owner, g, map[string]any{"categories": []string{"posts"}, "hours": 2})
	if a.status != 200 || a.text("state") != "active" || a.get("granted.hours") != 2.0 || a.get("granted.categories.0") != "posts" || len(a.get("granted.categories").([]any)) != 1 {
		t.Fatalf("the narrowed approval: %d %s", a.status, a.raw)
	}
	list := h.staff.must(200, "GET", base+"/posts", nil)
	if list.text("items.0.id") != draft || strings.Contains(list.raw, "Wool") {
		t.Errorf("a list gives ids, states and times only: %s", list.raw)
	}
	if list.header.Get("Support-Grant") != g || list.header.Get("Support-Staff") != h.id || list.header.Get("Support-Time") == "" {
		t.Errorf("the watermark headers are %v", list.header)
	}
	if a := h.staff.must(200, "GET", base+"/posts/"+draft, nil); a.text("texts.0") != "Wool for wind" {
		t.Errorf("the post reads %s", a.raw)
	}
	if a := h.staff.must(403, "GET", base+"/organization", nil); a.code() != "category_not_granted" {
		t.Errorf("a category that was cut away: %s", a.raw)
	}
	reads := h.owner.must(200, "GET", "/organizations/"+h.org+"/support/grants/"+g+"/reads", nil)
	if len(reads.get("items").([]any)) != 2 || reads.text("items.0.records.0") != draft || len(h.events("support.read")) != 2 {
		t.Errorf("two reads show as %s and %d events", reads.raw, len(h.events("support.read")))
	}
	h.clock.Advance(6 * time.Minute) // taking back is never harder than giving: no fresh factor
	if a := h.withdraw(g); a.status != 200 || a.text("state") != "withdrawn" {
		t.Fatalf("the withdrawal answers %d %s", a.status, a.raw)
	}
	if a := h.staff.must(403, "GET", base+"/posts/"+draft, nil); a.code() != "grant_inactive" {
		t.Errorf("after the withdrawal: %s", a.raw)
	}
	if n := len(h.events("support.read")); n != 2 {
		t.Errorf("a refused read left an event: %d", n)
	}
}

func TestNobodyApprovesTheirOwnRequest(t *testing.T) {
	h := newHelp(t)
	// The staff person is made an owner too: with one account and both roles they still can't say yes to themselves.
	in := h.owner.must(201, "POST", "/organizations/"+h.org+"/invitations", map[string]any{"email": h.staff.email, "role": "admin"})
	_, token, _ := strings.Cut(in.text("link"), "#token=")
	h.staff.must(200, "POST", "/invitations/accept", map[string]any{"token": token})
	g := h.ask(24, "posts").text("id")
	if a := h.approve(h.staff, g, map[string]any{}); a.status != 403 || a.code() != "requester_cant_approve" {
		t.Errorf("an own request: %d %s", a.status, a.raw)
	}
}

func TestAProofIsForOneRequestAndOneAnswer(t *testing.T) {
	h := newHelp(t)
	g := h.ask(24, "posts", "media").text("id")
	path := "/organizations/" + h.org + "/support/grants/" + g + "/approve"
	h.fresh(h.owner, "grants.approve", g, map[string]any{"hours": 2})
	for name, body := range map[string]any{"another answer": map[string]any{"hours": 3}, "nothing cut": map[string]any{}} {
		if a := h.owner.must(403, "POST", path, body); a.code() != "step_up_required" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	h.fresh(h.owner, "grants.approve", "gra_00000000000000000000000000", map[string]any{"hours": 3})
	h.owner.must(403, "POST", path, map[string]any{"hours": 3})
	h.clock.Advance(5 * time.Minute)
	if a := h.owner.must(403, "POST", path, map[string]any{"hours": 2}); a.code() != "step_up_required" {
		t.Errorf("five minutes later: %s", a.raw)
	}
}

func TestTwoApproversMustBeTwo(t *testing.T) {
	h := newHelp(t)
	admin := h.join("tom@halden.example", "admin", "")
	admin.enrol()
	h.setPolicy(map[string]any{"approvals": 2, "longest_hours": 48})
	g := h.ask(24, "posts", "media").text("id")
	if a := h.approve(h.owner, g, map[string]any{"hours": 10}); a.text("state") != "approved_once" {
		t.Fatalf("the first of two: %s", a.raw)
	}
	if a := h.approve(h.owner, g, map[string]any{"hours": 10}); a.code() != "approval_given" {
		t.Errorf("the same person twice: %s", a.raw)
	}
	h.staff.must(403, "GET", "/support/grants/"+g+"/posts", nil)
	a := h.approve(admin, g, map[string]any{"categories": []string{"posts"}})
	if a.text("state") != "active" || a.get("granted.hours") != 10.0 || len(a.get("granted.categories").([]any)) != 1 {
		t.Errorf("what both allow: %s", a.raw)
	}
}

// setPolicy changes some fields of the support policy.
func (h *help) setPolicy(change map[string]any) {
	h.t.Helper()
	path := "/organizations/" + h.org + "/support/policy"
	h.fresh(h.owner, "", "", nil)
	old := h.owner.must(200, "GET", path, nil)
	delete(old.body, "support_code")
	delete(old.body, "version")
	for k, v := range change {
		old.body[k] = v
	}
	h.owner.must(200, "PUT", path, old.body, old.match()...)
}

func TestGrantsEndByRule(t *testing.T) {
	cases := map[string]func(h *help){
		"the staff person is stopped": func(h *help) {
			h.fresh(h.owner, "", "", nil)
			h.owner.must(200, "PATCH", "/instance/staff/"+h.id, map[string]any{"active": false})
			h.owner.must(200, "PATCH", "/instance/staff/"+h.id, map[string]any{"active": true}) // coming back opens nothing
			h.staff.must(200, "POST", "/session", map[string]any{"email": h.staff.email, "password": password})
			h.clock.Advance(61 * time.Second)
			h.staff.must(200, "POST", "/session/mfa", map[string]any{"totp": h.staff.code(0)})
		},
		"the organization turns support off": func(h *help) {
			h.setPolicy(map[string]any{"allowed": false})
			h.setPolicy(map[string]any{"allowed": true})
		},
		"the approver leaves": func(h *help) {
			tom := h.join("tom@halden.example", "owner", "")
			tom.must(200, "GET", "/session", nil)
			list := h.owner.must(200, "GET", "/organizations/"+h.org+"/members", nil)
			for _, m := range list.get("items").([]any) {
				m := m.(map[string]any)
				if m["email"] == h.owner.email {
					tom.must(200, "PATCH", "/organizations/"+h.org+"/members/"+m["id"].(string), map[string]any{"role": "member"}, "If-Match", fmt.Sprintf(`"%v"`, m["version"]))
				}
			}
		},
	}
	for name, end := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHelp(t)
			g := h.granted(24, "posts")
			h.staff.must(200, "GET", "/support/grants/"+g+"/posts", nil)
			end(h)
			if a := h.staff.must(403, "GET", "/support/grants/"+g+"/posts", nil); a.code() != "grant_inactive" {
				t.Errorf("a read afterwards: %s", a.raw)
			}
			if n := len(h.events("grant.withdrawn")); n != 1 {
				t.Errorf("%d events say so", n)
			}
		})
	}
}

func TestGrantsEndByTheClockWhetherOrNotASweepCame(t *testing.T) {
	h := newHelp(t)
	g := h.granted(1, "posts")
	h.clock.Advance(30 * time.Minute)
	h.staff.must(200, "GET", "/session", nil) // a session that rests for an hour is over
	h.clock.Advance(29 * time.Minute)
	h.staff.must(200, "GET", "/support/grants/"+g+"/posts", nil)
	h.clock.Jump(61 * time.Second) // no timer fires: only the read itself judges
	if a := h.staff.must(403, "GET", "/support/grants/"+g+"/posts", nil); a.code() != "grant_inactive" || a.text("state") != "expired" {
		t.Errorf("after its hour: %s", a.raw)
	}
	h.clock.Advance(2 * time.Minute)
	h.eventually("the event", func() bool { return len(h.events("grant.expired")) == 1 })
}

func TestAClockThatWentBackClosesEverything(t *testing.T) {
	h := newHelp(t)
	g := h.granted(24, "posts")
	h.clock.Advance(time.Hour)
	h.staff.must(200, "POST", "/session", map[string]any{"email": h.staff.email, "password": password})
	h.staff.must(200, "POST", "/session/mfa", map[string]any{"totp": h.staff.code(0)})
	h.staff.must(200, "GET", "/support/grants/"+g+"/posts", nil)
	h.clock.Jump(-119 * time.Second)
	h.staff.must(200, "GET", "/support/grants/"+g+"/posts", nil)
	h.clock.Jump(-10 * time.Second)
	if a := h.staff.must(403, "GET", "/support/grants/"+g+"/posts", nil); a.code() != "clock_unsound" {
		t.Errorf("a clock 129 s back: %s", a.raw)
	}
}

func TestNoReadSucceedsAfterTheWithdrawalAnswered(t *testing.T) {
	h := newHelp(t)
	g := h.granted(24, "posts")
	var over atomic.Bool
	var late, served atomic.Int64
	var group sync.WaitGroup
	start := make(chan struct{})
	for range 64 {
		group.Add(1)
		go func() {
			defer group.Done()
			<-start
			for range 8 {
				before := over.Load()
				req, _ := http.NewRequestWithContext(t.Context(), "GET", h.base+"/api/v1/support/grants/"+g+"/posts", nil)
				res, err := h.staff.client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				res.Body.Close()
				if res.StatusCode == 200 {
					served.Add(1)
					if before {
						late.Add(1)
					}
				}
			}
		}()
	}
	close(start)
	h.eventually("some reads", func() bool { return served.Load() > 8 })
	if a := h.withdraw(g); a.status != 200 {
		t.Fatal(a.raw)
	}
	over.Store(true)
	group.Wait()
	if late.Load() != 0 {
		t.Errorf("%d reads that began after the answer succeeded", late.Load())
	}
	if n := int64(len(h.events("support.read"))); n != served.Load() {
		t.Errorf("%d reads were served and %d are in the log", served.Load(), n)
	}
	read, withdrawn := h.events("support.read"), h.events("grant.withdrawn")
	for _, e := range read {
		if e.Seq > withdrawn[0].Seq {
			t.Errorf("a read stands behind the withdrawal")
		}
	}
}

func TestAWrongSupportCodeAnswersLikeAClosedDoor(t *testing.T) {
	h := newHelp(t)
	body := func(code string) map[string]any {
		return map[string]any{"support_code": code, "ticket": "SUP-4711", "reason": reason, "categories": []string{"posts"}, "hours": 2}
	}
	right := h.code()
	h.setPolicy(map[string]any{"allowed": false})
	h.fresh(h.staff, "", "", nil)
	closed := h.staff.must(403, "POST", "/support/grants", body(right))
	wrong := h.staff.must(403, "POST", "/support/grants", body("AAAAA-AAAAA"))
	closed.body["request_id"], wrong.body["request_id"] = "", ""
	if fmt.Sprint(closed.body) != fmt.Sprint(wrong.body) {
		t.Errorf("a closed door answers %v, a wrong code %v", closed.body, wrong.body)
	}
	h.setPolicy(map[string]any{"allowed": true})
	h.fresh(h.staff, "", "", nil)
	h.staff.must(201, "POST", "/support/grants", body(strings.ToLower(strings.ReplaceAll(right, "-", " "))))
	if a := h.staff.must(409, "POST", "/support/grants", body(right)); a.code() != "grant_open" {
		t.Errorf("a second request: %s", a.raw)
	}
}

func TestReadsAreLimited(t *testing.T) {
	h := newHelp(t)
	g := h.granted(24, "organization")
	path := "/support/grants/" + g + "/organization"
	for range 600 {
		h.staff.must(200, "GET", path, nil)
	}
	if a := h.staff.must(429, "GET", path, nil); a.code() != "reads_limit" || a.header.Get("Retry-After") == "" {
		t.Errorf("the 601st: %s", a.raw)
	}
	h.clock.Advance(time.Hour - 2*time.Minute)
	h.staff.must(200, "GET", path, nil)
}

func TestSayWhyAndHoursOfTheDay(t *testing.T) {
	h := newHelp(t)
	draft := h.owner.must(201, "POST", "/workspaces/"+h.ws+"/posts", map[string]any{"text": "Wool for wind", "channels": []string{h.practice()}}).text("id")
	h.setPolicy(map[string]any{"say_why": true})
	g := h.granted(24, "posts")
	path := "/support/grants/" + g + "/posts/" + draft
	if a := h.staff.must(422, "GET", path, nil); a.code() != "why_missing" {
		t.Errorf("without a line: %s", a.raw)
	}
	h.staff.must(200, "GET", path, nil, "Support-Why", "to see the text that Mastodon refused")
	if a := h.owner.must(200, "GET", "/organizations/"+h.org+"/support/grants/"+g+"/reads", nil); a.text("items.0.why") != "to see the text that Mastodon refused" {
		t.Errorf("the line shows as %s", a.raw)
	}
	zone, _ := time.LoadLocation("Europe/Berlin")
	hour := h.clock.Now().In(zone).Hour()
	h.setPolicy(map[string]any{"from_hour": (hour + 2) % 24, "to_hour": (hour + 3) % 24, "timezone": "Europe/Berlin"})
	if a := h.staff.must(403, "GET", "/support/grants/"+g+"/posts", nil); a.code() != "outside_hours" {
		t.Errorf("outside the hours: %s", a.raw)
	}
}

func TestBothSidesSeeAGrantLive(t *testing.T) {
	h := newHelp(t)
	g := h.granted(24, "posts")
	owner, res := h.owner.listen(t.Context(), "?organization="+h.org)
	if res.StatusCode != 200 {
		t.Fatal(res.Status)
	}
	staff, res := h.staff.listen(t.Context(), "?grant="+g)
	if res.StatusCode != 200 {
		t.Fatal(res.Status)
	}
	next(t, owner, "retry:")
	next(t, staff, "retry:")
	h.staff.must(200, "GET", "/support/grants/"+g+"/posts", nil)
	next(t, owner, `data: {"kind":"support.read","id":"`+g)
	h.withdraw(g)
	next(t, staff, `data: {"kind":"grant.withdrawn","id":"`+g)
	next(t, owner, `data: {"kind":"grant.withdrawn","id":"`+g)
	viewer := h.join("vera@halden.example", "member", "viewer")
	for _, query := range []string{"?organization=" + h.org, "?grant=" + g} {
		if a := viewer.send("GET", "/events"+query, nil); a.status != 404 {
			t.Errorf("a viewer who listens to %s gets %d", query, a.status)
		}
	}
	if a := h.staff.send("GET", "/events?organization="+h.org, nil); a.status != 404 {
		t.Errorf("staff who listen to a customer get %d", a.status)
	}
}

// TestStaffAreNobodyElsewhere sends every operation as staff without a place in any organization.
func TestStaffAreNobodyElsewhere(t *testing.T) {
	h := newHelp(t)
	own := h.things(h.owner, h.org, h.ws)
	own["grant"] = "gra_00000000000000000000000000"
	n := 0
	for _, o := range h.app.parts.operations {
		if o.Public != "" || o.Outside || walkSkips[o.ID] || o.Scope == op.OwnScope {
			continue
		}
		a := h.staff.send(o.Route.Method, "root:"+own.path(o), walkBody(o), "If-Match", `"1"`)
		n++
		switch asks := o.Permission == access.SupportAsk; {
		case !asks && (a.status != 404 || a.code() != "not_found"):
			t.Errorf("%s by staff: %d %s, want 404", o.ID, a.status, a.raw)
		case asks && (a.status == 401 || a.status >= 500 || a.code() == "forbidden"):
			t.Errorf("%s by staff: %d %s", o.ID, a.status, a.raw)
		}
	}
	if n < 80 {
		t.Fatalf("only %d operations were walked", n)
	}
}

// TestWhatAdministratorsAndStaffCanDoIsAClosedList fails for a new operation of the instance until somebody has thought about
// whether it is a way round a customer's yes: joining an organization, setting a factor, reading mail, events or content.
func TestWhatAdministratorsAndStaffCanDoIsAClosedList(t *testing.T) {
	allowed := strings.Fields(`organizations.create instance.read staff.list staff.add staff.update mail.read mail.outbox mail.test
		audit.instance audit.rotate_key recovery.start support.confirm_clock apps.list apps.update apps.remove apps.test
		grants.request grants.mine grants.look grants.cancel grants.close support.read_account support.read_organization support.read_channel
		support.read_posts support.read_post support.read_media support.read_asset support.read_thumbnail support.read_analytics`)
	w := openWorld(t)
	for _, o := range w.app.parts.operations {
		if o.Scope == op.InstanceScope && !slices.Contains(allowed, o.ID) {
			t.Errorf("%s is a new way for administrators or staff: is it a way round? (%s)", o.ID, o.Description)
		}
		if o.Scope != op.InstanceScope && (o.Permission == access.Administer || o.Permission == access.SupportAsk) {
			t.Errorf("%s gives a right of the instance inside an organization", o.ID)
		}
	}
}

// TestBadInputToGrantsIsRefusedAndWritesNothing sends absent, over-long, foreign, replayed and reordered values to each
// operation on grants: the documented error, no event, no hint whether a foreign thing exists.
func TestBadInputToGrantsIsRefusedAndWritesNothing(t *testing.T) {
	h := newHelp(t)
	other := h.owner.must(201, "POST", "/organizations", map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"}).text("organization")
	g := h.granted(24, "posts")
	second, _ := h.addStaff("dana@support.example")
	none := "gra_00000000000000000000000000"
	code := h.code()
	good := func(change map[string]any) map[string]any {
		body := map[string]any{"support_code": code, "ticket": "SUP-4711", "reason": reason, "categories": []string{"posts"}, "hours": 2}
		for k, v := range change {
			if body[k] = v; v == nil {
				delete(body, k)
			}
		}
		return body
	}
	long := strings.Repeat("x", 3000)
	own := "/organizations/" + h.org + "/support"
	cases := []struct {
		name, method, path string
		by                 *person
		body               any
		status             int
		code               string
	}{
		{"no ticket", "POST", "/support/grants", h.staff, good(map[string]any{"ticket": nil}), 422, "invalid"},
		{"a ticket of signs", "POST", "/support/grants", h.staff, good(map[string]any{"ticket": "<script>"}), 422, "invalid"},
		{"a short reason", "POST", "/support/grants", h.staff, good(map[string]any{"reason": "because"}), 422, "invalid"},
		{"a reason of blanks", "POST", "/support/grants", h.staff, good(map[string]any{"reason": strings.Repeat(" ", 40)}), 422, "reason_invalid"},
		{"an over-long reason", "POST", "/support/grants", h.staff, good(map[string]any{"reason": long}), 422, "invalid"},
		{"no category", "POST", "/support/grants", h.staff, good(map[string]any{"categories": []string{}}), 422, "invalid"},
		{"an unknown category", "POST", "/support/grants", h.staff, good(map[string]any{"categories": []string{"tokens"}}), 422, "invalid"},
		{"no hours", "POST", "/support/grants", h.staff, good(map[string]any{"hours": 0}), 422, "invalid"},
		{"169 hours", "POST", "/support/grants", h.staff, good(map[string]any{"hours": 169}), 422, "invalid"},
		{"an unknown field", "POST", "/support/grants", h.staff, good(map[string]any{"approved": true}), 422, "invalid"},
		{"a wrong code", "POST", "/support/grants", h.staff, good(map[string]any{"support_code": "AAAAA-AAAAA"}), 403, "support_refused"},
		{"an over-long code", "POST", "/support/grants", h.staff, good(map[string]any{"support_code": long}), 422, "invalid"},
		{"a member who isn't staff", "POST", "/support/grants", h.owner, good(nil), 404, "not_found"},

		{"no such grant", "GET", "/support/grants/" + none + "/posts", h.staff, nil, 404, "not_found"},
		{"a colleague's grant", "GET", "/support/grants/" + g + "/posts", second, nil, 404, "not_found"},
		{"closing a colleague's grant", "POST", "/support/grants/" + g + "/close", second, nil, 404, "not_found"},
		{"cancelling what is active", "POST", "/support/grants/" + g + "/cancel", h.staff, nil, 409, "grant_state"},
		{"an id that is none", "GET", "/support/grants/nonsense/posts", h.staff, nil, 422, "invalid"},
		{"a foreign post", "GET", "/support/grants/" + g + "/posts/pst_00000000000000000000000000", h.staff, nil, 404, "not_found"},
		{"a forged cursor", "GET", "/support/grants/" + g + "/posts?cursor=AAAA", h.staff, nil, 422, "cursor_invalid"},
		{"a foreign cursor", "GET", "/support/grants/" + g + "/posts?cursor=" + h.foreignCursor(), h.staff, nil, 422, "cursor_invalid"},

		{"denying what is active", "POST", own + "/grants/" + g + "/deny", h.owner, map[string]any{}, 409, "grant_state"},
		{"no such grant to withdraw", "POST", own + "/grants/" + none + "/withdraw", h.owner, nil, 404, "not_found"},
		{"another organization's grant", "POST", "/organizations/" + other + "/support/grants/" + g + "/withdraw", h.owner, nil, 404, "not_found"},
		{"another organization's reads", "GET", "/organizations/" + other + "/support/grants/" + g + "/reads", h.owner, nil, 404, "not_found"},
		{"approving without a proof", "POST", own + "/grants/" + g + "/approve", h.owner, map[string]any{}, 403, "step_up_required"},
		{"an over-long denial", "POST", own + "/grants/" + g + "/deny", h.owner, map[string]any{"reason": long}, 422, "invalid"},
		{"a policy without a version", "PUT", own + "/policy", h.owner, map[string]any{}, 428, "precondition_required"},
	}
	for _, c := range cases {
		h.fresh(h.staff, "", "", nil)
		h.fresh(h.owner, "", "", nil)
		before := h.written()
		a := c.by.send(c.method, c.path, c.body)
		if a.status != c.status || a.code() != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.name, a.status, a.raw, c.status, c.code)
		}
		if now := h.written(); now != before {
			t.Errorf("%s wrote %d events", c.name, now-before)
		}
		if strings.Contains(a.raw, long[:50]) {
			t.Errorf("%s: the answer repeats what was sent", c.name)
		}
	}
}

// written counts the events of all logs.
func (h *help) written() (n int) {
	h.t.Helper()
	err := h.app.db.View(h.t.Context(), func(tx store.ReadTx) error {
		n = 0
		audit.Logs(tx, func(o ref.Organization) bool { n += len(audit.List(tx, o, 0, 100_000)); return true })
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// foreignCursor is a position in another list of the same server.
func (h *help) foreignCursor() string {
	h.t.Helper()
	for range 2 {
		h.owner.must(201, "POST", h.path("/posts"), map[string]any{"text": "x"})
	}
	return h.owner.must(200, "GET", h.path("/posts?limit=1"), nil).text("next_cursor")
}

func TestLettersTellOfEachStepAndCanApproveNothing(t *testing.T) {
	box, mailed := withMail(t)
	c := clock.NewManual(monday)
	h := &help{world: newWorldStill(t, c, mailed), clock: c}
	h.owner.enrol()
	h.owner.must(201, "POST", "/instance/staff", map[string]any{"email": "ada@support.example", "name": "Ada Brandt"})
	token := tokenInLink.FindStringSubmatch(h.letterAbout(box, "ada@support.example", "staff").Text)[1]
	h.staff = h.person("ada@support.example")
	h.staff.must(200, "POST", "/invitations/accept", map[string]any{"token": token, "name": "Ada Brandt", "password": password})
	h.staff.enrol()
	g := h.ask(24, "account", "posts").text("id")
	asked := h.letterAbout(box, h.owner.email, "Support asks")
	if !strings.Contains(asked.Text, "SUP-4711") || !strings.Contains(asked.Text, "members, posts") || !strings.Contains(asked.Text, "/o/"+h.org+"/support\n") || strings.Contains(asked.Text, "approve/") || strings.Contains(asked.Text, "token=") || strings.Contains(asked.Text, reason) {
		t.Errorf("the letter of a request: %s", asked.Text)
	}
	a := h.approve(h.owner, g, map[string]any{"categories": []string{"posts"}, "hours": 4})
	ends, err := time.Parse(time.RFC3339, a.text("expires_at"))
	if a.status != 200 || err != nil {
		t.Fatal(a.raw)
	}
	if l := h.letterAbout(box, h.owner.email, "Support may look at Halden Studio"); !strings.Contains(l.Text, "Ada Brandt reads") {
		t.Errorf("the letter of an approval to the owner: %s", l.Text)
	}
	may := "You may read: posts\nUntil: " + ends.UTC().Format("2 January 2006, 15:04 UTC") + "\n"
	if l := h.letterAbout(box, "ada@support.example", "You may look at Halden Studio"); !strings.Contains(l.Text, "/staff\n") || !strings.Contains(l.Text, may) {
		t.Errorf("the letter of an approval to staff: %s", l.Text)
	}
	h.withdraw(g)
	for address, subject := range map[string]string{h.owner.email: "Support can't look at Halden Studio any more", "ada@support.example": "You can't look at Halden Studio"} {
		if l := h.letterAbout(box, address, subject); !strings.Contains(l.Text, "SUP-4711") || !strings.Contains(l.Text, "was withdrawn") {
			t.Errorf("the letter of an end to %s: %s", address, l.Text)
		}
	}
	for _, l := range box.to("ada@support.example") {
		if strings.HasPrefix(l.Subject, "Support ") {
			t.Errorf("staff read the owners' words: %s", l.Subject)
		}
	}
}

func TestSupportSeesSmallPicturesOnlyWhereAllowedAndKeepsNone(t *testing.T) {
	h := newHelp(t)
	asset := h.owner.upload("ridge.png", squarePNG(t)).text("id")
	h.eventually("the picture", func() bool {
		return h.owner.must(200, "GET", h.path("/media/"+asset), nil).text("state") == "ready"
	})
	g := h.ask(4, "media").text("id")
	h.approve(h.owner, g, map[string]any{"thumbnails": false})
	path := "/support/grants/" + g + "/media/" + asset
	if a := h.staff.must(200, "GET", path, nil); a.text("file_name") != "ridge.png" || strings.Contains(a.raw, "http") {
		t.Errorf("the file's facts: %s", a.raw)
	}
	if a := h.staff.must(403, "GET", path+"/thumbnail", nil); a.code() != "thumbnails_not_granted" {
		t.Errorf("without thumbnails: %s", a.raw)
	}
	h.withdraw(g)
	g = h.granted(4, "media")
	a := h.staff.must(200, "GET", "/support/grants/"+g+"/media/"+asset+"/thumbnail", nil)
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Support-Grant") != g || !strings.HasPrefix(a.header.Get("Content-Type"), "image/") {
		t.Errorf("the picture's headers: %v", a.header)
	}
	if n := len(h.events("support.read")); n != 2 {
		t.Errorf("%d reads are in the log", n)
	}
}
