// Package evidence checks an audit log away from the server that wrote it: with no network, no store and nothing of the
// product, so that what it says doesn't rest on the software it is about. docs/audit.md is the format in words.
//
// A log is a list of events, numbered from 0. The bytes of an event are canonical JSON; its leaf is SHA-256(0x00 ‖ bytes);
// each event names the leaf before it, and all leaves are an RFC 6962 Merkle tree whose root is signed from time to time.
// A bundle is what one needs to check that again: events.jsonl, pruned.txt, values.jsonl, checkpoints.txt, keys.txt, proofs/.
//
// Caveats: a bundle alone can only agree with itself: who holds the signing key could write another one. What proves more
// is something that was kept elsewhere: the key's fingerprint, an older checkpoint, or the signature of a witness.
//
// Why: x/mod's sumdb packages are RFC 6962 and the signed note of C2SP as Go's own checksum database uses them, and they
// need the standard library only. Decided 2026-11.
package evidence

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a leaf, a node or a root.
type Hash = tlog.Hash

// Names of a bundle's files.
const (
	EventsFile      = "events.jsonl"
	PrunedFile      = "pruned.txt"
	ValuesFile      = "values.jsonl"
	CheckpointsFile = "checkpoints.txt"
	KeysFile        = "keys.txt"
	ConsistencyFile = "proofs/consistency.txt"
	InclusionFile   = "proofs/inclusion.txt"
	ReadmeFile      = "README"
)

// Restored is the action of the event that begins a new epoch: the log goes on from a backup.
const Restored = "log.restored"

// Leaf is the hash of an event's canonical bytes, RFC 6962's leaf hash.
func Leaf(bytes []byte) Hash { return tlog.RecordHash(bytes) }

// Commitment is SHA-256(salt ‖ value) in base64url.
func Commitment(salt []byte, value string) string {
	sum := sha256.Sum256(append(slices.Clone(salt), value...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Broken says where a log stops being what it says of itself.
type Broken struct {
	Seq int64  `json:"seq"` // the first number that isn't right, or isn't proven any more
	Why string `json:"why"`
}

// Error implements error.
func (p *Broken) Error() string { return fmt.Sprintf("event %d: %s", p.Seq, p.Why) }

func problem(seq int64, format string, args ...any) *Broken {
	return &Broken{Seq: seq, Why: fmt.Sprintf(format, args...)}
}

// first is the problem with the lowest number.
func first(all ...*Broken) *Broken {
	var found *Broken
	for _, p := range all {
		if p != nil && (found == nil || p.Seq < found.Seq) {
			found = p
		}
	}
	return found
}
