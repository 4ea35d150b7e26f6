package misskey

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

const code = "error.code"

// failures by the fact sheet's table; the code of an error decides.
var failures = connector.Failures{
	{Path: code, Is: "CREDENTIAL_REQUIRED|AUTHENTICATION_FAILED", Class: connector.Reconnect, Say: "Your server ended our access. Connect again.", Fix: "reconnect", Sample: "authentication.json"},
	{Path: code, Is: "PERMISSION_DENIED", Class: connector.Reconnect, Say: "We lack the right to do this. Connect again and grant it.", Fix: "reconnect", Sample: "permission.json"},
	{Path: code, Is: "YOUR_ACCOUNT_SUSPENDED|YOUR_ACCOUNT_MOVED", Class: connector.Rejected, Say: "Your server has suspended this account, or it moved.", Sample: "suspended.json"},
	{Path: code, Is: "ROLE_PERMISSION_DENIED", Class: connector.Rejected, Say: "Your role on this server doesn't allow this.", Sample: "role.json"},
	{On: "note", Path: code, Is: "NO_SUCH_FILE", Class: connector.Transient, Say: "The server lost a file; it is sent again.", Forget: []string{"file.*"}, Sample: "no_file.json"},
	{On: "file.*", Path: code, Is: "NO_FREE_SPACE", Class: connector.Rejected, Say: "Your drive on this server is full.", Fix: "exclude", Sample: "no_space.json"},
	{On: "file.*", Path: code, Is: "MAX_FILE_SIZE_EXCEEDED", Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "file_size.json"},
	{On: "file.*", Path: code, Is: "UNALLOWED_FILE_TYPE|INAPPROPRIATE", Class: connector.Rejected, Say: "This server doesn't take such a file.", Fix: "exclude", Sample: "file_type.json"},
	{On: "file.*", Status: 413, Class: connector.Rejected, Say: "The file is too large for this server.", Fix: "resize", Sample: "too_large.json"},
	{On: "note", Path: code, Is: "MAX_LENGTH", Class: connector.Rejected, Say: "The text is too long for this server.", Fix: "cut", Sample: "max_length.json"},
	{On: "note", Path: code, Is: "CONTENT_REQUIRED", Class: connector.Rejected, Say: "Write something or add a file.", Sample: "content.json"},
	{On: "note", Path: code, Is: "CONTAINS_PROHIBITED_WORDS|CONTAINS_TOO_MANY_MENTIONS", Class: connector.Rejected, Say: "This server doesn't take some of the words, or so many mentions.", Sample: "words.json"},
	{On: "note", Path: code, Is: "CANNOT_CREATE_ALREADY_EXPIRED_POLL", Class: connector.Rejected, Say: "The poll would be over already.", Sample: "poll.json"},
	{On: "note", Path: code, Is: "NO_SUCH_REPLY_TARGET|CANNOT_REPLY_TO_A_PURE_RENOTE", Class: connector.Rejected, Say: "The note that this one answers is gone.", Sample: "no_parent.json"},
	{On: "note", Path: code, Is: "NO_SUCH_RENOTE_TARGET|CANNOT_RENOTE_TO_A_PURE_RENOTE", Class: connector.Rejected, Say: "The note that this one quotes can't be quoted.", Sample: "no_quote.json"},
	{On: "note", Path: code, Is: "NO_SUCH_CHANNEL", Class: connector.Rejected, Say: "The channel is gone.", Fix: "choose", Sample: "no_channel.json"},
	{On: "note", Path: code, Is: "YOU_HAVE_BEEN_BLOCKED", Class: connector.Rejected, Say: "The author of that note has blocked you.", Sample: "blocked.json"},
	{Path: code, Is: "INVALID_PARAM", Class: connector.Rejected, Say: "The server doesn't take a field as it is; perhaps the text is too long.", Sample: "invalid.json"},
	{Status: 429, Class: connector.RateLimited, Say: "The server asks for a pause.", Until: connector.Until{Header: "Retry-After", Else: 5 * time.Minute}, Sample: "limited.json"},
	{Status: 503, Class: connector.Transient, Say: "The server is busy.", Until: connector.Until{Header: "Retry-After"}, Sample: "busy.json"},
}
