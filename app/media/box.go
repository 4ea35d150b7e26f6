package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// box is one box of an ISO base media file (MP4, MOV, HEIC, AVIF): where it lies and what it is called.
type box struct {
	kind string
	at   int64
	head int64 // bytes of its size and name
	size int64 // of all of it
}

// body is where its content begins, end where it ends.
func (b box) body() int64 { return b.at + b.head }
func (b box) end() int64  { return b.at + b.size }

var (
	errStop  = errors.New("enough was read")
	errBoxes = errors.New("a box reaches beyond what holds it")
	errMany  = errors.New("more boxes than a film has")
)

// maxBoxes bounds one walk: a film of a day in fragments of half a second has fewer.
const maxBoxes = 1 << 19

// walkBoxes calls fn for each box in [from, to). fn ends the walk with errStop, which isn't an error. A box that makes
// no sense ends it with errBoxes; fn was called for those before it.
func walkBoxes(r io.ReaderAt, from, to int64, fn func(box) error) error {
	for n := 0; from < to; n++ {
		if n == maxBoxes {
			return errMany
		}
		b, ok := readBox(r, from, to)
		if !ok && to-from < 8 && blankBytes(r, from, to) {
			return nil // QuickTime ends some lists with a zero
		}
		if !ok {
			return errBoxes
		}
		if err := fn(b); errors.Is(err, errStop) {
			return nil
		} else if err != nil {
			return err
		}
		from = b.end()
	}
	return nil
}

// readBox reads the head of the box at an offset.
func readBox(r io.ReaderAt, at, to int64) (box, bool) {
	var h [16]byte
	if to-at < 8 || !readFull(r, h[:8], at) {
		return box{}, false
	}
	b := box{kind: string(h[4:8]), at: at, head: 8, size: int64(binary.BigEndian.Uint32(h[:]))}
	switch b.size {
	case 0: // up to the end
		b.size = to - at
	case 1:
		if to-at < 16 || !readFull(r, h[8:], at+8) {
			return box{}, false
		}
		n := binary.BigEndian.Uint64(h[8:])
		if n > uint64(to-at) { //nolint:gosec // not negative
			return box{}, false
		}
		b.head, b.size = 16, int64(n)
	}
	return b, b.size >= b.head && b.size <= to-at
}

func blankBytes(r io.ReaderAt, from, to int64) bool {
	b := make([]byte, to-from)
	return readFull(r, b, from) && len(bytes.Trim(b, "\x00")) == 0
}
