// Package gotosocialfake is a GoToSocial server as the fact sheet describes it: the family's fake with the difference on.
package gotosocialfake

import (
	"html"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
)

// New makes a server with one account. An Idempotency-Key has no effect on it, and texts are shown as Markdown makes them.
func New(w fake.World) fake.Platform {
	return mastodonfake.Like(w, mastodonfake.Server{
		Host: "gts.example", MaxChars: 5000, MaxFiles: 6, MaxAlt: 1500, MaxBytes: 41_943_040, Link: 25, Length: utf8.RuneCountInString, Scopes: "read write", Source: true,
		Unauthorized: func(w http.ResponseWriter) {
			fake.Answer(w, http.StatusUnauthorized, map[string]string{"error": "Unauthorized: token not recognized"})
		},
		Shows: func(text string) string {
			return "<p>" + strings.NewReplacer("*", "", "_", "", "https://", "").Replace(html.EscapeString(text)) + "</p>"
		},
		Instance: map[string]any{
			"domain": "gts.example", "version": "0.20.0+git-57cb4fe", "source_url": "https://github.com/superseriousbusiness/gotosocial",
			"configuration": map[string]any{
				"statuses":          map[string]any{"max_characters": 5000, "max_media_attachments": 6, "characters_reserved_per_url": 25, "supported_mime_types": []string{"text/plain", "text/markdown"}},
				"media_attachments": map[string]any{"supported_mime_types": []string{"image/jpeg", "image/gif", "image/png", "image/webp", "video/mp4", "audio/mpeg", "audio/ogg"}, "image_size_limit": 41_943_040, "image_matrix_limit": 16_777_216, "video_size_limit": 41_943_040, "video_matrix_limit": 16_777_216, "description_limit": 1500},
				"polls":             map[string]int{"max_options": 6, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2_629_746},
			},
		},
	})
}
