// Package genericwebhook sends posts to an address of one's own, signed as Standard Webhooks ask for.
//
// Facts: fact sheet generic-webhook; standard-webhooks b2fa7b8 of 2026-08-17, read 2026-08.
//
// Caveats: the receiver must know each webhook-id only once; that is the contract, and who can't keep it connects the
// other way, where a lost answer is put to a person. Files are sent as addresses, which are good for a while only.
//
// Why the addresses of files are made in steps of their own: the body must be the same in every try.
package genericwebhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// Connector sends to one receiver.
type Connector struct{}

// New makes the connector.
func New() connector.Publisher { return Connector{} }

// The ways to connect: to a receiver that keeps to the contract, and to one that doesn't.
const (
	wayOnce  = "webhook"
	wayPlain = "webhook_plain"
)

// maxText keeps the body under the 20 KB that Standard Webhooks advise.
const (
	maxText = 10_000 // bytes
	maxAlt  = 2000
)

func file(t connector.MediaType, mime ...string) connector.MediaRule {
	return connector.MediaRule{Type: t, MIME: mime, Alt: connector.N(maxAlt), ByURL: true}
}

func fields() connector.Form {
	return connector.Form{
		{Name: "address", Label: "Address", Help: "Where posts are sent to, with https://.", Kind: connector.FieldURL, Secret: true, Must: true, Example: "https://example.com/hooks/posto"},
		{Name: "secret", Label: "Signing secret", Help: "whsec_… or whsk_…, as your receiver has it; several with spaces between while you change it. Without one nothing is signed.", Secret: true, Max: 1000},
		{Name: "header", Label: "Extra header", Help: "A line like X-Token: abc, if your receiver asks for one.", Secret: true, Max: 1000},
	}
}

func kind(id, way string, once connector.Once) connector.Kind {
	return connector.Kind{
		ID: id, Label: "Event", Via: []string{way}, Once: once, Steps: []string{"file…", "post"}, MaxMedia: connector.Any,
		Text: connector.Text{Count: text.Bytes, Max: connector.N(maxText), Markup: connector.Markdown},
		Media: []connector.MediaRule{
			file(connector.Image, "image/jpeg", "image/png", "image/webp", "image/avif"), file(connector.GIF, "image/gif"),
			file(connector.VideoFile, "video/mp4", "video/quicktime", "video/webm"), file(connector.Audio, "audio/mpeg", "audio/ogg", "audio/wav"),
			file(connector.DocumentPDF, "application/pdf"),
		},
		NoID: "The receiver decides what it makes of a post.",
	}
}

var spec = connector.Spec{
	ID: "generic-webhook", Label: "Webhook", Preview: connector.Plain, WebOnly: true,
	Hosts: []connector.Host{connector.FromSecret("address")},
	Auth:  connector.Auth{Place: connector.Signed, Sign: sign},
	Connect: []connector.Connect{
		{Way: wayOnce, Kind: connector.Webhook, Label: "My receiver keeps each webhook-id once", Help: "After a lost answer the same event is sent again, with the same id.", Fields: fields()},
		{Way: wayPlain, Kind: connector.Webhook, Label: "My receiver doesn't look at webhook-id", Help: "After a lost answer you are asked whether it arrived.", Fields: fields()},
	},
	Kinds: []connector.Kind{
		kind("event", wayOnce, connector.Once{By: connector.Native, Life: connector.Forever, Why: "The receiver knows each webhook-id once, by contract; the id stays the same in every try."}),
		kind("plain", wayPlain, connector.Once{By: connector.Ask, Why: "The receiver doesn't tell repeated events apart. If the answer is lost, somebody has to look."}),
	},
	Settings: settingsForm.Form(),
	Failures: failures,
	Powers:   []connector.Power{connector.CanEdit, connector.CanDelete},
}

type pair struct{ Name, Value string }

type settings struct {
	Event     string
	HTML, URL bool
	Extra     []pair
}

var settingsForm = connector.Settings(func(f *connector.Fields, s *settings) {
	f.Text(&s.Event, "event", 1, 100).Labelled("Event", "What the event is called: words with dots.").Def("post.published")
	f.Flag(&s.HTML, "include_html").Labelled("Add the text as HTML", "").Def(false)
	f.Flag(&s.URL, "include_media_urls").Labelled("Add the files' addresses", "").Def(true)
	connector.List(f, &s.Extra, "extra", 0, 20, func(f *connector.Fields, p *pair) {
		f.Text(&p.Name, "name", 1, 100).Labelled("Name", "").Must()
		f.Text(&p.Value, "value", 0, 1000).Labelled("Value", "")
	}).Labelled("Extra fields", "Sent along as they are.")
})

// Spec implements connector.Publisher.
func (Connector) Spec() *connector.Spec { return &spec }

// Who implements connector.Publisher: when connecting it sends a ping, later nothing, so that no receiver is bothered daily.
func (Connector) Who(ctx context.Context, c *connector.Call) (connector.Identity, error) {
	var id connector.Identity
	c.Token.Extra["address"].Use(func(address string) {
		if u, err := url.Parse(address); err == nil {
			sum := sha256.Sum256([]byte(address))
			id = connector.Identity{ID: hex.EncodeToString(sum[:8]), Name: u.Hostname(), Handle: u.Hostname()}
		}
	})
	if words := wrongSecret(c); words != "" {
		return id, connector.Reject(words, "")
	}
	if c.Channel.RemoteID != "" {
		return id, nil
	}
	ping := connector.Request{
		Method: "POST", Header: map[string]string{"webhook-id": "msg_ping" + id.ID},
		JSON: map[string]any{"type": "ping", "timestamp": c.Now.UTC().Format(time.RFC3339), "data": map[string]string{"from": "Omni Posto"}},
	}
	if _, err := c.Send(ctx, ping); err != nil {
		return id, err
	}
	if c.Token.Extra["secret"].Empty() {
		id.Notes = append(id.Notes, "Events aren't signed. Whoever knows the address can send some.")
	}
	return id, nil
}

var (
	_ connector.Editor  = Connector{}
	_ connector.Deleter = Connector{}
)
