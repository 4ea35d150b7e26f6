package connector

import (
	"encoding/json"
	"fmt"
	"time"
)

// Bound binds a form to a connector's own settings struct: one function describes the fields and decodes them, so that
// schema and decoding can't disagree.
type Bound[T any] struct{ build func(*Fields, *T) }

// Settings makes the form of a connector's settings, as package flag does for a command line:
//
//	var form = connector.Settings(func(f *connector.Fields, s *settings) {
//		f.Choice(&s.Visibility, "visibility", "public", "unlisted").Labelled("Visibility", "Who sees the post.").Def("public")
//	})
func Settings[T any](build func(*Fields, *T)) Bound[T] { return Bound[T]{build} }

// Form is the description of the fields.
func (b Bound[T]) Form() Form {
	var v T
	f := &Fields{}
	b.build(f, &v)
	return f.form()
}

// Of gives the settings of a draft: its own, then the channel's, then the defaults. They were checked before; a value
// that doesn't fit is left at its default.
func (b Bound[T]) Of(d *Draft) T {
	var v T
	f := &Fields{}
	b.build(f, &v)
	f.decode(f.form().merged(d.Settings, d.Channel.Settings))
	return v
}

// Fields collects the fields of a form while it is bound.
type Fields struct{ entries []*Entry }

// Entry is one field being described; its methods return it.
type Entry struct {
	field Field
	set   func(json.RawMessage) error
}

func (f *Fields) form() Form {
	out := make(Form, len(f.entries))
	for i, e := range f.entries {
		out[i] = e.field
	}
	return out
}

func (f *Fields) decode(values map[string]json.RawMessage) {
	for _, e := range f.entries {
		if e.field.Default != nil {
			_ = e.set(e.field.Default)
		}
		if raw, ok := values[e.field.Name]; ok && e.field.misfit(raw) == "" {
			_ = e.set(raw)
		}
	}
}

func (f *Fields) add(field Field, set func(json.RawMessage) error) *Entry {
	e := &Entry{field, set}
	f.entries = append(f.entries, e)
	return e
}

func into1[T any](p *T) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return fmt.Errorf("setting: %w", err)
		}
		*p = v
		return nil
	}
}

// Text is words of min to max runes; max 0 is no limit.
func (f *Fields) Text(p *string, name string, least, most int) *Entry {
	return f.add(Field{Name: name, Kind: FieldText, Min: int64(least), Max: int64(most)}, into1(p))
}

// Number is a whole number in [least, most].
func (f *Fields) Number(p *int, name string, least, most int) *Entry {
	return f.add(Field{Name: name, Kind: FieldNumber, Min: int64(least), Max: int64(most)}, into1(p))
}

// Flag is yes or no.
func (f *Fields) Flag(p *bool, name string) *Entry {
	return f.add(Field{Name: name, Kind: FieldFlag}, into1(p))
}

// Choice is one of the values.
func (f *Fields) Choice(p *string, name string, values ...string) *Entry {
	return f.add(Field{Name: name, Kind: FieldChoice, Options: optionsOf(values)}, into1(p))
}

// Choices is any of the values.
func (f *Fields) Choices(p *[]string, name string, values ...string) *Entry {
	return f.add(Field{Name: name, Kind: FieldWords, Max: int64(len(values)), Options: optionsOf(values)}, into1(p))
}

// Words is up to most short texts.
func (f *Fields) Words(p *[]string, name string, least, most int) *Entry {
	return f.add(Field{Name: name, Kind: FieldWords, Min: int64(least), Max: int64(most)}, into1(p))
}

// URL is a web address.
func (f *Fields) URL(p *string, name string) *Entry {
	return f.add(Field{Name: name, Kind: FieldURL}, into1(p))
}

// DateTime is an instant.
func (f *Fields) DateTime(p *time.Time, name string) *Entry {
	return f.add(Field{Name: name, Kind: FieldDateTime}, into1(p))
}

// Color is #rrggbb.
func (f *Fields) Color(p *string, name string) *Entry {
	return f.add(Field{Name: name, Kind: FieldColor}, into1(p))
}

// Asset is the id of a file from the library.
func (f *Fields) Asset(p *string, name string) *Entry {
	return f.add(Field{Name: name, Kind: FieldAsset}, into1(p))
}

// Lookup is one thing that the platform knows, with its label; a bare id is taken too.
func (f *Fields) Lookup(p *Option, name, what string) *Entry {
	return f.add(Field{Name: name, Kind: FieldLookup, Lookup: what, Max: 1}, func(raw json.RawMessage) error {
		o, err := optionOf(raw)
		*p = o
		return err
	})
}

// Lookups is up to most things that the platform knows.
func (f *Fields) Lookups(p *[]Option, name, what string, least, most int) *Entry {
	return f.add(Field{Name: name, Kind: FieldLookup, Lookup: what, Min: int64(least), Max: int64(max(most, 2))}, func(raw json.RawMessage) error {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return fmt.Errorf("setting: %w", err)
		}
		*p = nil
		for _, r := range list {
			o, err := optionOf(r)
			if err != nil {
				return err
			}
			*p = append(*p, o)
		}
		return nil
	})
}

// List is a list of entries with fields of their own.
func List[T any](f *Fields, p *[]T, name string, least, most int, build func(*Fields, *T)) *Entry {
	return f.add(Field{Name: name, Kind: FieldList, Min: int64(least), Max: int64(most), Items: Settings(build).Form()}, func(raw json.RawMessage) error {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return fmt.Errorf("setting: %w", err)
		}
		out := make([]T, len(list))
		for i, r := range list {
			inner := &Fields{}
			build(inner, &out[i])
			inner.decode(inner.form().merged(r, nil))
		}
		*p = out
		return nil
	})
}

func optionsOf(values []string) []Option {
	out := make([]Option, len(values))
	for i, v := range values {
		out[i] = Option{ID: v, Label: v}
	}
	return out
}

func optionOf(raw json.RawMessage) (Option, error) {
	var id string
	if json.Unmarshal(raw, &id) == nil {
		return Option{ID: id}, nil
	}
	var o Option
	if err := json.Unmarshal(raw, &o); err != nil {
		return o, fmt.Errorf("setting: %w", err)
	}
	return o, nil
}

// Labelled names the field and helps with it.
func (e *Entry) Labelled(label, help string) *Entry {
	e.field.Label, e.field.Help = label, help
	return e
}

// Worded labels the values of a choice, in order.
func (e *Entry) Worded(labels ...string) *Entry {
	for i := range min(len(labels), len(e.field.Options)) {
		e.field.Options[i].Label = labels[i]
	}
	return e
}

// Def is the value when nothing was chosen.
func (e *Entry) Def(v any) *Entry {
	raw, err := json.Marshal(v)
	if err != nil || e.set(raw) != nil {
		panic("connector: the default of " + e.field.Name + " doesn't fit")
	}
	e.field.Default = raw
	return e
}

// Must says that there is no post without it.
func (e *Entry) Must() *Entry { e.field.Must = true; return e }

// For limits the field to kinds of post.
func (e *Entry) For(kinds ...string) *Entry { e.field.Kinds = kinds; return e }

// When limits the field to values of another field.
func (e *Entry) When(field string, values ...string) *Entry {
	e.field.When = &When{field, values}
	return e
}

// IfFact limits the field to channels with this fact.
func (e *Entry) IfFact(name string) *Entry { e.field.IfFact = name; return e }

// Unset says that the person must choose for each post.
func (e *Entry) Unset() *Entry { e.field.Unset, e.field.Must = true, true; return e }

// OnePerEntry makes each entry of the list a delivery of its own.
func (e *Entry) OnePerEntry() *Entry { e.field.OnePerEntry = true; return e }

// Like shows what a value looks like.
func (e *Entry) Like(example string) *Entry { e.field.Example = example; return e }
