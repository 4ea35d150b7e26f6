package app

import (
	"fmt"
	"strings"
	"time"

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
		registrationWords(&b, s.Registration)
		limitWords(&b, s.Limits)
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
	b.WriteString("\n## Skool\n\nNot built: Skool has no public interface for posting, and signing in with somebody's browser session breaks its rules.\n")
	return b.String()
}

// registrationWords says what an administrator does at the platform, and what it looks at.
func registrationWords(b *strings.Builder, r *connector.Registration) {
	if r == nil {
		return
	}
	fmt.Fprintf(b, "\nNeeds an app, registered at <%s>:\n\n", r.Console)
	for i, step := range r.Steps {
		fmt.Fprintf(b, "%d. %s\n", i+1, step)
	}
	if r.Review != "" {
		fmt.Fprintf(b, "\nReviewed there: %s\n", r.Review)
	}
}

// every is a window in words.
func every(window time.Duration) string {
	for name, one := range map[string]time.Duration{"a day": 24 * time.Hour, "an hour": time.Hour, "a minute": time.Minute, "a second": time.Second} {
		if window == one {
			return name
		}
	}
	switch {
	case window%(24*time.Hour) == 0:
		return fmt.Sprintf("in %d days", window/(24*time.Hour))
	case window%time.Hour == 0:
		return fmt.Sprintf("in %d hours", window/time.Hour)
	case window%time.Minute == 0:
		return fmt.Sprintf("in %d minutes", window/time.Minute)
	}
	return fmt.Sprintf("in %d seconds", window/time.Second)
}

func limitWords(b *strings.Builder, limits []connector.Limit) {
	if len(limits) == 0 {
		return
	}
	b.WriteString("\nLimits that are kept:\n\n")
	for _, l := range limits {
		fmt.Fprintf(b, "- %d %s %s for each %s\n", l.Max.Value, l.What, every(l.Window), l.Per)
	}
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
