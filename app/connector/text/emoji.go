package text

import "sort"

// IsEmoji says that a grapheme cluster is shown as an emoji: it has a code point that is one by itself, a picture with
// the emoji selector, a flag or a keycap.
func IsEmoji(cluster string) bool {
	runes := []rune(cluster)
	for i, r := range runes {
		if in(presented, r) && !isFlagHalf(r) {
			return true
		}
		next := rune(0)
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		if r == 0x20e3 || next == 0xfe0f && in(pictographic, r) || isFlagHalf(r) && isFlagHalf(next) {
			return true
		}
	}
	return false
}

func isFlagHalf(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

func in(table [][2]rune, r rune) bool {
	i := sort.Search(len(table), func(i int) bool { return table[i][1] >= r })
	return i < len(table) && table[i][0] <= r
}
