package outbound

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers every A question with the next of addrs, the last one for ever.
func nameServer(t *testing.T, addrs ...string) (*net.Resolver, *atomic.Int32) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	asked := new(atomic.Int32)
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := answer(buf[:n], addrs, asked); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}, asked
}

func answer(question []byte, addrs []string, asked *atomic.Int32) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) == 0 {
		return nil
	}
	m.Response = true
	m.Additionals = nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		i := min(int(asked.Add(1))-1, len(addrs)-1)
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addrs[i]).As4()},
		}}
	}
	raw, err := m.Pack()
	if err != nil {
		return nil
	}
	return raw
}

func TestANameThatTurnsInwardIsRefusedWhenItDoes(t *testing.T) {
	t.Parallel()
	address, came := trap(t)
	_, port, _ := net.SplitHostPort(address)
	// The first answer is harmless (and leads nowhere, the context is over), the second is ourselves.
	resolver, asked := nameServer(t, "192.0.2.10", "127.0.0.1")
	d := Guarded(Rules{AnyPort: true, Resolver: resolver})
	for range 2 {
		if conn, err := d.Dial(context.Background(), "tcp", net.JoinHostPort("rebind.test", port)); err == nil {
			t.Error("dialled")
			_ = conn.Close()
		}
	}
	if asked.Load() < 2 {
		t.Errorf("the name was asked %d times", asked.Load())
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d connections inside", n)
	}
}

func TestANameWithAnInsideAddressIsRefusedByClass(t *testing.T) {
	t.Parallel()
	resolver, _ := nameServer(t, "169.254.169.254")
	d := Guarded(Rules{Resolver: resolver})
	_, err := d.Dial(context.Background(), "tcp", "metadata.test:80")
	if got := classIn(err); got != "metadata" {
		t.Errorf("refused as %q", got)
	}
}
