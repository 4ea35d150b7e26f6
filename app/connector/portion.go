package connector

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
)

// Portion is what one delivery of a draft gets whose settings hold a list with a delivery per entry.
type Portion struct {
	Target   string          // the entry's own name: the value of its first field
	Field    string          // the list, and the entry's place in it: "communities.2"
	Settings json.RawMessage // the draft's, with that one entry
}

// InWhole is a field of the portion as it is called in the whole draft: in a portion its entry is the only one.
func (p Portion) InWhole(field string) string {
	list, _, ok := strings.Cut(p.Field, ".")
	if rest, inside := strings.CutPrefix(field, "settings."+list+".0"); ok && inside {
		return "settings." + p.Field + rest
	}
	return field
}

// Portions parts a draft by the list that is marked OnePerEntry: one portion for each entry, in order, an entry that
// stands twice once. nil: the form has no such list, or it is empty, and the draft is one delivery.
func (f Form) Portions(own, channel json.RawMessage) []Portion {
	for _, field := range f {
		if !field.OnePerEntry {
			continue
		}
		values := f.merged(own, channel)
		var entries []json.RawMessage
		if json.Unmarshal(values[field.Name], &entries) != nil {
			return nil
		}
		var out []Portion
		seen := map[string]bool{}
		for i, entry := range entries {
			target := field.target(entry)
			if seen[target] {
				continue
			}
			seen[target] = true
			one := maps.Clone(values)
			one[field.Name] = listOf(entry)
			raw, err := json.Marshal(one)
			if err != nil {
				return nil
			}
			out = append(out, Portion{Target: target, Field: field.Name + "." + strconv.Itoa(i), Settings: raw})
		}
		return out
	}
	return nil
}

func listOf(entry json.RawMessage) json.RawMessage {
	out := append(json.RawMessage{'['}, entry...)
	return append(out, ']')
}

// target is the name of an entry: its first field's value, or the entry itself.
func (f *Field) target(entry json.RawMessage) string {
	value := entry
	if len(f.Items) > 0 {
		var fields map[string]json.RawMessage
		if json.Unmarshal(entry, &fields) == nil {
			value = fields[f.Items[0].Name]
		}
	}
	if o, err := optionOf(value); err == nil && o.ID != "" {
		return o.ID
	}
	return string(value)
}
