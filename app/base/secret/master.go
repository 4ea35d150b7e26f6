package secret

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Master is the key that wraps data keys. Its bytes never leave this package.
type Master struct {
	ID   string // eight signs of the key's hash: tells keys apart, reveals nothing
	From string // where it came from, for doctor and the administrator's pages
	key  []byte
}

// ErrMasterMissing says that a store with secrets has no master key beside it.
var ErrMasterMissing = errors.New("the master key file is missing; put it back, or start with an empty data folder")

const masterHead = "omniposto master key 1 "

// parseMasters reads one key a line, the one that wraps first.
func parseMasters(raw []byte, from string) ([]Master, error) {
	var out []Master
	for _, line := range strings.FieldsFunc(string(raw), func(r rune) bool { return r == '\n' || r == '\r' || r == ',' }) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		text, ok := strings.CutPrefix(line, masterHead)
		key, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(text))
		if !ok || err != nil || len(key) != 32 {
			return nil, fmt.Errorf("master key from %s isn't one: want a line that begins with %q", from, strings.TrimSpace(masterHead))
		}
		out = append(out, newMaster(key, from))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("master key from %s isn't one: want a line that begins with %q", from, strings.TrimSpace(masterHead))
	}
	return out, nil
}

func newMaster(key []byte, from string) Master {
	sum := sha256.Sum256(append([]byte("omniposto master key id"), key...))
	return Master{ID: base64.RawURLEncoding.EncodeToString(sum[:6]), From: from, key: key}
}

func (m Master) line() string { return masterHead + base64.RawURLEncoding.EncodeToString(m.key) + "\n" }

// ForTests is a master key made of nothing but zeros.
func ForTests() Master { return newMaster(make([]byte, 32), "a test") }

func (m Master) wrap(p Place, plain []byte) (string, error) {
	s, err := seal(m.key, m.ID, p, plain)
	return string(s), err
}

func (m Master) unwrap(p Place, wrapped string) ([]byte, error) {
	id, nonce, box, err := Sealed(wrapped).parts()
	if err != nil || id != m.ID {
		return nil, ErrSealed
	}
	return open(m.key, p, nonce, box)
}

// String hides the key.
func (m Master) String() string { return "master key " + m.ID }

// GoString hides the key.
func (m Master) GoString() string { return m.String() }

// Format hides the key, whatever the verb.
func (m Master) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }
