package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/config"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/identity"
	"github.com/omniposto/omniposto/app/mail"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// rotateFactor makes the hour that a retired data key is kept last two seconds.
const rotateFactor = 1800

const (
	rotateWriters = 32
	rotateRate    = 1000 // values a second that are sealed and acknowledged while keys change
	acknowledged  = "kept "
	masterRotated = "master key rotated"
	dataRotated   = "data keys rotated"
	dataSettled   = "values sealed anew"
)

// rotator is a server of a folder that seals new values as fast as it can, says each that is durable, and changes its
// master key and every data key again and again. It ends by being killed.
func rotator() {
	began, err := time.Parse(time.RFC3339Nano, os.Getenv("CRASH_BEGAN"))
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a, err := New(ctx, rotatorOptions(began, os.Args[1:]))
	if err == nil {
		go a.rotateForever(ctx, cancel)
		err = errors.Join(a.Serve(ctx), a.Close())
	}
	fmt.Fprintln(os.Stderr, "the rotation ended:", err)
	os.Exit(1)
}

func rotatorOptions(began time.Time, flags []string) Options {
	s := config.Sources{Flags: map[string]string{}, Platforms: platformIDs()}
	for _, f := range flags {
		key, value, _ := strings.Cut(f, "=")
		s.Flags[key] = value
	}
	cfg, err := config.Load(s)
	if err != nil {
		panic(err)
	}
	return Options{Config: cfg, Clock: quick{clock.System(), began, rotateFactor}, Out: io.Discard, Log: os.Stderr, Test: Test{Cost: identity.Cheapest}}
}

// rotateForever keeps writing and rotating; the first thing that goes wrong ends the server.
func (a *App) rotateForever(ctx context.Context, end func()) {
	var once sync.Once
	failed := func(err error) { once.Do(func() { fmt.Fprintln(os.Stderr, err); end() }) }
	var owners []ref.Organization
	if err := a.db.View(ctx, func(tx store.ReadTx) error {
		owners = nil
		organization.Every(tx, func(o organization.Organization) bool { owners = append(owners, o.ID); return true })
		return nil
	}); err != nil {
		failed(err)
	}
	var out sync.Mutex
	say := func(line string) { out.Lock(); defer out.Unlock(); fmt.Println(line) }
	run := ref.Mint[ref.Request](a.Clock.Now()).String()
	var count atomic.Int64
	for n := range rotateWriters {
		go func() {
			for ctx.Err() == nil {
				value := fmt.Sprintf("%s-%d", run, count.Add(1))
				write := a.sealLetter
				if n%8 == 0 {
					write = a.sealResult
				}
				if err := write(ctx, owners[n%len(owners)], value); errors.Is(err, errTooLate) {
					continue
				} else if err != nil {
					failed(err)
					return
				}
				say(acknowledged + value)
			}
		}()
	}
	go func() {
		for ctx.Err() == nil {
			if err := a.rotateMaster(ctx); err != nil {
				failed(err)
				return
			}
			say(masterRotated)
		}
	}()
	for round := 0; ctx.Err() == nil; round++ {
		if err := a.rotateData(ctx, []string{"all", owners[0].String(), owners[1].String()}[round%3]); err != nil {
			failed(err)
			return
		}
		say(dataRotated)
		if err := a.tendKeys(ctx); err != nil {
			failed(err)
			return
		}
		say(dataSettled)
	}
}

// sealLetter seals inside the transaction that keeps the value, as nouns do.
func (a *App) sealLetter(ctx context.Context, o ref.Organization, value string) error {
	return a.db.Update(ctx, func(tx store.Tx) error {
		return a.parts.mail.Queue(tx, mail.Letter{Kind: mail.TestLetter, To: "mira@halden.example", Name: value, Organization: o})
	})
}

var errTooLate = errors.New("it took longer from sealing to keeping than a server may take")

// sealResult seals before the transaction that keeps the value, as the runner does with the result of a step, and maybe
// under a data key that isn't the newest any more.
func (a *App) sealResult(ctx context.Context, o ref.Organization, value string) error {
	f := delivery.Fresh{Organization: o, Workspace: ref.Mint[ref.Workspace](a.Clock.Now()), ID: ref.Mint[ref.Delivery](a.Clock.Now()), Post: ref.Mint[ref.Post](a.Clock.Now()),
		Channel: ref.Mint[ref.Channel](a.Clock.Now()), DueAt: a.Clock.Now(), Grace: 1000 * time.Hour}
	began := a.Clock.Elapsed()
	sealed, err := a.sealStep(ctx, delivery.Delivery{Organization: o, Workspace: f.Workspace, ID: f.ID, Round: 1}, value, []byte(value))
	if err != nil {
		return err
	}
	return a.db.Update(ctx, func(tx store.Tx) error {
		if a.Clock.Elapsed()-began > 30*time.Minute {
			return errTooLate
		}
		d := a.parts.deliveries.Create(tx, f)
		for _, move := range []struct {
			on  delivery.Event
			arg delivery.Arg
		}{{delivery.Claim, delivery.Arg{By: delivery.Held{Node: ref.Mint[ref.Node](a.Clock.Now())}}}, {delivery.StepSaved, delivery.Arg{Step: value, Result: sealed}},
			{delivery.Refused, delivery.Arg{Class: "rejected", Words: "no"}}} { // so that no runner takes it
			if move.on != delivery.Claim {
				move.arg.By = d.Held()
			}
			if d, err = a.parts.deliveries.Move(tx, d, move.on, move.arg); err != nil {
				return err
			}
		}
		return nil
	})
}

// besieged is a server that rotates, as its killer sees it.
type besieged struct {
	kept    map[string]bool // acknowledged values
	said    map[string]int  // what else it said
	midway  int             // kills that met two master keys in the file
	writing time.Duration
}

// TestKillsDuringRotationsLoseNoSecret kills a server while it changes all its keys under load. ROTATE_KILLS says how often,
// CRASH_SEED repeats the draws. What was acknowledged opens and says what it said, and nothing is left under old keys.
func TestKillsDuringRotationsLoseNoSecret(t *testing.T) {
	kills := 3
	if n, err := strconv.Atoi(os.Getenv("ROTATE_KILLS")); err == nil {
		kills = n
	}
	seed := uint64(time.Now().UnixNano())
	if n, err := strconv.ParseUint(os.Getenv("CRASH_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("CRASH_SEED=%d ROTATE_KILLS=%d", seed, kills)
	chance := rand.New(rand.NewPCG(seed, 0))
	folder, began := t.TempDir(), time.Now()
	key := filepath.Join(folder, "master.key")
	w := newWorld(t, set("data", folder), set("keys.master_file", key), at(quick{clock.System(), began, rotateFactor}),
		func(_ *config.Sources, o *Options) { o.Test.Wrap = func(e store.Engine) store.Engine { return e } })
	w.owner.must(201, "POST", "/organizations", map[string]any{"name": "Nordlys", "timezone": "Europe/Oslo"})
	w.stop()
	flags := []string{"data=" + folder, "keys.master_file=" + key, "setup.code=" + setupCode, "listen=127.0.0.1:0", "log.level=error"}
	b := &besieged{kept: map[string]bool{}, said: map[string]int{}}
	for k := range kills {
		b.siege(t, flags, key, began, time.Duration(50+chance.IntN(1500))*time.Millisecond, k)
	}
	rate := float64(len(b.kept)) / b.writing.Seconds()
	t.Logf("%d values acknowledged in %.1f s of writing, %.0f a second; said %v; %d kills met a change of the master key midway",
		len(b.kept), b.writing.Seconds(), rate, b.said, b.midway)
	if os.Getenv("ROTATE_KILLS") != "" && rate < rotateRate || b.said[masterRotated] == 0 || b.said[dataRotated] == 0 {
		t.Errorf("%.0f values a second, %v: this proves nothing", rate, b.said)
	}
	b.count(t, rotatorOptions(began, flags))
}

// siege starts the server, waits until it writes, and kills it after a while.
func (b *besieged) siege(t *testing.T, flags []string, key string, began time.Time, life time.Duration, k int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Args = append([]string{"rotator"}, flags...)
	cmd.Env = append(os.Environ(), "CRASH_BEGAN="+began.Format(time.RFC3339Nano))
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	var first time.Time
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what a kill cut short wasn't acknowledged
		}
		if first.IsZero() {
			first = time.Now()
			time.AfterFunc(life, func() { _ = cmd.Process.Kill() })
		}
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), acknowledged); ok {
			b.kept[value] = true
		} else {
			b.said[strings.TrimSpace(line)]++
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("kill %d: the server ended by itself: %v\n%s", k, err, log.String())
	}
	b.writing += time.Since(first)
	if raw, err := os.ReadFile(key); err == nil && bytes.Count(raw, []byte("\n")) > 1 {
		b.midway++
	}
}

// count lets a last rotation come to its end, then opens everything.
func (b *besieged) count(t *testing.T, o Options) {
	t.Helper()
	a, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	before, _ := a.opened(t)
	if err := errors.Join(a.rotateMaster(t.Context()), a.rotateData(t.Context(), "all")); err != nil {
		t.Fatal(err)
	}
	var st secret.Status
	for range 600 {
		if err := a.tendKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := a.db.View(t.Context(), func(tx store.ReadTx) error { st = a.keeper.Status(tx); return nil }); err != nil {
			t.Fatal(err)
		}
		if st.Retired == 0 {
			break
		}
		_ = clock.Wait(t.Context(), clock.System(), 50*time.Millisecond)
	}
	after, values := a.opened(t)
	lost := 0
	for value := range b.kept {
		if !values[value] {
			lost++
		}
	}
	for id := range after {
		if before[id] {
			t.Errorf("values stand under the old data key %s", id)
		}
	}
	raw, err := os.ReadFile(o.Config.Keys.MasterFile)
	if err != nil || bytes.Count(raw, []byte("\n")) != 1 || len(st.Masters) != 1 || st.Retired != 0 {
		t.Errorf("%v: %d lines of keys, %+v", err, bytes.Count(raw, []byte("\n")), st)
	}
	t.Logf("%d of %d acknowledged values lost; %d values in all, under %d data keys of one master key", lost, len(b.kept), len(values), len(after))
	if lost > 0 || len(b.kept) == 0 || len(before) == 0 || len(after) == 0 {
		t.Errorf("%d of %d acknowledged values are lost", lost, len(b.kept))
	}
	checks := a.db.Check(t.Context())
	for _, log := range a.logs(t) {
		_, err := audit.Check(t.Context(), a.db, log)
		checks = errors.Join(checks, err)
	}
	if checks != nil {
		t.Error(checks)
	}
}

// opened opens every sealed value. It returns the ids of the data keys they are under, and what the rotator's values say.
func (a *App) opened(t *testing.T) (under, values map[string]bool) {
	t.Helper()
	under, values = map[string]bool{}, map[string]bool{}
	err := a.db.Update(t.Context(), func(tx store.Tx) error {
		for _, h := range holders() {
			_, err := h.Rewrap(tx, nil, 1<<30, func(p secret.Place, s secret.Sealed) (secret.Sealed, bool, error) {
				under[strings.Split(string(s), ".")[1]] = true
				return s, false, a.keeper.Use(tx, p, s, func(plain []byte) error {
					var letter struct{ Name string }
					if h.Name == "delivery" {
						if values[string(plain)] = true; !strings.HasPrefix(p.Field, string(plain)+"|") {
							return fmt.Errorf("%q opened to the words of another", p.Field)
						}
					} else if json.Unmarshal(plain, &letter) == nil && letter.Name != "" {
						values[letter.Name] = true
					}
					return nil
				})
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal("a value doesn't open:", err)
	}
	return under, values
}

// logs lists all audit logs.
func (a *App) logs(t *testing.T) (list []ref.Organization) {
	t.Helper()
	err := a.db.View(t.Context(), func(tx store.ReadTx) error {
		list = nil
		audit.Logs(tx, func(o ref.Organization) bool { list = append(list, o); return true })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
