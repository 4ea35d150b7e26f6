package conform

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// keptSteps is the file that remembers the shapes of saved results, and rewriteSteps the variable that writes it anew.
const (
	keptSteps    = "steps.json"
	rewriteSteps = "CONFORM_REWRITE_STEPS"
)

// stepsAreKept: the shape of each saved result is the one that stores hold; a changed type needs a new step name.
func stepsAreKept(s *suite) {
	shapes := map[string]string{}
	for _, c := range s.scenes() {
		b := s.bench(c.account)
		l := b.life(b.follow(b.most(c.kind))).run()
		b.close()
		for _, name := range slices.Sorted(maps.Keys(l.saved)) {
			base, _, _ := strings.Cut(name, ".")
			if _, ok := shapes[c.kind.ID+" "+base]; ok {
				continue
			}
			var v any
			if err := json.Unmarshal(l.saved[name], &v); err != nil {
				s.fail(name, "the saved result is no JSON")
				continue
			}
			shapes[c.kind.ID+" "+base] = shape(v, 2)
		}
	}
	at := filepath.Join(s.samples, keptSteps)
	if os.Getenv(rewriteSteps) != "" && len(shapes) > 0 {
		raw, _ := json.MarshalIndent(shapes, "", "  ")
		if err := os.WriteFile(at, append(raw, '\n'), 0o644); err != nil { //nolint:gosec // test data
			s.fail(keptSteps, "%v", err)
		}
	}
	raw, err := os.ReadFile(filepath.Clean(at))
	if errors.Is(err, fs.ErrNotExist) && len(shapes) == 0 {
		s.checked()
		return
	}
	var kept map[string]string
	if err != nil || json.Unmarshal(raw, &kept) != nil {
		s.fail(keptSteps, "it can't be read; write it with %s=1", rewriteSteps)
		return
	}
	for name, was := range kept {
		s.is(shapes[name] == was, name, "its saved result was %s and is %s now: give the step a new name", was, shapes[name])
	}
	s.is(slices.Equal(slices.Sorted(maps.Keys(kept)), slices.Sorted(maps.Keys(shapes))), keptSteps, "the steps are %v, kept are %v", slices.Sorted(maps.Keys(shapes)), slices.Sorted(maps.Keys(kept)))
}

// shape is what kind of JSON it is, a few levels deep: a platform's own objects are kept as they come.
func shape(v any, depth int) string {
	switch t := v.(type) {
	case string:
		return "text"
	case float64:
		return "number"
	case bool:
		return "flag"
	case []any:
		if len(t) == 0 || depth == 0 {
			return "list"
		}
		return "list of " + shape(t[0], depth-1)
	case map[string]any:
		if depth == 0 {
			return "object"
		}
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(t)) {
			parts = append(parts, fmt.Sprintf("%s %s", k, shape(t[k], depth-1)))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "nothing"
}
