// Package s3test gives tests a real S3 server: the one that OMNIPOSTO_TEST_S3 names
// (http://ACCESS:SECRET@host:port?region=…), or versitygw started for the test, which is found on PATH or named by
// OMNIPOSTO_VERSITYGW. Each test gets a bucket of its own. The program doesn't import it.
//
// Why versitygw: it is a whole S3 server that go install builds; a popular fake gave back other bytes than were sent in
// parts and took wrong signatures.
package s3test

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/random"
)

// Server is where a test finds its bucket, which is empty at first.
type Server struct {
	Endpoint, Region, Bucket string
	Access, Secret           string
}

// Open gives a server with a bucket, and false when there is none to be had.
func Open(t testing.TB) (Server, bool) {
	t.Helper()
	if named := os.Getenv("OMNIPOSTO_TEST_S3"); named != "" {
		return running(t, named), true
	}
	program := os.Getenv("OMNIPOSTO_VERSITYGW")
	if program == "" {
		program, _ = exec.LookPath("versitygw")
	}
	if program == "" {
		return Server{}, false
	}
	return start(t, program), true
}

// running reads the address of a running server.
func running(t testing.TB, text string) Server {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil || u.User == nil || u.Host == "" {
		t.Fatalf("OMNIPOSTO_TEST_S3 must be http://ACCESS:SECRET@host:port?region=…")
	}
	s := Server{Endpoint: u.Scheme + "://" + u.Host, Region: u.Query().Get("region"), Bucket: "test-" + random.Text(8), Access: u.User.Username()}
	s.Secret, _ = u.User.Password()
	makeBucket(t, s, u.Host)
	return s
}

// start runs versitygw on a free port until the test ends.
func start(t testing.TB, program string) Server {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"objects", "meta"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s := Server{Region: "us-east-1", Bucket: "media", Access: "test", Secret: random.Text(10)}
	address := freeAddress(t)
	s.Endpoint = "http://" + address
	cmd := exec.Command(program, "--quiet", "--port", address, "posix", "--sidecar", filepath.Join(dir, "meta"), filepath.Join(dir, "objects")) //nolint:gosec // the tester's program
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.Access, "ROOT_SECRET_KEY="+s.Secret)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	makeBucket(t, s, address)
	return s
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// makeBucket waits until the server answers, then makes the bucket.
func makeBucket(t testing.TB, s Server, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
			break
		}
		if clock.Wait(ctx, clock.System(), 20*time.Millisecond) != nil {
			t.Fatalf("%s doesn't answer: %v", s.Endpoint, err)
		}
	}
	client, err := minio.New(address, &minio.Options{Creds: credentials.NewStaticV4(s.Access, s.Secret, ""), Region: s.Region,
		Secure: strings.HasPrefix(s.Endpoint, "https://")})
	if err == nil {
		err = client.MakeBucket(ctx, s.Bucket, minio.MakeBucketOptions{Region: s.Region})
	}
	if err != nil {
		t.Fatalf("make bucket: %v", err)
	}
}
