package store

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// encoding and decoding are shared by all tables; both are safe for use by many goroutines.
var encoding, decoding = codec()

func codec() (cbor.UserBufferEncMode, cbor.DecMode) {
	o := cbor.CoreDetEncOptions()
	o.Time = cbor.TimeRFC3339NanoUTC
	enc, err := o.UserBufferEncMode()
	if err != nil {
		panic(fmt.Sprintf("store: options of the encoder: %v", err))
	}
	dec, err := cbor.DecOptions{
		// Whatever the encoder accepts must be readable again, or one odd record would stop every walk over its table.
		UTF8:             cbor.UTF8DecodeInvalid,
		MaxNestedLevels:  1024,
		MaxArrayElements: 1 << 24,
		MaxMapPairs:      1 << 24,
	}.DecMode()
	if err != nil {
		panic(fmt.Sprintf("store: options of the decoder: %v", err))
	}
	return enc, dec
}

// scratch holds the buffers of one operation on a table.
type scratch struct {
	key, end []byte
	value    bytes.Buffer
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// maxScratch keeps a single huge record from holding its memory for ever.
const maxScratch = 1 << 20

func (s *scratch) free() {
	if s.value.Cap() > maxScratch {
		s.value = bytes.Buffer{}
	}
	scratches.Put(s)
}

// join writes prefix and key into the scratch and returns them as one, valid until the next join or free.
func (s *scratch) join(prefix, key []byte) []byte {
	s.key = append(append(s.key[:0], prefix...), key...)
	return s.key
}

// encode writes version and v; the bytes are valid until s is used again.
func (t *Table[T]) encode(s *scratch, v T) ([]byte, error) {
	s.value.Reset()
	s.value.WriteByte(t.Version)
	box := t.box()
	*box = v
	err := encoding.MarshalToBuffer(box, &s.value)
	t.unbox(box)
	return s.value.Bytes(), err
}

// decode reads a stored value of this or an older version. Nothing in the result refers to raw.
func (t *Table[T]) decode(raw []byte) (v T, err error) {
	switch {
	case len(raw) == 0:
		return v, fmt.Errorf("%w: empty record", ErrDamaged)
	case raw[0] == t.Version:
		box := t.box()
		if err = decoding.Unmarshal(raw[1:], box); err != nil {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		} else {
			v = *box
		}
		t.unbox(box)
		return v, err
	case raw[0] > t.Version:
		return v, fmt.Errorf("version %d, known up to %d: %w", raw[0], t.Version, ErrNewer)
	case t.Upgrade == nil:
		return v, fmt.Errorf("version %d can't be upgraded to %d: %w", raw[0], t.Version, ErrDamaged)
	}
	if v, err = t.Upgrade(raw[0], bytes.Clone(raw[1:])); err != nil {
		err = fmt.Errorf("upgrade from version %d: %w", raw[0], err)
	}
	return v, err
}

// Decode reads the CBOR of an older record into v, with the settings of the store; for Upgrade functions.
func Decode(raw []byte, v any) error { return decoding.Unmarshal(raw, v) }

// box lends a zero T that lives on the heap, so that handing its address to the codec doesn't allocate.
func (t *Table[T]) box() *T {
	if b, ok := t.boxes.Get().(*T); ok {
		return b
	}
	return new(T)
}

func (t *Table[T]) unbox(b *T) {
	var zero T
	*b = zero
	t.boxes.Put(b)
}
