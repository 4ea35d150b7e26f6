package channel

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// item is a post of the practice feed.
type item struct {
	Organization ref.Organization  `cbor:"1,keyasint"`
	Workspace    ref.Workspace     `cbor:"2,keyasint"`
	Channel      ref.Channel       `cbor:"3,keyasint"`
	ID           string            `cbor:"4,keyasint"`
	Title        string            `cbor:"5,keyasint,omitempty"`
	Text         string            `cbor:"6,keyasint"`
	URL          string            `cbor:"7,keyasint,omitempty"`
	Media        []itemMedia       `cbor:"8,keyasint,omitempty"`
	Parent       string            `cbor:"9,keyasint,omitempty"`
	At           time.Time         `cbor:"10,keyasint"`
	More         map[string]string `cbor:"11,keyasint,omitempty"`
}

type itemMedia struct {
	ID   string              `cbor:"1,keyasint"`
	Name string              `cbor:"2,keyasint,omitempty"`
	MIME string              `cbor:"3,keyasint,omitempty"`
	Alt  string              `cbor:"4,keyasint,omitempty"`
	Type connector.MediaType `cbor:"5,keyasint,omitempty"`
	Size int64               `cbor:"6,keyasint,omitempty"`
}

var items = store.Table[item]{Name: "feed_item", Version: 1, Holds: store.CustomerContent,
	Key:   func(i item) store.Key { return store.K(i.Organization, i.Workspace, i.Channel, i.ID) },
	Owner: func(i item) store.Owner { return store.OwnedBy(i.Organization, i.Workspace) },
	Indexes: []store.Index[item]{{Name: "newest", Version: 1,
		Key: func(i item) store.Key { return store.K(i.Workspace, i.At, i.ID) }}}}

// feed is the feed inside the product: what the practice channel posts to.
type feed struct {
	db *store.DB
	c  Channel
}

func (f *feed) key(id string) store.Key {
	return store.K(f.c.Organization, f.c.Workspace, f.c.ID, id)
}

func (i item) out() connector.Item {
	out := connector.Item{ID: i.ID, Channel: i.Channel.String(), Title: i.Title, Text: i.Text, URL: i.URL, Parent: i.Parent, At: i.At, More: i.More}
	for _, m := range i.Media {
		out.Media = append(out.Media, connector.ItemMedia(m))
	}
	return out
}

func (f *feed) in(i connector.Item) item {
	out := item{Organization: f.c.Organization, Workspace: f.c.Workspace, Channel: f.c.ID, ID: i.ID, Title: i.Title, Text: i.Text, URL: i.URL, Parent: i.Parent, At: i.At, More: i.More}
	for _, m := range i.Media {
		out.Media = append(out.Media, itemMedia(m))
	}
	return out
}

// Put implements connector.Feed.
func (f *feed) Put(ctx context.Context, i connector.Item) (connector.Item, error) {
	var kept item
	err := f.db.Update(ctx, func(tx store.Tx) error {
		var there bool
		if kept, there = items.Get(tx, f.key(i.ID)); there {
			return nil
		}
		kept = f.in(i)
		if kept.At.IsZero() {
			kept.At = tx.Now()
		}
		items.Put(tx, kept)
		event.Append(tx, event.Change{Organization: f.c.Organization, Workspace: f.c.Workspace, Kind: "practice.posted", On: i.ID})
		return nil
	})
	return kept.out(), err
}

// Find implements connector.Feed.
func (f *feed) Find(ctx context.Context, _, id string) (found connector.Item, ok bool, err error) {
	err = f.db.View(ctx, func(tx store.ReadTx) error {
		var kept item
		kept, ok = items.Get(tx, f.key(id))
		found = kept.out()
		return nil
	})
	return found, ok, err
}

// Change implements connector.Feed.
func (f *feed) Change(ctx context.Context, i connector.Item) error {
	return f.db.Update(ctx, func(tx store.Tx) error {
		if kept, ok := items.Get(tx, f.key(i.ID)); ok {
			next := f.in(i)
			next.At = kept.At
			items.Put(tx, next)
		}
		return nil
	})
}

// Drop implements connector.Feed.
func (f *feed) Drop(ctx context.Context, _, id string) error {
	return f.db.Update(ctx, func(tx store.Tx) error {
		items.Delete(tx, f.key(id))
		return nil
	})
}

// EachItem calls fn with the text of everything that the practice feeds show, of all workspaces; crash tests count it.
func EachItem(tx store.ReadTx, fn func(text string)) {
	for _, i := range items.All(tx, store.Range{}) {
		fn(i.Text)
	}
}

var _ connector.Feed = (*feed)(nil)
