package mattermost

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/mattermost/mattermostfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, mattermostfake.New) }

func accounts() []fake.Account { return mattermostfake.New(fake.World{}).Accounts() }

func open(t *testing.T, way int) *conform.Rig {
	t.Helper()
	return conform.Open(t, New, mattermostfake.New, accounts()[way])
}

const (
	asBot  = 0
	asHook = 1
)

func TestABotPostsIntoTheChannelWithItsSettings(t *testing.T) {
	t.Parallel()
	r := open(t, asBot)
	ch := r.Channel()
	if ch.Name != "Town Square" || ch.Handle != "~town-square" || ch.URL != "https://chat.example/team/channels/town-square" || ch.Facts[factMessage] != 16383 || ch.Facts[factFile] != 100<<20 {
		t.Errorf("%+v", ch)
	}
	d := r.Draft("post")
	d.Settings = json.RawMessage(`{"priority":"urgent"}`)
	first := r.Publish(d)
	p := r.Seen(first.ID)
	if p.More["priority"] != "urgent" || p.Key != d.Key || first.Permalink != "https://chat.example/team/pl/"+first.ID {
		t.Errorf("%+v %+v", p, first)
	}
	d = r.Draft("post")
	d.Settings = json.RawMessage(`{"priority":"urgent","thread":"` + first.Permalink + `"}`)
	second := r.Publish(d)
	if p := r.Seen(second.ID); p.Parent != first.ID || p.More["priority"] != "" || second.More["root"] != first.ID {
		t.Errorf("%+v %+v", p, second)
	}
	d.Settings = json.RawMessage(`{"thread":"not an address"}`)
	if out := r.Refused(d); out.Step != "check" {
		t.Errorf("%+v", out)
	}
}

func TestACopyOfOurPostIsntOurs(t *testing.T) {
	t.Parallel()
	r := open(t, asBot)
	r.Platform().(*mattermostfake.Platform).Copy("key-of-ours")
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.List(ctx, c)
		if len(list) != 1 || list[0].Sign != "" || list[0].ID == "" {
			t.Errorf("%+v", list)
		}
		return err
	})
}

func TestAPostIsEditedReadMeasuredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t, asBot)
	d := r.Draft("post")
	receipt := r.Publish(d)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d.Text = "Changed"
		_, err := Connector{}.Edit(ctx, c, receipt, &d)
		return err
	})
	if p := r.Seen(receipt.ID); p.Text != "Changed" || p.Key == "" || len(p.Files) != 2 {
		t.Errorf("%+v", p)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, next, err := Connector{}.Replies(ctx, c, receipt, "")
		if list != nil || next != "" {
			t.Errorf("%+v", list)
		}
		return err
	})
	r.Platform().(*mattermostfake.Platform).Answer(receipt.ID, "Nice")
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, next, err := Connector{}.Replies(ctx, c, receipt, "")
		if len(list) != 1 || list[0].Text != "Nice" || list[0].Handle != "@bob" || list[0].At.IsZero() || next != "" {
			t.Errorf("%+v", list)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Measure(ctx, c, []connector.Receipt{receipt, {ID: "gone"}})
		if len(list) != 1 || list[0].Counts["likes"] != 2 || list[0].Counts["replies"] != 1 {
			t.Errorf("%+v", list)
		}
		return err
	})
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	}
}

func TestAWebhookPostsUnderAnotherNameAndCanDoNothingElse(t *testing.T) {
	t.Parallel()
	r := open(t, asHook)
	d := r.Draft("webhook")
	d.Settings = json.RawMessage(`{"username":"Herald","icon_url":"https://example.com/i.png","channel":"off-topic"}`)
	receipt := r.Publish(d)
	p := r.Platform().Visible()[0]
	if p.More["username"] != "Herald" || p.More["icon"] != "https://example.com/i.png" || p.More["channel"] != "off-topic" || receipt.ID != d.Key || r.Channel().Name != "Town Square" {
		t.Errorf("%+v %+v", p, receipt)
	}
	d.Settings = json.RawMessage(`{"channel":"locked"}`)
	if out := r.Refused(d); out.Class != connector.Rejected || !strings.Contains(out.Words, "bound to its own channel") {
		t.Errorf("%+v", out)
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
		if err2 != nil || answers != nil || figures != nil {
			t.Errorf("%v %v %v", answers, figures, err2)
		}
		return err
	})
}

func TestChannelsAreReadAsPeoplePasteThem(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"https://chat.example/team/channels/town-square": "team town-square", "https://chat.example/sub/team/channels/town-square/": "team town-square",
		"team/town-square": "team town-square", "Team/~Off-Topic": "team off-topic", "town-square": " ", "https://chat.example/team/messages/@bob": " ", "a/b/c/d": " ", "": " ",
	} {
		if team, channel := place(s); team+" "+channel != want {
			t.Errorf("%s: %s %s", s, team, channel)
		}
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ way, field, value, want string }{
		{"token", "token", "not this one", "doesn't accept the token"}, {"token", "channel", "town-square", "copy the address"}, {"token", "channel", "team/none", "doesn't know this channel"},
		{"token", "channel", "team/old", "archived"}, {"webhook", "address", "https://chat.example/api/v4/posts", "isn't the address of a webhook"}, {"webhook", "address", "https://chat.example/hooks/", "isn't the address"},
	} {
		a := accounts()[asBot]
		if c.way == "webhook" {
			a = accounts()[asHook]
		}
		a.Fields[c.field] = c.value
		if _, err := conform.TryOpen(t, New, mattermostfake.New, a); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.value, err)
		}
	}
}
