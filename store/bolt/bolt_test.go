package bolt_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/bolt"
	"github.com/omniposto/omniposto/store/storetest"
)

const fileName = "store.db"

func open(t testing.TB, folder string) store.Engine {
	t.Helper()
	e, err := bolt.Open(filepath.Join(folder, fileName), bolt.Options{Clock: storetest.Clock})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEngine(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open, storetest.Durable(), storetest.Restore(func(t testing.TB, folder string, backup []byte) store.Engine {
		if err := os.WriteFile(filepath.Join(folder, fileName), backup, 0o600); err != nil {
			t.Fatal(err)
		}
		return open(t, folder)
	}))
}
