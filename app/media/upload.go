package media

import (
	"context"
	"errors"
	"io"

	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// NewUpload is what is known about a file before its bytes.
type NewUpload struct {
	Organization ref.Organization
	Workspace    ref.Workspace
	By           ref.Identity
	Name, Alt    string
	Bytes        int64 // announced; 0 = not known, for Receive only
	Documents    bool  // take a PDF too
}

const (
	maxPieces  = 2000 // of an upload: a gigabyte in pieces of half a megabyte
	maxUploads = 200  // that a workspace may have open
)

// Begin makes an upload and its asset, which a post may name from now on.
func (s *Service) Begin(tx store.Tx, n NewUpload) (Upload, Asset, error) {
	switch {
	case n.Bytes < 0:
		return Upload{}, Asset{}, ErrEmpty
	case n.Bytes > s.MaxBytes:
		return Upload{}, Asset{}, ErrTooLarge
	case len([]rune(n.Alt)) > MaxAlt:
		return Upload{}, Asset{}, ErrAlt
	}
	open := 0
	for range uploads.All(tx, store.Range{Prefix: store.K(n.Organization, n.Workspace)}) {
		if open++; open == maxUploads {
			return Upload{}, Asset{}, ErrUploads
		}
	}
	now := tx.Now()
	u := Upload{
		Organization: n.Organization, Workspace: n.Workspace, ID: ref.Mint[ref.Upload](now), Asset: ref.Mint[ref.Asset](now),
		Bytes: n.Bytes, Documents: n.Documents, CreatedAt: now, LastAt: now,
	}
	a := Asset{
		Organization: n.Organization, Workspace: n.Workspace, ID: u.Asset, Version: 1, State: Uploading,
		Name: cleanName(n.Name), Alt: n.Alt, Upload: u.ID, By: n.By, CreatedAt: now,
	}
	uploads.Put(tx, u)
	assets.Put(tx, a)
	return u, a, nil
}

// FindUpload finds an upload that isn't inspected to its end.
func FindUpload(tx store.ReadTx, o ref.Organization, w ref.Workspace, id ref.Upload) (Upload, error) {
	u, ok := uploads.Get(tx, store.K(o, w, id))
	if !ok {
		return Upload{}, ErrUploadNotFound
	}
	return u, nil
}

// Append takes the bytes from offset on, which must be the upload's own (ErrOffset holds it as "offset"). If the sender
// breaks off, what came is kept and his error is returned with the upload as it is then. The last byte makes the asset
// checking. Call it outside of a transaction; it opens its own.
func (s *Service) Append(ctx context.Context, o ref.Organization, w ref.Workspace, id ref.Upload, offset int64, r io.Reader) (Upload, Asset, error) {
	u, err := s.appendable(ctx, o, w, id, offset)
	if err != nil {
		return u, Asset{}, err
	}
	limit := s.MaxBytes - offset
	if u.Bytes > 0 {
		limit = u.Bytes - offset
	}
	p, broke, err := s.storePiece(ctx, u, limit, r)
	if err != nil {
		return u, Asset{}, err
	}
	u, a, err := s.commitPiece(ctx, u, offset, p, u.Bytes > 0 && offset+p.Bytes == u.Bytes)
	if err != nil {
		_ = s.Storage.Delete(context.WithoutCancel(ctx), uploadPrefix(u)+"/"+p.Name)
		return u, a, err
	}
	return u, a, broke
}

// appendable looks whether the upload takes bytes at the offset, before any is read.
func (s *Service) appendable(ctx context.Context, o ref.Organization, w ref.Workspace, id ref.Upload, offset int64) (u Upload, err error) {
	err = s.DB.View(ctx, func(tx store.ReadTx) error {
		if u, err = FindUpload(tx, o, w, id); err != nil {
			return err
		}
		return u.takes(offset)
	})
	return u, err
}

func (u Upload) takes(offset int64) error {
	switch {
	case u.Offset() != offset || u.Whole:
		return ErrOffset.With("offset", u.Offset())
	case len(u.Pieces) >= maxPieces:
		return ErrPieces
	}
	return nil
}

// storePiece streams a piece into the storage. broke is the sender's error: what came before it is kept.
func (s *Service) storePiece(ctx context.Context, u Upload, limit int64, r io.Reader) (p Piece, broke, err error) {
	p.Name = random.Text(16)
	key := uploadPrefix(u) + "/" + p.Name
	counted := &countingReader{r: r, limit: limit}
	p.Bytes, err = s.Storage.Put(ctx, key, counted)
	if err != nil {
		return p, nil, ErrStorage.Because(err)
	}
	if errors.Is(counted.err, ErrTooLarge) {
		_ = s.Storage.Delete(context.WithoutCancel(ctx), key)
		return p, nil, ErrTooLarge
	}
	return p, counted.err, nil
}

// commitPiece makes a stored piece part of the upload, if the upload still stands at the offset.
func (s *Service) commitPiece(ctx context.Context, was Upload, offset int64, p Piece, whole bool) (u Upload, a Asset, err error) {
	ctx = context.WithoutCancel(ctx) // the sender may be gone; his bytes are here
	err = s.DB.Update(ctx, func(tx store.Tx) error {
		if u, err = FindUpload(tx, was.Organization, was.Workspace, was.ID); err != nil {
			return err
		}
		if err := u.takes(offset); err != nil {
			return err
		}
		if a, err = current(tx, u.Organization, u.Workspace, u.Asset, 0); err != nil {
			return err
		}
		old := u
		if u.LastAt = tx.Now(); p.Bytes > 0 {
			u.Pieces = append(append([]Piece(nil), u.Pieces...), p)
		}
		u.Whole = whole
		uploads.Swap(tx, old, u)
		a = advance(tx, a, u)
		return nil
	})
	if err == nil && whole {
		s.wake()
	}
	if err == nil && p.Bytes == 0 {
		_ = s.Storage.Delete(ctx, uploadPrefix(u)+"/"+p.Name)
	}
	return u, a, err
}

// advance brings an asset up to its upload. Its version doesn't grow with every piece: nothing that a person edits
// has changed.
func advance(tx store.Tx, a Asset, u Upload) Asset {
	old := a
	a.Bytes = u.Offset()
	if u.Whole {
		a.State = Checking
		a.Version++
	}
	assets.Swap(tx, old, a)
	return a
}

// Receive takes a whole file from one request. A sender who breaks off leaves nothing. The asset comes back checking;
// Run or Process does the rest.
func (s *Service) Receive(ctx context.Context, n NewUpload, r io.Reader) (Asset, error) {
	var u Upload
	var a Asset
	err := s.DB.Update(ctx, func(tx store.Tx) (err error) {
		u, a, err = s.Begin(tx, n)
		return err
	})
	if err != nil {
		return Asset{}, err
	}
	limit := s.MaxBytes
	if n.Bytes > 0 {
		limit = n.Bytes
	}
	p, broke, err := s.storePiece(ctx, u, limit, r)
	if err = errors.Join(err, broke); err == nil {
		switch {
		case p.Bytes == 0:
			err = ErrEmpty
		case n.Bytes > 0 && p.Bytes != n.Bytes:
			err = io.ErrUnexpectedEOF
		default:
			_, a, err = s.commitPiece(ctx, u, 0, p, true)
		}
	}
	if err != nil {
		return Asset{}, errors.Join(err, s.forget(context.WithoutCancel(ctx), a))
	}
	return a, nil
}

// forget removes an asset whose file never arrived, and what came of it.
func (s *Service) forget(ctx context.Context, a Asset) error {
	return s.DB.Update(ctx, func(tx store.Tx) error {
		if a, err := Get(tx, a.Organization, a.Workspace, a.ID); err == nil {
			s.remove(tx, a)
		}
		return nil
	})
}

// wake tells Run that there is work.
func (s *Service) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}
