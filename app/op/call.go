package op

import (
	"io"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/ref"
)

// The errors that the layer itself gives.
var (
	ErrStale = fail.Stale("stale", "Somebody changed this since you read it. Look at the current state and try again.")
	ErrMatch = fail.PreconditionRequired("precondition_required", "Send If-Match with the version that you read.")
	ErrAudit = &fail.Error{Kind: fail.KindInternal, Code: "internal", Message: "Something went wrong here."}
)

// Call is what an operation's function knows about who called and how.
type Call struct {
	Meta         *Meta
	Actor        access.Actor
	Organization ref.Organization // of the path, where the scope has one
	Workspace    ref.Workspace    // of the path, where the scope has one
	Request      ref.Request
	Now          time.Time
	From         audit.From
	Via          string // session, key, cli
	Secure       bool   // the browser reached us over TLS
	SessionToken string // the session cookie, for the operations that begin and end sessions
	DryRun       bool
	Match        int64     // the version in If-Match, 0 when absent
	Body         io.Reader // of an upload, bounded
	Header       func(name string) string

	idempotency *reservation
	cursors     *Cursors
	reply       *Reply
	wrote       *bool
}

// Reply holds what goes out beside the body.
type Reply struct {
	Cookies []string
	Headers map[string]string
}

// NewCall is for package api and for tests: it makes the inside of a call usable.
func NewCall(m *Meta, c *Cursors) Call {
	return Call{Meta: m, cursors: c, reply: &Reply{}, wrote: new(bool), Header: func(string) string { return "" }}
}

// Reply gives what goes out beside the body.
func (c Call) Reply() *Reply { return c.reply }

// SetCookie adds a Set-Cookie header in its full form.
func (c Call) SetCookie(cookie string) { c.reply.Cookies = append(c.reply.Cookies, cookie) }

// SetHeader sets a header of the answer.
func (c Call) SetHeader(name, value string) {
	if c.reply.Headers == nil {
		c.reply.Headers = map[string]string{}
	}
	c.reply.Headers[name] = value
}

// Matches compares If-Match with the version of the thing. current is what the caller gets to see when it's stale.
func (c Call) Matches(version int64, current any) error {
	switch {
	case c.Match == 0:
		return ErrMatch
	case c.Match != version:
		return ErrStale.With("current", current)
	}
	return nil
}

// AuditActor is the caller as the audit log names it.
func (c Call) AuditActor(o ref.Organization) audit.Actor {
	a := audit.Actor{Kind: string(c.Actor.Kind), ID: c.Actor.Identity.String(), Via: c.Via}
	if c.Actor.Kind == access.Nobody {
		return audit.Actor{Kind: "guest", Via: c.Via}
	}
	if c.Actor.Key != nil {
		a.ID = c.Actor.Key.ID.String() // the member beside it is who made the key
	}
	if c.Meta != nil && c.Meta.Permission == access.SupportAsk {
		a.Kind = "staff"
	} else if m, ok := c.Actor.Of(o); ok {
		a.Member = m.Member.String()
	} else if c.Actor.Administrator {
		a.Kind = "administrator"
	}
	if !c.Actor.MFAAt.IsZero() {
		a.MFAMethod, a.MFAAge = c.Actor.MFAMethod, c.Now.Sub(c.Actor.MFAAt)
	}
	return a
}
