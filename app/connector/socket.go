package connector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/omniposto/omniposto/app/base/outbound"
)

const (
	talkTime    = 15 * time.Second // of one conversation
	maxHeard    = 1 << 20          // bytes of one text that is heard
	upgradeRead = 1024             // bytes of a refused handshake that are read
)

// Socket is a conversation over a websocket: texts go out and come in.
type Socket struct {
	call *Call
	at   string // as it was asked for
	conn *websocket.Conn
	said bool // a text left, so that the other side may have heard
}

// Talk holds one conversation with each of these hosts, one after the other, as one request of the step. It is nil when
// with enough of them talk went well; the hosts after those are talked to all the same, and their failures are traced.
//
// On a commit the last look is asked before the first text leaves. What several hosts get there must be the same thing
// under one id, as with a platform that takes our id: where too few took it and one may have, the end is doubt.
func (c *Call) Talk(ctx context.Context, hosts []Request, enough int, talk func(ctx context.Context, s *Socket) error) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	good := 0
	var worst *Failed
	for _, r := range hosts {
		err := c.talkTo(ctx, r, talk)
		if err == nil {
			good++
			continue
		}
		if errors.Is(err, outbound.ErrLastLook) || ctx.Err() != nil && !c.sent {
			return c.keep(err)
		}
		worst = worse(worst, err, c.step)
	}
	if good >= enough {
		c.failed = nil
		return nil
	}
	if worst == nil {
		worst = &Failed{Class: Rejected, Words: "There is nobody to talk to."}
	}
	if c.lastLook != nil && good > 0 {
		worst.Class = Uncertain
	}
	return c.keep(worst)
}

// worse is the failure that says most about what to do: doubt, then what passes, then what doesn't.
func worse(a *Failed, err error, step string) *Failed {
	b := AsFailed(err)
	if b == nil {
		b = &Failed{Class: Transient, Step: step, cause: err}
	}
	order := map[Class]int{Uncertain: 5, RateLimited: 4, Transient: 3, Processing: 3, Reconnect: 2, Rejected: 1, Duplicate: 1}
	if a == nil || order[b.Class] > order[a.Class] {
		return b
	}
	return a
}

func (c *Call) talkTo(ctx context.Context, r Request, talk func(context.Context, *Socket) error) error {
	started, began := c.clock.Now(), c.clock.Elapsed()
	at, err := c.address(r)
	if err != nil {
		return c.keep(err)
	}
	header := http.Header{"User-Agent": {agent}}
	if c.baseURL != "" {
		header.Set("Original-Host", at.Host)
	}
	if err := c.move(at); err != nil {
		return c.keep(err)
	}
	if at.Scheme == "http" && c.baseURL == "" {
		ctx = outbound.OnlyAllowed(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, talkTime)
	defer cancel()
	req := &http.Request{Method: "TALK", URL: at, Header: header}
	conn, a, err := c.shake(ctx, at, header)
	if err == nil {
		s := &Socket{call: c, at: r.Path, conn: conn}
		err = c.keep(talk(ctx, s))
		_ = conn.CloseNow()
	}
	c.tell(req, a, err, started, began)
	return err
}

// shake opens the websocket. An answer that opens none is sorted by the failure table: nothing was said.
func (c *Call) shake(ctx context.Context, at *url.URL, header http.Header) (*websocket.Conn, *answer, error) {
	conn, resp, err := websocket.Dial(ctx, at.String(), &websocket.DialOptions{HTTPClient: c.network.Upgrades(), HTTPHeader: header})
	if resp == nil {
		return nil, nil, c.broke(err, false)
	}
	if when, parseErr := http.ParseTime(resp.Header.Get("Date")); parseErr == nil {
		c.date = when.UTC()
	}
	a := &answer{step: c.step, status: resp.StatusCode, header: resp.Header}
	if err == nil {
		conn.SetReadLimit(maxHeard)
		return conn, a, nil
	}
	if resp.Body != nil {
		a.body, _ = io.ReadAll(io.LimitReader(resp.Body, upgradeRead))
	}
	a.json = decoded(a.body)
	f := c.spec.Failures.sort(a, c.clock.Now())
	if f == nil {
		f = &Failed{Class: Transient, Status: a.status, Words: "The server opened no conversation."}
	}
	return nil, a, c.keep(f)
}

// Address is where the conversation is held, as it was asked for.
func (s *Socket) Address() string { return s.at }

// Say sends a text.
func (s *Socket) Say(ctx context.Context, text []byte) error {
	c := s.call
	if c.lastLook != nil && !s.said {
		if !c.lastLook() {
			return &Failed{Class: Transient, Step: c.step, cause: outbound.ErrLastLook}
		}
		if err := ctx.Err(); err != nil {
			return c.broke(err, false)
		}
	}
	s.said = true
	c.sent = c.sent || c.lastLook != nil
	if err := s.conn.Write(ctx, websocket.MessageText, text); err != nil {
		return c.broke(fmt.Errorf("say: %w", err), true)
	}
	return nil
}

// Hear waits for the next text.
func (s *Socket) Hear(ctx context.Context) ([]byte, error) {
	kind, text, err := s.conn.Read(ctx)
	if err != nil {
		return nil, s.call.broke(fmt.Errorf("hear: %w", err), s.said)
	}
	if kind != websocket.MessageText || tooDeep(text) {
		return nil, s.call.broke(errUnreadable, s.said)
	}
	return bytes.TrimSpace(text), nil
}

// Refused sorts a text that says no by the failure table, as an answer of status 400.
func (s *Socket) Refused(text []byte) error {
	a := &answer{step: s.call.step, status: http.StatusBadRequest, header: http.Header{}, body: text, json: decoded(text)}
	return s.call.keep(s.call.spec.Failures.sort(a, s.call.clock.Now()))
}

// listed checks a whole address against those that were learned at connect or entered.
func (c *Call) listed(h Host, r Request) (*url.URL, error) {
	want, err := url.Parse(webScheme(r.Path))
	if err != nil || want.Host == "" || want.User != nil {
		return nil, c.undeclared("listed")
	}
	for _, one := range h.addresses(c.Channel) {
		if at, err := url.Parse(webScheme(one)); err == nil && at.Scheme == want.Scheme && strings.EqualFold(at.Host, want.Host) && (want.Scheme == "https" || want.Scheme == "http") {
			return want, nil
		}
	}
	return nil, c.undeclared("listed")
}

// webScheme writes a websocket's address as the web's.
func webScheme(s string) string {
	for from, to := range map[string]string{"wss://": "https://", "ws://": "http://"} {
		if rest, ok := strings.CutPrefix(s, from); ok {
			return to + rest
		}
	}
	return s
}
