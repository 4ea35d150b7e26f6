package media_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/media"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/bolt"
	"github.com/omniposto/omniposto/store/storetest"
	"github.com/omniposto/omniposto/store/twice"
)

// world is a service over a real store and storage, at a time that stands still.
type world struct {
	t         testing.TB
	db        store.Engine
	clock     *clock.Manual
	storage   *gate
	service   *media.Service
	log       *bytes.Buffer
	org       ref.Organization
	workspace ref.Workspace
	by        ref.Identity
	max       int64 // bytes of a file

	mu     sync.Mutex
	needed map[ref.Asset]bool
}

// gate is a storage that a test can hold up or break.
type gate struct {
	media.Storage
	before func(what, key string) error // called before each act; nil = nothing
	after  func(key string)             // called after each delete
	watch  func(io.Reader) io.Reader    // put around what is written
}

func (g *gate) ask(what, key string) error {
	if g.before == nil {
		return nil
	}
	return g.before(what, key)
}

func (g *gate) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := g.ask("put", key); err != nil {
		return 0, err
	}
	if g.watch != nil {
		r = g.watch(r)
	}
	return g.Storage.Put(ctx, key, r)
}

func (g *gate) Open(ctx context.Context, key string) (media.Object, error) {
	if err := g.ask("open", key); err != nil {
		return nil, err
	}
	return g.Storage.Open(ctx, key)
}

func (g *gate) Delete(ctx context.Context, key string) error {
	err := g.Storage.Delete(ctx, key)
	if g.after != nil {
		g.after(key)
	}
	return err
}

func aWorld(t testing.TB) *world { return aWorldOn(t, aFolder(t)) }

func aWorldOn(t testing.TB, storage media.Storage) *world {
	t.Helper()
	start := clock.System().Now()
	w := &world{
		t: t, clock: clock.NewManual(start), storage: &gate{Storage: storage}, log: &bytes.Buffer{}, max: 32 << 20,
		needed: map[ref.Asset]bool{},
	}
	w.org, w.workspace, w.by = ref.Mint[ref.Organization](start), ref.Mint[ref.Workspace](start), ref.Mint[ref.Identity](start)
	engine, err := bolt.Open(filepath.Join(t.TempDir(), "store"), bolt.Options{Clock: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	db, err := store.Open(t.Context(), storetest.Guard(twice.Wrap(engine)), append(media.Tables(), event.Tables()...)...)
	if err != nil {
		t.Fatal(err)
	}
	w.db = db
	w.service = w.restarted()
	return w
}

// restarted is a new service over what is stored, as after a crash.
func (w *world) restarted() *media.Service {
	s := media.New(media.Deps{DB: w.db, Storage: w.storage, Clock: w.clock, MaxBytes: w.max, Log: slog.New(slog.NewTextHandler(&locked{w: w.log}, nil))})
	s.NeededBy(func(_ store.ReadTx, a media.Asset) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.needed[a.ID]
	})
	s.OnSettled(func(tx store.Tx, a media.Asset) {
		tx.Put(store.K("told", a.ID, a.Version), []byte(a.State))
	})
	return s
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (w *world) file(name string) media.NewUpload {
	return media.NewUpload{Organization: w.org, Workspace: w.workspace, By: w.by, Name: name}
}

// receive sends a whole file.
func (w *world) receive(name string, content []byte) media.Asset {
	w.t.Helper()
	a, err := w.service.Receive(w.t.Context(), w.file(name), bytes.NewReader(content))
	if err != nil {
		w.t.Fatalf("receive %s: %v", name, err)
	}
	return a
}

// process sends a whole file and inspects it.
func (w *world) process(name string, content []byte) media.Asset {
	w.t.Helper()
	a := w.receive(name, content)
	got, err := w.service.Process(w.t.Context(), w.org, w.workspace, a.ID)
	if err != nil {
		w.t.Fatalf("process %s: %v", name, err)
	}
	return got
}

func (w *world) get(id ref.Asset) (a media.Asset, err error) {
	err = w.db.View(w.t.Context(), func(tx store.ReadTx) error {
		a, err = media.Get(tx, w.org, w.workspace, id)
		return err
	})
	return a, err
}

func (w *world) update(fn func(tx store.Tx) error) error {
	w.t.Helper()
	return w.db.Update(w.t.Context(), fn)
}

// bytes reads one form of an asset.
func (w *world) bytes(a media.Asset, r media.Rendition) []byte {
	w.t.Helper()
	f, err := w.service.Open(w.t.Context(), a, r)
	if err != nil {
		w.t.Fatalf("open %s of %s: %v", r, a.Name, err)
	}
	reader := f.Reader()
	defer func() { _ = reader.Close() }()
	b, err := io.ReadAll(reader)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// keys lists what is in the storage.
func (w *world) keys() []string {
	w.t.Helper()
	var list []string
	for e, err := range w.storage.List(w.t.Context(), "") {
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, e.Key)
	}
	return list
}

// quarantined lists what lies in quarantine.
func (w *world) quarantined() (n int) {
	for _, key := range w.keys() {
		if strings.HasPrefix(key, "quarantine/") {
			n++
		}
	}
	return n
}

// settled counts in how many final states the asset's transaction told somebody.
func (w *world) settled(id ref.Asset) (states []string) {
	w.t.Helper()
	err := w.db.View(w.t.Context(), func(tx store.ReadTx) error {
		prefix := store.K("told", id)
		tx.Scan(prefix, prefix.End(), false, func(_, v []byte) bool {
			states = append(states, string(v))
			return true
		})
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return states
}

// run runs the service until the test ends or stop is called.
func (w *world) run(s *media.Service) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	w.t.Cleanup(stop)
	return stop
}

// await waits until Run has settled the asset.
func (w *world) await(s *media.Service, a media.Asset) media.Asset {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	got, err := s.Await(ctx, a)
	if err != nil {
		w.t.Fatalf("await %s: %v", a.Name, err)
	}
	return got
}
