package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Checkpoint is a log's head as it was signed.
type Checkpoint struct {
	Organization ref.Organization `cbor:"1,keyasint,omitempty"` // zero: the instance's log
	Number       int64            `cbor:"2,keyasint"`           // 1, 2, 3… in its log
	Size         int64            `cbor:"3,keyasint"`           // events
	Root         [32]byte         `cbor:"4,keyasint"`
	At           time.Time        `cbor:"5,keyasint"`
	Key          int64            `cbor:"6,keyasint"` // number of the signing key
	Note         string           `cbor:"7,keyasint"` // as signed, with cosignatures of witnesses
}

// SigningKey is one of the keys that checkpoints were signed with; its private half is sealed by the keeper.
type SigningKey struct {
	Number    int64     `cbor:"1,keyasint"`
	Public    []byte    `cbor:"2,keyasint"`
	CreatedAt time.Time `cbor:"3,keyasint"`
}

var (
	checkpoints = store.Table[Checkpoint]{Name: "audit_checkpoint", Version: 1, Holds: store.Operational,
		Key:   func(c Checkpoint) store.Key { return store.K(c.Organization, c.Number) },
		Owner: func(c Checkpoint) store.Owner { return owner(c.Organization) }}
	signingKeys = store.Table[SigningKey]{Name: "audit_key", Version: 1, Holds: store.Operational,
		Key: func(k SigningKey) store.Key { return store.K(k.Number) }}
)

// LogName is the name of a log in its events and its origin.
func LogName(o ref.Organization) string {
	if o.Zero() {
		return "instance"
	}
	return o.String()
}

// Newest is the newest checkpoint of the log.
func Newest(tx store.ReadTx, o ref.Organization) (Checkpoint, bool) {
	for _, c := range checkpoints.All(tx, store.Range{Prefix: store.K(o), Back: true}) {
		return c, true
	}
	return Checkpoint{}, false
}

// Checkpoints walks the log's checkpoints from the number on, oldest first.
func Checkpoints(tx store.ReadTx, o ref.Organization, from int64, fn func(Checkpoint) bool) {
	for _, c := range checkpoints.All(tx, store.Range{Prefix: store.K(o), From: store.K(o, from)}) {
		if !fn(c) {
			return
		}
	}
}

// SigningKeys lists all keys, oldest first.
func SigningKeys(tx store.ReadTx) (all []SigningKey) {
	for _, k := range signingKeys.All(tx, store.Range{}) {
		all = append(all, k)
	}
	return all
}

// ErrUnclaimed says that the instance has no name yet, so that nothing can be signed for it.
var ErrUnclaimed = errors.New("an instance without an owner signs nothing")

// Notary makes checkpoints.
type Notary struct {
	NotaryDeps
	poke chan struct{}
}

// NotaryDeps is what a notary uses.
type NotaryDeps struct {
	DB       *store.DB
	Seed     func(ctx context.Context, db *store.DB, purpose string) ([]byte, error) // 32 bytes for a purpose, made once and kept sealed
	Clock    clock.Clock
	Log      *slog.Logger
	Instance func(tx store.ReadTx) (ref.Instance, bool)
	Made     func() // told after checkpoints were made
}

// NewNotary makes a notary.
func NewNotary(d NotaryDeps) *Notary { return &Notary{NotaryDeps: d, poke: make(chan struct{}, 1)} }

// Poke says that something was written which may have to be signed at once.
func (n *Notary) Poke() {
	select {
	case n.poke <- struct{}{}:
	default:
	}
}

// atOnce is how long an urgent event waits for company, and for a poke that didn't come.
const atOnce = time.Second

// Run signs urgent events as they come until ctx ends. What isn't urgent waits for Due.
func (n *Notary) Run(ctx context.Context) {
	for ctx.Err() == nil {
		again, stop := n.Clock.Timer(atOnce)
		select {
		case <-ctx.Done():
		case <-n.poke:
		case <-again:
		}
		stop()
		if err := n.sign(ctx, "urgent"); err != nil && ctx.Err() == nil {
			n.Log.Warn("sign checkpoints", "error", err.Error())
		}
	}
}

// Due makes a checkpoint of each log that has events since its last.
func (n *Notary) Due(ctx context.Context) error { return n.sign(ctx, "unsigned") }

func (n *Notary) sign(ctx context.Context, index string) error {
	var logs []ref.Organization
	err := n.DB.View(ctx, func(tx store.ReadTx) error {
		logs = nil
		for _, h := range heads.By(tx, index, store.Range{}) {
			logs = append(logs, h.Organization)
		}
		return nil
	})
	for _, o := range logs {
		if _, merr := n.Make(ctx, o); merr != nil && !errors.Is(merr, ErrUnclaimed) {
			err = errors.Join(err, fmt.Errorf("checkpoint of %s: %w", LogName(o), merr))
		}
	}
	if len(logs) > 0 && n.Made != nil {
		n.Made()
	}
	return err
}

// Make signs the log as it is now; when nothing came since the newest checkpoint, that one is the answer. The first
// checkpoint after a change of the key is over an event that tells of it, and both keys sign.
func (n *Notary) Make(ctx context.Context, o ref.Organization) (Checkpoint, error) {
	keys, err := n.keys(ctx, o)
	if err != nil {
		return Checkpoint{}, err
	}
	var made Checkpoint
	err = n.DB.Update(ctx, func(tx store.Tx) error {
		last, _ := Newest(tx, o)
		h, ok := heads.Get(tx, store.K(o))
		if made = last; !ok || h.Next == last.Size {
			return nil
		}
		signers := []ed25519.PrivateKey{keys.now}
		if last.Number > 0 && last.Key != keys.number {
			if last.Key != keys.beforeNumber {
				return errKeyMoved
			}
			signers = append(signers, keys.before)
			Append(tx, o, Event{Action: "log.key_rotated", Actor: Actor{Kind: "system"}, Result: OK,
				On: Thing{Kind: "signing_key", ID: evidence.Fingerprint(keys.now.Public().(ed25519.PublicKey))}})
			h, _ = heads.Get(tx, store.K(o))
		}
		grow(tx, &h, h.Next)
		root, err := Root(tx, o, h.Next)
		if err != nil {
			return err
		}
		made = Checkpoint{Organization: o, Number: last.Number + 1, Size: h.Next, Root: root, At: tx.Now(), Key: keys.number}
		if made.Note, err = (evidence.Checkpoint{Origin: keys.origin, Size: h.Next, Root: root}).Sign(signers...); err != nil {
			return err
		}
		checkpoints.Put(tx, made)
		h.Signed, h.Urgent = h.Next, false
		heads.Put(tx, h)
		return nil
	})
	return made, err
}

// errKeyMoved says that another checkpoint came between; the next turn signs.
var errKeyMoved = errors.New("the newest checkpoint changed its key meanwhile")

// signing is what one checkpoint is signed with.
type signing struct {
	origin       string
	number       int64
	now          ed25519.PrivateKey
	beforeNumber int64 // of the key that signed the newest checkpoint, when that is another
	before       ed25519.PrivateKey
}

func (n *Notary) keys(ctx context.Context, o ref.Organization) (s signing, err error) {
	var claimed bool
	err = n.DB.View(ctx, func(tx store.ReadTx) error {
		var id ref.Instance
		if id, claimed = n.Instance(tx); !claimed {
			return ErrUnclaimed
		}
		s.origin = evidence.Origin(id.String(), LogName(o))
		if all := SigningKeys(tx); len(all) > 0 {
			s.number = all[len(all)-1].Number
		}
		last, _ := Newest(tx, o)
		s.beforeNumber = last.Key
		return nil
	})
	if err != nil {
		return s, err
	}
	if s.number == 0 {
		if s.number, err = n.Rotate(ctx); err != nil {
			return s, err
		}
	}
	if s.now, err = n.private(ctx, s.number); err == nil && s.beforeNumber != 0 && s.beforeNumber != s.number {
		s.before, err = n.private(ctx, s.beforeNumber)
	}
	return s, err
}

// private opens a signing key. Each is made once and kept sealed under the master key.
func (n *Notary) private(ctx context.Context, number int64) (ed25519.PrivateKey, error) {
	seed, err := n.Seed(ctx, n.DB, fmt.Sprintf("audit signing %d", number))
	if err != nil {
		return nil, fmt.Errorf("open signing key %d: %w", number, err)
	}
	defer clear(seed)
	return ed25519.NewKeyFromSeed(seed), nil
}

// NextKey makes and seals the signing key that comes next; AddKey brings it into use.
func (n *Notary) NextKey(ctx context.Context) (k SigningKey, err error) {
	err = n.DB.View(ctx, func(tx store.ReadTx) error {
		k = SigningKey{Number: int64(len(SigningKeys(tx))) + 1, CreatedAt: tx.Now()}
		return nil
	})
	if err != nil {
		return k, err
	}
	key, err := n.private(ctx, k.Number)
	if err == nil {
		k.Public = key.Public().(ed25519.PublicKey)
	}
	return k, err
}

// AddKey lets a key sign from now on. Each log hands over to it at its next checkpoint. A key that is there stays.
func AddKey(tx store.Tx, k SigningKey) {
	if _, ok := signingKeys.Get(tx, store.K(k.Number)); !ok {
		signingKeys.Put(tx, k)
	}
}

// Rotate makes the next signing key and brings it into use.
func (n *Notary) Rotate(ctx context.Context) (number int64, err error) {
	k, err := n.NextKey(ctx)
	if err != nil {
		return 0, err
	}
	return k.Number, n.DB.Update(ctx, func(tx store.Tx) error { AddKey(tx, k); return nil })
}

// Witnessed keeps a witness's signature with the checkpoint.
func Witnessed(tx store.Tx, o ref.Organization, number int64, line string) {
	if c, ok := checkpoints.Get(tx, store.K(o, number)); ok {
		c.Note += line
		checkpoints.Put(tx, c)
	}
}
