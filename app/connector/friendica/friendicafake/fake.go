// Package friendicafake is a Friendica server as the fact sheet describes it: the family's fake with the difference on.
package friendicafake

import (
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
)

// New makes a server with one account. It takes Markdown, gives no source back, and has no use for a key.
func New(w fake.World) fake.Platform {
	return mastodonfake.Like(w, mastodonfake.Server{
		Host: "friendica.example", MaxChars: 200_000, MaxFiles: 4, MaxAlt: 1500, Length: utf8.RuneCountInString, Scopes: "read write follow push",
		Shows: func(text string) string { return strings.NewReplacer("*", "", "_", "", "https://", "").Replace(text) },
		Instance: map[string]any{
			"uri": "friendica.example", "version": "2.8.0 (compatible; Friendica 2024.03)", "max_toot_chars": 200_000,
			"configuration": map[string]any{
				"statuses":          map[string]int{"max_characters": 200_000, "max_media_attachments": 4},
				"media_attachments": map[string]any{"supported_mime_types": []string{"image/jpeg", "image/png", "image/gif"}},
			},
		},
	})
}
