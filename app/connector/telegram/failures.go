package telegram

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

const at = "description"

// failures by the fact sheet's table; Telegram's descriptions are matched by a part, in any case.
var failures = connector.Failures{
	{Status: 401, Class: connector.Reconnect, Say: "The bot's token isn't valid any more. Enter the new one.", Fix: "reconnect", Sample: "unauthorized.json"},
	{Status: 404, Path: at, Is: "Not Found", Class: connector.Reconnect, Say: "This is no token of a bot.", Fix: "reconnect", Sample: "not_found.json"},
	{Status: 400, Path: at, Has: "chat not found", Class: connector.Reconnect, Say: "Telegram doesn't find this chat, or the bot isn't in it.", Fix: "reconnect", Sample: "chat_not_found.json"},
	{Status: 403, Path: at, Has: "bot was kicked|bot is not a member|bot was blocked", Class: connector.Reconnect, Say: "The bot isn't in the chat any more. Add it again as an administrator.", Fix: "reconnect", Sample: "kicked.json"},
	{Path: at, Has: "need administrator rights|not enough rights|CHAT_WRITE_FORBIDDEN", Class: connector.Rejected, Say: "The bot lacks the right to post. Grant it that right.", Sample: "no_rights.json"},
	{Status: 400, Path: at, Has: "upgraded to a supergroup", Class: connector.Transient, Say: "The group became a supergroup; its new number is used.", Forget: []string{"chat"}, Sample: "upgraded.json"},
	{Status: 400, Path: at, Has: "message is too long|caption is too long|CAPTION_TOO_LONG", Class: connector.Rejected, Say: "The text is too long for Telegram.", Fix: "split", Sample: "too_long.json"},
	{Status: 400, Path: at, Has: "message text is empty", Class: connector.Rejected, Say: "Write something first.", Sample: "empty.json"},
	{Status: 400, Path: at, Has: "can't parse entities", Class: connector.Rejected, Sample: "entities.json"},
	{Status: 400, Path: at, Has: "wrong file identifier|failed to get HTTP URL content|wrong type of the web page content", Class: connector.Rejected, Say: "Telegram couldn't read the file.", Fix: "exclude", Sample: "wrong_file.json"},
	{Status: 400, Path: at, Has: "PHOTO_INVALID_DIMENSIONS|IMAGE_PROCESS_FAILED|PHOTO_SAVE_FILE_INVALID", Class: connector.Rejected, Say: "Telegram can't use the picture in this size.", Fix: "resize", Sample: "dimensions.json"},
	{Status: 413, Class: connector.Rejected, Say: "The files are larger than the 50 MB that Telegram takes.", Fix: "resize", Sample: "too_large.json"},
	{Status: 400, Path: at, Has: "message thread not found", Class: connector.Rejected, Say: "The topic is gone.", Fix: "choose", Sample: "no_topic.json"},
	{Status: 400, Path: at, Has: "message to be replied not found|replied message not found", Class: connector.Rejected, Say: "The post that this one follows is gone.", Sample: "no_parent.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Telegram asks for a pause.", Until: connector.Until{Path: "parameters.retry_after", Else: time.Minute}, Sample: "limited.json"},
}
