package app

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/media"
	"github.com/omniposto/omniposto/app/post"
	"github.com/omniposto/omniposto/app/publish"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// source gives the runner what a delivery's walk needs: the post's words, its files, the channel and its token.
type source struct {
	a *App
	p *parts
}

var (
	noChannel = &publish.Trouble{Class: connector.Rejected, Words: "The channel was disconnected.", Fix: "choose"}
	noPost    = &publish.Trouble{Class: connector.Rejected, Words: "The post was deleted.", Fix: "exclude"}
	noFile    = &publish.Trouble{Class: connector.Rejected, Words: "A file of the post is gone.", Fix: "exclude"}
	noToken   = &publish.Trouble{Class: connector.Reconnect, Words: "The channel must be connected again.", Fix: "reconnect"}
)

// Open implements publish.Source.
func (s *source) Open(ctx context.Context, d delivery.Delivery) (publish.Load, error) {
	var piece post.Piece
	var c channel.Channel
	var beside []ref.Channel
	err := s.a.db.View(ctx, func(tx store.ReadTx) error {
		var ok bool
		if c, ok = channel.Get(tx, d.Organization, d.Workspace, d.Channel); !ok {
			return noChannel
		}
		p, ok := post.Get(tx, d.Organization, d.Workspace, d.Post)
		if !ok {
			return noPost
		}
		pieces, err := s.p.posts.Pieces(tx, p, c)
		if err != nil {
			return noFile
		}
		beside = s.p.channels.Beside(tx, c)
		for _, candidate := range pieces {
			if candidate.Is(d) {
				piece = candidate
				return nil
			}
		}
		return noPost
	})
	if err != nil {
		return publish.Load{}, err
	}
	pub, ok := s.p.channels.Platform(c.Platform)
	if !ok {
		return publish.Load{}, noChannel
	}
	grip, err := s.p.channels.Grip(ctx, c)
	if errors.Is(err, secret.ErrSealed) {
		return publish.Load{}, noToken
	}
	if err != nil {
		return publish.Load{}, err
	}
	grip.Public = func(_ context.Context, m connector.Media) (string, error) {
		var id ref.Asset
		if err := id.UnmarshalText([]byte(m.ID)); err != nil {
			return "", noFile
		}
		return s.a.link("", "") + s.p.media.Address(d.Organization, d.Workspace, id), nil
	}
	load := publish.Load{Connector: pub, Draft: piece.Draft, Grip: grip, Beside: beside, App: grip.App.ID}
	return load, s.files(ctx, d, &load)
}

// files opens the draft's files; the load closes them.
func (s *source) files(ctx context.Context, d delivery.Delivery, load *publish.Load) error {
	var open []io.Closer
	load.Close = func() {
		for _, f := range open {
			_ = f.Close()
		}
	}
	for i := range load.Draft.Media {
		var id ref.Asset
		if err := id.UnmarshalText([]byte(load.Draft.Media[i].ID)); err != nil {
			return noFile
		}
		f, err := s.file(ctx, d, id)
		if err != nil {
			load.Close()
			if errors.Is(err, media.ErrNotFound) {
				return noFile
			}
			return err
		}
		open = append(open, f)
		load.Draft.Media[i].File, load.Draft.Media[i].Size = f, f.Size()
	}
	return nil
}

func (s *source) file(ctx context.Context, d delivery.Delivery, id ref.Asset) (*media.File, error) {
	var asset media.Asset
	err := s.a.db.View(ctx, func(tx store.ReadTx) (err error) {
		asset, err = media.Get(tx, d.Organization, d.Workspace, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.p.media.Open(ctx, asset, media.Original)
}

// assetFacts is what a post needs to know about a file.
func assetFacts(tx store.ReadTx, o ref.Organization, w ref.Workspace, id ref.Asset) (post.Asset, bool) {
	a, err := media.Get(tx, o, w, id)
	if err != nil {
		return post.Asset{}, false
	}
	out := post.Asset{ID: a.ID, Name: a.Name, MIME: a.MIME, Alt: a.Alt, Type: mediaTypes[a.Kind], Size: a.Bytes, Width: a.Width, Height: a.Height,
		Length: a.Length(), FPS: int(a.FPS + 0.5), Codec: a.Codec, Ready: a.State == media.Ready}
	if why := a.Why(); why != nil {
		out.Problem = why.Message
	}
	if a.Kind == "" {
		out.Type = guessedType(a.Name)
	}
	return out, true
}

// guessedType is what a file on its way will probably be, by its name; what it is shows when it is there.
func guessedType(name string) connector.MediaType {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mp4", ".mov", ".m4v", ".webm":
		return connector.VideoFile
	case ".gif":
		return connector.GIF
	case ".pdf":
		return connector.DocumentPDF
	}
	return connector.Image
}

var mediaTypes = map[media.Kind]connector.MediaType{media.Image: connector.Image, media.GIF: connector.GIF, media.Video: connector.VideoFile,
	media.Audio: connector.Audio, media.Document: connector.DocumentPDF}

// mediaMoved lets deliveries go on, or says why they never will, in the transaction that makes a file ready or refused.
func (a *App) mediaMoved(p *parts) func(tx store.Tx, asset media.Asset) {
	return func(tx store.Tx, asset media.Asset) {
		for _, id := range post.UsedBy(tx, asset.ID) {
			for _, d := range p.deliveries.OfPost(tx, id) {
				if d.State != delivery.WaitingMedia {
					continue
				}
				if why := asset.Why(); why != nil {
					if _, err := p.deliveries.Move(tx, d, delivery.MediaFailed, delivery.Arg{Class: string(connector.Rejected), Words: why.Message, Fix: "exclude"}); err != nil {
						a.log.Warn("a delivery didn't take the news of its file", "delivery", d.ID.String(), "error", err.Error())
					}
					continue
				}
				if p.allReady(tx, d) {
					if _, err := p.deliveries.MediaReady(tx, d); err != nil {
						a.log.Warn("a delivery didn't take the news of its file", "delivery", d.ID.String(), "error", err.Error())
					}
				}
			}
		}
	}
}

// allReady says whether every file of the delivery's part can be sent.
func (p *parts) allReady(tx store.ReadTx, d delivery.Delivery) bool {
	whole, ok := post.Get(tx, d.Organization, d.Workspace, d.Post)
	c, there := channel.Get(tx, d.Organization, d.Workspace, d.Channel)
	if !ok || !there {
		return true
	}
	pieces, err := p.posts.Pieces(tx, whole, c)
	if err != nil {
		return true
	}
	for _, piece := range pieces {
		if piece.Is(d) {
			return !piece.Missing
		}
	}
	return true
}

// stepPlace is where the saved result of a step belongs: upload addresses are secrets too.
func stepPlace(d delivery.Delivery, step string) secret.Place {
	round := binary.BigEndian.AppendUint64([]byte(step+"|"), uint64(d.Round)) //nolint:gosec // counts up from one
	return secret.Place{Purpose: "delivery", Organization: d.Organization, Workspace: d.Workspace, Kind: "delivery", ID: d.ID, Field: string(round)}
}

// sealStep keeps a step's result unreadable in the store.
func (a *App) sealStep(ctx context.Context, d delivery.Delivery, step string, plain []byte) ([]byte, error) {
	place := stepPlace(d, step)
	if err := a.keeper.Prepare(ctx, a.db, place); err != nil {
		return nil, err
	}
	var sealed secret.Sealed
	err := a.db.View(ctx, func(tx store.ReadTx) (err error) {
		sealed, err = a.keeper.SealWith(tx, place, plain)
		return err
	})
	return []byte(sealed), err
}

func (a *App) unsealStep(ctx context.Context, d delivery.Delivery, step string, sealed []byte) (plain []byte, err error) {
	err = a.db.View(ctx, func(tx store.ReadTx) error {
		return a.keeper.Use(tx, stepPlace(d, step), secret.Sealed(sealed), func(p []byte) error {
			plain = append([]byte(nil), p...)
			return nil
		})
	})
	return plain, err
}
