package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/cli"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/trail"
	"github.com/omniposto/omniposto/store"
)

// rotation is the master key and who is changing it.
type rotation struct {
	rotating sync.Mutex
	masters  secret.Masters
}

// holders lists every table that holds sealed values. A rotation of data keys walks them.
func holders() []secret.Holder {
	return slices.Concat(secret.Holders(), mail.Holders(), []secret.Holder{deliverySteps}, identity.Holders(), channel.Holders(), trail.Holders())
}

// deliverySteps is the holder of saved results, which package delivery keeps without knowing how they are sealed.
var deliverySteps = secret.Holder{Name: "delivery", Rewrap: func(tx store.Tx, after store.Key, n int, reseal secret.Reseal) (store.Key, error) {
	return delivery.RewriteSteps(tx, after, n, func(d delivery.Delivery, step string, result []byte) ([]byte, error) {
		out, _, err := reseal(stepPlace(d, step), secret.Sealed(result))
		return []byte(out), err
	})
}}

// tendKeys finishes what a rotation began, whoever began it: master keys first, then secrets under retired data keys.
func (a *App) tendKeys(ctx context.Context) error {
	a.rotating.Lock()
	err := a.finishMasters(ctx)
	a.rotating.Unlock()
	if err != nil {
		return err
	}
	for ctx.Err() == nil { // how far it is stands in the store, so nobody needs to wait for it
		if wait, err := a.keeper.Walk(ctx, a.db, holders()); wait != 0 || err != nil {
			return err
		}
	}
	return ctx.Err()
}

// finishMasters wraps what older master keys hold, then lets go of them.
func (a *App) finishMasters(ctx context.Context) error {
	if len(a.masters.Keys) == 1 {
		return nil
	}
	for more := true; more; {
		err := a.db.Update(ctx, func(tx store.Tx) (err error) { more, err = a.keeper.Rewrap(tx, secret.Batch); return err })
		if err != nil {
			return fmt.Errorf("wrap keys anew: %w", err)
		}
	}
	if a.masters.Fixed() {
		return nil // keys status says that the old line may go
	}
	if err := a.keeper.Carve(ctx, a.db, a.tombstones()); err != nil { // signed anew, while both keys are there
		return err
	}
	if err := a.masters.Retire(ctx); err != nil {
		return err
	}
	a.keeper.RetireMasters()
	return a.noteKeys(ctx, ref.Organization{}, "master_key.rotated")
}

// tombstones is the file that an older backup meets when it comes back.
func (a *App) tombstones() secret.Tombstones {
	file := a.Config.Keys.Tombstones
	if file == "" {
		file = filepath.Join(a.Config.Data, "tombstones")
	}
	return secret.Tombstones{Path: file, Keys: a.masters.Keys}
}

// meetTombstones destroys again what was destroyed since this store was backed up, before anything is served of it.
func (a *App) meetTombstones(ctx context.Context) error {
	again, err := a.keeper.Meet(ctx, a.db, a.tombstones())
	if err != nil || len(again) == 0 {
		return err
	}
	a.log.Warn("an older store came back; keys that were destroyed since are destroyed again", "keys", len(again))
	return a.db.Update(ctx, func(tx store.Tx) error {
		for _, o := range slices.Compact(again) {
			audit.Append(tx, ref.Organization{}, audit.Event{Action: "secret.shredded", Actor: audit.Actor{Kind: "system"}, On: audit.Thing{Kind: "data_key", ID: o.String()}, Result: audit.OK})
		}
		return nil
	})
}

// carve copies what was destroyed into the file of tombstones.
func (a *App) carve(ctx context.Context) error {
	a.rotating.Lock()
	defer a.rotating.Unlock()
	return a.keeper.Carve(ctx, a.db, a.tombstones())
}

// noteKeys records a rotation, in the organization's log or the instance's.
func (a *App) noteKeys(ctx context.Context, o ref.Organization, action audit.Action) error {
	return a.db.Update(ctx, func(tx store.Tx) error {
		audit.Append(tx, o, audit.Event{Action: action, Actor: audit.Actor{Kind: "system", Via: "cli"}, On: audit.Thing{Kind: "instance", ID: "instance"}, Result: audit.OK})
		return nil
	})
}

// rotateMaster makes a new master key and wraps everything with it. The new key is kept before it is used, and the old
// one until nothing needs it, so that a kill at any point leaves a store that opens.
func (a *App) rotateMaster(ctx context.Context) error {
	a.rotating.Lock()
	defer a.rotating.Unlock()
	if err := a.finishMasters(ctx); err != nil {
		return err
	}
	if err := a.masters.Renew(ctx); err != nil {
		return err
	}
	a.keeper.AddMaster(a.masters.Keys[0])
	return a.finishMasters(ctx)
}

var errOrganization = errors.New("there is no such organization; give its id, like org_…, or all")

// rotateData makes new data keys for an organization; for all of them, the instance and every person too.
func (a *App) rotateData(ctx context.Context, which string) error {
	owners, err := a.keyOwners(ctx, which)
	if err != nil {
		return err
	}
	for _, o := range owners {
		err := a.db.Update(ctx, func(tx store.Tx) error {
			n, err := a.keeper.Rotate(tx, o)
			if err != nil || n == 0 {
				return err
			}
			log := o
			if _, ok := organization.Get(tx, o); !ok {
				log = ref.Organization{} // the instance's own keys, and those of people
			}
			audit.Append(tx, log, audit.Event{Action: "secret.rotated", Actor: audit.Actor{Kind: "system", Via: "cli"}, On: audit.Thing{Kind: "data_key", ID: o.String()}, Result: audit.OK})
			return nil
		})
		if err != nil {
			return fmt.Errorf("rotate the data keys of %s: %w", o, err)
		}
	}
	return nil
}

func (a *App) keyOwners(ctx context.Context, which string) (owners []ref.Organization, err error) {
	if which == "all" {
		err = a.db.View(ctx, func(tx store.ReadTx) error { owners = secret.Owners(tx); return nil })
		return owners, err
	}
	var o ref.Organization
	if o.UnmarshalText([]byte(which)) != nil || o.Zero() {
		return nil, errOrganization
	}
	return []ref.Organization{o}, a.db.View(ctx, func(tx store.ReadTx) error {
		if _, ok := organization.Get(tx, o); !ok {
			return errOrganization
		}
		return nil
	})
}

// keyStatus is what keys status prints.
func (a *App) keyStatus(ctx context.Context) (string, error) {
	a.rotating.Lock()
	defer a.rotating.Unlock()
	var st secret.Status
	if err := a.db.View(ctx, func(tx store.ReadTx) error { st = a.keeper.Status(tx); return nil }); err != nil {
		return "", err
	}
	var out strings.Builder
	for _, m := range st.Masters {
		word := "wraps"
		if !m.Primary {
			word = "old"
		}
		fmt.Fprintf(&out, "master key %s  %-5s  %6d data keys  from %s\n", m.Master, word, m.Keys, m.From)
	}
	fmt.Fprintf(&out, "retired data keys whose secrets are being sealed anew: %d\n", st.Retired)
	return out.String(), nil
}

// controlKeys lets the commands of this machine ask for keys.
func (a *App) controlKeys(mux *http.ServeMux) {
	answer := func(w http.ResponseWriter, r *http.Request, err error) {
		var said string
		if err == nil {
			said, err = a.keyStatus(r.Context())
		}
		if err != nil {
			a.log.Error("keys", "error", err.Error())
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, said)
	}
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) { answer(w, r, nil) })
	mux.HandleFunc("POST /keys/rotate", func(w http.ResponseWriter, r *http.Request) {
		if which := r.URL.Query().Get("organization"); which != "" {
			err := a.rotateData(r.Context(), which)
			if err == nil {
				err = a.tendKeys(r.Context())
			}
			answer(w, r, err)
			return
		}
		answer(w, r, a.rotateMaster(r.Context()))
	})
}

// keys asks a running server, or opens the store itself.
func keys(ctx context.Context, cfg config.Config, rotate bool, which string) (string, error) {
	method, path := http.MethodGet, "/keys"
	if rotate {
		method, path = http.MethodPost, "/keys/rotate?organization="+which
	}
	if strings.ContainsFunc(which, func(r rune) bool { return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') }) {
		return "", errOrganization
	}
	var said strings.Builder
	if running, err := ask(ctx, cfg.Data, method, path, "", &said); running || err != nil {
		return said.String(), err
	}
	if err := mustExist(cfg); err != nil {
		return "", err
	}
	a := &App{Options: Options{Config: cfg, Clock: clock.System(), Out: io.Discard, Log: io.Discard}, log: slog.New(slog.DiscardHandler)}
	if err := a.open(ctx); err != nil {
		return "", err
	}
	var err error
	switch {
	case rotate && which == "":
		err = a.rotateMaster(ctx)
	case rotate:
		if err = a.rotateData(ctx, which); err == nil {
			err = a.tendKeys(ctx)
		}
	}
	out := ""
	if err == nil {
		out, err = a.keyStatus(ctx)
	}
	return out, errors.Join(err, a.Close())
}

// keyFinding says where the master key stands, as far as that is for the worse.
func (a *App) keyFinding() cli.Finding {
	k := a.Config.Keys
	switch {
	case os.Getenv("CREDENTIALS_DIRECTORY") != "", k.MasterFile != "", k.TransitURL != "":
		return cli.Finding{Name: "master key", OK: true, Says: "kept apart from the data"}
	case !k.Master.Empty():
		return cli.Finding{Name: "master key", OK: true, Says: "in the configuration or the environment: other programs of this machine may read it", Fix: "put it into a file of its own and name it in keys.master_file"}
	}
	return cli.Finding{Name: "master key", OK: true, Says: "beside the data: whoever has both can read tokens", Fix: "move master.key away and name it in keys.master_file"}
}
