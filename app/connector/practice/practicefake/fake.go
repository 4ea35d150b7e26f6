// Package practicefake is the practice feed as the wiring keeps it, in memory. Practice has no server, so the fake is a
// connector.Feed; other platforms' fakes are HTTP handlers and know nothing of the kit.
package practicefake

import (
	"context"
	"net/http"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

// Platform is the feed.
type Platform struct {
	fake.Base
	items map[string]connector.Item
}

// New makes an empty feed.
func New(w fake.World) fake.Platform {
	p := &Platform{items: map[string]connector.Item{}}
	p.Begin(w)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "none", Fields: map[string]string{"name": "Team practice"}}}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.Show(fake.Post{Text: text, Files: make([]fake.File, files)})
}

// ServeHTTP implements fake.Platform; there is nothing to call.
func (p *Platform) ServeHTTP(w http.ResponseWriter, _ *http.Request) { p.Counts(w) }

// Put implements connector.Feed.
func (p *Platform) Put(_ context.Context, item connector.Item) (connector.Item, error) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if kept, ok := p.items[item.ID]; ok {
		return kept, nil
	}
	item.URL = "https://practice.test/items/" + item.ID
	p.items[item.ID] = item
	post := fake.Post{ID: item.ID, Key: item.ID, Text: item.Text, Parent: item.Parent, At: item.At}
	for _, m := range item.Media {
		post.Files = append(post.Files, fake.File{ID: m.ID, Name: m.Name, MIME: m.MIME, Alt: m.Alt, Size: m.Size})
	}
	p.Show(post)
	return item, nil
}

// Find implements connector.Feed.
func (p *Platform) Find(_ context.Context, _, id string) (connector.Item, bool, error) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	item, ok := p.items[id]
	return item, ok, nil
}

// Change implements connector.Feed.
func (p *Platform) Change(_ context.Context, item connector.Item) error {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.items[item.ID] = item
	if post, ok := p.Base.Find(item.ID); ok {
		post.Text = item.Text
		p.Base.Change(post)
	}
	return nil
}

// Drop implements connector.Feed.
func (p *Platform) Drop(_ context.Context, _, id string) error {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	delete(p.items, id)
	p.Base.Drop(id)
	return nil
}

var (
	_ fake.Platform  = (*Platform)(nil)
	_ connector.Feed = (*Platform)(nil)
)
