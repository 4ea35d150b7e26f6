package x

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/x/xfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, xfake.New) }

var signedIn = fake.Account{Way: "oauth"}

func open(t *testing.T) *conform.Rig { return conform.Open(t, New, xfake.New, signedIn) }

func TestSettingsReachX(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Settings = json.RawMessage(`{"reply_settings":"following","community_id":"https://x.com/i/communities/1493","share_with_followers":true,"poll_options":["yes","no"],"poll_minutes":60,"made_with_ai":true,"paid_partnership":true}`)
	receipt := r.Publish(d)
	p := r.Seen(receipt.ID)
	for name, want := range map[string]string{"who": "following", "community": "1493", "share": "true", "poll": "yes|no 60", "ai": "true", "paid": "true"} {
		if p.More[name] != want {
			t.Errorf("%s is %q", name, p.More[name])
		}
	}
	if receipt.Permalink != "https://x.com/me/status/"+receipt.ID {
		t.Error(receipt.Permalink)
	}
	d = r.Draft("images")
	d.Settings = json.RawMessage(`{"tagged_people":[{"id":"12","label":"@ada"}]}`)
	p = r.Seen(r.Publish(d).ID)
	if p.More["tagged"] != "12" || p.More["who"] != "" {
		t.Errorf("%v", p.More)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, c := range []struct{ name, text, settings, facts, want string }{
		{"plain", "Hello", `{}`, "", ""},
		{"one answer", "Hello", `{"poll_options":["one"]}`, "", "poll_invalid"},
		{"a long answer", "Hello", `{"poll_options":["a","` + strings.Repeat("b", 26) + `"]}`, "", "poll_invalid"},
		{"no community", "Hello", `{"community_id":"friends"}`, "", "community_unknown"},
		{"two tickers", "$ABC and $DEF up", `{}`, "", "cashtags"},
		{"two tickers of an enterprise", "$ABC and $DEF up", `{}`, factQuotes, ""},
		{"two prices", "$5 and $10", `{}`, "", ""},
		{"an invisible sign", "a\uFEFFb", `{}`, "", "text_sign"},
		{"a quote of nothing", "Hello", `{"quote_url":"https://x.com/ada"}`, factQuotes, "quote_unknown"},
		{"a quote with a poll", "Hello", `{"quote_url":"https://x.com/ada/status/12","poll_options":["a","b"]}`, factQuotes, "poll_invalid"},
		{"a long text", strings.Repeat("a", 281), `{}`, "", "text_too_long"},
		{"a long text of Premium", strings.Repeat("a", 281), `{}`, factPremium, ""},
		{"a long text of Premium, which wants threads", strings.Repeat("a", 281), `{"long_posts":false}`, factPremium, "text_too_long"},
	} {
		d := r.Draft("text")
		d.Text, d.Settings = c.text, json.RawMessage(c.settings)
		d.Channel.Facts = connector.Facts{c.facts: 1}
		if c.facts == factPremium {
			d.Channel.Facts[factWeighted] = maxLongWeighted
		}
		var got []string
		for _, tr := range spec.Check(&d) {
			if tr.Severity == connector.Block {
				got = append(got, tr.Code)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", c.name, got, c.want)
		}
	}
}

func TestAPersonIsToldWhatAPostCosts(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	for words, want := range map[string]string{"Hello": "0.015 USD", "Hello example.com": "0.20 USD"} {
		d.Text = words
		if list := spec.Check(&d); len(list) != 1 || list[0].Code != "price" || !strings.Contains(list[0].Words, want) {
			t.Errorf("%s: %v", words, list)
		}
	}
}

func TestWordsAreComparedAsXGivesThemBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		written string
		given   string
	}{
		"an address":                {"See https://example.com/a now", `{"text":"See https://t.co/1 now","entities":{"urls":[{"url":"https://t.co/1","expanded_url":"https://example.com/a"}]}}`},
		"without a scheme":          {"See example.com.", `{"text":"See https://t.co/1.","entities":{"urls":[{"url":"https://t.co/1","expanded_url":"http://example.com/"}]}}`},
		"a picture":                 {"Look", `{"text":"Look https://t.co/2","entities":{"urls":[{"url":"https://t.co/2","expanded_url":"https://x.com/me/status/1/photo/1"}]}}`},
		"signs of HTML":             {"a & b <c>", `{"text":"a &amp; b &lt;c&gt;"}`},
		"lines":                     {"one\n\ntwo", `{"text":"one\n\ntwo"}`},
		"a decomposed accent":       {"cafe\u0301", `{"text":"café"}`},
		"a long post, which X cuts": {"Long words https://example.com end", `{"text":"Long words… https://t.co/9","note_tweet":{"text":"Long words https://t.co/3 end","entities":{"urls":[{"url":"https://t.co/3","expanded_url":"https://example.com"}]}}}`},
	} {
		var p post
		if err := json.Unmarshal([]byte(c.given), &p); err != nil {
			t.Fatal(err)
		}
		if a, b := folded(c.written), folded(p.words()); a != b {
			t.Errorf("%s: %q and %q", name, a, b)
		}
	}
	if folded("a b") == folded("a c") || sign("1", "a", nil) == sign("2", "a", nil) || sign("", "", []string{"1"}) == sign("", "", []string{"2"}) {
		t.Error("different posts have one sign")
	}
}

func TestTheSameWordsAtOnceAreRefused(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	r.Publish(d)
	again := r.Draft("text")
	again.Text = d.Text
	if out := r.Refused(again); out.Class != connector.Duplicate || out.Words != "These words were posted already. Change them." {
		t.Errorf("%s %q", out.Class, out.Words)
	}
}

func TestAVideoGoesInParts(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("video")
	d.Media[0].Size = 2*partSize + 17
	d.Media[0].File = zeros{}
	if p := r.Seen(r.Publish(d).ID); len(p.Files) != 1 || p.Files[0].Size != d.Media[0].Size {
		t.Errorf("%+v", p.Files)
	}
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

func TestAPostIsMeasuredAnsweredAndDeleted(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, xfake.New, xfake.Keys)
	first := r.Publish(r.Draft("images"))
	old := first
	old.At = first.At.Add(-40 * 24 * time.Hour)
	reply := r.Draft("text")
	reply.Role, reply.Parent, reply.Root = connector.Reply, &first, &first
	second := r.Publish(reply)
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{first, {ID: "404404", At: c.Now}})
		if len(figures) != 1 || fmt.Sprint(figures[0].Counts) != "map[bookmarks:5 likes:1 link_clicks:7 profile_clicks:8 quotes:4 replies:2 reposts:3 views:6]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{old})
		if len(figures) != 1 || len(figures[0].Counts) != 6 {
			t.Errorf("of an old post: %v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, _, err := m.Replies(ctx, c, first, "")
		if len(answers) != 1 || answers[0].ID != second.ID || answers[0].Parent != first.ID || !strings.Contains(answers[0].Text, "https://example.com/page") {
			t.Errorf("%+v", answers)
		}
		return err
	})
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, first) })
	}
	if n := len(r.Platform().Visible()); n != 1 {
		t.Errorf("%d are visible", n)
	}
}

func TestPeopleAreFoundByTheirHandle(t *testing.T) {
	t.Parallel()
	r := open(t)
	for query, want := range map[string]string{"@ada": "12", "nobody": ""} {
		r.Do(func(ctx context.Context, c *connector.Call) error {
			list, err := Connector{}.Lookup(ctx, c, "people", query, nil)
			if got := strings.Join(idsOf(list), ","); got != want {
				t.Errorf("%s: %q", query, got)
			}
			return err
		})
	}
}

func idsOf(list []connector.Option) []string {
	var out []string
	for _, o := range list {
		out = append(out, o.ID)
	}
	return out
}

func TestAccessIsEndedAtX(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Revoke(ctx, c) })
	r.Publish(r.Draft("text")) // the refresh token is another one, and still good
	r = conform.Open(t, New, xfake.New, xfake.Keys)
	r.Platform().EndAccess()
	if out := r.Refused(r.Draft("text")); out.End != connector.EndReconnect || out.Words != "X ended our access. Connect again." {
		t.Errorf("%s %q", out.End, out.Words)
	}
}

func TestWrongKeysAreSaidWhileConnecting(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"consumer_secret": "wrong-secret", "token_secret": "wrong-secret"} {
		a := fake.Account{Way: "keys", Fields: map[string]string{}}
		for k, v := range xfake.Keys.Fields {
			a.Fields[k] = v
		}
		a.Fields[name] = value
		if _, err := conform.TryOpen(t, New, xfake.New, a); err == nil || !strings.Contains(err.Error(), "X ended our access") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
