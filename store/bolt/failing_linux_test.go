package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/bolt"
	"github.com/omniposto/omniposto/store/storetest"
)

// replace lets f's descriptor lead to another file; the returned function leads it back.
func replace(t *testing.T, f *os.File, name string, flag int) func() {
	t.Helper()
	kept, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	other, err := unix.Open(name, flag|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	dup := func(from int) {
		if err := unix.Dup3(from, int(f.Fd()), unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		if err := unix.Close(from); err != nil {
			t.Fatal(err)
		}
	}
	dup(other)
	return func() { dup(kept) }
}

func put(e store.Engine, k, v string) error {
	return e.Update(context.Background(), func(tx store.Tx) error { tx.Put(store.K(k), []byte(v)); return nil })
}

func TestFailedCommitBreaksTheEngineAndLosesNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, file string
		flag       int
		cause      error
	}{
		{"no space", "/dev/full", unix.O_RDWR, unix.ENOSPC},
		{"not writable", "/proc/self/exe", unix.O_RDONLY, unix.EBADF},
	} {
		folder := t.TempDir()
		var f *os.File
		e, err := bolt.Open(filepath.Join(folder, fileName), bolt.Options{
			Clock: storetest.Clock,
			OpenFile: func(name string, flag int, perm os.FileMode) (*os.File, error) {
				var err error
				f, err = os.OpenFile(name, flag, perm)
				return f, err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := storetest.Fill(context.Background(), e, 1000); err != nil {
			t.Fatal(err)
		}
		// Pages become free, so that the next commit needn't ask how large the file is.
		for _, size := range []int{1 << 20, 1, 2, 3} {
			if err := put(e, "large", strings.Repeat("x", size)); err != nil {
				t.Fatal(err)
			}
		}
		before := all(t, e)
		back := replace(t, f, test.file, test.flag)
		err = put(e, "lost", "perhaps")
		back()
		if !errors.Is(err, store.ErrBroken) || !errors.Is(err, test.cause) {
			t.Errorf("%s: %v", test.name, err)
		}
		// The file is whole again, but the engine can't know what the system threw away.
		if err := put(e, "later", "never"); !errors.Is(err, store.ErrBroken) {
			t.Errorf("%s: update afterwards: %v", test.name, err)
		}
		if _, err := read(e); !errors.Is(err, store.ErrBroken) {
			t.Errorf("%s: view afterwards: %v", test.name, err)
		}
		if !e.(store.Disk).Stats().Broken {
			t.Errorf("%s: the figures don't say that it is broken", test.name)
		}
		if err := e.Close(); err != nil {
			t.Errorf("%s: close: %v", test.name, err)
		}
		e = open(t, folder)
		if all(t, e) != before {
			t.Errorf("%s: after opening again the content is another", test.name)
		}
		if err := put(e, "later", "now"); err != nil {
			t.Errorf("%s: update after opening again: %v", test.name, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAllWhoShareAFailedCommitAreTold(t *testing.T) {
	t.Parallel()
	var f *os.File
	e, err := bolt.Open(filepath.Join(t.TempDir(), fileName), bolt.Options{
		Clock: storetest.Clock,
		OpenFile: func(name string, flag int, perm os.FileMode) (*os.File, error) {
			var err error
			f, err = os.OpenFile(name, flag, perm)
			return f, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	back := replace(t, f, "/dev/full", unix.O_RDWR)
	release := holdFailing(t, e)
	mine := errors.New("mine")
	var wait sync.WaitGroup
	for i := range 30 {
		wait.Go(func() {
			err := e.Update(context.Background(), func(tx store.Tx) error {
				tx.Put(store.K(i), nil)
				if i%2 == 0 {
					return mine // it may rest on what a neighbour wrote, so this isn't the answer either
				}
				return nil
			})
			if !errors.Is(err, store.ErrBroken) {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	release()
	wait.Wait()
	back()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// holdFailing keeps the writer busy with a call whose commit fails.
func holdFailing(t *testing.T, e store.Engine) func() {
	t.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		err := e.Update(context.Background(), func(tx store.Tx) error {
			close(entered)
			<-leave
			tx.Put(store.K("held"), nil)
			return nil
		})
		if !errors.Is(err, store.ErrBroken) {
			t.Errorf("the held call: %v", err)
		}
	})
	<-entered
	return func() { close(leave); wait.Wait() }
}

// limited runs this test again in a child, for it limits the size of files of the whole process. It says whether this is
// the child, and gives its folder.
func limited(t *testing.T) (string, bool) {
	t.Helper()
	const variable = "STORE_LIMITED_FOLDER"
	if folder := os.Getenv(variable); folder != "" {
		return folder, true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cmd := exec.Command(self, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"="+folder)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
		t.Errorf("the child: %v\n%s", err, out)
	}
	return folder, false
}

// limit sets how large a file may become; the returned function takes the limit away.
func limit(t *testing.T, size uint64) func() {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWithoutSpaceAtTheStartTheEngineOnlyReads(t *testing.T) {
	folder, child := limited(t)
	if !child {
		return
	}
	e := open(t, folder)
	if err := put(e, "a", "1"); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	unlimited := limit(t, 0)
	if _, err := openIn(t.TempDir()); !errors.Is(err, store.ErrFull) {
		t.Errorf("a new store: %v", err)
	}
	e = open(t, folder)
	disk := e.(store.Disk)
	if !disk.ReadOnly() || !disk.Stats().ReadOnly {
		t.Error("it doesn't say that it only reads")
	}
	if got := all(t, e); !strings.Contains(got, "=31\n") {
		t.Errorf("read %q", got)
	}
	if err := put(e, "b", "2"); !errors.Is(err, store.ErrFull) {
		t.Errorf("update: %v", err)
	}
	if err := disk.Probe(); !errors.Is(err, store.ErrFull) || !disk.ReadOnly() {
		t.Errorf("probe: %v", err)
	}
	unlimited()
	if err := disk.Probe(); err != nil || disk.ReadOnly() {
		t.Errorf("probe with space: %v", err)
	}
	if err := put(e, "b", "2"); err != nil {
		t.Errorf("update with space: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestShortWriteLosesNothingThatWasAnswered(t *testing.T) {
	folder, child := limited(t)
	if !child {
		e := open(t, folder)
		content := all(t, e)
		n := 0
		for strings.Contains(content, fmt.Sprintf("%x=", store.K("n", n))) {
			n++
		}
		told, err := os.ReadFile(filepath.Join(folder, "told"))
		if err != nil || fmt.Sprint(n) != string(told) && fmt.Sprint(n-1) != string(told) {
			t.Errorf("%d are there, %s were told, %v", n, told, err)
		}
		if err := put(e, "on", "and on"); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		return
	}
	e := open(t, folder)
	if err := put(e, "first", "one"); err != nil {
		t.Fatal(err)
	}
	const size = 1<<20 + 100 // within a page, so that the last write is a short one
	unlimited := limit(t, size)
	told := 0
	for {
		err := e.Update(context.Background(), func(tx store.Tx) error {
			tx.Put(store.K("n", told), bytes.Repeat([]byte{byte(told)}, 20000))
			return nil
		})
		if err != nil {
			if !errors.Is(err, store.ErrBroken) {
				t.Errorf("after %d: %v", told, err)
			}
			break
		}
		told++
	}
	unlimited()
	if told == 0 {
		t.Error("none was written")
	}
	if err := os.WriteFile(filepath.Join(folder, "told"), []byte(fmt.Sprint(told)), 0o600); err != nil {
		t.Error(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}
