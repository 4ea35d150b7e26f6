package delivery

// Wakes: when the engine turns to the delivery next. They run after the effect.

func never(*Delivery, *Arg) Instant       { return 0 }
func atNow(_ *Delivery, a *Arg) Instant   { return a.Now }
func atDue(d *Delivery, _ *Arg) Instant   { return d.DueAt }
func atGrace(d *Delivery, _ *Arg) Instant { return d.lateAfter() }
func atRetry(_ *Delivery, a *Arg) Instant { return a.again }

func atLease(d *Delivery, a *Arg) Instant {
	d.Lease = max(d.Lease, a.Lease)
	return a.Now.Add(max(d.Lease, FirstLease))
}

func atPoll(d *Delivery, a *Arg) Instant {
	if believed(a.Now, a.Until) {
		return a.Until
	}
	return a.Now.Add(doubled(firstPoll, d.Polls-1, lastPoll))
}

// atLook waits until the platform has settled, and longer from look to look.
func atLook(d *Delivery, a *Arg) Instant {
	wait := d.Settle
	if d.Looks > 0 {
		wait = max(wait, backoff(d.Looks-1, a.Jitter))
	}
	return a.Now.Add(wait)
}

func atNamed(d *Delivery, a *Arg) Instant {
	if believed(a.Now, a.Until) {
		return a.Until
	}
	return atLook(d, a)
}

// Guards.

func due(d *Delivery, a *Arg) bool           { return a.Now >= d.WakeAt }
func late(d *Delivery, a *Arg) bool          { return a.Now > d.lateAfter() }
func overdue(d *Delivery, a *Arg) bool       { return a.Now >= d.lateAfter() }
func early(d *Delivery, a *Arg) bool         { return a.Now < d.DueAt }
func aDay(d *Delivery, a *Arg) bool          { return a.Now > d.DueAt.Add(day) }
func aDayFromRetry(d *Delivery, a *Arg) bool { return a.again > d.DueAt.Add(day) }
func mediaReady(_ *Delivery, a *Arg) bool    { return !a.MediaMissing }
func mediaMissing(_ *Delivery, a *Arg) bool  { return a.MediaMissing }
func stillMissing(d *Delivery, _ *Arg) bool  { return d.MediaMissing }
func tried(d *Delivery, _ *Arg) bool         { return d.FirstAt != 0 }
func again(_ *Delivery, a *Arg) bool         { return a.Resend }
func accepted(_ *Delivery, a *Arg) bool      { return a.Accepted }
func working(_ *Delivery, a *Arg) bool       { return a.Working }
func doubtful(d *Delivery, _ *Arg) bool      { return d.InDoubt() }
func toldBefore(d *Delivery, _ *Arg) bool    { return d.Told }

func leaseHolds(d *Delivery, a *Arg) bool {
	call := a.Call
	if call <= 0 {
		call = FirstCall
	}
	return d.WakeAt.Since(a.Now) >= call
}

func doubtfulForADay(d *Delivery, a *Arg) bool { return d.InDoubt() && a.again > d.DoubtSince.Add(day) }
func lookedForADay(d *Delivery, a *Arg) bool   { return a.again > d.DoubtSince.Add(day) }
func workingForADay(d *Delivery, a *Arg) bool  { return a.Working && lookedForADay(d, a) }
func settledForADay(d *Delivery, a *Arg) bool  { return settled(d, a) && aDay(d, a) }
func untoldReconnect(d *Delivery, a *Arg) bool { return a.Class == ClassReconnect && !d.Told }

// settled says that "not there" is proven: this look and an earlier one, both begun after every sender was over, lie
// apart by the time the platform may take, on the platform's own clock.
func settled(d *Delivery, a *Arg) bool {
	return d.LookProven && d.AbsentAt != 0 && a.Date != 0 && a.Date.Since(d.AbsentAt) >= d.Settle
}

func lookedLong(d *Delivery, a *Arg) bool {
	return d.LookedSince != 0 && a.Now.Since(d.LookedSince) >= longLook+d.Settle
}

// The classes of failure; connectors sort every answer into one of them.
const (
	ClassTransient   = "transient"
	ClassRateLimited = "rate_limited"
	ClassReconnect   = "reconnect"
	ClassRejected    = "rejected"
	ClassDuplicate   = "duplicate"
	ClassProcessing  = "processing"
	ClassUncertain   = "uncertain"
)

// Effects.

func blame(d *Delivery, a *Arg) {
	d.Class, d.Words, d.Fix, d.StatusCode = a.Class, a.Words, a.Fix, a.StatusCode
	d.forget(a.Forget)
}

// unfound is for a person who must look where we did.
func unfound(d *Delivery, a *Arg) {
	if blame(d, a); d.Words == "" {
		d.Words = "We looked again and again and didn't find it, but the platform can't prove that it isn't there."
	}
}

// stillWorking is for a person who must look at a platform that never came to an end.
func stillWorking(d *Delivery, a *Arg) {
	if blame(d, a); d.Words == "" {
		d.Words = "The platform accepted it a day ago and still doesn't show it."
	}
}

func say(d *Delivery, words string) { d.Class, d.Words, d.Fix, d.StatusCode = "", words, "", 0 }

func tooLate(d *Delivery, _ *Arg) {
	say(d, "Nothing could go out when it was due, for longer than the grace period.")
}
func notReady(d *Delivery, _ *Arg) { say(d, "Its time has come, but a file of it isn't ready yet.") }
func orphaned(d *Delivery, _ *Arg) { say(d, "What it follows was cancelled.") }
func saidNo(d *Delivery, _ *Arg) {
	d.doubtOver()
	d.Senders = nil
	say(d, "Somebody looked and didn't find it on the platform.")
}

func mediaThere(d *Delivery, _ *Arg) { d.MediaMissing = false; say(d, "") }

func notBeforeNow(d *Delivery, a *Arg) {
	d.DueAt = max(d.DueAt, a.Now)
	d.AimAt = d.DueAt
}

func edited(d *Delivery, a *Arg) {
	if a.Due != 0 {
		d.DueAt = a.Due
	}
	d.AimAt, d.MediaMissing = d.DueAt, a.MediaMissing
	d.Steps, d.FirstAt, d.Try, d.Polls, d.Lease = nil, 0, 0, 0, 0
	d.Round++
}

func newRound(d *Delivery, a *Arg) {
	missing := d.MediaMissing
	due := a.Due
	if due == 0 {
		due = a.Now
	}
	edited(d, &Arg{Due: due, MediaMissing: missing && !a.Resend})
	if a.MediaMissing {
		d.MediaMissing = true
	}
	d.doubtOver()
	d.Senders, d.Told = nil, false
	say(d, "")
}

func newAttempt(d *Delivery, a *Arg) {
	d.Attempts++
	d.TakenAt = a.Now
	if d.FirstAt == 0 {
		d.FirstAt = a.Now
	}
}

// saveStep without a name only renews the lease.
func saveStep(d *Delivery, a *Arg) {
	d.forget(a.Forget)
	if a.Step == "" {
		return
	}
	kept := make([]Saved, 0, len(d.Steps)+1)
	for _, s := range d.Steps {
		if s.Name != a.Step {
			kept = append(kept, s)
		}
	}
	d.Steps = append(kept, Saved{Name: a.Step, Result: a.Result})
}

func polled(d *Delivery, a *Arg) { d.Polls++; blame(d, a) }

func givenUp(d *Delivery, a *Arg) { blame(d, a) }

// tryAgain forgets saved steps that are dead; whether they may be forgotten in doubt is known to who says so.
func tryAgain(d *Delivery, a *Arg) {
	blame(d, a)
	if !a.Held {
		d.Try++
	}
}

func tryAtOnce(d *Delivery, _ *Arg) {
	d.Try++
	d.Class, d.Words, d.Fix, d.StatusCode = ClassTransient, "The server stopped during this attempt.", "", 0
}

func intend(d *Delivery, a *Arg) {
	d.IntentAt = a.Now
	d.Fingerprint, d.Settle = a.Intent.Fingerprint, a.Intent.Settle
	if a.Intent.MarkAt != 0 {
		d.Mark, d.MarkAt = a.Intent.Mark, a.Intent.MarkAt
	}
	d.LookedSince, d.AbsentAt, d.LookProven, d.Accepted = 0, 0, false, false
	senders := make([]Sender, 0, len(d.Senders)+1)
	d.Senders = append(append(senders, d.Senders...), Sender{Node: d.Node, Claim: d.Claim})
}

// over notes that the sender under this claim is out of its call.
func (d *Delivery) over(by Held) {
	var left []Sender
	for _, s := range d.Senders {
		if s.Node != by.Node || s.Claim != by.Claim {
			left = append(left, s)
		}
	}
	d.Senders = left
}

func senderBlames(d *Delivery, a *Arg) {
	d.over(a.By)
	blame(d, a)
}

func senderGivesUp(d *Delivery, a *Arg) { d.over(a.By); givenUp(d, a) }
func senderRetries(d *Delivery, a *Arg) { d.over(a.By); tryAgain(d, a) }

func doubt(d *Delivery, a *Arg) {
	if d.DoubtSince == 0 {
		d.DoubtSince = a.Now
	}
	d.Class, d.Words, d.Fix, d.StatusCode = ClassUncertain, "The server stopped while it was being sent.", "", 0
}

func senderUnsure(d *Delivery, a *Arg) {
	doubt(d, a)
	d.over(a.By)
	b := *a
	b.Class, b.Forget = ClassUncertain, nil
	blame(d, &b)
}

func underway(d *Delivery, a *Arg) {
	senderUnsure(d, a)
	d.Accepted = true
	say(d, "")
}

// look begins a look: senders whose node is over are out of their calls.
func look(d *Delivery, a *Arg) {
	if a.Over != nil {
		var left []Sender
		for _, s := range d.Senders {
			if !a.Over(s.Node) {
				left = append(left, s)
			}
		}
		d.Senders = left
	}
	d.Looks++
	d.LookProven = d.Proven()
	d.TakenAt = a.Now
	d.Attempts++
}

func absent(d *Delivery, a *Arg) {
	if d.LookedSince == 0 {
		d.LookedSince = a.Now
	}
	if d.LookProven && d.AbsentAt == 0 {
		d.AbsentAt = a.Date
	}
}

func (d *Delivery) doubtOver() {
	d.DoubtSince, d.Accepted = 0, false
	d.Looks, d.LookedSince, d.AbsentAt, d.LookProven = 0, 0, 0, false
}

func proven(d *Delivery, a *Arg) {
	d.doubtOver()
	d.Senders = nil
	d.forget(a.Forget)
	say(d, "")
}

func resumed(d *Delivery, _ *Arg) { say(d, "") }

func received(d *Delivery, a *Arg) {
	d.doubtOver()
	d.over(a.By)
	d.Receipt = a.Remote
	d.Mark = nil
	steps := make([]Saved, len(d.Steps))
	for i, s := range d.Steps {
		steps[i] = Saved{Name: s.Name}
	}
	d.Steps = steps
	say(d, "")
}
