package audit_test

import (
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/audit/evidence"
)

var bundleFiles = []string{evidence.EventsFile, evidence.PrunedFile, evidence.ValuesFile, evidence.CheckpointsFile, evidence.KeysFile, evidence.ConsistencyFile, evidence.InclusionFile}

// FuzzBundle puts any text in the place of any file of a bundle: the verifier never breaks, and never takes other events.
func FuzzBundle(f *testing.F) {
	s := newSpecimen(f)
	for i, name := range bundleFiles {
		f.Add(byte(i), string(s.bundle[name].Data))
		f.Add(byte(i), "")
	}
	plain := func(text string) string { return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) }
	f.Fuzz(func(t *testing.T, file byte, text string) {
		name := bundleFiles[int(file)%len(bundleFiles)]
		v, err := evidence.Verify(s.with(name, text), evidence.Against{Since: s.kept})
		if err == nil && v.Problem == nil && (name == evidence.EventsFile || name == evidence.PrunedFile) && plain(text) != plain(string(s.bundle[name].Data)) {
			t.Errorf("%s was taken as %q", name, text)
		}
	})
}
