package bolt_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/bolt"
	"github.com/omniposto/omniposto/store/storetest"
	"github.com/omniposto/omniposto/store/twice"
)

const fileName = "store.db"

func openIn(folder string) (store.Engine, error) {
	return bolt.Open(filepath.Join(folder, fileName), bolt.Options{Clock: storetest.Clock})
}

func open(t testing.TB, folder string) store.Engine {
	t.Helper()
	e, err := openIn(folder)
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

func TestEngineWithEachFunctionRunTwice(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, folder string) store.Engine { return twice.Wrap(open(t, folder)) }, storetest.Durable())
}

func TestKilledWriterLosesNothingItWasAnswered(t *testing.T) {
	t.Parallel()
	storetest.Killed(t, open, 20)
}

func TestSecondOpenNamesTheFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	e := open(t, folder)
	if _, err := openIn(folder); !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), folder) {
		t.Errorf("second open: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, folder).Close(); err != nil {
		t.Errorf("after close: %v", err)
	}
}

func TestOpenTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, test := range map[string]struct {
		path string
		o    bolt.Options
	}{
		"no clock":   {filepath.Join(folder, "a"), bolt.Options{}},
		"no folder":  {filepath.Join(folder, "none", "a"), bolt.Options{Clock: storetest.Clock}},
		"a folder":   {folder, bolt.Options{Clock: storetest.Clock}},
		"open fails": {filepath.Join(folder, "a"), bolt.Options{Clock: storetest.Clock, OpenFile: func(string, int, os.FileMode) (*os.File, error) { return nil, os.ErrPermission }}},
	} {
		if e, err := bolt.Open(test.path, test.o); err == nil || e != nil {
			t.Errorf("%s: %v, %v", name, e, err)
		}
	}
}

// hold keeps the writer busy until the returned function is called.
func hold(t *testing.T, e store.Engine) func() {
	t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		if err := e.Update(context.Background(), func(store.Tx) error { close(entered); <-leave; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-entered
	return func() { close(leave); wait.Wait() }
}

func TestCallTakenBackWhileItWaitsNeverRuns(t *testing.T) {
	t.Parallel()
	e := open(t, t.TempDir())
	release := hold(t, e)
	ctx, end := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	for range 5000 { // more than may wait: the last ones wait to wait
		wait.Go(func() {
			err := e.Update(ctx, func(store.Tx) error { t.Error("ran"); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("answer: %v", err)
			}
		})
	}
	end()
	wait.Wait()
	release()
	if s := e.(store.Disk).Stats(); s.Calls != 1 {
		t.Errorf("%d calls ran", s.Calls)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestCallsThatWaitShareACommitAndReadersSyncNothing(t *testing.T) {
	t.Parallel()
	e := open(t, t.TempDir())
	release := hold(t, e)
	var wait sync.WaitGroup
	for i := range 100 {
		wait.Go(func() {
			err := e.Update(context.Background(), func(tx store.Tx) error { tx.Put(store.K(i), nil); return nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	for e.(store.Disk).Stats().Waiting < 100 {
		if err := e.View(context.Background(), func(store.ReadTx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	release()
	wait.Wait()
	for range 10 {
		err := e.Update(context.Background(), func(tx store.Tx) error { tx.Put(store.K(7), nil); tx.Delete(store.K("none")); return nil })
		if err != nil {
			t.Error(err)
		}
	}
	if s := e.(store.Disk).Stats(); s.Calls != 111 || s.Commits != 1 || s.Bytes == 0 || s.Waiting != 0 || s.Readers != 0 {
		t.Errorf("%+v", s)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
