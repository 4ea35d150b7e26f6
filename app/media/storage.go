package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/base/secret"
)

// Storage keeps objects: bytes under a key, written as a whole and never changed in part. Keys are lower-case parts
// joined by slashes (see checkKey). Safe for use by many goroutines.
type Storage interface {
	// Put streams r into the object and says how many bytes it took. When it returns an error nothing new is there.
	// It holds a few megabytes of memory, whatever the size.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open reads an object; ErrAbsent when there is none. ctx ends reading too.
	Open(ctx context.Context, key string) (Object, error)
	// Delete removes an object; an absent one is fine.
	Delete(ctx context.Context, key string) error
	// List walks the objects whose keys begin with the parts of prefix, in any order.
	List(ctx context.Context, prefix string) iter.Seq2[Entry, error]
	// Tidy removes what writes that never ended have left since before the instant.
	Tidy(ctx context.Context, before time.Time) error
}

// Object is an open object. ReadAt may be called by many goroutines.
type Object interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Entry is one object of a listing.
type Entry struct {
	Key   string
	Bytes int64
	At    time.Time // when it was written, by the storage's clock
}

// ErrAbsent says that there is no such object.
var ErrAbsent = errors.New("no such object")

var errKey = errors.New("not a key of the storage")

// checkKey refuses what could leave the folder or mean something to a server: parts of a-z, 0-9, _ and -.
func checkKey(key string) error {
	for _, part := range strings.Split(key, "/") {
		if part == "" || len(part) > 100 || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return fmt.Errorf("%w: %q", errKey, key)
		}
	}
	return nil
}

// under says whether a key begins with the parts of the prefix; the empty prefix is everything.
func under(key, prefix string) bool {
	return prefix == "" || key == prefix || strings.HasPrefix(key, prefix+"/")
}

// Dial opens a connection; package outbound gives one for servers that the operator chose.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Place says where a storage is: the configuration's storage.* keys.
type Place struct {
	URL                  string // empty = Folder; file:///path; s3://bucket?endpoint=…&region=…&path_style=…
	AccessKey, SecretKey secret.Text
	Folder               string // what an empty URL means
	Dial                 Dial   // for S3; nil = plain
}

// OpenStorage opens the storage of a place. A folder is made when absent; an S3 server is first asked when it is used.
func OpenStorage(p Place) (Storage, error) {
	if p.URL == "" {
		return OpenFolder(p.Folder)
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return nil, fmt.Errorf("storage URL: %w", err)
	}
	switch u.Scheme {
	case "file":
		return OpenFolder(u.Path)
	case "s3":
		q := u.Query()
		return OpenS3(S3Options{
			Endpoint: q.Get("endpoint"), Region: q.Get("region"), Bucket: u.Host, PathStyle: q.Get("path_style") == "true",
			AccessKey: p.AccessKey, SecretKey: p.SecretKey, Dial: p.Dial,
		})
	}
	return nil, fmt.Errorf("storage URL: unknown scheme %q", u.Scheme)
}

// Probe writes a small object, reads it back and removes it, for doctor and the administrator's page.
func Probe(ctx context.Context, s Storage) error {
	key, text := path.Join("probe", random.Text(10)), []byte(random.Text(10))
	if _, err := s.Put(ctx, key, bytes.NewReader(text)); err != nil {
		return fmt.Errorf("write a test object: %w", err)
	}
	o, err := s.Open(ctx, key)
	if err != nil {
		return fmt.Errorf("open the test object: %w", err)
	}
	defer func() { _ = o.Close() }()
	got := make([]byte, len(text))
	if _, err := o.ReadAt(got, 0); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the test object: %w", err)
	}
	if !bytes.Equal(got, text) || o.Size() != int64(len(text)) {
		return errors.New("the test object isn't what was written")
	}
	if err := s.Delete(ctx, key); err != nil {
		return fmt.Errorf("delete the test object: %w", err)
	}
	return nil
}

// deleteUnder removes every object below a prefix.
func deleteUnder(ctx context.Context, s Storage, prefix string) error {
	var keys []string
	for e, err := range s.List(ctx, prefix) {
		if err != nil {
			return err
		}
		keys = append(keys, e.Key)
	}
	for _, key := range keys {
		if err := s.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// countingReader counts what was read and refuses to read past its limit. It keeps a reader's error apart from its end,
// so that what came before a lost connection can be kept.
type countingReader struct {
	r     io.Reader
	n     int64
	limit int64 // negative = none
	err   error // why it ended, if not by EOF
}

// Read implements io.Reader: every end looks like EOF.
func (c *countingReader) Read(p []byte) (int, error) {
	if c.limit >= 0 && int64(len(p)) > c.limit-c.n+1 {
		p = p[:c.limit-c.n+1] // one byte more tells a file that is too long from one that fits
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	switch {
	case c.limit >= 0 && c.n > c.limit:
		c.err = ErrTooLarge
		over := int(c.n - c.limit)
		c.n = c.limit
		return n - over, io.EOF
	case err != nil:
		if !errors.Is(err, io.EOF) {
			c.err = err
		}
		return n, io.EOF
	}
	return n, nil
}
