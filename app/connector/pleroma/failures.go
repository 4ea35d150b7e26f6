package pleroma

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet. A bad token is a 403 here.
var failures = connector.Failures{
	{Status: 403, Path: "error", Has: "invalid credentials", Class: connector.Reconnect, Say: "Your server ended our access. Connect again.", Fix: "reconnect", Sample: "credentials.json"},
	{Status: 403, Path: "error", Has: "insufficient permissions", Class: connector.Reconnect, Say: "We lack the right to post. Connect again and grant it.", Fix: "reconnect", Sample: "scopes.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Your server ended our access. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{On: "status", Path: "error", Has: "character limit", Class: connector.Rejected, Say: "The text is too long for this server.", Fix: "cut", Sample: "too_long.json"},
	{On: "status", Path: "error", Has: "empty status", Class: connector.Rejected, Say: "Write something or add a file.", Sample: "empty.json"},
	{On: "status", Path: "error", Has: "attachments not available", Class: connector.Rejected, Say: "The server doesn't have these files any more.", Sample: "attachments.json"},
	{On: "upload.*", Status: 413, Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "too_large.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: 5 * time.Minute}, Sample: "throttled.json"},
	{Status: 503, Class: connector.Transient, Say: "The server is busy.", Until: connector.Until{Header: "Retry-After"}, Sample: "busy.json"},
}
