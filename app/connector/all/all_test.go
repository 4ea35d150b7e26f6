package all

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEachConnectorHasAnIDOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range Connectors() {
		id := c.Spec().ID
		if id == "" || seen[id] {
			t.Errorf("id %q is empty or there twice", id)
		}
		seen[id] = true
	}
	if !seen["practice"] {
		t.Error("there is no practice channel")
	}
}

// The interface makes its sprite of these drawings, and looks each up by the platform's id without dashes.
func TestEachConnectorDrawsItsMark(t *testing.T) {
	t.Parallel()
	painted := regexp.MustCompile(`(fill|stroke)="([^"]*)"`)
	for _, c := range Connectors() {
		folder := strings.ReplaceAll(c.Spec().ID, "-", "")
		raw, err := os.ReadFile(filepath.Join("..", folder, "icon.svg"))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(string(raw), `viewBox="0 0 24 24"`) || !strings.Contains(string(raw), `"currentColor"`) {
			t.Errorf("%s: the mark stands on a grid of 24 and takes the colour of the words beside it", folder)
		}
		for _, paint := range painted.FindAllStringSubmatch(string(raw), -1) {
			if paint[2] != "none" && paint[2] != "currentColor" {
				t.Errorf("%s: %s wouldn't be seen in both themes", folder, paint[0])
			}
		}
	}
}
