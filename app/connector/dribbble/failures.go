package dribbble

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table of errors.
var failures = connector.Failures{
	{Status: 401, Class: connector.Reconnect, Say: "Dribbble ended our access. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{On: "shot", Status: 403, Class: connector.Rejected, Say: "Dribbble doesn't let this account upload shots.", Sample: "forbidden.json"},
	{On: "shot", Status: 422, Path: "errors.0.attribute", Is: "image", Class: connector.Rejected, Say: "Dribbble doesn't take this picture. It wants 400 x 300 or 800 x 600 pixels, and 8 MB at most.", Fix: "resize", Sample: "image.json"},
	{On: "shot", Status: 422, Class: connector.Rejected, Sample: "invalid.json"},
	{On: "shot", Status: 400, Class: connector.Rejected, Sample: "bad.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Dribbble asks for a pause.", Until: connector.Until{Header: "X-RateLimit-Reset", As: connector.Unix, Else: time.Minute}, Sample: "limited.json"},
}
