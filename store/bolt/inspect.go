package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"

	"github.com/omniposto/omniposto/store"
)

// What bbolt's file consists of; see go.etcd.io/bbolt/internal/common, page.go and meta.go.
const (
	magic         = 0xED0CDAED
	formatVersion = 2
	headerSize    = 16
	elementSize   = 16
	metaSize      = 64
	branchPage    = 0x01
	leafPage      = 0x02
	freelistPage  = 0x10
	bucketEntry   = 0x01
	noFreelist    = ^uint64(0)
	smallestPage  = 1 << 10
	largestPage   = 1 << 16
)

// meta is one of the two pages that say where everything begins.
type meta struct {
	pageSize              int64
	root, freelist, pages uint64
	tx                    uint64
}

// inspect looks at a file before bbolt does, who would crash on some damage: it reads the pages that lead to others, and
// all of them when the last run didn't end with Close, because bbolt then walks them on a goroutine of its own, whose
// panic nobody can catch. So what it checks there is checked here before. fresh says that there is nothing in the file; what an interrupted first start left is removed.
func inspect(f *os.File) (fresh bool, err error) {
	at, err := f.Stat()
	if err != nil {
		return false, err
	}
	if at.Size() <= 4*largestPage {
		if fresh, err = empty(f, at.Size()); fresh || err != nil {
			return fresh, err
		}
	}
	m, err := newestMeta(f, at.Size())
	if err != nil {
		return false, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	if int64(m.pages) < 0 || int64(m.pages) > at.Size()/m.pageSize { //nolint:gosec // checked for overflow here
		return false, fmt.Errorf("%w: the file is cut off at %d bytes of %d", store.ErrDamaged, at.Size(), m.pageSize*int64(m.pages))
	}
	i := inspection{file: f, meta: m, seen: make([]uint64, m.pages/64+1), all: m.freelist == noFreelist}
	if err = i.page(m.root, bounds{top: true}); err == nil && !i.all {
		err = i.freelist()
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return false, nil
}

// empty says that the file has nothing but zeros, and makes it really empty.
func empty(f *os.File, size int64) (bool, error) {
	content := make([]byte, size)
	if _, err := f.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if len(bytes.Trim(content, "\x00")) > 0 {
		return false, nil
	}
	return true, f.Truncate(0)
}

// newestMeta finds the valid meta page with the highest transaction, for any size of page.
func newestMeta(f *os.File, size int64) (best meta, err error) {
	found := false
	for at := int64(0); at+headerSize+metaSize <= size && at <= largestPage; at = max(2*at, smallestPage) {
		raw := make([]byte, headerSize+metaSize)
		if _, err := f.ReadAt(raw, at); err != nil {
			return best, err
		}
		if m, ok := readMeta(raw[headerSize:]); ok && (at == 0 || at == m.pageSize) && (!found || m.tx > best.tx) {
			best, found = m, true
		}
	}
	if !found {
		return best, errors.New("no valid meta page")
	}
	return best, nil
}

func readMeta(b []byte) (m meta, ok bool) {
	n := binary.NativeEndian
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8]) //nolint:errcheck // a hash takes everything
	if n.Uint32(b) != magic || n.Uint32(b[4:]) != formatVersion || n.Uint64(b[metaSize-8:]) != sum.Sum64() {
		return m, false
	}
	m = meta{
		pageSize: int64(n.Uint32(b[8:])), root: n.Uint64(b[16:]),
		freelist: n.Uint64(b[32:]), pages: n.Uint64(b[40:]), tx: n.Uint64(b[48:]),
	}
	return m, m.pageSize >= smallestPage && m.pageSize <= largestPage && m.pageSize&(m.pageSize-1) == 0
}

// inspection is one walk over the tree of pages.
type inspection struct {
	file *os.File
	meta meta
	seen []uint64 // one bit for each page
	all  bool     // leaves too
	free [][]byte // buffers
}

// bounds is what a page's parent says about its keys: they are in [low, high); nil has no end.
type bounds struct {
	low, high []byte
	top       bool // the page holds buckets
}

// page looks at a page and all under it. Each page is met once, so the walk ends.
func (i *inspection) page(id uint64, in bounds) error {
	b, err := i.read(id)
	if err != nil {
		return err
	}
	defer func() { i.free = append(i.free, b) }()
	n := binary.NativeEndian
	flags, count := n.Uint16(b[8:]), int(n.Uint16(b[10:]))
	if headerSize+count*elementSize > len(b) {
		return fmt.Errorf("page %d has %d entries", id, count)
	}
	switch flags {
	case branchPage:
		return i.branch(id, b, count, in)
	case leafPage:
		return i.leaf(id, b, count, in)
	}
	return fmt.Errorf("page %d is of kind %x", id, flags)
}

// read gives a page with all that overflows from it, and marks it as met.
func (i *inspection) read(id uint64) ([]byte, error) {
	if id < 2 || id >= i.meta.pages {
		return nil, fmt.Errorf("page %d is outside of the file", id)
	}
	b := i.buffer(int(i.meta.pageSize))
	offset := int64(id) * i.meta.pageSize //nolint:gosec // under the file's size
	if _, err := i.file.ReadAt(b, offset); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	n := binary.NativeEndian
	more := uint64(n.Uint32(b[12:]))
	if n.Uint64(b) != id || more >= i.meta.pages-id {
		return nil, fmt.Errorf("page %d says it is page %d with %d more", id, n.Uint64(b), more)
	}
	for p := id; p <= id+more; p++ {
		if i.seen[p/64]&(1<<(p%64)) != 0 {
			return nil, fmt.Errorf("page %d is used twice", p)
		}
		i.seen[p/64] |= 1 << (p % 64)
	}
	if more == 0 {
		return b, nil
	}
	i.free = append(i.free, b)
	b = i.buffer(int(i.meta.pageSize) * int(more+1)) //nolint:gosec // under the file's size
	if _, err := i.file.ReadAt(b, offset); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	return b, nil
}

func (i *inspection) buffer(size int) []byte {
	if n := len(i.free); n > 0 && cap(i.free[n-1]) >= size {
		b := i.free[n-1][:size]
		i.free = i.free[:n-1]
		return b
	}
	return make([]byte, size)
}

func (i *inspection) branch(id uint64, b []byte, count int, in bounds) error {
	if count == 0 {
		return fmt.Errorf("page %d leads nowhere", id)
	}
	keys, err := keysOf(id, b, count, branchKey, in)
	if err != nil {
		return err
	}
	leaves := false // one look tells that the children of a page are leaves; they are read when they are needed
	for e := range count {
		child := binary.NativeEndian.Uint64(b[headerSize+e*elementSize+8:])
		if leaves && !i.all {
			if child < 2 || child >= i.meta.pages {
				return fmt.Errorf("page %d is outside of the file", child)
			}
			continue
		}
		under := bounds{low: keys[e], high: in.high, top: in.top}
		if e+1 < count {
			under.high = keys[e+1]
		}
		if err := i.page(child, under); err != nil {
			return err
		}
		if e == 0 && !i.all {
			leaves = i.isLeaf(child)
		}
	}
	return nil
}

// branchKey and leafKey find the key of the entry at a place: its offset from there, its size and the value's.
func branchKey(b []byte) (pos, key, value int64) {
	n := binary.NativeEndian
	return int64(n.Uint32(b)), int64(n.Uint32(b[4:])), 0
}

func leafKey(b []byte) (pos, key, value int64) {
	n := binary.NativeEndian
	return int64(n.Uint32(b[4:])), int64(n.Uint32(b[8:])), int64(n.Uint32(b[12:]))
}

// keysOf gives a page's keys. All lie in it, in order and within the bounds.
func keysOf(id uint64, b []byte, count int, find func([]byte) (pos, key, value int64), in bounds) ([][]byte, error) {
	keys := make([][]byte, count)
	for e := range count {
		at := int64(headerSize + e*elementSize)
		pos, key, value := find(b[at:])
		if at+pos+key+value > int64(len(b)) {
			return nil, fmt.Errorf("page %d: entry %d reaches out of it", id, e)
		}
		k := b[at+pos:][:key]
		if e == 0 && bytes.Compare(in.low, k) > 0 || e > 0 && bytes.Compare(keys[e-1], k) >= 0 ||
			in.high != nil && bytes.Compare(k, in.high) >= 0 {
			return nil, fmt.Errorf("page %d: entry %d is out of order", id, e)
		}
		keys[e] = k
	}
	return keys, nil
}

// isLeaf asks for the kind of a page that was looked at before.
func (i *inspection) isLeaf(id uint64) bool {
	flags := make([]byte, 2)
	_, err := i.file.ReadAt(flags, int64(id)*i.meta.pageSize+8) //nolint:gosec // under the file's size
	return err == nil && binary.NativeEndian.Uint16(flags) == leafPage
}

func (i *inspection) leaf(id uint64, b []byte, count int, in bounds) error {
	if _, err := keysOf(id, b, count, leafKey, in); err != nil {
		return err
	}
	n := binary.NativeEndian
	for e := range count {
		at := headerSize + e*elementSize
		isBucket := n.Uint32(b[at:])&bucketEntry != 0
		if isBucket != in.top {
			return fmt.Errorf("page %d: entry %d is of another kind", id, e)
		}
		if !isBucket {
			continue
		}
		pos, key, value := leafKey(b[at:])
		if value < headerSize {
			return fmt.Errorf("page %d: entry %d is too short", id, e)
		}
		head := b[int64(at)+pos+key:][:value]
		if root := n.Uint64(head); root != 0 {
			if err := i.page(root, bounds{}); err != nil {
				return err
			}
		} else if err := i.inline(id, head[headerSize:]); err != nil {
			return err
		}
	}
	return nil
}

// inline looks at a small bucket that lies within its parent's page.
func (i *inspection) inline(id uint64, b []byte) error {
	if len(b) < headerSize || binary.NativeEndian.Uint16(b[8:]) != leafPage {
		return fmt.Errorf("page %d holds no page", id)
	}
	count := int(binary.NativeEndian.Uint16(b[10:]))
	if headerSize+count*elementSize > len(b) {
		return fmt.Errorf("page %d holds a page with %d entries", id, count)
	}
	return i.leaf(id, b, count, bounds{})
}

// freelist looks at the list of free pages: none of them may be in use.
func (i *inspection) freelist() error {
	id := i.meta.freelist
	b, err := i.read(id)
	if err != nil {
		return fmt.Errorf("list of free pages: %w", err)
	}
	n := binary.NativeEndian
	count, ids := int64(n.Uint16(b[10:])), b[headerSize:]
	if count == 0xFFFF {
		count, ids = int64(n.Uint64(ids)), ids[8:] //nolint:gosec // compared with the size next
	}
	if n.Uint16(b[8:]) != freelistPage || count < 0 || count > int64(len(ids)/8) {
		return fmt.Errorf("page %d is no list of free pages", id)
	}
	for ; count > 0; count-- {
		p := n.Uint64(ids)
		if p < 2 || p >= i.meta.pages || i.seen[p/64]&(1<<(p%64)) != 0 {
			return fmt.Errorf("list of free pages: page %d is not free", p)
		}
		ids = ids[8:]
	}
	return nil
}
