package config

import (
	"fmt"
	"strings"
)

// Line is one key as it is in force.
type Line struct {
	Key   string
	Value string // secrets masked
	From  string // "default", "omniposto.toml:3", "environment OMNIPOSTO_LISTEN", "flag --listen"
}

// Show lists every key that is in force and where it came from, in the order of the example file.
func Show(c Config) []Line { return append([]Line(nil), c.lines...) }

// Example is the text of config.example.toml: every key that can be set with its default or an
// example, all commented out.
func Example() string {
	var b strings.Builder
	b.WriteString(`# Configuration of Omni Posto. Every line that sets something is commented out and shows the default or an example.
# Each key is also an environment variable: ` + envName("log.level") + ` for log.level. Where it says "secret", the same
# name with _FILE at its end names a file that holds the value. Flags win over the environment, the environment over
# this file. "omniposto config check" reads it, "omniposto config show" tells what is in force and from where.
`)
	section := ""
	for _, f := range fields {
		if f.Refused != "" {
			continue
		}
		table, name := "", f.Key
		if i := strings.LastIndex(f.Key, "."); i >= 0 {
			table, name = strings.Replace(f.Key[:i], "*", "mastodon", 1), f.Key[i+1:]
		}
		if table != section {
			section = table
			if f.perPlatform() {
				b.WriteString("\n# One table for each platform, with the names that \"omniposto config check\" knows.")
			}
			fmt.Fprintf(&b, "\n[%s]\n", table)
		}
		b.WriteString("\n")
		for _, line := range wrap(f.Help+" "+f.notes(), 116) {
			fmt.Fprintf(&b, "# %s\n", line)
		}
		fmt.Fprintf(&b, "#%s = %s\n", name, f.literal())
	}
	return b.String()
}

// notes tells unit, default and how secret a value is.
func (f Field) notes() string {
	notes := "(" + f.Unit
	if f.Default != "" {
		notes += ", default " + f.Default
	}
	if f.Secret != Open {
		notes += ", secret"
	}
	if f.Flag {
		notes += ", flag --" + f.FlagName()
	}
	return notes + ")"
}

// literal is the value of the example as TOML writes it.
func (f Field) literal() string {
	text := f.Default
	if text == "" {
		text = f.Example
	}
	if !f.List {
		return fmt.Sprintf("%q", text)
	}
	parts := strings.Split(text, ", ")
	for i, p := range parts {
		parts[i] = fmt.Sprintf("%q", p)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// wrap breaks a text into lines of at most width signs, between words.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
