package slack

import (
	"cmp"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/connector/text"
)

// signs are the three that mean something to Slack.
var signs = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// around are Slack's marks; what it doesn't know stays plain.
var around = map[text.MarkKind]string{text.Bold: "*", text.Italic: "_", text.Strike: "~", text.Code: "`", text.Pre: "```"}

// mrkdwn writes a text as Slack reads it.
func mrkdwn(s string) string {
	words, marks := text.Parse(s)
	slices.Reverse(marks) // of two that span the same, the outer was closed last
	slices.SortStableFunc(marks, func(a, b text.Mark) int {
		return cmp.Or(cmp.Compare(a.Start.Byte, b.Start.Byte), cmp.Compare(b.End.Byte, a.End.Byte))
	})
	var b strings.Builder
	write(&b, words, 0, len(words), marks)
	return b.String()
}

// write writes words[from:to] with the marks that begin in it, the outer before the inner.
func write(b *strings.Builder, words string, from, to int, marks []text.Mark) {
	for len(marks) > 0 {
		m := marks[0]
		inside := 1
		for inside < len(marks) && marks[inside].Start.Byte < m.End.Byte {
			inside++
		}
		b.WriteString(signs.Replace(words[from:m.Start.Byte]))
		before, after := around[m.Kind], around[m.Kind]
		if m.Kind == text.Anchor {
			before, after = "<"+strings.NewReplacer("|", "%7C", ">", "%3E", "<", "%3C", "&", "&amp;").Replace(m.URL)+"|", ">"
		}
		b.WriteString(before)
		write(b, words, m.Start.Byte, m.End.Byte, marks[1:inside])
		b.WriteString(after)
		from, marks = m.End.Byte, marks[inside:]
	}
	b.WriteString(signs.Replace(words[from:to]))
}
