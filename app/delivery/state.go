package delivery

// State is where a delivery stands. The words are those of the API.
type State byte

// The fifteen states. Claimed, Sending and Reconciling are leased: somebody holds the delivery until its wake.
const (
	WaitingMedia   State = iota + 1 // an asset is still uploading or being converted
	WaitingParent                   // follows a delivery that isn't published yet
	Scheduled                       // waits for its due instant
	Claimed                         // a worker prepares it
	Processing                      // the platform works on what it was given, nobody waits
	Retrying                        // an attempt went wrong, or its worker died; tried again at its wake
	Sending                         // the intent is saved: the call that makes it visible may have begun
	Uncertain                       // that call may have been accepted; looked at when the platform has settled
	Reconciling                     // a worker looks
	NeedsAttention                  // only a person can say whether it is visible
	Paused                          // its channel, workspace or organization is paused
	Failed                          // refused, or given up; a person may retry
	Missed                          // was due while nothing could go out for longer than the grace period
	Cancelled                       // taken back before anything was sent
	Published                       // visible, with a receipt
	states         = int(Published)
)

var stateWords = [...]string{"", "waiting_media", "waiting_parent", "scheduled", "claimed", "processing", "retrying", "sending",
	"uncertain", "reconciling", "needs_attention", "paused", "failed", "missed", "cancelled", "published"}

// String is the state's word in the API.
func (s State) String() string {
	if int(s) < len(stateWords) {
		return stateWords[s]
	}
	return ""
}

// ParseState reads a word of the API.
func ParseState(word string) (State, bool) {
	for i, w := range stateWords {
		if i > 0 && w == word {
			return State(i), true
		}
	}
	return 0, false
}

// MarshalText writes the word.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Leased says that a worker holds the delivery until its wake.
func (s State) Leased() bool { return s == Claimed || s == Sending || s == Reconciling }

// Open says that the delivery may be visible without a receipt: twins of it wait.
func (s State) Open() bool {
	return s == Sending || s == Uncertain || s == Reconciling || s == NeedsAttention
}

// Over says that nothing happens to it any more unless a person acts.
func (s State) Over() bool {
	return s == Failed || s == Missed || s == Cancelled || s == Published || s == NeedsAttention
}

// Event is what happens to a delivery.
type Event byte

// The twenty-seven events. Which of them a state knows is the table of rows.
const (
	Claim               Event = iota + 1 // a worker takes it
	StepSaved                            // a step's result is kept and the lease renewed
	Poll                                 // the platform isn't ready; come back
	IntentSaved                          // about to make it visible
	Received                             // the platform named the post
	Refused                              // the platform won't take this content
	NotAccepted                          // surely not accepted; may be tried again
	Reconnect                            // the channel's token is worth nothing any more
	Unsure                               // the answer is lost, or says "accepted, not yet visible"
	LeaseOver                            // its worker is gone
	Found                                // looked, and it is there
	Resend                               // looked, and the same call may safely be made again
	NotFound                             // looked, and it isn't there, or not there yet
	LookFailed                           // the look itself went wrong
	CantTell                             // no look can ever tell
	ResolvePublished                     // a person saw it
	ResolveNotPublished                  // a person didn't
	Pause                                // its channel is paused
	Resume                               // and goes on
	Woke                                 // its wake has come while nobody may claim it
	Cancel                               // a person takes it back
	Edit                                 // a person changes content or time
	Retry                                // a person wants it tried again
	MediaReady                           // its assets are ready
	MediaFailed                          // an asset can't be made ready
	ParentPublished                      // what it follows is visible
	ParentGone                           // what it follows will never be
	events              = int(ParentGone)
)

var eventWords = [...]string{"", "claim", "step_saved", "poll", "intent", "receipt", "refused", "not_accepted", "reconnect",
	"unsure", "lease_over", "found", "resend", "not_found", "look_failed", "cant_tell", "resolve_published",
	"resolve_not_published", "pause", "resume", "woke", "cancel", "edit", "retry", "media_ready", "media_failed",
	"parent_published", "parent_gone"}

// String is the event's name in logs and tests.
func (e Event) String() string {
	if int(e) < len(eventWords) {
		return eventWords[e]
	}
	return ""
}

// fenced events come from a worker and count only while it holds the delivery under its claim number.
func (e Event) fenced() bool {
	switch e {
	case StepSaved, Poll, IntentSaved, Refused, NotAccepted, Reconnect, Unsure, Found, Resend, NotFound, LookFailed, CantTell:
		return true
	}
	return false
}
