package listmonk

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/listmonk/listmonkfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, listmonkfake.New) }

func account() fake.Account { return listmonkfake.New(fake.World{}).Accounts()[0] }

func open(t *testing.T) *conform.Rig {
	t.Helper()
	return conform.Open(t, New, listmonkfake.New, account())
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("campaign")
	d.Text = "# A subject\n\nHello **you**, <script>alert(1)</script>"
	d.Settings = json.RawMessage(`{"lists":[{"id":"3","label":"Readers"},"4"],"from_email":"Ada <ada@example.com>","template":"1","tags":["news"],"archive":true,"archive_slug":"first letter","archive_template":"1"}`)
	receipt := r.Publish(d)
	p := r.Seen(receipt.ID)
	if p.More["subject"] != "A subject" || !strings.Contains(p.More["body"], "<strong>you</strong>") || strings.Contains(p.More["body"], "<script") || !strings.Contains(p.More["altbody"], "**you**") {
		t.Errorf("%v", p.More)
	}
	for _, want := range []string{"lists:[3 4]", "from:Ada <ada@example.com>", "template:1", " news]", "name:A subject", "type:html", "attached:0"} {
		if !strings.Contains(p.More["all"], want) {
			t.Errorf("%s isn't in %s", want, p.More["all"])
		}
	}
	if receipt.Permalink != "https://lists.example/archive/first%20letter" {
		t.Errorf("%s", receipt.Permalink)
	}
}

func TestVariablesAreReadOnlyWhereTheyAreMeant(t *testing.T) {
	t.Parallel()
	r := open(t)
	for settings, want := range map[string]string{`{"lists":["3"]}`: "Hello {{ .Subscriber.Name }} and {{ nonsense", `{"lists":["3"],"variables":true}`: "Hello Ada Reader"} {
		d := r.Draft("campaign")
		d.Text = "Hello {{ .Subscriber.Name }}"
		if !strings.Contains(settings, "variables") {
			d.Text += " and {{ nonsense"
		}
		d.Settings = json.RawMessage(settings)
		p := r.Seen(r.Publish(d).ID)
		if !strings.Contains(p.Text, want) || !strings.Contains(p.More["subject"], want) {
			t.Errorf("%q %q, want %q", p.Text, p.More["subject"], want)
		}
	}
	d := r.Draft("campaign")
	d.Text, d.Settings = "Hello {{ nonsense }}", json.RawMessage(`{"lists":["3"],"variables":true}`)
	if out := r.Refused(d); out.Class != connector.Rejected || !strings.Contains(out.Words, "compiling") {
		t.Errorf("%+v", out)
	}
}

func TestPlainMailNamesItsFilesAndDocumentsCanBeAttached(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("campaign")
	d.Settings = json.RawMessage(`{"lists":["3"],"content_type":"plain"}`)
	d.Media[1].Type = connector.DocumentPDF
	d.Media[1].MIME = "application/pdf"
	if p := r.Seen(r.Publish(d).ID); len(p.Files) != 2 || strings.Contains(p.More["body"], "<") || p.More["altbody"] != "" {
		t.Errorf("%+v", p)
	}
	d.Key = strings.Repeat("ab", 16)
	d.Settings = json.RawMessage(`{"lists":["3"],"attach":true,"altbody":false}`)
	if p := r.Seen(r.Publish(d).ID); len(p.Files) != 2 || !strings.Contains(p.More["all"], "attached:1") || strings.Contains(p.More["body"], "<a href=\"https://lists") || p.More["altbody"] != "" {
		t.Errorf("%+v", p)
	}
}

func TestALostAnswerLeavesNoSecondCampaign(t *testing.T) {
	t.Parallel()
	tries := 0
	r := conform.Open(t, New, conform.InFront(listmonkfake.New, func(p fake.Platform, w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			r.URL.RawQuery = "" // an older server, which doesn't know the filter
		}
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/campaigns") {
			return false
		}
		if tries++; tries > 1 {
			return false
		}
		p.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusBadGateway)
		return true
	}), account())
	server := r.Platform().(*listmonkfake.Platform)
	server.Start("Theirs", "Somebody's own draft, which stays one")
	receipt := r.Publish(r.Draft("campaign"))
	if seen := server.Visible(); server.Campaigns() != 2 || len(seen) != 1 || seen[0].ID != receipt.ID || strings.Contains(seen[0].Text, "stays one") {
		t.Errorf("%d campaigns, %v", server.Campaigns(), seen)
	}
}

func TestACampaignThatSomebodyTouchedMeanwhileIsSentOnceOrAskedAbout(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(*listmonkfake.Platform)
		want int // visible
		asks bool
	}{
		"deleted":   {func(p *listmonkfake.Platform) { p.Discard() }, 1, false},
		"started":   {func(p *listmonkfake.Platform) { p.SetAll("running") }, 0, false},
		"scheduled": {func(p *listmonkfake.Platform) { p.SetAll("scheduled") }, 0, true},
	} {
		done := false
		r := conform.Open(t, New, conform.InFront(listmonkfake.New, func(p fake.Platform, _ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPut && !done {
				done = true
				c.do(p.(*listmonkfake.Platform))
			}
			return false
		}), account())
		server := r.Platform()
		d := r.Draft("campaign")
		if c.asks {
			if out := r.Refused(d); out.End != connector.EndCantTell || !strings.Contains(out.Words, "gave the campaign a time") {
				t.Errorf("%s: %+v", name, out)
			}
		} else if receipt := r.Publish(d); receipt.ID == "" {
			t.Errorf("%s: %+v", name, receipt)
		}
		if n := len(server.Visible()); n != c.want {
			t.Errorf("%s: %d are visible", name, n)
		}
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for settings, want := range map[string]string{
		`{"lists":["3"]}`: "", `{}`: "settings.lists", `{"lists":["3"],"from_email":"Ada"}`: "settings.from_email", `{"lists":["3"],"tags":["posto-1"]}`: "settings.tags",
	} {
		d := r.Draft("campaign")
		d.Settings = json.RawMessage(settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Field)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", settings, got, want)
		}
	}
	d := r.Draft("campaign")
	for _, words := range []string{"", "# " + strings.Repeat("s", 5001)} {
		d.Text = words
		if out := r.Refused(d); out.Step != "check" || !strings.Contains(out.Words, "subject") {
			t.Errorf("%+v", out)
		}
	}
}

func TestACampaignIsMeasuredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	receipt := r.Publish(r.Draft("campaign"))
	if receipt.Permalink != "https://lists.example/admin/campaigns/"+receipt.ID {
		t.Errorf("%s", receipt.Permalink)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Measure(ctx, c, []connector.Receipt{receipt, {ID: "99"}})
		if len(list) != 1 || list[0].Counts["opens"] != 30 || list[0].Counts["sent"] != 119 {
			t.Errorf("%+v", list)
		}
		return err
	})
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	}
	if len(r.Platform().Visible()) != 0 {
		t.Error("it is still there")
	}
}

func TestLookupsOfferWhatTheServerHas(t *testing.T) {
	t.Parallel()
	r := open(t)
	for what, want := range map[string]string{"lists": "Testers", "templates": "Default"} {
		r.Do(func(ctx context.Context, c *connector.Call) error {
			list, err := Connector{}.Lookup(ctx, c, what, strings.ToUpper(want[:4]), nil)
			if len(list) != 1 || list[0].Label != want {
				t.Errorf("%s: %v", what, list)
			}
			return err
		})
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{"https://lists.example": "doesn't accept", "https://lists.example/sub": "isn't at this address"} {
		_, err := conform.TryOpen(t, New, listmonkfake.New, fake.Account{Way: "token", Fields: map[string]string{"server": server, "username": "posto", "token": "not this one"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", server, err)
		}
	}
}
