package media_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/media"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// begin makes an upload of so many bytes.
func (w *world) begin(name string, n int64) (u media.Upload, a media.Asset) {
	w.t.Helper()
	err := w.update(func(tx store.Tx) (err error) {
		up := w.file(name)
		up.Bytes = n
		u, a, err = w.service.Begin(tx, up)
		return err
	})
	if err != nil {
		w.t.Fatalf("begin %s: %v", name, err)
	}
	return u, a
}

func (w *world) append(u media.Upload, offset int64, r io.Reader) (media.Upload, media.Asset, error) {
	return w.service.Append(w.t.Context(), w.org, w.workspace, u.ID, offset, r)
}

func offsetIn(err error) any {
	if e := fail.As(err); e != nil {
		return e.More["offset"]
	}
	return nil
}

func TestUploadsAreResumed(t *testing.T) {
	eachStorage(t, func(t *testing.T, s media.Storage) {
		w := aWorldOn(t, s)
		content := aJPEG(t, grain(300, 200))
		u, a := w.begin("grain.jpg", int64(len(content)))
		if a.State != media.Uploading || a.Version != 1 {
			t.Errorf("at first %+v", a)
		}
		lost := errors.New("connection lost")
		cut := int64(len(content) / 3)
		u, a, err := w.append(u, 0, io.MultiReader(bytes.NewReader(content[:cut]), &failingReader{0, lost}))
		if !errors.Is(err, lost) || u.Offset() != cut || a.Bytes != cut || a.State != media.Uploading {
			t.Fatalf("after a lost connection: offset %d, %s, %v", u.Offset(), a.State, err)
		}
		for _, wrong := range []int64{0, cut - 1, cut + 1, int64(len(content))} {
			if _, _, err := w.append(u, wrong, bytes.NewReader(content)); !errors.Is(err, media.ErrOffset) || offsetIn(err) != cut {
				t.Errorf("at %d: %v, offset %v", wrong, err, offsetIn(err))
			}
		}
		if _, _, err := w.append(u, cut, bytes.NewReader(nil)); err != nil {
			t.Errorf("no bytes: %v", err)
		}
		w.service = w.restarted() // as if another node took the rest
		u, a, err = w.append(u, cut, bytes.NewReader(content[cut:]))
		if err != nil || a.State != media.Checking || a.Version != 2 || !u.Whole {
			t.Fatalf("at the end: %s, %v", a.State, err)
		}
		if _, _, err := w.append(u, u.Offset(), strings.NewReader("more")); !errors.Is(err, media.ErrOffset) {
			t.Errorf("after the end: %v", err)
		}
		a, err = w.service.Process(t.Context(), w.org, w.workspace, a.ID)
		if err != nil || a.State != media.Ready || a.Width != 300 {
			t.Errorf("%s %s %v", a.State, a.Problem, err)
		}
		if err := w.service.Sweep(t.Context()); err != nil || w.quarantined() != 0 {
			t.Errorf("%v, %d left in quarantine", err, w.quarantined())
		}
		if _, _, err := w.append(u, 0, strings.NewReader("x")); !errors.Is(err, media.ErrUploadNotFound) {
			t.Errorf("when it is over: %v", err)
		}
	})
}

func TestOneOfTwoSendersGoesOn(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	u, _ := w.begin("x", 100)
	start := make(chan struct{})
	both := &sync.WaitGroup{}
	both.Add(2)
	w.storage.before = func(what, _ string) error {
		if what == "put" { // both have looked at the offset before either has stored a byte
			both.Done()
			both.Wait()
		}
		return nil
	}
	errs := make(chan error, 2)
	for i := range 2 {
		go func() {
			<-start
			_, _, err := w.append(u, 0, bytes.NewReader(bytes.Repeat([]byte{byte(i)}, 50)))
			errs <- err
		}()
	}
	close(start)
	first, second := <-errs, <-errs
	if first != nil {
		first, second = second, first
	}
	if first != nil || !errors.Is(second, media.ErrOffset) || offsetIn(second) != int64(50) {
		t.Errorf("%v and %v", first, second)
	}
	if n := w.quarantined(); n != 1 {
		t.Errorf("%d pieces are kept", n)
	}
}

func TestUploadsAreBounded(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	u, _ := w.begin("x", 10)
	if _, _, err := w.append(u, 0, strings.NewReader("eleven byte")); !errors.Is(err, media.ErrTooLarge) {
		t.Errorf("more than announced: %v", err)
	}
	if n := w.quarantined(); n != 0 {
		t.Errorf("%d pieces are kept", n)
	}
	for i := 1; i < 200; i++ {
		w.begin("x", 10)
	}
	refused := func(n media.NewUpload) error {
		return w.update(func(tx store.Tx) error { _, _, err := w.service.Begin(tx, n); return err })
	}
	if err := refused(w.file("one too many")); !errors.Is(err, media.ErrUploads) {
		t.Errorf("the 201st: %v", err)
	}
	n := w.file("x")
	n.Alt = strings.Repeat("ä", media.MaxAlt+1)
	if err := refused(n); !errors.Is(err, media.ErrAlt) {
		t.Errorf("a long description: %v", err)
	}
	n = w.file("x")
	n.Bytes = 32<<20 + 1
	if err := refused(n); !errors.Is(err, media.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestUploadsOfOthersArentFound(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	u, a := w.begin("x", 10)
	other := ref.Mint[ref.Workspace](w.clock.Now())
	if _, _, err := w.service.Append(t.Context(), w.org, other, u.ID, 0, strings.NewReader("x")); !errors.Is(err, media.ErrUploadNotFound) {
		t.Errorf("append: %v", err)
	}
	if _, err := w.service.Process(t.Context(), w.org, other, a.ID); !errors.Is(err, media.ErrNotFound) {
		t.Errorf("process: %v", err)
	}
	if _, err := w.service.Process(t.Context(), w.org, w.workspace, a.ID); !errors.Is(err, media.ErrNotReady) {
		t.Errorf("process while uploading: %v", err)
	}
	if _, err := w.service.Open(t.Context(), a, media.Original); !errors.Is(err, media.ErrNotReady) {
		t.Errorf("open while uploading: %v", err)
	}
}

func TestCancelledUploadsAreGone(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	cancel := func(u media.Upload) error {
		return w.update(func(tx store.Tx) error { return w.service.Cancel(tx, w.org, w.workspace, u.ID) })
	}
	u, a := w.begin("x", 10)
	if _, _, err := w.append(u, 0, strings.NewReader("abc")); err != nil {
		t.Fatal(err)
	}
	if err := cancel(u); err != nil {
		t.Fatal(err)
	}
	if _, err := w.get(a.ID); !errors.Is(err, media.ErrNotFound) {
		t.Errorf("the asset: %v", err)
	}
	if err := cancel(u); !errors.Is(err, media.ErrUploadNotFound) {
		t.Errorf("again: %v", err)
	}
	u, a = w.begin("x", 10)
	w.needed[a.ID] = true
	if err := cancel(u); err != nil {
		t.Fatal(err)
	}
	if a, err := w.get(a.ID); err != nil || a.Problem != media.ErrAbandoned.Code {
		t.Errorf("what a post needs: %s %v", a.State, err)
	}
	u, _ = w.begin("x", 3)
	if _, _, err := w.append(u, 0, strings.NewReader("abc")); err != nil {
		t.Fatal(err)
	}
	if err := cancel(u); !errors.Is(err, media.ErrOffset) {
		t.Errorf("what is whole: %v", err)
	}
	if err := w.service.Sweep(t.Context()); err != nil || w.quarantined() != 1 {
		t.Errorf("%v, %d pieces left", err, w.quarantined())
	}
}
