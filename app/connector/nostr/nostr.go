// Package nostr publishes notes and articles to relays of Nostr, signed with the person's own key.
//
// Facts: fact sheet nostr; nostr-protocol/nips db5fe3de of 2026-07-22 and hzrd149/blossom, read 2026-08.
//
// Caveats: a key that stays in a signer (NIP-46) and proof of work aren't served. Relays may ignore a deletion. Files go to
// a Blossom server, whose address stands in the key's own list or is entered.
//
// Why it is once: the id of an event is the hash of what it says. It is signed once and kept, and every try sends the same
// bytes to every relay, so that there can't be two.
package nostr

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector publishes with one key.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// Limits. No protocol sets them; relays do, and these pass with most. Source: fact sheet, "Kinds of post and limits".
const (
	maxNote     = 8000
	maxArticle  = 50_000
	maxAlt      = 1000
	maxFile     = 100 << 20
	longestFile = 200 // of a file's address in a note
)

// wellKnown are the relays of those who name none.
const wellKnown = "wss://nos.lol wss://relay.damus.io wss://relay.snort.social"

var once = connector.Once{
	By: connector.Deterministic, Why: "The number of an event follows from what it says. It is signed once, and every try sends the same one, which a relay keeps once.",
}

var roles = []connector.Role{connector.Post, connector.Reply, connector.Comment}

var spec = connector.Spec{
	ID: "nostr", Label: "Nostr", Preview: connector.Microblog,
	Hosts: []connector.Host{connector.Among("relay", "relays"), connector.Among("media", "media")},
	Connect: []connector.Connect{{
		Way: "key", Kind: connector.Keypair, Label: "Private key", Help: "It is kept sealed and signs your posts here. Whoever has it is you; a key of its own for this is best.",
		Fields: connector.Form{
			{Name: "key", Label: "Private key", Help: "It begins with nsec1, or is 64 hexadecimal digits.", Secret: true, Must: true, Max: 100, Example: "nsec1…"},
			{Name: "relays", Label: "Relays", Help: "Their addresses, with spaces between. Without any your key's own list counts.", Max: 2000, Example: "wss://relay.example"},
			{Name: "media", Label: "Server for files", Help: "A Blossom server. Without one your key's own list counts.", Kind: connector.FieldServer, Example: "https://blossom.example"},
		},
	}},
	Kinds: []connector.Kind{
		{
			ID: "note", Label: "Note", Roles: roles, Once: once, Steps: []string{"sign", "send"},
			Text: connector.Text{Count: text.Runes, Max: connector.N(maxNote), Markup: connector.PlainText, Must: true},
		},
		{
			ID: "files", Label: "Note with files", Roles: roles, Once: once, Steps: []string{"file…", "sign", "send"}, MinMedia: connector.N(1), MaxMedia: connector.Any,
			Text: connector.Text{Count: text.Runes, Markup: connector.PlainText}, // addresses of files count into its limit: see rules
			Media: []connector.MediaRule{
				rule(connector.Image, "image/jpeg", "image/png", "image/webp", "image/avif"), rule(connector.GIF, "image/gif"),
				rule(connector.VideoFile, "video/mp4", "video/webm", "video/quicktime"), rule(connector.Audio, "audio/mpeg", "audio/ogg", "audio/wav", "audio/mp4"),
			},
		},
		{
			ID: "article", Label: "Article", Once: once, Steps: []string{"sign", "send"},
			Text: connector.Text{Count: text.Bytes, Max: connector.N(maxArticle), Markup: connector.Markdown, Must: true},
		},
	},
	Settings:   settingsForm.Form(),
	Rules:      rules,
	Failures:   failures,
	Powers:     []connector.Power{connector.CanLook, connector.CanDelete, connector.CanRead, connector.CanMeasure},
	Unverified: []string{"how large events may be on each relay", "how much a server for files takes", "how control signs are written: they are left out"},
}

func rule(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, MaxBytes: connector.N(maxFile), Alt: connector.N(maxAlt)}
}

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher: whose key it is, by what the relays know of it.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	key, err := keyOf(c)
	if err != nil {
		return connector.Identity{}, err
	}
	me := author(key)
	entered := strings.Join(strings.FieldsFunc(c.Channel.Fields["relays"], func(r rune) bool { return strings.ContainsRune(" ,;\n\t", r) }), " ")
	if words := wrongRelay(entered); words != "" {
		return connector.Identity{}, connector.Reject(words, "")
	}
	c.Channel.More = map[string]string{"relays": first(entered, wellKnown)}
	known, err := ask(ctx, c, map[string]any{"kinds": []int{profileKind, relaysKind, serversKind}, "authors": []string{me}})
	if err != nil {
		return connector.Identity{}, err
	}
	id := connector.Identity{ID: me, Handle: npub(me), Name: npub(me)[:16], URL: "https://njump.me/" + npub(me), More: map[string]string{
		"relays": first(entered, writeRelays(known), wellKnown), "media": first(c.Channel.Fields["media"], servers(known)),
	}}
	var profile struct {
		Name    string `json:"name"`
		Display string `json:"display_name"`
		Picture string `json:"picture"`
	}
	if e := newest(known, profileKind); e != nil && json.Unmarshal([]byte(e.Content), &profile) == nil {
		id.Name, id.Avatar = first(profile.Display, profile.Name, id.Name), connector.WebAddress(profile.Picture)
	}
	if id.More["media"] == "" {
		id.Notes = []string{"Your key names no server for files. Enter one to post pictures and videos."}
	} else {
		id.Facts = connector.Facts{factMedia: 1}
	}
	return id, nil
}

// factMedia says that there is a server for files.
const factMedia = "media_server"

func first(list ...string) string {
	for _, s := range list {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return ""
}

func wrongRelay(list string) string {
	for _, at := range strings.Fields(list) {
		if u, err := url.Parse(at); err != nil || u.Scheme != "wss" && u.Scheme != "ws" || u.Host == "" || u.User != nil {
			return "This is no address of a relay: " + at + ". It looks like wss://relay.example."
		}
	}
	return ""
}

func newest(list []event, kind int) *event {
	for i := range list { // newest first
		if list[i].Kind == kind {
			return &list[i]
		}
	}
	return nil
}

const maxRelays = 8

// writeRelays are those that the key's own list names for writing. NIP-65.
func writeRelays(known []event) string {
	var out []string
	if e := newest(known, relaysKind); e != nil {
		for _, t := range e.Tags {
			if len(t) > 1 && t[0] == "r" && (len(t) < 3 || t[2] == "write") && wrongRelay(t[1]) == "" && len(out) < maxRelays {
				out = append(out, t[1])
			}
		}
	}
	return strings.Join(out, " ")
}

// servers are those for files that the key's own list names.
func servers(known []event) string {
	if e := newest(known, serversKind); e != nil {
		for _, t := range e.Tags {
			if len(t) > 1 && t[0] == "server" && strings.HasPrefix(connector.WebAddress(t[1]), "https://") {
				return strings.TrimRight(t[1], "/")
			}
		}
	}
	return ""
}

var (
	_ connector.Looker   = Connector{}
	_ connector.Deleter  = Connector{}
	_ connector.Reader   = Connector{}
	_ connector.Measurer = Connector{}
)
