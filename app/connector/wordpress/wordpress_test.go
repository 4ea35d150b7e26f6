package wordpress

import (
	"testing"

	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/wordpress/wordpressfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, wordpressfake.New) }
