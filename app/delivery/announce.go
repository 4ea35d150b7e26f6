package delivery

import (
	"time"

	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/store"
)

// Announce appends what people can see of a move to the event log: another word, or something a person is told.
func Announce(tx store.Tx, t Told) {
	if !t.Tell && !t.visible() && !t.long(At(tx.Now())) {
		return
	}
	event.Append(tx, event.Change{Organization: t.Organization, Workspace: t.Workspace, Kind: t.kind(), On: t.ID.String(),
		Post: t.Post, Version: t.Version, Tell: t.Tell, Class: t.Class, Words: t.Words})
}

// visible says that lists show something else than before. The way from claim to commit is short where it goes well, so
// it isn't an event of its own.
func (t Told) visible() bool {
	switch {
	case t.From == 0 || t.On == 0 || t.On == Edit:
		return true
	case t.State.Leased():
		return false
	}
	return t.From != t.State
}

// long says that a step ended in an attempt that people have time to watch.
func (t Told) long(now Instant) bool {
	return t.On == StepSaved && now.Since(t.TakenAt) >= watched
}

// watched is how long an attempt may take before its steps are events.
const watched = 2 * time.Second

func (t Told) kind() string {
	switch {
	case t.From == 0:
		return "delivery.created"
	case t.On == 0:
		return "delivery.removed"
	}
	return "delivery." + t.Word()
}
