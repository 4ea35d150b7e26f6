package media_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"io"
	"runtime"
	"testing"

	"github.com/omniposto/omniposto/app/media"
)

var gigabyte = flag.Bool("gigabyte", false, "stream a gigabyte instead of 96 MiB")

// watched samples the heap as bytes go by.
type watched struct {
	r        io.Reader
	seen     int64
	next     int64
	baseline uint64
	most     uint64
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func watch(r io.Reader) *watched {
	runtime.GC()
	return &watched{r: r, baseline: heap()}
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if w.seen += int64(n); w.seen >= w.next {
		w.next += 4 << 20
		w.most = max(w.most, heap())
	}
	return n, err
}

func (w *watched) grew() int64 { return int64(w.most) - int64(w.baseline) }

// endless repeats a block.
type endless struct{ block []byte }

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.block)
	return n, nil
}

// aLargeFilm is a film whose pictures are followed by a box of n bytes.
func aLargeFilm(t testing.TB, n int64) (io.Reader, int64) {
	small := sample(t, "place.mp4")
	head := binary.BigEndian.AppendUint64([]byte("\x00\x00\x00\x01mdat"), uint64(n+16))
	return io.MultiReader(bytes.NewReader(small), bytes.NewReader(head), io.LimitReader(&endless{someBytes(64 << 10)}, n)),
		int64(len(small)) + 16 + n
}

// TestLargeFilmsStream: neither taking, nor checking, nor reading a film keeps it in memory.
func TestLargeFilmsStream(t *testing.T) {
	const most = 32 << 20
	n := int64(96 << 20)
	if *gigabyte {
		n = 1 << 30
	}
	eachStorage(t, func(t *testing.T, s media.Storage) {
		w := aWorldOn(t, s)
		w.max = 2 << 30
		w.service = w.restarted()
		film, size := aLargeFilm(t, n)
		in := watch(film)
		a, err := w.service.Receive(t.Context(), w.file("large.mp4"), in)
		if err != nil || a.Bytes != size {
			t.Fatalf("%d bytes, %v", a.Bytes, err)
		}
		if in.grew() > most {
			t.Errorf("taking %d MiB took %d MiB of memory", n>>20, in.grew()>>20)
		}
		copying := watch(nil)
		w.storage.watch = func(r io.Reader) io.Reader { copying.r = r; return copying }
		if a, err = w.service.Process(t.Context(), w.org, w.workspace, a.ID); err != nil || a.State != media.Ready || a.Bytes != size {
			t.Fatalf("%s %s, %d bytes, %v", a.State, a.Problem, a.Bytes, err)
		}
		if copying.seen != size || copying.grew() > most {
			t.Errorf("checking %d MiB took %d MiB of memory", copying.seen>>20, copying.grew()>>20)
		}
		f, err := w.service.Open(t.Context(), a, media.Original)
		if err != nil {
			t.Fatal(err)
		}
		reader := f.Reader()
		out, sum := watch(reader), sha256.New()
		if _, err := io.Copy(sum, out); err != nil || !bytes.Equal(sum.Sum(nil), a.Hash) {
			t.Errorf("read back %d bytes that aren't the film: %v", out.seen, err)
		}
		if err := reader.Close(); err != nil || out.grew() > most {
			t.Errorf("reading took %d MiB of memory, %v", out.grew()>>20, err)
		}
		t.Logf("memory: taking %d, checking %d, reading %d KiB", in.grew()>>10, copying.grew()>>10, out.grew()>>10)
	})
}
