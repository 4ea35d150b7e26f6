package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"time"

	"github.com/abema/go-mp4"
)

// What may stand where in a film. Everything else is made a "free" box of zeros: udta and meta hold places, names and
// dates, uuid holds XMP, and what we don't know may hold anything.
var (
	keptOnTop   = []string{"ftyp", "styp", "moov", "moof", "mdat", "mfra", "sidx", "ssix", "pdin", "wide", "prft"}
	keptInMovie = []string{"mvhd", "trak", "mvex", "iods"}
	keptInTrack = []string{"tkhd", "edts", "mdia", "tref", "tapt", "load", "trgr"}
	// handlers of tracks that are kept. Text tracks go: drones write their position into subtitles.
	keptHandlers = []string{"vide", "soun", "auxv"}
)

var videoCodecs = map[string]string{
	"avc1": "h264", "avc3": "h264", "hvc1": "hevc", "hev1": "hevc", "dvh1": "hevc", "dvhe": "hevc", "av01": "av1", "vp08": "vp8",
	"vp09": "vp9", "mp4v": "mpeg4", "apch": "prores", "apcn": "prores", "apcs": "prores", "apco": "prores", "ap4h": "prores",
	"ap4x": "prores", "jpeg": "mjpeg", "mjpa": "mjpeg", "mjpb": "mjpeg", "s263": "h263", "h263": "h263",
}

var soundCodecs = map[string]string{
	"mp4a": "aac", "Opus": "opus", "ac-3": "ac3", "ec-3": "eac3", "fLaC": "flac", "alac": "alac", ".mp3": "mp3", "lpcm": "pcm",
	"sowt": "pcm", "twos": "pcm", "in24": "pcm", "in32": "pcm", "fl32": "pcm", "samr": "amr", "sawb": "amr", "ulaw": "pcm", "alaw": "pcm",
}

// track is one track of a film as its headers describe it.
type track struct {
	id            uint32
	handler       string
	codec         string
	scale         uint32
	length        uint64 // in units of scale
	samples       uint64
	width, height int
	turned        bool
	whole, refs   box
	offsets       box // stco or co64
	sizes, runs   box // stsz, stsc
}

// mp4Reader collects what the walk finds.
type mp4Reader struct {
	r         io.ReaderAt
	size      int64
	f         film
	movie     bool
	pictures  bool // mdat or moof was seen
	scale     uint32
	length    uint64
	tracks    []*track
	defaults  map[uint32]uint32 // duration of a sample, by track
	fragments map[uint32]uint64 // end of what the fragments hold, by track
	frames    map[uint32]uint64
}

// lookMP4 reads an MP4 or MOV.
func lookMP4(r io.ReaderAt, size int64) (film, error) {
	m := &mp4Reader{r: r, size: size, defaults: map[uint32]uint32{}, fragments: map[uint32]uint64{}, frames: map[uint32]uint64{}}
	err := walkBoxes(r, 0, size, m.top)
	if errors.Is(err, errBoxes) && m.movie && m.pictures {
		err = nil // something else was hung on at the end
	}
	if err != nil || !m.movie {
		return m.f, corrupt(err)
	}
	if err := m.dropTracks(); err != nil {
		return m.f, err
	}
	m.conclude()
	return m.f, nil
}

// corrupt keeps verdicts and makes everything else one.
func corrupt(err error) error {
	if v := verdictOf(err); v != nil {
		return v
	}
	return ErrCorrupt.Because(err)
}

// wipe makes a box a free one of zeros.
func (m *mp4Reader) wipe(b box) {
	m.f.patches = append(m.f.patches, patch{b.at + 4, 4, []byte("free")}, patch{b.body(), b.size - b.head, nil})
}

func (m *mp4Reader) top(b box) error {
	m.f.end = b.end()
	if !slices.Contains(keptOnTop, b.kind) {
		m.wipe(b)
		return nil
	}
	switch b.kind {
	case "moov":
		if m.movie {
			return errors.New("two movies in one file")
		}
		m.movie = true
		return walkBoxes(m.r, b.body(), b.end(), m.inMovie)
	case "moof":
		m.pictures = true
		return walkBoxes(m.r, b.body(), b.end(), m.inFragment)
	case "mdat":
		m.pictures = true
	}
	return nil
}

func (m *mp4Reader) inMovie(b box) error {
	if !slices.Contains(keptInMovie, b.kind) {
		m.wipe(b)
		return nil
	}
	switch b.kind {
	case "mvhd":
		var h mp4.Mvhd
		if err := m.read(b, &h); err != nil {
			return err
		}
		m.scale, m.length = h.Timescale, h.GetDuration()
		m.blankTimes(b, h.GetVersion())
	case "trak":
		t := &track{whole: b}
		m.tracks = append(m.tracks, t)
		if len(m.tracks) > 64 {
			return errors.New("more tracks than a film has")
		}
		return walkBoxes(m.r, b.body(), b.end(), func(b box) error { return m.inTrack(t, b) })
	case "mvex":
		return walkBoxes(m.r, b.body(), b.end(), m.inExtension)
	}
	return nil
}

func (m *mp4Reader) inExtension(b box) error {
	switch b.kind {
	case "trex":
		var x mp4.Trex
		if err := m.read(b, &x); err != nil {
			return err
		}
		m.defaults[x.TrackID] = x.DefaultSampleDuration
	case "mehd":
		var x mp4.Mehd
		if err := m.read(b, &x); err != nil {
			return err
		}
		m.length = max(m.length, x.GetFragmentDuration())
	}
	return nil
}

func (m *mp4Reader) inTrack(t *track, b box) error {
	if !slices.Contains(keptInTrack, b.kind) {
		m.wipe(b)
		return nil
	}
	switch b.kind {
	case "tkhd":
		var h mp4.Tkhd
		if err := m.read(b, &h); err != nil {
			return err
		}
		t.id, t.width, t.height = h.TrackID, int(h.GetWidthInt()), int(h.GetHeightInt())
		t.turned = h.Matrix[0] == 0 && h.Matrix[4] == 0 && h.Matrix[1] != 0
		m.blankTimes(b, h.GetVersion())
	case "tref":
		t.refs = b
	case "mdia", "minf", "stbl":
		return walkBoxes(m.r, b.body(), b.end(), func(b box) error { return m.inMedia(t, b) })
	}
	return nil
}

func (m *mp4Reader) inMedia(t *track, b box) error {
	switch b.kind {
	case "minf", "stbl":
		return walkBoxes(m.r, b.body(), b.end(), func(b box) error { return m.inMedia(t, b) })
	case "udta", "meta", "uuid":
		m.wipe(b)
	case "mdhd":
		var h mp4.Mdhd
		if err := m.read(b, &h); err != nil {
			return err
		}
		t.scale, t.length = h.Timescale, h.GetDuration()
		m.blankTimes(b, h.GetVersion())
	case "hdlr":
		if head := readBytes(m.r, b.body(), min(b.size-b.head, 12)); len(head) == 12 && t.handler == "" {
			t.handler = string(head[8:12])
		}
	case "stsd":
		m.readDescription(t, b)
	case "stsz", "stz2":
		if head := readBytes(m.r, b.body(), 12); len(head) == 12 {
			t.samples = uint64(binary.BigEndian.Uint32(head[8:]))
		}
		t.sizes = b
	case "stsc":
		t.runs = b
	case "stco", "co64":
		t.offsets = b
	}
	return nil
}

// readDescription takes codec and size of the first sample entry.
func (m *mp4Reader) readDescription(t *track, b box) {
	head := readBytes(m.r, b.body()+8, min(b.size-b.head-8, 8+78))
	if len(head) < 8 {
		return
	}
	name := string(head[4:8])
	t.codec = videoCodecs[name]
	if t.handler == "soun" || t.codec == "" && soundCodecs[name] != "" {
		t.codec = soundCodecs[name]
	}
	if len(head) >= 36 && t.handler == "vide" && (t.width == 0 || t.height == 0) {
		t.width, t.height = int(binary.BigEndian.Uint16(head[32:])), int(binary.BigEndian.Uint16(head[34:]))
	}
}

// blankTimes wipes when a film was made and changed; the two stand first in mvhd, tkhd and mdhd.
func (m *mp4Reader) blankTimes(b box, version uint8) {
	n := int64(8)
	if version == 1 {
		n = 16
	}
	m.f.patches = append(m.f.patches, patch{b.body() + 4, n, nil})
}

// read decodes a small box.
func (m *mp4Reader) read(b box, into mp4.IBox) error {
	body := readBytes(m.r, b.body(), min(b.size-b.head, 4096))
	_, err := mp4.Unmarshal(bytes.NewReader(body), uint64(len(body)), into, mp4.Context{})
	return err
}

// inFragment adds up what the runs of a fragment last.
func (m *mp4Reader) inFragment(b box) error {
	if b.kind == "udta" || b.kind == "meta" || b.kind == "uuid" {
		m.wipe(b)
	}
	if b.kind != "traf" {
		return nil
	}
	var id, each uint32
	return walkBoxes(m.r, b.body(), b.end(), func(b box) error {
		switch b.kind {
		case "tfhd":
			var h mp4.Tfhd
			if err := m.read(b, &h); err != nil {
				return err
			}
			if id, each = h.TrackID, m.defaults[h.TrackID]; h.CheckFlag(mp4.TfhdDefaultSampleDurationPresent) {
				each = h.DefaultSampleDuration
			}
		case "tfdt":
			var h mp4.Tfdt
			if err := m.read(b, &h); err != nil {
				return err
			}
			m.fragments[id] = h.GetBaseMediaDecodeTime()
		case "trun":
			n, length := m.readRun(b, each)
			m.frames[id] += n
			m.fragments[id] += length
		}
		return nil
	})
}

// readRun gives how many samples a run has and how long they last together.
func (m *mp4Reader) readRun(b box, each uint32) (n, length uint64) {
	body := readBytes(m.r, b.body(), b.size-b.head)
	if len(body) < 8 {
		return 0, 0
	}
	flags, count := binary.BigEndian.Uint32(body)&0xffffff, uint64(binary.BigEndian.Uint32(body[4:]))
	if flags&0x100 == 0 {
		return count, count * uint64(each)
	}
	at, entry := 8, 0
	for _, bit := range []uint32{0x1, 0x4} {
		if flags&bit != 0 {
			at += 4
		}
	}
	for _, bit := range []uint32{0x100, 0x200, 0x400, 0x800} {
		if flags&bit != 0 {
			entry += 4
		}
	}
	for ; n < count && at+entry <= len(body); at += entry {
		length += uint64(binary.BigEndian.Uint32(body[at:]))
		n++
	}
	return n, length
}

// conclude turns what was collected into facts.
func (m *mp4Reader) conclude() {
	m.f.Duration = seconds(m.length, m.scale)
	var longest time.Duration
	for _, t := range m.tracks {
		length := seconds(t.length, t.scale)
		if end := seconds(m.fragments[t.id], t.scale); end > length {
			length = end
		}
		switch {
		case t.handler == "vide" && m.f.Width == 0:
			m.f.Width, m.f.Height, m.f.Codec = t.width, t.height, t.codec
			if t.turned {
				m.f.Width, m.f.Height = t.height, t.width
			}
			if frames := t.samples + m.frames[t.id]; length > 0 {
				m.f.FPS = rounded(float64(frames) / length.Seconds())
			}
			if m.f.Duration == 0 { // sound may begin before and end after the pictures
				m.f.Duration = length
			}
		case t.handler == "soun" && m.f.Sound == "":
			m.f.Sound = t.codec
		}
		longest = max(longest, length)
	}
	if m.f.Duration == 0 {
		m.f.Duration = longest
	}
}

func rounded(fps float64) float64 { return math.Round(min(fps, 100_000)*1000) / 1000 }

// maxFilm is the longest duration that is believed.
const maxFilm = 1000 * time.Hour

func seconds(n uint64, scale uint32) time.Duration {
	if scale == 0 || n == math.MaxUint32 || n == math.MaxUint64 { // the largest numbers mean unknown
		return 0
	}
	s := float64(n) / float64(scale)
	if s > maxFilm.Seconds() {
		return 0
	}
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
}
