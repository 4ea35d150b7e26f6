package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/support"
	"github.com/omniposto/omniposto/store"
)

// siege is staff who read while their server is killed. Each read carries a line of its own, so that it can be found again.
type siege struct {
	*help
	post    string
	readers []reader

	mu       sync.Mutex
	tried    map[string]bool
	answered map[string]bool
	cut      int // reads that were under way at a kill
}

type reader struct {
	*person
	grant string
}

// read opens the post with the line, and says whether the answer came whole.
func (s *siege) read(r reader, line string) bool {
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", s.base+"/api/v1/support/grants/"+r.grant+"/posts/"+s.post, nil)
	if err != nil {
		s.t.Error(err)
		return false
	}
	req.Header.Set("Support-Why", line)
	s.mu.Lock()
	s.tried[line] = true
	s.mu.Unlock()
	answer, err := r.client.Do(req)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(answer.Body)
		answer.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.cut++
		return false
	}
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "Wool for wind") {
		s.t.Errorf("%s: %d %s", line, answer.StatusCode, body)
		return false
	}
	s.answered[line] = true
	return true
}

// life starts the server, lets everybody read at most so often, and kills it a while after the first answer.
func (s *siege) life(flags []string, began time.Time, k, most int, life time.Duration) {
	s.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Args = append([]string{"victim"}, flags...)
	cmd.Env = append(os.Environ(), "CRASH_BEGAN="+began.Format(time.RFC3339Nano))
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.waitReady()
	kill := sync.OnceFunc(func() {
		_ = clock.Wait(context.Background(), clock.System(), life)
		_ = cmd.Process.Kill()
	})
	const hands = 4 // of each
	var all sync.WaitGroup
	for i, r := range s.readers {
		for hand := range hands {
			all.Go(func() {
				for n := range most / hands {
					if !s.read(r, fmt.Sprintf("life %d, reader %d, hand %d, read %d", k, i, hand, n)) {
						return
					}
					go kill()
				}
			})
		}
	}
	all.Wait()
	kill()
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		s.t.Fatalf("kill %d: the server ended by itself: %v\n%s", k, err, log.String())
	}
}

// TestKillsLoseNoReadOfStaff kills the server while staff read. Afterwards every read that was answered has its event and
// its line in Support access, no event is without such a line, and nothing is there that nobody asked for.
func TestKillsLoseNoReadOfStaff(t *testing.T) {
	kills := 5
	if n, err := strconv.Atoi(os.Getenv("CRASH_KILLS")); err == nil {
		kills = min(n, 40)
	}
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("CRASH_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("CRASH_SEED=%d CRASH_KILLS=%d", seed, kills)
	chance := rand.New(rand.NewPCG(seed, 2))
	folder, began := t.TempDir(), time.Now()
	s := &siege{help: newHelpAt(t, began.Add(-40*time.Minute), set("data", folder), func(_ *config.Sources, o *Options) {
		o.Test.Wrap = func(e store.Engine) store.Engine { return e }
	}), tried: map[string]bool{}, answered: map[string]bool{}}
	s.post = s.owner.must(201, "POST", s.path("/posts"), map[string]any{"text": "Wool for wind"}).text("id")
	s.readers = []reader{{s.staff, s.granted(24, "posts")}}
	for _, email := range []string{"ben@support.example", "cleo@support.example"} {
		s.fresh(s.owner, "", "", nil)
		s.staff, s.id = s.addStaff(email)
		s.readers = append(s.readers, reader{s.staff, s.granted(24, "posts")})
	}
	s.stop()
	port := freePort(t)
	s.base = "http://localhost:" + port
	flags := []string{"data=" + folder, "setup.code=" + setupCode, "listen=127.0.0.1:" + port, "log.level=error"}
	const hourly = 560 // reads that a grant carries in an hour, with some room
	for k := range kills {
		s.life(flags, began, k, hourly/kills, time.Duration(2+chance.IntN(120))*time.Millisecond)
	}
	s.count(began, flags)
}

func (s *siege) count(began time.Time, flags []string) {
	t := s.t
	t.Helper()
	a, err := New(t.Context(), victimOptions(began, flags))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()                                           //nolint:errcheck // only read
	events, lines := map[string]string{}, map[string]string{} // what was said of a read, by the id of its event
	err = a.db.View(t.Context(), func(tx store.ReadTx) error {
		for _, e := range audit.List(tx, orgRef(t, s.org), 0, 1<<20) {
			if strings.Contains(string(e.Bytes), `"action":"support.read"`) {
				events[e.ID.String()] = e.Values["reason"]
			}
		}
		for _, table := range a.db.Tables() {
			if table.Describe().Name != "grant_read" {
				continue
			}
			table.Walk(tx, store.Range{}, func(_ store.Key, _ store.Owner, v any) bool {
				l := v.(support.Sighting)
				if lines[l.Event.String()] != "" {
					t.Errorf("event %s has two lines", l.Event)
				}
				lines[l.Event.String()] = l.Why
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for id, line := range events {
		if seen[line]++; seen[line] > 1 || !s.tried[line] || lines[id] != line {
			t.Errorf("event %s says %q for the %d. time, its line says %q", id, line, seen[line], lines[id])
		}
	}
	for line := range s.answered {
		if seen[line] != 1 {
			t.Errorf("%q was answered, and no event says so", line)
		}
	}
	t.Logf("%d reads tried, %d answered, %d cut by a kill; %d events, %d lines", len(s.tried), len(s.answered), s.cut, len(events), len(lines))
	if len(events) < len(s.answered) || len(lines) != len(events) || len(s.answered) == 0 || s.cut == 0 {
		t.Errorf("%d events and %d lines for %d answered reads, %d cut", len(events), len(lines), len(s.answered), s.cut)
	}
	for _, log := range []ref.Organization{{}, orgRef(t, s.org)} {
		if _, err := audit.Check(t.Context(), a.db, log); err != nil {
			t.Error(err)
		}
	}
}
