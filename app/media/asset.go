package media

import (
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/ref"
)

// Kind is what a file is for a person.
type Kind string

// The kinds. GIF is a moving picture without sound that platforms treat in their own way.
const (
	Image    Kind = "image"
	GIF      Kind = "gif"
	Video    Kind = "video"
	Audio    Kind = "audio"
	Document Kind = "document"
)

// State is where an asset is between its first byte and being shown.
type State string

// The states. Ready and refused are final.
const (
	Uploading State = "uploading" // bytes are still coming
	Checking  State = "checking"  // all bytes are here, waiting for or under inspection
	Ready     State = "ready"     // may be shown and published
	Refused   State = "refused"   // Problem says why
)

// Rendition is one form of an asset.
type Rendition string

// The renditions. Original is the cleaned file, the one that is published.
const (
	Original Rendition = "original"
	Thumb    Rendition = "thumb"   // fits 320 × 320
	Preview  Rendition = "preview" // fits 1280 × 1280
)

// Copy is what is stored of one rendition.
type Copy struct {
	_      struct{}  `cbor:",toarray"`
	Name   Rendition `pd:"-"`
	MIME   string    `pd:"-"`
	Bytes  int64     `pd:"-"`
	Width  int       `pd:"-"`
	Height int       `pd:"-"`
}

// Asset is one file of a workspace.
type Asset struct {
	Organization ref.Organization `cbor:"1,keyasint" pd:"-"`
	Workspace    ref.Workspace    `cbor:"2,keyasint" pd:"-"`
	ID           ref.Asset        `cbor:"3,keyasint" pd:"-"`
	Version      int64            `cbor:"4,keyasint" pd:"-"`
	State        State            `cbor:"5,keyasint" pd:"-"`
	Problem      string           `cbor:"6,keyasint,omitempty" pd:"-"` // code of a refusal; Why gives its words
	Name         string           `cbor:"7,keyasint,omitempty" pd:"publishing,contract,with the workspace,content"`
	Alt          string           `cbor:"8,keyasint,omitempty" pd:"publishing,contract,with the workspace,content"`
	Kind         Kind             `cbor:"9,keyasint,omitempty" pd:"-"`
	MIME         string           `cbor:"10,keyasint,omitempty" pd:"-"` // of the original; empty until recognised
	Bytes        int64            `cbor:"11,keyasint,omitempty" pd:"-"` // of the original; while uploading, of what came
	Width        int              `cbor:"12,keyasint,omitempty" pd:"-"` // as it is shown, orientation applied
	Height       int              `cbor:"13,keyasint,omitempty" pd:"-"`
	Duration     int64            `cbor:"14,keyasint,omitempty" pd:"-"` // milliseconds
	Frames       int              `cbor:"15,keyasint,omitempty" pd:"-"` // of a moving picture
	FPS          float64          `cbor:"16,keyasint,omitempty" pd:"-"`
	Codec        string           `cbor:"17,keyasint,omitempty" pd:"-"` // h264, hevc, av1, vp9, …
	Sound        string           `cbor:"18,keyasint,omitempty" pd:"-"` // codec of the sound; empty = silent
	Copies       []Copy           `cbor:"19,keyasint,omitempty" pd:"-"` // the original and the renditions
	Hash         []byte           `cbor:"20,keyasint,omitempty" pd:"-"` // SHA-256 of the original as stored
	Received     []byte           `cbor:"21,keyasint,omitempty" pd:"-"` // SHA-256 of the bytes that came
	Upload       ref.Upload       `cbor:"22,keyasint,omitzero" pd:"-"`  // until it is ready or refused
	Tries        int              `cbor:"23,keyasint,omitempty" pd:"-"` // inspections begun
	By           ref.Identity     `cbor:"24,keyasint,omitzero" pd:"accountability,legitimate interest,with the workspace,identifier"`
	CreatedAt    time.Time        `cbor:"25,keyasint" pd:"-"`
	CheckedAt    time.Time        `cbor:"26,keyasint,omitzero" pd:"-"` // when it became ready or refused
}

// Length is the duration of a film or moving picture.
func (a Asset) Length() time.Duration { return time.Duration(a.Duration) * time.Millisecond }

// Copy finds what is stored of a rendition.
func (a Asset) Copy(r Rendition) (Copy, bool) {
	i := slices.IndexFunc(a.Copies, func(c Copy) bool { return c.Name == r })
	if i < 0 {
		return Copy{}, false
	}
	return a.Copies[i], true
}

// Renditions lists what screens can show besides the original.
func (a Asset) Renditions() []Rendition {
	var list []Rendition
	for _, c := range a.Copies {
		if c.Name != Original {
			list = append(list, c.Name)
		}
	}
	return list
}

// Why is the refusal in words, or nil.
func (a Asset) Why() *fail.Error {
	if a.State != Refused {
		return nil
	}
	return verdict(a.Problem)
}

// MaxName and MaxAlt bound what people write, in runes.
const (
	MaxName = 200
	MaxAlt  = 10_000
)

// cleanName makes a name of what a browser or script sent: no folders, no control signs, not too long.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, name)
	name = strings.TrimSpace(name)
	if strings.Trim(name, "./") == "" {
		return "file"
	}
	if runes := []rune(name); len(runes) > MaxName {
		name = string(runes[:MaxName])
	}
	return name
}

// nameFor gives the name the ending of its type, because a HEIC that became a JPEG would lie.
func nameFor(name, mime string) string {
	t, ok := types[mime]
	if !ok {
		return name
	}
	end := strings.ToLower(path.Ext(name))
	if slices.Contains(t.endings, end) {
		return name
	}
	if isEnding(end) {
		name = name[:len(name)-len(end)]
	}
	return name + t.endings[0]
}

// isEnding says whether the ending is one of a file type that we know; "v1.2" has none.
func isEnding(end string) bool {
	for _, t := range types {
		if slices.Contains(t.endings, end) {
			return true
		}
	}
	return false
}
