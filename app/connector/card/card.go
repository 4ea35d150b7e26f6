// Package card reads what a web page says of itself, for platforms where the sender makes the link's card. The wiring
// passes Fetch as connector.Grip.Card; connectors themselves never fetch a page.
//
// Caveats: pages in another encoding than UTF-8 lose their accents; a page that needs a script to say its title has none.
package card

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/connector"
)

const (
	maxPage        = 1 << 20
	maxPicture     = 1_000_000 // the smallest of the platforms' limits for a card's picture
	maxTitle       = 300
	maxDescription = 1000
	patience       = 8 * time.Second
)

var (
	errNoPage    = errors.New("there is no page to read")
	errNoPicture = errors.New("there is no picture to use")
)

// Fetch gives the function that reads a page. The dialer must be a guarded one: the addresses are typed by people and
// the picture's by whoever made the page.
func Fetch(d *outbound.Dialer) func(context.Context, string) (connector.Card, error) {
	pages := d.Client(outbound.Limits{Total: patience, Body: maxPage, Redirects: 3})
	pictures := d.Client(outbound.Limits{Total: patience, Body: maxPicture, Redirects: 3})
	return func(ctx context.Context, address string) (connector.Card, error) {
		card, at, picture, err := read(ctx, pages, address)
		if err != nil {
			return connector.Card{}, fmt.Errorf("card of a link: %w", err)
		}
		if picture != "" {
			card.Image, _ = fetch(ctx, pictures, at, picture) // a card does without
		}
		return card, nil
	}
}

func get(ctx context.Context, c *http.Client, address, accept string) (*http.Response, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, errNoPage
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, errNoPage
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "OmniPosto (link card)")
	resp, err := c.Do(r)
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, errNoPage
	}
	return resp, nil
}

// read gives the card, where the page stood in the end, and the picture's address as the page has it.
func read(ctx context.Context, c *http.Client, address string) (connector.Card, *url.URL, string, error) {
	resp, err := get(ctx, c, address, "text/html")
	if err != nil {
		return connector.Card{}, nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if kind := resp.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") && !strings.HasPrefix(kind, "application/xhtml") {
		return connector.Card{}, nil, "", errNoPage
	}
	said := head(resp.Body)
	card := connector.Card{
		URL:         address,
		Title:       short(first(said, "og:title", "twitter:title", "title"), maxTitle),
		Description: short(first(said, "og:description", "twitter:description", "description"), maxDescription),
	}
	return card, resp.Request.URL, first(said, "og:image:secure_url", "og:image", "og:image:url", "twitter:image"), nil
}

// head reads the meta elements and the title, up to the body. Of two with one name the first counts.
func head(page io.Reader) map[string]string {
	said := map[string]string{}
	z := html.NewTokenizer(page)
	z.SetMaxBuf(64 << 10)
	title := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return said
		case html.TextToken:
			if title && said["title"] == "" {
				said["title"] = string(z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			title = string(name) == "title"
			if string(name) == "body" {
				return said
			}
			if string(name) == "meta" && more {
				note(said, attributes(z))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			title = false
			if string(name) == "head" {
				return said
			}
		}
	}
}

func attributes(z *html.Tokenizer) map[string]string {
	out := map[string]string{}
	for {
		k, v, more := z.TagAttr()
		out[string(k)] = string(v)
		if !more {
			return out
		}
	}
}

func note(said, meta map[string]string) {
	for _, name := range []string{meta["property"], meta["name"]} {
		if name = strings.ToLower(name); name != "" && said[name] == "" {
			said[name] = meta["content"]
		}
	}
}

func first(said map[string]string, names ...string) string {
	for _, n := range names {
		if s := strings.TrimSpace(said[n]); s != "" {
			return s
		}
	}
	return ""
}

func short(s string, most int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most-1]) + "…"
	}
	return s
}

// fetch reads the picture; what it is, its first bytes say.
func fetch(ctx context.Context, c *http.Client, page *url.URL, address string) (*connector.Media, error) {
	at, err := page.Parse(address)
	if err != nil {
		return nil, errNoPicture
	}
	resp, err := get(ctx, c, at.String(), "image/*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("picture: %w", err)
	}
	kind := http.DetectContentType(raw)
	if kind != "image/jpeg" && kind != "image/png" && kind != "image/webp" {
		return nil, errNoPicture
	}
	return &connector.Media{Name: path.Base(at.Path), MIME: kind, Type: connector.Image, Size: int64(len(raw)), File: bytes.NewReader(raw)}, nil
}
