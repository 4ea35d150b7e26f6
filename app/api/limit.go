package api

import (
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/op"
)

var errRate = fail.Limit("rate_limited", "Too many requests in a short time. Try again in a moment.")

// allowance is a bucket: so many at once, and so many a second after that.
type allowance struct {
	perSecond float64
	burst     int
}

var allowances = map[op.Rate]allowance{
	op.Cheap:  {perSecond: 50, burst: 300},
	op.Costly: {perSecond: 5, burst: 60},
	op.SignIn: {perSecond: 0.2, burst: 20},
}

const maxBuckets = 20_000

// limits counts requests per class and caller on this node. Guesses at secrets are also counted in the store.
type limits struct {
	clock  clock.Clock
	factor float64

	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	*rate.Limiter
	last time.Duration
}

func newLimits(c clock.Clock, factor float64) *limits {
	return &limits{clock: c, factor: factor, buckets: map[string]*bucket{}}
}

// take uses one request of the caller's class; it returns what is left and the error when nothing is.
func (l *limits) take(class op.Rate, caller string) (header string, err error) {
	a := allowances[class]
	elapsed := l.clock.Elapsed()
	at := time.Unix(0, 0).Add(elapsed) // monotonic: a corrected wall clock gives nobody new requests
	l.mu.Lock()
	defer l.mu.Unlock()
	key := string(class) + "|" + caller
	b := l.buckets[key]
	if b == nil {
		l.makeRoom(elapsed)
		b = &bucket{Limiter: rate.NewLimiter(rate.Limit(a.perSecond*l.factor), max(1, int(float64(a.burst)*l.factor)))}
		l.buckets[key] = b
	}
	b.last = elapsed
	ok := b.AllowN(at, 1)
	left := math.Max(0, math.Floor(b.TokensAt(at)))
	wait := time.Duration(math.Max(0, 1-b.TokensAt(at)) / float64(b.Limit()) * float64(time.Second))
	header = fmt.Sprintf("%q;r=%d;t=%d", string(class), int(left), int(math.Ceil(wait.Seconds())))
	if !ok {
		return header, errRate.After(l.clock.Now().Add(wait + time.Second))
	}
	return header, nil
}

// makeRoom forgets callers that were quiet long enough to be full again.
func (l *limits) makeRoom(now time.Duration) {
	if len(l.buckets) < maxBuckets {
		return
	}
	for key, b := range l.buckets {
		if now-b.last > 5*time.Minute || len(l.buckets) >= maxBuckets {
			delete(l.buckets, key)
		}
		if len(l.buckets) < maxBuckets/2 {
			return
		}
	}
}
