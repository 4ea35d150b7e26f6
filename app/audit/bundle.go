package audit

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/omniposto/omniposto/app/audit/evidence"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

//go:embed bundle.txt
var bundleReadme string

// mostProofs is how many events of grants and support get a proof of their own, the newest ones.
const mostProofs = 1000

// WriteBundle writes all that somebody needs to check the log up to the checkpoint without us: a ZIP whose format is
// docs/audit.md. It holds a few megabytes of memory, whatever the size of the log, and one look at the store until it is
// done: to must not be a network.
func WriteBundle(ctx context.Context, db *store.DB, o ref.Organization, to Checkpoint, w io.Writer) error {
	return db.View(ctx, func(tx store.ReadTx) error {
		b := &bundle{ctx: ctx, tx: tx, o: o, to: to, zip: zip.NewWriter(w)}
		for _, f := range []struct {
			name  string
			write func(io.Writer) error
		}{{evidence.ReadmeFile, b.readme}, {evidence.KeysFile, b.keys}, {evidence.CheckpointsFile, b.checkpoints}, {evidence.ConsistencyFile, b.consistency},
			{evidence.EventsFile, b.events}, {evidence.PrunedFile, b.pruned}, {evidence.ValuesFile, b.values}, {evidence.InclusionFile, b.inclusion}} {
			into, err := b.zip.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: to.At})
			if err == nil {
				err = f.write(into)
			}
			if err != nil {
				return fmt.Errorf("write %s of the bundle: %w", f.name, err)
			}
		}
		return b.zip.Close()
	})
}

type bundle struct {
	ctx     context.Context //nolint:containedctx // of the one call that this is for
	tx      store.ReadTx
	o       ref.Organization
	to      Checkpoint
	zip     *zip.Writer
	precise []int64 // events that get a proof of their own
}

func (b *bundle) readme(w io.Writer) error { return text(w, bundleReadme) }

func text(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}

func (b *bundle) keys(w io.Writer) error {
	origin, _, _ := bytes.Cut([]byte(b.to.Note), []byte("\n"))
	for _, k := range SigningKeys(b.tx) {
		if err := text(w, evidence.KeyLine(string(origin), k.Public)+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// heads walks the checkpoints that belong into the bundle.
func (b *bundle) heads(fn func(Checkpoint) error) (err error) {
	Checkpoints(b.tx, b.o, 1, func(c Checkpoint) bool {
		if c.Number <= b.to.Number {
			err = fn(c)
		}
		return err == nil && c.Number < b.to.Number
	})
	return err
}

func (b *bundle) checkpoints(w io.Writer) error {
	return b.heads(func(c Checkpoint) error {
		if c.Number > 1 {
			c.Note = "\n" + c.Note
		}
		return text(w, c.Note)
	})
}

func (b *bundle) consistency(w io.Writer) error {
	before := int64(0)
	return b.heads(func(c Checkpoint) error {
		from := before
		if before = c.Size; from == 0 {
			return nil
		}
		proof, err := ProveConsistency(b.tx, b.o, from, c.Size)
		if err != nil {
			return err
		}
		return text(w, evidence.WriteProof(from, c.Size, proof))
	})
}

// walk goes through the events that the checkpoint is over.
func (b *bundle) walk(fn func(Record) error) (err error) {
	for _, r := range records.All(b.tx, store.Range{Prefix: store.K(b.o), To: store.K(b.o, b.to.Size)}) {
		if err = fn(r); err != nil {
			return err
		}
		if r.Seq%inspectSlice == 0 && b.ctx.Err() != nil {
			return b.ctx.Err()
		}
	}
	return nil
}

func (b *bundle) events(w io.Writer) error {
	return b.walk(func(r Record) error {
		if r.Pruned() {
			return nil
		}
		if bytes.Contains(r.Bytes, []byte(`"action":"grant.`)) || bytes.Contains(r.Bytes, []byte(`"action":"support.`)) {
			if b.precise = append(b.precise, r.Seq); len(b.precise) > 2*mostProofs {
				b.precise = slices.Clone(b.precise[mostProofs:])
			}
		}
		_, err := w.Write(append(r.Bytes, '\n'))
		return err
	})
}

func (b *bundle) pruned(w io.Writer) error {
	return b.walk(func(r Record) error {
		if !r.Pruned() {
			return nil
		}
		return text(w, fmt.Sprintf("%d %s\n", r.Seq, evidence.Hash(r.Leaf)))
	})
}

func (b *bundle) values(w io.Writer) error {
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for _, s := range sides.All(b.tx, store.Range{Prefix: store.K(b.o), To: store.K(b.o, b.to.Size)}) {
		for _, name := range slices.Sorted(maps.Keys(s.Values)) {
			v := evidence.Value{Seq: s.Seq, Name: name, Salt: base64.RawURLEncoding.EncodeToString(s.Salts[name]), Value: s.Values[name]}
			if err := lines.Encode(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bundle) inclusion(w io.Writer) error {
	for _, seq := range b.precise[max(len(b.precise)-mostProofs, 0):] {
		proof, err := ProveInclusion(b.tx, b.o, b.to.Size, seq)
		if err != nil {
			return err
		}
		if err := text(w, evidence.WriteProof(seq, b.to.Size, proof)); err != nil {
			return err
		}
	}
	return nil
}
