package connector

import (
	"context"
	"time"
)

// Feed is our own list of posts, kept by the wiring: what practice and rss-out post to.
type Feed interface {
	// Put adds an item under an id that is ours to choose, in one transaction. A second Put of the same id changes
	// nothing and gives the first. An error of the context means that it never ran.
	Put(ctx context.Context, item Item) (Item, error)
	// Find gives the item, false if there is none.
	Find(ctx context.Context, channel, id string) (Item, bool, error)
	// Change replaces the item's words and files.
	Change(ctx context.Context, item Item) error
	// Drop takes it away; one that is gone is no error.
	Drop(ctx context.Context, channel, id string) error
}

// Item is one post of our own feed.
type Item struct {
	ID, Channel, Title, Text, URL string
	Media                         []ItemMedia
	Parent                        string // id of the item that this one replies to
	At                            time.Time
	More                          map[string]string
}

// ItemMedia is a file of an item; ID is the asset's.
type ItemMedia struct {
	ID, Name, MIME, Alt string
	Type                MediaType
	Size                int64
}
