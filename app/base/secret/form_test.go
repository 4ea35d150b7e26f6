package secret

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestTheFormOp1IsTheKnownOne holds the form still: what was sealed by any version must open in every later one. The
// text was made by another implementation of XChaCha20-Poly1305, written in Python from draft-irtf-cfrg-xchacha-03.
func TestTheFormOp1IsTheKnownOne(t *testing.T) {
	t.Parallel()
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	p := Place{Purpose: "channel", Organization: [16]byte{1}, Workspace: [16]byte{2}, Kind: "channel", ID: [16]byte{3}, Field: "token"}
	id, nonce, box, err := Sealed(knownForm).parts()
	if err != nil || id != "sec_00000000000000000000000001" || len(nonce) != 24 {
		t.Fatalf("%q %v", id, err)
	}
	if plain, err := open(key, p, nonce, box); err != nil || string(plain) != "a token of 2026" {
		t.Errorf("%q %v", plain, err)
	}
	again, err := seal(key, id, p, []byte("a token of 2026"))
	if err != nil || again == knownForm || len(again) != len(knownForm) || !strings.HasPrefix(string(again), "op1.sec_00000000000000000000000001.1.") {
		t.Errorf("%q %v", string(again), err)
	}
}

const knownForm = "op1.sec_00000000000000000000000001.1.ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7.HVON35RL56LoVr0Nll2LnZsPDI96Camq5A0b6rZSFw"

// TestNoncesAreUnique seals 100,000 times, or as often as NONCES says.
func TestNoncesAreUnique(t *testing.T) {
	t.Parallel()
	n := 100_000
	if many := os.Getenv("NONCES"); many != "" {
		n, _ = strconv.Atoi(many)
	}
	key := make([]byte, 32)
	seen := make(map[[24]byte]struct{}, n)
	for range n {
		s, err := seal(key, "k", Place{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, nonce, _, err := s.parts()
		if err != nil {
			t.Fatal(err)
		}
		seen[[24]byte(nonce)] = struct{}{}
	}
	if len(seen) != n {
		t.Errorf("%d nonces in %d seals", len(seen), n)
	}
}
