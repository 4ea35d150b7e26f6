package app

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/store"
)

// enumeration are the doors at which an attacker could ask whether an address is known. Each takes an address; most is
// how often one network may ask before the door closes for a while.
var enumeration = []struct {
	name string
	most int
	try  func(p *person, email string) answer
}{
	{"sign-in", 9, func(p *person, email string) answer {
		return p.send("POST", "/session", map[string]any{"email": email, "password": "wrong wrong wrong"})
	}},
	{"recovery", 9, func(p *person, email string) answer {
		return p.send("POST", "/recovery", map[string]any{"email": email})
	}},
}

const stranger = "nina@halden.example" // as long as the owner's

// TestKnownAndUnknownAddressesAreAnsweredAlike compares words and headers; make enumerate compares the times.
func TestKnownAndUnknownAddressesAreAnsweredAlike(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	w.owner.confirm()
	for _, door := range enumeration {
		for n := range 25 { // until after the door is closed
			known, unknown := door.try(w.person("x"), w.owner.email), door.try(w.person("x"), stranger)
			for _, a := range []*answer{&known, &unknown} {
				for _, own := range []string{"request_id", "until"} {
					delete(a.body, own)
				}
				for _, own := range []string{"Request-Id", "Ratelimit", "Set-Cookie", "Date"} {
					a.header.Del(own)
				}
			}
			if known.status != unknown.status || text(known.body) != text(unknown.body) || text(known.header) != text(unknown.header) {
				t.Fatalf("%s, try %d:\n%d %v %v\n%d %v %v", door.name, n, known.status, known.body, known.header, unknown.status, unknown.body, unknown.header)
			}
		}
		c.Advance(16 * time.Minute)
	}
	w.owner.must(200, "POST", "/session/step-up", map[string]any{"password": password})
	second := w.owner.must(201, "POST", "/organizations", map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"})
	tom := w.join("tom@halden.example", "member", "author")
	invite := func(email string) answer {
		return w.owner.must(201, "POST", "/organizations/"+second.text("organization")+"/invitations", map[string]any{"email": email, "role": "member"})
	}
	if known, unknown := invite(tom.email), invite("tim@halden.example"); len(known.body) != len(unknown.body) {
		t.Errorf("inviting somebody known: %s, unknown: %s", known.raw, unknown.raw)
	}
}

func text(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

// TestKnownAndUnknownAddressesTakeTheSameTime takes two samples and fails only if three runs in a row show a difference
// that is no chance (p < 0.01) and more than two hundredths of the whole. The password's cost is the cheapest, so that
// whatever else differs shows.
func TestKnownAndUnknownAddressesTakeTheSameTime(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("ENUMERATE_SAMPLES"))
	if n == 0 {
		n = 40 // too few to judge by: the walk itself is tested
	}
	for _, door := range enumeration {
		c := clock.NewManual(monday)
		w := newWorldStill(t, c, func(_ *config.Sources, o *Options) { o.Test.Wrap = func(e store.Engine) store.Engine { return e } })
		w.owner.confirm()
		failed := 0
		for run := range 3 {
			known, unknown := samples(w, c, door.most, n, func(email string) { door.try(w.owner, email) })
			p, gap := rankTest(known, unknown), float64(median(known)-median(unknown))/float64(median(unknown))
			t.Logf("%s, run %d: known %v, unknown %v, gap %+.2f %%, p = %.4f", door.name, run+1, median(known), median(unknown), gap*100, p)
			if p >= 0.01 || math.Abs(gap) <= 0.02 {
				break
			}
			failed++
		}
		if failed == 3 && n >= 1000 {
			t.Errorf("%s tells by its time whether an address is known", door.name)
		}
	}
}

// samples takes n times of each, in turns, within what the doors allow.
func samples(w *world, c *clock.Manual, most, n int, try func(email string)) (known, unknown []time.Duration) {
	for i := range n {
		if i%most == 0 {
			w.eventually("what was left for later", func() bool { return w.records("recovery_plea")+w.records("sign_in_refusal") == 0 })
			c.Advance(16 * time.Minute)
			try("warm@halden.example")
		}
		first, second := w.owner.email, stranger
		if i%2 == 1 {
			first, second = second, first
		}
		for _, email := range []string{first, second} {
			began := time.Now()
			try(email)
			took := time.Since(began)
			if email == stranger {
				unknown = append(unknown, took)
			} else {
				known = append(known, took)
			}
		}
	}
	return known, unknown
}

func median(d []time.Duration) time.Duration {
	s := slices.Clone(d)
	slices.Sort(s)
	return s[len(s)/2]
}

// rankTest is the two-sided p of Mann and Whitney's test, by the normal approximation with ties.
func rankTest(a, b []time.Duration) float64 {
	type value struct {
		d     time.Duration
		first bool
	}
	var all []value
	for _, d := range a {
		all = append(all, value{d, true})
	}
	for _, d := range b {
		all = append(all, value{d, false})
	}
	slices.SortFunc(all, func(x, y value) int { return int(x.d - y.d) })
	n, m := float64(len(a)), float64(len(b))
	ranks, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].d == all[i].d {
			j++
		}
		for k := i; k < j; k++ {
			if all[k].first {
				ranks += float64(i+j+1) / 2
			}
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	u := ranks - n*(n+1)/2
	sd := math.Sqrt(n * m / 12 * ((n + m + 1) - ties/((n+m)*(n+m-1))))
	return math.Erfc(math.Abs(u-n*m/2) / sd / math.Sqrt2)
}

// TestTheRankTestFindsWhatIsThere shows that the test above would fail where there is something to find.
func TestTheRankTestFindsWhatIsThere(t *testing.T) {
	var a, same, slower []time.Duration
	for i := range 2000 {
		d := time.Duration(1_000_000 + i*7919%200_000)
		a, same, slower = append(a, d), append(same, d+1), append(slower, d*102/100)
	}
	if p := rankTest(a, same); p < 0.5 {
		t.Errorf("no difference: p = %v", p)
	}
	if p := rankTest(a, slower); p > 1e-6 {
		t.Errorf("two hundredths: p = %v", p)
	}
}
