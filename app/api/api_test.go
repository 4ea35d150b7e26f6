package api

import (
	"net/netip"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/op"
)

func TestForwardedAddressIsWalkedFromTheRight(t *testing.T) {
	p, err := newProxies([]string{"10.0.0.0/8", "127.0.0.1/32"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		peer    string
		headers []string
		want    string
	}{
		{"no proxy", "203.0.113.9", nil, "203.0.113.9"},
		{"a stranger's header counts for nothing", "203.0.113.9", []string{"6.6.6.6"}, "203.0.113.9"},
		{"one hop", "10.0.0.1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"the left-most is the client's own word", "10.0.0.1", []string{"6.6.6.6, 198.51.100.7"}, "198.51.100.7"},
		{"two hops of ours", "10.0.0.1", []string{"198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"folded headers", "10.0.0.1", []string{"6.6.6.6", "198.51.100.7"}, "198.51.100.7"},
		{"rubbish stops the walk", "10.0.0.1", []string{"198.51.100.7, rubbish"}, "10.0.0.1"},
		{"empty header", "10.0.0.1", []string{""}, "10.0.0.1"},
		{"all ours", "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := p.walk(netip.MustParseAddr(c.peer), c.headers); got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestLimitsHoldAndRefill(t *testing.T) {
	c := clock.NewManual(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	l := newLimits(c, 1)
	burst := allowances[op.SignIn].burst
	for i := range burst {
		if _, err := l.take(op.SignIn, "a"); err != nil {
			t.Fatalf("request %d of %d: %v", i, burst, err)
		}
	}
	if _, err := l.take(op.SignIn, "a"); err == nil {
		t.Fatal("one over the burst passes")
	}
	if _, err := l.take(op.SignIn, "b"); err != nil {
		t.Error("another caller is held back too")
	}
	if _, err := l.take(op.Cheap, "a"); err != nil {
		t.Error("another class is held back too")
	}
	c.Jump(time.Hour)
	if _, err := l.take(op.SignIn, "a"); err == nil {
		t.Error("a corrected wall clock gave new requests")
	}
	c.Advance(6 * time.Second)
	if _, err := l.take(op.SignIn, "a"); err != nil {
		t.Error("nothing came back after six seconds at one in five")
	}
}

func TestLimitsForgetBeforeTheyGrowWithoutEnd(t *testing.T) {
	l := newLimits(clock.NewManual(time.Unix(1e9, 0)), 1)
	for i := range maxBuckets + 500 {
		if _, err := l.take(op.Cheap, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String()); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.buckets) > maxBuckets {
		t.Errorf("%d buckets", len(l.buckets))
	}
}

func TestNetworksStandForAddresses(t *testing.T) {
	for in, want := range map[string]string{"198.51.100.77": "198.51.100.0/24", "2001:db8:1:2::3": "2001:db8:1::/48"} {
		if got := prefixOf(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
}
