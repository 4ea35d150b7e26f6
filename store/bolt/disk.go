package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/omniposto/omniposto/store"
)

// probeBytes is written to see whether there is space; reserveBytes is only asked for where the system can reserve.
const (
	probeBytes   = 64 << 10
	reserveBytes = 16 << 20
)

// Probe writes a small file beside the store. Without space the engine only reads, with space it writes again.
func (e *engine) Probe() error {
	name := e.path + ".probe"
	err := probe(name)
	if removeErr := os.Remove(name); removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) && err == nil {
		err = removeErr
	}
	full := err != nil && noSpace(err)
	if full {
		err = fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	if full || err == nil {
		e.full.Store(full)
	}
	if err != nil {
		return fmt.Errorf("probe for space: %w", err)
	}
	return nil
}

func probe(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	content := make([]byte, probeBytes)
	for i := range content {
		content[i] = byte(i)
	}
	if _, err = f.Write(content); err == nil {
		err = reserve(f, reserveBytes)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// noSpace recognises a full disk, a used-up quota and a limit on the size of files.
func noSpace(err error) bool {
	if runtime.GOOS == "windows" {
		const diskFull, handleDiskFull = syscall.Errno(112), syscall.Errno(39)
		return errors.Is(err, diskFull) || errors.Is(err, handleDiskFull)
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, errQuota) || errors.Is(err, syscall.EFBIG)
}

func noAddressSpace(err error) bool {
	return errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.EINVAL)
}

func (e *engine) ReadOnly() bool { return e.full.Load() }

func (e *engine) Stats() store.Figures {
	f := store.Figures{
		Calls: e.calls.Load(), Commits: e.commits.Load(), CommitTime: time.Duration(e.commitTime.Load()),
		Waiting: len(e.queue), Readers: int(e.reading.Load()), ReadOnly: e.full.Load(), Broken: e.broken.Load() != nil,
	}
	s := e.db.Stats()
	f.FreePages = s.FreePageN + s.PendingPageN
	f.FreeBytes = int64(s.FreeAlloc)
	if at, err := os.Stat(e.path); err == nil {
		f.Bytes = at.Size()
	}
	return f
}

// fault recognises the panics that are an answer of the store: a function that wrote too much, and a fault of the mapped
// file, when the disk gave no bytes or the file was cut off.
func (e *engine) fault(r any) error {
	if _, ok := r.(tooBig); ok {
		return store.ErrTooBig
	}
	at, ok := r.(interface {
		runtime.Error
		Addr() uintptr
	})
	if !ok {
		return nil
	}
	base := e.mapBase()
	size := max(mapBytes, 4*e.Stats().Bytes)
	if base == 0 || at.Addr() < base || int64(at.Addr()-base) >= size { //nolint:gosec // an offset in the map
		return nil
	}
	return fmt.Errorf("%w: the file can't be read at byte %d", store.ErrDamaged, at.Addr()-base)
}

// mapBase is where the file is mapped, or 0.
func (e *engine) mapBase() (base uintptr) {
	defer func() {
		if recover() != nil {
			base = 0
		}
	}()
	return e.db.Info().Data
}
