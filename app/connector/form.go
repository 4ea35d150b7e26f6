package connector

import "encoding/json"

// Form is a list of fields that a person fills in: connect fields, app credentials, settings.
type Form []Field

// Field is one field of a form.
type Field struct {
	Name, Label, Help string
	Kind              FieldKind // "": FieldText
	Must              bool
	Secret            bool
	Options           []Option // of a choice
	Min, Max          int64    // of a text's runes, a number, a list's entries; Max 0: no limit
	Default           json.RawMessage
	Kinds             []string // kinds of post it is for; nil: all
	When              *When    // only when another field has one of these values
	IfFact            string   // only for channels with this fact
	Unset             bool     // the person must choose: no default, not even the channel's
	OnePerEntry       bool     // each entry of the list is a delivery of its own
	Lookup            string   // what the connector's Lookup is asked for
	Items             Form     // fields of a list's entries; nil for a list of words
	Example           string
}

// When is a condition on another field of the same form.
type When struct {
	Field  string   `json:"field"`
	Values []string `json:"values"`
}

// FieldKind is what a field takes.
type FieldKind string

// The kinds of field.
const (
	FieldText     FieldKind = "text"
	FieldNumber   FieldKind = "number"
	FieldFlag     FieldKind = "flag"
	FieldChoice   FieldKind = "choice"
	FieldURL      FieldKind = "url"
	FieldDateTime FieldKind = "datetime"
	FieldColor    FieldKind = "color"
	FieldAsset    FieldKind = "asset"
	FieldLookup   FieldKind = "lookup"
	FieldList     FieldKind = "list"
	FieldWords    FieldKind = "words"  // a list of short texts
	FieldServer   FieldKind = "server" // the address of a server; a bare name gets https://
)

// Field finds a field by its name.
func (f Form) Field(name string) (Field, bool) {
	for _, field := range f {
		if field.Name == name {
			return field, true
		}
	}
	return Field{}, false
}
