package telegram

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/telegram/telegramfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, telegramfake.New) }

func account(chat string) fake.Account {
	return fake.Account{Way: "bot", Fields: map[string]string{"token": telegramfake.Token, "chat": chat}}
}

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, telegramfake.New, account("op_news"))
}

func TestMarksBecomeEntities(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Text = "👋 **bold** _it_ ~~no~~ ||psst|| `c*d` [here](https://example.com/x)"
	p := r.Seen(r.Publish(d).ID)
	if p.Text != "👋 bold it no psst c*d here" {
		t.Errorf("%q", p.Text)
	}
	var entities []entity
	_ = json.Unmarshal([]byte(p.More["entities"]), &entities)
	want := []entity{{"bold", 3, 4, "", ""}, {"italic", 8, 2, "", ""}, {"strikethrough", 11, 2, "", ""}, {"spoiler", 14, 4, "", ""}, {"code", 19, 3, "", ""}, {"text_link", 23, 4, "https://example.com/x", ""}}
	if len(entities) != len(want) {
		t.Fatalf("%+v", entities)
	}
	for i := range want {
		if entities[i] != want[i] {
			t.Errorf("%+v, want %+v", entities[i], want[i])
		}
	}
}

func TestSettingsReachTelegram(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Settings = json.RawMessage(`{"silent":true,"protect_content":true,"link_preview":"above","button_text":"Go","button_url":"https://example.com"}`)
	p := r.Seen(r.Publish(d).ID)
	if p.More["disable_notification"] != "true" || p.More["protect_content"] != "true" || !strings.Contains(p.More["link_preview_options"], "show_above_text") || !strings.Contains(p.More["reply_markup"], `"url":"https://example.com"`) {
		t.Errorf("%v", p.More)
	}
	album := r.Draft("media")
	album.Settings = json.RawMessage(`{"spoiler":true,"caption_above":true}`)
	receipt := r.Publish(album)
	if media := r.Seen(receipt.ID).More["media"]; !strings.Contains(media, `"has_spoiler":true`) || !strings.Contains(media, `"show_caption_above_media":true`) {
		t.Errorf("%s", media)
	}
	if len(strings.Split(receipt.More["ids"], ",")) != 2 || receipt.Permalink != "https://t.me/op_news/"+receipt.ID {
		t.Errorf("%+v", receipt)
	}
}

func TestAPostIsPinnedEditedAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("text")
	d.Settings = json.RawMessage(`{"pin":true}`)
	if !(Connector{}).Finishes(&d) {
		t.Error("the pin is forgotten")
	}
	receipt := r.Publish(d)
	pin := d
	pin.Role, pin.Parent = connector.Finish, &receipt
	r.Publish(pin)
	if !r.Platform().(*telegramfake.Platform).Pinned(receipt.ID) {
		t.Error("it isn't pinned")
	}
	for range 2 { // the same words again are no error
		r.Do(func(ctx context.Context, c *connector.Call) error {
			d.Text = "Changed **here**"
			_, err := Connector{}.Edit(ctx, c, receipt, &d)
			return err
		})
	}
	if got := r.Seen(receipt.ID).Text; got != "Changed here" {
		t.Errorf("%q", got)
	}
	for range 2 {
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	}
	if len(r.Platform().Visible()) != 0 {
		t.Error("it is still there")
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("media")
	d.Settings = json.RawMessage(`{"button_text":"x"}`)
	var got []string
	for _, tr := range spec.Check(&d) {
		got = append(got, tr.Code)
	}
	if strings.Join(got, " ") != "button_half button_on_album" {
		t.Errorf("%v", got)
	}
	d = r.Draft("text")
	d.Text = strings.Repeat("**a** ", maxEntities+1)
	if list := spec.Check(&d); len(list) != 1 || list[0].Code != "too_many_marks" {
		t.Errorf("%v", list)
	}
	d.Text = strings.Repeat("**a**", maxEntities) + strings.Repeat("b", maxText-maxEntities)
	if list := spec.Check(&d); len(list) != 0 {
		t.Errorf("signs of marks count: %v", list)
	}
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for chat, want := range map[string]string{
		"@nobody": "doesn't find this chat", "@op_left": "isn't in Closed", "@op_member": "isn't an administrator", "@op_mute": "without the right to post",
	} {
		if _, err := conform.TryOpen(t, New, telegramfake.New, account(chat)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", chat, err)
		}
	}
	wrong := account("@op_news")
	wrong.Fields["token"] = "1:wrong"
	if _, err := conform.TryOpen(t, New, telegramfake.New, wrong); err == nil || strings.Contains(err.Error(), "1:wrong") || !strings.Contains(err.Error(), "token isn't valid") {
		t.Errorf("%v", err)
	}
}

func TestChatsAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"@news": "@news", "news": "@news", "https://t.me/news": "@news", "t.me/news": "@news", "https://t.me/news/17": "@news", " -1001234 ": "-1001234", "https://telegram.me/news/": "@news",
	} {
		if got := chatName(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
