package media

import (
	"os"
	"testing"
)

// TestMain makes the test binary its own decoder.
func TestMain(m *testing.M) {
	ChildMain()
	os.Exit(m.Run())
}
