package media_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/media"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

func TestRunInspectsWhatComes(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	before := w.receive("before.png", aPNG(t, corner(40, 30))) // left by an earlier process
	w.service = w.restarted()
	w.run(w.service)
	var all []media.Asset
	for range 12 {
		all = append(all, w.receive("x.png", aPNG(t, corner(40, 30))))
	}
	all = append(all, before, w.receive("bad", []byte("no")))
	for i, a := range all {
		want := media.Ready
		if i == len(all)-1 {
			want = media.Refused
		}
		if got := w.await(w.service, a); got.State != want || len(w.settled(a.ID)) != 1 {
			t.Errorf("%s: %s %s, told %v", a.Name, got.State, got.Problem, w.settled(a.ID))
		}
	}
}

func TestRunRemovesWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	deleted := make(chan string, 10)
	w.storage.after = func(key string) { deleted <- key }
	w.run(w.service)
	a := w.await(w.service, w.receive("x.png", aPNG(t, corner(40, 30))))
	if key := <-deleted; !strings.HasPrefix(key, "quarantine/") {
		t.Errorf("deleted %s", key)
	}
	if w.quarantined() != 0 || len(w.keys()) != len(a.Copies) {
		t.Errorf("in the storage: %v", w.keys())
	}
}

func TestTroubleWithTheStorageIsNoVerdict(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(what, key string) error{
		"reading": func(what, _ string) error { return onlyOn(what == "open") },
		"writing": func(what, key string) error { return onlyOn(what == "put" && !strings.HasPrefix(key, "quarantine")) },
		"writing the second form": func(what, key string) error {
			return onlyOn(what == "put" && strings.HasSuffix(key, "/thumb"))
		},
	} {
		for file, content := range map[string][]byte{"a.png": aPNG(t, corner(40, 30)), "b.jpg": inAChild(t), "c.mp4": sample(t, "place.mp4")} {
			if file == "c.mp4" && strings.Contains(name, "second") {
				continue
			}
			w := aWorld(t)
			a := w.receive(file, content)
			w.storage.before = broken
			for range 6 { // more than a file that kills the process gets
				_, err := w.service.Process(t.Context(), w.org, w.workspace, a.ID)
				if !errors.Is(err, errDisk) {
					t.Fatalf("%s, %s: %v", name, file, err)
				}
			}
			w.storage.before = nil
			got, err := w.service.Process(t.Context(), w.org, w.workspace, a.ID)
			if err != nil || got.State != media.Ready {
				t.Errorf("%s, %s: %s %s %v", name, file, got.State, got.Problem, err)
			}
		}
	}
}

// inAChild is a picture that is decoded in a child, because it has a colour profile.
func inAChild(t testing.TB) []byte {
	return aJPEG(t, corner(160, 80), segment(0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), swapped()...)))
}

var errDisk = errors.New("the disk is on fire")

func onlyOn(yes bool) error {
	if yes {
		return errDisk
	}
	return nil
}

func TestReceivingTellsTroubleWithTheStorage(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	w.storage.before = func(what, _ string) error { return onlyOn(what == "put") }
	if _, err := w.service.Receive(t.Context(), w.file("x"), strings.NewReader("abc")); !errors.Is(err, media.ErrStorage) || !errors.Is(err, errDisk) {
		t.Errorf("receive: %v", err)
	}
	u, _ := w.begin("x", 3)
	if _, _, err := w.append(u, 0, strings.NewReader("abc")); !errors.Is(err, media.ErrStorage) {
		t.Errorf("append: %v", err)
	}
}

func TestAFileThatKillsTheProcessIsRefused(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	a := w.receive("killer.png", aPNG(t, corner(40, 30)))
	for range 4 { // the process dies in the middle: the try is counted and never taken back
		w.storage.before = func(what, _ string) error {
			if what == "open" {
				panic("the process dies")
			}
			return nil
		}
		func() {
			defer func() { _ = recover() }()
			_, _ = w.restarted().Process(t.Context(), w.org, w.workspace, a.ID)
		}()
	}
	w.storage.before = nil
	got, err := w.restarted().Process(t.Context(), w.org, w.workspace, a.ID)
	if err != nil || got.Problem != media.ErrHeavy.Code {
		t.Errorf("%s %q %v", got.State, got.Problem, err)
	}
}

func TestTwoDecodesAtATime(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	var now, most atomic.Int32
	var once sync.Once
	full := make(chan struct{})
	w.storage.before = func(what, key string) error {
		if what != "put" || !strings.HasSuffix(key, "/original") {
			return nil
		}
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == 2 {
			once.Do(func() { close(full) })
		}
		<-full // hold the turn until two are at it
		return nil
	}
	var all sync.WaitGroup
	for range 6 {
		a := w.receive("x.png", aPNG(t, corner(40, 30)))
		all.Add(1)
		go func() {
			defer all.Done()
			if got, err := w.service.Process(context.Background(), w.org, w.workspace, a.ID); err != nil || got.State != media.Ready {
				t.Errorf("%s %v", got.State, err)
			}
		}()
	}
	all.Wait()
	if most.Load() != 2 {
		t.Errorf("%d at a time", most.Load())
	}
}

func TestProcessingTwiceSettlesOnce(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	a := w.receive("x.png", aPNG(t, corner(40, 30)))
	var all sync.WaitGroup
	for range 4 { // as four nodes would
		s := w.restarted()
		all.Add(1)
		go func() {
			defer all.Done()
			if got, err := s.Process(context.Background(), w.org, w.workspace, a.ID); err != nil && !errors.Is(err, media.ErrAbsent) || err == nil && got.State != media.Ready {
				t.Errorf("%s %v", got.State, err)
			}
		}()
	}
	all.Wait()
	if got := w.settled(a.ID); !slices.Equal(got, []string{"ready"}) {
		t.Errorf("told %v", got)
	}
	again, err := w.service.Process(t.Context(), w.org, w.workspace, a.ID)
	if err != nil || again.State != media.Ready || len(w.settled(a.ID)) != 1 {
		t.Errorf("again: %s %v", again.State, err)
	}
	if b := w.bytes(again, media.Thumb); len(b) == 0 {
		t.Error("nothing to show")
	}
}

func TestNeededFilesStay(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	a := w.process("x.png", aPNG(t, corner(40, 30)))
	remove := func(version int64) error {
		return w.update(func(tx store.Tx) error {
			_, err := w.service.Delete(tx, w.org, w.workspace, a.ID, version)
			return err
		})
	}
	w.needed[a.ID] = true
	if err := remove(0); !errors.Is(err, media.ErrNeeded) {
		t.Errorf("needed: %v", err)
	}
	w.needed[a.ID] = false
	if err := remove(a.Version - 1); !errors.Is(err, media.ErrStale) {
		t.Errorf("stale: %v", err)
	}
	if err := remove(a.Version); err != nil {
		t.Fatal(err)
	}
	if err := remove(0); !errors.Is(err, media.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
	if err := w.service.Sweep(t.Context()); err != nil || len(w.keys()) != 0 {
		t.Errorf("%v, in the storage: %v", err, w.keys())
	}
}

func TestDeletedWhileInspectedLeavesNothing(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	a := w.receive("x.png", aPNG(t, corner(40, 30)))
	w.storage.before = func(what, key string) error {
		if what != "put" || !strings.HasSuffix(key, "/thumb") {
			return nil
		}
		w.storage.before = nil
		if err := w.update(func(tx store.Tx) error { _, err := w.service.Delete(tx, w.org, w.workspace, a.ID, 0); return err }); err != nil {
			t.Error(err)
		}
		return w.service.Sweep(t.Context())
	}
	if _, err := w.service.Process(t.Context(), w.org, w.workspace, a.ID); err != nil {
		t.Errorf("process: %v", err)
	}
	if err := w.service.Sweep(t.Context()); err != nil || len(w.keys()) != 0 || len(w.settled(a.ID)) != 0 {
		t.Errorf("%v, in the storage: %v, told %v", err, w.keys(), w.settled(a.ID))
	}
}

func TestSweepEndsAbandonedUploads(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	u, lost := w.begin("lost", 10)
	if _, _, err := w.append(u, 0, strings.NewReader("abc")); err != nil {
		t.Fatal(err)
	}
	_, needed := w.begin("needed", 10)
	w.needed[needed.ID] = true
	whole := w.receive("whole.png", aPNG(t, corner(40, 30)))
	w.clock.Advance(23 * time.Hour)
	_, young := w.begin("young", 10)
	if err := w.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.get(lost.ID); err != nil {
		t.Errorf("too early: %v", err)
	}
	w.clock.Advance(2 * time.Hour)
	if err := w.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.get(lost.ID); !errors.Is(err, media.ErrNotFound) {
		t.Errorf("the lost one: %v", err)
	}
	if a, err := w.get(needed.ID); err != nil || a.Problem != media.ErrAbandoned.Code || !slices.Equal(w.settled(a.ID), []string{"refused"}) {
		t.Errorf("the needed one: %s %v, told %v", a.Problem, err, w.settled(needed.ID))
	}
	for _, id := range []ref.Asset{young.ID, whole.ID} {
		if _, err := w.get(id); err != nil {
			t.Errorf("the young or whole one: %v", err)
		}
	}
	if n := w.quarantined(); n != 1 {
		t.Errorf("%d pieces left", n)
	}
}

func TestSweepForgetsRefusedFiles(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	a, needed := w.process("x", []byte("no")), w.process("y", []byte("no"))
	w.needed[needed.ID] = true
	w.clock.Advance(8 * 24 * time.Hour)
	if err := w.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.get(a.ID); !errors.Is(err, media.ErrNotFound) {
		t.Errorf("still there: %v", err)
	}
	if _, err := w.get(needed.ID); err != nil {
		t.Errorf("what a post needs: %v", err)
	}
}

func TestSweepRemovesStrayPieces(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	u, _ := w.begin("x", 10)
	if _, _, err := w.append(u, 0, strings.NewReader("abc")); err != nil {
		t.Fatal(err)
	}
	put(t, w.storage.Storage, "quarantine/"+w.org.String()+"/"+w.workspace.String()+"/"+u.ID.String()+"/stray", []byte("stored, never committed"))
	if err := w.service.Sweep(t.Context()); err != nil || w.quarantined() != 2 {
		t.Errorf("a young one: %v, %d", err, w.quarantined())
	}
	w.clock.Set(clock.System().Now().Add(72 * time.Hour)) // objects have the machine's time
	if err := w.update(func(tx store.Tx) error { _, err := media.FindUpload(tx, w.org, w.workspace, u.ID); return err }); err != nil {
		t.Fatal(err)
	}
	w.needed[u.Asset] = true
	if err := w.service.Sweep(t.Context()); err != nil || w.quarantined() != 0 {
		t.Errorf("an old one: %v, %d", err, w.quarantined())
	}
}

func TestPagesGoFromNewToOld(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	var ids []ref.Asset
	for i := range 5 {
		w.clock.Advance(time.Second)
		content := aPNG(t, corner(40, 30))
		if i == 2 {
			content = aGIF(t, 8, 8, 2)
		}
		ids = append([]ref.Asset{w.process("x", content).ID}, ids...)
	}
	w.clock.Advance(time.Second)
	_, open := w.begin("open", 5)
	page := func(kind media.Kind, after ref.Asset, n int) (got []ref.Asset, more bool) {
		_ = w.db.View(t.Context(), func(tx store.ReadTx) error {
			var list []media.Asset
			list, more = media.Page(tx, w.org, w.workspace, kind, after, n)
			for _, a := range list {
				got = append(got, a.ID)
			}
			return nil
		})
		return got, more
	}
	all := append([]ref.Asset{open.ID}, ids...)
	if got, more := page("", ref.Asset{}, 10); !slices.Equal(got, all) || more {
		t.Errorf("all: %v %v", got, more)
	}
	if got, more := page("", ref.Asset{}, 4); !slices.Equal(got, all[:4]) || !more {
		t.Errorf("first page: %v %v", got, more)
	}
	if got, more := page("", all[3], 4); !slices.Equal(got, all[4:]) || more {
		t.Errorf("second page: %v %v", got, more)
	}
	if got, more := page(media.Image, ids[1], 10); !slices.Equal(got, ids[3:]) || more {
		t.Errorf("pictures after the second: %v %v", got, more)
	}
	if got, _ := page(media.GIF, ref.Asset{}, 10); !slices.Equal(got, ids[2:3]) {
		t.Errorf("GIFs: %v", got)
	}
}

func TestTheSameBytesAreFound(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	a := w.process("x.png", aPNG(t, corner(40, 30)))
	_ = w.db.View(t.Context(), func(tx store.ReadTx) error {
		if got, ok := media.Same(tx, w.org, w.workspace, a.Received); !ok || got.ID != a.ID {
			t.Errorf("got %v %v", got.ID, ok)
		}
		if _, ok := media.Same(tx, w.org, ref.Mint[ref.Workspace](w.clock.Now()), a.Received); ok {
			t.Error("found in another workspace")
		}
		return nil
	})
}

func TestNamesAndDescriptionsAreEdited(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	a := w.process("x.png", aPNG(t, corner(40, 30)))
	edit := func(version int64, e media.Edit) (got media.Asset, err error) {
		err = w.update(func(tx store.Tx) error { got, err = media.Change(tx, w.org, w.workspace, a.ID, version, e); return err })
		return got, err
	}
	text := func(s string) *string { return &s }
	got, err := edit(a.Version, media.Edit{Alt: text("A red square"), Name: text("square")})
	if err != nil || got.Alt != "A red square" || got.Name != "square.png" || got.Version != a.Version+1 {
		t.Errorf("%+v %v", got, err)
	}
	for _, c := range []struct {
		version int64
		edit    media.Edit
		want    error
	}{
		{a.Version, media.Edit{}, media.ErrStale},
		{0, media.Edit{Name: text("")}, media.ErrName},
		{0, media.Edit{Name: text(strings.Repeat("x", 201))}, media.ErrName},
		{0, media.Edit{Alt: text(strings.Repeat("x", media.MaxAlt+1))}, media.ErrAlt},
	} {
		if _, err := edit(c.version, c.edit); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.edit, err)
		}
	}
}

func TestNamesAreHarmless(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	for name, want := range map[string]string{
		"": "file", "..": "file", "/": "file", "a/b/c.png": "c.png", `C:\x\y.png`: "y.png", "  a  ": "a", "a\x00b\n": "ab", "\u202egnp.exe": "gnp.exe",
		"ünï.png": "ünï.png", "\xff\xfe": "file", strings.Repeat("x", 300): strings.Repeat("x", 200),
	} {
		_, a := w.begin(name, 1)
		if a.Name != want {
			t.Errorf("%q became %q, want %q", name, a.Name, want)
		}
	}
}

func TestEraseRemovesAWorkspaceAlone(t *testing.T) {
	t.Parallel()
	w := aWorld(t)
	w.process("x.png", aPNG(t, corner(40, 30)))
	w.begin("y", 10)
	other := ref.Mint[ref.Workspace](w.clock.Now())
	put(t, w.storage.Storage, w.org.String()+"/"+other.String()+"/x", []byte("stays"))
	if err := w.service.Erase(t.Context(), w.org, w.workspace); err != nil {
		t.Fatal(err)
	}
	if keys := w.keys(); len(keys) != 1 || !strings.HasSuffix(keys[0], "/x") {
		t.Errorf("left: %v", keys)
	}
	if err := w.service.Erase(t.Context(), w.org, ref.Workspace{}); err != nil || len(w.keys()) != 0 {
		t.Errorf("%v, left: %v", err, w.keys())
	}
}
