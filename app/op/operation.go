package op

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
)

// Scope is the level at which an operation's permission is asked.
type Scope string

// The scopes. InOrganization and InWorkspace need {organization} or {workspace} in the path.
const (
	OwnScope       Scope = "own"
	InstanceScope  Scope = "instance"
	InOrganization Scope = "organization"
	InWorkspace    Scope = "workspace"
)

// Rate is a class of cost; each has its own limit per actor and address.
type Rate string

// The rate classes.
const (
	Cheap  Rate = "cheap"   // reads and small writes
	Costly Rate = "costly"  // calls a platform, decodes media, hashes a password
	SignIn Rate = "sign_in" // guesses at secrets
)

// StepUp says how fresh the proof of who is acting must be.
type StepUp struct {
	Within     time.Duration
	PasswordOK bool // the password alone satisfies it when no second factor is enrolled
	Bound      bool // the proof must have been given for this very object and body
}

// Shape is the form of what goes in or out beside JSON.
type Shape byte

// The shapes.
const (
	JSON     Shape = iota
	Stream         // the answer is an event stream
	FileOut        // the answer is a file
	FileIn         // the request is a file, streamed
	Redirect       // the answer sends the browser on
)

// Route is a method and a path below /api/v1.
type Route struct {
	Method string
	Path   string
}

// GET makes a route.
func GET(path string) Route { return Route{"GET", path} }

// POST makes a route.
func POST(path string) Route { return Route{"POST", path} }

// PUT makes a route.
func PUT(path string) Route { return Route{"PUT", path} }

// PATCH makes a route.
func PATCH(path string) Route { return Route{"PATCH", path} }

// DELETE makes a route.
func DELETE(path string) Route { return Route{"DELETE", path} }

// HEAD makes a route.
func HEAD(path string) Route { return Route{"HEAD", path} }

// Meta is everything known about an operation without running it.
type Meta struct {
	ID             string
	Route          Route
	Outside        bool // the path isn't below /api/v1
	Summary        string
	Description    string
	Scope          Scope
	Permission     access.Permission
	Public         string // why no sign-in is needed; empty when a permission is
	Actions        []audit.Action
	UnauditedWhy   string
	NoDryRunWhy    string
	StepUp         StepUp
	By             []access.Kind
	Errors         []*fail.Error
	Rate           Rate
	MaxBody        int64 // bytes
	Created        bool  // answers 201
	Versioned      bool  // needs If-Match
	ShowsSecret    bool  // its answer holds a secret once and is never kept for a replay
	ExampleIn      any
	ExampleOut     any
	Shape          Shape
	HiddenFromMCP  string
	WritesThoughOK bool // a POST that changes nothing
	Signed         bool // a session that is tied to a device needs its signature, as for each step-up
	EvenBarred     bool // an act of an organization that members may do whom its own sign-on keeps out
	ThroughSignOn  bool // an act on one's own sign-in that a session by an organization's sign-on may do too
}

// Writes says whether the operation may change something.
func (m Meta) Writes() bool {
	return m.Route.Method != "GET" && m.Route.Method != "HEAD" && !m.WritesThoughOK
}

// Path is the whole path.
func (m Meta) Path() string {
	if m.Outside {
		return m.Route.Path
	}
	return "/api/v1" + m.Route.Path
}

// Operation is complete: it has a permission or a reason to need none.
type Operation struct {
	Meta
	bind func(Binder, Meta)
}

// Draft is an operation without its permission.
type Draft struct {
	meta Meta
	bind func(Binder, Meta)
}

// None is the output of an operation that answers 204, and the input of one that takes nothing.
type None struct{}

const defaultMaxBody = 256 << 10

// New begins an operation. fn is plain: no Fiber, no JSON, no session. In carries path, query and header by huma's tags
// and the body in a field Body; Out is the body of the answer.
func New[In, Out any](id string, route Route, fn func(context.Context, Call, *In) (*Out, error)) Draft {
	return Draft{
		meta: Meta{ID: id, Route: route, Scope: OwnScope, Rate: Cheap, MaxBody: defaultMaxBody, By: []access.Kind{access.Session, access.APIKey}},
		bind: func(b Binder, m Meta) { register(b, m, fn) },
	}
}

// NewFile begins an operation that answers with a file.
func NewFile[In any](id string, route Route, fn func(context.Context, Call, *In) (*File, error)) Draft {
	d := Draft{
		meta: Meta{ID: id, Route: route, Scope: OwnScope, Rate: Cheap, MaxBody: defaultMaxBody, By: []access.Kind{access.Session, access.APIKey}, Shape: FileOut},
		bind: func(b Binder, m Meta) { registerFile(b, m, fn) },
	}
	return d
}

// NewStream begins an operation that answers with an event stream.
func NewStream[In any](id string, route Route, fn func(context.Context, Call, *In) (Events, error)) Draft {
	return Draft{
		meta: Meta{ID: id, Route: route, Scope: OwnScope, Rate: Cheap, MaxBody: defaultMaxBody, By: []access.Kind{access.Session, access.APIKey}, Shape: Stream},
		bind: func(b Binder, m Meta) { registerStream(b, m, fn) },
	}
}

// NewRedirect begins an operation that sends the browser on. The address is one of our own or of a platform's sign-in.
func NewRedirect[In any](id string, route Route, fn func(context.Context, Call, *In) (string, error)) Draft {
	return Draft{
		meta: Meta{ID: id, Route: route, Scope: OwnScope, Rate: Cheap, MaxBody: defaultMaxBody, By: []access.Kind{access.Session}, Shape: Redirect},
		bind: func(b Binder, m Meta) { registerRedirect(b, m, fn) },
	}
}

// Says gives the summary (a few words) and the description (a sentence or more).
func (d Draft) Says(summary, description string) Draft {
	d.meta.Summary, d.meta.Description = summary, description
	return d
}

// In sets the scope.
func (d Draft) In(s Scope) Draft { d.meta.Scope = s; return d }

// Audits names the actions that the operation records. A write that records none fails.
func (d Draft) Audits(a ...audit.Action) Draft { d.meta.Actions = a; return d }

// Unaudited says why a writing operation records nothing.
func (d Draft) Unaudited(why string) Draft { d.meta.UnauditedWhy = why; return d }

// NoDryRun says why the operation can't be tried without effect.
func (d Draft) NoDryRun(why string) Draft { d.meta.NoDryRunWhy = why; return d }

// Fresh asks for a second factor given within the time.
func (d Draft) Fresh(within time.Duration) Draft { d.meta.StepUp.Within = within; return d }

// FreshOrPassword asks for a second factor given within the time, or for the password where no factor is enrolled.
func (d Draft) FreshOrPassword(within time.Duration) Draft {
	d.meta.StepUp = StepUp{Within: within, PasswordOK: true}
	return d
}

// Bound ties the step-up to the object of the request.
func (d Draft) Bound() Draft { d.meta.StepUp.Bound = true; return d }

// By limits the kinds of actor.
func (d Draft) By(k ...access.Kind) Draft { d.meta.By = k; return d }

// Fails lists the declared errors.
func (d Draft) Fails(e ...*fail.Error) Draft { d.meta.Errors = append(d.meta.Errors, e...); return d }

// Costs sets the rate class.
func (d Draft) Costs(r Rate) Draft { d.meta.Rate = r; return d }

// Body sets the largest body in bytes.
func (d Draft) Body(max int64) Draft { d.meta.MaxBody = max; return d }

// Creates makes the answer a 201.
func (d Draft) Creates() Draft { d.meta.Created = true; return d }

// Versioned makes If-Match needed.
func (d Draft) Versioned() Draft { d.meta.Versioned = true; return d }

// ShowsSecret says that the answer holds a secret which is shown once.
func (d Draft) ShowsSecret() Draft { d.meta.ShowsSecret = true; return d }

// TakesFile says that the body is a file, read from Call.Body as it comes.
func (d Draft) TakesFile() Draft { d.meta.Shape = FileIn; return d }

// Signed asks for the signature of the session's device, where the session is tied to one. Whatever asks for a fresh proof
// does so by itself.
func (d Draft) Signed() Draft { d.meta.Signed = true; return d }

// ThroughSignOn opens an act on one's own sign-in to sessions that came by an organization's sign-on. They may do no
// other: whoever runs that provider could change how somebody signs in elsewhere.
func (d Draft) ThroughSignOn() Draft { d.meta.ThroughSignOn = true; return d }

// EvenBarred opens an act of an organization to members whom its own sign-on keeps out: it is how they come to have one.
func (d Draft) EvenBarred() Draft { d.meta.EvenBarred = true; return d }

// ChangesNothing says that a POST only answers a question.
func (d Draft) ChangesNothing() Draft { d.meta.WritesThoughOK = true; return d }

// OutsideAPI says that the path isn't below /api/v1.
func (d Draft) OutsideAPI() Draft { d.meta.Outside = true; return d }

// Hidden keeps the operation from agents, with the reason.
func (d Draft) Hidden(why string) Draft { d.meta.HiddenFromMCP = why; return d }

// Example gives an input body and an output as they look. nil where there is none.
func (d Draft) Example(in, out any) Draft { d.meta.ExampleIn, d.meta.ExampleOut = in, out; return d }

// Needs completes the operation with the permission.
func (d Draft) Needs(p access.Permission) Operation {
	d.meta.Permission = p
	return Operation{Meta: d.meta, bind: d.bind}
}

// Public completes the operation without one, with the reason.
func (d Draft) Public(why string) Operation {
	d.meta.Public = why
	return Operation{Meta: d.meta, bind: d.bind}
}
