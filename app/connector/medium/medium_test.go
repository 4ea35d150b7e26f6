package medium

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/medium/mediumfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, mediumfake.New) }

func account() fake.Account { return mediumfake.New(fake.World{}).Accounts()[0] }

func open(t *testing.T) *conform.Rig {
	t.Helper()
	return conform.Open(t, New, mediumfake.New, account())
}

func TestSettingsReachMedium(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("story")
	d.Text = "# A <title>\n\nHello **you**, <script>alert(1)</script>"
	d.Settings = json.RawMessage(`{"publication":{"id":"b45573563f5a","label":"Developers"},"status":"unlisted","tags":["go","web"],"canonical_url":"https://example.com/a","license":"cc-40-by","notify_followers":false}`)
	receipt := r.Publish(d)
	p := r.Seen(receipt.ID)
	if p.More["title"] != "A <title>" || !strings.HasPrefix(p.More["html"], "<h1>A &lt;title&gt;</h1>") || strings.Contains(p.More["html"], "<script") || !strings.Contains(p.More["html"], "<strong>you</strong>") || len(p.Files) != 2 {
		t.Errorf("%+v", p)
	}
	if want := "under:publications/b45573563f5a tags:[go web] canonical:https://example.com/a status:unlisted license:cc-40-by notify:false"; p.More["all"] != want {
		t.Errorf("%s, want %s", p.More["all"], want)
	}
	if receipt.Permalink != "https://medium.com/@ada/story-"+receipt.ID {
		t.Errorf("%s", receipt.Permalink)
	}
}

func TestWritersOfAPublicationHandInDrafts(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("story")
	d.Settings = json.RawMessage(`{"publication":"b969ac62a46b"}`)
	if out := r.Refused(d); out.Class != connector.Rejected || !strings.Contains(out.Words, "hand in drafts") {
		t.Errorf("%+v", out)
	}
	d.Settings = json.RawMessage(`{"publication":"b969ac62a46b","status":"draft"}`)
	if receipt := r.Publish(d); receipt.ID == "" || receipt.At.IsZero() || len(r.Platform().Visible()) != 0 {
		t.Errorf("%+v", receipt)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for settings, want := range map[string]string{`{}`: "", `{"tags":["` + strings.Repeat("x", 26) + `"]}`: "settings.tags", `{"tags":["a","b","c","d"]}`: "settings.tags"} {
		d := r.Draft("story")
		d.Settings = json.RawMessage(settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Field)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", settings, got, want)
		}
	}
	for words, want := range map[string]string{"": "title", "# " + strings.Repeat("t", 101): "100"} {
		d := r.Draft("story")
		d.Text = words
		if out := r.Refused(d); out.Step != "check" || !strings.Contains(out.Words, want) {
			t.Errorf("%.20s: %+v", words, out)
		}
	}
}

func TestLookupsOfferThePublications(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Lookup(ctx, c, "publications", "DEV", nil)
		if len(list) != 1 || list[0].ID != "b45573563f5a" {
			t.Errorf("%v", list)
		}
		return err
	})
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := conform.TryOpen(t, New, mediumfake.New, fake.Account{Way: "token", Fields: map[string]string{"token": "not this one"}})
	if err == nil || !strings.Contains(err.Error(), "doesn't accept the token") {
		t.Errorf("%v", err)
	}
}
