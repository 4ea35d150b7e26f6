package media

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"time"

	"github.com/gen2brain/avif"
	"github.com/gen2brain/heic"
	"github.com/gen2brain/webp"
	"github.com/kovidgoyal/imaging"
	"github.com/kovidgoyal/imaging/prism/meta/icc"
	xwebp "golang.org/x/image/webp"

	"github.com/omniposto/omniposto/app/base/fail"
)

// Qualities of what is encoded anew. 92 keeps a photograph's second generation apart from its first only under a
// magnifying glass; renditions are for screens.
const (
	jpegQuality      = 92
	webpQuality      = 90
	renditionQuality = 82
)

// maxWebP is how many pixels are encoded as WebP; larger ones become JPEG or PNG, because the encoder would need more
// memory than a child has.
const maxWebP = 16_000_000

// sides of the renditions; smaller pictures aren't enlarged.
var renditionSides = []struct {
	name Rendition
	side int
}{{Preview, 1280}, {Thumb, 320}}

// facts is what an inspection finds out about a file.
type facts struct {
	Kind     Kind          `json:"kind"`
	MIME     string        `json:"mime"`
	Width    int           `json:"width,omitempty"`
	Height   int           `json:"height,omitempty"`
	Frames   int           `json:"frames,omitempty"`
	Duration time.Duration `json:"duration,omitempty"`
	FPS      float64       `json:"fps,omitempty"`
	Codec    string        `json:"codec,omitempty"`
	Sound    string        `json:"sound,omitempty"`
}

// emit takes one finished form of a picture.
type emit func(c Copy, content []byte) error

// cleanPicture decodes all of a picture within the bounds, applies orientation and colours, and emits the original,
// encoded anew, and the renditions. A decoder that panics means a damaged file.
func cleanPicture(mime string, r io.ReaderAt, size int64, out emit) (f facts, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = ErrCorrupt.Because(fmt.Errorf("decoder: %v", p))
		}
	}()
	h, err := readHeader(mime, r, size)
	if err != nil {
		return f, err
	}
	if h.animated || mime == "image/gif" {
		return cleanMoving(h, r, size, out)
	}
	img, err := decodeStill(&h, r, size)
	if err != nil {
		return f, err
	}
	img = upright(toSRGB(img, h.profile), h.orientation)
	content, mime, err := encodeStill(h, img)
	if err != nil {
		return f, err
	}
	f = facts{Kind: Image, MIME: mime, Width: img.Bounds().Dx(), Height: img.Bounds().Dy()}
	if err := out(Copy{Name: Original, MIME: mime, Bytes: int64(len(content)), Width: f.Width, Height: f.Height}, content); err != nil {
		return f, err
	}
	return f, render(img, out)
}

// decodeStill decodes the pixels; a picture whose pixels don't match its header is damaged.
func decodeStill(h *header, r io.ReaderAt, size int64) (image.Image, error) {
	src := section(r, size)
	var img image.Image
	var err error
	switch h.mime {
	case "image/jpeg":
		img, err = jpeg.Decode(src)
	case "image/png":
		img, err = png.Decode(src)
	case "image/webp":
		img, err = xwebp.Decode(src)
	case "image/avif", "image/heic":
		return decodeHEIF(h, r, size)
	default:
		return nil, ErrType
	}
	if err != nil {
		return nil, ErrCorrupt.Because(err)
	}
	if img.Bounds().Dx() != h.width || img.Bounds().Dy() != h.height {
		return nil, ErrCorrupt.Because(errors.New("size differs from the header's"))
	}
	return img, nil
}

// smallHEIC is the narrowest HEIC whose colours come out right: the decoder's library makes no plane narrower than 64,
// and what wraps it counts on planes as narrow as the picture (gen2brain/heic 0.4.5).
const smallHEIC = 128

// decodeHEIF decodes the primary picture of an AVIF or HEIC. The HEIC decoder turns and mirrors by itself.
func decodeHEIF(h *header, r io.ReaderAt, size int64) (image.Image, error) {
	look := lookHEIF(r, size)
	h.width, h.height, h.profile = look.width, look.height, look.profile
	if err := h.check(); err != nil {
		return nil, err
	}
	var img image.Image
	var err error
	if w := look.shownWidth(); h.mime == "image/heic" && w > 0 && w < smallHEIC {
		return nil, ErrSmall
	}
	if h.mime == "image/heic" {
		img, err = heic.Decode(section(r, size))
	} else {
		img, err = avif.Decode(section(r, size))
	}
	if err != nil {
		return nil, ErrCorrupt.Because(err)
	}
	mend(img)
	h.width, h.height = img.Bounds().Dx(), img.Bounds().Dy()
	if err := h.check(); err != nil {
		return nil, err
	}
	if h.mime == "image/heic" {
		return img, nil
	}
	if !decoded(img, look.alpha) { // the AVIF decoder says nothing when it can't read the pixels
		return nil, ErrCorrupt.Because(errors.New("not all pixels were decoded"))
	}
	for range look.turns {
		img = imaging.Rotate90(img)
	}
	switch look.mirror {
	case 1:
		img = imaging.FlipV(img)
	case 2:
		img = imaging.FlipH(img)
	}
	return img, nil
}

// mend gives the first pixels of a picture those below them. The decoders that run as WebAssembly hand out a view of
// memory that they have freed, and the allocator keeps notes of up to 24 bytes at the beginning of what is free
// (gen2brain/heic 0.4.5, avif 0.4.4, webp 0.5.5).
func mend(img image.Image) {
	const notes = 32
	var pix []byte
	stride := 0
	switch m := img.(type) {
	case *image.YCbCr:
		pix, stride = m.Y, m.YStride
	case *image.Gray:
		pix, stride = m.Pix, m.Stride
	case *image.RGBA:
		pix, stride = m.Pix, m.Stride
	case *image.NRGBA:
		pix, stride = m.Pix, m.Stride
	}
	if stride >= notes && len(pix) >= stride+notes {
		copy(pix[:notes], pix[stride:])
	}
}

// decoded tells pixels from memory that a decoder left as it was: without transparency every pixel is opaque; with it,
// no colour is brighter than its alpha, and something is there.
func decoded(img image.Image, alpha bool) bool {
	m, ok := img.(*image.RGBA)
	if !ok {
		wide, ok := img.(*image.RGBA64)
		if !ok {
			return true
		}
		m = &image.RGBA{Pix: make([]byte, len(wide.Pix)/2)} // the upper halves say enough
		for i := range m.Pix {
			m.Pix[i] = wide.Pix[2*i]
		}
	}
	something := false
	for i := 0; i+3 < len(m.Pix); i += 4 {
		p := m.Pix[i : i+4 : i+4]
		if !alpha && p[3] != 0xff || p[0] > p[3] || p[1] > p[3] || p[2] > p[3] {
			return false
		}
		something = something || p[3] != 0
	}
	return something
}

// toSRGB converts by the picture's own colour profile, if it has one that makes sense; screens and platforms take a
// picture without a profile as sRGB.
func toSRGB(img image.Image, profile []byte) image.Image {
	if len(profile) == 0 {
		return img
	}
	p, err := icc.DecodeProfile(bytes.NewReader(profile))
	if err != nil {
		return img
	}
	converted, err := imaging.ConvertToSRGB(p, icc.RelativeColorimetricRenderingIntent, true, img)
	if err != nil {
		return img
	}
	return converted
}

// encodeStill encodes the cleaned original: in its own type, or in one that platforms take.
func encodeStill(h header, img image.Image) ([]byte, string, error) {
	var b bytes.Buffer
	var err error
	mime := h.mime
	switch {
	case mime == "image/webp" && h.width*h.height <= maxWebP:
		err = encodeWebP(&b, img, webpQuality, h.lossless)
	case mime == "image/png":
		err = png.Encode(&b, plain(img))
	case mime == "image/jpeg" || imaging.IsOpaque(img):
		mime = "image/jpeg"
		err = encodeJPEG(&b, img, jpegQuality)
	default:
		mime = "image/png"
		err = png.Encode(&b, plain(img))
	}
	if err != nil {
		return nil, "", fmt.Errorf("encode %s: %w", mime, err)
	}
	return b.Bytes(), mime, nil
}

// plain gives a picture in a type that the standard encoders know well.
func plain(img image.Image) image.Image {
	switch img.(type) {
	case *image.Gray, *image.Gray16, *image.NRGBA, *image.NRGBA64, *image.RGBA, *image.RGBA64, *image.Paletted:
		return img
	}
	return imaging.AsNRGBA(img)
}

// encodeJPEG encodes a picture that is opaque.
func encodeJPEG(w io.Writer, img image.Image, quality int) error {
	switch img.(type) {
	case *image.YCbCr, *image.Gray, *image.RGBA:
	default: // an opaque picture has the same bytes in both forms, and the encoder is quick with this one
		m := imaging.AsNRGBA(img)
		img = &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	}
	return jpeg.Encode(w, img, &jpeg.Options{Quality: quality})
}

// encodeWebP hands the encoder the one form that it reads by its own rules: rows without gaps, colour not multiplied
// by alpha.
func encodeWebP(w io.Writer, img image.Image, quality int, lossless bool) error {
	m := imaging.AsNRGBA(img)
	if m.Stride != 4*m.Bounds().Dx() || m.Bounds().Min != (image.Point{}) {
		m = imaging.Clone(m)
	}
	return webp.Encode(w, m, webp.Options{Quality: quality, Lossless: lossless, Method: 3, Exact: lossless})
}

// render emits the renditions, each made of the one before.
func render(img image.Image, out emit) error {
	opaque := imaging.IsOpaque(img)
	for _, r := range renditionSides {
		img = fit(img, r.side)
		c := Copy{Name: r.name, MIME: "image/jpeg", Width: img.Bounds().Dx(), Height: img.Bounds().Dy()}
		var b bytes.Buffer
		var err error
		if opaque {
			err = encodeJPEG(&b, img, renditionQuality)
		} else {
			c.MIME = "image/webp"
			err = encodeWebP(&b, img, renditionQuality, false)
		}
		if err != nil {
			return fmt.Errorf("encode %s: %w", r.name, err)
		}
		c.Bytes = int64(b.Len())
		if err := out(c, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// fit makes a picture small enough for a square; no side becomes nothing.
func fit(img image.Image, side int) image.Image {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	longest := max(w, h)
	if longest <= side {
		return img
	}
	return imaging.Resize(img, max(1, (w*side+longest/2)/longest), max(1, (h*side+longest/2)/longest), imaging.Lanczos)
}

// verdictOf tells a verdict about the file from trouble around it.
func verdictOf(err error) *fail.Error {
	if e := fail.As(err); e != nil {
		for _, v := range verdicts {
			if errors.Is(e, v) {
				return e
			}
		}
	}
	return nil
}
