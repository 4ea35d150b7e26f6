package mastodon

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/mastodon/mastodonfake"
	"github.com/omniposto/omniposto/app/connector/text"
)

func TestConnector(t *testing.T) { conform.Run(t, New, mastodonfake.New) }

var byToken = fake.Account{Way: "token", Fields: map[string]string{"server": "mastodon.example", "token": mastodonfake.Token}}

func open(t *testing.T) *conform.Rig { return conform.Open(t, New, mastodonfake.New, byToken) }

func TestServersTellTheirLimits(t *testing.T) {
	t.Parallel()
	ch := open(t).Channel()
	if ch.Facts[FactCharacters] != 500 || ch.Facts[FactLink] != 23 || ch.Facts[FactAlt] != 1500 || ch.Facts[FactQuotes] != 1 || ch.Facts[FactOptions] != 4 {
		t.Errorf("%v", ch.Facts)
	}
	if ch.Handle != "@me@mastodon.example" || ch.Name != "Me" || !strings.Contains(ch.More["mime"], "image/webp") {
		t.Errorf("%+v", ch)
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Settings = json.RawMessage(`{"visibility":"unlisted","spoiler_text":"Careful","language":"de","sensitive":true,"quote_approval_policy":"followers","quoted_status":"https://mastodon.example/@me/1234567","poll_options":["yes","no"],"poll_expires_in":3600}`)
	p := r.Seen(r.Publish(d).ID)
	if p.More["visibility"] != "unlisted" || p.More["spoiler"] != "Careful" || p.More["quoted"] != "1234567" || p.More["poll"] != "yes|no" {
		t.Errorf("%v", p.More)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for settings, want := range map[string]string{
		`{}`: "",
		`{"spoiler_text":"` + strings.Repeat("w", 500) + `"}`:      "text_too_long",
		`{"poll_options":["one"]}`:                                 "poll_invalid",
		`{"poll_options":["a","a"]}`:                               "poll_invalid",
		`{"poll_options":["a","b","c","d","e"]}`:                   "poll_invalid",
		`{"poll_options":["a","` + strings.Repeat("b", 51) + `"]}`: "poll_invalid",
		`{"quoted_status":"https://elsewhere.example/nothing!"}`:   "quote_unknown",
	} {
		d := r.Draft("text")
		d.Settings = json.RawMessage(settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Code)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%.60s: %v, want %s", settings, got, want)
		}
	}
	d := r.Draft("images")
	d.Settings = json.RawMessage(`{"poll_options":["a","b"]}`)
	if got := spec.Check(&d); len(got) == 0 || got[0].Code != "poll_invalid" {
		t.Errorf("a poll with files: %v", got)
	}
}

func TestAPostIsEditedMeasuredAnsweredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	first := r.Publish(r.Draft("images"))
	reply := r.Draft("text")
	reply.Role, reply.Parent, reply.Root = connector.Reply, &first, &first
	second := r.Publish(reply)
	m := New().(Connector)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("images")
		d.Text = "Changed"
		_, err := m.Edit(ctx, c, first, &d)
		return err
	})
	if got := r.Seen(first.ID); got.Text != "Changed" {
		t.Errorf("edited is %q", got.Text)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{first, {ID: "404404"}})
		if len(figures) != 1 || fmt.Sprint(figures[0].Counts) != "map[likes:3 quotes:4 replies:1 reposts:2]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, _, err := m.Replies(ctx, c, first, "")
		if len(answers) != 1 || answers[0].ID != second.ID || answers[0].Parent != first.ID || !strings.HasPrefix(answers[0].Text, "Hello") {
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

func TestSignedInAccessIsEndedAtTheServer(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, mastodonfake.New, fake.Account{Way: "oauth", Fields: map[string]string{"server": "@me@mastodon.example"}})
	m := New().(Connector)
	r.Do(func(ctx context.Context, c *connector.Call) error { return m.Revoke(ctx, c) })
	if out := r.Refused(r.Draft("text")); out.End != connector.EndReconnect || out.Words == "" {
		t.Errorf("%s %q", out.End, out.Words)
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields map[string]string
		want   string
	}{
		"no token":     {map[string]string{"server": "mastodon.example"}, "Access token is needed."},
		"no server":    {map[string]string{"server": "nothing", "token": "x"}, "no address of a server"},
		"wrong token":  {map[string]string{"server": "mastodon.example", "token": "wrong-token"}, "Your server ended our access"},
		"another word": {map[string]string{"server": "mastodon.example", "token": "x", "tokens": "y"}, "There is no field"},
	} {
		_, err := conform.TryOpen(t, New, mastodonfake.New, fake.Account{Way: "token", Fields: c.fields})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWordsAreComparedAsTheServerShowsThem(t *testing.T) {
	t.Parallel()
	for written, shown := range map[string]string{
		"Hi @ada@example.social  and\n\nmore": `<p>Hi <span class="h-card"><a href="https://example.social/@ada">@<span>ada</span></a></span> and</p><p>more</p>`,
		"a & b <c>":                           `<p>a &amp; b &lt;c&gt;</p>`,
		"see https://example.com/a":           `<p>see <a href="https://example.com/a"><span class="invisible">https://</span><span class="">example.com/a</span></a></p>`,
		"one\ntwo #tag":                       `<p>one<br />two <a href="#">#<span>tag</span></a></p>`,
	} {
		if a, b := folded(written), folded(text.Words(shown)); a != b {
			t.Errorf("%q and %q", a, b)
		}
	}
}

// TestServersThatOnlyTalkLikeMastodonAreRefused: what they do with a key that comes twice nobody has told.
func TestServersThatOnlyTalkLikeMastodonAreRefused(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"4.4.2": "", "4.3.0+glitch": "", "2.7.2 (compatible; Akkoma 3.13.2)": "Connect it as Pleroma", "4.2.1 (compatible; Sharkey 2024.5.1)": "Sharkey 2024.5.1",
	} {
		err := instance{Version: version}.belongs(&spec)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(connector.AsFailed(err).Words, want) {
			t.Errorf("%s: %v", version, err)
		}
	}
}
