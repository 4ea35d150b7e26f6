package store_test

import (
	"context"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
)

// Reminder is a record; its table stands beside it.
type Reminder struct {
	ID    [16]byte `cbor:"1,keyasint"`
	Words string   `cbor:"2,keyasint,omitempty"`
	DueAt int64    `cbor:"3,keyasint,omitempty"` // Unix milliseconds; 0 waits for nothing
}

var reminders = store.Table[Reminder]{
	Name: "reminder", Version: 1, Holds: store.CustomerContent,
	Key: func(r Reminder) store.Key { return make(store.Key, 0, 17).ID(r.ID) },
	Indexes: []store.Index[Reminder]{{
		Name: "due", Version: 1,
		Only: func(r Reminder) bool { return r.DueAt != 0 },
		Key:  func(r Reminder) store.Key { return make(store.Key, 0, 26).Int(r.DueAt).ID(r.ID) },
	}},
}

func Example() {
	ctx := context.Background()
	clock := func() time.Time { return time.UnixMilli(5000) }
	db, err := store.Open(ctx, memory.New(clock), &reminders)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = db.Update(ctx, func(tx store.Tx) error {
		reminders.Put(tx, Reminder{[16]byte{1}, "later", 9000})
		reminders.Put(tx, Reminder{[16]byte{2}, "due", 4000})
		reminders.Put(tx, Reminder{[16]byte{3}, "whenever", 0})
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	err = db.View(ctx, func(tx store.ReadTx) error {
		due := store.Range{To: store.Key(nil).Int(tx.Now().UnixMilli() + 1)}
		for _, r := range reminders.By(tx, "due", due) {
			fmt.Println(r.Words)
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: due
}
