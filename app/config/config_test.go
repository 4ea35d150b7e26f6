package config

import (
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/base/secret"
)

var update = flag.Bool("update", false, "write config.example.toml anew")

var someplatforms = []string{"mastodon", "bluesky", "generic-webhook"}

// from reads one file, made of the text, and the environment lines.
func from(text string, environ ...string) Sources {
	return Sources{File: "/etc/omni.toml", Environ: environ, Platforms: someplatforms, ReadFile: files(map[string]string{
		"/etc/omni.toml": text, "/run/secret": "from-a-file-0123456789\n",
	})}
}

func files(content map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, ok := content[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
}

func plain(t secret.Text) (s string) {
	t.Use(func(p string) { s = p })
	return s
}

func TestNothingSetGivesTheDefaults(t *testing.T) {
	t.Parallel()
	c, err := Load(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8080" || c.Data != "data" || c.PublicURL != "" || c.Log.Level != slog.LevelInfo || c.Log.Format != "text" {
		t.Errorf("got %+v", c)
	}
	if !c.Store.URL.Empty() || len(c.Platforms) != 0 {
		t.Error("something is set that nobody set")
	}
}

func TestEveryKeyIsReadFromTheFile(t *testing.T) {
	t.Parallel()
	c, err := Load(from(`
listen = "[::1]:9000"
data = "/srv/omni/"
public_url = "https://Posts.example.org/"
keys = { master_file = "/etc/master", transit_url = "https://vault/transit/omni", transit_token = "tt", master = "mm", tombstones_file = "/graves" }
[setup]
code = "abcdef"
[network]
allow_private = ["127.0.0.0/8", "10.1.2.3"]
[storage]
url = "s3://bucket?endpoint=http://127.0.0.1:7070&region=eu&path_style=true"
access_key = "AK"
secret_key = "SK"
[mail]
url = "smtp://a:b@mail:587?from=x@example.org&tls=none"
[metrics]
listen = ":9090"
token = "0123456789abcdef"
[proxies]
trusted = ["10.0.0.0/8"]
[log]
level = "debug"
format = "json"
[platforms.mastodon]
api_url = "http://127.0.0.1:1/x/"
[platforms.generic-webhook]
app_id = "id"
app_secret = "s"
`))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{
		c.Listen, c.Data, c.PublicURL, c.Keys.MasterFile, c.Keys.TransitURL, plain(c.Keys.TransitToken), plain(c.Keys.Master), c.Keys.Tombstones, plain(c.Setup.Code),
		fmt.Sprint(c.Network.AllowPrivate), c.Storage.URL, plain(c.Storage.AccessKey), plain(c.Storage.SecretKey),
		plain(c.Mail.URL), c.Metrics.Listen, plain(c.Metrics.Token), fmt.Sprint(c.Proxies.Trusted),
		c.Log.Level.String(), c.Log.Format, c.Platforms["mastodon"].APIURL,
		c.Platforms["generic-webhook"].AppID, plain(c.Platforms["generic-webhook"].AppSecret),
	}
	want := []string{
		"[::1]:9000", "/srv/omni", "https://posts.example.org", "/etc/master", "https://vault/transit/omni", "tt", "mm", "/graves", "abcdef",
		"[127.0.0.0/8 10.1.2.3/32]", "s3://bucket?endpoint=http://127.0.0.1:7070&region=eu&path_style=true", "AK", "SK",
		"smtp://a:b@mail:587?from=x@example.org&tls=none", ":9090", "0123456789abcdef",
		"[10.0.0.0/8]", "DEBUG", "json", "http://127.0.0.1:1/x", "id", "s",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(want) != taken() {
		t.Errorf("the test sets %d keys of %d", len(want), taken())
	}
}

// taken counts the keys that this version takes.
func taken() (n int) {
	for _, f := range fields {
		if f.Refused == "" {
			n++
		}
	}
	return n
}

func TestLaterSourcesWin(t *testing.T) {
	t.Parallel()
	file := "listen = \"127.0.0.1:1\"\n[log]\nlevel = \"warn\"\nformat = \"json\"\n[network]\nallow_private = [\"10.0.0.0/8\"]\n"
	s := from(file, "OMNIPOSTO_LOG__LEVEL=error", "OMNIPOSTO_NETWORK__ALLOW_PRIVATE=192.168.0.0/16, fd00::/8", "OMNIPOSTO_LISTEN=127.0.0.1:2")
	s.Flags = map[string]string{"listen": "127.0.0.1:3"}
	c, err := Load(s)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:3" || c.Log.Level != slog.LevelError || c.Log.Format != "json" {
		t.Errorf("got %s %s %s", c.Listen, c.Log.Level, c.Log.Format)
	}
	if got := fmt.Sprint(c.Network.AllowPrivate); got != "[192.168.0.0/16 fd00::/8]" {
		t.Errorf("networks %s", got)
	}
	want := map[string]string{
		"listen": "flag --listen", "log.level": "environment OMNIPOSTO_LOG__LEVEL", "log.format": "omni.toml:4", "data": "default",
	}
	for _, line := range Show(c) {
		if w, ok := want[line.Key]; ok && line.From != w {
			t.Errorf("%s is from %q, want %q", line.Key, line.From, w)
		}
	}
}

func TestVariablesOfOtherProgramsAreNotJudged(t *testing.T) {
	t.Parallel()
	_, err := Load(from("", "OMNIPOSTO_KEY=op_abc", "OMNIPOSTO_TEST_S3=x", "OMNIPOSTO_=1", "OMNIPOSTO_COLOR=1", "OTHER__THING=1", "OMNIPOSTO_PUBLIC_URL=", "garbage"))
	if err != nil {
		t.Error(err)
	}
}

func TestVariablesReachPlatformsWithHyphens(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{someplatforms, nil} {
		s := from("", "OMNIPOSTO_PLATFORMS__GENERIC_WEBHOOK__API_URL=http://x", "OMNIPOSTO_PLATFORMS__MASTODON__APP_SECRET_FILE=/run/secret")
		s.Platforms = names
		c, err := Load(s)
		if err != nil {
			t.Fatal(err)
		}
		if c.Platforms["generic-webhook"].APIURL != "http://x" || plain(c.Platforms["mastodon"].AppSecret) != "from-a-file-0123456789" {
			t.Errorf("got %v", c.Platforms)
		}
	}
}

func TestSecretsComeFromFiles(t *testing.T) {
	t.Parallel()
	c, err := Load(from("", "OMNIPOSTO_METRICS__TOKEN_FILE=/run/secret", "OMNIPOSTO_KEYS__MASTER_FILE=/run/secret"))
	if err != nil {
		t.Fatal(err)
	}
	if plain(c.Metrics.Token) != "from-a-file-0123456789" || c.Keys.MasterFile != "/run/secret" {
		t.Errorf("got %q %q", plain(c.Metrics.Token), c.Keys.MasterFile)
	}
}

func TestShowMasksSecrets(t *testing.T) {
	t.Parallel()
	c, err := Load(from(`
setup.code = "code-canary"
storage = { access_key = "ak-canary", secret_key = "sk-canary" }
mail.url = "smtp://name:pw-canary@mail.example.org"
metrics.token = "token-canary-0123"
platforms.mastodon.app_secret = "app-canary"
`))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, l := range Show(c) {
		shown[l.Key] = l.Value
		if strings.Contains(l.Value, "canary") {
			t.Errorf("%s shows %s", l.Key, l.Value)
		}
	}
	want := map[string]string{
		"setup.code": "***", "mail.url": "smtp://name:***@mail.example.org", "platforms.mastodon.app_secret": "***", "storage.url": "", "tls.domains": "",
	}
	for key, value := range want {
		if got, there := shown[key]; !there || got != value {
			t.Errorf("%s = %q, want %q", key, got, value)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(text, "canary") {
		t.Errorf("printing the configuration prints secrets: %s", text)
	}
}

func TestShowMasksAKeyThatStandsForAHost(t *testing.T) {
	t.Parallel()
	c, err := Load(from(`mail.url = "resend://re_canary?from=posts@example.org"`))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range Show(c) {
		if l.Key == "mail.url" && l.Value != "resend://***?from=posts@example.org" {
			t.Errorf("mail.url shows %s", l.Value)
		}
	}
}

func TestExampleFileIsTheDeclaration(t *testing.T) {
	t.Parallel()
	const file = "../../config.example.toml"
	if *update {
		if err := os.WriteFile(file, []byte(Example()), 0o644); err != nil { //nolint:gosec // a public file
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Example() {
		t.Error("config.example.toml isn't what app/config declares; run go test ./app/config -update")
	}
}

func TestExampleLoadsAsItIsAndUncommented(t *testing.T) {
	t.Parallel()
	if _, err := Load(from(Example())); err != nil {
		t.Errorf("as it is: %v", err)
	}
	var text []string
	for _, line := range strings.Split(Example(), "\n") {
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# ") {
			line = line[1:]
		}
		text = append(text, line)
	}
	c, err := Load(from(strings.Join(text, "\n")))
	if err != nil {
		t.Fatalf("uncommented: %v", err)
	}
	set := 0
	for _, l := range Show(c) {
		if l.From != "default" {
			set++
		}
	}
	if set != taken() {
		t.Errorf("%d keys set, want %d", set, taken())
	}
}

func TestEveryFieldIsDeclaredWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range Fields() {
		if f.Help == "" || f.Unit == "" || f.set == nil || f.Default == "" && f.Example == "" || seen[f.Key] {
			t.Errorf("%s is declared in part or twice", f.Key)
		}
		seen[f.Key] = true
	}
	if got := fields[len(fields)-4].FlagName(); got != "log-format" {
		t.Errorf("flag name %q", got)
	}
}

func TestAnUnreadableFileIsNamed(t *testing.T) {
	t.Parallel()
	s := from("")
	s.File = "/nowhere.toml"
	if _, err := Load(s); err == nil || !strings.Contains(err.Error(), "/nowhere.toml: can't be read") {
		t.Errorf("got %v", err)
	}
}
