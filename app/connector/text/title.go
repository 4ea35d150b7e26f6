package text

import (
	"strings"
	"unicode/utf8"
)

// titleLength is where the first words end when they become a title, in runes.
const titleLength = 80

// Titled gives an article its title: the one that was set, else a heading at the top of the text, which is then taken off
// it, else the first words.
func Titled(set, words string) (title, rest string) {
	first, after, _ := strings.Cut(strings.TrimLeft(words, "\n "), "\n")
	if heading, ok := strings.CutPrefix(first, "# "); ok && set == "" {
		return strings.TrimSpace(heading), strings.TrimLeft(after, "\n")
	}
	if set != "" {
		return set, words
	}
	first = strings.Trim(first, "#*_ ")
	if utf8.RuneCountInString(first) > titleLength {
		cut := string([]rune(first)[:titleLength])
		if i := strings.LastIndexByte(cut, ' '); i > titleLength/2 {
			cut = cut[:i]
		}
		first = cut + "…"
	}
	return first, words
}
