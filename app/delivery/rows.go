package delivery

import "time"

// row is one line of the table of states: in state from, when guard says so, event on leads to state to.
type row struct {
	from   State
	on     Event
	when   string // the guard in words; empty: always
	guard  func(*Delivery, *Arg) bool
	to     State
	told   bool // a person is told
	wake   func(*Delivery, *Arg) Instant
	effect func(*Delivery, *Arg)
}

// rows is the whole table. Rows of one state and event are tried in order; the first whose guard fits is taken.
var rows = []row{
	{WaitingMedia, MediaReady, "", nil, Scheduled, false, atDue, mediaThere},
	{WaitingMedia, MediaFailed, "", nil, Failed, true, never, blame},
	{WaitingMedia, Woke, "overdue", overdue, Missed, true, never, tooLate},
	{WaitingMedia, Woke, "due", due, WaitingMedia, true, atGrace, notReady},
	{WaitingMedia, Cancel, "", nil, Cancelled, false, never, nil},
	{WaitingMedia, Edit, "media ready", mediaReady, Scheduled, false, atDue, edited},
	{WaitingMedia, Edit, "", nil, WaitingMedia, false, atDue, edited},

	{WaitingParent, ParentPublished, "media missing", stillMissing, WaitingMedia, false, atDue, notBeforeNow},
	{WaitingParent, ParentPublished, "", nil, Scheduled, false, atDue, notBeforeNow},
	{WaitingParent, ParentGone, "", nil, Cancelled, true, never, orphaned},
	{WaitingParent, Cancel, "", nil, Cancelled, false, never, nil},
	{WaitingParent, Edit, "", nil, WaitingParent, false, never, edited},

	{Scheduled, Claim, "late", late, Missed, true, never, tooLate},
	{Scheduled, Claim, "due", due, Claimed, false, atLease, newAttempt},
	{Scheduled, Pause, "", nil, Paused, false, atGrace, blame},
	{Scheduled, Cancel, "", nil, Cancelled, false, never, nil},
	{Scheduled, Edit, "media missing", mediaMissing, WaitingMedia, false, atDue, edited},
	{Scheduled, Edit, "", nil, Scheduled, false, atDue, edited},

	{Claimed, StepSaved, "", nil, Claimed, false, atLease, saveStep},
	{Claimed, Poll, "a day", aDay, Failed, true, never, givenUp},
	{Claimed, Poll, "", nil, Processing, false, atPoll, polled},
	{Claimed, IntentSaved, "clock before due", early, Scheduled, false, atDue, nil},
	{Claimed, IntentSaved, "lease holds a whole call", leaseHolds, Sending, false, atLease, intend},
	{Claimed, Refused, "", nil, Failed, true, never, blame},
	{Claimed, NotAccepted, "a day", aDayFromRetry, Failed, true, never, givenUp},
	{Claimed, NotAccepted, "", nil, Retrying, false, atRetry, tryAgain},
	{Claimed, Reconnect, "", nil, Paused, true, atGrace, blame},
	{Claimed, LeaseOver, "", nil, Retrying, false, atNow, tryAtOnce},

	{Processing, Claim, "late", late, Missed, true, never, tooLate},
	{Processing, Claim, "due", due, Claimed, false, atLease, nil},
	{Processing, Pause, "", nil, Paused, false, atGrace, blame},
	{Processing, Cancel, "", nil, Cancelled, false, never, nil},

	{Retrying, Claim, "late", late, Missed, true, never, tooLate},
	{Retrying, Claim, "due", due, Claimed, false, atLease, newAttempt},
	{Retrying, Pause, "", nil, Paused, false, atGrace, blame},
	{Retrying, Cancel, "", nil, Cancelled, false, never, nil},

	{Sending, Received, "", nil, Published, false, never, received},
	{Sending, Refused, "in doubt", doubtful, NeedsAttention, true, never, senderBlames},
	{Sending, Refused, "", nil, Failed, true, never, senderBlames},
	{Sending, NotAccepted, "in doubt, a day", doubtfulForADay, NeedsAttention, true, never, senderBlames},
	{Sending, NotAccepted, "in doubt", doubtful, Uncertain, false, atRetry, senderBlames},
	{Sending, NotAccepted, "a day", aDayFromRetry, Failed, true, never, senderGivesUp},
	{Sending, NotAccepted, "", nil, Retrying, false, atRetry, senderRetries},
	{Sending, Reconnect, "in doubt", doubtful, Uncertain, true, atLook, senderBlames},
	{Sending, Reconnect, "", nil, Paused, true, atGrace, senderBlames},
	{Sending, Unsure, "accepted", accepted, Uncertain, false, atNamed, underway},
	{Sending, Unsure, "in doubt, a day", doubtfulForADay, NeedsAttention, true, never, senderUnsure},
	{Sending, Unsure, "", nil, Uncertain, false, atLook, senderUnsure},
	{Sending, LeaseOver, "", nil, Uncertain, false, atLook, doubt},

	{Uncertain, Claim, "due", due, Reconciling, false, atLease, look},

	{Reconciling, Found, "", nil, Published, false, never, received},
	{Reconciling, Resend, "clock before due", early, Uncertain, false, atDue, nil},
	{Reconciling, Resend, "lease holds a whole call", leaseHolds, Sending, false, atLease, intend},
	{Reconciling, NotFound, "still working, a day", workingForADay, NeedsAttention, true, never, stillWorking},
	{Reconciling, NotFound, "still working", working, Uncertain, false, atNamed, nil},
	{Reconciling, NotFound, "end proven and settled, a day", settledForADay, Failed, true, never, proven},
	{Reconciling, NotFound, "end proven and settled", settled, Retrying, false, atNow, proven},
	{Reconciling, NotFound, "looked 15 min + settle", lookedLong, NeedsAttention, true, never, unfound},
	{Reconciling, NotFound, "", nil, Uncertain, false, atLook, absent},
	{Reconciling, LookFailed, "a day", lookedForADay, NeedsAttention, true, never, blame},
	{Reconciling, LookFailed, "reconnect", untoldReconnect, Uncertain, true, atRetry, blame},
	{Reconciling, LookFailed, "", nil, Uncertain, false, atRetry, blame},
	{Reconciling, CantTell, "", nil, NeedsAttention, true, never, blame},
	{Reconciling, LeaseOver, "", nil, Uncertain, false, atNow, nil},

	{NeedsAttention, ResolvePublished, "", nil, Published, false, never, received},
	{NeedsAttention, ResolveNotPublished, "send again", again, Scheduled, false, atDue, newRound},
	{NeedsAttention, ResolveNotPublished, "", nil, Failed, true, never, saidNo},

	{Paused, Resume, "overdue", overdue, Missed, true, never, tooLate},
	{Paused, Resume, "media missing", stillMissing, WaitingMedia, false, atDue, resumed},
	{Paused, Resume, "tried before", tried, Retrying, false, atNow, resumed},
	{Paused, Resume, "", nil, Scheduled, false, atDue, resumed},
	{Paused, Woke, "overdue", overdue, Missed, true, never, tooLate},
	{Paused, Cancel, "", nil, Cancelled, false, never, nil},
	{Paused, Edit, "", nil, Paused, false, atGrace, edited},

	{Failed, Retry, "media missing", stillMissing, WaitingMedia, false, atDue, newRound},
	{Failed, Retry, "", nil, Scheduled, false, atDue, newRound},
	{Failed, Edit, "media missing", mediaMissing, WaitingMedia, false, atDue, newRound},
	{Failed, Edit, "", nil, Scheduled, false, atDue, newRound},
	{Failed, Cancel, "", nil, Cancelled, false, never, nil},
	{Missed, Retry, "media missing", stillMissing, WaitingMedia, false, atDue, newRound},
	{Missed, Retry, "", nil, Scheduled, false, atDue, newRound},
	{Missed, Edit, "media missing", mediaMissing, WaitingMedia, false, atDue, newRound},
	{Missed, Edit, "", nil, Scheduled, false, atDue, newRound},
	{Missed, Cancel, "", nil, Cancelled, false, never, nil},

	{Uncertain, Received, "", nil, Published, false, never, received},
	{Reconciling, Received, "", nil, Published, false, never, received},
	{NeedsAttention, Received, "", nil, Published, true, never, received},
	{Retrying, Received, "", nil, Published, false, never, received},
	{Paused, Received, "told before", toldBefore, Published, true, never, received},
	{Paused, Received, "", nil, Published, false, never, received},
	{Failed, Received, "", nil, Published, true, never, received},
	{Missed, Received, "", nil, Published, true, never, received},
	{Cancelled, Received, "", nil, Published, true, never, received},
}

// The bounds of patience.
const (
	day        = 24 * time.Hour   // retries end this long after due
	longLook   = 15 * time.Minute // and settle: looked this long for something whose sender isn't proven over
	firstPoll  = 5 * time.Second
	lastPoll   = 2 * time.Minute
	firstRetry = 30 * time.Second
	lastRetry  = 6 * time.Hour
	FirstLease = 60 * time.Second // a claim's lease, before the kind of post is known
	FirstCall  = 30 * time.Second // a commit call's limit where the kind names none; a lease holds two
)
