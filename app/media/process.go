package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// maxTries is how often an inspection is begun. One that ends with an answer is the last; more happen only when the
// process dies in the middle of it.
const maxTries = 4

// finding is the outcome of an inspection.
type finding struct {
	facts
	copies         []Copy
	hash, received []byte
	problem        *fail.Error // not nil: refused
}

// Process inspects an asset that is checking, and makes it ready or refused. An error that isn't about the request means
// trouble around the file; the asset stays checking and may be processed again. Run calls it for all.
func (s *Service) Process(ctx context.Context, o ref.Organization, w ref.Workspace, id ref.Asset) (Asset, error) {
	a, u, err := s.beginTry(ctx, o, w, id)
	if err != nil || a.State != Checking {
		return a, err
	}
	var f finding
	if a.Tries > maxTries {
		f.problem = ErrHeavy
	} else {
		f, err = s.inspect(ctx, a, u)
		if v := verdictOf(err); v != nil && !isTrouble(err) {
			f.problem, err = v, nil
		}
		if err != nil {
			s.takeBackTry(context.WithoutCancel(ctx), a)
			return a, fmt.Errorf("inspect %s: %w", id, err)
		}
	}
	if f.problem != nil {
		s.Log.Info("file refused", "asset", id.String(), "code", f.problem.Code, "cause", errors.Unwrap(f.problem))
	}
	a, err = s.settle(context.WithoutCancel(ctx), a, f)
	if err == nil {
		s.wake() // what the upload left behind may go
		s.ended.ring()
		if s.After != nil {
			s.After()
		}
	}
	return a, err
}

// isTrouble tells the storage's errors from those about the file, also where a decoder has wrapped them.
func isTrouble(err error) bool {
	var t *storageError
	return errors.As(err, &t)
}

// beginTry counts the try before it is made, so that a file that kills the process is noticed.
func (s *Service) beginTry(ctx context.Context, o ref.Organization, w ref.Workspace, id ref.Asset) (a Asset, u Upload, err error) {
	err = s.DB.Update(ctx, func(tx store.Tx) error {
		if a, err = current(tx, o, w, id, 0); err != nil {
			return err
		}
		switch a.State {
		case Uploading:
			return ErrNotReady
		case Ready, Refused:
			return nil
		}
		if u, err = FindUpload(tx, o, w, a.Upload); err != nil {
			return err
		}
		old := a
		a.Tries++
		assets.Swap(tx, old, a)
		return nil
	})
	return a, u, err
}

// takeBackTry forgets a try that failed through no fault of the file.
func (s *Service) takeBackTry(ctx context.Context, was Asset) {
	err := s.DB.Update(ctx, func(tx store.Tx) error {
		a, err := Get(tx, was.Organization, was.Workspace, was.ID)
		if err == nil && a.State == Checking && a.Tries > 0 {
			old := a
			a.Tries--
			assets.Swap(tx, old, a)
		}
		return nil
	})
	if err != nil {
		s.Log.Warn("count of tries", "asset", was.ID.String(), "error", err)
	}
}

// inspect finds out what the file is, and stores its cleaned forms.
func (s *Service) inspect(ctx context.Context, a Asset, u Upload) (finding, error) {
	src := s.openPieces(ctx, u)
	defer func() { _ = src.Close() }()
	mime, err := sniff(src, src.size, u.Documents)
	if err != nil {
		return finding{}, err
	}
	switch types[mime].kind {
	case Video:
		return s.inspectFilm(ctx, a, src, mime)
	case Document:
		return s.inspectDocument(ctx, a, src, mime)
	}
	return s.inspectPicture(ctx, a, src, mime)
}

// put stores one form of an asset.
func (s *Service) put(ctx context.Context, a Asset, f *finding, c Copy, r io.Reader) error {
	h := sha256.New()
	n, err := s.Storage.Put(ctx, copyKey(a, c.Name), io.TeeReader(r, h))
	if err != nil {
		return &storageError{fmt.Errorf("store %s: %w", c.Name, err)}
	}
	if c.Bytes = n; c.Name == Original {
		f.hash = h.Sum(nil)
	}
	f.copies = append(f.copies, c)
	return nil
}

// inspectPicture decodes a picture in its turn, here or in a child.
func (s *Service) inspectPicture(ctx context.Context, a Asset, src *pieces, mime string) (finding, error) {
	h, err := readHeader(mime, src, src.size)
	if err != nil {
		return finding{}, err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, section(src, src.size)); err != nil {
		return finding{}, err
	}
	f := finding{received: sum.Sum(nil)}
	turns := s.here
	if h.child() {
		turns = s.apart
	}
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-ctx.Done():
		return f, ctx.Err()
	}
	if h.child() {
		f.facts, err = childPicture(ctx, mime, src, src.size, func(c Copy, r io.Reader) error { return s.put(ctx, a, &f, c, r) })
		return f, err
	}
	f.facts, err = cleanPicture(mime, src, src.size, func(c Copy, content []byte) error {
		return s.put(ctx, a, &f, c, bytes.NewReader(content))
	})
	return f, err
}

// inspectFilm reads a video's headers, then copies it with what may tell too much blanked.
func (s *Service) inspectFilm(ctx context.Context, a Asset, src *pieces, mime string) (finding, error) {
	film, err := lookFilm(mime, src, src.size)
	if err != nil {
		return finding{}, err
	}
	f := finding{facts: film.facts}
	received := sha256.New()
	r := &cleaned{src: section(src, src.size), patches: film.patches, end: film.end, seen: received}
	err = s.put(ctx, a, &f, Copy{Name: Original, MIME: mime, Width: film.Width, Height: film.Height}, r)
	f.received = received.Sum(nil)
	return f, err
}

// inspectDocument takes a PDF as it is.
func (s *Service) inspectDocument(ctx context.Context, a Asset, src *pieces, mime string) (finding, error) {
	end := make([]byte, min(src.size, 2048))
	if _, err := src.ReadAt(end, src.size-int64(len(end))); err != nil {
		return finding{}, err
	}
	if !strings.Contains(string(end), "%%EOF") {
		return finding{}, ErrCorrupt
	}
	f := finding{facts: facts{Kind: Document, MIME: mime}}
	err := s.put(ctx, a, &f, Copy{Name: Original, MIME: mime}, section(src, src.size))
	f.received = f.hash
	return f, err
}

// settle writes the outcome, unless somebody else has settled or deleted the asset meanwhile.
func (s *Service) settle(ctx context.Context, was Asset, f finding) (a Asset, err error) {
	err = s.DB.Update(ctx, func(tx store.Tx) error {
		if a, err = Get(tx, was.Organization, was.Workspace, was.ID); err != nil {
			leave(tx, was.Organization, was.Workspace, assetPrefix(was)) // deleted: what was stored just now goes too
			return nil
		}
		if a.State != Checking {
			return nil
		}
		s.dropUpload(tx, a)
		if f.problem != nil {
			a = s.refuse(tx, a, f.problem)
		} else {
			a = s.accept(tx, a, f)
		}
		return nil
	})
	return a, err
}

func (s *Service) accept(tx store.Tx, a Asset, f finding) Asset {
	old := a
	a.State, a.Problem, a.Kind, a.MIME = Ready, "", f.Kind, f.MIME
	a.Width, a.Height, a.Duration = f.Width, f.Height, f.Duration.Milliseconds()
	a.Frames, a.FPS, a.Codec, a.Sound = f.Frames, f.FPS, f.Codec, f.Sound
	a.Copies, a.Hash, a.Received = f.copies, f.hash, f.received
	if c, ok := a.Copy(Original); ok {
		a.Bytes = c.Bytes
	}
	a.Name = nameFor(a.Name, a.MIME)
	return s.conclude(tx, old, a, "asset.ready")
}

// refuse makes an asset refused; nothing of it is kept but its name and why.
func (s *Service) refuse(tx store.Tx, a Asset, why *fail.Error) Asset {
	old := a
	a.State, a.Problem = Refused, why.Code
	leave(tx, a.Organization, a.Workspace, assetPrefix(a))
	return s.conclude(tx, old, a, "asset.refused")
}

// conclude writes a final state, tells the log, and lets everybody who waits for the asset act in the same transaction.
func (s *Service) conclude(tx store.Tx, old, a Asset, kind string) Asset {
	a.Upload, a.Tries, a.CheckedAt = ref.Upload{}, 0, tx.Now()
	a.Version++
	assets.Swap(tx, old, a)
	event.Append(tx, event.Change{
		Organization: a.Organization, Workspace: a.Workspace, Kind: kind, On: a.ID.String(), Version: a.Version,
		Tell: a.State == Refused, Class: a.Problem,
	})
	for _, fn := range s.settled {
		fn(tx, a)
	}
	return a
}
