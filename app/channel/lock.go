package channel

import (
	"sync"

	"github.com/omniposto/omniposto/app/ref"
)

// locks lets one renewal of a channel's token run at a time.
type locks struct {
	mu   sync.Mutex
	held map[ref.Channel]*held
}

type held struct {
	sync.Mutex
	waiting int
}

func (l *locks) lock(id ref.Channel) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[ref.Channel]*held{}
	}
	h := l.held[id]
	if h == nil {
		h = &held{}
		l.held[id] = h
	}
	h.waiting++
	l.mu.Unlock()
	h.Lock()
	return func() {
		h.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if h.waiting--; h.waiting == 0 {
			delete(l.held, id)
		}
	}
}
