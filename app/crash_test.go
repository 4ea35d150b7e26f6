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
	"os/signal"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// quick is a clock on which everything passes faster, so that a platform's settling time fits into a test. The server
// and the platforms share it.
type quick struct {
	clock.Clock
	began  time.Time
	factor int64
}

func (q quick) Now() time.Time {
	return q.began.Add(q.Clock.Now().Sub(q.began) * time.Duration(q.factor))
}
func (q quick) Elapsed() time.Duration { return q.Clock.Elapsed() * time.Duration(q.factor) }
func (q quick) Timer(d time.Duration) (<-chan time.Time, func()) {
	return q.Clock.Timer(d / time.Duration(q.factor))
}

const quickFactor = 30

// victim is the program that gets killed: the server of a folder, on a quick clock.
func victim() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	began, err := time.Parse(time.RFC3339Nano, os.Getenv("CRASH_BEGAN"))
	if err != nil {
		panic(err)
	}
	a, err := New(ctx, victimOptions(began, os.Args[1:]))
	if err == nil {
		err = a.Serve(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func victimOptions(began time.Time, flags []string) Options {
	s := config.Sources{Flags: map[string]string{}, Platforms: platformIDs()}
	for _, f := range flags {
		key, value, _ := strings.Cut(f, "=")
		s.Flags[key] = value
	}
	cfg, err := config.Load(s)
	if err != nil {
		panic(err)
	}
	master := secret.ForTests()
	return Options{Config: cfg, Clock: quick{clock.System(), began, quickFactor}, Out: io.Discard, Log: os.Stderr, Test: Test{Cost: identity.Cheapest, RateFactor: 1000, Master: &master}}
}

// TestKillsLoseNothingAndDoubleNothing kills the server at random moments while deliveries to every platform are due, then
// lets it end in peace: each is at its platform exactly once, or waits for a person with the reason, and none is lost.
func TestKillsLoseNothingAndDoubleNothing(t *testing.T) {
	kills, workspaces, perChannel := 20, 4, 3
	if n, err := strconv.Atoi(os.Getenv("CRASH_KILLS")); err == nil {
		kills, workspaces, perChannel = n, 45, 6
	}
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("CRASH_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("CRASH_SEED=%d CRASH_KILLS=%d", seed, kills)
	chance := rand.New(rand.NewPCG(seed, 0))
	began := time.Now()
	q := quick{clock.System(), began, quickFactor}
	all := servePlatforms(t, q.Now)
	folder := t.TempDir()
	plans := prepare(t, folder, began, all, workspaces, perChannel)
	for _, p := range all {
		dice := rand.New(rand.NewPCG(chance.Uint64(), 1))
		p.mu.Lock()
		p.drop = func(r *http.Request) bool { return r.Method == http.MethodPost && dice.IntN(20) == 0 }
		p.mu.Unlock()
	}
	for k := range kills {
		runFor(t, folder, began, all, time.Duration(50+chance.IntN(250))*time.Millisecond, k)
	}
	for _, p := range all {
		p.mu.Lock()
		p.drop = nil
		p.mu.Unlock()
	}
	settle(t, folder, began, all, plans)
}

// planned is one delivery that must not be lost.
type planned struct {
	platform, text string
	delivery       ref.Delivery
	org            ref.Organization
	ws             ref.Workspace
}

func flagsOf(folder string, all map[string]*platform) []string {
	flags := []string{"data=" + folder, "setup.code=" + setupCode, "network.allow_private=127.0.0.0/8", "listen=127.0.0.1:0", "log.level=error"}
	for id, p := range all {
		flags = append(flags, "platforms."+id+".api_url="+p.address)
	}
	return flags
}

// prepare makes workspaces with a channel at every platform each, and posts that are due while the kills happen.
func prepare(t *testing.T, folder string, began time.Time, all map[string]*platform, workspaces, perChannel int) map[ref.Delivery]planned {
	t.Helper()
	o := victimOptions(began, flagsOf(folder, all))
	w := newWorld(t, toPlatforms(all), set("data", folder), at(o.Clock), func(_ *config.Sources, to *Options) { to.Test.Wrap = func(e store.Engine) store.Engine { return e } })
	plans := map[ref.Delivery]planned{}
	type brand struct {
		ws       string
		channels map[string]string
		fit      map[string]any
	}
	brands := make([]brand, workspaces)
	for i := range brands {
		ws := w.ws
		if i > 0 {
			ws = w.owner.must(201, "POST", "/organizations/"+w.org+"/workspaces", map[string]any{"name": fmt.Sprintf("Brand %d", i), "timezone": "UTC"}).text("id")
		}
		channels := w.connectAll(all, ws)
		list := w.owner.must(200, "GET", "/workspaces/"+ws+"/channels", nil)
		for _, c := range list.get("items").([]any) {
			if c := c.(map[string]any); c["platform"] == "practice" {
				channels[c["id"].(string)] = "practice"
			}
		}
		brands[i] = brand{ws, channels, w.fitting(ws, channels)}
	}
	due := o.Clock.Now().Add(time.Duration(workspaces) * 20 * time.Second)
	for i, b := range brands {
		ws, channels, fit := b.ws, b.channels, b.fit
		for n := range perChannel {
			text := fmt.Sprintf("crash-%03d-%03d-x", i/2, n) // the same words to one account from two workspaces
			a := w.toAll(ws, channels, map[string]any{"text": text, "variants": fit, "schedule": map[string]any{"at": due.Add(time.Duration(n) * 40 * time.Second), "timezone": "UTC"}})
			for d := range a.get("deliveries").([]any) {
				if a.text(fmt.Sprintf("deliveries.%d.role", d)) == "finish" { // touches what another made visible
					continue
				}
				p := planned{platform: channels[a.text(fmt.Sprintf("deliveries.%d.channel", d))], text: text}
				for id, to := range map[string]interface{ UnmarshalText([]byte) error }{a.text(fmt.Sprintf("deliveries.%d.id", d)): &p.delivery, w.org: &p.org, ws: &p.ws} {
					if err := to.UnmarshalText([]byte(id)); err != nil {
						t.Fatal(err)
					}
				}
				plans[p.delivery] = p
			}
		}
	}
	w.stop()
	t.Logf("%d deliveries over %d platforms and the practice feed", len(plans), len(all))
	return plans
}

// runFor starts the victim and kills it after a while.
func runFor(t *testing.T, folder string, began time.Time, all map[string]*platform, life time.Duration, k int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = append([]string{"victim"}, flagsOf(folder, all)...)
	cmd.Env = append(os.Environ(), "CRASH_BEGAN="+began.Format(time.RFC3339Nano))
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := clock.Wait(context.Background(), clock.System(), life); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("kill %d: the server ended by itself: %v\n%s", k, err, log.String())
	}
}

// settle runs the server in this process until nothing moves any more, then counts.
func settle(t *testing.T, folder string, began time.Time, all map[string]*platform, plans map[ref.Delivery]planned) {
	t.Helper()
	a, err := New(t.Context(), victimOptions(began, flagsOf(folder, all)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Serve(ctx) }()
	states := map[ref.Delivery]delivery.Delivery{}
	for tries := 0; ; tries++ {
		moving := 0
		held, asked := map[planned]int{}, map[planned]bool{}
		err := a.db.View(t.Context(), func(tx store.ReadTx) error {
			for id, p := range plans {
				d, err := a.parts.deliveries.Get(tx, p.org, p.ws, id)
				if err != nil {
					return fmt.Errorf("%s is lost: %w", id, err)
				}
				at := planned{platform: p.platform, text: p.text}
				switch states[id] = d; {
				case d.State == delivery.NeedsAttention:
					asked[at] = true
				case heldByATwin(d):
					held[at]++
				case !d.State.Over():
					moving++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for at, n := range held { // until the twin is published, or waits for a person
			if !asked[at] {
				moving += n
			}
		}
		if moving == 0 {
			break
		}
		if tries > 6000 {
			t.Fatalf("%d deliveries never end", moving)
		}
		if err := clock.Wait(t.Context(), clock.System(), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := a.db.Check(t.Context()); err != nil {
		t.Error("the store:", err)
	}
	count(t, a, all, plans, states)
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// heldByATwin says whether a delivery waits because the same words may be there already; that may take a person.
func heldByATwin(d delivery.Delivery) bool {
	return d.State == delivery.Retrying && strings.HasPrefix(d.Words, "The same words may already be on their way")
}

func count(t *testing.T, a *App, all map[string]*platform, plans map[ref.Delivery]planned, states map[ref.Delivery]delivery.Delivery) {
	t.Helper()
	type place struct{ platform, text string }
	most, least, asked := map[place]int{}, map[place]int{}, map[place]bool{}
	named := map[string]ref.Delivery{}
	words := map[string]int{}
	for id, p := range plans {
		d, at := states[id], place{p.platform, p.text}
		words[p.platform+" "+d.State.String()]++
		most[at]++
		asked[at] = asked[at] || d.State == delivery.NeedsAttention
		if other, twice := named[p.platform+" "+d.Receipt.ID]; twice && d.State == delivery.Published {
			t.Errorf("%s and %s both hold the receipt %s of %s", id, other, d.Receipt.ID, p.platform)
		}
		if d.State == delivery.Published {
			named[p.platform+" "+d.Receipt.ID] = id
		}
	}
	for id, p := range plans {
		d := states[id]
		switch d.State {
		case delivery.Published:
			least[place{p.platform, p.text}]++
		case delivery.Retrying:
			if !asked[place{p.platform, p.text}] {
				t.Errorf("%s on %s waits for a twin that waits for nobody", id, p.platform)
			}
		case delivery.Failed:
			if d.Class != delivery.ClassDuplicate || most[place{p.platform, p.text}] < 2 {
				t.Errorf("%s on %s failed: %s", id, p.platform, d.Words)
			}
		case delivery.NeedsAttention:
			if d.Words == "" && d.Class == "" || !d.Told {
				t.Errorf("%s waits for a person who isn't told why: %+v", id, d)
			}
			if by := onceOf(a, d); by != connector.Ask {
				t.Logf("%s on %s asks a person although it stays at one by %s: %s %s", id, p.platform, by, d.Class, d.Words)
			}
		default:
			t.Errorf("%s on %s ended %s: %s", id, p.platform, d.State, d.Words)
		}
	}
	shown := map[string][]string{"practice": feedTexts(t, a)}
	for id, p := range all {
		for _, post := range p.Visible() {
			shown[id] = append(shown[id], fmt.Sprint(post))
		}
	}
	for at, n := range most {
		visible := 0
		for _, post := range shown[at.platform] {
			if strings.Contains(post, at.text) {
				visible++
			}
		}
		if visible > n || visible < least[at] {
			t.Errorf("%s shows %q %d times: %d deliveries, %d published", at.platform, at.text, visible, n, least[at])
		}
	}
	t.Log(words)
}

// feedTexts are the texts that the practice feeds of all workspaces show.
func feedTexts(t *testing.T, a *App) (texts []string) {
	t.Helper()
	err := a.db.View(t.Context(), func(tx store.ReadTx) error {
		texts = nil
		channel.EachItem(tx, func(text string) { texts = append(texts, text) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func onceOf(a *App, d delivery.Delivery) connector.By {
	var by connector.By
	_ = a.db.View(context.Background(), func(tx store.ReadTx) error {
		c, ok := channel.Get(tx, d.Organization, d.Workspace, d.Channel)
		if pub, known := a.parts.channels.Platform(c.Platform); ok && known {
			draft := connector.Draft{Role: connector.Role(d.Role), Channel: c.ForConnector(), Text: "x"}
			if k, ok := pub.Spec().KindFor(&draft); ok {
				by = k.Once.By
			}
		}
		return nil
	})
	return by
}
