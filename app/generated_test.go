package app

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/omniposto/omniposto/app/api"
	"github.com/omniposto/omniposto/app/config"
)

var update = flag.Bool("update", false, "write generated files anew")

// generated are the files made from declarations; a test compares each with what it would be now.
func (w *world) generated() map[string]func() (string, error) {
	return map[string]func() (string, error){
		"../docs/operations.md":      func() (string, error) { return api.Reference(w.app.parts.operations), nil },
		"../docs/errors.md":          func() (string, error) { return api.Errors(w.app.parts.operations), nil },
		"../docs/configuration.md":   func() (string, error) { return config.Reference(), nil },
		"../docs/platforms.md":       func() (string, error) { return platformsPage(), nil },
		"../ui/src/api/openapi.json": func() (string, error) { raw, err := w.app.server.Document(); return string(raw), err },
	}
}

func TestGeneratedFilesAreCurrent(t *testing.T) {
	w := openWorld(t)
	for path, make := range w.generated() {
		want, err := make()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s isn't current (%v); run: make generate", path, err)
		}
	}
}
