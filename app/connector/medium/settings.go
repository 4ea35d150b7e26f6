package medium

import (
	"fmt"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	Title, Status, Canonical, License string
	Publication                       connector.Option
	Tags                              []string
	Notify                            bool
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Title, "title", 0, maxTitle).Labelled("Title", "Without one, a heading at the top of the text, or the first words.")
	f.Choice(&s.Status, "status", "public", "unlisted", "draft").Worded("Public", "Whoever has the address", "Kept as a draft").
		Labelled("State", "In a publication, writers may only hand in drafts.").Def("public")
	f.Lookup(&s.Publication, "publication", "publications").Labelled("Publication", "Without a choice it is your own page.")
	f.Words(&s.Tags, "tags", 0, maxTags).Labelled("Tags", "Up to three of 25 signs.")
	f.URL(&s.Canonical, "canonical_url").Labelled("First published at", "The address that search engines are told.")
	f.Choice(&s.License, "license", "all-rights-reserved", "cc-40-by", "cc-40-by-sa", "cc-40-by-nd", "cc-40-by-nc", "cc-40-by-nc-nd", "cc-40-by-nc-sa", "cc-40-zero", "public-domain").
		Worded("All rights reserved", "CC BY 4.0", "CC BY-SA 4.0", "CC BY-ND 4.0", "CC BY-NC 4.0", "CC BY-NC-ND 4.0", "CC BY-NC-SA 4.0", "CC0", "Public domain").
		Labelled("Licence", "").Def("all-rights-reserved")
	f.Flag(&s.Notify, "notify_followers").Labelled("Tell followers", "").Def(true)
})

func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	say := func(field, fix, words string, args ...any) {
		out = append(out, connector.Trouble{Code: "setting_invalid", Field: "settings." + field, Fix: fix, Words: fmt.Sprintf(words, args...)})
	}
	switch title, _ := text.Titled(s.Title, d.Text); {
	case title == "":
		say("title", "", "Give the story a title.")
	case utf8.RuneCountInString(title) > maxTitle:
		say("title", "cut", "Medium takes titles of up to %d signs.", maxTitle)
	}
	for _, tag := range s.Tags {
		if utf8.RuneCountInString(tag) > maxTag {
			say("tags", "cut", "Medium leaves out tags of more than %d signs: %.40s", maxTag, tag)
		}
	}
	return out
}
