package mastodon

import (
	"testing"

	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, mastodonfake.New) }
