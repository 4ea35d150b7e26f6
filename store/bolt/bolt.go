// Package bolt is the engine for one machine: a single file, written by one goroutine that gathers all Update calls that
// wait into one commit. Readers see the last commit and never wait.
//
// Each value in the file is followed by the CRC-32C of its key and itself. Meta pages, the file's size and the pages that
// lead to others are checked when the file is opened; a fault while reading the mapped file is an error, not a crash.
//
// # Caveats
//
// A View that stays open keeps old pages from being used again: the file grows. The file never shrinks.
//
// When a commit returns an error the engine answers store.ErrBroken for ever: whether the change is on the disk is not
// known, and after a failed fsync the system may call pages clean that never reached the disk. End the process and open
// again. A full disk is found this way while running; at the start it is found by a probe and the engine only reads.
//
// Damage that isn't found: a lost write, when an old page with right checksums stands where a newer one should; a page
// that is never read; and, after a clean close, a leaf page that says it has more pages than it has, until it is written:
// then pages in use are taken for free. After any other end of the process every page is looked at.
//
// # Why
//
// Functions run directly in the bbolt transaction with an undo list instead of on an overlay: reads and scans see their
// own writes without a merge, and the old value is read anyway for the indexes. There is no timer: while one commit syncs,
// the next calls gather by themselves, and a lone call is never delayed. The free list is not written with each commit,
// only at a clean Close, so that the next start reads it instead of walking the file. Decided 2026-11.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/omniposto/omniposto/store"
)

// Limits of the writer.
const (
	queueDepth  = 4096     // Update calls that may wait; the next ones wait to wait
	maxCalls    = 4096     // calls in one commit
	maxCommit   = 32 << 20 // bytes written after which a commit takes no further call
	maxFunction = 64 << 20 // bytes one function may write
	maxKey      = bbolt.MaxKeySize
)

// mapBytes is how much address space is reserved at open, so that growing the map doesn't wait for readers before the
// file is this large.
const mapBytes int64 = 64 << 30

var bucketName = []byte("store")

// Options of Open. Clock is needed, the rest may be zero.
type Options struct {
	// Clock is the time that transactions see.
	Clock func() time.Time
	// Elapsed measures commits for Stats; nil means they are not measured.
	Elapsed func() time.Duration
	// OpenFile opens the file; nil means os.OpenFile. Tests keep the descriptor to make it fail later.
	OpenFile func(name string, flag int, perm os.FileMode) (*os.File, error)
}

type engine struct {
	clock   func() time.Time
	elapsed func() time.Duration
	path    string
	file    *os.File
	db      *bbolt.DB

	gate    sync.RWMutex // holds back Close while a call enters
	closed  bool         // under gate
	readers sync.WaitGroup
	queue   chan *call
	stopped chan struct{} // the writer is done

	now    *batch // the writer's own
	spare  arena
	broken atomic.Pointer[error]
	stuck  atomic.Bool // bbolt panicked in a commit and may hold its locks
	full   atomic.Bool

	reading, commitTime atomic.Int64
	calls, commits      atomic.Uint64
}

// Open opens the file at path and makes it when there is none; its folder must be there. The errors to expect are
// store.ErrLocked, store.ErrDamaged, store.ErrFull (there is no store yet and no space for one) and those of the system.
// When an existing store has no space for writing, Open succeeds and Update answers store.ErrFull until Probe finds space.
func Open(path string, o Options) (store.Engine, error) {
	if o.Clock == nil {
		return nil, errors.New("open store: Options.Clock is needed")
	}
	if o.OpenFile == nil {
		o.OpenFile = os.OpenFile
	}
	if o.Elapsed == nil {
		o.Elapsed = func() time.Duration { return 0 }
	}
	e := &engine{clock: o.Clock, elapsed: o.Elapsed, path: path, queue: make(chan *call, queueDepth), stopped: make(chan struct{})}
	if err := e.open(o); err != nil {
		e.abandon() //nolint:errcheck // the first error is the one to tell
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	go e.write()
	return e, nil
}

func (e *engine) open(o Options) error {
	fresh := false
	openFile := func(name string, flag int, perm os.FileMode) (*os.File, error) {
		f, err := o.OpenFile(name, flag, perm)
		if err != nil {
			return nil, err
		}
		e.file = f
		held, err := lock(f)
		if errors.Is(err, store.ErrLocked) {
			err = fmt.Errorf("the folder %s: %w", filepath.Dir(name), err)
		}
		if held {
			fresh, err = inspect(f)
		}
		return f, err
	}
	if err := e.mapFile(openFile); err != nil {
		return err
	}
	if err := e.Probe(); err != nil && !errors.Is(err, store.ErrFull) {
		return err
	}
	return e.bucket(fresh)
}

// mapFile opens bbolt's file with the large map, or without when the system gives no such address space.
func (e *engine) mapFile(openFile func(string, int, os.FileMode) (*os.File, error)) error {
	o := bbolt.Options{
		Timeout:        time.Nanosecond, // where the lock isn't ours already: try once
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, OpenFile: openFile,
	}
	if strconv.IntSize == 64 && runtime.GOOS != "windows" {
		size := mapBytes // a variable, for int may be too small to name it
		o.InitialMmapSize = int(size)
	}
	err := e.openGuarded(&o)
	if err != nil && noAddressSpace(err) {
		o.InitialMmapSize = 0
		err = e.openGuarded(&o)
	}
	return err
}

// openGuarded turns what bbolt answers to a damaged file, by error, panic or fault, into store.ErrDamaged.
func (e *engine) openGuarded(o *bbolt.Options) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", store.ErrDamaged, r)
		}
	}()
	e.db, err = bbolt.Open(e.path, 0o600, o)
	switch {
	case errors.Is(err, bbolt.ErrTimeout):
		return fmt.Errorf("the folder %s: %w", filepath.Dir(e.path), store.ErrLocked)
	case errors.Is(err, bbolt.ErrInvalid), errors.Is(err, bbolt.ErrChecksum), errors.Is(err, bbolt.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", store.ErrDamaged, err)
	case err != nil && noSpace(err):
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return err
}

// bucket makes the one bucket in a new file and sees to it that the file's name is durable too.
func (e *engine) bucket(fresh bool) error {
	found, err := e.hasBucket()
	if err == nil && !found {
		if e.full.Load() {
			err = store.ErrFull
		} else {
			err = e.db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(bucketName); return err })
		}
	}
	if err == nil && fresh {
		err = syncFolder(filepath.Dir(e.path))
	}
	return err
}

func (e *engine) hasBucket() (found bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", store.ErrDamaged, r)
		}
	}()
	err = e.db.View(func(tx *bbolt.Tx) error { found = tx.Bucket(bucketName) != nil; return nil })
	return found, err
}

// enter refuses calls of a closed or broken engine and counts the others, for leave.
func (e *engine) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.gate.RLock()
	defer e.gate.RUnlock()
	if e.closed {
		return store.ErrClosed
	}
	if err := e.broken.Load(); err != nil {
		return *err
	}
	e.readers.Add(1)
	e.reading.Add(1)
	return nil
}

func (e *engine) leave() {
	e.reading.Add(-1)
	e.readers.Done()
}

func (e *engine) View(ctx context.Context, fn func(store.ReadTx) error) (err error) {
	if err := e.enter(ctx); err != nil {
		return err
	}
	defer e.leave()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	btx, err := e.db.Begin(false)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if r := recover(); r != nil {
			if err = e.fault(r); err == nil {
				btx.Rollback() //nolint:errcheck // a reader has nothing to lose
				panic(r)
			}
		}
		btx.Rollback() //nolint:errcheck // a reader has nothing to lose
	}()
	t := readTx{engine: e}
	if !t.begin(btx) {
		return t.err
	}
	return t.end(fn(&t))
}

// Backup writes the last commit as a file that Open opens. Until it ends, old pages are not used again.
func (e *engine) Backup(w io.Writer) (int64, error) {
	if err := e.enter(context.Background()); err != nil {
		return 0, err
	}
	defer e.leave()
	btx, err := e.db.Begin(false)
	if err != nil {
		return 0, fmt.Errorf("back up: %w", err)
	}
	defer btx.Rollback() //nolint:errcheck // a reader has nothing to lose
	to := &sink{w: w}
	n, err := btx.WriteTo(to)
	if to.err != nil {
		err = to.err
	}
	if err != nil {
		err = fmt.Errorf("back up: %w", err)
	}
	return n, err
}

// sink keeps the writer's error, of which bbolt hands on only the text.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	if err != nil {
		s.err = err
	}
	return n, err
}

// Close waits for accepted calls and open readers. Closing twice is fine.
func (e *engine) Close() error {
	e.gate.Lock()
	again := e.closed
	e.closed = true
	if !again {
		close(e.queue)
	}
	e.gate.Unlock()
	<-e.stopped
	if again {
		return nil
	}
	e.readers.Wait()
	var err error
	if !e.full.Load() && e.broken.Load() == nil && e.commits.Load() > 0 {
		err = e.syncFreelist()
	}
	if e.stuck.Load() {
		err = errors.Join(err, e.abandon())
	} else {
		err = errors.Join(err, e.db.Close())
	}
	if err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// syncFreelist writes the list of free pages in one last commit; the next start reads it instead of walking the file.
func (e *engine) syncFreelist() error {
	e.db.NoFreelistSync = false
	btx, err := e.db.Begin(true)
	if err != nil {
		return err
	}
	return e.commit(btx)
}

// abandon gives back the file without asking bbolt, which would wait for itself. The map stays until the process ends,
// which it should soon; it would keep the lock too, so that is opened first.
func (e *engine) abandon() error {
	if e.file == nil {
		return nil
	}
	unlock(e.file)
	if err := e.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return fmt.Errorf("close broken store: %w", err)
	}
	return nil
}

var (
	_ store.Engine = (*engine)(nil)
	_ store.Disk   = (*engine)(nil)
)
