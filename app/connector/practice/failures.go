package practice

import "github.com/omniposto/omniposto/app/connector"

// failures is the table of the platform's refusals; the first row that fits wins, so the special stands before the
// general. A row looks like this, with a real body in testdata that names its source and day:
//
//	{Status: 422, Has: "character limit", Class: connector.Rejected, Say: "Too long for this server.", Fix: "cut", Sample: "too_long.json"},
//	{Status: 429, Class: connector.RateLimited, Until: connector.Until{Header: "Retry-After"}, Sample: "limited.json"},
//
// Our own feed answers with no codes: what breaks is the store, and that is transient without a row.
var failures = connector.Failures{}
