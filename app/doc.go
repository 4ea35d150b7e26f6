// Package app is the wiring: it puts the parts of the product together and runs them. A post gets a time from schedule,
// becomes one delivery for each part and channel, which publish claims and hands to the platform's connector, which
// returns a receipt.
//
// The map, in the order of the law of imports: a package may import only what stands before it. store stands outside
// and knows nothing of the product; anybody may import it unless a ban says otherwise.
//
//	base/clock            the time; nobody else reads the wall clock
//	base/fail             errors with words for a person
//	base/random           random bytes; nobody else makes any
//	ref                   typed ids: names of things without the things
//	base/envelope         short texts closed for a way through other hands
//	base/secret           secrets in memory and at rest
//	base/outbound         the one way out, with a policy on every address
//	access                who may: actors, roles, permissions
//	audit/evidence        checks a log away from its server; knows nothing of the product
//	audit                 who did: one log per organization, checkable by anybody
//	event                 what changed: the log that live screens and readers follow
//	op                    operations: a capability declared once
//	mail                  letters to people: outbox, templates, transports
//	schedule              wall clocks and slots turned into instants
//	delivery              one part of a post on its way to a channel: states, lanes, attempts
//	connector/text        counting and finding in texts
//	connector             the kit that every platform is built with
//	connector/card        what a web page says of itself, for cards of links
//	connector/fake        what the platforms' fakes are made of; never in the binary
//	connector/conform     the laws for every connector; never in the binary
//	media                 files: uploads, checks, renditions, storage
//	media/s3test          a real S3 server for tests; never in the binary
//	organization          organizations, workspaces, members, invitations
//	identity              who signs in: passwords, factors, sessions, the first claim
//	apikey                programs: keys, their scopes and budgets
//	trail                 the audit log as its readers have it: lists, exports, verification, copies elsewhere
//	channel               connected places and their sealed tokens
//	post                  what people write, and how it becomes deliveries
//	support               staff read what a customer lets them, for a while: grants
//	publish               the runner: claims what is due and walks it
//	notify                tells people: live screens
//	connector/*           one folder for each platform
//	connector/all         the generated list of them
//	connector/all/write   writes that list
//	api                   operations bound to HTTP
//	cli                   the command line
//	config                what the operator set; only app reads it
package app
