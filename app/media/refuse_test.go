package media_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/media"
	"github.com/omniposto/omniposto/store"
)

func TestFilesAreRefused(t *testing.T) {
	cut := func(b []byte) []byte { return b[:len(b)*2/3] }
	for _, c := range []struct {
		name    string
		content func(t testing.TB) []byte
		want    *fail.Error
	}{
		{"text.jpg", func(testing.TB) []byte { return []byte("not a picture at all") }, media.ErrType},
		{"page.png", func(testing.TB) []byte { return []byte("<html><script>alert(1)</script></html>") }, media.ErrType},
		{"drawing.svg", func(testing.TB) []byte { return []byte(`<svg xmlns="http://www.w3.org/2000/svg"></svg>`) }, media.ErrType},
		{"archive.zip", func(testing.TB) []byte { return append([]byte("PK\x03\x04"), someBytes(500)...) }, media.ErrType},
		{"picture.bmp", func(testing.TB) []byte { return append([]byte("BM"), make([]byte, 500)...) }, media.ErrType},
		{"film.mkv", func(t testing.TB) []byte {
			return bytes.Replace(sample(t, "place.webm"), []byte("\x42\x82\x84webm"), []byte("\x42\x82\x84mkv1"), 1)
		}, media.ErrType},
		{"one byte", func(testing.TB) []byte { return []byte{0xff} }, media.ErrType},
		{"cut.jpg", func(t testing.TB) []byte { return cut(aJPEG(t, corner(640, 480))) }, media.ErrCorrupt},
		{"cut.png", func(t testing.TB) []byte { return cut(aPNG(t, grain(64, 48))) }, media.ErrCorrupt},
		{"cut.gif", func(t testing.TB) []byte { return cut(aGIF(t, 64, 48, 9)) }, media.ErrCorrupt},
		{"cut.webp", func(t testing.TB) []byte { return cut(sample(t, "lossless.webp")) }, media.ErrCorrupt},
		{"cut moving.webp", func(t testing.TB) []byte { return cut(sample(t, "moving.webp")) }, media.ErrCorrupt},
		{"cut.avif", func(t testing.TB) []byte { return cut(sample(t, "hole.avif")) }, media.ErrCorrupt},
		{"cut opaque.avif", func(t testing.TB) []byte { return cut(sample(t, "turned.avif")) }, media.ErrCorrupt},
		{"cut.heic", func(t testing.TB) []byte { return cut(sample(t, "place.heic")) }, media.ErrCorrupt},
		{"cut.mp4", func(t testing.TB) []byte { return cut(sample(t, "place.mp4")) }, media.ErrCorrupt},
		{"cut.webm", func(t testing.TB) []byte { return cut(sample(t, "place.webm")) }, media.ErrCorrupt},
		{"flipped.png", func(t testing.TB) []byte { b := aPNG(t, grain(64, 48)); b[len(b)/2] ^= 1; return b }, media.ErrCorrupt},
		{"head alone.jpg", func(testing.TB) []byte { return []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00") }, media.ErrCorrupt},
		{"no pictures.gif", func(testing.TB) []byte { return []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00\x3b") }, media.ErrCorrupt},
		{"small.heic", func(t testing.TB) []byte { return sample(t, "small.heic") }, media.ErrSmall},
		{"bomb.gif", func(testing.TB) []byte { return bombGIF() }, media.ErrPixels},
		{"bomb.png", func(testing.TB) []byte { return flatPNG(8000, 6251) }, media.ErrPixels},
		{"long.png", func(testing.TB) []byte { return flatPNG(16385, 8) }, media.ErrSides},
		{"high.png", func(testing.TB) []byte { return flatPNG(8, 20000) }, media.ErrSides},
		{"many.gif", func(t testing.TB) []byte { return aGIF(t, 2, 2, 501) }, media.ErrFrames},
		{"ten thousand.gif", func(t testing.TB) []byte { return aGIF(t, 2, 2, 10_000) }, media.ErrFrames},
		{"together too large.gif", func(testing.TB) []byte { return manyFrames(5000, 5000, 20) }, media.ErrFrames},
		{"sound.mp4", func(t testing.TB) []byte { return sample(t, "sound.mp4") }, media.ErrNoPicture},
		{"drone fragments.mp4", func(t testing.TB) []byte { return sample(t, "drone-fragments.mp4") }, media.ErrUncleanable},
		{"nothing in it.mp4", func(testing.TB) []byte { return aBox("ftyp", []byte("isom\x00\x00\x02\x00mp41")) }, media.ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := aWorld(t)
			a := w.process(c.name, c.content(t))
			if a.State != media.Refused || a.Problem != c.want.Code {
				t.Fatalf("%s %q, want %q\n%s", a.State, a.Problem, c.want.Code, w.log)
			}
			if why := a.Why(); why == nil || why.Message != c.want.Message {
				t.Errorf("says %v", why)
			}
			if _, err := w.service.Open(t.Context(), a, media.Original); !errors.Is(err, media.ErrRefused) {
				t.Errorf("open: %v", err)
			}
			if err := w.service.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if keys := w.keys(); len(keys) != 0 {
				t.Errorf("left in the storage: %v", keys)
			}
			if got := w.settled(a.ID); !slices.Equal(got, []string{"refused"}) {
				t.Errorf("told %v", got)
			}
		})
	}
}

// manyFrames is a GIF that repeats one picture, which costs a few bytes each time.
func manyFrames(w, h, n int) []byte {
	size := []byte{byte(w), byte(w >> 8), byte(h), byte(h >> 8)}
	b := append([]byte("GIF89a"), size...)
	b = append(b, 0x80, 0, 0, 0, 0, 0, 255, 255, 255)
	for range n {
		b = append(append(b, 0x2c, 0, 0, 0, 0), size...)
		b = append(b, 0, 2, 2, 0x4c, 1, 0)
	}
	return append(b, 0x3b)
}

func TestRefusalsAreTold(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	a := w.process("x.png", []byte("no"))
	changes := 0
	err := w.db.View(t.Context(), func(tx store.ReadTx) error {
		from := store.K("change", "r")
		tx.Scan(from, from.End(), false, func(_, v []byte) bool {
			if bytes.Contains(v, []byte("asset.refused")) && bytes.Contains(v, []byte(a.ID.String())) {
				changes++
			}
			return true
		})
		return nil
	})
	if err != nil || changes != 1 || !strings.Contains(w.log.String(), a.ID.String()) || strings.Contains(w.log.String(), "x.png") {
		t.Errorf("%d changes, %v, log %s", changes, err, w.log)
	}
}

func TestEmptyAndTooLargeFilesLeaveNothing(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	for name, c := range map[string]struct {
		bytes   int64
		content []byte
		want    error
	}{
		"empty":                   {0, nil, media.ErrEmpty},
		"too large":               {0, make([]byte, 32<<20+1), media.ErrTooLarge},
		"announced too large":     {32<<20 + 1, []byte("x"), media.ErrTooLarge},
		"larger than said":        {3, []byte("four"), media.ErrTooLarge},
		"smaller than said":       {5, []byte("four"), nil},
		"negative":                {-1, []byte("four"), media.ErrEmpty},
		"exactly what is allowed": {0, nil, nil},
	} {
		n := w.file(name)
		n.Bytes = c.bytes
		content := c.content
		if name == "exactly what is allowed" {
			content = make([]byte, 32<<20)
		}
		a, err := w.service.Receive(t.Context(), n, bytes.NewReader(content))
		if name == "exactly what is allowed" {
			if err != nil || a.Bytes != 32<<20 {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := w.get(a.ID); !errors.Is(err, media.ErrNotFound) {
			t.Errorf("%s: the asset is %v", name, err)
		}
	}
	if err := w.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if keys := w.keys(); len(keys) != 1 { // the one that was allowed
		t.Errorf("left in the storage: %v", keys)
	}
}

func TestEachVerdictHasACodeOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, v := range []*fail.Error{media.ErrEmpty, media.ErrType, media.ErrCorrupt, media.ErrPixels, media.ErrSides, media.ErrFrames, media.ErrHeavy,
		media.ErrSmall, media.ErrNoPicture, media.ErrUncleanable, media.ErrTooLarge, media.ErrAbandoned} {
		a := media.Asset{State: media.Refused, Problem: v.Code}
		if seen[v.Code] || a.Why() != v || v.Message == "" {
			t.Errorf("%s", v.Code)
		}
		seen[v.Code] = true
	}
	if (media.Asset{State: media.Refused, Problem: "of_an_older_version"}).Why() != media.ErrCorrupt || (media.Asset{State: media.Ready}).Why() != nil {
		t.Error("an unknown code or a ready asset says something odd")
	}
}
