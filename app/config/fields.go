package config

import (
	"github.com/omniposto/omniposto/app/base/secret"
)

const noTLS = "this version doesn't do TLS itself: put a proxy with a certificate in front, name the address that people use in public_url and the proxy in proxies.trusted"

// fields is the one list of keys, in the order of the example file.
var fields = []Field{
	{Key: "listen", Default: "127.0.0.1:8080", Unit: "address", Flag: true, Example: "0.0.0.0:8080",
		Help: "Address and port to serve on. Port 0 takes a free one.",
		set:  text(address, func(c *Config, v string) { c.Listen = v })},
	{Key: "data", Default: "./data", Unit: "folder", Flag: true, Example: "/var/lib/omniposto",
		Help: "Folder that holds the store, media and keys. It is made when absent.",
		set:  text(path, func(c *Config, v string) { c.Data = v })},
	{Key: "public_url", Unit: "URL", Flag: true, Example: "https://posts.example.org",
		Help: "Address under which people reach this server, without a path. Links, callbacks and passkeys depend on it: changing it voids all passkeys. Empty: http://localhost with the port of listen.",
		set:  text(origin, func(c *Config, v string) { c.PublicURL = v })},

	{Key: "store.url", Unit: "URL", Secret: PasswordURL, Example: "postgres://omniposto:password@db.example.org/omniposto",
		Help: "Database. Empty: one file in the data folder.", Refused: "this version keeps everything in one file in the data folder: leave it empty",
		set: text(storeURL, func(c *Config, v string) { c.Store.URL = secret.NewText(v) })},

	{Key: "keys.master_file", Unit: "file", Example: "/etc/omniposto/master.key",
		Help: "File of the master key that protects all secrets, readable by the server alone (0600), made at the first start. The key is taken from the first place that is set: the systemd credential master-key, this file, keys.transit_url, keys.master; else master.key in the data folder. Keep it apart from backups.",
		set:  text(anything, func(c *Config, v string) { c.Keys.MasterFile = v })},
	{Key: "keys.transit_url", Unit: "URL", Example: "https://vault.example.org:8200/transit/omniposto",
		Help: "Key service in the form of HashiCorp Vault's Transit engine, as address, mount and name of the key. It wraps the master key, which stands wrapped in master.transit in the data folder and is opened at each start.",
		set:  text(transitURL, func(c *Config, v string) { c.Keys.TransitURL = v })},
	{Key: "keys.transit_token", Unit: "text", Secret: Hidden, Example: "token-of-the-key-service",
		Help: "Token for the key service; it needs to encrypt and decrypt with that one key.",
		set:  text(anything, func(c *Config, v string) { c.Keys.TransitToken = secret.NewText(v) })},
	{Key: "keys.master", Unit: "text", Secret: Hidden, Example: "omniposto master key 1 AAAA…",
		Help: "The master key itself, as the line of its file. Other programs of this machine may be able to read an environment, so a file or a credential is better.",
		set:  text(anything, func(c *Config, v string) { c.Keys.Master = secret.NewText(v) })},
	{Key: "keys.tombstones_file", Unit: "file", Example: "/var/lib/omniposto-keys/tombstones",
		Help: "File that remembers whose keys were destroyed, so that an older backup can't bring them back. Empty: the file tombstones in the data folder. Keep it where a restored backup meets it: outside of the data folder.",
		set:  text(anything, func(c *Config, v string) { c.Keys.Tombstones = v })},

	{Key: "setup.code", Unit: "text", Secret: Hidden, Example: "choose-a-long-one",
		Help: "Presets the one-time code that claims a new server. Empty: a new one is made and printed at each start while nobody has claimed it.",
		set:  text(setupCode, func(c *Config, v string) { c.Setup.Code = secret.NewText(v) })},

	{Key: "network.allow_private", Unit: "networks", List: true, Example: "10.20.0.0/16",
		Help: "Private networks that addresses given by members (webhooks, feeds, self-hosted platforms) may lead into. Empty: none.",
		set:  networks(func(c *Config) *prefixes { return (*prefixes)(&c.Network.AllowPrivate) })},

	{Key: "storage.url", Unit: "URL", Example: "s3://bucket?endpoint=https://s3.example.org&region=eu-1",
		Help: "Where media is kept: file:///folder, or s3://bucket with endpoint, region and, for other S3 servers, path_style=true. Empty: the folder media in the data folder.",
		set:  text(storageURL, func(c *Config, v string) { c.Storage.URL = v })},
	{Key: "storage.access_key", Unit: "text", Secret: Hidden, Example: "access-key",
		Help: "Access key of the S3 server.",
		set:  text(anything, func(c *Config, v string) { c.Storage.AccessKey = secret.NewText(v) })},
	{Key: "storage.secret_key", Unit: "text", Secret: Hidden, Example: "secret-key",
		Help: "Secret key of the S3 server.",
		set:  text(anything, func(c *Config, v string) { c.Storage.SecretKey = secret.NewText(v) })},

	{Key: "mail.url", Unit: "URL", Secret: PasswordURL, Example: "smtp://name:password@mail.example.org:587?from=posts@example.org",
		Help: "How mail goes out: smtp:// with tls=starttls (as when absent), implicit or none (only for a server on this machine), smtps://, or resend://re_key; from= names the sender, omniposto@ the public host when absent. Empty: mail waits in the outbox, and links are passed on by hand.",
		set:  text(mailURL, func(c *Config, v string) { c.Mail.URL = secret.NewText(v) })},

	{Key: "sentry.dsn", Unit: "URL", Secret: PasswordURL, Example: "https://key@sentry.example.org/1",
		Help: "Where errors of the server are reported, without anything of its members. Empty: nowhere.", Refused: "this version reports no errors anywhere: leave it empty, and collect the log",
		set: text(sentryDSN, func(c *Config, v string) { c.Sentry.DSN = secret.NewText(v) })},

	{Key: "metrics.listen", Unit: "address", Example: "127.0.0.1:9090",
		Help: "Address and port that answer /metrics for Prometheus and nothing else, without TLS: choose one that only it reaches, or set metrics.token too. Empty: /metrics of the main address, for those who have metrics.token.",
		set:  text(optional(address), func(c *Config, v string) { c.Metrics.Listen = v })},
	{Key: "metrics.token", Unit: "text", Secret: Hidden, Example: "at-least-sixteen-signs",
		Help: "Token that Prometheus sends as Authorization: Bearer. Empty, and metrics.listen empty: no metrics.",
		set:  text(token, func(c *Config, v string) { c.Metrics.Token = secret.NewText(v) })},

	{Key: "proxies.trusted", Unit: "networks", List: true, Example: "127.0.0.1, 10.0.0.0/8",
		Help: "Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Empty: none.",
		set:  networks(func(c *Config) *prefixes { return (*prefixes)(&c.Proxies.Trusted) })},

	{Key: "tls.domains", Unit: "host names", List: true, Example: "posts.example.org",
		Help: "Host names to get certificates for by ACME. Empty: no TLS here (a proxy does it, or only this machine calls).", Refused: noTLS,
		set: hosts(func(c *Config, v []string) { c.TLS.Domains = v })},
	{Key: "tls.email", Unit: "e-mail address", Example: "admin@example.org",
		Help: "Where the certificate authority writes when something is wrong.", Refused: noTLS,
		set: text(email, func(c *Config, v string) { c.TLS.Email = v })},

	{Key: "log.level", Default: "info", Unit: "debug, info, warn or error", Flag: true, Example: "debug",
		Help: "The least important lines that are written.",
		set: text(oneOf("debug", "info", "warn", "error"), func(c *Config, v string) {
			_ = c.Log.Level.UnmarshalText([]byte(v)) // one of the four, checked before
		})},
	{Key: "log.format", Default: "text", Unit: "text or json", Flag: true, Example: "json",
		Help: "How lines are written.",
		set:  text(oneOf("text", "json"), func(c *Config, v string) { c.Log.Format = v })},

	{Key: "platforms.*.api_url", Unit: "URL", Example: "https://proxy.example.org/mastodon",
		Help: "Another server instead of the platform's own, for tests and gateways.",
		set:  platform(httpURL, func(p *Platform, v string) { p.APIURL = v })},
	{Key: "platforms.*.app_id", Unit: "text", Example: "1234567890",
		Help: "The id of your app at the platform (also called client id, client key, consumer key).",
		set:  platform(anything, func(p *Platform, v string) { p.AppID = v })},
	{Key: "platforms.*.app_secret", Unit: "text", Secret: Hidden, Example: "secret-of-your-app",
		Help: "The secret of your app at the platform.",
		set:  platform(anything, func(p *Platform, v string) { p.AppSecret = secret.NewText(v) })},
}
