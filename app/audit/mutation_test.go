package audit_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/store"
)

// mutant is a bundle that was changed in its meaning, and the first number that isn't right any more.
type mutant struct {
	how    string
	seq    int64
	bundle fstest.MapFS
}

// specimen is a bundle with everything in it: three keys, pruned events in front, erased values, proofs.
type specimen struct {
	bundle fstest.MapFS
	kept   string  // its newest checkpoint
	sizes  []int64 // of its checkpoints
	pruned int64   // events in front
	events int64
}

func newSpecimen(t testing.TB) specimen {
	t.Helper()
	w := newWorld(t)
	s := specimen{pruned: 9}
	for i, n := range []int{7, 20, 1, 30, 13, 40, 2} {
		w.fill(n)
		if s.sizes = append(s.sizes, w.checkpoint().Size); i == 2 || i == 4 {
			if _, err := w.notary.Rotate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.update(func(tx store.Tx) {
		for seq := range s.pruned {
			audit.Prune(tx, w.org, seq)
		}
		audit.Erase(tx, w.org, 20)
	})
	s.bundle, s.kept, s.events = w.bundle(), w.checkpoint().Note, s.sizes[len(s.sizes)-1]
	mustHold(t, s.bundle, evidence.Against{Since: s.kept})
	return s
}

// provenUpTo is the size of the newest checkpoint over fewer events than n, or over n of them.
func (s specimen) provenUpTo(n int64) (size int64) {
	for _, c := range s.sizes {
		if c <= n {
			size = c
		}
	}
	return size
}

func (s specimen) rows(name string) []string {
	return strings.Split(strings.TrimSuffix(string(s.bundle[name].Data), "\n"), "\n")
}

// with is the bundle with another file.
func (s specimen) with(name, text string) fstest.MapFS {
	out := fstest.MapFS{}
	for n, f := range s.bundle {
		out[n] = f
	}
	out[name] = &fstest.MapFile{Data: []byte(text)}
	return out
}

func (s specimen) withRows(name string, rows []string) fstest.MapFS {
	return s.with(name, joined(rows))
}

// joined ends each row.
func joined(rows []string) string {
	if len(rows) == 0 {
		return ""
	}
	return strings.Join(rows, "\n") + "\n"
}

// flip changes one sign to another that means something else there.
func flip(r *rand.Rand, text string, from, to int) string {
	at := from + r.IntN(to-from)
	was := text[at]
	for {
		if now := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[r.IntN(62)]; now != was {
			return text[:at] + string(now) + text[at+1:]
		}
	}
}

var (
	seqOf     = regexp.MustCompile(`"seq":([0-9]+)`)
	valueText = regexp.MustCompile(`"value":"`)
	saltText  = regexp.MustCompile(`"salt":"`)
)

// mutate makes the mutant of a number.
func (s specimen) mutate(r *rand.Rand) mutant {
	switch kind := r.IntN(14); kind {
	case 0, 1, 2, 3: // a byte of an event
		rows := s.rows(evidence.EventsFile)
		i := r.IntN(len(rows))
		rows[i] = flip(r, rows[i], 0, len(rows[i]))
		return mutant{"a byte of an event", s.pruned + int64(i), s.withRows(evidence.EventsFile, rows)}
	case 4: // dropped
		rows := s.rows(evidence.EventsFile)
		i := r.IntN(len(rows))
		return mutant{"an event dropped", s.pruned + int64(i), s.withRows(evidence.EventsFile, append(rows[:i:i], rows[i+1:]...))}
	case 5: // swapped
		rows := s.rows(evidence.EventsFile)
		i, j := r.IntN(len(rows)), r.IntN(len(rows)-1)
		if j >= i {
			j++
		}
		rows[i], rows[j] = rows[j], rows[i]
		return mutant{"two events swapped", s.pruned + int64(min(i, j)), s.withRows(evidence.EventsFile, rows)}
	case 6: // inserted
		rows := s.rows(evidence.EventsFile)
		i, j := r.IntN(len(rows)+1), r.IntN(len(rows))
		at := i
		if i == j {
			at++ // the copy stands first, and the event itself where the next should
		}
		rows = append(rows[:i:i], append([]string{rows[j]}, rows[i:]...)...)
		return mutant{"an event inserted", s.pruned + int64(at), s.withRows(evidence.EventsFile, rows)}
	case 7: // cut off behind an older checkpoint, which is in itself a whole bundle
		cut := r.IntN(len(s.sizes) - 1)
		return mutant{"cut off", s.sizes[cut], s.cut(cut)}
	case 8: // a checkpoint
		notes := evidence.SplitNotes(string(s.bundle[evidence.CheckpointsFile].Data))
		i := r.IntN(len(notes))
		from := strings.Index(notes[i], "\n") + 1
		if r.IntN(2) == 0 {
			from = strings.LastIndex(notes[i], " ") + 7 // behind the key's id: a signature of an unknown key is passed over
		}
		notes[i] = flip(r, notes[i], from, from+2)
		seq := int64(0)
		if i > 0 {
			seq = s.sizes[i-1]
		}
		return mutant{"a checkpoint", seq, s.with(evidence.CheckpointsFile, evidence.JoinNotes(notes))}
	case 9: // a checkpoint dropped: the next isn't proven to go on from the one before
		notes := evidence.SplitNotes(string(s.bundle[evidence.CheckpointsFile].Data))
		i := 1 + r.IntN(len(notes)-2)
		return mutant{"a checkpoint dropped", s.sizes[i-1], s.with(evidence.CheckpointsFile, evidence.JoinNotes(append(notes[:i:i], notes[i+1:]...)))}
	case 10: // a key
		rows := s.rows(evidence.KeysFile)
		i := r.IntN(len(rows))
		from := strings.Index(rows[i], "+") + len("+00000000+") + 2
		rows[i] = flip(r, rows[i], from, len(rows[i])-3) // without its handover a new key is known by nobody
		return mutant{"a key", []int64{0, s.sizes[3], s.sizes[5]}[i], s.withRows(evidence.KeysFile, rows)}
	case 11: // a proof
		name := []string{evidence.ConsistencyFile, evidence.InclusionFile}[r.IntN(2)]
		blocks := strings.Split(strings.TrimSpace(string(s.bundle[name].Data)), "\n\n")
		i := r.IntN(len(blocks))
		rows := strings.Split(blocks[i], "\n")
		seq, _ := strconv.ParseInt(strings.Fields(rows[0])[0], 10, 64)
		j := 1 + r.IntN(len(rows)-1)
		rows[j] = flip(r, rows[j], 0, 42)
		blocks[i] = strings.Join(rows, "\n")
		return mutant{"a proof in " + name, seq, s.with(name, strings.Join(blocks, "\n\n")+"\n\n")}
	case 12: // a value or its salt
		rows := s.rows(evidence.ValuesFile)
		i := r.IntN(len(rows))
		seq, _ := strconv.ParseInt(seqOf.FindStringSubmatch(rows[i])[1], 10, 64)
		if r.IntN(2) == 0 {
			from := valueText.FindStringIndex(rows[i])[1]
			rows[i] = flip(r, rows[i], from, len(rows[i])-2)
		} else {
			from := saltText.FindStringIndex(rows[i])[1]
			rows[i] = flip(r, rows[i], from, from+20)
		}
		return mutant{"a value", seq, s.withRows(evidence.ValuesFile, rows)}
	default: // the hash of a pruned event: nothing but the next checkpoint tells, unless the event after it is whole
		rows := s.rows(evidence.PrunedFile)
		i := r.IntN(len(rows))
		from := strings.Index(rows[i], " ") + 1
		rows[i] = flip(r, rows[i], from, from+42)
		seq := s.provenUpTo(int64(i))
		if int64(i) == s.pruned-1 {
			seq = int64(i)
		}
		return mutant{"a pruned hash", seq, s.withRows(evidence.PrunedFile, rows)}
	}
}

// cut leaves what a bundle was at an older checkpoint.
func (s specimen) cut(n int) fstest.MapFS {
	b := s.with(evidence.EventsFile, joined(s.rows(evidence.EventsFile)[:max(s.sizes[n]-s.pruned, 0)]))
	notes := evidence.SplitNotes(string(s.bundle[evidence.CheckpointsFile].Data))
	b[evidence.CheckpointsFile] = &fstest.MapFile{Data: []byte(evidence.JoinNotes(notes[:n+1]))}
	keep := func(name string, of *regexp.Regexp) {
		var out []string
		for _, row := range s.rows(name) {
			if seq, _ := strconv.ParseInt(of.FindStringSubmatch(row)[1], 10, 64); seq < s.sizes[n] {
				out = append(out, row)
			}
		}
		b[name] = &fstest.MapFile{Data: []byte(joined(out))}
	}
	keep(evidence.ValuesFile, seqOf)
	keep(evidence.PrunedFile, regexp.MustCompile(`^([0-9]+)`))
	b[evidence.InclusionFile] = &fstest.MapFile{}
	return b
}

// TestEveryChangeOfABundleIsFoundWithItsNumber changes a bundle in 2,000 ways, or as many as AUDIT_MUTATIONS says.
func TestEveryChangeOfABundleIsFoundWithItsNumber(t *testing.T) {
	t.Parallel()
	s := newSpecimen(t)
	count := 2000
	if n, err := strconv.Atoi(os.Getenv("AUDIT_MUTATIONS")); err == nil {
		count = n
	}
	for seed := range count {
		m := s.mutate(rand.New(rand.NewPCG(uint64(seed), 1)))
		v, err := evidence.Verify(m.bundle, evidence.Against{Since: s.kept})
		if err != nil || v.Problem == nil || v.Problem.Seq != m.seq {
			t.Fatalf("seed %d, %s: %v, %v; want event %d", seed, m.how, v.Problem, err, m.seq)
		}
	}
}

// TestTheSecondVerifierAgrees shows both verifiers the same bundles, good ones and changed ones.
func TestTheSecondVerifierAgrees(t *testing.T) {
	t.Parallel()
	s := newSpecimen(t)
	folder := t.TempDir()
	kept := filepath.Join(folder, "kept.txt")
	write(t, kept, []byte(s.kept))
	type shown struct {
		how    string
		bundle fstest.MapFS
		kept   string
	}
	all := []shown{{"good", s.bundle, ""}, {"good and held against a checkpoint", s.bundle, s.kept}, {"cut off, and nothing kept", s.cut(3), ""}}
	for seed := range 200 {
		m := s.mutate(rand.New(rand.NewPCG(uint64(seed), 2)))
		all = append(all, shown{fmt.Sprintf("seed %d: %s", seed, m.how), m.bundle, s.kept})
	}
	arguments := []string{"testdata/verify.mjs"}
	for i, c := range all {
		argument := filepath.Join(folder, strconv.Itoa(i))
		if err := os.CopyFS(argument, c.bundle); err != nil {
			t.Fatal(err)
		}
		if c.kept != "" {
			argument += "," + kept
		}
		arguments = append(arguments, argument)
	}
	second := exec.Command("node", arguments...)
	var problems bytes.Buffer
	second.Stderr = &problems
	out, err := second.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	answers := bufio.NewScanner(bytes.NewReader(out))
	for _, c := range all {
		var other struct {
			Events, Pruned int64
			Problem        *evidence.Broken
		}
		if !answers.Scan() || json.Unmarshal(answers.Bytes(), &other) != nil {
			t.Fatalf("%s: the second verifier says nothing", c.how)
		}
		v := verify(t, c.bundle, evidence.Against{Since: c.kept})
		switch {
		case v.Problem == nil && (other.Problem != nil || other.Events != v.Events || other.Pruned != v.Pruned),
			v.Problem != nil && (other.Problem == nil || other.Problem.Seq != v.Problem.Seq):
			t.Errorf("%s: the one says %v, the other %s", c.how, v.Problem, answers.Text())
		}
	}
}

func TestTheSecondVerifierIsShort(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/verify.mjs")
	if n := bytes.Count(text, []byte("\n")); err != nil || n >= 150 {
		t.Errorf("%d lines, %v", n, err)
	}
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
