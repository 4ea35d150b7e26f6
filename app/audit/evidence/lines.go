package evidence

import (
	"bufio"
	"io"
	"runtime"
)

const (
	maxLine   = 1 << 20 // bytes of an event
	batchSize = 256     // lines that one worker takes at a time
)

// lines reads a file line by line and makes a T of each, on all cores, in the order of the file.
type lines[T any] struct {
	batches chan chan []T
	stop    chan struct{}
	now     []T
	err     error // of reading; set before batches is closed
}

// readLines begins to read. make gets each line's bytes for its own. Close ends it early.
func readLines[T any](r io.Reader, make_ func(line []byte) T) *lines[T] {
	l := &lines[T]{batches: make(chan chan []T, 2*runtime.GOMAXPROCS(0)), stop: make(chan struct{})}
	go func() {
		defer close(l.batches)
		s := bufio.NewScanner(r)
		s.Buffer(make([]byte, 64<<10), maxLine)
		for more := true; more; {
			var raw [][]byte
			for len(raw) < batchSize {
				if more = s.Scan(); !more {
					break
				}
				raw = append(raw, append([]byte(nil), s.Bytes()...))
			}
			done := make(chan []T, 1)
			select {
			case l.batches <- done:
			case <-l.stop:
				return
			}
			go func() {
				out := make([]T, len(raw))
				for i, line := range raw {
					out[i] = make_(line)
				}
				done <- out
			}()
		}
		l.err = s.Err()
	}()
	return l
}

// peek is the line that next gives.
func (l *lines[T]) peek() (t T, ok bool) {
	for len(l.now) == 0 {
		batch, more := <-l.batches
		if !more {
			return t, false
		}
		l.now = <-batch
	}
	return l.now[0], true
}

func (l *lines[T]) next() (T, bool) {
	t, ok := l.peek()
	if ok {
		l.now = l.now[1:]
	}
	return t, ok
}

// close ends the reading; what failed in it is the answer.
func (l *lines[T]) close() error {
	close(l.stop)
	for range l.batches { //nolint:revive // lets the reader end
	}
	return l.err
}
