package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/base/random"
)

// Folder is a Storage in a folder of this machine. No key can lead out of it: os.Root opens every name.
type Folder struct {
	root    *os.Root
	folders sync.Mutex // a folder isn't removed as empty while another file is about to lie in it
}

// incoming is the folder of files that are being written; its name can't be a key.
const incoming = ".incoming"

// OpenFolder opens a folder and makes it when absent, readable by its owner only.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open storage folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open storage folder: %w", err)
	}
	if err := root.MkdirAll(incoming, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("open storage folder: %w", err), root.Close())
	}
	return &Folder{root: root}, nil
}

// Close gives the folder's handle back.
func (f *Folder) Close() error { return f.root.Close() }

// Put implements Storage: the bytes go to a file beside, are made durable, and get their name at the end.
func (f *Folder) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	name := path.Join(incoming, random.Text(16))
	n, err := f.write(ctx, name, r)
	if err == nil {
		err = f.settle(name, key)
	}
	if err != nil {
		_ = f.root.Remove(name)
		return 0, fmt.Errorf("put %s: %w", key, err)
	}
	return n, nil
}

func (f *Folder) write(ctx context.Context, name string, r io.Reader) (int64, error) {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{file}, untilDone{ctx, r}, make([]byte, 256<<10))
	return n, errors.Join(err, file.Sync(), file.Close())
}

// untilDone is a reader that ends with its context.
type untilDone struct {
	ctx context.Context //nolint:containedctx // lives for one copy
	r   io.Reader
}

// Read implements io.Reader.
func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// settle gives a written file its name. No folder is removed as empty in between.
func (f *Folder) settle(name, key string) error {
	f.folders.Lock()
	err := f.root.MkdirAll(path.Dir(key), 0o700)
	if err == nil {
		err = f.root.Rename(name, key)
	}
	f.folders.Unlock()
	if err != nil {
		return err
	}
	return f.syncFolder(path.Dir(key))
}

// syncFolder makes a new name durable; systems that can't sync folders don't need it.
func (f *Folder) syncFolder(name string) error {
	d, err := f.root.Open(name)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

// Open implements Storage.
func (f *Folder) Open(_ context.Context, key string) (Object, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	file, err := f.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", key, ErrAbsent)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	stat, err := file.Stat()
	if err == nil && !stat.Mode().IsRegular() {
		err = ErrAbsent
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", key, err), file.Close())
	}
	return folderObject{file, stat.Size()}, nil
}

type folderObject struct {
	*os.File
	size int64
}

// Size implements Object.
func (o folderObject) Size() int64 { return o.size }

// Delete implements Storage. Folders that become empty go too.
func (f *Folder) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := f.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	f.folders.Lock()
	defer f.folders.Unlock()
	for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
		if f.root.Remove(dir) != nil {
			break
		}
	}
	return nil
}

// List implements Storage.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		start := "."
		if prefix != "" {
			if err := checkKey(prefix); err != nil {
				yield(Entry{}, err)
				return
			}
			start = prefix
		}
		err := fs.WalkDir(f.root.FS(), start, func(name string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // removed meanwhile, or never there
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case d.IsDir() && strings.HasPrefix(name, incoming):
				return fs.SkipDir
			case d.IsDir():
				return nil
			}
			stat, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !yield(Entry{name, stat.Size(), stat.ModTime().UTC()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Entry{}, fmt.Errorf("list %s: %w", prefix, err))
		}
	}
}

// Tidy implements Storage.
func (f *Folder) Tidy(_ context.Context, before time.Time) error {
	entries, err := fs.ReadDir(f.root.FS(), incoming)
	if err != nil {
		return fmt.Errorf("tidy storage folder: %w", err)
	}
	for _, e := range entries {
		stat, err := e.Info()
		if err == nil && stat.ModTime().Before(before) {
			_ = f.root.Remove(path.Join(incoming, e.Name()))
		}
	}
	return nil
}

var _ Storage = (*Folder)(nil)
