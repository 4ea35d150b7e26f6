package op

import (
	"github.com/omniposto/omniposto/app/base/envelope"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/store"
)

// ErrCursor is the error of a cursor that isn't ours, or isn't for this list.
var ErrCursor = fail.Invalid("cursor_invalid", "This cursor isn't one of this list. Start again without it.")

// Page is the part of a list that is asked for; list inputs embed it.
type Page struct {
	Cursor string `query:"cursor" maxLength:"512" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many items to answer at most."`
}

// Cursors closes positions in lists, so that they can be neither forged nor used in another list or by another tenant.
type Cursors struct{ box envelope.Envelope }

// NewCursors takes a key of 32 bytes.
func NewCursors(key []byte) *Cursors { return &Cursors{envelope.New(key)} }

func (c Call) cursorPlace() string {
	return "cursor|" + c.Meta.ID + "|" + c.Organization.String() + "|" + c.Workspace.String()
}

// Cursor closes the position as the next_cursor of this call's list. An empty key is the end.
func (c Call) Cursor(k store.Key) string {
	if len(k) == 0 {
		return ""
	}
	return c.cursors.box.Close(c.cursorPlace(), k)
}

// Position opens a cursor of this list; the empty one is the beginning.
func (c Call) Position(cursor string) (store.Key, error) {
	if cursor == "" {
		return nil, nil
	}
	k, err := c.cursors.box.Open(c.cursorPlace(), cursor)
	if err != nil {
		return nil, ErrCursor
	}
	return k, nil
}

// Listed is the answer of every list.
type Listed[T any] struct {
	Items      []T    `json:"items" maxItems:"2000" doc:"The things asked for."`
	NextCursor string `json:"next_cursor,omitempty" doc:"Where the next page begins; absent on the last."`
}
