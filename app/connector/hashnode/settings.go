package hashnode

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	Title, Subtitle, Slug, CoverURL, Canonical, MetaTitle, MetaDescription string
	Publication, Series                                                    connector.Option
	Tags                                                                   []string
	Cover, Contents, NoComments, Unlisted                                  bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Lookup(&s.Publication, "publication", "publications").Labelled("Publication", "It needs Hashnode Pro.").Must()
	f.Text(&s.Title, "title", 0, maxTitle).Labelled("Title", "Without one, a heading at the top of the text, or the first words.")
	f.Text(&s.Subtitle, "subtitle", 0, 250).Labelled("Subtitle", "")
	f.Words(&s.Tags, "tags", 0, maxTags).Labelled("Tags", "New ones are made.")
	f.Text(&s.Slug, "slug", 0, 200).Labelled("Address", "The last part of the article's address. Without it, one is made from the title.")
	f.Flag(&s.Cover, "cover").Labelled("First picture on top", "It becomes the cover, which Hashnode shows without its description.").Def(false)
	f.URL(&s.CoverURL, "cover_image").Labelled("Address of a cover picture", "Instead of one of the pictures here.")
	f.URL(&s.Canonical, "canonical_url").Labelled("First published at", "The address that search engines are told.")
	f.Lookup(&s.Series, "series", "series").Labelled("Series", "")
	f.Flag(&s.Contents, "table_of_contents").Labelled("Table of contents", "").Def(false)
	f.Flag(&s.NoComments, "disable_comments").Labelled("No comments", "").Def(false)
	f.Flag(&s.Unlisted, "delisted").Labelled("Not in Hashnode's feeds", "Whoever has the address can read it.").Def(false)
	f.Text(&s.MetaTitle, "meta_title", 0, 250).Labelled("Title for search engines", "")
	f.Text(&s.MetaDescription, "meta_description", 0, 500).Labelled("Description for search engines", "")
})

func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	say := func(code, field, fix, words string) {
		out = append(out, connector.Trouble{Code: code, Field: field, Fix: fix, Words: words})
	}
	switch title, _ := text.Titled(s.Title, d.Text); {
	case title == "":
		say("setting_missing", "settings.title", "", "Give the article a title.")
	case utf8.RuneCountInString(title) > maxTitle:
		say("setting_invalid", "settings.title", "cut", "Hashnode takes titles of up to 250 signs.")
	}
	if s.Slug != "" && slugged(s.Slug) == "" {
		say("setting_invalid", "settings.slug", "", "An address has letters from a to z and digits.")
	}
	for _, tag := range s.Tags {
		if slugged(tag) == "" {
			say("setting_invalid", "settings.tags", "", "A tag has letters from a to z or digits: "+tag)
		}
	}
	if raw, err := json.Marshal(d.Text); err == nil && len(raw)+pictureBytes*len(d.Media)+restBytes > maxBody {
		say("text_too_many_bytes", "text", "cut", "Hashnode takes articles of up to 100 KB.")
	}
	return out
}

// What pictures and settings add to a request, at most and rounded up.
const (
	pictureBytes = 4*maxAlt + 200
	restBytes    = 8 << 10
)

// slugged makes the last part of an address of words.
func slugged(words string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(words) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}

// slug is the sign of the article: the person's own, or the title with a piece of our key.
func slug(d *connector.Draft) string {
	s := settingsForm.Of(d)
	if s.Slug != "" {
		return slugged(s.Slug)
	}
	const most, piece = 60, 10
	title, _ := text.Titled(s.Title, d.Text)
	base := slugged(title)
	base = strings.Trim(base[:min(len(base), most)], "-")
	key := strings.ToLower(d.Key[max(0, len(d.Key)-piece):])
	if base == "" {
		return "post-" + key
	}
	return base + "-" + key
}
