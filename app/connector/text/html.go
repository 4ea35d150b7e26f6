package text

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	parse "golang.org/x/net/html"
)

// markdown writes HTML without any that was typed; a line's end is one.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Linkify, extension.Strikethrough, extension.Table),
	goldmark.WithRendererOptions(html.WithHardWraps()),
)

// HTML is a Markdown text as HTML, for platforms that take articles. Tags that were typed are left out.
func HTML(s string) (string, error) {
	var b bytes.Buffer
	if err := markdown.Convert([]byte(s), &b); err != nil {
		return "", fmt.Errorf("markdown: %w", err)
	}
	return b.String(), nil
}

// Words takes the words out of HTML that a platform gives back; blocks and breaks become line ends.
func Words(html string) string {
	var b strings.Builder
	z := parse.NewTokenizer(strings.NewReader(html))
	for {
		switch z.Next() {
		case parse.ErrorToken:
			return strings.TrimSpace(b.String())
		case parse.TextToken:
			b.Write(z.Text())
		case parse.StartTagToken, parse.SelfClosingTagToken, parse.EndTagToken:
			if name, _ := z.TagName(); strings.Contains(" br p li div blockquote h1 h2 h3 ", " "+string(name)+" ") {
				b.WriteByte('\n')
			}
		}
	}
}

// Folded is a text with its white space as one space, for comparing.
func Folded(s string) string { return strings.Join(strings.Fields(s), " ") }
