package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAWrongKeyIsToldWithPlaceAndNearest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, want string }{
		{"slip", "\n\nlistn = \"x\"", "omni.toml:3: listn is not a key; did you mean listen?"},
		{"swap", "pulbic_url = \"x\"", "omni.toml:1: pulbic_url is not a key; did you mean public_url?"},
		{"in a table", "[storage]\n\nulr = \"x\"", "omni.toml:3: storage.ulr is not a key; did you mean storage.url?"},
		{"dotted", "log.levle = \"info\"", "omni.toml:1: log.levle is not a key; did you mean log.level?"},
		{"inline", "log = {\"level\" = \"info\", fromat = \"json\"}", "omni.toml:1: log.fromat is not a key; did you mean log.format?"},
		{"no section", "access_key = \"x\"", "omni.toml:1: access_key is not a key; did you mean storage.access_key?"},
		{"wrong section", "[store]\nsecret_key = \"x\"", "omni.toml:2: store.secret_key is not a key; did you mean storage.secret_key?"},
		{"section as key", "store = \"x\"", "omni.toml:1: store is not a key; did you mean store.url?"},
		{"key as section", "[listen]\nport = 1", "omni.toml:2: listen.port is not a key"},
		{"empty unknown section", "\n[logs]", "omni.toml:2: logs is not a key; did you mean log.level?"},
		{"array of tables", "[[platforms]]\nname = \"x\"", "omni.toml:1: platforms is not a key; did you mean platforms.mastodon.api_url?"},
		{"platform", "[platforms.mastadon]\napi_url = \"http://x\"", "omni.toml:2: platforms.mastadon.api_url is not a key; did you mean platforms.mastodon.api_url?"},
		{"platform key", "[platforms.bluesky]\napp_idd = \"x\"", "omni.toml:2: platforms.bluesky.app_idd is not a key; did you mean platforms.bluesky.app_id?"},
		{"far from all", "xyzzy = 1", "omni.toml:1: xyzzy is not a key"},
		{"quoted dot", "\"log.level\" = \"info\"", "omni.toml:1: \"log.level\" is not a key; did you mean log.level?"},
		{"syntax", "listen = \"a\"\ndata = ", "omni.toml:2: "},
		{"twice", "listen = \"127.0.0.1:1\"\nlisten = \"127.0.0.1:2\"", "omni.toml:2: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(from(c.file))
			var problems Problems
			if !errors.As(err, &problems) || len(problems) != 1 {
				t.Fatalf("got %v, want one problem", err)
			}
			if got := problems.Error(); got != c.want && !(strings.HasSuffix(c.want, ": ") && strings.HasPrefix(got, c.want)) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAWrongVariableOrFlagIsToldWithNearest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, variable, want string }{
		{"slip", "OMNIPOSTO_STORE__ULR=x", "environment OMNIPOSTO_STORE__ULR: is not a key; did you mean OMNIPOSTO_STORE__URL?"},
		{"one underscore too many", "OMNIPOSTO_PUBLIC__URL=x", "environment OMNIPOSTO_PUBLIC__URL: is not a key; did you mean OMNIPOSTO_PUBLIC_URL?"},
		{"lower case", "OMNIPOSTO_log__level=info", "environment OMNIPOSTO_log__level: is not a key; did you mean OMNIPOSTO_LOG__LEVEL?"},
		{"file of an open key", "OMNIPOSTO_LOG__LEVEL_FILE=/run/secret", "environment OMNIPOSTO_LOG__LEVEL_FILE: is not a key; did you mean OMNIPOSTO_LOG__LEVEL?"},
		{"slip before file", "OMNIPOSTO_METRICS__TOKN_FILE=/run/secret", "environment OMNIPOSTO_METRICS__TOKN_FILE: is not a key; did you mean OMNIPOSTO_METRICS__TOKEN_FILE?"},
		{"absent file", "OMNIPOSTO_METRICS__TOKEN_FILE=/nowhere", "environment OMNIPOSTO_METRICS__TOKEN_FILE: metrics.token names a file that can't be read: file does not exist"},
		{"wrong value", "OMNIPOSTO_LISTEN=8080", "environment OMNIPOSTO_LISTEN: listen must be an address with a port, like 127.0.0.1:8080 or [::1]:8080"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Load(from("", c.variable)); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	s := from("")
	s.Flags = map[string]string{"log.levl": "info"}
	if _, err := Load(s); err == nil || err.Error() != "flag --log-levl: log.levl is not a key; did you mean log.level?" {
		t.Errorf("got %v", err)
	}
	_, err := Load(from("", "OMNIPOSTO_SETUP__CODE=abcdefg", "OMNIPOSTO_SETUP__CODE_FILE=/run/secret"))
	if err == nil || !strings.Contains(err.Error(), "is set twice") {
		t.Errorf("got %v", err)
	}
}

func TestEveryWrongValueIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{`listen = 8080`, "text in quotes, not a number"},
		{`listen = ""`, "address with a port"},
		{`listen = "127.0.0.1"`, "address with a port"},
		{`listen = "127.0.0.1:http"`, "port from 0 to 65535"},
		{`listen = "127.0.0.1:70000"`, "port from 0 to 65535"},
		{`listen = "127.0.0.1:+80"`, "port from 0 to 65535"},
		{`listen = "a b:80"`, "IP address or a host name"},
		{`data = ""`, "name a folder"},
		{`data = true`, "not true or false"},
		{`data = "a\nb"`, "control signs"},
		{`data = 2024-01-01`, "not a date or time"},
		{`public_url = "posts.example.org"`, "start with https:// or http://"},
		{`public_url = "ftp://posts.example.org"`, "start with https:// or http://"},
		{`public_url = "https://"`, "name a host"},
		{`public_url = "https://x.org/path"`, "scheme, host and port alone"},
		{`public_url = "https://a:b@x.org"`, "scheme, host and port alone"},
		{`public_url = "https://x.org?a=1"`, "hold a ?"},
		{`public_url = "https://x.org#a"`, "hold a #"},
		{`public_url = "https:x.org"`, "a URL that starts with"},
		{`store.url = "mysql://a@b/c"`, "start with postgres:// or postgresql://"},
		{`store.url = "postgres:///omni"`, "name a host"},
		{`store.url = ["a"]`, "not a list"},
		{`setup.code = "abc"`, "6 to 256 signs"},
		{`setup.code = "abc def g"`, "no spaces"},
		{`network.allow_private = "10.0.0.0/8"`, `a list like ["10.20.0.0/16"], not text`},
		{`network.allow_private = [10]`, "it holds a number"},
		{`network.allow_private = ["10.0.0.0/33"]`, `"10.0.0.0/33" isn't one`},
		{`network.allow_private = ["10.0.0.1/8"]`, "write 10.0.0.0/8"},
		{`network.allow_private = ["localhost"]`, `"localhost" isn't one`},
		{`proxies.trusted = ["fe80::1%eth0"]`, "isn't one"},
		{`storage.url = "/var/media"`, "start with file:// or s3://"},
		{`storage.url = "file://var/media"`, "file:/// and a folder"},
		{`storage.url = "file:///var?x=1"`, "file:/// and a folder"},
		{`storage.url = "s3://"`, "s3:// and the bucket"},
		{`storage.url = "s3://b/prefix?endpoint=http://x"`, "s3:// and the bucket"},
		{`storage.url = "s3://b"`, "name the server"},
		{`storage.url = "s3://b?endpont=http://x"`, "did you mean endpoint?"},
		{`storage.url = "s3://b?endpoint=x"`, "has an endpoint that must start with https:// or http://"},
		{`storage.url = "s3://b?endpoint=http://x&region=a&region=b"`, `must name "region" once`},
		{`storage.url = "s3://b?endpoint=http://x&path_style=yes"`, "true or false"},
		{`storage.url = "s3://k:s@b?endpoint=http://x"`, "must not hold keys"},
		{`storage.access_key = "x"`, "storage.secret_key is needed beside storage.access_key"},
		{`storage.secret_key = "x"`, "storage.access_key is needed beside storage.secret_key"},
		{`mail.url = "mail.example.org"`, "start with smtp://, smtps:// or resend://"},
		{`mail.url = "smtp://"`, "name a host"},
		{`mail.url = "resend://api.resend.com"`, "hold the key"},
		{`mail.url = "smtp://x?from=nobody"`, "e-mail address"},
		{`mail.url = "smtp://x?tls=off"`, "starttls or none"},
		{`mail.url = "smtp://x?api=nowhere"`, "api, which must be a web address"},
		{`keys.transit_url = "http://vault.example.org/transit/omni"`, "https://"},
		{`keys.transit_url = "https://vault.example.org/omni"`, "mount and the name of a key"},
		{`keys.transit_token = "x"`, "is needed beside keys.transit_token"},
		{`mail.url = "smtp://x?form=a@b.c"`, "did you mean from?"},
		{`sentry.dsn = "https://host/1"`, "whole DSN"},
		{`sentry.dsn = "https://key@host"`, "whole DSN"},
		{`metrics.listen = "9090"`, "address with a port"},
		{`metrics.token = "short"`, "at least 16 signs"},
		{`metrics.token = "with some spaces in it"`, "no spaces"},
		{`tls.domains = ["https://x.org"]`, "host names like"},
		{`tls.domains = ["localhost"]`, "host names like"},
		{`tls.domains = ["-a.example.org"]`, "host names like"},
		{`tls.domains = ["10.0.0.1"]`, "host names like"},
		{`tls.email = "a at b"`, "an e-mail address"},
		{`tls.email = "A <a@b.org>"`, "an e-mail address"},
		{`log.level = "wran"`, "must be debug, info, warn or error; did you mean warn?"},
		{`log.level = "INFO"`, "must be debug, info, warn or error"},
		{`log.format = "jsn"`, "did you mean json?"},
		{`platforms.mastodon.api_url = "mastodon.social"`, "start with https:// or http://"},
		{`platforms.mastodon.api_url = "https://a:b@c"`, "name or password"},
		{`platforms.mastodon.app_id = 12`, "text in quotes, not a number"},
		{`platforms.mastodon.app_secret = "a\tb"`, "control signs"},
	} {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			_, err := Load(from(c.line))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "omni.toml:1: ") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestAKeyThatDoesNothingYetIsRefused: whoever sets one relies on it.
func TestAKeyThatDoesNothingYetIsRefused(t *testing.T) {
	t.Parallel()
	var refused []string
	for _, f := range fields {
		if f.Refused == "" {
			continue
		}
		refused = append(refused, f.Key)
		for from, s := range map[string]Sources{
			"the file": from(f.Key + " = " + f.literal()), "the environment": from("", envName(f.Key)+"="+f.Example),
			"a flag": {Flags: map[string]string{f.Key: f.Example}, ReadFile: from("").ReadFile},
		} {
			if _, err := Load(s); err == nil || !strings.Contains(err.Error(), f.Key+" can't be set: "+f.Refused) || strings.Contains(err.Error(), "password") {
				t.Errorf("%s in %s: %v", f.Key, from, err)
			}
		}
		if _, err := Load(from("", envName(f.Key)+"=")); err != nil {
			t.Errorf("%s, empty: %v", f.Key, err)
		}
		if page := Reference(); !strings.Contains(page, f.Refused) {
			t.Errorf("the page about configuration doesn't say it of %s", f.Key)
		}
	}
	if want := "[store.url sentry.dsn tls.domains tls.email]"; fmt.Sprint(refused) != want {
		t.Errorf("refused are %v, want %s", refused, want)
	}
}

func TestAWrongSecretIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		`store.url = "mysql://a:canary@b"`, `setup.code = "canary canary"`, `mail.url = "smtps://canary:canary@"`,
		`metrics.token = "canary canary canary"`, `sentry.dsn = "https://canary@host"`, `storage.access_key = "canary\n"`,
		`platforms.mastodon.app_secret = "canary\u0000"`, `store.url = "postgres://a:canary%zz@b"`, `mail.url = "canary"`,
	} {
		_, err := Load(from(line))
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load(from("listn = 1\nlog.level = 3\ndata = \"\"", "OMNIPOSTO_A__B=1"))
	var problems Problems
	if !errors.As(err, &problems) || len(problems) != 4 {
		t.Errorf("got %v", err)
	}
}

func TestDistanceCountsSlips(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "ab", 1}, {"ab", "abc", 1}, {"abc", "axc", 1}, {"abc", "xyz", 3}, {"", "ab", 2}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// FuzzFile: no text makes the reader panic; whatever it accepts gives a value that can be shown, and each problem has
// a place.
func FuzzFile(f *testing.F) {
	f.Add(Example())
	f.Add("[[platforms]]\na = {b = [1, {c.d = 2}]}\n\"\" = 1")
	f.Add("[platforms.mastodon]\napi_url = '''http://x'''\nlog.level = \"\\u0041\"")
	f.Add("storage.url = \"s3://b?endpoint=%zz\"")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Load(from(text))
		var problems Problems
		switch {
		case err == nil:
			if len(Show(c)) < 10 {
				t.Error("a configuration that shows nothing")
			}
		case !errors.As(err, &problems):
			t.Errorf("an error of another kind: %v", err)
		}
		for _, p := range problems {
			if p.Where == "" || p.Message == "" || strings.HasSuffix(p.Where, ":0") {
				t.Errorf("no place: %+v", p)
			}
		}
	})
}
