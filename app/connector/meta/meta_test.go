package meta

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/connector"
)

func TestALostAnswerIsSettledByTheContainer(t *testing.T) {
	t.Parallel()
	c := &connector.Call{Now: time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)}
	for state, want := range map[string]string{
		"PUBLISHED": "found", "FINISHED": "absent", "IN_PROGRESS": "until", "ERROR": "absent, steps anew", "EXPIRED": "absent, steps anew", "": "can't tell", "NEWS": "can't tell",
	} {
		s := Sight(c, state, "container")
		got := ""
		switch {
		case s.Found != nil:
			got = "found"
		case s.CantTell != "":
			got = "can't tell"
		case !s.Until.IsZero():
			got = "until"
		case s.Absent && len(s.Forget) > 0:
			got = "absent, steps anew"
		case s.Absent:
			got = "absent"
		}
		if got != want {
			t.Errorf("%s: %s, want %s", state, got, want)
		}
	}
}

func TestInstantsAreReadInTheirForms(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 9, 1, 7, 30, 0, 0, time.UTC)
	for _, s := range []string{"2026-09-01T07:30:00+0000", "2026-09-01T09:30:00+0200", "2026-09-01T07:30:00Z"} {
		if got := Time(s); !got.Equal(want) {
			t.Errorf("%s: %s", s, got)
		}
	}
	if !Time("yesterday").IsZero() {
		t.Error("yesterday is an instant")
	}
}

func TestFiguresAreReadInTheirForms(t *testing.T) {
	t.Parallel()
	var f Figures
	raw := `{"data":[{"name":"views","values":[{"value":1},{"value":7}]},{"name":"shares","total_value":{"value":3}},{"name":"kinds","values":[{"value":{"like":2,"love":3}}]},{"name":"none","values":[{"value":"x"}]}]}`
	if err := json.Unmarshal([]byte(raw), &f); err != nil {
		t.Fatal(err)
	}
	got := f.Counts(map[string]string{"shares": "reposts", "kinds": "likes"})
	if len(got) != 3 || got["views"] != 7 || got["reposts"] != 3 || got["likes"] != 5 {
		t.Errorf("%v", got)
	}
}
