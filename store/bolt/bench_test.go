package bolt_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/storetest"
)

// BenchmarkUpdates measures durable updates: one record read and swapped, one index entry moved.
func BenchmarkUpdates(b *testing.B) {
	const records = 10000
	for _, writers := range []int{1, 64, 256, 1024} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			e := open(b, b.TempDir())
			defer e.Close() //nolint:errcheck // measured before
			if err := storetest.Fill(context.Background(), e, records); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			m, err := storetest.Updates(context.Background(), e, b.Elapsed, writers, b.N, records)
			b.StopTimer()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(m.PerSecond, "updates/s")
			b.ReportMetric(float64(m.P50.Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(m.P99.Microseconds())/1000, "p99-ms")
			s := e.(store.Disk).Stats()
			b.ReportMetric(float64(s.Calls)/float64(s.Commits), "calls/commit")
		})
	}
}

// BenchmarkMillion measures what grows with the file: opening, finding, reading, backing up. Each is done a few times.
func BenchmarkMillion(b *testing.B) {
	ctx := context.Background()
	find := map[int]time.Duration{}
	for _, records := range []int{1000, 1000000} {
		folder := b.TempDir()
		e := open(b, folder)
		if err := storetest.Fill(ctx, e, records); err != nil {
			b.Fatal(err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("open/%d", records), func(b *testing.B) {
			for b.Loop() {
				if err := open(b, folder).Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
		e = open(b, folder)
		b.Run(fmt.Sprintf("find100/%d", records), func(b *testing.B) {
			for b.Loop() {
				if _, err := storetest.Find(ctx, e, b.Elapsed, 100); err != nil {
					b.Fatal(err)
				}
			}
			find[records] = b.Elapsed() / time.Duration(b.N)
		})
		b.Run(fmt.Sprintf("check/%d", records), func(b *testing.B) {
			for b.Loop() {
				if err := e.View(ctx, storetest.Table().Check); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("backup/%d", records), func(b *testing.B) {
			for b.Loop() {
				n, err := e.Backup(io.Discard)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(n)/1e6, "MB")
			}
		})
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(find[1000000])/float64(find[1000]), "find-ratio")
}
