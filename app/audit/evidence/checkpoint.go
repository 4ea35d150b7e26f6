package evidence

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is a log's head: a C2SP checkpoint without extension lines.
type Checkpoint struct {
	Origin string // omniposto/<instance>/<log>
	Size   int64  // number of events
	Root   Hash
}

// Origin is the name of a log of an instance; its keys carry it too.
func Origin(instance, log string) string { return "omniposto/" + instance + "/" + log }

// Text is what is signed.
func (c Checkpoint) Text() string { return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root) }

var errCheckpoint = errors.New("not a checkpoint")

// ParseCheckpoint reads a text that Text wrote.
func ParseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" || lines[3] != "" {
		return Checkpoint{}, errCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, errCheckpoint
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, errCheckpoint
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// Sign signs the checkpoint with each of the keys.
func (c Checkpoint) Sign(keys ...ed25519.PrivateKey) (string, error) {
	var signers []note.Signer
	for _, k := range keys {
		signers = append(signers, signer{c.Origin, k})
	}
	signed, err := note.Sign(&note.Note{Text: c.Text()}, signers...)
	return string(signed), err
}

// The bytes that begin a key and tell how it signs.
const (
	algLog     = 1
	algWitness = 4
)

// signer is an Ed25519 key under a log's name.
type signer struct {
	name string
	key  ed25519.PrivateKey
}

// Name implements note.Signer.
func (s signer) Name() string { return s.name }

// KeyHash implements note.Signer.
func (s signer) KeyHash() uint32 {
	return keyHash(s.name, algLog, s.key.Public().(ed25519.PublicKey))
}

// Sign implements note.Signer.
func (s signer) Sign(text []byte) ([]byte, error) { return ed25519.Sign(s.key, text), nil }

func keyHash(name string, alg byte, key ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"+string(alg)), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// KeyLine is the line of keys.txt for a public key under a log's name.
func KeyLine(origin string, key ed25519.PublicKey) string {
	line, err := note.NewEd25519VerifierKey(origin, key)
	if err != nil {
		panic("evidence: " + err.Error()) // a key of another length
	}
	return line
}

// Fingerprint is SHA-256 of the public key, in hexadecimal. It is the same for all logs of an instance.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:])
}

// logKey is a key that signs checkpoints.
type logKey struct {
	note.Verifier
	print string
}

// readKeys reads keys.txt as far as it is about the log; other lines may stand for what is yet to come.
func readKeys(text, origin string) []logKey {
	var out []logKey
	for line := range strings.SplitSeq(text, "\n") {
		v, err := note.NewVerifier(line)
		if err != nil || v.Name() != origin {
			continue
		}
		if raw, err := keyOf(line); err == nil {
			out = append(out, logKey{v, Fingerprint(raw[1:])})
		}
	}
	return out
}

// keyOf is the algorithm's byte and the key in a line NAME+HASH+KEY. The key may hold plus signs too.
func keyOf(line string) ([]byte, error) {
	parts := strings.SplitN(line, "+", 3)
	return base64.StdEncoding.DecodeString(parts[len(parts)-1])
}

// Witness checks the cosignatures of one witness.
type Witness struct {
	name string
	key  ed25519.PublicKey
}

var errWitnessKey = errors.New("not the key of a witness: want NAME+HASH+KEY with an Ed25519 cosignature key")

// ParseWitness reads a witness's key in the form that C2SP gives it: name, hash and key joined by plus signs.
func ParseWitness(line string) (Witness, error) {
	line = strings.TrimSpace(line)
	name, rest, _ := strings.Cut(line, "+")
	hash, _, _ := strings.Cut(rest, "+")
	raw, err := keyOf(line)
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algWitness || name == "" || strings.ContainsAny(name, " \n\t") {
		return Witness{}, errWitnessKey
	}
	w := Witness{name, ed25519.PublicKey(raw[1:])}
	if hash != fmt.Sprintf("%08x", w.KeyHash()) {
		return Witness{}, errWitnessKey
	}
	return w, nil
}

// Name implements note.Verifier.
func (w Witness) Name() string { return w.name }

// KeyHash implements note.Verifier.
func (w Witness) KeyHash() uint32 { return keyHash(w.name, algWitness, w.key) }

const stamp = 8 // bytes of the time before a cosignature

// Verify implements note.Verifier: a cosignature/v1.
func (w Witness) Verify(text, sig []byte) bool {
	if len(sig) != stamp+ed25519.SignatureSize {
		return false
	}
	head := "cosignature/v1\ntime " + strconv.FormatUint(binary.BigEndian.Uint64(sig), 10) + "\n"
	return ed25519.Verify(w.key, append([]byte(head), text...), sig[stamp:])
}

// Cosigned opens a checkpoint and says when the witness signed it; ok is false when it didn't.
func (w Witness) Cosigned(signed string) (at time.Time, line string, ok bool) {
	n, err := note.Open([]byte(signed), note.VerifierList(w))
	if err != nil {
		return at, "", false
	}
	sig := n.Sigs[len(n.Sigs)-1]
	raw, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil {
		return at, "", false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0).UTC(), "— " + sig.Name + " " + sig.Base64 + "\n", true //nolint:gosec // a time
}

var _ note.Verifier = Witness{}

// JoinNotes writes signed checkpoints one after the other, an empty line between them.
func JoinNotes(notes []string) string { return strings.Join(notes, "\n") }

// SplitNotes takes them apart. A note is its text, an empty line, and lines of signatures.
func SplitNotes(all string) []string {
	var out []string
	for block := range strings.SplitSeq(all, "\n\n") {
		if !strings.HasPrefix(block, "— ") || len(out) == 0 {
			out = append(out, block)
			continue
		}
		out[len(out)-1] += "\n\n" + block
	}
	for i := range out {
		out[i] = strings.TrimRight(out[i], "\n") + "\n"
	}
	return out
}
