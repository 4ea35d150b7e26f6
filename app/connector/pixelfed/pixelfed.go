// Package pixelfed publishes to Pixelfed servers: the family of Mastodon, where each post is about its pictures.
//
// Facts: fact sheet pixelfed; pixelfed/docs a8dcd07 of 2026-02-20 and pixelfed/pixelfed config/pixelfed.php, read 2026-08.
//
// Caveats: comments (texts under a post) aren't offered: no source says how a server takes them.
package pixelfed

import (
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/mastodon"
	"github.com/omniposto/omniposto/app/connector/text"
)

const maxPhotoBytes = 15_000 << 10 // max_photo_size, in KB there

// New makes the connector.
func New() connector.Publisher {
	s := mastodon.Spec()
	s.ID, s.Label, s.Family, s.Preview = "pixelfed", "Pixelfed", "mastodon", connector.Photo
	s.Connect[0].Scopes = []string{"read", "write"}
	s.Connect[1].Help = "Make one in your server's settings, under Applications, with the rights read and write."
	s.Kinds = s.Kinds[1:] // no post without a file
	for i := range s.Kinds {
		k := &s.Kinds[i]
		k.Roles = nil
		k.Once = connector.Once{By: connector.Lookup, Why: "The server has no use for a key. Files are known by their numbers, so after a lost answer we look for them among the channel's posts."}
		k.Text.Count, k.Text.Max, k.Text.Link = text.Runes, connector.Fact(mastodon.FactCharacters, 500), connector.Fact(mastodon.FactLink, 0)
		for j := range k.Media {
			r := &k.Media[j]
			r.MaxBytes, r.Alt, r.Cover = connector.Fact(mastodon.FactImageBytes, maxPhotoBytes), connector.Fact(mastodon.FactAlt, 1000), false
		}
	}
	s.Kinds[0].Media[0].MIME = []string{"image/jpeg", "image/png"}
	s.Kinds[1].Label, s.Kinds[1].Media = "Video or GIF", s.Kinds[1].Media[:2]
	s.Kinds[1].Media[0].MIME, s.Kinds[1].Media[0].MaxBytes = []string{"video/mp4"}, connector.Fact(mastodon.FactVideoBytes, maxPhotoBytes)
	s.Limits, s.Failures = nil, failures
	s.Unverified = []string{
		"all of the API but what a server tells of itself", "that a key has no effect", "posting pictures and videos mixed", "comments under a post",
		"how many posts a day a server takes", "places and collections",
	}
	return mastodon.Like(s, mastodon.WithSettings(settings), mastodon.UploadsTo("/api/v1/media"), mastodon.Renewing)
}

var settings = connector.Settings(func(f *connector.Fields, s *mastodon.Settings) {
	f.Choice(&s.Visibility, "visibility", "public", "unlisted", "private").
		Worded("Public", "Quiet public", "Followers").Labelled("Visibility", "Who sees it. Without a choice your account's own setting counts.")
	f.Flag(&s.Sensitive, "sensitive").Labelled("Mark files as sensitive", "People see them after a click.").Def(false)
	f.Text(&s.SpoilerText, "spoiler_text", 0, 140).Labelled("Content warning", "Stands before files that are marked as sensitive.")
	f.Flag(&s.CommentsDisabled, "comments_disabled").Labelled("No comments", "Nobody can comment on this post.").Def(false)
})
