package api

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/apikey"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// The refusals of the gate.
var (
	ErrSignedOut = fail.Unauthenticated("signed_out", "Sign in first.")
	ErrOrigin    = fail.Forbidden("origin_refused", "This request came from another site and was refused.")
	ErrType      = fail.Unsupported("unsupported_type", "Send the body as application/json.")
	ErrHidden    = fail.NotFound("not_found", "There is nothing here, or it isn't yours to see.")
	ErrForbidden = fail.Forbidden("forbidden", "Your role doesn't allow this.")
	ErrStepUp    = fail.Forbidden("step_up_required", "Confirm that it's you first.")
	ErrEnrol     = fail.Forbidden("second_factor_required", "This needs a second factor. Set one up first.")
	ErrSignOn    = fail.Forbidden("sign_on_required", "This organization asks its members to come in by its own sign-on.")
	ErrWay       = fail.Forbidden("way_refused", "This organization doesn't allow this way of signing in. Sign in another way.")
	ErrDevice    = fail.Forbidden("device_signature_required", "This session is tied to a device, whose signature is missing or wrong. Sign in again on this one.")
	ErrUnbound   = fail.Forbidden("device_required", "This organization asks for sessions that are tied to a device. Sign in again with a browser that can do it.")
	ErrThrough   = fail.Forbidden("own_sign_in_required", "You came in by an organization's sign-on, which can't do this. Sign in with your own password or passkey.")
	ErrMatchForm = fail.Malformed("if_match_invalid", `If-Match must be one version in quotes, like "3".`)
	ErrSession   = fail.Forbidden("session_only", "A program can't do this: it takes a person who has signed in.")
	ErrNoDryRun  = fail.Invalid("dry_run_unsupported", "This can't be tried without effect.")
	ErrKeyForm   = fail.Invalid("idempotency_key_invalid", "Idempotency-Key must have 1 to 128 visible signs.")
)

const dryLocal = "dry"

// gate turns a request into a Call, or refuses. The order is the one in the package comment.
func (s *Server) gate(hc huma.Context, m *op.Meta) (op.Call, huma.Context, error) {
	c := humafiber.Unwrap(hc)
	asked, _ := c.Locals(askedLocal).(op.Asked)
	call := op.NewCall(m, s.Cursors)
	call.Request, call.Now, call.Secure = asked.Request, asked.Now, s.secure()
	address := s.proxies.address(c)
	call.From = audit.From{Request: asked.Request.String(), Prefix: prefixOf(address), Agent: agentFamily(c.Get("User-Agent"))}
	headers := c.GetReqHeaders()
	call.Header = func(name string) string {
		if v := headers[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	token := c.Cookies(CookieName(s.secure()))
	call.SessionToken = token
	if err := s.checkOrigin(c, m, token != ""); err != nil {
		return call, nil, err
	}
	call.Actor.Kind = access.Nobody
	key, err := presentedKey(c, token != "")
	if err == nil {
		err = s.actor(hc.Context(), &call, m, token, key, hc.Param)
	}
	c.Locals(callLocal, call)
	if err != nil {
		if rerr := s.rate(c, m, call, prefixOf(address)); rerr != nil {
			return call, nil, rerr
		}
		return call, nil, err
	}
	if err := s.rate(c, m, call, prefixOf(address)); err != nil {
		return call, nil, err
	}
	wrapped := &gatedContext{inner: hc}
	if err := s.body(c, m, &call, wrapped); err != nil {
		return call, nil, err
	}
	if err := s.modifiers(c, m, &call); err != nil {
		return call, nil, err
	}
	if err := s.signed(hc.Context(), c, call, m, wrapped.body); err != nil {
		return call, nil, err
	}
	if err := s.freshness(hc.Context(), call, m, hc, wrapped.body); err != nil {
		return call, nil, err
	}
	if key := c.Get("Idempotency-Key"); key != "" && m.Created {
		if len(key) > 128 || strings.ContainsFunc(key, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
			return call, nil, ErrKeyForm
		}
		answer, err := call.Reserve(hc.Context(), s.DB, key, wrapped.body)
		if err != nil {
			return call, nil, err
		}
		if answer != nil {
			return call, nil, &op.Replay{Answer: answer}
		}
	}
	return call, wrapped, nil
}

// CookieName is the name of the session cookie; the __Host- form needs TLS.
func CookieName(secure bool) string {
	if secure {
		return "__Host-omniposto_session"
	}
	return "omniposto_session"
}

// checkOrigin refuses unsafe requests that another site made this browser send.
func (s *Server) checkOrigin(c *fiber.Ctx, m *op.Meta, byCookie bool) error {
	if m.Route.Method == fiber.MethodGet || m.Route.Method == fiber.MethodHead {
		return nil
	}
	site, origin := c.Get("Sec-Fetch-Site"), c.Get("Origin")
	switch {
	case site == "same-origin", site == "none" && origin == "":
	case site != "":
		return ErrOrigin
	case origin != "" && !s.ourOrigin(c, origin):
		return ErrOrigin
	case origin == "" && byCookie && c.Get("Referer") != "":
		return ErrOrigin
	}
	if c.Request().Header.ContentLength() != 0 && m.Shape != op.FileIn {
		if kind, _, _ := strings.Cut(c.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
			return ErrType
		}
	}
	return nil
}

func (s *Server) ourOrigin(c *fiber.Ctx, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if s.PublicURL != nil {
		return u.Scheme == s.PublicURL.Scheme && strings.EqualFold(u.Host, s.PublicURL.Host)
	}
	return strings.EqualFold(u.Host, string(c.Request().Header.Host()))
}

// actor finds out who calls and whether they may, within one look at the store. A key counts for nothing where nobody
// needs to be known.
func (s *Server) actor(ctx context.Context, call *op.Call, m *op.Meta, token string, key *apikey.Presented, param func(string) string) error {
	if m.Public != "" && token == "" {
		return nil
	}
	found := false
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		if key != nil {
			call.Actor, found = s.Guard.KeyActor(tx, *key)
			call.Via = "key"
		} else {
			call.Actor, found = s.Guard.Actor(tx, token)
			call.Via = "session"
		}
		if !found {
			call.Actor, call.Via = access.Actor{Kind: access.Nobody}, ""
			switch {
			case m.Public != "":
				return nil
			case key != nil:
				return apikey.ErrKey
			}
			return ErrSignedOut
		}
		if m.Public != "" {
			return nil
		}
		return s.permit(tx, call, m, param)
	})
	if found && m.Shape != op.Stream {
		s.Guard.Touch(ctx, call.Actor)
	}
	return err
}

func (s *Server) permit(tx store.ReadTx, call *op.Call, m *op.Meta, param func(string) string) error {
	if !slices.Contains(m.By, call.Actor.Kind) || call.Actor.Key != nil && m.StepUp.Within > 0 {
		return ErrSession // a key never counts as a proof of who is there
	}
	switch m.Scope {
	case op.OwnScope:
		if m.Permission == access.Own && !call.Actor.Through.Zero() && !m.ThroughSignOn {
			return ErrThrough
		}
		return nil
	case op.InstanceScope:
		if !call.Actor.MayOnInstance(m.Permission) {
			return ErrHidden
		}
		return nil
	case op.InOrganization:
		o, err := parseRef[ref.Organization](param("organization"))
		if err != nil {
			return ErrHidden
		}
		call.Organization = o
		if m.EvenBarred && call.Actor.Barred[o] == access.BarSignOn {
			return nil
		}
		if err := barred(call.Actor, o); err != nil {
			return err
		}
		if _, ok := call.Actor.Of(o); !ok {
			return ErrHidden
		}
		if !call.Actor.MayInOrganization(m.Permission, o) {
			return lacking(call.Actor, m.Permission)
		}
	case op.InWorkspace:
		w, err := parseRef[ref.Workspace](param("workspace"))
		if err != nil {
			return ErrHidden
		}
		o, ok := s.Guard.OrganizationOf(tx, w)
		if err := barred(call.Actor, o); err != nil {
			return err
		}
		if !ok || !call.Actor.Belongs(o, w) {
			return ErrHidden
		}
		call.Organization, call.Workspace = o, w
		if !call.Actor.MayInWorkspace(m.Permission, o, w) {
			return lacking(call.Actor, m.Permission)
		}
	}
	return nil
}

// barred says what keeps the session out of an organization that its person belongs to.
func barred(a access.Actor, o ref.Organization) error {
	switch a.Barred[o] {
	case access.BarSignOn:
		return ErrSignOn.With("organization", o.String())
	case access.BarFactor:
		return ErrEnrol.With("organization", o.String())
	case access.BarWay:
		return ErrWay.With("organization", o.String())
	case access.BarDevice:
		return ErrUnbound.With("organization", o.String())
	}
	return nil
}

func lacking(a access.Actor, p access.Permission) error {
	switch {
	case a.DraftsOnly() && (p == access.PostsPublish || p == access.PostsApprove):
		return apikey.ErrDraftsOnly
	case a.Key != nil:
		return ErrForbidden.Saying("This key doesn't allow this: it needs %s, among its scopes and among the rights of who made it.", p).With("permission", string(p))
	}
	return ErrForbidden.Saying("Your role doesn't allow this: it needs %s.", p).With("permission", string(p))
}

func parseRef[T any, P interface {
	*T
	UnmarshalText([]byte) error
}](text string) (T, error) {
	var id T
	if text == "" {
		return id, ErrHidden
	}
	return id, P(&id).UnmarshalText([]byte(text))
}

func (s *Server) rate(c *fiber.Ctx, m *op.Meta, call op.Call, prefix string) error {
	caller := prefix
	if call.Actor.Kind != access.Nobody && m.Rate != op.SignIn {
		caller = call.Actor.Caller()
	}
	header, err := s.limits.take(m.Rate, caller)
	c.Set("RateLimit", header)
	return err
}

// signed asks for the signature of the device that the session is tied to, where the operation needs a proof.
func (s *Server) signed(ctx context.Context, c *fiber.Ctx, call op.Call, m *op.Meta, body []byte) error {
	if !call.Actor.Bound || m.StepUp.Within == 0 && !m.Signed {
		return nil
	}
	ok := false
	err := s.DB.Update(ctx, func(tx store.Tx) error {
		ok = s.Guard.Signed(tx, call.Actor.Identity, call.Actor.Session, c.Get("Device-Key-Id"), c.Get("Device-Nonce"), c.Get("Device-Signature"), m.Route.Method, c.OriginalURL(), body)
		return nil
	})
	if err == nil && !ok {
		return ErrDevice
	}
	return err
}

// freshness asks for proof of who is acting where the operation wants it.
func (s *Server) freshness(ctx context.Context, call op.Call, m *op.Meta, hc huma.Context, body []byte) error {
	a := call.Actor
	switch {
	case m.StepUp.Within == 0 || a.Kind != access.Session:
		return nil
	case m.StepUp.Bound && !a.SecondFactor:
		return ErrEnrol.With("for", m.ID)
	case m.StepUp.Bound:
		return s.bound(ctx, call, m, lastParameter(m.Route.Path, hc.Param), body)
	case a.FreshMFA(call.Now, m.StepUp.Within):
		return nil
	case a.SecondFactor, len(a.Methods) > 0:
		return stepUp(m, "", a.Methods)
	case !m.StepUp.PasswordOK:
		return ErrEnrol.With("for", m.ID)
	case a.FreshPassword(call.Now, m.StepUp.Within):
		return nil
	}
	return stepUp(m, "", []string{"password"})
}

// bound asks for a proof that was given for this very object and body, and uses it up. A dry run only looks at it.
func (s *Server) bound(ctx context.Context, call op.Call, m *op.Meta, object string, body []byte) error {
	a, there := call.Actor, false
	var err error
	if call.DryRun {
		err = s.DB.View(ctx, func(tx store.ReadTx) error {
			there = s.Guard.Bound(tx, a.Identity, a.Session, m.ID, object, body)
			return nil
		})
	} else {
		err = s.DB.Update(ctx, func(tx store.Tx) error {
			there = s.Guard.Spend(tx, a.Identity, a.Session, m.ID, object, body)
			return nil
		})
	}
	if err != nil || there {
		return err
	}
	return stepUp(m, object, a.Methods)
}

// lastParameter is the value of the path's last parameter: the thing that the operation is done to.
func lastParameter(path string, param func(string) string) string {
	i := strings.LastIndex(path, "{")
	if i < 0 {
		return ""
	}
	return param(path[i+1 : i+strings.IndexByte(path[i:], '}')])
}

func stepUp(m *op.Meta, object string, methods []string) error {
	e := ErrStepUp.With("for", m.ID).With("methods", methods)
	if object != "" {
		e = e.With("object", object)
	}
	return e
}

// body bounds what comes in: read whole for JSON, as a counted stream for files.
func (s *Server) body(c *fiber.Ctx, m *op.Meta, call *op.Call, w *gatedContext) error {
	stream := c.Context().RequestBodyStream()
	if stream == nil {
		stream = bytes.NewReader(c.Request().Body())
	}
	if length := c.Request().Header.ContentLength(); length > 0 && int64(length) > m.MaxBody {
		return tooBig(c, stream)
	}
	if m.Shape == op.FileIn {
		call.Body = &bounded{from: stream, left: m.MaxBody, alive: func() {
			_ = c.Context().Conn().SetReadDeadline(clock.System().Now().Add(uploadPause))
		}}
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(stream, m.MaxBody+1))
	if err != nil {
		return fail.Malformed("malformed", "The body didn't arrive whole.")
	}
	if int64(len(body)) > m.MaxBody {
		return tooBig(c, stream)
	}
	w.body = body
	return nil
}

// tooBig refuses the body. It swallows some of what is still on the way first: a client that meets a closed connection while it
// writes never reads the answer.
func tooBig(c *fiber.Ctx, stream io.Reader) error {
	c.Context().SetConnectionClose()
	_ = c.Context().Conn().SetReadDeadline(clock.System().Now().Add(swallowTime))
	_, _ = io.CopyN(io.Discard, stream, swallowBytes)
	return errTooBig
}

const (
	swallowTime  = 5 * time.Second
	swallowBytes = 16 << 20
	swallowRest  = 256 << 10 // of a body that nobody read
)

const uploadPause = 30 * time.Second // how long an upload may stand still

// bounded counts a streamed body and keeps its connection alive while bytes come.
type bounded struct {
	from  io.Reader
	left  int64
	alive func()
}

// Read implements io.Reader; past the bound it is an error that says so.
func (b *bounded) Read(p []byte) (int, error) {
	b.alive()
	if b.left < 0 {
		return 0, errTooBig
	}
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooBig
	}
	return n, err
}

// modifiers reads If-Match and dry_run.
func (s *Server) modifiers(c *fiber.Ctx, m *op.Meta, call *op.Call) error {
	if match := c.Get("If-Match"); match != "" {
		v, err := strconv.ParseInt(strings.Trim(match, `"`), 10, 64)
		if err != nil || v < 1 || !strings.HasPrefix(match, `"`) || !strings.HasSuffix(match, `"`) {
			return ErrMatchForm
		}
		call.Match = v
	} else if m.Versioned {
		return op.ErrMatch
	}
	switch c.Query("dry_run") {
	case "", "false":
	case "true":
		if !m.Writes() || m.NoDryRunWhy != "" {
			return ErrNoDryRun.At("dry_run", "leave it out here")
		}
		call.DryRun = true
		c.Locals(dryLocal, true)
	default:
		return fail.Invalid("invalid", "Some fields need another value.").At("dry_run", "true or false")
	}
	return nil
}

// gatedContext hands huma the body that the gate read, and hides dry_run, which the gate answers to.
type gatedContext struct {
	inner
	body []byte
}

// inner is huma.Context under another name, because its method Context would hide an embedded field of that name.
type inner huma.Context

// BodyReader implements huma.Context.
func (g *gatedContext) BodyReader() io.Reader { return bytes.NewReader(g.body) }

// Unwrap lets the adapter find its own context.
func (g *gatedContext) Unwrap() huma.Context { return g.inner }

// URL implements huma.Context.
func (g *gatedContext) URL() url.URL {
	u := g.inner.URL()
	if strings.Contains(u.RawQuery, "dry_run") {
		q := u.Query()
		q.Del("dry_run")
		u.RawQuery = q.Encode()
	}
	return u
}

// agentFamily keeps a word of the browser's name and nothing else.
func agentFamily(agent string) string {
	for _, f := range [...]struct{ sign, name string }{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"},
		{"Safari/", "Safari"}, {"omniposto/", "omniposto"}, {"curl/", "curl"}, {"Go-http-client", "Go"}, {"python", "Python"}} {
		if strings.Contains(agent, f.sign) {
			return f.name
		}
	}
	return "other"
}
