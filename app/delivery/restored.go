package delivery

import (
	"context"

	"github.com/omniposto/omniposto/store"
)

// restoredWords say why a restored delivery waits for a person.
const restoredWords = "This was due before a backup was restored, and may have gone out already. Look in the channel, then retry it or leave it."

const restoredSlice = 500

// Restored is called once on a store that came back from a backup. What was due before now and hadn't begun its last
// step may have been published after the backup was made: it becomes missed, and a person decides. What was sending or
// in doubt stays so and is looked for at its platform.
func (s *Deliveries) Restored(ctx context.Context, db *store.DB) error {
	var from store.Key
	for {
		n := 0
		var next store.Key
		err := db.Update(ctx, func(tx store.Tx) error {
			var due []Delivery
			n = 0
			now := At(tx.Now())
			for key, d := range deliveries.All(tx, store.Range{From: from}) {
				if n == restoredSlice {
					next = append(store.Key(nil), key...)
					break
				}
				n++
				if d.DueAt <= now && (d.State == Scheduled || d.State == Claimed || d.State == Processing || d.State == Retrying || d.State == WaitingMedia) {
					due = append(due, d)
				}
			}
			for _, d := range due {
				missed := d
				missed.State, missed.WakeAt, missed.Told, missed.Words, missed.Version = Missed, 0, true, restoredWords, d.Version+1
				l, known := lane(tx, d)
				s.write(tx, d, missed, Woke, true, Arg{Now: now}, l, known)
			}
			return nil
		})
		if err != nil || n < restoredSlice {
			return err
		}
		from = next
	}
}
