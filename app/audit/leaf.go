package audit

import (
	"encoding/base64"
	"slices"
	"strconv"
	"time"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"

	"github.com/omniposto/omniposto/app/ref"
)

// Version is the schema version that stands in each leaf.
const Version = 1

// leafBytes writes the event in its canonical form. Absent fields are left out.
func leafBytes(o ref.Organization, h head, id ref.Event, at time.Time, e Event, commit func(name, value string) string) []byte {
	log := "instance"
	if !o.Zero() {
		log = o.String()
	}
	root := object{}
	root.number("v", Version)
	root.text("log", log)
	root.number("seq", h.Next)
	root.text("id", id.String())
	root.text("at", at.UTC().Format("2006-01-02T15:04:05.000Z"))
	root.text("action", string(e.Action))
	root.text("result", string(e.Result))
	root.text("error", e.Error)
	if h.Next > 0 {
		root.text("prev", base64.RawURLEncoding.EncodeToString(h.Leaf[:]))
	}
	actor := object{}
	actor.text("kind", e.Actor.Kind)
	actor.text("id", e.Actor.ID)
	actor.text("member", e.Actor.Member)
	actor.text("via", e.Actor.Via)
	if e.Actor.MFAMethod != "" {
		mfa := object{}
		mfa.text("method", e.Actor.MFAMethod)
		mfa.number("age", int64(e.Actor.MFAAge/time.Second))
		actor.object("mfa", mfa)
	}
	root.object("actor", actor)
	on := object{}
	on.text("kind", e.On.Kind)
	on.text("id", e.On.ID)
	on.text("workspace", e.On.Workspace)
	root.object("on", on)
	private := func(to object, key, value string) {
		if value != "" {
			to.text(key, commit(key, value))
		}
	}
	why := object{}
	why.text("ticket", e.Why.Ticket)
	private(why, "reason", e.Why.Reason)
	why.text("grant", e.Why.Grant)
	why.text("basis", e.Why.Basis)
	root.object("why", why)
	from := object{}
	from.text("request", e.From.Request)
	private(from, "prefix", e.From.Prefix)
	from.text("agent", e.From.Agent)
	root.object("from", from)
	changed := object{}
	if len(e.Changed) > 0 {
		names := slices.Clone(e.Changed)
		slices.Sort(names)
		changed["names"] = array(slices.Compact(names))
	}
	values := object{}
	for name, value := range e.Values {
		if slices.Contains(valuesAllowed, name) {
			values.text(name, value)
		}
	}
	changed.object("values", values)
	root.object("changed", changed)
	if e.Read != nil {
		read := object{}
		read.text("category", e.Read.Category)
		read["fields"], read["records"] = array(e.Read.Fields), array(e.Read.Records)
		read.number("count", e.Read.Count)
		root.object("read", read)
	}
	pii := object{}
	for name, value := range e.Private {
		private(pii, name, value)
	}
	root.object("pii", pii)
	return root.canonical(nil)
}

// object is a JSON object whose values are already canonical JSON.
type object map[string]string

func (o object) text(key, value string) {
	if value != "" {
		o[key] = quote(value)
	}
}

func (o object) number(key string, n int64) { o[key] = strconv.FormatInt(n, 10) }

func (o object) object(key string, v object) {
	if len(v) > 0 {
		o[key] = string(v.canonical(nil))
	}
}

func array(values []string) string {
	out := []byte{'['}
	for i, v := range values {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, quote(v)...)
	}
	return string(append(out, ']'))
}

// canonical writes the members sorted by their names as UTF-16, as RFC 8785 asks.
func (o object) canonical(out []byte) []byte {
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
	})
	out = append(out, '{')
	for i, k := range keys {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, quote(k)...), ':'), o[k]...)
	}
	return append(out, '}')
}

const hexDigits = "0123456789abcdef"

// quote writes a string in NFC with RFC 8785's escapes. Bytes that are no UTF-8 become U+FFFD.
func quote(s string) string { return string(AppendText(nil, norm.NFC.String(s))) }

// AppendText writes a string as RFC 8785 does; every canonical form of the product goes through it.
func AppendText(out []byte, s string) []byte {
	out = append(out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\b':
			out = append(out, `\b`...)
		case r == '\f':
			out = append(out, `\f`...)
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\r':
			out = append(out, `\r`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r < 0x20:
			out = append(out, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			out = append(out, string(r)...)
		}
	}
	return append(out, '"')
}
