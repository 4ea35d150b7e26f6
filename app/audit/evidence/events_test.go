package evidence

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestMembersAreThoseOfCanonicalJSON(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`{"a":1}`: `a=1`,
		`{"a":"x\",\"b\":2","c":{"d":[1,"}"]},"e":null}`: `a="x\",\"b\":2" c={"d":[1,"}"]} e=null`,
		`{"a":"\\","b":true}`:                            `a="\\" b=true`,
		`{}`:                                             ``,
		`{"b":1,"a":2}`:                                  `no`,
		`{"a":1,"a":2}`:                                  `no`,
		`{"a":1,}`:                                       `no`,
		`{"a" :1}`:                                       `no`,
		`{"a":1`:                                         `no`,
		`{a:1}`:                                          `no`,
		`{"a":}`:                                         `no`,
		`[1]`:                                            `no`,
		``:                                               `no`,
		`{"a"}`:                                          `no`,
	} {
		var got []string
		ok := members([]byte(line), func(key string, value []byte) { got = append(got, key+"="+string(value)) })
		if text := strings.Join(got, " "); ok != (want != "no") || ok && text != want {
			t.Errorf("%s: %v %s", line, ok, text)
		}
	}
}

// FuzzMembers holds the scanner against encoding/json: what it takes and JSON takes too has the same members.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{"a":"x\",","b":{"c":[1,2]},"d":-3}`, `{"a":[{"b":"]"}]}`, `{}`, `{"a":"\u007d"}`, `{"a":1,"a":2}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := map[string]string{}
		var order []string
		ok := members([]byte(line), func(key string, value []byte) { got[key], order = string(value), append(order, key) })
		var want map[string]json.RawMessage
		if !ok || json.Unmarshal([]byte(line), &want) != nil || strings.Contains(line, `\`) || strings.ToValidUTF8(line, "") != line {
			return
		}
		for key, value := range want {
			if strings.TrimSpace(string(value)) != strings.TrimSpace(got[key]) {
				t.Errorf("%q: member %q is %q, want %q", line, key, got[key], value)
			}
		}
		if len(got) != len(want) || !slices.Equal(order, slices.Sorted(maps.Keys(want))) {
			t.Errorf("%q: members %q, want %q", line, order, slices.Sorted(maps.Keys(want)))
		}
	})
}
