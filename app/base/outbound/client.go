package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits bound one exchange.
type Limits struct {
	Total     time.Duration // from the dial to the last byte of the answer; 0: 30 s
	Body      int64         // bytes of an answer; 0: 4 MiB
	Redirects int           // followed and rechecked, at most 3; 0: a redirect is the answer
}

const (
	totalTime    = 30 * time.Second
	bodySize     = 4 << 20
	maxRedirects = 3
)

// ErrTooLarge is the error of reading an answer past its limit.
var ErrTooLarge = errors.New("the answer is larger than allowed")

// ErrRedirect is the error of a redirect that isn't followed: one too many, or to an address of another kind.
var ErrRedirect = errors.New("the redirect isn't followed")

func (l Limits) total() time.Duration {
	if l.Total > 0 {
		return l.Total
	}
	return totalTime
}

func (l Limits) body() int64 {
	if l.Body > 0 {
		return l.Body
	}
	return bodySize
}

// Client is an ordinary http client under the dialer's policy and the limits. Each hop of a redirect is dialled, and so
// checked, anew; what identifies us is left behind when the origin changes.
func (d *Dialer) Client(l Limits) *http.Client {
	return &http.Client{
		Transport:     &bounded{d.transport, l.body()},
		Timeout:       l.total(),
		CheckRedirect: redirects(min(l.Redirects, maxRedirects)),
	}
}

// Upgrades is a client for exchanges that turn into something else than HTTP, like websockets: the same policy, no
// redirects, and bounds that are the caller's.
func (d *Dialer) Upgrades() *http.Client {
	return &http.Client{Transport: d.transport, CheckRedirect: redirects(0)}
}

func redirects(most int) func(*http.Request, []*http.Request) error {
	return func(r *http.Request, via []*http.Request) error {
		if most == 0 {
			return http.ErrUseLastResponse
		}
		if len(via) > most {
			return fmt.Errorf("%w: more than %d", ErrRedirect, most)
		}
		from := via[len(via)-1].URL
		if r.URL.Scheme != "https" && (r.URL.Scheme != "http" || from.Scheme == "https") {
			return fmt.Errorf("%w: from %s to %s", ErrRedirect, from.Scheme, r.URL.Scheme)
		}
		if !sameOrigin(from, r.URL) {
			r.Header = stripped(r.Header)
		}
		r.Header.Del("Referer")
		return nil
	}
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) }

// stripped keeps what says how to answer and drops what says who asks.
func stripped(h http.Header) http.Header {
	kept := http.Header{}
	for _, name := range []string{"Accept", "Accept-Language", "User-Agent"} {
		if v, ok := h[name]; ok {
			kept[name] = v
		}
	}
	return kept
}

// bounded cuts the answer's body at most bytes with ErrTooLarge.
type bounded struct {
	next http.RoundTripper
	most int64
}

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{resp.Body, b.most}
	return resp, nil
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return n + int(b.left), ErrTooLarge
	}
	return n, err
}

// deadline adds the limit's time to ctx.
func (l Limits) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, l.total())
}
