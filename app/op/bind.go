package op

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/omniposto/omniposto/app/access"
)

// Binder is what package api gives to mount operations.
type Binder struct {
	API    huma.API
	Gate   func(huma.Context, *Meta) (Call, huma.Context, error) // turns a request into a Call, or refuses
	After  func(Call, error)                                     // told when the function returned
	Send   func(huma.Context, *File)
	Stream func(huma.Context, Events)
}

// Replay is the gate's word that the request was answered before.
type Replay struct{ Answer json.RawMessage }

// Error implements error.
func (*Replay) Error() string { return "answered before" }

func (r *Replay) write(hc huma.Context, m *Meta) {
	hc.SetHeader("Content-Type", "application/json")
	hc.SetHeader("Idempotency-Replayed", "true")
	status := http.StatusOK
	if m.Created {
		status = http.StatusCreated
	}
	hc.SetStatus(status)
	_, _ = hc.BodyWriter().Write(append(r.Answer, '\n'))
}

// File is an answer that is no JSON.
type File struct {
	Name     string
	MIME     string
	Size     int64
	ETag     string
	Download bool // tell the browser to save it, whatever its type
	NoStore  bool // nobody keeps a copy
	From     io.ReadSeekCloser
}

// Events sends until it returns; send fails when the listener is gone.
type Events func(ctx context.Context, send func(name string, value any) error) error

// Bind mounts the operations.
func Bind(b Binder, operations []Operation) {
	prepareProblems()
	for _, o := range operations {
		o.bind(b, o.Meta)
	}
}

type callKey struct{}

// headersKey finds the function that sets a header of the answer.
type headersKey struct{}

// gated runs the gate as middleware, so that nobody's input is parsed before it is known who sent it.
func gated(b Binder, m *Meta) huma.Middlewares {
	return huma.Middlewares{func(hc huma.Context, next func(huma.Context)) {
		call, hc2, err := b.Gate(hc, m)
		var again *Replay
		switch {
		case errors.As(err, &again):
			again.write(hc, m)
			return
		case err != nil:
			WriteProblem(hc, err)
			return
		}
		next(huma.WithValue(huma.WithValue(hc2, callKey{}, call), headersKey{}, hc.SetHeader))
	}}
}

func described(b Binder, m *Meta) huma.Operation {
	o := huma.Operation{OperationID: m.ID, Method: m.Route.Method, Path: m.Path(), Summary: m.Summary, Description: m.Description,
		MaxBodyBytes: m.MaxBody, Middlewares: gated(b, m), RejectUnknownQueryParameters: true,
		Tags: []string{noun(m.ID)}, Extensions: map[string]any{}}
	if m.Created {
		o.DefaultStatus = http.StatusCreated
	}
	switch {
	case m.Public != "":
		o.Extensions["x-public"] = m.Public
	default:
		o.Extensions["x-permission"] = string(m.Permission)
		o.Security = []map[string][]string{{"session": {}}}
		for _, k := range m.By {
			if k == access.APIKey {
				o.Security = append(o.Security, map[string][]string{"key": {}})
			}
		}
	}
	o.Extensions["x-scope"] = string(m.Scope)
	if len(m.Actions) > 0 {
		o.Extensions["x-audits"] = m.Actions
	}
	if m.StepUp.Within > 0 {
		o.Extensions["x-step-up"] = m.StepUp.Within.String()
	}
	o.Responses = map[string]*huma.Response{"default": {Description: "A problem", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: &huma.Schema{Ref: "#/components/schemas/Problem"}}}}}
	if codes := m.codes(); len(codes) > 0 {
		o.Extensions["x-errors"] = codes
	}
	if m.Writes() && m.NoDryRunWhy == "" {
		o.Parameters = append(o.Parameters, &huma.Param{Name: "dry_run", In: "query", Description: "Validate and answer what would happen, writing nothing.", Schema: &huma.Schema{Type: "boolean"}})
	}
	if m.Versioned {
		o.Parameters = append(o.Parameters, &huma.Param{Name: "If-Match", In: "header", Required: true, Description: "The version that was read, in quotes.", Schema: &huma.Schema{Type: "string", MaxLength: ptr(32)}})
	}
	if m.Created {
		o.Parameters = append(o.Parameters, &huma.Param{Name: "Idempotency-Key", In: "header", Description: "Makes a repetition answer what the first one did. Kept for 24 hours.", Schema: &huma.Schema{Type: "string", MaxLength: ptr(128)}})
	}
	return o
}

func ptr[T any](v T) *T { return &v }

func noun(id string) string {
	for i, r := range id {
		if r == '.' {
			return id[:i]
		}
	}
	return id
}

func (m *Meta) codes() []string {
	var out []string
	for _, e := range m.Errors {
		out = append(out, e.Code)
	}
	return out
}

// Versioned things put their version into the ETag.
type Versioned interface{ ETagVersion() int64 }

type answer[Out any] struct {
	ETag    string   `header:"ETag"`
	Cookies []string `header:"Set-Cookie"`
	Body    Out
}

type nothing struct {
	Cookies []string `header:"Set-Cookie"`
}

func register[In, Out any](b Binder, m Meta, fn func(context.Context, Call, *In) (*Out, error)) {
	meta := &m
	o := described(b, meta)
	run := func(ctx context.Context, in *In) (*Out, Call, error) {
		call := ctx.Value(callKey{}).(Call)
		out, err := fn(ctx, call, in)
		b.After(call, err)
		return out, call, err
	}
	var zero Out
	if _, none := any(zero).(None); none {
		huma.Register(b.API, o, func(ctx context.Context, in *In) (*nothing, error) {
			_, call, err := run(ctx, in)
			if err != nil {
				return nil, problemOf(ctx, err)
			}
			return &nothing{Cookies: call.reply.Cookies}, nil
		})
	} else {
		huma.Register(b.API, o, func(ctx context.Context, in *In) (*answer[Out], error) {
			out, call, err := run(ctx, in)
			if err != nil {
				return nil, problemOf(ctx, err)
			}
			for name, value := range call.reply.Headers {
				if set, ok := ctx.Value(headersKey{}).(func(string, string)); ok {
					set(name, value)
				}
			}
			a := &answer[Out]{Cookies: call.reply.Cookies, Body: *out}
			if v, ok := any(out).(Versioned); ok {
				a.ETag = strconv.Quote(strconv.FormatInt(v.ETagVersion(), 10))
			}
			return a, nil
		})
	}
	exemplify(b.API, meta)
}

// exemplify puts the examples into the document where a reader looks for them.
func exemplify(api huma.API, m *Meta) {
	item := api.OpenAPI().Paths[m.Path()]
	if item == nil {
		return
	}
	o := map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete, "HEAD": item.Head}[m.Route.Method]
	if o == nil {
		return
	}
	if m.ExampleIn != nil && o.RequestBody != nil {
		for _, content := range o.RequestBody.Content {
			content.Example = m.ExampleIn
		}
	}
	for status, r := range o.Responses {
		if status != "default" && m.ExampleOut != nil {
			for _, content := range r.Content {
				content.Example = m.ExampleOut
			}
		}
	}
}

func registerFile[In any](b Binder, m Meta, fn func(context.Context, Call, *In) (*File, error)) {
	meta := &m
	o := described(b, meta)
	o.Responses["200"] = &huma.Response{Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}
	huma.Register(b.API, o, func(ctx context.Context, in *In) (*huma.StreamResponse, error) {
		call := ctx.Value(callKey{}).(Call)
		f, err := fn(ctx, call, in)
		b.After(call, err)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			for name, value := range call.reply.Headers {
				hc.SetHeader(name, value)
			}
			b.Send(hc, f)
		}}, nil
	})
}

type onward struct {
	Location string   `header:"Location"`
	Cookies  []string `header:"Set-Cookie"`
}

func registerRedirect[In any](b Binder, m Meta, fn func(context.Context, Call, *In) (string, error)) {
	meta := &m
	o := described(b, meta)
	o.DefaultStatus = http.StatusSeeOther
	huma.Register(b.API, o, func(ctx context.Context, in *In) (*onward, error) {
		call := ctx.Value(callKey{}).(Call)
		to, err := fn(ctx, call, in)
		b.After(call, err)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return &onward{Location: to, Cookies: call.reply.Cookies}, nil
	})
}

func registerStream[In any](b Binder, m Meta, fn func(context.Context, Call, *In) (Events, error)) {
	meta := &m
	o := described(b, meta)
	o.Responses["200"] = &huma.Response{Description: "Events as they happen", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: "string"}}}}
	huma.Register(b.API, o, func(ctx context.Context, in *In) (*huma.StreamResponse, error) {
		call := ctx.Value(callKey{}).(Call)
		events, err := fn(ctx, call, in)
		b.After(call, err)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) { b.Stream(hc, events) }}, nil
	})
}

// JSONFormat is the one format of the API: strict about what comes in.
var JSONFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(v)
	},
	Unmarshal: func(data []byte, v any) error {
		if err := strictJSON(data); err != nil {
			return err
		}
		return json.Unmarshal(data, v)
	},
}
