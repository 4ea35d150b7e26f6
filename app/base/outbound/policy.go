package outbound

import (
	"fmt"
	"net/netip"
	"slices"

	"code.dny.dev/ssrf"
)

// Refused is the error of an address that policy forbids. It names the class of the address and nothing that was there.
type Refused struct {
	Class string // loopback, private, metadata, port, …
}

// Error implements error.
func (r *Refused) Error() string { return "address refused: " + r.Class }

// Words tells a person why and what to do.
func (r *Refused) Words() string {
	switch r.Class {
	case classPort:
		return "Only ports 80 and 443 are allowed for this address."
	case classClear:
		return "This address begins with http://, where a secret can be read on the way. Use https://."
	}
	return fmt.Sprintf("This address leads to a %s address, where this server doesn't go. An administrator can allow it in network.allow_private.", r.Class)
}

const (
	classPort     = "port"
	classMetadata = "metadata"
	classOwn      = "own"
	classForm     = "malformed"
	classClear    = "unencrypted"
)

type denied struct {
	prefix netip.Prefix
	class  string
}

// table is what Guarded refuses, the narrow before the wide. Source: IANA special-purpose registries for IPv4 and IPv6,
// and the metadata addresses of the large hosters (Azure's and Alibaba's aren't link-local), read 2026-08.
var table = []denied{
	{netip.MustParsePrefix("169.254.169.254/32"), classMetadata},
	{netip.MustParsePrefix("169.254.170.2/32"), classMetadata},
	{netip.MustParsePrefix("169.254.170.23/32"), classMetadata},
	{netip.MustParsePrefix("168.63.129.16/32"), classMetadata},
	{netip.MustParsePrefix("100.100.100.200/32"), classMetadata},
	{netip.MustParsePrefix("192.0.0.192/32"), classMetadata},
	{netip.MustParsePrefix("fd00:ec2::254/128"), classMetadata},
	{netip.MustParsePrefix("fd20:ce::254/128"), classMetadata},
	{netip.MustParsePrefix("0.0.0.0/32"), "unspecified"},
	{netip.MustParsePrefix("0.0.0.0/8"), "this-network"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "special"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("192.31.196.0/24"), "special"},
	{netip.MustParsePrefix("192.52.193.0/24"), "special"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("192.175.48.0/24"), "special"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmark"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("255.255.255.255/32"), "broadcast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), "translated"},
	{netip.MustParsePrefix("::/96"), "ipv4-compatible"},
	{netip.MustParsePrefix("64:ff9b::/96"), "nat64"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "nat64"},
	{netip.MustParsePrefix("100::/64"), "discard"},
	{netip.MustParsePrefix("2001::/32"), "teredo"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("2001::/23"), "special"},
	{netip.MustParsePrefix("2002::/16"), "6to4"},
	{netip.MustParsePrefix("2620:4f:8000::/48"), "special"},
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
	{netip.MustParsePrefix("5f00::/16"), "special"},
	{netip.MustParsePrefix("fc00::/7"), "private"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fec0::/10"), "private"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// policy decides about one address.
type policy struct {
	ports []uint16 // nil: any
	allow []netip.Prefix
	own   []netip.AddrPort
	lib   *ssrf.Guardian
}

func newPolicy(r Rules) policy {
	p := policy{allow: r.AllowPrivate, own: r.Own}
	if r.AnyPort {
		p.lib = ssrf.New(ssrf.WithAnyPort())
		return p
	}
	p.ports = []uint16{80, 443}
	p.lib = ssrf.New(ssrf.WithPorts(p.ports...))
	return p
}

// check says nil, or why the address is refused.
func (p policy) check(at netip.AddrPort) error {
	addr := at.Addr().WithZone("")
	if addr.Is4In6() {
		addr = addr.Unmap()
	}
	if p.isOwn(netip.AddrPortFrom(addr, at.Port())) {
		return &Refused{classOwn}
	}
	class := classOf(addr)
	if p.allowed(addr, class) {
		return nil
	}
	if class != "" {
		return &Refused{class}
	}
	if p.ports != nil && !slices.Contains(p.ports, at.Port()) {
		return &Refused{classPort}
	}
	if err := p.lib.SafeAddrPort(netip.AddrPortFrom(addr, at.Port())); err != nil {
		return &Refused{"special"}
	}
	return nil
}

// classOf names what kind of address it is; "" is an ordinary one.
func classOf(addr netip.Addr) string {
	for _, d := range table {
		if d.prefix.Contains(addr) {
			return d.class
		}
	}
	return ""
}

// allowed says that the administrator allowed the address. A wide range never lets a metadata service in: that takes
// its own address as a prefix.
func (p policy) allowed(addr netip.Addr, class string) bool {
	for _, a := range p.allow {
		if a.Contains(addr) && (class != classMetadata || a.IsSingleIP()) {
			return true
		}
	}
	return false
}

func (p policy) isOwn(at netip.AddrPort) bool {
	for _, own := range p.own {
		if own.Port() != at.Port() {
			continue
		}
		everywhere := own.Addr().IsUnspecified()
		if own.Addr() == at.Addr() || everywhere && (at.Addr().IsLoopback() || at.Addr().IsUnspecified()) {
			return true
		}
	}
	return false
}
