// Package ui is the interface as a browser gets it: the files that Vite builds into dist, embedded, with what a server needs to
// answer for them.
//
// Lookup answers a path with a File: its bytes in the best encoding that the browser takes, its type, its tag and how long it may be
// kept. Names under /assets/ carry a hash of their content, so they are kept for a year, and an unknown one is not there; every other
// path without a file's ending is the app itself, whose router shows the page.
//
// Caveats: it knows no HTTP library. Whoever serves it sets the headers, compares the tag with If-None-Match, and adds the security
// headers. Content that differs by encoding has a tag of its own per encoding, and needs Vary: Accept-Encoding.
//
// Why compressed files stand beside the plain ones: compressing takes a processor while somebody waits, and brotli at its best level
// is a third smaller than what can be done on the fly.
package ui

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"path"
	"strings"
	"sync"
)

// The folder is there in a fresh clone with nothing but .gitkeep in it; all: takes files that begin with a dot too.
//
//go:embed all:dist
var built embed.FS

//go:embed placeholder.html
var unbuilt []byte

// File is one answer.
type File struct {
	Body      []byte
	MIME      string // Content-Type
	Encoding  string // Content-Encoding: br, gzip, or empty
	ETag      string // quotes included
	Immutable bool   // the name changes with the content: it may be kept for a year
	Status    int    // 0 is 200
}

// Cache is the value of Cache-Control.
func (f File) Cache() string {
	if f.Immutable {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// Built says whether the interface was built into this program.
func Built() bool {
	_, ok := files().at["index.html"]
	return ok
}

// Lookup gives the file for a path of a request, in an encoding that accept (the Accept-Encoding header) allows.
// false: there is none. Only a path that looks like a page is the app: an unknown file (/assets/old.js, /robots.txt) is not.
func Lookup(name, accept string) (File, bool) {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if hidden(name) {
		return File{}, false
	}
	if f, ok := files().at[name]; ok {
		return f.in(accept), true
	}
	if name == "assets" || strings.HasPrefix(name, "assets/") || strings.Contains(path.Base("/"+name), ".") {
		return File{}, false
	}
	if f, ok := files().at["index.html"]; ok {
		return f.in(accept), true
	}
	return File{Body: unbuilt, MIME: "text/html; charset=utf-8", ETag: tag(unbuilt, ""), Status: 503}, true
}

// hidden says that a path has a part that begins with a dot: Vite's manifest, our own marks.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

// entry is a file in all its encodings; the first one that is accepted is taken.
type entry []File

func (e entry) in(accept string) File {
	for _, f := range e {
		if f.Encoding == "" || accepts(accept, f.Encoding) {
			return f
		}
	}
	return e[len(e)-1]
}

type tree struct{ at map[string]entry }

// files reads the embedded tree once; bodies are slices of the program's own memory.
var files = sync.OnceValue(func() tree {
	t := tree{at: map[string]entry{}}
	root, err := fs.Sub(built, "dist")
	if err != nil {
		panic("embedded folder: " + err.Error())
	}
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || hidden(name) || encodingOf(name) != "" {
			return err
		}
		return t.add(root, name)
	})
	if err != nil {
		panic("embedded files: " + err.Error())
	}
	return t
})

// add puts a file and its compressed forms into the tree, best first.
func (t tree) add(root fs.FS, name string) error {
	for _, ending := range []string{".br", ".gz", ""} {
		body, err := fs.ReadFile(root, name+ending)
		if err != nil {
			if ending != "" {
				continue // not every file gets smaller
			}
			return err
		}
		encoding := encodingOf(name + ending)
		t.at[name] = append(t.at[name], File{
			Body: body, MIME: typeOf(name), Encoding: encoding, ETag: tag(body, encoding),
			Immutable: strings.HasPrefix(name, "assets/"),
		})
	}
	return nil
}

func encodingOf(name string) string {
	return map[string]string{".br": "br", ".gz": "gzip"}[path.Ext(name)]
}

func tag(body []byte, encoding string) string {
	sum := sha256.Sum256(body)
	name := hex.EncodeToString(sum[:8])
	if encoding != "" {
		name += "-" + encoding
	}
	return `"` + name + `"`
}

// types are those that the interface has, so that no file of the operating system decides.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".webmanifest": "application/manifest+json", ".png": "image/png",
	".ico": "image/x-icon", ".txt": "text/plain; charset=utf-8",
}

func typeOf(name string) string {
	ending := path.Ext(name)
	if known, ok := types[ending]; ok {
		return known
	}
	if known := mime.TypeByExtension(ending); known != "" {
		return known
	}
	return "application/octet-stream"
}

// accepts says whether an Accept-Encoding header allows an encoding; a weight of zero forbids it.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		weight = strings.ReplaceAll(strings.TrimSpace(weight), " ", "")
		return !strings.HasPrefix(weight, "q=0") || strings.Trim(weight[3:], ".0") != ""
	}
	return false
}
