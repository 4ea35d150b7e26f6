package all

import "testing"

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
