package hashnode

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/hashnode/hashnodefake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, hashnodefake.New) }

func account() fake.Account { return hashnodefake.New(fake.World{}).Accounts()[0] }

func open(t *testing.T) *conform.Rig {
	t.Helper()
	return conform.Open(t, New, hashnodefake.New, account())
}

const pro = `"publication":{"id":"64a0000000000000000000aa","label":"Ada's blog"}`

func TestSettingsReachHashnode(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("article")
	d.Text = "# A title\n\nHello **you**"
	d.Media[1].Alt = "A [small] picture"
	d.Settings = json.RawMessage(`{` + pro + `,"subtitle":"Under it","tags":["Go","Web Dev"],"slug":"My address","cover":true,"canonical_url":"https://example.com/a",
		"series":"64c000000000000000000001","table_of_contents":true,"disable_comments":true,"delisted":true,"meta_title":"M","meta_description":"D"}`)
	receipt := r.Publish(d)
	p := r.Seen(receipt.ID)
	if p.More["title"] != "A title" || strings.Contains(p.Text, "A title") || len(p.Files) != 1 || p.Files[0].Alt != "A [small] picture" || receipt.Permalink != "https://ada.hashnode.dev/my-address" {
		t.Errorf("%+v %+v", p, receipt)
	}
	for _, want := range []string{
		`"coverImage":"https://cdn.hashnode.com/res/`, `"disableComments":true`, `"enableToc":true`, `"isDelisted":true`, `"metaDescription":"D"`, `"originalArticleURL":"https://example.com/a"`,
		`"seriesId":"64c000000000000000000001"`, `"subtitle":"Under it"`, `{"name":"Web Dev","slug":"web-dev"}`,
	} {
		if !strings.Contains(p.More["all"], want) {
			t.Errorf("%s isn't in %s", want, p.More["all"])
		}
	}
	again := r.Draft("article")
	again.Settings = d.Settings
	if out := r.Refused(again); out.Class != connector.Rejected || !strings.Contains(out.Words, "my-address") {
		t.Errorf("a taken address: %+v", out)
	}
}

func TestOnlyPublicationsWithTheProPlanTakeArticles(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("article")
	d.Settings = json.RawMessage(`{"publication":"64a0000000000000000000bb"}`)
	if out := r.Refused(d); out.Class != connector.Rejected || !strings.Contains(out.Words, "Hashnode Pro") {
		t.Errorf("%+v", out)
	}
}

func TestAddressesAreMadeOfTitleAndKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ settings, words, want string }{
		{`{}`, "Hello, World!", "hello-world-00c0ffee12"}, {`{}`, "字", "post-00c0ffee12"}, {`{"slug":"Mine Own"}`, "x", "mine-own"},
		{`{}`, strings.Repeat("long ", 30), strings.Repeat("long-", 12) + "00c0ffee12"},
	} {
		d := connector.Draft{Key: "123456789000C0FFEE12", Text: c.words, Settings: json.RawMessage(c.settings)}
		if got := slug(&d); got != c.want {
			t.Errorf("%q: %q, want %q", c.words, got, c.want)
		}
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for settings, want := range map[string]string{
		`{` + pro + `}`: "", `{}`: "settings.publication", `{` + pro + `,"slug":"字"}`: "settings.slug", `{` + pro + `,"tags":["ok","!"]}`: "settings.tags",
	} {
		d := r.Draft("article")
		d.Settings = json.RawMessage(settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Field)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", settings, got, want)
		}
	}
	for words, want := range map[string]string{"# " + strings.Repeat("t", 251): "250", "Title\n" + strings.Repeat("\"", 50_000): "100 KB", "#\n": "title"} {
		d := r.Draft("article")
		d.Text = words
		if out := r.Refused(d); out.Step != "check" || !strings.Contains(out.Words, want) {
			t.Errorf("%.20s: %+v", words, out)
		}
	}
	d := r.Draft("article")
	d.Media = nil
	d.Text = "Title\n" + strings.Repeat("字", 31_000)
	r.Publish(d)
}

func TestAnArticleIsEditedReadAndMeasured(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("article")
	receipt := r.Publish(d)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d.Text = "Changed"
		_, err := Connector{}.Edit(ctx, c, receipt, &d)
		return err
	})
	if p := r.Seen(receipt.ID); !strings.Contains(p.Text, "Changed") || len(p.Files) != 2 || strings.Contains(p.More["all"], "publicationId") {
		t.Errorf("%+v", p)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, next, err := Connector{}.Replies(ctx, c, receipt, "")
		if len(list) != 1 || next != "" || list[0].Text != "Nice" || list[0].At.IsZero() || !strings.HasSuffix(list[0].URL, receipt.ID+"/comment/c1") {
			t.Errorf("%+v", list)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Measure(ctx, c, []connector.Receipt{receipt, {ID: "gone"}})
		if len(list) != 1 || list[0].Counts["views"] != 44 {
			t.Errorf("%+v", list)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		publications, err := Connector{}.Lookup(ctx, c, "publications", "ADA", nil)
		series, err2 := Connector{}.Lookup(ctx, c, "series", "", map[string]string{"publication": publications[0].ID})
		none, err3 := Connector{}.Lookup(ctx, c, "series", "", nil)
		if err2 != nil || err3 != nil || len(publications) != 1 || len(series) != 1 || series[0].Label != "First steps" || none != nil {
			t.Errorf("%v %v %v %v", publications, series, none, err2)
		}
		return err
	})
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := conform.TryOpen(t, New, hashnodefake.New, fake.Account{Way: "token", Fields: map[string]string{"token": "not this one"}})
	if err == nil || !strings.Contains(err.Error(), "doesn't accept the token") {
		t.Errorf("%v", err)
	}
}
