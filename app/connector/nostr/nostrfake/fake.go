// Package nostrfake is a relay of Nostr and a Blossom server as the fact sheet describes them, in memory and behind one door.
package nostrfake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/coder/websocket"

	"github.com/omniposto/omniposto/app/connector/fake"
)

const (
	maxNote    = 8000
	maxArticle = 50_000
	maxFile    = 100 << 20
)

// Key is a private key and Author its public one. Source: NIP-19's own example.
const (
	Key    = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"
	KeyHex = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa"
	Author = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e"
)

// Platform is the relay with its server for files.
type Platform struct {
	fake.Base
	mux    *http.ServeMux
	events map[string]event
	Lists  []string // raw events of the account's own lists and profile, newest first
	Auth   bool     // it takes events only from those it knows
	Padded bool     // its server for files reads padded base64 only
	Says   string   // why it takes no event; "": it takes them
}

type event struct {
	ID      string     `json:"id"`
	Author  string     `json:"pubkey"`
	At      int64      `json:"created_at"`
	Kind    int        `json:"kind"`
	Tags    [][]string `json:"tags"`
	Content string     `json:"content"`
	Sig     string     `json:"sig"`
}

// New makes a relay.
func New(w fake.World) fake.Platform {
	p := &Platform{mux: http.NewServeMux(), events: map[string]event{}}
	p.Begin(w)
	p.mux.HandleFunc("PUT /upload", p.upload)
	p.mux.HandleFunc("/", p.talk)
	return p
}

// ServeHTTP implements http.Handler.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Accounts implements fake.Platform.
func (*Platform) Accounts() []fake.Account {
	return []fake.Account{{Way: "key", Fields: map[string]string{"key": Key, "relays": "wss://relay.example", "media": "https://blossom.example"}}}
}

// ByHand implements fake.Platform. Nobody asks for such an event, so it needs no signature.
func (p *Platform) ByHand(text string, files int) fake.Post {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	sum := sha256.Sum256([]byte(text + strconv.Itoa(p.Serial())))
	post := fake.Post{ID: hex.EncodeToString(sum[:]), Text: text}
	for range files {
		post.Files = append(post.Files, *p.Keep(fake.File{Name: "by-hand.jpg"}))
	}
	return p.Show(post)
}

// hash of an event, by the JSON that all agree on: nothing is escaped that needn't be.
func (e event) hash() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode([]any{0, e.Author, e.At, e.Kind, e.Tags, e.Content}); err != nil {
		panic(err)
	}
	raw := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	for escaped, plain := range map[string]string{`\u2028`: "\u2028", `\u2029`: "\u2029"} {
		raw = bytes.ReplaceAll(raw, []byte(escaped), []byte(plain))
	}
	sum := sha256.Sum256(raw)
	return sum[:]
}

func (e event) good() bool {
	sig, err := hex.DecodeString(e.Sig)
	author, err2 := hex.DecodeString(e.Author)
	if err != nil || err2 != nil || e.ID != hex.EncodeToString(e.hash()) {
		return false
	}
	parsed, err := schnorr.ParseSignature(sig)
	key, err2 := schnorr.ParsePubKey(author)
	return err == nil && err2 == nil && parsed.Verify(e.hash(), key)
}

func (e event) tag(name string) string {
	for _, t := range e.Tags {
		if len(t) > 1 && t[0] == name {
			return t[1]
		}
	}
	return ""
}

// talk is one conversation with the relay.
func (p *Platform) talk(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(1 << 20)
	known := !p.Auth
	for {
		_, raw, err := conn.Read(r.Context())
		var parts []json.RawMessage
		if err != nil || json.Unmarshal(raw, &parts) != nil || len(parts) < 2 {
			return
		}
		var word string
		_ = json.Unmarshal(parts[0], &word)
		switch word {
		case "EVENT", "AUTH":
			var e event
			_ = json.Unmarshal(parts[1], &e)
			if word == "AUTH" {
				known = e.good() && e.Kind == 22242 && e.tag("challenge") == "challenge-1" && e.tag("relay") == "wss://relay.example"
				p.say(r.Context(), conn, "OK", e.ID, known, "")
				continue
			}
			no := "auth-required: who are you"
			if known {
				no = p.take(e)
			} else {
				p.say(r.Context(), conn, "AUTH", "challenge-1")
			}
			p.say(r.Context(), conn, "OK", e.ID, no == "" || strings.HasPrefix(no, "duplicate:"), no)
		case "REQ":
			var filter map[string]json.RawMessage
			_ = json.Unmarshal(parts[len(parts)-1], &filter)
			for _, e := range p.find(filter) {
				p.say(r.Context(), conn, "EVENT", "q", e)
			}
			p.say(r.Context(), conn, "EOSE", "q")
		}
	}
}

func (*Platform) say(ctx context.Context, conn *websocket.Conn, parts ...any) {
	raw, err := json.Marshal(parts)
	if err != nil {
		panic(err)
	}
	_ = conn.Write(ctx, websocket.MessageText, raw)
}

// take keeps an event, or says why not.
func (p *Platform) take(e event) string {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	if _, ok := p.events[e.ID]; ok {
		return "duplicate: already have this event"
	}
	late := p.Now().Sub(time.Unix(e.At, 0))
	switch {
	case p.Says != "":
		return p.Says
	case !e.good():
		return "invalid: bad id or signature"
	case late > 24*time.Hour || late < -15*time.Minute:
		return "invalid: created_at is too far off"
	case e.Kind != 30023 && utf8.RuneCountInString(e.Content) > maxNote, len(e.Content) > maxArticle:
		return "invalid: content is too long"
	}
	p.events[e.ID] = e
	switch e.Kind {
	case 5:
		if e.Author == Author {
			p.Drop(e.tag("e"))
		}
	case 1, 1111, 30023:
		p.publish(e)
	}
	return ""
}

// publish shows an event as a person sees it.
func (p *Platform) publish(e event) {
	post := fake.Post{ID: e.ID, Text: e.Content, At: time.Unix(e.At, 0).UTC(), More: map[string]string{"kind": strconv.Itoa(e.Kind), "tags": ""}}
	for _, t := range e.Tags {
		post.More["tags"] += strings.Join(t, "|") + "\n"
		if t[0] == "e" && (post.Parent == "" || len(t) > 3 && t[3] == "reply") {
			post.Parent = t[1]
		}
		if t[0] == "imeta" {
			post.Files = append(post.Files, p.shown(t))
		}
	}
	for _, old := range p.Newest(1000) {
		if before := p.events[old.ID]; e.Kind == 30023 && before.Kind == 30023 && before.tag("d") == e.tag("d") && before.ID != e.ID {
			p.Drop(old.ID)
		}
	}
	p.Show(post)
}

func (p *Platform) shown(imeta []string) fake.File {
	facts := map[string]string{}
	for _, fact := range imeta[1:] {
		name, value, _ := strings.Cut(fact, " ")
		facts[name] = value
	}
	f, ok := p.File(facts["x"])
	if !ok {
		return fake.File{}
	}
	out := *f
	out.Alt = facts["alt"]
	return out
}

// find gives what a filter asks for: by ids, by what an event stands under, or the account's own lists.
func (p *Platform) find(filter map[string]json.RawMessage) []any {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	var out []any
	list := func(name string) (values []string) { _ = json.Unmarshal(filter[name], &values); return values }
	var kinds []int
	_ = json.Unmarshal(filter["kinds"], &kinds)
	if slices.Contains(list("authors"), Author) {
		for _, raw := range p.Lists {
			out = append(out, json.RawMessage(raw))
		}
	}
	for _, e := range p.events {
		if _, visible := p.Find(e.ID); !visible && e.Kind != 7 || kinds != nil && !slices.Contains(kinds, e.Kind) {
			continue
		}
		under := slices.ContainsFunc(e.Tags, func(t []string) bool { return t[0] == "e" && slices.Contains(list("#e"), t[1]) })
		if slices.Contains(list("ids"), e.ID) || under {
			out = append(out, e)
		}
	}
	return out
}

// upload keeps a file under its hash. BUD-02.
func (p *Platform) upload(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Nostr ")
	encoding := base64.RawURLEncoding
	if p.Padded {
		encoding = base64.StdEncoding
	}
	raw, err := encoding.DecodeString(token)
	var right event
	if err != nil || json.Unmarshal(raw, &right) != nil || !right.good() || right.Kind != 24242 || right.tag("t") != "upload" {
		w.Header().Set("X-Reason", "No right to upload")
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	hash := sha256.New()
	size, short, err := fake.Measure(io.TeeReader(r.Body, hash))
	sum := hex.EncodeToString(hash.Sum(nil))
	switch {
	case err != nil || right.tag("x") != sum || r.Header.Get("X-SHA-256") != sum:
		http.Error(w, "The hash is another", http.StatusConflict)
		return
	case size > maxFile:
		http.Error(w, "Too large", http.StatusRequestEntityTooLarge)
		return
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	p.Keep(fake.File{ID: sum, MIME: r.Header.Get("Content-Type"), Size: size, Sum: short})
	fake.Answer(w, http.StatusCreated, map[string]any{"url": "https://blossom.example/" + sum, "sha256": sum, "size": size, "type": r.Header.Get("Content-Type"), "uploaded": p.Now().Unix()})
}

var _ fake.Platform = (*Platform)(nil)
