package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/omniposto/omniposto/app/audit"
)

// errCanonical is the error of a JSON text that has no one form: a fraction, or something that is no JSON.
var errCanonical = errors.New("no canonical form")

// canonical writes a JSON text in the one form of RFC 8785, so that blanks and the order of members don't matter to a
// proof that was given for it. Numbers are whole and fit 53 bits; an empty text is null.
func canonical(raw []byte) ([]byte, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return []byte("null"), nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, errCanonical
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errCanonical
	}
	return appendCanonical(nil, v)
}

const largestWhole = 1<<53 - 1

func appendCanonical(out []byte, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case nil:
		return append(out, "null"...), nil
	case bool:
		return strconv.AppendBool(out, v), nil
	case string:
		return audit.AppendText(out, v), nil
	case json.Number:
		n, perr := strconv.ParseInt(v.String(), 10, 64)
		if perr != nil || n > largestWhole || n < -largestWhole {
			return nil, errCanonical
		}
		return strconv.AppendInt(out, n, 10), nil
	case []any:
		out = append(out, '[')
		for i, inner := range v {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = appendCanonical(out, inner); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.SortFunc(names, func(a, b string) int {
			return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
		})
		out = append(out, '{')
		for i, name := range names {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = appendCanonical(append(audit.AppendText(out, name), ':'), v[name]); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	}
	return nil, errCanonical
}
