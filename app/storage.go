package app

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/api"
	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/cli"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/all"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/media"
	"github.com/omniposto/omniposto/app/post"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/ui"
)

func (a *App) codeFile() string { return filepath.Join(a.Config.Data, "setup-code") }

// mediaFolder is where files lie when they lie in a folder.
func (a *App) mediaFolder() string {
	if u, err := url.Parse(a.Config.Storage.URL); err == nil && u.Scheme == "file" {
		return u.Path
	}
	return filepath.Join(a.Config.Data, "media")
}

// makeMedia opens the storage and tells posts when a file of theirs is ready.
func (a *App) makeMedia(ctx context.Context, p *parts) (*media.Files, error) {
	c := a.Config.Storage
	storage, err := media.OpenStorage(media.Place{URL: c.URL, AccessKey: c.AccessKey, SecretKey: c.SecretKey, Folder: a.mediaFolder(),
		Dial: media.Dial(outbound.Configured(outbound.Rules{}).Dial)})
	if err != nil {
		return nil, fmt.Errorf("open the storage: %w", err)
	}
	s := media.New(media.Deps{DB: a.db, Storage: storage, Clock: a.Clock, Log: a.log, After: a.committed})
	s.OnSettled(a.mediaMoved(p))
	s.NeededBy(func(tx store.ReadTx, asset media.Asset) bool { return p.needs(tx, asset) })
	key, err := a.keeper.Derived(ctx, a.db, "media")
	if err != nil {
		return nil, err
	}
	return media.NewFiles(s, a.db, post.Uses, key), nil
}

// needs says whether something that isn't out yet uses the file: a draft doesn't hold it, what is to go out does.
func (p *parts) needs(tx store.ReadTx, asset media.Asset) bool {
	for _, id := range post.UsedBy(tx, asset.ID) {
		for _, d := range p.deliveries.OfPost(tx, id) {
			if d.State != delivery.Published && d.State != delivery.Cancelled {
				return true
			}
		}
	}
	return false
}

// storageFinding writes, reads and removes a small object.
func (a *App) storageFinding(ctx context.Context) cli.Finding {
	storage := media.Storage(nil)
	if a.parts != nil {
		storage = a.parts.media.Storage
	} else {
		c := a.Config.Storage
		var err error
		if storage, err = media.OpenStorage(media.Place{URL: c.URL, AccessKey: c.AccessKey, SecretKey: c.SecretKey, Folder: a.mediaFolder()}); err != nil {
			return cli.Finding{Name: "storage", Says: err.Error(), Fix: "see storage.url"}
		}
	}
	where := a.mediaFolder()
	if strings.HasPrefix(a.Config.Storage.URL, "s3:") {
		where = "the bucket"
	}
	return finding("storage", media.Probe(ctx, storage), "files can be written, read and deleted in "+where, "see storage.url, storage.access_key and storage.secret_key")
}

// platforms lists the connectors, practice first.
func platforms() []connector.Publisher {
	list := all.Connectors()
	slices.SortStableFunc(list, func(a, b connector.Publisher) int {
		return cmp.Compare(boolInt(a.Spec().ID != "practice"), boolInt(b.Spec().ID != "practice"))
	})
	return list
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// platformIDs lists their ids, for the configuration.
func platformIDs() []string {
	var out []string
	for _, p := range platforms() {
		out = append(out, p.Spec().ID)
	}
	return out
}

// files finds the files of the web interface.
func files(path, acceptEncoding string) (api.File, bool) {
	f, ok := ui.Lookup(path, acceptEncoding)
	return api.File{Body: f.Body, MIME: f.MIME, Encoding: f.Encoding, ETag: f.ETag, Immutable: f.Immutable}, ok
}
