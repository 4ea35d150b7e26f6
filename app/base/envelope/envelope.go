// Package envelope closes short texts that travel through other hands and come back. What is kept at rest is secret's.
package envelope

import (
	"encoding/base64"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/omniposto/omniposto/app/base/random"
)

// ErrClosed is the error of everything that wasn't closed here for this purpose.
var ErrClosed = errors.New("not closed here for this purpose")

// Envelope closes short texts that travel through other hands and come back: positions in lists, addresses of files. Who
// holds one can neither read nor change it, nor use it for another purpose.
type Envelope struct{ key []byte }

// New takes a key of 32 bytes.
func New(key []byte) Envelope { return Envelope{key} }

// Close seals plain for a purpose, in signs that may stand in an address.
func (e Envelope) Close(purpose string, plain []byte) string {
	aead, err := chacha20poly1305.NewX(e.key)
	if err != nil {
		panic("envelope: it needs a key of 32 bytes")
	}
	nonce := random.Bytes(aead.NonceSize())
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, []byte(purpose)))
}

// Open gives what was closed for the purpose; ErrClosed for anything else.
func (e Envelope) Open(purpose, text string) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(e.key)
	raw, derr := base64.RawURLEncoding.DecodeString(text)
	if err != nil || derr != nil || len(raw) < aead.NonceSize() {
		return nil, ErrClosed
	}
	plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], []byte(purpose))
	if err != nil {
		return nil, ErrClosed
	}
	return plain, nil
}
