package media

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"time"
)

// Elements of WebM that we know, by their ids. Source: RFC 8794 (EBML) and RFC 9559 (Matroska), read 2026-09-01.
const (
	idEBML         = 0x1A45DFA3
	idDocType      = 0x4282
	idSegment      = 0x18538067
	idVoid         = 0xEC
	idCRC          = 0xBF
	idInfo         = 0x1549A966
	idScale        = 0x2AD7B1
	idDuration     = 0x4489
	idDate         = 0x4461
	idTitle        = 0x7BA9
	idFilename     = 0x7384
	idPrevFilename = 0x3C83AB
	idNextFilename = 0x3E83BB
	idTracks       = 0x1654AE6B
	idTrack        = 0xAE
	idTrackNumber  = 0xD7
	idTrackType    = 0x83
	idTrackName    = 0x536E
	idCodec        = 0x86
	idFrameTime    = 0x23E383
	idVideo        = 0xE0
	idWidth        = 0xB0
	idHeight       = 0xBA
	idCluster      = 0x1F43B675
	idTime         = 0xE7
	idSimpleBlock  = 0xA3
	idBlockGroup   = 0xA0
	idBlock        = 0xA1
	idAttachments  = 0x1941A469
	idTags         = 0x1254C367
)

var webmCodecs = map[string]string{"V_VP8": "vp8", "V_VP9": "vp9", "V_AV1": "av1", "A_OPUS": "opus", "A_VORBIS": "vorbis"}

// element is one element: where it lies and what it is.
type element struct {
	id      uint64
	at      int64
	head    int64
	size    int64 // of its content
	unknown bool  // it ends where its parent ends, or where something begins that can't be in it
}

func (e element) body() int64 { return e.at + e.head }
func (e element) end() int64  { return e.body() + e.size }

var errEBML = errors.New("an element reaches beyond what holds it")

// maxElements bounds one walk: three hours of 60 pictures and 50 sounds a second have fewer.
const maxElements = 1 << 21

// webmReader collects what the walk finds.
type webmReader struct {
	r       io.ReaderAt
	size    int64
	f       film
	scale   uint64
	length  float64 // in units of scale
	foreign []uint64
	video   uint64 // number of the video track
	each    uint64 // nanoseconds of a frame
	seen    int    // elements
	time    uint64 // of the cluster
	last    uint64 // the latest block
	frames  int
	scan    bool // look into clusters
}

// lookWebM reads a WebM. Clusters are looked into only if the file doesn't say how long it is, as browsers' recordings
// don't, or if a track's blocks must go.
func lookWebM(r io.ReaderAt, size int64) (film, error) {
	w := &webmReader{r: r, size: size, scale: 1_000_000}
	head, err := w.element(0, size)
	if err != nil || head.id != idEBML || head.unknown {
		return w.f, corrupt(errors.Join(errors.New("no EBML head"), err))
	}
	if doc := w.textIn(head, idDocType); doc != "webm" {
		return w.f, ErrType
	}
	segment, err := w.element(head.end(), size)
	if err != nil || segment.id != idSegment {
		return w.f, corrupt(errors.Join(errors.New("no segment"), err))
	}
	w.f.end = segment.end()
	if err := w.walkSegment(segment); err != nil {
		return w.f, corrupt(err)
	}
	if w.length <= 0 || len(w.foreign) > 0 {
		w.scan, w.seen = true, 0
		if err := w.walkSegment(segment); err != nil {
			return w.f, corrupt(err)
		}
	}
	w.conclude()
	return w.f, nil
}

// element reads the head of the element at an offset; to is where its parent ends.
func (w *webmReader) element(at, to int64) (element, error) {
	if w.seen++; w.seen > maxElements {
		return element{}, errMany
	}
	var h [12]byte
	n := int64(0)
	if got, _ := w.r.ReadAt(h[:min(int64(len(h)), max(to-at, 0))], at); got > 0 {
		n = int64(got)
	}
	idLen := vintLen(h[0])
	if n == 0 || idLen > 4 || int64(idLen) >= n {
		return element{}, errEBML
	}
	sizeLen := vintLen(h[idLen])
	if sizeLen > 8 || int64(idLen+sizeLen) > n {
		return element{}, errEBML
	}
	e := element{at: at, head: int64(idLen + sizeLen)}
	for _, b := range h[:idLen] {
		e.id = e.id<<8 | uint64(b)
	}
	value, all := uint64(h[idLen])&(0xff>>sizeLen), uint64(1)<<(7*sizeLen)-1
	for _, b := range h[idLen+1 : idLen+sizeLen] {
		value = value<<8 | uint64(b)
	}
	if value == all {
		if e.id != idSegment && e.id != idCluster {
			return e, errEBML
		}
		e.unknown, e.size = true, to-e.body()
		return e, nil
	}
	if value > uint64(to-e.body()) { //nolint:gosec // not negative: the head fits
		return e, errEBML
	}
	e.size = int64(value) //nolint:gosec // fits into the file
	return e, nil
}

// vintLen is how many bytes a number has, by its first one; 9 is none.
func vintLen(first byte) int {
	for n := 1; n <= 8; n++ {
		if first&(0x80>>(n-1)) != 0 {
			return n
		}
	}
	return 9
}

// children walks the elements inside one of known size.
func (w *webmReader) children(parent element, fn func(element) error) error {
	for at := parent.body(); at < parent.end(); {
		e, err := w.element(at, parent.end())
		if err != nil {
			return err
		}
		if err := fn(e); err != nil {
			return err
		}
		at = e.end()
	}
	return nil
}

// walkSegment walks the segment's children. A cluster that is looked into is walked as if its children were the
// segment's: they have ids of their own, and so one of unknown size needs no end.
func (w *webmReader) walkSegment(segment element) error {
	to := segment.end()
	for at := segment.body(); at < segment.end(); {
		if at == to { // a cluster's end
			to = segment.end()
		}
		e, err := w.element(at, to)
		if err != nil {
			return err
		}
		if e.id == idCluster && (w.scan || e.unknown) {
			if at = e.body(); !e.unknown {
				to = e.end()
			}
			continue
		}
		at = e.end()
		if w.scan {
			err = w.inCluster(e)
		} else {
			err = w.inSegment(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *webmReader) inSegment(e element) error {
	switch e.id {
	case idTags, idAttachments, idCRC:
		w.void(e)
	case idInfo:
		return w.children(e, w.inInfo)
	case idTracks:
		return w.children(e, w.inTracks)
	}
	return nil
}

func (w *webmReader) inInfo(e element) error {
	switch e.id {
	case idScale:
		w.scale = w.number(e)
	case idDuration:
		w.length = w.float(e)
	case idDate, idTitle, idFilename, idPrevFilename, idNextFilename, idCRC:
		w.void(e)
	}
	return nil
}

// webmTrack is one entry of the list of tracks.
type webmTrack struct {
	number, kind, each uint64
	codec              string
	width, height      int
}

func (w *webmReader) inTracks(e element) error {
	if e.id == idCRC {
		w.void(e)
	}
	if e.id != idTrack {
		return nil
	}
	var t webmTrack
	err := w.children(e, func(c element) error {
		switch c.id {
		case idTrackNumber:
			t.number = w.number(c)
		case idTrackType:
			t.kind = w.number(c)
		case idCodec:
			t.codec = string(readBytes(w.r, c.body(), min(c.size, 64)))
		case idFrameTime:
			t.each = w.number(c)
		case idTrackName, idCRC:
			w.void(c)
		case idVideo:
			return w.children(c, func(c element) error {
				switch c.id {
				case idWidth:
					t.width = int(min(w.number(c), math.MaxInt32)) //nolint:gosec // bounded
				case idHeight:
					t.height = int(min(w.number(c), math.MaxInt32)) //nolint:gosec // bounded
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.take(e, t)
}

// take keeps a track's facts. One that is neither picture nor sound is voided, and its blocks with it.
func (w *webmReader) take(e element, t webmTrack) error {
	codec, known := webmCodecs[t.codec]
	switch {
	case t.kind != 1 && t.kind != 2:
		w.void(e)
		if len(w.foreign) < 64 {
			w.foreign = append(w.foreign, t.number)
		}
	case !known:
		return ErrType
	case t.kind == 1 && w.f.Codec == "":
		w.f.Codec, w.f.Width, w.f.Height = codec, t.width, t.height
		w.video, w.each = t.number, t.each
	case t.kind == 2 && w.f.Sound == "":
		w.f.Sound = codec
	}
	return nil
}

// inCluster reads the time of each block and voids those of foreign tracks.
func (w *webmReader) inCluster(e element) error {
	switch e.id {
	case idTime:
		w.time = w.number(e)
	case idSimpleBlock:
		w.block(e, e)
	case idCRC:
		w.void(e)
	case idBlockGroup:
		return w.children(e, func(c element) error {
			if c.id == idBlock {
				w.block(c, e)
			}
			return nil
		})
	}
	return nil
}

// block reads the head of a block: number of its track, time after the cluster's. whole is what is voided with it.
func (w *webmReader) block(b, whole element) {
	head := readBytes(w.r, b.body(), min(b.size, 10))
	if len(head) == 0 {
		return
	}
	n := vintLen(head[0])
	if n > 8 || n+2 > len(head) {
		return
	}
	number := uint64(head[0]) & (0xff >> n)
	for _, c := range head[1:n] {
		number = number<<8 | uint64(c)
	}
	if slices.Contains(w.foreign, number) {
		w.void(whole)
		return
	}
	after := int64(int16(binary.BigEndian.Uint16(head[n:]))) //nolint:gosec // it is signed
	if at := int64(min(w.time, 1<<60)) + after; at > 0 {     //nolint:gosec // bounded
		w.last = max(w.last, uint64(at))
	}
	if number == w.video {
		w.frames++
	}
}

// void makes an element one that readers pass over, of the same length.
func (w *webmReader) void(e element) {
	total := e.end() - e.at
	head := []byte{idVoid}
	if total >= 9 {
		head = binary.BigEndian.AppendUint64(head, uint64(total-9)|1<<56)
	} else {
		head = append(head, 0x80|byte(total-2)) //nolint:gosec // under 8
	}
	w.f.patches = append(w.f.patches, patch{e.at, total, head})
}

func (w *webmReader) conclude() {
	unit := float64(w.scale)
	length := w.length * unit
	if w.length <= 0 {
		length = float64(w.last)*unit + float64(w.each)
	}
	if length > 0 && length < float64(maxFilm) {
		w.f.Duration = time.Duration(length).Round(time.Millisecond)
	}
	switch {
	case w.each > 0:
		w.f.FPS = rounded(1e9 / float64(w.each))
	case w.frames > 1 && w.f.Duration > 0:
		w.f.FPS = rounded(float64(w.frames) / w.f.Duration.Seconds())
	}
}

func (w *webmReader) textIn(parent element, id uint64) (s string) {
	_ = w.children(parent, func(e element) error {
		if e.id == id {
			s = string(readBytes(w.r, e.body(), min(e.size, 64)))
		}
		return nil
	})
	return s
}

// number reads an unsigned integer of up to 8 bytes.
func (w *webmReader) number(e element) (n uint64) {
	for _, b := range readBytes(w.r, e.body(), min(e.size, 8)) {
		n = n<<8 | uint64(b)
	}
	return n
}

// float reads a number of 4 or 8 bytes.
func (w *webmReader) float(e element) float64 {
	b := readBytes(w.r, e.body(), min(e.size, 8))
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	return 0
}
