package tumblr

import (
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

// code is where a refusal's number stands.
const code = "errors.0.code"

// failures by the fact sheet's table of errors.
var failures = connector.Failures{
	{Status: 401, Class: connector.Reconnect, Say: "Tumblr ended our access. Connect again.", Fix: "reconnect", Sample: "unauthorized.json"},
	{On: "post", Status: 400, Path: code, Is: "8005", Class: connector.Rejected, Say: "Tumblr doesn't take such a file.", Fix: "exclude", Sample: "format.json"},
	{On: "post", Status: 400, Path: code, Is: "8001", Class: connector.Rejected, Sample: "content.json"},
	{On: "post", Path: code, Is: "8002", Class: connector.Rejected, Say: "The post that this one follows isn't there.", Sample: "parent.json"},
	{On: "post", Status: 403, Path: code, Is: "8004|8011", Class: connector.RateLimited, Say: "This account's uploads for today are used up.", Until: connector.Until{Next: "utc"}, Sample: "uploads.json"},
	{On: "post", Status: 403, Path: code, Is: "8010", Class: connector.RateLimited, Say: "Tumblr still works on another video of this account.", Until: connector.Until{Else: 10 * time.Minute}, Sample: "transcoding.json"},
	{On: "post", Status: 403, Path: code, Is: "8022", Class: connector.RateLimited, Say: "The blog's queue is full.", Until: connector.Until{Else: time.Hour}, Sample: "queue.json"},
	{On: "post", Status: 403, Path: code, Is: "8023", Class: connector.RateLimited, Say: "This account's posts for today are used up.", Until: connector.Until{Next: "utc"}, Sample: "posts.json"},
	{On: "post", Status: 404, Class: connector.Rejected, Say: "The blog isn't there.", Sample: "no_blog.json"},
	{Status: 429, Class: connector.RateLimited, Say: "Tumblr asks for a pause.", Until: connector.Until{Header: "X-Ratelimit-Perhour-Reset", Else: time.Hour}, Sample: "limited.json"},
}
