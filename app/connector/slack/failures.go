package slack

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// notPosting are all steps but "post".
const notPosting = "[^p]*"

// failures by the fact sheet's table. Methods refuse inside an answer of status 200; webhooks say a word with a status.
// What is Slack's own trouble is doubt when posting, and at any other step a reason to try again.
var failures = connector.Failures{
	{Path: "error", Is: "invalid_auth|not_authed|token_revoked|token_expired|account_inactive", Class: connector.Reconnect, Say: "Slack doesn't accept the token any more.", Fix: "reconnect", Sample: "invalid_auth.json"},
	{Path: "error", Is: "missing_scope|no_permission", Class: connector.Reconnect, Say: "The app lacks a right. Add it in the app's settings, install the app again, and connect anew.", Fix: "reconnect", Sample: "missing_scope.json"},
	{On: "who", Path: "error", Is: "channel_not_found", Class: connector.Rejected, Say: "There is no such channel, or it is private and the bot isn't in it.", Sample: "who_channel.json"},
	{Path: "error", Is: "channel_not_found", Class: connector.Reconnect, Say: "The channel is gone, or it became private and the bot isn't in it.", Fix: "reconnect", Sample: "channel_not_found.json"},
	{Path: "error", Is: "not_in_channel", Class: connector.Rejected, Say: "The bot isn't in the channel any more. Invite it there.", Sample: "not_in_channel.json"},
	{Path: "error", Is: "is_archived", Class: connector.Rejected, Say: "The channel is archived.", Sample: "is_archived.json"},
	{Path: "error", Is: "msg_too_long", Class: connector.Rejected, Say: "The text is too long for Slack.", Fix: "cut", Sample: "msg_too_long.json"},
	{Path: "error", Is: "cannot_reply_to_message|thread_not_found", Class: connector.Rejected, Say: "The message to answer is gone or takes no answers.", Sample: "cannot_reply.json"},
	{Path: "error", Is: "no_text|invalid_blocks|invalid_blocks_format|too_many_attachments", Class: connector.Rejected, Say: "Slack refused the message as empty or badly built.", Sample: "no_text.json"},
	{Path: "error", Is: "restricted_action|restricted_action_read_only_channel|restricted_action_thread_only_channel|ekm_access_denied|access_denied|posting_to_channel_denied", Class: connector.Rejected, Say: "The workspace's rules don't let the bot post there.", Sample: "restricted.json"},
	{Path: "error", Is: "ratelimited|rate_limited|message_limit_exceeded", Class: connector.RateLimited, Say: "Slack asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "ratelimited.json"},
	{On: "post", Path: "error", Is: "file_not_found", Class: connector.Transient, Say: "The files are gone on Slack; they are sent again.", Forget: []string{"file.*"}, Sample: "file_not_found.json"},
	{On: "post", Path: "error", Is: "internal_error|fatal_error|service_unavailable|request_timeout|file_update_failed", Class: connector.Uncertain, Sample: "internal_post.json"},
	{On: notPosting, Path: "error", Is: "internal_error|fatal_error|service_unavailable|request_timeout|file_update_failed", Class: connector.Transient, Say: "Slack is out of order.", Sample: "internal.json"},
	{On: "post", Status: 403, Has: "invalid_token", Class: connector.Reconnect, Say: "The webhook isn't accepted any more. Make a new one and enter its address.", Fix: "reconnect", Sample: "hook_token.json"},
	{On: "post", Status: 404, Has: "no_service|no_team", Class: connector.Reconnect, Say: "The webhook was taken away. Make a new one and enter its address.", Fix: "reconnect", Sample: "hook_gone.json"},
	{On: "post", Status: 403, Has: "action_prohibited", Class: connector.Rejected, Say: "The workspace's rules don't let the webhook post there.", Sample: "hook_prohibited.json"},
	{On: "post", Status: 404, Has: "channel_not_found", Class: connector.Rejected, Say: "The webhook's channel is gone.", Sample: "hook_channel.json"},
	{On: "post", Status: 410, Has: "channel_is_archived", Class: connector.Rejected, Say: "The webhook's channel is archived.", Sample: "hook_archived.json"},
	{On: "post", Status: 400, Has: "invalid_payload|no_text", Class: connector.Rejected, Say: "Slack refused the message as empty or badly built.", Sample: "hook_payload.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Slack asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "limited.json"},
	{Path: "ok", Is: "false", Class: connector.Rejected, Sample: "unknown.json"},
}
