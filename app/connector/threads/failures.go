package threads

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/meta"
)

// made are the saved steps of a container that is dead.
var made = []string{"child.*", "childready.*", "container", "ready"}

// failures by the fact sheet's table of errors, the family's own rows last.
var failures = append(connector.Failures{
	{Path: "error.error_subcode", Is: "2207051", Class: connector.Rejected, Say: "Meta limits what this profile may do for now.", Sample: "restricted_activity.json"},
	{Path: "error.error_subcode", Is: "4279013", Class: connector.Rejected, Say: "Threads restricts this profile. Open Threads and look there.", Sample: "restricted.json"},
	{Path: "error.message", Has: "at most 500 characters", Class: connector.Rejected, Say: "The text is too long for Threads.", Fix: "cut", Sample: "too_long.json"},
	{Path: "error.message", Has: "LINK_LIMIT_EXCEEDED", Class: connector.Rejected, Say: "Threads takes five different links.", Sample: "links.json"},
	{On: "container|child.*", Path: "error.error_subcode", Is: "2207052", Class: connector.Transient, Say: "Threads couldn't fetch the file from this server.", Sample: "fetch.json"},
	{On: "container", Path: "error.code", Is: "24", Class: connector.Transient, Say: "Threads doesn't know the post above yet.", Until: connector.Until{Else: 5 * time.Second}, Sample: "not_found.json"},
	{On: "publish", Path: "error.code", Is: "24", Class: connector.Transient, Say: "Threads doesn't know the container any more; it is made anew.", Forget: made, Until: connector.Until{Else: 5 * time.Second}, Sample: "no_container.json"},
	{On: "ready|childready.*", Path: "status", Is: "EXPIRED", Class: connector.Transient, Say: "The container got too old; it is made anew.", Forget: made, Sample: "expired.json"},
	{On: "ready|childready.*", Path: "error_message", Is: "UNKNOWN|FAILED_DOWNLOADING_VIDEO", Class: connector.Transient, Say: "Threads couldn't bring the file in; it is tried anew.", Forget: made, Sample: "download.json"},
	{On: "ready|childready.*", Path: "status", Is: "ERROR", Class: connector.Rejected, Say: "Threads can't use the file: its sound, picture, shape or length isn't what Threads takes.", Fix: "exclude", Sample: "processing_failed.json"},
}, meta.Failures("Threads", "publish")...)
