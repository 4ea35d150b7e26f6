package delivery

import (
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/store"
)

// Announce appends what people can see of a move to the event log: another word, or something a person is told.
func Announce(tx store.Tx, t Told) {
	if !t.Tell && !t.visible() {
		return
	}
	event.Append(tx, event.Change{Organization: t.Organization, Workspace: t.Workspace, Kind: t.kind(), On: t.ID.String(),
		Post: t.Post, Version: t.Version, Tell: t.Tell, Class: t.Class, Words: t.Words})
}

// visible says that lists show something else than before. From claim to commit is one word: sending.
func (t Told) visible() bool {
	switch {
	case t.From == 0 || t.On == 0 || t.On == Edit:
		return true
	case t.State == Sending || t.State == Reconciling:
		return false
	}
	return t.From != t.State
}

func (t Told) kind() string {
	switch {
	case t.From == 0:
		return "delivery.created"
	case t.On == 0:
		return "delivery.removed"
	}
	return "delivery." + t.Word()
}
