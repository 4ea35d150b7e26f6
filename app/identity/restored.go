package identity

import (
	"time"

	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/store"
)

// Restored makes an older store safe to sign in to: what was used or ended since it was kept would work once more. It ends
// every session with its step-ups, every challenge, link, sign-on under way and recovery of a lost factor, voids the codes
// of authenticator apps up to the next one, and all recovery codes. Whoever had some is told to make new ones.
func Restored(tx store.Tx, letters *mail.Outbox) error {
	empty(tx, &sessions)
	empty(tx, &ceremonies)
	empty(tx, &links)
	empty(tx, &pleas)
	empty(tx, &hops)
	empty(tx, &welcomes)
	for _, r := range every(tx, &recoveries) {
		if next, ok := r.after(recoveryStop, r.Identity, tx.Now()); ok {
			recoveries.Put(tx, next)
			recordSystem(tx, "recovery.stopped", r.Identity)
		}
	}
	step := tx.Now().Unix() / int64(totpPeriod/time.Second)
	for _, f := range every(tx, &factors) {
		f.Used = []int64{step - 1, step, step + 1} // all that may have been used by now
		factors.Put(tx, f)
	}
	for _, c := range every(tx, &recovery) {
		recovery.Delete(tx, store.K(c.Identity))
		recordSystem(tx, "factor.codes_voided", c.Identity)
		i, ok := Get(tx, c.Identity)
		if !ok {
			continue
		}
		letter := mail.Letter{Kind: mail.CodesVoided, To: i.Email, Name: i.Name, Locale: i.Locale, Data: map[string]string{"at": stamp(tx.Now())}}
		if err := letters.Queue(tx, letter); err != nil {
			return err
		}
	}
	return nil
}

// every reads a whole table, so that it can be changed.
func every[T any](tx store.Tx, t *store.Table[T]) []T {
	var out []T
	for _, v := range t.All(tx, store.Range{}) {
		out = append(out, v)
	}
	return out
}

func empty[T any](tx store.Tx, t *store.Table[T]) {
	var keys []store.Key
	for key := range t.All(tx, store.Range{}) {
		keys = append(keys, key)
	}
	for _, key := range keys {
		t.Delete(tx, key)
	}
}
