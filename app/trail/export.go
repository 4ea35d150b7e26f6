package trail

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

type exportInput struct {
	op.OrganizationPath
	Body struct {
		Format string `json:"format" enum:"bundle,jsonl,ocsf,csv" doc:"A bundle is the whole log; the others can be narrowed."`
		Filter
	}
}

// exported is an export on its way out: a file that is gone when it is closed.
type exported struct{ *os.File }

// Close implements io.Closer.
func (e exported) Close() error { return errors.Join(e.File.Close(), os.Remove(e.Name())) }

const exportPattern = "audit-export-*.tmp"

// tidy removes exports that a stopped server left.
func (s *Trail) tidy() {
	left, _ := filepath.Glob(filepath.Join(s.Folder, exportPattern)) // the pattern is right
	for _, name := range left {
		_ = os.Remove(name) // a leftover is harmless
	}
}

// export writes the event of the export first, so that it is in what goes out.
func (s *Trail) export(ctx context.Context, c op.Call, in *exportInput) (*op.File, error) {
	select {
	case s.exporting <- struct{}{}:
		defer func() { <-s.exporting }()
	default:
		return nil, ErrBusy
	}
	o, format := c.Organization, in.Body.Format
	_, err := op.Do(ctx, s.DB, c, func(tx store.Tx) (*op.None, error) {
		op.Write(tx, c, op.Act{Action: "audit.exported", On: audit.Thing{Kind: "audit_" + format, ID: audit.LogName(o)}, Quiet: true})
		return &op.None{}, nil
	})
	if err != nil {
		return nil, err
	}
	checkpoint, err := s.Notary.Make(ctx, o)
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(s.Folder, exportPattern)
	if err != nil {
		return nil, fmt.Errorf("write an export: %w", err)
	}
	to := bufio.NewWriterSize(f, 256<<10)
	if format == "bundle" {
		err = audit.WriteBundle(ctx, s.DB, o, checkpoint, to)
	} else {
		err = s.writeEvents(ctx, o, checkpoint.Size, in.Body.Filter, formats[format](to))
	}
	err = errors.Join(err, to.Flush())
	size, serr := f.Seek(0, io.SeekEnd)
	if err = errors.Join(err, serr); err != nil {
		return nil, errors.Join(fmt.Errorf("write an export: %w", err), exported{f}.Close())
	}
	name := fmt.Sprintf("audit-%s-%d%s", audit.LogName(o), checkpoint.Number, endings[format])
	tag := strconv.Quote(fmt.Sprintf("%s-%d-%d", format, checkpoint.Number, c.Now.UnixMilli()))
	return &op.File{Name: name, MIME: kinds[format], Size: size, ETag: tag, Download: true, From: exported{f}}, nil
}

var (
	endings = map[string]string{"bundle": ".zip", "jsonl": ".jsonl", "ocsf": ".ocsf.jsonl", "csv": ".csv"}
	kinds   = map[string]string{"bundle": "application/zip", "jsonl": "application/x-ndjson", "ocsf": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
)

const exportSlice = 1000

// writeEvents hands the events to a format, a slice of the log at a time: a log only grows, so slices fit together.
func (s *Trail) writeEvents(ctx context.Context, o ref.Organization, size int64, f Filter, w format) error {
	for from := int64(0); from < size; from += exportSlice {
		err := s.DB.View(ctx, func(tx store.ReadTx) (err error) {
			audit.Forth(tx, o, from, min(from+exportSlice, size), func(e audit.Entry) bool {
				if !e.Pruned() && f.matches(e) {
					err = w.event(e)
				}
				return err == nil
			})
			return err
		})
		if err != nil {
			return err
		}
	}
	return w.end()
}
