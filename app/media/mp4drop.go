package media

import (
	"encoding/binary"
	"slices"
)

// maxSamples bounds the tables of a track that is removed: ten hours of a sample each hundredth of a second.
const maxSamples = 4 << 20

// dropTracks blanks the tracks that are neither picture nor sound, and the samples that are theirs alone.
func (m *mp4Reader) dropTracks() error {
	dropped := false
	for _, t := range m.tracks {
		if slices.Contains(keptHandlers, t.handler) {
			continue
		}
		if len(m.frames) > 0 {
			return ErrUncleanable // its samples are strewn over the fragments
		}
		if err := m.blankSamples(t); err != nil {
			return err
		}
		m.wipe(t.whole)
		dropped = true
	}
	if !dropped {
		return nil
	}
	for _, t := range m.tracks {
		if t.refs.size > 0 {
			m.wipe(t.refs) // it may name a track that isn't there any more
		}
	}
	return nil
}

// blankSamples plans zeros over every chunk of a track.
func (m *mp4Reader) blankSamples(t *track) error {
	sizes, err := m.sampleSizes(t)
	if err != nil {
		return err
	}
	offsets, err := m.chunkOffsets(t)
	if err != nil {
		return err
	}
	runs := m.table(t.runs, 8, 12)
	if len(runs) == 0 && len(offsets) > 0 {
		return ErrUncleanable
	}
	sample, run := 0, 0
	for i, at := range offsets {
		for run+1 < len(runs) && int64(binary.BigEndian.Uint32(runs[run+1])) <= int64(i)+1 {
			run++
		}
		var n int64
		for range min(int64(binary.BigEndian.Uint32(runs[run][4:])), int64(len(sizes)-sample)) {
			n += sizes[sample]
			sample++
		}
		if at < 0 || n < 0 || at+n > m.size {
			return ErrCorrupt
		}
		if n > 0 {
			m.f.patches = append(m.f.patches, patch{at, n, nil})
		}
	}
	if sample < len(sizes) {
		return ErrUncleanable // the tables don't say where the rest is
	}
	return nil
}

// sampleSizes reads stsz: one size for all, or a table.
func (m *mp4Reader) sampleSizes(t *track) ([]int64, error) {
	head := readBytes(m.r, t.sizes.body(), min(t.sizes.size-t.sizes.head, 12))
	if len(head) < 12 || t.sizes.kind != "stsz" {
		if t.offsets.size == 0 {
			return nil, nil
		}
		return nil, ErrUncleanable
	}
	all, n := int64(binary.BigEndian.Uint32(head[4:])), int64(binary.BigEndian.Uint32(head[8:]))
	if n > maxSamples {
		return nil, ErrUncleanable
	}
	sizes := make([]int64, n)
	if all > 0 {
		for i := range sizes {
			sizes[i] = all
		}
		return sizes, nil
	}
	entries := m.table(t.sizes, 12, 4)
	if int64(len(entries)) < n {
		return nil, ErrUncleanable
	}
	for i := range sizes {
		sizes[i] = int64(binary.BigEndian.Uint32(entries[i]))
	}
	return sizes, nil
}

// chunkOffsets reads stco or co64.
func (m *mp4Reader) chunkOffsets(t *track) ([]int64, error) {
	if t.offsets.size == 0 {
		return nil, nil
	}
	width := int64(4)
	if t.offsets.kind == "co64" {
		width = 8
	}
	entries := m.table(t.offsets, 8, width)
	if entries == nil && t.offsets.size > t.offsets.head+8 {
		return nil, ErrUncleanable
	}
	list := make([]int64, len(entries))
	for i, e := range entries {
		if width == 8 {
			list[i] = int64(binary.BigEndian.Uint64(e)) //nolint:gosec // a negative one is refused where it is used
		} else {
			list[i] = int64(binary.BigEndian.Uint32(e))
		}
	}
	return list, nil
}

// table reads the entries of a table whose count is the four bytes before them; nil if it is too large or broken.
func (m *mp4Reader) table(b box, before, width int64) [][]byte {
	if b.size < b.head+before {
		return nil
	}
	var count [4]byte
	if !readFull(m.r, count[:], b.body()+before-4) {
		return nil
	}
	n := int64(binary.BigEndian.Uint32(count[:]))
	if n > maxSamples || n*width > b.size-b.head-before {
		return nil
	}
	raw := make([]byte, n*width)
	if !readFull(m.r, raw, b.body()+before) {
		return nil
	}
	list := make([][]byte, n)
	for i := range list {
		list[i] = raw[int64(i)*width : (int64(i)+1)*width]
	}
	return list
}
