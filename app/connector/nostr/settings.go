package nostr

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
)

type settings struct {
	Warning, Language, Quote    string
	Title, Summary, Image, Slug string
	Enough                      int
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Warning, "content_warning", 0, 200).Labelled("Content warning", "Why the post is hidden until a click.")
	f.Text(&s.Language, "language", 0, 8).Labelled("Language", "Two letters, like en.").Like("en")
	f.Text(&s.Quote, "quote", 0, 500).Labelled("Quote", "The name of a post: nevent1 or note1.").For("note", "files")
	f.Number(&s.Enough, "min_relays", 1, 8).Labelled("Relays that must take it", "With fewer the post counts as not sent.").Def(1)
	f.Text(&s.Title, "title", 1, 200).Labelled("Title", "Of the article.").For("article").Must()
	f.Text(&s.Slug, "slug", 0, 100).Labelled("Short name", "Letters, digits and hyphens. An article of the same name is replaced. Without one each article has a name of its own.").For("article").Like("my-article")
	f.Text(&s.Summary, "summary", 0, 500).Labelled("Summary", "Shown before the article.").For("article")
	f.URL(&s.Image, "image").Labelled("Picture", "The address of a picture for the article.").For("article")
})

// rules are what a form can't say.
func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	s := settingsForm.Of(d)
	var out []connector.Trouble
	if kind, _, _ := named(s.Quote); s.Quote != "" && kind != "note" && kind != "nevent" {
		out = append(out, connector.Trouble{Code: "quote_unknown", Field: "settings.quote", Words: "This is no name of a post. It begins with nevent1 or note1."})
	}
	if strings.Trim(s.Slug, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		out = append(out, connector.Trouble{Code: "slug_invalid", Field: "settings.slug", Words: "A short name has small letters, digits and hyphens only."})
	}
	if k.ID != "files" {
		return out
	}
	if over := utf8.RuneCountInString(d.Text) + len(d.Media)*longestFile - maxNote; over > 0 {
		out = append(out, connector.Trouble{Code: "text_too_long", Field: "text", Fix: "cut", Words: fmt.Sprintf("With the addresses of its files the text is %d over the limit of %d.", over, maxNote)})
	}
	if d.Channel.ID != "" && d.Channel.Facts[factMedia] == 0 {
		out = append(out, connector.Trouble{Code: "media_server_missing", Field: "media", Fix: "reconnect", Words: "Your key names no server for files. Connect again and enter one."})
	}
	return out
}
