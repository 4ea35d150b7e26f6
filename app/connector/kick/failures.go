package kick

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table of errors. A message that wasn't sent is answered with 200.
var failures = connector.Failures{
	{On: "message", Status: 200, Path: "data.is_sent", Is: "false", Class: connector.Rejected, Say: "Kick didn't send the message. The chat's rules may forbid it: followers only, subscribers only, or slow mode.", Sample: "dropped.json"},
	{On: "token|refresh", Status: 400, Path: "error", Is: "invalid_grant", Class: connector.Reconnect, Say: "Kick ended our access. Connect again.", Fix: "reconnect", Sample: "grant.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Kick ended our access. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{On: "message", Status: 403, Class: connector.Rejected, Say: "Kick lets whoever signed in not write in this chat.", Sample: "forbidden.json"},
	{On: "message", Status: 404, Class: connector.Rejected, Say: "The channel, or the message that this one answers, isn't there.", Sample: "not_found.json"},
	{On: "message", Status: 400, Class: connector.Rejected, Sample: "invalid.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Kick asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "limited.json"},
}
