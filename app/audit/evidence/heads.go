package evidence

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// signedHead is a checkpoint with what was found about its signatures.
type signedHead struct {
	Checkpoint
	note   string
	prints []string // fingerprints of the keys that signed it
}

// heads are the checkpoints of a bundle up to the first that isn't right.
type heads struct {
	keys    []logKey
	list    []signedHead
	problem *Broken
}

// last is the newest good checkpoint.
func (h *heads) last() signedHead {
	if len(h.list) == 0 {
		return signedHead{}
	}
	return h.list[len(h.list)-1]
}

// signedBy says whether the key stands in the chain of keys that hand over to each other.
func (h *heads) signedBy(print string) bool {
	return slices.ContainsFunc(h.list, func(s signedHead) bool { return slices.Contains(s.prints, print) })
}

// open checks the signatures of a checkpoint.
func (h *heads) open(signed string) (signedHead, error) {
	list := make([]note.Verifier, len(h.keys))
	for i, k := range h.keys {
		list[i] = k.Verifier
	}
	n, err := note.Open([]byte(signed), note.VerifierList(list...))
	if err != nil {
		return signedHead{}, err
	}
	c, err := ParseCheckpoint(n.Text)
	s := signedHead{Checkpoint: c, note: signed}
	for _, sig := range n.Sigs {
		for _, k := range h.keys {
			if k.Name() == sig.Name && k.KeyHash() == sig.Hash && !slices.Contains(s.prints, k.print) {
				s.prints = append(s.prints, k.print)
			}
		}
	}
	return s, err
}

// readHeads checks checkpoints.txt, keys.txt and the proofs that each checkpoint goes on from the one before.
func readHeads(bundle fs.FS) (*heads, error) {
	checkpoints, err := fs.ReadFile(bundle, CheckpointsFile)
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	keys, err := fs.ReadFile(bundle, KeysFile)
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	proofs, err := fs.ReadFile(bundle, ConsistencyFile)
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	notes := SplitNotes(string(checkpoints))
	origin, _, _ := strings.Cut(notes[0], "\n")
	h := &heads{keys: readKeys(string(keys), origin)}
	chain := readProofs(string(proofs))
	for _, signed := range notes {
		if h.problem = h.take(origin, signed, chain); h.problem != nil {
			break
		}
	}
	return h, nil
}

// take checks the next checkpoint. A problem is about the events since the one before: they aren't proven any more.
func (h *heads) take(origin, signed string, chain map[span][]Hash) *Broken {
	before := h.last()
	s, err := h.open(signed)
	switch {
	case err != nil:
		return problem(before.Size, "checkpoint #%d isn't signed by a key of this log", len(h.list)+1)
	case s.Origin != origin:
		return problem(before.Size, "checkpoint #%d is of another log", len(h.list)+1)
	case s.Size <= before.Size:
		return problem(before.Size, "checkpoint #%d isn't larger than the one before", len(h.list)+1)
	case len(h.list) == 0:
		h.list = append(h.list, s)
		return nil
	case !slices.ContainsFunc(s.prints, func(p string) bool { return slices.Contains(before.prints, p) }):
		return problem(before.Size, "checkpoint #%d is signed by a new key, and the key before didn't sign with it", len(h.list)+1)
	}
	proof, ok := chain[span{before.Size, s.Size}]
	if !ok || tlog.CheckTree(proof, s.Size, s.Root, before.Size, before.Root) != nil {
		return problem(before.Size, "nothing proves that checkpoint #%d goes on from the one before", len(h.list)+1)
	}
	h.list = append(h.list, s)
	return nil
}

// span is the two numbers at the head of a proof: from and to of consistency, number and size of inclusion.
type span struct{ a, b int64 }

// readProofs reads blocks of a line with two numbers and lines with one hash each, an empty line between blocks.
func readProofs(text string) map[span][]Hash {
	out := map[span][]Hash{}
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		rows := strings.Split(block, "\n")
		a, b, _ := strings.Cut(rows[0], " ")
		from, ferr := strconv.ParseInt(a, 10, 64)
		to, terr := strconv.ParseInt(b, 10, 64)
		if ferr != nil || terr != nil {
			continue
		}
		proof := []Hash{}
		for _, row := range rows[1:] {
			h, err := tlog.ParseHash(row)
			if err != nil {
				proof = append(proof, Hash{}) // proves nothing
				continue
			}
			proof = append(proof, h)
		}
		out[span{from, to}] = proof
	}
	return out
}

// WriteProof is a block of a file of proofs.
func WriteProof(a, b int64, proof []Hash) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d %d\n", a, b)
	for _, h := range proof {
		out.WriteString(h.String() + "\n")
	}
	out.WriteByte('\n')
	return out.String()
}
