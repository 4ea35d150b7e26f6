package channel

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// credential is an app that somebody registered at a platform by hand: an administrator for the whole instance, or an
// owner or admin for one organization, whose own app wins.
type credential struct {
	Organization ref.Organization  `cbor:"1,keyasint"` // zero: the instance's
	Platform     string            `cbor:"2,keyasint"`
	ID           ref.Secret        `cbor:"3,keyasint"`
	Client       string            `cbor:"4,keyasint"`
	Open         map[string]string `cbor:"5,keyasint,omitempty"` // what else isn't secret
	Sealed       secret.Sealed     `cbor:"6,keyasint,omitempty"`
	Hint         string            `cbor:"7,keyasint,omitempty"` // the secret's last four signs, by which a person knows it
	SetAt        time.Time         `cbor:"8,keyasint"`
	Test         appTest           `cbor:"9,keyasint,omitempty"`
	Version      int64             `cbor:"10,keyasint"`
}

// appTest is how the last test of a credential ended; zero: there was none since it was set.
type appTest struct {
	At      time.Time         `cbor:"1,keyasint,omitempty"`
	Took    time.Duration     `cbor:"2,keyasint,omitempty"`
	Verdict connector.Verdict `cbor:"3,keyasint,omitempty"`
	Words   string            `cbor:"4,keyasint,omitempty"`
	Address addressFound      `cbor:"5,keyasint,omitempty"`
}

var credentials = store.Table[credential]{Name: "platform_credential", Version: 1, Holds: store.SecretMaterial,
	Key:   func(c credential) store.Key { return store.K(c.Organization, c.Platform) },
	Owner: func(c credential) store.Owner { return store.Owner{Organization: c.Organization} }}

// hintFrom is how long a secret must be to show its last four signs.
const hintFrom = 16

func credentialPlace(c credential) secret.Place {
	return secret.Place{Purpose: "app", Organization: c.Organization, Kind: "platform_credential", ID: c.ID, Field: "secret"}
}

// seal keeps the secret fields of a credential.
func (s *Channels) sealCredential(tx store.Tx, c *credential, secrets map[string]string) error {
	raw, err := json.Marshal(secrets)
	if err != nil {
		return err
	}
	defer clear(raw)
	c.Hint = ""
	if key := secrets["secret"]; len(key) >= hintFrom {
		c.Hint = strings.Clone(key[len(key)-4:])
	}
	c.Sealed, err = s.Keeper.Seal(tx, credentialPlace(*c), raw)
	return err
}

// secretsOf reads the secret fields of a credential.
func (s *Channels) secretsOf(tx store.ReadTx, c credential) (map[string]string, error) {
	out := map[string]string{}
	if c.Sealed.Empty() {
		return out, nil
	}
	err := s.Keeper.Use(tx, credentialPlace(c), c.Sealed, func(plain []byte) error {
		if json.Unmarshal(plain, &out) != nil {
			return secret.ErrSealed
		}
		return nil
	})
	return out, err
}

func (s *Channels) opened(tx store.ReadTx, c credential) (connector.App, error) {
	secrets, err := s.secretsOf(tx, c)
	if err != nil {
		return connector.App{}, err
	}
	app := connector.App{ID: c.Client, Secret: secret.NewText(secrets["secret"]), Extra: maps.Clone(c.Open)}
	delete(secrets, "secret")
	if app.Extra == nil && len(secrets) > 0 {
		app.Extra = map[string]string{}
	}
	maps.Copy(app.Extra, secrets)
	return app, nil
}

// entered lists the apps that were entered by hand, those that win first: the organization's, the instance's, the
// configuration's.
func (s *Channels) entered(tx store.ReadTx, o ref.Organization, platform string) ([]connector.App, error) {
	var out []connector.App
	for _, owner := range slices.Compact([]ref.Organization{o, {}}) {
		c, ok := credentials.Get(tx, store.K(owner, platform))
		if !ok {
			continue
		}
		app, err := s.opened(tx, c)
		if err != nil {
			return nil, err
		}
		out = append(out, app)
	}
	if configured := s.App(platform); configured.ID != "" {
		out = append(out, configured)
	}
	return out, nil
}

// has says whether an organization can sign in at a platform by an app of somebody.
func (s *Channels) has(tx store.ReadTx, o ref.Organization, platform string) bool {
	for _, owner := range []ref.Organization{o, {}} {
		if _, ok := credentials.Get(tx, store.K(owner, platform)); ok {
			return true
		}
	}
	return s.App(platform).ID != ""
}
