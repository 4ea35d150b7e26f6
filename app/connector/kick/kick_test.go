package kick

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/kick/kickfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, kickfake.New) }

func open(t *testing.T) *conform.Rig {
	return conform.Open(t, New, kickfake.New, fake.Account{Way: "oauth"})
}

func TestTheBotSpeaksWhereThatIsChosen(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("message")
	if m := r.Seen(r.Publish(d).ID).More; m["type"] != "user" {
		t.Errorf("%v", m)
	}
	d.Key, d.Settings = strings.Repeat("b", 32), json.RawMessage(`{"type":"bot"}`)
	if m := r.Seen(r.Publish(d).ID).More; m["type"] != "bot" {
		t.Errorf("%v", m)
	}
}

func TestWhoIsntLiveStaysSilentWhereThatIsAsked(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("message")
	d.Settings = json.RawMessage(`{"only_when_live":true}`)
	if out := r.Refused(d); !strings.Contains(out.Words, "isn't live") {
		t.Errorf("%q", out.Words)
	}
	r.Clock().Advance(30 * time.Minute)
	r.Publish(d)
}

func TestAMessageThatWasntSentIsRefused(t *testing.T) {
	t.Parallel()
	r := open(t)
	d := r.Draft("message")
	d.Text = "These are forbidden words"
	if out := r.Refused(d); out.Class != connector.Rejected || out.Status != 200 || len(r.Platform().Visible()) != 0 {
		t.Errorf("%+v", out)
	}
}

func TestAMessageIsDeletedAndAccessEnded(t *testing.T) {
	t.Parallel()
	r := open(t)
	receipt := r.Publish(r.Draft("message"))
	if receipt.Permalink != "https://kick.com/me" {
		t.Error(receipt.Permalink)
	}
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	}
	if n := len(r.Platform().Visible()); n != 0 {
		t.Errorf("%d are visible", n)
	}
	for range 2 { // ending what has ended is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Revoke(ctx, c) })
	}
}
