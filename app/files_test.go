package app

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
)

// bombPNG is a picture of so many pixels in a few bytes.
func bombPNG(width, height uint32) []byte {
	head := make([]byte, 13)
	binary.BigEndian.PutUint32(head, width)
	binary.BigEndian.PutUint32(head[4:], height)
	head[8], head[9] = 8, 2
	chunk := func(kind string, body []byte) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		out = append(append(out, kind...), body...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
	}
	return bytes.Join([][]byte{[]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", head), chunk("IDAT", []byte("x")), chunk("IEND", nil)}, nil)
}

func TestBadFilesAreRefusedWithTheirReason(t *testing.T) {
	w := newWorld(t)
	square := squarePNG(t)
	for name, c := range map[string]struct {
		content []byte
		code    string
		status  int
	}{
		"empty":              {nil, "media_empty", 422},
		"a text":             {[]byte("just words, and nothing else in here"), "media_type", 415},
		"an SVG":             {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>`), "media_type", 415},
		"a cut-off picture":  {square[:len(square)/2], "media_corrupt", 422},
		"a 50-megapixel one": {bombPNG(8000, 7000), "media_pixels", 422},
		"a long side":        {bombPNG(20000, 10), "media_sides", 422},
		"a GIF of 65,535²":   {[]byte("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02D\x01\x00;"), "media_pixels", 422},
	} {
		a := w.owner.upload(name+".png", c.content)
		if a.status != c.status || a.code() != c.code {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := w.owner.must(200, "GET", w.path("/media"), nil); len(a.get("items").([]any)) != 0 {
		t.Errorf("something refused is listed: %s", a.raw)
	}
	if a := w.owner.must(400, "POST", w.path("/media"), "no form at all", "Content-Type", "text/plain"); a.code() != "upload_form" {
		t.Errorf("no form: %s", a.raw)
	}
}

func TestUploadsGoOnWhereTheyBroke(t *testing.T) {
	w := newWorld(t)
	content := squarePNG(t)
	half := len(content) / 2
	up := w.owner.must(201, "POST", w.path("/uploads"), map[string]any{"name": "square.png", "bytes": len(content), "alt": "Red"})
	post := w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "with a picture", "channels": []string{w.practice()}, "media": []map[string]any{{"asset": up.text("asset.id")}}, "schedule": map[string]any{"now": true}})
	if post.text("deliveries.0.status") != "waiting_media" {
		t.Fatalf("a post whose file is on its way: %s", post.raw)
	}
	send := func(status int, offset int, part []byte) answer {
		return w.owner.must(status, "PATCH", w.path("/uploads/"+up.text("id")), string(part), "Content-Type", "application/offset+octet-stream", "Upload-Offset", fmt.Sprint(offset))
	}
	send(200, 0, content[:half])
	if a := send(409, 0, content[:half]); a.code() != "upload_offset" || a.get("offset") != float64(half) {
		t.Errorf("from a wrong offset: %s", a.raw)
	}
	if a := w.owner.must(200, "GET", w.path("/uploads/"+up.text("id")), nil); a.get("offset") != float64(half) || a.header.Get("Upload-Offset") != fmt.Sprint(half) {
		t.Errorf("how far: %s", a.raw)
	}
	send(200, half, content[half:])
	w.published(post.text("deliveries.0.id"))
	asset := w.owner.must(200, "GET", w.path("/media/"+up.text("asset.id")), nil)
	if asset.text("state") != "ready" || asset.get("width") != float64(640) || asset.text("alt") != "Red" || asset.get("used_in") != float64(1) {
		t.Errorf("the asset: %s", asset.raw)
	}
}

func TestFilesAreServedSafely(t *testing.T) {
	w := newWorld(t)
	asset := w.owner.upload("../../evil; x=.png", squarePNG(t))
	path := w.path("/media/" + asset.text("id"))
	whole := w.owner.must(200, "GET", path+"/original", nil)
	if whole.header.Get("Content-Security-Policy") != "sandbox; default-src 'none'; frame-ancestors 'none'" || whole.header.Get("X-Content-Type-Options") != "nosniff" || strings.Contains(whole.header.Get("Content-Disposition"), "/") {
		t.Errorf("headers: %v", whole.header)
	}
	part := w.owner.must(206, "GET", path+"/original", nil, "Range", "bytes=10-19")
	if part.raw != whole.raw[10:20] || part.header.Get("Content-Range") != fmt.Sprintf("bytes 10-19/%d", len(whole.raw)) {
		t.Errorf("a range: %q %v", part.raw, part.header)
	}
	if a := w.owner.must(416, "GET", path+"/original", nil, "Range", "bytes=999999999-"); a.code() != "range_invalid" {
		t.Errorf("beyond the end: %s", a.raw)
	}
	w.owner.must(304, "GET", path+"/thumb", nil, "If-None-Match", w.owner.must(200, "GET", path+"/thumb", nil).header.Get("ETag"))
	w.owner.must(422, "GET", path+"/secret", nil)
	w.person("x").must(401, "GET", path+"/original", nil)
}

func TestFileOfAScheduledPostIsNotDeleted(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	asset := w.owner.upload("square.png", squarePNG(t))
	w.owner.must(201, "POST", w.path("/posts"), map[string]any{"text": "needs it", "channels": []string{w.practice()}, "media": []map[string]any{{"asset": asset.text("id")}}, "schedule": map[string]any{"at": monday.Add(time.Hour), "timezone": "UTC"}})
	now := w.owner.must(200, "GET", w.path("/media/"+asset.text("id")), nil)
	if a := w.owner.must(409, "DELETE", w.path("/media/"+asset.text("id")), nil, now.match()...); a.code() != "media_needed" {
		t.Errorf("deleting it: %s", a.raw)
	}
	if a := w.owner.must(422, "POST", w.path("/posts"), map[string]any{"text": "x", "media": []map[string]any{{"asset": "ast_00000000000000000000000000"}}}); a.code() != "asset_unknown" {
		t.Errorf("a file that isn't there: %s", a.raw)
	}
}

func TestAClosedAddressServesOneFileForAnHour(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	asset := w.owner.upload("square.png", squarePNG(t))
	address := ""
	fetch := func() string {
		address = w.app.parts.media.Address(orgRef(t, w.org), wsRef(t, w.ws), assetRef(t, asset.text("id")))
		return address
	}
	nobody := w.person("x")
	if a := nobody.must(200, "GET", "root:"+fetch(), nil); !strings.HasPrefix(a.raw, "\x89PNG") {
		t.Error("it isn't the picture")
	}
	nobody.must(404, "GET", "root:"+address[:len(address)-2]+"AA", nil)
	c.Advance(61 * time.Minute)
	nobody.must(404, "GET", "root:"+address, nil)
}
