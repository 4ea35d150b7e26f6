package channel

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// appSecret is the sealed part of an app that we registered.
type appSecret struct {
	Secret string            `json:"secret"`
	Extra  map[string]string `json:"extra,omitempty"`
}

func appPlace(a app) secret.Place {
	return secret.Place{Purpose: "app", Kind: "platform_app", ID: a.ID, Field: "secret"}
}

// keepApp keeps the app that we registered at a server.
func (s *Channels) keepApp(tx store.Tx, platform, server, callback string, made connector.App) error {
	a := app{Platform: platform, Server: server, Callback: callback, ID: ref.Mint[ref.Secret](tx.Now()), ClientID: made.ID, MadeAt: tx.Now()}
	kept := appSecret{Extra: made.Extra}
	made.Secret.Use(func(plain string) { kept.Secret = strings.Clone(plain) })
	raw, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	defer clear(raw)
	if a.Sealed, err = s.Keeper.Seal(tx, appPlace(a), raw); err != nil {
		return err
	}
	apps.Put(tx, a)
	return nil
}

// registered is the app that we registered at a server, if we did.
func (s *Channels) registered(tx store.ReadTx, platform, server, callback string) (connector.App, error) {
	a, ok := apps.Get(tx, store.K(platform, server, callback))
	if !ok {
		return connector.App{}, nil
	}
	out := connector.App{ID: a.ClientID}
	err := s.Keeper.Use(tx, appPlace(a), a.Sealed, func(plain []byte) error {
		var kept appSecret
		if err := json.Unmarshal(plain, &kept); err != nil {
			return secret.ErrSealed
		}
		out.Secret, out.Extra = secret.NewText(kept.Secret), kept.Extra
		return nil
	})
	return out, err
}

// appFor is the app by which an organization connects something new: one that was entered, or the one that we registered
// at the server. The zero App: there is none yet.
func (s *Channels) appFor(tx store.ReadTx, o ref.Organization, platform, server string) (connector.App, error) {
	all, err := s.entered(tx, o, platform)
	if err != nil || len(all) == 0 {
		if err == nil {
			return s.registered(tx, platform, server, s.callbackAt(platform))
		}
		return connector.App{}, err
	}
	return all[0], nil
}

// appOf is the app that a channel was connected through, as long as it is there; its tokens are good for no other.
func (s *Channels) appOf(tx store.ReadTx, c Channel) (connector.App, error) {
	all, err := s.entered(tx, c.Organization, c.Platform)
	if err != nil {
		return connector.App{}, err
	}
	for _, a := range all {
		if a.ID == c.Client {
			return a, nil
		}
	}
	if a, err := s.registered(tx, c.Platform, s.server(c), s.callbackAt(c.Platform)); err != nil || a.ID != "" {
		return a, err
	}
	if len(all) > 0 {
		return all[0], nil
	}
	return connector.App{}, nil
}

// callbackAt is where a platform sends browsers back to.
func (s *Channels) callbackAt(platform string) string {
	return s.Address() + "/connect/" + platform + "/callback"
}

func serverOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	host, _, _ := strings.Cut(address, "/")
	return host
}

// forgetApp drops an app that its server doesn't know any more; the next sign-in registers a new one.
func (s *Channels) forgetApp(ctx context.Context, platform string, sign connector.SignIn) {
	err := s.DB.Update(ctx, func(tx store.Tx) error {
		for key, a := range apps.All(tx, store.Range{Prefix: store.K(platform)}) {
			if a.ClientID == sign.App.ID {
				apps.Delete(tx, key)
				return nil
			}
		}
		return nil
	})
	if err != nil {
		s.Log.Warn("an app that is gone stays kept", "platform", platform, "error", err.Error())
	}
}
