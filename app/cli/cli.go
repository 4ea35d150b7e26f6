// Package cli is the command line of the program. Commands that work on a running server call its operations; the rest
// is done by functions that the wiring passes in.
package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// Finding is one thing that was looked at, by doctor or verify.
type Finding struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Says string `json:"says"`
	Fix  string `json:"fix,omitempty"`
}

// Settings is the configuration in force. The commands only hand it on.
type Settings any

// Flag is a configuration key that is also a flag.
type Flag struct{ Name, Key, Help string }

// Program is what the commands do.
type Program struct {
	Version  string
	Out, Err io.Writer
	Environ  []string
	Flags    []Flag

	Load     func(file string, flags map[string]string) (Settings, error)
	Show     func(Settings) []string
	Nearest  func(word string, known []string) string
	Serve    func(context.Context, Settings) error
	Document func(context.Context) ([]byte, error)
	Backup   func(context.Context, Settings, io.Writer) error
	Restore  func(context.Context, Settings, io.Reader) error
	Verify   func(context.Context, Settings) ([]Finding, error)
	Doctor   func(context.Context, Settings) []Finding
	Health   func(context.Context, Settings) error
	Keys     func(ctx context.Context, s Settings, rotate bool, organization string) (string, error)
	ResetMFA func(ctx context.Context, s Settings, email string) error // starts the recovery of a person's sign-in
}

// UsageError says that the command was written wrongly.
type UsageError struct{ err error }

// Error implements error.
func (u *UsageError) Error() string { return u.err.Error() }

// Unwrap gives the cause.
func (u *UsageError) Unwrap() error { return u.err }

// Run runs the command of the arguments.
func (p Program) Run(ctx context.Context, args []string) error {
	root := &cobra.Command{Use: "omniposto", Short: "Compose once, publish everywhere, know what happened", SilenceErrors: true, SilenceUsage: true,
		Version: p.Version, CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true}}
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	root.SetArgs(args)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &UsageError{err} })
	root.PersistentFlags().String("config", "", "configuration file (TOML); omniposto.toml here is used when there is one")
	for _, f := range p.Flags {
		root.PersistentFlags().String(f.Name, "", f.Help)
	}
	root.AddCommand(p.serve(), p.setup(), p.config(), p.openapi(), p.version(), p.backup(), p.restore(), p.verify(), p.doctor(), p.health(), p.keys(), p.member(), p.call(), p.audit())
	return root.ExecuteContext(ctx)
}

// load reads the configuration with the flags of the command.
func (p Program) load(cmd *cobra.Command) (Settings, error) {
	file, _ := cmd.Flags().GetString("config")
	if file == "" {
		if _, err := os.Stat("omniposto.toml"); err == nil {
			file = "omniposto.toml"
		}
	}
	flags := map[string]string{}
	for _, f := range p.Flags {
		if cmd.Flags().Changed(f.Name) {
			flags[f.Key], _ = cmd.Flags().GetString(f.Name)
		}
	}
	settings, err := p.Load(file, flags)
	if err != nil {
		return nil, &UsageError{fmt.Errorf("the configuration isn't right:\n%w", err)}
	}
	return settings, nil
}

func (p Program) serve() *cobra.Command {
	return &cobra.Command{Use: "serve", Short: "Run the server", Long: "Runs the server. With no flags it listens on 127.0.0.1:8080 and keeps everything in ./data.",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			return p.Serve(cmd.Context(), cfg)
		}}
}

func (p Program) version() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, Run: func(*cobra.Command, []string) {
		fmt.Fprintln(p.Out, "omniposto", p.Version)
	}}
}

func (p Program) openapi() *cobra.Command {
	return &cobra.Command{Use: "openapi", Short: "Print the OpenAPI 3.1 document", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		raw, err := p.Document(cmd.Context())
		if err == nil {
			_, err = p.Out.Write(raw)
		}
		return err
	}}
}

func (p Program) config() *cobra.Command {
	parent := &cobra.Command{Use: "config", Short: "Check or show the configuration"}
	parent.AddCommand(&cobra.Command{Use: "check", Short: "Check the configuration", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		if _, err := p.load(cmd); err != nil {
			return err
		}
		fmt.Fprintln(p.Out, "The configuration is right.")
		return nil
	}}, &cobra.Command{Use: "show", Short: "Show what is in force and from where, secrets masked", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		cfg, err := p.load(cmd)
		if err != nil {
			return err
		}
		for _, line := range p.Show(cfg) {
			fmt.Fprintln(p.Out, line)
		}
		return nil
	}})
	return parent
}

func (p Program) backup() *cobra.Command {
	return &cobra.Command{Use: "backup FILE", Short: "Write a backup while the server runs",
		Long: "Writes store and media into one tar file; - is standard output. The master key is never part of it: keep that elsewhere.",
		Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) (err error) {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			if args[0] == "-" {
				return p.Backup(cmd.Context(), cfg, p.Out)
			}
			f, err := os.OpenFile(args[0]+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
			if err != nil {
				return fmt.Errorf("write backup: %w", err)
			}
			err = p.Backup(cmd.Context(), cfg, f)
			if serr := f.Sync(); err == nil {
				err = serr
			}
			if cerr := f.Close(); err == nil {
				err = cerr
			}
			if err != nil {
				_ = os.Remove(f.Name())
				return fmt.Errorf("write backup: %w", err)
			}
			if err := os.Rename(f.Name(), args[0]); err != nil {
				return fmt.Errorf("write backup: %w", err)
			}
			fmt.Fprintln(p.Out, "Backup written to", args[0])
			return nil
		}}
}

func (p Program) restore() *cobra.Command {
	return &cobra.Command{Use: "restore FILE", Short: "Make an empty data folder from a backup",
		Long: "Unpacks a backup into an empty data folder. All sessions and invitation links end, API keys wait until somebody resumes them, and what was due before this moment waits for a person, because it may have gone out after the backup was made.",
		Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			f, err := os.Open(args[0])
			if err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			defer f.Close() //nolint:errcheck // only read
			if err := p.Restore(cmd.Context(), cfg, f); err != nil {
				return fmt.Errorf("restore: %w", err)
			}
			fmt.Fprintln(p.Out, "Restored. Start the server with: omniposto serve")
			return nil
		}}
}

func (p Program) report(findings []Finding, asJSON bool) error {
	bad := 0
	for _, f := range findings {
		if !f.OK {
			bad++
		}
	}
	if asJSON {
		e := json.NewEncoder(p.Out)
		e.SetIndent("", "  ")
		if err := e.Encode(findings); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			word := "ok  "
			if !f.OK {
				word = "FIX "
			}
			fmt.Fprintf(p.Out, "%s %-16s %s\n", word, f.Name, f.Says)
			if f.Fix != "" {
				fmt.Fprintf(p.Out, "     %-16s → %s\n", "", f.Fix)
			}
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks need a hand", bad, len(findings))
	}
	return nil
}

func (p Program) verify() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "verify", Short: "Check the store and the audit logs", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		cfg, err := p.load(cmd)
		if err != nil {
			return err
		}
		findings, err := p.Verify(cmd.Context(), cfg)
		if err != nil {
			return err
		}
		return p.report(findings, asJSON)
	}}
	c.Flags().BoolVar(&asJSON, "json", false, "answer as JSON")
	return c
}

func (p Program) doctor() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "doctor", Short: "Look for what is wrong and say how to mend it", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		cfg, err := p.load(cmd)
		if err != nil {
			return p.report([]Finding{{Name: "configuration", Says: strings.ReplaceAll(err.Error(), "\n", " "), Fix: "omniposto config check"}}, asJSON)
		}
		return p.report(p.Doctor(cmd.Context(), cfg), asJSON)
	}}
	c.Flags().BoolVar(&asJSON, "json", false, "answer as JSON")
	return c
}

func (p Program) keys() *cobra.Command {
	parent := &cobra.Command{Use: "keys", Short: "Look at the keys that protect secrets, or rotate them"}
	run := func(rotate bool, organization *string) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			said, err := p.Keys(cmd.Context(), cfg, rotate, *organization)
			if err == nil {
				fmt.Fprint(p.Out, said)
			}
			return err
		}
	}
	var organization string
	status := &cobra.Command{Use: "status", Short: "Count keys by the master key that wraps them", Args: cobra.NoArgs, RunE: run(false, new(string))}
	rotate := &cobra.Command{Use: "rotate", Short: "Make new keys, while the server runs",
		Long: "Makes a new master key, wraps all data keys with it and takes the old one away when none is left under it: it goes into a file of its own beside, because backups made before need it. Move that file to those backups. With --organization it makes new data keys of that organization instead; its secrets are sealed anew in the background, and the old keys go an hour later at the earliest.",
		Args: cobra.NoArgs, RunE: run(true, &organization)}
	rotate.Flags().StringVar(&organization, "organization", "", "id of the organization whose data keys are rotated, or all")
	parent.AddCommand(status, rotate)
	return parent
}

func (p Program) health() *cobra.Command {
	return &cobra.Command{Use: "health", Short: "Ask the server of this configuration whether it is up", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		cfg, err := p.load(cmd)
		if err != nil {
			return err
		}
		return p.Health(cmd.Context(), cfg)
	}}
}

func (p Program) member() *cobra.Command {
	parent := &cobra.Command{Use: "member", Short: "Help a person to sign in again"}
	parent.AddCommand(&cobra.Command{Use: "reset-mfa EMAIL", Short: "Start the recovery of a person's sign-in",
		Long: "For who lost everything. It only starts a wait of 72 hours, of which the person and all owners of their organizations are told, and which any of them can stop. After it the person may choose a new password and remove their factors.",
		Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			return p.ResetMFA(cmd.Context(), cfg, args[0])
		}})
	return parent
}
