package op

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

const maxDepth = 32

var (
	errDeep      = errors.New("nested too deeply")
	errDuplicate = errors.New("a name stands twice in one object")
	errTrailing  = errors.New("something follows after the value")
)

// strictJSON refuses what encoding/json lets pass: names that stand twice, nesting without end, a second value.
func strictJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := strictValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}

func strictValue(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	token, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if delim == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			if seen[name.(string)] {
				return errDuplicate
			}
			seen[name.(string)] = true
		}
		if err := strictValue(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
