package linkedin

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// named is the earlier post that LinkedIn names when it refuses a repetition.
const named = `duplicate of (urn:li:[A-Za-z]+:\d+)`

// failures by the fact sheet's table of errors.
var failures = connector.Failures{
	{Status: 401, Class: connector.Reconnect, Say: "LinkedIn ended our access. Connect again.", Fix: "reconnect", Sample: "revoked.json"},
	{Status: 403, Path: "message", Has: "not enough permissions", Class: connector.Reconnect, Say: "LinkedIn doesn't let us do this any more. For a page you must be its administrator; connect again.", Fix: "reconnect", Sample: "permissions.json"},
	{Status: 403, Path: "message", Has: "resource is forbidden", Class: connector.Transient, Say: "LinkedIn refused for a moment.", Sample: "forbidden.json"},
	{On: "post", Status: 422, Path: "errorDetails.inputErrors.0.code", Is: "DUPLICATE_POST", Class: connector.Duplicate, Say: "LinkedIn has these words already. Change them.", Names: named, Sample: "duplicate.json"},
	{On: "post", Status: 422, Path: "message", Has: "duplicate of urn:li", Class: connector.Duplicate, Say: "LinkedIn has these words already. Change them.", Names: named, Sample: "duplicate_words.json"},
	{On: "post|comment", Status: 400, Path: "message", Has: "processing", Class: connector.Processing, Say: "LinkedIn still works on the files.", Until: connector.Until{Else: 10 * time.Second}, Sample: "processing.json"},
	{On: "post", Status: 422, Path: "errorDetails.inputErrors.0.code", Is: "FIELD_LENGTH_TOO_LONG", Class: connector.Rejected, Say: "The text is too long for LinkedIn.", Fix: "cut", Sample: "too_long.json"},
	{On: "post|comment|upload.*|start|part.*|final", Status: 422, Class: connector.Rejected, Sample: "invalid.json"},
	{Status: 426, Class: connector.Rejected, Say: "LinkedIn ended this version of its API. An administrator has to enter a newer one in the app's credentials.", Fix: "app", Sample: "version.json"},
	{Status: 429, Class: connector.RateLimited, Say: "LinkedIn's limit for today is reached.", Until: connector.Until{Next: "utc"}, Sample: "limited.json"},
	{On: "available|ready.*", Path: "status", Is: "PROCESSING_FAILED", Class: connector.Rejected, Say: "LinkedIn couldn't use the file.", Fix: "exclude", Sample: "processing_failed.json"},
}
