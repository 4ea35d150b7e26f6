package bolt_test

import (
	"testing"

	"github.com/omniposto/omniposto/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, openIn) }
