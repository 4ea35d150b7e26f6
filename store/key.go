package store

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Tags that stand before each part of a key; their order is the order of kinds.
const (
	tagText    = 0x02
	tagID      = 0x03
	tagInt     = 0x04
	tagInstant = 0x05
	afterTags  = 0xFF
)

// Key is a tuple in its encoded form. Keys compare as bytes.
type Key []byte

// K builds a key of its parts: string and []byte (text), [16]byte and what has Bytes16 (ids), int, int64 and byte
// (integers), time.Time, and Key (its parts). Any other kind is a wiring mistake and panics. Hot paths use the appending
// builders, which don't box their arguments.
func K(parts ...any) Key {
	k := make(Key, 0, 24*len(parts))
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			k = k.Text(p)
		case []byte:
			k = k.Text(string(p))
		case Key:
			k = append(k, p...)
		case [16]byte:
			k = k.ID(p)
		case interface{ Bytes16() [16]byte }:
			k = k.ID(p.Bytes16())
		case int:
			k = k.Int(int64(p))
		case int64:
			k = k.Int(p)
		case byte:
			k = k.Int(int64(p))
		case time.Time:
			k = k.At(p)
		default:
			panic(fmt.Sprintf("store: a key can't hold a %T", p))
		}
	}
	return k
}

// Text appends a text part.
func (k Key) Text(s string) Key {
	k = append(k, tagText)
	for i := range len(s) {
		k = append(k, s[i])
		if s[i] == 0 {
			k = append(k, 0xFF)
		}
	}
	return append(k, 0)
}

// ID appends an id part.
func (k Key) ID(id [16]byte) Key {
	k = append(k, tagID)
	return append(k, id[:]...)
}

// Int appends an integer part.
func (k Key) Int(n int64) Key {
	return binary.BigEndian.AppendUint64(append(k, tagInt), uint64(n)^1<<63)
}

// At appends an instant part. The zone is not kept.
func (k Key) At(t time.Time) Key {
	k = binary.BigEndian.AppendUint64(append(k, tagInstant), uint64(t.Unix())^1<<63)
	return binary.BigEndian.AppendUint32(k, uint32(t.Nanosecond())) //nolint:gosec // under 10^9
}

// End is the first key after k and every key that goes on with further parts. k holds whole parts, or text without its
// closing byte to find what begins with that text. A text that goes on with a zero byte is another text and lies behind.
func (k Key) End() Key {
	end := make(Key, len(k)+1)
	copy(end, k)
	end[len(k)] = afterTags
	return end
}
