package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Dial opens a connection; it has the form that database drivers, mail and storage clients take.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Rules are what the wiring knows about the way out.
type Rules struct {
	AnyPort      bool             // connector servers (a Mastodon on 8443); otherwise 80 and 443
	AllowPrivate []netip.Prefix   // network.allow_private: any port there
	Own          []netip.AddrPort // our own listeners, refused even where AllowPrivate would let in
	DialTimeout  time.Duration    // 0: 10 s
	Resolver     *net.Resolver    // nil: the system's
	Roots        *x509.CertPool   // nil: the system's
}

const dialTimeout = 10 * time.Second

// Dialer opens connections under one policy. It is safe for many callers.
type Dialer struct {
	dial      Dial
	roots     *x509.CertPool
	sessions  tls.ClientSessionCache
	transport *http.Transport
}

// Guarded is the dialer for addresses that people or platforms give.
func Guarded(r Rules) *Dialer {
	p := newPolicy(r)
	d := netDialer(r)
	d.ControlContext = func(ctx context.Context, network, address string, _ syscall.RawConn) error {
		if network != "tcp4" && network != "tcp6" {
			return &Refused{classForm}
		}
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return &Refused{classForm}
		}
		return p.checkIn(ctx, at)
	}
	return over(func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := literal(ctx, p, address); err != nil {
			return nil, err
		}
		return d.DialContext(ctx, network, address)
	}, r.Roots)
}

// literal refuses an address given as a number before anything is opened, and forms that hide an IPv4 address.
func literal(ctx context.Context, p policy, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil //nolint:nilerr // a name: the resolved address is looked at
	}
	if at.Addr().Is4In6() {
		return &Refused{"mapped"}
	}
	return p.checkIn(ctx, at)
}

type onlyAllowed struct{}

// OnlyAllowed narrows what Guarded opens under ctx to the ranges that the administrator allowed: for secrets that would
// travel in the clear.
func OnlyAllowed(ctx context.Context) context.Context {
	return context.WithValue(ctx, onlyAllowed{}, true)
}

func (p policy) checkIn(ctx context.Context, at netip.AddrPort) error {
	if err := p.check(at); err != nil {
		return err
	}
	if addr := at.Addr().Unmap(); ctx.Value(onlyAllowed{}) != nil && !p.allowed(addr, classOf(addr)) {
		return &Refused{classClear}
	}
	return nil
}

// Configured is the dialer for the operator's own addresses (database, storage, mail, OIDC, AI): no address policy.
func Configured(r Rules) *Dialer { return over(netDialer(r).DialContext, r.Roots) }

// Over is a dialer on top of another way to connect: a tunnel of the operator's, or a network inside a test.
func Over(dial Dial) *Dialer { return over(dial, nil) }

func netDialer(r Rules) *net.Dialer {
	d := &net.Dialer{Timeout: r.DialTimeout, Resolver: r.Resolver, KeepAlive: 30 * time.Second}
	if d.Timeout == 0 {
		d.Timeout = dialTimeout
	}
	return d
}

func over(dial Dial, roots *x509.CertPool) *Dialer {
	d := &Dialer{dial: dial, roots: roots, sessions: tls.NewLRUClientSessionCache(256)}
	d.transport = d.newTransport()
	d.transport.MaxIdleConnsPerHost = 8
	d.transport.MaxIdleConns = 256
	d.transport.IdleConnTimeout = 30 * time.Second
	return d
}

// Dial opens a connection.
func (d *Dialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	return conn, nil
}

// newTransport is Go's transport without a proxy, with bounded headers and handshake.
func (d *Dialer) newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            d.dial,
		TLSClientConfig:        d.tlsConfig("http/1.1"),
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		ResponseHeaderTimeout:  0, // the request's deadline covers it
		DisableCompression:     true,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}

func (d *Dialer) tlsConfig(protocols ...string) *tls.Config {
	return &tls.Config{RootCAs: d.roots, ClientSessionCache: d.sessions, MinVersion: tls.VersionTLS12, NextProtos: protocols}
}

// CloseIdle closes the connections that are kept and not in use.
func (d *Dialer) CloseIdle() { d.transport.CloseIdleConnections() }
