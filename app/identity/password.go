package identity

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"golang.org/x/crypto/argon2"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/random"
)

// Cost is how hard a password is to try. Memory is in KiB.
type Cost struct {
	Time, Memory uint32
	Threads      uint8
}

// The costs of the product, and the cheapest that tests use.
var (
	Strong   = Cost{Time: 3, Memory: 64 << 10, Threads: 2}
	Floor    = Cost{Time: 2, Memory: 19 << 10, Threads: 1}
	Cheapest = Cost{Time: 1, Memory: 64, Threads: 1}
)

const (
	minPassword     = 12 // with a second factor
	minPasswordOnly = 15 // where the password is all there is
	maxPassword     = 256
	tooSlow         = 1500 * time.Millisecond
	atOnce          = 2 // hashes that may hold their memory at the same time
)

// Hasher hashes passwords, a few at a time, so that many sign-ins can't take all memory.
type Hasher struct {
	clock clock.Clock
	slots chan struct{}

	mu       sync.Mutex
	cost     Cost
	measured bool
	nobody   string // a hash nobody's password fits: unknown addresses take as long as known ones
}

// NewHasher hashes with the cost. A strong cost that this machine can't do in reasonable time falls to the floor.
func NewHasher(c clock.Clock, cost Cost) *Hasher {
	return &Hasher{clock: c, cost: cost, slots: make(chan struct{}, atOnce), measured: cost != Strong}
}

// Hash makes the PHC form of the password.
func (h *Hasher) Hash(password string) string {
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	h.mu.Lock()
	cost, measured := h.cost, h.measured
	h.mu.Unlock()
	salt := random.Bytes(16)
	began := h.clock.Elapsed()
	sum := cost.sum(password, salt)
	if took := h.clock.Elapsed() - began; !measured && took > tooSlow {
		h.mu.Lock()
		h.cost, h.measured, cost = Floor, true, Floor
		h.mu.Unlock()
		sum = cost.sum(password, salt)
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", cost.Memory, cost.Time, cost.Threads, enc.EncodeToString(salt), enc.EncodeToString(sum))
}

func (c Cost) sum(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, c.Time, c.Memory, c.Threads, 32)
}

// Fits says whether the password is the hashed one, and whether it should be hashed anew because the cost grew.
func (h *Hasher) Fits(password, hashed string) (ok, weak bool) {
	var c Cost
	parts := strings.Split(hashed, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil {
		return false, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(password) > 4*maxPassword {
		return false, false
	}
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	ok = subtle.ConstantTimeCompare(c.sum(password, salt), want) == 1
	return ok, ok && (c.Memory < h.cost.Memory || c.Memory == h.cost.Memory && c.Time < h.cost.Time)
}

// Waste takes as long as Fits does for somebody's real password.
func (h *Hasher) Waste(password string) {
	h.mu.Lock()
	nobody := h.nobody
	h.mu.Unlock()
	if nobody == "" {
		nobody = h.Hash(random.Text(20))
		h.mu.Lock()
		h.nobody = nobody
		h.mu.Unlock()
	}
	h.Fits(password, nobody)
}

// CheckPassword refuses what is short or easily guessed. context are words that an attacker knows: name, address,
// organization. alone says that no second factor stands beside it.
func CheckPassword(password string, alone bool, context ...string) error {
	least := minPassword
	if alone {
		least = minPasswordOnly
	}
	switch n := utf8.RuneCountInString(password); {
	case n < least:
		return ErrPasswordShort.Saying("Use at least %d characters. A few unrelated words are easy to remember.", least).At("/password", fmt.Sprintf("at least %d characters", least))
	case n > maxPassword:
		return ErrPasswordShort.Saying("Use at most %d characters.", maxPassword).At("/password", fmt.Sprintf("at most %d characters", maxPassword))
	}
	head := []rune(password)
	head = head[:min(len(head), 72)] // the estimate's time grows with the square of the length
	var words []string
	for _, c := range context {
		words = append(words, strings.FieldsFunc(strings.ToLower(c), func(r rune) bool { return r == ' ' || r == '@' || r == '.' })...)
	}
	if zxcvbn.PasswordStrength(string(head), words).Score < 3 || mostlyKnown(password, words) {
		return ErrPasswordWeak.At("/password", "use a few unrelated words")
	}
	return nil
}

// mostlyKnown says whether little is left of the password without the words that an attacker knows.
func mostlyKnown(password string, words []string) bool {
	rest := strings.ToLower(password)
	for _, w := range words {
		if len(w) > 2 {
			rest = strings.ReplaceAll(rest, w, "")
		}
	}
	return len(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, rest)) < minPassword/2
}
