// Package pixelfedfake is a Pixelfed server as the fact sheet describes it: the family's fake with the difference on.
package pixelfedfake

import (
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
)

// New makes a server with one account. It wants a file in each post, has no use for a key, and its access ends.
func New(w fake.World) fake.Platform {
	return mastodonfake.Like(w, mastodonfake.Server{
		Host: "pixelfed.example", MaxChars: 500, MaxFiles: 4, MaxAlt: 1000, MaxBytes: 15_000 << 10, Length: utf8.RuneCountInString,
		NeedsFile: true, Scopes: "read write", TokenLife: 365 * 24 * time.Hour,
		Unauthorized: func(w http.ResponseWriter) {
			fake.Answer(w, http.StatusUnauthorized, map[string]string{"message": "Unauthenticated."})
		},
		Instance: map[string]any{
			"uri": "pixelfed.example", "version": "3.5.3 (compatible; Pixelfed 0.11.0)",
			"configuration": map[string]any{
				"statuses":          map[string]int{"max_characters": 500, "max_media_attachments": 4},
				"media_attachments": map[string]any{"supported_mime_types": []string{"image/jpeg", "image/png", "image/gif", "video/mp4"}, "image_size_limit": 15_000 << 10, "video_size_limit": 15_000 << 10, "description_limit": 1000},
			},
		},
	})
}
