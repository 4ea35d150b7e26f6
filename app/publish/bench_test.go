package publish

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/bolt"
)

// bench runs only with BENCH=1: five times, median and range, compared with the bar of the design.
func bench(t *testing.T, what, unit string, bar float64, higher bool, once func(t *testing.T) float64) {
	t.Helper()
	runs := int(number("BENCH_RUNS", 5)) //nolint:gosec // small
	var all []float64
	for range runs {
		all = append(all, once(t))
	}
	slices.Sort(all)
	median := all[len(all)/2]
	t.Logf("%-60s %10.1f %s (%.1f to %.1f), bar %.0f", what, median, unit, all[0], all[len(all)-1], bar)
	if higher && median < bar || !higher && median > bar {
		t.Errorf("%s: %.1f %s misses the bar of %.0f", what, median, unit, bar)
	}
}

func onlyBench(t *testing.T) bool {
	t.Helper()
	return os.Getenv("BENCH") == "1"
}

// factory is a runner on a bolt file with the machine's clock.
type factory struct {
	t    *testing.T
	db   *store.DB
	del  *delivery.Deliveries
	made int

	mu    sync.Mutex
	open  int // deliveries not published yet
	done  chan struct{}
	ended map[ref.Workspace][]time.Duration // from due to published
	lags  []time.Duration                   // from due to the durable intent
}

func aFactory(t *testing.T) *factory {
	t.Helper()
	file, err := bolt.Open(filepath.Join(t.TempDir(), "store"), bolt.Options{Clock: clock.System().Now})
	if err != nil {
		t.Fatal(err)
	}
	f := &factory{t: t, done: make(chan struct{}), ended: map[ref.Workspace][]time.Duration{}}
	if f.db, err = store.Open(t.Context(), file, append(delivery.Tables(), event.Tables()...)...); err != nil {
		t.Fatal(err)
	}
	f.del = delivery.New(delivery.Deps{Told: f.told})
	return f
}

func (f *factory) told(tx store.Tx, t delivery.Told) {
	delivery.Announce(tx, t)
	if t.State != delivery.Published {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended[t.Workspace] = append(f.ended[t.Workspace], tx.Now().Sub(t.DueAt.Time()))
	if f.open--; f.open == 0 {
		close(f.done)
	}
}

// stock creates n deliveries over so many channels.
func (f *factory) stock(n, channels int, workspace int, due time.Time) {
	f.t.Helper()
	f.mu.Lock()
	f.open += n
	f.mu.Unlock()
	for n > 0 {
		some := min(n, 5000)
		err := f.db.Update(f.t.Context(), func(tx store.Tx) error {
			for i := range some {
				k := f.made + i
				f.del.Create(tx, delivery.Fresh{Organization: id[ref.Organization](1), Workspace: id[ref.Workspace](workspace),
					ID: id[ref.Delivery](k + 1), Post: id[ref.Post](k + 1), Channel: id[ref.Channel](workspace<<32 + k%channels),
					Target: fmt.Sprintf("post %d", k), DueAt: due, Grace: 1000 * time.Hour})
			}
			return nil
		})
		if err != nil {
			f.t.Fatal(err)
		}
		f.made += some
		n -= some
	}
}

// runs publishes everything and says how long that took.
func (f *factory) runs(w Walker, source Source, workers int) time.Duration {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	r := New(Deps{Store: f.db, Deliveries: f.del, Source: source, Walker: w, Name: "bench", Alone: true, Workers: workers, Seal: turned, Unseal: turned})
	ended := make(chan error, 1)
	began := clock.System().Elapsed()
	go func() { ended <- r.Run(ctx) }()
	<-f.done
	took := clock.System().Elapsed() - began
	cancel()
	if err := <-ended; err != nil {
		f.t.Error(err)
	}
	if err := f.db.Close(); err != nil {
		f.t.Error(err)
	}
	return took
}

// alone walks without any network: one saved step, intent, last look, receipt.
type alone struct{ Walker }

func (alone) Walk(ctx context.Context, _ connector.Publisher, d connector.Draft, g connector.Grip) connector.Outcome {
	err := g.Driver.Save(ctx, "upload", []byte(`"file 1"`))
	if err == nil {
		err = g.Driver.Intent(ctx, connector.Intent{Step: "post", Fingerprint: d.Key})
	}
	if err != nil || !g.Driver.LastLook() {
		return connector.Outcome{End: connector.EndLeaseLost, Err: err}
	}
	return connector.Outcome{End: connector.EndPublished, Sent: true, Step: "post", Status: 200,
		Receipt: connector.Receipt{ID: d.Key, Permalink: "https://example.com/" + d.Key, At: d.At}}
}

// benchSource opens one courier for all.
type benchSource struct {
	courier *courier
	url     string
}

func (s benchSource) Open(_ context.Context, d delivery.Delivery) (Load, error) {
	return Load{Connector: s.courier, Draft: connector.Draft{Text: d.Target, Channel: connector.Channel{ID: "c"}},
		Grip: connector.Grip{Network: loopback, BaseURL: s.url}}, nil
}

func TestBenchStoreAlone(t *testing.T) {
	if !onlyBench(t) {
		return
	}
	source := benchSource{courier: newCourier(connector.Once{By: connector.Deterministic})}
	for _, workers := range []int{256, 1024} {
		bench(t, fmt.Sprintf("deliveries, store alone, %d workers, 1,000 channels", workers), "per second", 8000, true, func(t *testing.T) float64 {
			f := aFactory(t)
			f.stock(20_000, 1000, 1, clock.System().Now())
			return 20_000 / f.runs(alone{}, source, workers).Seconds()
		})
	}
}

func TestBenchWithHTTP(t *testing.T) {
	if !onlyBench(t) {
		return
	}
	bench(t, "deliveries with an HTTP call each, 256 workers", "per second", 5000, true, func(t *testing.T) float64 {
		f := aFactory(t)
		f.stock(10_000, 1000, 1, clock.System().Now())
		return 10_000 / f.overHTTP(256).Seconds()
	})
	bench(t, "10,000 due in one second, drained in", "ms", 2000, false, func(t *testing.T) float64 {
		f := aFactory(t)
		f.stock(10_000, 1000, 1, clock.System().Now())
		return float64(f.overHTTP(1024).Milliseconds())
	})
}

func (f *factory) overHTTP(workers int) time.Duration {
	server := httptest.NewServer(&office{now: clock.System().Now})
	defer server.Close()
	c := newCourier(connector.Once{By: connector.Deterministic})
	c.plain = true
	return f.runs(kit{}, benchSource{c, server.URL}, workers)
}
