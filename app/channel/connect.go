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
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
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

func act(action audit.Action, ch Channel, changed ...string) op.Act {
	return op.Act{Action: action, On: audit.Thing{Kind: "channel", ID: ch.ID.String(), Workspace: ch.Workspace.String()}, Changed: changed,
		Private: map[string]string{"name": ch.Name}, Organization: ch.Organization, Change: event.Change{Workspace: ch.Workspace, Version: ch.Version}}
}

func (s *Channels) grip(c Channel, platform string) connector.Grip {
	g := connector.Grip{Clock: s.Clock, Network: s.Network, BaseURL: s.BaseURL(platform), App: s.App(platform), Card: s.Card}
	if pub, ok := s.Platform(platform); ok && pub.Spec().WebOnly {
		g.Network = s.Web
	}
	if !c.ID.Zero() {
		g.Feed, g.Tokens = &feed{s.DB, c}, &tokensOf{s, c}
	}
	return g
}

// Grip is what a walk of the channel's deliveries holds on to: its token, its network, its own feed.
func (s *Channels) Grip(ctx context.Context, c Channel) (connector.Grip, error) {
	g := s.grip(c, c.Platform)
	err := s.DB.View(ctx, func(tx store.ReadTx) (err error) {
		if g.Token, err = OpenToken(tx, s.Keeper, c); err != nil {
			return err
		}
		g.App, err = s.appOf(tx, c, g.App)
		return err
	})
	return g, err
}

func (s *Channels) connect(ctx context.Context, c op.Call, in *connectInput) (*View, error) {
	pub, ok := s.Platform(in.Body.Platform)
	if !ok {
		return nil, ErrPlatform
	}
	way, ok := pub.Spec().Way(in.Body.Way)
	if !ok {
		return nil, ErrWay.At("/way", "use one of the platform's ways")
	}
	if way.SignsIn() {
		return nil, ErrNeedsOAuth
	}
	j, err := connector.Join(ctx, pub, way.Way, in.Body.Fields, s.grip(Channel{}, in.Body.Platform))
	if err != nil {
		return nil, refusal(err)
	}
	var again ref.Channel
	if in.Body.Channel != nil {
		again = *in.Body.Channel
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*View, error) {
		ch, err := s.save(tx, c, in.Body.Platform, j, again)
		if err != nil {
			return nil, err
		}
		v := ch.View()
		return &v, nil
	})
}

// save makes the channel of what was joined, or mends the one that is connected again.
func (s *Channels) save(tx store.Tx, c op.Call, platform string, j connector.Joined, again ref.Channel) (Channel, error) {
	now := tx.Now()
	ch := Channel{Organization: c.Organization, Workspace: c.Workspace, ID: ref.Mint[ref.Channel](now), Platform: platform, CreatedAt: now, By: c.Actor.Identity}
	for _, other := range Of(tx, c.Organization, c.Workspace) {
		same := other.Platform == platform && other.RemoteID == j.Channel.RemoteID && other.RemoteID != "" && other.Target == j.Channel.Target
		if other.ID == again {
			if other.RemoteID != j.Channel.RemoteID && other.RemoteID != "" {
				return ch, ErrConnect.Saying("This is another place than the one that was connected: %s instead of %s. Sign in there, or connect it as a new channel.", j.Channel.Name, other.Name)
			}
			ch = other
		} else if same {
			return ch, ErrThere.With("channel", other.ID.String())
		}
	}
	if !again.Zero() && ch.ID != again {
		return ch, ErrNotFound
	}
	ch.take(j, now)
	wasLost := ch.State == Reconnect
	if ch.State != Paused {
		ch.State = Ready
	}
	ch.Problem = ""
	ch = Put(tx, ch)
	if err := keepToken(tx, s.Keeper, ch, j.Token); err != nil {
		return ch, err
	}
	if wasLost {
		s.Deliveries.ResumeChannel(tx, ch.ID, delivery.NeedsReconnect)
	}
	op.Write(tx, c, act("channel.connected", ch))
	return ch, nil
}

// take copies what the platform told into the channel.
func (c *Channel) take(j connector.Joined, now time.Time) {
	c.Way, c.RemoteID, c.Handle, c.URL, c.Target = j.Channel.Way, j.Channel.RemoteID, j.Channel.Handle, connector.WebAddress(j.Channel.URL), j.Channel.Target
	c.Fields, c.Facts, c.More = j.Channel.Fields, j.Channel.Facts, j.Channel.More
	c.Avatar, c.Scopes, c.Notes, c.TokenExpiresAt, c.LastCheckedAt = j.Identity.Avatar, j.Token.Scopes, j.Identity.Notes, j.Token.ExpiresAt, now
	if c.Name == "" || c.Version == 0 {
		c.Name = j.Channel.Name
	}
	if c.Name == "" {
		c.Name = c.Handle
	}
}

func (s *Channels) check(ctx context.Context, c op.Call, in *ChannelPath) (*View, error) {
	var ch Channel
	var ok bool
	if err := s.DB.View(ctx, func(tx store.ReadTx) error { ch, ok = Get(tx, c.Organization, c.Workspace, in.Channel); return nil }); err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrNotFound
	}
	j, cause := s.look(ctx, ch)
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*View, error) {
		now, ok := Get(tx, c.Organization, c.Workspace, in.Channel)
		if !ok {
			return nil, ErrNotFound
		}
		now = s.found(tx, now, j, cause)
		op.Write(tx, c, act("channel.checked", now))
		v := now.View()
		return &v, nil
	})
}

// look asks the platform who the channel's token belongs to.
func (s *Channels) look(ctx context.Context, ch Channel) (connector.Joined, error) {
	pub, ok := s.Platform(ch.Platform)
	if !ok {
		return connector.Joined{}, ErrPlatform
	}
	g, err := s.Grip(ctx, ch)
	if err != nil {
		return connector.Joined{}, err
	}
	return connector.Adopt(ctx, pub, ch.ForConnector(), g.Token, g)
}

// found writes down how the look ended: well, in need of connecting again, or not to be told.
func (s *Channels) found(tx store.Tx, ch Channel, j connector.Joined, cause error) Channel {
	switch {
	case cause == nil:
		wasLost := ch.State == Reconnect
		ch.take(j, tx.Now())
		ch.Problem = ""
		if wasLost {
			ch.State = Ready
			s.Deliveries.ResumeChannel(tx, ch.ID, delivery.NeedsReconnect)
		}
	case connector.ClassOf(cause) == connector.Reconnect:
		ch.LastCheckedAt = tx.Now()
		var failed *connector.Failed
		if errors.As(cause, &failed) {
			ch.Problem = failed.Words
		}
		if ch.State != Reconnect {
			ch.State = Reconnect
			s.Deliveries.PauseChannel(tx, ch.Organization, ch.Workspace, ch.ID, delivery.NeedsReconnect, ch.Problem)
		}
	default:
		ch.LastCheckedAt = tx.Now()
		ch.Problem = "The platform couldn't be asked just now."
	}
	return Put(tx, ch)
}

const revokeTries = 3

// disconnect ends the token at the platform, then destroys it here whatever the platform said.
func (s *Channels) disconnect(ctx context.Context, c op.Call, in *ChannelPath) (*op.None, error) {
	var ch Channel
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		var ok bool
		if ch, ok = Get(tx, c.Organization, c.Workspace, in.Channel); !ok {
			return ErrNotFound
		}
		return c.Matches(ch.Version, ch.View())
	})
	if err != nil {
		return nil, err
	}
	revoked := s.revoke(ctx, ch)
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		ch, ok := Get(tx, c.Organization, c.Workspace, in.Channel)
		if !ok {
			return nil, ErrNotFound
		}
		s.Deliveries.PauseChannel(tx, ch.Organization, ch.Workspace, ch.ID, delivery.NeedsReconnect, "The channel was disconnected.")
		tokens.Delete(tx, store.K(ch.Organization, ch.Workspace, ch.ID))
		channels.Delete(tx, store.K(ch.Organization, ch.Workspace, ch.ID))
		a := act("channel.disconnected", ch)
		a.Values = map[string]string{"outcome": revoked}
		op.Write(tx, c, a)
		return &op.None{}, nil
	})
}

// revoke asks the platform up to three times and says how that ended: revoked, refused, or nothing to revoke.
func (s *Channels) revoke(ctx context.Context, ch Channel) string {
	pub, ok := s.Platform(ch.Platform)
	r, can := pub.(connector.Revoker)
	if !ok || !can {
		return "nothing_to_revoke"
	}
	g, err := s.Grip(ctx, ch)
	for try := 0; err == nil && try < revokeTries; try++ {
		_, err = connector.Do(ctx, pub, ch.ForConnector(), &g, "revoke", func(ctx context.Context, call *connector.Call) (struct{}, error) {
			return struct{}{}, r.Revoke(ctx, call)
		})
		if err == nil {
			return "revoked"
		}
		if class := connector.ClassOf(err); class != connector.Transient && class != connector.Uncertain {
			break
		}
		err = nil
	}
	return "not_revoked"
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
	callback := s.Address() + "/connect/" + in.Body.Platform + "/callback"
	server, _, _ := strings.Cut(strings.TrimPrefix(fields[host], "https://"), "/")
	g := s.grip(Channel{}, in.Body.Platform)
	if err := s.DB.View(ctx, func(tx store.ReadTx) (err error) {
		g.App, err = s.registered(tx, in.Body.Platform, server, callback, g.App)
		return err
	}); err != nil {
		return nil, err
	}
	fresh := g.App.ID == "" && way.OAuth != nil
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
	j, err := connector.Complete(ctx, pub, sign, in.values(), s.grip(Channel{}, st.Platform))
	if errors.Is(err, connector.ErrAppGone) {
		s.forgetApp(ctx, st.Platform, sign)
	}
	if err != nil {
		return page + "/connect/" + st.Platform + "#problem=" + url.QueryEscape(op.Of(refusal(err)).Detail), nil
	}
	c.Organization, c.Workspace = st.Organization, st.Workspace
	ch, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*Channel, error) {
		ch, err := s.save(tx, c, st.Platform, j, st.Channel)
		return &ch, err
	})
	if err != nil {
		return page + "/connect/" + st.Platform + "#problem=" + url.QueryEscape(op.Of(err).Detail), nil
	}
	return page + "#connected=" + ch.ID.String(), nil
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

// Practice makes the practice channel of a new workspace.
func (s *Channels) Practice(tx store.Tx, w organization.Workspace) {
	pub, ok := s.Platform("practice")
	if !ok {
		return
	}
	way, _ := pub.Spec().Way("")
	now := tx.Now()
	Put(tx, Channel{Organization: w.Organization, Workspace: w.ID, ID: ref.Mint[ref.Channel](now), Platform: "practice", Way: way.Way, Name: "Practice",
		Handle: "practice", State: Ready, CreatedAt: now, LastCheckedAt: now})
}

// WorkspacePaused holds or frees all channels of the workspace.
func (s *Channels) WorkspacePaused(tx store.Tx, w organization.Workspace) {
	for _, c := range Of(tx, w.Organization, w.ID) {
		if w.Paused {
			s.Deliveries.PauseChannel(tx, c.Organization, c.Workspace, c.ID, delivery.WorkspacePaused, "The workspace is paused.")
		} else {
			s.Deliveries.ResumeChannel(tx, c.ID, delivery.WorkspacePaused)
		}
	}
}

// Moved is told each move of a delivery, in its transaction: a published one dates the channel, a refused token marks it.
func (s *Channels) Moved(tx store.Tx, t delivery.Told) {
	published, lost := t.State == delivery.Published && t.From != delivery.Published, t.On == delivery.Reconnect && t.Tell
	if !published && !lost {
		return
	}
	c, ok := Get(tx, t.Organization, t.Workspace, t.Channel)
	if !ok {
		return
	}
	if lost {
		Lost(tx, c, t.Words)
		event.Append(tx, event.Change{Organization: c.Organization, Workspace: c.Workspace, Kind: "channel.lost", On: c.ID.String(), Tell: true, Words: t.Words})
		return
	}
	if tx.Now().Sub(c.LastPublishedAt) > time.Minute {
		c.LastPublishedAt = tx.Now()
		channels.Put(tx, c)
	}
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
}
