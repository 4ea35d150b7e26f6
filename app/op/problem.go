package op

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Problem is an RFC 9457 answer.
type Problem struct {
	Type      string         `json:"type" doc:"A page that explains the code."`
	Title     string         `json:"title" doc:"The status in words."`
	Status    int            `json:"status"`
	Detail    string         `json:"detail" doc:"What happened and what to do, for a person."`
	Code      string         `json:"code" doc:"Stable; made for programs."`
	RequestID string         `json:"request_id,omitempty" doc:"Name it when you ask for help."`
	Errors    []ProblemField `json:"errors,omitempty" doc:"What is wrong where."`
	more      map[string]any
	until     time.Time
	cause     error
}

// ProblemField is one thing wrong with a request.
type ProblemField struct {
	Pointer   string `json:"pointer,omitempty" doc:"JSON pointer into the body."`
	Parameter string `json:"parameter,omitempty" doc:"Name of the path, query or header parameter."`
	Message   string `json:"message"`
}

// statuses is the one table from kind to status.
var statuses = map[fail.Kind]int{
	fail.KindInternal: 500, fail.KindInvalid: 422, fail.KindMalformed: 400, fail.KindUnauthenticated: 401, fail.KindForbidden: 403,
	fail.KindNotFound: 404, fail.KindConflict: 409, fail.KindGone: 410, fail.KindStale: 412, fail.KindTooLarge: 413,
	fail.KindUnsupported: 415, fail.KindPreconditionRequired: 428, fail.KindLimit: 429, fail.KindUnavailable: 503,
	fail.KindRange: 416, fail.KindMethod: 405,
}

// StatusOf is the HTTP status of a declared error.
func StatusOf(e *fail.Error) int { return statuses[e.Kind] }

// Errors of the store that a person can understand.
var (
	ErrReadOnly = fail.Unavailable("read_only", "The disk is full, so nothing can be saved right now. What is there can be read; free some space and it goes on by itself.")
	ErrStopping = fail.Unavailable("stopping", "The server is stopping. Try again in a moment.")
)

// Of turns any error into a problem. An unknown one is internal and says nothing; its cause is for the log.
func Of(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	f := fail.As(err)
	switch {
	case f != nil:
	case errors.Is(err, store.ErrFull):
		f = ErrReadOnly
	case errors.Is(err, store.ErrClosed), errors.Is(err, store.ErrBroken), errors.Is(err, context.Canceled):
		f = ErrStopping.Because(err)
	default:
		f = ErrAudit.Because(err)
	}
	status := statuses[f.Kind]
	p = &Problem{Type: "/docs/errors#" + f.Code, Title: http.StatusText(status), Status: status, Detail: f.Message, Code: f.Code, more: f.More, until: f.Until, cause: err}
	for _, field := range f.Fields {
		pf := ProblemField{Pointer: field.Pointer, Message: field.Message}
		if !strings.HasPrefix(field.Pointer, "/") {
			pf.Pointer, pf.Parameter = "", field.Pointer
		}
		p.Errors = append(p.Errors, pf)
	}
	return p
}

// Error implements error.
func (p *Problem) Error() string {
	if p.cause != nil {
		return p.cause.Error()
	}
	return p.Code + ": " + p.Detail
}

// Unwrap gives the cause, for the log.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// MarshalJSON adds the extension members.
func (p *Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	raw, err := json.Marshal((*plain)(p))
	if err != nil || len(p.more) == 0 {
		return raw, err
	}
	all := map[string]any{}
	maps.Copy(all, p.more)
	var own map[string]any
	if err := json.Unmarshal(raw, &own); err != nil {
		return nil, err
	}
	maps.Copy(all, own)
	return json.Marshal(all)
}

// RetryAfter is the header's value in whole seconds, or "".
func (p *Problem) RetryAfter(now time.Time) string {
	if p.until.IsZero() {
		return ""
	}
	return strconv.FormatInt(max(1, int64(p.until.Sub(now)/time.Second)), 10)
}

func problemOf(ctx context.Context, err error) error {
	p := *Of(err)
	if c, ok := ctx.Value(callKey{}).(Call); ok {
		p.RequestID = c.Request.String()
		if after := p.RetryAfter(c.Now); after != "" {
			h := http.Header{"Retry-After": {after}}
			if limit, ok := p.more["rate_limit"].(string); ok {
				h.Set("RateLimit", limit) // beside the one of requests: a list of limits
			}
			return huma.ErrorWithHeaders(&p, h)
		}
	}
	return &p
}

// WriteProblem answers with the problem of err.
func WriteProblem(hc huma.Context, err error) {
	p := *Of(err)
	if asked, ok := hc.Context().Value(Asked{}).(Asked); ok {
		p.RequestID = asked.Request.String()
		if after := p.RetryAfter(asked.Now); after != "" {
			hc.SetHeader("Retry-After", after)
		}
	}
	hc.SetHeader("Content-Type", "application/problem+json")
	hc.SetStatus(p.Status)
	_ = json.NewEncoder(hc.BodyWriter()).Encode(&p)
}

// Asked is which request this is and when it came; its zero value is its key in a context.
type Asked struct {
	Request ref.Request
	Now     time.Time
}

var prepareProblems = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.NewErrorWithContext = func(hc huma.Context, status int, msg string, errs ...error) huma.StatusError {
		p := fromHuma(status, msg, errs)
		if c, ok := hc.Context().Value(callKey{}).(Call); ok {
			p.RequestID = c.Request.String()
		}
		return p
	}
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError { return fromHuma(status, msg, errs) }
})

// fromHuma makes huma's own refusals ours: pointers instead of locations, and never the rejected value.
func fromHuma(status int, msg string, errs []error) *Problem {
	code := map[int]string{400: "malformed", 406: "not_acceptable", 413: "too_large", 415: "unsupported_type", 422: "invalid", 408: "timeout"}[status]
	if code == "" || status >= 500 {
		return &Problem{Type: "/docs/errors#internal", Title: http.StatusText(500), Status: 500, Detail: ErrAudit.Message, Code: "internal", cause: errors.Join(append(errs, errors.New(msg))...)}
	}
	detail := map[string]string{"invalid": "Some fields need another value.", "malformed": "The body isn't readable JSON."}[code]
	if detail == "" {
		detail = http.StatusText(status) + "."
	}
	p := &Problem{Type: "/docs/errors#" + code, Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			p.Errors = append(p.Errors, fieldOf(d.ErrorDetail()))
		} else {
			p.Errors = append(p.Errors, ProblemField{Message: err.Error()})
		}
	}
	return p
}

func fieldOf(d *huma.ErrorDetail) ProblemField {
	where, rest, _ := strings.Cut(d.Location, ".")
	if bracket, tail, ok := strings.Cut(where, "["); ok {
		where, rest = bracket, "["+tail+dotted(rest)
	}
	if where != "body" {
		return ProblemField{Parameter: rest, Message: d.Message}
	}
	pointer := strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(rest)
	return ProblemField{Pointer: "/" + strings.TrimPrefix(pointer, "/"), Message: d.Message}
}

func dotted(rest string) string {
	if rest == "" {
		return ""
	}
	return "." + rest
}

// DescribeProblem adds the problem's schema to the document.
func DescribeProblem(o *huma.OpenAPI) {
	prepareProblems()
	o.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
}
