package media

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

const (
	workers      = 4                // inspections at once; decoding has its own turns
	lookAgain    = 30 * time.Second // for what another node left, and what met trouble
	sweepEach    = time.Hour
	abandonAfter = 24 * time.Hour     // since an upload's last piece
	forgetAfter  = 7 * 24 * time.Hour // a refused asset that nobody needs
	tidyAfter    = 48 * time.Hour     // objects that no record names
)

// Run inspects assets as they come, removes what nobody needs any more, and sweeps once an hour, until ctx ends. It
// returns when everything it began has ended. At its start it takes up what an earlier process left.
func (s *Service) Run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	turns := make(chan struct{}, workers)
	swept := -sweepEach
	for ctx.Err() == nil {
		s.dispatch(ctx, &group, turns)
		s.report("remove leftovers", s.clean(ctx))
		if now := s.Clock.Elapsed(); now-swept >= sweepEach {
			swept = now
			s.report("sweep uploads", s.Sweep(ctx))
		}
		again, stop := s.Clock.Timer(lookAgain)
		select {
		case <-ctx.Done():
		case <-s.kick:
		case <-again:
		}
		stop()
	}
}

func (s *Service) report(what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		s.Log.Warn(what, "error", err)
	}
}

// dispatch starts an inspection for each asset that waits, as far as there are workers.
func (s *Service) dispatch(ctx context.Context, group *sync.WaitGroup, turns chan struct{}) {
	waiting, err := s.waiting(ctx)
	s.report("find files to inspect", err)
	for _, a := range waiting {
		if !s.take(a.ID) {
			continue
		}
		select {
		case turns <- struct{}{}:
		default:
			s.release(a.ID, 0)
			return // a worker that ends wakes Run
		}
		group.Add(1)
		go func() {
			defer group.Done()
			defer s.wake()
			defer func() { <-turns }()
			_, err := s.Process(ctx, a.Organization, a.Workspace, a.ID)
			rest := time.Duration(0)
			if err != nil {
				rest = lookAgain
			}
			s.release(a.ID, rest)
			s.report("inspect file", err)
		}()
	}
}

// waiting lists assets that wait for inspection, the oldest first.
func (s *Service) waiting(ctx context.Context) (list []Asset, err error) {
	err = s.DB.View(ctx, func(tx store.ReadTx) error {
		for _, a := range assets.By(tx, "state", store.Range{Prefix: store.K(string(Checking))}) {
			if list = append(list, a); len(list) == 10*workers {
				break
			}
		}
		return nil
	})
	return list, err
}

// take claims an asset for this process, unless it is under way or rests.
func (s *Service) take(id ref.Asset) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[id] || s.resting[id] > s.Clock.Elapsed() {
		return false
	}
	s.busy[id] = true
	return true
}

func (s *Service) release(id ref.Asset, rest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, id)
	delete(s.resting, id)
	if rest > 0 {
		s.resting[id] = s.Clock.Elapsed() + rest
	}
}

// clean removes objects that the records let go of. It may be interrupted anywhere.
func (s *Service) clean(ctx context.Context) error {
	var list []leftover
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		for _, l := range leftovers.All(tx, store.Range{}) {
			if list = append(list, l); len(list) == 100 {
				break
			}
		}
		return nil
	})
	for _, l := range list {
		if err != nil {
			break
		}
		if err = deleteUnder(ctx, s.Storage, l.Prefix); err == nil {
			err = s.DB.Update(ctx, func(tx store.Tx) error {
				leftovers.Delete(tx, store.K(l.Organization, l.Workspace, l.ID))
				return nil
			})
		}
	}
	if err == nil && len(list) == 100 {
		s.wake()
	}
	return err
}

// Sweep ends uploads that nobody goes on with, forgets refused assets that nobody needs, and removes objects that no
// record names. Run calls it once an hour.
func (s *Service) Sweep(ctx context.Context) error {
	abandoned, err := s.sweepUploads(ctx)
	if err == nil {
		err = s.sweepRefused(ctx)
	}
	if err == nil {
		err = s.sweepQuarantine(ctx)
	}
	if err == nil {
		err = s.Storage.Tidy(ctx, s.Clock.Now().Add(-tidyAfter))
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if abandoned > 0 {
		s.Log.Info("uploads ended", "count", abandoned)
	}
	return s.clean(ctx)
}

// sweepUploads refuses what a post needs, so that somebody is told, and removes the rest without a trace.
func (s *Service) sweepUploads(ctx context.Context) (n int, err error) {
	for more := true; more && err == nil; {
		err = s.DB.Update(ctx, func(tx store.Tx) error {
			var idle []Upload
			more = false
			for _, u := range uploads.By(tx, "idle", store.Range{To: store.K(tx.Now().Add(-abandonAfter))}) {
				if idle = append(idle, u); len(idle) == 100 {
					more = true
					break
				}
			}
			for _, u := range idle {
				s.abandon(tx, u)
			}
			n += len(idle)
			return nil
		})
	}
	return n, err
}

func (s *Service) abandon(tx store.Tx, u Upload) {
	a, err := Get(tx, u.Organization, u.Workspace, u.Asset)
	switch {
	case err != nil:
		uploads.Delete(tx, store.K(u.Organization, u.Workspace, u.ID))
		leave(tx, u.Organization, u.Workspace, uploadPrefix(u))
	case s.isNeeded(tx, a):
		s.dropUpload(tx, a)
		s.refuse(tx, a, ErrAbandoned)
	default:
		s.remove(tx, a)
	}
}

// Cancel ends an upload because its person says so. An asset that a post needs is refused, else removed.
func (s *Service) Cancel(tx store.Tx, o ref.Organization, w ref.Workspace, id ref.Upload) error {
	u, err := FindUpload(tx, o, w, id)
	if err != nil {
		return err
	}
	if u.Whole {
		return ErrOffset.With("offset", u.Offset())
	}
	s.abandon(tx, u)
	return nil
}

func (s *Service) sweepRefused(ctx context.Context) error {
	return s.DB.Update(ctx, func(tx store.Tx) error {
		var old []Asset
		for _, a := range assets.By(tx, "state", store.Range{Prefix: store.K(string(Refused))}) {
			if tx.Now().Sub(a.CheckedAt) > forgetAfter && !s.isNeeded(tx, a) {
				if old = append(old, a); len(old) == 500 {
					break
				}
			}
		}
		for _, a := range old {
			s.remove(tx, a)
		}
		return nil
	})
}

// sweepQuarantine removes pieces that were stored but never became part of an upload that still is.
func (s *Service) sweepQuarantine(ctx context.Context) error {
	before := s.Clock.Now().Add(-tidyAfter)
	var old []string
	for e, err := range s.Storage.List(ctx, quarantine) {
		if err != nil {
			return err
		}
		if e.At.Before(before) {
			old = append(old, e.Key)
		}
	}
	known := map[string]bool{}
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		for _, u := range uploads.All(tx, store.Range{}) {
			for _, p := range u.Pieces {
				known[uploadPrefix(u)+"/"+p.Name] = true
			}
		}
		return nil
	})
	for _, key := range old {
		if err != nil {
			return err
		}
		if !known[key] {
			err = s.Storage.Delete(ctx, key)
		}
	}
	return err
}
