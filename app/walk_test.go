package app

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/op"
)

// TestEveryOperationIsDeclaredWhole walks the declarations: permission or reason, words, example, audit action where it
// writes, and a bound on every string, list and body.
func TestEveryOperationIsDeclaredWhole(t *testing.T) {
	w := openWorld(t)
	seen := map[string]bool{}
	for _, o := range w.app.parts.operations {
		t.Run(o.ID, func(t *testing.T) {
			if seen[o.ID] || !regexp.MustCompile(`^[a-z_]+\.[a-z_]+$`).MatchString(o.ID) {
				t.Errorf("the id must be noun.verb and stand once")
			}
			seen[o.ID] = true
			if (o.Permission == "") == (o.Public == "") {
				t.Error("needs exactly one of a permission and a reason to need none")
			}
			if o.Summary == "" || !strings.HasSuffix(o.Description, ".") {
				t.Error("needs a summary and a description that is a sentence")
			}
			if o.ExampleOut == nil && o.Shape == op.JSON && o.Route.Method != "DELETE" && o.ID != "me.password" && o.ID != "members.sign_out" && o.ID != "reports.receive" {
				t.Error("needs an example of its answer")
			}
			if o.Writes() && len(o.Actions) == 0 && o.UnauditedWhy == "" {
				t.Error("writes, so it needs an audit action or a reason to have none")
			}
			if o.Scope == op.InWorkspace != strings.Contains(o.Route.Path, "{workspace}") || o.Scope == op.InOrganization != strings.Contains(o.Route.Path, "{organization}") {
				t.Error("scope and path disagree")
			}
			if o.MaxBody <= 0 {
				t.Error("needs a bound on its body")
			}
		})
	}
}

// TestEverySchemaIsBounded walks the document: strings, lists and numbers that come in have bounds.
func TestEverySchemaIsBounded(t *testing.T) {
	w := openWorld(t)
	raw, err := w.app.server.Document()
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Paths map[string]map[string]struct {
			ID         string `json:"operationId"`
			Parameters []struct {
				Name   string         `json:"name"`
				Schema map[string]any `json:"schema"`
			} `json:"parameters"`
			Body struct {
				Content map[string]struct {
					Schema map[string]any `json:"schema"`
				} `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	var check func(where string, s map[string]any, seen []string)
	check = func(where string, s map[string]any, seen []string) {
		if r, ok := s["$ref"].(string); ok {
			name := strings.TrimPrefix(r, "#/components/schemas/")
			if !slices.Contains(seen, name) {
				check(where+" ("+name+")", d.Components.Schemas[name], append(seen, name))
			}
			return
		}
		switch s["type"] {
		case "string":
			if s["maxLength"] == nil && s["enum"] == nil && s["format"] == nil && s["pattern"] == nil && !idField(where) {
				t.Errorf("%s: a text without a bound", where)
			}
		case "array":
			if s["maxItems"] == nil {
				t.Errorf("%s: a list without a bound", where)
			}
			if items, ok := s["items"].(map[string]any); ok {
				check(where+"[]", items, seen)
			}
		case "object":
			props, _ := s["properties"].(map[string]any)
			for name, p := range props {
				check(where+"."+name, p.(map[string]any), seen)
			}
			if more, ok := s["additionalProperties"].(bool); props != nil && (!ok || more) {
				t.Errorf("%s: unknown fields aren't refused", where)
			}
		}
	}
	n := 0
	for _, item := range d.Paths {
		for _, o := range item {
			for _, p := range o.Parameters {
				check(o.ID+" "+p.Name, p.Schema, nil)
			}
			for _, c := range o.Body.Content {
				check(o.ID+" body", c.Schema, nil)
				n++
			}
		}
	}
	if n < 20 {
		t.Fatalf("only %d bodies were found: the walk is broken", n)
	}
}

// idField is text that is an id: its type bounds it.
func idField(where string) bool {
	return regexp.MustCompile(`(\.|\s|\[\])(channels?|channel|workspace|post|asset|id|media)(\[\])?$`).MatchString(where) || strings.HasSuffix(where, "[]") || strings.HasSuffix(where, ".time")
}

// role is one caller of the walk.
type role struct {
	name         string
	organization access.Role
	workspace    access.Role
}

var walkRoles = []role{{"owner", access.Owner, ""}, {"admin", access.Admin, ""}, {"member", access.Member, ""}, {"billing", access.Billing, ""},
	{"manager", access.Member, access.Manager}, {"publisher", access.Member, access.Publisher}, {"author", access.Member, access.Author},
	{"viewer", access.Member, access.Viewer}, {"client", access.Member, access.Client}}

// may is the table of product.md, read independently of the code that decides.
func may(p access.Permission, r role) bool {
	allowed := map[access.Permission]string{
		access.OrganizationDelete: "owner", access.OrganizationTransfer: "owner", access.PlanWrite: "owner billing", access.PlanRead: "owner admin billing",
		access.OrganizationWrite: "owner admin", access.SupportApprove: "owner admin", access.SupportPolicy: "owner", access.MembersWrite: "owner admin", access.MembersRead: "owner admin",
		access.SecurityWrite: "owner admin", access.AuditRead: "owner admin", access.KeysWrite: "owner admin", access.WebhooksWrite: "owner admin",
		access.WorkspacesCreate: "owner admin", access.OrganizationRead: "owner admin member manager publisher author viewer client",
		access.WorkspaceWrite: "owner admin manager", access.WorkspaceMembers: "owner admin manager", access.ChannelsWrite: "owner admin manager",
		access.PostsPublish: "owner admin manager publisher", access.PostsApprove: "owner admin manager publisher client",
		access.PostsDraft: "owner admin manager publisher author", access.CommentsWrite: "owner admin manager publisher author client",
		access.MediaWrite: "owner admin manager publisher author", access.WorkspaceRead: "owner admin manager publisher author viewer",
		access.ReviewRead: "owner admin manager publisher author viewer client",
	}
	return slices.Contains(strings.Fields(allowed[p]), r.name)
}

// belongs says whether the role has any place in a workspace.
func (r role) belongs() bool {
	return r.workspace != "" || r.organization == access.Owner || r.organization == access.Admin
}

// things are ids to fill paths with, of one organization.
type things map[string]string

func (w *world) things(p *person, org, ws string) things {
	w.t.Helper()
	ch := p.must(200, "GET", "/workspaces/"+ws+"/channels", nil).text("items.0.id")
	po := p.must(201, "POST", "/workspaces/"+ws+"/posts", map[string]any{"text": "walk", "channels": []string{ch}, "schedule": map[string]any{"at": w.app.Clock.Now().Add(1000 * time.Hour), "timezone": "UTC"}})
	in := p.must(201, "POST", "/organizations/"+org+"/invitations", map[string]any{"email": "walk@halden.example", "role": "member"})
	return things{"organization": org, "workspace": ws, "channel": ch, "post": po.text("id"), "delivery": po.text("deliveries.0.id"),
		"invitation": in.text("id"), "member": p.must(200, "GET", "/organizations/"+org+"/members", nil).text("items.0.id"),
		"session": p.must(200, "GET", "/me/sessions", nil).text("items.0.id"), "asset": "ast_00000000000000000000000000", "upload": "upl_00000000000000000000000000",
		"passkey": "pky_00000000000000000000000000", "recovery": "rcv_00000000000000000000000000", "key": "key_00000000000000000000000000", "platform": "practice", "rendition": "thumb", "address": "none"}
}

func (th things) path(o op.Operation) string {
	path := o.Path()
	for name, id := range th {
		path = strings.ReplaceAll(path, "{"+name+"}", id)
	}
	return path
}

// TestEveryOperationTimesEveryRole sends every operation as every role to its own and to a foreign organization and
// workspace, and compares the answers with the table of the product.
func TestEveryOperationTimesEveryRole(t *testing.T) {
	w := newWorld(t)
	people := map[string]*person{"owner": w.owner}
	for _, r := range walkRoles[1:] {
		people[r.name] = w.join(r.name+"@halden.example", string(r.organization), string(r.workspace))
	}
	other := w.owner.must(201, "POST", "/organizations", map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"})
	foreignOrg, foreignWS := other.text("organization"), other.text("workspace")
	own, foreign := w.things(w.owner, w.org, w.ws), w.things(w.owner, foreignOrg, foreignWS)
	w.leave(foreignOrg) // from here on nobody of the first organization belongs to the second
	nobody := w.person("nobody@halden.example")
	checked := 0
	for _, o := range w.app.parts.operations {
		if o.Public != "" || o.Outside || walkSkips[o.ID] {
			continue
		}
		body := walkBody(o)
		if a := nobody.send(o.Route.Method, "root:"+own.path(o), body, "If-Match", `"1"`); a.status != 401 {
			t.Errorf("%s by nobody: %d %s, want 401", o.ID, a.status, a.code())
		}
		for _, r := range walkRoles {
			p := people[r.name]
			a := p.send(o.Route.Method, "root:"+own.path(o), body, "If-Match", `"9999"`, "Idempotency-Key", "walk-"+o.ID+r.name)
			checked++
			want := w.wanted(o, r)
			switch {
			case want == "allowed" && (a.status == 401 || a.code() == "forbidden" || a.status == 500):
				t.Errorf("%s by %s: %d %s, want it allowed", o.ID, r.name, a.status, a.raw)
			case want == "403" && (a.status != 403 || a.code() != "forbidden"):
				t.Errorf("%s by %s: %d %s, want 403 forbidden", o.ID, r.name, a.status, a.raw)
			case want == "404" && a.status != 404:
				t.Errorf("%s by %s: %d %s, want 404", o.ID, r.name, a.status, a.raw)
			}
			if o.Scope != op.InOrganization && o.Scope != op.InWorkspace {
				continue
			}
			if a := p.send(o.Route.Method, "root:"+foreign.path(o), body, "If-Match", `"1"`); a.status != 404 || a.code() != "not_found" {
				t.Errorf("%s by %s in a foreign place: %d %s, want 404", o.ID, r.name, a.status, a.raw)
			}
			if a := p.send(o.Route.Method, "root:"+crossed(o, own, foreign), body, "If-Match", `"1"`); crossed(o, own, foreign) != own.path(o) && want == "allowed" && a.status != 404 {
				t.Errorf("%s by %s with a foreign id in the own place: %d %s, want 404", o.ID, r.name, a.status, a.raw)
			}
		}
	}
	if checked < 300 {
		t.Fatalf("only %d cases were walked", checked)
	}
}

// walkSkips are operations that would end the walk's own sessions or stream for ever; other tests hold them.
var walkSkips = map[string]bool{"session.end": true, "sessions.revoke": true, "sessions.revoke_others": true, "events.stream": true, "me.password": true,
	"totp.enrol": true, "session.step_up": true, "members.remove": true, "members.sign_out": true, "invitations.withdraw": true, "channels.disconnect": true}

func (w *world) wanted(o op.Operation, r role) string {
	switch o.Scope {
	case op.InstanceScope:
		if r.name == "owner" && o.Permission == access.Administer {
			return "allowed" // the first owner is the administrator
		}
		return "404"
	case op.InOrganization:
		if may(o.Permission, r) {
			return "allowed"
		}
		return "403"
	case op.InWorkspace:
		if !r.belongs() {
			return "404"
		}
		if may(o.Permission, r) {
			return "allowed"
		}
		return "403"
	}
	return "allowed"
}

// crossed is the path with the own organization and workspace and the foreign thing.
func crossed(o op.Operation, own, foreign things) string {
	mixed := things{}
	for name := range own {
		mixed[name] = foreign[name]
	}
	mixed["organization"], mixed["workspace"], mixed["session"], mixed["platform"], mixed["rendition"] = own["organization"], own["workspace"], own["session"], own["platform"], own["rendition"]
	mixed["asset"], mixed["upload"], mixed["passkey"], mixed["recovery"], mixed["key"] = own["asset"], own["upload"], own["passkey"], own["recovery"], own["key"]
	return mixed.path(o)
}

// walkBody is the operation's own example, where it has one.
func walkBody(o op.Operation) any {
	if o.ExampleIn == nil {
		return nil
	}
	return o.ExampleIn
}

// leave takes the owner out of an organization by way of the store, as no operation lets the last owner go.
func (w *world) leave(org string) {
	w.t.Helper()
	if err := w.removeMembers(org); err != nil {
		w.t.Fatal(err)
	}
}

// TestSecurityHeadersOnEveryRoute looks at every route and at what Fiber itself refuses.
func TestSecurityHeadersOnEveryRoute(t *testing.T) {
	w := newWorld(t)
	own := w.things(w.owner, w.org, w.ws)
	paths := []string{"GET /", "GET /setup", "GET /assets/none.js", "GET /api/v1/none", "POST /none", "GET /healthz", "GET /readyz", "GET /api/openapi.json", "GET /%2e%2e/etc/passwd", "DELETE /api/v1/setup", "GET /metrics"}
	for _, o := range w.app.parts.operations {
		if o.Shape != op.Stream && o.ID != "session.end" && o.ID != "sessions.revoke_others" && o.ID != "sessions.revoke" {
			paths = append(paths, o.Route.Method+" "+own.path(o))
		}
	}
	for _, route := range paths {
		method, path, _ := strings.Cut(route, " ")
		a := w.owner.send(method, "root:"+path, nil)
		for _, h := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy", "Request-Id", "Cache-Control"} {
			if a.header.Get(h) == "" {
				t.Errorf("%s: %s is missing (status %d)", route, h, a.status)
			}
		}
		csp := a.header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe-") {
			t.Errorf("%s: the policy is %q", route, csp)
		}
		if a.status >= 400 && a.status != 503 && method != "HEAD" && !strings.HasPrefix(a.header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: %d is no problem document: %s", route, a.status, a.raw)
		}
		if a.status >= 500 && a.status != 503 {
			t.Errorf("%s: %d %s", route, a.status, a.raw)
		}
	}
}

// TestPathFormsChangeNothing tries forms of a path that must not reach another operation.
func TestPathFormsChangeNothing(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/api/v1/session/", "/API/v1/session", "/api/v1/Session", "/api/v1//session", "/api/v1/./session", "/api/v1/x/../session", "/api/v1%2fsession", "/api/v1/session;x=1"} {
		if a := w.owner.send("GET", "root:"+path, nil); a.status == 200 && a.get("identity") != nil && path != "/api/v1/./session" && path != "/api/v1/x/../session" {
			t.Errorf("%s answers %d", path, a.status)
		}
	}
	if a := w.owner.send("POST", "/session", map[string]any{}, "X-HTTP-Method-Override", "DELETE"); a.status == 204 {
		t.Error("a header changed the method")
	}
	if a := w.owner.must(200, "GET", "/session", nil); a.get("identity") == nil {
		t.Error("the session is gone")
	}
}
