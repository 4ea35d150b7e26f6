package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/ref"
)

// TestRecoveryGoesOnlyWhereItMay walks every state with every event, actor and age, and compares with the table.
func TestRecoveryGoesOnlyWhereItMay(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	person, one, two := ref.Mint[ref.Identity](began), ref.Mint[ref.Identity](began), ref.Mint[ref.Identity](began)
	asked := helpFrom(Recovery{Identity: person}, ref.Mint[ref.Organization](began), began)
	half, _ := asked.after(recoveryApprove, one, began)
	helped, _ := half.after(recoveryApprove, two, began)
	waits := waitOut(Recovery{Identity: person}, began)
	waited := waits.at(began.Add(72 * time.Hour))
	ended := func(s RecoveryState) Recovery { r := waits; r.State = s; return r }
	starts := map[string]Recovery{"asked": asked, "half": half, "helped": helped, "waits": waits, "waited": waited,
		"used": ended(RecoveryUsed), "stopped": ended(RecoveryStopped), "lapsed": ended(RecoveryLapsed)}
	actors := map[string]ref.Identity{"person": person, "one": one, "two": two}
	ages := map[string]time.Duration{"at once": 0, "23:59 h": 24*time.Hour - time.Minute, "24 h": 24 * time.Hour, "71:59 h": 72*time.Hour - time.Minute, "72 h": 72 * time.Hour, "10 days": 10 * 24 * time.Hour}
	allowed := map[string]RecoveryState{}
	allow := func(start, event, actor, ages string, to RecoveryState) {
		for _, age := range strings.Split(ages, ",") {
			for _, a := range strings.Split(actor, ",") {
				allowed[start+"|"+event+"|"+a+"|"+age] = to
			}
		}
	}
	everybody := "person,one,two"
	allow("asked", "approve", "one,two", "at once,23:59 h,24 h,71:59 h", RecoveryHalf)
	allow("asked", "stop", everybody, "at once,23:59 h,24 h,71:59 h", RecoveryStopped)
	allow("half", "approve", "two", "at once,23:59 h,24 h,71:59 h", RecoveryReady)
	allow("half", "stop", everybody, "at once,23:59 h,24 h,71:59 h", RecoveryStopped)
	allow("helped", "use", "person", "at once,23:59 h", RecoveryUsed)
	allow("helped", "stop", everybody, "at once,23:59 h", RecoveryStopped)
	allow("waits", "stop", everybody, "at once,23:59 h,24 h,71:59 h,72 h", RecoveryStopped)
	allow("waits", "use", "person", "72 h", RecoveryUsed)
	allow("waited", "stop", everybody, "at once,23:59 h,24 h,71:59 h,72 h", RecoveryStopped)
	allow("waited", "use", "person", "at once,23:59 h,24 h,71:59 h,72 h", RecoveryUsed)
	walked := 0
	for start, r := range starts {
		for _, e := range []recoveryEvent{recoveryApprove, recoveryStop, recoveryUse} {
			for actor, who := range actors {
				for age, passed := range ages {
					walked++
					got, ok := r.after(e, who, began.Add(passed))
					want, may := allowed[start+"|"+string(e)+"|"+actor+"|"+age]
					if ok != may || ok && got.State != want {
						t.Errorf("%s, %s by %s after %s: %s, %v; want %s, %v", start, e, actor, age, got.State, ok, want, may)
					}
				}
			}
		}
	}
	if walked != 8*3*3*6 {
		t.Fatalf("%d cases were walked", walked)
	}
	if r := waits.at(began.Add(72*time.Hour + 7*24*time.Hour)); r.State != RecoveryLapsed {
		t.Errorf("a week after it was ready: %s", r.State)
	}
}
