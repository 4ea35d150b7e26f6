package ghost

import (
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

type settings struct {
	Title, Status, Type, Slug, Excerpt, Caption, Visibility, Canonical string
	MetaTitle, MetaDescription, Subject, Segment                       string
	Tags                                                               []string
	Authors, Tiers                                                     []connector.Option
	Newsletter                                                         connector.Option
	FeatureImage, Featured, EmailOnly                                  bool
}

// The lengths are Ghost's own table of fields.
var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Title, "title", 0, maxTitle).Labelled("Title", "Without one, a heading at the top of the text, or the first words.")
	f.Choice(&s.Status, "status", "published", "draft").Worded("Published", "Kept as a draft").Labelled("State", "").Def("published")
	f.Choice(&s.Type, "type", "post", "page").Worded("Post", "Page").Labelled("Kind", "").Def("post")
	f.Words(&s.Tags, "tags", 0, 30).Labelled("Tags", "New ones are made. The first is the main one.")
	f.Lookups(&s.Authors, "authors", "authors", 0, 10).Labelled("Authors", "Without a choice it is the site's owner.")
	f.Text(&s.Slug, "slug", 0, maxSlug).Labelled("Address", "The last part of the article's address. Without it Ghost makes one from the title.")
	f.Text(&s.Excerpt, "excerpt", 0, 300).Labelled("Excerpt", "Shown in lists and newsletters.")
	f.Flag(&s.FeatureImage, "feature_image").Labelled("First picture on top", "It becomes the feature image and isn't repeated in the text.").Def(true)
	f.Text(&s.Caption, "feature_image_caption", 0, 1000).Labelled("Caption of the first picture", "")
	f.Choice(&s.Visibility, "visibility", "public", "members", "paid", "tiers").
		Worded("Everybody", "Members", "Paying members", "Some tiers").Labelled("Who can read it", "Without a choice the site's own setting counts.")
	f.Lookups(&s.Tiers, "tiers", "tiers", 1, 20).Labelled("Tiers", "").Must().When("visibility", "tiers")
	f.Flag(&s.Featured, "featured").Labelled("Featured", "Many themes show it on top.").Def(false)
	f.URL(&s.Canonical, "canonical_url").Labelled("First published at", "The address that search engines are told.")
	f.Lookup(&s.Newsletter, "newsletter", "newsletters").Labelled("Send as newsletter", "It can't be called back.")
	f.Choice(&s.Segment, "email_segment", "all", "status:free", "status:-free").
		Worded("All subscribers", "Free members", "Paying members").Labelled("Newsletter goes to", "").Def("all")
	f.Text(&s.Subject, "email_subject", 0, 300).Labelled("Newsletter's subject", "Without one it is the title.")
	f.Flag(&s.EmailOnly, "email_only").Labelled("Only as newsletter", "The site doesn't show it.").Def(false)
	f.Text(&s.MetaTitle, "meta_title", 0, 300).Labelled("Title for search engines", "")
	f.Text(&s.MetaDescription, "meta_description", 0, 500).Labelled("Description for search engines", "")
})

// Ghost's longest title and slug.
const (
	maxTitle = 255
	maxSlug  = 191
)

func rules(d *connector.Draft, _ *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	say := func(field, words string) {
		out = append(out, connector.Trouble{Code: "setting_invalid", Field: "settings." + field, Words: words})
	}
	mails := s.Newsletter.ID != ""
	switch {
	case mails && s.Type == "page":
		say("newsletter", "A page can't be sent as a newsletter.")
	case mails && s.Status == "draft":
		say("newsletter", "A draft can't be sent as a newsletter.")
	case s.EmailOnly && !mails:
		say("email_only", "Choose the newsletter that it is sent with.")
	}
	switch title, _ := text.Titled(s.Title, d.Text); {
	case title == "":
		say("title", "Give the article a title.")
	case utf8.RuneCountInString(title) > maxTitle:
		say("title", "Ghost takes titles of up to 255 signs.")
	}
	return out
}

// route is where the kind of thing lives.
func (s settings) route() string {
	if s.Type == "page" {
		return "pages"
	}
	return "posts"
}
