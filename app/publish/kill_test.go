package publish

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/bolt"
)

const (
	killChild    = "OMNIPOSTO_KILL_CHILD" // "folder of the store|address of the platform|start of the fast clock"
	haste        = 100                    // how much faster the child's time runs: settling takes 1.2 s
	killChannels = 40
	killPosts    = 600
	killsARound  = 45
)

// TestMain runs the tests, or is the process that they kill.
func TestMain(m *testing.M) {
	if what := os.Getenv(killChild); what != "" {
		if err := beKilled(what); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	debug.SetGCPercent(400) // the simulation makes much that dies young
	os.Exit(m.Run())
}

// hasty is a clock that runs faster than the machine's; parent and child share its start.
type hasty struct {
	clock.Clock
	start time.Time
}

func (h hasty) Now() time.Time         { return h.start.Add(h.Clock.Now().Sub(h.start) * haste) }
func (h hasty) Elapsed() time.Duration { return h.Clock.Elapsed() * haste }
func (h hasty) Timer(d time.Duration) (<-chan time.Time, func()) {
	return h.Clock.Timer(d / haste)
}

func hastySince(unix string) (hasty, error) {
	n, err := strconv.ParseInt(unix, 10, 64)
	return hasty{clock.System(), time.UnixMilli(n).UTC()}, err
}

// killSource opens deliveries for the couriers of the kill harness: every second channel knows keys.
type killSource struct {
	url      string
	couriers [2]*courier
}

func newKillSource(url string) killSource {
	return killSource{url, [2]*courier{newCourier(native), newCourier(lookup)}}
}

func (s killSource) Open(_ context.Context, d delivery.Delivery) (Load, error) {
	return Load{Connector: s.couriers[binary.BigEndian.Uint64(d.Channel[8:])%2],
		Draft: connector.Draft{Text: d.Target, Channel: connector.Channel{ID: d.Channel.String()}},
		Grip:  connector.Grip{Network: loopback, BaseURL: s.url}}, nil
}

func openKillStore(ctx context.Context, folder string, c clock.Clock) (*store.DB, error) {
	file, err := bolt.Open(filepath.Join(folder, "store"), bolt.Options{Clock: c.Now})
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, file, append(delivery.Tables(), event.Tables()...)...)
}

// beKilled publishes until it is killed, and says when nothing is left to do.
func beKilled(what string) error {
	ctx := context.Background()
	parts := strings.Split(what, "|")
	c, err := hastySince(parts[2])
	if err != nil {
		return err
	}
	db, err := openKillStore(ctx, parts[0], c)
	if err != nil {
		return err
	}
	del := delivery.New(delivery.Deps{})
	r := New(Deps{Store: db, Deliveries: del, Source: newKillSource(parts[1]), Clock: c, Name: "victim", Alone: true})
	go func() {
		for idle := false; !idle; idle = atRest(ctx, db, del) {
			_ = clock.Wait(ctx, clock.System(), 30*time.Millisecond)
		}
		fmt.Println("idle")
	}()
	fmt.Println("ready")
	return r.Run(ctx)
}

// atRest says that no delivery waits for anything.
func atRest(ctx context.Context, db *store.DB, del *delivery.Deliveries) bool {
	rest := true
	err := db.View(ctx, func(tx store.ReadTx) error {
		for s := delivery.StatusSending; s <= delivery.StatusScheduled; s++ {
			for range del.ByStatus(tx, id[ref.Workspace](1), s, nil, false) {
				rest = false
				break
			}
		}
		return nil
	})
	return rest && err == nil
}

// counter is the platform of the kill harness: slow by chance, and one answer in twelve is lost after acceptance.
type counter struct {
	*office
	mu    sync.Mutex
	dice  dice
	drops int
}

func (c *counter) roll(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dice.below(n)
}

func newCounter(now func() time.Time, seed uint64) *counter {
	c := &counter{office: &office{now: now, byKey: map[string]posted{}}, dice: dice(seed)}
	c.office.fault = func(string, http.ResponseWriter) bool {
		_ = clock.Wait(context.Background(), clock.System(), time.Duration(c.roll(24))*time.Millisecond)
		return false
	}
	c.office.after = func(w http.ResponseWriter) bool {
		if c.roll(12) != 0 {
			return false
		}
		c.mu.Lock()
		c.drops++
		c.mu.Unlock()
		return dropped(w)
	}
	return c
}

// TestKilledAtRandomMomentsEachPostIsThereOnce kills a publishing process with SIGKILL again and again. CRASH_KILLS says
// how often, CRASH_SEED repeats a run: the moments are drawn by time, so what they hit differs, and the draws don't.
func TestKilledAtRandomMomentsEachPostIsThereOnce(t *testing.T) {
	if raceOn && os.Getenv("CRASH_KILLS") == "" {
		t.Setenv("CRASH_KILLS", "6")
	}
	seed := number("CRASH_SEED", uint64(random.Below(1<<40))) //nolint:gosec // not negative
	kills := int(number("CRASH_KILLS", 20))                   //nolint:gosec // small
	t.Logf("CRASH_SEED=%d CRASH_KILLS=%d", seed, kills)
	d := dice(seed)
	for left := kills; left > 0; {
		n := min(left, killsARound)
		killRound(t, &d, n)
		left -= n
	}
}

func killRound(t *testing.T, d *dice, kills int) {
	t.Helper()
	folder, start := t.TempDir(), clock.System().Now()
	c := hasty{clock.System(), time.UnixMilli(start.UnixMilli()).UTC()}
	platform := newCounter(c.Now, d.next())
	server := httptest.NewServer(platform)
	defer server.Close()
	schedule(t, folder, c)
	what := fmt.Sprintf("%s|%s|%d", folder, server.URL, start.UnixMilli())
	for range kills {
		victim(t, what, "ready", func() { _ = clock.Wait(t.Context(), clock.System(), d.between(time.Millisecond, 60*time.Millisecond)) })
	}
	victim(t, what, "idle", func() {})
	account(t, folder, c, platform)
}

// schedule makes everything that is to be published.
func schedule(t *testing.T, folder string, c clock.Clock) {
	t.Helper()
	db, err := openKillStore(t.Context(), folder, c)
	if err != nil {
		t.Fatal(err)
	}
	del := delivery.New(delivery.Deps{})
	err = db.Update(t.Context(), func(tx store.Tx) error {
		for i := range killPosts {
			del.Create(tx, delivery.Fresh{Organization: id[ref.Organization](1), Workspace: id[ref.Workspace](1),
				ID: id[ref.Delivery](i + 1), Post: id[ref.Post](i + 1), Channel: id[ref.Channel](i % killChannels),
				Target: fmt.Sprintf("post %d", i), DueAt: tx.Now(), Grace: 1000 * time.Hour})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// victim starts a process, waits for a word of it, then for pause, and kills it.
func victim(t *testing.T, what, word string, pause func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec // this test itself
	cmd.Env = append(os.Environ(), killChild+"="+what)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != word {
	}
	if lines.Text() != word {
		t.Errorf("the process ended before it said %s: %v", word, cmd.Wait())
		return
	}
	pause()
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// account compares what the platform shows with what the store says.
func account(t *testing.T, folder string, c clock.Clock, platform *counter) {
	t.Helper()
	db, err := openKillStore(t.Context(), folder, c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // only read
	del := delivery.New(delivery.Deps{})
	visible := map[string]int{}
	for _, p := range platform.posts {
		visible[p.Words]++
	}
	err = db.View(t.Context(), func(tx store.ReadTx) error {
		for i := range killPosts {
			d, err := del.Get(tx, id[ref.Organization](1), id[ref.Workspace](1), id[ref.Delivery](i+1))
			if err != nil || d.State != delivery.Published || visible[d.Target] != 1 {
				t.Errorf("post %d is %s (%s) and visible %d times: %v", i, d.State, d.Words, visible[d.Target], err)
			}
		}
		return del.Check(tx)
	})
	if err == nil {
		err = db.Check(t.Context())
	}
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d posts, %d uploads, %d accepted and dropped", len(platform.posts), platform.uploads, platform.drops)
}
