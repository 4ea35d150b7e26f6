package whop

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table of errors.
var failures = connector.Failures{
	{On: "refresh", Has: "invalid_grant", Class: connector.Reconnect, Say: "Whop ended our access. Connect again.", Fix: "reconnect", Sample: "grant.json"},
	{Status: 4, Has: "insufficient_scope", Class: connector.Reconnect, Say: "We lack a right at Whop. Connect again and allow everything.", Fix: "reconnect", Sample: "scope.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Whop ended our access. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{On: "post|comment", Status: 4, Has: "not_found", Class: connector.Rejected, Say: "The forum, or the post, isn't there any more.", Sample: "not_found.json"},
	{On: "post|comment|file.*", Status: 4, Has: "invalid_request", Class: connector.Rejected, Sample: "invalid.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Whop asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "limited.json"},
	{On: "ready.*", Path: "upload_status", Is: "failed", Class: connector.Rejected, Say: "Whop couldn't use the file.", Fix: "exclude", Sample: "file_failed.json"},
}
