package connector

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxURL    = 2048
	maxWord   = 640
	maxLabel  = 500
	urlForm   = `^https?://[^\s]+$`
	colorForm = `^#[0-9a-fA-F]{6}$`
	assetForm = `^ast_[0-9a-z]{26}$`
	timeForm  = `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`
)

var (
	urlPattern   = regexp.MustCompile(urlForm)
	colorPattern = regexp.MustCompile(colorForm)
	assetPattern = regexp.MustCompile(assetForm)
	timePattern  = regexp.MustCompile(timeForm)
)

// Check says what is wrong with settings: a draft's own over the channel's, for a kind of post and a channel's facts.
func (f Form) Check(own, channel json.RawMessage, kind string, facts Facts) []Trouble {
	var out []Trouble
	for _, raw := range []json.RawMessage{own, channel} {
		if _, err := object(raw); err != nil {
			return []Trouble{{Code: "settings_unreadable", Words: "The settings can't be read."}}
		}
	}
	mine, _ := object(own)
	for name := range mine {
		if _, ok := f.Field(name); !ok {
			out = append(out, Trouble{Code: "setting_unknown", Field: name, Words: "There is no setting " + strconv.Quote(name) + " here."})
		}
	}
	slices.SortFunc(out, func(a, b Trouble) int { return strings.Compare(a.Field, b.Field) })
	values := f.merged(own, channel)
	for _, field := range f {
		out = append(out, f.checkField(field, values, kind, facts)...)
	}
	return out
}

func (f Form) checkField(field Field, values map[string]json.RawMessage, kind string, facts Facts) []Trouble {
	raw, given := values[field.Name]
	if given {
		if words := field.misfit(raw); words != "" {
			return []Trouble{{Code: "setting_invalid", Field: field.Name, Words: field.title() + ": " + words}}
		}
		if field.Kind == FieldList {
			return field.checkEntries(raw, kind, facts)
		}
	}
	if field.Must && (!given || blank(raw)) && field.Default == nil && f.applies(field, values, kind, facts) {
		fix := ""
		if field.Lookup != "" || field.Options != nil || field.Kind == FieldFlag {
			fix = "choose"
		}
		return []Trouble{{Code: "setting_missing", Field: field.Name, Words: field.title() + " is needed here.", Fix: fix}}
	}
	return nil
}

func (f Field) checkEntries(raw json.RawMessage, kind string, facts Facts) []Trouble {
	var list []json.RawMessage
	_ = json.Unmarshal(raw, &list)
	var out []Trouble
	for i, entry := range list {
		for _, t := range f.Items.Check(entry, nil, kind, facts) {
			t.Field = f.Name + "." + strconv.Itoa(i) + "." + t.Field
			out = append(out, t)
		}
	}
	return out
}

func (f Field) title() string {
	if f.Label != "" {
		return f.Label
	}
	return f.Name
}

// applies says that the field counts for this kind of post, channel and the other values.
func (f Form) applies(field Field, values map[string]json.RawMessage, kind string, facts Facts) bool {
	if field.Kinds != nil && !slices.Contains(field.Kinds, kind) || field.IfFact != "" && facts[field.IfFact] == 0 {
		return false
	}
	if field.When == nil {
		return true
	}
	return slices.Contains(field.When.Values, f.valueOf(field.When.Field, values))
}

func (f Form) valueOf(name string, values map[string]json.RawMessage) string {
	raw, ok := values[name]
	if !ok {
		other, _ := f.Field(name)
		raw = other.Default
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// merged lays a draft's own values over the channel's. Fields that must be chosen for each post take none of those.
func (f Form) merged(own, channel json.RawMessage) map[string]json.RawMessage {
	out, err := object(channel)
	if err != nil || out == nil {
		out = map[string]json.RawMessage{}
	}
	for _, field := range f {
		if field.Unset {
			delete(out, field.Name)
		}
	}
	mine, err := object(own)
	if err != nil {
		return out
	}
	for name, raw := range mine {
		out[name] = raw
	}
	return out
}

func object(raw json.RawMessage) (map[string]json.RawMessage, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var out map[string]json.RawMessage
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return out, nil
}

func blank(raw json.RawMessage) bool {
	s := strings.TrimSpace(string(raw))
	return s == "" || s == "null" || s == `""` || s == "[]"
}

// misfit says why a value doesn't fit the field; "" is that it does.
func (f Field) misfit(raw json.RawMessage) string {
	switch f.Kind {
	case FieldNumber:
		return f.misfitNumber(raw)
	case FieldFlag:
		var b bool
		return wrongIf(json.Unmarshal(raw, &b) != nil || string(raw) == "null", "choose yes or no.")
	case FieldWords:
		return f.misfitWords(raw)
	case FieldList:
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil || list == nil {
			return "a list is expected."
		}
		return f.misfitCount(len(list))
	case FieldLookup:
		return f.misfitLookup(raw)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil || string(raw) == "null" {
		return "a text is expected."
	}
	return f.misfitText(s)
}

func wrongIf(wrong bool, words string) string {
	if wrong {
		return words
	}
	return ""
}

func (f Field) misfitNumber(raw json.RawMessage) string {
	n, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
	if err != nil {
		return "a whole number is expected."
	}
	return wrongIf(n < f.Min || n > f.Max, fmt.Sprintf("choose a number from %d to %d.", f.Min, f.Max))
}

func (f Field) misfitText(s string) string {
	n := int64(utf8.RuneCountInString(s))
	if s == "" {
		return wrongIf(f.Must && f.Kind != FieldText && f.Kind != "", "it is empty.")
	}
	switch f.Kind {
	case FieldChoice:
		return wrongIf(!slices.ContainsFunc(f.Options, func(o Option) bool { return o.ID == s }), "choose one of the values.")
	case FieldURL:
		return wrongIf(!urlPattern.MatchString(s) || n > maxURL, "a web address with https:// is expected.")
	case FieldColor:
		return wrongIf(!colorPattern.MatchString(s), "a colour like #1d9bf0 is expected.")
	case FieldAsset:
		return wrongIf(!assetPattern.MatchString(s), "choose a file from the library.")
	case FieldDateTime:
		_, err := time.Parse(time.RFC3339Nano, s)
		return wrongIf(!timePattern.MatchString(s) || err != nil, "a date with time and zone is expected.")
	}
	if n < f.Min {
		return fmt.Sprintf("at least %d signs are needed.", f.Min)
	}
	return wrongIf(f.Max > 0 && n > f.Max, fmt.Sprintf("%d signs fit, these are %d.", f.Max, n))
}

func (f Field) misfitWords(raw json.RawMessage) string {
	var list []string
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return "a list of words is expected."
	}
	for _, s := range list {
		if n := utf8.RuneCountInString(s); n == 0 || n > maxWord {
			return "an entry is empty or too long."
		}
		if f.Options != nil && !slices.ContainsFunc(f.Options, func(o Option) bool { return o.ID == s }) {
			return "choose from the values."
		}
	}
	return f.misfitCount(len(list))
}

func (f Field) misfitCount(n int) string {
	if int64(n) < f.Min {
		return fmt.Sprintf("at least %d are needed.", f.Min)
	}
	return wrongIf(f.Max > 0 && int64(n) > f.Max, fmt.Sprintf("%d fit, these are %d.", f.Max, n))
}

func (f Field) misfitLookup(raw json.RawMessage) string {
	if f.Max <= 1 {
		return misfitOption(raw)
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return "a list is expected."
	}
	for _, entry := range list {
		if words := misfitOption(entry); words != "" {
			return words
		}
	}
	return f.misfitCount(len(list))
}

func misfitOption(raw json.RawMessage) string {
	o, err := optionOf(raw)
	known := err == nil && string(raw) != "null"
	if fields, e := object(raw); known && e == nil && fields != nil {
		for name := range fields {
			known = known && (name == "id" || name == "label")
		}
		known = known && o.ID != ""
	}
	return wrongIf(!known || utf8.RuneCountInString(o.ID) > maxLabel || utf8.RuneCountInString(o.Label) > maxLabel, "choose from the list.")
}
