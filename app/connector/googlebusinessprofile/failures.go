package googlebusinessprofile

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table of errors.
var failures = connector.Failures{
	{On: "post|state", Path: "state", Is: "REJECTED", Class: connector.Rejected, Say: "Google looked at the post and refused it.", Sample: "rejected.json"},
	{On: "token|refresh", Status: 400, Path: "error", Is: "invalid_grant", Class: connector.Reconnect, Say: "Google ended our access. Connect again.", Fix: "reconnect", Sample: "grant.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Google ended our access. Connect again.", Fix: "reconnect", Sample: "unauthenticated.json"},
	{Status: 403, Has: "ACCESS_TOKEN_SCOPE_INSUFFICIENT", Class: connector.Reconnect, Say: "We lack the right to manage places. Connect again and allow it.", Fix: "reconnect", Sample: "scope.json"},
	{Status: 403, Has: "SERVICE_DISABLED|accessNotConfigured", Class: connector.Rejected, Say: "One of Google's three interfaces isn't enabled for the app. Its owner has to do that in Google Cloud.", Fix: "app", Sample: "disabled.json"},
	{Status: 403, Class: connector.Rejected, Say: "Whoever connected this place must manage it.", Sample: "denied.json"},
	{Status: 404, Class: connector.Rejected, Say: "The place, or the post, isn't there any more.", Sample: "gone.json"},
	{Status: 400, Has: "LOCATION_DISABLED_FOR_LOCAL_POST_API", Class: connector.Rejected, Say: "Google lets no app post for this place. That is so for some chains and kinds of business.", Sample: "no_posts.json"},
	{On: "post", Status: 400, Has: "PHOTO_FETCH_FAILED|PHOTO_UPLOAD_FAILED", Class: connector.Rejected, Say: "Google couldn't fetch the picture, or doesn't take it. Is this server's public address reachable?", Fix: "exclude", Sample: "photo.json"},
	{On: "post", Status: 400, Path: "error.status", Is: "FAILED_PRECONDITION", Class: connector.Rejected, Say: "This place has to be verified at Google first.", Sample: "unverified.json"},
	{On: "post", Status: 400, Path: "error.details.0.errorDetails.0.message", Has: "1500 characters", Class: connector.Rejected, Say: "The text is longer than the 1,500 that Google takes.", Fix: "cut", Sample: "too_long.json"},
	{On: "post", Status: 400, Path: "error.details.0.errorDetails.0.message", Has: "58 characters", Class: connector.Rejected, Say: "The title is longer than the 58 that Google takes.", Fix: "cut", Sample: "title_too_long.json"},
	{On: "post", Status: 400, Class: connector.Rejected, Sample: "invalid.json"},
	{On: "post", Status: 409, Class: connector.Duplicate, Say: "Google has this post already.", Sample: "exists.json"},
	{Status: 429, Path: "error.details.0.metadata.quota_limit_value", Is: "0", Class: connector.Rejected, Say: "Google hasn't given the app any quota. Its owner has to ask for access with the form for it.", Fix: "app", Sample: "no_quota.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Google asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "limited.json"},
}
