package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/media"
	"github.com/omniposto/omniposto/app/media/s3test"
)

// eachStorage runs a test on a folder and, where there is a server, on a bucket.
func eachStorage(t *testing.T, test func(t *testing.T, s media.Storage)) {
	t.Run("folder", func(t *testing.T) { test(t, aFolder(t)) })
	if server, ok := s3test.Open(t); ok {
		t.Run("s3", func(t *testing.T) { test(t, aBucket(t, server)) })
	}
}

func aFolder(t testing.TB) *media.Folder {
	f, err := media.OpenFolder(filepath.Join(t.TempDir(), "media"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func aBucket(t testing.TB, server s3test.Server) *media.S3 {
	s, err := media.OpenS3(media.S3Options{
		Endpoint: server.Endpoint, Region: server.Region, Bucket: server.Bucket, PathStyle: true,
		AccessKey: secret.NewText(server.Access), SecretKey: secret.NewText(server.Secret),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// someBytes gives n bytes that look random and are the same each time.
func someBytes(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

func put(t testing.TB, s media.Storage, key string, content []byte) {
	t.Helper()
	n, err := s.Put(t.Context(), key, bytes.NewReader(content))
	if err != nil || n != int64(len(content)) {
		t.Fatalf("put %s: %d %v", key, n, err)
	}
}

func get(t testing.TB, s media.Storage, key string) []byte {
	t.Helper()
	o, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer func() { _ = o.Close() }()
	b, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return b
}

func TestStorageGivesBackWhatItTook(t *testing.T) {
	eachStorage(t, func(t *testing.T, s media.Storage) {
		const part = 5 << 20
		for _, n := range []int{0, 1, 1000, part - 1, part, part + 1, 2 * part, 2*part + 12345} {
			key, content := fmt.Sprintf("a/b-%d", n), someBytes(n)
			put(t, s, key, content)
			if got := get(t, s, key); !bytes.Equal(got, content) {
				t.Errorf("%d bytes came back as %d other ones", n, len(got))
			}
		}
	})
}

func TestStorageReadsAnywhere(t *testing.T) {
	eachStorage(t, func(t *testing.T, s media.Storage) {
		content := someBytes(7<<20 + 17)
		put(t, s, "x", content)
		o, err := s.Open(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = o.Close() }()
		for _, r := range []struct{ off, n int64 }{{0, 10}, {2<<20 - 5, 10}, {7 << 20, 17}, {7 << 20, 100}, {0, 7<<20 + 17}, {5, 0}, {7<<20 + 17, 1}, {1 << 30, 1}} {
			p := make([]byte, r.n)
			n, err := o.ReadAt(p, r.off)
			end := min(r.off+r.n, int64(len(content)))
			want := content[min(r.off, end):end]
			if !bytes.Equal(p[:n], want) {
				t.Errorf("at %d: %d bytes, want %d", r.off, n, len(want))
			}
			if short := int64(len(want)) < r.n; short && !errors.Is(err, io.EOF) || !short && err != nil && !errors.Is(err, io.EOF) {
				t.Errorf("at %d: %v", r.off, err)
			}
		}
	})
}

func TestStorageTellsWhatIsAbsent(t *testing.T) {
	eachStorage(t, func(t *testing.T, s media.Storage) {
		if _, err := s.Open(t.Context(), "a/nothing"); !errors.Is(err, media.ErrAbsent) {
			t.Errorf("open: %v", err)
		}
		if err := s.Delete(t.Context(), "a/nothing"); err != nil {
			t.Errorf("delete: %v", err)
		}
		put(t, s, "a/b/c", []byte("x"))
		if _, err := s.Open(t.Context(), "a/b"); !errors.Is(err, media.ErrAbsent) {
			t.Errorf("open a folder: %v", err)
		}
		if err := s.Delete(t.Context(), "a/b/c"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(t.Context(), "a/b/c"); !errors.Is(err, media.ErrAbsent) {
			t.Errorf("open after delete: %v", err)
		}
		put(t, s, "a/b/c", []byte("anew"))
		if got := get(t, s, "a/b/c"); string(got) != "anew" {
			t.Errorf("got %q", got)
		}
		put(t, s, "a/b/c", []byte("over"))
		if got := get(t, s, "a/b/c"); string(got) != "over" {
			t.Errorf("got %q", got)
		}
	})
}

func TestStorageListsWholeParts(t *testing.T) {
	eachStorage(t, func(t *testing.T, s media.Storage) {
		for _, key := range []string{"org1/a/1", "org1/a/2", "org1/b/1", "org10/a/1", "org2"} {
			put(t, s, key, []byte(key))
		}
		for _, c := range []struct {
			prefix string
			want   []string
		}{
			{"org1", []string{"org1/a/1", "org1/a/2", "org1/b/1"}},
			{"org1/a", []string{"org1/a/1", "org1/a/2"}},
			{"org2", []string{"org2"}},
			{"org3", nil},
			{"", []string{"org1/a/1", "org1/a/2", "org1/b/1", "org10/a/1", "org2"}},
		} {
			var got []string
			for e, err := range s.List(t.Context(), c.prefix) {
				if err != nil {
					t.Fatal(err)
				}
				if got = append(got, e.Key); e.Bytes != int64(len(e.Key)) || e.At.IsZero() {
					t.Errorf("entry %+v", e)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("under %q: %v, want %v", c.prefix, got, c.want)
			}
		}
	})
}

// failingReader gives n bytes and then an error.
type failingReader struct {
	n   int
	err error
}

func (f *failingReader) Read(p []byte) (int, error) {
	if f.n == 0 {
		return 0, f.err
	}
	n := min(len(p), f.n)
	f.n -= n
	return n, nil
}

func TestStorageKeepsNothingOfAFailedWrite(t *testing.T) {
	lost := errors.New("connection lost")
	eachStorage(t, func(t *testing.T, s media.Storage) {
		put(t, s, "kept", []byte("old"))
		for _, n := range []int{0, 100, 12 << 20} {
			for _, key := range []string{"fresh", "kept"} {
				if _, err := s.Put(t.Context(), key, &failingReader{n, lost}); !errors.Is(err, lost) {
					t.Errorf("%d bytes: %v", n, err)
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Put(ctx, "fresh", bytes.NewReader(someBytes(10))); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled write: %v", err)
		}
		if _, err := s.Open(t.Context(), "fresh"); !errors.Is(err, media.ErrAbsent) {
			t.Errorf("something is left: %v", err)
		}
		if got := get(t, s, "kept"); string(got) != "old" {
			t.Errorf("the old object is %q", got)
		}
		if err := s.Tidy(t.Context(), clock.System().Now().Add(time.Hour)); err != nil {
			t.Error(err)
		}
	})
}

func TestStorageRefusesOddKeys(t *testing.T) {
	eachStorage(t, func(t *testing.T, s media.Storage) {
		for _, key := range []string{"", "/", "/a", "a/", "a//b", "..", "a/../b", ".", "a/.hidden", "A", "a b", "a\x00", "ä", `a\b`, strings.Repeat("a", 101)} {
			if _, err := s.Put(t.Context(), key, strings.NewReader("x")); err == nil {
				t.Errorf("put %q is taken", key)
			}
			if _, err := s.Open(t.Context(), key); err == nil || errors.Is(err, media.ErrAbsent) {
				t.Errorf("open %q: %v", key, err)
			}
			if err := s.Delete(t.Context(), key); err == nil {
				t.Errorf("delete %q is taken", key)
			}
		}
	})
}

func TestStorageIsProbed(t *testing.T) {
	eachStorage(t, func(t *testing.T, s media.Storage) {
		if err := media.Probe(t.Context(), s); err != nil {
			t.Error(err)
		}
		for e := range s.List(t.Context(), "probe") {
			t.Errorf("the probe left %s", e.Key)
		}
	})
}

func TestFolderTidiesWhatADeadProcessLeft(t *testing.T) {
	dir := t.TempDir()
	f, err := media.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, ".incoming", "abc")
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Tidy(t.Context(), clock.System().Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err != nil {
		t.Errorf("a young file is gone: %v", err)
	}
	if err := f.Tidy(t.Context(), clock.System().Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an old file is still there: %v", err)
	}
}

func TestFolderIsForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "media")
	f, err := media.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	put(t, f, "a/b", []byte("x"))
	for _, name := range []string{"", "a", "a/b"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%q: %v %v", name, info.Mode(), err)
		}
	}
	if err := os.Symlink(os.TempDir(), filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Put(t.Context(), "out/file", strings.NewReader("x")); err == nil {
		t.Error("a link leads out of the folder")
	}
}

func TestOpenStorageReadsTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		place media.Place
		want  string
	}{
		{media.Place{Folder: filepath.Join(dir, "default")}, "*media.Folder"},
		{media.Place{URL: "file://" + dir + "/other"}, "*media.Folder"},
		{media.Place{URL: "s3://bucket?endpoint=http://127.0.0.1:1&region=eu&path_style=true", AccessKey: secret.NewText("a"), SecretKey: secret.NewText("b")}, "*media.S3"},
		{media.Place{URL: "s3://bucket?endpoint=s3.example.org", AccessKey: secret.NewText("a"), SecretKey: secret.NewText("b")}, "*media.S3"},
		{media.Place{URL: "s3://bucket?region=eu-central-1", AccessKey: secret.NewText("a"), SecretKey: secret.NewText("b")}, "*media.S3"},
		{media.Place{URL: "ftp://x"}, "error"},
		{media.Place{URL: "s3://bucket?endpoint=ftp://x"}, "error"},
	} {
		s, err := media.OpenStorage(c.place)
		got := fmt.Sprintf("%T", s)
		if err != nil {
			got = "error"
		}
		if got != c.want {
			t.Errorf("%s: %s %v, want %s", c.place.URL, got, err, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "other")); err != nil {
		t.Error(err)
	}
}
