package linkedin

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/omniposto/omniposto/app/connector/text"
)

// reserved are the signs that mean something in LinkedIn's little text. One that isn't escaped can silently cut the post.
// Source: fact sheet, "Little text escaping".
const reserved = `\|{}@[]()<>#*_~`

// mentions are written as LinkedIn has them, by whoever wrote the post or by the look-up.
var mentions = regexp.MustCompile(`@\[([^\]\n]{1,100})\]\((urn:li:(?:organization|person):[A-Za-z0-9_-]+)\)`)

// mention is a page as little text names it.
func mention(o organization) string {
	return fmt.Sprintf("@[%s](urn:li:organization:%d)", o.Name, o.ID)
}

// little is a text in LinkedIn's mark-up: mentions stay, tags become links, everything else is itself.
func little(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range mentions.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(tagged(s[at:m[0]]))
		b.WriteString("@[" + escape(s[m[2]:m[3]]) + "](" + s[m[4]:m[5]] + ")")
		at = m[1]
	}
	b.WriteString(tagged(s[at:]))
	return b.String()
}

// tagged is a text without mentions in little text.
func tagged(s string) string {
	var b strings.Builder
	at := 0
	for _, span := range text.Find(s) {
		if span.Kind != text.Tag {
			continue
		}
		b.WriteString(escape(s[at:span.Start.Byte]))
		b.WriteString(`{hashtag|\#|` + escape(span.Value) + "}")
		at = span.End.Byte
	}
	b.WriteString(escape(s[at:]))
	return b.String()
}

func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(reserved, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

var (
	tags    = regexp.MustCompile(`\{hashtag\|(?:\\?#)\|((?:\\.|[^}\\])*)\}`)
	people  = regexp.MustCompile(`@\[((?:\\.|[^\]\\])*)\]\(urn:li:[a-zA-Z]+:[A-Za-z0-9_-]+\)`)
	escapes = regexp.MustCompile(`\\(.)`)
)

// plain is little text as people read it, with white space as one space: for comparing what was sent and what is given back.
func plain(s string) string {
	s = tags.ReplaceAllString(s, "#$1")
	s = people.ReplaceAllString(s, "$1")
	return strings.Join(strings.Fields(escapes.ReplaceAllString(s, "$1")), " ")
}
