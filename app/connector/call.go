package connector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/outbound"
)

// Call is the network of one step. It exists only inside a step: nothing can be sent that isn't saved.
type Call struct {
	Now     time.Time // fixed when the step began; a connector has no other clock
	Channel Channel
	Token   Token
	App     App

	spec     *Spec
	step     string
	clock    clock.Clock
	network  *outbound.Dialer
	baseURL  string
	feed     Feed
	public   func(context.Context, Media) (string, error)
	card     func(context.Context, string) (Card, error)
	trace    func(Trace)
	redact   *redactor
	hidden   []string // secrets learned inside the step
	limit    time.Duration
	lastLook func() bool // set on the commit's call
	over     atomic.Bool

	sends  int       // requests begun
	sent   bool      // the commit's first byte left
	failed *Failed   // how the last request failed
	date   time.Time // the platform's clock by the last answer
}

// Request is one request of a call.
type Request struct {
	Method string // "": GET
	Host   string // name of a declared host; "": the first
	Path   string // appended to the host's base; the whole address for a host that the platform hands out
	Query  url.Values
	Raw    string // the query as it goes out, for platforms that read escaped signs as other signs; Query is left out then
	Form   url.Values
	JSON   any
	Parts  []Part // multipart/form-data
	Body   io.Reader
	Size   int64  // of Body; -1: unknown
	Type   string // of Body
	Header map[string]string
	NoAuth bool
	Accept []int // statuses that are good answers too, whatever the table says
	Into   any   // JSON of a good answer; *[]byte and *string take it as it is
	Most   int64 // bytes of the answer; 0: 4 MiB
}

// Part is one part of a multipart body: a value, or a file.
type Part struct {
	Name, Value    string
	File           io.Reader
	Size           int64
	FileName, Type string
}

// errOver is the error of a call that is used after its step ended.
var errOver = errors.New("the step of this call is over")

// errNoPublic says that no public address can be made for a file.
var errNoPublic = errors.New("this server has no public address")

// newCall makes the network of one step.
func newCall(s *Spec, ch Channel, g *Grip, step string) *Call {
	c := &Call{
		Now: g.Clock.Now(), Channel: ch, Token: g.Token, App: g.App,
		spec: s, step: step, clock: g.Clock, network: g.Network, baseURL: g.BaseURL, feed: g.Feed, public: g.Public, card: g.Card, limit: callLimit,
		trace: func(Trace) {},
	}
	if g.Driver != nil {
		c.trace = g.Driver.Trace
	}
	hidden := append(g.Token.plains(), plain(g.App.Secret))
	for name, value := range g.App.Extra {
		if field, ok := s.App.Field(name); ok && field.Secret {
			hidden = append(hidden, value)
		}
	}
	c.redact = newRedactor(hidden)
	return c
}

// Public gives a short signed address at which the platform can fetch the file.
func (c *Call) Public(ctx context.Context, m Media) (string, error) {
	if c.public == nil {
		return "", &Failed{Class: Rejected, Step: c.step, Words: "This platform fetches files itself, and this server has no address that it can reach.", Fix: "public_url", cause: errNoPublic}
	}
	at, err := c.public(ctx, m)
	if err != nil {
		return "", fmt.Errorf("public address of %s: %w", m.Name, err)
	}
	return at, nil
}

// Card gives what a page says of itself, for platforms where the sender makes the link's card. The page is fetched by us,
// guarded, and not by the connector. The zero Card: there is none, and the link stands alone.
func (c *Call) Card(ctx context.Context, address string) (Card, error) {
	if c.card == nil {
		return Card{}, nil
	}
	card, err := c.card(ctx, address)
	if ctx.Err() != nil {
		return Card{}, fmt.Errorf("card: %w", ctx.Err())
	}
	if err != nil {
		return Card{}, nil //nolint:nilerr // a page without a card is no reason not to post
	}
	return card, nil
}

// Hide adds a secret that was learned inside the step, so that it is masked from here on.
func (c *Call) Hide(secrets ...string) {
	c.hidden = append(c.hidden, secrets...)
	c.redact = newRedactor(append(c.Token.plains(), append(c.hidden, plain(c.App.Secret))...))
}

// Dial opens a raw guarded connection to a declared host, for websockets.
func (c *Call) Dial(ctx context.Context, host, path string) (net.Conn, error) {
	at, err := c.address(Request{Host: host, Path: path})
	if err != nil {
		return nil, err
	}
	port := at.Port()
	if port == "" {
		port = map[string]string{"https": "443", "wss": "443"}[at.Scheme]
	}
	if port == "" {
		port = "80"
	}
	conn, err := c.network.Dial(ctx, "tcp", net.JoinHostPort(at.Hostname(), port))
	if err != nil {
		return nil, c.broke(err, false)
	}
	return conn, nil
}

// Feed is our own feed, with the last look before anything is put into it.
func (c *Call) Feed() Feed { return &guardedFeed{c} }

type guardedFeed struct{ c *Call }

func (g *guardedFeed) Put(ctx context.Context, item Item) (Item, error) {
	if err := g.c.begin(ctx); err != nil {
		return Item{}, err
	}
	if g.c.lastLook != nil && !g.c.lastLook() {
		return Item{}, &Failed{Class: Transient, Step: g.c.step, cause: outbound.ErrLastLook}
	}
	g.c.sent = g.c.lastLook != nil
	out, err := g.c.feed.Put(ctx, item)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		g.c.sent = false
		return Item{}, g.c.broke(err, false)
	}
	if err != nil {
		return Item{}, g.c.broke(err, true)
	}
	g.c.failed = nil
	return out, nil
}

func (g *guardedFeed) Find(ctx context.Context, channel, id string) (Item, bool, error) {
	if err := g.c.begin(ctx); err != nil {
		return Item{}, false, err
	}
	item, ok, err := g.c.feed.Find(ctx, channel, id)
	if err != nil {
		return Item{}, false, g.c.broke(err, true)
	}
	return item, ok, nil
}

func (g *guardedFeed) Change(ctx context.Context, item Item) error {
	if err := g.c.begin(ctx); err != nil {
		return err
	}
	if err := g.c.feed.Change(ctx, item); err != nil {
		return g.c.broke(err, true)
	}
	return nil
}

func (g *guardedFeed) Drop(ctx context.Context, channel, id string) error {
	if err := g.c.begin(ctx); err != nil {
		return err
	}
	if err := g.c.feed.Drop(ctx, channel, id); err != nil {
		return g.c.broke(err, true)
	}
	return nil
}

// begin says whether the call may do one more thing.
func (c *Call) begin(ctx context.Context) error {
	if c.over.Load() {
		return errOver
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", c.step, err)
	}
	if c.sends++; c.lastLook != nil && c.sends > 1 {
		return fmt.Errorf("%s: a commit is one call", c.step)
	}
	return nil
}

// broke sorts an error that is no answer.
func (c *Call) broke(err error, left bool) *Failed {
	f := &Failed{Class: Transient, Step: c.step, cause: fmt.Errorf("%s", c.redact.clean(err.Error()))}
	var refused *outbound.Refused
	switch {
	case errors.As(err, &refused):
		f.Class, f.Words, f.cause = Rejected, refused.Words(), refused
	case errors.Is(err, outbound.ErrLastLook):
		f.cause = outbound.ErrLastLook
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		f.Words, f.cause = "The platform didn't answer in time.", context.DeadlineExceeded
	case left:
		f.Words = "The connection broke before an answer came."
	default:
		f.Words = "The platform can't be reached."
	}
	if left && c.lastLook != nil {
		f.Class = Uncertain
	}
	c.failed = f
	return f
}

// address is where a request goes: a declared host, or nothing.
func (c *Call) address(r Request) (*url.URL, error) {
	h, ok := c.spec.host(r.Host)
	if !ok {
		return nil, c.undeclared(r.Host)
	}
	if h.List != "" {
		return c.listed(h, r)
	}
	base, err := h.base(c)
	if err != nil {
		return nil, err
	}
	if h.Pattern != "" {
		return c.handedOut(h, r)
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil, &Failed{Class: Rejected, Step: c.step, Words: "The address of the server can't be used.", Fix: "reconnect"}
	}
	path, query, _ := strings.Cut(r.Path, "?")
	u.RawPath, u.Fragment = "", ""
	joined := strings.TrimSuffix(u.Path, "/") + path
	if unescaped, err := url.PathUnescape(joined); err == nil {
		u.Path, u.RawPath = unescaped, joined
	} else {
		u.Path = joined
	}
	q := u.Query()
	add(q, query)
	for k, v := range r.Query {
		q[k] = v
	}
	u.RawQuery = q.Encode()
	if r.Raw != "" {
		u.RawQuery = r.Raw
	}
	return u, nil
}

func add(q url.Values, raw string) {
	more, _ := url.ParseQuery(raw)
	for k, v := range more {
		q[k] = v
	}
}

func (c *Call) undeclared(host string) error {
	return &Failed{Class: Rejected, Step: c.step, Words: "The platform named an address that isn't its own. Nothing was sent there.", cause: fmt.Errorf("host %q isn't declared", host)}
}

// handedOut checks a whole address that the platform gave against the pattern.
func (c *Call) handedOut(h Host, r Request) (*url.URL, error) {
	u, err := url.Parse(r.Path)
	if err != nil || u.Scheme != "https" || u.User != nil || !hostMatches(h.Pattern, u.Hostname()) || u.Port() != "" && u.Port() != "443" {
		return nil, c.undeclared("handed out")
	}
	q := u.Query()
	for k, v := range r.Query {
		q[k] = v
	}
	if len(r.Query) > 0 {
		u.RawQuery = q.Encode()
	}
	return u, nil
}

func hostMatches(pattern, host string) bool {
	host = strings.ToLower(host)
	if rest, ok := strings.CutPrefix(pattern, "*."); ok {
		return host == rest || strings.HasSuffix(host, "."+rest)
	}
	return host == pattern
}

func (s *Spec) host(name string) (Host, bool) {
	for i, h := range s.Hosts {
		if h.Name == name || name == "" && i == 0 {
			return h, true
		}
	}
	return Host{}, false
}

func (h Host) base(c *Call) (string, error) {
	at := h.Base
	switch {
	case h.Field != "":
		at = c.Channel.Fields[h.Field]
	case h.More != "":
		at = c.Channel.More[h.More]
	case h.Secret != "":
		at = plain(c.Token.Extra[h.Secret])
	case h.Pattern != "":
		return "", nil
	}
	if at == "" {
		return "", &Failed{Class: Reconnect, Step: c.step, Words: "The address of the server is missing. Connect again.", Fix: "reconnect"}
	}
	return at, nil
}
