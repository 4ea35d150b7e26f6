package ghost

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
	"github.com/omniposto/omniposto/app/connector/ghost/ghostfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, ghostfake.New) }

func account() fake.Account { return ghostfake.New(fake.World{}).Accounts()[0] }

func open(t *testing.T) *conform.Rig {
	t.Helper()
	return conform.Open(t, New, ghostfake.New, account())
}

func TestSettingsReachTheSite(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("article")
	d.Text = "# A title\n\nHello **you**, <script>alert(1)</script>"
	d.Settings = json.RawMessage(`{"tags":["News","#hidden"],"authors":[{"id":"2","label":"Bob"}],"slug":"my address","excerpt":"Short","visibility":"tiers","tiers":["t1"],
		"featured":true,"canonical_url":"https://example.com/a","feature_image_caption":"A <caption>","meta_title":"M","meta_description":"D"}`)
	receipt := r.Publish(d)
	p := r.Seen(receipt.ID)
	if p.More["title"] != "A title" || !strings.Contains(p.More["html"], "<strong>you</strong>") || strings.Contains(p.More["html"], "<script") || strings.Contains(p.More["html"], "A title") {
		t.Errorf("%v", p.More)
	}
	for _, want := range []string{"tags:[News #hidden]", "authors:[map[id:2]]", "tiers:[map[id:t1]]", "visibility:tiers", "featured:true", "custom_excerpt:Short", "A &lt;caption&gt;", "meta_description:D"} {
		if !strings.Contains(p.More["all"], want) {
			t.Errorf("%s isn't in %s", want, p.More["all"])
		}
	}
	if receipt.Permalink != "https://blog.example/my-address/" || len(p.Files) != 2 || strings.Count(p.More["html"], "<img") != 1 || p.More["mailed"] != "0" {
		t.Errorf("%s %+v", receipt.Permalink, p)
	}
	page := r.Draft("article")
	page.Settings = json.RawMessage(`{"type":"page","feature_image":false,"status":"published"}`)
	if p := r.Seen(r.Publish(page).ID); strings.Count(p.More["html"], "<img") != 2 {
		t.Errorf("%s", p.More["html"])
	}
}

func TestTwoArticlesOfOneTitleGetTwoAddresses(t *testing.T) {
	t.Parallel()
	r := open(t)
	var links []string
	for range 2 {
		d := r.Draft("article")
		d.Settings = json.RawMessage(`{"title":"One title"}`)
		links = append(links, r.Publish(d).Permalink)
	}
	if links[0] != "https://blog.example/one-title/" || links[1] != "https://blog.example/one-title-2/" {
		t.Errorf("%v", links)
	}
}

func TestANewsletterIsSentOnceAndMeasured(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("article")
	d.Settings = json.RawMessage(`{"newsletter":{"id":"weekly","label":"Weekly"},"email_segment":"status:free","email_only":true,"email_subject":"Read this"}`)
	receipt := r.Publish(d)
	p := r.Seen(receipt.ID)
	if p.More["mailed"] != "1" || !strings.Contains(p.More["all"], "segment:status:free") || !strings.Contains(p.More["all"], "email_subject:Read this") || !strings.Contains(receipt.Permalink, "/email/") {
		t.Errorf("%v %v", p.More, receipt)
	}
	plain := r.Publish(r.Draft("article"))
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Measure(ctx, c, []connector.Receipt{receipt, plain, {ID: "gone"}})
		if len(list) != 1 || list[0].Counts["opens"] != 40 || list[0].Counts["clicks"] != 7 {
			t.Errorf("%+v", list)
		}
		return err
	})
}

func TestADraftIsKeptAsOne(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("article")
	d.Settings = json.RawMessage(`{"status":"draft","title":"Later"}`)
	receipt := r.Publish(d)
	if receipt.Permalink != "https://blog.example/later/" || len(r.Platform().Visible()) != 0 {
		t.Errorf("%+v", receipt)
	}
}

func TestWhatSomebodyChangedOrDeletedMeanwhileIsStillPublishedOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*ghostfake.Platform){"changed": (*ghostfake.Platform).Touch, "deleted": (*ghostfake.Platform).Discard} {
		for _, lost := range []bool{false, true} {
			tries := 0
			r := conform.Open(t, New, conform.InFront(ghostfake.New, func(p fake.Platform, w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPut {
					return false
				}
				if tries++; tries == 1 {
					change(p.(*ghostfake.Platform))
				}
				if tries > 1 || !lost {
					return false
				}
				w.WriteHeader(http.StatusBadGateway)
				return true
			}), account())
			receipt := r.Publish(r.Draft("article"))
			site := r.Platform().(*ghostfake.Platform)
			if seen := site.Visible(); len(seen) != 1 || seen[0].ID != receipt.ID || site.Articles() != 1 {
				t.Errorf("%s, lost %v: %v", name, lost, seen)
			}
		}
	}
}

func TestALostAnswerLeavesNoSecondDraft(t *testing.T) {
	t.Parallel()
	tries := 0
	r := conform.Open(t, New, conform.InFront(ghostfake.New, func(p fake.Platform, w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/posts/") {
			return false
		}
		if tries++; tries > 1 {
			return false
		}
		p.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusBadGateway)
		return true
	}), account())
	r.Publish(r.Draft("article"))
	if n := r.Platform().(*ghostfake.Platform).Articles(); n != 1 {
		t.Errorf("the site has %d articles", n)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for settings, want := range map[string]string{
		`{}`: "", `{"newsletter":"weekly"}`: "", `{"newsletter":"weekly","type":"page"}`: "settings.newsletter", `{"newsletter":"weekly","status":"draft"}`: "settings.newsletter",
		`{"email_only":true}`: "settings.email_only", `{"visibility":"tiers"}`: "settings.tiers", `{"title":"` + strings.Repeat("x", 256) + `"}`: "settings.title",
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
	d := r.Draft("article")
	d.Text = "# " + strings.Repeat("x", 256)
	if out := r.Refused(d); out.Step != "check" || !strings.Contains(out.Words, "255") {
		t.Errorf("%+v", out)
	}
	d.Text = ""
	if out := r.Refused(d); out.Step != "check" || !strings.Contains(out.Words, "title") {
		t.Errorf("%+v", out)
	}
}

func TestGhostsWordsNameTheField(t *testing.T) {
	t.Parallel()
	r := open(t)
	err := r.Try(func(ctx context.Context, c *connector.Call) error {
		return send(ctx, c, at("POST", "/posts/", nil), map[string]any{"posts": []any{map[string]string{"title": strings.Repeat("x", 300)}}}, nil)
	})
	if f := connector.AsFailed(err); f == nil || !strings.Contains(f.Words, "isLength) failed for title") {
		t.Errorf("%v", err)
	}
}

func TestAnArticleIsEditedAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("article")
	receipt := r.Publish(d)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d.Text = "Changed"
		extra := d.Media[0]
		extra.ID = "ast_new"
		d.Media = append(d.Media[1:], extra)
		var err error
		receipt, err = Connector{}.Edit(ctx, c, receipt, &d)
		return err
	})
	if p := r.Seen(receipt.ID); !strings.Contains(p.Text, "Changed") || len(p.Files) != 2 || len(receipt.More) != 3 {
		t.Errorf("%+v %v", p, receipt.More)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d.Media = nil
		_, err := Connector{}.Edit(ctx, c, receipt, &d)
		return err
	})
	if p := r.Seen(receipt.ID); len(p.Files) != 0 {
		t.Errorf("%+v", p.Files)
	}
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	}
	if len(r.Platform().Visible()) != 0 {
		t.Error("it is still there")
	}
}

func TestLookupsOfferWhatTheSiteHas(t *testing.T) {
	t.Parallel()
	r := open(t)
	for what, want := range map[string]string{"authors": "1 2", "tiers": "t1", "newsletters": "weekly"} {
		r.Do(func(ctx context.Context, c *connector.Call) error {
			list, err := Connector{}.Lookup(ctx, c, what, "", nil)
			var ids []string
			for _, o := range list {
				ids = append(ids, o.ID)
			}
			if strings.Join(ids, " ") != want {
				t.Errorf("%s: %v", what, ids)
			}
			return err
		})
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ site, token, want string }{
		{"https://blog.example", "0123456789abcdef0123", "Content API key"}, {"https://blog.example", "6489a0c5d1b2e3f405162738:00ff", "doesn't accept"},
		{"https://blog.example/ghost", account().Fields["token"], "without /ghost"}, {"https://blog.example/sub", account().Fields["token"], "isn't at this address"},
	} {
		_, err := conform.TryOpen(t, New, ghostfake.New, fake.Account{Way: "token", Fields: map[string]string{"site": c.site, "token": c.token}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.want, err)
		}
	}
}
