package identity

import (
	"crypto/sha256"
	"time"

	"github.com/omniposto/omniposto/store"
)

// guess counts wrong tries at one secret: an address's password, a session's second factor, a network's tries at all.
// It is kept in the store, so that a restart gives nobody new tries.
type guess struct {
	Of    []byte    `cbor:"1,keyasint"`
	Wrong int       `cbor:"2,keyasint"`
	Since time.Time `cbor:"3,keyasint"`
	Until time.Time `cbor:"4,keyasint,omitempty"`
}

var guesses = store.Table[guess]{Name: "guess", Version: 1, Holds: store.Operational,
	Key: func(g guess) store.Key { return store.K(g.Of) },
	Indexes: []store.Index[guess]{{Name: "age", Version: 1,
		Key: func(g guess) store.Key { return store.K(g.Since, g.Of) }}}}

const (
	guessWindow   = 15 * time.Minute
	guessesOfOne  = 10  // for one address or session
	guessesOfMany = 100 // for one network
	guessesOfAll  = 3000
	allClosed     = time.Minute // for passwords of everybody, once that many were wrong; a passkey still signs in
)

func guessKey(kind, of string) []byte {
	sum := sha256.Sum256([]byte(kind + "|" + of))
	return sum[:]
}

// mayTry refuses when the window's tries are used up.
func mayTry(tx store.ReadTx, kind, of string) error {
	g, _ := guesses.Get(tx, store.K(guessKey(kind, of)))
	if tx.Now().Before(g.Until) {
		return ErrTooManyTries.After(g.Until).With("until", g.Until)
	}
	return nil
}

// wrong counts a wrong try and closes the window when there were most of them.
func wrong(tx store.Tx, kind, of string, most int) { wrongThen(tx, kind, of, most, guessWindow) }

func wrongThen(tx store.Tx, kind, of string, most int, closed time.Duration) {
	key := guessKey(kind, of)
	g, _ := guesses.Get(tx, store.K(key))
	now := tx.Now()
	if now.Sub(g.Since) > guessWindow {
		g = guess{Since: now}
	}
	g.Of = key
	if g.Wrong++; g.Wrong >= most {
		g.Until = now.Add(closed)
	}
	guesses.Put(tx, g)
}

// mayGuess refuses a password where its address, the network it comes from or everybody had too many wrong tries.
func mayGuess(tx store.ReadTx, email, prefix string) error {
	for _, of := range []struct{ kind, of string }{{"password", email}, {"network", prefix}, {"everybody", ""}} {
		if err := mayTry(tx, of.kind, of.of); err != nil {
			return err
		}
	}
	return nil
}

func wrongPassword(tx store.Tx, email, prefix string) {
	wrong(tx, "password", email, guessesOfOne)
	wrong(tx, "network", prefix, guessesOfMany)
	wrongThen(tx, "everybody", "", guessesOfAll, allClosed)
}

func right(tx store.Tx, kind, of string) { guesses.Delete(tx, store.K(guessKey(kind, of))) }

// SweepGuesses removes at most n counts that are over.
func SweepGuesses(tx store.Tx, n int) int {
	var old []guess
	for _, g := range guesses.By(tx, "age", store.Range{To: store.K(tx.Now().Add(-2 * guessWindow))}) {
		if old = append(old, g); len(old) == n {
			break
		}
	}
	for _, g := range old {
		guesses.Delete(tx, store.K(g.Of))
	}
	return len(old)
}
