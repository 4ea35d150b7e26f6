package secret

import (
	"encoding/base64"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/omniposto/omniposto/app/base/random"
)

// Box closes short texts that travel through other hands and come back: positions in lists, addresses of files. Who
// holds one can neither read nor change it, nor use it for another purpose.
type Box struct{ key []byte }

// NewBox takes a key of 32 bytes.
func NewBox(key []byte) Box { return Box{key} }

// Close seals plain for a purpose, in signs that may stand in an address.
func (b Box) Close(purpose string, plain []byte) string {
	aead, err := chacha20poly1305.NewX(b.key)
	if err != nil {
		panic("secret: a box needs a key of 32 bytes")
	}
	nonce := random.Bytes(aead.NonceSize())
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, []byte(purpose)))
}

// Open gives what was closed for the purpose; ErrSealed for anything else.
func (b Box) Open(purpose, text string) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(b.key)
	raw, derr := base64.RawURLEncoding.DecodeString(text)
	if err != nil || derr != nil || len(raw) < aead.NonceSize() {
		return nil, ErrSealed
	}
	plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], []byte(purpose))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}
