package support

import "github.com/omniposto/omniposto/app/base/fail"

// The errors of this package.
var (
	ErrNotFound    = fail.NotFound("not_found", "There is no such grant here.")
	ErrRefused     = fail.Forbidden("support_refused", "No request can be made with this support code. Ask the customer to read it out again from Support access; it changes every day.")
	ErrOpenAlready = fail.Conflict("grant_open", "A request of yours to this organization is open already. Cancel it first.")
	ErrTicket      = fail.Invalid("ticket_invalid", "Name the ticket this is about.")
	ErrReason      = fail.Invalid("reason_invalid", "Say in 20 to 2,000 characters why you need this.")
	ErrCategories  = fail.Invalid("categories_invalid", "Choose at least one category.")
	ErrOver        = fail.Conflict("grant_over", "This grant is over. A new need is a new request.")
	ErrAct         = fail.Conflict("grant_state", "This can't be done to the grant as it stands.")
	ErrProof       = fail.Forbidden("step_up_required", "Confirm that it's you first.")
	ErrTwice       = fail.Conflict("approval_given", "You approved this already. Another person must approve it too.")
	ErrAdds        = fail.Invalid("approval_adds", "An approval may cut what was asked, never add to it.")
	ErrNothingLeft = fail.Invalid("approval_empty", "Nothing would be left to read. Deny the request instead.")
	ErrRequester   = fail.Forbidden("requester_cant_approve", "Whoever asks can't approve. Another owner or admin must.")
	ErrApprovers   = fail.Conflict("approvers_missing", "The policy asks for two approvals, and there aren't two people who could give them. An owner must change the policy first.")

	ErrNoGrant    = fail.Forbidden("grant_inactive", "This grant isn't active, so nothing can be read.")
	ErrCategory   = fail.Forbidden("category_not_granted", "The customer didn't allow this category.")
	ErrThumbnails = fail.Forbidden("thumbnails_not_granted", "The customer didn't allow thumbnails.")
	ErrHours      = fail.Forbidden("outside_hours", "The customer allows reading at certain hours only.")
	ErrNetwork    = fail.Forbidden("other_network", "This grant is bound to the network it was asked from.")
	ErrClock      = fail.Forbidden("clock_unsound", "The server's clock went back, so no grant counts until an administrator confirms the time.")
	ErrWhy        = fail.Invalid("why_missing", "The customer asks for one line on why you open this. Send it in the header Support-Why.")
	ErrHourFull   = fail.Limit("reads_limit", "600 reads in an hour are the most. Wait until the hour turns.")
	ErrRecord     = fail.NotFound("not_found", "There is no such record that this grant shows.")
	ErrPolicy     = fail.Invalid("policy_invalid", "This policy can't be.")
	ErrClockSound = fail.Conflict("clock_sound", "The clock needs no confirming.")
)
