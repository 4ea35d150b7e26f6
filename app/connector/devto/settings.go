package devto

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	Title, Status, CoverURL, Canonical, Series, Description string
	Tags                                                    []connector.Option
	Organization                                            connector.Option
	Cover                                                   bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Title, "title", 0, maxTitle).Labelled("Title", "Without one, a heading at the top of the text, or the first words.")
	f.Choice(&s.Status, "status", "published", "draft").Worded("Published", "Kept as a draft").Labelled("State", "").Def("published")
	f.Lookups(&s.Tags, "tags", "tags", 0, maxTags).Labelled("Tags", "Letters and digits only.")
	f.Flag(&s.Cover, "cover").Labelled("First picture on top", "It becomes the cover, which DEV shows without its description.").Def(false)
	f.URL(&s.CoverURL, "main_image").Labelled("Address of a cover picture", "Instead of one of the pictures here.")
	f.URL(&s.Canonical, "canonical_url").Labelled("First published at", "The address that search engines are told. DEV takes each once.")
	f.Text(&s.Series, "series", 0, 128).Labelled("Series", "A new one is made.")
	f.Text(&s.Description, "description", 0, 0).Labelled("Description", "Shown in lists. Without one it is the beginning of the text.")
	f.Lookup(&s.Organization, "organization", "organizations").Labelled("Organization", "Under whose name it is published.")
})

func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	say := func(severity connector.Severity, code, field, fix, words string, args ...any) {
		out = append(out, connector.Trouble{Code: code, Field: field, Fix: fix, Severity: severity, Words: fmt.Sprintf(words, args...)})
	}
	words, front := withoutFrontMatter(d.Text)
	if front {
		say(connector.Warn, "front_matter", "text", "", "The lines between --- at the top are left out; use the settings instead.")
	}
	switch title, _ := text.Titled(s.Title, words); {
	case title == "":
		say(connector.Block, "setting_missing", "settings.title", "", "Give the article a title.")
	case utf8.RuneCountInString(title) > maxTitle:
		say(connector.Block, "setting_invalid", "settings.title", "cut", "DEV takes titles of up to %d signs.", maxTitle)
	}
	for _, tag := range s.Tags {
		if utf8.RuneCountInString(tag.ID) > maxTag || strings.ContainsFunc(tag.ID, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			say(connector.Block, "setting_invalid", "settings.tags", "", "A tag has up to %d letters and digits, nothing else: %.40s", maxTag, tag.ID)
		}
	}
	if n := utf8.RuneCountInString(s.tagList()); n > maxTagList {
		say(connector.Block, "setting_invalid", "settings.tags", "cut", "The tags take %d signs together, these are %d.", maxTagList, n)
	}
	if n := size(words, d.Media); n > maxBody {
		say(connector.Block, "text_too_many_bytes", "text", "cut", "The article is %d bytes; DEV takes %d.", n, maxBody)
	}
	return out
}

// size is at most how many bytes the article has, pictures included.
func size(words string, media []connector.Media) int {
	const address = 2100
	n := len(words)
	for _, m := range media {
		n += 2*len(m.Alt) + address
	}
	return n
}

func (s settings) tagList() string {
	names := make([]string, len(s.Tags))
	for i, tag := range s.Tags {
		names[i] = tag.ID
	}
	return strings.Join(names, ",")
}

// withoutFrontMatter takes the lines between --- off the top of a text. A line of its own there stays one, written so
// that it can't be mistaken.
func withoutFrontMatter(words string) (rest string, had bool) {
	words = strings.TrimLeft(strings.ReplaceAll(words, "\r\n", "\n"), "\n ")
	after, ok := strings.CutPrefix(words, "---\n")
	if !ok {
		return words, false
	}
	lines := strings.Split(after, "\n")
	for i, line := range lines {
		switch line = strings.TrimRight(line, " "); {
		case line == "---" || line == "...":
			return strings.TrimLeft(strings.Join(lines[i+1:], "\n"), "\n"), true
		case !strings.Contains(line, ":") && line != "" && line[0] != ' ' && line[0] != '-' && line[0] != '#':
			return "***\n" + after, false
		}
	}
	return "***\n" + after, false
}
