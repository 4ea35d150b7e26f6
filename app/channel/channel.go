// Package channel holds connected places: what they are, what their servers told about them, their weekly slots, and
// their tokens, sealed in a table of their own. What a platform can do is connector's matter; what goes out is post's.
package channel

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/schedule"
	"github.com/omniposto/omniposto/store"
)

// State is whether a channel can be posted to.
type State string

// The states.
const (
	Ready     State = "ready"
	Paused    State = "paused"    // by a person
	Reconnect State = "reconnect" // the platform doesn't take the token any more
)

// Channel is one connected place in one workspace.
type Channel struct {
	Organization    ref.Organization  `cbor:"1,keyasint"`
	Workspace       ref.Workspace     `cbor:"2,keyasint"`
	ID              ref.Channel       `cbor:"3,keyasint"`
	Platform        string            `cbor:"4,keyasint"`
	Way             string            `cbor:"5,keyasint"`
	Name            string            `cbor:"6,keyasint"`
	Handle          string            `cbor:"7,keyasint,omitempty"`
	URL             string            `cbor:"8,keyasint,omitempty"`
	Avatar          string            `cbor:"9,keyasint,omitempty"`
	RemoteID        string            `cbor:"10,keyasint,omitempty"`
	Target          string            `cbor:"11,keyasint,omitempty"`
	Fields          map[string]string `cbor:"12,keyasint,omitempty"` // connect fields that aren't secret
	Facts           map[string]int64  `cbor:"13,keyasint,omitempty"`
	More            map[string]string `cbor:"14,keyasint,omitempty"` // what the connector learned at connect
	Settings        []byte            `cbor:"15,keyasint,omitempty"` // JSON: defaults of every post
	Slots           []schedule.Slot   `cbor:"16,keyasint,omitempty"`
	Timezone        string            `cbor:"17,keyasint,omitempty"` // of the slots; the workspace's when empty
	State           State             `cbor:"18,keyasint"`
	Problem         string            `cbor:"19,keyasint,omitempty"`
	TokenExpiresAt  time.Time         `cbor:"20,keyasint,omitempty"`
	Scopes          []string          `cbor:"21,keyasint,omitempty"`
	Notes           []string          `cbor:"22,keyasint,omitempty"`
	LastPublishedAt time.Time         `cbor:"23,keyasint,omitempty"`
	LastCheckedAt   time.Time         `cbor:"24,keyasint,omitempty"`
	CreatedAt       time.Time         `cbor:"25,keyasint"`
	By              ref.Identity      `cbor:"26,keyasint,omitempty"`
	Version         int64             `cbor:"27,keyasint"`
	Client          string            `cbor:"28,keyasint,omitempty"` // id of the app that it was connected through
	Renews          bool              `cbor:"29,keyasint,omitempty"` // there is a refresh token
	Warned          int               `cbor:"30,keyasint,omitempty"` // days before the end of the access at which people were last told
}

// token is a channel's sealed token.
type token struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	Workspace    ref.Workspace    `cbor:"2,keyasint"`
	Channel      ref.Channel      `cbor:"3,keyasint"`
	Sealed       secret.Sealed    `cbor:"4,keyasint"`
	Version      int64            `cbor:"5,keyasint"`
}

// app is one that we registered at a server, for channels of that server.
type app struct {
	Platform string        `cbor:"1,keyasint"`
	Server   string        `cbor:"2,keyasint"`
	Callback string        `cbor:"3,keyasint"`
	ID       ref.Secret    `cbor:"4,keyasint"`
	ClientID string        `cbor:"5,keyasint"`
	Sealed   secret.Sealed `cbor:"6,keyasint"`
	MadeAt   time.Time     `cbor:"7,keyasint"`
}

var (
	channels = store.Table[Channel]{Name: "channel", Version: 1, Holds: store.CustomerContent,
		Key:   func(c Channel) store.Key { return store.K(c.Organization, c.Workspace, c.ID) },
		Owner: func(c Channel) store.Owner { return store.OwnedBy(c.Organization, c.Workspace) },
		Indexes: []store.Index[Channel]{
			{Name: "id", Version: 1, Key: func(c Channel) store.Key { return store.K(c.ID) }},
			{Name: "place", Version: 1, Only: func(c Channel) bool { return c.RemoteID != "" },
				Key: func(c Channel) store.Key { return store.K(c.Organization, c.Platform, c.RemoteID, c.ID) }},
			{Name: "client", Version: 1, Only: func(c Channel) bool { return c.Client != "" },
				Key: func(c Channel) store.Key { return store.K(c.Platform, c.Client, c.ID) }},
			{Name: "expires", Version: 1, Only: func(c Channel) bool { return !c.TokenExpiresAt.IsZero() && c.State != Reconnect },
				Key: func(c Channel) store.Key { return store.K(c.TokenExpiresAt, c.ID) }}}}
	tokens = store.Table[token]{Name: "channel_token", Version: 1, Holds: store.SecretMaterial,
		Key:   func(t token) store.Key { return store.K(t.Organization, t.Workspace, t.Channel) },
		Owner: func(t token) store.Owner { return store.OwnedBy(t.Organization, t.Workspace) }}
	apps = store.Table[app]{Name: "platform_app", Version: 1, Holds: store.SecretMaterial,
		Key: func(a app) store.Key { return store.K(a.Platform, a.Server, a.Callback) }}
)

// Tables lists what this package stores.
func Tables() []store.AnyTable {
	return []store.AnyTable{&channels, &tokens, &apps, &credentials, &states, &arrivals, &items}
}

// The errors of this package.
var (
	ErrNotFound   = fail.NotFound("not_found", "There is no such channel here.")
	ErrPlatform   = fail.NotFound("platform_unknown", "There is no such platform.")
	ErrWay        = fail.Invalid("way_unknown", "This platform isn't connected this way.")
	ErrConnect    = fail.Invalid("connect_refused", "The platform didn't accept this.")
	ErrThere      = fail.Conflict("channel_there", "This is connected in this workspace already.")
	ErrSlots      = fail.Invalid("slots_invalid", "These slots aren't right.")
	ErrNoSlot     = fail.Conflict("no_free_slot", "This channel has no free slot. Add slots to it, or choose a time.")
	ErrState      = fail.Invalid("state_unknown", "This sign-in took too long or was used already. Start connecting again.")
	ErrNeedsOAuth = fail.Invalid("needs_authorize", "This is connected by signing in at the platform: begin with channels.authorize.")
	ErrReconnect  = fail.Conflict("channel_reconnect", "The platform doesn't take this channel's access any more. Connect it again.")
	ErrNoApp      = fail.Conflict("app_missing", "An administrator must enter this platform's app credentials first.")
)

// Get reads a channel of the workspace.
func Get(tx store.ReadTx, o ref.Organization, w ref.Workspace, id ref.Channel) (Channel, bool) {
	return channels.Get(tx, store.K(o, w, id))
}

// ByID finds a channel whoever owns it; only the engine asks like this.
func ByID(tx store.ReadTx, id ref.Channel) (Channel, bool) {
	for _, c := range channels.By(tx, "id", store.Range{Prefix: store.K(id)}) {
		return c, true
	}
	return Channel{}, false
}

// Of lists the channels of a workspace, oldest first.
func Of(tx store.ReadTx, o ref.Organization, w ref.Workspace) []Channel {
	var out []Channel
	for _, c := range channels.All(tx, store.Range{Prefix: store.K(o, w)}) {
		out = append(out, c)
	}
	return out
}

// Beside lists the organization's other channels that lead to the same place: an account may be connected in several
// workspaces.
func (s *Channels) Beside(tx store.ReadTx, c Channel) []ref.Channel {
	if c.RemoteID == "" {
		return nil
	}
	var out []ref.Channel
	for _, other := range channels.By(tx, "place", store.Range{Prefix: store.K(c.Organization, c.Platform, c.RemoteID)}) {
		if other.ID != c.ID && other.Target == c.Target && s.server(other) == s.server(c) {
			out = append(out, other.ID)
		}
	}
	return out
}

// server is the channel's own server; "" where its platform has one for all.
func (s *Channels) server(c Channel) string {
	if pub, ok := s.Platform(c.Platform); ok {
		if way, ok := pub.Spec().Way(c.Way); ok {
			return serverOf(c.Fields[way.ServerField()])
		}
	}
	return ""
}

// Put saves a changed channel; its version grows.
func Put(tx store.Tx, c Channel) Channel {
	c.Version++
	channels.Put(tx, c)
	return c
}

// ForConnector is the channel as a connector may know it.
func (c Channel) ForConnector() connector.Channel {
	return connector.Channel{ID: c.ID.String(), Way: c.Way, Fields: c.Fields, RemoteID: c.RemoteID, Handle: c.Handle, Name: c.Name, URL: c.URL,
		Target: c.Target, Facts: c.Facts, More: c.More, Settings: json.RawMessage(c.Settings)}
}

func tokenPlace(c Channel) secret.Place {
	return secret.Place{Purpose: "channel", Organization: c.Organization, Workspace: c.Workspace, Kind: "channel", ID: c.ID, Field: "token"}
}

// keepToken seals the token beside its channel.
func keepToken(tx store.Tx, k *secret.Keeper, c Channel, t connector.Token) error {
	old, _ := tokens.Get(tx, store.K(c.Organization, c.Workspace, c.ID))
	return t.Plain(func(plain []byte) error {
		sealed, err := k.Seal(tx, tokenPlace(c), plain)
		if err != nil {
			return fmt.Errorf("seal token of %s: %w", c.ID, err)
		}
		tokens.Put(tx, token{Organization: c.Organization, Workspace: c.Workspace, Channel: c.ID, Sealed: sealed, Version: old.Version + 1})
		return nil
	})
}

// OpenToken opens the channel's token; the zero token where it has none. Only calls to its platform may ask for it.
func OpenToken(tx store.ReadTx, k *secret.Keeper, c Channel) (connector.Token, error) {
	kept, ok := tokens.Get(tx, store.K(c.Organization, c.Workspace, c.ID))
	if !ok {
		return connector.Token{}, nil
	}
	var t connector.Token
	err := k.Use(tx, tokenPlace(c), kept.Sealed, func(plain []byte) (err error) {
		t, err = connector.ReadToken(plain)
		return err
	})
	if err != nil {
		return t, fmt.Errorf("open token of %s: %w", c.ID, err)
	}
	return t, nil
}

// Zone is the zone of the channel's slots.
func (c Channel) Zone(workspace string) (*time.Location, error) {
	if c.Timezone != "" {
		return schedule.Zone(c.Timezone)
	}
	return schedule.Zone(workspace)
}

// Lost marks the channel as one that must be connected again, with the platform's words. It says whether it was news.
func Lost(tx store.Tx, c Channel, words string) bool {
	if c.State == Reconnect {
		return false
	}
	c.State, c.Problem = Reconnect, words
	Put(tx, c)
	return true
}

// tokensOf is a connector's way to a new token: one at a time per channel, and saved before it is used.
type tokensOf struct {
	s *Channels
	c Channel
}

// Renew implements connector.Tokens.
func (t *tokensOf) Renew(ctx context.Context, refused connector.Token, renew func(context.Context, connector.Token) (connector.Token, error)) (connector.Token, error) {
	unlock := t.s.locks.lock(t.c.ID)
	defer unlock()
	var kept connector.Token
	err := t.s.DB.View(ctx, func(tx store.ReadTx) (err error) {
		kept, err = OpenToken(tx, t.s.Keeper, t.c)
		return err
	})
	if err != nil || !kept.Same(refused) {
		return kept, err
	}
	next, err := renew(ctx, kept)
	if err != nil {
		return kept, err
	}
	return next, t.s.DB.Update(ctx, func(tx store.Tx) error {
		c, ok := Get(tx, t.c.Organization, t.c.Workspace, t.c.ID)
		if !ok {
			return ErrNotFound
		}
		if err := keepToken(tx, t.s.Keeper, c, next); err != nil {
			return err
		}
		c.TokenExpiresAt = next.ExpiresAt
		Put(tx, c)
		return nil
	})
}
