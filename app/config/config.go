// Package config reads what the operator set: a TOML file, the environment, flags. Later ones win, in this order:
// default, file, environment, flag. One list (fields.go) declares every key with its default, unit and help; the
// reader, the messages, config.example.toml, "config show" and the flags are made from it, so they can't differ.
//
// A key or value that isn't right is an error that names the place (file and line, variable or flag), the key and the
// nearest right one; all problems are told at once. Values of secret keys stand in no message and no listing.
//
// Only the wiring reads this package; everybody else gets the values it needs.
//
// Caveats: an empty environment variable counts as not set, because container tools pass empty ones for what nobody
// chose; to override a file with nothing, leave the key out of the file. Relative paths stay as written.
//
// Why: koanf merges the layers, but the lines of keys come from the TOML parser's own tree, because a map has none.
// Environment names are judged only with a double underscore or when they equal a known key, so that names such as
// OMNIPOSTO_KEY, which other programs use, are nobody's mistake.
package config

import (
	"log/slog"
	"net/netip"
	"os"
	"sort"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"github.com/omniposto/omniposto/app/base/secret"
)

// Config is everything an operator can set, checked. The zero value is not useful; Load makes it.
type Config struct {
	Listen    string // address to serve on
	Data      string // folder that holds everything
	PublicURL string // scheme and host without a slash at the end; empty = not set
	Store     struct{ URL secret.Text }
	Keys      struct {
		MasterFile   string
		TransitURL   string
		TransitToken secret.Text
		Master       secret.Text
		Tombstones   string
	}
	Setup     struct{ Code secret.Text }
	Network   struct{ AllowPrivate []netip.Prefix }
	Platforms map[string]Platform // by platform id; only those that have a key set
	Storage   struct {
		URL                  string
		AccessKey, SecretKey secret.Text
	}
	Mail    struct{ URL secret.Text }
	Sentry  struct{ DSN secret.Text }
	Metrics struct {
		Listen string
		Token  secret.Text
	}
	Proxies struct{ Trusted []netip.Prefix }
	TLS     struct {
		Domains []string
		Email   string
	}
	Log struct {
		Level  slog.Level
		Format string // text or json
	}

	lines []Line
}

// Platform is what can be set for one platform.
type Platform struct {
	APIURL    string // another server instead of the platform's own; empty = the platform's own
	AppID     string // the app's id at the platform
	AppSecret secret.Text
}

// Sources says where to read from. Nothing else is read: no fixed paths, no environment of its own.
type Sources struct {
	File      string                       // path of the TOML file; empty = none
	Environ   []string                     // NAME=value lines, as os.Environ gives them
	Flags     map[string]string            // key (like "log.level") to value; lists are separated by commas
	Platforms []string                     // ids of the platforms there are; empty = any name is taken
	ReadFile  func(string) ([]byte, error) // nil = os.ReadFile
}

// layer is one place that sets keys.
type layer struct {
	values map[string]any    // key to string or []string
	from   map[string]string // key to where it was set, in words
}

// Load reads and checks all sources. The error is Problems with all that is wrong, or tells which file can't be read.
func Load(s Sources) (Config, error) {
	if s.ReadFile == nil {
		s.ReadFile = os.ReadFile
	}
	names := directory{platforms: s.Platforms}
	var problems Problems
	layers := []layer{
		defaults(),
		fileLayer(s, names, &problems),
		environmentLayer(s, names, &problems),
		flagLayer(s, names, &problems),
	}
	merged, from := koanf.New("."), map[string]string{}
	for _, l := range layers {
		if err := merged.Load(confmap.Provider(l.values, "."), nil); err != nil {
			return Config{}, err
		}
		for key, where := range l.from {
			from[key] = where
		}
	}
	cfg := assemble(merged, from, names)
	problems = append(problems, cfg.together(from)...)
	if len(problems) > 0 {
		return Config{}, problems
	}
	return cfg, nil
}

// defaults is the layer below all others.
func defaults() layer {
	l := layer{values: map[string]any{}, from: map[string]string{}}
	for _, f := range fields {
		if !f.perPlatform() && !f.List {
			l.values[f.Key], l.from[f.Key] = f.Default, "default"
		}
	}
	return l
}

// flagLayer reads flags; an unknown key there is a mistake of the command, told like any other.
func flagLayer(s Sources, names directory, problems *Problems) layer {
	l := layer{values: map[string]any{}, from: map[string]string{}}
	for key, text := range s.Flags {
		where := "flag --" + flagName(key)
		f, platform, ok := names.find(key)
		if !ok {
			problems.add(unknown(where, key, names.nearest(key)))
			continue
		}
		l.set(f, platform, key, f.fromText(text), where, problems)
	}
	return l
}

// set checks a value and keeps it.
func (l *layer) set(f Field, platform, key string, v value, where string, problems *Problems) {
	var scratch Config
	if err := f.set(&scratch, platform, v); err != nil {
		problems.add(Problem{Where: where, Key: key, Message: err.Error()})
		return
	}
	if f.Refused != "" && !v.empty() {
		problems.add(Problem{Where: where, Key: key, Message: "can't be set: " + f.Refused})
		return
	}
	l.values[key], l.from[key] = v.raw(f), where
}

// assemble makes the typed value of the merged layers; every single value was checked before.
func assemble(merged *koanf.Koanf, from map[string]string, names directory) Config {
	cfg := Config{}
	keys := make([]string, 0, len(from))
	for key := range from {
		keys = append(keys, key)
	}
	sort.Slice(keys, func(i, j int) bool { return names.rank(keys[i]) < names.rank(keys[j]) })
	for _, key := range keys {
		f, platform, ok := names.find(key)
		if !ok {
			continue
		}
		v := value{text: merged.String(key)}
		if f.List {
			v = value{list: merged.Strings(key)}
		}
		if f.set(&cfg, platform, v) == nil {
			cfg.lines = append(cfg.lines, Line{Key: key, Value: f.show(v), From: from[key]})
		}
	}
	for _, f := range fields {
		if _, set := from[f.Key]; f.List && !set {
			cfg.lines = append(cfg.lines, Line{Key: f.Key, Value: f.show(value{}), From: "default"})
		}
	}
	sort.SliceStable(cfg.lines, func(i, j int) bool {
		return names.rank(cfg.lines[i].Key) < names.rank(cfg.lines[j].Key)
	})
	return cfg
}

// together checks keys that depend on each other.
func (c Config) together(from map[string]string) Problems {
	var problems Problems
	if (c.Keys.TransitURL == "") != c.Keys.TransitToken.Empty() {
		missing, there := "keys.transit_token", "keys.transit_url"
		if c.Keys.TransitURL == "" {
			missing, there = there, missing
		}
		problems.add(Problem{Where: from[there], Key: missing, Message: "is needed beside " + there})
	}
	if c.Storage.AccessKey.Empty() != c.Storage.SecretKey.Empty() {
		missing, there := "storage.secret_key", "storage.access_key"
		if c.Storage.AccessKey.Empty() {
			missing, there = there, missing
		}
		problems.add(Problem{Where: from[there], Key: missing, Message: "is needed beside " + there})
	}
	return problems
}
