package friendica

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet: the status decides; what is no JSON is doubt on the commit.
var failures = connector.Failures{
	{Status: 401, Class: connector.Reconnect, Say: "Your server ended our access. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Status: 403, Class: connector.Rejected, Sample: "forbidden.json"},
	{On: "status", Status: 404, Class: connector.Rejected, Say: "The post that this one answers is gone, or the server lost the files.", Sample: "gone.json"},
	{On: "upload.*", Status: 413, Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "too_large.json"},
	{Status: 422, Class: connector.Rejected, Sample: "unprocessable.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: 10 * time.Minute}, Sample: "limited.json"},
	{Status: 503, Class: connector.Transient, Say: "The server is busy.", Until: connector.Until{Header: "Retry-After"}, Sample: "busy.json"},
}
