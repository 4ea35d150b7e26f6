package config

import (
	"net/url"
	"strings"
)

// Field declares one key.
type Field struct {
	Key     string // with * where the platform's name stands
	Default string
	Unit    string // what the value is: "address", "seconds", "bytes"
	Help    string // sentences for a person
	Example string // a value that is right, for the example file
	List    bool   // a TOML list; commas in the environment and in flags
	Secret  Secrecy
	Flag    bool   // also a flag of the command line
	Refused string // why this version doesn't take it, and what to do instead; empty: it does
	set     func(c *Config, platform string, v value) error
}

// Secrecy says how much of a value may be shown.
type Secrecy byte

// The three ways.
const (
	Open        Secrecy = iota
	Hidden              // nothing is shown
	PasswordURL         // an address: shown without its password
)

// value is what a source gave for a key.
type value struct {
	text string
	list []string
}

func (v value) empty() bool { return v.text == "" && len(v.list) == 0 }

// raw is the form the layers are merged in.
func (v value) raw(f Field) any {
	if f.List {
		return v.list
	}
	return v.text
}

// Fields lists every key in the order of the example file.
func Fields() []Field { return append([]Field(nil), fields...) }

// FlagName is the name of a key's flag: log.level is --log-level.
func (f Field) FlagName() string { return flagName(f.Key) }

func flagName(key string) string { return strings.NewReplacer(".", "-", "_", "-").Replace(key) }

func (f Field) perPlatform() bool { return strings.Contains(f.Key, "*") }

// fromText reads a value of the environment or a flag.
func (f Field) fromText(text string) value {
	if !f.List {
		return value{text: text}
	}
	return value{list: strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })}
}

// show writes a value for people; a secret is masked and shows only whether it is set.
func (f Field) show(v value) string {
	if f.List {
		return strings.Join(v.list, ", ")
	}
	switch {
	case v.text == "" || f.Secret == Open:
		return v.text
	case f.Secret == Hidden:
		return masked
	}
	u, err := url.Parse(v.text)
	if err != nil || u.User == nil {
		if f.Key == "sentry.dsn" || err != nil {
			return masked
		}
		if u.Scheme == "resend" {
			u.Host = masked // the key itself
			return u.String()
		}
		return v.text
	}
	if _, has := u.User.Password(); !has {
		u.User = url.User(masked) // a lone user part is a key: sentry.dsn, resend
	} else {
		u.User = url.UserPassword(u.User.Username(), masked)
	}
	return strings.ReplaceAll(u.String(), url.PathEscape(masked), masked)
}

const masked = "***"

// directory finds fields by key.
type directory struct{ platforms []string }

// find gives the field of a key and, for platforms.<name>.…, the name.
func (d directory) find(key string) (Field, string, bool) {
	for _, f := range fields {
		if !f.perPlatform() {
			if f.Key == key {
				return f, "", true
			}
			continue
		}
		before, after, _ := strings.Cut(f.Key, "*")
		name, ok := strings.CutPrefix(key, before)
		if !ok {
			continue
		}
		if name, ok = strings.CutSuffix(name, after); ok && d.platform(name) {
			return f, name, true
		}
	}
	return Field{}, "", false
}

// platform says whether the name is one of a platform.
func (d directory) platform(name string) bool {
	if len(d.platforms) == 0 {
		return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	}
	for _, p := range d.platforms {
		if p == name {
			return true
		}
	}
	return false
}

// rank orders keys as declared, platforms by name.
func (d directory) rank(key string) string {
	for i, f := range fields {
		if f.Key == key {
			return string(rune('A'+i)) + key
		}
	}
	for i, f := range fields {
		if f.perPlatform() {
			return string(rune('A'+i)) + key
		}
	}
	return key
}

// keys lists every key that could be meant by the one given: platform keys with each known name, or with its own.
func (d directory) keys(given string) []string {
	names := d.platforms
	if len(names) == 0 {
		names = []string{"NAME"}
		if parts := strings.Split(given, "."); len(parts) > 1 && parts[0] == "platforms" && d.platform(parts[1]) {
			names = []string{parts[1]}
		}
	}
	var keys []string
	for _, f := range fields {
		if !f.perPlatform() {
			keys = append(keys, f.Key)
			continue
		}
		for _, name := range names {
			keys = append(keys, strings.Replace(f.Key, "*", name, 1))
		}
	}
	return keys
}
