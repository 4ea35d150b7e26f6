package outbound

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
)

// addresses are what people may paste, with the class that refuses it; "" goes out.
var addresses = []struct{ at, class string }{
	{"8.8.8.8:80", ""}, {"8.8.8.8:443", ""}, {"1.1.1.1:443", ""}, {"93.184.216.34:80", ""}, {"151.101.1.140:443", ""},
	{"[2606:4700:4700::1111]:443", ""}, {"[2a00:1450:4001:82b::200e]:80", ""}, {"[2620:fe::fe]:443", ""},
	{"172.15.255.255:443", ""}, {"172.32.0.1:443", ""}, {"100.63.255.255:443", ""}, {"100.128.0.1:443", ""},
	{"11.0.0.1:80", ""}, {"9.255.255.255:80", ""}, {"126.255.255.255:80", ""}, {"128.0.0.1:80", ""},
	{"169.253.255.255:80", ""}, {"169.255.0.1:80", ""}, {"192.167.255.255:80", ""}, {"192.169.0.1:80", ""},
	{"198.17.255.255:80", ""}, {"198.20.0.1:80", ""}, {"223.255.255.255:80", ""},
	{"8.8.8.8:22", "port"}, {"8.8.8.8:25", "port"}, {"8.8.8.8:8080", "port"}, {"8.8.8.8:8443", "port"}, {"8.8.8.8:6379", "port"},
	{"8.8.8.8:0", "port"}, {"8.8.8.8:65535", "port"}, {"[2606:4700:4700::1111]:22", "port"}, {"1.1.1.1:53", "port"},
	{"127.0.0.1:80", "loopback"}, {"127.0.0.1:443", "loopback"}, {"127.1.2.3:80", "loopback"}, {"127.255.255.254:80", "loopback"},
	{"127.0.0.1:8080", "loopback"}, {"[::1]:80", "loopback"}, {"[::1]:443", "loopback"},
	{"0.0.0.0:80", "unspecified"}, {"[::]:80", "unspecified"}, {"0.1.2.3:80", "this-network"}, {"0.255.255.255:80", "this-network"},
	{"10.0.0.1:80", "private"}, {"10.255.255.255:443", "private"}, {"172.16.0.1:80", "private"}, {"172.31.255.255:80", "private"},
	{"192.168.0.1:80", "private"}, {"192.168.255.255:443", "private"}, {"192.168.1.1:80", "private"},
	{"100.64.0.1:80", "carrier"}, {"100.127.255.255:80", "carrier"}, {"100.100.100.100:80", "carrier"},
	{"169.254.0.1:80", "link-local"}, {"169.254.255.255:80", "link-local"}, {"[fe80::1]:80", "link-local"}, {"[febf::1]:443", "link-local"},
	{"[fe80::1%eth0]:80", "link-local"},
	{"169.254.169.254:80", "metadata"}, {"169.254.170.2:80", "metadata"}, {"169.254.170.23:80", "metadata"}, {"168.63.129.16:80", "metadata"},
	{"100.100.100.200:80", "metadata"}, {"192.0.0.192:80", "metadata"}, {"[fd00:ec2::254]:80", "metadata"}, {"[fd20:ce::254]:80", "metadata"},
	{"192.0.0.1:80", "special"}, {"192.0.0.170:80", "special"}, {"192.31.196.1:80", "special"}, {"192.52.193.1:80", "special"}, {"192.175.48.1:80", "special"},
	{"192.0.2.1:80", "documentation"}, {"198.51.100.7:80", "documentation"}, {"203.0.113.9:80", "documentation"}, {"[2001:db8::1]:80", "documentation"}, {"[3fff::1]:80", "documentation"},
	{"192.88.99.1:80", "6to4"}, {"[2002:7f00:1::]:80", "6to4"}, {"[2002:a00:1::1]:443", "6to4"}, {"[2002:808:808::1]:80", "6to4"},
	{"198.18.0.1:80", "benchmark"}, {"198.19.255.255:80", "benchmark"},
	{"224.0.0.1:80", "multicast"}, {"239.255.255.250:80", "multicast"}, {"[ff02::1]:80", "multicast"}, {"[ff0e::1]:443", "multicast"},
	{"255.255.255.255:80", "broadcast"}, {"240.0.0.1:80", "reserved"}, {"250.1.2.3:443", "reserved"},
	{"[::ffff:127.0.0.1]:80", "loopback"}, {"[::ffff:10.0.0.1]:80", "private"}, {"[::ffff:169.254.169.254]:80", "metadata"}, {"[::ffff:a9fe:a9fe]:80", "metadata"},
	{"[::ffff:0:127.0.0.1]:80", "translated"}, {"[::127.0.0.1]:80", "ipv4-compatible"}, {"[::808:808]:80", "ipv4-compatible"},
	{"[64:ff9b::7f00:1]:80", "nat64"}, {"[64:ff9b::a00:1]:80", "nat64"}, {"[64:ff9b::808:808]:443", "nat64"}, {"[64:ff9b:1::1]:80", "nat64"},
	{"[100::1]:80", "discard"}, {"[2001::1]:80", "teredo"}, {"[2001:0:4136:e378::]:80", "teredo"}, {"[2001:20::1]:80", "special"}, {"[2001:1::1]:80", "special"},
	{"[5f00::1]:80", "special"}, {"[2620:4f:8000::1]:80", "special"}, {"[4000::1]:80", "special"}, {"[200::1]:80", "special"},
	{"[fc00::1]:80", "private"}, {"[fd12:3456::1]:443", "private"}, {"[fec0::1]:80", "private"}, {"[feff::1]:80", "private"},
}

func TestGuardedRefusesWhatIsNotThePublicInternet(t *testing.T) {
	t.Parallel()
	if len(addresses) < 100 {
		t.Fatalf("only %d addresses", len(addresses))
	}
	p := newPolicy(Rules{})
	for _, a := range addresses {
		if got := classIn(p.check(netip.MustParseAddrPort(a.at))); got != a.class {
			t.Errorf("%s: refused as %q, want %q", a.at, got, a.class)
		}
	}
}

func classIn(err error) string {
	var r *Refused
	if errors.As(err, &r) {
		return r.Class
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestAdministratorsAllowRangesWithAnyPort(t *testing.T) {
	t.Parallel()
	rules := Rules{
		AllowPrivate: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("fd00::/8")},
		Own:          []netip.AddrPort{netip.MustParseAddrPort("0.0.0.0:8080"), netip.MustParseAddrPort("10.1.1.1:9090")},
	}
	for at, class := range map[string]string{
		"10.0.0.1:9000": "", "127.0.0.1:8081": "", "[fd00::1]:22": "", "[::ffff:10.0.0.1]:9000": "",
		"127.0.0.1:8080": "own", "10.1.1.1:9090": "own", "169.254.169.254:80": "metadata", "[fd00:ec2::254]:80": "metadata", "[::1]:80": "loopback",
	} {
		if got := classIn(newPolicy(rules).check(netip.MustParseAddrPort(at))); got != class {
			t.Errorf("%s: refused as %q, want %q", at, got, class)
		}
	}
	named := Rules{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("169.254.169.254/32")}}
	if err := newPolicy(named).check(netip.MustParseAddrPort("169.254.169.254:80")); err != nil {
		t.Errorf("a metadata address allowed by name: %v", err)
	}
}

func TestConnectorServersHaveAnyPortAndNoPrivateAddress(t *testing.T) {
	t.Parallel()
	p := newPolicy(Rules{AnyPort: true})
	if err := p.check(netip.MustParseAddrPort("8.8.8.8:8443")); err != nil {
		t.Error(err)
	}
	if got := classIn(p.check(netip.MustParseAddrPort("192.168.1.1:8443"))); got != "private" {
		t.Errorf("refused as %q", got)
	}
}

// trap listens on loopback and counts who came.
func trap(t *testing.T) (address string, came *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	came = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String(), came
}

func TestGuardedOpensNothingInside(t *testing.T) {
	t.Parallel()
	address, came := trap(t)
	_, port, _ := net.SplitHostPort(address)
	d := Guarded(Rules{AnyPort: true})
	for _, host := range []string{"127.0.0.1", "localhost", "::ffff:127.0.0.1", "0.0.0.0", "0", "127.1", "2130706433", "0x7f.0.0.1", "[::ffff:127.0.0.1]"} {
		if len(host) > 0 && host[0] == '[' {
			host = host[1 : len(host)-1]
		}
		if conn, err := d.Dial(context.Background(), "tcp", net.JoinHostPort(host, port)); err == nil {
			t.Errorf("%s was dialled", host)
			_ = conn.Close()
		}
	}
	if n := came.Load(); n != 0 {
		t.Errorf("%d connections inside", n)
	}
	if conn, err := Configured(Rules{}).Dial(context.Background(), "tcp", address); err != nil {
		t.Errorf("the operator's address: %v", err)
	} else {
		_ = conn.Close()
	}
}
