package vk

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// code is where a refusal's number stands, in an answer with status 200.
const code = "error.error_code"

// failures by the fact sheet's table of errors.
var failures = connector.Failures{
	{Path: code, Is: "5|27|28", Class: connector.Reconnect, Say: "VK ended our access. Connect again.", Fix: "reconnect", Sample: "authorization.json"},
	{Path: code, Is: "17", Class: connector.Reconnect, Say: "VK wants to see you sign in. Connect again.", Fix: "reconnect", Sample: "validation.json"},
	{Path: code, Is: "6", Class: connector.RateLimited, Say: "VK asks for a pause.", Until: connector.Until{Else: time.Second}, Sample: "per_second.json"},
	{Path: code, Is: "9", Class: connector.RateLimited, Say: "VK finds that too much alike was posted.", Until: connector.Until{Else: time.Hour}, Sample: "flood.json"},
	{Path: code, Is: "29", Class: connector.RateLimited, Say: "VK's limit of calls is reached.", Until: connector.Until{Else: time.Hour}, Sample: "rate.json"},
	{Path: code, Is: "14", Class: connector.Rejected, Say: "VK asks for a captcha. Post by hand, or wait.", Sample: "captcha.json"},
	{Path: code, Is: "7|15|203", Class: connector.Rejected, Say: "VK doesn't let us do this on this wall.", Fix: "reconnect", Sample: "denied.json"},
	{On: "upload.*|save.*|post", Path: code, Is: "118|121|129", Class: connector.Transient, Say: "VK no longer has the file; it is sent again.", Forget: []string{"upload.*", "save.*"}, Sample: "photo.json"},
	{On: "post", Path: "error.error_msg", Has: "50 posts", Class: connector.RateLimited, Say: "VK takes 50 posts a day.", Until: connector.Until{Next: "utc"}, Sample: "fifty.json"},
	{On: "post", Path: code, Is: "214|219|222|224", Class: connector.Rejected, Sample: "refused.json"},
	{Path: code, Is: "8|100|113|125", Class: connector.Rejected, Sample: "parameter.json"},
	{Path: code, Is: "1|10", Class: connector.Uncertain, Say: "Something broke at VK.", Sample: "internal.json"},
	{Path: "error.error_msg", Class: connector.Rejected, Sample: "other.json"},
}
