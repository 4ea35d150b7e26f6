package practice

import (
	"testing"

	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/practice/practicefake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, practicefake.New) }
