package secret

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// A backup holds the data keys of its time, so what was shredded since would open again after a restore. Each shredding
// therefore leaves a grave in the store, and the graves are copied into a file outside of it, the tombstones, signed under
// the master key. A store that meets tombstones it doesn't know, because it is an older one, shreds again before it serves.
//
// Caveats: the copy is made right after the commit, not in it: a disk that dies in that moment takes the last tombstone
// along. A file that was put back to an older state of its own can't be told from a newer one.

// grave says that the data keys of an owner and purpose were destroyed.
type grave struct {
	Organization ref.Organization `cbor:"1,keyasint"`
	Purpose      string           `cbor:"2,keyasint"`
	At           time.Time        `cbor:"3,keyasint"`
}

var graves = store.Table[grave]{Name: "grave", Version: 1, Holds: store.Operational, Key: func(g grave) store.Key { return store.K(g.Organization, g.Purpose) }}

// Tombstones is the file.
type Tombstones struct {
	Path string
	Keys []Master // any of them may have signed; the first one signs
}

// ErrTombstones says that the file of tombstones isn't as this program left it.
var ErrTombstones = errors.New("the tombstones aren't signed by a master key that is here, or somebody changed them; put the file back as it was, or the line of the newer master key above the one in use")

const (
	tombstoneHead = "omniposto tombstones 1"
	signedBy      = "signed "
)

func (m Master) sign(text []byte) string {
	key := hmac.New(sha256.New, m.key)
	key.Write([]byte("omniposto tombstones"))
	mac := hmac.New(sha256.New, key.Sum(nil))
	mac.Write(text)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// read gives the graves of the file, none when it is absent.
func (t Tombstones) read() ([]grave, error) {
	raw, err := os.ReadFile(t.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the tombstones: %w", err)
	}
	at := bytes.LastIndex(raw, []byte("\n"+signedBy)) + 1
	if at == 0 || !bytes.HasPrefix(raw, []byte(tombstoneHead+"\n")) {
		return nil, fmt.Errorf("%s: %w", t.Path, ErrTombstones)
	}
	id, mac, _ := strings.Cut(strings.TrimSuffix(string(raw[at+len(signedBy):]), "\n"), " ")
	for _, m := range t.Keys {
		if m.ID == id && subtle.ConstantTimeCompare([]byte(mac), []byte(m.sign(raw[:at]))) == 1 {
			return parseGraves(string(raw[len(tombstoneHead)+1 : at]))
		}
	}
	return nil, fmt.Errorf("%s: %w", t.Path, ErrTombstones)
}

func parseGraves(text string) (out []grave, err error) {
	for line := range strings.Lines(text) {
		part := strings.Fields(line)
		if len(part) != 3 {
			return nil, ErrTombstones
		}
		g := grave{Purpose: part[1]}
		if err := g.Organization.UnmarshalText([]byte(part[0])); err != nil {
			return nil, ErrTombstones
		}
		if g.At, err = time.Parse(time.RFC3339Nano, part[2]); err != nil {
			return nil, ErrTombstones
		}
		out = append(out, g)
	}
	return out, nil
}

// write signs and keeps the graves whole or not at all. Nothing is written when nothing changed.
func (t Tombstones) write(list []grave) error {
	var text bytes.Buffer
	text.WriteString(tombstoneHead + "\n")
	for _, g := range list {
		fmt.Fprintf(&text, "%s %s %s\n", g.Organization, g.Purpose, g.At.UTC().Format(time.RFC3339Nano))
	}
	fmt.Fprintf(&text, "%s%s %s\n", signedBy, t.Keys[0].ID, t.Keys[0].sign(text.Bytes()))
	if there, err := os.ReadFile(t.Path); err == nil && bytes.Equal(there, text.Bytes()) {
		return nil
	}
	return replace(t.Path, ".tombstones-*", text.String())
}

// Meet shreds again what the file says was shredded and the store doesn't know of. It returns whose keys it destroyed:
// none, unless an older store came back. A file that isn't right is an error, and then nothing may be served.
func (k *Keeper) Meet(ctx context.Context, db *store.DB, t Tombstones) (again []ref.Organization, err error) {
	list, err := t.read()
	if err != nil || len(list) == 0 {
		return nil, err
	}
	unknown := func(tx store.ReadTx, g grave) bool {
		known, ok := graves.Get(tx, store.K(g.Organization, g.Purpose))
		return !ok || known.At.Before(g.At)
	}
	news := false
	err = db.View(ctx, func(tx store.ReadTx) error {
		for _, g := range list {
			news = news || unknown(tx, g)
		}
		return nil
	})
	if err != nil || !news {
		return nil, err
	}
	err = db.Update(ctx, func(tx store.Tx) error {
		again = nil
		for _, g := range list {
			if unknown(tx, g) {
				k.bury(tx, g)
				again = append(again, g.Organization)
			}
		}
		return nil
	})
	return again, err
}

// Carve copies the store's graves into the file. The file is only written when one is new, or when another master key
// signs; it keeps those of a store that isn't this one.
func (k *Keeper) Carve(ctx context.Context, db *store.DB, t Tombstones) error {
	var list []grave
	err := db.View(ctx, func(tx store.ReadTx) error {
		list = nil
		for _, g := range graves.All(tx, store.Range{}) {
			list = append(list, g)
		}
		return nil
	})
	if err != nil {
		return err
	}
	there, err := t.read()
	if err != nil {
		return err
	}
	for _, g := range there {
		if !contains(list, g) {
			list = append(list, g)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return t.write(list)
}

func contains(list []grave, g grave) bool {
	for _, one := range list {
		if one.Organization == g.Organization && one.Purpose == g.Purpose {
			return true
		}
	}
	return false
}

// bury destroys the keys that were made up to the grave's instant, and keeps the grave.
func (k *Keeper) bury(tx store.Tx, g grave) {
	var keys []store.Key
	for key, dk := range dataKeys.All(tx, store.Range{Prefix: store.K(g.Organization, g.Purpose)}) {
		if dk.CreatedAt.After(g.At) {
			continue
		}
		keys = append(keys, key)
		k.forget(dk.ID)
	}
	for _, key := range keys {
		dataKeys.Delete(tx, key)
	}
	k.mu.Lock()
	delete(k.newest, keyOwner{g.Organization, g.Purpose})
	k.mu.Unlock()
	graves.Put(tx, g)
}

// replace puts a file into place whole or not at all, readable by its owner only.
func replace(path, pattern, text string) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("keep %s: %w", filepath.Base(path), err)
	}
	tmp, err := os.CreateTemp(folder, pattern) // 0600 from the start
	if err != nil {
		return fmt.Errorf("keep %s: %w", filepath.Base(path), err)
	}
	_, err = tmp.WriteString(text)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep %s: %w", filepath.Base(path), err), os.Remove(tmp.Name()))
	}
	d, err := os.Open(folder) //nolint:gosec // the operator's choice
	if err != nil {
		return fmt.Errorf("keep %s: %w", filepath.Base(path), err)
	}
	return errors.Join(d.Sync(), d.Close())
}
