package app

import "testing"

func TestStaffAreStoppedAndResumed(t *testing.T) {
	w := newWorld(t)
	w.owner.enrol()
	added := w.owner.must(201, "POST", "/instance/staff", map[string]any{"email": "ada@support.example", "name": "Ada Brandt"})
	for _, active := range []bool{false, true} {
		if a := w.owner.must(200, "PATCH", "/instance/staff/"+added.text("member"), map[string]any{"active": active}); a.get("active") != active {
			t.Errorf("active should be %v: %s", active, a.raw)
		}
	}
}
