package channel

import (
	"context"
	"errors"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/store"
)

const (
	checkEvery   = 24 * time.Hour
	refreshAhead = 60 * 24 * time.Hour // tokens that end later than this aren't looked at
	tendMost     = 500                 // channels in one round
)

// Tend asks the platforms of channels that weren't asked for a day, and renews tokens that will soon end. Each channel's
// trouble is its own.
func (s *Channels) Tend(ctx context.Context) error {
	var stale, ending []Channel
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		stale, ending = nil, nil
		now := tx.Now()
		for _, c := range channels.All(tx, store.Range{}) {
			if len(stale) < tendMost && c.State != Reconnect && c.Platform != "practice" && now.Sub(c.LastCheckedAt) >= checkEvery {
				stale = append(stale, c)
			}
		}
		for _, c := range channels.By(tx, "expires", store.Range{To: store.K(now.Add(refreshAhead))}) {
			if ending = append(ending, c); len(ending) == tendMost {
				break
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range ending {
		err = errors.Join(err, s.renewAhead(ctx, c), s.warnOf(ctx, c))
	}
	for _, c := range stale {
		j, cause := s.look(ctx, c)
		err = errors.Join(err, s.DB.Update(ctx, func(tx store.Tx) error {
			if now, ok := Get(tx, c.Organization, c.Workspace, c.ID); ok {
				s.found(tx, now, j, cause)
			}
			return nil
		}))
	}
	return err
}

// warnOf tells people that the channel's access ends, where only they can help.
func (s *Channels) warnOf(ctx context.Context, c Channel) error {
	return s.DB.Update(ctx, func(tx store.Tx) error {
		if now, ok := Get(tx, c.Organization, c.Workspace, c.ID); ok && s.warn(tx, &now) {
			Put(tx, now)
		}
		return nil
	})
}

// renewAhead renews the channel's token when its time has come, whether or not anything is to be published.
func (s *Channels) renewAhead(ctx context.Context, c Channel) error {
	pub, ok := s.Platform(c.Platform)
	r, can := pub.(connector.Refresher)
	if !ok || !can {
		return nil
	}
	way, _ := pub.Spec().Way(c.Way)
	g, err := s.Grip(ctx, c)
	if err != nil || !g.Token.Stale(way.Life, s.Clock.Now()) {
		return err
	}
	_, err = g.Tokens.Renew(ctx, g.Token, func(ctx context.Context, t connector.Token) (connector.Token, error) {
		g.Token, g.Tokens = t, nil
		next, err := connector.Do(ctx, pub, c.ForConnector(), &g, "refresh", r.Refresh)
		return t.Renewed(next, s.Clock.Now()), err
	})
	if connector.ClassOf(err) == connector.Reconnect {
		return s.DB.Update(ctx, func(tx store.Tx) error {
			if now, ok := Get(tx, c.Organization, c.Workspace, c.ID); ok {
				s.found(tx, now, connector.Joined{}, err)
			}
			return nil
		})
	}
	return err
}
