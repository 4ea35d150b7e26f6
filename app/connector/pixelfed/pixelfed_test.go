package pixelfed

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
	"github.com/omniposto/omniposto/app/connector/pixelfed/pixelfedfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, pixelfedfake.New) }

var byToken = fake.Account{Way: "token", Fields: map[string]string{"server": "pixelfed.example", "token": mastodonfake.Token}}

func TestAPostWithoutAFileIsRefusedBeforeItIsSent(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, pixelfedfake.New, byToken)
	d := r.Draft("images")
	d.Kind, d.Media = "", nil
	if out := r.Refused(d); out.Step != "check" || out.Class != connector.Rejected {
		t.Errorf("%+v", out)
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, pixelfedfake.New, byToken)
	d := r.Draft("images")
	d.Settings = json.RawMessage(`{"visibility":"private","sensitive":true,"spoiler_text":"Careful","comments_disabled":true}`)
	if got := r.Seen(r.Publish(d).ID).More; got["visibility"] != "private" || got["spoiler"] != "Careful" || got["silent"] != "true" {
		t.Errorf("%v", got)
	}
}

// TestAccessIsRenewedBeforeItEnds: the life that the server names reaches the token, and an old one is renewed in use.
func TestAccessIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, pixelfedfake.New, fake.Account{Way: "oauth", Fields: map[string]string{"server": "pixelfed.example"}})
	r.Publish(r.Draft("images"))
	r.Clock().Advance(364 * 24 * time.Hour)
	r.Platform().EndAccess()
	r.Publish(r.Draft("images"))
	if n := r.Platform().Refreshes(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}
