package publish

import (
	"os"
	"strings"
	"testing"
)

// planted are bugs that the simulation must find: each law has one, and each is kept as a test of the tests. seed is one
// in which it shows; laws are those by which it may be noticed.
var planted = []struct {
	name string
	flaw flaw
	laws string
	seed uint64
}{
	{"no intent record", flaw{noIntent: true}, "L7 L1", 1},
	{"blind retry after a lost answer", flaw{blindRetry: true}, "L1 L3", 3},
	{"5xx on the commit call means not accepted", flaw{refused5xx: true}, "L1 L3", 3},
	{"no settling time", flaw{noSettle: true}, "L1 L3", 3},
	{"lease ignored", flaw{leaseIgnored: true}, "L6", 26},
	{"known remote ids not excluded", flaw{knownIgnored: true, profile: twins}, "L3", 15},
	{"claim not in one transaction", flaw{torn: true}, "L8 L13 L1", 1},
	{"native key trusted for ever", flaw{keyForEver: true}, "L1 L3", 2},
	{"twins not kept apart", flaw{noTwins: true, profile: twins}, "L3 L1", 19},
	{"stale worker may write", flaw{noFence: true, profile: standing}, "L14", 669},
	{"no last look", flaw{noLastLook: true}, "L6", 1},
	{"end of the sender not proven", flaw{unproven: true, profile: standing}, "L1 L3", 271},
	{"key's age by our own clock", flaw{ownAge: true, profile: restless}, "L1 L3", 36},
	{"settling by our own clock", flaw{ownSettle: true, profile: restless}, "L1 L3", 309},
	{"a record is removed", flaw{gone: true}, "L2", 1},
	{"the store's clock runs ahead for the runner", flaw{fastClock: true}, "L4", 3},
	{"a child doesn't wait for its parent", flaw{orphan: true}, "L5", 1},
	{"a forgotten notice", flaw{untold: true}, "L9", 2},
	{"a limit isn't kept", flaw{noLimit: true}, "L10", 1},
	{"a forgotten wake", flaw{asleep: true}, "L11", 1},
	{"a missing trace", flaw{gap: true}, "L12", 1},
}

// TestEachPlantedBugIsFound runs each bug on the seed in which it shows.
func TestEachPlantedBugIsFound(t *testing.T) {
	t.Parallel()
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if w := simulate(p.seed, p.flaw); !w.brokeOneOf(p.laws) {
				t.Errorf("seed %d: want %s broken, got %q", p.seed, p.laws, w.broken)
			}
			if w := simulate(p.seed, flaw{profile: p.flaw.profile}); w.broken != "" {
				t.Errorf("seed %d breaks %s without the bug", p.seed, w.broken)
			}
		})
	}
}

func (w *world) brokeOneOf(laws string) bool {
	law, _, _ := strings.Cut(w.broken, " ")
	for _, l := range strings.Fields(laws) {
		if l == law {
			return true
		}
	}
	return false
}

// TestCountPlantedBugs counts in how many seeds each bug shows; PLANTED_SEEDS says among how many.
func TestCountPlantedBugs(t *testing.T) {
	count := number("PLANTED_SEEDS", 0)
	for _, p := range planted {
		if count == 0 || !strings.Contains(p.name, os.Getenv("PLANTED")) {
			continue
		}
		found, first, by := 0, uint64(0), map[string]int{}
		for seed := uint64(1); seed <= count; seed++ {
			w := simulate(seed, p.flaw)
			if w.broken == "" {
				continue
			}
			law, _, _ := strings.Cut(w.broken, " ")
			by[law]++
			if w.brokeOneOf(p.laws) {
				if found++; first == 0 {
					first = seed
				}
			}
		}
		t.Logf("%-45s %5d of %d, first %d, by %v", p.name, found, count, first, by)
	}
}
