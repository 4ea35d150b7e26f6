package trail

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/audit"
)

// format writes events for another program.
type format interface {
	event(e audit.Entry) error
	end() error
}

var formats = map[string]func(io.Writer) format{"jsonl": newLines, "csv": newTable, "ocsf": newOCSF}

// lines writes the event as it is and the values beside it.
type lines struct{ to *json.Encoder }

func newLines(w io.Writer) format {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return &lines{e}
}

func (l *lines) event(e audit.Entry) error {
	return l.to.Encode(struct {
		Event  json.RawMessage   `json:"event"`
		Leaf   string            `json:"leaf"`
		Values map[string]string `json:"values,omitempty"`
	}{e.Bytes, hashText(e.Leaf), e.Values})
}

func (l *lines) end() error { return nil }

// table writes one row for each event.
type table struct{ to *csv.Writer }

func newTable(w io.Writer) format {
	t := &table{csv.NewWriter(w)}
	_ = t.to.Write([]string{"seq", "id", "at", "action", "result", "error", "actor_kind", "actor", "member", "via", "mfa", "on_kind", "on", "workspace",
		"ticket", "grant", "basis", "request", "agent", "changed", "values", "private"}) // Flush tells
	return t
}

func (t *table) event(e audit.Entry) error {
	l := leafOf(e)
	row := []string{fmt.Sprint(e.Seq), e.ID.String(), l.At, l.Action, l.Result, l.Error, l.Actor.Kind, l.Actor.ID, l.Actor.Member, l.Actor.Via, l.Actor.MFA.Method,
		l.On.Kind, l.On.ID, l.On.Workspace, l.Why.Ticket, l.Why.Grant, l.Why.Basis, l.From.Request, l.From.Agent, strings.Join(l.Changed.Names, " "),
		pairs(l.Changed.Values), pairs(e.Values)}
	for i := range row {
		row[i] = cell(row[i])
	}
	return t.to.Write(row)
}

func (t *table) end() error {
	t.to.Flush()
	return t.to.Error()
}

// cell keeps a spreadsheet from taking a text for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func pairs(values map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		out = append(out, name+"="+values[name])
	}
	return strings.Join(out, "; ")
}
