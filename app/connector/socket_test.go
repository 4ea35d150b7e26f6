package connector_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"github.com/omniposto/omniposto/app/connector"
)

// echo is a server that answers each text with what it makes of it; "" hangs up.
func echo(heard *atomic.Int32, make func(host, text string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		for {
			_, raw, err := conn.Read(r.Context())
			if err != nil {
				return
			}
			heard.Add(1)
			answer := make(r.Header.Get("Original-Host"), string(raw))
			if answer == "" {
				return
			}
			_ = conn.Write(r.Context(), websocket.MessageText, []byte(answer))
		}
	}
}

// talker is a toy whose commit says one text to each of its relays.
func talker(enough int) *toy {
	t := newToy()
	t.spec.Hosts = []connector.Host{connector.Among("relay", "relays")}
	t.spec.Failures = connector.Failures{{Path: "1", Has: "blocked", Class: connector.Rejected, Say: "Blocked there."}}
	t.spec.Kinds[0].Once = connector.Once{By: connector.Deterministic, Why: "same id"}
	t.publish = func(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
		return connector.Commit(ctx, p, "post", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
			var hosts []connector.Request
			for _, at := range strings.Fields(c.Channel.More["relays"]) {
				hosts = append(hosts, connector.Request{Path: at})
			}
			return connector.Receipt{ID: "1"}, c.Talk(ctx, hosts, enough, func(ctx context.Context, s *connector.Socket) error {
				if err := s.Say(ctx, []byte(p.Draft.Text)); err != nil {
					return err
				}
				got, err := s.Hear(ctx)
				if err != nil || string(got) == `["ok"]` {
					return err
				}
				return s.Refused(got)
			})
		})
	}
	return t
}

func TestWhatARelayAnswersDecidesHowTheTalkEnds(t *testing.T) {
	t.Parallel()
	says := func(host, _ string) string {
		return map[string]string{"good.example": `["ok"]`, "well.example": `["ok"]`, "bad.example": `["no","blocked: you"]`, "gone.example": "", "large.example": strings.Repeat("x", 2<<20)}[host]
	}
	for relays, c := range map[string]struct {
		enough int
		want   connector.Ended
		heard  int32
	}{
		"wss://good.example":                      {1, connector.EndPublished, 1},
		"wss://bad.example":                       {1, connector.EndRefused, 1},
		"wss://gone.example":                      {1, connector.EndUnsure, 1},
		"wss://large.example":                     {1, connector.EndUnsure, 1},
		"wss://bad.example wss://good.example":    {1, connector.EndPublished, 2},
		"wss://gone.example wss://good.example":   {1, connector.EndPublished, 2},
		"wss://good.example wss://bad.example":    {2, connector.EndUnsure, 2}, // one has it
		"wss://good.example wss://well.example":   {2, connector.EndPublished, 2},
		"wss://bad.example https://other.example": {3, connector.EndUnsure, 2},
		"ftp://good.example":                      {1, connector.EndRefused, 0},
		"wss://me@good.example":                   {1, connector.EndRefused, 0},
		"":                                        {1, connector.EndRefused, 0},
	} {
		var heard atomic.Int32
		g, m := against(t, echo(&heard, says))
		d := draft()
		d.Channel.More = map[string]string{"relays": relays}
		out := connector.Walk(t.Context(), talker(c.enough), d, g)
		if out.End != c.want || heard.Load() != c.heard {
			t.Errorf("%q: %s (%s), %d heard, %v", relays, out.End, out.Words, heard.Load(), out.Err)
		}
		if want := len(strings.Fields(relays)); c.heard > 0 && len(m.traces) != want {
			t.Errorf("%q: %d traces", relays, len(m.traces))
		}
	}
}

func TestTheLastLookHoldsATalkBack(t *testing.T) {
	t.Parallel()
	var heard atomic.Int32
	g, m := against(t, echo(&heard, func(string, string) string { return `["ok"]` }))
	m.look = false
	d := draft()
	d.Channel.More = map[string]string{"relays": "wss://good.example wss://well.example"}
	if out := connector.Walk(t.Context(), talker(1), d, g); out.End != connector.EndLeaseLost || heard.Load() != 0 {
		t.Errorf("%s, %d heard", out.End, heard.Load())
	}
}

func TestAHandshakeThatIsRefusedIsNoDoubt(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]connector.Ended{http.StatusServiceUnavailable: connector.EndNotAccepted, http.StatusForbidden: connector.EndRefused, http.StatusOK: connector.EndNotAccepted, http.StatusFound: connector.EndNotAccepted} {
		g, _ := against(t, answer(status, "nothing here", "Location", "https://elsewhere.example/"))
		d := draft()
		d.Channel.More = map[string]string{"relays": "wss://good.example"}
		if out := connector.Walk(t.Context(), talker(1), d, g); out.End != want || out.Sent {
			t.Errorf("%d: %s, sent %v: %v", status, out.End, out.Sent, out.Err)
		}
	}
}
