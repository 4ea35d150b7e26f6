package delivery

import (
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Attempt is one try of a delivery, or one look whether it is there. It is written when it ends.
type Attempt struct {
	_            struct{}         `cbor:",toarray"`
	Organization ref.Organization `pd:"-"`
	Workspace    ref.Workspace    `pd:"-"`
	Delivery     ref.Delivery     `pd:"-"`
	Number       int              `pd:"-"` // from 1, over all rounds
	Round        int64            `pd:"-"`
	StartedAt    Instant          `pd:"-"`
	EndedAt      Instant          `pd:"-"`
	Step         string           `pd:"-"` // where it ended
	Outcome      State            `pd:"-"` // where it led
	Class        string           `pd:"-"` // empty: nothing went wrong
	StatusCode   int              `pd:"-"`
	Words        string           `pd:"-"` // redacted
	Lateness     time.Duration    `pd:"-"` // from due to the intent, or to the claim where it didn't come to that
}

var attempts = store.Table[Attempt]{
	Name: "attempt", Version: 1, Holds: store.CustomerContent,
	Key: func(a Attempt) store.Key {
		return make(store.Key, 0, 60).ID(a.Organization).ID(a.Workspace).ID(a.Delivery).Int(int64(a.Number))
	},
	Owner: func(a Attempt) store.Owner { return store.OwnedBy(a.Organization, a.Workspace) },
}

// ID names the attempt in the API: it follows from the delivery and the number.
func (a Attempt) ID() ref.Attempt {
	id := ref.Attempt(a.Delivery)
	id[14] ^= byte(a.Number >> 8)
	id[15] ^= byte(a.Number)
	return id
}

// attempted says that the step from d to next ended an attempt.
func attempted(d, next Delivery, on Event) bool {
	under := d.State.Leased() || d.State == Processing
	return under && !next.State.Leased() && next.State != Processing || on == Received
}

func attemptOf(d, next Delivery, a Arg) Attempt {
	t := Attempt{Organization: d.Organization, Workspace: d.Workspace, Delivery: d.ID, Number: next.Attempts, Round: d.Round,
		StartedAt: d.TakenAt, EndedAt: a.Now, Step: a.Step, Outcome: next.State,
		Class: next.Class, StatusCode: a.StatusCode, Words: next.Words}
	if t.Class == "" {
		t.Class, t.Words = a.Class, a.Words
	}
	began := d.TakenAt
	if d.IntentAt >= d.TakenAt {
		began = d.IntentAt
	}
	t.Lateness = max(0, began.Since(d.DueAt))
	return t
}

// Attempts lists the tries of a delivery, oldest first. A try under way has no entry yet.
func (s *Deliveries) Attempts(tx store.ReadTx, d Delivery) []Attempt {
	var all []Attempt
	for _, a := range attempts.All(tx, store.Range{Prefix: key(d.Organization, d.Workspace, d.ID)}) {
		all = append(all, a)
	}
	return all
}
