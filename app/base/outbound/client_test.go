package outbound

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, c *http.Client, url string, header ...string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(r)
	if resp != nil {
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	return resp, err
}

func TestARedirectIsTheAnswerUnlessAsked(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) })
	d := Guarded(Rules{AllowPrivate: loopback})
	resp, err := get(t, d.Client(Limits{}), s.URL)
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Fatalf("%v %v", resp, err)
	}
	_, err = get(t, d.Client(Limits{Redirects: 9}), s.URL) //nolint:bodyclose // get closes it
	if !errors.Is(err, ErrRedirect) {
		t.Errorf("an endless chain: %v", err)
	}
}

func TestARedirectInwardIsRefusedAtItsHop(t *testing.T) {
	t.Parallel()
	address, came := trap(t)
	inside := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+strings.Replace(address, "127.0.0.1", "127.9.9.9", 1), http.StatusFound)
	})
	only := Guarded(Rules{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	_, err := get(t, only.Client(Limits{Redirects: 3}), inside.URL) //nolint:bodyclose // get closes it
	if classIn(err) != "loopback" || came.Load() != 0 {
		t.Errorf("%v, %d connections", err, came.Load())
	}
	for _, to := range []string{"file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/"} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Location", to); w.WriteHeader(302) })
		if _, err := get(t, only.Client(Limits{Redirects: 3}), s.URL); err == nil { //nolint:bodyclose // get closes it
			t.Errorf("%s was followed", to)
		}
	}
}

func TestAnotherOriginLearnsNothingOfUs(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 1)
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header.Clone() })
	first := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	c := Guarded(Rules{AllowPrivate: loopback}).Client(Limits{Redirects: 3})
	if _, err := get(t, c, first.URL, "Authorization", "Bearer x", "X-Token", "y", "Cookie", "z=1", "User-Agent", "op"); err != nil { //nolint:bodyclose // get closes it
		t.Fatal(err)
	}
	h := <-seen
	if h.Get("Authorization")+h.Get("X-Token")+h.Get("Cookie")+h.Get("Referer") != "" || h.Get("User-Agent") != "op" {
		t.Errorf("the other origin saw %v", h)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
			return
		}
		_, _ = w.Write(bytes.Repeat([]byte("x"), 1000))
	})
	d := Guarded(Rules{AllowPrivate: loopback})
	for limit, whole := range map[int64]bool{999: false, 1000: true, 1001: true} {
		resp, err := get(t, d.Client(Limits{Body: limit}), s.URL)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		if whole != (err == nil && len(raw) == 1000) || !whole && (!errors.Is(err, ErrTooLarge) || int64(len(raw)) > limit) {
			t.Errorf("limit %d: %d bytes, %v", limit, len(raw), err)
		}
	}
	if _, err := get(t, d.Client(Limits{Total: 20 * time.Millisecond}), s.URL+"/slow"); err == nil { //nolint:bodyclose // get closes it
		t.Error("a server that never answers was waited for")
	}
}

func shot(t *testing.T, d *Dialer, url string, s *Shot) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Idempotency-Key", "k")
	resp, err := d.Do(r, s)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	return string(raw), err
}

func TestTheLastLookComesAfterTheDialAndHoldsEverythingBack(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		var got atomic.Int32
		dialled := make(chan bool, 8)
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { got.Add(1); _, _ = w.Write([]byte("ok")) })
		s := httptest.NewUnstartedServer(h)
		s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
			if st == http.StateNew {
				dialled <- true
			}
		}
		rules := Rules{AllowPrivate: loopback}
		if secure {
			s.StartTLS()
			rules.Roots = x509.NewCertPool()
			rules.Roots.AddCert(s.Certificate())
		} else {
			s.Start()
		}
		t.Cleanup(s.Close)
		d := Guarded(rules)
		asked := 0
		no := &Shot{Look: func() bool { asked++; return false }}
		_, err := shot(t, d, s.URL, no)
		if !errors.Is(err, ErrLastLook) || no.Sent() || got.Load() != 0 || asked != 1 {
			t.Errorf("TLS %v: %v, sent %v, %d requests, asked %d times", secure, err, no.Sent(), got.Load(), asked)
		}
		<-dialled // the look came after a dial
		yes := &Shot{Look: func() bool { asked++; return true }}
		if body, err := shot(t, d, s.URL, yes); err != nil || body != "ok" || !yes.Sent() || got.Load() != 1 || asked != 2 {
			t.Errorf("TLS %v: %q %v, sent %v, %d requests", secure, body, err, yes.Sent(), got.Load())
		}
	}
}

func TestAShotThatBreaksIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	var got atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			return
		}
		got.Add(1)
		panic(http.ErrAbortHandler)
	})
	d := Guarded(Rules{AllowPrivate: loopback})
	if _, err := get(t, d.Client(Limits{}), s.URL); err != nil { //nolint:bodyclose // a kept connection is at hand
		t.Fatal(err)
	}
	lost := &Shot{}
	if _, err := shot(t, d, s.URL, lost); err == nil || !lost.Sent() || got.Load() != 1 {
		t.Errorf("%v, sent %v, arrived %d times", err, lost.Sent(), got.Load())
	}
	s.Close()
	refused := &Shot{}
	if _, err := shot(t, d, s.URL, refused); err == nil || refused.Sent() {
		t.Errorf("%v, sent %v", err, refused.Sent())
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	r, _ := http.NewRequestWithContext(over, http.MethodPost, s.URL, http.NoBody)
	ended := &Shot{}
	if _, err := d.Do(r, ended); err == nil || ended.Sent() { //nolint:bodyclose // there is none
		t.Error("sent after its context ended")
	}
}

func TestSecretsTravelInTheClearOnlyWhereAllowed(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	ctx := OnlyAllowed(context.Background())
	for rules, class := range map[*Rules]string{{AllowPrivate: loopback}: "", {AnyPort: true}: "loopback"} {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, http.NoBody)
		resp, err := Guarded(*rules).Client(Limits{}).Do(r)
		if resp != nil {
			_ = resp.Body.Close()
		}
		if classIn(err) != class {
			t.Errorf("%v, want class %q", err, class)
		}
	}
	p := newPolicy(Rules{})
	if got := classIn(p.checkIn(ctx, netip.MustParseAddrPort("8.8.8.8:80"))); got != "unencrypted" {
		t.Errorf("a public address in the clear: %q", got)
	}
}
