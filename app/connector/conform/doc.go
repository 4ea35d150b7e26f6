// Package conform holds every connector to the same laws. Run gives a connector and its fake to each law; the drafts are
// made from the Spec, the clock is the test's, and the network is the test's own memory with every kind of break in it.
//
// "Once" means: exactly one post is visible, the delivery ends published, and its receipt names that post. Where a kind
// can only ask, and only in doubt, a person is asked and at most one is visible.
//
// Caveats: it can't know which class an answer should have; that is the fact sheet's word, so a wrong sheet makes
// connector and fake wrong alike. Never imported by code of the product; a test checks.
package conform

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

// New makes a connector.
type New func() connector.Publisher

// NewFake makes its platform.
type NewFake func(fake.World) fake.Platform

// Breach is a law that was found broken.
type Breach struct{ Law, Case, Words string }

// String is the breach in one line.
func (b Breach) String() string { return b.Law + " (" + b.Case + "): " + b.Words }

type law struct {
	name  string
	check func(*suite)
}

// laws in the order in which they are read: a connector that fails the first needn't look at the others.
var laws = []law{
	{"SpecIsComplete", specIsComplete},
	{"PostsOnce", postsOnce},
	{"LimitAndOneOver", limitAndOneOver},
	{"CrashAnywhere", crashAnywhere},
	{"FaultAnywhere", faultAnywhere},
	{"SameWordsTwice", sameWordsTwice},
	{"KeyTooOld", keyTooOld},
	{"ExpiredToken", expiredToken},
	{"FailureRow", failureRow},
	{"Thread", thread},
	{"OnlyDeclaredHosts", onlyDeclaredHosts},
	{"Secrets", secretsStaySecret},
	{"Cancel", cancelStops},
	{"StreamsMedia", streamsMedia},
	{"HostileAnswers", hostileAnswers},
	{"SchemaAndForm", schemaAndForm},
	{"StepsAreKept", stepsAreKept},
	{"SignsIn", signsIn},
	{"Handshake", handshake},
}

// Laws are the names of all laws.
func Laws() []string {
	out := make([]string, len(laws))
	for i, l := range laws {
		out[i] = l.name
	}
	return out
}

// Run holds the connector of this folder to all laws; rows' samples are read from testdata.
func Run(t *testing.T, pub New, platform NewFake) {
	t.Helper()
	for _, l := range laws {
		t.Run(l.name, func(t *testing.T) {
			s := newSuite(l.name, "testdata", pub, platform)
			s.guard(l.check)
			for _, b := range s.breaches {
				t.Error(b)
			}
			t.Logf("%d checks", s.checks)
		})
	}
}

// Find gives the breaches of some laws (none named: all), for the tests of the laws themselves.
func Find(samples string, pub New, platform NewFake, names ...string) []Breach {
	var out []Breach
	for _, l := range laws {
		if names != nil && !slices.Contains(names, l.name) {
			continue
		}
		s := newSuite(l.name, samples, pub, platform)
		s.guard(l.check)
		out = append(out, s.breaches...)
	}
	return out
}

// suite is one law held against one connector.
type suite struct {
	law, samples string
	pub          New
	platform     NewFake
	mu           sync.Mutex
	breaches     []Breach
	checks       int
	serial       int
}

const enough = 12 // breaches, after which the rest adds nothing

func newSuite(law, samples string, pub New, platform NewFake) *suite {
	return &suite{law: law, samples: samples, pub: pub, platform: platform}
}

// errEnough ends a law that was found broken often enough.
type errEnough struct{}

func (s *suite) guard(check func(*suite)) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(errEnough); !ok {
				panic(r)
			}
		}
	}()
	check(s)
}

func (s *suite) fail(where, words string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breaches = append(s.breaches, Breach{s.law, where, fmt.Sprintf(words, args...)})
	if len(s.breaches) >= enough {
		panic(errEnough{})
	}
}

// checked counts one comparison.
func (s *suite) checked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks++
}

// is says that something holds.
func (s *suite) is(ok bool, where, words string, args ...any) bool {
	s.checked()
	if !ok {
		s.fail(where, words, args...)
	}
	return ok
}

// nextSerial makes texts of different deliveries differ.
func (s *suite) nextSerial() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	return s.serial
}
