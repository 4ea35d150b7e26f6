package conform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

// sample is a real answer of a platform, as testdata keeps it.
type sample struct {
	Source string            `json:"source"` // where it was seen
	Day    string            `json:"day"`    // when
	Status int               `json:"status"`
	Header map[string]string `json:"header"`
	Body   json.RawMessage   `json:"body"` // JSON, or a text that is the body
}

func readSample(dir, name string) (sample, error) {
	raw, err := os.ReadFile(filepath.Join(dir, filepath.Clean("/"+name))) //nolint:gosec // the folder of the test
	if err != nil {
		return sample{}, fmt.Errorf("sample: %w", err)
	}
	var s sample
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("sample %s: %w", name, err)
	}
	return s, nil
}

func (s sample) body() []byte {
	var text string
	if json.Unmarshal(s.Body, &text) == nil {
		return []byte(text)
	}
	return s.Body
}

// fault is the sample as an answer; {{in:30}} and {{at:30}} become unix seconds and RFC 3339 instants that far ahead.
func (s sample) fault(now time.Time) fault {
	header := map[string]string{"Content-Type": "application/json"}
	for k, v := range s.Header {
		header[k] = soon(v, now)
	}
	return fault{kind: answered, status: s.Status, header: header, body: []byte(soon(string(s.body()), now))}
}

func soon(s string, now time.Time) string {
	at := now.Add(30 * time.Second)
	s = strings.ReplaceAll(s, "{{unix}}", fmt.Sprint(at.Unix()))
	return strings.ReplaceAll(s, "{{rfc3339}}", at.Format(time.RFC3339))
}

// failureRow: every sample, on a step where it can be met, has its class and its instant; what is transient, limited or
// processing ends published.
func failureRow(s *suite) {
	spec := s.pub().Spec()
	for i, row := range spec.Failures {
		where := fmt.Sprintf("row %d %s", i, row.Sample)
		sm, err := readSample(s.samples, row.Sample)
		if !s.is(err == nil, where, "%v", err) {
			continue
		}
		s.is(sm.Source != "" && sm.Day != "", where, "the sample lacks its source or day")
		met := s.meetInWalk(where, i, row, sm)
		met = s.meetInJoining(where, i, row, sm) || met
		if !met {
			met = s.meetInRefresh(where, i, row, sm)
		}
		s.is(met, where, "no request of step %q is ever made", row.On)
	}
}

// meetInWalk gives the sample to the first step of a plain delivery that it is for; a row for all steps to the commit too.
func (s *suite) meetInWalk(where string, i int, row connector.Failure, sm sample) bool {
	met := false
	for _, c := range s.scenes() {
		_, steps := s.requests(c)
		at := stepFor(row, steps)
		places := []int{at}
		if row.On == "" && at < commitIn(steps) {
			places = append(places, commitIn(steps))
		}
		for _, n := range places {
			if n < 0 || n >= len(steps) {
				continue
			}
			l, before := s.play(c, func(b *bench, _ *life) {
				b.wire.plan = only(b.wire.n+n, sm.fault(b.clock.Now()))
			})
			commit := n == commitIn(steps)
			s.rowHolds(fmt.Sprintf("%s/%s/%s", where, c, steps[n]), i, row, sm, c, l, before, commit)
			l.b.close()
			met = true
		}
		if met && row.On != "" {
			return true
		}
	}
	return met
}

func stepFor(row connector.Failure, steps []string) int { return slices.IndexFunc(steps, row.For) }

// rowHolds compares what a walk made of a sample with its row.
func (s *suite) rowHolds(where string, i int, row connector.Failure, sm sample, c scene, l *life, before []fake.Post, commit bool) {
	got := l.b.spec.Failures.Row(stepOf(l, commit), sm.Status, http.Header{}, sm.fault(start).body)
	s.is(got == i, where, "the sample is taken by row %d", got)
	want := row.Class
	if commit && sm.Status >= 500 {
		want = connector.Uncertain
	}
	trace, ok := failedTrace(l.trace)
	if !s.is(ok, where, "nothing failed: %s", l) {
		return
	}
	s.is(trace.Class == want, where, "it is classed %s, the row says %s", trace.Class, want)
	s.is(trace.Words != "" || want == connector.Transient || want == connector.Uncertain, where, "nobody is told why")
	switch want {
	case connector.Transient, connector.RateLimited, connector.Processing, connector.Uncertain:
		s.once(where, l, before, mayAsk(c.kind) && commit)
		if row.Until != (connector.Until{}) && want == connector.RateLimited && len(l.outs) > 0 {
			s.is(!l.outs[0].Until.IsZero(), where, "the instant of the next try is lost")
		}
	case connector.Rejected:
		s.is(l.state == failed, where, "it should be refused: %s", l)
		s.is(len(l.b.more(before)) == 0, where, "it is visible")
	}
}

func stepOf(l *life, _ bool) string {
	if t, ok := failedTrace(l.trace); ok {
		return t.Step
	}
	return ""
}

func failedTrace(list []connector.Trace) (connector.Trace, bool) {
	for _, t := range list {
		if t.Class != "" {
			return t, true
		}
	}
	return connector.Trace{}, false
}

// meetInJoining gives the sample to a request of connecting.
func (s *suite) meetInJoining(where string, i int, row connector.Failure, sm sample) bool {
	if row.On == "" {
		return false
	}
	met := false
	for _, a := range s.platform(fake.World{Now: func() time.Time { return start }}).Accounts() {
		plain := s.bench(a)
		var steps []string
		for _, t := range plain.traces {
			steps = append(steps, t.Step)
		}
		plain.close()
		n := stepFor(row, steps)
		if n < 0 {
			continue
		}
		met = true
		b := s.unconnected()
		offset := 0
		if way, _ := b.spec.Way(a.Way); way.SignsIn() && steps[n] != "register" && steps[n] != "greet" {
			offset = 1 // the browser's own request isn't traced
		}
		b.wire.plan = only(n+offset, sm.fault(b.clock.Now()))
		err := b.connect(a)
		t, _ := failedTrace(b.traces)
		got := b.spec.Failures.Row(t.Step, sm.Status, http.Header{}, sm.fault(start).body)
		s.is(got == i, where+"/"+a.Way, "the sample is taken by row %d", got)
		s.is(err != nil || row.Class == connector.Transient || row.Class == connector.Duplicate, where+"/"+a.Way, "connecting went well")
		b.close()
	}
	return met
}

// meetInRefresh ends the token and gives the sample to the refresh.
func (s *suite) meetInRefresh(where string, i int, row connector.Failure, sm sample) bool {
	if !row.For("refresh") {
		return false
	}
	for _, c := range s.scenes() {
		from, steps := s.requests(c)
		l, _ := s.play(c, func(b *bench, _ *life) {
			b.platform.EndAccess()
			b.wire.plan = only(from+1, sm.fault(b.clock.Now()))
		})
		l.b.close()
		if len(steps) == 0 {
			continue
		}
		for _, t := range l.trace {
			if t.Step == "refresh" {
				got := l.b.spec.Failures.Row("refresh", sm.Status, http.Header{}, sm.fault(start).body)
				s.is(got == i, where, "the sample is taken by row %d", got)
				s.is(t.Class == row.Class, where, "it is classed %s, the row says %s", t.Class, row.Class)
				return true
			}
		}
	}
	return false
}
