package event

import (
	"context"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

const (
	overlap = 2 * time.Second // ids of concurrent commits are ordered to the millisecond only: look back this far
	tick    = time.Second     // the net for changes of other nodes
)

// Hub follows the log while somebody listens and hands each change to those who may see it.
type Hub struct {
	db    *store.DB
	clock clock.Clock
	poke  chan struct{}

	mu        sync.Mutex
	listeners map[*Listener]struct{}
	seen      map[ref.Change]struct{}
	from      time.Time
}

// Listener receives changes of the workspaces it asked for.
type Listener struct {
	C    chan Change // closed never; a full channel drops the listener's oldest wish: it must refetch (see Lost)
	Lost chan struct{}
	want func(Change) bool
}

// NewHub returns a hub; Run must be called for anything to arrive.
func NewHub(db *store.DB, c clock.Clock) *Hub {
	return &Hub{db: db, clock: c, poke: make(chan struct{}, 1), listeners: map[*Listener]struct{}{}}
}

// Listen starts to collect changes for which want says yes. The returned function ends it.
func (h *Hub) Listen(want func(Change) bool) (*Listener, func()) {
	l := &Listener{C: make(chan Change, 256), Lost: make(chan struct{}, 1), want: want}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) == 0 {
		h.from, h.seen = h.clock.Now(), map[ref.Change]struct{}{}
	}
	h.listeners[l] = struct{}{}
	h.Poke()
	return l, func() { h.mu.Lock(); delete(h.listeners, l); h.mu.Unlock() }
}

// Poke says that something was committed. It never blocks.
func (h *Hub) Poke() {
	select {
	case h.poke <- struct{}{}:
	default:
	}
}

// Run follows the log until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	for {
		timer, stop := h.clock.Timer(tick)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-h.poke:
		case <-timer:
		}
		stop()
		h.follow(ctx)
	}
}

func (h *Hub) follow(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) == 0 {
		return
	}
	fresh := map[ref.Change]struct{}{}
	var latest time.Time
	err := h.db.View(ctx, func(tx store.ReadTx) error {
		clear(fresh)
		for _, c := range changes.All(tx, store.Range{From: store.K(firstAt(h.from.Add(-overlap)))}) {
			fresh[c.ID] = struct{}{}
			latest = c.At
			if _, old := h.seen[c.ID]; !old && !c.At.Before(h.from.Add(-overlap)) {
				h.hand(c)
			}
		}
		return nil
	})
	if err == nil {
		h.seen = fresh
		if latest.After(h.from) {
			h.from = latest
		}
	}
}

func (h *Hub) hand(c Change) {
	for l := range h.listeners {
		if !l.want(c) {
			continue
		}
		select {
		case l.C <- c:
		default:
			select {
			case l.Lost <- struct{}{}:
			default:
			}
		}
	}
}
