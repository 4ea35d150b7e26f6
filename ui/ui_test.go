package ui

import "testing"

func TestScreensAreTheInterfaceAndUnknownAssetsAreNot(t *testing.T) {
	for path, found := range map[string]bool{"/": true, "/setup": true, "/w/wsp_1/calendar/month": true, "/assets/none.js": false, "/none.js": false, "/.gitkeep": false,
		"/../../etc/passwd": true, "/index.html.br": false, "/.vite/manifest.json": false} {
		f, ok := Lookup(path, "gzip, br")
		if ok != found {
			t.Errorf("%s found: %v", path, ok)
		}
		if ok && f.MIME != "text/html; charset=utf-8" {
			t.Errorf("%s is %s", path, f.MIME)
		}
	}
}
