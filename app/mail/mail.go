// Package mail is how the product writes to people: a noun queues a letter in the transaction of what it tells of, and
// the outbox sends it when a transport is configured. Without one letters wait, and administrators see their kind,
// recipient and time only: what a letter says, and above all its link, is sealed to the organization it is about.
//
// Who is told of what is decided by the noun that queues; the words are the templates of this package.
package mail

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Kind says what a letter is about; each has its own template.
type Kind string

// The kinds of letters.
const (
	Invitation      Kind = "invitation"       // Link: where to accept. Data: by, organization, role
	StaffInvitation Kind = "staff_invitation" // Link: where to accept. Data: by
	Recovery        Kind = "recovery"         // Link: where to choose a new password
	RecoveryStarted Kind = "recovery_started" // Data: who, until (RFC 3339). Link: where to stop it
	VerifyEmail     Kind = "verify_email"     // Link: where to confirm the address
	NewDevice       Kind = "new_device"       // Data: device, prefix, at
	FactorChanged   Kind = "factor_changed"   // Data: what (passkey_added, totp_removed, …), at
	PasswordChanged Kind = "password_changed" // Data: at
	GrantRequested  Kind = "grant_requested"  // Data: organization, staff, ticket, categories, hours. Link: Support access, never an approval
	GrantApproved   Kind = "grant_approved"   // Data: organization, staff, ticket, by, until
	GrantEnded      Kind = "grant_ended"      // Data: organization, staff, ticket, how (expired, withdrawn, closed, …)
	GrantPaused     Kind = "grant_paused"     // Data: organization, staff, ticket, why (hourly_limit, record_limit)
	AuditDigest     Kind = "audit_digest"     // Data: organization, checkpoint
	KeyCreated      Kind = "key_created"      // Data: organization, name, by
	NeedsAttention  Kind = "needs_attention"  // Data: organization, workspace, channel. Link: the delivery
	TestLetter      Kind = "test"             // Data: at
)

// Letter is what is told to one person.
type Letter struct {
	Kind         Kind
	To           string           // address
	Name         string           // of the recipient
	Organization ref.Organization // it is about; zero: the instance
	Locale       string           // of the recipient; empty: English
	Data         map[string]string
	Link         string
}

// content is what is sealed.
type content struct {
	Name, Locale string
	Data         map[string]string
	Link         string
}

// Waiting is a letter in the outbox.
type Waiting struct {
	Organization ref.Organization `cbor:"1,keyasint,omitempty"`
	ID           ref.Letter       `cbor:"2,keyasint"`
	Kind         Kind             `cbor:"3,keyasint"`
	To           string           `cbor:"4,keyasint"`
	Content      secret.Sealed    `cbor:"5,keyasint"`
	CreatedAt    time.Time        `cbor:"6,keyasint"`
	DueAt        time.Time        `cbor:"7,keyasint"` // when it is tried next
	Tries        int              `cbor:"8,keyasint,omitempty"`
	Problem      string           `cbor:"9,keyasint,omitempty"` // class of the last failure, no words of anybody
}

var letters = store.Table[Waiting]{Name: "letter", Version: 1, Holds: store.SecretMaterial,
	Key:   func(w Waiting) store.Key { return store.K(w.Organization, w.ID) },
	Owner: func(w Waiting) store.Owner { return store.Owner{Organization: w.Organization} },
	Indexes: []store.Index[Waiting]{{Name: "due", Version: 1,
		Key: func(w Waiting) store.Key { return store.K(w.DueAt, w.ID) }}}}

// Tables lists what this package stores.
func Tables() []store.AnyTable { return []store.AnyTable{&letters} }

// Outbox holds letters until they are sent.
type Outbox struct{ Deps }

// Deps is what the outbox uses.
type Deps struct {
	DB     *store.DB
	Clock  clock.Clock
	Keeper *secret.Keeper
}

// New makes an outbox.
func New(d Deps) *Outbox { return &Outbox{d} }

// Enabled says whether letters leave: without a transport a link must be passed on by hand.
func (o *Outbox) Enabled() bool { return false }

func place(w Waiting) secret.Place {
	return secret.Place{Purpose: "mail", Organization: w.Organization, Kind: "letter", ID: w.ID, Field: "content"}
}

// Queue puts the letter into the outbox in the transaction of what it tells of.
func (o *Outbox) Queue(tx store.Tx, l Letter) error {
	now := tx.Now()
	w := Waiting{Organization: l.Organization, ID: ref.Mint[ref.Letter](now), Kind: l.Kind, To: l.To, CreatedAt: now, DueAt: now}
	raw, err := json.Marshal(content{Name: l.Name, Locale: l.Locale, Data: l.Data, Link: l.Link})
	if err == nil {
		w.Content, err = o.Keeper.Seal(tx, place(w), raw)
	}
	if err != nil {
		return fmt.Errorf("queue a letter %s: %w", l.Kind, err)
	}
	letters.Put(tx, w)
	return nil
}
