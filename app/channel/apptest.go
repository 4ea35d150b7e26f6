package channel

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// addressFound is whether this server's own public address leads back to it.
type addressFound string

const (
	addressReached    addressFound = "reached"
	addressNotReached addressFound = "not_reached" // from here; people's browsers may
	addressNotHTTPS   addressFound = "not_https"   // most platforms send nobody back in the clear
	addressNotSet     addressFound = "not_set"     // public_url
)

// unreachable is the verdict on credentials when the platform didn't answer.
const unreachable connector.Verdict = "unreachable"

// selfLimits bound the look at our own address.
var selfLimits = outbound.Limits{Total: 10 * time.Second, Body: 64 << 10}

// testApp asks the platform, and our own address, and keeps what they said.
func (s *Channels) testApp(ctx context.Context, c op.Call, o ref.Organization, platform string) (*AppView, error) {
	pub, ok := s.Platform(platform)
	if !ok {
		return nil, ErrPlatform
	}
	var kept credential
	g := s.grip(Channel{}, platform)
	if err := s.DB.View(ctx, func(tx store.ReadTx) (err error) {
		if kept, ok = credentials.Get(tx, store.K(o, platform)); !ok {
			return ErrNoCredential
		}
		g.App, err = s.opened(tx, kept)
		return err
	}); err != nil {
		return nil, err
	}
	began := s.Clock.Elapsed()
	t := appTest{At: c.Now, Address: s.ownAddress(ctx, platform)}
	found, err := connector.TestApp(ctx, pub, appWay(pub.Spec()), s.callbackAt(platform), g)
	t.Verdict, t.Words = found.Verdict, found.Words
	var failed *connector.Failed
	switch {
	case errors.As(err, &failed):
		t.Verdict, t.Words = unreachable, failed.Words
	case err != nil:
		return nil, err
	}
	t.Took = s.Clock.Elapsed() - began
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*AppView, error) {
		now, ok := credentials.Get(tx, store.K(o, platform))
		if !ok {
			return nil, ErrNoCredential
		}
		if now.Version == kept.Version { // else somebody changed it meanwhile, and this says nothing about what stands there
			now.Test = t
			credentials.Put(tx, now)
		}
		a := appAct("app.tested", o, platform)
		a.Values = map[string]string{"outcome": string(t.Verdict)}
		op.Write(tx, c, a)
		v := s.appView(tx, o, pub.Spec())
		return &v, nil
	})
}

// ownAddress goes the way that a browser comes back from a platform.
func (s *Channels) ownAddress(ctx context.Context, platform string) addressFound {
	at := s.callbackAt(platform)
	switch {
	case strings.HasPrefix(at, "http://localhost"), strings.HasPrefix(at, "http://127."), strings.HasPrefix(at, "http://[::1]"):
		return addressNotSet
	case !strings.HasPrefix(at, "https://"):
		return addressNotHTTPS
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return addressNotReached
	}
	resp, err := s.Web.Client(selfLimits).Do(req)
	if err != nil {
		return addressNotReached
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !bytes.Contains(body, []byte(`"signed_out"`)) {
		return addressNotReached // something answers, and it isn't us
	}
	return addressReached
}
