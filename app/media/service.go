package media

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Deps is what the service needs.
type Deps struct {
	DB       store.Engine
	Storage  Storage
	Clock    clock.Clock
	Log      *slog.Logger // nil = none
	MaxBytes int64        // of a file; 0 = DefaultMaxBytes
	After    func()       // told when an inspection has ended and its outcome is stored; nil = nobody
}

// DefaultMaxBytes is how large a file may be where nobody says otherwise.
const DefaultMaxBytes = 2 << 30

// Service takes, checks, gives and removes files. Safe for use by many goroutines.
type Service struct {
	Deps
	settled     []func(store.Tx, Asset)
	needed      []func(store.ReadTx, Asset) bool
	here, apart chan struct{} // turns for decoding in this process and in a child
	kick        chan struct{} // an asset is waiting for inspection
	ended       bell          // rings when an inspection ended

	mu      sync.Mutex
	busy    map[ref.Asset]bool
	resting map[ref.Asset]time.Duration // not before this elapsed time, after trouble around it
}

// New makes the service. OnSettled and NeededBy are called before anything else.
func New(d Deps) *Service {
	if d.MaxBytes == 0 {
		d.MaxBytes = DefaultMaxBytes
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{
		Deps: d, here: make(chan struct{}, 2), apart: make(chan struct{}, 1), kick: make(chan struct{}, 1),
		busy: map[ref.Asset]bool{}, resting: map[ref.Asset]time.Duration{},
	}
}

// OnSettled adds a function that runs in the transaction that makes an asset ready or refused. It may run again, as
// every function of a transaction may.
func (s *Service) OnSettled(fn func(tx store.Tx, a Asset)) { s.settled = append(s.settled, fn) }

// NeededBy adds a function that says whether something still needs an asset; then it isn't deleted.
func (s *Service) NeededBy(fn func(tx store.ReadTx, a Asset) bool) { s.needed = append(s.needed, fn) }

func (s *Service) isNeeded(tx store.ReadTx, a Asset) bool {
	return slices.ContainsFunc(s.needed, func(fn func(store.ReadTx, Asset) bool) bool { return fn(tx, a) })
}

// Get finds an asset of a workspace; else ErrNotFound.
func Get(tx store.ReadTx, o ref.Organization, w ref.Workspace, id ref.Asset) (Asset, error) {
	a, ok := assets.Get(tx, store.K(o, w, id))
	if !ok {
		return Asset{}, ErrNotFound
	}
	return a, nil
}

// Page lists assets of a workspace, the newest first: after the one given (zero = from the newest), at most n, and
// whether there are more. With a kind it lists ready ones of that kind.
func Page(tx store.ReadTx, o ref.Organization, w ref.Workspace, kind Kind, after ref.Asset, n int) (list []Asset, more bool) {
	prefix := store.K(o, w)
	walk := func(r store.Range) func(func(store.Key, Asset) bool) { return assets.All(tx, r) }
	if kind != "" {
		prefix = store.K(o, w, string(kind))
		walk = func(r store.Range) func(func(store.Key, Asset) bool) { return assets.By(tx, "kind", r) }
	}
	r := store.Range{Prefix: prefix, Back: true}
	if !after.Zero() {
		r.To = append(append(store.Key{}, prefix...), store.K(after)...)
	}
	for _, a := range walk(r) {
		if len(list) == n {
			return list, true
		}
		list = append(list, a)
	}
	return list, false
}

// Visible reads at most n ready assets of the organization from the key on; next is where to go on, empty at the end.
func Visible(tx store.ReadTx, o ref.Organization, from store.Key, n int) (list []Asset, next store.Key) {
	for key, a := range assets.All(tx, store.Range{Prefix: store.K(o), From: from}) {
		switch {
		case a.State != Ready:
		case len(list) == n:
			return list, slices.Clone(key)
		default:
			list = append(list, a)
		}
	}
	return list, nil
}

// Same finds the newest ready asset of a workspace that came as the same bytes.
func Same(tx store.ReadTx, o ref.Organization, w ref.Workspace, received []byte) (Asset, bool) {
	for _, a := range assets.By(tx, "hash", store.Range{Prefix: store.K(o, w, received), Back: true}) {
		return a, true
	}
	return Asset{}, false
}

// Edit is what a person may change; nil leaves it.
type Edit struct{ Name, Alt *string }

// Change edits an asset. version is the one that was read; 0 takes any.
func Change(tx store.Tx, o ref.Organization, w ref.Workspace, id ref.Asset, version int64, e Edit) (Asset, error) {
	a, err := current(tx, o, w, id, version)
	if err != nil {
		return Asset{}, err
	}
	old := a
	if e.Name != nil {
		if n := len([]rune(*e.Name)); n == 0 || n > MaxName {
			return Asset{}, ErrName
		}
		if a.Name = cleanName(*e.Name); a.State == Ready {
			a.Name = nameFor(a.Name, a.MIME)
		}
	}
	if e.Alt != nil {
		if len([]rune(*e.Alt)) > MaxAlt {
			return Asset{}, ErrAlt
		}
		a.Alt = *e.Alt
	}
	a.Version++
	assets.Swap(tx, old, a)
	return a, nil
}

func current(tx store.ReadTx, o ref.Organization, w ref.Workspace, id ref.Asset, version int64) (Asset, error) {
	a, err := Get(tx, o, w, id)
	if err == nil && version != 0 && a.Version != version {
		return Asset{}, ErrStale
	}
	return a, err
}

// Delete removes an asset, whatever state it is in, unless something needs it. Its objects go soon after the commit.
func (s *Service) Delete(tx store.Tx, o ref.Organization, w ref.Workspace, id ref.Asset, version int64) (Asset, error) {
	a, err := current(tx, o, w, id, version)
	if err != nil {
		return Asset{}, err
	}
	if s.isNeeded(tx, a) {
		return Asset{}, ErrNeeded
	}
	s.remove(tx, a)
	return a, nil
}

func (s *Service) remove(tx store.Tx, a Asset) {
	assets.Delete(tx, store.K(a.Organization, a.Workspace, a.ID))
	leave(tx, a.Organization, a.Workspace, assetPrefix(a))
	s.dropUpload(tx, a)
}

// dropUpload ends an asset's upload; its pieces may go.
func (s *Service) dropUpload(tx store.Tx, a Asset) {
	key := store.K(a.Organization, a.Workspace, a.Upload)
	if u, ok := uploads.Get(tx, key); ok {
		uploads.Delete(tx, key)
		leave(tx, a.Organization, a.Workspace, uploadPrefix(u))
	}
}

// Open opens one form of an asset for reading; ErrNotReady, ErrRefused and ErrRendition say why not.
func (s *Service) Open(ctx context.Context, a Asset, r Rendition) (*File, error) {
	switch a.State {
	case Ready:
	case Refused:
		return nil, ErrRefused
	default:
		return nil, ErrNotReady
	}
	c, ok := a.Copy(r)
	if !ok {
		return nil, ErrRendition
	}
	object, err := s.Storage.Open(ctx, copyKey(a, r))
	if err != nil {
		return nil, ErrStorage.Because(err)
	}
	return &File{Object: object, Copy: c, AssetName: nameFor(a.Name, c.MIME), Tag: a.ID.String() + "-" + string(r)}, nil
}

// Erase removes every object of a workspace, or of an organization when the workspace is zero. The records are the
// caller's, who walks the tables.
func (s *Service) Erase(ctx context.Context, o ref.Organization, w ref.Workspace) error {
	own := o.String()
	if !w.Zero() {
		own += "/" + w.String()
	}
	for _, prefix := range []string{own, quarantine + "/" + own} {
		if err := deleteUnder(ctx, s.Storage, prefix); err != nil {
			return ErrStorage.Because(err)
		}
	}
	return nil
}
