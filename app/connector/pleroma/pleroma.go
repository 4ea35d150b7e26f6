// Package pleroma publishes to Pleroma and Akkoma servers: the family of Mastodon, with more ways to write a text.
//
// Facts: fact sheet pleroma; docs/development/API/differences_in_mastoapi_responses.md at 14f241b4, read 2026-08.
package pleroma

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/mastodon"
	"github.com/omniposto/omniposto/app/connector/text"
)

// New makes the connector.
func New() connector.Publisher {
	s := mastodon.Spec()
	s.ID, s.Label, s.Family = "pleroma", "Pleroma", "mastodon"
	s.Connect[0].Scopes = []string{"read", "write"}
	s.Kinds[1].Media = append(s.Kinds[1].Media, s.Kinds[2].Media...) // files of all types in one post, any number
	s.Kinds[1].Label, s.Kinds[1].MaxMedia = "Files", connector.Any
	s.Kinds = s.Kinds[:2]
	for i := range s.Kinds {
		k := &s.Kinds[i]
		k.Once.Life, k.Once.Why = 6*time.Hour, "The server knows our key for about six hours and gives the first answer again; after that we look for the files, or the words as they were written, among the channel's posts."
		k.Text.Count, k.Text.Max, k.Text.Link = text.Graphemes, connector.Fact(mastodon.FactCharacters, 5000), connector.Fact(mastodon.FactLink, 0)
		for j := range k.Media {
			k.Media[j].MaxPixels.Value, k.Media[j].FPS, k.Media[j].Cover = 0, 0, false
		}
	}
	s.Limits, s.Failures = nil, failures
	s.Unverified = []string{
		"that an Idempotency-Key counts for six hours", "the wording of refusals", "what only Akkoma does", "posts to lists and conversations", "which servers keep the text as it was written",
	}
	return mastodon.Like(s, mastodon.WithSettings(settings), mastodon.BySource, mastodon.Renewing)
}

var settings = connector.Settings(func(f *connector.Fields, s *mastodon.Settings) {
	mastodon.Basics(f, s, "public", "unlisted", "private", "direct", "local")
	f.Choice(&s.ContentType, "content_type", "text/plain", "text/markdown", "text/html", "text/bbcode", "text/x.misskeymarkdown").
		Worded("Plain", "Markdown", "HTML", "BBCode", "Misskey's Markdown").Labelled("Text is", "What your server makes of signs in the text. The last is known on Akkoma.")
	f.Number(&s.ExpiresIn, "expires_in", 3601, 31_536_000).Labelled("Disappears after", "In seconds, more than an hour.")
	mastodon.Poll(f, s)
})
