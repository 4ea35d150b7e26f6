package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
)

// File is one open form of an asset. It is read at any offset by many goroutines, and closed once.
type File struct {
	Object
	Copy      Copy
	AssetName string // with the ending of this form's type
	Tag       string // the same as long as the bytes are: for HTTP caches
}

// Reader reads the file from its beginning; closing it closes the file.
func (f *File) Reader() io.ReadSeekCloser {
	return fileReader{io.NewSectionReader(f.Object, 0, f.Size()), f.Object}
}

type fileReader struct {
	*io.SectionReader
	io.Closer
}

// pieces reads the parts of an upload as one file; each is opened when it is first needed. For one goroutine.
type pieces struct {
	ctx     context.Context //nolint:containedctx // lives for one inspection
	storage Storage
	keys    []string
	starts  []int64
	size    int64
	open    []Object
}

func (s *Service) openPieces(ctx context.Context, u Upload) *pieces {
	p := &pieces{ctx: ctx, storage: s.Storage, open: make([]Object, len(u.Pieces))}
	for _, one := range u.Pieces {
		p.keys = append(p.keys, uploadPrefix(u)+"/"+one.Name)
		p.starts = append(p.starts, p.size)
		p.size += one.Bytes
	}
	return p
}

// Close closes what was opened.
func (p *pieces) Close() error {
	var err error
	for i, o := range p.open {
		if o != nil {
			err = errors.Join(err, o.Close())
			p.open[i] = nil
		}
	}
	return err
}

// ReadAt implements io.ReaderAt.
func (p *pieces) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) {
		if off < 0 || off >= p.size {
			return n, io.EOF
		}
		i := sort.Search(len(p.starts), func(i int) bool { return p.starts[i] > off }) - 1
		o, err := p.piece(i)
		if err != nil {
			return n, &storageError{err}
		}
		end := p.size
		if i+1 < len(p.starts) {
			end = p.starts[i+1]
		}
		want := b[n:min(int64(len(b)), int64(n)+end-off)]
		got, err := o.ReadAt(want, off-p.starts[i])
		n, off = n+got, off+int64(got)
		if got < len(want) {
			return n, &storageError{fmt.Errorf("read %s: %w", p.keys[i], errors.Join(err, io.ErrUnexpectedEOF))}
		}
	}
	return n, nil
}

// maxOpen is how many pieces of an upload are open at once; each may hold some megabytes.
const maxOpen = 2

func (p *pieces) piece(i int) (Object, error) {
	if p.open[i] != nil {
		return p.open[i], nil
	}
	count := 0
	for k, o := range p.open {
		if o == nil {
			continue
		}
		if count++; count >= maxOpen {
			_ = o.Close()
			p.open[k] = nil
		}
	}
	o, err := p.storage.Open(p.ctx, p.keys[i])
	if err != nil {
		return nil, err
	}
	p.open[i] = o
	return o, nil
}

// storageError is trouble with the storage while a file is inspected: no verdict about the file.
type storageError struct{ err error }

// Error implements error.
func (e *storageError) Error() string { return e.err.Error() }

// Unwrap gives the cause.
func (e *storageError) Unwrap() error { return e.err }
