package nostr

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"github.com/omniposto/omniposto/app/connector"
)

// event is the one thing that relays keep. NIP-01.
type event struct {
	ID        string     `json:"id"`
	Author    string     `json:"pubkey"`
	CreatedAt int64      `json:"created_at"`
	Kind      int        `json:"kind"`
	Tags      [][]string `json:"tags"`
	Content   string     `json:"content"`
	Sig       string     `json:"sig"`
}

// Kinds of event.
const (
	profileKind = 0
	noteKind    = 1
	deleteKind  = 5
	repostKind  = 6
	likeKind    = 7
	zapKind     = 9735
	commentKind = 1111
	relaysKind  = 10002
	serversKind = 10063
	authKind    = 22242
	uploadKind  = 24242
	articleKind = 30023
)

// number is the id: the hash of the event written in the one way that all agree on.
func (e *event) number() string {
	var b strings.Builder
	b.WriteString("[0,")
	quote(&b, e.Author)
	b.WriteString("," + strconv.FormatInt(e.CreatedAt, 10) + "," + strconv.Itoa(e.Kind) + ",[")
	for i, tag := range e.Tags {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('[')
		for j, part := range tag {
			if j > 0 {
				b.WriteByte(',')
			}
			quote(&b, part)
		}
		b.WriteByte(']')
	}
	b.WriteString("],")
	quote(&b, e.Content)
	b.WriteByte(']')
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}

// escapes are the only ones; everything else stands as it is. encoding/json would escape U+2028 too, which is another id.
var escapes = map[rune]string{'\n': `\n`, '"': `\"`, '\\': `\\`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}

func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		if escaped, ok := escapes[r]; ok {
			b.WriteString(escaped)
		} else {
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

// clean takes out control signs, which not all write alike, and bytes that are no text.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

var errKey = errors.New("no key")

// readKey reads a private key as people have it: nsec1…, or 64 hexadecimal digits.
func readKey(s string) (*btcec.PrivateKey, error) {
	s = strings.TrimSpace(s)
	raw, err := hex.DecodeString(s)
	if strings.HasPrefix(s, "nsec1") {
		var kind string
		if kind, raw, err = bech32Decode(s); err == nil && kind != "nsec" {
			err = errKey
		}
	}
	if err != nil || len(raw) != 32 {
		return nil, errKey
	}
	var scalar btcec.ModNScalar
	if overflow := scalar.SetByteSlice(raw); overflow || scalar.IsZero() {
		return nil, errKey
	}
	return btcec.PrivKeyFromScalar(&scalar), nil
}

// author is the public key of a private one.
func author(key *btcec.PrivateKey) string {
	return hex.EncodeToString(schnorr.SerializePubKey(key.PubKey()))
}

// keyOf is the channel's key.
func keyOf(c *connector.Call) (key *btcec.PrivateKey, err error) {
	c.Token.Extra["key"].Use(func(p string) { key, err = readKey(p) })
	if err != nil || key == nil {
		return nil, &connector.Failed{Class: connector.Reconnect, Step: "sign", Words: "This is no private key. It begins with nsec1.", Fix: "reconnect"}
	}
	return key, nil
}

// sign completes an event with author, id and signature.
func sign(_ context.Context, c *connector.Call, e event) (event, error) {
	key, err := keyOf(c)
	if err != nil {
		return e, err
	}
	e.Author = author(key)
	if e.Tags == nil {
		e.Tags = [][]string{}
	}
	e.ID = e.number()
	hash, err := hex.DecodeString(e.ID)
	if err != nil {
		return e, fmt.Errorf("sign: %w", err)
	}
	sig, err := schnorr.Sign(key, hash)
	if err != nil {
		return e, fmt.Errorf("sign: %w", err)
	}
	e.Sig = hex.EncodeToString(sig.Serialize())
	return e, nil
}

// genuine says that the event is its author's and unchanged.
func (e *event) genuine() bool {
	hash, err := hex.DecodeString(e.number())
	raw, err2 := hex.DecodeString(e.Sig)
	by, err3 := hex.DecodeString(e.Author)
	if err != nil || err2 != nil || err3 != nil || e.ID != e.number() {
		return false
	}
	sig, err := schnorr.ParseSignature(raw)
	key, err2 := schnorr.ParsePubKey(by)
	return err == nil && err2 == nil && sig.Verify(hash, key)
}

// tag gives the first value of a tag.
func (e *event) tag(name string) string {
	for _, t := range e.Tags {
		if len(t) > 1 && t[0] == name {
			return t[1]
		}
	}
	return ""
}
