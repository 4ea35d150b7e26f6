package tumblr

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	Tags                                    []string
	State, Slug, Source, Reblog, Title, Row string
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Title, "title", 0, 500).Labelled("Title", "")
	f.Words(&s.Tags, "tags", 0, 30).Labelled("Tags", "Without #. People find the post by them.")
	f.Choice(&s.State, "state", "published", "queue", "draft", "private").Worded("Published", "In the queue", "A draft", "Private").Labelled("As", "").Def("published")
	f.Text(&s.Slug, "slug", 0, 80).Labelled("End of the address", "Small letters, digits and hyphens. We add a few signs of our own.").Like("our-summer")
	f.URL(&s.Source, "source_url").Labelled("Source", "Where the content comes from.")
	f.Choice(&s.Reblog, "allow_reblog", "everyone", "noone").Worded("Everyone", "Nobody").Labelled("Who may reblog", "").Def("everyone")
	f.Choice(&s.Row, "per_row", "1", "2", "3").Worded("One", "Two", "Three").Labelled("Pictures in a row", "").For("images").Def("1")
})

var slugs = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// rules are what a form can't say.
func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	say := func(code, field, fix, words string) {
		out = append(out, connector.Trouble{Code: code, Field: field, Fix: fix, Words: words})
	}
	blocks := content(d, s)
	raw, _ := json.Marshal(blocks)
	links := 0
	for _, b := range blocks {
		list, _ := b["formatting"].([]format)
		for _, f := range list {
			if f.Type == "link" {
				links++
			}
		}
	}
	switch {
	case len(blocks) == 0:
		say("text_missing", "text", "", "Write something first.")
	case len(blocks) > maxBlocks:
		say("text_too_long", "text", "cut", fmt.Sprintf("Tumblr takes %d paragraphs, these are %d.", maxBlocks, len(blocks)))
	case len(raw) > maxPost-10_000: // what stands beside the blocks
		say("text_too_long", "text", "cut", "The text is too long for Tumblr.")
	case links > maxLinks:
		say("too_many_links", "text", "cut", fmt.Sprintf("Tumblr takes %d links, these are %d.", maxLinks, links))
	}
	for _, tag := range s.Tags {
		if text.Runes.Length(tag, 0) > maxTag || strings.Contains(tag, ",") {
			say("tag_invalid", "settings.tags", "", fmt.Sprintf("A tag takes %d signs and no comma: %.40s", maxTag, tag))
		}
	}
	if s.Slug != "" && !slugs.MatchString(s.Slug) {
		say("slug_invalid", "settings.slug", "", "Use small letters, digits and single hyphens.")
	}
	return out
}

// slug is the end of the post's address: readable, with an ending that is the delivery's own.
func slug(d *connector.Draft, s settings) string {
	words := s.Slug
	if words == "" {
		plain, _ := text.Parse(d.Text)
		words = readable(s.Title + " " + plain)
	}
	ending := d.Key[:min(len(d.Key), 10)]
	if words == "" {
		return ending
	}
	return words + "-" + ending
}

// readable is the beginning of some words as an address can hold it.
func readable(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}
