package secret

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/omniposto/omniposto/app/base/random"
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

// LoadMaster reads the master key: the systemd credential "master-key" first, then the file. If the file is absent
// and fresh says that the store is empty, a new key is made there, readable by its owner only, and made is true.
func LoadMaster(file, credentials string, fresh bool) (m Master, made bool, err error) {
	if credentials != "" {
		path := filepath.Join(credentials, "master-key")
		if raw, err := os.ReadFile(path); err == nil { //nolint:gosec // path is the service manager's
			m, err := parseMaster(raw, "systemd credential")
			return m, false, err
		}
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !fresh:
		return Master{}, false, fmt.Errorf("%w: %s", ErrMasterMissing, file)
	case errors.Is(err, fs.ErrNotExist):
		m, err := makeMaster(file)
		return m, true, err
	case err != nil:
		return Master{}, false, fmt.Errorf("read master key: %w", err)
	case info.Mode().Perm()&0o077 != 0:
		return Master{}, false, fmt.Errorf("master key %s can be read by others; run: chmod 600 %s", file, file)
	}
	raw, err := os.ReadFile(file) //nolint:gosec // the operator's choice
	if err != nil {
		return Master{}, false, fmt.Errorf("read master key: %w", err)
	}
	m, err = parseMaster(raw, file)
	return m, false, err
}

func parseMaster(raw []byte, from string) (Master, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(string(raw)), masterHead)
	key, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || len(key) != 32 {
		return Master{}, fmt.Errorf("master key from %s isn't one: want a line that begins with %q", from, strings.TrimSpace(masterHead))
	}
	return newMaster(key, from), nil
}

func newMaster(key []byte, from string) Master {
	sum := sha256.Sum256(append([]byte("omniposto master key id"), key...))
	return Master{ID: base64.RawURLEncoding.EncodeToString(sum[:6]), From: from, key: key}
}

func makeMaster(file string) (Master, error) {
	key := random.Bytes(32)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return Master{}, fmt.Errorf("make master key: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's choice
	if err != nil {
		return Master{}, fmt.Errorf("make master key: %w", err)
	}
	_, err = f.WriteString(masterHead + base64.RawURLEncoding.EncodeToString(key) + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return Master{}, fmt.Errorf("make master key: %w", err)
	}
	return newMaster(key, file), nil
}

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
