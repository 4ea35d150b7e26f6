package reddit

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// code is where a refusal's name stands, in an answer with status 200.
const code = "json.errors.0.0"

// failures by the fact sheet's table of errors.
var failures = connector.Failures{
	{On: "submit|comment", Path: code, Is: "RATELIMIT", Class: connector.RateLimited, Say: "Reddit asks this account for a pause.", Until: connector.Until{Path: "json.ratelimit", Words: `(\d+) (second|minute|hour)`, Else: 10 * time.Minute}, Sample: "ratelimit.json"},
	{On: "submit", Path: code, Is: "QUOTA_FILLED", Class: connector.RateLimited, Say: "This account's posts for now are used up.", Until: connector.Until{Else: time.Hour}, Sample: "quota.json"},
	{On: "submit", Path: code, Is: "ALREADY_SUB", Class: connector.Duplicate, Say: "This link was posted there already.", Sample: "already.json"},
	{On: "submit", Path: code, Is: "SUBREDDIT_NOEXIST|BAD_SR_NAME", Class: connector.Rejected, Say: "There is no such community.", Fix: "choose", Sample: "noexist.json"},
	{On: "submit|comment", Path: code, Is: "SUBREDDIT_NOTALLOWED|SUBREDDIT_REQUIRED|USER_BLOCKED", Class: connector.Rejected, Say: "This account may not post there.", Fix: "exclude", Sample: "notallowed.json"},
	{On: "submit", Path: code, Is: "NO_LINKS|NO_SELFS|NO_IMAGES|NO_VIDEOS|NO_SPOILERS", Class: connector.Rejected, Say: "This community doesn't take such posts.", Fix: "exclude", Sample: "kind.json"},
	{On: "submit", Path: code, Is: "SUBMIT_VALIDATION_FLAIR_REQUIRED|BAD_FLAIR_TEMPLATE_ID", Class: connector.Rejected, Say: "This community wants a flair. Choose one of its own.", Fix: "choose", Sample: "flair.json"},
	{On: "submit|comment", Path: code, Is: "USER_REQUIRED", Class: connector.Reconnect, Say: "Reddit ended our access. Connect again.", Fix: "reconnect", Sample: "user_required.json"},
	{On: "submit|comment", Path: code, Class: connector.Rejected, Sample: "validation.json"},
	{On: "upload.*|poster", Status: 400, Has: "EntityTooLarge", Class: connector.Rejected, Say: "The file is too large for Reddit.", Fix: "resize", Sample: "too_large.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Reddit ended our access. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{On: "rules", Status: 403, Class: connector.Rejected, Say: "This community is closed to this account.", Fix: "exclude", Sample: "forbidden.json"},
	{On: "rules", Status: 404, Class: connector.Rejected, Say: "There is no such community.", Fix: "choose", Sample: "not_found.json"},
	{On: "submit|comment", Status: 403, Class: connector.Rejected, Say: "Reddit doesn't let this account post there.", Fix: "exclude", Sample: "banned.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Reddit asks for a pause.", Until: connector.Until{Header: "X-Ratelimit-Reset", Else: 5 * time.Minute}, Sample: "limited.json"},
}
