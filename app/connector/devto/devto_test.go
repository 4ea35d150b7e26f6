package devto

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/devto/devtofake"
	"github.com/omniposto/omniposto/app/connector/fake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, devtofake.New) }

func account() fake.Account { return devtofake.New(fake.World{}).Accounts()[0] }

func open(t *testing.T) *conform.Rig {
	t.Helper()
	return conform.Open(t, New, devtofake.New, account())
}

func TestSettingsReachDEV(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("article")
	d.Text = "# A title\n\nHello **you**"
	d.Media[1].Alt = "A [small] picture"
	d.Settings = json.RawMessage(`{"tags":["go",{"id":"webdev","label":"webdev"}],"cover":true,"canonical_url":"https://example.com/a","series":"Steps","description":"Short","organization":{"id":"55","label":"Gophers"}}`)
	receipt := r.Publish(d)
	p := r.Seen(receipt.ID)
	if p.More["title"] != "A title" || len(p.Files) != 1 || p.Files[0].Alt != "A [small] picture" || !strings.HasPrefix(receipt.Permalink, "https://dev.to/ada/") {
		t.Errorf("%+v %+v", p, receipt)
	}
	for _, want := range []string{"tags:go,webdev", "cover:https://files.test/", "series:Steps", "description:Short", "organization:55", "canonical:https://example.com/a"} {
		if !strings.Contains(p.More["all"], want) {
			t.Errorf("%s isn't in %s", want, p.More["all"])
		}
	}
	again := r.Draft("article")
	again.Settings = json.RawMessage(`{"canonical_url":"https://example.com/a"}`)
	if out := r.Refused(again); out.Class != connector.Duplicate {
		t.Errorf("the same first address again: %+v", out)
	}
}

func TestFrontMatterIsLeftOut(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"---\ntitle: x\npublished: false\n---\n\nBody": "Body", "Body\n---\nmore": "Body\n---\nmore", "---\nA line: not one\n": "***\nA line: not one\n",
		"---\nplain words\n---\nmore": "***\nplain words\n---\nmore", "---\r\ntitle: x\r\ntags:\r\n  - a\r\n---\r\nBody": "Body",
	} {
		if got, _ := withoutFrontMatter(words); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
	r := open(t)
	d := r.Draft("article")
	d.Text = "---\ntitle: Old\npublished: false\n---\n# New\n\nBody"
	if list := spec.Check(&d); len(list) != 1 || list[0].Severity != connector.Warn {
		t.Errorf("%+v", list)
	}
	if p := r.Seen(r.Publish(d).ID); p.More["title"] != "New" || strings.Contains(p.More["body"], "published:") {
		t.Errorf("%v", p.More)
	}
}

func TestADraftIsKeptAsOne(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("article")
	d.Settings = json.RawMessage(`{"status":"draft"}`)
	if receipt := r.Publish(d); receipt.ID == "" || receipt.At.IsZero() || len(r.Platform().Visible()) != 0 {
		t.Errorf("%+v", receipt)
	}
}

func TestAPublicationThatChangedNothingIsNoticedAndRepeated(t *testing.T) {
	t.Parallel()
	tries := 0
	r := conform.Open(t, New, conform.InFront(devtofake.New, func(_ fake.Platform, w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		var in struct{ Article map[string]any }
		if tries++; tries > 1 {
			return false
		}
		fake.Read(r, &in)
		if body, _ := in.Article["body_markdown"].(string); !strings.HasPrefix(body, "Hello") || strings.Contains(body, "omniposto") {
			t.Errorf("the first try sends %v", in.Article)
		}
		fake.Answer(w, http.StatusOK, map[string]any{"id": 1001, "url": "https://dev.to/ada/x", "published_timestamp": ""})
		return true
	}), account())
	receipt := r.Publish(r.Draft("article"))
	if seen := r.Platform().Visible(); tries != 2 || len(seen) != 1 || seen[0].ID != receipt.ID {
		t.Errorf("%d tries, %v", tries, seen)
	}
}

func TestALostAnswerLeavesNoSecondDraft(t *testing.T) {
	t.Parallel()
	tries := 0
	r := conform.Open(t, New, conform.InFront(devtofake.New, func(p fake.Platform, w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		if tries++; tries > 1 {
			return false
		}
		p.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusBadGateway)
		return true
	}), account())
	d := r.Draft("article")
	d.Text += "\n\n```\ncode\n```\n"
	r.Platform().(*devtofake.Platform).Start("Hello", d.Text) // somebody's own, with the same words: it stays a draft
	receipt := r.Publish(d)
	if p := r.Seen(receipt.ID); !strings.Contains(p.Text, "code") {
		t.Errorf("%+v", p)
	}
	if n := r.Platform().(*devtofake.Platform).Articles(); n != 2 {
		t.Errorf("DEV has %d articles", n)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	long := strings.Repeat("x", 31)
	for settings, want := range map[string]string{
		`{}`: "", `{"tags":["go","c++"]}`: "setting_invalid", `{"tags":["` + long + `"]}`: "setting_invalid", `{"tags":["a","b","c","d","e"]}`: "setting_invalid", `{"tags":["größe"]}`: "",
	} {
		d := r.Draft("article")
		d.Settings = json.RawMessage(settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Code)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", settings, got, want)
		}
	}
	for words, want := range map[string]string{"": "title", "# " + strings.Repeat("t", 129): "128", "Title\n" + strings.Repeat("long ", 164_000): "819200"} {
		d := r.Draft("article")
		d.Text = words
		if out := r.Refused(d); out.Step != "check" || !strings.Contains(out.Words, want) {
			t.Errorf("%.20s: %+v", words, out)
		}
	}
}

func TestAnArticleIsEditedReadMeasuredAndTakenAway(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Platform().ByHand("Of the gophers", 0)
	d := r.Draft("article")
	receipt := r.Publish(d)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d.Text = "Changed"
		_, err := Connector{}.Edit(ctx, c, receipt, &d)
		return err
	})
	if p := r.Seen(receipt.ID); !strings.Contains(p.Text, "Changed") || len(p.Files) != 2 {
		t.Errorf("%+v", p)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, _, err := Connector{}.Replies(ctx, c, receipt, "")
		if len(list) != 2 || list[0].Parent != receipt.ID || list[1].Parent != list[0].ID || list[0].Text != "Nice "+receipt.ID || list[1].At.IsZero() {
			t.Errorf("%+v", list)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Measure(ctx, c, []connector.Receipt{receipt, {ID: "1"}})
		if len(list) != 1 || list[0].Counts["views"] != 31 || list[0].Counts["likes"] != 5 {
			t.Errorf("%+v", list)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		tags, err := Connector{}.Lookup(ctx, c, "tags", "WEB", nil)
		organizations, err2 := Connector{}.Lookup(ctx, c, "organizations", "", nil)
		if err2 != nil || len(tags) != 1 || tags[0].ID != "webdev" || len(organizations) != 1 || organizations[0].ID != "55" {
			t.Errorf("%v %v %v", tags, organizations, err2)
		}
		return err
	})
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		return Connector{}.Delete(ctx, c, connector.Receipt{ID: "1"})
	})
	if n := len(r.Platform().Visible()); n != 1 {
		t.Errorf("%d are visible", n)
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ site, key, want string }{{"", "no key of theirs", "API key isn't accepted"}, {"https://dev.to/sub", account().Fields["token"], "isn't at this address"}} {
		_, err := conform.TryOpen(t, New, devtofake.New, fake.Account{Way: "token", Fields: map[string]string{"site": c.site, "token": c.key}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v", err)
		}
	}
}
