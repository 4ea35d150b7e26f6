package connector

import "context"

// Signer reads the sign of one post, for lists that don't show it. It is asked only about posts that may be the one in
// doubt: listed without a sign, not there before the commit, not another delivery's.
type Signer interface {
	SignOf(ctx context.Context, c *Call, r Receipt) (string, error)
}

// signOf is a post's sign: the list's own, or what the connector reads for it.
func (p *Pass) signOf(ctx context.Context, s Seen) (string, error) {
	signer, ok := p.pub.(Signer)
	if s.Sign != "" || !ok {
		return s.Sign, nil
	}
	c := newCall(p.spec, p.Draft.Channel, p.grip, "look")
	defer p.close(c)
	return signer.SignOf(ctx, c, s.Receipt)
}
