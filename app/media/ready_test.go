package media_test

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"
	"time"

	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/webp"

	"github.com/omniposto/omniposto/app/media"
)

func decode(t testing.TB, b []byte) image.Image {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	return img
}

// near says whether two colours look the same after a lossy encoding.
func near(a, b color.Color) bool {
	r1, g1, b1, a1 := a.RGBA()
	r2, g2, b2, a2 := b.RGBA()
	for _, d := range []int{int(r1) - int(r2), int(g1) - int(g2), int(b1) - int(b2), int(a1) - int(a2)} {
		if d > 0x3000 || d < -0x3000 {
			return false
		}
	}
	return true
}

var (
	red   = color.NRGBA{R: 255, A: 255}
	green = color.NRGBA{G: 255, A: 255}
	blue  = color.NRGBA{B: 255, A: 255}
)

func TestFilesBecomeReady(t *testing.T) {
	for _, c := range []struct {
		name    string
		content func(t testing.TB) []byte
		want    media.Asset
	}{
		{"a photo.jpeg", func(t testing.TB) []byte { return aJPEG(t, corner(1400, 1050), exifSegment(1)) },
			media.Asset{Name: "a photo.jpeg", Kind: media.Image, MIME: "image/jpeg", Width: 1400, Height: 1050}},
		{"C:\\pictures\\plain.png", func(t testing.TB) []byte { return aPNG(t, corner(400, 300)) },
			media.Asset{Name: "plain.png", Kind: media.Image, MIME: "image/png", Width: 400, Height: 300}},
		{"hole.png", func(t testing.TB) []byte { return sample(t, "hole.png") },
			media.Asset{Name: "hole.png", Kind: media.Image, MIME: "image/png", Width: 64, Height: 48}},
		{"one.gif", func(t testing.TB) []byte { return aGIF(t, 40, 30, 1) },
			media.Asset{Name: "one.gif", Kind: media.Image, MIME: "image/gif", Width: 40, Height: 30, Frames: 1, Duration: 50}},
		{"moving.gif", func(t testing.TB) []byte { return aGIF(t, 40, 30, 7) },
			media.Asset{Name: "moving.gif", Kind: media.GIF, MIME: "image/gif", Width: 40, Height: 30, Frames: 7, Duration: 350}},
		{"no ending", func(t testing.TB) []byte { return sample(t, "place.webp") },
			media.Asset{Name: "no ending.webp", Kind: media.Image, MIME: "image/webp", Width: 64, Height: 48}},
		{"moving.webp", func(t testing.TB) []byte { return sample(t, "moving.webp") },
			media.Asset{Name: "moving.webp", Kind: media.Image, MIME: "image/webp", Width: 64, Height: 48, Frames: 3, Duration: 300}},
		{"IMG_1.HEIC", func(t testing.TB) []byte { return sample(t, "place.heic") },
			media.Asset{Name: "IMG_1.jpg", Kind: media.Image, MIME: "image/jpeg", Width: 160, Height: 120}},
		{"v1.2", func(t testing.TB) []byte { return sample(t, "place.avif") },
			media.Asset{Name: "v1.2.jpg", Kind: media.Image, MIME: "image/jpeg", Width: 64, Height: 48}},
		{"hole.avif", func(t testing.TB) []byte { return sample(t, "hole.avif") },
			media.Asset{Name: "hole.png", Kind: media.Image, MIME: "image/png", Width: 64, Height: 48}},
		{"film.mp4", func(t testing.TB) []byte { return sample(t, "place.mp4") },
			media.Asset{Name: "film.mp4", Kind: media.Video, MIME: "video/mp4", Width: 64, Height: 48, Duration: 1000, FPS: 10, Codec: "h264", Sound: "aac"}},
		{"film.mov", func(t testing.TB) []byte { return sample(t, "turned.mov") },
			media.Asset{Name: "film.mov", Kind: media.Video, MIME: "video/quicktime", Width: 48, Height: 64, Duration: 1000, FPS: 10, Codec: "h264", Sound: "aac"}},
		{"lying.gif", func(t testing.TB) []byte { return sample(t, "fragments.mp4") },
			media.Asset{Name: "lying.mp4", Kind: media.Video, MIME: "video/mp4", Width: 64, Height: 48, Duration: 1000, FPS: 10, Codec: "h264", Sound: "aac"}},
		{"drone.mp4", func(t testing.TB) []byte { return sample(t, "drone.mp4") },
			media.Asset{Name: "drone.mp4", Kind: media.Video, MIME: "video/mp4", Width: 64, Height: 48, Duration: 1000, FPS: 10, Codec: "h264", Sound: "aac"}},
		{"film.webm", func(t testing.TB) []byte { return sample(t, "place.webm") },
			media.Asset{Name: "film.webm", Kind: media.Video, MIME: "video/webm", Width: 64, Height: 48, Duration: 1000, FPS: 10, Codec: "vp9", Sound: "opus"}},
		{"recording.webm", func(t testing.TB) []byte { return unknownClusters(sample(t, "live.webm")) },
			media.Asset{Name: "recording.webm", Kind: media.Video, MIME: "video/webm", Width: 64, Height: 48, Duration: 1000, FPS: 10, Codec: "vp8"}},
		{"subtitled.webm", func(t testing.TB) []byte { return sample(t, "subtitled.webm") },
			media.Asset{Name: "subtitled.webm", Kind: media.Video, MIME: "video/webm", Width: 64, Height: 48, Duration: 1000, FPS: 10, Codec: "vp9", Sound: "opus"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := aWorld(t)
			content := c.content(t)
			got := w.process(c.name, content)
			if got.State != media.Ready || got.Problem != "" {
				t.Fatalf("%s %s\n%s", got.State, got.Problem, w.log)
			}
			if d := got.Duration - c.want.Duration; d < -100 || d > 100 {
				t.Errorf("lasts %d ms, want %d", got.Duration, c.want.Duration)
			}
			short := media.Asset{Name: got.Name, Kind: got.Kind, MIME: got.MIME, Width: got.Width, Height: got.Height, Frames: got.Frames,
				Duration: c.want.Duration, Codec: got.Codec, Sound: got.Sound, FPS: float64(int(got.FPS + 0.5))}
			if !equal(short, c.want) {
				t.Errorf("got  %+v\nwant %+v", short, c.want)
			}
			checkForms(t, w, got, content)
		})
	}
}

func equal(a, b media.Asset) bool {
	return a.Name == b.Name && a.Kind == b.Kind && a.MIME == b.MIME && a.Width == b.Width && a.Height == b.Height && a.Frames == b.Frames &&
		a.Duration == b.Duration && a.Codec == b.Codec && a.Sound == b.Sound && a.FPS == b.FPS
}

// unknownClusters makes a WebM's cluster one of unknown size, as browsers write it.
func unknownClusters(b []byte) []byte {
	i := bytes.Index(b, []byte{0x1f, 0x43, 0xb6, 0x75})
	b[i+4], b[i+5] = 0x7f, 0xff
	return b
}

// checkForms looks at everything that is stored of a ready asset.
func checkForms(t *testing.T, w *world, a media.Asset, came []byte) {
	t.Helper()
	original := w.bytes(a, media.Original)
	sum, received := sha256.Sum256(original), sha256.Sum256(came)
	if !bytes.Equal(a.Hash, sum[:]) || !bytes.Equal(a.Received, received[:]) || a.Bytes != int64(len(original)) {
		t.Error("hashes or size aren't those of the bytes")
	}
	if bytes.Contains(original, []byte("canary")) || bytes.Contains(original, []byte("13.4")) {
		t.Error("the original still tells what it told")
	}
	want := []media.Rendition{media.Preview, media.Thumb}
	if a.Kind == media.Video {
		want = nil
	}
	if got := a.Renditions(); !slices.Equal(got, want) {
		t.Errorf("renditions %v, want %v", got, want)
	}
	for _, r := range want {
		c, _ := a.Copy(r)
		b := w.bytes(a, r)
		img := decode(t, b)
		side := map[media.Rendition]int{media.Preview: 1280, media.Thumb: 320}[r]
		if img.Bounds().Dx() != c.Width || img.Bounds().Dy() != c.Height || max(c.Width, c.Height) != min(side, max(a.Width, a.Height)) || c.Bytes != int64(len(b)) {
			t.Errorf("%s is %v, said to be %d × %d", r, img.Bounds(), c.Width, c.Height)
		}
		if c.MIME != "image/jpeg" && c.MIME != "image/webp" || bytes.Contains(b, []byte("canary")) {
			t.Errorf("%s is %s, or tells something", r, c.MIME)
		}
	}
	for _, key := range w.keys() {
		if strings.Contains(key, strings.ToLower(a.Name)) {
			t.Errorf("the key %s holds the file's name", key)
		}
	}
	if err := w.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, all := w.quarantined(), len(w.keys()); n != 0 || all != len(a.Copies) {
		t.Errorf("%d objects in quarantine, %d in all", n, all)
	}
	if got := w.settled(a.ID); !slices.Equal(got, []string{"ready"}) {
		t.Errorf("told %v", got)
	}
}

func TestMovingPicturesKeepTheirPictures(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	a := w.process("moving.webp", w.bytes(w.process("first.webp", sample(t, "moving.webp")), media.Original)) // its own output is read again
	if a.Frames != 3 || a.Duration != 300 {
		t.Errorf("%d pictures, %d ms", a.Frames, a.Duration)
	}
	if img := decode(t, w.bytes(a, media.Preview)); !near(img.At(30, 20), red) {
		t.Errorf("the first picture is %v", img.At(30, 20))
	}
	b := w.bytes(a, media.Original)
	if loops := b[bytes.Index(b, []byte("ANIM"))+12]; loops != 3 {
		t.Errorf("plays %d times", loops)
	}
	g := w.bytes(w.process("moving.gif", aGIF(t, 40, 30, 7)), media.Original)
	if n := bytes.Count(g, []byte{0x21, 0xf9, 4}); n != 7 {
		t.Errorf("%d pictures in the GIF", n)
	}
}

func TestPicturesStandUpright(t *testing.T) {
	// where the blue corner is after turning: x and y in eighths
	for orientation, at := range map[uint16]image.Point{1: {0, 0}, 2: {7, 0}, 3: {7, 7}, 4: {0, 7}, 5: {0, 0}, 6: {7, 0}, 7: {7, 7}, 8: {0, 7}, 9: {0, 0}, 0: {0, 0}} {
		w := aWorld(t)
		for name, content := range map[string][]byte{
			"x.jpg": aJPEG(t, corner(160, 80), exifSegment(orientation)),
			"x.png": aPNG(t, corner(160, 80), chunk("eXIf", exif(orientation))),
		} {
			a := w.process(name, content)
			if turned := orientation >= 5 && orientation <= 8; turned != (a.Width == 80) {
				t.Errorf("%s, %d: %d × %d", name, orientation, a.Width, a.Height)
			}
			for _, r := range []media.Rendition{media.Original, media.Thumb} {
				checkCorner(t, decode(t, w.bytes(a, r)), at)
			}
		}
	}
	w := aWorld(t)
	for name, at := range map[string]image.Point{"turned.avif": {0, 7}, "mirrored.avif": {7, 0}, "place.heic": {0, 0}} {
		checkCorner(t, decode(t, w.bytes(w.process(name, sample(t, name)), media.Original)), at)
	}
}

// checkCorner looks for blue at one corner and red at the others.
func checkCorner(t *testing.T, img image.Image, blueAt image.Point) {
	t.Helper()
	for _, p := range []image.Point{{0, 0}, {7, 0}, {0, 7}, {7, 7}} {
		x, y := img.Bounds().Dx()*(2*p.X+1)/16, img.Bounds().Dy()*(2*p.Y+1)/16
		want := red
		if p == blueAt {
			want = blue
		}
		if !near(img.At(x, y), want) {
			t.Errorf("at %v of %v: %v, want %v", p, img.Bounds(), img.At(x, y), want)
		}
	}
}

func TestPicturesTellNothing(t *testing.T) {
	t.Parallel()
	zip := []byte("PK\x03\x04 canary.html <script>canary</script>")
	for name, content := range map[string][]byte{
		"a.jpg": append(aJPEG(t, corner(64, 48), exifSegment(1), xmpSegment(), segment(0xfe, []byte("canary"))), zip...),
		"a.png": append(aPNG(t, corner(64, 48), chunk("tEXt", []byte("Comment\x00canary")), chunk("eXIf", exif(1)), chunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00canary"))), zip...),
		"a.gif": append(aGIF(t, 64, 48, 2), zip...),
		"a.mp4": append(sample(t, "place.mp4"), zip...),
		"b.mp4": append(sample(t, "place.mp4"), aBox("uuid", zip)...),
		"c.mp4": append(sample(t, "place.mp4"), aBox("free", zip)...),
	} {
		w := aWorld(t)
		a := w.process(name, content)
		if a.State != media.Ready {
			t.Errorf("%s: %s", name, a.Problem)
			continue
		}
		for _, c := range a.Copies {
			if b := w.bytes(a, c.Name); bytes.Contains(b, []byte("canary")) || bytes.Contains(b, []byte("PK\x03\x04")) {
				t.Errorf("%s of %s tells something", c.Name, name)
			}
		}
	}
}

func TestColoursFollowTheProfile(t *testing.T) {
	t.Parallel()
	icc := append([]byte("ICC_PROFILE\x00\x01\x01"), swapped()...)
	w := aWorld(t)
	a := w.process("swapped.jpg", aJPEG(t, corner(160, 80), segment(0xe2, icc)))
	if a.State != media.Ready {
		t.Fatal(a.Problem)
	}
	if img := decode(t, w.bytes(a, media.Original)); !near(img.At(100, 60), green) {
		t.Errorf("red became %v", img.At(100, 60))
	}
	broken := append([]byte("ICC_PROFILE\x00\x01\x01"), someBytes(300)...)
	a = w.process("broken.jpg", aJPEG(t, corner(160, 80), segment(0xe2, broken)))
	if img := decode(t, w.bytes(a, media.Original)); !near(img.At(100, 60), red) {
		t.Errorf("with a broken profile red became %v", img.At(100, 60))
	}
}

func TestLosslessStaysLossless(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	for name, content := range map[string][]byte{"a.png": aPNG(t, grain(90, 70)), "a.webp": sample(t, "lossless.webp")} {
		got, want := decode(t, w.bytes(w.process(name, content), media.Original)), decode(t, content)
		for y := range want.Bounds().Dy() {
			for x := range want.Bounds().Dx() {
				r1, g1, b1, a1 := got.At(x, y).RGBA()
				r2, g2, b2, a2 := want.At(x, y).RGBA()
				if r1 != r2 || g1 != g2 || b1 != b2 || a1 != a2 {
					t.Fatalf("%s: pixel %d,%d is %v, was %v", name, x, y, got.At(x, y), want.At(x, y))
				}
			}
		}
	}
}

func TestFilmsKeepTheirStreams(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	content := sample(t, "place.mp4")
	got := w.bytes(w.process("place.mp4", content), media.Original)
	i := bytes.Index(content, []byte("mdat"))
	if len(got) != len(content) || !bytes.Equal(got[i:], content[i:]) {
		t.Error("the pictures and sounds aren't byte for byte what came")
	}
	for _, when := range []string{"mvhd", "tkhd", "mdhd"} {
		if at := bytes.Index(got, []byte(when)) + 8; !bytes.Equal(got[at:at+8], make([]byte, 8)) {
			t.Errorf("%s tells when the film was made", when)
		}
	}
}

func TestDocumentsAreTakenWhereAsked(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	pdf := []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
	if a := w.process("a.pdf", pdf); a.Problem != media.ErrType.Code {
		t.Errorf("not asked for, but %s", a.State)
	}
	for content, want := range map[string]media.State{string(pdf): media.Ready, "%PDF-1.4\n1 0 obj cut": media.Refused} {
		n := w.file("a.pdf")
		n.Documents = true
		a, err := w.service.Receive(t.Context(), n, strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if a, err = w.service.Process(t.Context(), w.org, w.workspace, a.ID); err != nil || a.State != want {
			t.Errorf("%s %v, want %s", a.State, err, want)
		}
		if want == media.Ready && (a.Kind != media.Document || string(w.bytes(a, media.Original)) != content) {
			t.Errorf("got %+v", a)
		}
	}
}

func TestLengthIsADuration(t *testing.T) {
	t.Parallel()
	if got := (media.Asset{Duration: 1500}).Length(); got != 1500*time.Millisecond {
		t.Error(got)
	}
}
