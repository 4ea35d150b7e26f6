package nostr

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// why is where a relay says why it doesn't take an event: ["OK", id, false, "blocked: …"].
const why = "3"

// failures by the fact sheet's table. Rows of relays come first, then those of servers for files.
var failures = connector.Failures{
	{Path: why, Has: "rate-limited:", Class: connector.RateLimited, Say: "The relay asks for a pause.", Until: connector.Until{Else: time.Minute}, Sample: "rate_limited.json"},
	{Path: why, Has: "pow:", Class: connector.Rejected, Say: "The relay wants proof of work, which we don't give. Choose other relays.", Fix: "reconnect", Sample: "pow.json"},
	{Path: why, Has: "auth-required:", Class: connector.Rejected, Say: "The relay lets nobody write whom it doesn't know.", Fix: "reconnect", Sample: "auth_required.json"},
	{Path: why, Has: "blocked:|restricted:", Class: connector.Rejected, Say: "The relay doesn't let you write. Choose others.", Fix: "reconnect", Sample: "blocked.json"},
	{Path: why, Has: "invalid:", Class: connector.Rejected, Say: "The relay finds something wrong with the post; perhaps it is too long.", Sample: "invalid.json"},
	{Path: why, Has: "error:", Class: connector.Transient, Say: "The relay couldn't keep the post.", Sample: "error.json"},
	{On: "file.*", Status: 402, Class: connector.Rejected, Say: "The server for files wants to be paid.", Sample: "payment.json"},
	{On: "file.*", Status: 403, Class: connector.Rejected, Say: "The server for files doesn't take this file from you.", Sample: "file_forbidden.json"},
	{On: "file.*", Status: 413, Class: connector.Rejected, Say: "The file is too large for the server for files.", Fix: "resize", Sample: "file_too_large.json"},
	{On: "file.*", Status: 415, Class: connector.Rejected, Say: "The server for files doesn't take such a file.", Fix: "exclude", Sample: "file_type.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "limited.json"},
	{On: "file.*", Status: 503, Class: connector.Transient, Say: "The server is busy.", Until: connector.Until{Header: "Retry-After"}, Sample: "busy.json"},
}
