package channel

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// state is a sign-in under way at a platform: bound to session and workspace, used once, good for ten minutes.
type state struct {
	Hash         []byte           `cbor:"1,keyasint"`
	Organization ref.Organization `cbor:"2,keyasint"`
	Workspace    ref.Workspace    `cbor:"3,keyasint"`
	Platform     string           `cbor:"4,keyasint"`
	Identity     ref.Identity     `cbor:"5,keyasint"`
	Session      ref.Session      `cbor:"6,keyasint"`
	Channel      ref.Channel      `cbor:"7,keyasint,omitempty"` // to connect again
	Sealed       secret.Sealed    `cbor:"8,keyasint"`
	ExpiresAt    time.Time        `cbor:"9,keyasint"`
}

var states = store.Table[state]{Name: "sign_in_state", Version: 1, Holds: store.SecretMaterial,
	Key:   func(s state) store.Key { return store.K(s.Hash) },
	Owner: func(s state) store.Owner { return store.OwnedBy(s.Organization, s.Workspace) },
	Indexes: []store.Index[state]{{Name: "expires", Version: 1,
		Key: func(s state) store.Key { return store.K(s.ExpiresAt, s.Hash) }}}}

const stateLife = 10 * time.Minute

func statePlace(s state) secret.Place {
	return secret.Place{Purpose: "sign_in", Organization: s.Organization, Workspace: s.Workspace, Kind: "sign_in_state", ID: [16]byte(s.Hash[:16]), Field: "sealed"}
}

type authorizeInput struct {
	op.WorkspacePath
	Body struct {
		Platform string            `json:"platform" minLength:"1" maxLength:"64"`
		Way      string            `json:"way,omitempty" maxLength:"64"`
		Instance string            `json:"instance,omitempty" maxLength:"300" doc:"Address of the server, for platforms with many."`
		Fields   map[string]string `json:"fields,omitempty" doc:"What the way asks for before the sign-in."`
		Channel  *ref.Channel      `json:"channel,omitempty" doc:"To connect this one again."`
	}
}

// AuthorizeURL is where the browser goes to sign in.
type AuthorizeURL struct {
	AuthorizeURL string `json:"authorize_url"`
}

type callbackInput struct {
	Platform    string `path:"platform" maxLength:"64"`
	Code        string `query:"code" maxLength:"4096"`
	State       string `query:"state" maxLength:"512"`
	Error       string `query:"error" maxLength:"512"`
	Description string `query:"error_description" maxLength:"2048"`
	URI         string `query:"error_uri" maxLength:"2048"`
	Issuer      string `query:"iss" maxLength:"2048"`
	DeviceID    string `query:"device_id" maxLength:"512"`
	Scope       string `query:"scope" maxLength:"4096"`
	Session     string `query:"session" maxLength:"512"` // of a handshake
}

func (s *Channels) oauthOperations() []op.Operation {
	return []op.Operation{
		op.New("channels.authorize", op.POST("/workspaces/{workspace}/channels/authorize"), s.authorize).
			Says("Begin to sign in at a platform", "Answers the address to send the browser to. It comes back by channels.callback.").
			Example(map[string]any{"platform": "mastodon", "instance": "social.example"}, AuthorizeURL{AuthorizeURL: "https://social.example/oauth/authorize?…"}).
			In(op.InWorkspace).By(access.Session).Costs(op.Costly).NoDryRun("an app may be registered").Audits("channel.authorizing").
			Fails(ErrPlatform, ErrWay, ErrConnect, ErrNoApp, ErrNotFound).Hidden("only a person signs in").Needs(access.ChannelsWrite),
		op.NewRedirect("channels.callback", op.GET("/connect/{platform}/callback"), s.callback).
			Says("Come back from a platform", "Ends a sign-in that channels.authorize began, in the same browser, and sends it to the channel.").
			OutsideAPI().Costs(op.Costly).Audits("channel.connected").Fails(ErrState, ErrConnect).Hidden("only a browser comes back").ThroughSignOn().Needs(access.Own),
	}
}

func (s *Channels) authorize(ctx context.Context, c op.Call, in *authorizeInput) (*AuthorizeURL, error) {
	pub, ok := s.Platform(in.Body.Platform)
	if !ok {
		return nil, ErrPlatform
	}
	way, ok := oauthWay(pub.Spec(), in.Body.Way)
	if !ok {
		return nil, ErrWay.At("/way", "this platform has no sign-in in the browser")
	}
	fields := in.Body.Fields
	if fields == nil {
		fields = map[string]string{}
	}
	host := way.ServerField()
	if in.Body.Instance != "" && host != "" {
		fields[host] = in.Body.Instance
	}
	callback := s.callbackAt(in.Body.Platform)
	server, _, _ := strings.Cut(strings.TrimPrefix(fields[host], "https://"), "/")
	g := s.grip(Channel{}, in.Body.Platform)
	if err := s.DB.View(ctx, func(tx store.ReadTx) (err error) {
		g.App, err = s.appFor(tx, c.Organization, in.Body.Platform, server)
		return err
	}); err != nil {
		return nil, err
	}
	fresh := g.App.ID == "" && way.OAuth != nil
	if fresh && way.OAuth.Register == "" {
		return nil, ErrNoApp
	}
	word := random.Text(32)
	sign, address, err := connector.Begin(ctx, pub, way.Way, fields, callback, word, g)
	if err != nil {
		return nil, refusal(err)
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*AuthorizeURL, error) {
		if fresh {
			if err := s.keepApp(tx, in.Body.Platform, server, callback, sign.App); err != nil {
				return nil, err
			}
		}
		if err := s.keepState(tx, c, in, word, sign); err != nil {
			return nil, err
		}
		op.Write(tx, c, op.Act{Action: "channel.authorizing", On: audit.Thing{Kind: "platform", ID: in.Body.Platform}, Quiet: true})
		return &AuthorizeURL{AuthorizeURL: address}, nil
	})
}

func oauthWay(spec *connector.Spec, name string) (connector.Connect, bool) {
	for _, w := range spec.Connect {
		if w.SignsIn() && (name == "" || w.Way == name) {
			return w, true
		}
	}
	return connector.Connect{}, false
}

func (s *Channels) keepState(tx store.Tx, c op.Call, in *authorizeInput, word string, sign connector.SignIn) error {
	sum := sha256.Sum256([]byte(word))
	st := state{Hash: sum[:], Organization: c.Organization, Workspace: c.Workspace, Platform: in.Body.Platform, Identity: c.Actor.Identity,
		Session: c.Actor.Session, ExpiresAt: tx.Now().Add(stateLife)}
	if in.Body.Channel != nil {
		st.Channel = *in.Body.Channel
	}
	return sign.Plain(func(plain []byte) (err error) {
		if st.Sealed, err = s.Keeper.Seal(tx, statePlace(st), plain); err == nil {
			states.Put(tx, st)
		}
		return err
	})
}

// callback ends a sign-in. Whatever goes wrong is shown on the connect page, where the person left off.
func (s *Channels) callback(ctx context.Context, c op.Call, in *callbackInput) (string, error) {
	sum := sha256.Sum256([]byte(in.State))
	var st state
	var sign connector.SignIn
	err := s.DB.Update(ctx, func(tx store.Tx) error {
		var ok bool
		st, ok = states.Get(tx, store.K(sum[:]))
		if !ok || st.Identity != c.Actor.Identity || st.Session != c.Actor.Session || st.Platform != in.Platform || tx.Now().After(st.ExpiresAt) {
			return ErrState
		}
		states.Delete(tx, store.K(sum[:])) // used once, however it ends
		return s.Keeper.Use(tx, statePlace(st), st.Sealed, func(plain []byte) (err error) {
			sign, err = connector.ReadSignIn(plain)
			return err
		})
	})
	if err != nil {
		return "", err
	}
	if !c.Actor.MayInWorkspace(access.ChannelsWrite, st.Organization, st.Workspace) {
		return "", ErrState
	}
	page := "/w/" + st.Workspace.String() + "/channels"
	pub, _ := s.Platform(st.Platform)
	g := s.grip(Channel{}, st.Platform)
	j, err := connector.Complete(ctx, pub, sign, in.values(), g)
	if errors.Is(err, connector.ErrAppGone) {
		s.forgetApp(ctx, st.Platform, sign)
	}
	var targets []connector.Target
	if err == nil {
		targets, err = connector.Choices(ctx, pub, j, g)
	}
	if err != nil {
		return op.Back(c, page+"/connect/"+st.Platform, refusal(err)), nil
	}
	c.Organization, c.Workspace = st.Organization, st.Workspace
	ch, arrival, err := s.connected(ctx, c, st, j, targets)
	switch {
	case err != nil:
		return op.Back(c, page+"/connect/"+st.Platform, err), nil
	case ch == nil:
		return page + "/connect/" + st.Platform + "#choose=" + arrival.String(), nil
	}
	return page + "/" + ch.ID.String() + "#connected=" + ch.ID.String(), nil
}

// connected makes the channel of a sign-in, or keeps what may be chosen from.
func (s *Channels) connected(ctx context.Context, c op.Call, st state, j connector.Joined, targets []connector.Target) (*Channel, ref.Arrival, error) {
	if targets == nil {
		ch, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Channel, error) {
			ch, err := s.save(tx, c, st.Platform, j, st.Channel)
			return &ch, err
		})
		return ch, ref.Arrival{}, err
	}
	again, err := s.known(ctx, st.Organization, st.Workspace, st.Channel)
	if err != nil {
		return nil, ref.Arrival{}, err
	}
	id, ch, err := s.arrive(ctx, c, st.Platform, again, j, targets)
	return ch, id, err
}

func (in *callbackInput) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"code": in.Code, "state": in.State, "error": in.Error, "error_description": in.Description, "iss": in.Issuer, "device_id": in.DeviceID, "session": in.Session} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// SweepStates removes at most n sign-ins that took too long.
func SweepStates(tx store.Tx, n int) int {
	var old [][]byte
	for _, st := range states.By(tx, "expires", store.Range{To: store.K(tx.Now())}) {
		if old = append(old, slices.Clone(st.Hash)); len(old) == n {
			break
		}
	}
	for _, h := range old {
		states.Delete(tx, store.K(h))
	}
	return len(old)
}

// Restored ends every sign-in at a platform that is under way, because an older store came back.
func Restored(tx store.Tx) {
	var under [][]byte
	for _, st := range states.All(tx, store.Range{}) {
		under = append(under, slices.Clone(st.Hash))
	}
	for _, h := range under {
		states.Delete(tx, store.K(h))
	}
	var came []ref.Arrival
	for _, a := range arrivals.All(tx, store.Range{}) {
		came = append(came, a.ID)
	}
	for _, id := range came {
		arrivals.Delete(tx, store.K(id))
	}
}
