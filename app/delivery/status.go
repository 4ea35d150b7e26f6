package delivery

// Status is how a post stands as a whole, and the coarser word of one delivery by which lists are filtered.
type Status byte

// The statuses, in the order in which the first that fits is taken.
const (
	StatusNeedsAttention Status = iota + 1
	StatusFailed
	StatusPaused
	StatusMissed
	StatusSending // somewhere between its claim and its end
	StatusScheduled
	StatusPartlyPublished
	StatusPublished
	StatusCancelled
	StatusDraft // no deliveries at all
)

var statusWords = [...]string{"", "needs_attention", "failed", "paused", "missed", "sending", "scheduled", "partly_published",
	"published", "cancelled", "draft"}

// String is the word of `status=`.
func (s Status) String() string {
	if int(s) < len(statusWords) {
		return statusWords[s]
	}
	return ""
}

// ParseStatus reads a word of `status=`.
func ParseStatus(word string) (Status, bool) {
	for i, w := range statusWords {
		if i > 0 && w == word {
			return Status(i), true
		}
	}
	return 0, false
}

// MarshalText writes the word.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Status is the coarse word of one delivery.
func (d Delivery) Status() Status { return statusOf(d.State) }

func statusOf(s State) Status {
	switch s {
	case NeedsAttention:
		return StatusNeedsAttention
	case Failed:
		return StatusFailed
	case Paused:
		return StatusPaused
	case Missed:
		return StatusMissed
	case Claimed, Processing, Retrying, Sending, Uncertain, Reconciling:
		return StatusSending
	case Scheduled, WaitingMedia, WaitingParent:
		return StatusScheduled
	case Published:
		return StatusPublished
	case Cancelled:
		return StatusCancelled
	}
	return 0
}

// StatusOf derives the status of a post from its deliveries. It is partly published when nothing worse is true, some
// are visible and others were cancelled.
func StatusOf(all []Delivery) Status {
	if len(all) == 0 {
		return StatusDraft
	}
	var has [StatusDraft + 1]bool
	for _, d := range all {
		has[d.Status()] = true
	}
	has[StatusPartlyPublished] = has[StatusPublished] && has[StatusCancelled]
	for s := StatusNeedsAttention; s < StatusDraft; s++ {
		if has[s] {
			return s
		}
	}
	return StatusDraft
}
