package media

import (
	"path"
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

var assets = &store.Table[Asset]{
	Name: "asset", Version: 1, Holds: store.CustomerContent,
	Key:   func(a Asset) store.Key { return store.K(a.Organization, a.Workspace, a.ID) },
	Owner: func(a Asset) store.Owner { return store.OwnedBy(a.Organization, a.Workspace) },
	Indexes: []store.Index[Asset]{
		{Name: "kind", Only: func(a Asset) bool { return a.State == Ready },
			Key: func(a Asset) store.Key {
				return store.K(a.Organization, a.Workspace, string(a.Kind), a.ID)
			}},
		{Name: "state", Only: func(a Asset) bool { return a.State != Ready },
			Key: func(a Asset) store.Key { return store.K(string(a.State), a.ID) }},
		{Name: "hash", Only: func(a Asset) bool { return a.State == Ready && len(a.Received) > 0 },
			Key: func(a Asset) store.Key { return store.K(a.Organization, a.Workspace, a.Received, a.ID) }},
	},
}

// Piece is one stored part of an upload.
type Piece struct {
	_     struct{} `cbor:",toarray"`
	Name  string   `pd:"-"`
	Bytes int64    `pd:"-"`
}

// Upload is a file on its way in.
type Upload struct {
	Organization ref.Organization `cbor:"1,keyasint" pd:"-"`
	Workspace    ref.Workspace    `cbor:"2,keyasint" pd:"-"`
	ID           ref.Upload       `cbor:"3,keyasint" pd:"-"`
	Asset        ref.Asset        `cbor:"4,keyasint" pd:"-"`
	Bytes        int64            `cbor:"5,keyasint,omitempty" pd:"-"` // announced; 0 = not known before the end
	Documents    bool             `cbor:"6,keyasint,omitempty" pd:"-"` // a PDF is taken too
	Pieces       []Piece          `cbor:"7,keyasint,omitempty" pd:"-"`
	Whole        bool             `cbor:"8,keyasint,omitempty" pd:"-"` // all bytes are here
	CreatedAt    time.Time        `cbor:"9,keyasint" pd:"-"`
	LastAt       time.Time        `cbor:"10,keyasint" pd:"-"` // when the last piece came
}

// Offset is how many bytes are here.
func (u Upload) Offset() int64 {
	var n int64
	for _, p := range u.Pieces {
		n += p.Bytes
	}
	return n
}

var uploads = &store.Table[Upload]{
	Name: "upload", Version: 1, Holds: store.CustomerContent,
	Key:   func(u Upload) store.Key { return store.K(u.Organization, u.Workspace, u.ID) },
	Owner: func(u Upload) store.Owner { return store.OwnedBy(u.Organization, u.Workspace) },
	Indexes: []store.Index[Upload]{
		{Name: "idle", Only: func(u Upload) bool { return !u.Whole },
			Key: func(u Upload) store.Key { return store.K(u.LastAt, u.ID) }},
	},
}

// leftover names objects that nothing refers to any more. It is written in the transaction that lets go of them, and
// removed when they are.
type leftover struct {
	Organization ref.Organization `cbor:"1,keyasint" pd:"-"`
	Workspace    ref.Workspace    `cbor:"2,keyasint" pd:"-"`
	ID           ref.Item         `cbor:"3,keyasint" pd:"-"`
	Prefix       string           `cbor:"4,keyasint" pd:"-"`
}

var leftovers = &store.Table[leftover]{
	Name: "media_leftover", Version: 1, Holds: store.Operational,
	Key:   func(l leftover) store.Key { return store.K(l.Organization, l.Workspace, l.ID) },
	Owner: func(l leftover) store.Owner { return store.OwnedBy(l.Organization, l.Workspace) },
}

// Tables lists what this package stores.
func Tables() []store.AnyTable { return []store.AnyTable{assets, uploads, leftovers} }

// leave notes that all objects under a prefix may go.
func leave(tx store.Tx, o ref.Organization, w ref.Workspace, prefix string) {
	leftovers.Put(tx, leftover{o, w, ref.Mint[ref.Item](tx.Now()), prefix})
}

// Where objects lie: ids alone, never a name that somebody gave.

const quarantine = "quarantine"

func uploadPrefix(u Upload) string {
	return path.Join(quarantine, u.Organization.String(), u.Workspace.String(), u.ID.String())
}

func assetPrefix(a Asset) string {
	return path.Join(a.Organization.String(), a.Workspace.String(), a.ID.String())
}

func copyKey(a Asset, r Rendition) string { return path.Join(assetPrefix(a), string(r)) }
