package media

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"

	"github.com/kovidgoyal/imaging"

	"image"
)

// orientation reads the one thing of EXIF that we need: how the camera was held (tag 0x0112 of the first directory).
// Anything that can't be read means upright.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
	default:
		return 0
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 0
	}
	entries := int(order.Uint16(tiff[at:]))
	for i := range entries {
		e := at + 2 + uint64(i)*12 //nolint:gosec // not negative
		if e+12 > uint64(len(tiff)) {
			return 0
		}
		entry := tiff[e : e+12]
		if order.Uint16(entry) != 0x0112 {
			continue
		}
		if v := order.Uint16(entry[8:]); order.Uint16(entry[2:]) == 3 && v >= 1 && v <= 8 {
			return int(v)
		}
		return 0
	}
	return 0
}

// upright turns and mirrors a picture as EXIF's number asks.
func upright(img image.Image, orientation int) image.Image {
	switch orientation {
	case 2:
		return imaging.FlipH(img)
	case 3:
		return imaging.Rotate180(img)
	case 4:
		return imaging.FlipV(img)
	case 5:
		return imaging.Transpose(img)
	case 6:
		return imaging.Rotate270(img)
	case 7:
		return imaging.Transverse(img)
	case 8:
		return imaging.Rotate90(img)
	}
	return img
}

// unpackProfile reads the body of a PNG's iCCP chunk: a name, a zero, the method, zlib. A profile that unpacks to more
// than any real one is dropped.
func unpackProfile(b []byte) []byte {
	i := bytes.IndexByte(b, 0)
	if i < 0 || i+2 > len(b) {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(b[i+2:]))
	if err != nil {
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(z, maxProfile+1))
	if err != nil || len(out) > maxProfile {
		return nil
	}
	return out
}
