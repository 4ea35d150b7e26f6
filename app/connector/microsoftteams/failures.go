package microsoftteams

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

const code = "error.code"

// failures by the fact sheet's table.
var failures = connector.Failures{
	{Path: code, Is: "WorkflowTriggerIsNotEnabled|WorkflowDisabled|WorkflowSuspended", Class: connector.Reconnect, Say: "The workflow is off or was deleted. Turn it on in Teams, or make a new one and enter its address.", Fix: "reconnect", Sample: "not_enabled.json"},
	{Path: code, Is: "DirectApiAuthorizationRequired|AuthorizationFailed|DirectApiInvalidAuthorizationScheme", Class: connector.Reconnect, Say: "The address is incomplete, or the workflow's trigger isn't open to anyone.", Fix: "reconnect", Sample: "authorization.json"},
	{Status: 401, Class: connector.Reconnect, Say: "The address isn't accepted any more. Copy it again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Status: 404, Class: connector.Reconnect, Say: "The workflow was deleted. Make a new one and enter its address.", Fix: "reconnect", Sample: "not_found.json"},
	{Status: 410, Class: connector.Reconnect, Say: "The workflow was deleted. Make a new one and enter its address.", Fix: "reconnect", Sample: "gone.json"},
	{Path: code, Is: "TriggerInputSchemaMismatch", Class: connector.Rejected, Say: "The workflow expects something else. Make it from the template, without a schema of its own.", Sample: "schema.json"},
	{Status: 413, Class: connector.Rejected, Say: "The card is larger than Teams takes.", Fix: "cut", Sample: "too_large.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The workflow asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "throttled.json"},
	{Status: 400, Class: connector.Rejected, Sample: "invalid_content.json"},
}
