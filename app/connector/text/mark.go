package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MarkKind is how a part of a text is set.
type MarkKind string

// The kinds of mark.
const (
	Bold    MarkKind = "bold"
	Italic  MarkKind = "italic"
	Strike  MarkKind = "strike"
	Spoiler MarkKind = "spoiler"
	Code    MarkKind = "code"
	Pre     MarkKind = "pre"
	Anchor  MarkKind = "anchor" // words that lead to URL
)

// Mark is a part of a parsed text that is set in some way; offsets are in the plain words.
type Mark struct {
	Kind       MarkKind
	URL, Lang  string
	Start, End Offset
}

// pairs are the marks that open and close with the same signs, the long before the short.
var pairs = []struct {
	sign string
	kind MarkKind
}{{"**", Bold}, {"__", Bold}, {"~~", Strike}, {"||", Spoiler}, {"*", Italic}, {"_", Italic}}

// Parse reads **bold**, __bold__, *italic*, _italic_, ~~strike~~, ||spoiler||, `code`, ```pre```, [words](address) and
// backslash escapes. What isn't closed stays as it was written; stars work inside a word, as in Markdown, underscores don't.
func Parse(s string) (string, []Mark) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	p := &parser{}
	p.read(s, 0)
	return p.out.String(), p.marks
}

type parser struct {
	out   strings.Builder
	at    Offset
	marks []Mark
}

// Bounds of marks inside marks, and of the bytes between an opening and a closing sign.
const (
	maxNesting = 8
	maxReach   = 4096
)

func (p *parser) emit(s string) {
	p.out.WriteString(s)
	for _, r := range s {
		p.at = p.at.past(r, utf8.RuneLen(r))
	}
}

func (p *parser) read(s string, depth int) {
	for i := 0; i < len(s); {
		if n := p.special(s, i, depth); n > 0 {
			i += n
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		p.emit(s[i : i+size])
		i += size
	}
}

// special reads a construct at i and returns its length, 0 if there is none.
func (p *parser) special(s string, i, depth int) int {
	rest := s[i:]
	switch {
	case rest[0] == '\\' && len(rest) > 1 && strings.IndexByte("\\*_~|`[]()#", rest[1]) >= 0:
		p.emit(rest[1:2])
		return 2
	case strings.HasPrefix(rest, "```"):
		return p.pre(rest)
	case rest[0] == '`':
		return p.code(rest)
	case strings.HasPrefix(rest, "http://"), strings.HasPrefix(rest, "https://"):
		n := linkLength(rest) // signs inside an address are the address's
		p.emit(rest[:n])
		return n
	case depth >= maxNesting:
		return 0
	case rest[0] == '[':
		return p.anchor(rest, depth)
	}
	for _, pair := range pairs {
		if strings.HasPrefix(rest, pair.sign) {
			if n := p.pair(s, i, pair.sign, pair.kind, depth); n > 0 {
				return n
			}
		}
	}
	return 0
}

func (p *parser) add(kind MarkKind, from Offset, url, lang string) {
	if p.at.Byte > from.Byte {
		p.marks = append(p.marks, Mark{Kind: kind, URL: url, Lang: lang, Start: from, End: p.at})
	}
}

func (p *parser) pre(rest string) int {
	end := strings.Index(rest[3:], "```")
	if end < 0 {
		return 0
	}
	body, lang := rest[3:3+end], ""
	if line := strings.IndexByte(body, '\n'); line >= 0 && !strings.ContainsAny(body[:line], " \t`") {
		lang, body = body[:line], body[line+1:]
	}
	from := p.at
	p.emit(strings.TrimSuffix(body, "\n"))
	p.add(Pre, from, "", lang)
	return end + 6
}

func (p *parser) code(rest string) int {
	end := strings.IndexByte(rest[1:], '`')
	if end <= 0 || strings.ContainsRune(rest[1:1+end], '\n') {
		return 0
	}
	from := p.at
	p.emit(rest[1 : 1+end])
	p.add(Code, from, "", "")
	return end + 2
}

func (p *parser) anchor(rest string, depth int) int {
	middle := strings.Index(rest, "](")
	if middle <= 1 || strings.ContainsAny(rest[1:middle], "[\n") {
		return 0
	}
	target := rest[middle+2:]
	n := linkLength(target)
	if n == 0 {
		return 0
	}
	for n < len(target) && target[n] != ')' && !unicode.IsSpace(rune(target[n])) {
		n++
	}
	if n >= len(target) || target[n] != ')' {
		return 0
	}
	from := p.at
	p.read(rest[1:middle], depth+1)
	p.add(Anchor, from, target[:n], "")
	return middle + 2 + n + 1
}

// pair reads sign…sign: the first sign is followed and the last preceded by no space; _ doesn't work inside a word.
func (p *parser) pair(s string, i int, sign string, kind MarkKind, depth int) int {
	from := i + len(sign)
	if from >= len(s) || startsWithSpace(s[from:]) || sign[0] == '_' && endsWithWord(s[:i]) {
		return 0
	}
	reach := s[:min(len(s), from+maxReach)]
	if paragraph := strings.Index(reach[from:], "\n\n"); paragraph >= 0 {
		reach = reach[:from+paragraph]
	}
	for search := from + 1; search < len(reach); {
		found := strings.Index(reach[search:], sign)
		if found < 0 {
			return 0
		}
		end := search + found
		after := s[end+len(sign):]
		single := len(sign) == 1 && (strings.HasPrefix(after, sign) || s[end-1] == sign[0])
		if single || endsWithSpace(s[:end]) || sign[0] == '_' && startsWithWord(after) {
			search = end + 1
			continue
		}
		at := p.at
		p.read(s[from:end], depth+1)
		p.add(kind, at, "", "")
		return end + len(sign) - i
	}
	return 0
}

func startsWithSpace(s string) bool { r, _ := utf8.DecodeRuneInString(s); return unicode.IsSpace(r) }
func endsWithSpace(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsSpace(r)
}
func startsWithWord(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && isWord(r)
}

func endsWithWord(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	return n > 0 && isWord(r)
}
