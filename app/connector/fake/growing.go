package fake

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"hash"
	"io"
)

// Growing is a file that comes in parts, the last of which may be sent again. No byte of it is kept.
type Growing struct {
	Size   int64
	sum    hash.Hash
	before []byte // state of sum before the last part
	was    int64  // Size then
	last   int
}

// NewGrowing is a file of which nothing came yet.
func NewGrowing() *Growing { return &Growing{sum: sha256.New(), last: -1} }

// ErrPart says that a part came out of order.
var ErrPart = errors.New("the part is out of order")

// Part takes part n, counted from 0: the next one, or the last one again.
func (g *Growing) Part(n int, r io.Reader) error {
	switch n {
	case g.last + 1:
		g.before, _ = g.sum.(encoding.BinaryMarshaler).MarshalBinary()
		g.was, g.last = g.Size, n
	case g.last:
		if err := g.sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(g.before); err != nil {
			return err
		}
		g.Size = g.was
	default:
		return ErrPart
	}
	size, err := io.Copy(g.sum, r)
	g.Size += size
	return err
}

// Sum is the file's sum, as Measure gives it.
func (g *Growing) Sum() string { return hex.EncodeToString(g.sum.Sum(nil)[:8]) }
