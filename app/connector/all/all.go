// Package all lists every connector there is.
package all

import (
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/mastodon"
	"github.com/omniposto/omniposto/app/connector/practice"
	"github.com/omniposto/omniposto/app/connector/telegram"
)

// Publishers lists them, practice first.
func Publishers() []connector.Publisher {
	return []connector.Publisher{practice.New(), mastodon.New(), telegram.New()}
}
