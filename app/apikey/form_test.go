package apikey

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/ref"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestAKeyIsReadAsItWasMade(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		id := ref.Mint[ref.Key](noon)
		text, hash := mint(id)
		if len(text) != len("op_live_")+22+32+6 || !strings.HasPrefix(text, "op_live_") || seen[text] {
			t.Fatalf("%q", text)
		}
		seen[text] = true
		p, err := Parse(text)
		if err != nil || p.ID != id || !p.fits(Key{Hash: hash}) {
			t.Fatalf("%q: %v %v", text, p.ID, err)
		}
		other, _ := mint(id)
		if q, err := Parse(other); err != nil || q.ID != id || q.fits(Key{Hash: hash}) {
			t.Fatalf("another secret of the same id fits: %v", err)
		}
	}
}

func TestTheEdgesOfTheFormAreWritten(t *testing.T) {
	t.Parallel()
	var lowest, highest ref.Key
	for i := range highest {
		highest[i] = 0xff
	}
	for _, id := range []ref.Key{lowest, highest} {
		text, _ := mint(id)
		if p, err := Parse(text); err != nil || p.ID != id {
			t.Errorf("%v: %v %v", id, p.ID, err)
		}
	}
	if text, _ := mint(lowest); !strings.HasPrefix(text, "op_live_"+strings.Repeat("0", idSigns)) {
		t.Errorf("the lowest id is %q", text)
	}
	body := Prefix + strings.Repeat("z", idSigns+secretSigns) // an id above 128 bits
	if _, err := Parse(body + checksum(body)); !errors.Is(err, ErrKey) {
		t.Errorf("an id that is too big: %v", err)
	}
}

// TestTheChecksumIsTheKnownOne holds the form still: scanners and other programs compute it too.
func TestTheChecksumIsTheKnownOne(t *testing.T) {
	t.Parallel()
	body := Prefix + strings.Repeat("0", idSigns) + strings.Repeat("A", secretSigns)
	if got := checksum(body); got != "3pXPrm" {
		t.Errorf("CRC-32 (IEEE) in base62 is %q", got)
	}
}

func TestEveryWrongSignIsNoticedWithoutAStore(t *testing.T) {
	t.Parallel()
	text, _ := mint(ref.Mint[ref.Key](noon))
	for i := range len(text) {
		for _, sign := range []string{"0", "z", "-", " ", "é", "\x00", ""} {
			wrong := text[:i] + sign + text[i+1:]
			if _, err := Parse(wrong); wrong != text && !errors.Is(err, ErrKey) {
				t.Errorf("sign %d as %q passes", i, sign)
			}
		}
		if i > len(Prefix) {
			swapped := text[:i-1] + text[i:i+1] + text[i-1:i] + text[i+1:]
			if _, err := Parse(swapped); swapped != text && !errors.Is(err, ErrKey) {
				t.Errorf("signs %d and %d swapped pass", i-1, i)
			}
		}
	}
	for name, wrong := range map[string]string{"nothing": "", "another kind": strings.Replace(text, "live", "test", 1), "upper case": strings.ToUpper(text), "longer": text + "0",
		"with a space": text + " ", "only its prefix": Prefix, "somebody else's": "ghp_" + text[4:]} {
		if _, err := Parse(wrong); !errors.Is(err, ErrKey) {
			t.Errorf("%s passes", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	text, _ := mint(ref.Mint[ref.Key](noon))
	for _, s := range []string{text, text[:20], Prefix, strings.Repeat("z", keyLength)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := Parse(s); err == nil && (len(s) != keyLength || p.hash == [32]byte{}) {
			t.Errorf("%q passes", s)
		}
	})
}
