// Package friendica publishes to Friendica servers: the family of Mastodon, with Markdown and a title.
//
// Facts: fact sheet friendica, general knowledge of its Mastodon API, read 2026-08.
//
// Caveats: no source tells whether the numbers of files or the text come back as they were sent. So a post that is found
// is found, and one that isn't found proves nothing: then a person is asked.
package friendica

import (
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/mastodon"
	"github.com/omniposto/omniposto/app/connector/text"
)

// maxCharacters is what servers take that tell nothing.
const maxCharacters = 200_000

// New makes the connector.
func New() connector.Publisher {
	s := mastodon.Spec()
	s.ID, s.Label, s.Family = "friendica", "Friendica", "mastodon"
	s.Connect[0].Scopes = []string{"read", "write"}
	s.Kinds = s.Kinds[:2] // pictures are what can be relied on
	for i := range s.Kinds {
		k := &s.Kinds[i]
		k.Once = connector.Once{By: connector.Lookup, Then: connector.Ask, Why: "After a lost answer we look among the channel's posts for the files or the words. The server may change both, so where we find nothing we ask you."}
		k.Text.Count, k.Text.Max, k.Text.Link, k.Text.Markup = text.Runes, connector.Fact(mastodon.FactCharacters, maxCharacters), connector.Fact(mastodon.FactLink, 0), connector.Markdown
	}
	s.Limits, s.Failures = nil, failures
	s.Unverified = []string{
		"all of the API but what a server tells of itself", "that a key counts for a short time on newer servers: it isn't relied on",
		"whether numbers of files and texts come back as they were sent", "posts to circles", "videos",
	}
	return mastodon.Like(s, mastodon.WithSettings(settings), mastodon.UploadsTo("/api/v1/media"), mastodon.BySource)
}

var settings = connector.Settings(func(f *connector.Fields, s *mastodon.Settings) {
	f.Text(&s.Title, "title", 0, 255).Labelled("Title", "Stands above the post.")
	f.Choice(&s.Visibility, "visibility", "public", "unlisted", "private", "direct").
		Worded("Public", "Quiet public", "Contacts", "Mentioned people only").Labelled("Visibility", "Who sees it. Without a choice your account's own setting counts.")
	f.Text(&s.SpoilerText, "spoiler_text", 0, 500).Labelled("Summary", "Shown before the text.")
	f.Text(&s.Language, "language", 0, 8).Labelled("Language", "Two letters, like en.").Like("en")
})
