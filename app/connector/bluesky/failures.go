package bluesky

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// again are the steps whose results die with a blob.
var again = []string{"blob.*", "job", "ready", "card"}

// failures by the fact sheet's table of errors. Bluesky says 400 where others say 401.
var failures = connector.Failures{
	{On: "who", Status: 401, Path: "error", Is: "AuthenticationRequired", Class: connector.Reconnect, Say: "Handle or app password weren't accepted. Is the account on a server of its own?", Fix: "reconnect", Sample: "bad_password.json"},
	{On: "who", Status: 401, Path: "error", Is: "AuthFactorTokenRequired", Class: connector.Reconnect, Say: "This is the account's own password. Make an app password and use that.", Fix: "reconnect", Sample: "factor.json"},
	{Status: 400, Path: "error", Is: "ExpiredToken", Class: connector.Reconnect, Say: "The sign-in at Bluesky has run out. Connect again.", Fix: "reconnect", Sample: "expired.json"},
	{Status: 400, Path: "error", Is: "InvalidToken", Class: connector.Reconnect, Say: "Bluesky ended our access. Connect again.", Fix: "reconnect", Sample: "invalid_token.json"},
	{Status: 401, Path: "error", Is: "AuthMissing", Class: connector.Reconnect, Say: "Bluesky ended our access. Connect again.", Fix: "reconnect", Sample: "auth_missing.json"},
	{Path: "error", Is: "AccountTakedown|AccountDeactivated|RepoTakendown|RepoDeactivated", Class: connector.Rejected, Say: "This account is suspended or deactivated.", Sample: "takedown.json"},
	{Status: 403, Path: "error", Is: "ScopeMissingError", Class: connector.Reconnect, Say: "We lack the right to post. Connect again and grant it.", Fix: "reconnect", Sample: "scope.json"},
	{On: "record", Status: 400, Path: "message", Has: "too big|too long", Class: connector.Rejected, Say: "The text is too long for Bluesky.", Fix: "cut", Sample: "too_big.json"},
	{On: "record", Status: 400, Path: "error", Is: "BlobNotFound", Class: connector.Transient, Say: "Bluesky dropped the files; they are sent again.", Forget: again, Sample: "blob_gone.json"},
	{On: "blob.*|record|job", Status: 400, Path: "error", Is: "InvalidMimeType|InvalidSize", Class: connector.Rejected, Say: "Bluesky doesn't take this kind or size of file.", Fix: "resize", Sample: "invalid_size.json"},
	{On: "record", Status: 400, Path: "error", Is: "InvalidSwap", Class: connector.Uncertain, Say: "There is a record under our key already.", Sample: "swap.json"},
	{On: "record", Status: 400, Path: "error", Is: "InvalidRequest", Class: connector.Rejected, Sample: "invalid_record.json"},
	{Status: 413, Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "too_large.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Bluesky asks for a pause.", Until: connector.Until{Header: "RateLimit-Reset", As: connector.Unix, Else: 5 * time.Minute}, Sample: "limited.json"},
	{Status: 502, Path: "error", Is: "UpstreamFailure", Class: connector.Transient, Say: "A part of Bluesky is out of order.", Sample: "upstream.json"},
	{On: "job", Path: "error", Is: "UploadForbidden", Class: connector.Rejected, Say: "Bluesky takes no videos from this account yet. Confirm its e-mail address.", Sample: "video_forbidden.json"},
	{On: "job", Path: "error", Is: "DailyLimitExceeded", Class: connector.RateLimited, Say: "Today's videos are used up.", Until: connector.Until{Next: "utc"}, Sample: "video_daily.json"},
	{On: "job", Path: "error", Is: "VideoTooLarge|VideoTooLong|BadAspectRatio|UnsupportedContentType", Class: connector.Rejected, Fix: "convert:video/mp4", Sample: "video_too_long.json"},
	{On: "job", Path: "error", Is: "ServiceOverloaded", Class: connector.Transient, Say: "Bluesky's video service is busy.", Sample: "video_busy.json"},
}
