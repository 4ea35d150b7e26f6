package media

import (
	"bytes"
	"encoding/binary"
	"io"
)

// heifLook is what an AVIF's or HEIC's container says besides the pixels.
type heifLook struct {
	width, height int // the largest extent that is declared
	turns         int // quarter turns against the clock
	mirror        int // 1 = top and bottom change places, 2 = left and right
	profile       []byte
	alpha         bool // a plane of transparency is there
}

// shownWidth is the width after turning.
func (l *heifLook) shownWidth() int {
	if l.turns%2 == 1 {
		return l.height
	}
	return l.width
}

// maxMeta bounds the container's description of its items; real ones have some tens of KiB.
const maxMeta = 2 << 20

// lookHEIF reads the description of the primary item: meta / pitm, iprp / ipco, ipma. What can't be read stays zero:
// the decoder has the last word on whether the file is whole.
func lookHEIF(r io.ReaderAt, size int64) heifLook {
	var look heifLook
	_ = walkBoxes(r, 0, size, func(b box) error {
		if b.kind != "meta" || b.size > maxMeta || b.size < b.head+4 {
			return nil
		}
		body := readBytes(r, b.at+b.head+4, b.size-b.head-4)
		look.readMeta(body)
		return errStop
	})
	return look
}

func (l *heifLook) readMeta(meta []byte) {
	var primary uint32
	var properties []propertyBox
	var chosen []int
	for _, b := range boxesOf(meta) {
		switch b.kind {
		case "pitm":
			primary = itemOf(b.body)
		case "iprp":
			for _, p := range boxesOf(b.body) {
				switch p.kind {
				case "ipco":
					properties = boxesOf(p.body)
				case "ipma":
					if c := associations(p.body, primary); c != nil {
						chosen = c
					}
				}
			}
		}
	}
	for _, p := range properties {
		switch {
		case p.kind == "ispe" && len(p.body) >= 12:
			l.width = max(l.width, int(binary.BigEndian.Uint32(p.body[4:])))
			l.height = max(l.height, int(binary.BigEndian.Uint32(p.body[8:])))
		case p.kind == "auxC" && (bytes.Contains(p.body, []byte(":alpha")) || bytes.Contains(p.body, []byte("auxid:1"))):
			l.alpha = true
		}
	}
	for _, i := range chosen {
		if i < 1 || i > len(properties) {
			continue
		}
		l.take(properties[i-1])
	}
}

func (l *heifLook) take(p propertyBox) {
	switch {
	case p.kind == "irot" && len(p.body) >= 1:
		l.turns = int(p.body[0] & 3)
	case p.kind == "imir" && len(p.body) >= 1:
		l.mirror = 1 + int(p.body[0]&1)
	case p.kind == "colr" && len(p.body) > 4 && (string(p.body[:4]) == "prof" || string(p.body[:4]) == "rICC"):
		l.profile = p.body[4:]
	}
}

// itemOf reads the id in a pitm box.
func itemOf(b []byte) uint32 {
	switch {
	case len(b) >= 6 && b[0] == 0:
		return uint32(binary.BigEndian.Uint16(b[4:]))
	case len(b) >= 8:
		return binary.BigEndian.Uint32(b[4:])
	}
	return 0
}

// associations gives the numbers of the properties of an item, in the order they are applied; nil if it has none here.
func associations(b []byte, item uint32) []int {
	if len(b) < 8 {
		return nil
	}
	idBytes, wide := 2, b[3]&1 != 0
	if b[0] > 0 {
		idBytes = 4
	}
	entries := binary.BigEndian.Uint32(b[4:])
	at := 8
	for range entries {
		if at+idBytes+1 > len(b) {
			return nil
		}
		id := uint32(binary.BigEndian.Uint16(b[at:]))
		if idBytes == 4 {
			id = binary.BigEndian.Uint32(b[at:])
		}
		n := int(b[at+idBytes])
		at += idBytes + 1
		each := 1
		if wide {
			each = 2
		}
		if at+n*each > len(b) {
			return nil
		}
		if id == item {
			return indices(b[at:at+n*each], wide)
		}
		at += n * each
	}
	return nil
}

func indices(b []byte, wide bool) []int {
	list := []int{}
	for i := 0; i < len(b); i++ {
		v := int(b[i] & 0x7f)
		if wide {
			v = int(binary.BigEndian.Uint16(b[i:]) & 0x7fff)
			i++
		}
		list = append(list, v)
	}
	return list
}

// propertyBox is a box whose body is in memory.
type propertyBox struct {
	kind string
	body []byte
}

// boxesOf lists the boxes of a body; it stops at what makes no sense.
func boxesOf(b []byte) []propertyBox {
	var list []propertyBox
	for len(b) >= 8 {
		n := uint64(binary.BigEndian.Uint32(b))
		head := uint64(8)
		if n == 1 && len(b) >= 16 {
			n, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		if n == 0 {
			n = uint64(len(b))
		}
		if n < head || n > uint64(len(b)) {
			break
		}
		list = append(list, propertyBox{string(b[4:8]), b[head:n]})
		b = b[n:]
	}
	return list
}
