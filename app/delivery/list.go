package delivery

import (
	"iter"
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Get reads a delivery of an owner; ErrUnknown when it isn't there.
func (s *Deliveries) Get(tx store.ReadTx, o ref.Organization, w ref.Workspace, id ref.Delivery) (Delivery, error) {
	if d, ok := deliveries.Get(tx, key(o, w, id)); ok {
		return d, nil
	}
	return Delivery{}, ErrUnknown
}

// OfPost lists the deliveries of a post by part.
func (s *Deliveries) OfPost(tx store.ReadTx, p ref.Post) []Delivery {
	var all []Delivery
	for _, d := range deliveries.By(tx, "post", store.Range{Prefix: three(p)}) {
		all = append(all, d)
	}
	return all
}

// ByStatus walks the deliveries of a workspace with a status in the order of their due instants; of those being sent,
// first attempts come last. The key that comes with each is a position: after continues behind it (before it, when back
// is set).
func (s *Deliveries) ByStatus(tx store.ReadTx, w ref.Workspace, st Status, after store.Key, back bool) iter.Seq2[store.Key, Delivery] {
	r := store.Range{Prefix: three(w), Back: back, From: three(w).Int(int64(st)), To: three(w).Int(int64(st) + 1)}
	if st == StatusSending {
		r.To = three(w).Int(int64(StatusScheduled)).Int(int64(At(tx.Now())) + 1)
	}
	switch {
	case after == nil:
	case back:
		r.To = after
	default:
		r.From = next(after)
	}
	return func(yield func(store.Key, Delivery) bool) {
		for k, d := range deliveries.By(tx, "status", r) {
			if d.Status() == st && !yield(k, d) {
				return
			}
		}
	}
}

// ByDue walks the deliveries of a workspace that are due in [from, to); zero instants are open ends.
func (s *Deliveries) ByDue(tx store.ReadTx, w ref.Workspace, from, to time.Time, after store.Key, back bool) iter.Seq2[store.Key, Delivery] {
	r := store.Range{Prefix: three(w), Back: back}
	if !from.IsZero() {
		r.From = three(w).Int(int64(At(from)))
	}
	if !to.IsZero() {
		r.To = three(w).Int(int64(At(to)))
	}
	switch {
	case after == nil:
	case back:
		r.To = after
	default:
		r.From = next(after)
	}
	return deliveries.By(tx, "due", r)
}

// next is the smallest key behind k.
func next(k store.Key) store.Key { return append(k[:len(k):len(k)], 0) }

// ByRemote finds the delivery of a channel to which a remote post belongs.
func (s *Deliveries) ByRemote(tx store.ReadTx, c ref.Channel, remote string) (Delivery, bool) {
	for _, d := range deliveries.By(tx, "remote", store.Range{Prefix: three(c).Text(remote)}) {
		return d, true
	}
	return Delivery{}, false
}

// KnownRemote says that a remote post belongs to a delivery other than this one, of one of the channels.
func (s *Deliveries) KnownRemote(tx store.ReadTx, channels []ref.Channel, remote string, but ref.Delivery) bool {
	return another(tx, "remote", channels, remote, but)
}

// Twin says that other words like these may already be on their way to one of the channels: with the same fingerprint and
// in doubt.
func (s *Deliveries) Twin(tx store.ReadTx, channels []ref.Channel, fingerprint string, but ref.Delivery) bool {
	return another(tx, "open", channels, fingerprint, but)
}

// another finds a delivery but this one in an index of channels and texts.
func another(tx store.ReadTx, index string, channels []ref.Channel, text string, but ref.Delivery) bool {
	for _, c := range channels {
		for k := range deliveries.Keys(tx, index, store.Range{Prefix: three(c).Text(text)}) {
			if string(k[len(k)-16:]) != string(but[:]) {
				return true
			}
		}
	}
	return false
}
