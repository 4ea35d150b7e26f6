package nostr

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

// relaysOf are requests to each of the channel's relays.
func relaysOf(c *connector.Call) []connector.Request {
	var out []connector.Request
	for _, at := range strings.Fields(c.Channel.More["relays"]) {
		out = append(out, connector.Request{Host: "relay", Path: at})
	}
	return out
}

// send gives an event to all relays, and wants that enough of them take it.
func send(ctx context.Context, c *connector.Call, e event, enough int) error {
	hosts := relaysOf(c)
	return c.Talk(ctx, hosts, min(enough, max(len(hosts), 1)), func(ctx context.Context, s *connector.Socket) error {
		return offer(ctx, c, s, e, true)
	})
}

// offer gives an event to one relay. One that asks who we are is told once.
func offer(ctx context.Context, c *connector.Call, s *connector.Socket, e event, mayTell bool) error {
	if err := say(ctx, s, "EVENT", e); err != nil {
		return err
	}
	challenge := ""
	for {
		raw, text, err := hear(ctx, s)
		switch {
		case err != nil:
			return err
		case len(text) > 1 && text[0] == "AUTH":
			challenge = text[1]
		case len(text) < 4 || text[0] != "OK" || text[1] != e.ID:
		case text[2] == "true":
			return nil // also where it had the event already
		case mayTell && challenge != "" && strings.HasPrefix(text[3], "auth-required:"):
			if err := introduce(ctx, c, s, challenge); err != nil {
				return err
			}
			return offer(ctx, c, s, e, false)
		default:
			return s.Refused(raw)
		}
	}
}

// introduce tells a relay who we are. NIP-42.
func introduce(ctx context.Context, c *connector.Call, s *connector.Socket, challenge string) error {
	me, err := sign(ctx, c, event{Kind: authKind, CreatedAt: c.Now.Unix(), Tags: [][]string{{"relay", s.Address()}, {"challenge", challenge}}})
	if err != nil {
		return err
	}
	if err := say(ctx, s, "AUTH", me); err != nil {
		return err
	}
	for {
		raw, text, err := hear(ctx, s)
		switch {
		case err != nil:
			return err
		case len(text) < 3 || text[0] != "OK" || text[1] != me.ID:
		case text[2] == "true":
			return nil
		default:
			return s.Refused(raw)
		}
	}
}

// ask asks all relays and gives what any of them has, newest first, each once, unchanged ones only.
func ask(ctx context.Context, c *connector.Call, filter map[string]any) ([]event, error) {
	found := map[string]event{}
	err := c.Talk(ctx, relaysOf(c), 1, func(ctx context.Context, s *connector.Socket) error {
		if err := say(ctx, s, "REQ", "q", filter); err != nil {
			return err
		}
		for {
			raw, text, err := hear(ctx, s)
			switch {
			case err != nil:
				return err
			case len(text) > 1 && text[0] == "EOSE":
				return nil
			case len(text) > 2 && text[0] == "CLOSED":
				return s.Refused(raw)
			case len(text) > 2 && text[0] == "EVENT" && len(found) < 1000:
				var e event
				if json.Unmarshal([]byte(text[2]), &e) == nil && e.genuine() {
					found[e.ID] = e
				}
			}
		}
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // sorted by the kit
	}
	var out []event
	for _, e := range found {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b event) int {
		if a.CreatedAt != b.CreatedAt {
			return int(b.CreatedAt - a.CreatedAt)
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

func say(ctx context.Context, s *connector.Socket, parts ...any) error {
	raw, err := json.Marshal(parts)
	if err != nil {
		return err //nolint:wrapcheck // texts and events
	}
	return s.Say(ctx, raw) //nolint:wrapcheck // sorted by the kit
}

// hear gives the parts of a text: words as they are, everything else as JSON.
func hear(ctx context.Context, s *connector.Socket) ([]byte, []string, error) {
	raw, err := s.Hear(ctx)
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // sorted by the kit
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		return raw, nil, nil // a relay that babbles is heard until the time is over
	}
	out := make([]string, len(parts))
	for i, part := range parts {
		if json.Unmarshal(part, &out[i]) != nil {
			out[i] = string(part)
		}
	}
	return raw, out, nil
}
