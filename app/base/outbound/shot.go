package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// ErrLastLook is the error of a request that the last look held back: nothing was sent.
var ErrLastLook = errors.New("held back before the first byte")

// Shot is one request that is sent once. After Do, Sent says whether a byte of it may have left; while Sent is false
// the other side can't have seen it.
type Shot struct {
	Limits Limits
	Look   func() bool // after the dial and the TLS handshake, right before the first byte; nil: always true
	sent   atomic.Bool
}

// Sent says that the first byte was handed to the connection.
func (s *Shot) Sent() bool { return s.sent.Load() }

// Do sends r over a fresh connection of HTTP/1.1, follows no redirect and never sends it again. The answer's body is
// bounded; closing it closes the connection.
func (d *Dialer) Do(r *http.Request, s *Shot) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, fmt.Errorf("not sent: %w", err)
	}
	ctx, cancel := s.Limits.deadline(r.Context())
	r = r.WithContext(ctx)
	r.GetBody = nil // a body that can't be had again can't be sent again
	t := d.newTransport()
	t.DisableKeepAlives = true
	t.DialContext = func(dialling context.Context, network, address string) (net.Conn, error) {
		conn, err := d.dial(dialling, network, address)
		return s.watch(ctx, conn, err)
	}
	t.DialTLSContext = func(dialling context.Context, network, address string) (net.Conn, error) {
		conn, err := d.dialTLS(dialling, network, address)
		return s.watch(ctx, conn, err)
	}
	resp, err := (&bounded{t, s.Limits.body()}).RoundTrip(r)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("send: %w", err)
	}
	resp.Body = &cancelBody{resp.Body, cancel}
	return resp, nil
}

func (d *Dialer) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("address: %w", err)
	}
	config := d.tlsConfig("http/1.1")
	config.ServerName = host
	secured := tls.Client(conn, config)
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secured, nil
}

func (s *Shot) watch(ctx context.Context, conn net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return &watched{Conn: conn, ctx: ctx, shot: s}, nil
}

// watched asks the context and the last look before its first write, and remembers that it wrote.
type watched struct {
	net.Conn
	ctx  context.Context //nolint:containedctx // of the one request that this connection is for
	shot *Shot
	held error
}

func (w *watched) Write(p []byte) (int, error) {
	if w.held == nil && !w.shot.sent.Load() {
		w.held = w.look()
		w.shot.sent.Store(w.held == nil)
	}
	if w.held != nil {
		return 0, w.held
	}
	return w.Conn.Write(p)
}

func (w *watched) look() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if w.shot.Look != nil && !w.shot.Look() {
		return ErrLastLook
	}
	return nil
}

type cancelBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *cancelBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
