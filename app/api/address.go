package api

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// proxies are the hops whose forwarded address is believed.
type proxies struct{ trusted []netip.Prefix }

func newProxies(cidrs []string) (*proxies, error) {
	p := &proxies{}
	for _, c := range cidrs {
		prefix, err := netip.ParsePrefix(c)
		if err != nil {
			return nil, fmt.Errorf("proxies.trusted: %w", err)
		}
		p.trusted = append(p.trusted, prefix)
	}
	return p, nil
}

func (p *proxies) trusts(a netip.Addr) bool {
	for _, t := range p.trusted {
		if t.Contains(a) {
			return true
		}
	}
	return false
}

// address is who really connected: the peer, or, walking X-Forwarded-For from the right over trusted hops, the first
// that isn't one of them. The left-most entry is whatever the client wrote and is never taken on trust.
func (p *proxies) address(c *fiber.Ctx) netip.Addr {
	peer, ok := netip.AddrFromSlice(c.Context().RemoteIP())
	if !ok {
		return netip.IPv4Unspecified()
	}
	return p.walk(peer.Unmap(), c.GetReqHeaders()["X-Forwarded-For"])
}

func (p *proxies) walk(peer netip.Addr, headers []string) netip.Addr {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for i := len(hops) - 1; i >= 0 && p.trusts(peer); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = next.Unmap()
	}
	return peer
}

// prefixOf is the network that stands for an address in logs and limits: /24 or /48.
func prefixOf(a netip.Addr) string {
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
