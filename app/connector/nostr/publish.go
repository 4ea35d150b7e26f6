package nostr

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

// stored is a file on its server.
type stored struct {
	URL string `json:"url"`
	Sum string `json:"sum"`
}

// Publish implements connector.Publisher: files, then the signed event, which is kept, then the relays.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	files, err := connector.Each(ctx, p, "file", p.Draft.Media, upload)
	if err != nil {
		return connector.Receipt{}, err
	}
	signed, err := connector.Step(ctx, p, "sign", func(ctx context.Context, c *connector.Call) (event, error) {
		return sign(ctx, c, newEvent(p.Draft, p.Kind().ID, files, c.Now))
	})
	if err != nil {
		return connector.Receipt{}, err
	}
	return connector.Commit(ctx, p, "send", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		if err := send(ctx, c, signed, settingsForm.Of(p.Draft).Enough); err != nil {
			return connector.Receipt{}, err
		}
		return signed.receipt(p.Draft.Channel), nil
	})
}

func (e *event) receipt(ch connector.Channel) connector.Receipt {
	relay := ""
	if list := strings.Fields(ch.More["relays"]); len(list) > 0 {
		relay = list[0]
	}
	r := connector.Receipt{ID: e.ID, Permalink: "https://njump.me/" + e.name(relay), At: time.Unix(e.CreatedAt, 0).UTC(), More: map[string]string{"kind": strconv.Itoa(e.Kind)}}
	if e.Kind == articleKind {
		r.More["address"] = strconv.Itoa(articleKind) + ":" + e.Author + ":" + e.tag("d")
	}
	return r
}

// upload gives a file to the channel's Blossom server, which keeps it under its own hash: twice is once.
func upload(ctx context.Context, c *connector.Call, m connector.Media) (stored, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, m.All()); err != nil {
		return stored{}, fmt.Errorf("read %s: %w", m.Name, err)
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	server := c.Channel.More["media"]
	at, err := url.Parse(server)
	if err != nil || server == "" {
		return stored{}, connector.Reject("Your key names no server for files. Connect again and enter one.", "reconnect")
	}
	right, err := sign(ctx, c, event{Kind: uploadKind, CreatedAt: c.Now.Unix(), Content: "Upload " + clean(m.Name), Tags: [][]string{
		{"t", "upload"}, {"x", sum}, {"expiration", strconv.FormatInt(c.Now.Add(time.Hour).Unix(), 10)}, {"server", at.Hostname()},
	}})
	if err != nil {
		return stored{}, err
	}
	raw, err := json.Marshal(right)
	if err != nil {
		return stored{}, fmt.Errorf("right to upload: %w", err)
	}
	var out struct {
		URL string `json:"url"`
		Sum string `json:"sha256"`
	}
	for _, encode := range []*base64.Encoding{base64.RawURLEncoding, base64.StdEncoding} { // older servers read the second only
		_, err = c.Send(ctx, connector.Request{
			Method: "PUT", Host: "media", Path: server + "/upload", Body: m.All(), Size: m.Size, Type: m.MIME, Into: &out,
			Header: map[string]string{"X-SHA-256": sum, "Authorization": "Nostr " + encode.EncodeToString(raw)},
		})
		if f := connector.AsFailed(err); f == nil || f.Status != 401 {
			break
		}
	}
	if err != nil {
		return stored{}, err //nolint:wrapcheck // sorted by the kit
	}
	if out.Sum != sum || connector.WebAddress(out.URL) == "" || len(out.URL) > longestFile-2 {
		return stored{}, connector.Reject("The server for files changed the file or gave it no address. Choose another.", "reconnect")
	}
	return stored{out.URL, sum}, nil
}

// newEvent is what the draft says, unsigned.
func newEvent(d *connector.Draft, kind string, files []stored, now time.Time) event {
	s := settingsForm.Of(d)
	e := event{Kind: noteKind, CreatedAt: now.Unix(), Content: clean(d.Text)}
	if kind == "article" {
		e.article(d, s, now)
	}
	for i, f := range files {
		e.Content = strings.TrimSpace(e.Content + "\n" + f.URL)
		e.Tags = append(e.Tags, imeta(&d.Media[i], f))
	}
	for _, span := range d.Spans {
		if tag := []string{"t", strings.ToLower(span.Value)}; span.Kind == text.Tag && !slices.ContainsFunc(e.Tags, func(t []string) bool { return slices.Equal(t, tag) }) {
			e.Tags = append(e.Tags, tag)
		}
	}
	for _, word := range strings.Fields(d.Text) {
		if who, id, _ := named(strings.TrimRight(word, ".,;:!?)")); strings.HasPrefix(word, "nostr:") && (who == "npub" || who == "nprofile") {
			e.Tags = append(e.Tags, []string{"p", id})
		}
	}
	if s.Quote != "" && kind != "article" {
		_, id, by := named(s.Quote)
		e.Content = strings.TrimSpace(e.Content + "\nnostr:" + strings.TrimPrefix(strings.TrimSpace(s.Quote), "nostr:"))
		e.Tags = append(e.Tags, []string{"q", id, "", by})
		if by != "" {
			e.Tags = append(e.Tags, []string{"p", by})
		}
	}
	if s.Warning != "" {
		e.Tags = append(e.Tags, []string{"content-warning", clean(s.Warning)})
	}
	if s.Language != "" {
		e.Tags = append(e.Tags, []string{"L", "ISO-639-1"}, []string{"l", clean(s.Language), "ISO-639-1"})
	}
	if d.Parent != nil && d.Role != connector.Post {
		e.under(d)
	}
	// An event's id follows from what it says and when: without our key the same words of two deliveries were one event.
	e.Tags = append(e.Tags, []string{"client", "Omni Posto"}, []string{"omniposto", d.Key})
	return e
}

// article makes it one. NIP-23.
func (e *event) article(d *connector.Draft, s settings, now time.Time) {
	e.Kind = articleKind
	slug := s.Slug
	if slug == "" {
		slug = "op-" + d.Key
	}
	e.Tags = append(e.Tags, []string{"d", slug}, []string{"title", clean(s.Title)}, []string{"published_at", strconv.FormatInt(now.Unix(), 10)})
	if s.Summary != "" {
		e.Tags = append(e.Tags, []string{"summary", clean(s.Summary)})
	}
	if s.Image != "" {
		e.Tags = append(e.Tags, []string{"image", s.Image})
	}
}

// imeta tells of a file. NIP-92.
func imeta(m *connector.Media, f stored) []string {
	tag := []string{"imeta", "url " + f.URL, "m " + m.MIME, "x " + f.Sum, "size " + strconv.FormatInt(m.Size, 10)}
	if m.Width > 0 && m.Height > 0 {
		tag = append(tag, fmt.Sprintf("dim %dx%d", m.Width, m.Height))
	}
	if m.Alt != "" {
		tag = append(tag, "alt "+clean(m.Alt))
	}
	return tag
}

// under puts the event under another one of ours: a reply to a note (NIP-10), or a comment on an article (NIP-22).
func (e *event) under(d *connector.Draft) {
	me := d.Channel.RemoteID
	root := d.Parent
	if d.Root != nil {
		root = d.Root
	}
	if address := root.More["address"]; address != "" {
		e.Kind = commentKind
		e.Tags = append(e.Tags, []string{"A", address}, []string{"K", strconv.Itoa(articleKind)}, []string{"P", me})
		if d.Parent.ID == root.ID {
			e.Tags = append(e.Tags, []string{"a", address})
		}
		e.Tags = append(e.Tags, []string{"e", d.Parent.ID, "", me}, []string{"k", d.Parent.More["kind"]}, []string{"p", me})
		return
	}
	e.Tags = append(e.Tags, []string{"e", root.ID, "", "root", me})
	if d.Parent.ID != root.ID {
		e.Tags = append(e.Tags, []string{"e", d.Parent.ID, "", "reply", me})
	}
	e.Tags = append(e.Tags, []string{"p", me})
}
