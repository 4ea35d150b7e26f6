package app

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/omniposto/omniposto/app/apikey"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/support"
	"github.com/omniposto/omniposto/store"
)

// restoring is the name of the file that stands in a data folder while a backup is restored into it.
const restoring = "restoring"

// restore unpacks a backup into an empty folder, then makes it safe to serve. Until it is, no server starts on the folder.
func restore(ctx context.Context, cfg config.Config, from io.Reader) error {
	if _, err := os.Stat(filepath.Join(cfg.Data, storeName)); err == nil {
		return fmt.Errorf("there is a store in %s already; restore into an empty folder", cfg.Data)
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	mark := filepath.Join(cfg.Data, restoring)
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		return err
	}
	if f, err := os.Open(cfg.Data); err == nil { // the name is to be durable before any other is
		_ = errors.Join(f.Sync(), f.Close()) // systems that can't sync folders don't need it
	}
	unpacked, err := unpack(tar.NewReader(from), cfg.Data)
	a := &App{Options: Options{Config: cfg, Clock: clock.System(), Out: io.Discard, Log: io.Discard}, log: slog.New(slog.DiscardHandler), restoring: true}
	if err == nil {
		err = a.open(ctx)
	}
	if err != nil {
		if errors.Is(err, secret.ErrMasterMissing) {
			err = fmt.Errorf("put the master key of the backed-up server into place first (keys.master_file, or master.key in the data folder): %w", err)
		}
		for _, path := range append(unpacked, mark) { // so that it can be tried again
			err = errors.Join(err, os.Remove(path))
		}
		return err
	}
	if err := errors.Join(a.afterRestore(ctx), a.Close()); err != nil {
		return err
	}
	return os.Remove(mark)
}

// unpack returns the files that it made, also when it fails.
func unpack(r *tar.Reader, folder string) (made []string, err error) {
	for seen := false; ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			if !seen {
				return made, errors.New("this isn't a backup: there is no store in it")
			}
			return made, nil
		}
		if err != nil {
			return made, fmt.Errorf("read the backup: %w", err)
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || h.Name != storeName && !strings.HasPrefix(h.Name, "media/") {
			return made, fmt.Errorf("the backup holds something that doesn't belong there: %q", h.Name)
		}
		seen = seen || h.Name == storeName
		path := filepath.Join(folder, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return made, err
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return made, err
		}
		made = append(made, path)
		_, err = io.CopyN(f, r, h.Size)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return made, fmt.Errorf("unpack %s: %w", h.Name, err)
		}
	}
}

// afterRestore ends what must not come back with an older store: grants, sessions, links, invitations, letters that wait,
// keys until somebody looks at them, codes that may have been used, and the belief that what was due meanwhile didn't go
// out. Each log begins a new epoch before.
func (a *App) afterRestore(ctx context.Context) error {
	outbox := mail.New(mail.Deps{DB: a.db, Clock: a.Clock, Keeper: a.keeper, Log: a.log})
	if err := a.db.Update(ctx, func(tx store.Tx) error {
		logs := map[ref.Organization]bool{{}: true}
		audit.Logs(tx, func(o ref.Organization) bool { logs[o] = true; return true })
		organization.Every(tx, func(o organization.Organization) bool { logs[o.ID] = true; return true })
		for o := range logs {
			audit.Append(tx, o, audit.Event{Action: evidence.Restored, Actor: audit.Actor{Kind: "system", Via: "cli"}, On: audit.Thing{Kind: "instance", ID: "instance"}, Result: audit.OK})
		}
		apikey.Restored(tx)
		organization.Restored(tx)
		channel.Restored(tx)
		mail.Restored(tx)
		return errors.Join(identity.Restored(tx, outbox), support.Restored(tx))
	}); err != nil {
		return err
	}
	return delivery.New(delivery.Deps{}).Restored(ctx, a.db)
}
