package medium

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table.
var failures = connector.Failures{
	{Path: "errors.0.code", Is: "6000|6001|6002|6003", Class: connector.Reconnect, Say: "Medium doesn't accept the token.", Fix: "reconnect", Sample: "token_invalid.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Medium doesn't accept the token.", Fix: "reconnect", Sample: "unauthorized.json"},
	{On: "story", Status: 403, Class: connector.Rejected, Say: "You may not publish there. Writers of a publication may only hand in drafts.", Fix: "choose", Sample: "forbidden.json"},
	{On: "image.*", Status: 400, Class: connector.Rejected, Say: "Medium doesn't take this picture.", Fix: "exclude", Sample: "image_refused.json"},
	{On: "story", Status: 400, Class: connector.Rejected, Sample: "invalid.json"},
	{On: "story", Status: 404, Class: connector.Rejected, Say: "Medium doesn't know this publication.", Fix: "choose", Sample: "not_found.json"},
	{Status: 413, Class: connector.Rejected, Say: "The picture is too large for Medium.", Fix: "resize", Sample: "too_large.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Medium asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Hour}, Sample: "limited.json"},
}
