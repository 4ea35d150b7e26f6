package devto

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table. A limit may be answered in plain text.
var failures = connector.Failures{
	{Status: 401, Class: connector.Reconnect, Say: "The API key isn't accepted.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Status: 403, Class: connector.Rejected, Say: "DEV doesn't let this API key do that.", Sample: "forbidden.json"},
	{On: "publish", Status: 404, Class: connector.Transient, Say: "The draft was deleted on DEV; it is made again.", Forget: []string{"draft"}, Sample: "draft_gone.json"},
	{On: "who|draft", Status: 404, Class: connector.Rejected, Say: "Forem's API isn't at this address.", Sample: "not_found.json"},
	{On: "draft", Status: 422, Path: "error", Has: "last five minutes", Class: connector.RateLimited, Say: "DEV takes the same title only every five minutes.", Until: connector.Until{Else: 5 * time.Minute}, Sample: "title_used.json"},
	{Status: 422, Path: "error", Has: "canonical url has already been taken", Class: connector.Duplicate, Say: "An article with this first address stands on DEV already.", Sample: "canonical_taken.json"},
	{Status: 422, Path: "error", Has: "body markdown has already been taken", Class: connector.Duplicate, Say: "The same article stands on this site already.", Sample: "body_taken.json"},
	{Status: 422, Path: "error", Has: "tag", Class: connector.Rejected, Fix: "choose", Sample: "tags.json"},
	{Status: 422, Class: connector.Rejected, Sample: "invalid.json"},
	{Status: 400, Class: connector.Rejected, Sample: "bad_request.json"},
	{Status: 429, Class: connector.RateLimited, Say: "DEV asks for a pause.", Until: connector.Until{Header: "Retry-After", Words: `in (\d+) (second|minute)`, Else: 30 * time.Second}, Sample: "limited.json"},
	{Status: 503, Class: connector.Transient, Say: "DEV is busy.", Until: connector.Until{Header: "Retry-After"}, Sample: "busy.json"},
}
