package support

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/omniposto/omniposto/app/ref"
)

var t0 = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func someone(n byte) (i ref.Identity) { i[15] = n; return i }

var (
	ada  = someone(1) // staff
	mira = someone(2)
	tom  = someone(3)
)

// aGrant is a grant in the state, asked at t0 for two categories and ten hours.
func aGrant(s State) Grant {
	g := Grant{Staff: ada, State: s, RequestedAt: t0, Asked: Scope{Categories: []Category{Posts, Media}, Hours: 10, Thumbnails: true}, Version: 1}
	if s == ApprovedOnce {
		g.Approvals = []Approval{{By: tom, At: t0, Scope: g.Asked}}
	}
	if s == Active || s.Final() {
		g.Scope, g.ApprovedAt, g.ExpiresAt = g.Asked, t0, t0.Add(10*time.Hour)
		g.Approvals = []Approval{{By: mira, At: t0, Scope: g.Asked}}
	}
	return g
}

var everything = Scope{Categories: Categories, Hours: MaxHours, Thumbnails: true}

// allowed is the table of the product, read independently of the machine: who may do what in which state.
func allowed(s State, a Act, p Part, proof Proof, overdue bool) bool {
	good := proof.Given && proof.Bound && proof.Age >= 0 && proof.Age <= 5*time.Minute
	switch s {
	case Requested, ApprovedOnce:
		switch a {
		case Approve:
			return p == Decider && good && !overdue
		case Deny:
			return p == Decider && !overdue
		case Cancel:
			return p == Requester && !overdue
		case Rule:
			return p == Product && !overdue
		case Tick:
			return p == Product && overdue
		}
	case Active:
		switch a {
		case Withdraw:
			return p == Decider && !overdue
		case Close:
			return p == Requester && !overdue
		case Rule:
			return p == Product && !overdue
		case Tick:
			return p == Product && overdue
		}
	}
	return false
}

// TestEveryStateTimesEveryActTimesEveryPartTimesEveryProof walks the whole machine: what isn't in the table is refused and
// changes nothing.
func TestEveryStateTimesEveryActTimesEveryPartTimesEveryProof(t *testing.T) {
	proofs := []Proof{{}, {Given: true}, {Bound: true}, {Given: true, Bound: true}, {Given: true, Bound: true, Age: 5 * time.Minute},
		{Given: true, Bound: true, Age: 5*time.Minute + 1}, {Given: true, Bound: true, Age: -1}, {Given: true, Age: time.Minute}}
	n := 0
	for _, s := range States {
		for _, a := range Acts {
			for _, p := range []Part{Requester, Decider, Product, Outsider} {
				for _, proof := range proofs {
					for _, at := range []time.Time{t0, t0.Add(9 * time.Hour), t0.Add(10 * time.Hour), t0.Add(71 * time.Hour), t0.Add(72 * time.Hour), t0.Add(1000 * time.Hour)} {
						g := aGrant(s)
						overdue := s.Open() && !at.Before(t0.Add(72*time.Hour)) || s == Active && !at.Before(t0.Add(10*time.Hour))
						by := mira
						if p == Requester {
							by = ada
						}
						before, _ := json.Marshal(g)
						next, err := g.Next(Deed{Act: a, Part: p, By: by, At: at, Proof: proof, Scope: g.Asked, Needed: 1, Ceiling: everything})
						n++
						if want := allowed(s, a, p, proof, overdue); want != (err == nil) {
							t.Fatalf("%s in %s by %s at +%s with %+v: %v, want allowed %v", a, s, p, at.Sub(t0), proof, err, want)
						}
						after, _ := json.Marshal(g)
						if string(after) != string(before) {
							t.Fatalf("%s in %s changed the grant it was asked about", a, s)
						}
						if got, _ := json.Marshal(next); err != nil && string(got) != string(before) {
							t.Fatalf("%s in %s was refused and changed something", a, s)
						}
						if err == nil && (next.State == s || next.Version != g.Version+1) {
							t.Fatalf("%s in %s succeeded and left %s", a, s, next.State)
						}
					}
				}
			}
		}
	}
	if n != 9*7*4*8*6 {
		t.Fatalf("%d cases were walked", n)
	}
}

// TestApprovalsCutAndNeverAdd holds the arithmetic of scopes.
func TestApprovalsCutAndNeverAdd(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  Scope
		ceiling Scope
		want    error
		hours   int
		left    int
	}{
		{"whole", Scope{[]Category{Posts, Media}, 10, true}, everything, nil, 10, 2},
		{"cut", Scope{[]Category{Posts}, 3, false}, everything, nil, 3, 1},
		{"more hours", Scope{[]Category{Posts}, 11, false}, everything, ErrAdds, 0, 0},
		{"another category", Scope{[]Category{Account}, 3, false}, everything, ErrAdds, 0, 0},
		{"one more category", Scope{[]Category{Posts, Analytics}, 3, false}, everything, ErrAdds, 0, 0},
		{"the policy cuts hours", Scope{[]Category{Posts}, 10, false}, Scope{Categories, 4, false}, nil, 4, 1},
		{"the policy leaves nothing", Scope{[]Category{Posts}, 10, false}, Scope{[]Category{Media}, 4, false}, ErrNothingLeft, 0, 0},
		{"nothing", Scope{nil, 10, false}, everything, ErrNothingLeft, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := aGrant(Requested).Next(Deed{Act: Approve, Part: Decider, By: mira, At: t0, Scope: c.answer, Ceiling: c.ceiling, Needed: 1, Proof: Proof{Given: true, Bound: true}})
			if err != c.want { //nolint:errorlint // the very value
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err == nil && (g.Scope.Hours != c.hours || len(g.Scope.Categories) != c.left || g.ExpiresAt != t0.Add(time.Duration(c.hours)*time.Hour)) {
				t.Errorf("in force: %+v until %s", g.Scope, g.ExpiresAt)
			}
		})
	}
	long := aGrant(Requested)
	long.Asked.Hours = 100_000
	g, err := long.Next(Deed{Act: Approve, Part: Decider, By: mira, At: t0, Scope: Scope{[]Category{Posts}, 100_000, false}, Ceiling: Scope{Categories, 100_000, true}, Needed: 1, Proof: Proof{Given: true, Bound: true}})
	if err != nil || g.ExpiresAt.After(t0.Add(168*time.Hour)) {
		t.Errorf("no grant is longer than seven days: %v, until %s", err, g.ExpiresAt)
	}
}

// TestNoHistoryOpensAGrantAgainOrLongerThanItWasGiven draws histories of acts with a clock that goes on by any amount.
func TestNoHistoryOpensAGrantAgainOrLongerThanItWasGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, now := aGrant(Requested), t0
		needed := rapid.IntRange(1, 2).Draw(t, "needed")
		var approvedAt time.Time
		ended := false
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(20*time.Hour)).Draw(t, "on")))
			d := Deed{Act: rapid.SampledFrom(Acts).Draw(t, "act"), Part: rapid.SampledFrom([]Part{Requester, Decider, Product, Outsider}).Draw(t, "part"),
				By: rapid.SampledFrom([]ref.Identity{ada, mira, tom}).Draw(t, "by"), At: now, Needed: needed, Ceiling: everything,
				Scope: Scope{Categories: []Category{Posts}, Hours: rapid.IntRange(0, 12).Draw(t, "hours")},
				Proof: Proof{Given: rapid.Bool().Draw(t, "given"), Bound: rapid.Bool().Draw(t, "bound"), Age: time.Duration(rapid.Int64Range(0, int64(10*time.Minute)).Draw(t, "age"))}}
			was := g
			next, err := g.Next(d)
			if err != nil {
				if !reflect.DeepEqual(next, was) {
					t.Fatalf("a refused %s changed the grant", d.Act)
				}
				continue
			}
			g = next
			if ended {
				t.Fatalf("%s followed the end", d.Act)
			}
			ended = g.State.Final()
			if g.State == Active && was.State != Active {
				approvedAt = now
				people := map[ref.Identity]bool{}
				for _, a := range g.Approvals {
					people[a.By] = true
				}
				if len(people) < needed || people[ada] {
					t.Fatalf("active after the yes of %v", people)
				}
			}
			// Access exists at an instant only when everything says so.
			for _, at := range []time.Time{now, now.Add(time.Hour), now.Add(200 * time.Hour)} {
				if g.Stands(at) == Active && (approvedAt.IsZero() || at.Sub(approvedAt) >= time.Duration(g.Scope.Hours)*time.Hour || at.Sub(approvedAt) > 168*time.Hour) {
					t.Fatalf("%s after the approval it stands as active", at.Sub(approvedAt))
				}
			}
		}
	})
}

// promised is the list of fields that support may read, as the product promises it.
var promised = map[string][]string{
	"MemberRead":       {"id", "display_name", "email", "role", "created", "last_seen_day", "mfa", "language", "timezone", "mail_bounced"},
	"OrganizationRead": {"id", "name", "plan", "limits", "use", "member_count", "workspace_names", "security_policy", "retention_days", "channels"},
	"ChannelRead":      {"id", "workspace", "platform", "handle", "state", "last_error_class", "token_expires_at", "granted_scopes"},
	"PostRow":          {"id", "workspace", "state", "due_at", "created_at"},
	"PostRead":         {"id", "workspace", "texts", "variants", "state", "schedule", "schedule_timezone", "labels", "deliveries", "approval_state"},
	"VariantRead":      {"channel", "texts"},
	"DeliveryRead":     {"id", "channel", "state", "due_at", "attempts", "permalink"},
	"AttemptRead":      {"started_at", "class", "status_code", "message"},
	"AssetRow":         {"id", "workspace", "mime", "created_at"},
	"AssetRead":        {"id", "workspace", "file_name", "mime", "bytes", "width", "height", "duration_seconds", "alt_text", "created_at", "used_in"},
	"AnalyticsRead":    {"figures"},
}

// TestWhatCanLeaveIsWhatIsPromised walks every type that a read answers, inner ones too, and compares its fields.
func TestWhatCanLeaveIsWhatIsPromised(t *testing.T) {
	seen := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(r reflect.Type) {
		switch r.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(r.Elem())
			return
		case reflect.Struct:
		default:
			return
		}
		if r == reflect.TypeFor[time.Time]() || seen[r.Name()] {
			return
		}
		seen[r.Name()] = true
		var fields []string
		for i := range r.NumField() {
			name, _, _ := strings.Cut(r.Field(i).Tag.Get("json"), ",")
			fields = append(fields, name)
			walk(r.Field(i).Type)
		}
		if !slices.Equal(fields, promised[r.Name()]) {
			t.Errorf("%s shows %v, promised is %v", r.Name(), fields, promised[r.Name()])
		}
	}
	source := reflect.TypeFor[Source]()
	for i := range source.NumMethod() {
		for j := range source.Method(i).Type.NumOut() {
			if out := source.Method(i).Type.Out(j); out.Kind() == reflect.Struct {
				if items, ok := out.FieldByName("Items"); ok {
					out = items.Type.Elem()
				}
				walk(out)
			}
		}
	}
	if len(seen) != len(promised) {
		t.Errorf("walked %d types, promised are %d", len(seen), len(promised))
	}
}

// TestSupportCantReachTheSecrets walks the import graph: neither this package nor anything it imports, however far away,
// is the keeper of secrets, a noun that opens them, or the mail.
func TestSupportCantReachTheSecrets(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "nodynamic", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, ban := range []string{"app/base/secret", "app/identity", "app/channel", "app/mail", "app/connector", "app/organization", "app/apikey"} {
		if strings.Contains(string(out), "/"+ban+"\n") {
			t.Errorf("support reaches %s", ban)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 5 {
		t.Fatal("the files aren't here")
	}
	for _, f := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if strings.Contains(i.Path.Value, "unsafe") {
				t.Errorf("%s imports unsafe", f)
			}
		}
		if raw, _ := os.ReadFile(f); strings.Contains(string(raw), "linkname ") && f != "grant_test.go" {
			t.Errorf("%s reaches around the imports", f)
		}
	}
}
