package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"io"
	"time"

	"github.com/gen2brain/webp"
	"github.com/kovidgoyal/imaging"
)

// movingQuality is of each picture of a moving WebP: they are many, and each is seen for a moment.
const movingQuality = 80

// cleanMoving keeps all pictures of a GIF or moving WebP, encoded anew, and renders the first.
func cleanMoving(h header, r io.ReaderAt, size int64, out emit) (facts, error) {
	f := facts{Kind: GIF, MIME: h.mime, Width: h.width, Height: h.height}
	var content bytes.Buffer
	var first image.Image
	var err error
	if h.mime == "image/gif" {
		first, err = anewGIF(&content, section(r, size), &f)
	} else {
		first, err = anewWebP(&content, h, section(r, size), &f)
	}
	if h.mime != "image/gif" || f.Frames == 1 {
		f.Kind = Image // platforms that treat GIFs in their own way mean moving ones, and no other type
	}
	if err != nil {
		return f, err
	}
	c := Copy{Name: Original, MIME: f.MIME, Bytes: int64(content.Len()), Width: f.Width, Height: f.Height}
	if err := out(c, content.Bytes()); err != nil {
		return f, err
	}
	return f, render(first, out)
}

// anewGIF writes the frames of a GIF anew, without comments, applications' blocks and whatever stands behind its end.
func anewGIF(w io.Writer, r io.Reader, f *facts) (image.Image, error) {
	g, err := gif.DecodeAll(r)
	if err != nil {
		return nil, ErrCorrupt.Because(err)
	}
	f.Frames = len(g.Image)
	for _, d := range g.Delay {
		f.Duration += time.Duration(d) * 10 * time.Millisecond
	}
	if err := gif.EncodeAll(w, g); err != nil {
		return nil, fmt.Errorf("encode image/gif: %w", err)
	}
	return onCanvas(g), nil
}

// onCanvas lays the first frame on the GIF's whole surface.
func onCanvas(g *gif.GIF) image.Image {
	first := g.Image[0]
	surface := image.Rect(0, 0, g.Config.Width, g.Config.Height)
	if first.Bounds() == surface {
		return first
	}
	canvas := image.NewNRGBA(surface)
	draw.Draw(canvas, first.Bounds(), first, first.Bounds().Min, draw.Src)
	return canvas
}

// anewWebP encodes every picture of a moving WebP anew. The decoder gives whole surfaces, so each frame is whole.
func anewWebP(w *bytes.Buffer, h header, r io.Reader, f *facts) (image.Image, error) {
	all, err := webp.DecodeAll(r)
	if err != nil {
		return nil, ErrCorrupt.Because(err)
	}
	if len(all.Image) == 0 || len(all.Image) != len(all.Delay) || len(all.Image) > MaxFrames {
		return nil, ErrCorrupt.Because(fmt.Errorf("%d frames decoded", len(all.Image)))
	}
	f.Frames = len(all.Image)
	mend(all.Image[0])
	var body bytes.Buffer
	var first image.Image
	alpha := false
	for i, img := range all.Image {
		img = toSRGB(imaging.AsNRGBA(img), h.profile)
		if i == 0 {
			first = img
		}
		alpha = alpha || !imaging.IsOpaque(img)
		delay := min(max(all.Delay[i], 0), 1<<24-1)
		f.Duration += time.Duration(delay) * time.Millisecond
		if err := writeFrame(&body, img, delay); err != nil {
			return nil, err
		}
	}
	writeWebP(w, f.Width, f.Height, h.loops, alpha, body.Bytes())
	return first, nil
}

// writeFrame appends one ANMF chunk: a whole surface that replaces the one before.
func writeFrame(body *bytes.Buffer, img image.Image, delay int) error {
	var one bytes.Buffer
	if err := encodeWebP(&one, img, movingQuality, false); err != nil {
		return fmt.Errorf("encode image/webp: %w", err)
	}
	var streams []byte
	for _, c := range riffChunks(one.Bytes()) {
		switch c.name {
		case "ALPH", "VP8 ", "VP8L":
			streams = append(streams, c.whole...)
		}
	}
	b := img.Bounds()
	head := make([]byte, 16)
	putUint24(head[6:], b.Dx()-1)
	putUint24(head[9:], b.Dy()-1)
	putUint24(head[12:], delay)
	head[15] = 0x02 // don't blend: the frame is whole
	writeChunk(body, "ANMF", append(head, streams...))
	return nil
}

// writeWebP writes the container around the frames.
func writeWebP(w *bytes.Buffer, width, height, loops int, alpha bool, frames []byte) {
	x := make([]byte, 10)
	x[0] = 0x02
	if alpha {
		x[0] |= 0x10
	}
	putUint24(x[4:], width-1)
	putUint24(x[7:], height-1)
	anim := binary.LittleEndian.AppendUint16(make([]byte, 4), uint16(loops)) //nolint:gosec // came from 16 bits
	var body bytes.Buffer
	body.WriteString("WEBP")
	writeChunk(&body, "VP8X", x)
	writeChunk(&body, "ANIM", anim)
	body.Write(frames)
	w.WriteString("RIFF")
	w.Write(binary.LittleEndian.AppendUint32(nil, uint32(body.Len()))) //nolint:gosec // bounded by the frames
	w.Write(body.Bytes())
}

func writeChunk(w *bytes.Buffer, name string, body []byte) {
	w.WriteString(name)
	w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(body)))) //nolint:gosec // bounded by the frames
	w.Write(body)
	if len(body)%2 == 1 {
		w.WriteByte(0)
	}
}

func putUint24(b []byte, v int) { b[0], b[1], b[2] = byte(v), byte(v>>8), byte(v>>16) }

type riffChunk struct {
	name  string
	whole []byte // with head and padding
}

// riffChunks lists the chunks of a WebP that our own encoder made.
func riffChunks(b []byte) []riffChunk {
	var list []riffChunk
	for at := 12; at+8 <= len(b); {
		n := int(binary.LittleEndian.Uint32(b[at+4:]))
		end := at + 8 + n + n&1
		if n < 0 || end > len(b) {
			break
		}
		list = append(list, riffChunk{string(b[at : at+4]), b[at:end]})
		at = end
	}
	return list
}
