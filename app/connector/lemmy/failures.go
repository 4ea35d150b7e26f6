package lemmy

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

const code = "error"

// failures by the fact sheet's table; the name of an error decides, whatever the status.
var failures = connector.Failures{
	{On: "who", Path: code, Is: "incorrect_login", Class: connector.Reconnect, Say: "Name or password isn't right.", Fix: "reconnect", Sample: "incorrect_login.json"},
	{On: "who", Path: code, Is: "missing_totp_token|incorrect_totp_token", Class: connector.Reconnect, Say: "Your account has a second factor: enter its six digits, a fresh code.", Fix: "reconnect", Sample: "missing_totp.json"},
	{On: "who", Path: code, Is: "email_not_verified", Class: connector.Rejected, Say: "Confirm your e-mail address on this server first.", Sample: "email.json"},
	{On: "who", Path: code, Is: "registration_application_is_pending", Class: connector.Rejected, Say: "Your account still waits for its approval on this server.", Sample: "pending.json"},
	{Path: code, Is: "not_logged_in|incorrect_login", Class: connector.Reconnect, Say: "Your session on this server has ended. Connect again.", Fix: "reconnect", Sample: "not_logged_in.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Your session on this server has ended. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Path: code, Is: "rate_limit_error|too_many_requests", Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Else: time.Minute}, Sample: "rate_limit.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "limited.json"},
	{Path: code, Is: "site_ban|person_is_banned_from_community|banned_from_community|banned", Class: connector.Rejected, Say: "This account is banned there.", Sample: "banned.json"},
	{On: "post", Path: code, Is: "only_mods_can_post_in_community", Class: connector.Rejected, Say: "Only moderators may post in this community.", Fix: "choose", Sample: "only_mods.json"},
	{On: "post", Path: code, Is: "couldnt_find_community|not_found", Class: connector.Rejected, Say: "The community is gone.", Fix: "choose", Sample: "no_community.json"},
	{On: "comment", Path: code, Is: "couldnt_find_post|couldnt_find_comment|not_found|locked|deleted", Class: connector.Rejected, Say: "What this comment stands under is gone or closed.", Sample: "no_post.json"},
	{On: "post", Path: code, Is: "invalid_post_title|invalid_name", Class: connector.Rejected, Say: "The server doesn't take this title.", Sample: "title.json"},
	{Path: code, Is: "invalid_body_field", Class: connector.Rejected, Say: "The text is too long for this server.", Fix: "cut", Sample: "body.json"},
	{On: "post", Path: code, Is: "alt_text_length_overflow", Class: connector.Rejected, Say: "The alt text is too long for this server.", Fix: "alt", Sample: "alt.json"},
	{On: "post", Path: code, Is: "url_length_overflow|invalid_url|invalid_url_scheme|blocked_url", Class: connector.Rejected, Say: "The server doesn't take this link.", Sample: "url.json"},
	{Path: code, Is: "slurs", Class: connector.Rejected, Say: "The server doesn't take some of the words.", Sample: "slurs.json"},
	{On: "post", Path: code, Is: "nsfw_not_allowed", Class: connector.Rejected, Say: "This server takes nothing that is not safe for work.", Sample: "nsfw.json"},
	{On: "post", Path: code, Is: "language_not_allowed", Class: connector.Rejected, Say: "This community doesn't take posts in this language.", Fix: "choose", Sample: "language.json"},
	{On: "image.*", Path: code, Is: "pictrs_response_error", Class: connector.Transient, Say: "The server's store of pictures doesn't answer.", Sample: "pictrs.json"},
	{On: "image.*", Path: code, Is: "pictrs_invalid_image_upload|not_an_image_type", Class: connector.Rejected, Say: "The server doesn't take such a picture.", Fix: "exclude", Sample: "not_an_image.json"},
	{On: "image.*", Path: code, Is: "image_upload_disabled", Class: connector.Rejected, Say: "This server takes no pictures.", Fix: "exclude", Sample: "no_images.json"},
	{On: "image.*", Status: 413, Class: connector.Rejected, Say: "The picture is too large for this server.", Fix: "resize", Sample: "too_large.json"},
	{On: "post|comment", Path: code, Is: "couldnt_create|couldnt_create_post|couldnt_create_comment|unknown", Class: connector.Uncertain, Sample: "couldnt_create.json"},
	{Status: 503, Class: connector.Transient, Say: "The server is busy.", Until: connector.Until{Header: "Retry-After"}, Sample: "busy.json"},
}
