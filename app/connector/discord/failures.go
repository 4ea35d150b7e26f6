package discord

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table; Discord's codes are numbers.
var failures = connector.Failures{
	{Status: 404, Path: "code", Is: "10015", Class: connector.Reconnect, Say: "The webhook was deleted in Discord. Make a new one and enter its address.", Fix: "reconnect", Sample: "unknown_webhook.json"},
	{Status: 401, Path: "code", Is: "50027", Class: connector.Reconnect, Say: "Discord doesn't know this webhook address. Copy it again.", Fix: "reconnect", Sample: "invalid_token.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Discord doesn't let us in any more.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Status: 404, Path: "code", Is: "10003|10004", Class: connector.Reconnect, Say: "The channel or the server is gone.", Fix: "reconnect", Sample: "unknown_channel.json"},
	{Status: 403, Path: "code", Is: "50001|50013", Class: connector.Rejected, Say: "The webhook lacks the right to post in this channel.", Sample: "missing_access.json"},
	{Path: "code", Is: "50006", Class: connector.Rejected, Say: "Write something or add a file.", Sample: "empty.json"},
	{Path: "errors.content._errors.0.code", Is: "BASE_TYPE_MAX_LENGTH", Class: connector.Rejected, Say: "The text is too long for Discord.", Fix: "cut", Sample: "too_long.json"},
	{Path: "code", Is: "50035", Class: connector.Rejected, Sample: "invalid_form.json"},
	{Path: "code", Is: "50109", Class: connector.Rejected, Sample: "invalid_json.json"},
	{Status: 413, Class: connector.Rejected, Say: "The files are too large for this server.", Fix: "resize", Sample: "too_large.json"},
	{Path: "code", Is: "220001", Class: connector.Rejected, Say: "This webhook belongs to a forum: give the post a title.", Fix: "choose", Sample: "forum_title.json"},
	{Path: "code", Is: "220003", Class: connector.Rejected, Say: "This webhook's channel is no forum: leave the title empty.", Fix: "choose", Sample: "no_forum.json"},
	{Path: "code", Is: "40067", Class: connector.Rejected, Say: "This forum needs a tag on each post.", Fix: "choose", Sample: "tag_needed.json"},
	{Path: "code", Is: "200000|200001", Class: connector.Rejected, Say: "The server's automatic moderation refused the text.", Sample: "automod.json"},
	{Path: "code", Is: "50083", Class: connector.Rejected, Say: "The thread is archived.", Sample: "archived.json"},
	{Path: "code", Is: "160004", Class: connector.Duplicate, Say: "There is a thread for this message already.", Sample: "thread_exists.json"},
	{Status: 429, Path: "retry_after", Class: connector.RateLimited, Say: "Discord asks for a pause.", Until: connector.Until{Path: "retry_after", Else: time.Minute}, Sample: "limited.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Discord asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: 2 * time.Minute}, Sample: "limited_edge.json"},
}
