package friendica

import (
	"encoding/json"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/friendica/friendicafake"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, friendicafake.New) }

var byToken = fake.Account{Way: "token", Fields: map[string]string{"server": "friendica.example", "token": mastodonfake.Token}}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, friendicafake.New, byToken)
	d := r.Draft("images")
	d.Settings = json.RawMessage(`{"title":"News","visibility":"private","spoiler_text":"In short"}`)
	if got := r.Seen(r.Publish(d).ID).More; got["title"] != "News" || got["visibility"] != "private" || got["spoiler"] != "In short" {
		t.Errorf("%v", got)
	}
}

func TestWhatIsNotFoundIsAsked(t *testing.T) {
	t.Parallel()
	for _, k := range New().Spec().Kinds {
		if k.Once.By != connector.Lookup || k.Once.Then != connector.Ask {
			t.Errorf("%s: %+v", k.ID, k.Once)
		}
	}
}
