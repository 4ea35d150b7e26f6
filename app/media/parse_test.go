package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"image/gif"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// seeds gives every sample file to a fuzz target.
func seeds(f *testing.F, patterns ...string) {
	f.Helper()
	for _, p := range patterns {
		names, err := filepath.Glob(filepath.Join("testdata", p))
		if err != nil || len(names) == 0 {
			f.Fatalf("no samples %s: %v", p, err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
}

// clean gives the film as it would be stored.
func clean(t testing.TB, b []byte, f film) []byte {
	t.Helper()
	out, err := io.ReadAll(&cleaned{src: bytes.NewReader(b), patches: f.patches, end: f.end, seen: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// checkPlan holds the laws of every plan: patches lie in the file, in order, and only the end is cut.
func checkPlan(t testing.TB, b []byte, f film) {
	t.Helper()
	var end int64
	for _, p := range inOrder(f.patches) {
		if p.at < end || p.n < int64(len(p.bytes)) || p.at+p.n > int64(len(b)) {
			t.Fatalf("patch %d+%d with %d bytes after %d, file of %d", p.at, p.n, len(p.bytes), end, len(b))
		}
		end = p.at + p.n
	}
	f.patches = inOrder(f.patches)
	if out := clean(t, b, f); int64(len(out)) != min(f.end, int64(len(b))) {
		t.Fatalf("%d bytes became %d, planned %d", len(b), len(out), f.end)
	}
}

func FuzzMP4(f *testing.F) {
	seeds(f, "*.mp4", "*.mov")
	f.Fuzz(func(t *testing.T, b []byte) {
		if film, err := lookMP4(bytes.NewReader(b), int64(len(b))); err == nil {
			checkPlan(t, b, film)
		} else if verdictOf(err) == nil {
			t.Errorf("no verdict: %v", err)
		}
	})
}

func FuzzWebM(f *testing.F) {
	seeds(f, "*.webm")
	f.Fuzz(func(t *testing.T, b []byte) {
		film, err := lookWebM(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if verdictOf(err) == nil {
				t.Errorf("no verdict: %v", err)
			}
			return
		}
		checkPlan(t, b, film)
		film.patches = inOrder(film.patches)
		again, err := lookWebM(bytes.NewReader(clean(t, b, film)), film.end)
		if err != nil || again.Width != film.Width || again.Codec != film.Codec {
			t.Errorf("cleaned it is another film: %+v, was %+v: %v", again.facts, film.facts, err)
		}
	})
}

// FuzzPictureHeader: no file makes the reader panic, whatever type it is taken for; a GIF that decodes has as many
// pictures as were counted before.
func FuzzPictureHeader(f *testing.F) {
	seeds(f, "*.webp", "*.png", "*.avif", "*.heic")
	f.Add([]byte("GIF89a\x02\x00\x02\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff\x2c\x00\x00\x00\x00\x02\x00\x02\x00\x00\x02\x02\x4c\x01\x00\x3b"))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xd9"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, size := bytes.NewReader(b), int64(len(b))
		for mime, kind := range types {
			if kind.kind != Image {
				continue
			}
			h, err := readHeader(mime, r, size)
			if err != nil && verdictOf(err) == nil {
				t.Errorf("%s: no verdict: %v", mime, err)
			}
			if mime != "image/gif" || err != nil || h.pixels > 1<<20 || h.width*h.height > 1<<20 {
				continue
			}
			if g, err := gif.DecodeAll(bytes.NewReader(b)); err == nil && len(g.Image) != h.frames {
				t.Errorf("%d pictures were counted, %d are there", h.frames, len(g.Image))
			}
		}
		lookHEIF(r, size)
		orientation(b)
		unpackProfile(b)
	})
}

func TestCleanedFilmsAreTheSameFilm(t *testing.T) {
	t.Parallel()
	for name, mime := range map[string]string{
		"place.mp4": "video/mp4", "fragments.mp4": "video/mp4", "drone.mp4": "video/mp4", "turned.mov": "video/quicktime",
		"place.webm": "video/webm", "live.webm": "video/webm", "subtitled.webm": "video/webm",
	} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := lookFilm(mime, bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out := clean(t, b, f)
		if bytes.Contains(out, []byte("canary")) || bytes.Contains(out, []byte("13.4")) || len(f.patches) == 0 {
			t.Errorf("%s still tells what it told", name)
		}
		again, err := lookFilm(mime, bytes.NewReader(out), int64(len(out)))
		if err != nil || !reflect.DeepEqual(again.facts, f.facts) {
			t.Errorf("%s: cleaned %+v, was %+v: %v", name, again.facts, f.facts, err)
		}
		if twice := clean(t, out, again); !bytes.Equal(twice, out) {
			t.Errorf("%s: cleaning twice changes it", name)
		}
	}
}

func TestPatchesAreAppliedWhateverTheChunks(t *testing.T) {
	t.Parallel()
	src := []byte("0123456789abcdefghij")
	f := film{end: 18, patches: inOrder([]patch{{at: 12, n: 3}, {at: 2, n: 4, bytes: []byte("XY")}, {at: 3, n: 2}, {at: 5, n: 3, bytes: []byte("ZZZ")}})}
	const want = "01XY\x00\x00\x00\x0089ab\x00\x00\x00fgh"
	for n := 1; n <= len(src)+1; n++ {
		seen := sha256.New()
		c := &cleaned{src: bytes.NewReader(src), patches: f.patches, end: f.end, seen: seen}
		var out []byte
		buf := make([]byte, n)
		for {
			got, err := c.Read(buf)
			out = append(out, buf[:got]...)
			if err != nil {
				break
			}
		}
		if string(out) != want {
			t.Errorf("in chunks of %d: %q, want %q", n, out, want)
		}
		if sum := sha256.Sum256(src); !bytes.Equal(seen.Sum(nil), sum[:]) {
			t.Errorf("in chunks of %d: what came was seen in part", n)
		}
	}
}

func TestBoxesOfEverySize(t *testing.T) {
	t.Parallel()
	long := append([]byte("\x00\x00\x00\x01mdat"), binary.BigEndian.AppendUint64(nil, 20)...)
	file := bytes.Join([][]byte{[]byte("\x00\x00\x00\x08wide"), append(long, "data"...), []byte("\x00\x00\x00\x00free12")}, nil)
	var got []box
	err := walkBoxes(bytes.NewReader(file), 0, int64(len(file)), func(b box) error { got = append(got, b); return nil })
	want := []box{{"wide", 0, 8, 8}, {"mdat", 8, 16, 20}, {"free", 28, 8, 10}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v %v", got, err)
	}
	for _, bad := range []string{"\x00\x00\x00\x07wide", "\x00\x00\x00\x10wide", "\x00\x00\x00\x01wide", "\x00\x00\x00\x01wide\xff\xff\xff\xff\xff\xff\xff\xff", "\x00\x00\x00\x01wide\x00\x00\x00\x00\x00\x00\x00\x02", "abc"} {
		if err := walkBoxes(bytes.NewReader([]byte(bad)), 0, int64(len(bad)), func(box) error { return nil }); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if err := walkBoxes(bytes.NewReader(make([]byte, 4)), 0, 4, func(box) error { return nil }); err != nil {
		t.Errorf("QuickTime's closing zero: %v", err)
	}
}

func TestOrientationOfBothByteOrders(t *testing.T) {
	t.Parallel()
	for want, b := range map[int]string{
		6: "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00",
		3: "II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x03\x00\x00\x00",
		0: "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x09\x00\x00",
	} {
		if got := orientation([]byte(b)); got != want {
			t.Errorf("%q: %d, want %d", b, got, want)
		}
	}
	for _, b := range []string{"", "MM\x00*", "XX\x00*\x00\x00\x00\x08", "MM\x00*\xff\xff\xff\xff", "MM\x00*\x00\x00\x00\x08\xff\xff"} {
		if got := orientation([]byte(b)); got != 0 {
			t.Errorf("%q: %d", b, got)
		}
	}
}

func TestDurationsThatMakeNoSenseAreNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n     uint64
		scale uint32
		want  time.Duration
	}{
		{1500, 1000, 1500 * time.Millisecond}, {0, 1000, 0}, {5, 0, 0}, {math.MaxUint32, 1, 0}, {math.MaxUint64, 1000, 0}, {math.MaxUint64 - 1, 1, 0}, {1, 3, 333 * time.Millisecond},
	} {
		if got := seconds(c.n, c.scale); got != c.want {
			t.Errorf("%d/%d: %s, want %s", c.n, c.scale, got, c.want)
		}
	}
}

func TestWhatIsDecodedInAChild(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		h    header
		want bool
	}{
		"a photograph":           {header{mime: "image/jpeg", pixels: 4_000_000}, false},
		"a larger one":           {header{mime: "image/jpeg", pixels: 4_000_001}, true},
		"one with a profile":     {header{mime: "image/jpeg", pixels: 1, profile: []byte{1}}, true},
		"an opaque PNG":          {header{mime: "image/png", pixels: 1}, false},
		"a transparent one":      {header{mime: "image/png", pixels: 1, alpha: true}, true},
		"one of many scans":      {header{mime: "image/jpeg", pixels: 1, scans: 65}, true},
		"a GIF":                  {header{mime: "image/gif", pixels: 4_000_000, frames: 100}, false},
		"a GIF of more together": {header{mime: "image/gif", pixels: 4_000_001, frames: 100}, true},
		"WebP":                   {header{mime: "image/webp", pixels: 1}, true},
		"AVIF":                   {header{mime: "image/avif"}, true},
		"HEIC":                   {header{mime: "image/heic"}, true},
	} {
		if got := c.h.child(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestPicturesAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		h    header
		want error
	}{
		"exactly 50 million":     {header{width: 8000, height: 6250}, nil},
		"one column more":        {header{width: 8001, height: 6250}, ErrPixels},
		"the longest side":       {header{width: MaxSide, height: 3000}, nil},
		"a pixel longer":         {header{width: 1, height: MaxSide + 1}, ErrSides},
		"nothing":                {header{width: 0, height: 10}, ErrCorrupt},
		"huge":                   {header{width: math.MaxInt, height: math.MaxInt}, ErrPixels},
		"500 pictures":           {header{mime: "image/gif", width: 9, height: 9, frames: 500}, nil},
		"501 pictures":           {header{mime: "image/gif", width: 9, height: 9, frames: 501}, ErrFrames},
		"too many pixels of GIF": {header{mime: "image/gif", width: 9, height: 9, pixels: maxGIFPixels + 1}, ErrFrames},
		"too many of WebP":       {header{mime: "image/webp", animated: true, width: 9, height: 9, pixels: maxWebPPixels + 1}, ErrFrames},
	} {
		if err := c.h.check(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUploadsHaveAFewPieces(t *testing.T) {
	t.Parallel()
	u := Upload{Pieces: make([]Piece, maxPieces-1)}
	if err := u.takes(0); err != nil {
		t.Errorf("one under: %v", err)
	}
	u.Pieces = append(u.Pieces, Piece{})
	if err := u.takes(0); !errors.Is(err, ErrPieces) {
		t.Errorf("at the bound: %v", err)
	}
}

func TestScansAreCountedAcrossBuffers(t *testing.T) {
	t.Parallel()
	for _, at := range []int{0, 100, 65534, 65535, 65536, 131069, 131070, 131071} {
		b := make([]byte, 150_000)
		b[at], b[at+1] = 0xff, 0xda
		if got := countScans(bytes.NewReader(b), int64(len(b))); got != 1 {
			t.Errorf("at %d: %d", at, got)
		}
	}
}
