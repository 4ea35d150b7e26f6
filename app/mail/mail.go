// Package mail is how the product writes to people: a noun queues a letter in the transaction of what it tells of, and
// the outbox sends it when a transport is configured. Without one letters wait, and administrators see their kind,
// recipient and time only: what a letter says, and above all its link, is sealed to the organization it is about.
//
// Who is told of what is decided by the noun that queues; the words are the templates of this package (words/, one file
// for each language). Only a letter's own Link becomes a link: whatever else looks like an address is taken apart, so
// that nobody's name leads anybody anywhere.
//
// Caveats: a letter goes out at least once. It carries the same Message-ID, at Resend the same idempotency key, each
// time, so that a server may fold what came twice. Nothing of a letter is kept once it was taken over; that it was
// taken over doesn't say that it was read.
//
// Why the next try is written down before a letter is sent, and not only afterwards: a store that can't be written
// would otherwise let the same letter go out again and again.
package mail

import (
	"encoding/json"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/fail"
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
	RecoveryReady   Kind = "recovery_ready"   // Data: until. Link: where to begin anew, after the wait
	Recovered       Kind = "recovered"        // Data: who, at
	EmailChanged    Kind = "email_changed"    // to the address that was. Data: at
	FactorChanged   Kind = "factor_changed"   // Data: what (passkey_added, totp_removed, …), at
	FirstFactor     Kind = "first_factor"     // to owners. Data: who, at
	LastFactor      Kind = "last_factor"      // to owners. Data: who, at
	CodesVoided     Kind = "codes_voided"     // Data: at
	PasswordChanged Kind = "password_changed" // Data: at
	GrantRequested  Kind = "grant_requested"  // Data: organization, staff, ticket, categories, hours. Link: Support access, never an approval
	GrantApproved   Kind = "grant_approved"   // Data: organization, staff, ticket, by, until
	GrantEnded      Kind = "grant_ended"      // Data: organization, staff, ticket, how (expired, withdrawn, closed, …)
	GrantPaused     Kind = "grant_paused"     // Data: organization, staff, ticket, why (hourly_limit, record_limit)
	StaffApproved   Kind = "staff_approved"   // to the staff person. Data: organization, ticket, by, categories, until. Link: the console
	StaffEnded      Kind = "staff_ended"      // to the staff person. Data: organization, ticket, how
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
	Problem      Problem          `cbor:"9,keyasint,omitempty"`  // class of the last failure, no words of anybody
	TriedAt      time.Time        `cbor:"10,keyasint,omitempty"` // the first time
	Failed       bool             `cbor:"11,keyasint,omitempty"` // given up; its content is gone
}

var letters = store.Table[Waiting]{Name: "letter", Version: 1, Holds: store.SecretMaterial,
	Key:   func(w Waiting) store.Key { return store.K(w.Organization, w.ID) },
	Owner: func(w Waiting) store.Owner { return store.Owner{Organization: w.Organization} },
	Indexes: []store.Index[Waiting]{
		{Name: "due", Version: 2, Only: func(w Waiting) bool { return !w.Failed },
			Key: func(w Waiting) store.Key { return store.K(w.DueAt, w.ID) }},
		{Name: "age", Version: 1, Key: func(w Waiting) store.Key { return store.K(w.CreatedAt, w.ID) }}}}

// Tables lists what this package stores.
func Tables() []store.AnyTable { return []store.AnyTable{&letters} }

// ErrAddress is the error of a letter to something that isn't one e-mail address.
var ErrAddress = fail.Invalid("address_invalid", "This isn't an e-mail address that a letter can go to.")

// Outbox holds letters until they are sent.
type Outbox struct {
	Deps
	poke chan struct{}
	rest time.Duration // elapsed time before which the transport isn't asked again
}

// Deps is what the outbox uses.
type Deps struct {
	DB        *store.DB
	Clock     clock.Clock
	Keeper    *secret.Keeper
	Log       *slog.Logger
	Transport Transport // nil: letters wait
}

// New makes an outbox.
func New(d Deps) *Outbox {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Outbox{Deps: d, poke: make(chan struct{}, 1)}
}

// Enabled says whether letters leave: without a transport a link must be passed on by hand.
func (o *Outbox) Enabled() bool { return o.Transport != nil }

func place(w Waiting) secret.Place {
	return secret.Place{Purpose: "mail", Organization: w.Organization, Kind: "letter", ID: w.ID, Field: "content"}
}

// Queue puts the letter into the outbox in the transaction of what it tells of.
func (o *Outbox) Queue(tx store.Tx, l Letter) error {
	_, err := o.queue(tx, l)
	return err
}

func (o *Outbox) queue(tx store.Tx, l Letter) (Waiting, error) {
	to, err := address(l.To)
	if err != nil {
		return Waiting{}, err
	}
	now := tx.Now()
	w := Waiting{Organization: l.Organization, ID: ref.Mint[ref.Letter](now), Kind: l.Kind, To: to, CreatedAt: now, DueAt: now}
	raw, err := json.Marshal(content{Name: l.Name, Locale: l.Locale, Data: l.Data, Link: l.Link})
	if err == nil {
		w.Content, err = o.Keeper.Seal(tx, place(w), raw)
	}
	if err != nil {
		return Waiting{}, fmt.Errorf("queue a letter %s: %w", l.Kind, err)
	}
	letters.Put(tx, w)
	return w, nil
}

const maxAddress = 254 // RFC 5321, 4.5.3.1.3 without the angle brackets

// address is the bare form of one e-mail address; a display name is left behind.
func address(text string) (string, error) {
	a, err := netmail.ParseAddress(strings.TrimSpace(text))
	if err != nil || len(a.Address) > maxAddress || strings.ContainsFunc(a.Address, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", ErrAddress
	}
	return a.Address, nil
}

// Holders lists the tables of this package that hold sealed values.
func Holders() []secret.Holder {
	return []secret.Holder{secret.Hold(&letters, func(w *Waiting, visit func(secret.Place, *secret.Sealed)) { visit(place(*w), &w.Content) })}
}
