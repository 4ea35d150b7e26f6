package conform

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/omniposto/omniposto/app/connector"
)

// schemaAndForm: what the schema takes the form takes, and the reverse, for each field's good and bad values.
func schemaAndForm(s *suite) {
	form := s.pub().Spec().Settings
	raw, err := json.Marshal(form.Schema())
	if err != nil {
		s.fail("schema", "%v", err)
		return
	}
	var schema map[string]any
	if err := json.Unmarshal(raw, &schema); err != nil {
		s.fail("schema", "%v", err)
		return
	}
	s.bothSay(form, schema, map[string]any{})
	s.bothSay(form, schema, map[string]any{"nobody_knows_this": 1})
	full := map[string]any{}
	for _, f := range form {
		full[f.Name] = good(f)
	}
	s.bothSay(form, schema, full)
	for _, f := range form {
		for _, v := range tries(f) {
			one := map[string]any{}
			for k, w := range full {
				one[k] = w
			}
			one[f.Name] = v
			s.bothSay(form, schema, one)
			s.bothSay(form, schema, map[string]any{f.Name: v})
		}
		rest := map[string]any{}
		for k, w := range full {
			if k != f.Name {
				rest[k] = w
			}
		}
		s.bothSay(form, schema, rest)
	}
}

func (s *suite) bothSay(form connector.Form, schema map[string]any, value map[string]any) {
	raw, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	var decoded any
	if err := json.Unmarshal(raw, &decoded); err != nil {
		panic(err)
	}
	said := blockers(form.Check(raw, nil, "", nil))
	wrong := violation(schema, decoded)
	s.is((len(said) == 0) == (wrong == ""), "settings", "of %s the form says %v, the schema %q", raw, said, wrong)
}

func good(f connector.Field) any {
	switch f.Kind {
	case connector.FieldNumber:
		return f.Min
	case connector.FieldFlag:
		return true
	case connector.FieldChoice:
		return f.Options[len(f.Options)-1].ID
	case connector.FieldURL:
		return "https://example.com/a"
	case connector.FieldDateTime:
		return "2026-09-01T09:00:00Z"
	case connector.FieldColor:
		return "#1d9bf0"
	case connector.FieldAsset:
		return "ast_" + strings.Repeat("0", 26)
	case connector.FieldWords:
		word := "word"
		if f.Options != nil {
			word = f.Options[0].ID
		}
		return slices.Repeat([]string{word}, int(max(f.Min, 1)))
	case connector.FieldLookup:
		if f.Max > 1 {
			return []any{map[string]any{"id": "1", "label": "One"}}
		}
		return map[string]any{"id": "1", "label": "One"}
	case connector.FieldList:
		entry := map[string]any{}
		for _, inner := range f.Items {
			entry[inner.Name] = good(inner)
		}
		return []any{entry}
	}
	return strings.Repeat("t", int(max(f.Min, 1)))
}

// tries are values of all sorts, most of which don't fit.
func tries(f connector.Field) []any {
	out := []any{good(f), nil, true, "", " ", "x", 0, -1, 3.5, 1 << 40, []any{}, []any{"a"}, []any{1}, []any{""}, map[string]any{}, map[string]any{"id": "a"}, map[string]any{"id": "a", "b": 1}, "https://example.com", "ftp://example.com", "#12345", "2026-13-01", strings.Repeat("é", int(min(f.Max, 5000))), strings.Repeat("é", int(min(f.Max, 5000))+1)}
	if f.Kind == connector.FieldNumber {
		out = append(out, f.Max, f.Max+1, f.Min-1)
	}
	if f.Kind == connector.FieldWords || f.Kind == connector.FieldList {
		one, _ := json.Marshal(good(f))
		var list []any
		_ = json.Unmarshal(one, &list)
		out = append(out, slices.Repeat(list[:1], int(f.Max)), slices.Repeat(list[:1], int(f.Max)+1))
	}
	return out
}

// violation checks the keywords that our schemas use; "" is none.
func violation(schema map[string]any, v any) string {
	if any_, ok := schema["anyOf"].([]any); ok && !slices.ContainsFunc(any_, func(one any) bool { return violation(one.(map[string]any), v) == "" }) {
		return "anyOf"
	}
	if all, ok := schema["allOf"].([]any); ok {
		for _, one := range all {
			if w := violation(one.(map[string]any), v); w != "" {
				return w
			}
		}
	}
	if cond, ok := schema["if"].(map[string]any); ok && violation(cond, v) == "" {
		if w := violation(schema["then"].(map[string]any), v); w != "" {
			return "then " + w
		}
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.ContainsFunc(enum, func(e any) bool { return fmt.Sprintf("%T%v", e, e) == fmt.Sprintf("%T%v", v, v) }) {
		return "enum"
	}
	if w := violatesType(schema["type"], v); w != "" {
		return w
	}
	switch t := v.(type) {
	case string:
		return violatesText(schema, t)
	case float64:
		return violatesNumber(schema, t)
	case []any:
		return violatesList(schema, t)
	case map[string]any:
		return violatesObject(schema, t)
	}
	return ""
}

func violatesType(want, v any) string {
	if want == nil {
		return ""
	}
	got := map[string]bool{}
	switch t := v.(type) {
	case string:
		got["string"] = true
	case bool:
		got["boolean"] = true
	case float64:
		got["number"], got["integer"] = true, t == float64(int64(t))
	case []any:
		got["array"] = true
	case map[string]any:
		got["object"] = true
	}
	if !got[want.(string)] {
		return "type"
	}
	return ""
}

func number(schema map[string]any, name string) (float64, bool) {
	n, ok := schema[name].(float64)
	return n, ok
}

func violatesText(schema map[string]any, s string) string {
	n := float64(utf8.RuneCountInString(s))
	if least, ok := number(schema, "minLength"); ok && n < least {
		return "minLength"
	}
	if most, ok := number(schema, "maxLength"); ok && n > most {
		return "maxLength"
	}
	if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(s) {
		return "pattern"
	}
	return ""
}

func violatesNumber(schema map[string]any, n float64) string {
	if least, ok := number(schema, "minimum"); ok && n < least {
		return "minimum"
	}
	if most, ok := number(schema, "maximum"); ok && n > most {
		return "maximum"
	}
	return ""
}

func violatesList(schema map[string]any, list []any) string {
	n := float64(len(list))
	if least, ok := number(schema, "minItems"); ok && n < least {
		return "minItems"
	}
	if most, ok := number(schema, "maxItems"); ok && n > most {
		return "maxItems"
	}
	if items, ok := schema["items"].(map[string]any); ok {
		for _, v := range list {
			if w := violation(items, v); w != "" {
				return "items " + w
			}
		}
	}
	return ""
}

func violatesObject(schema map[string]any, o map[string]any) string {
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := o[name.(string)]; !ok {
			return "required " + name.(string)
		}
	}
	for name, v := range o {
		p, ok := properties[name].(map[string]any)
		if !ok {
			if schema["additionalProperties"] == false {
				return "additional " + name
			}
			continue
		}
		if w := violation(p, v); w != "" {
			return name + " " + w
		}
	}
	return ""
}
