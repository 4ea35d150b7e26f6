package pleroma

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/mastodon"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
	"github.com/omniposto/omniposto/app/connector/pleroma/pleromafake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, pleromafake.New) }

var byToken = fake.Account{Way: "token", Fields: map[string]string{"server": "pleroma.example", "token": mastodonfake.Token}}

func TestServersTellTheirLimitsInTheirOwnShape(t *testing.T) {
	t.Parallel()
	f := conform.Open(t, New, pleromafake.New, byToken).Channel().Facts
	if f[mastodon.FactCharacters] != 5000 || f[mastodon.FactImageBytes] != 16_000_000 || f[mastodon.FactVideoBytes] != 16_000_000 || f[mastodon.FactAlt] != 5000 || f[mastodon.FactOptions] != 20 || f[mastodon.FactOption] != 200 {
		t.Errorf("%v", f)
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, pleromafake.New, byToken)
	d := r.Draft("text")
	d.Settings = json.RawMessage(`{"visibility":"local","content_type":"text/bbcode","expires_in":7200,"language":"de"}`)
	if got := r.Seen(r.Publish(d).ID).More; got["visibility"] != "local" || got["content_type"] != "text/bbcode" || got["expires"] != "7200" {
		t.Errorf("%v", got)
	}
}

func TestFilesOfAllTypesShareAPost(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, pleromafake.New, byToken)
	d := r.Draft("images")
	if d.Kind = ""; len(d.Media) < 2 || d.Media[0].Type == d.Media[1].Type {
		t.Fatalf("%+v", d.Media)
	}
	if got := r.Seen(r.Publish(d).ID); len(got.Files) != len(d.Media) {
		t.Errorf("%v", got.Files)
	}
}

// TestItsServersAreNotMastodon: taken for Mastodon, the promise about keys would be another.
func TestItsServersAreNotMastodon(t *testing.T) {
	t.Parallel()
	if _, err := conform.TryOpen(t, mastodon.New, pleromafake.New, byToken); err == nil || !strings.Contains(err.Error(), "Connect it as Pleroma") {
		t.Errorf("%v", err)
	}
}
