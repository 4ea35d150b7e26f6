package whop

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/whop/whopfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, whopfake.New) }

func TestAForumIsTheChannel(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, whopfake.New, fake.Account{Way: "oauth"})
	if ch := r.Channel(); ch.Target != "exp_1" || ch.Name != "Talk" || ch.URL != "https://whop.com/experiences/exp_1" {
		t.Errorf("%+v", ch)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		id, err := Connector{}.Who(ctx, c)
		if id.ID != "exp_1" || id.More["company"] != "biz_1" {
			t.Errorf("%+v", id)
		}
		return err
	})
	d := r.Draft("post")
	d.Settings = json.RawMessage(`{"title":"A title"}`)
	receipt := r.Publish(d)
	if p := r.Seen(receipt.ID); p.More["title"] != "A title" || len(p.Files) != 2 || receipt.Permalink != "https://whop.com/experiences/exp_1/"+receipt.ID {
		t.Errorf("%+v %+v", p, receipt)
	}
}

func TestFilesGoOnlyToPlacesThatAreKnown(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"https://a.s3.amazonaws.com/x": "amazon", "https://files.whop.com/x": "whop", "https://elsewhere.example/x": "whop", "https://amazonaws.com.example/x": "whop"} {
		if got := hostOf(address); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}
