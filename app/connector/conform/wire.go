package conform

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/outbound"
)

// baseURL is where platforms.<name>.api_url points in these tests.
const baseURL = "http://fake.test"

// break_ is what happens to one exchange.
type break_ int

const (
	pass break_ = iota
	refusedDial
	droppedBefore
	answered // with status, header and body; the platform never hears of it
	acceptedAndDropped
	acceptedThen // the platform accepts, then status, header and body
	halfBody     // the platform accepts, half of its answer arrives
)

type fault struct {
	kind   break_
	status int
	header map[string]string
	body   []byte
}

// exchange is one request as the platform's door saw it.
type exchange struct{ method, path, host string }

// wire is a network inside the test: one server, and faults between it and whoever calls. Each request has a
// connection of its own, so that a dial is a request.
type wire struct {
	clock    *clock.Manual
	platform http.Handler
	listener *pipeListener
	server   *http.Server

	mu     sync.Mutex
	n      int
	seen   []exchange
	abroad []string          // addresses dialled that aren't the fake's
	plan   func(n int) fault // nil: everything passes
	before func(n int)       // before a dial
	after  func(n int)       // the platform has heard
	dead   bool              // this machine is
}

func newWire(c *clock.Manual, platform http.Handler) *wire {
	w := &wire{clock: c, platform: platform, listener: newPipeListener()}
	w.server = &http.Server{Handler: w, ErrorLog: nil} //nolint:gosec // in memory
	w.server.SetKeepAlivesEnabled(false)
	go func() { _ = w.server.Serve(w.listener) }()
	return w
}

func (w *wire) close() { _ = w.server.Close() }

func (w *wire) dialer() *outbound.Dialer { return outbound.Over(w.dial) }

var errRefused = errors.New("connection refused")

func (w *wire) dial(ctx context.Context, _, address string) (net.Conn, error) {
	w.mu.Lock()
	if address != "fake.test:80" {
		w.abroad = append(w.abroad, address)
		w.mu.Unlock()
		return nil, errRefused
	}
	n, before, plan := w.n, w.before, w.plan
	w.mu.Unlock()
	if before != nil {
		before(n)
	}
	w.mu.Lock()
	dead := w.dead
	w.mu.Unlock()
	if dead || plan != nil && plan(n).kind == refusedDial {
		if !dead {
			w.arrived(exchange{})
		}
		return nil, errRefused
	}
	return w.listener.dial(ctx)
}

// arrived counts a request and gives its number.
func (w *wire) arrived(e exchange) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, e)
	w.n++
	return w.n - 1
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	n := w.arrived(exchange{r.Method, r.URL.Path, r.Header.Get("Original-Host")})
	f := fault{}
	if w.plan != nil {
		f = w.plan(n)
	}
	rw.Header().Set("Date", w.clock.Now().Format(http.TimeFormat))
	switch f.kind {
	case droppedBefore:
		hangUp(rw)
		return
	case answered:
		if isSocket(r) && f.says() {
			f.speak(rw, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		f.write(rw)
		return
	}
	if isSocket(r) {
		w.platform.ServeHTTP(&socketDoor{rw, w, n, f}, r)
		return
	}
	got := httptest.NewRecorder()
	w.platform.ServeHTTP(got, r)
	_, _ = io.Copy(io.Discard, r.Body)
	if w.after != nil {
		w.after(n)
	}
	w.mu.Lock()
	dead := w.dead
	w.mu.Unlock()
	if dead {
		hangUp(rw)
		return
	}
	switch f.kind {
	case acceptedAndDropped:
		hangUp(rw)
	case acceptedThen:
		f.write(rw)
	case halfBody:
		half(rw, got)
	default:
		copyAnswer(rw, got)
	}
}

func (f fault) write(rw http.ResponseWriter) {
	for k, v := range f.header {
		rw.Header().Set(k, v)
	}
	rw.WriteHeader(f.status)
	_, _ = rw.Write(f.body)
}

func copyAnswer(rw http.ResponseWriter, got *httptest.ResponseRecorder) {
	for k, v := range got.Header() {
		rw.Header()[k] = v
	}
	rw.WriteHeader(got.Code)
	_, _ = rw.Write(got.Body.Bytes())
}

func half(rw http.ResponseWriter, got *httptest.ResponseRecorder) {
	body := got.Body.Bytes()
	for k, v := range got.Header() {
		rw.Header()[k] = v
	}
	rw.Header().Set("Content-Length", "100000")
	rw.WriteHeader(got.Code)
	_, _ = rw.Write(body[:len(body)/2])
	panic(http.ErrAbortHandler)
}

func hangUp(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// pipeListener accepts connections inside the process.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.done:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }
