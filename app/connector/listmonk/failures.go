package listmonk

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table. Most words come in the server's language, so that states tell more than words.
var failures = connector.Failures{
	{Status: 403, Path: "message", Has: "permission denied", Class: connector.Rejected, Sample: "permission.json"},
	{Status: 403, Class: connector.Reconnect, Say: "listmonk doesn't accept name and token.", Fix: "reconnect", Sample: "credentials.json"},
	{Status: 401, Class: connector.Reconnect, Say: "listmonk doesn't accept name and token.", Fix: "reconnect", Sample: "unauthorized.json"},
	{On: "start", Status: 400, Class: connector.Uncertain, Sample: "not_startable.json"},
	{On: "media.*", Status: 400, Class: connector.Rejected, Fix: "exclude", Sample: "unsupported.json"},
	{On: "campaign", Status: 400, Class: connector.Rejected, Sample: "invalid.json"},
	{On: "who|media.*|campaign", Status: 404, Class: connector.Rejected, Say: "listmonk's API isn't at this address.", Sample: "not_found.json"},
	{Status: 413, Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "too_large.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "limited.json"},
}
