package mattermost

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table; the server names each refusal.
var failures = connector.Failures{
	{Status: 401, Class: connector.Reconnect, Say: "The server doesn't accept the token.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Path: "id", Is: "web.incoming_webhook.invalid.app_error", Class: connector.Reconnect, Say: "The webhook was deleted. Make a new one and enter its address.", Fix: "reconnect", Sample: "webhook_invalid.json"},
	{Path: "id", Is: "web.incoming_webhook.channel_locked.app_error", Class: connector.Rejected, Say: "The webhook is bound to its own channel: leave the other channel's name empty.", Fix: "choose", Sample: "webhook_locked.json"},
	{Path: "id", Is: "web.incoming_webhook.channel.app_error", Class: connector.Rejected, Say: "There is no channel of that name.", Fix: "choose", Sample: "webhook_channel.json"},
	{Path: "id", Has: "web.incoming_webhook.", Class: connector.Rejected, Sample: "webhook_refused.json"},
	{On: "message", Status: 404, Class: connector.Reconnect, Say: "Nothing is at the webhook's address.", Fix: "reconnect", Sample: "webhook_gone.json"},
	{On: "post|file.*", Status: 400, Path: "id", Is: "api.context.invalid_param.app_error", Class: connector.Reconnect, Say: "The channel is gone. Connect again with another one.", Fix: "reconnect", Sample: "channel_gone.json"},
	{On: "post", Path: "id", Has: "can_not_post_to_deleted", Class: connector.Rejected, Say: "The channel is archived.", Sample: "archived.json"},
	{On: "post", Path: "id", Has: "post_priority", Class: connector.Rejected, Say: "The server doesn't allow this priority here.", Fix: "choose", Sample: "priority.json"},
	{Path: "id", Is: "api.context.permissions.app_error", Class: connector.Rejected, Say: "The bot may not do that in this channel. Add it to the channel in Mattermost.", Sample: "permissions.json"},
	{On: "post", Path: "id", Is: "api.post.create_post.root_id.app_error|api.post.create_post.channel_root_id.app_error", Class: connector.Rejected, Say: "The post to answer is gone.", Sample: "root_gone.json"},
	{On: "post", Path: "id", Is: "model.post.is_valid.msg.app_error|model.post.is_valid.message_length.app_error", Class: connector.Rejected, Say: "The text is too long for this server.", Fix: "cut", Sample: "too_long.json"},
	{On: "post", Path: "id", Has: "model.post.is_valid.", Class: connector.Rejected, Sample: "invalid.json"},
	{On: "file.*", Path: "id", Has: "api.file.attachments.disabled|api.file.upload_file.storage", Class: connector.Rejected, Say: "The server takes no files.", Fix: "exclude", Sample: "files_off.json"},
	{On: "file.*", Path: "id", Has: "too_large|large_image", Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "too_large.json"},
	{Status: 413, Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "proxy_too_large.json"},
	{On: "who", Status: 404, Class: connector.Rejected, Say: "The server doesn't know this channel, or the bot isn't in it.", Sample: "channel_unknown.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Header: "X-RateLimit-Reset", Else: 10 * time.Second}, Sample: "limited.json"},
}
