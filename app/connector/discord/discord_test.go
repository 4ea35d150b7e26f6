package discord

import (
	"testing"

	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/discord/discordfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, discordfake.New) }
