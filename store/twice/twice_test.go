package twice_test

import (
	"context"
	"testing"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
	"github.com/omniposto/omniposto/store/storetest"
	"github.com/omniposto/omniposto/store/twice"
)

func TestEngine(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB, string) store.Engine { return twice.Wrap(memory.New(storetest.Clock)) })
}

func TestFunctionsRunTwiceAndCountOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wrap func(store.Engine) store.Engine
		want int
	}{
		"always":        {twice.Wrap, 200},
		"one in twenty": {func(e store.Engine) store.Engine { return twice.Sometimes(e, 20) }, 105},
	} {
		e := test.wrap(memory.New(storetest.Clock))
		runs := 0
		for range 100 {
			if err := e.Update(context.Background(), func(tx store.Tx) error {
				runs++
				tx.Put([]byte("k"), append(tx.Get([]byte("k"))[:0:0], append(tx.Get([]byte("k")), 'x')...))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.View(context.Background(), func(tx store.ReadTx) error {
			if n := len(tx.Get([]byte("k"))); n != 100 || runs != test.want {
				t.Errorf("%s: %d runs left %d", name, runs, n)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
