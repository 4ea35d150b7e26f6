package matrix

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

const code = "errcode"

// failures by the fact sheet's table; errcode decides.
var failures = connector.Failures{
	{On: "who", Status: 403, Path: "error", Has: "password", Class: connector.Reconnect, Say: "Name or password isn't right.", Fix: "reconnect", Sample: "password.json"},
	{Path: code, Is: "M_UNKNOWN_TOKEN|M_MISSING_TOKEN", Class: connector.Reconnect, Say: "The session has ended. Connect again.", Fix: "reconnect", Sample: "unknown_token.json"},
	{Path: code, Is: "M_USER_LOCKED|M_USER_DEACTIVATED|M_USER_SUSPENDED", Class: connector.Rejected, Say: "This account is locked by its server.", Sample: "locked.json"},
	{Path: code, Is: "M_RESOURCE_LIMIT_EXCEEDED", Class: connector.Rejected, Say: "The server is over its limit. Tell its administrator.", Sample: "resource.json"},
	{Status: 403, Path: code, Is: "M_FORBIDDEN", Class: connector.Rejected, Say: "This account isn't in the room, or isn't allowed to write there.", Sample: "forbidden.json"},
	{On: "send", Status: 404, Path: code, Is: "M_NOT_FOUND", Class: connector.Rejected, Say: "The room is gone.", Sample: "not_found.json"},
	{Path: code, Is: "M_UNRECOGNIZED", Class: connector.Rejected, Say: "The server is too old, or isn't a Matrix server.", Sample: "unrecognized.json"},
	{On: "media.*", Path: code, Is: "M_TOO_LARGE", Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "file_too_large.json"},
	{On: "media.*", Status: 413, Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "proxy_too_large.json"},
	{On: "send", Path: code, Is: "M_TOO_LARGE", Class: connector.Rejected, Say: "The message is too large for an event.", Fix: "split", Sample: "too_large.json"},
	{Path: code, Is: "M_BAD_JSON|M_NOT_JSON|M_INVALID_PARAM", Class: connector.Rejected, Sample: "bad_json.json"},
	{Status: 429, Path: "retry_after_ms", Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Path: "retry_after_ms", As: connector.Millis, Else: time.Minute}, Sample: "limited.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "limited_by_header.json"},
	{Status: 503, Class: connector.Transient, Say: "The server is busy.", Until: connector.Until{Header: "Retry-After"}, Sample: "busy.json"},
}
