package microsoftteams

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/microsoftteams/microsoftteamsfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, microsoftteamsfake.New) }

func account() fake.Account { return microsoftteamsfake.New(fake.World{}).Accounts()[0] }

func open(t *testing.T) *conform.Rig {
	t.Helper()
	return conform.Open(t, New, microsoftteamsfake.New, account())
}

// newest is the one that was posted last; a workflow gives no number.
func newest(t *testing.T, r *conform.Rig) fake.Post {
	t.Helper()
	seen := r.Platform().Visible()
	if len(seen) == 0 {
		t.Fatal("nothing is visible")
	}
	return seen[len(seen)-1]
}

func TestSettingsReachTeams(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("card")
	d.Settings = json.RawMessage(`{"title":"News","link_url":"https://example.com/a","link_title":"Read on","images":"first","full_width":false}`)
	receipt := r.Publish(d)
	p := newest(t, r)
	if !strings.HasPrefix(p.Text, "News\n\nHello") || p.More["version"] != "1.4" || p.More["width"] != "" || p.More["actions"] != "[{Action.OpenUrl Read on https://example.com/a}]" || len(p.Files) != 1 {
		t.Errorf("%+v", p)
	}
	if receipt.ID != d.Key || receipt.Permalink != "" {
		t.Errorf("%+v", receipt)
	}
	d = r.Draft("card")
	d.Settings = json.RawMessage(`{"images":"none","link_url":"https://example.com/a","link_title":""}`)
	r.Publish(d)
	if p := newest(t, r); len(p.Files) != 0 || p.More["width"] != "Full" || !strings.Contains(p.More["actions"], " Open ") {
		t.Errorf("%+v", p)
	}
	if name := r.Channel().Name; name != "News" {
		t.Errorf("%q", name)
	}
}

func TestLinesStayLinesAndListsStayTogether(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"one\ntwo": "one\n\ntwo", "one\n\ntwo": "one\n\ntwo", "- a\n- b\nend": "- a\n- b\n\nend", "first:\n1. a\n2. b": "first:\n\n1. a\n2. b", "": "",
	} {
		if got := lined(words); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

func TestACardIsMeasuredAsItIsSent(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("card")
	for words, ok := range map[string]bool{strings.Repeat("a", 18_000): true, strings.Repeat(`"`, 18_000): false, strings.Repeat("a\n", 4_000): true, strings.Repeat("a\n", 8_000): false} {
		d.Text = words
		if got := len(spec.Check(&d)) == 0; got != ok {
			t.Errorf("%.10q: %v", words, spec.Check(&d))
		}
	}
	d.Text = strings.Repeat("a", 18_000)
	for len(d.Media) < 12 {
		d.Media = append(d.Media, d.Media[0])
	}
	if out := r.Refused(d); out.Step != "check" || out.Fix != "cut" || !strings.Contains(out.Words, "28672") {
		t.Errorf("%+v", out)
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://contoso.webhook.office.com/webhookb2/1": "taken connectors away", "https://evil.example/workflows/1?sig=x": "isn't one of Microsoft's", "": "needed",
		"https://prod-01.westeurope.logic.azure.com/triggers/1?sig=x": "isn't the address of a workflow's webhook", "http://prod-01.westeurope.logic.azure.com/workflows/1?sig=x": "isn't the address",
		"https://default0123.0a.environment.api.powerplatform.com/powerautomate/automations/direct/workflows/1/triggers/manual/paths/invoke?api-version=1": "end of the address is missing",
		"https://notlogic.azure.com/workflows/1?sig=x":                                   "isn't one of Microsoft's",
		"https://prod-01.westeurope.logic.azure.com:443/workflows/1/triggers?sig=canary": "",
	} {
		_, err := conform.TryOpen(t, New, microsoftteamsfake.New, fake.Account{Way: "webhook", Fields: map[string]string{"address": address}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAWorkflowThatIsGoneAsksForANewAddress(t *testing.T) {
	t.Parallel()
	other := account()
	other.Fields["address"] = strings.Replace(other.Fields["address"], "canaryworkflow", "canarydeleted", 1)
	r := conform.Open(t, New, microsoftteamsfake.New, other)
	if out := r.Refused(r.Draft("card")); out.End != connector.EndReconnect || !strings.Contains(out.Words, "deleted") {
		t.Errorf("%s %q", out.End, out.Words)
	}
}
