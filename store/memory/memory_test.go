package memory_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
	"github.com/omniposto/omniposto/store/storetest"
)

func open(testing.TB, string) store.Engine { return memory.New(storetest.Clock) }

func TestEngine(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open, storetest.Restore(func(t testing.TB, _ string, backup []byte) store.Engine {
		e, err := memory.Restore(storetest.Clock, bytes.NewReader(backup))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}))
}

func TestCutBackupIsRefused(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{"key without value": {1, 'k'}, "cut in a value": {1, 'k', 5, 'v'}, "absurd length": {0xff, 0xff, 0xff, 0xff, 0x7f}} {
		if _, err := memory.Restore(storetest.Clock, bytes.NewReader(b)); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
