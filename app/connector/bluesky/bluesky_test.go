package bluesky

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/bluesky/blueskyfake"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, blueskyfake.New) }

func account(password string) fake.Account {
	a := blueskyfake.New(fake.World{}).Accounts()[0]
	if password != "" {
		a.Fields["password"] = password
	}
	return a
}

func open(t *testing.T) *conform.Rig { return conform.Open(t, New, blueskyfake.New, account("")) }

// written is the record that a draft became.
func written(t *testing.T, r *conform.Rig, receipt connector.Receipt, collection string) map[string]any {
	t.Helper()
	raw := r.Platform().(*blueskyfake.Platform).Record(collection, receipt.ID[strings.LastIndexByte(receipt.ID, '/')+1:])
	var out map[string]any
	if raw == "" || json.Unmarshal([]byte(raw), &out) != nil {
		t.Fatalf("there is no %s: %q", collection, raw)
	}
	return out
}

func TestGatesAppearWithThePost(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Settings = json.RawMessage(`{"reply_control":"some","reply_allow":["mentioned","following"],"reply_lists":[{"id":"at://did:plc:x/app.bsky.graph.list/1","label":"Friends"}],"allow_quotes":false}`)
	receipt := r.Publish(d)
	gate := fmt.Sprint(written(t, r, receipt, threadgate)["allow"])
	if !strings.Contains(gate, "mentionRule") || !strings.Contains(gate, "followingRule") || !strings.Contains(gate, "app.bsky.graph.list/1") {
		t.Errorf("%s", gate)
	}
	if rules := fmt.Sprint(written(t, r, receipt, postgate)["embeddingRules"]); !strings.Contains(rules, "disableRule") {
		t.Errorf("%s", rules)
	}
	d = r.Draft("text")
	d.Settings = json.RawMessage(`{"reply_control":"nobody"}`)
	if allow, ok := written(t, r, r.Publish(d), threadgate)["allow"].([]any); !ok || len(allow) != 0 {
		t.Error("nobody is an empty list, not an absent one")
	}
}

func TestSettingsReachTheRecord(t *testing.T) {
	t.Parallel()
	r := open(t)
	quoted := r.Publish(r.Draft("text"))
	d := r.Draft("images")
	d.Settings = json.RawMessage(`{"languages":["de","pt-BR"],"extra_tags":["hidden"],"self_label":"nudity","quote_uri":"` + quoted.Permalink + `"}`)
	post := fmt.Sprint(written(t, r, r.Publish(d), collection))
	for _, want := range []string{"langs:[de pt-BR]", "tags:[hidden]", "val:nudity", "app.bsky.embed.recordWithMedia", quoted.ID, "app.bsky.embed.images", "aspectRatio:map[height:480 width:640]"} {
		if !strings.Contains(post, want) {
			t.Errorf("%s isn't in %s", want, post)
		}
	}
}

func TestLinksGetACardUnlessSaidOtherwise(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	if post := fmt.Sprint(written(t, r, r.Publish(d), collection)); !strings.Contains(post, "app.bsky.embed.external") || !strings.Contains(post, "title:A page") || !strings.Contains(post, "thumb:") {
		t.Errorf("%s", post)
	}
	d = r.Draft("text")
	d.Settings = json.RawMessage(`{"link_card":false}`)
	if post := fmt.Sprint(written(t, r, r.Publish(d), collection)); strings.Contains(post, "embed:") || !strings.Contains(post, "facet#link") {
		t.Errorf("%s", post)
	}
}

func TestHandlesThatNobodyHasStayWords(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Text = "Hi @friend.example and @nobody.invalid and @short"
	post := fmt.Sprint(written(t, r, r.Publish(d), collection))
	if strings.Count(post, "facet#mention") != 1 || !strings.Contains(post, "did:plc:friendexample") || !strings.Contains(post, "byteStart:3") {
		t.Errorf("%s", post)
	}
}

func TestKeysFollowFromTheDelivery(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[234567abcdefghij][234567a-z]{12}$`)
	at := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for i := range 500 {
		d := &connector.Draft{Key: fmt.Sprint(i), At: at}
		key := recordKey(d)
		if !form.MatchString(key) || seen[key] || key != recordKey(d) {
			t.Errorf("%s of delivery %d", key, i)
		}
		seen[key] = true
		if later := recordKey(&connector.Draft{Key: fmt.Sprint(i), At: at.Add(time.Second)}); later <= key {
			t.Errorf("%s a second later than %s", later, key)
		}
	}
}

func TestWhoWritesAndReadsAfterwards(t *testing.T) {
	t.Parallel()
	r := open(t)
	if ch := r.Channel(); ch.RemoteID == "" || ch.Handle != "ada.bsky.social" || ch.Name != "Ada" || ch.More["pds"] == "" || len(ch.Fields) != 2 {
		t.Errorf("%+v", ch)
	}
	first := r.Publish(r.Draft("text"))
	reply := r.Draft("text")
	reply.Role, reply.Parent, reply.Root = connector.Comment, &first, &first
	second := r.Publish(reply)
	b := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, _, err := b.Replies(ctx, c, first, "")
		if len(answers) != 1 || answers[0].ID != second.ID || answers[0].Parent != first.ID || answers[0].URL != second.Permalink {
			t.Errorf("%+v", answers)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := b.Measure(ctx, c, []connector.Receipt{first, second})
		if len(figures) != 2 || figures[0].Counts["likes"] != 5 || figures[0].Counts["saves"] != 1 {
			t.Errorf("%+v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		lists, err := b.Lookup(ctx, c, "lists", "", nil)
		people, err2 := b.Lookup(ctx, c, "people", "fri", nil)
		if err2 != nil || len(lists) != 1 || lists[0].Label != "Friends" || len(people) != 1 || people[0].ID != "fri.example" {
			t.Errorf("%v %v %v", lists, people, err2)
		}
		return err
	})
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return b.Delete(ctx, c, first) })
	}
	if len(r.Platform().Visible()) != 1 {
		t.Error("it is still there")
	}
	r.Do(func(ctx context.Context, c *connector.Call) error { return b.Revoke(ctx, c) })
	r.Platform().EndAccess()
	if out := r.Refused(r.Draft("text")); out.End != connector.EndReconnect {
		t.Errorf("after disconnecting: %s", out.End)
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := conform.TryOpen(t, New, blueskyfake.New, account("wrong-password"))
	if err == nil || !strings.Contains(err.Error(), "app password weren't accepted") || strings.Contains(err.Error(), "wrong-password") {
		t.Errorf("%v", err)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	for settings, want := range map[string]string{
		`{}`: "", `{"reply_control":"some"}`: "setting_missing", `{"languages":["!"]}`: "language_unknown", `{"quote_uri":"https://example.com/x"}`: "quote_unknown",
		`{"extra_tags":["` + strings.Repeat("x", 65) + `"]}`:                                                       "tag_too_long",
		`{"reply_control":"some","reply_allow":["mentioned","followers","following"],"reply_lists":["a","b","c"]}`: "too_many_rules",
	} {
		d := r.Draft("text")
		d.Settings = json.RawMessage(settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Code)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", settings, got, want)
		}
	}
}
