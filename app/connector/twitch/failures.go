package twitch

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// untold is said of a message that wasn't sent when Twitch gives no reason.
const untold = "Twitch didn't send the message."

const reason = "data.0.drop_reason.code"

// failures by the fact sheet's table of errors. A message that wasn't sent is answered with 200.
var failures = connector.Failures{
	{On: message, Status: 200, Path: reason, Is: "msg_duplicate", Class: connector.Duplicate, Say: "The same words were sent into this chat a moment ago.", Sample: "duplicate.json"},
	{On: message, Status: 200, Path: reason, Is: "msg_slowmode", Class: connector.RateLimited, Say: "The chat is in slow mode.", Until: connector.Until{Else: time.Minute}, Sample: "slow.json"},
	{On: message, Status: 200, Path: reason, Is: "automod_held", Class: connector.Rejected, Say: "Twitch holds the message back until a moderator lets it through.", Sample: "held.json"},
	{On: message, Status: 200, Path: reason, Is: "msg_followersonly", Class: connector.Rejected, Say: "Only followers may write in this chat now.", Sample: "followers.json"},
	{On: message, Status: 200, Path: reason, Is: "msg_subsonly", Class: connector.Rejected, Say: "Only subscribers may write in this chat now.", Sample: "subscribers.json"},
	{On: message, Status: 200, Path: "data.0.is_sent", Is: "false", Class: connector.Rejected, Say: untold, Sample: "dropped.json"},
	{Status: 401, Path: "message", Has: "missing scope", Class: connector.Reconnect, Say: "We lack a right at Twitch. Connect again and allow everything.", Fix: "reconnect", Sample: "scope.json"},
	{Status: 401, Class: connector.Reconnect, Say: "Twitch ended our access. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{On: "refresh", Status: 400, Class: connector.Reconnect, Say: "Twitch ended our access. Connect again.", Fix: "reconnect", Sample: "renewal.json"},
	{On: announcement, Status: 403, Class: connector.Rejected, Say: "Whoever signed in must moderate the chat to announce something.", Sample: "no_moderator.json"},
	{On: message, Status: 403, Class: connector.Rejected, Say: "Twitch lets whoever signed in not write in this chat.", Sample: "banned.json"},
	{On: message, Status: 422, Class: connector.Rejected, Say: "The message is too long for Twitch.", Fix: "cut", Sample: "too_large.json"},
	{On: "message|announcement", Status: 400, Class: connector.Rejected, Sample: "invalid.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Twitch asks for a pause.", Until: connector.Until{Header: "Ratelimit-Reset", As: connector.Unix, Else: time.Minute}, Sample: "limited.json"},
}
