// Package random gives random bytes and the few things made of them. It is the only package that does;
// a failing source of randomness panics, because nothing may go on without it.
package random

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// Bytes returns n random bytes.
func Bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic("random: " + err.Error())
	}
	return b
}

// Text returns n random bytes as lower-case base32 without padding: safe to read out, type and put in a link.
func Text(n int) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(Bytes(n)))
}

// Below returns a number in [0, n).
func Below(n int64) int64 {
	if n <= 1 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(Bytes(8)) % uint64(n)) //nolint:gosec // bias is far below what jitter needs
}
