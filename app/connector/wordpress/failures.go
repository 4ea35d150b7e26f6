package wordpress

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table.
var failures = connector.Failures{
	{Path: "code", Is: "incorrect_password|invalid_username|rest_not_logged_in", Class: connector.Reconnect, Say: "User name or application password weren't accepted. Some web servers drop them on the way; the site's host can say.", Fix: "reconnect", Sample: "incorrect_password.json"},
	{Path: "code", Has: "application_passwords_disabled", Class: connector.Reconnect, Say: "The site has turned application passwords off.", Fix: "reconnect", Sample: "passwords_off.json"},
	{Path: "code", Has: "rest_cannot_|rest_forbidden", Class: connector.Rejected, Say: "This user lacks the right to do that on the site.", Sample: "cannot_create.json"},
	{Status: 404, Path: "code", Is: "rest_no_route", Class: connector.Rejected, Say: "The site's REST API is missing or blocked.", Sample: "no_route.json"},
	{On: "publish", Status: 404, Path: "code", Is: "rest_post_invalid_id", Class: connector.Transient, Say: "The draft was deleted on the site; it is made again.", Forget: []string{"draft"}, Sample: "post_gone.json"},
	{On: "comment", Path: "code", Is: "comment_duplicate", Class: connector.Duplicate, Say: "This comment stands under the article already.", Sample: "comment_duplicate.json"},
	{On: "comment", Path: "code", Is: "comment_flood", Class: connector.Transient, Say: "The site asks for a pause between comments.", Sample: "comment_flood.json"},
	{Path: "code", Is: "rest_comment_closed", Class: connector.Rejected, Say: "Comments are closed there.", Sample: "comment_closed.json"},
	{Path: "code", Is: "rest_invalid_param|rest_missing_callback_param", Class: connector.Rejected, Sample: "invalid_param.json"},
	{Path: "code", Is: "empty_content", Class: connector.Rejected, Say: "Write something first.", Sample: "empty_content.json"},
	{On: "media.*", Path: "code", Is: "rest_upload_unknown_error|rest_upload_sideload_error|rest_upload_file_too_big|rest_upload_user_quota_exceeded", Class: connector.Rejected, Say: "The site doesn't take this kind or size of file.", Fix: "exclude", Sample: "upload_error.json"},
	{Status: 413, Class: connector.Rejected, Say: "The file is too large for this site.", Fix: "resize", Sample: "too_large.json"},
	{Status: 403, Has: "<html|<!doctype", Class: connector.Rejected, Say: "A security plug-in or the site's host blocks the REST API.", Sample: "firewall.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The site asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: 5 * time.Minute}, Sample: "limited.json"},
	{Status: 503, Class: connector.Transient, Say: "The site is busy or being updated.", Until: connector.Until{Header: "Retry-After"}, Sample: "busy.json"},
}
