package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// hop is a browser on its way to a provider and back: once, within ten minutes.
type hop struct {
	State        []byte           `cbor:"1,keyasint"` // SHA-256
	Organization ref.Organization `cbor:"2,keyasint"`
	Purpose      string           `cbor:"3,keyasint"`
	Browser      []byte           `cbor:"4,keyasint"`
	Identity     ref.Identity     `cbor:"5,keyasint,omitempty"` // of link and step-up
	Session      ref.Session      `cbor:"6,keyasint,omitempty"`
	Sealed       secret.Sealed    `cbor:"7,keyasint"` // nonce and verifier
	StartedAt    time.Time        `cbor:"8,keyasint"`
}

// What a hop is for.
const (
	hopSignIn = "sign_in"
	hopLink   = "link"
	hopStepUp = "step_up"

	hopLife = 10 * time.Minute
)

var hops = store.Table[hop]{Name: "sign_on_hop", Version: 1, Holds: store.SecretMaterial,
	Key: func(h hop) store.Key { return store.K(h.State) },
	Indexes: []store.Index[hop]{{Name: "started", Version: 1,
		Key: func(h hop) store.Key { return store.K(h.StartedAt, h.State) }}}}

func (s *Identities) beginSignOn(ctx context.Context, c op.Call, in *signOnBegin) (*AuthorizeURL, error) {
	return s.depart(ctx, c, hop{Organization: in.Body.Organization, Purpose: hopSignIn})
}

func (s *Identities) linkSignOn(ctx context.Context, c op.Call, _ *op.OrganizationPath) (*AuthorizeURL, error) {
	return s.depart(ctx, c, hop{Organization: c.Organization, Purpose: hopLink, Identity: c.Actor.Identity, Session: c.Actor.Session})
}

func (s *Identities) stepUpSignOn(ctx context.Context, c op.Call, _ *op.None) (*AuthorizeURL, error) {
	return s.depart(ctx, c, hop{Organization: c.Actor.Through, Purpose: hopStepUp, Identity: c.Actor.Identity, Session: c.Actor.Session})
}

// luggage is what a hop takes along, sealed.
type luggage struct{ Nonce, Verifier string }

func hopPlace(h hop) secret.Place {
	return secret.Place{Purpose: "sign_on", Organization: h.Organization, Kind: "sign_on_hop", ID: [16]byte(h.State[:16]), Field: "sealed"}
}

// configured reads an organization's sign-on with its secret.
func (s *Identities) configured(ctx context.Context, id ref.Organization) (o SignOn, clientSecret string, err error) {
	err = s.DB.View(ctx, func(tx store.ReadTx) error {
		var ok bool
		if o, ok = signOns.Get(tx, store.K(id)); !ok {
			return ErrNoSignOn
		}
		if o.Secret.Empty() {
			return nil
		}
		return s.Keeper.Use(tx, signOnPlace(id), o.Secret, func(plain []byte) error { clientSecret = string(plain); return nil })
	})
	return o, clientSecret, err
}

func (s *Identities) depart(ctx context.Context, c op.Call, h hop) (*AuthorizeURL, error) {
	o, clientSecret, err := s.configured(ctx, h.Organization)
	if err != nil {
		return nil, err
	}
	p, err := s.discover(ctx, o, clientSecret)
	if err != nil {
		return nil, err
	}
	h.Browser = errandSignOn.begin(c)
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*AuthorizeURL, error) {
		state, l := random.Text(32), luggage{Nonce: random.Text(32), Verifier: random.Text(40)}
		h.State, h.StartedAt = hashOf(state), tx.Now()
		raw, err := json.Marshal(l)
		if err != nil {
			return nil, err
		}
		if h.Sealed, err = s.Keeper.Seal(tx, hopPlace(h), raw); err != nil {
			return nil, err
		}
		hops.Put(tx, h)
		return &AuthorizeURL{AuthorizeURL: p.authorizeURL(state, l.Nonce, l.Verifier, h.Purpose == hopStepUp)}, nil
	})
}

// land uses the hop of a state up, whatever comes of it.
func (s *Identities) land(ctx context.Context, c op.Call, state string) (h hop, l luggage, err error) {
	err = s.DB.Update(ctx, func(tx store.Tx) error {
		var ok bool
		h, ok = hops.Get(tx, store.K(hashOf(state)))
		if !ok || !bytes.Equal(h.Browser, errandSignOn.of(c)) || tx.Now().Sub(h.StartedAt) > hopLife {
			return ErrHop
		}
		if h.Purpose != hopSignIn && (h.Identity != c.Actor.Identity || h.Session != c.Actor.Session) {
			return ErrHop
		}
		hops.Delete(tx, store.K(h.State))
		return s.Keeper.Use(tx, hopPlace(h), h.Sealed, func(plain []byte) error { return json.Unmarshal(plain, &l) })
	})
	return h, l, err
}

// SweepHops removes at most n browsers that never came back.
func SweepHops(tx store.Tx, n int) int {
	var old []store.Key
	for _, h := range hops.By(tx, "started", store.Range{To: store.K(tx.Now().Add(-hopLife))}) {
		if old = append(old, store.K(h.State)); len(old) == n {
			break
		}
	}
	for _, key := range old {
		hops.Delete(tx, key)
	}
	return len(old)
}
