// Package audit is the append-only record of who did what: one log per organization and one for the instance, each
// event written in the transaction of the act. The bytes of a leaf are canonical JSON (RFC 8785, no floats, strings in
// NFC) and never change; Leaf = SHA-256(0x00 ‖ bytes), and each event names the leaf before it, so that a log can be
// checked from its first event without asking anybody. All leaves are an RFC 6962 Merkle tree; its root is signed from
// time to time (Notary), and package evidence checks what leaves the server.
//
// Names, e-mail addresses, network prefixes, reasons and all free text stand in a leaf only as salted commitments; salt
// and value are in a side record which an erasure deletes, so the chain survives it.
//
// Who may is decided by access, who helped is support, whose data it is privacy.
//
// Caveats: the course of a delivery is kept in its attempts, not here; a log of thousands of events a second would
// serialize all posts of an organization on one chain.
package audit

import (
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Action names an act, noun.verb, like "channel.disconnected". The list of all is closed: operations declare theirs.
type Action string

// Result is how the act ended.
type Result string

// The results.
const (
	OK     Result = "ok"
	Denied Result = "denied"
	Failed Result = "failed"
)

// Actor is who acted.
type Actor struct {
	Kind      string // member, staff, administrator, guest, api_key, system
	ID        string // idn_… or key_…
	Member    string // mem_… inside an organization
	Via       string // session, key, mcp, cli
	MFAMethod string
	MFAAge    time.Duration // since the second factor was given; whole seconds are recorded
}

// Thing is what was acted on.
type Thing struct {
	Kind      string
	ID        string
	Workspace string
}

// Event is one act before it is written. Private values go into Private, never into another field.
type Event struct {
	Action  Action
	Actor   Actor
	On      Thing
	Result  Result
	Error   string            // class of the error when Result isn't OK
	Changed []string          // names of changed fields
	Values  map[string]string // new values of fields on the short allow-list: role, plan, hours, state
	Why     Why
	From    From
	Read    *Read             // of a support read: what was looked at
	Private map[string]string // names, e-mail addresses and the like: committed to, kept beside
}

// Why is what the act is based on. Reason is free text: committed to, kept beside.
type Why struct{ Ticket, Reason, Grant, Basis string }

// Read names what a support read looked at: never a value.
type Read struct {
	Category string
	Fields   []string
	Records  []string // ids
	Count    int64
}

// From is where the act came from. Prefix is the network (/24 or /48): committed to, kept beside.
type From struct{ Request, Prefix, Agent string }

// valuesAllowed lists the fields whose new values may stand in a leaf.
var valuesAllowed = []string{"role", "plan", "hours", "state", "outcome"}

// Record is one written event.
type Record struct {
	Organization ref.Organization `cbor:"1,keyasint,omitempty"` // zero: the instance's log
	Seq          int64            `cbor:"2,keyasint"`
	ID           ref.Event        `cbor:"3,keyasint"`
	Bytes        []byte           `cbor:"4,keyasint"` // the canonical bytes; empty when it was pruned
	Leaf         [32]byte         `cbor:"5,keyasint"`
	Nodes        [][32]byte       `cbor:"6,keyasint,omitempty"` // of the tree: roots of the complete trees that this leaf ends
}

// Pruned says that only the hash is left.
func (r Record) Pruned() bool { return len(r.Bytes) == 0 }

// Side holds the values that a leaf only commits to. An erasure deletes it.
type Side struct {
	Organization ref.Organization  `cbor:"1,keyasint,omitempty"`
	Seq          int64             `cbor:"2,keyasint"`
	Salts        map[string][]byte `cbor:"3,keyasint"`
	Values       map[string]string `cbor:"4,keyasint"`
}

type head struct {
	Organization ref.Organization `cbor:"1,keyasint,omitempty"`
	Next         int64            `cbor:"2,keyasint"`
	Leaf         [32]byte         `cbor:"3,keyasint"`
	Tree         int64            `cbor:"4,keyasint,omitempty"` // how many leaves have their nodes; fewer than Next only in an old log
	Signed       int64            `cbor:"5,keyasint,omitempty"` // size of the newest checkpoint
	Urgent       bool             `cbor:"6,keyasint,omitempty"` // something is to be signed at once
}

func (h head) unsigned() bool { return h.Next > h.Signed }
func (h head) urgent() bool   { return h.Urgent }

func owner(o ref.Organization) store.Owner { return store.Owner{Organization: o} }

var (
	records = store.Table[Record]{Name: "audit", Version: 2, Holds: store.PersonalData,
		Key:     func(r Record) store.Key { return store.K(r.Organization, r.Seq) },
		Owner:   func(r Record) store.Owner { return owner(r.Organization) },
		Upgrade: grown[Record]}
	sides = store.Table[Side]{Name: "audit_side", Version: 1, Holds: store.PersonalData,
		Key:   func(s Side) store.Key { return store.K(s.Organization, s.Seq) },
		Owner: func(s Side) store.Owner { return owner(s.Organization) }}
	heads = store.Table[head]{Name: "audit_head", Version: 2, Holds: store.Operational,
		Key:     func(h head) store.Key { return store.K(h.Organization) },
		Owner:   func(h head) store.Owner { return owner(h.Organization) },
		Upgrade: grown[head],
		Indexes: []store.Index[head]{
			{Name: "unsigned", Version: 1, Only: head.unsigned, Key: func(h head) store.Key { return store.K(h.Organization) }},
			{Name: "urgent", Version: 1, Only: head.urgent, Key: func(h head) store.Key { return store.K(h.Organization) }}}}
)

// grown reads a record of version 1: since then fields came, none went.
func grown[T any](_ byte, raw []byte) (v T, err error) { return v, store.Decode(raw, &v) }

// Tables lists what this package stores.
func Tables() []store.AnyTable {
	return []store.AnyTable{&records, &sides, &heads, &checkpoints, &signingKeys}
}

// Append writes the event into the organization's log (the instance's when o is zero) in the transaction of the act.
func Append(tx store.Tx, o ref.Organization, e Event) ref.Event {
	h, _ := heads.Get(tx, store.K(o))
	h.Organization = o
	grow(tx, &h, h.Next)
	at := tx.Now()
	id := ref.Mint[ref.Event](at)
	side := Side{Organization: o, Seq: h.Next, Salts: map[string][]byte{}, Values: map[string]string{}}
	bytes := leafBytes(o, h, id, at, e, side.commit)
	r := Record{Organization: o, Seq: h.Next, ID: id, Bytes: bytes, Leaf: evidence.Leaf(bytes)}
	r.Nodes = nodesFor(tx, r)
	records.Put(tx, r)
	if len(side.Values) > 0 {
		sides.Put(tx, side)
	}
	h.Next, h.Tree, h.Leaf, h.Urgent = h.Next+1, h.Next+1, r.Leaf, h.Urgent || e.Action.urgent()
	heads.Put(tx, h)
	return id
}

// urgent says that a checkpoint is made at once, so that what support did can't be taken back unseen.
func (a Action) urgent() bool {
	return strings.HasPrefix(string(a), "grant.") || strings.HasPrefix(string(a), "support.")
}

// Erase destroys the values that an event only commits to. The log and all its proofs stay as they are.
func Erase(tx store.Tx, o ref.Organization, seq int64) bool { return sides.Delete(tx, store.K(o, seq)) }

// Prune leaves only the hash of an event, so that the log and all its proofs stay as they are.
func Prune(tx store.Tx, o ref.Organization, seq int64) bool {
	r, ok := records.Get(tx, store.K(o, seq))
	if !ok || r.Pruned() {
		return false
	}
	r.Bytes = nil
	records.Put(tx, r)
	Erase(tx, o, seq)
	return true
}

// commit keeps the value beside the leaf and returns what stands in it.
func (s *Side) commit(name, value string) string {
	salt := random.Bytes(16)
	s.Salts[name], s.Values[name] = salt, value
	return evidence.Commitment(salt, value)
}
