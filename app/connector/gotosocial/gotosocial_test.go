package gotosocial

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/gotosocial/gotosocialfake"
	"github.com/omniposto/omniposto/app/connector/mastodon"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, gotosocialfake.New) }

var byToken = fake.Account{Way: "token", Fields: map[string]string{"server": "gts.example", "token": mastodonfake.Token}}

func TestServersTellTheirLimits(t *testing.T) {
	t.Parallel()
	f := conform.Open(t, New, gotosocialfake.New, byToken).Channel().Facts
	if f[mastodon.FactCharacters] != 5000 || f[mastodon.FactMedia] != 6 || f[mastodon.FactLink] != 25 || f[mastodon.FactOptions] != 6 {
		t.Errorf("%v", f)
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, gotosocialfake.New, byToken)
	d := r.Draft("text")
	d.Settings = json.RawMessage(`{"visibility":"mutuals_only","spoiler_text":"Careful","content_type":"text/markdown","local_only":true,"reply_policy":"followers","poll_options":["yes","no","perhaps","never","once"]}`)
	got := r.Seen(r.Publish(d).ID).More
	for name, want := range map[string]string{
		"visibility": "mutuals_only", "spoiler": "Careful", "content_type": "text/markdown", "local": "true", "poll": "yes|no|perhaps|never|once",
		"replies": `{"can_reply":{"always":["followers","mentioned","author"],"with_approval":[]}}`,
	} {
		if got[name] != want {
			t.Errorf("%s is %q", name, got[name])
		}
	}
}

func TestMembersOfTheFamilyAreNotTakenForEachOther(t *testing.T) {
	t.Parallel()
	if _, err := conform.TryOpen(t, mastodon.New, gotosocialfake.New, byToken); err == nil || !strings.Contains(err.Error(), "Connect it as GoToSocial") {
		t.Errorf("as Mastodon: %v", err)
	}
}
