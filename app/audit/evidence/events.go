package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// event is one line of events.jsonl, or a pruned one of which only the leaf is left.
type event struct {
	Log    string `json:"log"`
	Seq    int64  `json:"seq"`
	At     string `json:"at"`
	Action string `json:"action"`
	Prev   string `json:"prev"`

	line   []byte
	leaf   Hash
	prev   Hash
	bad    bool // no event at all
	pruned bool
}

func readEvent(line []byte) event {
	e := event{Seq: -1}
	e.bad = json.Unmarshal(line, &e) != nil
	if e.Prev != "" {
		raw, err := base64.RawURLEncoding.DecodeString(e.Prev)
		e.bad = e.bad || err != nil || copy(e.prev[:], raw) != len(e.prev)
	}
	e.line, e.leaf = line, Leaf(line)
	return e
}

func readPruned(line []byte) event {
	seq, hash, _ := strings.Cut(string(line), " ")
	n, err := strconv.ParseInt(seq, 10, 64)
	leaf, herr := tlog.ParseHash(hash)
	return event{Seq: n, leaf: leaf, pruned: true, bad: err != nil || herr != nil}
}

// Value is one line of values.jsonl: what an event only commits to.
type Value struct {
	Seq   int64  `json:"seq"`
	Name  string `json:"name"`
	Salt  string `json:"salt"` // base64url
	Value string `json:"value"`
}

// stated is a value as it must stand in the event.
type stated struct {
	seq  int64
	name string
	sign []byte // "name":"commitment"
}

func readValue(line []byte) stated {
	v := Value{Seq: -1}
	if json.Unmarshal(line, &v) != nil {
		return stated{seq: -1}
	}
	salt, err := base64.RawURLEncoding.DecodeString(v.Salt)
	if err != nil {
		return stated{seq: v.Seq, name: v.Name, sign: []byte("\x00")}
	}
	return stated{seq: v.Seq, name: v.Name, sign: []byte(`"` + v.Name + `":"` + Commitment(salt, v.Value) + `"`)}
}

// walk goes through all events of a bundle once, in order, holding a few of them.
type walk struct {
	heads *heads
	kept  *Checkpoint // an older checkpoint that somebody kept
	size  int64       // of the newest checkpoint

	events, gone *lines[event]
	values       *lines[stated]
	inclusion    map[span][]Hash

	tree    Tree
	reached int   // how many checkpoints the tree has reached
	doubt   int64 // first leaf since the last checkpoint that no later event confirms; -1: none
	v       *Verdict
}

// walkEvents checks all events against each other and against the checkpoints, and returns the first problem.
func walkEvents(bundle fs.FS, h *heads, kept *Checkpoint, v *Verdict) (*Broken, error) {
	w := &walk{heads: h, kept: kept, size: h.last().Size, doubt: -1, v: v}
	var files []io.Closer
	defer func() {
		for _, f := range files {
			_ = f.Close()
		}
	}()
	open := func(name string, needed bool) (io.Reader, error) {
		f, err := bundle.Open(name)
		if errors.Is(err, fs.ErrNotExist) && !needed {
			return strings.NewReader(""), nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the bundle: %w", err)
		}
		files = append(files, f)
		return f, nil
	}
	events, eerr := open(EventsFile, true)
	gone, gerr := open(PrunedFile, false)
	values, verr := open(ValuesFile, false)
	proofs, perr := open(InclusionFile, false)
	if err := errors.Join(eerr, gerr, verr, perr); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(proofs)
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	w.inclusion = readProofs(string(text))
	w.events, w.gone, w.values = readLines(events, readEvent), readLines(gone, readPruned), readLines(values, readValue)
	found := w.run()
	return found, errors.Join(w.events.close(), w.gone.close(), w.values.close())
}

func (w *walk) run() *Broken {
	var last event
	for n := int64(0); n < w.size; n++ {
		e, p := w.fetch(n)
		if p != nil {
			return p
		}
		if n > 0 {
			if !e.pruned && e.prev != last.leaf {
				return w.culprit(n, e)
			}
			if p := w.add(last.leaf, !e.pruned); p != nil {
				return p
			}
		}
		if p := w.look(n, e); p != nil {
			return p
		}
		last = e
	}
	if w.size > 0 {
		if p := w.add(last.leaf, false); p != nil {
			return p
		}
		w.v.LastAt = last.At
	}
	if w.heads.problem != nil {
		return nil // what is left over is behind a checkpoint that isn't right
	}
	for key := range w.inclusion {
		return problem(min(key.a, w.size), "a proof is about an event that isn't here")
	}
	if _, more := w.events.peek(); more {
		return problem(w.size, "events stand behind the newest checkpoint, and nothing proves them")
	}
	if s, more := w.values.peek(); more {
		return problem(min(max(s.seq, 0), w.size), "a value stands beside an event that isn't here")
	}
	return nil
}

// fetch takes event n from the one file or the other.
func (w *walk) fetch(n int64) (event, *Broken) {
	if e, ok := w.gone.peek(); ok && (e.Seq == n || e.bad) {
		_, _ = w.gone.next()
		if e.bad {
			return e, problem(n, "its hash can't be read")
		}
		return e, nil
	}
	e, ok := w.events.next()
	switch {
	case !ok:
		return e, problem(n, "it is missing")
	case e.bad:
		return e, problem(n, "it can't be read")
	case e.Seq != n:
		return e, problem(n, "event %d stands in its place", e.Seq)
	}
	return e, nil
}

// look checks what one event says by itself.
func (w *walk) look(n int64, e event) *Broken {
	for {
		s, ok := w.values.peek()
		if !ok || s.seq > n {
			break
		}
		_, _ = w.values.next()
		if s.seq < n || e.pruned || !bytes.Contains(e.line, s.sign) {
			return problem(n, "the value of %s isn't the one that it commits to", s.name)
		}
		w.v.Values++
	}
	key := span{n, w.size}
	if proof, ok := w.inclusion[key]; ok {
		if delete(w.inclusion, key); tlog.CheckRecord(proof, w.size, w.heads.last().Root, n, e.leaf) != nil {
			return problem(n, "its proof doesn't lead to the newest checkpoint")
		}
	}
	w.v.Events++
	switch {
	case e.pruned:
		w.v.Pruned++
	case e.Log != w.heads.last().Origin[strings.LastIndex(w.heads.last().Origin, "/")+1:]:
		return problem(n, "it is of another log")
	case n == 0 && e.Prev != "":
		return problem(n, "the first event follows another")
	case e.Action == Restored:
		w.v.Epochs = append(w.v.Epochs, Epoch{Seq: n, At: e.At})
	}
	return nil
}

// add takes the next leaf into the tree and compares the root with the checkpoint of that size.
func (w *walk) add(leaf Hash, confirmed bool) *Broken {
	if !confirmed && w.doubt < 0 {
		w.doubt = w.tree.Size
	}
	w.tree.Add(leaf)
	if h := w.heads.list[w.reached]; h.Size == w.tree.Size {
		if h.Root != w.tree.Root() {
			return w.unproven(h)
		}
		w.reached, w.doubt = w.reached+1, -1
	}
	if w.kept != nil && w.kept.Size == w.tree.Size && w.kept.Root != w.tree.Root() {
		if len(w.v.Epochs) > 0 {
			return problem(0, "the %d events of the checkpoint you kept are others; the log was restored from a backup at event %d", w.kept.Size, w.v.Epochs[0].Seq)
		}
		return problem(0, "the %d events of the checkpoint you kept are others", w.kept.Size)
	}
	return nil
}

// unproven says where a root that doesn't fit points to: to the first leaf that no later event confirms, or to the
// checkpoint itself, so that everything since the one before isn't proven.
func (w *walk) unproven(h signedHead) *Broken {
	if w.doubt >= 0 {
		return problem(w.doubt, "it isn't the event that checkpoint #%d was signed over", w.reached+1)
	}
	since := int64(0)
	if w.reached > 0 {
		since = w.heads.list[w.reached-1].Size
	}
	return problem(since, "checkpoint #%d was signed over other events", w.reached+1)
}

// culprit tells which of two neighbours was changed when event n doesn't name the leaf before it: n itself when it isn't
// what the event after it, or the newest checkpoint, says; else the one before.
func (w *walk) culprit(n int64, e event) *Broken {
	changed := false
	if n+1 < w.size {
		after, p := w.fetch(n + 1)
		changed = p == nil && !after.pruned && after.prev != e.leaf
	} else {
		changed = w.tree.with(e.prev, e.leaf) != w.heads.last().Root
	}
	if changed {
		return problem(n, "it doesn't follow the event before")
	}
	return problem(n-1, "its bytes aren't those that the event after it names")
}
