package publish

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/store"
)

// erase is a planted bug: a record removed in the store.
func (w *world) erase(tx tx, d delivery.Delivery) error {
	tx.Delete(append(store.K("delivery", "r"), store.K(d.Organization, d.Workspace, d.ID)...))
	return nil
}

// lullaby is a planted bug: the channel's entry in the index of ready lanes is lost.
func (w *world) lullaby(tx tx, d delivery.Delivery) error {
	space := store.K("lane", "i", "ready")
	tx.Scan(space, space.End(), false, func(k, _ []byte) bool {
		if string(k[len(k)-16:]) == string(d.Channel[:]) {
			tx.Delete(k)
		}
		return true
	})
	return nil
}

// inParallel runs seeds on all processors until one says stop.
func inParallel(first, count uint64, run func(seed uint64) bool) {
	var next atomic.Uint64
	var stop atomic.Bool
	next.Store(first)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for !stop.Load() {
				seed := next.Add(1) - 1
				if seed >= first+count {
					return
				}
				if !run(seed) {
					stop.Store(true)
				}
			}
		})
	}
	all.Wait()
}

// number reads a count from the environment.
func number(name string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// TestSimulation runs whole installations through six hours of trouble each and judges every law of once. SIM_SEEDS says
// how many seeds, SIM_FIRST the first of them.
func TestSimulation(t *testing.T) {
	t.Parallel()
	otherwise := uint64(3000)
	if testing.Short() || raceOn {
		otherwise = 100
	}
	first, count := number("SIM_FIRST", 1), number("SIM_SEEDS", otherwise)
	var commits, crashes, jumps, stops, steps atomic.Int64
	each := func(seed uint64) {
		w := simulate(seed, flaw{})
		commits.Add(int64(w.count.commits))
		crashes.Add(int64(w.count.crashes))
		jumps.Add(int64(w.count.jumps))
		stops.Add(int64(w.count.stops))
		steps.Add(int64(w.sched.steps))
		if w.broken != "" {
			t.Errorf("seed %d: %s\n%s", seed, w.broken, w.stories())
		}
	}
	inParallel(first, count, func(seed uint64) bool { each(seed); return !t.Failed() })
	t.Logf("%d seeds from %d: %d steps, %d commits, %d crashes, %d jumps, %d stops in good order", count, first,
		steps.Load(), commits.Load(), crashes.Load(), jumps.Load(), stops.Load())
}
