package ui

import (
	"strings"
	"testing"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path string
		found      bool
	}{
		{"the app stands at the root", "/", true},
		{"a page of the app is the app", "/w/wsp_1/calendar/month/2026-11-24", true},
		{"an unknown asset is never the app", "/assets/old-1a2b3c.js", false},
		{"the folder of assets is none", "/assets/", false},
		{"dots don't leave the folder", "/../ui.go", false},
		{"an unknown file is never the app", "/robots.txt", false},
		{"dots don't reach assets either", "/w/../assets/none.js", false},
		{"Vite's manifest is ours alone", "/.vite/manifest.json", false},
		{"so is the mark that keeps the folder", "/.gitkeep", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, ok := Lookup(c.path, "")
			if ok != c.found {
				t.Fatalf("found %v", ok)
			}
			if ok && !strings.HasPrefix(f.MIME, "text/html") {
				t.Errorf("type %s", f.MIME)
			}
			if ok && (f.Immutable || f.Cache() != "no-cache" || f.Encoding != "") {
				t.Errorf("%+v is kept too long or is encoded unasked", f.ETag)
			}
		})
	}
}

func TestEncodingIsOneThatTheBrowserTakes(t *testing.T) {
	t.Parallel()
	all := entry{
		{Encoding: "br", Body: []byte("b")}, {Encoding: "gzip", Body: []byte("g")}, {Body: []byte("plain")},
	}
	for header, want := range map[string]string{
		"": "", "gzip": "gzip", "gzip, deflate, br": "br", "br;q=0, gzip": "gzip", "br;q=0.0": "", "br; q=0.5": "br",
		"BR": "br", "identity": "", "gzip;q=0,br;q=0": "",
	} {
		if got := all.in(header).Encoding; got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

func TestTagsDifferByContentAndEncoding(t *testing.T) {
	t.Parallel()
	tags := map[string]bool{tag([]byte("a"), ""): true, tag([]byte("a"), "br"): true, tag([]byte("b"), ""): true}
	if len(tags) != 3 {
		t.Errorf("%v", tags)
	}
}

func TestBuiltFilesAreServedAsBuilt(t *testing.T) {
	t.Parallel()
	for name, e := range files().at {
		f, ok := Lookup("/"+name, "br, gzip")
		if !ok || f.MIME == "" || len(f.Body) == 0 {
			t.Errorf("%s: %v %q", name, ok, f.MIME)
		}
		if plain := e.in(""); plain.Encoding != "" {
			t.Errorf("%s has no plain form", name)
		}
		if f.Immutable != strings.HasPrefix(name, "assets/") {
			t.Errorf("%s: immutable %v", name, f.Immutable)
		}
	}
	if page, _ := Lookup("/", ""); Built() == (page.Status == 503) {
		t.Error("Built disagrees with what is served")
	}
}
