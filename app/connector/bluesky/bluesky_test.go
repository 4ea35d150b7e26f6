package bluesky

import (
	"testing"

	"github.com/omniposto/omniposto/app/connector/bluesky/blueskyfake"
	"github.com/omniposto/omniposto/app/connector/conform"
)

func TestConnector(t *testing.T) { conform.Run(t, New, blueskyfake.New) }
