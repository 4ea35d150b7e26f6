// Package genericwebhookfake is a receiver of Standard Webhooks, in memory. One address keeps each webhook-id once, as
// the contract has it; the other takes whatever comes.
package genericwebhookfake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	key     = "canary-0123456789abcdefghij" // what the secret encodes
	keeping = "/hooks/canary-keeping"
	plain   = "/hooks/canary-plain"
	maxText = 10_000
)

// Platform is the receiver.
type Platform struct {
	fake.Base
	seen map[string]bool
}

// New makes a receiver with two addresses.
func New(w fake.World) fake.Platform {
	p := &Platform{seen: map[string]bool{}}
	p.Begin(w)
	p.Grant(key)
	return p
}

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte(key))
	return []fake.Account{
		{Way: "webhook", Fields: map[string]string{"address": "https://receiver.example" + keeping, "secret": secret}},
		{Way: "webhook_plain", Fields: map[string]string{"address": "https://receiver.example" + plain, "secret": secret, "header": "X-Key: canary-header-value"}},
	}
}

// ByHand implements fake.Platform.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.Show(fake.Post{Text: text, Files: make([]fake.File, files)})
}

type event struct {
	Type string `json:"type"`
	Data struct {
		ID    string `json:"id"`
		Text  string `json:"text"`
		Media []struct {
			URL, Name, MIME, Alt string
		} `json:"media"`
	} `json:"data"`
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	id := r.Header.Get("webhook-id")
	var in event
	switch {
	case r.URL.Path != keeping && r.URL.Path != plain:
		http.Error(w, "nothing here", http.StatusNotFound)
	case err != nil || json.Unmarshal(body, &in) != nil || id == "" || strings.Contains(id, "."):
		http.Error(w, "no event", http.StatusBadRequest)
	case !p.Good(key) || !signed(r, id, body):
		http.Error(w, "bad signature", http.StatusUnauthorized)
	case r.URL.Path == plain && r.Header.Get("X-Key") != "canary-header-value":
		http.Error(w, "key missing", http.StatusForbidden)
	case in.Type == "ping":
		w.WriteHeader(http.StatusNoContent)
	case len(in.Data.Text) > maxText:
		http.Error(w, "text too long", http.StatusUnprocessableEntity)
	default:
		p.take(w, r, id, in)
	}
}

// signed checks as the specification says, with code of its own.
func signed(r *http.Request, id string, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%s.%s.%s", id, r.Header.Get("webhook-timestamp"), body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, got := range strings.Fields(r.Header.Get("webhook-signature")) {
		if hmac.Equal([]byte(got), []byte(want)) {
			return true
		}
	}
	return false
}

func (p *Platform) take(w http.ResponseWriter, r *http.Request, id string, in event) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if r.URL.Path == keeping && p.seen[id] {
		w.WriteHeader(http.StatusConflict)
		return
	}
	p.seen[id] = true
	switch in.Type {
	case "post.deleted":
		p.Drop(in.Data.ID)
	case "post.updated":
		if post, ok := p.Find(in.Data.ID); ok {
			post.Text = in.Data.Text
			p.Change(post)
		}
	default:
		post := fake.Post{ID: in.Data.ID, Key: id, Text: in.Data.Text, More: map[string]string{"type": in.Type}}
		for _, m := range in.Data.Media {
			post.Files = append(post.Files, fake.File{Name: m.Name, MIME: m.MIME, Alt: m.Alt, ID: m.URL})
		}
		p.Show(post)
	}
	w.WriteHeader(http.StatusNoContent)
}

var _ fake.Platform = (*Platform)(nil)
