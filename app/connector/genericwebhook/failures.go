package genericwebhook

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table. A 5xx on the event itself is doubt, whatever stands here, and ends by the kind.
var failures = connector.Failures{
	{Status: 3, Class: connector.Rejected, Say: "The address has moved. Enter the new one.", Fix: "reconnect", Sample: "moved.json"},
	{Status: 400, Class: connector.Rejected, Sample: "bad_request.json"},
	{Status: 422, Class: connector.Rejected, Sample: "unprocessable.json"},
	{Status: 401, Class: connector.Reconnect, Say: "The receiver didn't accept secret or header.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Status: 403, Class: connector.Reconnect, Say: "The receiver didn't accept secret or header.", Fix: "reconnect", Sample: "forbidden.json"},
	{Status: 404, Class: connector.Reconnect, Say: "Nothing is at this address.", Fix: "reconnect", Sample: "not_found.json"},
	{Status: 410, Class: connector.Reconnect, Say: "The receiver wants no more events.", Fix: "reconnect", Sample: "gone.json"},
	{Status: 413, Class: connector.Rejected, Say: "The event is too large for the receiver.", Fix: "cut", Sample: "too_large.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The receiver asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "limited.json"},
	{Status: 503, Class: connector.RateLimited, Say: "The receiver is busy.", Until: connector.Until{Header: "Retry-After", Else: time.Minute}, Sample: "busy.json"},
	{Status: 502, Class: connector.Transient, Say: "The receiver is out of order.", Sample: "bad_gateway.json"},
}
