// Package fail is what an error says to a person: a kind, a stable code, a sentence that tells what to do, and the
// field it is about. Nouns declare their own; package api turns a kind into a status in one place. An error that is
// no *Error is internal and says nothing.
package fail

import (
	"errors"
	"fmt"
	"time"
)

// Kind groups errors by what the caller can do about them.
type Kind byte

// The kinds; api maps each to one HTTP status.
const (
	KindInternal             Kind = iota // 500
	KindInvalid                          // 422
	KindMalformed                        // 400
	KindUnauthenticated                  // 401
	KindForbidden                        // 403
	KindNotFound                         // 404
	KindConflict                         // 409
	KindGone                             // 410
	KindStale                            // 412
	KindTooLarge                         // 413
	KindUnsupported                      // 415
	KindPreconditionRequired             // 428
	KindLimit                            // 429
	KindUnavailable                      // 503
	KindRange                            // 416
	KindMethod                           // 405
)

// Field is one thing that is wrong with a request.
type Field struct {
	Pointer string `json:"pointer"` // RFC 6901 JSON pointer into the body, or a parameter's name
	Message string `json:"message"` // what is wrong and what to do
	Code    string `json:"code,omitempty"`
}

// Error is an error with words for a person. Values are shared: the With… methods return a changed copy.
type Error struct {
	Kind    Kind
	Code    string         // stable, snake_case
	Message string         // a sentence for a person
	Fields  []Field        // what is wrong where
	Until   time.Time      // for limits: when to try again
	More    map[string]any // extension members of the problem document, like "next_at"
	cause   error
}

// Error is for the log; it holds the code and the cause, not the person's sentence alone.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %v", e.Code, e.cause)
	}
	return e.Code + ": " + e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is makes a changed copy equal to the declared error of the same code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code && t.Kind == e.Kind
}

// Because returns a copy that wraps cause; the cause is logged and never shown.
func (e *Error) Because(cause error) *Error { c := *e; c.cause = cause; return &c }

// At returns a copy that points at one field of the request.
func (e *Error) At(pointer, message string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{Pointer: pointer, Message: message})
	return &c
}

// Saying returns a copy with other words.
func (e *Error) Saying(format string, args ...any) *Error {
	c := *e
	c.Message = fmt.Sprintf(format, args...)
	return &c
}

// After returns a copy that says when to try again.
func (e *Error) After(at time.Time) *Error { c := *e; c.Until = at; return &c }

// With returns a copy with one extension member.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.More = map[string]any{}
	for k, v := range e.More {
		c.More[k] = v
	}
	c.More[key] = value
	return &c
}

func newError(k Kind, code, message string) *Error {
	return &Error{Kind: k, Code: code, Message: message}
}

// Invalid is 422: understood, but it breaks a rule.
func Invalid(code, message string) *Error { return newError(KindInvalid, code, message) }

// Malformed is 400: it can't be read.
func Malformed(code, message string) *Error { return newError(KindMalformed, code, message) }

// Unauthenticated is 401.
func Unauthenticated(code, message string) *Error {
	return newError(KindUnauthenticated, code, message)
}

// Forbidden is 403: known to the caller, but not allowed.
func Forbidden(code, message string) *Error { return newError(KindForbidden, code, message) }

// NotFound is 404: absent, or not for the caller to know of.
func NotFound(code, message string) *Error { return newError(KindNotFound, code, message) }

// Conflict is 409: the thing is in a state that doesn't allow it.
func Conflict(code, message string) *Error { return newError(KindConflict, code, message) }

// Gone is 410.
func Gone(code, message string) *Error { return newError(KindGone, code, message) }

// Stale is 412: somebody changed it since.
func Stale(code, message string) *Error { return newError(KindStale, code, message) }

// TooLarge is 413.
func TooLarge(code, message string) *Error { return newError(KindTooLarge, code, message) }

// Unsupported is 415.
func Unsupported(code, message string) *Error { return newError(KindUnsupported, code, message) }

// PreconditionRequired is 428: If-Match is missing.
func PreconditionRequired(code, message string) *Error {
	return newError(KindPreconditionRequired, code, message)
}

// Limit is 429.
func Limit(code, message string) *Error { return newError(KindLimit, code, message) }

// Unavailable is 503.
func Unavailable(code, message string) *Error { return newError(KindUnavailable, code, message) }

// As returns the *Error in err's chain, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
