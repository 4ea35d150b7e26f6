package bluesky

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/random"
	"github.com/omniposto/omniposto/app/connector"
)

// pdsVariable names the address of a real server; testdata/pds.mjs starts one. Without it this file tests nothing.
const pdsVariable = "OMNIPOSTO_BLUESKY_PDS"

// pds is a fresh account on the real server, connected as a channel.
type pds struct {
	t        *testing.T
	base     string
	grip     connector.Grip
	channel  connector.Channel
	friend   string // DID of somebody to mention
	friendly string // and the handle
}

func realServer(t *testing.T) *pds {
	t.Helper()
	p := &pds{t: t, base: os.Getenv(pdsVariable)}
	name, friend := "op"+random.Text(5), "fr"+random.Text(5)
	p.account(name)
	p.friend, p.friendly = p.account(friend), friend+".test"
	inside := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	p.grip = connector.Grip{Clock: clock.System(), Network: outbound.Guarded(outbound.Rules{AnyPort: true, AllowPrivate: inside})}
	joined, err := connector.Join(context.Background(), New(), "app_password", map[string]string{"handle": name + ".test", "password": "pw-" + name, "server": p.base}, p.grip)
	if err != nil {
		t.Fatal(err)
	}
	if joined.Token.Access.Empty() || joined.Token.Refresh.Empty() || len(joined.Token.Extra) != 0 {
		t.Error("after connecting the session is kept and the password isn't")
	}
	p.channel, p.grip.Token = joined.Channel, joined.Token
	return p
}

func (p *pds) account(name string) (did string) {
	body, _ := json.Marshal(map[string]string{"handle": name + ".test", "email": name + "@example.test", "password": "pw-" + name})
	resp, err := http.Post(p.base+"/xrpc/com.atproto.server.createAccount", "application/json", bytes.NewReader(body)) //nolint:noctx // a test
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out struct{ DID string }
	if json.NewDecoder(resp.Body).Decode(&out) != nil || out.DID == "" {
		p.t.Fatalf("no account: %d", resp.StatusCode)
	}
	return out.DID
}

// records are the account's posts as its own server lists them, oldest first.
func (p *pds) records() []listed {
	q := url.Values{"repo": {p.channel.RemoteID}, "collection": {collection}, "limit": {"100"}, "reverse": {"true"}}
	resp, err := http.Get(p.base + "/xrpc/com.atproto.repo.listRecords?" + q.Encode()) //nolint:noctx // a test
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out struct{ Records []listed }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		p.t.Fatal(err)
	}
	return out.Records
}

type listed struct {
	URI   string `json:"uri"`
	CID   string `json:"cid"`
	Value struct {
		Text   string `json:"text"`
		Facets []struct {
			Index    struct{ ByteStart, ByteEnd int } `json:"index"`
			Features []map[string]string              `json:"features"`
		} `json:"facets"`
		Embed struct {
			Images []struct {
				Alt string `json:"alt"`
			} `json:"images"`
		} `json:"embed"`
		Langs []string                      `json:"langs"`
		Reply struct{ Root, Parent strong } `json:"reply"`
	} `json:"value"`
}

func (p *pds) draft(words string) connector.Draft {
	at := p.grip.Clock.Now()
	return connector.Draft{Key: random.Text(20), Role: connector.Post, At: at, Channel: p.channel, Text: words}
}

// picture is a small real JPEG.
func picture(shade uint8) connector.Media {
	img := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for i := range 60 * 40 {
		img.Set(i%60, i/60, color.RGBA{shade, uint8(i), 80, 255}) //nolint:gosec // a pattern
	}
	var buf bytes.Buffer
	_ = jpeg.Encode(&buf, img, nil)
	return connector.Media{
		Name: "p.jpg", MIME: "image/jpeg", Type: connector.Image, Size: int64(buf.Len()), Width: 60, Height: 40,
		Alt: fmt.Sprintf("A pattern of shade %d", shade), File: bytes.NewReader(buf.Bytes()),
	}
}

// memory is a driver that may stop for good before a save.
type memory struct {
	saved  map[string][]byte
	intent *connector.Intent
	dieAt  int // saves from here on fail; -1 never
	saves  int
}

func newMemory() *memory { return &memory{saved: map[string][]byte{}, dieAt: -1} }

func (m *memory) Saved(step string) ([]byte, bool) { raw, ok := m.saved[step]; return raw, ok }

func (m *memory) Save(_ context.Context, step string, result []byte) error {
	if m.saves++; m.dieAt >= 0 && m.saves > m.dieAt {
		return connector.ErrLeaseLost
	}
	m.saved[step] = result
	return nil
}
func (m *memory) Intent(_ context.Context, i connector.Intent) error { m.intent = &i; return nil }
func (m *memory) LastLook() bool                                     { return true }
func (m *memory) Forget(steps []string)                              {}
func (m *memory) Trace(connector.Trace)                              {}

func (p *pds) walk(d connector.Draft, m *memory) connector.Outcome {
	g := p.grip
	g.Driver = m
	return connector.Walk(context.Background(), New(), d, g)
}

func (p *pds) published(d connector.Draft) connector.Receipt {
	p.t.Helper()
	out := p.walk(d, newMemory())
	if out.End != connector.EndPublished {
		p.t.Fatalf("%s %s %q %v", out.End, out.Class, out.Words, out.Err)
	}
	return out.Receipt
}

func TestARealServerTakesLinksMentionsTagsAndPictures(t *testing.T) {
	if os.Getenv(pdsVariable) == "" {
		return
	}
	p := realServer(t)
	d := p.draft("Grüße 👋 an @" + p.friendly + ", mehr auf https://example.com/a?b=c #grün")
	d.Media = []connector.Media{picture(10), picture(200)}
	d.Settings = json.RawMessage(`{"languages":["de"]}`)
	r := p.published(d)
	all := p.records()
	if len(all) != 1 || all[0].URI != r.ID || all[0].CID != r.More["cid"] || all[0].Value.Text != d.Text {
		t.Fatalf("%+v, receipt %+v", all, r)
	}
	v := all[0].Value
	marked := map[string]string{}
	for _, f := range v.Facets {
		marked[v.Text[f.Index.ByteStart:f.Index.ByteEnd]] = f.Features[0]["uri"] + f.Features[0]["did"] + f.Features[0]["tag"]
	}
	want := map[string]string{"@" + p.friendly: p.friend, "https://example.com/a?b=c": "https://example.com/a?b=c", "#grün": "grün"}
	if fmt.Sprint(marked) != fmt.Sprint(want) {
		t.Errorf("marked are %v, want %v", marked, want)
	}
	if i := v.Embed.Images; len(i) != 2 || i[0].Alt != d.Media[0].Alt || i[1].Alt != d.Media[1].Alt || len(v.Langs) != 1 || v.Langs[0] != "de" {
		t.Errorf("%+v", v)
	}
	g := p.grip
	if _, err := connector.Do(context.Background(), New(), p.channel, &g, "delete", func(ctx context.Context, c *connector.Call) (bool, error) {
		return true, Connector{}.Delete(ctx, c, r)
	}); err != nil || len(p.records()) != 0 {
		t.Errorf("deleted: %v, %d left", err, len(p.records()))
	}
}

func TestARealServerTakesAThreadInOrder(t *testing.T) {
	if os.Getenv(pdsVariable) == "" {
		return
	}
	p := realServer(t)
	var receipts []connector.Receipt
	for part := range 3 {
		d := p.draft(fmt.Sprintf("Part %d", part+1))
		if part > 0 {
			d.Role, d.Root, d.Parent = connector.Reply, &receipts[0], &receipts[part-1]
		}
		receipts = append(receipts, p.published(d))
	}
	all := p.records()
	if len(all) != 3 {
		t.Fatalf("%d records", len(all))
	}
	for part := 1; part < 3; part++ {
		reply := all[part].Value.Reply
		if reply.Root.URI != receipts[0].ID || reply.Parent.URI != receipts[part-1].ID || reply.Parent.CID != receipts[part-1].More["cid"] {
			t.Errorf("part %d replies to %+v", part, reply)
		}
	}
}

// dropping is a door before the real server that loses the answers of some calls.
func (p *pds) dropping(call string) *httptest.Server {
	to, _ := url.Parse(p.base)
	proxy := httputil.NewSingleHostReverseProxy(to)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, call) {
			proxy.ServeHTTP(w, r)
			return
		}
		proxy.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}))
	p.t.Cleanup(s.Close)
	return s
}

func TestALostAnswerOfARealServerLeavesExactlyOne(t *testing.T) {
	if os.Getenv(pdsVariable) == "" {
		return
	}
	for call, settings := range map[string]string{"putRecord": `{}`, "applyWrites": `{"reply_control":"nobody","allow_quotes":false}`} {
		p := realServer(t)
		d := p.draft("An answer that is lost, " + call)
		d.Settings = json.RawMessage(settings)
		d.Media = []connector.Media{picture(90)}
		m := newMemory()
		g := p.grip
		g.Driver, g.BaseURL = m, p.dropping(call).URL
		if out := connector.Walk(context.Background(), New(), d, g); out.End != connector.EndUnsure {
			t.Fatalf("%s: %s %v", call, out.End, out.Err)
		}
		g.BaseURL, g.Doubt = "", m.intent
		if out := connector.Reconcile(context.Background(), New(), d, g); out.End != connector.EndFound || out.Receipt.ID != p.records()[0].URI {
			t.Errorf("%s: the look ended %s %v", call, out.End, out.Err)
		}
		// Even sent again blindly it stays at one.
		again := connector.Walk(context.Background(), New(), d, g)
		if len(p.records()) != 1 {
			t.Errorf("%s: %d records after %s", call, len(p.records()), again.End)
		}
		if call == "putRecord" && again.End != connector.EndPublished {
			t.Errorf("the same record again ended %s %v", again.End, again.Err)
		}
	}
}

func TestAWalkThatDiesBetweenStepsLeavesExactlyOne(t *testing.T) {
	if os.Getenv(pdsVariable) == "" {
		return
	}
	for dieAt := range 3 {
		p := realServer(t)
		d := p.draft("Dies after " + fmt.Sprint(dieAt) + " saves, @" + p.friendly)
		d.Media = []connector.Media{picture(30), picture(60)}
		m := newMemory()
		m.dieAt = dieAt
		if out := p.walk(d, m); out.End != connector.EndLeaseLost {
			t.Fatalf("%s %v", out.End, out.Err)
		}
		m.dieAt = -1
		if out := p.walk(d, m); out.End != connector.EndPublished {
			t.Fatalf("%s %v", out.End, out.Err)
		}
		if n := len(p.records()); n != 1 {
			t.Errorf("%d records after dying at save %d", n, dieAt)
		}
	}
}

func TestARealServerRefusesWhatCheckRefuses(t *testing.T) {
	if os.Getenv(pdsVariable) == "" {
		return
	}
	p := realServer(t)
	for over, end := range map[int]connector.Ended{0: connector.EndPublished, 1: connector.EndRefused} {
		d := p.draft(strings.Repeat("字", maxGraphemes+over))
		g := p.grip
		g.Driver, g.Unchecked = newMemory(), true
		out := connector.Walk(context.Background(), New(), d, g)
		if out.End != end || (len((&spec).Check(&d)) > 0) != (over > 0) {
			t.Errorf("%d over: %s %q", over, out.End, out.Words)
		}
	}
	d := p.draft("An old session")
	g := p.grip
	refreshed, err := connector.Do(context.Background(), New(), p.channel, &g, "refresh", Connector{}.Refresh)
	if err != nil || refreshed.Access.Empty() {
		t.Fatalf("refresh: %v", err)
	}
	p.grip.Token = g.Token.Renewed(refreshed, g.Clock.Now())
	p.published(d)
}
