package genericwebhook

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/genericwebhook/genericwebhookfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, genericwebhookfake.New) }

func TestSignaturesAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	const content = `msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}`
	got, err := signatures([]string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, content)
	if err != nil || len(got) != 1 || got[0] != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%v %v", got, err)
	}
	two, err := signatures([]string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, content)
	if err != nil || len(two) != 2 || two[1][:4] != "v1a," {
		t.Errorf("%v %v", two, err)
	}
	for _, bad := range []string{"whsec_short", "whsec_%%%", "whsk_AAAA"} {
		if _, err := signatures([]string{bad}, content); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestSettingsReachTheReceiverAndLaterEventsNameTheirPost(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, genericwebhookfake.New, genericwebhookfake.New(fake.World{}).Accounts()[0])
	d := r.Draft("event")
	d.Settings = json.RawMessage(`{"event":"blog.new","include_html":true,"include_media_urls":false,"extra":[{"name":"a","value":"b"}]}`)
	receipt := r.Publish(d)
	posts := r.Platform().Visible()
	if len(posts) != 1 || posts[0].More["type"] != "blog.new" || posts[0].ID != d.Key || posts[0].Files[0].ID != "" || receipt.ID != d.Key {
		t.Errorf("%+v %+v", posts, receipt)
	}
	body, err := event(&d, settingsForm.Of(&d), nil)
	raw, _ := json.Marshal(body)
	if err != nil || !strings.Contains(string(raw), `"extra":{"a":"b"}`) || !strings.Contains(string(raw), `"html":"`) {
		t.Errorf("%s %v", raw, err)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		_, err := Connector{}.Edit(ctx, c, receipt, &d)
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
}

func TestConnectingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for field, c := range map[string]struct{ value, want string }{
		"secret": {"whsec_short", "A signing secret is"}, "header": {"no colon here", "An extra header is"}, "address": {"ftp://example.com", "web address"},
	} {
		a := genericwebhookfake.New(fake.World{}).Accounts()[0]
		a.Fields[field] = c.value
		if _, err := conform.TryOpen(t, New, genericwebhookfake.New, a); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", field, err)
		}
	}
	a := genericwebhookfake.New(fake.World{}).Accounts()[1]
	a.Fields["header"] = "X-Key: another"
	if _, err := conform.TryOpen(t, New, genericwebhookfake.New, a); err == nil || !strings.Contains(err.Error(), "secret or header") || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}
