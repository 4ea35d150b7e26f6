package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
)

// Bounds of what is decoded (trust.md 6).
const (
	MaxPixels       = 50_000_000
	MaxSide         = 16_384
	MaxFrames       = 500
	maxGIFPixels    = 250_000_000 // of all frames together: one byte each in memory
	maxWebPPixels   = 100_000_000 // of all frames together: four bytes each, twice
	maxHere         = 4_000_000   // more is decoded in a child process: two of these turned at once take 140 MiB
	maxScans        = 64          // of a JPEG: real ones have ten; each costs the whole picture's time for a few bytes
	maxPictureBytes = 100 << 20   // of an image file: it is read into memory by its decoder
	maxProfile      = 4 << 20     // of a colour profile; real ones have a few hundred KiB at most
)

// header is what a picture says about itself before its pixels are read.
type header struct {
	mime          string
	width, height int
	frames        int
	pixels        int // of all frames together
	alpha         bool
	animated      bool
	loops         int
	lossless      bool // of WebP
	orientation   int  // EXIF's number; 0 and 1 mean none
	profile       []byte
	scans         int // of a JPEG: how often its decoder goes over the picture
}

// readHeader reads what is needed to judge a picture. AVIF and HEIC are read where they are decoded, in a child.
func readHeader(mime string, r io.ReaderAt, size int64) (header, error) {
	if size > maxPictureBytes {
		return header{}, ErrTooLarge
	}
	h := header{mime: mime, frames: 1}
	var err error
	switch mime {
	case "image/jpeg":
		err = h.readJPEG(r, size)
	case "image/png":
		err = h.readPNG(r, size)
	case "image/gif":
		err = h.readGIF(r, size)
	case "image/webp":
		err = h.readWebP(r, size)
	default:
		return h, nil
	}
	if err != nil {
		return h, err
	}
	if h.pixels == 0 {
		h.pixels = h.width * h.height
	}
	return h, h.check()
}

// check holds the header against the bounds.
func (h header) check() error {
	switch {
	case h.width <= 0 || h.height <= 0:
		return ErrCorrupt
	case h.width > MaxPixels/h.height:
		return ErrPixels
	case h.width > MaxSide || h.height > MaxSide:
		return ErrSides
	case h.frames > MaxFrames,
		h.mime == "image/gif" && h.pixels > maxGIFPixels,
		h.mime == "image/webp" && h.animated && h.pixels > maxWebPPixels:
		return ErrFrames
	}
	return nil
}

// child says whether the picture is decoded in a process of its own.
func (h header) child() bool {
	switch h.mime {
	case "image/jpeg", "image/png", "image/gif":
		return h.pixels > maxHere || h.alpha || len(h.profile) > 0 || h.scans > maxScans
	}
	return true
}

// config takes the size from a decoder's own reading.
func (h *header) config(c image.Config, err error) error {
	if err != nil {
		return ErrCorrupt.Because(err)
	}
	h.width, h.height = c.Width, c.Height
	return nil
}

// readJPEG walks the segments before the pixels: APP1 may hold the orientation, APP2 the colour profile in pieces.
func (h *header) readJPEG(r io.ReaderAt, size int64) error {
	if err := h.config(jpeg.DecodeConfig(section(r, size))); err != nil {
		return err
	}
	pieces := map[byte][]byte{}
	for at := int64(2); at < size; {
		var head [4]byte
		if !readFull(r, head[:], at) || head[0] != 0xff {
			break
		}
		marker := head[1]
		if marker == 0xff { // padding
			at++
			continue
		}
		if marker == 0xda || marker == 0xd9 { // pixels begin, or it ends
			break
		}
		n := int64(binary.BigEndian.Uint16(head[2:])) - 2
		if n < 0 {
			break
		}
		switch body := func() []byte { return readBytes(r, at+4, n) }; marker {
		case 0xe1:
			if b := body(); len(b) > 6 && string(b[:6]) == "Exif\x00\x00" && h.orientation == 0 {
				h.orientation = orientation(b[6:])
			}
		case 0xe2:
			if b := body(); len(b) > 14 && string(b[:12]) == "ICC_PROFILE\x00" {
				pieces[b[12]] = b[14:]
			}
		}
		at += 4 + n
	}
	for i := 1; i <= len(pieces); i++ {
		h.profile = append(h.profile, pieces[byte(i)]...) //nolint:gosec // at most 256 pieces
	}
	h.scans = countScans(r, size)
	return nil
}

// countScans counts the marks that begin a scan, wherever they stand.
func countScans(r io.ReaderAt, size int64) (n int) {
	buf := make([]byte, 64<<10)
	for at := int64(0); at < size; at += int64(len(buf)) - 1 { // the last byte is read again: a mark has two
		got, _ := r.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		n += bytes.Count(buf[:got], []byte{0xff, 0xda})
		if got < len(buf) {
			break
		}
	}
	return n
}

// readPNG walks the chunks before the pixels.
func (h *header) readPNG(r io.ReaderAt, size int64) error {
	c, err := png.DecodeConfig(section(r, size))
	if err := h.config(c, err); err != nil {
		return err
	}
	switch c.ColorModel {
	case color.NRGBAModel, color.NRGBA64Model:
		h.alpha = true
	}
	if p, ok := c.ColorModel.(color.Palette); ok {
		h.alpha = transparent(p)
	}
	for at := int64(8); at < size; {
		var head [8]byte
		if !readFull(r, head[:], at) {
			break
		}
		n := int64(binary.BigEndian.Uint32(head[:]))
		switch string(head[4:]) {
		case "IDAT", "IEND":
			return nil
		case "tRNS":
			h.alpha = true
		case "eXIf":
			h.orientation = orientation(readBytes(r, at+8, n))
		case "iCCP":
			h.profile = unpackProfile(readBytes(r, at+8, n))
		}
		at += 12 + n
	}
	return nil
}

// transparent says whether a palette has a colour that isn't opaque.
func transparent(p color.Palette) bool {
	for _, c := range p {
		if _, _, _, a := c.RGBA(); a != 0xffff {
			return true
		}
	}
	return false
}

var errGIF = errors.New("not the blocks of a GIF")

// readGIF walks the blocks of the whole file and counts frames and their pixels without unpacking one.
func (h *header) readGIF(r io.ReaderAt, size int64) error {
	if err := h.config(gif.DecodeConfig(section(r, size))); err != nil {
		return err
	}
	if h.width > MaxSide*4 || h.height > MaxSide*4 {
		return nil // check refuses it; no need to read on
	}
	g := &blockReader{r: r, size: size, at: 10}
	flags := g.byte()
	g.at += 2
	if flags&0x80 != 0 {
		g.at += 3 << (flags&7 + 1)
	}
	h.frames = 0
	for !g.failed && h.frames <= MaxFrames {
		switch g.byte() {
		case 0x21:
			if label := g.byte(); label == 0xf9 && h.frames == 0 {
				h.alpha = g.peek(1)&1 != 0
			}
			g.skipBlocks()
		case 0x2c:
			box := g.bytes(9)
			if g.failed {
				break
			}
			w, ht := int(binary.LittleEndian.Uint16(box[4:])), int(binary.LittleEndian.Uint16(box[6:]))
			h.frames++
			if h.pixels += w * ht; h.pixels > maxGIFPixels {
				return nil
			}
			if box[8]&0x80 != 0 {
				g.at += 3 << (box[8]&7 + 1)
			}
			g.at++ // smallest code size
			g.skipBlocks()
		case 0x3b:
			h.animated = h.frames > 1
			if h.frames == 0 {
				return ErrCorrupt.Because(errGIF)
			}
			return nil
		default:
			g.failed = true
		}
	}
	if h.frames > MaxFrames {
		return nil
	}
	return ErrCorrupt.Because(errGIF)
}

// readWebP walks the chunks of the RIFF container.
func (h *header) readWebP(r io.ReaderAt, size int64) error {
	var riff [12]byte
	if !readFull(r, riff[:], 0) || string(riff[:4]) != "RIFF" || string(riff[8:]) != "WEBP" {
		return ErrCorrupt.Because(errors.New("not RIFF"))
	}
	end := min(size, int64(binary.LittleEndian.Uint32(riff[4:]))+8)
	frames := 0
	for at := int64(12); at+8 <= end; {
		var head [8]byte
		if !readFull(r, head[:], at) {
			break
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		body := func(n int64) []byte { return readBytes(r, at+8, n) }
		switch string(head[:4]) {
		case "VP8X":
			if b := body(10); len(b) == 10 {
				h.alpha, h.animated = b[0]&0x10 != 0, b[0]&0x02 != 0
				h.width, h.height = int(uint24(b[4:]))+1, int(uint24(b[7:]))+1
			}
		case "VP8 ":
			if b := body(10); len(b) == 10 && h.width == 0 {
				h.width, h.height = int(binary.LittleEndian.Uint16(b[6:]))&0x3fff, int(binary.LittleEndian.Uint16(b[8:]))&0x3fff
			}
		case "VP8L":
			h.lossless = true
			if b := body(5); len(b) == 5 && h.width == 0 {
				v := binary.LittleEndian.Uint32(b[1:])
				h.width, h.height, h.alpha = int(v&0x3fff)+1, int(v>>14&0x3fff)+1, v>>28&1 != 0
			}
		case "ANIM":
			if b := body(6); len(b) == 6 {
				h.loops = int(binary.LittleEndian.Uint16(b[4:]))
			}
		case "ANMF":
			if frames++; frames > MaxFrames {
				h.frames = frames
				return nil
			}
		case "ICCP":
			h.profile = body(n)
		case "EXIF":
			b := body(n)
			if len(b) > 6 && string(b[:6]) == "Exif\x00\x00" {
				b = b[6:]
			}
			h.orientation = orientation(b)
		}
		at += 8 + n + n&1
	}
	if h.animated {
		h.frames = max(frames, 1)
		if h.width <= MaxSide*2 && h.height <= MaxSide*2 {
			h.pixels = h.width * h.height * h.frames
		}
	}
	return nil
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// section reads a file from its beginning.
func section(r io.ReaderAt, size int64) *io.SectionReader { return io.NewSectionReader(r, 0, size) }

func readFull(r io.ReaderAt, p []byte, at int64) bool {
	n, _ := r.ReadAt(p, at)
	return n == len(p)
}

// readBytes reads a part of bounded size; what is larger or missing is nothing.
func readBytes(r io.ReaderAt, at, n int64) []byte {
	if n <= 0 || n > maxProfile {
		return nil
	}
	b := make([]byte, n)
	if !readFull(r, b, at) {
		return nil
	}
	return b
}

// blockReader reads bytes in order through a small buffer; after a failure it gives zeros.
type blockReader struct {
	r      io.ReaderAt
	size   int64
	at     int64
	failed bool
	buf    [4096]byte
	from   int64
	n      int
}

// window makes the n bytes at the position readable.
func (b *blockReader) window(n int) []byte {
	if b.at < b.from || b.at+int64(n) > b.from+int64(b.n) {
		got, _ := b.r.ReadAt(b.buf[:min(int64(len(b.buf)), max(b.size-b.at, 0))], b.at)
		b.from, b.n = b.at, got
	}
	off := int(b.at - b.from)
	if off+n > b.n {
		b.failed = true
		return make([]byte, n)
	}
	return b.buf[off : off+n]
}

func (b *blockReader) peek(ahead int64) byte {
	b.at += ahead
	v := b.window(1)[0]
	b.at -= ahead
	return v
}

func (b *blockReader) byte() byte { return b.bytes(1)[0] }

func (b *blockReader) bytes(n int) []byte {
	w := b.window(n)
	b.at += int64(n)
	return w
}

// skipBlocks passes a GIF's data blocks up to the empty one.
func (b *blockReader) skipBlocks() {
	for !b.failed {
		n := b.byte()
		if n == 0 {
			return
		}
		b.at += int64(n)
	}
}
