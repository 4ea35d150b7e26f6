package secret

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/omniposto/omniposto/app/base/random"
)

// ErrSealed is the error of every ciphertext that doesn't open: wrong key, wrong place, or changed bytes.
var ErrSealed = errors.New("sealed value doesn't open here")

// Sealed is a secret at rest. It prints as "[sealed]" and has no JSON form; the store keeps its text.
type Sealed string

// String hides even the ciphertext.
func (Sealed) String() string { return "[sealed]" }

// GoString hides even the ciphertext.
func (Sealed) GoString() string { return "[sealed]" }

// Format hides even the ciphertext, whatever the verb.
func (Sealed) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[sealed]")) }

// MarshalJSON refuses: a sealed value has no place in an answer.
func (Sealed) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a sealed value has no JSON form")
}

// Empty says that there is nothing sealed.
func (s Sealed) Empty() bool { return s == "" }

// Place is where a secret belongs. It becomes the additional data of its sealing.
type Place struct {
	Purpose      string // groups secrets under one data key: "channel", "factor"
	Organization [16]byte
	Workspace    [16]byte
	Kind         string // of the record
	ID           [16]byte
	Field        string
}

// formVersion is the version of the sealed form and of the additional data.
const formVersion = "op1"

const algXChaCha = "1"

func (p Place) additional() []byte {
	var out []byte
	for _, part := range [][]byte{[]byte(formVersion), []byte(p.Purpose), p.Organization[:], p.Workspace[:], []byte(p.Kind), p.ID[:], []byte(p.Field)} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part))) //nolint:gosec // short by construction
		out = append(out, part...)
	}
	return out
}

func seal(key []byte, keyID string, p Place, plain []byte) (Sealed, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", p.Field, err)
	}
	nonce := random.Bytes(aead.NonceSize())
	box := aead.Seal(nil, nonce, plain, p.additional())
	enc := base64.RawURLEncoding
	return Sealed(strings.Join([]string{formVersion, keyID, algXChaCha, enc.EncodeToString(nonce), enc.EncodeToString(box)}, ".")), nil
}

// parts splits the form; it says nothing about whether the value opens.
func (s Sealed) parts() (keyID string, nonce, box []byte, err error) {
	f := strings.Split(string(s), ".")
	if len(f) != 5 || f[0] != formVersion || f[2] != algXChaCha {
		return "", nil, nil, ErrSealed
	}
	if nonce, err = base64.RawURLEncoding.DecodeString(f[3]); err != nil || len(nonce) != chacha20poly1305.NonceSizeX {
		return "", nil, nil, ErrSealed
	}
	if box, err = base64.RawURLEncoding.DecodeString(f[4]); err != nil {
		return "", nil, nil, ErrSealed
	}
	return f[1], nonce, box, nil
}

func open(key []byte, p Place, nonce, box []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", p.Field, err)
	}
	plain, err := aead.Open(nil, nonce, box, p.additional())
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
