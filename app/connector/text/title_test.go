package text

import (
	"strings"
	"testing"
)

func TestTitlesComeFromTheSettingAHeadingOrTheFirstWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ set, words, title, rest string }{
		{"Set", "Body", "Set", "Body"}, {"", "# Head\n\nBody", "Head", "Body"}, {"Set", "# Head\n\nBody", "Set", "# Head\n\nBody"},
		{"", "First line\nmore", "First line", "First line\nmore"}, {"", "", "", ""},
		{"", strings.Repeat("word ", 40), strings.TrimSpace(strings.Repeat("word ", 16)) + "…", strings.Repeat("word ", 40)},
	} {
		if title, rest := Titled(c.set, c.words); title != c.title || rest != c.rest {
			t.Errorf("%q %q: %q %q", c.set, c.words, title, rest)
		}
	}
}
