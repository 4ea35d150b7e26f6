package secret

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/omniposto/omniposto/app/base/random"
)

// Source says where the master key may stand. The first place that is set is the one, in the order of the fields.
type Source struct {
	Credentials string   // folder of the service manager's credentials; the one named master-key is ours
	File        string   // keys.master_file
	Transit     *Transit // keys.transit_url
	Text        Text     // keys.master: other programs of the machine may read it
	Beside      string   // where a new key is made when nothing is set: beside the data
	Fresh       bool     // the store is empty, so a missing key may be made
}

// Masters is what was found: the key that wraps first, then those that still open.
type Masters struct {
	Keys []Master
	Made bool
	file *keyFile // nil: the place can't be written by us
}

// FixedMasters are keys that stand nowhere, for tests and for making documents.
func FixedMasters(m Master) Masters { return Masters{Keys: []Master{m}} }

// ErrFixed says that the place of the master key isn't ours to write.
var ErrFixed = errors.New("the master key stands where this program can't write; put a line with a new key above the old one there, start again, and take the old line away when omniposto keys status counts none under it")

// LoadMasters finds the master key. In a file of the operator's, behind Transit, or beside the data, a new one is made if
// it is absent and the store is empty; what a store with secrets needs is never made anew.
func LoadMasters(ctx context.Context, s Source) (Masters, error) {
	if s.Credentials != "" {
		if raw, err := os.ReadFile(filepath.Join(s.Credentials, "master-key")); err == nil { //nolint:gosec // path is the service manager's
			keys, err := parseMasters(raw, "the systemd credential")
			return Masters{Keys: keys}, err
		}
	}
	switch {
	case s.File != "":
		return plainFile(s.File).load(ctx, s.Fresh)
	case s.Transit != nil:
		return s.Transit.file().load(ctx, s.Fresh)
	case !s.Text.Empty():
		var m Masters
		var err error
		s.Text.Use(func(text string) { m.Keys, err = parseMasters([]byte(text), "the configuration") })
		return m, err
	}
	return plainFile(s.Beside).load(ctx, s.Fresh)
}

// keyFile is a file of master keys; write and read are its form.
type keyFile struct {
	path  string
	write func(context.Context, Master) (string, error) // a line
	read  func(context.Context, []byte) ([]Master, error)
}

func plainFile(path string) keyFile {
	return keyFile{path: path, write: func(_ context.Context, m Master) (string, error) { return m.line(), nil },
		read: func(_ context.Context, raw []byte) ([]Master, error) { return parseMasters(raw, path) }}
}

func (f keyFile) load(ctx context.Context, fresh bool) (Masters, error) {
	m := Masters{file: &f}
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !fresh:
		return m, fmt.Errorf("%w: %s", ErrMasterMissing, f.path)
	case errors.Is(err, fs.ErrNotExist):
		m.Keys, m.Made = []Master{newMaster(random.Bytes(32), f.path)}, true
		return m, f.save(ctx, m.Keys)
	case err != nil:
		return m, fmt.Errorf("read master key: %w", err)
	case info.Mode().Perm()&0o077 != 0:
		return m, fmt.Errorf("master key %s can be read by others; run: chmod 600 %s", f.path, f.path)
	case !ownFile(info):
		return m, fmt.Errorf("master key %s belongs to somebody else; run: chown %d %s", f.path, os.Geteuid(), f.path)
	}
	raw, err := os.ReadFile(f.path)
	if err != nil {
		return m, fmt.Errorf("read master key: %w", err)
	}
	defer clear(raw)
	m.Keys, err = f.read(ctx, raw)
	return m, err
}

// save puts the keys into the file whole or not at all.
func (f keyFile) save(ctx context.Context, keys []Master) error {
	var text strings.Builder
	for _, m := range keys {
		line, err := f.write(ctx, m)
		if err != nil {
			return fmt.Errorf("keep master key: %w", err)
		}
		text.WriteString(line)
	}
	return replace(f.path, ".master-*", text.String())
}

// Renew makes a new master key and keeps it above the others, before anything is wrapped by it.
func (m *Masters) Renew(ctx context.Context) error {
	if m.file == nil {
		return ErrFixed
	}
	keys := append([]Master{newMaster(random.Bytes(32), m.Keys[0].From)}, m.Keys...)
	if err := m.file.save(ctx, keys); err != nil {
		return err
	}
	m.Keys = keys
	return nil
}

// Retire keeps the first key alone. The others go into files of their own beside it, because backups that were made
// before need them: whoever runs the server moves them to those backups, or deletes them with the last of them. Where we
// can't write, whoever can is told by keys status.
func (m *Masters) Retire(ctx context.Context) error {
	if m.file == nil || len(m.Keys) == 1 {
		return nil
	}
	for _, old := range m.Keys[1:] {
		beside := *m.file
		beside.path = RetiredPath(m.file.path, old)
		if err := beside.save(ctx, []Master{old}); err != nil {
			return err
		}
	}
	if err := m.file.save(ctx, m.Keys[:1]); err != nil {
		return err
	}
	m.Keys = m.Keys[:1]
	return nil
}

// Fixed says that the keys' place can't be written by this program.
func (m *Masters) Fixed() bool { return m.file == nil }

// RetiredPath is where the file keeps a key that doesn't wrap any more.
func RetiredPath(file string, m Master) string { return file + "." + m.ID + ".retired" }
