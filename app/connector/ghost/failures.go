package ghost

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table; Ghost names the type of each refusal.
var failures = connector.Failures{
	{Path: "errors.0.code", Is: "INVALID_JWT|UNKNOWN_ADMIN_API_KEY|INVALID_AUTH_HEADER", Class: connector.Reconnect, Say: "The site doesn't accept the Admin API key. It may be wrong, or the clocks of both servers differ.", Fix: "reconnect", Sample: "invalid_key.json"},
	{Status: 401, Class: connector.Reconnect, Say: "The site doesn't accept the Admin API key.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Path: "errors.0.type", Is: "HostLimitError", Class: connector.Rejected, Say: "The site's plan doesn't allow that.", Sample: "host_limit.json"},
	{Path: "errors.0.type", Is: "NoPermissionError", Class: connector.Rejected, Say: "The key lacks the right to do that on the site.", Sample: "no_permission.json"},
	{On: "publish", Status: 404, Path: "errors.0.type", Is: "NotFoundError", Class: connector.Transient, Say: "The draft was deleted on the site; it is made again.", Forget: []string{"draft"}, Sample: "draft_gone.json"},
	{On: "who|upload.*|draft", Status: 404, Class: connector.Rejected, Say: "Ghost's Admin API isn't at this address.", Sample: "not_found.json"},
	{Path: "errors.0.type", Is: "RequestNotAcceptableError", Class: connector.Rejected, Say: "This version of Ghost is too old or too new for us.", Sample: "not_acceptable.json"},
	{On: "publish", Path: "errors.0.type", Is: "UpdateCollisionError", Class: connector.Transient, Say: "Somebody changed the draft on the site; its new version is read.", Forget: []string{"draft"}, Sample: "collision.json"},
	{Path: "errors.0.type", Is: "ValidationError", Class: connector.Rejected, Sample: "validation.json"},
	{Status: 413, Class: connector.Rejected, Say: "The file is too large for this site.", Fix: "resize", Sample: "too_large.json"},
	{Path: "errors.0.type", Is: "UnsupportedMediaTypeError", Class: connector.Rejected, Say: "The site doesn't take this kind of file.", Fix: "exclude", Sample: "unsupported.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The site asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: 5 * time.Minute}, Sample: "limited.json"},
	{Status: 503, Class: connector.Transient, Say: "The site is busy or being updated.", Until: connector.Until{Header: "Retry-After"}, Sample: "maintenance.json"},
}
