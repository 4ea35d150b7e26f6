package app

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/apikey"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/card"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/media"
	"github.com/omniposto/omniposto/app/notify"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/post"
	"github.com/omniposto/omniposto/app/publish"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/support"
	"github.com/omniposto/omniposto/app/trail"
	"github.com/omniposto/omniposto/store"
)

// parts are the nouns, put together.
type parts struct {
	identities    *identity.Identities
	organizations *organization.Organizations
	channels      *channel.Channels
	posts         *post.Posts
	deliveries    *delivery.Deliveries
	media         *media.Files
	runner        *publish.Runner
	mail          *mail.Outbox
	support       *support.Support
	keys          *apikey.Keys
	notary        *audit.Notary
	trail         *trail.Trail
	metrics       *metrics
	operations    []op.Operation

	runnerDone chan struct{}
	cutRunner  context.CancelFunc
}

// tables lists what is stored, in the order of the map.
func tables() []store.AnyTable {
	var all []store.AnyTable
	for _, of := range [][]store.AnyTable{secret.Tables(), audit.Tables(), event.Tables(), op.Tables(), mail.Tables(), delivery.Tables(), media.Tables(),
		organization.Tables(), identity.Tables(), apikey.Tables(), trail.Tables(), channel.Tables(), post.Tables(), support.Tables()} {
		all = append(all, of...)
	}
	return all
}

func (a *App) makeParts(ctx context.Context) (*parts, error) {
	p := &parts{runnerDone: make(chan struct{})}
	p.metrics = newMetrics(a)
	p.deliveries = delivery.New(delivery.Deps{Told: func(tx store.Tx, t delivery.Told) {
		delivery.Announce(tx, t)
		p.posts.Moved(tx, t)
		p.channels.Moved(tx, t)
		p.metrics.moved(t)
	}})
	web := outbound.Guarded(outbound.Rules{AllowPrivate: a.Config.Network.AllowPrivate})
	p.channels = channel.New(channel.Deps{DB: a.db, Clock: a.Clock, Keeper: a.keeper, Log: a.log, Deliveries: p.deliveries,
		Network: outbound.Guarded(outbound.Rules{AllowPrivate: a.Config.Network.AllowPrivate, AnyPort: true}), Web: web, Card: card.Fetch(web), Platforms: platforms(),
		BaseURL: func(id string) string { return a.Config.Platforms[id].APIURL }, App: a.appOf, Address: func() string { return a.link("", "") },
		TakenBy: post.TakenBy})
	nonceKey, err := a.keeper.Derived(ctx, a.db, "device-nonce")
	if err != nil {
		return nil, err
	}
	transport, err := a.mailTransport()
	if err != nil {
		return nil, err
	}
	p.mail = mail.New(mail.Deps{DB: a.db, Clock: a.Clock, Keeper: a.keeper, Log: a.log, Transport: transport})
	invite := func(token string) string { return a.link("/invite", "token="+token) }
	p.organizations = organization.New(organization.Deps{DB: a.db, Person: identity.PersonOf, Furnish: p.channels.Practice, Paused: p.channels.WorkspacePaused,
		SignOut: identity.SignOut, RoleChanged: func(tx store.Tx, c op.Call, who ref.Identity) error {
			identity.RoleChanged(tx, c, who)
			return p.support.RoleChanged(tx, c.Organization)
		}, Mail: p.mail, Link: invite})
	p.identities = identity.New(identity.Deps{DB: a.db, Clock: a.Clock, Keeper: a.keeper, Log: a.log, Cost: a.Test.Cost, Furnish: p.channels.Practice,
		SetupCode: reveal(a.Config.Setup.Code), CodeFile: a.codeFile(), Announce: a.announce, Build: buildName(),
		Mail: p.mail, Link: invite, Version: support.VersionOf, StaffStopped: func(tx store.Tx, i ref.Identity) error { return p.support.StaffStopped(tx, i) }, Address: func() string { return a.link("", "") }, Page: a.link, NonceKey: nonceKey,
		Web: web.Client(outbound.Limits{Total: 15 * time.Second, Body: 1 << 20})})
	p.keys = apikey.New(apikey.Deps{DB: a.db, Log: a.log, Mail: p.mail, Link: func(o ref.Organization) string { return a.link("/o/"+o.String()+"/developers", "") }})
	p.posts = post.New(post.Deps{DB: a.db, Deliveries: p.deliveries, Platform: p.channels.Platform, Asset: assetFacts, Spend: apikey.Spend, Grip: p.channels.Grip,
		Author: func(tx store.ReadTx, i ref.Identity) string { who, _ := identity.Get(tx, i); return who.Name }})
	p.notary = audit.NewNotary(audit.NotaryDeps{DB: a.db, Seed: a.keeper.Derived, Clock: a.Clock, Log: a.log, Instance: identity.InstanceID, Made: func() { p.trail.Poke() }})
	p.trail = trail.New(trail.Deps{DB: a.db, Clock: a.Clock, Keeper: a.keeper, Log: a.log, Notary: p.notary, Mail: p.mail, Web: web, Folder: a.Config.Data,
		Person: identity.PersonOf, Link: func(o ref.Organization) string { return a.link("/o/"+o.String()+"/audit", "") }})
	if p.media, err = a.makeMedia(ctx, p); err != nil {
		return nil, err
	}
	p.runner = publish.New(publish.Deps{Store: a.db, Deliveries: p.deliveries, Source: &source{a: a, p: p}, Seal: a.sealStep, Unseal: a.unsealStep,
		Clock: a.Clock, Name: "main", Alone: true, Log: a.log, Lapsed: p.metrics.lapsed, Jumped: func(d time.Duration) {
			a.log.Warn("the clock jumped; nothing is sent for a minute", "by", d.String())
		}})
	codeKey, err := a.keeper.Derived(ctx, a.db, "support-code")
	if err != nil {
		return nil, err
	}
	p.support = a.makeSupport(p, codeKey)
	live := notify.New(notify.Deps{DB: a.db, Hub: a.hub, Actor: p.identities.Live, OrganizationOf: organization.OrganizationOf, OwnGrant: support.Own})
	for _, list := range [][]op.Operation{p.media.Operations(), p.organizations.Operations(), p.identities.Operations(), p.keys.Operations(), p.trail.Operations(), p.channels.Operations(),
		p.posts.Operations(), p.support.Operations(), live.Operations(), p.mail.Operations(), a.instanceOperations()} {
		p.operations = append(p.operations, list...)
	}
	return p, nil
}

// appOf is the app credential that an administrator configured for a platform.
func (a *App) appOf(platform string) connector.App {
	c := a.Config.Platforms[platform]
	return connector.App{ID: c.AppID, Secret: c.AppSecret}
}

// start begins the runner and the housekeeping.
func (p *parts) start(ctx context.Context, a *App) {
	run, cut := context.WithCancel(context.WithoutCancel(ctx))
	p.cutRunner = cut
	go func() {
		defer close(p.runnerDone)
		if err := p.runner.Run(run); err != nil {
			a.log.Error("the runner ended", "error", err.Error())
		}
	}()
	a.run(func() { a.housekeep(ctx) })
	a.run(func() { p.identities.Run(ctx) })
	a.run(func() { p.media.Run(ctx) })
	a.run(func() { p.mail.Run(ctx) })
	a.run(func() { a.watchClock(ctx) })
	a.run(func() {
		if err := a.tendKeys(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("a rotation of keys waits", "error", err.Error())
		}
	})
	a.run(func() { p.notary.Run(ctx) })
	a.run(func() { p.trail.Run(ctx) })
}

// stop lets what is being sent come to its end, or parks it.
func (p *parts) stop(ctx context.Context) {
	if p.cutRunner == nil {
		return
	}
	p.cutRunner()
	select {
	case <-p.runnerDone:
	case <-ctx.Done():
	}
}

// signLast makes the checkpoints that the next five minutes would have made.
func (p *parts) signLast(ctx context.Context, a *App) {
	if a.db.ReadOnly() || a.db.Stats().Broken {
		return
	}
	if err := p.notary.Due(ctx); err != nil {
		a.log.Warn("sign the last checkpoints", "error", err.Error())
	}
}

func (p *parts) ready() error {
	if !p.runner.Running() {
		return errNotStarted
	}
	return nil
}

// guard is what the gate of the API asks.
type guard struct {
	*identity.Identities
	keys *apikey.Keys
}

// OrganizationOf implements api.Guard.
func (guard) OrganizationOf(tx store.ReadTx, w ref.Workspace) (ref.Organization, bool) {
	return organization.OrganizationOf(tx, w)
}

// KeyActor implements api.Guard.
func (guard) KeyActor(tx store.ReadTx, key apikey.Presented) (access.Actor, bool) {
	return apikey.Actor(tx, key)
}

// Touch implements api.Guard.
func (g guard) Touch(ctx context.Context, actor access.Actor) {
	if actor.Key != nil {
		g.keys.Touch(ctx, actor)
		return
	}
	g.Identities.Touch(ctx, actor)
}
