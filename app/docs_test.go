package app_test

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shown is what a page may name as proof: every test function of the repository, and every flow.
func shown(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{"node_modules", "testdata", "dist", ".git", "bin", "data"}, d.Name()) {
			return filepath.SkipDir
		}
		if flow, ok := strings.CutSuffix(d.Name(), ".flow.mjs"); ok && filepath.Base(filepath.Dir(path)) == "flows" {
			out["flow:"+flow] = true
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		raw, err := os.ReadFile(path)
		for _, found := range function.FindAllStringSubmatch(string(raw), -1) {
			out[found[1]] = true
		}
		return err
	})
	if err != nil || len(out) < 300 {
		t.Fatalf("%d tests were found: the walk is broken (%v)", len(out), err)
	}
	return out
}

var proof = regexp.MustCompile(`^(?:(?:Test|Fuzz)[A-Z]\w*|flow:[a-z]+)$`)

// checkProofs fails for a name that is none, or of something that isn't there.
func checkProofs(t *testing.T, where string, there map[string]bool, names []string) {
	t.Helper()
	for _, name := range names {
		if !proof.MatchString(name) || !there[name] {
			t.Errorf("%s names %q, which isn't there", where, name)
		}
	}
}

// checkPlaces fails for a file or folder of ours that isn't there.
func checkPlaces(t *testing.T, where, text string) {
	t.Helper()
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;()", r) }) {
		word = strings.TrimRight(word, ".:")
		if root, _, below := strings.Cut(word, "/"); below && slices.Contains([]string{"app", "store", "ui", "docs"}, root) {
			if _, err := os.Stat(filepath.Join("..", word)); err != nil {
				t.Errorf("%s names %s, which isn't there", where, word)
			}
		}
	}
}

// requirement is a row of docs/asvs.csv.
type requirement struct {
	id, level, words, applies, where, state string
	tests                                   []string
}

func readRequirements(t *testing.T) []requirement {
	t.Helper()
	f, err := os.Open("../docs/asvs.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) == 0 || strings.Join(rows[0], ",") != "id,level,requirement,applies,where,test,state" {
		t.Fatalf("docs/asvs.csv: %v", err)
	}
	var out []requirement
	for _, r := range rows[1:] {
		out = append(out, requirement{r[0], r[1], r[2], r[3], r[4], r[6], strings.Fields(r[5])})
	}
	return out
}

// perLevel is how many requirements of each level ASVS 5.0.0 has.
var perLevel = map[string]int{"1": 70, "2": 183, "3": 92}

func TestEachRequirementIsAnsweredOnce(t *testing.T) {
	there, seen, levels := shown(t), map[string]bool{}, map[string]int{}
	for _, r := range readRequirements(t) {
		if seen[r.id] || !regexp.MustCompile(`^V(?:[1-9]|1[0-7])(?:\.[1-9]\d?){2}$`).MatchString(r.id) {
			t.Errorf("%s is no id, or stands twice", r.id)
		}
		seen[r.id] = true
		levels[r.level]++
		if n := len(strings.Fields(r.words)); n == 0 || n > 14 {
			t.Errorf("%s is told in %d words", r.id, n)
		}
		if r.where == "" {
			t.Errorf("%s says neither where nor why not", r.id)
		}
		switch {
		case r.applies == "no" && r.state == "" && len(r.tests) == 0:
		case r.applies != "yes" || !slices.Contains([]string{"tested", "done", "open"}, r.state):
			t.Errorf("%s: applies %q, state %q", r.id, r.applies, r.state)
		case r.state == "tested" && len(r.tests) == 0:
			t.Errorf("%s is tested by nothing", r.id)
		case r.state == "open" != strings.Contains("; "+r.where, "; open: "):
			t.Errorf("%s must say what is open exactly when it is", r.id)
		}
		checkProofs(t, r.id, there, r.tests)
		checkPlaces(t, r.id, r.where)
	}
	if fmt.Sprint(levels) != fmt.Sprint(perLevel) {
		t.Errorf("requirements of each level: %v, want %v", levels, perLevel)
	}
}

func TestTheSecurityPageCountsAndListsTheRows(t *testing.T) {
	raw, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	page, counts := string(raw), map[string]map[string]int{"1": {}, "2": {}, "3": {}}
	var open []string
	for _, r := range readRequirements(t) {
		counts[r.level][r.state]++
		if r.state == "open" && r.level != "3" {
			open = append(open, r.level+" "+r.id)
		}
	}
	for level, n := range counts {
		row := fmt.Sprintf("| %s | %d | %d | %d | %d | %d |\n", level, n["tested"], n["done"], n["open"], n[""], perLevel[level])
		if strings.Count(page, row) != 1 {
			t.Errorf("docs/security.md must hold this row: %s", row)
		}
	}
	var listed []string
	level := ""
	for line := range strings.Lines(page) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			level, _ = strings.CutPrefix(strings.TrimSpace(title), "Open at level ")
		}
		if item := regexp.MustCompile(`^- (V[\d.]+): \S.{10,}`).FindStringSubmatch(line); item != nil {
			listed = append(listed, level+" "+item[1])
		}
	}
	slices.Sort(open)
	if slices.Sort(listed); !slices.Equal(open, listed) {
		t.Errorf("docs/security.md lists as open\n%v, the rows say\n%v", listed, open)
	}
	checkPlaces(t, "docs/security.md", strings.ReplaceAll(page, "`", " "))
}

// tableOf reads the rows of a page's only table, without its head.
func tableOf(t *testing.T, path string, columns int) [][]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(string(raw)) {
		if inner, ok := strings.CutPrefix(strings.TrimSpace(line), "| "); ok {
			cells := strings.Split(strings.TrimSuffix(inner, "|"), "|")
			if len(cells) != columns {
				t.Fatalf("%s: %d cells in %s", path, len(cells), line)
			}
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		}
	}
	if len(rows) < 3 || !strings.HasPrefix(rows[1][0], "---") {
		t.Fatalf("%s has no table", path)
	}
	return rows[2:]
}

func proofsIn(cell string) []string { return strings.Fields(strings.ReplaceAll(cell, "`", "")) }

func TestEachPromiseHasItsRow(t *testing.T) {
	there := shown(t)
	rows := tableOf(t, "../docs/promises.md", 6)
	for i, r := range rows {
		promise := "promise " + r[0]
		if r[0] != fmt.Sprint(i+1) {
			t.Errorf("%s stands where %d belongs", promise, i+1)
		}
		tests, state := proofsIn(r[3]), regexp.MustCompile(`^(kept|partly|not yet)(?:: \S.*)?$`).FindStringSubmatch(r[5])
		switch n := i + 1; {
		case len(r[1]) == 0 || len(r[4]) == 0 || state == nil:
			t.Errorf("%s needs words, a screen and a state: %q", promise, r[5])
		case state[1] != "kept" && !strings.Contains(r[5], ": "):
			t.Errorf("%s must say what is missing", promise)
		case (state[1] == "kept" || n >= 4 && n <= 16 || n == 22 || n == 23) && len(tests) == 0:
			t.Errorf("%s names no test", promise)
		}
		checkProofs(t, promise, there, tests)
		checkPlaces(t, promise, r[2])
	}
	if len(rows) != 28 {
		t.Errorf("%d promises, want 28", len(rows))
	}
}

func TestEachAttackerMeetsATest(t *testing.T) {
	there, met := shown(t), map[string]bool{}
	for _, r := range tableOf(t, "../docs/threats.md", 4) {
		who, tests := r[0], proofsIn(r[3])
		kind, _, _ := strings.Cut(who, " (")
		met[kind] = true
		if r[1] == "" || r[2] == "" || len(tests) == 0 {
			t.Errorf("%s: what they want, what stops them, and a test", who)
		}
		checkProofs(t, who, there, tests)
	}
	for _, who := range []string{"Outsider", "Guest", "Member", "Other organization", "Staff", "Administrator", "Thief of a backup", "Thief of a disk", "Hostile platform"} {
		if !met[who] {
			t.Errorf("docs/threats.md doesn't speak of: %s", who)
		}
	}
}

func TestFixesHaveTheirTimes(t *testing.T) {
	raw, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	for level, days := range map[string]string{"critical": "7 days", "high": "30 days"} {
		if !regexp.MustCompile(`(?m)^\| ` + level + ` \|.*\| ` + days + ` \|$`).Match(raw) {
			t.Errorf("SECURITY.md must say that %s faults are fixed within %s", level, days)
		}
	}
}
