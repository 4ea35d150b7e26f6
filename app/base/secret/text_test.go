package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestTextIsShownByNothing(t *testing.T) {
	t.Parallel()
	const plain = "canary-7hd82kd"
	type holder struct {
		Open   Text
		closed Text
	}
	h := holder{NewText(plain), NewText(plain)}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, h)
		fmt.Fprintf(&out, verb, &h)
		fmt.Fprintf(&out, verb, h.Open)
		fmt.Fprintf(&out, verb, []Text{h.closed})
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", h.Open, "b", h)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "a", h.Open, "b", h)
	raw, err := json.Marshal(h)
	if err == nil {
		t.Errorf("json wrote %s", raw)
	}
	all := out.String() + log.String() + string(raw) + fmt.Sprint(err)
	hex := fmt.Sprintf("%x", plain)
	if strings.Contains(all, plain) || strings.Contains(all, hex) {
		t.Errorf("the secret is shown: %s", all)
	}
}

func TestTextLendsComparesAndIsWiped(t *testing.T) {
	t.Parallel()
	a, b := NewText("one"), NewText("one")
	copied := a
	if !a.Equal(b) || a.Equal(NewText("two")) || a.Equal(Text{}) || !(Text{}).Equal(NewText("")) {
		t.Error("Equal doesn't compare the texts")
	}
	var got string
	a.Use(func(p string) { got = p })
	if got != "one" {
		t.Errorf("Use lent %q", got)
	}
	a.Zero()
	if !a.Empty() || !copied.Empty() || b.Empty() {
		t.Error("Zero must wipe a and its copies, and nothing else")
	}
}
