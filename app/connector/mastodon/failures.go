package mastodon

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// reset is where Mastodon says when a limit begins anew.
var reset = connector.Until{Header: "X-RateLimit-Reset", As: connector.RFC3339, Else: 5 * time.Minute}

// failures by the fact sheet's table of errors.
var failures = connector.Failures{
	{On: "token", Status: 400, Path: "error", Is: "invalid_grant", Class: connector.Reconnect, Say: "The sign-in has run out. Start connecting again.", Fix: "reconnect", Sample: "invalid_grant.json"},
	{On: "token", Status: 401, Path: "error", Is: "invalid_client", Class: connector.Reconnect, Say: "Your server doesn't know us any more. Start connecting again.", Fix: "reconnect", Sample: "invalid_client.json"},
	{On: "token", Status: 400, Path: "error", Is: "invalid_scope", Class: connector.Reconnect, Say: "Your server doesn't give us the rights that we need. Start connecting again.", Fix: "reconnect", Sample: "invalid_scope.json"},
	{On: "register", Status: 422, Class: connector.Rejected, Sample: "redirect_uri.json"},
	{Status: 401, Path: "error", Has: "access token", Class: connector.Reconnect, Say: "Your server ended our access. Connect again.", Fix: "reconnect", Sample: "token_invalid.json"},
	{Status: 401, Path: "error", Has: "authenticated user", Class: connector.Reconnect, Say: "Your server ended our access. Connect again.", Fix: "reconnect", Sample: "unauthenticated.json"},
	{Status: 403, Path: "error", Has: "authorized scopes", Class: connector.Reconnect, Say: "We lack the right to post. Connect again and grant it.", Fix: "reconnect", Sample: "scopes.json"},
	{Status: 403, Path: "error", Has: "disabled|confirmed|pending|suspended", Class: connector.Rejected, Say: "Your server has disabled this account.", Sample: "disabled.json"},
	{On: "status", Status: 422, Path: "error", Has: "can't be blank", Class: connector.Rejected, Say: "Write something or add a file.", Sample: "blank.json"},
	{On: "status", Status: 422, Path: "error", Has: "character limit", Class: connector.Rejected, Say: "The text is too long for this server.", Fix: "cut", Sample: "too_long.json"},
	{On: "upload.*", Status: 422, Path: "error", Has: "content type is invalid|file is invalid", Class: connector.Rejected, Say: "This server doesn't take such a file.", Fix: "exclude", Sample: "file_invalid.json"},
	{On: "status", Status: 422, Path: "error", Has: "finished processing", Class: connector.Processing, Say: "The server still works on the files.", Until: connector.Until{Else: 10 * time.Second}, Sample: "processing.json"},
	{On: "status", Status: 422, Path: "error", Has: "not found|already attached|already been used", Class: connector.Duplicate, Say: "The server doesn't know these files any more, or has them in a post already.", Forget: []string{"upload.*", "ready.*"}, Sample: "attached.json"},
	{On: "status", Status: 422, Path: "error", Has: "more than 4 files|already contains images", Class: connector.Rejected, Say: "This server doesn't take these files together.", Fix: "exclude", Sample: "mixed.json"},
	{On: "upload.*", Status: 413, Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "too_large.json"},
	{On: "ready.*", Status: 404, Class: connector.Transient, Say: "The server lost the file; it is sent again.", Forget: []string{"upload.*", "ready.*"}, Sample: "media_gone.json"},
	{On: "ready.*", Status: 422, Class: connector.Rejected, Say: "The server couldn't use the file.", Fix: "exclude", Sample: "media_failed.json"},
	{On: "status", Status: 404, Class: connector.Rejected, Say: "The post that this one answers or quotes is gone.", Sample: "parent_gone.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The server asks for a pause.", Until: reset, Sample: "limited.json"},
	{On: "upload.*", Status: 500, Path: "error", Has: "processing thumbnail", Class: connector.Rejected, Say: "The server couldn't use the file.", Fix: "exclude", Sample: "thumbnail.json"},
	{Status: 503, Class: connector.Transient, Say: "The server is busy.", Until: connector.Until{Header: "Retry-After"}, Sample: "busy.json"},
}
