// Package pleromafake is a Pleroma server as the fact sheet describes it: the family's fake with the difference on.
package pleromafake

import (
	"net/http"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
)

// New makes a server with one account. Files mix, keys count for six hours, and a bad token is a 403.
func New(w fake.World) fake.Platform {
	return mastodonfake.Like(w, mastodonfake.Server{
		Host: "pleroma.example", KeyLife: 6 * time.Hour, MaxChars: 5000, MaxAlt: 5000, MaxBytes: 16_000_000, Length: uniseg.GraphemeClusterCount,
		Mixes: true, Scopes: "read write follow push", TokenLife: 100 * 24 * time.Hour, Source: true,
		Unauthorized: func(w http.ResponseWriter) {
			fake.Answer(w, http.StatusForbidden, map[string]string{"error": "Invalid credentials."})
		},
		Shows: func(text string) string { return strings.NewReplacer("*", "", "_", "", "https://", "").Replace(text) },
		Instance: map[string]any{
			"uri": "https://pleroma.example", "version": "2.7.2 (compatible; Pleroma 2.6.0)", "max_toot_chars": 5000, "upload_limit": 16_000_000, "description_limit": 5000,
			"poll_limits": map[string]int{"max_options": 20, "max_option_chars": 200, "min_expiration": 0, "max_expiration": 31_536_000},
		},
	})
}
