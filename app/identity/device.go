package identity

import (
	"crypto/sha256"
	"time"

	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// device is a kind of browser in a network that a person signed in from. Only a hash of the two is kept.
type device struct {
	Identity ref.Identity `cbor:"1,keyasint"`
	Mark     []byte       `cbor:"2,keyasint"`
	SeenAt   time.Time    `cbor:"3,keyasint"`
}

const deviceLife = 90 * 24 * time.Hour

var devices = store.Table[device]{Name: "device", Version: 1, Holds: store.PersonalData,
	Key: func(d device) store.Key { return store.K(d.Identity, d.Mark) },
	Indexes: []store.Index[device]{{Name: "seen", Version: 1,
		Key: func(d device) store.Key { return store.K(d.SeenAt, d.Identity, d.Mark) }}}}

// seen notes where the person signed in from and writes to them when it is new. Somebody's first device is no news.
func (s *Identities) seen(tx store.Tx, c op.Call, i Identity) error {
	sum := sha256.Sum256([]byte(i.ID.String() + "|" + c.From.Agent + "|" + c.From.Prefix))
	d := device{Identity: i.ID, Mark: sum[:], SeenAt: tx.Now()}
	_, again := devices.Get(tx, store.K(d.Identity, d.Mark))
	first := true
	for range devices.All(tx, store.Range{Prefix: store.K(i.ID)}) {
		first = false
		break
	}
	devices.Put(tx, d)
	if again || first {
		return nil
	}
	return s.tell(tx, i, mail.NewDevice, map[string]string{"device": c.From.Agent, "prefix": c.From.Prefix, "at": stamp(tx.Now())}, "")
}

// tell writes a letter to the person.
func (s *Identities) tell(tx store.Tx, i Identity, kind mail.Kind, about map[string]string, link string) error {
	return s.Mail.Queue(tx, mail.Letter{Kind: kind, To: i.Email, Name: i.Name, Locale: i.Locale, Data: about, Link: link})
}

// tellOwners writes to all owners of the person's organizations but the person.
func (s *Identities) tellOwners(tx store.Tx, i Identity, kind mail.Kind, about map[string]string, link string) error {
	for _, m := range organization.MembershipsOf(tx, i.ID) {
		for _, id := range organization.Owners(tx, m.Organization) {
			owner, ok := Get(tx, id)
			if !ok || id == i.ID {
				continue
			}
			letter := mail.Letter{Kind: kind, To: owner.Email, Name: owner.Name, Organization: m.Organization, Locale: owner.Locale, Data: about, Link: link}
			if err := s.Mail.Queue(tx, letter); err != nil {
				return err
			}
		}
	}
	return nil
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// SweepDevices forgets at most n devices that nobody signed in from for 90 days.
func SweepDevices(tx store.Tx, n int) int {
	var old []store.Key
	for _, d := range devices.By(tx, "seen", store.Range{To: store.K(tx.Now().Add(-deviceLife))}) {
		if old = append(old, store.K(d.Identity, d.Mark)); len(old) == n {
			break
		}
	}
	for _, key := range old {
		devices.Delete(tx, key)
	}
	return len(old)
}
