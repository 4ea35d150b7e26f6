package config

import (
	"sort"
	"strings"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Where   string // "omniposto.toml:3", "environment OMNIPOSTO_LISTEN", "flag --listen"
	Key     string // as it was written
	Message string // what is wrong
	Nearest string // the right key or value that was most likely meant; may be empty
}

// Error is one line for a person.
func (p Problem) Error() string {
	s := p.Where + ": "
	if p.Key != "" {
		s += p.Key + " "
	}
	s += p.Message
	if p.Nearest != "" {
		s += "; did you mean " + p.Nearest + "?"
	}
	return s
}

// Problems is everything that is wrong; it is the error of Load.
type Problems []Problem

// Error is one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

func (p *Problems) add(one Problem) { *p = append(*p, one) }

func unknown(where, key, nearest string) Problem {
	return Problem{Where: where, Key: key, Message: "is not a key", Nearest: nearest}
}

// nearest gives the key that was most likely meant, or nothing.
func (d directory) nearest(given string) string {
	keys := d.keys(given)
	for _, k := range keys { // a section where its key should stand: store for store.url
		if strings.HasPrefix(k, given+".") {
			return k
		}
	}
	if end := sameEnd(given, keys); end != "" {
		return end
	}
	if near := closest(given, keys); near != "" || strings.Contains(given, ".") {
		return near
	}
	var sections []string
	for _, k := range keys {
		if section, _, nested := strings.Cut(k, "."); nested {
			sections = append(sections, section)
		}
	}
	if near := closest(given, sections); near != "" {
		return d.nearest(near)
	}
	return ""
}

// sameEnd finds the only key with the same last part: url of no section, or of a wrong one.
func sameEnd(given string, keys []string) string {
	last := given[strings.LastIndex(given, ".")+1:]
	if last == "url" || last == "listen" {
		return ""
	}
	found := ""
	for _, k := range keys {
		if strings.HasSuffix(k, "."+last) {
			if found != "" {
				return ""
			}
			found = k
		}
	}
	return found
}

// closest gives the candidate with the smallest edit distance, if it is near enough to be a slip.
func closest(given string, candidates []string) string {
	type scored struct {
		text string
		d    int
	}
	var all []scored
	for _, c := range candidates {
		all = append(all, scored{c, distance(given, c)})
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].d < all[j].d })
	if len(all) == 0 || all[0].d > max(2, len(given)/3) {
		return ""
	}
	return all[0].text
}

// distance counts the insertions, deletions, changes and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	const longest = 128 // a longer name is no slip of anything, and the table stays small
	a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			rows[i][j] = min(change, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// Nearest gives the one of the known words that was most likely meant, or nothing.
func Nearest(given string, known []string) string { return closest(given, known) }
