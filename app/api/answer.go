package api

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/op"
)

// heartbeat keeps proxies from closing a quiet stream and finds listeners that are gone.
const heartbeat = 15 * time.Second

// sendEvents writes server-sent events through Fiber's stream writer. Nothing of the Fiber context is used inside.
func (s *Server) sendEvents(hc huma.Context, events op.Events) {
	c := humafiber.Unwrap(hc)
	c.Set("Content-Type", "text/event-stream")
	c.Set("X-Accel-Buffering", "no")
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		ctx, cancel := context.WithCancel(s.streams)
		defer cancel()
		defer func() {
			if r := recover(); r != nil {
				s.Log.Error("panic in a stream", "panic", panicText(r))
			}
		}()
		var mu sync.Mutex
		write := func(format string, args ...any) error {
			mu.Lock()
			defer mu.Unlock()
			if _, err := fmt.Fprintf(w, format, args...); err != nil {
				cancel()
				return err
			}
			if err := w.Flush(); err != nil {
				cancel()
				return err
			}
			return nil
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for clock.Wait(ctx, s.Clock, heartbeat) == nil && write(": still here\n\n") == nil {
				continue
			}
		}()
		if write("retry: 3000\n\n") == nil {
			_ = events(ctx, func(name string, value any) error {
				raw, err := json.Marshal(value)
				if err != nil {
					return err
				}
				return write("event: %s\ndata: %s\n\n", name, raw)
			})
		}
		cancel()
		<-done
	})
}

// sendFile streams a file, whole or the one range asked for.
func (s *Server) sendFile(hc huma.Context, f *op.File) {
	c := humafiber.Unwrap(hc)
	c.Set("Content-Type", f.MIME)
	c.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	c.Set("Cache-Control", "private, max-age=3600")
	if f.NoStore {
		c.Set("Cache-Control", "no-store")
	}
	c.Set("ETag", f.ETag)
	c.Set("Accept-Ranges", "bytes")
	disposition := "inline"
	if f.Download || !(strings.HasPrefix(f.MIME, "image/") || strings.HasPrefix(f.MIME, "video/")) {
		disposition = "attachment"
	}
	c.Set("Content-Disposition", disposition+"; filename*=UTF-8''"+escapeName(f.Name))
	if f.ETag != "" && c.Get("If-None-Match") == f.ETag {
		_ = f.From.Close()
		hc.SetStatus(fiber.StatusNotModified)
		return
	}
	from, length, err := s.span(c, hc, f)
	if err != nil {
		_ = f.From.Close()
		op.WriteProblem(hc, err)
		return
	}
	if _, err := f.From.Seek(from, io.SeekStart); err != nil {
		_ = f.From.Close()
		op.WriteProblem(hc, err)
		return
	}
	c.Context().SetBodyStream(struct {
		io.Reader
		io.Closer
	}{io.LimitReader(f.From, length), f.From}, int(length))
}

// span reads a Range header of one range; anything else is answered whole.
func (s *Server) span(c *fiber.Ctx, hc huma.Context, f *op.File) (from, length int64, err error) {
	spec, ok := strings.CutPrefix(c.Get("Range"), "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash || strings.Contains(spec, ",") {
		hc.SetStatus(fiber.StatusOK)
		return 0, f.Size, nil
	}
	to := f.Size - 1
	switch {
	case first == "":
		n, perr := strconv.ParseInt(last, 10, 64)
		from, err = max(0, f.Size-n), perr
	case last == "":
		from, err = strconv.ParseInt(first, 10, 64)
	default:
		from, err = strconv.ParseInt(first, 10, 64)
		if n, lerr := strconv.ParseInt(last, 10, 64); lerr == nil && n < to {
			to = n
		}
	}
	if err != nil || from < 0 || from > to {
		c.Set("Content-Range", fmt.Sprintf("bytes */%d", f.Size))
		return 0, 0, errRange
	}
	hc.SetStatus(fiber.StatusPartialContent)
	c.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, f.Size))
	return from, to - from + 1, nil
}

var errRange = &fail.Error{Kind: fail.KindRange, Code: "range_invalid", Message: "The file has no such part."}

func escapeName(name string) string {
	var b strings.Builder
	for _, c := range []byte(name) {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// files answers with the web interface.
func (s *Server) files(c *fiber.Ctx) error {
	f, ok := s.Files(c.Path(), c.Get("Accept-Encoding"))
	if !ok {
		return errNoRoute
	}
	c.Set("Content-Type", f.MIME)
	c.Vary("Accept-Encoding")
	c.Set("ETag", f.ETag)
	c.Set("Cache-Control", "no-cache")
	if f.Immutable {
		c.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if c.Get("If-None-Match") == f.ETag && f.ETag != "" {
		return c.SendStatus(fiber.StatusNotModified)
	}
	if f.Encoding != "" {
		c.Set("Content-Encoding", f.Encoding)
	}
	return c.Send(f.Body)
}

func (s *Server) health(c *fiber.Ctx) error { return c.JSON(fiber.Map{"status": "up"}) }

func (s *Server) ready(c *fiber.Ctx) error {
	if err := s.Ready(c.UserContext()); err != nil {
		p := op.Of(err)
		return c.Status(fiber.StatusServiceUnavailable).JSON(fiber.Map{"status": "not ready", "code": p.Code, "detail": p.Detail})
	}
	return c.JSON(fiber.Map{"status": "ready"})
}

// metrics answers to whoever holds the token.
func (s *Server) metrics(c *fiber.Ctx) error {
	if s.Metrics == nil || s.MetricsKey == "" || !same(c.Get("Authorization"), "Bearer "+s.MetricsKey) {
		return errNoRoute
	}
	body, mime := s.Metrics()
	c.Set("Content-Type", mime)
	return c.Send(body)
}

func (s *Server) openapi(c *fiber.Ctx) error {
	raw, err := s.Document()
	if err != nil {
		return err
	}
	c.Set("Content-Type", "application/json")
	return c.Send(raw)
}

// Document is the OpenAPI 3.1 document.
func (s *Server) Document() ([]byte, error) {
	raw, err := json.MarshalIndent(s.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return append(raw, '\n'), nil
}

// Listen opens the address.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	var opErr *net.OpError
	if errors.As(err, &opErr) {
		return nil, fmt.Errorf("listen on %s: %w; is another server running there?", address, opErr.Err)
	}
	return l, err
}

// same compares two secrets in constant time.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
