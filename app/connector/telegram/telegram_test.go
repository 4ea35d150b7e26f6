package telegram

import (
	"testing"

	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/telegram/telegramfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, telegramfake.New) }
