package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones work on machines that have none

	"github.com/omniposto/omniposto/app/api"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/bolt"
)

// Options is what a server is made of.
type Options struct {
	Config config.Config
	Clock  clock.Clock
	Out    io.Writer // for people: the banner with the link
	Log    io.Writer
	Test   Test
}

// Test is what only tests change.
type Test struct {
	Cost       identity.Cost                   // of passwords; the product's when zero
	RateFactor float64                         // of request limits
	Wrap       func(store.Engine) store.Engine // around the engine
	Master     *secret.Master                  // instead of the file
	Listener   net.Listener                    // instead of the configured address
}

// App is a running server.
type App struct {
	Options
	log    *slog.Logger
	db     *store.DB
	keeper *secret.Keeper
	rotation
	restoring bool // a backup is being made safe: nobody else may open it
	hub       *event.Hub
	parts     *parts
	server    *api.Server
	address   *url.URL // where people reach it

	background sync.WaitGroup
	stop       context.CancelFunc
}

// New opens the store and puts the parts together. Nothing is written before the master key was found right.
func New(ctx context.Context, o Options) (*App, error) {
	if o.Test.Cost == (identity.Cost{}) {
		o.Test.Cost = identity.Strong
	}
	a := &App{Options: o, log: newLog(o.Config, o.Log)}
	if err := a.open(ctx); err != nil {
		return nil, err
	}
	if err := a.assemble(ctx); err != nil {
		return nil, errors.Join(err, a.db.Close())
	}
	return a, nil
}

func newLog(c config.Config, to io.Writer) *slog.Logger {
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: c.Log.Level}))
	}
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: c.Log.Level}))
}

const storeName = "omniposto.db"

// open opens the store and the keeper of secrets.
func (a *App) open(ctx context.Context) error {
	if err := os.MkdirAll(a.Config.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(a.Config.Data, restoring)); err == nil && !a.restoring {
		return fmt.Errorf("restoring a backup into %s didn't come to its end, so what was ended since the backup would be valid again; empty the folder and restore once more", a.Config.Data)
	}
	path := filepath.Join(a.Config.Data, storeName)
	info, err := os.Stat(path)
	fresh := err != nil || info.Size() == 0
	masters, err := a.findMasters(ctx, fresh)
	if err != nil {
		return err
	}
	a.rotation.masters = masters
	engine, err := bolt.Open(path, bolt.Options{Clock: a.storeNow, Elapsed: a.Clock.Elapsed})
	if err != nil {
		return explain(err, a.Config.Data)
	}
	if a.Test.Wrap != nil {
		engine = a.Test.Wrap(engine)
	}
	if a.keeper, a.db, err = unlock(ctx, engine, masters.Keys, a.Clock); err != nil {
		return errors.Join(err, engine.Close())
	}
	if err := audit.Upgrade(ctx, a.db); err != nil {
		return errors.Join(fmt.Errorf("bring the audit logs up to date: %w", err), a.db.Close())
	}
	if err := a.meetTombstones(ctx); err != nil {
		return errors.Join(err, a.db.Close())
	}
	return nil
}

// storeNow is the store's clock: whole milliseconds, as deliveries keep them.
func (a *App) storeNow() time.Time { return a.Clock.Now().Truncate(time.Millisecond) }

// unlock checks the master key before anything of the store is changed.
func unlock(ctx context.Context, e store.Engine, m []secret.Master, c clock.Clock) (*secret.Keeper, *store.DB, error) {
	if err := secret.Check(ctx, e, m[0], m[1:]...); err != nil {
		return nil, nil, err
	}
	db, err := store.Open(ctx, e, tables()...)
	if err != nil {
		return nil, nil, err
	}
	k, err := secret.NewKeeper(ctx, db, m[0], c, m[1:]...)
	return k, db, err
}

// explain adds what to do to the errors of opening a store.
func explain(err error, folder string) error {
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("another omniposto is running on the folder %s; stop it first, or choose another folder with --data: %w", folder, err)
	case errors.Is(err, store.ErrDamaged):
		return fmt.Errorf("the store in %s is damaged; keep it, and restore a backup into an empty folder: omniposto restore FILE --data NEW: %w", folder, err)
	case errors.Is(err, store.ErrFull):
		return fmt.Errorf("there is no space for a store in %s: %w", folder, err)
	}
	return err
}

// findMasters finds the master key where the operator put it.
func (a *App) findMasters(ctx context.Context, fresh bool) (secret.Masters, error) {
	if a.Test.Master != nil {
		return secret.FixedMasters(*a.Test.Master), nil
	}
	k := a.Config.Keys
	from := secret.Source{Credentials: os.Getenv("CREDENTIALS_DIRECTORY"), File: k.MasterFile, Text: k.Master, Beside: filepath.Join(a.Config.Data, "master.key"), Fresh: fresh}
	if k.TransitURL != "" {
		from.Transit = &secret.Transit{URL: k.TransitURL, Token: k.TransitToken, Client: outbound.Configured(outbound.Rules{}).Client(outbound.Limits{}),
			File: filepath.Join(a.Config.Data, "master.transit")}
	}
	m, err := secret.LoadMasters(ctx, from)
	if err == nil && m.Made && k.MasterFile == "" && from.Transit == nil {
		a.log.Warn("a master key was made beside the data; move it to another place and name it in keys.master_file, because whoever has both can read tokens", "file", from.Beside)
	}
	return m, err
}

// assemble makes the parts and the server in front of them.
func (a *App) assemble(ctx context.Context) error {
	var err error
	if a.address, err = publicAddress(a.Config); err != nil {
		return err
	}
	cursorKey, err := a.keeper.Derived(ctx, a.db, "cursor")
	if err != nil {
		return err
	}
	a.hub = event.NewHub(a.db, a.Clock)
	if a.parts, err = a.makeParts(ctx); err != nil {
		return err
	}
	d := api.Deps{DB: a.db, Clock: a.Clock, Guard: guard{a.parts.identities, a.parts.keys}, Operations: a.parts.operations, Cursors: op.NewCursors(cursorKey), Files: files,
		Log: a.log, Build: buildName(), RateFactor: a.Test.RateFactor, Ready: a.ready, State: a.state, Committed: a.committed, MetricsKey: reveal(a.Config.Metrics.Token)}
	if a.Config.PublicURL != "" {
		d.PublicURL = a.address
	}
	for _, p := range a.Config.Proxies.Trusted {
		d.Proxies = append(d.Proxies, p.String())
	}
	if d.MetricsKey != "" && a.Config.Metrics.Listen == "" {
		d.Metrics = a.parts.metrics.write
	}
	a.server, err = api.New(d)
	return err
}

// publicAddress is where people reach the server.
func publicAddress(c config.Config) (*url.URL, error) {
	if c.PublicURL != "" {
		return url.Parse(c.PublicURL)
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)}, nil
}

// link makes an address people can open; the part behind # never reaches a server or a log.
func (a *App) link(path, fragment string) string {
	u := *a.address
	u.Path, u.Fragment = path, fragment
	return u.String()
}

func reveal(t secret.Text) (plain string) {
	t.Use(func(s string) { plain = strings.Clone(s) })
	return plain
}

// ready says whether requests can be answered whole.
func (a *App) ready(context.Context) error {
	switch f := a.db.Stats(); {
	case f.Broken:
		return op.ErrStopping
	case a.db.ReadOnly():
		return op.ErrReadOnly
	}
	return a.parts.ready()
}

// committed wakes whoever follows what is stored: live screens, and the runner and the outbox, for which something may be
// due, and the notary.
func (a *App) committed() {
	a.hub.Poke()
	a.parts.runner.Poke()
	a.parts.mail.Poke()
	a.parts.notary.Poke()
}

// state is a word for every answer while something is not as it should be.
func (a *App) state() string {
	if a.db.ReadOnly() {
		return "read_only"
	}
	return ""
}

// Serve answers until ctx ends or the store breaks.
func (a *App) Serve(ctx context.Context) error {
	l := a.Test.Listener
	if l == nil {
		var err error
		if l, err = api.Listen(a.Config.Listen); err != nil {
			return err
		}
	}
	m, err := a.listenMetrics()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if a.Config.PublicURL == "" {
		_, port, _ := net.SplitHostPort(l.Addr().String())
		a.address.Host = net.JoinHostPort("localhost", port)
	}
	run, stop := context.WithCancel(ctx)
	a.stop = stop
	a.start(run, l)
	if m != nil {
		a.run(func() { a.serveMetrics(run, m) })
	}
	broken := a.watch(run)
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-broken:
	}
	return errors.Join(failure, a.shutdown())
}

// start begins everything that runs beside requests, and tells people where to go.
func (a *App) start(ctx context.Context, l net.Listener) {
	a.banner()
	if err := a.parts.identities.Open(ctx); err != nil {
		a.log.Error("no setup code could be made", "error", err.Error())
	}
	a.run(func() { a.hub.Run(ctx) })
	a.parts.start(ctx, a)
	a.run(func() {
		if err := a.server.Serve(l); err != nil && ctx.Err() == nil {
			a.log.Error("the listener ended", "error", err.Error())
		}
	})
	a.run(func() { a.control(ctx) })
	a.log.Info("serving", "address", l.Addr().String(), "version", buildName())
}

func (a *App) run(fn func()) {
	a.background.Add(1)
	go func() { defer a.background.Done(); fn() }()
}

const (
	diskCheck    = 30 * time.Second
	shutdownTime = 20 * time.Second
)

// ErrStoreBroken ends the process: after a failed commit nothing in memory is to be trusted.
var ErrStoreBroken = errors.New("a commit failed; the store must be opened again")

// watch looks after the store: space comes back, or a broken one ends the process.
func (a *App) watch(ctx context.Context) <-chan error {
	broken := make(chan error, 1)
	a.run(func() {
		for clock.Wait(ctx, a.Clock, time.Second) == nil {
			if a.db.Stats().Broken {
				broken <- ErrStoreBroken
				return
			}
		}
	})
	a.run(func() {
		for clock.Wait(ctx, a.Clock, diskCheck) == nil {
			if a.db.ReadOnly() {
				if err := a.db.Probe(); err == nil && !a.db.ReadOnly() {
					a.log.Info("there is space again; going on")
				}
			}
		}
	})
	return broken
}

// shutdown lets what is being sent come to its end, then closes the door.
func (a *App) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	a.parts.stop(ctx)
	a.stop()
	err := a.server.Shutdown(ctx)
	a.background.Wait()
	a.parts.signLast(ctx, a)
	return errors.Join(err, a.carve(ctx))
}

// Close closes the store.
func (a *App) Close() error { return a.db.Close() }

func (a *App) banner() {
	fmt.Fprintf(a.Out, "\n  Omni Posto %s\n  Data in %s\n  %s\n\n", buildName(), a.Config.Data, a.link("/", ""))
}

// announce prints the one link that claims the server.
func (a *App) announce(code string) {
	fmt.Fprintf(a.Out, "Open %s\n", a.link("/setup", "code="+code))
}

// derive makes a name for a purpose that can't be told from others.
func derive(purpose string) [16]byte {
	sum := sha256.Sum256([]byte("omniposto|" + purpose))
	return [16]byte(sum[:16])
}
