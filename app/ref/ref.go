// Package ref holds the names of things without the things: typed ids that any package may use without importing the
// noun. An id is 16 bytes (UUIDv7: 48 bits of milliseconds, then random bits), so ids sort by the time they were made;
// people and the API see it as a prefix and 26 signs of base32, like pst_06f3k….
package ref

import (
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/random"
)

// ErrID is the error of every id that can't be read.
var ErrID = errors.New("not an id of this kind")

// Kind names what an id is of. Only this package makes kinds.
type Kind interface{ prefix() string }

// ID is the name of one thing of kind K. The zero value names nothing.
type ID[K Kind] [16]byte

var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// New makes an id at the instant. Two ids made in the same millisecond are in random order.
func New[K Kind](at time.Time) ID[K] {
	var id ID[K]
	ms := uint64(at.UnixMilli()) //nolint:gosec // after 1970
	id[0], id[1], id[2], id[3], id[4], id[5] = byte(ms>>40), byte(ms>>32), byte(ms>>24), byte(ms>>16), byte(ms>>8), byte(ms)
	copy(id[6:], random.Bytes(10))
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Parse reads the form that String writes; upper case is accepted, any other prefix is ErrID.
func Parse[K Kind](s string) (ID[K], error) {
	var id ID[K]
	var k K
	rest, ok := strings.CutPrefix(strings.ToLower(s), k.prefix()+"_")
	if !ok || len(rest) != 26 {
		return id, fmt.Errorf("%w: want %s_ and 26 signs", ErrID, k.prefix())
	}
	raw, err := alphabet.DecodeString(rest)
	if err != nil || len(raw) != 16 || alphabet.EncodeToString(raw) != rest {
		return id, fmt.Errorf("%w: want %s_ and 26 signs", ErrID, k.prefix())
	}
	copy(id[:], raw)
	return id, nil
}

// String is the prefix and 26 signs; the zero value is empty.
func (id ID[K]) String() string {
	if id.Zero() {
		return ""
	}
	var k K
	return k.prefix() + "_" + alphabet.EncodeToString(id[:])
}

// Zero says that the id names nothing.
func (id ID[K]) Zero() bool { return id == ID[K]{} }

// At is the instant in the id, in milliseconds.
func (id ID[K]) At() time.Time {
	ms := int64(id[0])<<40 | int64(id[1])<<32 | int64(id[2])<<24 | int64(id[3])<<16 | int64(id[4])<<8 | int64(id[5])
	return time.UnixMilli(ms).UTC()
}

// Bytes16 gives the raw bytes for a key of the store.
func (id ID[K]) Bytes16() [16]byte { return id }

// Prefix is the text before the underscore.
func (ID[K]) Prefix() string { var k K; return k.prefix() }

// MarshalText writes String's form.
func (id ID[K]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads String's form; empty text is the zero value.
func (id *ID[K]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID[K]{}
		return nil
	}
	got, err := Parse[K](string(b))
	if err == nil {
		*id = got
	}
	return err
}

type (
	kindOrganization struct{}
	kindWorkspace    struct{}
	kindIdentity     struct{}
	kindMember       struct{}
	kindSession      struct{}
	kindInvitation   struct{}
	kindChannel      struct{}
	kindPost         struct{}
	kindDelivery     struct{}
	kindAttempt      struct{}
	kindAsset        struct{}
	kindUpload       struct{}
	kindLabel        struct{}
	kindGrant        struct{}
	kindLetter       struct{}
	kindPasskey      struct{}
	kindRecovery     struct{}
	kindEvent        struct{}
	kindChange       struct{}
	kindKey          struct{}
	kindWebhook      struct{}
	kindSecret       struct{}
	kindInstance     struct{}
	kindNode         struct{}
	kindRequest      struct{}
	kindItem         struct{}
	kindArrival      struct{}
)

func (kindOrganization) prefix() string { return "org" }
func (kindWorkspace) prefix() string    { return "wsp" }
func (kindIdentity) prefix() string     { return "idn" }
func (kindMember) prefix() string       { return "mem" }
func (kindSession) prefix() string      { return "ses" }
func (kindInvitation) prefix() string   { return "inv" }
func (kindChannel) prefix() string      { return "chn" }
func (kindPost) prefix() string         { return "pst" }
func (kindDelivery) prefix() string     { return "dlv" }
func (kindAttempt) prefix() string      { return "att" }
func (kindAsset) prefix() string        { return "ast" }
func (kindUpload) prefix() string       { return "upl" }
func (kindLabel) prefix() string        { return "lbl" }
func (kindGrant) prefix() string        { return "gra" }
func (kindLetter) prefix() string       { return "ltr" }
func (kindPasskey) prefix() string      { return "pky" }
func (kindRecovery) prefix() string     { return "rcv" }
func (kindEvent) prefix() string        { return "evt" }
func (kindChange) prefix() string       { return "chg" }
func (kindKey) prefix() string          { return "key" }
func (kindWebhook) prefix() string      { return "whk" }
func (kindSecret) prefix() string       { return "sec" }
func (kindInstance) prefix() string     { return "ins" }
func (kindNode) prefix() string         { return "nod" }
func (kindRequest) prefix() string      { return "req" }
func (kindItem) prefix() string         { return "itm" }
func (kindArrival) prefix() string      { return "arv" }

// The kinds of id.
type (
	Organization = ID[kindOrganization] // a customer
	Workspace    = ID[kindWorkspace]    // one brand or client
	Identity     = ID[kindIdentity]     // who signs in: one person
	Member       = ID[kindMember]       // an identity inside one organization
	Session      = ID[kindSession]
	Invitation   = ID[kindInvitation]
	Channel      = ID[kindChannel]
	Post         = ID[kindPost]
	Delivery     = ID[kindDelivery]
	Attempt      = ID[kindAttempt]
	Asset        = ID[kindAsset]
	Upload       = ID[kindUpload]
	Label        = ID[kindLabel]
	Grant        = ID[kindGrant]
	Letter       = ID[kindLetter]
	Passkey      = ID[kindPasskey]
	Recovery     = ID[kindRecovery] // a lost second factor on its way to being removed
	Event        = ID[kindEvent]    // an audit event
	Change       = ID[kindChange]   // a domain event: what changed, for live screens and readers of the log
	Key          = ID[kindKey]      // an API key
	Webhook      = ID[kindWebhook]
	Secret       = ID[kindSecret] // a sealed value
	Instance     = ID[kindInstance]
	Node         = ID[kindNode] // one incarnation of a running process
	Request      = ID[kindRequest]
	Item         = ID[kindItem]    // an item of the practice feed
	Arrival      = ID[kindArrival] // a sign-in at a platform that came back and awaits a choice
)

// Read sets *to from the form that String writes; it serves types without naming their kind.
func Read[K Kind](s string, to *ID[K]) error {
	got, err := Parse[K](s)
	if err == nil {
		*to = got
	}
	return err
}

// Mint makes an id of the type asked for: ref.Mint[ref.Post](now).
func Mint[T ~[16]byte](at time.Time) T { return T(New[kindItem](at)) }
