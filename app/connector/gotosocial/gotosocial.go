// Package gotosocial publishes to GoToSocial servers: the family of Mastodon, where a key has no effect.
//
// Facts: fact sheet gotosocial; superseriousbusiness/gotosocial 57cb4fe74 of 2025-10-03, read 2026-08.
package gotosocial

import (
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/mastodon"
	"github.com/omniposto/omniposto/app/connector/text"
)

// New makes the connector.
func New() connector.Publisher {
	s := mastodon.Spec()
	s.ID, s.Label, s.Family = "gotosocial", "GoToSocial", "mastodon"
	for i := range s.Kinds {
		k := &s.Kinds[i]
		k.Once = connector.Once{By: connector.Lookup, Why: "The server has no use for a key, so after a lost answer we look for the files, or the words as they were written, among the channel's posts."}
		k.Text.Count, k.Text.Max, k.Text.Link = text.Runes, connector.Fact(mastodon.FactCharacters, 5000), connector.Fact(mastodon.FactLink, 0)
		if k.ID == "images" {
			k.MaxMedia = connector.Fact(mastodon.FactMedia, 6)
		}
	}
	s.Limits = s.Limits[:1] // 300 requests in 5 minutes
	s.Failures = failures
	s.Unverified = []string{
		"from which version finer rights and editing are known", "several videos, or videos beside images, in one post",
		"that a policy may speak of replies alone", "the wording of refusals: they are told by their status",
	}
	return mastodon.Like(s, mastodon.WithSettings(settings), mastodon.BySource)
}

var settings = connector.Settings(func(f *connector.Fields, s *mastodon.Settings) {
	mastodon.Basics(f, s, "public", "unlisted", "private", "mutuals_only", "direct")
	f.Choice(&s.ContentType, "content_type", "text/plain", "text/markdown").
		Worded("Plain", "Markdown").Labelled("Text is", "Without a choice your account's own setting counts.")
	f.Flag(&s.LocalOnly, "local_only").Labelled("On this server only", "The post isn't sent to other servers.").Def(false)
	f.Choice(&s.ReplyPolicy, "reply_policy", "public", "followers", "mutuals", "mentioned", "nobody").
		Worded("Anyone", "Followers", "People who follow each other", "Mentioned people", "Nobody").Labelled("Who may reply", "Without a choice your account's own setting counts.")
	mastodon.Poll(f, s)
})
