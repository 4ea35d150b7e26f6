package publish

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/bolt"
)

// house is a whole installation on a bolt file with a clock that the test moves and a platform that it breaks.
type house struct {
	t          *testing.T
	clock      *clock.Manual
	db         *store.DB
	engine     *watched
	del        *delivery.Deliveries
	office     *office
	connectors map[ref.Channel]*courier
	tokens     *purse
	runner     *Runner
	url        string
	stop       func()
	noticed    chan time.Duration // jumps of the clock that the runner noticed

	mu   sync.Mutex
	told []delivery.Told
}

// watched tells when something was committed.
type watched struct {
	store.Engine
	changed *sync.Cond
}

func (e *watched) Update(ctx context.Context, fn func(store.Tx) error) error {
	err := e.Engine.Update(ctx, fn)
	e.changed.L.Lock()
	defer e.changed.L.Unlock()
	e.changed.Broadcast()
	return err
}

var morning = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

func aHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, clock: clock.NewManual(morning), connectors: map[ref.Channel]*courier{}, tokens: &purse{}, noticed: make(chan time.Duration, 1)}
	h.office = &office{now: h.clock.Now}
	server := httptest.NewServer(h.office)
	t.Cleanup(server.Close)
	h.url = server.URL
	file, err := bolt.Open(filepath.Join(t.TempDir(), "store"), bolt.Options{Clock: h.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	h.engine = &watched{file, sync.NewCond(&sync.Mutex{})}
	h.db, err = store.Open(t.Context(), h.engine, append(delivery.Tables(), event.Tables()...)...)
	if err != nil {
		t.Fatal(err)
	}
	h.del = delivery.New(delivery.Deps{Told: func(tx store.Tx, x delivery.Told) {
		delivery.Announce(tx, x)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told = append(h.told, x)
	}})
	t.Cleanup(func() {
		h.close()
		h.checks()
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// opens starts the runner.
func (h *house) opens() *house {
	ctx, cancel := context.WithCancel(h.t.Context())
	h.runner = New(Deps{Store: h.db, Deliveries: h.del, Source: h, Clock: h.clock, Name: "house", Alone: true, Workers: 16,
		Jitter: func() int { return 0 }, Seal: turned, Unseal: turned,
		Jumped: func(d time.Duration) { h.noticed <- d }})
	done := make(chan error, 1)
	go func() { done <- h.runner.Run(ctx) }()
	h.stop = func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	}
	return h
}

func (h *house) close() {
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
}

// checks compares every index and lane with what it stands for.
func (h *house) checks() {
	h.t.Helper()
	ctx := context.Background()
	if err := errors.Join(h.db.Check(ctx), h.db.View(ctx, h.del.Check)); err != nil {
		h.t.Error(err)
	}
}

// turned seals and opens: it turns every bit.
func turned(_ context.Context, _ delivery.Delivery, _ string, b []byte) ([]byte, error) {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = ^b[i]
	}
	return out, nil
}

// purse keeps the one token that all channels share.
type purse struct {
	mu    sync.Mutex
	token connector.Token
}

func (p *purse) read() connector.Token {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.token
}

// Renew implements connector.Tokens.
func (p *purse) Renew(ctx context.Context, refused connector.Token, renew func(context.Context, connector.Token) (connector.Token, error)) (connector.Token, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.token.Same(refused) {
		return p.token, nil
	}
	next, err := renew(ctx, p.token)
	if err == nil {
		p.token = next
	}
	return next, err
}

// Open implements Source: a delivery's words are its target.
func (h *house) Open(_ context.Context, d delivery.Delivery) (Load, error) {
	return Load{Connector: h.connectors[d.Channel],
		Draft: connector.Draft{Text: d.Target, Channel: connector.Channel{ID: d.Channel.String()}},
		Grip:  connector.Grip{Network: loopback, BaseURL: h.url, Token: h.tokens.read(), Tokens: h.tokens}}, nil
}

// channel connects one whose posts are kept at one in this way.
func (h *house) channel(once connector.Once) ref.Channel {
	c := ref.Mint[ref.Channel](morning)
	h.connectors[c] = newCourier(once)
	return c
}

// due schedules words for a channel.
func (h *house) due(c ref.Channel, words string, at time.Time, with ...func(*delivery.Fresh)) delivery.Delivery {
	h.t.Helper()
	f := delivery.Fresh{Organization: id[ref.Organization](1), Workspace: id[ref.Workspace](1), Post: id[ref.Post](1), Channel: c,
		Target: words, DueAt: at, Grace: time.Hour}
	for _, w := range with {
		w(&f)
	}
	var d delivery.Delivery
	h.change(func(tx store.Tx) error { d = h.del.Create(tx, f); return nil })
	return d
}

func (h *house) change(fn func(store.Tx) error) {
	h.t.Helper()
	if err := h.db.Update(h.t.Context(), fn); err != nil {
		h.t.Fatal(err)
	}
	if h.runner != nil {
		h.runner.Poke()
	}
}

func (h *house) move(d delivery.Delivery, on delivery.Event, a delivery.Arg) {
	h.t.Helper()
	h.change(func(tx store.Tx) error {
		now, err := h.del.Get(tx, d.Organization, d.Workspace, d.ID)
		if err == nil {
			_, err = h.del.Move(tx, now, on, a)
		}
		return err
	})
}

// passes lets time pass.
func (h *house) passes(d time.Duration) {
	h.clock.Advance(d)
	h.runner.Poke()
}

// jumps moves the wall clock alone and waits until the runner has noticed.
func (h *house) jumps(d time.Duration) {
	h.t.Helper()
	h.clock.Jump(d)
	h.runner.Poke()
	if got := <-h.noticed; got != d {
		h.t.Errorf("administrators are told of a jump by %s, want %s", got, d)
	}
}

func (h *house) read(d delivery.Delivery) delivery.Delivery {
	h.t.Helper()
	err := h.db.View(h.t.Context(), func(tx store.ReadTx) (err error) {
		d, err = h.del.Get(tx, d.Organization, d.Workspace, d.ID)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

// becomes waits until the delivery is in the state.
func (h *house) becomes(d delivery.Delivery, want delivery.State) delivery.Delivery {
	h.t.Helper()
	return h.until(d, want.String(), func(d delivery.Delivery) bool { return d.State == want })
}

// until waits for something to be true of the delivery; it looks again after each commit.
func (h *house) until(d delivery.Delivery, what string, is func(delivery.Delivery) bool) delivery.Delivery {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	defer cancel()
	lock := h.engine.changed
	defer context.AfterFunc(ctx, func() { lock.L.Lock(); defer lock.L.Unlock(); lock.Broadcast() })()
	lock.L.Lock()
	defer lock.L.Unlock()
	for {
		got := h.read(d)
		if is(got) {
			return got
		}
		if ctx.Err() != nil {
			h.t.Fatalf("%q is %s (%s), want %s", d.Target, got.State, got.Words, what)
		}
		lock.Wait()
	}
}

// wasTold says whether a person was told about the delivery in this state.
func (h *house) wasTold(d delivery.Delivery, s delivery.State) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, x := range h.told {
		if x.ID == d.ID && x.State == s && x.Tell {
			return true
		}
	}
	return false
}

func (h *house) visibleOnce(d delivery.Delivery) {
	h.t.Helper()
	if n, _, _ := h.office.count(d.Target); n != 1 {
		h.t.Errorf("%q is visible %d times, want once", d.Target, n)
	}
}

func (p *purse) set(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token = connector.Token{Access: secret.NewText(token)}
}

var (
	native = connector.Once{By: connector.Native, Life: time.Hour, Then: connector.Lookup}
	lookup = connector.Once{By: connector.Lookup}
)
