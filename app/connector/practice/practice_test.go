package practice

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/practice/practicefake"
)

// TestConnector holds the connector to all laws; every connector has this line.
func TestConnector(t *testing.T) { conform.Run(t, New, practicefake.New) }

// Below stands what the laws don't ask: what settings become, and the powers that aren't needed for publishing.
func TestAnItemIsEditedAndDropped(t *testing.T) {
	t.Parallel()
	r := conform.Open(t, New, practicefake.New, (&practicefake.Platform{}).Accounts()[0])
	d := r.Draft("post")
	d.Settings = json.RawMessage(`{"title":"T","link":"https://example.com"}`)
	if item, err := itemOf(&d); err != nil || item.Title != "T" || item.More["link"] != "https://example.com" {
		t.Errorf("%+v %v", item, err)
	}
	receipt := r.Publish(d)
	d.Text = "Changed"
	r.Do(func(ctx context.Context, c *connector.Call) error {
		_, err := Connector{}.Edit(ctx, c, receipt, &d)
		return err
	})
	if got := r.Seen(receipt.ID).Text; got != "Changed" {
		t.Errorf("%q", got)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error { return Connector{}.Delete(ctx, c, receipt) })
	if len(r.Platform().Visible()) != 0 {
		t.Error("it is still there")
	}
}
