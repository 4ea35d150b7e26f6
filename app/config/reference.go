package config

import (
	"fmt"
	"strings"
)

// Reference is the page of the documentation about configuration, made from the same declarations as everything else.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\nNothing needs to be configured: `omniposto serve` listens on 127.0.0.1:8080 and keeps everything in `./data`.\n\n" +
		"A key can be set in a TOML file (`--config FILE`, or `omniposto.toml` in the current folder), in the environment, and some as a flag. " +
		"Flags win over the environment, the environment over the file. For keys marked secret, the same variable with `_FILE` at its end names a file that holds the value.\n\n" +
		"`omniposto config check` says what is wrong and what was probably meant; `omniposto config show` tells what is in force and from where, with secrets masked.\n\n" +
		"| key | variable | default | what it is |\n| --- | --- | --- | --- |\n")
	for _, f := range fields {
		key, variable, def := f.Key, envName(f.Key), f.Default
		if f.perPlatform() {
			key = strings.Replace(key, "*", "<platform>", 1)
			variable = envName(strings.Replace(f.Key, "*", "<platform>", 1))
		}
		if def != "" {
			def = "`" + def + "`"
		}
		help := f.Help + " (" + f.Unit
		if f.Secret != Open {
			help += ", secret"
		}
		if f.Flag {
			help += ", flag `--" + f.FlagName() + "`"
		}
		if f.Refused != "" {
			help = "Not yet: " + f.Refused + ". It will be: " + help
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s) |\n", key, variable, def, strings.ReplaceAll(help, "|", "\\|"))
	}
	return b.String()
}
