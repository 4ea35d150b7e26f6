package pixelfed

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet: bodies as Laravel writes them.
var failures = connector.Failures{
	{On: "register", Status: 404, Class: connector.Rejected, Say: "This server lets no apps in: its administrator must switch OAuth on. An access token may work.", Sample: "no_apps.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Your server ended our access. Connect again.", Fix: "reconnect", Sample: "unauthenticated.json"},
	{Status: 302, Has: "login", Class: connector.Reconnect, Say: "Your server ended our access. Connect again.", Fix: "reconnect", Sample: "to_login.json"},
	{Status: 403, Class: connector.Rejected, Sample: "forbidden.json"},
	{On: "status", Status: 404, Class: connector.Rejected, Say: "The server lost the files.", Sample: "gone.json"},
	{On: "upload.*", Status: 413, Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "too_large.json"},
	{Status: 422, Path: "message", Class: connector.Rejected, Sample: "invalid.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: 5 * time.Minute}, Sample: "limited.json"},
	{Status: 503, Class: connector.Transient, Say: "The server is busy.", Until: connector.Until{Header: "Retry-After"}, Sample: "busy.json"},
}
