package practice

import (
	"context"

	"github.com/omniposto/omniposto/app/connector"
)

// Publish implements connector.Publisher. It reads from the top every time: a Step that is saved already answers from
// the store. What comes before the commit may run twice after a crash, so it must be invisible; the commit is one call,
// the last, and the only one that anybody can see.
//
// Where a platform takes files first, the steps are connector.Each(ctx, p, "upload", p.Draft.Media, upload), and a step
// that isn't ready returns connector.NotYet(c, time) instead of waiting.
func (Connector) Publish(ctx context.Context, p *connector.Pass) (connector.Receipt, error) {
	return connector.Commit(ctx, p, "item", func(ctx context.Context, c *connector.Call) (connector.Receipt, error) {
		item, err := itemOf(p.Draft)
		if err != nil {
			return connector.Receipt{}, err
		}
		kept, err := c.Feed().Put(ctx, item)
		if err != nil {
			return connector.Receipt{}, err
		}
		return receiptOf(kept), nil
	})
}

// itemOf is the draft as an item of our feed. The id follows from the delivery's key: that is what keeps it at one.
func itemOf(d *connector.Draft) (connector.Item, error) {
	s := settingsForm.Of(d)
	item := connector.Item{
		ID: d.Key, Channel: d.Channel.ID, Text: d.Text, Title: s.Title, At: d.At,
	}
	if s.Link != "" {
		item.More = map[string]string{"link": s.Link}
	}
	if d.Parent != nil {
		item.Parent = d.Parent.ID
	}
	for _, m := range d.Media {
		item.Media = append(item.Media, connector.ItemMedia{ID: m.ID, Name: m.Name, MIME: m.MIME, Alt: m.Alt, Type: m.Type, Size: m.Size})
	}
	// This connector is its own platform, so the platform's refusals stand here.
	if n := spec.Kinds[0].Text.Count.Length(d.Text, 0); n > maxText {
		return item, connector.Reject("The text is longer than the practice feed takes.", "cut")
	}
	if len(d.Media) > maxFiles {
		return item, connector.Reject("These are more files than the practice feed takes.", "remove:1")
	}
	return item, nil
}

func receiptOf(item connector.Item) connector.Receipt {
	return connector.Receipt{ID: item.ID, Permalink: item.URL, At: item.At}
}

// Edit implements connector.Editor.
func (Connector) Edit(ctx context.Context, c *connector.Call, r connector.Receipt, d *connector.Draft) (connector.Receipt, error) {
	item, err := itemOf(d)
	if err != nil {
		return connector.Receipt{}, err
	}
	item.ID, item.At = r.ID, r.At
	if err := c.Feed().Change(ctx, item); err != nil {
		return connector.Receipt{}, err
	}
	return r, nil
}

// Delete implements connector.Deleter.
func (Connector) Delete(ctx context.Context, c *connector.Call, r connector.Receipt) error {
	return c.Feed().Drop(ctx, c.Channel.ID, r.ID)
}
