package media

import (
	"io"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// fileType is one type of file that is taken.
type fileType struct {
	kind    Kind
	endings []string // the first is the one that names get
}

// types is the allow-list, by the MIME type that is stored and served.
var types = map[string]fileType{
	"image/jpeg":      {Image, []string{".jpg", ".jpeg", ".jpe", ".jfif"}},
	"image/png":       {Image, []string{".png"}},
	"image/webp":      {Image, []string{".webp"}},
	"image/gif":       {Image, []string{".gif"}},
	"image/avif":      {Image, []string{".avif"}},
	"image/heic":      {Image, []string{".heic", ".heif"}},
	"video/mp4":       {Video, []string{".mp4", ".m4v"}},
	"video/quicktime": {Video, []string{".mov", ".qt"}},
	"video/webm":      {Video, []string{".webm"}},
	"application/pdf": {Document, []string{".pdf"}},
}

// canonical gives the name under which a recognised type is taken.
var canonical = map[string]string{
	"image/vnd.mozilla.apng": "image/png",
	"image/heic-sequence":    "image/heic",
	"image/heif":             "image/heic",
	"image/heif-sequence":    "image/heic",
	"video/x-m4v":            "video/mp4",
}

// sniffBytes is how much of a file's beginning tells its type.
const sniffBytes = 3072

// sniff tells what a file is by its content. Documents are taken only where they are asked for.
func sniff(r io.ReaderAt, size int64, documents bool) (string, error) {
	if size == 0 {
		return "", ErrEmpty
	}
	head := make([]byte, min(size, sniffBytes))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return "", err
	}
	mime, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	if name, ok := canonical[mime]; ok {
		mime = name
	}
	if brands(head, "avif", "avis") {
		mime = "image/avif" // some writers name the general brand first
	}
	t, ok := types[mime]
	if !ok || t.kind == Document && !documents {
		return "", ErrType
	}
	return mime, nil
}

// brands says whether an ISO file's first box names one of the brands.
func brands(head []byte, wanted ...string) bool {
	if len(head) < 16 || string(head[4:8]) != "ftyp" {
		return false
	}
	size := int(head[0])<<24 | int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	for at := 8; at+4 <= min(size, len(head)); at += 4 {
		for _, w := range wanted {
			if at != 12 && string(head[at:at+4]) == w { // 12 is the minor version
				return true
			}
		}
	}
	return false
}
