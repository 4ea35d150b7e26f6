package nostr

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
)

// This is bech32 as NIP-19 uses it, without its limit of 90 signs.

const letters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

var errBech32 = errors.New("no such name")

func checksum(values []byte) uint32 {
	sum := uint32(1)
	for _, v := range values {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(v)
		for i, g := range []uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	return sum
}

// spread is the kind's name as the checksum takes it.
func spread(kind string) []byte {
	var out []byte
	for i := range len(kind) {
		out = append(out, kind[i]>>5)
	}
	out = append(out, 0)
	for i := range len(kind) {
		out = append(out, kind[i]&31)
	}
	return out
}

// regroup turns groups of bits of one width into another; rest says whether an unfilled group is kept.
func regroup(data []byte, from, to uint, rest bool) ([]byte, bool) {
	var out []byte
	var acc, bits uint
	for _, v := range data {
		acc = acc<<from | uint(v)
		for bits += from; bits >= to; {
			bits -= to
			out = append(out, byte(acc>>bits&(1<<to-1)))
		}
		acc &= 1<<bits - 1
	}
	if rest && bits > 0 {
		return append(out, byte(acc<<(to-bits)&(1<<to-1))), true
	}
	return out, rest || bits < from && acc == 0
}

func bech32Encode(kind string, data []byte) string {
	groups, _ := regroup(data, 8, 5, true)
	sum := checksum(append(append(spread(kind), groups...), 0, 0, 0, 0, 0, 0)) ^ 1
	for i := range 6 {
		groups = append(groups, byte(sum>>(5*(5-i))&31)) //nolint:gosec // five bits
	}
	var b strings.Builder
	b.WriteString(kind + "1")
	for _, g := range groups {
		b.WriteByte(letters[g])
	}
	return b.String()
}

func bech32Decode(s string) (kind string, data []byte, err error) {
	s = strings.ToLower(s)
	at := strings.LastIndexByte(s, '1')
	if at < 1 || len(s)-at < 7 || len(s) > 2000 {
		return "", nil, errBech32
	}
	kind = s[:at]
	var groups []byte
	for _, r := range s[at+1:] {
		i := strings.IndexRune(letters, r)
		if i < 0 {
			return "", nil, errBech32
		}
		groups = append(groups, byte(i))
	}
	if checksum(append(spread(kind), groups...)) != 1 {
		return "", nil, errBech32
	}
	data, ok := regroup(groups[:len(groups)-6], 5, 8, false)
	if !ok {
		return "", nil, errBech32
	}
	return kind, data, nil
}

// npub is how people write a public key.
func npub(author string) string {
	raw, err := hex.DecodeString(author)
	if err != nil {
		return author
	}
	return bech32Encode("npub", raw)
}

// entry is one type, length and value of a name that carries several.
func entry(kind byte, value []byte) []byte {
	return append([]byte{kind, byte(len(value))}, value...) //nolint:gosec // below 256
}

// name is how people write an event, with a relay where it is: nevent1…, or naddr1… for an article.
func (e *event) name(relay string) string {
	id, _ := hex.DecodeString(e.ID)
	by, _ := hex.DecodeString(e.Author)
	kind := binary.BigEndian.AppendUint32(nil, uint32(e.Kind)) //nolint:gosec // a small number
	if len(relay) > 255 {
		relay = ""
	}
	if e.Kind == articleKind {
		return bech32Encode("naddr", append(append(entry(0, []byte(e.tag("d"))), entry(1, []byte(relay))...), append(entry(2, by), entry(3, kind)...)...))
	}
	return bech32Encode("nevent", append(append(entry(0, id), entry(1, []byte(relay))...), append(entry(2, by), entry(3, kind)...)...))
}

// named reads what a name is of: an event's id or a person's key, and for an event its author where that is told.
func named(s string) (kind, id, author string) {
	s = strings.TrimPrefix(strings.TrimSpace(s), "nostr:")
	if len(s) == 64 {
		if _, err := hex.DecodeString(s); err == nil {
			return "note", strings.ToLower(s), ""
		}
	}
	kind, raw, err := bech32Decode(s)
	if err != nil {
		return "", "", ""
	}
	if kind == "note" || kind == "npub" {
		if len(raw) != 32 {
			return "", "", ""
		}
		return kind, hex.EncodeToString(raw), ""
	}
	for len(raw) >= 2 && len(raw) >= 2+int(raw[1]) {
		value := raw[2 : 2+int(raw[1])]
		switch {
		case raw[0] == 0 && len(value) == 32:
			id = hex.EncodeToString(value)
		case raw[0] == 2 && len(value) == 32:
			author = hex.EncodeToString(value)
		}
		raw = raw[2+int(raw[1]):]
	}
	if id == "" {
		return "", "", ""
	}
	return kind, id, author
}
