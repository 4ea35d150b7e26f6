package identity

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
)

// TestGuessesCloseTheirOwnDoor counts wrong passwords of one address, of one network and of everybody.
func TestGuessesCloseTheirOwnDoor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	db, err := store.Open(t.Context(), memory.New(func() time.Time { return now }), Tables()...)
	if err != nil {
		t.Fatal(err)
	}
	may := func(email, prefix string) bool {
		t.Helper()
		var refused error
		if err := db.View(t.Context(), func(tx store.ReadTx) error { refused = mayGuess(tx, email, prefix); return nil }); err != nil {
			t.Fatal(err)
		}
		return !errors.Is(refused, ErrTooManyTries)
	}
	guess := func(n int, email, prefix func(i int) string) {
		t.Helper()
		err := db.Update(t.Context(), func(tx store.Tx) error {
			for i := range n {
				wrongPassword(tx, email(i), prefix(i))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	one := func(s string) func(int) string { return func(int) string { return s } }
	each := func(s string) func(int) string { return func(i int) string { return fmt.Sprint(s, i) } }
	guess(9, one("a"), each("n"))
	if !may("a", "x") {
		t.Error("nine are too many for one address")
	}
	guess(1, one("a"), each("n"))
	if may("a", "x") || !may("b", "x") {
		t.Error("ten close one address, and only that")
	}
	guess(100, each("c"), one("m"))
	if may("b", "m") || !may("b", "x") {
		t.Error("a hundred close one network, and only that")
	}
	guess(guessesOfAll-110, each("d"), each("p"))
	if may("b", "x") {
		t.Error("that many of everybody close everything")
	}
	now = now.Add(time.Minute + time.Second)
	if !may("b", "x") || may("a", "x") || may("b", "m") {
		t.Error("everybody waits a minute, an address and a network a quarter of an hour")
	}
	now = now.Add(15 * time.Minute)
	if !may("a", "x") || !may("b", "m") {
		t.Error("a quarter of an hour later all are open")
	}
}
