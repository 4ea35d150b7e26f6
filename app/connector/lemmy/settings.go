package lemmy

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
)

type settings struct {
	Communities           []connector.Option
	Language              connector.Option
	Title, URL, Thumbnail string
	NSFW                  bool
}

var posts = []string{"text", "images"}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Lookups(&s.Communities, "communities", "community", 1, 20).OnePerEntry().
		Labelled("Communities", "Each gets a post of its own. Follow a community of another server there first.").For(posts...).Must()
	f.Text(&s.Title, "title", minTitle, maxTitle).Labelled("Title", "From 3 to 200 signs.").For(posts...).Must()
	f.URL(&s.URL, "url").Labelled("Link", "What the post leads to. A picture takes its place.").For("text")
	f.Flag(&s.NSFW, "nsfw").Labelled("Not safe for work", "People see it after a click.").For(posts...).Def(false)
	f.Lookup(&s.Language, "language", "language").Labelled("Language", "Some communities take some languages only.").For(posts...)
	f.URL(&s.Thumbnail, "thumbnail").Labelled("Preview picture", "The address of a picture that is shown instead of the link's own.").For("text")
})

// rules are what a form can't say: a title is one line, and pictures after the first count into the text.
func rules(d *connector.Draft, k *connector.Kind) []connector.Trouble {
	if k.ID == "comment" {
		return nil
	}
	s := settingsForm.Of(d)
	var out []connector.Trouble
	if strings.ContainsAny(s.Title, "\r\n") || s.Title != "" && utf8.RuneCountInString(strings.TrimSpace(s.Title)) < minTitle {
		out = append(out, connector.Trouble{Code: "title_invalid", Field: "settings.title", Words: "A title is one line of at least three signs."})
	}
	if k.ID == "images" {
		pictures := make([]string, len(d.Media))
		for i := range pictures {
			pictures[i] = strings.Repeat("x", longestPicture)
		}
		if over := utf8.RuneCountInString(body(d, pictures)) - maxBody; over > 0 {
			out = append(out, connector.Trouble{Code: "text_too_long", Field: "text", Fix: "cut", Words: fmt.Sprintf("With its pictures the text is %d over the limit of %d.", over, maxBody)})
		}
	}
	return out
}

// longestPicture is what the address of an uploaded picture is reckoned with.
const longestPicture = 160
