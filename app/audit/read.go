package audit

import (
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Entry is a written event with the values that its leaf commits to, as far as they weren't erased.
type Entry struct {
	Record
	Values map[string]string
	Salts  map[string][]byte
}

// Broken says where a log stopped being what its own events say.
type Broken = evidence.Broken

// List reads at most limit events of the log with numbers below before (0: from the newest), newest first.
func List(tx store.ReadTx, o ref.Organization, before int64, limit int) []Entry {
	var out []Entry
	Back(tx, o, before, func(e Entry) bool {
		out = append(out, e)
		return len(out) < limit
	})
	return out
}

// Back walks the events with numbers below before (0: from the newest), newest first.
func Back(tx store.ReadTx, o ref.Organization, before int64, fn func(Entry) bool) {
	r := store.Range{Prefix: store.K(o), Back: true}
	if before > 0 {
		r.To = store.K(o, before)
	}
	walk(tx, o, r, fn)
}

// Forth walks the events from a number up to another, oldest first.
func Forth(tx store.ReadTx, o ref.Organization, from, to int64, fn func(Entry) bool) {
	walk(tx, o, store.Range{Prefix: store.K(o), From: store.K(o, from), To: store.K(o, to)}, fn)
}

func walk(tx store.ReadTx, o ref.Organization, r store.Range, fn func(Entry) bool) {
	for _, rec := range records.All(tx, r) {
		side, _ := sides.Get(tx, store.K(o, rec.Seq))
		if !fn(Entry{Record: rec, Values: side.Values, Salts: side.Salts}) {
			return
		}
	}
}

// Get reads one event.
func Get(tx store.ReadTx, o ref.Organization, seq int64) (e Entry, ok bool) {
	Forth(tx, o, seq, seq+1, func(found Entry) bool { e, ok = found, true; return false })
	return e, ok
}

// Logs calls fn for each log that has events; the zero organization is the instance's.
func Logs(tx store.ReadTx, fn func(ref.Organization) bool) {
	for _, h := range heads.All(tx, store.Range{}) {
		if !fn(h.Organization) {
			return
		}
	}
}
