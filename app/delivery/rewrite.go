package delivery

import (
	"errors"
	"fmt"
	"slices"

	"github.com/omniposto/omniposto/store"
)

// RewriteSteps gives fn every saved result of n deliveries after the key, and keeps what it returns in its place:
// nothing else of a delivery changes, its version included. It returns the last one's key; nil at the end. A result that
// fn refuses stays as it is.
func RewriteSteps(tx store.Tx, after store.Key, n int, fn func(d Delivery, step string, result []byte) ([]byte, error)) (next store.Key, err error) {
	var changed []Delivery
	var failed error
	seen := 0
	from := after
	if len(after) > 0 {
		from = append(slices.Clone(after), 0) // the first key behind it
	}
	for key, d := range deliveries.All(tx, store.Range{From: from}) {
		steps, touched := slices.Clone(d.Steps), false
		for i, s := range steps {
			if len(s.Result) == 0 {
				continue
			}
			out, err := fn(d, s.Name, s.Result)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("delivery %s, step %s: %w", d.ID, s.Name, err))
				continue
			}
			if string(out) != string(s.Result) {
				steps[i].Result, touched = out, true
			}
		}
		if touched {
			d.Steps = steps
			changed = append(changed, d)
		}
		if seen++; seen == n {
			next = key
			break
		}
	}
	for _, d := range changed {
		deliveries.Put(tx, d)
	}
	return next, failed
}
