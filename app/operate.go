package app

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/api"
	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/cli"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/app/support"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
)

// Commands against a running server go through a socket in the data folder that only the server's owner can open;
// otherwise they open the store themselves.

const socketName = "control.sock"

// control answers commands of this machine until ctx ends.
func (a *App) control(ctx context.Context) {
	path := filepath.Join(a.Config.Data, socketName)
	_ = os.Remove(path) // the store's lock says that nobody else serves this folder
	l, err := net.Listen("unix", path)
	if err != nil {
		a.log.Warn("commands can't reach this server", "error", err.Error())
		return
	}
	if err := os.Chmod(path, 0o600); err != nil {
		a.log.Warn("commands can't reach this server", "error", errors.Join(err, l.Close()).Error())
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /backup", func(w http.ResponseWriter, r *http.Request) {
		if err := a.writeBackup(r.Context(), w); err != nil {
			a.log.Error("backup", "error", err.Error())
			panic(http.ErrAbortHandler) // the reader must not take a part for the whole
		}
	})
	mux.HandleFunc("POST /reset-mfa", func(w http.ResponseWriter, r *http.Request) {
		email, err := io.ReadAll(io.LimitReader(r.Body, 1<<10))
		if err == nil {
			err = a.startRecovery(r.Context(), string(email), w)
		}
		if err != nil {
			a.log.Error("reset-mfa", "error", err.Error())
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	a.controlKeys(mux)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(l); err != nil && ctx.Err() == nil {
		a.log.Warn("the control socket ended", "error", err.Error())
	}
	_ = os.Remove(path)
}

// ask sends a command to a running server on this folder; running is false when there is none.
func ask(ctx context.Context, folder, method, path, body string, to io.Writer) (running bool, err error) {
	socket := filepath.Join(folder, socketName)
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	req, err := http.NewRequestWithContext(ctx, method, "http://control"+path, strings.NewReader(body))
	if err != nil {
		return false, err
	}
	answer, err := client.Do(req)
	if err != nil {
		return false, nil //nolint:nilerr // nobody listens: the command opens the store itself
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
		if words := strings.TrimSpace(string(said)); words != "" {
			return true, errors.New(words)
		}
		return true, fmt.Errorf("the running server answers %s; its log says more", answer.Status)
	}
	_, err = io.Copy(to, answer.Body)
	return true, err
}

// writeBackup writes one tar: the store as it is at one instant, then the media folder. The master key isn't in it.
func (a *App) writeBackup(ctx context.Context, to io.Writer) error {
	if err := a.carve(ctx); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(a.Config.Data, "backup-*.tmp")
	if err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // a leftover is harmless
	defer tmp.Close()           //nolint:errcheck // only read from here on
	if _, err := a.db.Backup(tmp); err != nil {
		return fmt.Errorf("write backup: %w", err)
	}
	w := tar.NewWriter(to)
	if err := addFile(w, tmp.Name(), storeName); err != nil {
		return err
	}
	if a.Config.Storage.URL == "" || strings.HasPrefix(a.Config.Storage.URL, "file:") {
		if err := addFolder(ctx, w, a.mediaFolder(), "media"); err != nil {
			return err
		}
	}
	return w.Close()
}

func addFile(w *tar.Writer, path, name string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("back up %s: %w", name, err)
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("back up %s: %w", name, err)
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return fmt.Errorf("back up %s: %w", name, err)
	}
	if _, err := io.CopyN(w, f, info.Size()); err != nil {
		return fmt.Errorf("back up %s: %w", name, err)
	}
	return nil
}

func addFolder(ctx context.Context, w *tar.Writer, folder, under string) error {
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return addFile(w, path, under+"/"+filepath.ToSlash(name))
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// backup asks a running server, or opens the store itself.
func backup(ctx context.Context, cfg config.Config, to io.Writer) error {
	if running, err := ask(ctx, cfg.Data, http.MethodGet, "/backup", "", to); running || err != nil {
		return err
	}
	a := &App{Options: Options{Config: cfg, Clock: clock.System(), Out: io.Discard, Log: io.Discard}, log: slog.New(slog.DiscardHandler)}
	if err := mustExist(cfg); err != nil {
		return err
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	return errors.Join(a.writeBackup(ctx, to), a.Close())
}

// resetMFA asks a running server, or opens the store itself, to start the recovery of a person's sign-in.
func resetMFA(ctx context.Context, cfg config.Config, email string, to io.Writer) error {
	if running, err := ask(ctx, cfg.Data, http.MethodPost, "/reset-mfa", email, to); running || err != nil {
		return err
	}
	a := &App{Options: Options{Config: cfg, Clock: clock.System(), Out: io.Discard, Log: io.Discard}, log: slog.New(slog.DiscardHandler)}
	a.Test.Cost = identity.Cheapest // no password is made
	if err := mustExist(cfg); err != nil {
		return err
	}
	if err := a.open(ctx); err != nil {
		return err
	}
	if err := a.assemble(ctx); err != nil {
		return errors.Join(err, a.Close())
	}
	return errors.Join(a.startRecovery(ctx, email, to), a.Close())
}

func (a *App) startRecovery(ctx context.Context, email string, to io.Writer) error {
	call := op.NewCall(&op.Meta{ID: "recovery.start"}, nil)
	call.Actor.Kind, call.Via, call.Now = access.System, "cli", a.Clock.Now()
	started, err := a.parts.identities.StartRecovery(ctx, call, strings.TrimSpace(email))
	if err != nil {
		return err
	}
	fmt.Fprintf(to, "If somebody signs in with this address, the recovery is ready at %s. They and all owners of their organizations are told, and any of them can stop it.\n", started.ReadyAt.Format(time.RFC3339))
	if started.Link != "" {
		fmt.Fprintf(to, "No mail is set up: pass this link on. It works from then on, for seven days.\n%s\n", started.Link)
	}
	return nil
}

func mustExist(cfg config.Config) error {
	if _, err := os.Stat(filepath.Join(cfg.Data, storeName)); err != nil {
		return fmt.Errorf("there is no store in %s", cfg.Data)
	}
	return nil
}

// verify checks every index and record of the store, the engine's own rules and all audit logs.
func verify(ctx context.Context, cfg config.Config) ([]cli.Finding, error) {
	if err := mustExist(cfg); err != nil {
		return nil, err
	}
	a := &App{Options: Options{Config: cfg, Clock: clock.System(), Out: io.Discard, Log: io.Discard}, log: slog.New(slog.DiscardHandler)}
	if err := a.open(ctx); err != nil {
		return nil, err
	}
	defer a.Close() //nolint:errcheck // only read
	out := []cli.Finding{finding("store", a.db.Check(ctx), "every record can be read and every index equals its table", "restore a backup into an empty folder")}
	out = append(out, finding("deliveries", a.db.View(ctx, delivery.New(delivery.Deps{}).Check), "every channel's queue is right", "omniposto serve mends queues at its start"))
	logs := []ref.Organization{{}}
	err := a.db.View(ctx, func(tx store.ReadTx) error {
		organization.Every(tx, func(o organization.Organization) bool { logs = append(logs, o.ID); return true })
		return nil
	})
	for _, o := range logs {
		n, cerr := audit.Check(ctx, a.db, o)
		out = append(out, finding("audit "+audit.LogName(o), cerr, fmt.Sprintf("%d events unbroken", n), "keep the file: somebody changed it from outside"))
	}
	return out, err
}

func finding(name string, err error, good, fix string) cli.Finding {
	if err != nil {
		return cli.Finding{Name: name, Says: err.Error(), Fix: fix}
	}
	return cli.Finding{Name: name, OK: true, Says: good}
}

// doctor looks at what a server needs, without serving.
func doctor(ctx context.Context, cfg config.Config) []cli.Finding {
	out := []cli.Finding{{Name: "configuration", OK: true, Says: "every key is right"}}
	a := &App{Options: Options{Config: cfg, Clock: clock.System(), Out: io.Discard, Log: io.Discard}, log: slog.New(slog.DiscardHandler)}
	a.address, _ = publicAddress(cfg)
	out = append(out, a.checkMail(ctx))
	err := a.open(ctx)
	if errors.Is(err, store.ErrLocked) {
		return append(out, cli.Finding{Name: "store", OK: true, Says: "a server is running on this folder"})
	}
	out = append(out, finding("store", err, "it opens", "see the message; a backup can be restored into an empty folder"))
	if err != nil {
		return out
	}
	defer a.Close() //nolint:errcheck // only read
	return append(out, a.findings(ctx)...)
}

// findings are the checks that a running server can make too.
func (a *App) findings(ctx context.Context) []cli.Finding {
	disk := cli.Finding{Name: "disk", OK: true, Says: "there is space"}
	if a.db.ReadOnly() {
		disk = cli.Finding{Name: "disk", Says: "the disk is full; nothing can be saved", Fix: "free some space; the server goes on by itself"}
	}
	key := a.keyFinding()
	address := cli.Finding{Name: "public address", OK: true, Says: a.link("", "")}
	switch {
	case a.address.Scheme == "https":
	case a.address.Hostname() == "localhost":
		address.Says += ": only this machine reaches it; give it a name and TLS before others use it"
	default:
		address.Says += ": without TLS passkeys, installing and sharing don't work in browsers"
		address.Fix = "put a proxy with TLS in front and set public_url"
	}
	return append([]cli.Finding{disk, key, address, a.storageFinding(ctx)}, a.auditFinding(ctx), a.clockFinding(ctx))
}

// clockFinding tells of a clock that went back.
func (a *App) clockFinding(ctx context.Context) cli.Finding {
	var highest time.Time
	sound := false
	err := a.db.View(ctx, func(tx store.ReadTx) error { highest, sound = support.Clock(tx); return nil })
	if err != nil || !sound {
		return cli.Finding{Name: "clock", Says: "it went back from " + highest.UTC().Format(time.RFC3339) + ": no grant of support counts",
			Fix: "set the time right, then confirm it: omniposto call support.confirm_clock, or on this page"}
	}
	return cli.Finding{Name: "clock", OK: true, Says: "it never went back by more than two minutes"}
}

// auditFinding tells of logs that were changed from outside: a running server knows them since its start.
func (a *App) auditFinding(ctx context.Context) cli.Finding {
	var broken []string
	if a.parts != nil {
		broken = a.parts.trail.BrokenLogs()
	} else {
		err := a.db.View(ctx, func(tx store.ReadTx) error {
			broken = nil
			audit.Logs(tx, func(o ref.Organization) bool {
				if err := audit.CheckEnd(tx, o); err != nil {
					broken = append(broken, audit.LogName(o)+" ("+err.Error()+")")
				}
				return true
			})
			return nil
		})
		if err != nil {
			broken = append(broken, err.Error())
		}
	}
	if len(broken) > 0 {
		return cli.Finding{Name: "audit", Says: "changed from outside: " + strings.Join(broken, ", "), Fix: "keep the file and look at who can write it; omniposto verify checks every event"}
	}
	return cli.Finding{Name: "audit", OK: true, Says: "the newest events of every log follow from the ones before"}
}

// Document is the OpenAPI document, made without a store on a disk.
func Document(ctx context.Context) ([]byte, error) {
	cfg, err := config.Load(config.Sources{})
	if err != nil {
		return nil, err
	}
	if cfg.Data, err = os.MkdirTemp("", "omniposto-document-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(cfg.Data) //nolint:errcheck // a folder of nothing
	a := &App{Options: Options{Config: cfg, Clock: clock.System(), Out: io.Discard, Log: io.Discard}, log: slog.New(slog.DiscardHandler)}
	a.Test.Cost = identity.Cheapest
	engine := memory.New(a.Clock.Now)
	if a.keeper, a.db, err = unlock(ctx, engine, []secret.Master{secret.ForTests()}, a.Clock); err != nil {
		return nil, err
	}
	defer a.Close() //nolint:errcheck // in memory
	if err := a.assemble(ctx); err != nil {
		return nil, err
	}
	return a.server.Document()
}

var _ api.Guard = guard{}

// health asks the server that this configuration describes whether it is up.
func health(ctx context.Context, cfg config.Config) error {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 3 * time.Second}
	answer, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the server doesn't answer: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // only the status counts
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", answer.Status)
	}
	return nil
}
