package media

import (
	"context"
	"sync"

	"github.com/omniposto/omniposto/store"
)

// bell lets callers wait for the next inspection that ends.
type bell struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait gives a channel that is closed at the next ring.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}

// Await waits until Run has made the asset ready or refused, or ctx ends; the asset is then as it is.
func (s *Service) Await(ctx context.Context, a Asset) (Asset, error) {
	for {
		rung := s.ended.wait()
		err := s.DB.View(ctx, func(tx store.ReadTx) (err error) {
			a, err = Get(tx, a.Organization, a.Workspace, a.ID)
			return err
		})
		if err != nil || a.State != Checking {
			return a, err
		}
		select {
		case <-ctx.Done():
			return a, ctx.Err()
		case <-rung:
		}
	}
}
