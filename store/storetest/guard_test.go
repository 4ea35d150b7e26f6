package storetest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
	"github.com/omniposto/omniposto/store/storetest"
	"github.com/omniposto/omniposto/store/twice"
)

func TestGuardPassesTheSuite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB, string) store.Engine { return storetest.Guard(memory.New(storetest.Clock)) })
}

func TestGuardFindsAnUpdateInsideAnUpdate(t *testing.T) {
	t.Parallel()
	e := storetest.Guard(twice.Wrap(memory.New(storetest.Clock)))
	nothing := func(store.Tx) error { return nil }
	defer func() {
		if words, _ := recover().(string); !strings.Contains(words, "inside") {
			t.Errorf("recovered %q", words)
		}
		if err := e.Update(context.Background(), nothing); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}()
	e.Update(context.Background(), func(store.Tx) error { //nolint:errcheck // it panics
		return e.Update(context.Background(), nothing)
	})
}
