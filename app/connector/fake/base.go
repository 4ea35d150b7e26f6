// Package fake is what the platforms' fakes are made of. A fake is a platform as its fact sheet describes it: what is
// visible, which keys and handles it knows, what it takes and how long it takes. It is an http.Handler, so that it runs
// in a test's own memory, or as a server that a crash test points platforms.<name>.api_url at.
//
// A fake never imports the connector it stands against, or both would share one mistake. It has no switches for
// failures: the harness gives those in front of it.
//
// Caveats: never imported by code of the product; a test checks.
package fake

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
)

// World is what a fake gets from whoever runs it.
type World struct {
	Now func() time.Time // nil: the machine's clock
}

// Platform is a fake as the harness sees it.
type Platform interface {
	http.Handler
	// Visible is what anybody can see, oldest first.
	Visible() []Post
	// Accounts are the ways in, with what a person would enter.
	Accounts() []Account
	// ByHand posts as a person does in the platform's own app.
	ByHand(text string, files int) Post
	// EndAccess ends all access that was given out; refresh tokens go on.
	EndAccess()
	// Refreshes is how often access was given for a refresh token.
	Refreshes() int
}

// Account is one way to connect.
type Account struct {
	Way    string
	Fields map[string]string
}

// Post is something visible.
type Post struct {
	ID, Text, Parent, Key string
	Files                 []File
	At                    time.Time
	More                  map[string]string
}

// File is a file as the platform got it.
type File struct {
	ID, Name, MIME, Alt, Sum string
	Size                     int64
	ReadyAt                  time.Time
	Used                     bool
}

// Base keeps what fakes have in common. Embed it, and call Begin in the constructor.
type Base struct {
	Mu      sync.Mutex
	World   World
	posts   []Post
	files   map[string]*File
	access  map[string]bool
	refresh int
	serial  int
}

// Begin makes the base ready.
func (b *Base) Begin(w World) {
	if w.Now == nil {
		w.Now = clock.System().Now
	}
	b.World = w
	b.files, b.access = map[string]*File{}, map[string]bool{}
}

// Now is the platform's clock.
func (b *Base) Now() time.Time { return b.World.Now() }

// Serial gives the next number; callers hold Mu.
func (b *Base) Serial() int { b.serial++; return b.serial }

// Show makes a post visible and completes it; callers hold Mu.
func (b *Base) Show(p Post) Post {
	if p.ID == "" {
		p.ID = strconv.Itoa(100000 + b.Serial())
	}
	if p.At.IsZero() {
		p.At = b.Now()
	}
	b.posts = append(b.posts, p)
	return p
}

// Visible implements Platform.
func (b *Base) Visible() []Post {
	b.Mu.Lock()
	defer b.Mu.Unlock()
	return slices.Clone(b.posts)
}

// Find gives a visible post; callers hold Mu.
func (b *Base) Find(id string) (Post, bool) {
	i := slices.IndexFunc(b.posts, func(p Post) bool { return p.ID == id })
	if i < 0 {
		return Post{}, false
	}
	return b.posts[i], true
}

// Newest lists up to n visible posts, newest first; callers hold Mu.
func (b *Base) Newest(n int) []Post {
	out := slices.Clone(b.posts)
	slices.Reverse(out)
	return out[:min(n, len(out))]
}

// Change replaces a visible post; callers hold Mu.
func (b *Base) Change(p Post) {
	if i := slices.IndexFunc(b.posts, func(q Post) bool { return q.ID == p.ID }); i >= 0 {
		b.posts[i] = p
	}
}

// Drop takes a post away; callers hold Mu.
func (b *Base) Drop(id string) {
	b.posts = slices.DeleteFunc(b.posts, func(p Post) bool { return p.ID == id })
}

// Keep stores an uploaded file under an id; callers hold Mu.
func (b *Base) Keep(f File) *File {
	if f.ID == "" {
		f.ID = strconv.Itoa(500000 + b.Serial())
	}
	b.files[f.ID] = &f
	return &f
}

// File finds an uploaded file; callers hold Mu.
func (b *Base) File(id string) (*File, bool) { f, ok := b.files[id]; return f, ok }

// Grant makes an access token good.
func (b *Base) Grant(token string) string {
	b.Mu.Lock()
	defer b.Mu.Unlock()
	b.access[token] = true
	return token
}

// Good says that an access token is good.
func (b *Base) Good(token string) bool {
	b.Mu.Lock()
	defer b.Mu.Unlock()
	return b.access[token]
}

// EndAccess implements Platform.
func (b *Base) EndAccess() {
	b.Mu.Lock()
	defer b.Mu.Unlock()
	clear(b.access)
}

// Refreshed counts one refresh.
func (b *Base) Refreshed() {
	b.Mu.Lock()
	defer b.Mu.Unlock()
	b.refresh++
}

// Refreshes implements Platform.
func (b *Base) Refreshes() int {
	b.Mu.Lock()
	defer b.Mu.Unlock()
	return b.refresh
}

// Counts answers how much is visible, as JSON, for crash tests that run the fake as a server of its own.
func (b *Base) Counts(w http.ResponseWriter) { Answer(w, http.StatusOK, b.Visible()) }

// Answer writes JSON.
func Answer(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("fake: %v", err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// Read reads a JSON body of at most 2 MB; false: it isn't one.
func Read(r *http.Request, into any) bool {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 2<<20))
	return err == nil && json.Unmarshal(raw, into) == nil
}

// Bearer is the token in the Authorization header.
func Bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}

// Measure reads a stream without keeping it, and gives its size and sum.
func Measure(r io.Reader) (size int64, sum string, err error) {
	var h hash.Hash = sha256.New()
	size, err = io.Copy(h, r)
	return size, hex.EncodeToString(h.Sum(nil)[:8]), err
}

// Parts reads a multipart body part by part: values whole, files measured.
func Parts(r *http.Request) (values map[string]string, files map[string]File, order []string, err error) {
	values, files = map[string]string{}, map[string]File{}
	mr, err := r.MultipartReader()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("parts: %w", err)
	}
	for {
		part, err := mr.NextPart()
		if err == io.EOF {
			return values, files, order, nil
		}
		if err != nil {
			return nil, nil, nil, fmt.Errorf("next part: %w", err)
		}
		name := part.FormName()
		if part.FileName() == "" {
			raw, err := io.ReadAll(io.LimitReader(part, 1<<20))
			if err != nil {
				return nil, nil, nil, fmt.Errorf("part %s: %w", name, err)
			}
			values[name] = string(raw)
			continue
		}
		size, sum, err := Measure(part)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("part %s: %w", name, err)
		}
		files[name] = File{Name: part.FileName(), MIME: part.Header.Get("Content-Type"), Size: size, Sum: sum}
		order = append(order, name)
	}
}

// String says which file it is.
func (f File) String() string { return fmt.Sprintf("%s %s %d %s", f.Name, f.MIME, f.Size, f.Sum) }

// Proves says that a PKCE verifier belongs to a challenge of method S256; an empty challenge wants none.
func Proves(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return challenge == "" || base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}
