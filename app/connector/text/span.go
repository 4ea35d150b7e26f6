package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// SpanKind is what a span is.
type SpanKind string

// The kinds of span.
const (
	Link    SpanKind = "link"
	Mention SpanKind = "mention"
	Tag     SpanKind = "tag"
)

// Offset is one place in a text, in three units.
type Offset struct {
	Byte  int `json:"byte"`
	Rune  int `json:"rune"`
	UTF16 int `json:"utf16"`
}

// Span is a link, mention or tag inside a text. Value is the address, the handle without its first @, the tag without #.
type Span struct {
	Kind  SpanKind `json:"kind"`
	Value string   `json:"value"`
	Start Offset   `json:"start"`
	End   Offset   `json:"end"`
}

// Find gives the spans of s in order; they don't overlap.
func Find(s string) []Span {
	out := []Span{}
	at := Offset{}
	before := rune(-1)
	for at.Byte < len(s) {
		if span, ok := spanAt(s, at, before); ok {
			out = append(out, span)
			at = span.End
			before, _ = utf8.DecodeLastRuneInString(s[:at.Byte])
			continue
		}
		r, size := utf8.DecodeRuneInString(s[at.Byte:])
		at = at.past(r, size)
		before = r
	}
	return out
}

func (o Offset) past(r rune, size int) Offset {
	return Offset{o.Byte + size, o.Rune + 1, o.UTF16 + utf16Units(r)}
}

// over is the offset after the next n bytes of s.
func (o Offset) over(s string, n int) Offset {
	for _, r := range s[o.Byte : o.Byte+n] {
		o = o.past(r, utf8.RuneLen(r))
	}
	return o
}

func spanAt(s string, at Offset, before rune) (Span, bool) {
	if before >= 0 && (isWord(before) || before == '@' || before == '#' || before == '/' || before == '&') {
		return Span{}, false
	}
	rest := s[at.Byte:]
	var kind SpanKind
	var n int
	switch rest[0] {
	case 'h', 'H':
		kind, n = Link, linkLength(rest)
	case '@':
		kind, n = Mention, mentionLength(rest)
	case '#':
		kind, n = Tag, tagLength(rest)
	}
	if n == 0 {
		return Span{}, false
	}
	value := rest[:n]
	if kind != Link {
		value = value[1:]
	}
	return Span{Kind: kind, Value: value, Start: at, End: at.over(s, n)}, true
}

// isWord says that the rune belongs to a word, so that nothing begins right after it.
func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// stops ends a link: quotes, brackets of other scripts and their punctuation.
const stops = "<>\"`{}|\\^、。，！？；：「」『』（）【】《》〈〉“”„«»…"

// linkLength is the bytes of the link at the beginning of s, 0 if there is none.
func linkLength(s string) int {
	scheme := 0
	for _, p := range []string{"https://", "http://"} {
		if len(s) > len(p) && strings.EqualFold(s[:len(p)], p) {
			scheme = len(p)
		}
	}
	if scheme == 0 {
		return 0
	}
	end := scheme
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError || strings.ContainsRune(stops, r) {
			break
		}
		end += size
	}
	end = trimLink(s, scheme, end)
	first, _ := utf8.DecodeRuneInString(s[scheme:])
	if end <= scheme || first != '[' && !unicode.IsLetter(first) && !unicode.IsDigit(first) {
		return 0
	}
	return end
}

// trimLink leaves out the sentence's own punctuation and a closing bracket that was opened before the link.
func trimLink(s string, from, end int) int {
	round := strings.Count(s[from:end], ")") - strings.Count(s[from:end], "(")
	square := strings.Count(s[from:end], "]") - strings.Count(s[from:end], "[")
	for end > from {
		switch last := s[end-1]; {
		case strings.IndexByte(".,;:!?'*_~", last) >= 0:
		case last == ')' && round > 0:
			round--
		case last == ']' && square > 0:
			square--
		default:
			return end
		}
		end--
	}
	return end
}

// mentionLength reads @name, @name.example.org and @name@example.org.
func mentionLength(s string) int {
	n := nameLength(s[1:])
	if n == 0 {
		return 0
	}
	end := 1 + n
	if end < len(s) && s[end] == '@' {
		if host := nameLength(s[end+1:]); host > 0 && strings.Contains(s[end+1:end+1+host], ".") {
			end += 1 + host
		}
	}
	return end
}

// nameLength reads letters, digits, _ . - that neither begin nor end with a dot or hyphen.
func nameLength(s string) int {
	end := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
			end = i + 1
		case (c == '.' || c == '-') && i > 0:
		default:
			return end
		}
	}
	return end
}

// tagLength reads # and letters, digits, marks, _ with at least one that is no digit.
func tagLength(s string) int {
	end, letters := 1, false
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if !isWord(r) && !unicode.Is(unicode.Mc, r) {
			break
		}
		letters = letters || !unicode.IsDigit(r)
		end += size
	}
	if !letters {
		return 0
	}
	return end
}
