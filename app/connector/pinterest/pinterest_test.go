package pinterest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/pinterest/pinterestfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, pinterestfake.New) }

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, pinterestfake.New, fake.Account{Way: "oauth"})
}

func TestSettingsReachPinterest(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("carousel")
	d.Settings = json.RawMessage(`{"board":{"id":"102","label":"Travel"},"section":"9001","title":"A title","link":"https://example.com/a","alt_text":"Two hills","dominant_color":"#6E7874"}`)
	receipt := r.Publish(d)
	m := r.Seen(receipt.ID).More
	for name, want := range map[string]string{"board": "102", "section": "9001", "title": "A title", "link": "https://example.com/a", "alt": "Two hills", "color": "#6E7874", "source": "multiple_image_base64"} {
		if m[name] != want {
			t.Errorf("%s is %q", name, m[name])
		}
	}
	if receipt.Permalink != "https://www.pinterest.com/pin/"+receipt.ID+"/" || receipt.At.IsZero() {
		t.Errorf("%+v", receipt)
	}
	d = r.Draft("video")
	d.Settings = json.RawMessage(`{"board":"101","cover_seconds":3}`)
	if m := r.Seen(r.Publish(d).ID).More; m["moment"] != "3" || m["cover"] != "" {
		t.Errorf("%v", m)
	}
	d = r.Draft("video")
	d.Settings = json.RawMessage(`{"board":"101"}`)
	d.Media[0].Cover = &connector.Media{Name: "c.png", MIME: "image/png", Size: 5, File: strings.NewReader("cover")}
	if m := r.Seen(r.Publish(d).ID).More; m["cover"] != "image/png" || m["moment"] != "" {
		t.Errorf("%v", m)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("carousel")
	d.Media[1].Height = 700
	if got := spec.Check(&d); len(got) != 1 || got[0].Code != "media_ratio" || got[0].Field != "media.1" {
		t.Errorf("two shapes: %v", got)
	}
	d = r.Draft("image")
	d.Settings = json.RawMessage(`{"board":"recipes"}`)
	if got := spec.Check(&d); len(got) != 1 || got[0].Code != "board_unknown" {
		t.Errorf("no board: %v", got)
	}
	d.Settings = json.RawMessage(`{"board":"999"}`)
	if out := r.Refused(d); out.Words != "The board isn't there any more. Choose another one." {
		t.Errorf("%q", out.Words)
	}
}

func TestBoardsAndTheirSectionsAreLookedUp(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, c := range []struct{ what, query, board, want string }{
		{"boards", "", "", "101 102"}, {"boards", "trav", "", "102"}, {"sections", "", "101", "9001"}, {"sections", "", "102", ""}, {"sections", "", "", ""},
	} {
		r.Do(func(ctx context.Context, call *connector.Call) error {
			list, err := Connector{}.Lookup(ctx, call, c.what, c.query, map[string]string{"board": c.board})
			var got []string
			for _, o := range list {
				got = append(got, o.ID)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s %q of %q: %v", c.what, c.query, c.board, got)
			}
			return err
		})
	}
}

func TestFilesStandInTheirPlacesWhateverTheirSize(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2, 3, 4, 24575, 24576, 24577, 100_000} {
		data := bytes.Repeat([]byte{0xfb, 7, 1}, size/3+1)[:size]
		files := []*connector.Media{{Size: int64(size), File: bytes.NewReader(data)}, {Size: 4, File: strings.NewReader("last")}}
		stream, told, err := streamed(map[string]any{"a": token(0), "b": "words", "c": token(1)}, files)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(stream)
		var got struct {
			A, C []byte
			B    string
		}
		if err != nil || json.Unmarshal(raw, &got) != nil || int64(len(raw)) != told || !bytes.Equal(got.A, data) || string(got.C) != "last" || got.B != "words" {
			t.Errorf("%d bytes: %v, %d of %d, %.60s", size, err, len(raw), told, raw)
		}
	}
}

func TestAPinIsEditedMeasuredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	pin := r.Publish(r.Draft("image"))
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("image")
		d.Text = "Changed"
		_, err := m.Edit(ctx, c, pin, &d)
		return err
	})
	if got := r.Seen(pin.ID); got.Text != "Changed" {
		t.Errorf("edited is %q", got.Text)
	}
	old := pin
	old.At = pin.At.AddDate(-1, 0, 0)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{old, {ID: "404404", At: pin.At}})
		if len(figures) != 1 || fmt.Sprint(figures[0].Counts) != "map[clicks:3 likes:6 link_clicks:4 replies:5 saves:2 views:10]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, pin) })
	}
	if n := len(r.Platform().Visible()); n != 0 {
		t.Errorf("%d are visible", n)
	}
}
