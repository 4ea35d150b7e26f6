package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
)

// Text is a plain secret in memory: a password, a token, an address with a password in it. Printing, logging, JSON and
// CBOR give nothing away; only Use does. The zero value is empty. Copies share the same bytes, so Zero wipes them all.
//
// Why the bytes stand behind a pointer: fmt prints an unexported field without asking its methods, and of a pointer
// inside a struct it prints only the address.
type Text struct{ b *[]byte }

// hidden stands wherever a Text would be printed.
const hidden = "***"

var errText = errors.New("a secret text isn't written anywhere; seal it")

// NewText wraps a plain secret.
func NewText(plain string) Text {
	if plain == "" {
		return Text{}
	}
	b := []byte(plain)
	return Text{&b}
}

// Use lends the plain text to fn. fn must not keep it where it is printed or stored.
func (t Text) Use(fn func(plain string)) {
	if t.b == nil {
		fn("")
		return
	}
	fn(string(*t.b))
}

// Empty says that there is nothing, or nothing any more.
func (t Text) Empty() bool { return t.b == nil || len(*t.b) == 0 }

// Equal compares two secrets without telling by its time where they differ.
func (t Text) Equal(u Text) bool {
	if t.Empty() || u.Empty() {
		return t.Empty() == u.Empty()
	}
	return subtle.ConstantTimeCompare(*t.b, *u.b) == 1
}

// Zero overwrites the bytes, in every copy. Strings that Use lent out are beyond reach.
func (t Text) Zero() {
	if t.b != nil {
		clear(*t.b)
		*t.b = nil
	}
}

// String hides the text.
func (Text) String() string { return hidden }

// GoString hides the text.
func (Text) GoString() string { return hidden }

// Format hides the text, whatever the verb.
func (Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue hides the text from slog.
func (Text) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText refuses, so that no encoder writes a secret or, worse, stores three stars in its place.
func (Text) MarshalText() ([]byte, error) { return nil, errText }

// MarshalBinary refuses, as MarshalText does.
func (Text) MarshalBinary() ([]byte, error) { return nil, errText }

var _ slog.LogValuer = Text{}
