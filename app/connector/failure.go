package connector

import (
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Class is what a failure means for the delivery; there are exactly seven.
type Class string

// The classes.
const (
	Transient   Class = "transient"    // try again later
	RateLimited Class = "rate_limited" // not before the instant that the platform named
	Reconnect   Class = "reconnect"    // the token doesn't serve
	Rejected    Class = "rejected"     // the platform refuses this content
	Duplicate   Class = "duplicate"    // the platform has these words already
	Processing  Class = "processing"   // the platform still works on a file
	Uncertain   Class = "uncertain"    // nobody can say from this answer
)

// Failure is one row of a connector's table: which answer it is and what it means.
type Failure struct {
	On     string // patterns of the step's name, like "upload.*|status"; "": any
	Status int    // 0: any, so that an error inside a 200 is an error too; 3, 4, 5: all of that hundred
	Path   string // into the JSON of the body, like "errors.0.code"
	Is     string // what stands at Path: "a|b"
	Has    string // a part of what stands at Path, without Path of the body: "a|b", in any case
	Class  Class
	Say    string // for a person; "": the platform's own words
	Fix    string // what would help: cut, resize, reconnect, …
	Until  Until
	Forget []string // saved steps that are dead: "upload.*"
	Names  string   // pattern whose first group is the id of the earlier post, in a duplicate answer
	Sample string   // file in testdata with a real body, its source and day
}

// Failures is a table; the first row that fits wins, so the special stands before the general.
type Failures []Failure

// Until tells where the instant of the next try stands.
type Until struct {
	Header string // name of a header
	Path   string // into the JSON of the body
	Words  string // pattern over the body: a number and, in a second group, second, minute, hour or day
	As     As
	Next   string        // "utc" or "pacific": the next midnight there
	Else   time.Duration // when nothing can be read
}

// As is how an instant is written.
type As string

// The ways to write an instant. A plain number of seconds is the zero value.
const (
	Seconds As = ""
	Millis  As = "ms"
	Unix    As = "unix"
	RFC3339 As = "rfc3339"
)

// Failed is an answer or a break, sorted into its class. Words are for a person and redacted.
type Failed struct {
	Class  Class
	Words  string
	Fix    string
	Until  time.Time
	Step   string
	Status int // 0: no answer
	Forget []string
	Names  string // id of the earlier post that a duplicate answer names
	body   []byte
	cause  error
}

// Error is for the log.
func (f *Failed) Error() string {
	s := f.Step + ": " + string(f.Class)
	if f.Status != 0 {
		s += " " + strconv.Itoa(f.Status)
	}
	if f.Words != "" {
		s += ": " + f.Words
	}
	return s
}

// Unwrap gives the cause.
func (f *Failed) Unwrap() error { return f.cause }

// Body reads a value out of the answer's JSON, "" if there is none: for what a refusal carries beside its message.
func (f *Failed) Body(at string) string { s, _ := lookIn(decoded(f.body), at); return s }

// Reject is the error of a draft that a connector itself can't send, with words for a person.
func Reject(words, fix string) error { return &Failed{Class: Rejected, Words: words, Fix: fix} }

// Unreadable is the error of an answer that has the wrong shape: a list that isn't there proves no absence.
func Unreadable() error {
	return &Failed{Class: Transient, Words: "The platform's answer can't be read.", cause: errUnreadable}
}

// ClassOf is the class of an error that a step gave; "" if it has none.
func ClassOf(err error) Class {
	var f *Failed
	if errors.As(err, &f) {
		return f.Class
	}
	return ""
}

// answer is what came back, as the table reads it.
type answer struct {
	step   string
	status int
	header http.Header
	body   []byte
	json   any
}

// sort finds the row of an answer; nil means that it is no failure.
func (rows Failures) sort(a *answer, now time.Time) *Failed {
	for i := range rows {
		if rows[i].fits(a) {
			return rows[i].failed(a, now)
		}
	}
	if a.status < 300 {
		return nil
	}
	return unlisted(a, now)
}

// Row is the number of the row that an answer is sorted by, -1 for none.
func (rows Failures) Row(step string, status int, header http.Header, body []byte) int {
	a := &answer{step: step, status: status, header: header, body: body, json: decoded(body)}
	for i := range rows {
		if rows[i].fits(a) {
			return i
		}
	}
	return -1
}

func (f *Failure) fits(a *answer) bool {
	if !f.For(a.step) || f.Status != 0 && f.Status != a.status && f.Status != a.status/100 {
		return false
	}
	if f.Status == 0 && f.Path == "" && f.Has == "" {
		return a.status >= 300 // a row without any mark says nothing about a good answer
	}
	if f.Path == "" {
		return f.Has == "" || containsOne(string(a.body), f.Has)
	}
	value, ok := lookIn(a.json, f.Path)
	if !ok {
		return false
	}
	return (f.Is == "" || isOne(value, f.Is)) && (f.Has == "" || containsOne(value, f.Has))
}

func (f *Failure) failed(a *answer, now time.Time) *Failed {
	out := &Failed{Class: f.Class, Words: f.Say, Fix: f.Fix, Step: a.step, Status: a.status, Forget: f.Forget, body: a.body}
	if out.Words == "" {
		out.Words = wordsIn(a)
	}
	out.Until = f.Until.read(a, now)
	if f.Names != "" {
		if m := regexp.MustCompile(f.Names).FindSubmatch(a.body); len(m) > 1 {
			out.Names = string(m[1])
		}
	}
	return out
}

// unlisted sorts an answer that no row knows.
func unlisted(a *answer, now time.Time) *Failed {
	out := &Failed{Class: Rejected, Words: wordsIn(a), Step: a.step, Status: a.status, body: a.body}
	switch {
	case a.status == http.StatusTooManyRequests:
		out.Class = RateLimited
		out.Until = Until{Header: "Retry-After"}.read(a, now)
	case a.status == http.StatusUnauthorized:
		out.Class, out.Fix = Reconnect, "reconnect"
	case a.status == http.StatusRequestTimeout, a.status >= 500:
		out.Class = Transient
		out.Until = Until{Header: "Retry-After"}.read(a, now)
	case a.status < 400:
		out.Class = Transient
		out.Words = "The platform sent us to another address, where we don't go."
		if to := a.header.Get("Location"); to != "" {
			out.Words = "This address leads on to " + to + ". If that is right, enter it instead."
		}
	}
	return out
}

func matches(patterns, step string) bool {
	for _, pattern := range strings.Split(patterns, "|") {
		if ok, err := path.Match(pattern, step); err == nil && ok {
			return true
		}
	}
	return false
}

// For says that a row is about this step.
func (f *Failure) For(step string) bool { return f.On == "" || matches(f.On, step) }

func isOne(value, list string) bool {
	for _, want := range strings.Split(list, "|") {
		if value == want {
			return true
		}
	}
	return false
}

func containsOne(value, list string) bool {
	value = strings.ToLower(value)
	for _, want := range strings.Split(list, "|") {
		if strings.Contains(value, strings.ToLower(want)) {
			return true
		}
	}
	return false
}

// maxDepth bounds the nesting of JSON that is looked into; deeper bodies count as unreadable.
const maxDepth = 64

func decoded(body []byte) any {
	if len(body) == 0 || tooDeep(body) {
		return nil
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	return v
}

func tooDeep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// lookIn follows "a.0.b" through decoded JSON and gives what stands there as text.
func lookIn(v any, at string) (string, bool) {
	for _, part := range strings.Split(at, ".") {
		switch t := v.(type) {
		case map[string]any:
			next, ok := t[part]
			if !ok {
				return "", false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(t) {
				return "", false
			}
			v = t[i]
		default:
			return "", false
		}
	}
	switch t := v.(type) {
	case string:
		return t, true
	case float64:
		return strconv.FormatFloat(t, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(t), true
	case nil:
		return "", false
	}
	raw, err := json.Marshal(v)
	return string(raw), err == nil
}

// AsFailed is the failure in an error's chain, nil if there is none.
func AsFailed(err error) *Failed {
	var f *Failed
	if errors.As(err, &f) {
		return f
	}
	return nil
}
