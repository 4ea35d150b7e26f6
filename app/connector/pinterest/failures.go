package pinterest

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// failures by the fact sheet's table of errors.
var failures = connector.Failures{
	{Status: 401, Path: "code", Is: "3", Class: connector.Reconnect, Say: "We lack a right at Pinterest. Connect again and allow everything.", Fix: "reconnect", Sample: "permissions.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Pinterest ended our access. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Status: 403, Path: "message", Has: "consumer type|not approved", Class: connector.Rejected, Say: "Pinterest hasn't approved the app for this. Its owner has to ask for more access.", Fix: "app", Sample: "not_approved.json"},
	{On: "pin", Status: 403, Class: connector.Rejected, Say: "Pinterest doesn't let this account pin to this board.", Fix: "choose", Sample: "not_permitted.json"},
	{On: "pin", Status: 404, Class: connector.Rejected, Say: "The board isn't there any more. Choose another one.", Fix: "choose", Sample: "no_board.json"},
	{On: "pin", Status: 400, Path: "message", Has: "cover_image", Class: connector.Rejected, Say: "The video needs a cover picture.", Sample: "cover.json"},
	{On: "pin", Status: 400, Path: "code", Is: "235", Class: connector.Rejected, Say: "Pinterest can't use this picture: it is too small, or broken.", Fix: "exclude", Sample: "picture.json"},
	{Status: 400, Path: "code", Is: "1", Class: connector.Rejected, Sample: "invalid.json"},
	{On: "upload", Status: 403, Class: connector.Transient, Say: "The place for the video isn't good any more; it is sent again.", Forget: []string{"register"}, Sample: "place_gone.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Pinterest asks for a pause.", Until: connector.Until{Header: "X-RateLimit-Reset", Else: 5 * time.Minute}, Sample: "limited.json"},
	{On: "ready", Path: "status", Is: "failed", Class: connector.Rejected, Say: "Pinterest couldn't use the video.", Fix: "exclude", Sample: "processing_failed.json"},
}
