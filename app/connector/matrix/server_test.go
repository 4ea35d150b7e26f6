package matrix

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/connector"
)

// serverVariable names the address of a real server, which has the accounts "ada" and "bob" with the password below. A
// Dendrite of one's own serves. Without it this file tests nothing.
const (
	serverVariable = "OMNIPOSTO_MATRIX_SERVER"
	serverPassword = "omniposto-test-pw"
)

// live is a fresh room on the real server, connected as a channel.
type live struct {
	t       *testing.T
	base    string
	grip    connector.Grip
	channel connector.Channel
}

func realServer(t *testing.T) *live {
	t.Helper()
	l := &live{t: t, base: os.Getenv(serverVariable)}
	token := l.ask("", "POST", "/_matrix/client/v3/login", map[string]any{"type": "m.login.password", "identifier": map[string]string{"type": "m.id.user", "user": "bob"}, "password": serverPassword})["access_token"].(string)
	alias := "news" + random.Text(5)
	room := l.ask(token, "POST", "/_matrix/client/v3/createRoom", map[string]any{"preset": "public_chat", "name": "News", "room_alias_name": alias})["room_id"].(string)
	server := room[strings.IndexByte(room, ':')+1:]
	inside := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	l.grip = connector.Grip{Clock: clock.System(), Network: outbound.Guarded(outbound.Rules{AnyPort: true, AllowPrivate: inside})}
	joined, err := connector.Join(t.Context(), New(), "password", map[string]string{"server": l.base, "room": "#" + alias + ":" + server, "username": "ada", "password": serverPassword}, l.grip)
	if err != nil {
		t.Fatal(err)
	}
	if joined.Token.Access.Empty() || len(joined.Token.Extra) != 0 || joined.Channel.RemoteID != room || joined.Channel.Name != "News" {
		t.Errorf("%+v, %d secrets beside the session", joined.Channel, len(joined.Token.Extra))
	}
	l.channel, l.grip.Token = joined.Channel, joined.Token
	return l
}

// ask calls the server without a connector.
func (l *live) ask(token, method, path string, body any) map[string]any {
	l.t.Helper()
	raw, _ := json.Marshal(body)
	r, err := http.NewRequestWithContext(l.t.Context(), method, l.base+path, bytes.NewReader(raw))
	if err != nil {
		l.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out := map[string]any{}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != http.StatusOK {
		l.t.Fatalf("%s %s: %d %v %v", method, path, resp.StatusCode, out, err)
	}
	return out
}

// memory is the smallest driver.
type memory struct {
	connector.Driver
	saved  map[string][]byte
	intent connector.Intent
}

func (m *memory) Saved(step string) ([]byte, bool) { raw, ok := m.saved[step]; return raw, ok }
func (m *memory) Save(_ context.Context, step string, result []byte) error {
	m.saved[step] = result
	return nil
}
func (m *memory) Intent(_ context.Context, i connector.Intent) error { m.intent = i; return nil }
func (m *memory) LastLook() bool                                     { return true }
func (m *memory) Forget([]string)                                    {}
func (m *memory) Trace(connector.Trace)                              {}

func (l *live) draft(words string) connector.Draft {
	return connector.Draft{Key: random.Text(20), Role: connector.Post, At: l.grip.Clock.Now(), Channel: l.channel, Text: words}
}

func (l *live) walk(d connector.Draft, m *memory) connector.Outcome {
	g := l.grip
	g.Driver = m
	return connector.Walk(l.t.Context(), New(), d, g)
}

func (l *live) published(d connector.Draft) connector.Receipt {
	l.t.Helper()
	out := l.walk(d, &memory{saved: map[string][]byte{}})
	if out.End != connector.EndPublished {
		l.t.Fatalf("%s %q %v", out.End, out.Words, out.Err)
	}
	return out.Receipt
}

func (l *live) do(do func(context.Context, *connector.Call) error) {
	l.t.Helper()
	g := l.grip
	if _, err := connector.Do(l.t.Context(), New(), l.channel, &g, "test", func(ctx context.Context, c *connector.Call) (bool, error) { return true, do(ctx, c) }); err != nil {
		l.t.Fatal(err)
	}
}

func TestARealServerShowsWhatWasSentOnce(t *testing.T) {
	if os.Getenv(serverVariable) == "" {
		return
	}
	l := realServer(t)
	d := l.draft("**Hello** & <b> for @bob:example.org")
	m := &memory{saved: map[string][]byte{}}
	first := l.walk(d, m)
	again := l.walk(d, m) // as after a lost answer
	g := l.grip
	g.Driver, g.Doubt = m, &connector.Intent{Step: "send"}
	found := connector.Reconcile(t.Context(), New(), d, g)
	if first.End != connector.EndPublished || again.Receipt.ID != first.Receipt.ID || found.End != connector.EndFound || found.Receipt.ID != first.Receipt.ID {
		t.Fatalf("%+v\n%+v\n%+v", first, again, found)
	}
	with := l.draft("A picture")
	with.Media = []connector.Media{{Name: "dot.png", MIME: "image/png", Type: connector.Image, Size: 8, Width: 1, Height: 1, File: strings.NewReader("\x89PNG\r\n\x1a\n")}}
	picture := l.published(with)
	reply := l.draft("Under it")
	reply.Role, reply.Parent, reply.Root = connector.Reply, &picture, &picture
	second := l.published(reply)
	c := Connector{}
	l.do(func(ctx context.Context, call *connector.Call) error {
		seen, err := c.List(ctx, call)
		if len(seen) != 3 || seen[0].ID != second.ID || seen[2].Sign != d.Key {
			t.Errorf("the list is %+v", seen)
		}
		return err
	})
	l.do(func(ctx context.Context, call *connector.Call) error {
		answers, _, err := c.Replies(ctx, call, picture, "")
		if len(answers) != 1 || answers[0].ID != second.ID || answers[0].Parent != picture.ID {
			t.Errorf("the thread is %+v", answers)
		}
		return err
	})
	l.do(func(ctx context.Context, call *connector.Call) error {
		figures, err := c.Measure(ctx, call, []connector.Receipt{picture})
		if len(figures) != 1 || fmt.Sprint(figures[0].Counts) != "map[likes:0 replies:1]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	l.do(func(ctx context.Context, call *connector.Call) error {
		change := with
		change.Text = "Another *caption*"
		_, err := c.Edit(ctx, call, picture, &change)
		return err
	})
	for range 2 {
		l.do(func(ctx context.Context, call *connector.Call) error { return c.Delete(ctx, call, second) })
	}
	l.do(func(ctx context.Context, call *connector.Call) error { return c.Revoke(ctx, call) })
	if out := l.walk(l.draft("Too late"), &memory{saved: map[string][]byte{}}); out.End != connector.EndReconnect {
		t.Errorf("after the session ended: %s %q", out.End, out.Words)
	}
}

func TestARealServerTakesWhatCheckTakes(t *testing.T) {
	if os.Getenv(serverVariable) == "" {
		return
	}
	l := realServer(t)
	for name, sign := range map[string]string{"plain": "a", "escaped": "\"\n", "of three bytes": "字"} {
		d := l.draft("")
		longest(&d, sign)
		if out := l.walk(d, &memory{saved: map[string][]byte{}}); out.End != connector.EndPublished {
			t.Errorf("%s, %d bytes: %s %q", name, len(d.Text), out.End, out.Words)
		}
	}
	d := l.draft(strings.Repeat("a", 70_000))
	g := l.grip
	g.Driver, g.Unchecked = &memory{saved: map[string][]byte{}}, true
	if out := connector.Walk(t.Context(), New(), d, g); out.End != connector.EndRefused || out.Words == "" {
		t.Errorf("an event that is too large: %s %q", out.End, out.Words)
	}
}
