package hashnode

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

const code = "errors.0.extensions.code"

// failures by Hashnode's own table; nearly all come in an answer of status 200. Errors of other codes are its own trouble:
// doubt when publishing, and at any other step a reason to try again.
var failures = connector.Failures{
	{Path: code, Is: "UNAUTHENTICATED", Class: connector.Reconnect, Say: "Hashnode doesn't accept the token.", Fix: "reconnect", Sample: "unauthenticated.json"},
	{Path: "errors.0.message", Has: "pro plan", Class: connector.Rejected, Say: "This publication needs Hashnode Pro: only then programs may write to it.", Sample: "pro_plan.json"},
	{Path: code, Is: "FORBIDDEN", Class: connector.Rejected, Say: "You may not publish in this publication.", Sample: "forbidden.json"},
	{Path: code, Is: "BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED|GRAPHQL_PARSE_FAILED", Class: connector.Rejected, Sample: "bad_input.json"},
	{Path: code, Is: "NOT_FOUND", Class: connector.Rejected, Say: "Hashnode doesn't find this publication or article.", Sample: "not_found.json"},
	{Path: code, Is: "RATE_LIMITED|TOO_MANY_REQUESTS", Class: connector.RateLimited, Say: "Hashnode asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "rate_limited.json"},
	{On: "publish", Path: "errors.0.message", Class: connector.Uncertain, Sample: "internal_publish.json"},
	{On: "[^p]*", Path: "errors.0.message", Class: connector.Transient, Say: "Hashnode is out of order.", Sample: "internal.json"},
	{On: "image.*", Status: 400, Has: "EntityTooLarge", Class: connector.Rejected, Say: "The picture is larger than the 8 MB that Hashnode takes.", Fix: "resize", Sample: "too_large.json"},
	{On: "publish", Status: 413, Class: connector.Rejected, Say: "The article is larger than the 100 KB that Hashnode takes.", Fix: "cut", Sample: "body_too_large.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Hashnode asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "limited.json"},
}
