package connector_test

import (
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/text"
)

func TestWhatAPostCostsIsSaidBeforeItIsScheduled(t *testing.T) {
	t.Parallel()
	spec := connector.Spec{
		ID: "toy", Label: "Toy",
		Kinds: []connector.Kind{{ID: "text", Label: "Text", Text: connector.Text{Count: text.Weighted}, MaxMedia: connector.N(4), Media: []connector.MediaRule{{Type: connector.Image, MIME: []string{"image/png"}, Alt: connector.N(100)}}}},
		Prices: []connector.Price{
			{What: "A post", Amount: "0.015", Currency: "USD", When: connector.PerPost}, {What: "A post with an address", Amount: "0.200", Currency: "USD", When: connector.WithLink},
			{What: "Alt text", Amount: "0.005", Currency: "USD", When: connector.PerAlt}, {What: "Deleting", Amount: "0.010", Currency: "USD", When: connector.Later},
		},
	}
	picture := connector.Media{Type: connector.Image, MIME: "image/png", Alt: "A tree"}
	for name, c := range map[string]struct {
		draft connector.Draft
		want  string
	}{
		"words":                  {connector.Draft{Text: "Hello"}, "0.015 USD"},
		"an address":             {connector.Draft{Text: "See https://example.com"}, "0.20 USD"},
		"one without its scheme": {connector.Draft{Text: "See example.com"}, "0.20 USD"},
		"two alt texts":          {connector.Draft{Text: "Hello", Media: []connector.Media{picture, picture}}, "0.025 USD"},
	} {
		troubles := spec.Check(&c.draft)
		last := troubles[len(troubles)-1]
		if last.Code != "price" || last.Severity != connector.Note || !strings.Contains(last.Words, " "+c.want+" ") {
			t.Errorf("%s: %+v, want %s", name, last, c.want)
		}
	}
	spec.Prices = nil
	if got := spec.Check(&connector.Draft{Text: "Hello"}); len(got) != 0 {
		t.Errorf("free: %v", got)
	}
}
