package app

import (
	"context"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/store"
)

// chore is one thing that housekeeping does, on a schedule in UTC. What people are promised a time for is never one:
// the cron rules skip what falls into the hour that a clock change takes away.
type chore struct {
	name string
	spec string
	do   func(ctx context.Context) error
}

const sweepSlice = 500 // records that one transaction of a sweep removes

func (a *App) chores() []chore {
	sweeps := map[string]func(store.Tx, int) int{"events": event.Sweep, "answers": op.SweepAnswers, "sessions": identity.SweepSessions,
		"guesses": identity.SweepGuesses, "challenges": identity.SweepCeremonies, "links": identity.SweepLinks, "sign-ons": identity.SweepHops, "devices": identity.SweepDevices, "invitations": organization.SweepInvitations, "sign-ins": channel.SweepStates, "arrivals": channel.SweepArrivals, "letters": mail.Sweep, "trash": a.parts.posts.Sweep}
	all := []chore{{"tend channels", "17 * * * *", a.parts.channels.Tend}, {"sign checkpoints", "*/5 * * * *", a.parts.notary.Due}, {"tend recoveries", "* * * * *", a.parts.identities.TendRecoveries}, {"rotate keys", "*/5 * * * *", a.tendKeys},
		{"carve tombstones", "* * * * *", a.carve},
		{"end grants", "* * * * *", func(ctx context.Context) error { return a.sweep(ctx, a.parts.support.Sweep) }}}
	for name, sweep := range sweeps {
		all = append(all, chore{"sweep " + name, "*/10 * * * *", func(ctx context.Context) error { return a.sweep(ctx, sweep) }})
	}
	return all
}

// sweep removes in slices until nothing is left, so that nobody waits long for the writer.
func (a *App) sweep(ctx context.Context, fn func(store.Tx, int) int) error {
	for {
		n := 0
		if err := a.db.Update(ctx, func(tx store.Tx) error { n = fn(tx, sweepSlice); return nil }); err != nil || n < sweepSlice {
			return err
		}
	}
}

// housekeep runs each chore at its times until ctx ends.
func (a *App) housekeep(ctx context.Context) {
	for _, c := range a.chores() {
		rule, err := cron.ParseStandard(c.spec)
		if err != nil {
			panic("housekeeping: " + c.name + ": " + err.Error())
		}
		a.run(func() { a.keep(ctx, c, rule) })
	}
}

const clockLook = 10 * time.Second

// watchClock looks at the clock at once and then every few seconds: after it went back no grant of support counts.
func (a *App) watchClock(ctx context.Context) {
	for {
		if err := a.parts.support.WatchClock(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("the clock wasn't looked at", "error", err.Error())
		}
		if clock.Wait(ctx, a.Clock, clockLook) != nil {
			return
		}
	}
}

const longestNap = time.Minute // so that a corrected clock is noticed

func (a *App) keep(ctx context.Context, c chore, rule cron.Schedule) {
	next := rule.Next(a.Clock.Now().UTC())
	for {
		if wait := next.Sub(a.Clock.Now()); wait > 0 {
			if clock.Wait(ctx, a.Clock, min(wait, longestNap)) != nil {
				return
			}
			continue
		}
		if err := c.do(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("housekeeping", "chore", c.name, "error", err.Error())
		}
		next = rule.Next(a.Clock.Now().UTC())
	}
}
