package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/omniposto/omniposto/app/base/secret"
)

// S3Options says which bucket.
type S3Options struct {
	Endpoint             string // https://host; without a scheme https is meant; empty = Amazon's in the region
	Region               string
	Bucket               string
	PathStyle            bool // the bucket in the path and not in the host's name
	AccessKey, SecretKey secret.Text
	Dial                 Dial // nil = plain
}

// S3 is a Storage in a bucket.
type S3 struct {
	client *minio.Core
	bucket string
}

// partBytes is the size of a part and of the buffer of each write: S3's smallest, which allows objects of 48 GiB.
const partBytes = 5 << 20

// OpenS3 makes the client. It asks nothing of the server.
func OpenS3(o S3Options) (*S3, error) {
	endpoint, secure, err := endpointOf(o)
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupAuto
	if o.PathStyle {
		lookup = minio.BucketLookupPath
	}
	options := &minio.Options{
		Secure: secure, Region: o.Region, BucketLookup: lookup, Transport: transport(o.Dial), MaxRetries: 4,
	}
	o.AccessKey.Use(func(access string) {
		o.SecretKey.Use(func(key string) { options.Creds = credentials.NewStaticV4(access, key, "") })
	})
	client, err := minio.NewCore(endpoint, options)
	if err != nil {
		return nil, fmt.Errorf("open S3 storage: %w", err)
	}
	return &S3{client, o.Bucket}, nil
}

// endpointOf gives host and port, and whether TLS is spoken.
func endpointOf(o S3Options) (host string, secure bool, err error) {
	text := o.Endpoint
	if text == "" {
		text = "s3." + o.Region + ".amazonaws.com"
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", false, errors.New("open S3 storage: the endpoint must be http:// or https:// and a host")
	}
	return u.Host, u.Scheme == "https", nil
}

// transport never uses a proxy, and gives up on a server that doesn't begin to answer.
func transport(dial Dial) *http.Transport {
	return &http.Transport{
		DialContext: dial, Proxy: nil, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
		ResponseHeaderTimeout: time.Minute, ExpectContinueTimeout: 2 * time.Second, DisableCompression: true,
		ReadBufferSize: 32 << 10, WriteBufferSize: 32 << 10,
	}
}

// Put implements Storage: one request for what fits into a part, else a multipart upload, part by part.
func (s *S3) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := checkKey(key); err != nil {
		return 0, err
	}
	buf := make([]byte, partBytes)
	n, err := io.ReadFull(r, buf)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		_, err = s.client.PutObject(ctx, s.bucket, key, bytes.NewReader(buf[:n]), int64(n), "", "", put)
	case err == nil:
		var total int64
		if total, err = s.putParts(ctx, key, r, buf); err == nil {
			return total, nil
		}
	}
	if err != nil {
		return 0, fmt.Errorf("put %s: %w", key, err)
	}
	return int64(n), nil
}

var put = minio.PutObjectOptions{ContentType: "application/octet-stream"}

// putParts sends buf, which is full, as the first part and refills it for each next one.
func (s *S3) putParts(ctx context.Context, key string, r io.Reader, buf []byte) (total int64, err error) {
	id, err := s.client.NewMultipartUpload(ctx, s.bucket, key, put)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil { // also when ctx has ended: what was sent would cost money for ever
			gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			_ = s.client.AbortMultipartUpload(gone, s.bucket, key, id)
		}
	}()
	var parts []minio.CompletePart
	for n, more := len(buf), true; n > 0; {
		part, err := s.client.PutObjectPart(ctx, s.bucket, key, id, len(parts)+1, bytes.NewReader(buf[:n]), int64(n), minio.PutObjectPartOptions{})
		if err != nil {
			return 0, err
		}
		parts = append(parts, minio.CompletePart{PartNumber: part.PartNumber, ETag: part.ETag})
		total += int64(n)
		if n = 0; !more {
			break
		}
		n, err = io.ReadFull(r, buf)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			more = false
		} else if err != nil {
			return 0, err
		}
	}
	_, err = s.client.CompleteMultipartUpload(ctx, s.bucket, key, id, parts, put)
	return total, err
}

// Open implements Storage.
func (s *S3) Open(ctx context.Context, key string) (Object, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	stat, err := s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, absent(err))
	}
	return &s3Object{s: s, ctx: ctx, key: key, size: stat.Size}, nil
}

// absent turns the server's word for it into ErrAbsent.
func absent(err error) error {
	if r := minio.ToErrorResponse(err); r.Code == minio.NoSuchKey || r.StatusCode == http.StatusNotFound && r.Code != minio.NoSuchBucket {
		return ErrAbsent
	}
	return err
}

// Delete implements Storage.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	err := s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})
	if err != nil && !errors.Is(absent(err), ErrAbsent) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// List implements Storage.
func (s *S3) List(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for o := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if o.Err != nil {
				yield(Entry{}, fmt.Errorf("list %s: %w", prefix, o.Err))
				return
			}
			if under(o.Key, prefix) && !yield(Entry{o.Key, o.Size, o.LastModified.UTC()}, nil) {
				return
			}
		}
	}
}

// Tidy implements Storage: multipart uploads of a process that died are aborted.
func (s *S3) Tidy(ctx context.Context, before time.Time) error {
	for u := range s.client.ListIncompleteUploads(ctx, s.bucket, "", true) {
		if u.Err != nil {
			return fmt.Errorf("tidy S3 storage: %w", u.Err)
		}
		if u.Initiated.Before(before) {
			if err := s.client.AbortMultipartUpload(ctx, s.bucket, u.Key, u.UploadID); err != nil {
				return fmt.Errorf("tidy S3 storage: %w", err)
			}
		}
	}
	return nil
}

// blockBytes is how much one request reads, blocks how many are kept: reading from begin to end asks for each byte once,
// and a probe that jumps between head and tail doesn't ask again.
const (
	blockBytes = 1 << 20
	blocks     = 3
)

// s3Object reads an object in blocks.
type s3Object struct {
	s    *S3
	ctx  context.Context //nolint:containedctx // io.ReaderAt has none; Open says that it ends reading
	key  string
	size int64

	mu   sync.Mutex
	kept []block // the one used last stands first
}

type block struct {
	n     int64
	bytes []byte
}

// Size implements Object.
func (o *s3Object) Size() int64 { return o.size }

// Close implements Object.
func (o *s3Object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept = nil
	return nil
}

// ReadAt implements io.ReaderAt.
func (o *s3Object) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read at a negative offset")
	}
	n := 0
	for n < len(p) {
		if off >= o.size {
			return n, io.EOF
		}
		b, err := o.block(off / blockBytes)
		if err != nil {
			return n, fmt.Errorf("read %s: %w", o.key, err)
		}
		c := copy(p[n:], b[off%blockBytes:])
		n, off = n+c, off+int64(c)
	}
	return n, nil
}

func (o *s3Object) block(n int64) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, b := range o.kept {
		if b.n == n {
			copy(o.kept[1:i+1], o.kept[:i])
			o.kept[0] = b
			return b.bytes, nil
		}
	}
	got, err := o.fetch(n)
	if err != nil {
		return nil, err
	}
	if len(o.kept) == blocks {
		o.kept = o.kept[:blocks-1] // a reader may still copy from the one dropped, so its memory isn't used again
	}
	o.kept = append([]block{{n, got}}, o.kept...)
	return got, nil
}

// fetch reads one block; a connection that breaks in the middle is tried again.
func (o *s3Object) fetch(n int64) ([]byte, error) {
	from := n * blockBytes
	to := min(from+blockBytes, o.size)
	b := make([]byte, to-from)
	var err error
	for range 3 {
		if err = o.fetchInto(b, from, to); err == nil || o.ctx.Err() != nil || errors.Is(err, ErrAbsent) {
			break
		}
	}
	return b, err
}

func (o *s3Object) fetchInto(b []byte, from, to int64) error {
	opts := minio.GetObjectOptions{}
	if err := opts.SetRange(from, to-1); err != nil {
		return err
	}
	body, _, _, err := o.s.client.GetObject(o.ctx, o.s.bucket, o.key, opts)
	if err != nil {
		return absent(err)
	}
	_, err = io.ReadFull(body, b)
	return errors.Join(err, body.Close())
}

var _ Storage = (*S3)(nil)
