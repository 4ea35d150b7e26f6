package x

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// reset is where X says when a limit begins anew.
var reset = connector.Until{Header: "X-Rate-Limit-Reset", As: connector.Unix, Else: 15 * time.Minute}

// uploaded are the steps whose results die with X's copy of a file, a day after it came.
var uploaded = []string{"upload.*", "start.*", "part.*", "final.*", "ready.*", "alt.*"}

// failures by the fact sheet's table of errors.
var failures = connector.Failures{
	{On: "refresh", Status: 400, Path: "error", Is: "invalid_request|invalid_grant", Class: connector.Reconnect, Say: "X ended our access. Connect again.", Fix: "reconnect", Sample: "refresh.json"},
	{On: "post", Status: 403, Path: "detail", Has: "duplicate content", Class: connector.Duplicate, Say: "These words were posted already. Change them.", Sample: "duplicate.json"},
	{On: "post", Status: 403, Path: "detail", Has: "only reply to or quote|reply to this conversation is not allowed", Class: connector.Rejected, Say: "X lets apps answer or quote only posts that mention this account or are its own.", Sample: "reply.json"},
	{On: "post", Status: 403, Has: "one cashtag", Class: connector.Rejected, Say: "X takes one $TICKER a post.", Sample: "cashtag.json"},
	{Status: 403, Has: "user-suspended|account is suspended", Class: connector.Reconnect, Say: "X suspended this account.", Fix: "reconnect", Sample: "suspended.json"},
	{Status: 403, Path: "type", Has: "unsupported-authentication", Class: connector.Reconnect, Say: "X doesn't take this kind of access. Connect again.", Fix: "reconnect", Sample: "unsupported.json"},
	{Status: 403, Has: "client-forbidden|client forbidden", Class: connector.Rejected, Say: "The app isn't allowed to do this. Its owner has to give it the right to write, and enrol it in a project at X.", Fix: "app", Sample: "client.json"},
	{On: "post", Status: 403, Path: "detail", Has: "not permitted to perform this action", Class: connector.Rejected, Say: "X refused this post without saying why: it may be too long, need another plan, or answer somebody it may not. Change it, or try later by hand.", Sample: "not_permitted.json"},
	{On: "post", Status: 400, Has: "media ids are invalid", Class: connector.Transient, Say: "X no longer has the files; they are sent again.", Forget: uploaded, Sample: "media_gone.json"},
	{On: "post", Status: 400, Has: "longer than 2 minutes", Class: connector.Rejected, Say: "The video is too long for this account.", Fix: "cut", Sample: "video_long.json"},
	{Status: 400, Path: "type", Has: "invalid-request", Class: connector.Rejected, Sample: "invalid.json"},
	{Status: 401, Class: connector.Reconnect, Say: "X ended our access. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Status: 402, Class: connector.RateLimited, Say: "The app's owner has no credits left at X.", Fix: "app", Until: connector.Until{Else: time.Hour}, Sample: "credits.json"},
	{Status: 429, Path: "type", Has: "usage-capped", Class: connector.RateLimited, Say: "The app's cap for this month is reached.", Fix: "app", Until: connector.Until{Else: 12 * time.Hour}, Sample: "capped.json"},
	{Status: 429, Class: connector.RateLimited, Say: "X asks for a pause.", Until: reset, Sample: "limited.json"},
	{On: "final.*|ready.*", Path: "data.processing_info.state", Is: "failed", Class: connector.Rejected, Say: "X couldn't process the video.", Fix: "exclude", Sample: "processing_failed.json"},
}
