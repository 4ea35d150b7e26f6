package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/cli"
	"github.com/omniposto/omniposto/app/config"
)

// Version is set when a release is built.
var Version = "dev"

// Run runs one command of the program and returns its exit code: 0 done, 1 failed, 2 used wrongly.
func Run(ctx context.Context, args, environ []string, out, log io.Writer) int {
	load := func(file string, flags map[string]string) (cli.Settings, error) {
		return config.Load(config.Sources{File: file, Environ: environ, Flags: flags, Platforms: platformIDs()})
	}
	p := cli.Program{Version: buildName(), Out: out, Err: log, Environ: environ, Load: load, Nearest: config.Nearest, Document: Document,
		Show:  func(s cli.Settings) []string { return showLines(s.(config.Config)) },
		Serve: func(ctx context.Context, s cli.Settings) error { return serve(ctx, s.(config.Config), out, log) },
		Backup: func(ctx context.Context, s cli.Settings, to io.Writer) error {
			return backup(ctx, s.(config.Config), to)
		},
		Restore: func(ctx context.Context, s cli.Settings, from io.Reader) error {
			return restore(ctx, s.(config.Config), from)
		},
		Verify: func(ctx context.Context, s cli.Settings) ([]cli.Finding, error) {
			return verify(ctx, s.(config.Config))
		},
		Keys: func(ctx context.Context, s cli.Settings, rotate bool, organization string) (string, error) {
			return keys(ctx, s.(config.Config), rotate, organization)
		},
		Health: func(ctx context.Context, s cli.Settings) error { return health(ctx, s.(config.Config)) },
		ResetMFA: func(ctx context.Context, s cli.Settings, email string) error {
			return resetMFA(ctx, s.(config.Config), email, out)
		},
		Doctor: func(ctx context.Context, s cli.Settings) []cli.Finding { return doctor(ctx, s.(config.Config)) },
	}
	for _, f := range config.Fields() {
		if f.Flag {
			p.Flags = append(p.Flags, cli.Flag{Name: f.FlagName(), Key: f.Key, Help: f.Help})
		}
	}
	err := p.Run(ctx, args)
	var usage *cli.UsageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(log, err)
		return 2
	}
	fmt.Fprintln(log, "omniposto:", err)
	return 1
}

// buildName is the version and, for unreleased builds, the commit.
func buildName() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || Version != "dev" {
		return Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "dev-" + s.Value[:12]
		}
	}
	return Version
}

// serve runs the server until ctx ends.
func serve(ctx context.Context, cfg config.Config, out, log io.Writer) error {
	a, err := New(ctx, Options{Config: cfg, Clock: clock.System(), Out: out, Log: log})
	if err != nil {
		return err
	}
	err = errors.Join(a.Serve(ctx), a.Close())
	if errors.Is(err, ErrStoreBroken) {
		a.log.Error("a commit failed; starting anew", "error", err.Error())
		return reopen()
	}
	return err
}

func showLines(c config.Config) []string {
	var out []string
	for _, l := range config.Show(c) {
		out = append(out, fmt.Sprintf("%-28s %-40s %s", l.Key, l.Value, l.From))
	}
	return out
}
