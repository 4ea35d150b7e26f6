package app

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/support"
	"github.com/omniposto/omniposto/store"
)

// standing is where a grant stands when everybody tries everything on it.
type standing struct {
	name   string
	state  support.State
	needed int // approvals that the policy asks for
}

// The standings, in the order of the walk: those that take days to come about were made before it begins.
var standings = []standing{
	{"lapsed", support.Lapsed, 1}, {"expired", support.Expired, 1}, {"lapsed, not swept", support.Lapsed, 1}, {"expired, not swept", support.Expired, 1},
	{"requested", support.Requested, 1}, {"active", support.Active, 1}, {"denied", support.Denied, 1}, {"cancelled", support.Cancelled, 1},
	{"withdrawn", support.Withdrawn, 1}, {"closed", support.Closed, 1},
	{"requested of two", support.Requested, 2}, {"approved once", support.ApprovedOnce, 2},
}

// The people of the walk who have a second factor. Each has a browser for each age of the proof.
var walkers = []string{"owner", "admin", "member", "billing", "guest", "requester", "colleague", "stopped staff", "administrator"}

// The ages of a proof: for this very approval and fresh, for the approval of another grant, for nothing in particular, for this
// very approval 5 min and 1 s ago, and none: the password was right and the second factor is owed.
var ages = []string{"bound", "elsewhere", "unbound", "old", "none"}

// The callers of whom there is one kind only: an owner who never set a factor up, a key with all scopes, and nobody.
var loners = []string{"factorless owner", "key", "nobody"}

// verdict is what must come of one case: a refusal, which writes nothing, or what it becomes.
type verdict struct {
	status  int
	code    string        // of a refusal
	becomes support.State // of a step
	reads   bool          // one read is written down
	asks    bool          // one more request is there
}

// verdictOf is section 1 of the design of trust as a table, read independently of the code that decides.
func verdictOf(t testing.TB, s standing, operation, who, age string) verdict {
	switch {
	case who == "nobody", age == "none" && slices.Contains(walkers, who):
		return verdict{status: 401, code: "signed_out"}
	case who == "key":
		return verdict{status: 403, code: "session_only"}
	}
	open, active := s.state.Open(), s.state == support.Active
	fresh := age == "bound" || age == "elsewhere" || age == "unbound"
	notNow := verdict{status: 409, code: "grant_over"}
	if open || active {
		notNow.code = "grant_state"
	}
	step := func(may bool, to support.State) verdict {
		if !may {
			return notNow
		}
		return verdict{status: 200, becomes: to}
	}
	switch operation {
	// what staff do
	case "grants.request", "grants.mine", "grants.look", "grants.cancel", "grants.close", "support.read_account", "support.read_organization", "support.read_channel",
		"support.read_posts", "support.read_post", "support.read_media", "support.read_asset", "support.read_thumbnail", "support.read_analytics":
		if who != "requester" && who != "colleague" {
			return verdict{status: 404, code: "not_found"}
		}
		switch {
		case operation == "grants.request" && !fresh:
			return verdict{status: 403, code: "step_up_required"}
		case operation == "grants.request" && who == "requester" && open:
			return verdict{status: 409, code: "grant_open"}
		case operation == "grants.request":
			return verdict{status: 201, asks: true}
		case operation == "grants.mine":
			return verdict{status: 200}
		case who == "colleague":
			return verdict{status: 404, code: "not_found"}
		case operation == "grants.look":
			return verdict{status: 200}
		case operation == "grants.cancel":
			return step(open, support.Cancelled)
		case operation == "grants.close":
			return step(active, support.Closed)
		case active:
			return verdict{status: 200, reads: true}
		}
		return verdict{status: 403, code: "grant_inactive"}
	// what the organization does
	case "grants.list", "grants.read", "grants.reads", "grants.approve", "grants.deny", "grants.withdraw":
		switch {
		case who == "member" || who == "billing":
			return verdict{status: 403, code: "forbidden"}
		case who != "owner" && who != "admin" && who != "factorless owner":
			return verdict{status: 404, code: "not_found"}
		case operation == "grants.deny":
			return step(open, support.Denied)
		case operation == "grants.withdraw":
			return step(active, support.Withdrawn)
		case operation != "grants.approve":
			return verdict{status: 200}
		case who == "factorless owner":
			return verdict{status: 403, code: "second_factor_required"}
		case age != "bound":
			return verdict{status: 403, code: "step_up_required"}
		case s.state == support.ApprovedOnce && who == "owner": // whose approval it was
			return verdict{status: 409, code: "approval_given"}
		case s.state == support.Requested && s.needed == 2:
			return step(true, support.ApprovedOnce)
		}
		return step(open, support.Active)
	}
	t.Fatalf("%s is a new operation on grants: who may do it, when, and with what proof?", operation)
	return verdict{}
}

// round is a customer, its people, the server's staff and all their browsers.
type round struct {
	*help
	ledger   *ledger
	people   map[string]*person            // who bring grants where they shall stand
	browsers map[string]map[string]*person // by who and age of the proof
	loners   map[string]*person
	content  things
	kept     map[string]string // grants that took days to make, by standing
	needed   int               // approvals that the policy asks for
	done     map[string]int    // acts that succeeded, by audit action
	cases    int
	steps    int
}

// TestEveryStateTimesEveryOperationTimesEveryoneTimesEveryProof walks the grants of a whole server: each operation on a grant in
// each state by everybody with each proof. What isn't in the table of the product is refused as documented and writes nothing.
func TestEveryStateTimesEveryOperationTimesEveryoneTimesEveryProof(t *testing.T) {
	r := newRound(t)
	for _, s := range standings {
		r.walk(s)
	}
	whole, less := len(walkers)*len(ages)+len(loners), len(walkers)+2*(len(ages)-1)+len(loners)
	if n := len(standings) * (12*whole + 9*less); r.cases != n || n != 9_072 {
		t.Errorf("%d cases were walked, want %d, which is 9,072", r.cases, n)
	}
	if r.steps != 17+17+15+13 {
		t.Errorf("%d cases changed a grant; in the table they are 62", r.steps)
	}
	for action, n := range r.done {
		if got := len(r.events(action)); got != n {
			t.Errorf("%s succeeded %d times and stands %d times in the log", action, n, got)
		}
	}
}

// newRound opens a server whose administrator belongs to no customer, with everybody who is in the walk.
func newRound(t *testing.T) *round {
	c, l := clock.NewManual(monday), &ledger{}
	w := newWorldStill(t, c, set("log.level", "error"), func(_ *config.Sources, o *Options) { o.Test.Wrap = l.wrap })
	r := &round{help: &help{world: w, clock: c}, ledger: l, people: map[string]*person{}, browsers: map[string]map[string]*person{}, loners: map[string]*person{},
		kept: map[string]string{}, needed: 1, done: map[string]int{}}
	arm := func(who string, p *person) {
		p.addPasskey(w.device())
		r.people[who] = p
	}
	root := w.owner
	arm("administrator", root)
	arm("guest", w.join("gus@halden.example", "owner", ""))
	ids := map[string]string{}
	for who, email := range map[string]string{"requester": "ada@support.example", "colleague": "dana@support.example", "stopped staff": "stan@support.example"} {
		a := root.must(201, "POST", "/instance/staff", map[string]any{"email": email, "name": "Ada Brandt"})
		_, token, _ := strings.Cut(a.text("link"), "#token=")
		p := w.person(email)
		p.must(200, "POST", "/invitations/accept", map[string]any{"token": token, "name": "Ada Brandt", "password": password})
		arm(who, p)
		ids[who] = a.text("member")
	}
	root.must(200, "PATCH", "/instance/staff/"+ids["stopped staff"], map[string]any{"active": false})

	customer := root.must(201, "POST", "/organizations", map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"})
	w.org, w.ws = customer.text("organization"), customer.text("workspace")
	arm("owner", w.join("olga@nordlys.example", "owner", ""))
	arm("admin", w.join("anders@nordlys.example", "admin", ""))
	arm("member", w.join("maja@nordlys.example", "member", "manager"))
	arm("billing", w.join("bodil@nordlys.example", "billing", ""))
	r.loners["factorless owner"] = w.join("frode@nordlys.example", "owner", "")
	w.owner = r.people["owner"]
	for _, m := range w.owner.must(200, "GET", "/organizations/"+w.org+"/members", nil).get("items").([]any) {
		if m := m.(map[string]any); m["email"] == root.email {
			w.owner.must(204, "DELETE", "/organizations/"+w.org+"/members/"+m["id"].(string), nil, "If-Match", fmt.Sprintf(`"%v"`, m["version"]))
		}
	}
	r.loners["key"], r.loners["nobody"] = w.key(access.Scopes(), nil), w.person("")
	r.content = things{"organization": w.org, "channel": w.practice(), "asset": w.owner.upload("ridge.png", squarePNG(t)).text("id"),
		"post": w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "Wool for wind"}).text("id")}
	w.eventually("the picture", func() bool {
		return w.owner.must(200, "GET", w.path("/media/"+r.content["asset"]), nil).text("state") == "ready"
	})

	for _, swept := range []string{"", ", not swept"} {
		r.kept["expired"+swept] = r.asks(1)
		r.approves("owner", r.kept["expired"+swept])
		r.kept["lapsed"+swept] = r.asks(24)
		r.clock.Jump(73 * time.Hour) // no timer fires, so nobody sweeps
		if swept == "" {
			if err := r.app.sweep(t.Context(), r.app.parts.support.Sweep); err != nil {
				t.Fatal(err)
			}
			r.done["grant.expired"], r.done["grant.lapsed"] = 1, 1 // no more of them to the end of the walk
		}
		for _, p := range r.people {
			p.enter(p.device, 200)
		}
		r.loners["factorless owner"].must(200, "POST", "/session", map[string]any{"email": "frode@nordlys.example", "password": password})
	}
	for _, who := range walkers {
		r.browsers[who] = map[string]*person{"none": r.halfway(r.people[who].email)}
		for _, age := range ages[:4] {
			p := r.person(r.people[who].email)
			p.device = r.people[who].device
			p.enter(p.device, 200)
			r.browsers[who][age] = p
		}
	}
	return r
}

// request is the body of a request for everything.
func (r *round) request(hours int) map[string]any {
	r.t.Helper()
	code := r.people["owner"].must(200, "GET", "/organizations/"+r.org+"/support/policy", nil).text("support_code")
	return map[string]any{"support_code": code, "ticket": ticket, "reason": reason, "categories": support.Categories, "hours": hours, "thumbnails": true}
}

const ticket = "SUP-4711"

func (r *round) asks(hours int) string {
	r.t.Helper()
	p := r.people["requester"]
	p.prove("", "", nil)
	r.done["grant.requested"]++
	return p.must(201, "POST", "/support/grants", r.request(hours)).text("id")
}

func (r *round) approves(who, grant string) {
	r.t.Helper()
	p := r.people[who]
	p.prove("grants.approve", grant, map[string]any{})
	r.done["grant.approved"]++
	p.must(200, "POST", "/organizations/"+r.org+"/support/grants/"+grant+"/approve", map[string]any{})
}

// prove gives the passkey anew, bound where an operation is named.
func (p *person) prove(operation, object string, body any) {
	p.w.t.Helper()
	about := map[string]any{}
	if operation != "" {
		about = map[string]any{"for": operation, "object": object, "body": body}
	}
	p.must(200, "POST", "/session/step-up", map[string]any{"passkey": p.device.used(p.must(200, "POST", "/session/step-up/begin", about))})
}

// bring makes a grant that stands so, or gives the one that was kept.
func (r *round) bring(s standing) string {
	r.t.Helper()
	if g := r.kept[s.name]; g != "" {
		return g
	}
	if s.needed != r.needed {
		p, path := r.people["owner"], "/organizations/"+r.org+"/support/policy"
		p.prove("", "", nil)
		policy := p.must(200, "GET", path, nil)
		delete(policy.body, "support_code")
		delete(policy.body, "version")
		policy.body["approvals"] = s.needed
		p.must(200, "PUT", path, policy.body, policy.match()...)
		r.needed = s.needed
	}
	g := r.asks(24)
	end := func(who, path, action string, body any) {
		r.people[who].must(200, "POST", path, body)
		r.done[action]++
	}
	own, staff := "/organizations/"+r.org+"/support/grants/"+g, "/support/grants/"+g
	switch s.state {
	case support.Denied:
		end("admin", own+"/deny", "grant.denied", map[string]any{})
	case support.Cancelled:
		end("requester", staff+"/cancel", "grant.cancelled", nil)
	case support.ApprovedOnce, support.Active, support.Withdrawn, support.Closed:
		r.approves("owner", g)
	}
	switch s.state {
	case support.Withdrawn:
		end("admin", own+"/withdraw", "grant.withdrawn", nil)
	case support.Closed:
		end("requester", staff+"/close", "grant.closed", nil)
	}
	return g
}

// attempt is an operation with one body.
type attempt struct {
	op.Operation
	body any
	cuts bool // an approval that allows less than was asked
}

var narrower = map[string]any{"categories": []string{"posts"}, "hours": 2}

// attempts are all operations on grants, as the server has them.
func (r *round) attempts() (list []attempt) {
	for _, o := range r.app.parts.operations {
		switch {
		case o.ID == "grants.approve":
			list = append(list, attempt{Operation: o, body: map[string]any{}}, attempt{o, narrower, true})
		case o.ID == "grants.request":
			list = append(list, attempt{Operation: o, body: r.request(24)})
		case o.ExampleIn != nil && strings.Contains(o.Route.Path, "{grant}"):
			list = append(list, attempt{Operation: o, body: map[string]any{}})
		case strings.HasPrefix(o.ID, "grants.") || strings.Contains(o.Route.Path, "{grant}"):
			list = append(list, attempt{Operation: o})
		}
	}
	return list
}

// folded are the lists that differ from grants.read and grants.look, and the reads that differ from those of the members, of a post and
// of a picture, in nothing but what they answer. Those five are walked whole; these by owner and requester with each proof and by
// everybody else with the best one.
var folded = []string{"grants.mine", "grants.list", "grants.reads", "support.read_organization", "support.read_channel", "support.read_posts", "support.read_media",
	"support.read_asset", "support.read_analytics"}

// try is one case: who does what to which grant with what proof.
type try struct {
	attempt
	grant    string
	who, age string
	by       *person
	want     verdict
}

// walk tries everything on a grant that stands so: first all that must leave it as it is, on one grant, then each step on a
// grant of its own.
func (r *round) walk(s standing) {
	r.t.Helper()
	for _, p := range r.people {
		p.send("GET", "/session", nil) // a session that rests for an hour is over
	}
	grant := r.bring(s)
	r.proveAll(grant)
	version := r.version(grant)
	var steps []try
	for _, a := range r.attempts() {
		var callers []try
		for _, who := range walkers {
			for _, age := range ages {
				if age != "bound" && who != "owner" && who != "requester" && slices.Contains(folded, a.ID) {
					continue
				}
				callers = append(callers, try{who: who, age: age, by: r.browsers[who][age]})
			}
		}
		for _, who := range loners {
			callers = append(callers, try{who: who, age: "none", by: r.loners[who]})
		}
		var quiet []try
		for _, c := range callers {
			c.attempt, c.grant, c.want = a, grant, verdictOf(r.t, s, a.ID, c.who, c.age)
			switch {
			case c.want.becomes != "":
				steps = append(steps, c)
			case c.want.writes() == nil:
				quiet = append(quiet, c)
			default:
				r.check(s, c)
			}
		}
		r.checkQuiet(s, quiet)
		if r.cases += len(callers); r.t.Failed() {
			r.t.FailNow() // what should have left the grant as it is may have changed it
		}
	}
	if now := r.version(grant); now != version {
		r.t.Errorf("%s: what was refused made version %v of %v", s.name, now, version)
	}
	for i, c := range steps {
		if i > 0 {
			grant = r.bring(s)
		}
		c.grant = grant
		if c.by.device != nil {
			r.proveFor(c.by, c.age, c.grant, r.kept["lapsed"], c.body)
		}
		if c.age == "old" {
			r.clock.Jump(tooOld)
		}
		version := r.version(grant)
		r.check(s, c)
		if now := r.version(grant); now != version+1 {
			r.t.Errorf("%s: %s by %s made version %v of %v", s.name, c.ID, c.who, now, version)
		}
		r.steps++
		r.clear(grant)
	}
	r.clear(grant)
}

// clear makes room for the next request: of one staff person to one organization only one is open.
func (r *round) clear(grant string) {
	if r.people["requester"].send("POST", "/support/grants/"+grant+"/cancel", nil).status == 200 {
		r.done["grant.cancelled"]++
	}
}

// version is that of the grant now. An owner looks, so it counts as no read.
func (r *round) version(grant string) float64 {
	r.t.Helper()
	return r.people["owner"].must(200, "GET", "/organizations/"+r.org+"/support/grants/"+grant, nil).get("version").(float64)
}

const tooOld = 5*time.Minute + time.Second

// proveAll gives every browser the proof of its age.
func (r *round) proveAll(grant string) {
	r.t.Helper()
	elsewhere := r.kept["lapsed"]
	if grant == elsewhere {
		elsewhere = r.kept["expired"]
	}
	for _, turn := range [][]string{{"old"}, {"bound", "elsewhere", "unbound"}} {
		for _, who := range walkers {
			for _, age := range turn {
				r.proveFor(r.browsers[who][age], age, grant, elsewhere, map[string]any{})
				if (who == "owner" || who == "admin") && (age == "bound" || age == "old") { // the others get no further with one body than with another
					r.proveFor(r.browsers[who][age], age, grant, elsewhere, narrower)
				}
			}
		}
		if turn[0] == "old" {
			r.clock.Jump(tooOld)
		}
	}
}

// proveFor gives one browser the proof of its age for an approval with this body.
func (r *round) proveFor(p *person, age, grant, elsewhere string, body any) {
	r.t.Helper()
	switch age {
	case "bound", "old":
		p.prove("grants.approve", grant, body)
	case "elsewhere":
		p.prove("grants.approve", elsewhere, body)
	case "unbound":
		p.prove("", "", nil)
	}
}

// checkQuiet sends what must write nothing, some at the same time. All are of one operation.
func (r *round) checkQuiet(s standing, list []try) {
	r.t.Helper()
	r.ledger.take()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := i; j < len(list); j += 4 {
				r.sent(s, list[j])
			}
		})
	}
	all.Wait()
	if wrote := r.ledger.take(); len(wrote) > 0 {
		r.t.Errorf("%s: a %s that must write nothing wrote %v", s.name, list[0].ID, wrote)
	}
}

// check sends what must write, and compares what came of it with what must.
func (r *round) check(s standing, c try) {
	r.t.Helper()
	r.ledger.take()
	a := r.sent(s, c)
	wrote, want := r.ledger.take(), c.want.writes()
	maps.DeleteFunc(wrote, func(table string, _ int) bool { return table != "grant" && table != "audit" && table != "grant_read" }) // letters and the like follow
	if !maps.Equal(wrote, want) {
		r.t.Errorf("%s wrote %v, want %v", c.name(s), wrote, want)
	}
	if a.status != c.want.status {
		return
	}
	switch {
	case c.want.becomes != "":
		r.done[string(c.Actions[0])]++
		if a.text("state") != string(c.want.becomes) {
			r.t.Errorf("%s became %s, want %s", c.name(s), a.text("state"), c.want.becomes)
		}
		if c.cuts && c.want.becomes == support.Active && (a.get("granted.hours") != 2.0 || fmt.Sprint(a.get("granted.categories")) != "[posts]") {
			r.t.Errorf("%s gave %v", c.name(s), a.get("granted"))
		}
	case c.want.asks:
		r.done["grant.requested"]++
		c.by.must(200, "POST", "/support/grants/"+a.text("id")+"/cancel", nil)
		r.done["grant.cancelled"]++
	case c.want.reads:
		r.done["support.read"]++
	}
}

// sent sends the request and compares the answer with what it must be.
func (r *round) sent(s standing, c try) answer {
	r.t.Helper()
	th := maps.Clone(r.content)
	th["grant"] = c.grant
	a := c.by.send(c.Route.Method, "root:"+th.path(c.Operation), c.body)
	if a.status != c.want.status || a.code() != c.want.code {
		r.t.Errorf("%s: %d %s, want %d %s", c.name(s), a.status, a.raw, c.want.status, c.want.code)
	}
	if c.want.code != "" && strings.Contains(a.raw, ticket) {
		r.t.Errorf("%s: the refusal tells of the request: %s", c.name(s), a.raw)
	}
	return a
}

func (c try) name(s standing) string {
	return fmt.Sprintf("%s: %s %v by %s, proof %s", s.name, c.ID, c.body, c.who, c.age)
}

// writes are the records that the case must write, by table, besides what follows from them.
func (v verdict) writes() map[string]int {
	switch {
	case v.becomes != "", v.asks:
		return map[string]int{"grant": 1, "audit": 1}
	case v.reads:
		return map[string]int{"grant": 1, "audit": 1, "grant_read": 1}
	}
	return nil
}

// ledger counts the records that are written, by table.
type ledger struct {
	mu     sync.Mutex
	tables map[string]int
}

// besides are the tables that change with any request or by themselves, and why.
var besides = map[string]string{
	"session":          "it was used, or a proof was spent",
	"identity":         "the day it was last seen",
	"api_key":          "the day it was last used",
	"audit_head":       "the head of a log is signed a moment after an act, whoever asks for what meanwhile",
	"audit_checkpoint": "the same",
}

// take gives the counts since the last time, without what is written besides.
func (l *ledger) take() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	tables := l.tables
	l.tables = nil
	maps.DeleteFunc(tables, func(name string, _ int) bool { return besides[name] != "" })
	return tables
}

// wrap lets each Update run once, unlike in other worlds: the ledger is about what becomes durable.
func (l *ledger) wrap(e store.Engine) store.Engine { return &countedEngine{e, l} }

// countedEngine counts what it writes, once that is durable.
type countedEngine struct {
	store.Engine
	ledger *ledger
}

func (k *countedEngine) Update(ctx context.Context, fn func(store.Tx) error) error {
	var keys [][]byte
	err := k.Engine.Update(ctx, func(tx store.Tx) error {
		keys = nil
		return fn(&countedTx{tx, &keys})
	})
	if err != nil {
		return err
	}
	k.ledger.mu.Lock()
	defer k.ledger.mu.Unlock()
	for _, key := range keys {
		if table, ok := tableOfKey(key); ok {
			if k.ledger.tables == nil {
				k.ledger.tables = map[string]int{}
			}
			k.ledger.tables[table]++
		}
	}
	return nil
}

// countedTx notes the keys of one transaction.
type countedTx struct {
	store.Tx
	keys *[][]byte
}

func (k *countedTx) Put(key, value []byte) { k.note(key); k.Tx.Put(key, value) }
func (k *countedTx) Delete(key []byte)     { k.note(key); k.Tx.Delete(key) }
func (k *countedTx) note(key []byte)       { *k.keys = append(*k.keys, bytes.Clone(key)) }

// tableOfKey names the table of a record's key. An entry of an index counts as nothing: it goes with its record.
func tableOfKey(key []byte) (string, bool) {
	name, rest, ok := bytes.Cut(key[1:], []byte{0})
	return string(name), ok && bytes.HasPrefix(rest, store.K("r"))
}
