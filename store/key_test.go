package store_test

import (
	"bytes"
	"cmp"
	"math"
	"testing"
	"time"

	"github.com/omniposto/omniposto/store"
)

// id is an id as other packages have them.
type id [16]byte

func (i id) Bytes16() [16]byte { return i }

// TestByteOrderOfKeysIsTupleOrder compares every pair of a list that is in tuple order.
func TestByteOrderOfKeysIsTupleOrder(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 29, 2, 30, 0, 0, time.UTC)
	ordered := []store.Key{
		store.K(""), store.K("", "b"), store.K("", int64(1)), store.K("\x00"), store.K("\x00", "a"), store.K("\x00\x00"), store.K("\x00\xff"),
		store.K("\x01"), store.K("a"), store.K("a", "a"), store.K("a", id{1}), store.K("a", -5), store.K("a\x00"), store.K("a\x00", "a"), store.K("a\x01"),
		store.K("ab"), store.K("b"), store.K("\xff"), store.K("\xff\xff"),
		store.K(id{}), store.K(id{}, "a"), store.K(id{15: 1}), store.K(id{0: 0xff}),
		store.K(int64(math.MinInt64)), store.K(-256), store.K(-1), store.K(-1, "x"), store.K(0), store.K(byte(7)), store.K(255), store.K(256), store.K(int64(math.MaxInt64)),
		store.K(time.Unix(-5, 1)), store.K(time.Unix(-1, 999999999)), store.K(time.Unix(0, 0)), store.K(at), store.K(at, "x"), store.K(at.Add(1)), store.K(at.Add(time.Millisecond)),
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := bytes.Compare(a, b); got != cmp.Compare(i, j) {
				t.Errorf("%x against %x: %d, want %d", a, b, got, cmp.Compare(i, j))
			}
		}
	}
}

func TestBuildersAndKGiveTheSameKey(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 29, 2, 30, 0, 123456789, time.FixedZone("", 3600))
	built := store.Key(nil).Text("a\x00b").ID(id{1, 2}).Int(-7).At(at)
	for name, k := range map[string]store.Key{
		"parts":  store.K("a\x00b", id{1, 2}, -7, at),
		"array":  store.K([]byte("a\x00b"), [16]byte{1, 2}, int64(-7), at.UTC()),
		"nested": store.K(store.K("a\x00b", id{1, 2}), store.K(-7, at)),
	} {
		if !bytes.Equal(k, built) {
			t.Errorf("%s: %x, want %x", name, k, built)
		}
	}
}

func TestEndLiesBehindWhatGoesOnAndBeforeEverythingElse(t *testing.T) {
	t.Parallel()
	k := store.K("org", id{0xff, 15: 0xff})
	for _, in := range []store.Key{k, store.K(k, ""), store.K(k, "\xff\xff"), store.K(k, id{0xff}), store.K(k, int64(math.MaxInt64)), store.K(k, time.Unix(math.MaxInt32, 0))} {
		if bytes.Compare(in, k.End()) >= 0 {
			t.Errorf("%x is not before the end %x", in, k.End())
		}
	}
	for _, out := range []store.Key{store.K("org", 0), store.K("org\x00"), store.K("orh")} {
		if bytes.Compare(out, k.End()) <= 0 {
			t.Errorf("%x is before the end %x", out, k.End())
		}
	}
	if other := store.K("a\x00b"); bytes.Compare(other, store.K("a").End()) < 0 {
		t.Errorf("text that goes on with a zero byte is another text")
	}
}

// FuzzTextKeepsOrder holds the escape of zero bytes against plain comparison.
func FuzzTextKeepsOrder(f *testing.F) {
	f.Add("", "\x00", "a", "")
	f.Add("a\x00\xff", "a\x00", "", "b")
	f.Fuzz(func(t *testing.T, a1, b1, a2, b2 string) {
		want := cmp.Or(cmp.Compare(a1, b1), cmp.Compare(a2, b2))
		if got := bytes.Compare(store.K(a1, a2), store.K(b1, b2)); got != want {
			t.Errorf("(%q,%q) against (%q,%q): %d, want %d", a1, a2, b1, b2, got, want)
		}
	})
}
