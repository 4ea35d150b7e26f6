package post

import (
	"slices"
	"time"

	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/schedule"
	"github.com/omniposto/omniposto/store"
)

// Wish is when a post should go out, as a request says it.
type Wish struct {
	At          string `json:"at,omitempty" maxLength:"40" doc:"An instant (RFC 3339), or a wall clock like 2026-11-24T09:30 in the zone."`
	Timezone    string `json:"timezone,omitempty" maxLength:"64" doc:"IANA name; the workspace's when absent."`
	Second      bool   `json:"second,omitempty" doc:"Of a wall clock that comes twice, the later one."`
	Slot        string `json:"slot,omitempty" enum:"next" doc:"The next free slot of each channel."`
	Now         bool   `json:"now,omitempty"`
	HoldSeconds int    `json:"hold_seconds,omitempty" minimum:"0" maximum:"30" doc:"How long it can still be taken back."`
}

// plan is when each channel goes out.
type plan struct {
	schedule Schedule
	due      map[ref.Channel]time.Time
}

// resolve turns a wish into instants. Slots are looked for in this transaction, so nobody else can get them.
func (s *Posts) resolve(tx store.ReadTx, w Wish, p Post, in organization.Workspace, channels []channel.Channel) (plan, error) {
	said := 0
	for _, is := range []bool{w.At != "", w.Slot != "", w.Now} {
		if is {
			said++
		}
	}
	if said != 1 {
		return plan{}, ErrSchedule.At("/schedule", `give {at, timezone}, {slot: "next"} or {now: true}`)
	}
	name := w.Timezone
	if name == "" {
		name = in.Timezone
	}
	zone, err := schedule.Zone(name)
	if err != nil {
		return plan{}, err
	}
	out := plan{schedule: Schedule{Timezone: name}, due: map[ref.Channel]time.Time{}}
	switch {
	case w.Slot != "":
		out.schedule.Kind = Slot
		return out, s.nextSlots(tx, p, in, channels, &out)
	case w.Now:
		out.schedule.Kind = Now
		if out.schedule.At, err = schedule.Hold(tx.Now(), time.Duration(w.HoldSeconds)*time.Second); err != nil {
			return plan{}, err
		}
	default:
		out.schedule.Kind = At
		choice := schedule.First
		if w.Second {
			choice = schedule.Second
		}
		at, err := schedule.Read(w.At, zone, choice)
		if err != nil {
			return plan{}, err
		}
		if err := schedule.Ahead(at.At, tx.Now()); err != nil {
			return plan{}, err
		}
		out.schedule.At = at.At
	}
	for _, c := range channels {
		out.due[c.ID] = out.schedule.At
	}
	return out, nil
}

func (s *Posts) nextSlots(tx store.ReadTx, p Post, in organization.Workspace, channels []channel.Channel, out *plan) error {
	for _, c := range channels {
		at, ok, err := NextFree(tx, c, in.Timezone, p.ID)
		if err != nil {
			return err
		}
		if !ok {
			return channel.ErrNoSlot.At("/schedule/slot", c.Name+" has no free slot")
		}
		out.due[c.ID] = at
		if out.schedule.At.IsZero() || at.Before(out.schedule.At) {
			out.schedule.At = at
		}
	}
	return nil
}

// NextFree is the channel's next slot that no post but this one has.
func NextFree(tx store.ReadTx, c channel.Channel, workspaceZone string, but ref.Post) (time.Time, bool, error) {
	zone, err := c.Zone(workspaceZone)
	if err != nil {
		return time.Time{}, false, err
	}
	at, ok := schedule.NextFree(c.Slots, func(at time.Time) bool { return TakenBy(tx, c.ID, at, but) != ref.Post{} }, zone, tx.Now())
	return at, ok, nil
}

// TakenBy says which post but this one goes out on the channel at the instant.
func TakenBy(tx store.ReadTx, c ref.Channel, at time.Time, but ref.Post) ref.Post {
	for _, t := range takens.All(tx, store.Range{Prefix: store.K(c, at)}) {
		if t.Post != but {
			return t.Post
		}
	}
	return ref.Post{}
}

// take marks the post's instants as used, and forgets where it stood before.
func take(tx store.Tx, p ref.Post, due map[ref.Channel]time.Time) {
	var old []taken
	for _, t := range takens.By(tx, "post", store.Range{Prefix: store.K(p)}) {
		old = append(old, t)
	}
	for _, t := range old {
		takens.Delete(tx, store.K(t.Channel, t.At, t.Post))
	}
	for c, at := range due {
		takens.Put(tx, taken{Channel: c, At: at, Post: p})
	}
}

// settle makes the deliveries what the post now asks for: new ones appear, changed ones move, those of channels that
// were taken out go. It refuses where one is out, under way or in doubt and would have to change. changed says of which
// channels words or files changed. made is how many deliveries are new.
func (s *Posts) settle(tx store.Tx, p Post, pl plan, in organization.Workspace, channels []channel.Channel, changed func(ref.Channel) bool, moved bool) (made int, err error) {
	have := s.Deliveries.OfPost(tx, p.ID)
	used := map[ref.Delivery]bool{}
	for _, c := range channels {
		pieces, err := s.Pieces(tx, p, c)
		if err != nil {
			return 0, err
		}
		var parent ref.Delivery
		for _, piece := range pieces {
			if piece.Role == connector.Post {
				parent = ref.Delivery{} // each target begins anew
			}
			if piece.Role == connector.Comment || piece.Role == connector.Finish {
				parent = first(used, have, c.ID, piece.Target)
			}
			d, there := match(have, c.ID, piece)
			switch {
			case !there:
				d = s.Deliveries.Create(tx, delivery.Fresh{Organization: p.Organization, Workspace: p.Workspace, Post: p.ID, Channel: c.ID, Parent: parent,
					Part: piece.Part, Role: delivery.Role(piece.Role), Target: piece.Target, DueAt: pl.due[c.ID], Grace: in.Grace, MediaMissing: piece.Missing})
				have = append(have, d)
				made++
			case changed(c.ID) || moved:
				if d, err = s.edit(tx, d, pl.due[c.ID], piece.Missing); err != nil {
					return 0, err
				}
			}
			used[d.ID], parent = true, d.ID
		}
	}
	for _, d := range slices.Backward(have) {
		if !used[d.ID] {
			if err := s.Deliveries.Remove(tx, d); err != nil {
				return 0, underway(d)
			}
		}
	}
	return made, nil
}

func match(have []delivery.Delivery, c ref.Channel, piece Piece) (delivery.Delivery, bool) {
	for _, d := range have {
		if d.Channel == c && piece.Is(d) && d.State != delivery.Cancelled {
			return d, true
		}
	}
	return delivery.Delivery{}, false
}

// Is says whether the piece is what the delivery sends. There is one first comment and one finish, wherever they stand.
func (piece Piece) Is(d delivery.Delivery) bool {
	single := piece.Role == connector.Comment || piece.Role == connector.Finish
	return piece.Role == connector.Role(d.Role) && piece.Target == d.Target && (single || piece.Part == d.Part)
}

// first is the delivery of the first part that went to the channel's target, under which comments go.
func first(used map[ref.Delivery]bool, have []delivery.Delivery, c ref.Channel, target string) ref.Delivery {
	for _, d := range have {
		if d.Channel == c && d.Target == target && d.Part == 0 && d.Role == delivery.Post && used[d.ID] {
			return d.ID
		}
	}
	return ref.Delivery{}
}

func (s *Posts) edit(tx store.Tx, d delivery.Delivery, due time.Time, missing bool) (delivery.Delivery, error) {
	next, err := s.Deliveries.Move(tx, d, delivery.Edit, delivery.Arg{Due: delivery.At(due), MediaMissing: missing})
	if err != nil {
		return d, underway(d)
	}
	return next, nil
}

// underway says why a delivery can't change now.
func underway(d delivery.Delivery) error {
	e := ErrUnderway
	if d.State == delivery.Published {
		e = ErrOut
	}
	if d.State == delivery.NeedsAttention {
		e = ErrUnderway.Saying("Somebody must first say whether this is visible at the platform.")
	}
	return e.With("delivery", d.ID.String()).With("status", d.Word()).With("channel", d.Channel.String())
}

// stand keeps the post's place in lists right. It is called in every transaction that may change status or time.
func (s *Posts) stand(tx store.Tx, p Post) {
	st := standing{Organization: p.Organization, Workspace: p.Workspace, Post: p.ID, Deleted: !p.DeletedAt.IsZero(), Private: p.Private,
		Status: byte(delivery.StatusOf(s.Deliveries.OfPost(tx, p.ID)))}
	if p.Schedule != nil {
		st.DueAt = p.Schedule.At
	}
	if old, ok := standings.Get(tx, store.K(p.Organization, p.Workspace, p.ID)); !ok || old != st {
		standings.Put(tx, st)
	}
}

// Moved is told each move of a delivery, in its transaction, and keeps what is derived from it right.
func (s *Posts) Moved(tx store.Tx, t delivery.Told) {
	if t.From != 0 && t.On != 0 && (delivery.Delivery{State: t.From}).Status() == t.Status() {
		return
	}
	st, ok := standings.Get(tx, store.K(t.Organization, t.Workspace, t.Post))
	if !ok {
		return
	}
	if now := byte(delivery.StatusOf(s.Deliveries.OfPost(tx, t.Post))); now != st.Status {
		st.Status = now
		standings.Put(tx, st)
	}
}
