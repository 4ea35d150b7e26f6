package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/omniposto/omniposto/store"
)

// Measured is the result of one measurement.
type Measured struct {
	PerSecond float64
	P50, P99  time.Duration // of one call
}

// String is a line for people.
func (m Measured) String() string {
	return fmt.Sprintf("%.0f/s, p50 %v, p99 %v", m.PerSecond, m.P50.Round(10*time.Microsecond), m.P99.Round(10*time.Microsecond))
}

// Updates lets the writers together make n durable updates, each of which reads a record and swaps it with its index
// entry, over Visits records that Fill wrote. elapsed is a clock that doesn't jump.
func Updates(ctx context.Context, e store.Engine, elapsed func() time.Duration, writers, n, records int) (Measured, error) {
	took := make([]time.Duration, n)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wait sync.WaitGroup
	begun := elapsed()
	for range writers {
		wait.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || failed.Load() != nil {
					return
				}
				at := elapsed()
				if err := e.Update(ctx, func(tx store.Tx) error { return postpone(tx, i*7919%records, int64(records+i)) }); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
				took[i] = elapsed() - at
			}
		})
	}
	wait.Wait()
	all := elapsed() - begun
	if err := failed.Load(); err != nil {
		return Measured{}, *err
	}
	slices.Sort(took)
	return Measured{float64(n) / all.Seconds(), took[n/2], took[n*99/100]}, nil
}

func postpone(tx store.Tx, i int, due int64) error {
	old, ok := visits.Get(tx, visits.Key(visit(i)))
	if !ok {
		return fmt.Errorf("record %d is not there", i)
	}
	now := old
	now.Due = due
	visits.Swap(tx, old, now)
	return nil
}

// visit is the i-th record of Fill.
func visit(i int) Visit {
	return Visit{House: id{byte(i % 50)}, ID: id{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}, Name: names[i%len(names)], Due: int64(i + 1)}
}

// names make records as large as a delivery, about 120 bytes.
var names = []string{
	"the first of some names that are as long as what a delivery holds, steps and all of it",
	"another, a little shorter, that is here to make the records differ from each other",
}

// Fill writes n records with two index entries each.
func Fill(ctx context.Context, e store.Engine, n int) error {
	const each = 2000
	for from := 0; from < n; from += each {
		err := e.Update(ctx, func(tx store.Tx) error {
			for i := from; i < min(from+each, n); i++ {
				visits.Put(tx, visit(i))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("fill from %d: %w", from, err)
		}
	}
	return nil
}

// Find reads the first n entries of the index by due instant, as a claim does, and says how long it took.
func Find(ctx context.Context, e store.Engine, elapsed func() time.Duration, n int) (time.Duration, error) {
	begun := elapsed()
	err := e.View(ctx, func(tx store.ReadTx) error {
		found := 0
		for range visits.Keys(tx, "due", store.Range{}) {
			if found++; found == n {
				return nil
			}
		}
		return fmt.Errorf("found %d of %d", found, n)
	})
	return elapsed() - begun, err
}

// Table is the suite's table, for those who open an engine that Fill wrote.
func Table() store.AnyTable { return visits }
