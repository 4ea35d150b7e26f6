package tumblr

import (
	"regexp"
	"strconv"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// block is one part of a post in Tumblr's own form.
type block map[string]any

// format is how a part of a text block is set. Offsets are code points; the end is left out.
type format struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Type  string `json:"type"`
	URL   string `json:"url,omitempty"`
}

// stretch is a part of the words that becomes a text block.
type stretch struct {
	start, end int
	subtype    string
}

// marked are the beginnings of lines that mean something, in the order in which they are tried.
var marked = []struct {
	form    *regexp.Regexp
	subtype string
}{
	{regexp.MustCompile(`^# +`), "heading1"}, {regexp.MustCompile(`^## +`), "heading2"}, {regexp.MustCompile(`^> ?`), "indented"},
	{regexp.MustCompile(`^[-•] +`), "unordered-list-item"}, {regexp.MustCompile(`^\d{1,3}[.)] +`), "ordered-list-item"},
}

// textBlocks are the words as text blocks: a paragraph each, headings, quotes and list entries by their sign.
func textBlocks(written string) []block {
	plain, marks := text.Parse(written)
	formats := formatsOf(plain, marks)
	runes := []rune(plain)
	var out []block
	for _, s := range stretches(runes) {
		for from := s.start; from < s.end; from += maxBlock {
			to := min(from+maxBlock, s.end)
			b := block{"type": "text", "text": string(runes[from:to])}
			if s.subtype != "" {
				b["subtype"] = s.subtype
			}
			if inside := within(formats, from, to); inside != nil {
				b["formatting"] = inside
			}
			out = append(out, b)
		}
	}
	return out
}

// stretches finds paragraphs, which end at an empty line, and lines that stand by themselves.
func stretches(runes []rune) []stretch {
	var out []stretch
	open := false
	for at := 0; at <= len(runes); {
		end := at
		for end < len(runes) && runes[end] != '\n' {
			end++
		}
		line := string(runes[at:end])
		subtype, skip := lineKind(line)
		switch {
		case len(line) == 0:
			open = false
		case subtype != "":
			out = append(out, stretch{at + skip, end, subtype})
			open = false
		case open:
			out[len(out)-1].end = end
		default:
			out = append(out, stretch{at, end, ""})
			open = true
		}
		at = end + 1
	}
	return out
}

func lineKind(line string) (subtype string, skip int) {
	for _, m := range marked {
		if found := m.form.FindString(line); found != "" && len(found) < len(line) {
			return m.subtype, len([]rune(found))
		}
	}
	return "", 0
}

// formatsOf are the marks of the words, and their bare addresses, as Tumblr names them.
func formatsOf(plain string, marks []text.Mark) []format {
	var out []format
	for _, m := range marks {
		kind := map[text.MarkKind]string{text.Bold: "bold", text.Italic: "italic", text.Strike: "strikethrough", text.Anchor: "link"}[m.Kind]
		if kind != "" {
			out = append(out, format{m.Start.Rune, m.End.Rune, kind, m.URL})
		}
	}
	for _, s := range text.Find(plain) {
		if s.Kind == text.Link {
			out = append(out, format{s.Start.Rune, s.End.Rune, "link", s.Value})
		}
	}
	return out
}

// within are the formats inside a part, counted from its beginning.
func within(all []format, from, to int) []format {
	var out []format
	for _, f := range all {
		f.Start, f.End = max(f.Start, from)-from, min(f.End, to)-from
		if f.Start < f.End {
			out = append(out, f)
		}
	}
	return out
}

// content is a draft in blocks: title, files, words. The files' blocks name the parts of the request that hold them.
func content(d *connector.Draft, s settings) []block {
	var out []block
	if s.Title != "" {
		out = append(out, block{"type": "text", "subtype": "heading1", "text": s.Title})
	}
	for i := range d.Media {
		out = append(out, mediaBlock(&d.Media[i], part(i)))
	}
	return append(out, textBlocks(d.Text)...)
}

func part(i int) string { return "f" + strconv.Itoa(i) }

func mediaBlock(m *connector.Media, name string) block {
	media := map[string]any{"type": m.MIME, "identifier": name}
	if m.Width > 0 && m.Height > 0 {
		media["width"], media["height"] = m.Width, m.Height
	}
	switch m.Type {
	case connector.VideoFile:
		return block{"type": "video", "media": media}
	case connector.Audio:
		return block{"type": "audio", "media": media}
	}
	b := block{"type": "image", "media": []any{media}}
	if m.Alt != "" {
		b["alt_text"] = m.Alt
	}
	return b
}

// layout puts pictures beside each other, so many in a row; nil leaves it to Tumblr.
func layout(blocks []block, perRow int) []any {
	images := 0
	for _, b := range blocks {
		if b["type"] == "image" {
			images++
		}
	}
	if perRow < 2 || images < 2 {
		return nil
	}
	var rows []any
	var row []int
	flush := func() {
		if row != nil {
			rows = append(rows, map[string]any{"blocks": row})
			row = nil
		}
	}
	for i, b := range blocks {
		if b["type"] != "image" || len(row) == perRow {
			flush()
		}
		row = append(row, i)
		if b["type"] != "image" {
			flush()
		}
	}
	flush()
	return []any{map[string]any{"type": "rows", "display": rows}}
}
