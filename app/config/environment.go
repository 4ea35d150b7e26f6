package config

import (
	"sort"
	"strings"
)

// prefix begins every variable of ours.
const prefix = "OMNIPOSTO_"

// envName is the variable of a key: log.level is OMNIPOSTO_LOG__LEVEL.
func envName(key string) string {
	return prefix + strings.ToUpper(strings.NewReplacer(".", "__", "-", "_").Replace(key))
}

// environmentLayer reads the variables, and the files that the …_FILE ones name.
func environmentLayer(s Sources, names directory, problems *Problems) layer {
	l := layer{values: map[string]any{}, from: map[string]string{}}
	lines := append([]string(nil), s.Environ...)
	sort.Strings(lines)
	for _, line := range lines {
		name, text, _ := strings.Cut(line, "=")
		rest, ours := strings.CutPrefix(name, prefix)
		if !ours || text == "" {
			continue
		}
		where := "environment " + name
		key, file, known := names.ofVariable(rest)
		switch {
		case !known && strings.Contains(rest, "__"):
			problems.add(unknown(where, "", names.nearestVariable(name)))
			continue
		case !known:
			continue
		case file:
			where = "file " + text + " of " + where
			content, err := s.ReadFile(text)
			if err != nil {
				problems.add(Problem{Where: "environment " + name, Key: key, Message: "names a file that can't be read: " + err.Error()})
				continue
			}
			if len(content) > maxFile {
				problems.add(Problem{Where: "environment " + name, Key: key, Message: "names a file larger than 1 MiB"})
				continue
			}
			text = strings.TrimRight(string(content), "\r\n")
		}
		if before, twice := l.from[key]; twice {
			problems.add(Problem{Where: where, Key: key, Message: "is set twice, also by " + before})
			continue
		}
		f, platform, _ := names.find(key)
		l.set(f, platform, key, f.fromText(text), where, problems)
	}
	return l
}

// ofVariable gives the key that a variable (without prefix) sets, and whether its value is the name of a file.
func (d directory) ofVariable(rest string) (key string, file, known bool) {
	if key, known = d.keyOf(rest); known {
		return key, false, true
	}
	if short, ok := strings.CutSuffix(rest, "_FILE"); ok {
		if key, known = d.keyOf(short); known {
			f, _, _ := d.find(key)
			return key, true, f.Secret != Open
		}
	}
	return "", false, false
}

// keyOf finds the key whose variable this is. A platform's hyphens are underscores there, so known names are compared
// in that form; an unknown one is taken with hyphens, which is how platforms are named.
func (d directory) keyOf(rest string) (string, bool) {
	if rest != strings.ToUpper(rest) {
		return "", false
	}
	parts := strings.Split(strings.ToLower(rest), "__")
	if len(parts) == 3 && parts[0] == "platforms" {
		name := strings.ReplaceAll(parts[1], "_", "-")
		for _, p := range d.platforms {
			if strings.ReplaceAll(p, "-", "_") == parts[1] {
				name = p
			}
		}
		parts[1] = name
	}
	key := strings.Join(parts, ".")
	_, _, ok := d.find(key)
	return key, ok
}

// nearestVariable gives the variable that was most likely meant.
func (d directory) nearestVariable(name string) string {
	key := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "__", "."))
	if _, _, ok := d.find(key); ok {
		return envName(key)
	}
	short, file := strings.CutSuffix(key, "_file")
	near := d.nearest(short)
	if f, _, ok := d.find(near); ok && file && f.Secret != Open {
		return envName(near) + "_FILE"
	}
	if near != "" {
		return envName(near)
	}
	return ""
}
