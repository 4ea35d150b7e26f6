package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/apikey"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Guard knows sessions and tenants; packages identity and organization are behind it.
type Guard interface {
	// Actor loads who holds the session token. ok is false for an unknown or ended session.
	Actor(tx store.ReadTx, token string) (a access.Actor, ok bool)
	// KeyActor loads whose key this is. ok is false for an unknown, ended or powerless one.
	KeyActor(tx store.ReadTx, key apikey.Presented) (a access.Actor, ok bool)
	// Touch notes that the session or key was used. It may write.
	Touch(ctx context.Context, a access.Actor)
	// OrganizationOf tells which organization a workspace belongs to.
	OrganizationOf(tx store.ReadTx, w ref.Workspace) (ref.Organization, bool)
	// Bound says whether a step-up was given for this operation's object and body.
	Bound(tx store.ReadTx, who ref.Identity, id ref.Session, operation, object string, body []byte) bool
	// Signed says whether the session's device signed the request, and uses the nonce up.
	Signed(tx store.Tx, who ref.Identity, id ref.Session, key, nonce, signature, method, address string, body []byte) bool
	// Spend uses such a step-up up; it says no when there is none left.
	Spend(tx store.Tx, who ref.Identity, id ref.Session, operation, object string, body []byte) bool
}

// Files finds the files of the web interface.
type Files func(path, acceptEncoding string) (File, bool)

// File is one file of the web interface as it goes out.
type File struct {
	Body      []byte
	MIME      string
	Encoding  string // "", gzip, br
	ETag      string
	Immutable bool
}

// Deps is what a server uses.
type Deps struct {
	DB         *store.DB
	Clock      clock.Clock
	Guard      Guard
	Operations []op.Operation
	Cursors    *op.Cursors
	Files      Files
	Log        *slog.Logger
	PublicURL  *url.URL // nil: only loopback names are answered
	Proxies    []string // CIDRs whose forwarded address is believed
	Build      string
	RateFactor float64                           // multiplies every limit; 1 in the product
	Ready      func(context.Context) error       // for /readyz
	State      func() string                     // "" or a word for a header on every answer, like read-only
	Metrics    func() (body []byte, mime string) // for /metrics
	MetricsKey string                            // the bearer token /metrics asks for
	Committed  func()                            // told after an operation that may have written
}

// Server answers HTTP.
type Server struct {
	Deps
	app     *fiber.App
	huma    huma.API
	limits  *limits
	proxies *proxies
	streams context.Context
	stop    context.CancelFunc
}

const (
	headerBytes = 16 << 10
	prefetch    = 64 << 10 // bodies up to this size are read before the handler runs
	readTime    = 10 * time.Second
	idleTime    = 60 * time.Second
)

// New builds the server and mounts all operations. A mistake in the declarations panics here, at start.
func New(d Deps) (*Server, error) {
	p, err := newProxies(d.Proxies)
	if err != nil {
		return nil, err
	}
	if d.RateFactor == 0 {
		d.RateFactor = 1
	}
	s := &Server{Deps: d, limits: newLimits(d.Clock, d.RateFactor), proxies: p}
	s.streams, s.stop = context.WithCancel(context.Background())
	s.app = fiber.New(fiber.Config{
		AppName: "Omni Posto", ServerHeader: "", DisableStartupMessage: true, Immutable: true, StrictRouting: true, CaseSensitive: true,
		StreamRequestBody: true, BodyLimit: prefetch, ReadBufferSize: headerBytes, ReadTimeout: readTime, IdleTimeout: idleTime,
		ErrorHandler: s.refuse, UnescapePath: false, DisableDefaultDate: true, DisableDefaultContentType: true, Concurrency: 16384,
	})
	s.app.Use(s.outer)
	s.app.Get("/healthz", s.health)
	s.app.Get("/readyz", s.ready)
	s.app.Get("/metrics", s.metrics)
	s.huma = humafiber.New(s.app, humaConfig())
	document(s.huma)
	op.Bind(op.Binder{API: s.huma, Gate: s.gate, After: s.after, Send: s.sendFile, Stream: s.sendEvents}, d.Operations)
	s.app.Get("/api/openapi.json", s.openapi)
	s.app.All("/api/*", func(*fiber.Ctx) error { return errNoRoute })
	s.docs()
	s.app.Get("/*", s.files)
	s.app.All("/*", func(*fiber.Ctx) error { return errNoRoute })
	return s, nil
}

var (
	errNoRoute = fail.NotFound("not_found", "There is nothing at this address.")
	errMethod  = &fail.Error{Kind: fail.KindMethod, Code: "method_not_allowed", Message: "This address doesn't take this method."}
	errTooBig  = fail.TooLarge("too_large", "The request is larger than this address takes.")
)

// Serve answers on the listener until Shutdown.
func (s *Server) Serve(l net.Listener) error { return s.app.Listener(l) }

// Shutdown ends the streams, lets running requests finish and closes.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	return s.app.ShutdownWithContext(ctx)
}

// asked is the request's id and instant, kept in the Fiber locals.
const askedLocal = "asked"

// outer runs around everything: request id, panic boundary, security headers, Host.
func (s *Server) outer(c *fiber.Ctx) (err error) {
	now := s.Clock.Now()
	asked := op.Asked{Request: ref.Mint[ref.Request](now), Now: now}
	c.Locals(askedLocal, asked)
	c.SetUserContext(context.WithValue(s.streams, op.Asked{}, asked))
	s.headers(c, asked)
	defer leaveNoRest(c)
	defer s.noteRefusal(c)
	defer func() {
		if r := recover(); r != nil {
			s.Log.Error("panic in a request", "request", asked.Request.String(), "route", c.Route().Path, "panic", panicText(r), "stack", string(debug.Stack()))
			err = s.refuse(c, op.ErrAudit)
		}
	}()
	if err := s.checkHost(c); err != nil {
		return s.refuse(c, err)
	}
	if err := c.Next(); err != nil {
		return s.refuse(c, err)
	}
	s.finish(c)
	return nil
}

// leaveNoRest sees to it that nothing of this request's body is taken for the next request on the connection: fasthttp goes on to
// read where the handler stopped. A little is swallowed; for more, and for a body without a length, the connection ends.
func leaveNoRest(c *fiber.Ctx) {
	stream := c.Context().RequestBodyStream()
	if stream == nil {
		return
	}
	if length := c.Request().Header.ContentLength(); length >= 0 {
		_ = c.Context().Conn().SetReadDeadline(clock.System().Now().Add(swallowTime))
		if n, err := io.CopyN(io.Discard, stream, swallowRest+1); n <= swallowRest && errors.Is(err, io.EOF) {
			return
		}
	}
	c.Context().SetConnectionClose()
}

// panicText keeps the panic's type and an error's text; a value of another type may hold anything.
func panicText(r any) string {
	if err, ok := r.(error); ok {
		return err.Error()
	}
	if s, ok := r.(string); ok {
		return s
	}
	return "a value that is no error"
}

// refuse answers any error as a problem; Fiber's own end here too.
func (s *Server) refuse(c *fiber.Ctx, err error) error {
	var fe *fiber.Error
	if errors.As(err, &fe) {
		switch fe.Code {
		case fiber.StatusNotFound:
			err = errNoRoute
		case fiber.StatusMethodNotAllowed:
			err = errMethod
		case fiber.StatusRequestEntityTooLarge, fiber.StatusRequestHeaderFieldsTooLarge:
			err = errTooBig
		default:
			err = fail.Malformed("malformed", "The request isn't readable.")
		}
	}
	p := *op.Of(err)
	asked, _ := c.Locals(askedLocal).(op.Asked)
	if asked.Request.Zero() { // refused before the chain began
		asked = op.Asked{Request: ref.Mint[ref.Request](s.Clock.Now()), Now: s.Clock.Now()}
		s.headers(c, asked)
	}
	p.RequestID = asked.Request.String()
	if after := p.RetryAfter(asked.Now); after != "" {
		c.Set("Retry-After", after)
	}
	if p.Status >= 500 && p.Status != fiber.StatusServiceUnavailable {
		s.Log.Error("request failed", "request", p.RequestID, "route", c.Route().Path, "error", err.Error())
	}
	c.Status(p.Status)
	if err := c.JSON(&p); err != nil {
		return err
	}
	c.Set("Content-Type", "application/problem+json")
	return nil
}

// after notes what an operation ended with and wakes whoever follows the log.
func (s *Server) after(call op.Call, err error) {
	if err != nil {
		if rerr := call.Release(s.streams, s.DB); rerr != nil {
			s.Log.Warn("an idempotency reservation stays until it ages", "request", call.Request.String(), "error", rerr.Error())
		}
		if p := op.Of(err); p.Status >= 500 && p.Status != fiber.StatusServiceUnavailable {
			s.Log.Error("operation failed", "operation", call.Meta.ID, "request", call.Request.String(), "error", err.Error())
		}
		return
	}
	if (call.Meta.Writes() || len(call.Meta.Actions) > 0) && s.Committed != nil {
		s.Committed()
	}
}

func humaConfig() huma.Config {
	c := huma.DefaultConfig("Omni Posto", "1")
	c.Info.Description = "Everything that the web interface does, for programs."
	c.Info.Version = "1"
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.CreateHooks = nil
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Formats = map[string]huma.Format{"application/json": op.JSONFormat, "json": op.JSONFormat}
	c.DefaultFormat = "application/json"
	return c
}

// document adds what all operations share.
func document(api huma.API) {
	o := api.OpenAPI()
	o.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "omniposto_session", Description: "The session cookie of a browser; __Host-omniposto_session over TLS."},
		"key":     {Type: "http", Scheme: "bearer", Description: "An API key."},
	}
	op.DescribeProblem(o)
}
