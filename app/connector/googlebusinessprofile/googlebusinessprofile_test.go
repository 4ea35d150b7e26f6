package googlebusinessprofile

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/googlebusinessprofile/googlebusinessprofilefake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, googlebusinessprofilefake.New) }

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, googlebusinessprofilefake.New, fake.Account{Way: "oauth"})
}

func TestSettingsReachGoogle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind, settings string
		want                 map[string]string
	}{
		{"a button with an address", update, `{"cta_type":"learn_more","cta_url":"https://example.com/a","language":"de"}`, map[string]string{"topic": "STANDARD", "button": "LEARN_MORE", "url": "https://example.com/a", "language": "de"}},
		{"a call has none", update, `{"cta_type":"call","cta_url":"https://example.com/a"}`, map[string]string{"button": "CALL", "url": ""}},
		{"an event in the place's own time", event, `{"event_title":"Open day","event_start":"2026-12-01 10:00","event_end":"2026-12-02 18:30"}`, map[string]string{"topic": "EVENT", "title": "Open day", "start": "2026-12-01 10:00", "end": "2026-12-02 18:30"}},
		{
			"an offer has no button", offer, `{"cta_type":"shop","cta_url":"https://example.com/a","event_title":"Half price","event_start":"2026-12-01 00:00","event_end":"2026-12-24 23:59","coupon_code":"HALF","redeem_url":"https://example.com/r","terms":"While stocks last"}`,
			map[string]string{"topic": "OFFER", "button": "", "coupon": "HALF", "redeem": "https://example.com/r", "terms": "While stocks last", "end": "2026-12-24 23:59"},
		},
	} {
		r := open(t)
		d := r.Draft(c.kind)
		d.Settings = json.RawMessage(c.settings)
		m := r.Seen(r.Publish(d).ID).More
		for name, want := range c.want {
			if m[name] != want {
				t.Errorf("%s: %s is %q", c.name, name, m[name])
			}
		}
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, c := range []struct{ kind, text, settings, want string }{
		{update, "Words", `{}`, ""},
		{update, "Words", `{"language":"klingon!"}`, "language_unknown"},
		{update, "Words", `{"cta_type":"book"}`, "setting_missing"},
		{update, "Words", `{"cta_type":"call"}`, ""},
		{update, "Ring (0731) 555-0100 today", `{}`, "phone_in_text"},
		{update, "In 2026 we baked 12,500 loaves", `{}`, ""},
		{event, "Words", `{"event_title":"A","event_start":"tomorrow ten","event_end":"2026-12-02 18:30"}`, "time_unreadable"},
		{event, "Words", `{"event_title":"A","event_start":"2026-12-03 10:00","event_end":"2026-12-02 18:30"}`, "time_order"},
		{event, "Words", `{"event_title":"A","event_start":"2026-12-03 10:00"}`, "setting_missing"},
	} {
		d := r.Draft(c.kind)
		d.Text, d.Settings = c.text, json.RawMessage(c.settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Code)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %q %s: %v, want %q", c.kind, c.text, c.settings, got, c.want)
		}
	}
	d := r.Draft(update)
	d.Media[0].Width, d.Media[0].Height = 249, 400
	if got := spec.Check(&d); len(got) != 1 || got[0].Code != "media_pixels" {
		t.Errorf("a small picture: %v", got)
	}
}

func TestPlacesThatMayPostAreChosenOnce(t *testing.T) {
	t.Parallel()
	r := open(t)
	if ch := r.Channel(); ch.Target != "accounts/1/locations/2" || ch.Name != "The bakery" || ch.URL == "" {
		t.Errorf("%+v", ch)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Choose(ctx, c)
		if len(list) != 1 || list[0].Help != "Main Street 1, Ulm" {
			t.Errorf("%+v", list)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		who, err := Connector{}.Who(ctx, c)
		if who.ID != r.Channel().Target || len(who.Notes) != 0 {
			t.Errorf("%+v", who)
		}
		return err
	})
}

func TestGooglesLookIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, refused string }{
		{"it stays", "Fresh bread", ""},
		{"it is taken down", "Ring 555-0100", "Google looked at the post and refused it."},
	} {
		r := open(t)
		d := r.Draft(update)
		d.Text = c.text
		receipt := r.Publish(d)
		if receipt.Permalink != r.Channel().URL {
			t.Errorf("%s: before the look its address is %q", c.name, receipt.Permalink)
		}
		after := d
		after.Role, after.Parent, after.Root = connector.Finish, &receipt, &receipt
		if c.refused != "" {
			if out := r.Refused(after); out.Words != c.refused {
				t.Errorf("%s: %q", c.name, out.Words)
			}
			continue
		}
		if got := r.Publish(after); got.ID != receipt.ID || !strings.HasPrefix(got.Permalink, "https://local.google.com/") {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestARefusalIsToldInTheWordsOfWhatWasWrong(t *testing.T) {
	t.Parallel()
	err := told(&connector.Failed{Class: connector.Rejected, Words: "Other words"})
	if f := connector.AsFailed(err); f.Words != "Other words" {
		t.Errorf("%q", f.Words)
	}
	r := open(t)
	d := r.Draft(update)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		receipt := r.Publish(d)
		d.Text = ""
		_, err := c.Send(ctx, connector.Request{Method: "PATCH", Path: "/v4/" + receipt.ID, JSON: map[string]string{}})
		if f := connector.AsFailed(told(err)); f == nil || f.Words != "It can't be changed." {
			t.Errorf("%v", err)
		}
		return nil
	})
}

func TestAPostIsEditedAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft(update)
	d.Settings = json.RawMessage(`{"cta_type":"shop","cta_url":"https://example.com/a"}`)
	post := r.Publish(d)
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d.Text, d.Settings = "Changed", json.RawMessage(`{}`)
		_, err := m.Edit(ctx, c, post, &d)
		return err
	})
	if got := r.Seen(post.ID); got.Text != "Changed" || got.More["button"] != "" || len(got.Files) != 1 {
		t.Errorf("%+v", got)
	}
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, post) })
	}
	if n := len(r.Platform().Visible()); n != 0 {
		t.Errorf("%d are visible", n)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error { return m.Revoke(ctx, c) })
}
