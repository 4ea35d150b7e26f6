package app

import (
	"fmt"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

// platformsPage is the page of the documentation about platforms, made from the connectors' declarations.
func platformsPage() string {
	var b strings.Builder
	b.WriteString("# Platforms\n\nWhat each connector takes, how it is connected, and how it stays at exactly one post.\n")
	for _, p := range platforms() {
		s := p.Spec()
		fmt.Fprintf(&b, "\n## %s\n\n", s.Label)
		for _, c := range s.Connect {
			fmt.Fprintf(&b, "- Connect by %s: %s\n", strings.ToLower(c.Label), c.Help)
		}
		b.WriteString("\n| what | text | files | exactly one by |\n| --- | --- | --- | --- |\n")
		for _, k := range s.Kinds {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", k.Label, textWords(k.Text), fileWords(k), onceWords(k.Once))
		}
		if len(s.Prices) > 0 {
			b.WriteString("\nWhat the platform asks the owner of the app for:\n\n")
			for _, p := range s.Prices {
				fmt.Fprintf(&b, "- %s: %s %s\n", p.What, p.Amount, p.Currency)
			}
		}
		if len(s.Unverified) > 0 {
			b.WriteString("\nNot confirmed by a source, and coded with care:\n\n")
			for _, u := range s.Unverified {
				fmt.Fprintf(&b, "- %s\n", u)
			}
		}
	}
	return b.String()
}

func textWords(t connector.Text) string {
	if t.Count == "" {
		return "–"
	}
	if t.Max.Value == 0 {
		return "no limit"
	}
	words := fmt.Sprintf("%d %s", t.Max.Value, t.Count)
	if t.Max.Name != "" {
		words += " unless the server says otherwise"
	}
	return words
}

func fileWords(k connector.Kind) string {
	if k.MaxMedia.Value == 0 {
		return "–"
	}
	var types []string
	for _, m := range k.Media {
		types = append(types, string(m.Type))
	}
	most := fmt.Sprint(k.MaxMedia.Value)
	if k.MaxMedia == connector.Any {
		most = "any number"
	}
	return fmt.Sprintf("%d to %s (%s)", k.MinMedia.Value, most, strings.Join(types, ", "))
}

func onceWords(o connector.Once) string {
	words := string(o.By)
	if o.Why != "" {
		words += ": " + strings.ReplaceAll(o.Why, "|", "/")
	}
	return words
}
