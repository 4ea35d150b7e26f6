package text

import (
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
)

// Count is a way to count a text.
type Count string

// The ways to count.
const (
	Runes      Count = "runes"       // Unicode code points
	UTF16      Count = "utf16"       // UTF-16 units
	Bytes      Count = "bytes"       // UTF-8 bytes
	Graphemes  Count = "graphemes"   // grapheme clusters: what a person calls a character
	Mastodon   Count = "mastodon"    // grapheme clusters; @user@host counts as @user
	Weighted   Count = "weighted"    // X: NFC, 1 or 2 by range, an emoji 2
	EmojiBytes Count = "emoji_bytes" // Threads: an emoji counts its bytes, everything else one
	Parsed     Count = "parsed"      // Telegram: UTF-16 units of the words without mark-up
	Wire       Count = "wire"        // bytes of the whole request; only the connector can tell
)

// Length is how long s is. A link counts reserve whatever its own length; 0 counts it as it stands.
func (c Count) Length(s string, reserve int) int {
	if c == Parsed {
		s, _ = Parse(s)
	}
	if reserve > 0 || c == Mastodon {
		s = c.countable(s, reserve)
	}
	switch c {
	case UTF16, Parsed:
		return utf16Length(s)
	case Bytes, Wire:
		return len(s)
	case Graphemes, Mastodon:
		return uniseg.GraphemeClusterCount(s)
	case Weighted:
		return (weighted(s) + 99) / 100
	case EmojiBytes:
		return emojiBytes(s)
	default:
		return utf8.RuneCountInString(s)
	}
}

// countable is s with each link as long as the platform finds it, and mentions without their host where that isn't counted.
func (c Count) countable(s string, reserve int) string {
	var b strings.Builder
	at := 0
	for _, span := range c.spans(s) {
		b.WriteString(s[at:span.Start.Byte])
		at = span.End.Byte
		switch {
		case span.Kind == Link && reserve > 0:
			b.WriteString(strings.Repeat("x", reserve))
		case span.Kind == Mention && c == Mastodon:
			user, _, _ := strings.Cut(span.Value, "@")
			b.WriteString("@" + user)
		default:
			b.WriteString(s[span.Start.Byte:span.End.Byte])
		}
	}
	b.WriteString(s[at:])
	return b.String()
}

func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n += utf16Units(r)
	}
	return n
}

func utf16Units(r rune) int {
	if r >= 0x10000 {
		return 2
	}
	return 1
}

// weighted is in hundredths. Ranges of weight 100 by twitter-text's configuration 3.
func weighted(s string) int {
	n := 0
	eachCluster(norm.NFC.String(s), func(c string) {
		if IsEmoji(c) {
			n += 200
			return
		}
		for _, r := range c {
			if r <= 4351 || r >= 8192 && r <= 8205 || r >= 8208 && r <= 8223 || r >= 8242 && r <= 8247 {
				n += 100
			} else {
				n += 200
			}
		}
	})
	return n
}

func emojiBytes(s string) int {
	n := 0
	eachCluster(s, func(c string) {
		if IsEmoji(c) {
			n += len(c)
		} else {
			n += utf8.RuneCountInString(c)
		}
	})
	return n
}

func eachCluster(s string, fn func(string)) {
	state := -1
	var c string
	for s != "" {
		c, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		fn(c)
	}
}

// Cut is the longest beginning of s that counts at most limit, cut between clusters and, where one is near, after a space.
func (c Count) Cut(s string, limit, reserve int) string {
	if c.Length(s, reserve) <= limit {
		return s
	}
	var ends []int
	at := 0
	eachCluster(s, func(cluster string) { at += len(cluster); ends = append(ends, at) })
	low, high := 0, len(ends) // ends[:low] fits
	for low < high {
		mid := (low + high + 1) / 2
		if c.Length(s[:ends[mid-1]], reserve) <= limit {
			low = mid
		} else {
			high = mid - 1
		}
	}
	if low == 0 {
		return ""
	}
	cut := s[:ends[low-1]]
	if space := strings.LastIndexAny(cut, " \n\t"); space > len(cut)-40 && space > 0 {
		cut = cut[:space]
	}
	return strings.TrimRight(cut, " \n\t")
}
