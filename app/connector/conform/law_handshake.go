package conform

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

// shakeHands begins, agrees as a person does, and ends by what the browser came back with, or by asking.
func (b *bench) shakeHands(ctx context.Context, a fake.Account, g connector.Grip) (connector.Joined, error) {
	s, at, err := connector.Begin(ctx, b.pub, a.Way, a.Fields, callback, "state-1", g)
	if err != nil {
		return connector.Joined{}, fmt.Errorf("begin: %w", err)
	}
	answer := url.Values{}
	if at != "" {
		back, err := b.browse(ctx, at)
		if err != nil {
			return connector.Joined{}, err
		}
		if answer = back.Query(); s.Every == 0 && answer.Get("state") != "state-1" {
			return connector.Joined{}, fmt.Errorf("the platform sent the browser to %q", back)
		}
	}
	kept, err := keptSignIn(s)
	if err != nil {
		return connector.Joined{}, err
	}
	for range 20 {
		joined, err := connector.Complete(ctx, b.pub, kept, answer, g)
		until, waits := connector.Waiting(err)
		if !waits {
			return joined, err
		}
		b.clock.Advance(max(until.Sub(b.clock.Now()), time.Second))
	}
	return connector.Joined{}, errNobody
}

var errNobody = errors.New("nobody agreed")

// handshake: before a person agreed nothing is given, and what was begun by one isn't ended by another's answer.
func handshake(s *suite) {
	for _, way := range s.pub().Spec().Connect {
		_, can := s.pub().(connector.Handshaker)
		s.is(way.Kind != connector.Handshake || can, way.Way, "nothing begins this handshake")
	}
	for _, a := range s.platform(fake.World{Now: func() time.Time { return start }}).Accounts() {
		if way, _ := s.pub().Spec().Way(a.Way); way.Kind != connector.Handshake {
			s.checked()
			continue
		}
		b := s.unconnected()
		g := b.grip()
		g.Tokens, g.Driver = nil, &tracer{b: b}
		ctx := context.Background()
		begun, at, err := connector.Begin(ctx, b.pub, a.Way, a.Fields, callback, "state-1", g)
		if !s.is(err == nil, a.Way, "begin: %v", err) {
			b.close()
			continue
		}
		if at != "" {
			_, err = connector.Complete(ctx, b.pub, begun, url.Values{"state": {"state-1"}}, g)
			s.is(err != nil, a.Way, "it was given before anybody agreed")
		}
		other, there, err := connector.Begin(ctx, b.pub, a.Way, a.Fields, callback, "state-2", g)
		if s.is(err == nil, a.Way, "begin: %v", err) && there != "" && other.Every == 0 {
			back, err := b.browse(ctx, there)
			s.is(err == nil, a.Way, "agreeing: %v", err)
			_, err = connector.Complete(ctx, b.pub, begun, back.Query(), g)
			s.is(err != nil, a.Way, "it was ended by the answer to another")
		}
		b.close()
	}
}
