package api

import (
	"bytes"
	"cmp"
	_ "embed" // the reference's style
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"

	"github.com/omniposto/omniposto/app/apikey"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/op"
)

// Reference writes the operations as a page of Markdown: what each is for, what it needs, and what it may answer.
func Reference(operations []op.Operation) string {
	var b strings.Builder
	b.WriteString("# Operations\n\nEvery operation of the API. The web interface, scripts and the command line (`omniposto call ID --field value`) use the same ones.\n" +
		"The machine-readable form is `/api/openapi.json`; the codes of refusals are explained in [errors](errors.md).\n")
	noun := ""
	for _, o := range operations {
		if n, _, _ := strings.Cut(o.ID, "."); n != noun {
			noun = n
			fmt.Fprintf(&b, "\n## %s\n", strings.ReplaceAll(noun, "_", " "))
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s. %s\n\n    %s %s\n\n", o.ID, o.Summary, o.Description, o.Route.Method, o.Path())
		facts := []string{}
		if o.Public != "" {
			facts = append(facts, "needs no sign-in: "+o.Public)
		} else {
			facts = append(facts, fmt.Sprintf("needs `%s` (%s)", o.Permission, o.Scope))
		}
		if o.StepUp.Within > 0 {
			word := "a second factor"
			if o.StepUp.PasswordOK {
				word += " or, without one, the password"
			}
			facts = append(facts, fmt.Sprintf("asks for %s given in the last %s", word, strings.TrimSuffix(o.StepUp.Within.String(), "0s")))
		}
		for _, a := range o.Actions {
			facts = append(facts, fmt.Sprintf("leaves `%s` in the audit log", a))
		}
		if o.Versioned {
			facts = append(facts, "needs `If-Match`")
		}
		if o.NoDryRunWhy != "" {
			facts = append(facts, "has no `dry_run`: "+o.NoDryRunWhy)
		}
		for _, f := range facts {
			fmt.Fprintf(&b, "- %s\n", f)
		}
		if codes := codesOf(o); len(codes) > 0 {
			fmt.Fprintf(&b, "- may answer %s\n", strings.Join(codes, ", "))
		}
		example(&b, "Send", o.ExampleIn)
		example(&b, "Answer", o.ExampleOut)
	}
	return b.String()
}

func codesOf(o op.Operation) []string {
	var out []string
	for _, e := range o.Errors {
		if link := fmt.Sprintf("[`%s`](errors.md#%s)", e.Code, e.Code); !slices.Contains(out, link) {
			out = append(out, link)
		}
	}
	return out
}

func example(b *strings.Builder, title string, v any) {
	if v == nil {
		return
	}
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return
	}
	fmt.Fprintf(b, "\n%s:\n\n```json\n%s\n```\n", title, raw)
}

// general are refusals that any operation may answer.
var general = []*fail.Error{ErrSignedOut, ErrOrigin, ErrType, ErrHidden, ErrForbidden, ErrStepUp, ErrEnrol, ErrSignOn, ErrWay, ErrThrough, ErrSession, ErrTwo, ErrAddressKey, apikey.ErrKey, ErrMatchForm, ErrNoDryRun, ErrKeyForm, errHost, errRate, errTooBig,
	errNoRoute, errMethod, errRange, op.ErrStale, op.ErrMatch, op.ErrCursor, op.ErrKeyReused, op.ErrKeyRunning, op.ErrKeySecret, op.ErrReadOnly, op.ErrStopping, op.ErrAudit,
	fail.Invalid("invalid", "Some fields need another value: errors names each."), fail.Malformed("malformed", "The body isn't readable JSON.")}

// Errors writes every code as a page of Markdown.
func Errors(operations []op.Operation) string {
	byCode := map[string]*fail.Error{}
	from := map[string][]string{}
	for _, e := range general {
		byCode[e.Code] = e
	}
	for _, o := range operations {
		for _, e := range o.Errors {
			byCode[e.Code] = e
			if !slices.Contains(from[e.Code], o.ID) {
				from[e.Code] = append(from[e.Code], o.ID)
			}
		}
	}
	codes := make([]string, 0, len(byCode))
	for code := range byCode {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, cmp.Compare)
	var b strings.Builder
	b.WriteString("# Errors\n\nEvery refusal is an `application/problem+json` document (RFC 9457) with a stable `code`, a `detail` for a person, a `request_id`, and in `errors` what is wrong where.\n")
	for _, code := range codes {
		e := byCode[code]
		fmt.Fprintf(&b, "\n## %s\n\n%d. %s\n", code, op.StatusOf(e), e.Message)
		if ids := from[code]; len(ids) > 0 {
			fmt.Fprintf(&b, "\nAnswered by `%s`.\n", strings.Join(ids, "`, `"))
		}
	}
	return b.String()
}

//go:embed reference.css
var referenceStyle []byte

// page renders Markdown as a whole page of ours.
func page(title, markdown string) []byte {
	m := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	var body bytes.Buffer
	if err := m.Convert([]byte(strings.ReplaceAll(markdown, "errors.md", "/docs/errors")), &body); err != nil {
		return []byte(html.EscapeString(markdown))
	}
	return fmt.Appendf(nil, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>%s</title><link rel=\"stylesheet\" href=\"/docs/style.css\"><main>%s</main></html>", title, body.Bytes())
}

// docs serves the reference from the binary.
func (s *Server) docs() {
	operations := sync.OnceValue(func() []byte { return page("Operations", Reference(s.Operations)) })
	errors := sync.OnceValue(func() []byte { return page("Errors", Errors(s.Operations)) })
	send := func(body func() []byte, mime string) fiber.Handler {
		return func(c *fiber.Ctx) error {
			c.Set("Content-Type", mime)
			return c.Send(body())
		}
	}
	s.app.Get("/docs", send(operations, "text/html; charset=utf-8"))
	s.app.Get("/docs/errors", send(errors, "text/html; charset=utf-8"))
	s.app.Get("/docs/style.css", send(func() []byte { return referenceStyle }, "text/css; charset=utf-8"))
}
