package connector

import "slices"

// Schema is the form as JSON Schema 2020-12. What it takes the form takes, and the reverse, but for rules that need the
// kind of post or the channel's facts; those stand in x-kinds and x-fact. x-order is how the fields follow one another.
func (f Form) Schema() map[string]any {
	properties := map[string]any{}
	order := make([]string, len(f))
	var required []string
	var rules []any
	for i, field := range f {
		properties[field.Name], order[i] = field.schema(), field.Name
		if !field.Must || field.Default != nil || field.Kinds != nil || field.IfFact != "" {
			continue
		}
		if field.When == nil {
			required = append(required, field.Name)
			continue
		}
		rules = append(rules, f.rule(field))
	}
	out := map[string]any{"type": "object", "additionalProperties": false, "properties": properties, "x-order": order}
	if required != nil {
		out["required"] = required
	}
	if rules != nil {
		out["allOf"] = rules
	}
	return out
}

// rule needs a field where another has one of some values; an absent one has its default.
func (f Form) rule(field Field) map[string]any {
	other, _ := f.Field(field.When.Field)
	values := make([]any, len(field.When.Values))
	for i, v := range field.When.Values {
		values[i] = v
		if other.Kind == FieldFlag {
			values[i] = v == "true"
		}
	}
	condition := map[string]any{"properties": map[string]any{other.Name: map[string]any{"enum": values}}}
	if !slices.Contains(field.When.Values, f.valueOf(other.Name, nil)) {
		condition["required"] = []string{other.Name}
	}
	then := map[string]any{"required": []string{field.Name}}
	if field.Kind == FieldText || field.Kind == "" || field.Kind == FieldURL {
		then["properties"] = map[string]any{field.Name: map[string]any{"minLength": 1}}
	}
	return map[string]any{"if": condition, "then": then}
}

func (f Field) schema() map[string]any {
	out := f.schemaType()
	if f.Label != "" {
		out["title"] = f.Label
	}
	if f.Help != "" {
		out["description"] = f.Help
	}
	if f.Default != nil {
		out["default"] = f.Default
	}
	if f.Example != "" {
		out["examples"] = []string{f.Example}
	}
	out["x-field"] = string(f.kind())
	for name, v := range map[string]any{"x-lookup": f.Lookup, "x-fact": f.IfFact} {
		if v != "" {
			out[name] = v
		}
	}
	if f.Kinds != nil {
		out["x-kinds"] = f.Kinds
	}
	if f.When != nil {
		out["x-when"] = f.When
	}
	if f.Options != nil {
		out["x-options"] = f.Options
	}
	if f.Must {
		out["x-must"] = true // where it counts; required says it only where that is everywhere
	}
	if f.Unset {
		out["x-unset"] = true
	}
	if f.OnePerEntry {
		out["x-delivery-per-entry"] = true
	}
	return out
}

func (f Field) kind() FieldKind {
	if f.Kind == "" {
		return FieldText
	}
	return f.Kind
}

func (f Field) schemaType() map[string]any {
	switch f.Kind {
	case FieldNumber:
		return map[string]any{"type": "integer", "minimum": f.Min, "maximum": f.Max}
	case FieldFlag:
		return map[string]any{"type": "boolean"}
	case FieldWords:
		item := map[string]any{"type": "string", "minLength": 1, "maxLength": maxWord}
		if f.Options != nil {
			item["enum"] = f.ids()
		}
		return f.array(item)
	case FieldList:
		return f.array(f.Items.Schema())
	case FieldLookup:
		one := map[string]any{"anyOf": []any{
			map[string]any{"type": "string", "minLength": f.leastID(), "maxLength": maxLabel},
			map[string]any{
				"type": "object", "additionalProperties": false, "required": []string{"id"},
				"properties": map[string]any{
					"id":    map[string]any{"type": "string", "minLength": 1, "maxLength": maxLabel},
					"label": map[string]any{"type": "string", "maxLength": maxLabel},
				},
			},
		}}
		if f.Max <= 1 {
			return one
		}
		return f.array(one)
	}
	return f.schemaText()
}

func (f Field) ids() []string {
	out := make([]string, len(f.Options))
	for i, o := range f.Options {
		out[i] = o.ID
	}
	return out
}

func (f Field) array(item map[string]any) map[string]any {
	out := map[string]any{"type": "array", "items": item}
	least := f.Min
	if f.needed() {
		least = max(least, 1)
	}
	if least > 0 {
		out["minItems"] = least
	}
	if f.Max > 0 {
		out["maxItems"] = f.Max
	}
	return out
}

// schemaText: an optional text may be empty; a needed one not.
func (f Field) schemaText() map[string]any {
	out := map[string]any{"type": "string"}
	pattern := map[FieldKind]string{FieldURL: urlForm, FieldColor: colorForm, FieldAsset: assetForm, FieldDateTime: timeForm}[f.Kind]
	switch {
	case f.Kind == FieldChoice:
		ids := f.ids()
		if !f.Must {
			ids = append(ids, "")
		}
		out["enum"] = ids
		return out
	case pattern != "" && f.Must:
		out["pattern"] = pattern
	case pattern != "":
		out["pattern"] = "^(" + pattern[1:len(pattern)-1] + ")?$"
	case f.needed():
		out["minLength"] = max(f.Min, 1)
	case f.Min > 1:
		out["anyOf"] = []any{map[string]any{"maxLength": 0}, map[string]any{"minLength": f.Min}}
	}
	if f.Kind == FieldURL {
		out["maxLength"] = maxURL
	} else if f.Max > 0 {
		out["maxLength"] = f.Max
	}
	return out
}

// needed says that there is no post without the field, whatever the kind and the other values.
func (f Field) needed() bool {
	return f.Must && f.When == nil && f.Kinds == nil && f.IfFact == "" && f.Default == nil
}

func (f Field) leastID() int {
	if f.needed() && f.Max <= 1 {
		return 1
	}
	return 0
}
