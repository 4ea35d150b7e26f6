package twitch

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/twitch/twitchfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, twitchfake.New) }

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, twitchfake.New, fake.Account{Way: "oauth"})
}

func TestAnAnnouncementHasAColourAndStays(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft(announcement)
	d.Settings = json.RawMessage(`{"color":"purple"}`)
	receipt := r.Publish(d)
	if seen := r.Platform().Visible(); len(seen) != 1 || seen[0].More["color"] != "purple" || receipt.ID != d.Key || receipt.Permalink != "https://twitch.tv/me" {
		t.Errorf("%+v %+v", seen, receipt)
	}
	err := r.Try(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	if f := connector.AsFailed(err); f == nil || f.Class != connector.Rejected || len(r.Platform().Visible()) != 1 {
		t.Errorf("deleting it: %v", err)
	}
}

func TestWhoIsntLiveStaysSilentWhereThatIsAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		chat string
		sent bool
	}{{"12345", false}, {"222", true}} {
		r := open(t)
		for _, kind := range []string{message, announcement} {
			d := r.Draft(kind)
			d.Channel.Target, d.Settings = c.chat, json.RawMessage(`{"only_when_live":true}`)
			if c.sent {
				r.Publish(d)
			} else if out := r.Refused(d); !strings.Contains(out.Words, "isn't live") {
				t.Errorf("%s: %q", kind, out.Words)
			}
		}
	}
}

func TestWhyAMessageWasntSentIsTold(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft(message)
	d.Text = "These are forbidden words"
	if out := r.Refused(d); out.Words != "Your message wasn't posted due to conflicts with the channel's moderation settings." || out.Class != connector.Rejected {
		t.Errorf("%+v", out)
	}
}

func TestTheSameWordsAtOnceAreToldToStandThere(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft(message)
	r.Publish(d)
	again := d
	again.Key = strings.Repeat("b", 32)
	if out := r.Refused(again); out.Class != connector.Duplicate {
		t.Errorf("%+v", out)
	}
	r.Clock().Advance(time.Minute)
	r.Publish(again)
}

func TestChatsAreOnesOwnAndThoseOneModerates(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Choose(ctx, c)
		var got []string
		for _, target := range list {
			got = append(got, target.ID+" "+target.Handle+" "+target.More[sender])
		}
		if strings.Join(got, ", ") != "12345 me 12345, 222 ada 12345, 333 ben 12345" {
			t.Errorf("%v", got)
		}
		return err
	})
	for _, c := range []struct{ chat, name string }{{"12345", "Me"}, {"333", "Ben"}, {"444", ""}} {
		r.Do(func(ctx context.Context, call *connector.Call) error {
			call.Channel.Target = c.chat
			who, err := Connector{}.Who(ctx, call)
			if who.Name != c.name || (c.name == "") != (connector.ClassOf(err) == connector.Reconnect) {
				t.Errorf("%s: %+v, %v", c.chat, who, err)
			}
			return nil
		})
	}
}

func TestAMessageIsDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	receipt := r.Publish(r.Draft(message))
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	}
	if n := len(r.Platform().Visible()); n != 0 {
		t.Errorf("%d are visible", n)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Revoke(ctx, c) })
}
