package evidence

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Against is what somebody kept elsewhere to hold a bundle against. All of it may be empty.
type Against struct {
	Fingerprint string // of the signing key
	Since       string // an older checkpoint, as it was signed
	Witness     string // the key of a witness
}

// Epoch is where the log goes on from a backup: events between the backup and the restore aren't in it.
type Epoch struct {
	Seq int64  `json:"seq"`
	At  string `json:"at"`
}

// Verdict is what a bundle was found to be.
type Verdict struct {
	Origin      string   `json:"origin"`
	Events      int64    `json:"events"`
	Pruned      int64    `json:"pruned"` // of the events: only the hash is left
	Values      int64    `json:"values"` // that were held against their commitments
	Checkpoints int      `json:"checkpoints"`
	LastAt      string   `json:"last_at,omitempty"` // of the newest event
	Keys        []string `json:"keys"`              // fingerprints, in the order they signed
	Epochs      []Epoch  `json:"epochs,omitempty"`
	Problem     *Broken  `json:"problem,omitempty"`
	Proven      []string `json:"proven,omitempty"` // by what was kept elsewhere
}

// Verify checks a bundle: a zip.Reader, or a folder it was unpacked to. The error says that it isn't a bundle, or that
// what it is to be held against can't be read; a log that isn't right is no error, but the verdict's problem.
func Verify(bundle fs.FS, against Against) (Verdict, error) {
	h, err := readHeads(bundle)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Origin: h.last().Origin, Checkpoints: len(h.list)}
	for _, s := range h.list {
		for _, p := range s.prints {
			if !slices.Contains(v.Keys, p) {
				v.Keys = append(v.Keys, p)
			}
		}
	}
	if len(h.list) == 0 {
		v.Problem = h.problem
		return v, nil
	}
	elsewhere, kept, err := v.holdAgainst(h, against)
	if err != nil {
		return v, err
	}
	inside, err := walkEvents(bundle, h, kept, &v)
	if err != nil {
		return v, err
	}
	if v.Problem = first(h.problem, inside); v.Problem == nil {
		v.Problem = elsewhere
	}
	if v.Problem != nil {
		v.Proven = nil
	}
	return v, nil
}

// holdAgainst compares the checkpoints with what was kept elsewhere.
func (v *Verdict) holdAgainst(h *heads, a Against) (found *Broken, kept *Checkpoint, err error) {
	last := h.last()
	if a.Fingerprint != "" {
		print := strings.ToLower(strings.NewReplacer(":", "", " ", "", "SHA256", "", "sha256", "").Replace(a.Fingerprint))
		if len(print) != 64 {
			return nil, nil, fmt.Errorf("a fingerprint has 64 hexadecimal signs, this one %d", len(print))
		}
		if !h.signedBy(print) {
			found = first(found, problem(0, "it isn't signed by the key you named"))
		}
		v.Proven = append(v.Proven, "Signed by the key you named, or by one that it handed over to.")
	}
	if a.Since != "" {
		s, err := h.open(a.Since)
		switch {
		case err != nil:
			found = first(found, problem(0, "the checkpoint you kept isn't signed by a key of this log"))
		case s.Size > last.Size:
			found = first(found, problem(last.Size, "the checkpoint you kept has %d events, this bundle only %d", s.Size, last.Size))
		default:
			kept = &s.Checkpoint
			v.Proven = append(v.Proven, fmt.Sprintf("Unchanged since the checkpoint of %s events that you kept.", Grouped(s.Size)))
		}
	}
	if a.Witness != "" {
		w, err := ParseWitness(a.Witness)
		if err != nil {
			return nil, nil, err
		}
		seen := false
		for i := len(h.list) - 1; i >= 0 && !seen; i-- {
			var at time.Time
			if at, _, seen = w.Cosigned(h.list[i].note); seen {
				v.Proven = append(v.Proven, fmt.Sprintf("Witnessed by %s: %s events on %s.", w.Name(), Grouped(h.list[i].Size), moment(at)))
			}
		}
		if !seen {
			found = first(found, problem(0, "no checkpoint carries a signature of the witness you named"))
		}
	}
	return found, kept, nil
}

// String is the verdict for a person.
func (v Verdict) String() string {
	if v.Problem != nil {
		return fmt.Sprintf("Broken at event %d: %s.\n", v.Problem.Seq, v.Problem.Why)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s events unbroken up to checkpoint #%s", Grouped(v.Events), Grouped(int64(v.Checkpoints)))
	if at, err := time.Parse(time.RFC3339, v.LastAt); err == nil {
		fmt.Fprintf(&out, "; the newest is of %s", moment(at))
	}
	out.WriteString(".\n")
	if v.Pruned > 0 {
		fmt.Fprintf(&out, "%s of them are pruned: only their hashes are left.\n", Grouped(v.Pruned))
	}
	for _, e := range v.Epochs {
		fmt.Fprintf(&out, "The log goes on from a backup since event %d (%s): what happened between the backup and then isn't in it.\n", e.Seq, e.At)
	}
	for _, p := range v.Proven {
		out.WriteString(p + "\n")
	}
	if len(v.Proven) == 0 {
		out.WriteString("It is consistent with itself; not proven unchanged. Hold it against a key (--key), an older checkpoint (--since) or a witness (--witness).\n")
	}
	return out.String()
}

func moment(at time.Time) string { return at.UTC().Format("2 Jan 2006 15:04:05 UTC") }

// Grouped writes a number with commas.
func Grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
