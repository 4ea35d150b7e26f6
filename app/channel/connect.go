package channel

import (
	"context"
	"errors"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

func act(action audit.Action, ch Channel, changed ...string) op.Act {
	return op.Act{Action: action, On: audit.Thing{Kind: "channel", ID: ch.ID.String(), Workspace: ch.Workspace.String()}, Changed: changed,
		Private: map[string]string{"name": ch.Name}, Organization: ch.Organization, Change: event.Change{Workspace: ch.Workspace, Version: ch.Version}}
}

func (s *Channels) grip(c Channel, platform string) connector.Grip {
	g := connector.Grip{Clock: s.Clock, Network: s.Network, BaseURL: s.BaseURL(platform), Card: s.Card}
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
		g.App, err = s.appOf(tx, c)
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
	g := s.grip(Channel{}, in.Body.Platform)
	if err := s.DB.View(ctx, func(tx store.ReadTx) (err error) {
		g.App, err = s.appFor(tx, c.Organization, in.Body.Platform, "")
		return err
	}); err != nil {
		return nil, err
	}
	j, err := connector.Join(ctx, pub, way.Way, in.Body.Fields, g)
	if err != nil {
		return nil, refusal(err)
	}
	var again ref.Channel
	if in.Body.Channel != nil {
		again = *in.Body.Channel
	}
	targets, err := connector.Choices(ctx, pub, j, g)
	if err != nil {
		return nil, refusal(err)
	}
	if targets != nil {
		return s.chosenOf(ctx, c, in.Body.Platform, again, j, targets)
	}
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*View, error) {
		ch, err := s.save(tx, c, in.Body.Platform, j, again)
		if err != nil {
			return nil, err
		}
		v := s.View(ch, tx.Now())
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
	if !c.TokenExpiresAt.Equal(j.Token.ExpiresAt) {
		c.Warned = 0
	}
	c.Client, c.Renews = j.App.ID, !j.Token.Refresh.Empty()
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
		v := s.View(now, tx.Now())
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
		return c.Matches(ch.Version, s.View(ch, tx.Now()))
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
