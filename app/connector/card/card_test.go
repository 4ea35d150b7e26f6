package card

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/base/outbound"
)

var png = []byte("\x89PNG\r\n\x1a\n rest of it")

func site(t *testing.T, page, kind string) (*httptest.Server, *outbound.Dialer) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/p.png":
			_, _ = w.Write(png)
		case "/large.png":
			_, _ = w.Write(append(png, make([]byte, maxPicture)...))
		case "/moved":
			http.Redirect(w, r, "/dir/page", http.StatusFound)
		default:
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write([]byte(page))
		}
	}))
	t.Cleanup(s.Close)
	return s, outbound.Guarded(outbound.Rules{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
}

func TestCardsAreWhatThePageSaysOfItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page, kind, title, description string
		picture                        bool
	}{
		"open graph": {`<head><title>T</title><meta property="og:title" content="OG &amp; co"><meta property="og:description" content="D"><meta property="og:image" content="/p.png"></head>`, "text/html", "OG & co", "D", true},
		"plain": {`<title> A
 page </title><meta name="description" content="About">`, "text/html; charset=utf-8", "A page", "About", false},
		"relative":    {`<meta property="og:title" content="x"><meta property="og:image" content="../p.png">`, "text/html", "x", "", true},
		"too large":   {`<meta property="og:title" content="x"><meta property="og:image" content="/large.png">`, "text/html", "x", "", false},
		"no picture":  {`<meta property="og:title" content="x"><meta property="og:image" content="/page.html">`, "text/html", "x", "", false},
		"in the body": {`<body><meta property="og:title" content="x">`, "text/html", "", "", false},
		"long":        {`<title>` + strings.Repeat("w", 1000), "text/html", strings.Repeat("w", maxTitle-1) + "…", "", false},
	} {
		s, d := site(t, c.page, c.kind)
		card, err := Fetch(d)(context.Background(), s.URL+"/moved")
		if err != nil || card.Title != c.title || card.Description != c.description || (card.Image != nil) != c.picture || card.URL != s.URL+"/moved" {
			t.Errorf("%s: %+v %v", name, card, err)
		}
		if card.Image != nil && (card.Image.MIME != "image/png" || card.Image.Size != int64(len(png))) {
			t.Errorf("%s: %+v", name, card.Image)
		}
	}
}

func TestWhatIsNoPageHasNoCard(t *testing.T) {
	t.Parallel()
	s, d := site(t, "{}", "application/json")
	for _, address := range []string{s.URL, "ftp://example.com", "https://user@example.com", "http://169.254.169.254/latest", ""} {
		if card, err := Fetch(d)(context.Background(), address); err == nil {
			t.Errorf("%s: %+v", address, card)
		}
	}
}
