package memory

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/omniposto/omniposto/store"
)

// Backup writes each key and value behind its length.
func (e *engine) Backup(w io.Writer) (int64, error) {
	if e.closed.Load() {
		return 0, store.ErrClosed
	}
	var n int64
	for _, l := range e.current.Load().leaves {
		for _, en := range l.entries {
			line := binary.AppendUvarint(nil, uint64(len(en.key)))
			line = append(line, en.key...)
			line = binary.AppendUvarint(line, uint64(len(en.value)))
			line = append(line, en.value...)
			m, err := w.Write(line)
			n += int64(m)
			if err != nil {
				return n, fmt.Errorf("back up: %w", err)
			}
		}
	}
	return n, nil
}

// Restore reads what Backup wrote into a new store.
func Restore(clock func() time.Time, r io.Reader) (store.Engine, error) {
	e := New(clock).(*engine)
	t := &tx{engine: e, run: 1}
	in := bufio.NewReader(r)
	for {
		k, err := frame(in)
		if errors.Is(err, io.EOF) {
			break
		}
		var v []byte
		if err == nil {
			v, err = frame(in)
		}
		if err != nil {
			return nil, fmt.Errorf("restore: %w: %w", store.ErrDamaged, err)
		}
		t.size = 0
		t.Put(k, v)
	}
	e.run = 1
	e.current.Store(&state{t.leaves})
	return e, t.err
}

func frame(r *bufio.Reader) ([]byte, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err
	}
	if n > maxFunction {
		return nil, fmt.Errorf("%d bytes in one value", n)
	}
	b := make([]byte, n)
	if _, err = io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("cut off: %w", err)
	}
	return b, nil
}
