package config

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"sort"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	gotoml "github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// maxFile bounds the configuration file; a larger one is something else by mistake.
const maxFile = 1 << 20

// fileLayer reads the TOML file.
func fileLayer(s Sources, names directory, problems *Problems) layer {
	l := layer{values: map[string]any{}, from: map[string]string{}}
	if s.File == "" {
		return l
	}
	name := filepath.Base(s.File)
	text, err := s.ReadFile(s.File)
	if err != nil {
		problems.add(Problem{Where: s.File, Message: "can't be read: " + err.Error()})
		return l
	}
	if len(text) > maxFile {
		problems.add(Problem{Where: s.File, Message: "is larger than 1 MiB, so it is no configuration"})
		return l
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	tree, err := toml.Parser().Unmarshal(text)
	if err != nil {
		problems.add(syntax(name, err))
		return l
	}
	lines := linesOf(text)
	for _, leaf := range flatten(nil, tree) {
		key := joinKey(leaf.path)
		where := fmt.Sprintf("%s:%d", name, lines[key])
		f, platform, ok := names.find(key)
		if !ok {
			problems.add(unknown(where, key, names.nearest(key)))
			continue
		}
		v, err := f.fromTOML(leaf.value)
		if err != nil {
			problems.add(Problem{Where: where, Key: key, Message: err.Error()})
			continue
		}
		l.set(f, platform, key, v, where, problems)
	}
	return l
}

// syntax words the parser's error; it names the sign that is wrong, never a whole value.
func syntax(name string, err error) Problem {
	var at *gotoml.DecodeError
	if !errors.As(err, &at) {
		return Problem{Where: name, Message: "isn't TOML: " + err.Error()}
	}
	line, _ := at.Position()
	return Problem{Where: fmt.Sprintf("%s:%d", name, line), Key: joinKey(at.Key()),
		Message: "isn't TOML: " + strings.TrimPrefix(at.Error(), "toml: ")}
}

// fromTOML takes the value if it has the field's type.
func (f Field) fromTOML(v any) (value, error) {
	if !f.List {
		if s, ok := v.(string); ok {
			return value{text: s}, nil
		}
		return value{}, fmt.Errorf("must be text in quotes, not %s", typeName(v))
	}
	list, ok := v.([]any)
	if !ok {
		return value{}, fmt.Errorf("must be a list like [\"%s\"], not %s", strings.Split(f.Example, ", ")[0], typeName(v))
	}
	out := value{list: []string{}}
	for _, one := range list {
		s, ok := one.(string)
		if !ok {
			return value{}, fmt.Errorf("must be a list of texts; it holds %s", typeName(one))
		}
		out.list = append(out.list, s)
	}
	return out, nil
}

func typeName(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case int64, float64:
		return "a number"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}

// leaf is one value of the file with the parts of its key.
type leaf struct {
	path  []string
	value any
}

// flatten lists the values of a table in the order of their keys. An empty table that is no section is a leaf too, so
// that a mistyped heading is told.
func flatten(path []string, table map[string]any) []leaf {
	var out []leaf
	for _, part := range sortedKeys(table) {
		at := append(append([]string(nil), path...), part)
		inner, ok := table[part].(map[string]any)
		if !ok || len(inner) == 0 && !section(at) {
			out = append(out, leaf{at, table[part]})
			continue
		}
		out = append(out, flatten(at, inner)...)
	}
	return out
}

func sortedKeys(table map[string]any) []string {
	keys := make([]string, 0, len(table))
	for k := range table {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// section says whether keys may stand below the path.
func section(path []string) bool {
	if path[0] == "platforms" {
		return len(path) <= 2
	}
	for _, f := range fields {
		if len(path) == 1 && strings.HasPrefix(f.Key, path[0]+".") {
			return true
		}
	}
	return false
}

// joinKey writes a key as TOML does: parts that aren't plain words in quotes, so that "a.b" is never taken for a.b.
func joinKey(path []string) string {
	parts := make([]string, len(path))
	for i, p := range path {
		parts[i] = p
		if p == "" || strings.Trim(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
			parts[i] = fmt.Sprintf("%q", p)
		}
	}
	return strings.Join(parts, ".")
}

// linesOf finds the line of every key and table heading of a text that is known to be TOML.
func linesOf(text []byte) map[string]int {
	lines := map[string]int{}
	p := unstable.Parser{}
	p.Reset(text)
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = note(&p, lines, nil, e)
		case unstable.KeyValue:
			noteValue(&p, lines, table, e)
		}
	}
	return lines
}

// noteValue keeps the line of a key, and of those inside an inline table.
func noteValue(p *unstable.Parser, lines map[string]int, above []string, e *unstable.Node) {
	path := note(p, lines, above, e)
	if e.Value().Kind != unstable.InlineTable {
		return
	}
	for it := e.Value().Children(); it.Next(); {
		if it.Node().Kind == unstable.KeyValue {
			noteValue(p, lines, path, it.Node())
		}
	}
}

// note keeps the line of one key and of the tables that it opens on the way, and gives its whole path.
func note(p *unstable.Parser, lines map[string]int, above []string, e *unstable.Node) []string {
	path := append([]string(nil), above...)
	for it := e.Key(); it.Next(); {
		path = append(path, string(it.Node().Data))
		key := joinKey(path)
		if _, known := lines[key]; !known {
			lines[key] = p.Shape(it.Node().Raw).Start.Line
		}
	}
	return path
}
