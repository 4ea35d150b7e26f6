package apikey

import (
	"crypto/sha256"
	"crypto/subtle"
	"hash/crc32"
	"math/big"
	"strings"

	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/ref"
)

// Prefix begins every key, so that scanners for leaked secrets find it.
const Prefix = "op_live_"

// The parts after the prefix, in signs of base62.
const (
	idSigns     = 22 // 128 bits
	secretSigns = 32 // 190 bits
	checkSigns  = 6  // 32 bits
	keyLength   = len(Prefix) + idSigns + secretSigns + checkSigns
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

var sixtyTwo = big.NewInt(62)

// write writes n in exactly so many signs; what is above is left out.
func write(n *big.Int, signs int) string {
	out := make([]byte, signs)
	n, digit := new(big.Int).Set(n), new(big.Int)
	for i := signs - 1; i >= 0; i-- {
		n.DivMod(n, sixtyTwo, digit)
		out[i] = base62[digit.Int64()]
	}
	return string(out)
}

// read is write's way back; false for a sign that isn't one.
func read(text string) (*big.Int, bool) {
	n := new(big.Int)
	for _, r := range []byte(text) {
		at := strings.IndexByte(base62, r)
		if at < 0 {
			return nil, false
		}
		n.Add(n.Mul(n, sixtyTwo), big.NewInt(int64(at)))
	}
	return n, true
}

func checksum(text string) string {
	return write(new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(text)))), checkSigns)
}

// mint makes the text of a key: its id, a secret and a checksum. Only the hash is to be kept.
func mint(id ref.Key) (text string, hash []byte) {
	secret := new(big.Int).SetBytes(random.Bytes(32)) // 256 bits: what the signs can't hold is cut off evenly
	raw := id.Bytes16()
	text = Prefix + write(new(big.Int).SetBytes(raw[:]), idSigns) + write(secret, secretSigns)
	text += checksum(text)
	sum := sha256.Sum256([]byte(text))
	return text, sum[:]
}

// Presented is a key that somebody sent: its id, and the hash of the whole.
type Presented struct {
	ID   ref.Key
	hash [sha256.Size]byte
}

// Parse reads a key. It refuses what can't be one by form or checksum, without asking any store: that stops typing
// mistakes and idle guesses, and proves nothing.
func Parse(text string) (Presented, error) {
	if len(text) != keyLength || !strings.HasPrefix(text, Prefix) {
		return Presented{}, ErrKey
	}
	body, check := text[:keyLength-checkSigns], text[keyLength-checkSigns:]
	id, ok := read(body[len(Prefix) : len(Prefix)+idSigns])
	if _, secret := read(body[len(Prefix)+idSigns:]); !ok || !secret || id.BitLen() > 128 || check != checksum(body) {
		return Presented{}, ErrKey
	}
	p := Presented{hash: sha256.Sum256([]byte(text))}
	var raw [16]byte
	id.FillBytes(raw[:])
	p.ID = ref.Key(raw)
	return p, nil
}

func (p Presented) fits(k Key) bool { return subtle.ConstantTimeCompare(p.hash[:], k.Hash) == 1 }
