// Package ui holds the built web interface inside the program and finds the file for a path. Who may see what is the
// API's matter: these files are the same for everybody.
package ui

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"path"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

//go:embed placeholder.html
var placeholder []byte

// File is one file as it goes out.
type File struct {
	Body      []byte
	MIME      string
	Encoding  string // "", gzip, br
	ETag      string
	Immutable bool // its name changes with its content
	Status    int  // 0 is 200
}

// Built says whether a built interface is inside.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

// Lookup finds the file for a path of the address bar, in the best form that the browser takes. Unknown assets are
// not found; any other unknown path is a screen, which the interface itself knows.
func Lookup(at, acceptEncoding string) (File, bool) {
	clean := path.Clean("/" + at)
	if clean == "/" || !served(clean) {
		if strings.HasPrefix(clean, "/assets/") || strings.Contains(path.Base(clean), ".") {
			return File{}, false
		}
		clean = "/index.html"
	}
	if !Built() {
		return File{Body: placeholder, MIME: "text/html; charset=utf-8", ETag: tag("placeholder", placeholder), Status: 503}, true
	}
	f := File{MIME: typeOf(clean), Immutable: strings.HasPrefix(clean, "/assets/")}
	for _, form := range [...]struct{ encoding, ending string }{{"br", ".br"}, {"gzip", ".gz"}, {"", ""}} {
		if form.encoding != "" && !strings.Contains(acceptEncoding, form.encoding) {
			continue
		}
		if body, err := dist.ReadFile("dist" + clean + form.ending); err == nil {
			f.Body, f.Encoding, f.ETag = body, form.encoding, tag(clean+form.ending, body)
			return f, true
		}
	}
	return File{}, false
}

// served says whether the path is a file that browsers may ask for; the compressed forms aren't by themselves.
func served(clean string) bool {
	if strings.HasSuffix(clean, ".br") || strings.HasSuffix(clean, ".gz") || strings.HasPrefix(path.Base(clean), ".") || strings.HasPrefix(clean, "/.vite") {
		return false
	}
	info, err := fs.Stat(dist, "dist"+clean)
	return err == nil && !info.IsDir()
}

func typeOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".webmanifest":
		return "application/manifest+json"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
	}
	return "application/octet-stream"
}

var tags sync.Map // name to ETag: the files never change while the program runs

func tag(name string, body []byte) string {
	if t, ok := tags.Load(name); ok {
		return t.(string)
	}
	sum := sha256.Sum256(body)
	t := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	tags.Store(name, t)
	return t
}
