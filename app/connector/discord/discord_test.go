package discord

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/discord/discordfake"
	"github.com/omniposto/omniposto/app/connector/fake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, discordfake.New) }

func account() fake.Account { return discordfake.New(fake.World{}).Accounts()[0] }

func TestAForumNeedsATitle(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, discordfake.New, discordfake.Forum())
	d := r.Draft("message")
	if out := r.Refused(d); out.Class != connector.Rejected || out.Fix != "choose" || out.Step != "check" {
		t.Errorf("%+v", out)
	}
	d.Settings = json.RawMessage(`{"thread_name":"News","applied_tags":["1"]}`)
	receipt := r.Publish(d)
	if p := r.Seen(receipt.ID); p.More["thread"] != "News" || receipt.More["thread"] == "" || !strings.Contains(receipt.Permalink, "/"+receipt.More["thread"]+"/") {
		t.Errorf("%+v %+v", p.More, receipt)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
}

func TestSettingsReachDiscord(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, discordfake.New, account())
	d := r.Draft("message")
	d.Settings = json.RawMessage(`{"username":"Herald","embed_title":"T","embed_description":"D","embed_color":"#5865f2","embed_url":"https://example.com","poll_question":"Well?","poll_answers":["yes","no"],"mentions":"everyone","silent":true,"suppress_embeds":true}`)
	p := r.Seen(r.Publish(d).ID)
	if p.More["username"] != "Herald" || p.More["embeds"] != "1" || !strings.Contains(p.More["poll"], "Well?") {
		t.Errorf("%v", p.More)
	}
	s := settingsForm.Of(&d)
	sent, _ := json.Marshal(body(&d, s))
	for _, want := range []string{`"parse":["users","roles","everyone"]`, `"flags":4100`, `"color":5793266`} {
		if !strings.Contains(string(sent), want) {
			t.Errorf("%s isn't in %s", want, sent)
		}
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, discordfake.New, account())
	for settings, want := range map[string]string{
		`{}`: "", `{"username":"My Discord"}`: "setting_invalid", `{"thread_id":"abc"}`: "setting_invalid", `{"poll_question":"x"}`: "poll_half",
		`{"poll_question":"x","poll_answers":["` + strings.Repeat("y", 56) + `"]}`: "poll_answer_long",
	} {
		d := r.Draft("message")
		d.Settings = json.RawMessage(settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Code)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", settings, got, want)
		}
	}
	d := r.Draft("message")
	for i := range d.Media {
		d.Media[i].Size = maxRequest/2 + 1
	}
	if list := spec.Check(&d); len(list) == 0 {
		t.Error("more than Discord takes at once")
	}
}

func TestAMessageIsEditedAndDeletedAndTheWebhookTakenAway(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, discordfake.New, account())
	receipt := r.Publish(r.Draft("message"))
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("message")
		d.Text = "Changed"
		_, err := Connector{}.Edit(ctx, c, receipt, &d)
		return err
	})
	if got := r.Seen(receipt.ID).Text; got != "Changed" {
		t.Errorf("%q", got)
	}
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	}
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Revoke(ctx, c) })
	}
	if out := r.Refused(r.Draft("message")); out.End != connector.EndReconnect || !strings.Contains(out.Words, "webhook") {
		t.Errorf("%s %q", out.End, out.Words)
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://discord.com/api/webhooks/1/none": "webhook was deleted", "https://evil.example/api/webhooks/1/x": "isn't one of Discord's",
		"https://discord.com/channels/1/2": "isn't the address of a webhook", "http://discord.com/api/webhooks/1/x": "isn't the address of a webhook", "": "needed",
	} {
		_, err := conform.TryOpen(t, New, discordfake.New, fake.Account{Way: "webhook", Fields: map[string]string{"address": address}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
