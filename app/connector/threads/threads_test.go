package threads

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
	"github.com/omniposto/omniposto/app/connector/threads/threadsfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, threadsfake.New) }

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, threadsfake.New, fake.Account{Way: "oauth"})
}

func TestSettingsReachThreads(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, c := range []struct {
		kind, settings string
		want           map[string]string
	}{
		{"text", `{"reply_control":"followers_only","topic_tag":"gardens","quote_post":{"id":"18050000000000001","label":"x"}}`, map[string]string{"reply_control": "followers_only", "topic_tag": "gardens", "quote_post_id": "18050000000000001"}},
		{"text", `{"poll":["yes","no","why"]}`, map[string]string{"poll_attachment": `{"option_a":"yes","option_b":"no","option_c":"why"}`, "reply_control": ""}},
		{"text", `{"link":"https://example.com/card"}`, map[string]string{"link_attachment": "https://example.com/card"}},
		{"text", `{"long_text":"All of it"}`, map[string]string{"text_attachment": `{"plaintext":"All of it"}`}},
		{"text", `{"gif":"abc12"}`, map[string]string{"gif_attachment": `{"gif_id":"abc12","provider":"GIPHY"}`}},
		{"text", `{"spoiler_words":["here"]}`, map[string]string{"text_entities": `[{"entity_type":"SPOILER","offset":14,"length":4}]`}},
		{"image", `{"spoiler":true,"poll":["a","b"]}`, map[string]string{"is_spoiler_media": "true", "poll_attachment": "", "media_type": "IMAGE"}},
		{"carousel", `{"spoiler":true}`, map[string]string{"is_spoiler_media": "", "media_type": "CAROUSEL"}},
	} {
		d := r.Draft(c.kind)
		d.Text = "🙂 hello from here"
		d.Settings = json.RawMessage(c.settings)
		got := r.Seen(r.Publish(d).ID).More
		for name, want := range c.want {
			if got[name] != want {
				t.Errorf("%s %s: %s is %q, want %q", c.kind, c.settings, name, got[name], want)
			}
		}
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, c := range []struct{ text, settings, want string }{
		{"Hello", `{}`, ""},
		{"Hello", `{"topic_tag":"a.b"}`, "topic_invalid"},
		{"Hello", `{"quote_post":"https://www.threads.com/@me/post/C1"}`, "quote_unknown"},
		{"Hello", `{"spoiler_words":["bye"]}`, "spoiler_unknown"},
		{"Hello", `{"poll":["one"]}`, "attachment_invalid"},
		{"Hello", `{"poll":["a","` + strings.Repeat("b", 26) + `"]}`, "attachment_invalid"},
		{"Hello", `{"poll":["a","b"],"gif":"x"}`, "attachment_invalid"},
		{"a.example b.example c.example", `{"link":"https://d.example"}`, ""},
		{"https://a.de https://b.de https://c.de https://d.de https://e.de https://a.de", `{}`, ""},
		{"https://a.de https://b.de https://c.de https://d.de https://e.de https://f.de", `{}`, "links_too_many"},
		{strings.Repeat("a", 496) + "🙂", `{}`, ""},
		{strings.Repeat("a", 497) + "🙂", `{}`, "text_too_long"},
	} {
		d := r.Draft("text")
		d.Text, d.Settings = c.text, json.RawMessage(c.settings)
		_, _ = spec.Ready(&d)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Code)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%.30s %s: %v, want %q", c.text, c.settings, got, c.want)
		}
	}
}

func TestAChannelLivesOnWhileItIsExtended(t *testing.T) {
	t.Parallel()
	r := open(t)
	try := func() (connector.Token, error) {
		var got connector.Token
		err := r.Try(func(ctx context.Context, c *connector.Call) (err error) {
			got, err = Connector{}.Refresh(ctx, c)
			return err
		})
		return got, err
	}
	if _, err := try(); connector.ClassOf(err) != connector.Reconnect {
		t.Errorf("a token of today was extended: %v", err)
	}
	r.Clock().Advance(25 * time.Hour)
	got, err := try()
	if err != nil || got.Access.Empty() || !got.ExpiresAt.After(r.Clock().Now().Add(59*24*time.Hour)) {
		t.Errorf("%v, until %s", err, got.ExpiresAt)
	}
}

func TestTheDaysPostsAreAskedForBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	r := open(t)
	for range 250 {
		r.Platform().ByHand("by hand", 0)
	}
	d := r.Draft("text")
	g := r.Publish(d) // it waits until the day is over
	if at := r.Seen(g.ID).At; at.Sub(d.At) < 23*time.Hour {
		t.Errorf("published after %s", at.Sub(d.At))
	}
}

func TestTheAddressIsReadAfterwards(t *testing.T) {
	t.Parallel()
	r := open(t)
	first := r.Publish(r.Draft("image"))
	if first.Permalink != "https://www.threads.com/@me" {
		t.Error(first.Permalink)
	}
	d := r.Draft("image")
	d.Role, d.Parent = connector.Finish, &first
	if got := r.Publish(d); got.ID != first.ID || got.Permalink != "https://www.threads.com/@me/post/C"+first.ID {
		t.Errorf("%+v", got)
	}
}

func TestAPostIsQuotedAnsweredMeasuredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	first := r.Publish(r.Draft("text"))
	last := first
	for range 3 {
		d := r.Draft("text")
		d.Role, d.Parent, d.Root = connector.Reply, &last, &first
		last = r.Publish(d)
	}
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		list, err := m.Lookup(ctx, c, "posts", "C"+first.ID, nil)
		if len(list) != 1 || list[0].ID != first.ID || !strings.HasPrefix(list[0].Label, "Hello ") {
			t.Errorf("%v", list)
		}
		return err
	})
	var chain []string
	for after, pages := "", 0; pages == 0 || after != ""; pages++ {
		r.Do(func(ctx context.Context, c *connector.Call) error {
			list, next, err := m.Replies(ctx, c, first, after)
			for _, a := range list {
				chain = append(chain, a.Parent+">"+a.ID)
			}
			after = next
			return err
		})
	}
	if len(chain) != 3 || !strings.HasSuffix(chain[2], ">"+last.ID) || !strings.HasPrefix(chain[0], first.ID+">") {
		t.Errorf("%v", chain)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{first, {ID: "404404"}})
		if len(figures) != 1 || fmt.Sprint(figures[0].Counts) != "map[likes:2 quotes:5 replies:3 reposts:4 shares:6 views:1]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, last) })
	}
	if n := len(r.Platform().Visible()); n != 3 {
		t.Errorf("%d are visible", n)
	}
}
