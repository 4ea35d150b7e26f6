package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/slack/slackfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, slackfake.New) }

const (
	asBot  = 0
	asHook = 1
)

func accounts() []fake.Account { return slackfake.New(fake.World{}).Accounts() }

func open(t *testing.T, way int) *conform.Rig {
	t.Helper()
	return conform.Open(t, New, slackfake.New, accounts()[way])
}

func platform(r *conform.Rig) *slackfake.Platform { return r.Platform().(*slackfake.Platform) }

func TestMarkdownBecomesSlacksOwn(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"plain":                                 "plain",
		"**bold** and *it* ~~gone~~":            "*bold* and _it_ ~gone~",
		"**bold *both* bold**":                  "*bold _both_ bold*",
		"`a<b` & c":                             "`a&lt;b` &amp; c",
		"[a & b](https://x.example/?a=1&b=2|c)": "<https://x.example/?a=1&amp;b=2%7Cc|a &amp; b>",
		"see https://x.example/?a=1&b=2":        "see https://x.example/?a=1&amp;b=2",
		"||secret|| <!channel>":                 "secret &lt;!channel&gt;",
		"```\ncode *x*\n```":                    "```code *x*```",
		"**[a](https://x.example)**b":           "*<https://x.example|a>*b",
	} {
		if got := mrkdwn(words); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

func TestABotJoinsThePublicChannelAndPostsWithItsSettings(t *testing.T) {
	t.Parallel()
	r := open(t, asBot)
	if ch := r.Channel(); !platform(r).Member() || ch.Handle != "#general" || ch.Name != "Posto #general" || ch.URL != "https://posto.slack.com/archives/C0000GENERAL" {
		t.Errorf("%+v", ch)
	}
	d := r.Draft("message")
	d.Text = "Hello **you**"
	d.Settings = json.RawMessage(`{"mention":"here","unfurl":false,"username":"Herald","icon_url":"https://example.com/i.png"}`)
	first := r.Publish(d)
	p := r.Seen(first.ID)
	for _, want := range []string{`"text":"\u003c!here\u003e Hello *you*"`, `"unfurl_links":false`, `"username":"Herald"`, `"icon_url":"https://example.com/i.png"`, `"event_payload":{"id":"` + d.Key} {
		if !strings.Contains(p.More["all"], want) {
			t.Errorf("%s isn't in %s", want, p.More["all"])
		}
	}
	if want := "https://posto.slack.com/archives/C0000GENERAL/p" + strings.Replace(first.ID, ".", "", 1); first.Permalink != want || first.At.Unix() != r.Clock().Now().Unix() {
		t.Errorf("%+v, want %s", first, want)
	}
	d = r.Draft("message")
	d.Settings = json.RawMessage(`{"thread":"` + first.Permalink + `","broadcast":true}`)
	second := r.Publish(d)
	if p := r.Seen(second.ID); p.Parent != first.ID || !strings.Contains(p.More["all"], `"reply_broadcast":true`) || !strings.Contains(second.Permalink, "thread_ts="+first.ID) {
		t.Errorf("%+v %+v", p, second)
	}
	d.Settings = json.RawMessage(`{"thread":"` + second.Permalink + `"}`)
	d.Key = strings.Repeat("c", 32)
	if p := r.Seen(r.Publish(d).ID); p.Parent != second.ID {
		t.Errorf("the link of an answer leads into its thread: %+v", p)
	}
}

func TestFilesNameTheirMessageAMomentLater(t *testing.T) {
	t.Parallel()
	r := open(t, asBot)
	d := r.Draft("files")
	before := r.Clock().Now()
	receipt := r.Publish(d)
	if p := r.Seen(receipt.ID); len(p.Files) != 2 || p.Files[0].Alt != d.Media[0].Alt || r.Clock().Now().Sub(before) > time.Minute {
		t.Errorf("%+v after %s", p, r.Clock().Now().Sub(before))
	}
	d = r.Draft("files")
	d.Text, d.Settings = "", json.RawMessage(`{"mention":"channel"}`)
	if out := r.Refused(d); out.Step != "check" || !strings.Contains(out.Words, "mention") {
		t.Errorf("%+v", out)
	}
}

func TestFilesArentSharedAgainBecauseTheirRecordIsBehind(t *testing.T) {
	t.Parallel()
	completed, asked := 0, 0
	r := conform.Open(t, New, conform.InFront(slackfake.New, func(p fake.Platform, w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/api/files.completeUploadExternal":
			if completed++; completed == 1 {
				p.ServeHTTP(httptest.NewRecorder(), r)
				w.WriteHeader(http.StatusBadGateway)
				return true
			}
		case "/api/files.info":
			if asked++; asked == 1 {
				fake.Answer(w, http.StatusOK, map[string]any{"ok": true, "file": map[string]any{"shares": map[string]any{}}})
				return true
			}
		}
		return false
	}), accounts()[asBot])
	receipt := r.Publish(r.Draft("files"))
	if seen := r.Platform().Visible(); completed != 1 || asked != 2 || len(seen) != 1 || seen[0].ID != receipt.ID {
		t.Errorf("completed %d times, asked %d times, %d visible", completed, asked, len(seen))
	}
}

func TestAMessageIsFoundAmongManyAlsoWhereFewComeAtOnce(t *testing.T) {
	t.Parallel()
	r := open(t, asBot)
	receipt := r.Publish(r.Draft("message"))
	for range 30 {
		r.Platform().ByHand("noise", 0)
	}
	platform(r).Copy("key-of-ours")
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.List(ctx, c)
		if len(list) != 32 || list[0].Sign != "" || list[31].ID != receipt.ID || list[31].Sign == "" {
			t.Errorf("%d in the list, the oldest is %+v", len(list), list[len(list)-1])
		}
		return err
	})
}

func TestAMessageIsEditedReadMeasuredDeletedAndTheTokenEnded(t *testing.T) {
	t.Parallel()
	r := open(t, asBot)
	d := r.Draft("message")
	receipt := r.Publish(d)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d.Text = "Changed & more"
		_, err := Connector{}.Edit(ctx, c, receipt, &d)
		return err
	})
	if got := r.Seen(receipt.ID).Text; got != "Changed & more" {
		t.Errorf("%q", got)
	}
	for range 16 {
		platform(r).Answer(receipt.ID, "Nice")
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, next, err := Connector{}.Replies(ctx, c, receipt, "")
		more, end, err2 := Connector{}.Replies(ctx, c, receipt, next)
		if err2 != nil || len(list) != 14 || next == "" || len(more) != 2 || end != "" || list[0].Author != "Bob B." || list[0].At.IsZero() || list[0].Text != "Nice" {
			t.Errorf("%d %q %d %q %+v", len(list), next, len(more), end, err2)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Measure(ctx, c, []connector.Receipt{receipt, {ID: "1.2"}})
		if len(list) != 1 || list[0].Counts["likes"] != 3 || list[0].Counts["replies"] != 16 {
			t.Errorf("%+v", list)
		}
		return err
	})
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	}
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Revoke(ctx, c) })
	}
	if out := r.Refused(r.Draft("message")); out.End != connector.EndReconnect {
		t.Errorf("%+v", out)
	}
}

func TestAWebhookPostsTextAndCanDoNothingElse(t *testing.T) {
	t.Parallel()
	r := open(t, asHook)
	d := r.Draft("webhook")
	d.Settings = json.RawMessage(`{"mention":"channel","unfurl":false}`)
	receipt := r.Publish(d)
	if p := r.Platform().Visible()[0]; !strings.HasPrefix(p.More["raw"], "<!channel> Hello") || p.More["unfurl"] != "false" || receipt.ID != d.Key {
		t.Errorf("%+v %+v", p, receipt)
	}
	for name, do := range map[string]func(context.Context, *connector.Call) error{
		"edit": func(ctx context.Context, c *connector.Call) error {
			_, err := Connector{}.Edit(ctx, c, receipt, &d)
			return err
		},
		"delete": func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) },
		"list":   func(ctx context.Context, c *connector.Call) error { _, err := Connector{}.List(ctx, c); return err },
	} {
		if err := r.Try(do); connector.ClassOf(err) != connector.Rejected {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, _, err := Connector{}.Replies(ctx, c, receipt, "")
		figures, err2 := Connector{}.Measure(ctx, c, []connector.Receipt{receipt})
		if err2 != nil || answers != nil || figures != nil || (Connector{}).Revoke(ctx, c) != nil {
			t.Errorf("%v %v %v", answers, figures, err2)
		}
		return err
	})
}

func TestThreadsAreReadFromLinks(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"https://posto.slack.com/archives/C1/p1700000000123456":                                    "1700000000.123456",
		"https://posto.slack.com/archives/C1/p1700000000123456?thread_ts=1600000000.000001&cid=C1": "1600000000.000001",
		"1700000000.123456": "1700000000.123456", "https://posto.slack.com/archives/C1": "", "hello": "", "1700000000": "",
	} {
		if got := threadTS(s); got != want {
			t.Errorf("%s: %q", s, got)
		}
	}
}

func TestAMissingRightIsNamed(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fake.Answer(w, http.StatusOK, map[string]any{"ok": false, "error": "missing_scope", "needed": "files:write"})
	}))
	t.Cleanup(s.Close)
	g := connector.Grip{Clock: clock.NewManual(time.Date(2026, 9, 1, 9, 0, 0, 0, time.UTC)), Network: outbound.Configured(outbound.Rules{}), BaseURL: s.URL, Token: connector.Token{Access: secret.NewText("xoxb-canary")}}
	_, err := connector.Do(context.Background(), New(), connector.Channel{Way: wayToken}, &g, "who", New().Who)
	if f := connector.AsFailed(err); f == nil || f.Class != connector.Reconnect || !strings.Contains(f.Words, "files:write") {
		t.Errorf("%v", err)
	}
}

// TestSigningInConnectsTheChannelThatWasNamed takes the way of a browser.
func TestSigningInConnectsTheChannelThatWasNamed(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(slackfake.New(fake.World{}))
	t.Cleanup(s.Close)
	const callback = "https://posto.example/connect/slack/callback"
	g := connector.Grip{
		Clock: clock.System(), Network: outbound.Configured(outbound.Rules{}), BaseURL: s.URL,
		App: connector.App{ID: slackfake.ClientID, Secret: secret.NewText(slackfake.ClientSecret)},
	}
	sign, at, err := connector.Begin(context.Background(), New(), wayOAuth, map[string]string{"channel": "https://posto.slack.com/archives/C0000GENERAL"}, callback, "state", g)
	if err != nil {
		t.Fatal(err)
	}
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(back.String(), callback) {
		t.Fatalf("%d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
	joined, err := connector.Complete(context.Background(), New(), sign, back.Query(), g)
	if err != nil || joined.Channel.Handle != "#general" || joined.Token.Access.Empty() || len(joined.Token.Scopes) != len(scopes) {
		t.Errorf("%+v %v", joined.Channel, err)
	}
	if _, err := connector.Complete(context.Background(), New(), sign, back.Query(), g); connector.ClassOf(err) != connector.Rejected {
		t.Errorf("the code again: %v", err)
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		way                int
		field, value, want string
	}{
		{asBot, "token", "xoxb-other", "doesn't accept the token"}, {asBot, "channel", "#none", "no channel of that name"}, {asBot, "channel", "C0000NOWHERE", "no such channel"},
		{asBot, "channel", "quiet", "/invite @posto"}, {asBot, "channel", "https://posto.slack.com/archives/C0000ARCHIVE", "archived"}, {asHook, "address", "https://hooks.slack.com/workflows/1", "isn't the address"},
		{asHook, "address", "https://evil.example/services/T/B/x", "isn't the address"},
	} {
		a := accounts()[c.way]
		a.Fields[c.field] = c.value
		if _, err := conform.TryOpen(t, New, slackfake.New, a); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.value, err)
		}
	}
}
