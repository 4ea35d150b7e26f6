package app

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/twice"
)

// bearer sends a key with every request, and keeps no cookie.
type bearer struct{ key string }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.key)
	return http.DefaultTransport.RoundTrip(r)
}

// program is somebody who holds a key.
func (w *world) program(key string) *person {
	return &person{w: w, client: &http.Client{Transport: bearer{key}}}
}

// makeKey makes a key of the owner's, who must have a second factor that is fresh.
func (w *world) makeKey(scopes []access.Permission, more map[string]any) answer {
	w.t.Helper()
	if scopes == nil {
		scopes = []access.Permission{}
	}
	body := map[string]any{"name": "A program", "scopes": scopes}
	for k, v := range more {
		body[k] = v
	}
	return w.owner.must(201, "POST", "/organizations/"+w.org+"/keys", body)
}

func (w *world) key(scopes []access.Permission, more map[string]any) *person {
	w.t.Helper()
	return w.program(w.makeKey(scopes, more).text("key"))
}

func keyWorld(t *testing.T, options ...worldOption) *world {
	w := newWorld(t, options...)
	w.owner.enrol()
	return w
}

func TestAKeyIsShownOnceAndKeptAsAHash(t *testing.T) {
	w := keyWorld(t)
	a := w.makeKey([]access.Permission{access.WorkspaceRead}, nil)
	text := a.text("key")
	if left := time.Until(timeOf(t, a.text("expires_at"))); left < 89*24*time.Hour || left > 91*24*time.Hour || a.get("state") != "active" {
		t.Errorf("made: %s", a.raw)
	}
	w.program(text).must(200, "GET", w.path("/posts"), nil)
	for _, path := range []string{"/organizations/" + w.org + "/keys", "/organizations/" + w.org + "/audit"} {
		if b := w.owner.must(200, "GET", path, nil); strings.Contains(b.raw, text) || strings.Contains(b.raw, text[len(text)-38:]) {
			t.Errorf("%s shows the key", path)
		}
	}
	if b := w.owner.must(200, "GET", "/organizations/"+w.org+"/keys", nil); b.text("items.0.last_used_day") != time.Now().UTC().Format(time.DateOnly) || b.text("items.0.made_by_name") != "Mira Lindqvist" {
		t.Errorf("the list: %s", b.raw)
	}
	b := w.owner.send("POST", "/organizations/"+w.org+"/keys", map[string]any{"name": "x", "scopes": []string{}}, "Idempotency-Key", "one")
	if again := w.owner.send("POST", "/organizations/"+w.org+"/keys", map[string]any{"name": "x", "scopes": []string{}}, "Idempotency-Key", "one"); b.status != 201 || again.code() != "already_created" {
		t.Errorf("a replay answers %s", again.raw)
	}
	if strings.Contains(w.log.String(), text) {
		t.Error("the key is in the log")
	}
}

func timeOf(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestEveryPresentationOfEveryCredential sends each credential in each form to operations of each kind.
func TestEveryPresentationOfEveryCredential(t *testing.T) {
	w := keyWorld(t)
	key := w.makeKey([]access.Permission{access.WorkspaceRead, access.PostsDraft}, nil).text("key")
	wrong := []byte(key)
	wrong[40] = map[bool]byte{true: 'B', false: 'A'}[wrong[40] == 'A']
	gone := w.makeKey(nil, nil)
	w.owner.must(204, "DELETE", "/organizations/"+w.org+"/keys/"+gone.text("id"), nil)
	cookie := w.cookie(w.owner)
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":"))
	for name, c := range map[string]struct {
		headers [][2]string
		query   string
		status  int
		code    string
	}{
		"nothing":                    {nil, "", 401, "signed_out"},
		"cookie":                     {[][2]string{{"Cookie", "omniposto_session=" + cookie}}, "", 200, ""},
		"bearer":                     {[][2]string{{"Authorization", "Bearer " + key}}, "", 200, ""},
		"lower-case scheme":          {[][2]string{{"Authorization", "bearer " + key}}, "", 200, ""},
		"upper-case scheme":          {[][2]string{{"Authorization", "BEARER " + key}}, "", 200, ""},
		"lower-case header":          {[][2]string{{"authorization", "Bearer " + key}}, "", 200, ""},
		"two spaces":                 {[][2]string{{"Authorization", "Bearer  " + key}}, "", 200, ""},
		"no scheme":                  {[][2]string{{"Authorization", key}}, "", 401, "signed_out"},
		"no space":                   {[][2]string{{"Authorization", "Bearer" + key}}, "", 401, "signed_out"},
		"an empty bearer":            {[][2]string{{"Authorization", "Bearer "}}, "", 401, "key_refused"},
		"two keys in one header":     {[][2]string{{"Authorization", "Bearer " + key + ", Bearer " + key}}, "", 401, "key_refused"},
		"two headers":                {[][2]string{{"Authorization", "Bearer " + key}, {"Authorization", "Bearer " + key}}, "", 400, "two_credentials"},
		"two headers, one basic":     {[][2]string{{"Authorization", basic}, {"Authorization", "Bearer " + key}}, "", 400, "two_credentials"},
		"key and cookie":             {[][2]string{{"Authorization", "Bearer " + key}, {"Cookie", "omniposto_session=" + cookie}}, "", 400, "two_credentials"},
		"key and a cookie of nobody": {[][2]string{{"Authorization", "Bearer " + key}, {"Cookie", "omniposto_session=x"}}, "", 400, "two_credentials"},
		"wrong key and cookie":       {[][2]string{{"Authorization", "Bearer op_live_x"}, {"Cookie", "omniposto_session=" + cookie}}, "", 400, "two_credentials"},
		"basic":                      {[][2]string{{"Authorization", basic}}, "", 401, "signed_out"},
		"a proxy's basic and cookie": {[][2]string{{"Authorization", "Basic eDp5"}, {"Cookie", "omniposto_session=" + cookie}}, "", 200, ""},
		"key as a cookie":            {[][2]string{{"Cookie", "omniposto_session=" + key}}, "", 401, "signed_out"},
		"session as a bearer":        {[][2]string{{"Authorization", "Bearer " + cookie}}, "", 401, "key_refused"},
		"another header":             {[][2]string{{"X-API-Key", key}}, "", 401, "signed_out"},
		"a proxy's header":           {[][2]string{{"Proxy-Authorization", "Bearer " + key}}, "", 401, "signed_out"},
		"query":                      {nil, "?access_token=" + key, 400, "key_in_address"},
		"query, with a cookie":       {[][2]string{{"Cookie", "omniposto_session=" + cookie}}, "?key=" + key, 400, "key_in_address"},
		"query, and as a bearer":     {[][2]string{{"Authorization", "Bearer " + key}}, "?q=" + key, 400, "key_in_address"},
		"one sign wrong":             {[][2]string{{"Authorization", "Bearer " + string(wrong)}}, "", 401, "key_refused"},
		"cut short":                  {[][2]string{{"Authorization", "Bearer " + key[:30]}}, "", 401, "key_refused"},
		"revoked":                    {[][2]string{{"Authorization", "Bearer " + gone.text("key")}}, "", 401, "key_refused"},
		"the cookie's TLS name":      {[][2]string{{"Cookie", "__Host-omniposto_session=" + cookie}}, "", 401, "signed_out"},
	} {
		t.Run(name, func(t *testing.T) {
			for route, allowed := range map[string]int{"GET " + w.path("/posts"): 200, "POST " + w.path("/posts"): 201, "GET /session": 200, "PATCH /me": -1, "POST /organizations/" + w.org + "/keys": -1} {
				method, path, _ := strings.Cut(route, " ")
				body := map[string]string{"/posts": `{"text":"x"}`, "/me": `{"theme":"dark"}`, "/keys": `{"name":"x","scopes":[]}`}[path[strings.LastIndex(path, "/"):]]
				req, err := http.NewRequestWithContext(t.Context(), method, w.base+"/api/v1"+path+c.query, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				if method != "GET" {
					req.Header.Set("Content-Type", "application/json")
				}
				for _, h := range c.headers {
					req.Header.Add(h[0], h[1])
				}
				a := raw(t, req)
				keyed := len(c.headers) > 0 && strings.EqualFold(c.headers[0][0], "Authorization") && !strings.HasPrefix(c.headers[0][1], "Basic")
				switch {
				case c.status != 200 && (a.status != c.status || a.code() != c.code):
					t.Errorf("%s: %d %s, want %d %s", route, a.status, a.raw, c.status, c.code)
				case c.status == 200 && allowed > 0 && a.status != allowed:
					t.Errorf("%s: %d %s, want %d", route, a.status, a.raw, allowed)
				case c.status == 200 && allowed < 0 && keyed && a.code() != "session_only":
					t.Errorf("%s: %d %s, want it for people only", route, a.status, a.raw)
				case c.status == 200 && allowed < 0 && !keyed && a.status >= 300:
					t.Errorf("%s: %d %s", route, a.status, a.raw)
				}
				if strings.Contains(a.raw, key) {
					t.Errorf("%s echoes the key", route)
				}
			}
		})
	}
	if strings.Contains(w.log.String(), key) {
		t.Error("the key is in the log")
	}
}

// raw sends a request as it is.
func raw(t *testing.T, req *http.Request) answer {
	t.Helper()
	p := &person{w: &world{t: t}}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return p.read(res)
}

func TestAKeyMayWhatItsMakerMayAtThatMomentAndItsScopesSay(t *testing.T) {
	w := keyWorld(t)
	ada := w.join("ada@halden.example", "admin", "")
	ada.enrol()
	make := func(scopes ...access.Permission) *person {
		return w.program(ada.must(201, "POST", "/organizations/"+w.org+"/keys", map[string]any{"name": "Ada's", "scopes": scopes}).text("key"))
	}
	reads := make(access.WorkspaceRead, access.MembersRead)
	reads.must(200, "GET", w.path("/posts"), nil)
	reads.must(200, "GET", "/organizations/"+w.org+"/members", nil)
	if a := reads.must(403, "POST", w.path("/posts"), map[string]any{"text": "x"}); a.code() != "forbidden" || a.text("permission") != "posts.draft" {
		t.Errorf("without the scope: %s", a.raw)
	}
	other := w.owner.must(201, "POST", "/organizations", map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"})
	for _, path := range []string{"/organizations/" + other.text("organization"), "/workspaces/" + other.text("workspace") + "/posts"} {
		reads.must(404, "GET", path, nil)
		w.key(access.Scopes(), nil).must(404, "GET", path, nil) // though its maker may: a key is for one organization
	}
	for name, scopes := range map[string][]string{"of owners only": {"organization.delete"}, "of nobody": {"everything"}, "of the instance": {"instance.administer"}, "one's own": {"own"}, "of staff": {"support.ask"}} {
		if a := ada.must(422, "POST", "/organizations/"+w.org+"/keys", map[string]any{"name": "x", "scopes": scopes}); a.code() != "scope_unknown" || a.text("errors.0.pointer") != "/scopes/0" {
			t.Errorf("a scope %s: %s", name, a.raw)
		}
	}
	me := reads.must(200, "GET", "/session", nil)
	if me.get("administrator") != false || me.get("identity.email") != "" || me.get("second_factor") != false || len(me.get("organizations").([]any)) != 1 ||
		fmt.Sprint(me.get("organizations.0.workspaces.0.permissions")) != "[workspace.read]" || fmt.Sprint(me.get("organizations.0.permissions")) != "[members.read]" {
		t.Errorf("who am I: %s", me.raw)
	}
	// the maker loses the role: the key follows at the next request
	members := w.owner.must(200, "GET", "/organizations/"+w.org+"/members", nil)
	w.owner.must(200, "PATCH", "/organizations/"+w.org+"/members/"+members.text("items.1.id"), map[string]any{"role": "member", "workspaces": []map[string]string{{"workspace": w.ws, "role": "viewer"}}}, "If-Match", `"1"`)
	reads.must(200, "GET", w.path("/posts"), nil)
	reads.must(403, "GET", "/organizations/"+w.org+"/members", nil)
	// and leaves
	w.owner.must(204, "DELETE", "/organizations/"+w.org+"/members/"+members.text("items.1.id"), nil, "If-Match", `"2"`)
	reads.must(401, "GET", w.path("/posts"), nil)
	if a := w.owner.must(200, "GET", "/organizations/"+w.org+"/keys", nil); !strings.Contains(a.raw, `"state":"powerless"`) {
		t.Errorf("the list: %s", a.raw)
	}
}

func TestAKeyStaysInItsWorkspaces(t *testing.T) {
	w := keyWorld(t)
	second := w.owner.must(201, "POST", "/organizations/"+w.org+"/workspaces", map[string]any{"name": "Second", "timezone": "UTC"}).text("id")
	k := w.key(access.Scopes(), map[string]any{"workspaces": []string{w.ws}})
	k.must(200, "GET", w.path("/posts"), nil)
	k.must(404, "GET", "/workspaces/"+second+"/posts", nil)
	k.must(404, "POST", "/workspaces/"+second+"/posts", map[string]any{"text": "x"})
	if a := k.must(200, "GET", "/organizations/"+w.org+"/workspaces", nil); len(a.get("items").([]any)) != 1 {
		t.Errorf("it sees %s", a.raw)
	}
	if a := w.owner.must(422, "POST", "/organizations/"+w.org+"/keys", map[string]any{"name": "x", "scopes": []string{}, "workspaces": []string{"wsp_00000000000000000000000000"}}); a.code() != "workspace_unknown" {
		t.Errorf("a workspace of nobody: %s", a.raw)
	}
}

func TestAKeyEndsAtItsTime(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.enrol()
	day := 24 * time.Hour
	for _, wrong := range []time.Time{monday, monday.Add(-time.Second), monday.Add(731 * day)} {
		if a := w.owner.must(422, "POST", "/organizations/"+w.org+"/keys", map[string]any{"name": "x", "scopes": []string{}, "expires_at": wrong}); a.code() != "expiry_invalid" {
			t.Errorf("until %v: %s", wrong, a.raw)
		}
	}
	k, long := w.key([]access.Permission{access.WorkspaceRead}, map[string]any{"expires_at": monday.Add(time.Hour)}), w.key([]access.Permission{access.WorkspaceRead}, nil)
	c.Advance(time.Hour - time.Millisecond)
	k.must(200, "GET", w.path("/posts"), nil)
	c.Advance(time.Millisecond)
	k.must(401, "GET", w.path("/posts"), nil)
	c.Advance(90*day - time.Hour - time.Millisecond)
	long.must(200, "GET", w.path("/posts"), nil)
	c.Advance(time.Millisecond)
	long.must(401, "GET", w.path("/posts"), nil)
}

func TestAKeyIsNeverWidenedAndTakenBackEasily(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.enrol()
	made := w.makeKey([]access.Permission{access.WorkspaceRead, access.PostsDraft}, map[string]any{"workspaces": []string{w.ws}, "drafts_only": true, "publications_per_day": 5, "expires_at": monday.Add(time.Hour)})
	k, path := w.program(made.text("key")), "/organizations/"+w.org+"/keys/"+made.text("id")
	for name, change := range map[string]map[string]any{
		"a scope": {"scopes": []string{"workspace.read", "members.read"}}, "everywhere": {"workspaces": []string{}}, "later": {"expires_at": monday.Add(2 * time.Hour)},
		"sending": {"drafts_only": false}, "more a day": {"publications_per_day": 6}, "no bound": {"publications_per_day": 0},
	} {
		if a := w.owner.must(422, "PATCH", path, change, "If-Match", `"1"`); a.code() != "key_wider" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	w.owner.must(412, "PATCH", path, map[string]any{"name": "x"}, "If-Match", `"7"`)
	a := w.owner.must(200, "PATCH", path, map[string]any{"name": "Narrow", "scopes": []string{"workspace.read"}, "publications_per_day": 1}, "If-Match", `"1"`)
	if a.text("name") != "Narrow" || fmt.Sprint(a.get("scopes")) != "[workspace.read]" {
		t.Errorf("narrowed: %s", a.raw)
	}
	k.must(403, "POST", w.path("/posts"), map[string]any{"text": "x"})
	k.must(200, "GET", w.path("/posts"), nil)
	c.Advance(6 * time.Minute) // the second factor isn't fresh any more
	w.owner.must(403, "POST", "/organizations/"+w.org+"/keys", map[string]any{"name": "x", "scopes": []string{}})
	w.owner.must(204, "DELETE", path, nil)
	k.must(401, "GET", w.path("/posts"), nil)
	w.owner.must(404, "DELETE", path, nil)
}

func TestADraftsOnlyKeySendsNothingOut(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.enrol()
	k := w.key(access.Scopes(), map[string]any{"drafts_only": true})
	later := map[string]any{"at": monday.Add(time.Hour), "timezone": "UTC"}
	draft := k.must(201, "POST", w.path("/posts"), map[string]any{"text": "x", "channels": []string{w.practice()}})
	planned := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "x", "channels": []string{w.practice()}, "schedule": later})
	d := w.path("/deliveries/" + planned.text("deliveries.0.id"))
	for name, c := range map[string]struct {
		method, path string
		body         any
	}{
		"a scheduled post": {"POST", w.path("/posts"), map[string]any{"text": "x", "channels": []string{w.practice()}, "schedule": later}},
		"scheduling":       {"PATCH", w.path("/posts/" + draft.text("id")), map[string]any{"schedule": later}},
		"new words":        {"PATCH", w.path("/posts/" + planned.text("id")), map[string]any{"text": "y"}},
		"unscheduling":     {"PATCH", w.path("/posts/" + planned.text("id")), map[string]any{"unschedule": true}},
		"the trash":        {"DELETE", w.path("/posts/" + planned.text("id")), nil},
		"a retry":          {"POST", d + "/retry", map[string]any{}},
		"cancelling":       {"POST", d + "/cancel", nil},
		"resolving":        {"POST", d + "/resolve", map[string]any{"outcome": "not_published", "resend": true}},
	} {
		if a := k.must(403, c.method, c.path, c.body, "If-Match", `"1"`); a.code() != "drafts_only" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	k.must(200, "PATCH", w.path("/posts/"+draft.text("id")), map[string]any{"text": "still a draft"}, "If-Match", `"1"`)
}

func TestAKeySchedulesNoMoreThanItsBudgetInADay(t *testing.T) {
	c := clock.NewManual(monday.Add(14 * time.Hour)) // 23:00 UTC
	w := newWorldStill(t, c)
	w.owner.enrol()
	k := w.key(access.Scopes(), map[string]any{"publications_per_day": 3})
	practice := w.practice()
	post := func(parts int) map[string]any {
		segments := []map[string]any{}
		for range parts - 1 {
			segments = append(segments, map[string]any{"text": "more"})
		}
		return map[string]any{"text": "x", "segments": segments, "channels": []string{practice}, "schedule": map[string]any{"at": monday.Add(48 * time.Hour), "timezone": "UTC"}}
	}
	k.must(201, "POST", w.path("/posts?dry_run=true"), post(3)) // a try costs nothing
	first := k.must(201, "POST", w.path("/posts"), post(2))
	a := k.must(429, "POST", w.path("/posts"), post(2))
	if limits := strings.Join(a.header.Values("RateLimit"), ", "); a.code() != "publications_per_day" || a.header.Get("Retry-After") != "3600" || !strings.Contains(limits, `"publications";q=3;r=1;t=3601`) {
		t.Errorf("over the budget: %v %s", a.header, a.raw)
	}
	if list := w.owner.must(200, "GET", w.path("/posts"), nil); len(list.get("items").([]any)) != 1 {
		t.Errorf("something over the budget was kept: %s", list.raw)
	}
	k.must(200, "PATCH", w.path("/posts/"+first.text("id")), map[string]any{"text": "the same two deliveries"}, "If-Match", `"1"`)
	k.must(201, "POST", w.path("/posts"), post(1))
	k.must(429, "POST", w.path("/posts"), post(1))
	k.must(201, "POST", w.path("/posts"), map[string]any{"text": "a draft", "channels": []string{practice}})
	w.owner.must(201, "POST", w.path("/posts"), post(2)) // people have none
	w.key(access.Scopes(), nil).must(201, "POST", w.path("/posts"), post(1))
	c.Advance(time.Hour)
	k.must(201, "POST", w.path("/posts"), post(3)) // a new day
	k.must(429, "POST", w.path("/posts"), post(1))
}

func TestWhatAKeyDoesStandsInTheAuditLogAsItsOwn(t *testing.T) {
	w := keyWorld(t)
	made := w.makeKey([]access.Permission{access.PostsDraft, access.WorkspaceRead}, nil)
	w.program(made.text("key")).must(201, "POST", w.path("/posts"), map[string]any{"text": "x"})
	a := w.owner.must(200, "GET", "/organizations/"+w.org+"/audit?limit=2", nil)
	e := a.text("items.0.event")
	for _, part := range []string{`"action":"post.created"`, `"kind":"api_key"`, `"id":"` + made.text("id") + `"`, `"via":"key"`} {
		if !strings.Contains(e, part) {
			t.Errorf("%s isn't in %s", part, e)
		}
	}
	if strings.Contains(e, "mfa") {
		t.Errorf("a key counts as a factor in %s", e)
	}
	if e := a.text("items.1.event"); !strings.Contains(e, `"action":"key.created"`) || strings.Contains(e, "A program") {
		t.Errorf("before it: %s", e)
	}
}

func TestTwoKeysOfOnePersonAreTwoCallers(t *testing.T) {
	w := keyWorld(t)
	scopes := []access.Permission{access.PostsDraft}
	one, two := w.key(scopes, nil), w.key(scopes, nil)
	a := one.must(201, "POST", w.path("/posts"), map[string]any{"text": "x"}, "Idempotency-Key", "k")
	b := two.must(201, "POST", w.path("/posts"), map[string]any{"text": "x"}, "Idempotency-Key", "k")
	if again := one.must(201, "POST", w.path("/posts"), map[string]any{"text": "x"}, "Idempotency-Key", "k"); a.text("id") == b.text("id") || again.text("id") != a.text("id") {
		t.Errorf("%s %s %s", a.text("id"), b.text("id"), again.text("id"))
	}
}

func TestOwnersAreToldOfEachKey(t *testing.T) {
	box, mailed := withMail(t)
	w := keyWorld(t, mailed)
	ada := w.joinByMail(box, "ada@halden.example", "admin")
	ada.enrol()
	ada.must(201, "POST", "/organizations/"+w.org+"/keys", map[string]any{"name": "Import https://evil.example", "scopes": []string{}})
	l := w.letterAbout(box, w.owner.email, "API key")
	if !strings.Contains(l.Subject, "API key in Halden Studio") || !strings.Contains(l.Text, "Person admin made an API key") || strings.Contains(l.Text, "evil.example") || strings.Contains(l.Text, "op_live") {
		t.Errorf("the letter is %+v", l)
	}
	for _, l := range box.to("ada@halden.example") {
		if strings.Contains(l.Subject, "API key") {
			t.Error("somebody else than the owners was told")
		}
	}
}

// joinByMail is join where mail is set up.
func (w *world) joinByMail(box *postbox, email, role string) *person {
	w.t.Helper()
	w.owner.must(201, "POST", "/organizations/"+w.org+"/invitations", map[string]any{"email": email, "role": role})
	p := w.person(email)
	p.must(200, "POST", "/invitations/accept", map[string]any{"token": tokenInLink.FindStringSubmatch(w.letterTo(box, email).Text)[1], "name": "Person " + role, "password": password})
	return p
}

func TestKeysOfARestoredStoreWaitForAPerson(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.enrol()
	made := w.makeKey([]access.Permission{access.WorkspaceRead}, nil)
	k, path := w.program(made.text("key")), "/organizations/"+w.org+"/keys/"+made.text("id")
	w.owner.must(409, "POST", path+"/resume", nil, "If-Match", `"1"`)
	if err := w.app.afterRestore(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.must(401, "GET", w.path("/posts"), nil)
	p := w.person(w.owner.email) // every session ended too
	p.totp = w.owner.totp
	c.Advance(time.Minute)
	w.signIn(p)
	if a := p.must(200, "GET", "/organizations/"+w.org+"/keys", nil); a.text("items.0.state") != "suspended" {
		t.Errorf("the list: %s", a.raw)
	}
	p.must(200, "POST", path+"/resume", nil, "If-Match", `"2"`)
	k.must(200, "GET", w.path("/posts"), nil)
}

// TestEveryOperationWithAKey tries every operation with a key that has every scope, and with one that has none.
func TestEveryOperationWithAKey(t *testing.T) {
	w := keyWorld(t)
	own := w.things(w.owner, w.org, w.ws)
	own["key"] = w.makeKey(nil, nil).text("id")
	all, none := w.key(access.Scopes(), nil), w.key(nil, nil)
	other := w.owner.must(201, "POST", "/organizations", map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"})
	foreign := w.things(w.owner, other.text("organization"), other.text("workspace")) // its maker may enter, the key may not
	walked := 0
	for _, o := range w.app.parts.operations {
		if o.Public != "" || o.Outside {
			continue
		}
		open := o.StepUp.Within == 0
		if open {
			open = false
			for _, k := range o.By {
				open = open || k == access.APIKey
			}
		}
		match := []string{"If-Match", `"9999"`}
		got, bare := all.send(o.Route.Method, "root:"+own.path(o), walkBody(o), match...), none.send(o.Route.Method, "root:"+own.path(o), walkBody(o), match...)
		walked++
		switch {
		case !open && (got.code() != "session_only" || bare.code() != "session_only"):
			t.Errorf("%s is for people: %d %s, %d %s", o.ID, got.status, got.raw, bare.status, bare.raw)
		case open && (got.status == 401 || got.code() == "forbidden" || got.code() == "session_only" || got.status == 500):
			t.Errorf("%s with every scope: %d %s", o.ID, got.status, got.raw)
		case open && o.Scope != op.OwnScope && bare.code() != "forbidden":
			t.Errorf("%s without a scope: %d %s", o.ID, bare.status, bare.raw)
		}
		if open && (o.Scope == op.InOrganization || o.Scope == op.InWorkspace) {
			if a := all.send(o.Route.Method, "root:"+foreign.path(o), walkBody(o), match...); a.status != 404 || a.code() != "not_found" {
				t.Errorf("%s in another organization of its maker's: %d %s", o.ID, a.status, a.raw)
			}
		}
		if o.Scope == op.InstanceScope && open {
			t.Errorf("%s is the instance's and open to keys", o.ID)
		}
	}
	if walked < 60 {
		t.Fatalf("only %d operations were walked", walked)
	}
}

// counting counts the looks at a store.
type counting struct {
	store.Engine
	views *atomic.Int64
}

func (c counting) View(ctx context.Context, fn func(store.ReadTx) error) error {
	c.views.Add(1)
	return c.Engine.View(ctx, fn)
}

func TestWhatCantBeAKeyNeverReachesTheStore(t *testing.T) {
	var views atomic.Int64
	c := clock.NewManual(monday)
	w := newWorldStill(t, c, func(_ *config.Sources, o *Options) {
		o.Test.Wrap = func(e store.Engine) store.Engine { return counting{twice.Wrap(e), &views} }
	})
	w.owner.enrol()
	key := w.makeKey([]access.Permission{access.WorkspaceRead}, nil).text("key")
	looks := func(text string) int64 {
		before := views.Load()
		w.program(text).send("GET", "/session", nil)
		return views.Load() - before
	}
	w.eventually("quiet", func() bool {
		before := views.Load()
		w.owner.send("GET", "root:/healthz", nil)
		return views.Load() == before
	})
	if n := looks(key); n == 0 {
		t.Fatal("a right key isn't looked up: the count is broken")
	}
	for _, wrong := range []string{key[:len(key)-1] + "0", key[1:], "op_live_", strings.ToLower(key)} {
		if n := looks(wrong); wrong != key && n != 0 {
			t.Errorf("%d looks at the store for what can't be a key", n)
		}
	}
}
