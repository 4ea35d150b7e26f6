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

// registered is the app to use at a server: the administrator's, or the one that we registered there.
func (s *Channels) registered(tx store.ReadTx, platform, server, callback string, own connector.App) (connector.App, error) {
	if own.ID != "" {
		return own, nil
	}
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

// appOf is the app that a channel was connected through.
func (s *Channels) appOf(tx store.ReadTx, c Channel, own connector.App) (connector.App, error) {
	pub, ok := s.Platform(c.Platform)
	if !ok {
		return own, nil
	}
	way, ok := pub.Spec().Way(c.Way)
	if !ok || way.OAuth == nil {
		return own, nil
	}
	return s.registered(tx, c.Platform, serverOf(c.Fields[way.OAuth.Host]), s.Address()+"/connect/"+c.Platform+"/callback", own)
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
