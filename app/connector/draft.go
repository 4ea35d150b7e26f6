package connector

import (
	"encoding/json"
	"io"
	"time"

	"github.com/omniposto/omniposto/app/connector/text"
)

// Draft is one delivery as a connector sees it: one part of one post for one target.
type Draft struct {
	Key          string    // H(delivery, round): the same in every try of a round
	Kind         string    // "" lets the Spec choose
	Role         Role      // "" is Post
	At           time.Time // fixed at the first claim
	Settings     json.RawMessage
	Channel      Channel
	Parent, Root *Receipt // of a reply or comment
	Text         string
	Spans        []Span // nil: found in Text
	Media        []Media
}

// Span is a link, mention or tag inside a text.
type Span = text.Span

// Media is one file of a draft. A connector reads it in sections and never whole.
type Media struct {
	ID            string // the asset's id, for our own feed
	Name          string
	MIME, Alt     string
	Type          MediaType
	Size          int64
	Width, Height int
	Length        time.Duration
	FPS           int
	Codec         string
	Focus         *Focus // the point that stays in sight when a platform crops
	Cover         *Media // a cover picture, where one was chosen
	File          io.ReaderAt
}

// Card is what a web page says of itself.
type Card struct {
	URL, Title, Description string
	Image                   *Media
}

// Focus is a point of a picture: -1 is left or bottom, 1 is right or top.
type Focus struct{ X, Y float64 }

// Section reads n bytes from an offset.
func (m *Media) Section(from, n int64) *io.SectionReader { return io.NewSectionReader(m.File, from, n) }

// All reads the file from its beginning.
func (m *Media) All() *io.SectionReader { return m.Section(0, m.Size) }

// Receipt is what the platform gave back. It is kept with the delivery and handed to replies, comments, edits and deletions.
type Receipt struct {
	ID        string            `json:"id"`
	Permalink string            `json:"permalink,omitempty"`
	At        time.Time         `json:"at,omitzero"`
	More      map[string]string `json:"more,omitempty"` // what a reply or deletion needs (cid, album ids)
}

// Channel is the connected place, as far as a connector may know it.
type Channel struct {
	ID                     string            // ours
	Way                    string            // how it was connected
	Fields                 map[string]string // connect fields that aren't secret
	RemoteID, Handle, Name string            // whose it is there
	URL                    string
	Target                 string // remote id of the page, chat or blog that was chosen
	Facts                  Facts
	More                   map[string]string // what the connector learned at connect and needs again (its server's address)
	Settings               json.RawMessage   // defaults of the channel; a draft's own win field by field
}
